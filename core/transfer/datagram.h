/* datagram.h: sends and receives datagrams, and connects their sockets (rules U1 to U5). */
#ifndef FERI_DATAGRAM_H
#define FERI_DATAGRAM_H

#include <stddef.h>

#include "core/wait/waiting.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

/* Whether a receive removes the datagram. The last two never wait. */
typedef enum feri_recv_mode { FERI_RECV, FERI_PEEK, FERI_TRY_RECV, FERI_TRY_PEEK } feri_recv_mode;

/* As fer_udp_socket_recv_from and fer_udp_socket_peek_from, and their _try_ variants. */
fer_error feri_datagram_receive(fer_handle *handle, void *buf, size_t len, feri_recv_mode recv_mode,
                                fer_udp_received *out);

/* The checks before a datagram is sent, for every type of socket. The length is not limited to one
 * call's maximum: a datagram is sent complete or not at all. */
fer_error feri_datagram_check_send(const fer_handle *handle, const void *buf, size_t len);

/* One send of a datagram, to an IP address, to a Unix address, or if both are NULL to the peer. */
fer_error feri_datagram_send_once(const feri_waiting *waiting, const void *buf, size_t len,
                                  const fer_socket_addr *to, const fer_unix_addr *path, size_t *n);

/* As fer_udp_socket_send and fer_udp_socket_send_to, and their _try_ variants. */
fer_error feri_datagram_send(fer_handle *handle, const void *buf, size_t len,
                             feri_wait_mode wait_mode, size_t *n);
fer_error feri_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                const fer_socket_addr *to, feri_wait_mode wait_mode, size_t *n);

/* The peer of a socket, NOT_CONNECTED if there is none. The OS is queried if another handle may
 * have changed it. */
fer_error feri_datagram_peer(const fer_handle *handle, fer_socket_addr *out);

/* Connects an open socket to one address of a known family. */
fer_error feri_datagram_connect(fer_handle *handle, const fer_socket_addr *addr);

/* As fer_socket_shutdown of an open datagram socket, and as fer_unix_datagram_shutdown. */
fer_error feri_datagram_shutdown(fer_handle *handle, fer_shutdown how);
fer_error feri_unix_datagram_shutdown(fer_handle *handle, fer_shutdown how);

/* As fer_udp_socket_take_error. */
fer_error feri_datagram_take_error(const fer_handle *handle, fer_error *out);

#endif
