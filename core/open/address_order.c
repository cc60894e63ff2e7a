/* address_order.c: takes the addresses of a host in turns of their families, by one cursor for each
 * family. */
#include "core/open/address_order.h"

static bool is_ipv4(const fer_socket_addr *addr)
{
    return fer_ip_addr_to_canonical(addr->ip).family == FER_IP_V4;
}

/* Moves the cursor of a family to its next address. Returns false if there is none. */
static bool seek(feri_address_order *order, bool ipv4, const fer_socket_addr *addrs, size_t count)
{
    size_t *at = &order->at[ipv4];
    while (*at < count && is_ipv4(&addrs[*at]) != ipv4) {
        (*at)++;
    }
    return *at < count;
}

bool feri_address_order_next(feri_address_order *order, const fer_socket_addr *addrs, size_t count,
                             size_t *index)
{
    if (!order->has_begun && count > 0) {
        order->has_begun = true;
        order->next_is_ipv4 = is_ipv4(&addrs[0]);
    }
    bool ipv4 = order->next_is_ipv4;
    if (!seek(order, ipv4, addrs, count)) {
        ipv4 = !ipv4;
        if (!seek(order, ipv4, addrs, count)) {
            return false;
        }
    }
    *index = order->at[ipv4];
    order->at[ipv4]++;
    order->next_is_ipv4 = !ipv4;
    return true;
}
