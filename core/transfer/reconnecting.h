/* reconnecting.h: connects a datagram socket, also one that has a peer. */
#ifndef FERI_RECONNECTING_H
#define FERI_RECONNECTING_H

#include <stdbool.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

/* The connect of a raw socket, again after a signal (rule I1). */
fer_error feri_connect_datagram_raw(fer_raw_socket raw, const fer_socket_addr *addr);

typedef struct feri_reconnect {
    bool is_dissolved; /* the old peer is lost: after a failure it must be connected to again */
    bool keeps_source; /* the system keeps the address that the first connect has chosen */
} feri_reconnect;

/* Called before the connect to addr, with *reconnect all false. It removes a local address that the
 * program did not choose. Any error is the connect's result; ADDR_NOT_AVAILABLE: addr cannot be
 * reached from the address that the socket is bound to. */
fer_error feri_prepare_reconnect(const fer_handle *handle, const fer_socket_addr *addr,
                                 feri_reconnect *reconnect);

/* Called after the connect if keeps_source. Its result, or ADDR_NOT_AVAILABLE if a new socket would
 * have another local address. */
fer_error feri_check_reconnected(const fer_handle *handle, const fer_socket_addr *addr,
                                 fer_error connected);

#endif
