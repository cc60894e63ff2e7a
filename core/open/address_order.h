/* address_order.h: the order in which the addresses of a host are tried (RFC 8305, 4). */
#ifndef FERI_ADDRESS_ORDER_H
#define FERI_ADDRESS_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/socket_addr.h"

/* {0} at first. */
typedef struct feri_address_order {
    size_t at[2]; /* for each family, the index from which it is searched */
    bool has_begun;
    bool next_is_ipv4; /* the family whose turn it is */
} feri_address_order;

/* Stores the index of the next address, or returns false after the last one. Each index is stored
 * once. The families take turns, beginning with that of addrs[0]; the addresses of a family keep
 * their order; when a family is used up, the rest of the other follows. addrs and count are the
 * same in each call. The time of all calls together is linear in count.
 *
 * An IPv4-mapped IPv6 address counts as IPv4, because its packets are IPv4 (RFC 4291, 2.5.5.2; Go
 * has the same rule: net/ipsock.go, isIPv4). */
bool feri_address_order_next(feri_address_order *order, const fer_socket_addr *addrs, size_t count,
                             size_t *index);

#endif
