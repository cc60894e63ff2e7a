/* poller.h: what the ways of waiting for many sockets on Windows share. Private to
 * platform/winsock. */
#ifndef FERP_WINSOCK_POLLER_H
#define FERP_WINSOCK_POLLER_H

#include "platform/winsock/winsock.h"

/* The seam's functions by AFD, which completes a request when a socket is ready. UNSUPPORTED from
 * open: there is none. poller_afd.c */
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

/* What a SOCKET's number is known by, as far as it can be: 0 where there is nothing yet.
 * poller_names.c */
typedef struct ferp_winsock_names {
    uint64_t port;
    uint64_t peer;
} ferp_winsock_names;

ferp_winsock_names ferp_winsock_names_of(SOCKET socket);

/* Whether now cannot be the names of the socket that then were: its number was closed, and given to
 * a new one. False where they do not tell. */
bool ferp_winsock_names_contradict(ferp_winsock_names then, ferp_winsock_names now);

#endif
