/* ip_addr.c: an address of either family as a value, and the handling of a bad family. No text. */
#include "core/base/assert.h"
#include "ferrule/ip.h"

/* All zero, including the longest member of the union. Family 0 is a bad family. */
static fer_ip_addr feri_ip_addr_without_family(void)
{
    fer_ip_addr addr;
    addr.family = (fer_ip_family)0;
    addr.v6 = FER_IPV6_ADDR_UNSPECIFIED;
    return addr;
}

fer_ip_addr fer_ip_addr_from_v4(const fer_ipv4_addr *addr)
{
    fer_ip_addr made = feri_ip_addr_without_family();
    if (addr != NULL) {
        made.family = FER_IP_V4;
        made.v4 = *addr;
    }
    return made;
}

fer_ip_addr fer_ip_addr_from_v6(const fer_ipv6_addr *addr)
{
    fer_ip_addr made = feri_ip_addr_without_family();
    if (addr != NULL) {
        made.family = FER_IP_V6;
        made.v6 = *addr;
    }
    return made;
}

bool fer_ip_addr_is_ipv4(const fer_ip_addr *addr)
{
    return addr != NULL && addr->family == FER_IP_V4;
}

bool fer_ip_addr_is_ipv6(const fer_ip_addr *addr)
{
    return addr != NULL && addr->family == FER_IP_V6;
}

bool fer_ip_addr_is_unspecified(const fer_ip_addr *addr)
{
    return (fer_ip_addr_is_ipv4(addr) && fer_ipv4_addr_is_unspecified(&addr->v4)) ||
           (fer_ip_addr_is_ipv6(addr) && fer_ipv6_addr_is_unspecified(&addr->v6));
}

bool fer_ip_addr_is_loopback(const fer_ip_addr *addr)
{
    return (fer_ip_addr_is_ipv4(addr) && fer_ipv4_addr_is_loopback(&addr->v4)) ||
           (fer_ip_addr_is_ipv6(addr) && fer_ipv6_addr_is_loopback(&addr->v6));
}

bool fer_ip_addr_is_multicast(const fer_ip_addr *addr)
{
    return (fer_ip_addr_is_ipv4(addr) && fer_ipv4_addr_is_multicast(&addr->v4)) ||
           (fer_ip_addr_is_ipv6(addr) && fer_ipv6_addr_is_multicast(&addr->v6));
}

fer_ip_addr fer_ipv6_addr_to_canonical(const fer_ipv6_addr *addr)
{
    fer_ipv4_addr v4 = {{0}};
    if (fer_ipv6_addr_to_ipv4_mapped(addr, &v4)) {
        return fer_ip_addr_from_v4(&v4);
    }
    return fer_ip_addr_from_v6(addr);
}

fer_ip_addr fer_ip_addr_to_canonical(const fer_ip_addr *addr)
{
    if (fer_ip_addr_is_ipv6(addr)) {
        return fer_ipv6_addr_to_canonical(&addr->v6);
    }
    return fer_ip_addr_from_v4(fer_ip_addr_is_ipv4(addr) ? &addr->v4 : NULL);
}

int fer_ip_addr_cmp(const fer_ip_addr *a, const fer_ip_addr *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    if (fer_ip_addr_is_ipv4(a)) {
        return fer_ipv4_addr_cmp(&a->v4, &b->v4);
    }
    return fer_ip_addr_is_ipv6(a) ? fer_ipv6_addr_cmp(&a->v6, &b->v6) : 0;
}

bool fer_ip_addr_eq(const fer_ip_addr *a, const fer_ip_addr *b)
{
    return fer_ip_addr_cmp(a, b) == 0;
}
