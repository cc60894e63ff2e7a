/* binding.h: bound sockets, for listeners and datagram sockets; listeners and their accepts. */
#ifndef FERI_BINDING_H
#define FERI_BINDING_H

#include <stdbool.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "platform/platform.h"

/* Checks the values of options, which may be NULL: INVALID_INPUT. */
fer_error feri_bind_options_check(const fer_bind_options *options);

/* Whether name, which may be NULL, can be that of a network interface. */
bool feri_is_device_name(const char *name);

/* The three parts of a bind, for a built socket. The options are set before bind; the last function
 * maps the error of bind. */
fer_error feri_set_port_options(fer_type type, fer_raw_socket raw);
/* ip is the IPv6 address that the socket is then bound to. */
fer_error feri_set_dual_stack(fer_raw_socket raw, const fer_ip_addr *ip);
fer_error feri_map_bind_error(fer_type type, const fer_socket_addr *addr, fer_error error);

/* A feri_opener: a bound datagram socket that does not report refusals. */
fer_error feri_datagram_open(const fer_socket_addr *addr, const fer_bind_options *options,
                             fer_raw_socket *out);

/* ---- Opens listeners and accepts connections. */

/* A feri_opener: binds and listens, with the options that make the behaviour the same on every
 * system (rules L1, L2, L4). */
fer_error feri_listener_open(const fer_socket_addr *addr, const fer_bind_options *options,
                             fer_raw_socket *out);

/* The backlog: the number of connections in the accept queue. */
#define FERI_BACKLOG 128

/* As fer_socket_accept. flags are those of feri_call (waiting.h). */
fer_error feri_accept(fer_handle *listener, unsigned flags, fer_handle *out, fer_socket_addr *peer);

#endif
