/* ip_format.h: writes IP addresses into a longer text, and stores a complete text in the caller's
 * buffer. */
#ifndef FERI_IP_FORMAT_H
#define FERI_IP_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/ip.h"

/* The size of the longest text here, plus the unused bytes that the writers may leave after it:
 * nine at most. A prover needs more. */
enum { FERI_ADDR_TEXT_CAP = 128 };

typedef struct feri_addr_text {
    char text[FERI_ADDR_TEXT_CAP];
    size_t len;
} feri_addr_text;

static inline void feri_addr_text_put(feri_addr_text *out, char byte)
{
    out->text[out->len] = byte;
    out->len++;
}

void feri_ipv4_write(feri_addr_text *out, const fer_ipv4_addr *addr);
void feri_ipv6_write(feri_addr_text *out, const fer_ipv6_addr *addr);

/* Writes a number in decimal, without leading zeros. */
void feri_decimal_write(feri_addr_text *out, uint32_t value);

/* As feri_text_store, in larger steps if the text fits. */
size_t feri_addr_text_store(feri_addr_text *out, char *buf, size_t cap);

#endif
