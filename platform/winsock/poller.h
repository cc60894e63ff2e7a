/* poller.h: what the two pollers of Windows share. Private to platform/winsock. */
#ifndef FERP_WINSOCK_POLLER_H
#define FERP_WINSOCK_POLLER_H

#include "platform/winsock/winsock.h"

/* The seam's functions over AFD, which completes a request when a socket is ready. open fails with
 * UNSUPPORTED if there is no AFD. poller_afd.c */
fer_error ferp_winsock_afd_open(fer_poller *poller);
void ferp_winsock_afd_close(fer_poller *poller);
fer_error ferp_winsock_afd_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                               fer_poll_mode mode);
fer_error ferp_winsock_afd_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                                  fer_poll_mode mode);
fer_error ferp_winsock_afd_delete(fer_poller *poller, fer_raw_socket raw);
fer_error ferp_winsock_afd_wait(fer_poller *poller, fer_event *events, size_t cap,
                                fer_duration timeout, size_t *count, bool *notified);
fer_error ferp_winsock_afd_notify(fer_poller *poller);

/* Whether a failure is of the system, and not of a socket: a later call may succeed. poller.c */
bool ferp_winsock_is_transient(fer_error failure);

/* What identifies the socket of a SOCKET number, as far as Windows shows it; port and peer are 0 if
 * not set yet. poller_identity.c */
typedef struct ferp_winsock_names {
    SOCKET socket;
    uint64_t port;
    uint64_t peer;
    uint32_t closes; /* by this library */
} ferp_winsock_names;

ferp_winsock_names ferp_winsock_names_of(SOCKET socket);

/* Whether the two cannot be of the same socket: the number was closed and given to a new socket.
 * False if they do not show it. */
bool ferp_winsock_names_contradict(ferp_winsock_names then, ferp_winsock_names now);

/* The same for now, without a system call, if only this library closes sockets. */
bool ferp_winsock_was_closed(ferp_winsock_names *then);

#endif
