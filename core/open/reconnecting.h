/* reconnecting.h: whether a datagram socket that has a peer can be connected again. */
#ifndef FERI_RECONNECTING_H
#define FERI_RECONNECTING_H

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

/* Called before the connect of a datagram socket to addr. Any error is the connect's result, and
 * the socket is unchanged. *old is the peer that connect may dissolve; its port is 0 if there is
 * none, or if the system keeps what it has. ADDR_NOT_AVAILABLE: addr cannot be reached from the
 * address that the socket is bound to. */
fer_error feri_check_reconnect(const fer_handle *handle, const fer_socket_addr *addr,
                               fer_socket_addr *old);

#endif
