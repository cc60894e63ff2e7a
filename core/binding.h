/* binding.h: sockets that are bound to an address, for listeners and datagram sockets alike. */
#ifndef FERI_BINDING_H
#define FERI_BINDING_H

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "platform/platform.h"

/* A new socket, bound to addr; none is left behind on failure. */
fer_error feri_bound_socket_open(ferp_type type, const fer_socket_addr *addr, fer_raw_socket *out);

#endif
