/* ip_addr.c: an address of either family as a value, and the handling of a bad family. No text. */
#include "core/base/assert.h"
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
    if (fer_ip_addr_is_ipv4(a)) {
        return fer_ipv4_addr_cmp(a.u.v4, b.u.v4);
    }
    return fer_ip_addr_is_ipv6(a) ? fer_ipv6_addr_cmp(a.u.v6, b.u.v6) : 0;
}

bool fer_ip_addr_eq(fer_ip_addr a, fer_ip_addr b)
{
    return fer_ip_addr_cmp(a, b) == 0;
}
