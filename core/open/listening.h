/* listening.h: opens listeners and accepts connections. */
#ifndef FERI_LISTENING_H
#define FERI_LISTENING_H

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

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
