/* poller_list.h: a poller over poll(2), for systems without another one. poller_list.c decides what
 * is polled, poller_poll.c makes the system calls. The model checker for threads replaces those. */
#ifndef FERP_POSIX_POLLER_LIST_H
#define FERP_POSIX_POLLER_LIST_H

#include "platform/posix/posix.h"

#include <poll.h>

typedef struct ferp_list_waker {
    int reader;
    int writer;
} ferp_list_waker;

/* fstat's st_dev and st_ino, and what identifies the socket of a descriptor on a system whose
 * sockets have no inode. port and peer are 0 if not set yet. */
typedef struct ferp_list_identity {
    uint64_t device;
    uint64_t inode;
    uint64_t port;
    uint64_t peer;
    int fd;
    uint32_t closes; /* by this library */
} ferp_list_identity;

/* poller_identity.c */
struct stat;
ferp_list_identity ferp_posix_identity_of(int fd, const struct stat *status);

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

/* ---- Defined by poller_poll.c */

/* The reason of a wakeup: a caller's notify, or a change of the registered sockets. */
typedef enum ferp_list_reason {
    FERP_LIST_NOTIFIED = 'n',
    FERP_LIST_CHANGED = 'c'
} ferp_list_reason;

fer_error ferp_list_waker_open(ferp_list_waker *waker);
void ferp_list_waker_close(ferp_list_waker *waker);
int ferp_list_waker_fd(const ferp_list_waker *waker);
fer_error ferp_list_waker_send(ferp_list_waker *waker, ferp_list_reason reason);

/* Receives all that was sent, which is at most one of each reason. Returns whether
 * FERP_LIST_NOTIFIED was among them. */
bool ferp_list_waker_take(const ferp_list_waker *waker);

/* Error: raw is not an open socket. */
fer_error ferp_list_identity_of(fer_raw_socket raw, ferp_list_identity *out);

/* Whether a number may still name the same socket. */
bool ferp_list_identity_fits(const ferp_list_identity *then, const ferp_list_identity *now);

/* Whether both halves have ended, or the socket has failed, although revents has neither POLLHUP
 * nor POLLERR. */
bool ferp_list_hides_end(const struct pollfd *entry);

/* Fills all revents. A closed socket gets POLLNVAL. timeout is rounded up, or reduced to the
 * system's maximum. */
fer_error ferp_list_poll(struct pollfd *entries, size_t count, fer_duration timeout);

#endif
