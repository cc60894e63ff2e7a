/* poller_list.h: a poller for the systems that are given all sockets anew for each wait: POSIX'
 * poll and Windows' WSAPoll. poller_list.c does all that they have in common. What they have not is
 * declared below, and each defines it, types and constants in a header of its own:
 *
 *  ferp_list_entry      what the system is given for a socket: fd, events, revents
 *  ferp_list_fd         fd's type
 *  ferp_list_waker      a channel that makes an entry readable from another thread
 *  ferp_list_identity   what tells a socket from the next one that gets its number
 * FERP_LIST_READABLE, FERP_LIST_WRITABLE   what events and revents call so. POLLERR, POLLHUP and
 * POLLNVAL both call the same. */
#ifndef FERP_POLLER_LIST_H
#define FERP_POLLER_LIST_H

#include "platform/platform.h"

#ifdef _WIN32
#include "platform/winsock/poller_list.h"
#else
#include "platform/posix/poller_poll.h"
#endif

/* ---- The seam's functions, of a poller that is a list: in the first of its words */

fer_error ferp_list_open(fer_poller *poller);
void ferp_list_close(fer_poller *poller);
fer_error ferp_list_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                        fer_poll_mode mode);
fer_error ferp_list_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                           fer_poll_mode mode);
fer_error ferp_list_delete(fer_poller *poller, fer_raw_socket raw);
fer_error ferp_list_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                         size_t *count, bool *notified);

/* Takes no lock, and does nothing but ferp_list_waker_send. */
fer_error ferp_list_notify(fer_poller *poller);

/* ---- What each system defines */

/* Why somebody is woken: a caller's notify, or a change in what is watched. */
typedef enum ferp_list_reason {
    FERP_LIST_NOTIFIED = 'n',
    FERP_LIST_CHANGED = 'c'
} ferp_list_reason;

fer_error ferp_list_waker_open(ferp_list_waker *waker);
void ferp_list_waker_close(ferp_list_waker *waker);
ferp_list_fd ferp_list_waker_fd(const ferp_list_waker *waker);
fer_error ferp_list_waker_send(const ferp_list_waker *waker, ferp_list_reason reason);

/* Takes what was sent, which is at most one of each. Whether FERP_LIST_NOTIFIED was among it. */
bool ferp_list_waker_take(const ferp_list_waker *waker);

/* Error: raw is no open socket. */
fer_error ferp_list_identity_of(fer_raw_socket raw, ferp_list_identity *out);

/* Whether what a number named may be what it names now. */
bool ferp_list_identity_fits(const ferp_list_identity *then, const ferp_list_identity *now);

/* Whether revents tell of a hang-up or a failure, and not of the peer's end alone. */
bool ferp_list_has_failed(const ferp_list_entry *entry);

/* Fills all revents. A closed socket has POLLNVAL. timeout is rounded up, or cut to what the system
 * holds. */
fer_error ferp_list_poll(ferp_list_entry *entries, size_t count, fer_duration timeout);

#endif
