/* knotes.c: the knotes of one kqueue: their table, their queue, changes, and the order of reports.
 *
 * Edge-triggered epoll reports changes on Linux, with one set for reading and one for writing, as a
 * socket of a BSD has one list of knotes for each. After a change the filters are evaluated again.
 * The change may be an unrelated one, so that EV_CLEAR may report once more than on a BSD. */
#include "kqueue/knote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { HINTS = 64 };

int kqueue_memory = -1;

/* ---- The queue */

static void enqueue(struct kqueue *kq, struct knote *note)
{
    if (note->is_queued || note->is_disabled || !note->is_active) {
        return;
    }
    note->is_queued = true;
    note->after = &kq->queue;
    note->before = kq->queue.before;
    note->before->after = note;
    note->after->before = note;
    kq->queued++;
}

static void dequeue(struct kqueue *kq, struct knote *note)
{
    if (note->is_queued) {
        note->is_queued = false;
        note->before->after = note->after;
        note->after->before = note->before;
        kq->queued--;
    }
}

/* ---- Knotes */

static struct knote **bucket_of(struct kqueue *kq, uintptr_t ident)
{
    return &kq->buckets[ident % KNOTE_BUCKETS];
}

static struct knote *find(struct kqueue *kq, uintptr_t ident, int filter)
{
    struct knote *note = *bucket_of(kq, ident);
    while (note != NULL && (note->event.ident != ident || note->event.filter != filter)) {
        note = note->next;
    }
    return note;
}

/* Returns the epoll that reports changes for the knote's filter. */
static int side_of(const struct kqueue *kq, const struct knote *note)
{
    return note->event.filter == EVFILT_WRITE ? kq->writing : kq->reading;
}

/* EVFILT_READ and EVFILT_EXCEPT share a side. */
static bool shares_side(struct kqueue *kq, const struct knote *note)
{
    int filter = note->event.filter == EVFILT_READ ? EVFILT_EXCEPT : EVFILT_READ;
    return note->event.filter != EVFILT_WRITE && find(kq, note->event.ident, filter) != NULL;
}

static int add_to_epoll(struct kqueue *kq, struct knote *note)
{
    int error = knote_attach_socket(note);
    if (error != 0 || shares_side(kq, note)) {
        return error;
    }
    uint32_t changes = note->event.filter == EVFILT_WRITE
                           ? (uint32_t)EPOLLOUT
                           : (uint32_t)(EPOLLIN | EPOLLPRI | EPOLLRDHUP);
    struct epoll_event wanted = {.events = changes | (uint32_t)EPOLLET,
                                 .data = {.fd = (int)note->event.ident}};
    return epoll_ctl(side_of(kq, note), EPOLL_CTL_ADD, wanted.data.fd, &wanted) == 0 ? 0 : errno;
}

static void drop(struct kqueue *kq, struct knote *note)
{
    struct knote **at = bucket_of(kq, note->event.ident);
    while (*at != note) {
        at = &(*at)->next;
    }
    *at = note->next;
    dequeue(kq, note);
    if (note->event.filter != EVFILT_USER && !shares_side(kq, note)) {
        (void)epoll_ctl(side_of(kq, note), EPOLL_CTL_DEL, (int)note->event.ident, NULL);
    }
    free(note);
}

static bool is_ready(struct knote *note)
{
    return note->event.filter == EVFILT_USER ? note->is_triggered : knote_is_ready(note);
}

static void activate(struct kqueue *kq, struct knote *note)
{
    note->is_active = is_ready(note) || note->is_active;
    enqueue(kq, note);
}

/* ---- Changes */

static bool is_known(const struct kevent *change)
{
    const unsigned flags =
        EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE | EV_ONESHOT | EV_CLEAR | EV_RECEIPT;
    switch (change->filter) {
    case EVFILT_READ:
    case EVFILT_WRITE: return (change->flags & ~flags) == 0 && change->fflags == 0;
    case EVFILT_USER: return (change->flags & ~flags) == 0 && (change->fflags & ~NOTE_TRIGGER) == 0;
    case EVFILT_EXCEPT: return (change->flags & ~flags) == 0 && (change->fflags & ~NOTE_OOB) == 0;
    default: return false;
    }
}

