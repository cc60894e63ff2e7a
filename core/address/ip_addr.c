/* ip_addr.c: IPv4 and IPv6 addresses: constants, classes, conversions and order. */
#include <string.h>

#include "core/base/compiler.h"
#include "ferrule/ip.h"

/* All zero, including the longest member of the union. Family 0 is a bad family. */
static fer_ip_addr feri_ip_addr_without_family(void)
{
    fer_ip_addr addr;
    addr.family = (fer_ip_family)0;
    addr.u.v6 = FER_IPV6_ADDR_UNSPECIFIED;
    return addr;
}

fer_ip_addr fer_ip_addr_from_v4(fer_ipv4_addr addr)
{
    fer_ip_addr made = feri_ip_addr_without_family();
    made.family = FER_IP_V4;
    made.u.v4 = addr;
    return made;
}

fer_ip_addr fer_ip_addr_from_v6(fer_ipv6_addr addr)
{
    fer_ip_addr made = feri_ip_addr_without_family();
    made.family = FER_IP_V6;
    made.u.v6 = addr;
    return made;
}

bool fer_ip_addr_is_ipv4(fer_ip_addr addr)
{
    return addr.family == FER_IP_V4;
}

bool fer_ip_addr_is_ipv6(fer_ip_addr addr)
{
    return addr.family == FER_IP_V6;
}

bool fer_ip_addr_is_unspecified(fer_ip_addr addr)
{
    return (fer_ip_addr_is_ipv4(addr) && fer_ipv4_addr_is_unspecified(addr.u.v4)) ||
           (fer_ip_addr_is_ipv6(addr) && fer_ipv6_addr_is_unspecified(addr.u.v6));
}

bool fer_ip_addr_is_loopback(fer_ip_addr addr)
{
    return (fer_ip_addr_is_ipv4(addr) && fer_ipv4_addr_is_loopback(addr.u.v4)) ||
           (fer_ip_addr_is_ipv6(addr) && fer_ipv6_addr_is_loopback(addr.u.v6));
}

bool fer_ip_addr_is_multicast(fer_ip_addr addr)
{
    return (fer_ip_addr_is_ipv4(addr) && fer_ipv4_addr_is_multicast(addr.u.v4)) ||
           (fer_ip_addr_is_ipv6(addr) && fer_ipv6_addr_is_multicast(addr.u.v6));
}

fer_ip_addr fer_ipv6_addr_to_canonical(fer_ipv6_addr addr)
{
    fer_ipv4_addr v4 = {{0}};
    if (fer_ipv6_addr_to_ipv4_mapped(addr, &v4)) {
        return fer_ip_addr_from_v4(v4);
    }
    return fer_ip_addr_from_v6(addr);
}

fer_ip_addr fer_ip_addr_to_canonical(fer_ip_addr addr)
{
    if (fer_ip_addr_is_ipv6(addr)) {
        return fer_ipv6_addr_to_canonical(addr.u.v6);
    }
    return fer_ip_addr_is_ipv4(addr) ? addr : feri_ip_addr_without_family();
}

int fer_ip_addr_cmp(fer_ip_addr a, fer_ip_addr b)
{
    if (a.family != b.family) {
        return a.family < b.family ? -1 : 1;
    }
    const size_t octets = fer_ip_addr_is_ipv4(a)   ? sizeof a.u.v4.octets
                          : fer_ip_addr_is_ipv6(a) ? sizeof a.u.v6.octets
                                                   : 0; /* without a family */
    const int order = memcmp(&a.u, &b.u, octets);
    return (order > 0) - (order < 0);
}

bool fer_ip_addr_eq(fer_ip_addr a, fer_ip_addr b)
{
    /* lengths that the compiler knows: compared without a call */
    return a.family == b.family &&
           (fer_ip_addr_is_ipv4(a)   ? memcmp(&a.u, &b.u, sizeof a.u.v4) == 0
            : fer_ip_addr_is_ipv6(a) ? memcmp(&a.u, &b.u, sizeof a.u.v6) == 0
                                     : true);
}

/* Whether an address is in a prefix of prefix_bits bits. */
static bool feri_ipv4_is_in(fer_ipv4_addr addr, uint32_t prefix, unsigned prefix_bits)
{
    FERI_ASSERT(prefix_bits >= 1 && prefix_bits <= 32);
    return (fer_ipv4_addr_to_bits(addr) ^ prefix) >> (32 - prefix_bits) == 0;
}

fer_ipv4_addr fer_ipv4_addr_new(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    const fer_ipv4_addr addr = {{a, b, c, d}};
    return addr;
}

uint32_t fer_ipv4_addr_to_bits(fer_ipv4_addr addr)
{
    return (uint32_t)addr.octets[0] << 24 | (uint32_t)addr.octets[1] << 16 |
           (uint32_t)addr.octets[2] << 8 | addr.octets[3];
}

fer_ipv4_addr fer_ipv4_addr_from_bits(uint32_t bits)
{
    return fer_ipv4_addr_new((uint8_t)(bits >> 24), (uint8_t)(bits >> 16 & 0xFF),
                             (uint8_t)(bits >> 8 & 0xFF), (uint8_t)(bits & 0xFF));
}

fer_ipv6_addr fer_ipv4_addr_to_ipv6_compatible(fer_ipv4_addr addr)
{
    fer_ipv6_addr wide = {{0}};
    memcpy(&wide.octets[12], addr.octets, 4);
    return wide;
}

