/* text.h: stores the text of every _format function in the caller's buffer, and tidies texts of the
 * system. No parsing here. */
#ifndef FERI_TEXT_H
#define FERI_TEXT_H

#include <stddef.h>

/* Copies a complete text of len bytes as snprintf does: truncated to cap - 1 bytes and
 * NUL-terminated if cap > 0. Returns len, or 0 if buf is NULL and cap is not 0 (misuse). text and
 * buf do not overlap. */
size_t feri_text_store(const char *restrict text, size_t len, char *restrict buf, size_t cap);

/* Makes one line of a text of the system, in place: control characters become spaces. Drops
 * incomplete characters of UTF-8, spaces and full stops from the end. text has cap bytes and a NUL.
 * Returns the length. */
size_t feri_text_tidy(char *text, size_t cap);

#endif
