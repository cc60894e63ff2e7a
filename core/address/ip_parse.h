/* ip_parse.h: reads IP addresses out of a longer text. Each reader stops after the address. After a
 * failure the position is unspecified, and the output is unchanged. The caller checks the text that
 * follows, and must refuse a digit and a dot. */
#ifndef FERI_IP_PARSE_H
#define FERI_IP_PARSE_H

#include "core/address/addr_cursor.h"
#include "ferrule/ip.h"

/* An address at an index of a text: its octets, the first one highest, and the index of its end, or
 * 0 if there is none. */
typedef struct feri_ipv4_match {
    uint32_t bits;
    uint32_t end;
} feri_ipv4_match;

/* Matches a.b.c.d at an index (45 at most) of a text, in the fastest form for this target. */
feri_ipv4_match feri_ipv4_match_fast(const char *text, size_t len, size_t index);

/* As feri_ipv4_match_fast, in portable C. Compiled on every target, for targets without another
 * form and for tests. */
feri_ipv4_match feri_ipv4_match_scalar(const char *text, size_t len, size_t index);

/* Reads an IPv6 address without zone or brackets. */
bool feri_ipv6_read(feri_addr_cursor *cursor, fer_ipv6_addr *out);

/* The octets of a number, the highest byte first. Without a loop, so that compilers generate one
 * store. */
static inline fer_ipv4_addr feri_ipv4_of_bits(uint32_t bits)
{
    const fer_ipv4_addr addr = {{(uint8_t)(bits >> 24), (uint8_t)(bits >> 16 & 0xFF),
                                 (uint8_t)(bits >> 8 & 0xFF), (uint8_t)(bits & 0xFF)}};
    return addr;
}

/* Store an address and its family. The unused bytes of the union are 0. */
static inline void feri_ip_addr_set_v4(fer_ip_addr *out, uint32_t bits)
{
    out->family = FER_IP_V4;
    out->u.v6 = FER_IPV6_ADDR_UNSPECIFIED;
    out->u.v4 = feri_ipv4_of_bits(bits);
}

static inline void feri_ip_addr_set_v6(fer_ip_addr *out, const fer_ipv6_addr *addr)
{
    out->family = FER_IP_V6;
    out->u.v6 = *addr;
}

#endif
