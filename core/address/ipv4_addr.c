/* ipv4_addr.c: IPv4 addresses as values: construction, comparison, properties. No text (ip_parse.c,
 * ip_format.c). */
#include <string.h>

#include "core/base/assert.h"
#include "ferrule/ip.h"

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
