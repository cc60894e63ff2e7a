/* poller.h: failures that pass, and the identity of a socket, for the poller over AFD. Private to
 * platform/winsock. */
#ifndef FERP_WINSOCK_POLLER_H
#define FERP_WINSOCK_POLLER_H

#include "platform/winsock/winsock.h"

/* Whether a failure is of the system, and not of a socket: a later call may succeed.
 * poller_afd.c */
bool ferp_winsock_is_transient(fer_error failure);

/* What identifies the socket of a SOCKET number, as far as Windows shows it; port and peer are 0 if
 * not set yet. poller_identity.c */
typedef struct ferp_winsock_identity {
    SOCKET socket;
    uint64_t port;
    uint64_t peer;
    uint32_t closes; /* by this library */
} ferp_winsock_identity;

ferp_winsock_identity ferp_winsock_identity_of(SOCKET socket);

/* Whether the two cannot be of the same socket: the number was closed and given to a new socket.
 * False if they do not show it. */
bool ferp_winsock_identity_differs(ferp_winsock_identity then, ferp_winsock_identity now);

/* The same for now, without a system call, if only this library closes sockets. */
bool ferp_winsock_was_closed(ferp_winsock_identity *then);

#endif