fer_ipv6_addr fer_ipv4_addr_to_ipv6_mapped(fer_ipv4_addr addr)
{
    fer_ipv6_addr wide = fer_ipv4_addr_to_ipv6_compatible(addr);
    wide.octets[10] = 0xFF;
    wide.octets[11] = 0xFF;
    return wide;
}

bool fer_ipv4_addr_is_unspecified(fer_ipv4_addr addr)
{
    return feri_ipv4_is_in(addr, 0x00000000, 32);
}

bool fer_ipv4_addr_is_loopback(fer_ipv4_addr addr)
{
    return feri_ipv4_is_in(addr, 0x7F000000, 8);
}

bool fer_ipv4_addr_is_private(fer_ipv4_addr addr)
{
    return feri_ipv4_is_in(addr, 0x0A000000, 8) || feri_ipv4_is_in(addr, 0xAC100000, 12) ||
           feri_ipv4_is_in(addr, 0xC0A80000, 16);
}

bool fer_ipv4_addr_is_link_local(fer_ipv4_addr addr)
{
    return feri_ipv4_is_in(addr, 0xA9FE0000, 16);
}

bool fer_ipv4_addr_is_multicast(fer_ipv4_addr addr)
{
    return feri_ipv4_is_in(addr, 0xE0000000, 4);
}

bool fer_ipv4_addr_is_broadcast(fer_ipv4_addr addr)
{
    return feri_ipv4_is_in(addr, 0xFFFFFFFF, 32);
}

bool fer_ipv4_addr_is_documentation(fer_ipv4_addr addr)
{
    return feri_ipv4_is_in(addr, 0xC0000200, 24) || feri_ipv4_is_in(addr, 0xC6336400, 24) ||
           feri_ipv4_is_in(addr, 0xCB007100, 24);
}

int fer_ipv4_addr_cmp(fer_ipv4_addr a, fer_ipv4_addr b)
{
    const uint32_t left = fer_ipv4_addr_to_bits(a);
    const uint32_t right = fer_ipv4_addr_to_bits(b);
    return (left > right) - (left < right);
}

bool fer_ipv4_addr_eq(fer_ipv4_addr a, fer_ipv4_addr b)
{
    return fer_ipv4_addr_cmp(a, b) == 0;
}

fer_ipv6_addr fer_ipv6_addr_new(uint16_t a, uint16_t b, uint16_t c, uint16_t d, uint16_t e,
                                uint16_t f, uint16_t g, uint16_t h)
{
    const uint16_t segments[8] = {a, b, c, d, e, f, g, h};
    return fer_ipv6_addr_from_segments(segments);
}

fer_ipv6_addr fer_ipv6_addr_from_segments(const uint16_t segments[8])
{
    fer_ipv6_addr addr = {{0}};
    for (size_t i = 0; i < 8 && segments != NULL; i++) {
        addr.octets[2 * i] = (uint8_t)(segments[i] >> 8);
        addr.octets[2 * i + 1] = (uint8_t)(segments[i] & 0xFF);
    }
    return addr;
}

void fer_ipv6_addr_segments(fer_ipv6_addr addr, uint16_t out[8])
{
    for (size_t i = 0; i < 8 && out != NULL; i++) {
        out[i] = (uint16_t)(addr.octets[2 * i] << 8 | addr.octets[2 * i + 1]);
    }
}

bool fer_ipv6_addr_is_unspecified(fer_ipv6_addr addr)
{
    static const uint8_t unspecified[16] = {0};
    return memcmp(addr.octets, unspecified, 16) == 0;
}

bool fer_ipv6_addr_is_loopback(fer_ipv6_addr addr)
{
    static const uint8_t loopback[16] = {[15] = 1};
    return memcmp(addr.octets, loopback, 16) == 0;
}

bool fer_ipv6_addr_is_multicast(fer_ipv6_addr addr)
{
    return addr.octets[0] == 0xFF;
}

bool fer_ipv6_addr_is_unique_local(fer_ipv6_addr addr)
{
    return (addr.octets[0] & 0xFE) == 0xFC;
}

bool fer_ipv6_addr_is_unicast_link_local(fer_ipv6_addr addr)
{
    return addr.octets[0] == 0xFE && (addr.octets[1] & 0xC0) == 0x80;
}

/* Whether the address is in ::ffff:0:0/96. */
static bool feri_ipv6_is_mapped(fer_ipv6_addr addr)
{
    static const uint8_t prefix[12] = {[10] = 0xFF, [11] = 0xFF};
    return memcmp(addr.octets, prefix, 12) == 0;
}

bool fer_ipv6_addr_to_ipv4(fer_ipv6_addr addr, fer_ipv4_addr *out)
{
    static const uint8_t compatible[12] = {0}; /* ::/96 */
    if (out == NULL || (memcmp(addr.octets, compatible, 12) != 0 && !feri_ipv6_is_mapped(addr))) {
        return false;
    }
    memcpy(out->octets, &addr.octets[12], 4);
    return true;
}

bool fer_ipv6_addr_to_ipv4_mapped(fer_ipv6_addr addr, fer_ipv4_addr *out)
{
    if (out == NULL || !feri_ipv6_is_mapped(addr)) {
        return false;
    }
    memcpy(out->octets, &addr.octets[12], 4);
    return true;
}

int fer_ipv6_addr_cmp(fer_ipv6_addr a, fer_ipv6_addr b)
{
    const int order = memcmp(a.octets, b.octets, 16);
    return (order > 0) - (order < 0);
}

bool fer_ipv6_addr_eq(fer_ipv6_addr a, fer_ipv6_addr b)
{
    return fer_ipv6_addr_cmp(a, b) == 0;
}
