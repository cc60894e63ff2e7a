/* socket_addr.c: socket addresses as values: construction, comparison, properties. No text
 * (socket_addr_parse.c, socket_addr_format.c). */
#include "ferrule/socket_addr.h"

#include "core/base/assert.h"

fer_socket_addr fer_socket_addr_new(fer_ip_addr ip, uint16_t port)
{
    if (fer_ip_addr_is_ipv6(ip)) {
        return fer_socket_addr_v6_new(ip.u.v6, port, 0, 0);
    }
    if (fer_ip_addr_is_ipv4(ip)) {
        return fer_socket_addr_v4_new(ip.u.v4, port);
    }
    const fer_socket_addr without_family = {{(fer_ip_family)0, {{{0}}}}, 0, 0, 0};
    return without_family;
}

fer_socket_addr fer_socket_addr_v4_new(fer_ipv4_addr ip, uint16_t port)
{
    fer_socket_addr addr;
    addr.ip = fer_ip_addr_from_v4(ip);
    addr.port = port;
    addr.flowinfo = 0;
    addr.scope_id = 0;
    return addr;
}

fer_socket_addr fer_socket_addr_v6_new(fer_ipv6_addr ip, uint16_t port, uint32_t flowinfo,
                                       uint32_t scope_id)
{
    fer_socket_addr addr;
    addr.ip = fer_ip_addr_from_v6(ip);
    addr.port = port;
    addr.flowinfo = flowinfo;
    addr.scope_id = scope_id;
    return addr;
}

bool fer_socket_addr_is_ipv4(const fer_socket_addr *addr)
{
    return addr != NULL && fer_ip_addr_is_ipv4(addr->ip);
}

bool fer_socket_addr_is_ipv6(const fer_socket_addr *addr)
{
    return addr != NULL && fer_ip_addr_is_ipv6(addr->ip);
}

static int feri_number_cmp(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* The order of two IPv6 addresses with the same ip. */
static int feri_socket_addr_cmp_ipv6(const fer_socket_addr *a, const fer_socket_addr *b)
{
    FERI_ASSERT(fer_socket_addr_is_ipv6(a) && fer_socket_addr_is_ipv6(b));
    if (a->port != b->port) {
        return feri_number_cmp(a->port, b->port);
    }
    if (a->flowinfo != b->flowinfo) {
        return feri_number_cmp(a->flowinfo, b->flowinfo);
    }
    return feri_number_cmp(a->scope_id, b->scope_id);
}

int fer_socket_addr_cmp(const fer_socket_addr *a, const fer_socket_addr *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    const int order = fer_ip_addr_cmp(a->ip, b->ip);
    if (order != 0) {
        return order;
    }
    if (fer_socket_addr_is_ipv4(a)) {
        return feri_number_cmp(a->port, b->port);
    }
    return fer_socket_addr_is_ipv6(a) ? feri_socket_addr_cmp_ipv6(a, b) : 0;
}

bool fer_socket_addr_eq(const fer_socket_addr *a, const fer_socket_addr *b)
{
    return fer_socket_addr_cmp(a, b) == 0;
}
