/* text.h: how every _format function gives its text to the caller. No parsing here. */
#ifndef FERI_TEXT_H
#define FERI_TEXT_H

#include <stddef.h>

/* Copies a finished text of len bytes as snprintf would: cut to cap - 1 bytes and NUL-terminated
 * when cap > 0. Returns len, or 0 when buf is NULL and cap is not 0 (misuse: nothing could be
 * stored). text and buf do not overlap. */
size_t feri_text_store(const char *text, size_t len, char *buf, size_t cap);

#endif