static int attach(struct kqueue *kq, const struct kevent *change)
{
    struct knote *note = kqueue_memory == 0 ? NULL : calloc(1, sizeof *note);
    if (note == NULL) {
        return ENOMEM;
    }
    kqueue_memory -= kqueue_memory > 0;
    note->event = *change;
    note->event.fflags = 0;
    note->event.flags &=
        (uint16_t)(kq->as_freebsd ? ~(EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE) : ~0);
    note->is_disabled = (change->flags & EV_DISABLE) != 0;
    note->is_triggered = change->filter == EVFILT_USER && (change->fflags & NOTE_TRIGGER) != 0;
    int error = change->filter == EVFILT_USER ? 0 : add_to_epoll(kq, note);
    if (error != 0) {
        free(note);
        return error;
    }
    struct knote **bucket = bucket_of(kq, change->ident);
    note->next = *bucket;
    *bucket = note;
    activate(kq, note);
    return 0;
}

/* Sets the new key. EV_ONESHOT, EV_CLEAR and the queue stay unchanged. EV_ADD alone does not
 * enable. */
static void update(struct kqueue *kq, struct knote *note, const struct kevent *change)
{
    note->event.udata = change->udata;
    if (note->event.filter == EVFILT_USER && (change->fflags & NOTE_TRIGGER) != 0) {
        note->is_triggered = true;
    }
    if ((change->flags & EV_DISABLE) != 0) {
        note->is_disabled = true;
        dequeue(kq, note);
    } else if ((change->flags & EV_ENABLE) != 0) {
        note->is_disabled = false;
    }
    activate(kq, note);
}

/* EV_DELETE has precedence over EV_ADD, and EV_DISABLE over EV_ENABLE. */
int knotes_change(struct kqueue *kq, const struct kevent *change)
{
    if (!is_known(change)) {
        return EINVAL;
    }
    if (kq->as_freebsd && change->filter != EVFILT_USER && fcntl((int)change->ident, F_GETFD) < 0) {
        return EBADF;
    }
    struct knote *note = find(kq, change->ident, change->filter);
    if (note == NULL) {
        return (change->flags & (EV_ADD | EV_DELETE)) == EV_ADD ? attach(kq, change) : ENOENT;
    }
    if ((change->flags & EV_DELETE) != 0) {
        drop(kq, note);
    } else {
        update(kq, note, change);
    }
    return 0;
}

/* ---- Events */

static void apply_hints(struct kqueue *kq, int side)
{
    struct epoll_event hints[HINTS];
    int count;
    do {
        count = epoll_wait(side, hints, HINTS, 0);
        for (int i = 0; i < count; i++) {
            uintptr_t ident = (uintptr_t)hints[i].data.fd;
            for (struct knote *note = *bucket_of(kq, ident); note != NULL; note = note->next) {
                if (note->event.ident == ident && note->event.filter != EVFILT_USER &&
                    side_of(kq, note) == side) {
                    activate(kq, note);
                }
            }
        }
    } while (count == HINTS);
}

/* Reports the first knote of the queue if its filter is still true. A level-triggered knote is
 * queued again, at the end. */
static bool report_first(struct kqueue *kq, struct kevent *event)
{
    struct knote *note = kq->queue.after;
    bool is_oneshot = (note->event.flags & EV_ONESHOT) != 0;
    dequeue(kq, note);
    note->is_active = (kq->as_freebsd && is_oneshot) || is_ready(note);
    if (!note->is_active) {
        return false;
    }
    *event = note->event;
    if (is_oneshot) {
        drop(kq, note);
    } else if ((note->event.flags & EV_CLEAR) != 0) {
        note->is_active = false;
        note->is_triggered = false;
        note->event.fflags = 0;
    } else {
        enqueue(kq, note);
    }
    return true;
}

int knotes_report(struct kqueue *kq, struct kevent *events, int room)
{
    int reported = 0;
    apply_hints(kq, kq->reading);
    apply_hints(kq, kq->writing);
    for (unsigned left = kq->queued; left > 0 && reported < room; left--) {
        reported += report_first(kq, &events[reported]);
    }
    return reported;
}

/* ---- Closing */

void knotes_remove_descriptor(struct kqueue *kq, int fd)
{
    static const int filters[] = {EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct knote *note = find(kq, (uintptr_t)fd, filters[i]);
        if (note != NULL) {
            drop(kq, note);
        }
    }
}

void knotes_free(struct kqueue *kq)
{
    for (size_t i = 0; i < KNOTE_BUCKETS; i++) {
        while (kq->buckets[i] != NULL) {
            drop(kq, kq->buckets[i]);
        }
    }
}
