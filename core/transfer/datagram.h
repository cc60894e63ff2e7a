/* datagram.h: sends and receives datagrams, one by one (rules U1 to U5) and in batches (rules B1 to
 * B8, B10 to B12), and connects their sockets. */
#ifndef FERI_DATAGRAM_H
#define FERI_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "ferrule/udp.h"
#include "ferrule/udp_batch.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

/* flags are those of feri_call (waiting.h). */

/* As fer_udp_socket_recv_from and fer_udp_socket_peek_from. */
fer_error feri_datagram_receive(fer_handle *handle, void *buf, size_t len, unsigned flags,
                                fer_udp_received *out);

/* As fer_unix_datagram_recv_from. */
fer_error feri_unix_datagram_receive(fer_handle *handle, void *buf, size_t len, unsigned flags,
                                     fer_unix_received *out);

/* The checks before a datagram is sent, for every type of socket. The length is not limited to one
 * call's maximum: a datagram is sent complete or not at all. */
fer_error feri_datagram_check_send(const fer_handle *handle, const void *buf, size_t len);

/* As fer_udp_socket_send and fer_udp_socket_send_to, with FERP_UNIX as fer_unix_datagram_send, and
 * as fer_unix_datagram_send_to_addr. The errors of the system of a Unix socket are not mapped. */
fer_error feri_datagram_send(fer_handle *handle, const void *buf, size_t len, unsigned flags,
                             size_t *n);
fer_error feri_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                const fer_socket_addr *to, unsigned flags, size_t *n);
fer_error feri_unix_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                     const fer_unix_addr *to, unsigned flags, size_t *n);

/* The peer of a socket, NOT_CONNECTED if there is none. The OS is queried if another handle may
 * have changed it. */
fer_error feri_datagram_peer(const fer_handle *handle, fer_socket_addr *out);

/* Whether two addresses are the same end. A link-local address can be given with its scope or
 * without. */
bool feri_datagram_is_same_end(const fer_socket_addr *one, const fer_socket_addr *other);

/* Whether a sender that differs from the stored peer is the peer. Linux may translate the peer's
 * address by programs of a cgroup, which need not be all there are: that of connect
 * (net/ipv4/udp.c, udp_pre_connect), of getpeername (net/ipv4/af_inet.c, inet_getname) and of
 * receives (udp_recvmsg). So a sender may be reported as connect was given it, or as getpeername
 * reports it. */
bool feri_datagram_is_translated(const fer_handle *handle, const fer_socket_addr *from);

/* The length of a buffer for a receive: no datagram is longer than the system's maximum. */
static inline size_t feri_clamp_datagram(size_t len)
{
    size_t max = ferp_traits()->datagram_length_max;
    return len < max ? len : max;
}

/* Gives an IPv4 address the form that an IPv6 socket has for it on every system. */
void feri_datagram_map_to_family(const fer_handle *handle, fer_socket_addr *addr);

/* Converts a destination to the form that this socket can send to. Port 0 is INVALID_INPUT. */
fer_error feri_datagram_destination(const fer_handle *handle, const fer_socket_addr *addr,
                                    fer_socket_addr *out);

/* The caller's error for one of a send of len bytes, to an address or to the peer (NULL). */
fer_error feri_datagram_map_send_error(const fer_handle *handle, const fer_socket_addr *to,
                                       size_t len, fer_error error);

/* Linux' errors of the other IP version have one kind. */
fer_error feri_datagram_map_other_version(const fer_handle *handle, const fer_socket_addr *to,
                                          fer_error error);

bool feri_datagram_is_refusal(fer_error error);

/* Whether a send or a receive may have failed because of a router's report of an earlier datagram,
 * which that call has taken: it is tried again (rule U2). */
bool feri_datagram_is_report(fer_error error);

/* Called with the result of each try of a send. Whether it is tried again at once, because it may
 * have taken such a report, or a refusal although the socket has no peer. *reports is 0 before the
 * first try. */
bool feri_datagram_sends_again(const fer_handle *handle, unsigned *reports, fer_error error);

/* Whether a receive that failed is tried again. *error becomes WOULD_BLOCK if the socket is not
 * bound. *was_retried is false at first. */
bool feri_datagram_receives_again(const fer_handle *handle, fer_error *error, bool *was_retried);

/* Saves a failure for the next call that receives, or that takes the error (rule B3). */
void feri_datagram_save_failure(fer_handle *handle, fer_error failure);

/* The saved failure, which is saved no longer. FER_OK if there is none. */
fer_error feri_datagram_take_failure(fer_handle *handle);

/* Connects an open socket to one address of a known family. */
fer_error feri_datagram_connect(fer_handle *handle, const fer_socket_addr *addr);

/* As fer_udp_socket_disconnect. */
fer_error feri_datagram_disconnect(fer_handle *handle);

/* As fer_socket_shutdown of an open datagram socket, and as fer_unix_datagram_shutdown. */
fer_error feri_datagram_shutdown(fer_handle *handle, fer_shutdown how);
fer_error feri_unix_datagram_shutdown(fer_handle *handle, fer_shutdown how);

/* As fer_udp_socket_take_error. */
fer_error feri_datagram_take_error(fer_handle *handle, fer_error *out);

/* ---- Batches: datagram_batch.c */

/* As fer_udp_socket_send_batch and fer_udp_socket_recv_batch. */
fer_error feri_datagram_send_batch(fer_handle *handle, fer_datagram_send *messages, size_t count,
                                   unsigned flags, size_t *n);
fer_error feri_datagram_receive_batch(fer_handle *handle, fer_datagram_recv *messages, size_t count,
                                      unsigned flags, size_t *n);

#endif
