/* connect_attempts.h: connects to the first of several addresses that answers (RFC 8305, 5). The
 * schedule of the attempts is in connect_schedule.h. */
#ifndef FERI_CONNECT_ATTEMPTS_H
#define FERI_CONNECT_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"

/* The options, or the default ones for NULL. */
const fer_connect_options *feri_connect_options_or_default(const fer_connect_options *options);

/* INVALID_INPUT for a local address or a family that does not exist and for reserved members,
 * MISUSE for failures_cap without failures. Sets *options->failures_count to 0. */
fer_error feri_connect_options_check(const fer_connect_options *options);

/* Ends a claim: fills the handle with the first connection, within the options' limits, or abandons
 * the claim. options are checked and addrs valid. Errors as fer_tcp_stream_connect_with. */
fer_error feri_connect_first(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                             const fer_connect_options *options);

/* As fer_tcp_stream_connect_addrs with options, with all checks of its arguments. */
fer_error feri_connect_addrs_with(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                                  const fer_connect_options *options);

/* ---- The order in which the addresses of a host are tried (RFC 8305, 4). */

/* {0} at first. */
typedef struct feri_address_order {
    size_t at[2]; /* for each family, the index from which it is searched */
    bool has_begun;
    bool next_is_ipv4; /* the family of the next address */
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
