/* poller_list.h: a poller for systems whose call gets all sockets anew for each wait: poll and
 * WSAPoll. poller_list.c has the common part. The rest is declared below and defined by each
 * system, with these types and constants in a header of its own:
 *
 *  ferp_list_entry      one entry of the array: fd, events, revents
 *  ferp_list_fd         the type of fd
 *  ferp_list_waker      a channel through which another thread makes an entry readable
 *  ferp_list_identity   distinguishes a socket from a later one with the same number
 *  FERP_LIST_READABLE, FERP_LIST_WRITABLE   the bits in events and revents
 *
 * Both systems have POLLERR, POLLHUP and POLLNVAL. */
#ifndef FERP_POLLER_LIST_H
#define FERP_POLLER_LIST_H

#include "platform/platform.h"

#ifdef _WIN32
#include "platform/winsock/poller_wsapoll.h"
#else
#include "platform/posix/poller_poll.h"
#endif

/* ---- The seam's functions, for a poller whose first word points to a ferp_list */

fer_error ferp_list_open(fer_poller *poller);
void ferp_list_close(fer_poller *poller);
fer_error ferp_list_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                        fer_poll_mode mode);
fer_error ferp_list_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                           fer_poll_mode mode);
fer_error ferp_list_delete(fer_poller *poller, fer_raw_socket raw);
fer_error ferp_list_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                         size_t *count, bool *notified);

/* Calls ferp_list_waker_send alone, without the lock. */
fer_error ferp_list_notify(fer_poller *poller);

/* ---- Defined by each system */

/* The reason of a wakeup: a caller's notify, or a change of the registered sockets. */
typedef enum ferp_list_reason {
    FERP_LIST_NOTIFIED = 'n',
    FERP_LIST_CHANGED = 'c'
} ferp_list_reason;

fer_error ferp_list_waker_open(ferp_list_waker *waker);
void ferp_list_waker_close(ferp_list_waker *waker);
ferp_list_fd ferp_list_waker_fd(const ferp_list_waker *waker);
fer_error ferp_list_waker_send(ferp_list_waker *waker, ferp_list_reason reason);

/* Receives all that was sent, which is at most one of each reason. Returns whether
 * FERP_LIST_NOTIFIED was among them. */
bool ferp_list_waker_take(const ferp_list_waker *waker);

/* Error: raw is not an open socket. */
fer_error ferp_list_identity_of(fer_raw_socket raw, ferp_list_identity *out);

/* Whether a number may still name the same socket. */
bool ferp_list_identity_fits(const ferp_list_identity *then, const ferp_list_identity *now);

/* Whether revents has a hang-up or a failure, and not only the peer's end of file. */
bool ferp_list_has_failed(const ferp_list_entry *entry);

/* Fills all revents. A closed socket gets POLLNVAL. timeout is rounded up, or reduced to the
 * system's maximum. */
fer_error ferp_list_poll(ferp_list_entry *entries, size_t count, fer_duration timeout);

#endif
