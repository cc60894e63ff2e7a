/* ip_parse.h: reading IP addresses out of a longer text. Each reader stops after the address; on failure where it stops means
 * nothing, and the output is untouched. What follows is the caller's to judge: it must refuse a digit and a dot. */
#ifndef FERI_IP_PARSE_H
#define FERI_IP_PARSE_H

#include "core/addr_cursor.h"
#include "ferrule/ip.h"

/* An address at the beginning of some bytes: its octets, the first one highest, and its length, 0 if there is none. */
typedef struct feri_ipv4_match {
    uint32_t bits;
    uint32_t len;
} feri_ipv4_match;

/* Matches a.b.c.d at the beginning of `left` bytes, in the fastest form that this target has. */
feri_ipv4_match feri_ipv4_match_fast(const char *bytes, size_t left);

/* The same in portable C, compiled on every target, for targets without another form and for tests. */
feri_ipv4_match feri_ipv4_match_scalar(const char *bytes, size_t left);

/* Reads an IPv4 address. */
bool feri_ipv4_read(feri_addr_cursor *cursor, fer_ipv4_addr *out);

/* Reads an IPv6 address without zone or brackets. */
bool feri_ipv6_read(feri_addr_cursor *cursor, fer_ipv6_addr *out);

#endif
