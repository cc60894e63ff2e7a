/* ipv6_addr.c: IPv6 addresses as values: construction, comparison, properties. No text (ip_parse.c,
 * ip_format.c). */
#include <string.h>

#include "core/base/assert.h"
#include "ferrule/ip.h"

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

/* Whether the address is in ::/96. */
static bool feri_ipv6_is_compatible(fer_ipv6_addr addr)
{
    static const uint8_t prefix[12] = {0};
    return memcmp(addr.octets, prefix, 12) == 0;
}

/* Whether the address is in ::ffff:0:0/96. */
static bool feri_ipv6_is_mapped(fer_ipv6_addr addr)
{
    static const uint8_t prefix[12] = {[10] = 0xFF, [11] = 0xFF};
    return memcmp(addr.octets, prefix, 12) == 0;
}

bool fer_ipv6_addr_to_ipv4(fer_ipv6_addr addr, fer_ipv4_addr *out)
{
    if (out == NULL || (!feri_ipv6_is_compatible(addr) && !feri_ipv6_is_mapped(addr))) {
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
