/* binding.h: bound sockets, for listeners and datagram sockets; listeners and their accepts. */
#ifndef FERI_BINDING_H
#define FERI_BINDING_H

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "platform/platform.h"

/* Creates a socket bound to addr. On failure no socket is left open. */
fer_error feri_bound_socket_open(fer_type type, const fer_socket_addr *addr, fer_raw_socket *out);

/* The three parts of feri_bound_socket_open, for a built socket. The options are set before bind;
 * the last function maps the error of bind. */
fer_error feri_set_port_options(fer_type type, fer_raw_socket raw);
/* ip is the IPv6 address that the socket is then bound to. */
fer_error feri_set_dual_stack(fer_raw_socket raw, const fer_ip_addr *ip);
fer_error feri_map_bind_error(fer_type type, const fer_socket_addr *addr, fer_error error);

/* A feri_opener: a bound datagram socket that does not report refusals. */
fer_error feri_datagram_open(const fer_socket_addr *addr, fer_raw_socket *out);

/* Prepares a new datagram socket: it does not report refusals, and the largest datagrams fit. */
void feri_datagram_prepare(fer_raw_socket raw);

/* Prepares a new Unix datagram socket: datagrams of 65535 bytes fit. */
void feri_unix_datagram_prepare(fer_raw_socket raw);

/* Opens listeners and accepts connections. */

/* A feri_opener: binds and listens, with the options that make the behaviour the same on every
 * system (rules L1, L2, L4). */
fer_error feri_listener_open(const fer_socket_addr *addr, fer_raw_socket *out);

/* Ends the opening of a listener, successful or not: core keeps its modes. Returns error. */
fer_error feri_listener_opened(fer_handle *listener, fer_error error);

/* The backlog: the number of connections in the accept queue. */
#define FERI_BACKLOG 128

/* As fer_tcp_listener_accept. peer may be NULL. */
fer_error feri_accept(fer_handle *listener, fer_handle *out, fer_socket_addr *peer);

/* As feri_accept, for connections without IP addresses. */
fer_error feri_accept_without_peer(fer_handle *listener, fer_handle *out);

/* As the two above, but never wait: WOULD_BLOCK. */
fer_error feri_try_accept(fer_handle *listener, fer_handle *out, fer_socket_addr *peer);
fer_error feri_try_accept_without_peer(fer_handle *listener, fer_handle *out);

#endif
