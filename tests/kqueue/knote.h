/* knote.h: the parts of the model of kqueue(2), and what its tests may do to it.
 *
 * The model is of what kqueue(2) says on macOS and FreeBSD, for sockets and user events alone, and
 * where that is silent of their kern_event.c (XNU: kevent_register, knote_process; FreeBSD:
 * kqueue_register, kqueue_scan). The two differ in little that matters here. By itself it does as
 * XNU, whose marker filter it has; with KQUEUE_MODEL=freebsd in the environment as FreeBSD:
 *
 * a change of what is not there is ENOENT; FreeBSD says EBADF where the descriptor is closed; an
 * EV_ONESHOT knote is told of if its filter still says yes; FreeBSD tells what the filter said when
 * it was asked last; what is told has all flags of its EV_ADD, and a receipt those of its change;
 * FreeBSD clears them. */
#ifndef TEST_KQUEUE_KNOTE_H
#define TEST_KQUEUE_KNOTE_H

#include <stdbool.h>
#include <sys/event.h>

struct knote {
    struct kevent
        /* as it is told: flags are those it was added with, and EV_EOF once the end was seen */
        event;
    bool is_stream;    /* the socket's type */
    bool is_triggered; /* of EVFILT_USER */
    bool is_disabled;
    bool is_active;       /* its filter has said yes since it was told of */
    bool is_queued;       /* active, not disabled: it will be told of */
    struct knote *before; /* in the queue */
    struct knote *after;
    struct knote *next; /* of the same place in the table */
};

enum { KNOTE_BUCKETS = 256 };

struct kqueue {
    /* epoll of the sockets with knotes of the receiving side. It is the kqueue's descriptor */
    int reading;
    int writing; /* epoll of those with knotes of the sending side */
    int waking;  /* eventfd, readable while a knote is queued */
    bool is_waking;
    bool as_freebsd;
    struct knote *buckets[KNOTE_BUCKETS]; /* by ident, as the kernels have it */
    struct knote queue;                   /* of both ends; its first is told of first */
    unsigned queued;
    struct kqueue *next;
};

/* ---- knotes.c, inside of the lock */

/* An errno. */
int knotes_change(struct kqueue *kq, const struct kevent *change);

/* Asks the filters of what has changed since, and tells of the first in the queue, up to room; each
 * knote once. Returns how many. */
int knotes_report(struct kqueue *kq, struct kevent *events, int room);

/* What knote_fdclose does. */
void knotes_remove_descriptor(struct kqueue *kq, int fd);
void knotes_free(struct kqueue *kq);

/* ---- socket_filters.c */

/* Notes the type of the knote's socket. An errno: EBADF, or EINVAL for what is no socket. */
int knote_attach_socket(struct knote *note);

/* What the knote's filter says of the socket now. EV_EOF and fflags are brought up to date. */
bool knote_is_ready(struct knote *note);

/* ---- For tests, of one thread */

/* How many more knotes there is memory for; below 0: for all. */
extern int kqueue_memory;

/* Called, once, when a wait has events, before its caller has them: what another thread may do just
 * then. */
extern void (*kqueue_meanwhile)(void);

#endif
