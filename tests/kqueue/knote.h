/* knote.h: the parts of the model of kqueue(2), and the hooks for its tests.
 *
 * The model follows kqueue(2) of macOS and FreeBSD, for sockets and user events only, and their
 * kern_event.c where the manual is silent (XNU: kevent_register, knote_process; FreeBSD:
 * kqueue_register, kqueue_scan). By default it behaves as XNU, which has the marker filter. With
 * KQUEUE_MODEL=freebsd in the environment it behaves as FreeBSD. The differences are:
 *
 * - A change of a missing knote fails with ENOENT. FreeBSD: EBADF if the descriptor is closed.
 * - An EV_ONESHOT knote is reported if its filter is still true. FreeBSD: the filter's last result.
 * - An event has all flags of its EV_ADD, and a receipt those of its change. FreeBSD clears
 *   them. */
#ifndef TEST_KQUEUE_KNOTE_H
#define TEST_KQUEUE_KNOTE_H

#include <stdbool.h>
#include <sys/event.h>

struct knote {
    /* The event as it is reported: the flags of its EV_ADD, and EV_EOF after the end. */
    struct kevent event;
    bool is_stream;    /* the socket's type */
    bool is_triggered; /* of EVFILT_USER */
    bool is_disabled;
    bool is_active;       /* its filter was true since the last report */
    bool is_queued;       /* active, not disabled: it will be reported */
    struct knote *before; /* in the queue */
    struct knote *after;
    struct knote *next; /* in the same bucket */
};

enum { KNOTE_BUCKETS = 256 };

struct kqueue {
    int reading; /* epoll for the filters of the receiving side; the kqueue's descriptor */
    int writing; /* epoll for the filter of the sending side */
    int waking;  /* eventfd, readable while a knote is queued */
    bool is_waking;
    bool as_freebsd;
    struct knote *buckets[KNOTE_BUCKETS]; /* by ident, as in the kernels */
    struct knote queue;                   /* head of the ring; the first knote is reported first */
    unsigned queued;
    struct kqueue *next;
};

/* ---- knotes.c; all calls hold the lock */

/* Returns an errno. */
int knotes_change(struct kqueue *kq, const struct kevent *change);

/* Evaluates the filters of the changed sockets, and reports the first knotes of the queue, up to
 * room, each once. Returns their number. */
int knotes_report(struct kqueue *kq, struct kevent *events, int room);

/* Does the work of knote_fdclose. */
void knotes_remove_descriptor(struct kqueue *kq, int fd);
void knotes_free(struct kqueue *kq);

/* ---- socket_filters.c */

/* Stores the type of the knote's socket. Returns an errno: EBADF, or EINVAL for a descriptor that
 * is no socket. */
int knote_attach_socket(struct knote *note);

/* Evaluates the knote's filter for its socket. Updates EV_EOF and fflags. */
bool knote_is_ready(struct knote *note);

/* ---- For tests with one thread */

/* The number of knotes that there is memory for. Below 0: no limit. */
extern int kqueue_memory;

/* Called once when a wait has events, before it returns them, in place of another thread. */
extern void (*kqueue_meanwhile)(void);

/* Called between two changes of one call, in place of another thread. */
extern void (*kqueue_between)(void);

#endif
