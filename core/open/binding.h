/* binding.h: sockets that are bound to an address, for listeners and datagram sockets alike. */
#ifndef FERI_BINDING_H
#define FERI_BINDING_H

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "platform/platform.h"

/* A new socket, bound to addr; none is left behind on failure. */
fer_error feri_bound_socket_open(fer_type type, const fer_socket_addr *addr, fer_raw_socket *out);

/* Its three parts, for a socket that is made apart from its binding. The options are set before
 * bind; what bind answers is told. */
fer_error feri_set_port_options(fer_type type, fer_raw_socket raw);
fer_error feri_set_dual_stack(fer_raw_socket raw);
fer_error feri_map_bind_error(fer_type type, const fer_socket_addr *addr, fer_error error);

/* A feri_opener: a bound datagram socket that hears of no refusals yet. */
fer_error feri_datagram_open(const fer_socket_addr *addr, fer_raw_socket *out);

/* What a new datagram socket is given: no refusals are told yet, and the largest datagrams fit. */
void feri_datagram_prepare(fer_raw_socket raw);

#endif
