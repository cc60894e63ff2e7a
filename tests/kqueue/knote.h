/* knote.h: what the model of kqueue(2) keeps for a filter and a descriptor, and the question that a knote of a socket is about. */
#ifndef TEST_KQUEUE_KNOTE_H
#define TEST_KQUEUE_KNOTE_H

#include <stdbool.h>
#include <sys/event.h>

struct knote {
    struct kevent event;  /* as it is told: flags are those it was added with, and EV_EOF once the end was seen */
    bool is_stream;       /* the socket's type */
    bool is_triggered;    /* of EVFILT_USER */
    bool is_disabled;
    bool is_active;       /* its filter has said yes since it was told of */
    bool is_queued;       /* active, not disabled: it will be told of */
    struct knote *before; /* in the queue */
    struct knote *after;
    struct knote *next;   /* of the same place in the table */
};

/* Notes the type of the knote's socket. An errno: EBADF, or EINVAL for what is no socket. */
int knote_attach_socket(struct knote *note);

/* What the knote's filter says of the socket now. EV_EOF and fflags are brought up to date. */
bool knote_asks_socket(struct knote *note);

#endif
