/* kqueue.c: a model of kqueue(2) over Linux, for tests: knotes and their queue, changes, waits, and what close does. Sockets and user events alone.
 *
 * It follows kqueue(2) of macOS and FreeBSD, and where that is silent their kern_event.c (XNU: kevent_register, knote_process; FreeBSD:
 * kqueue_register, kqueue_scan). Where the two differ it does as XNU does:
 *
 *  a change of what is not there is ENOENT, also where the descriptor is closed; FreeBSD says EBADF then;
 *  an EV_ONESHOT knote is told of if its filter still says yes; FreeBSD tells what it found when it queued the knote.
 *
 * Linux tells of changes by edge-triggered epoll, one set for what concerns reading and one for writing, as a socket of a BSD has one list of knotes
 * for each. Such a change makes the filters be asked again; it may be a change of something else, so EV_CLEAR may tell once more than a BSD would.
 * close is the model's own too, for it takes away the descriptor's knotes, whoever else holds the socket (kqueue(2)). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* ppoll */
#endif
#include "kqueue/knote.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NANOS_PER_SECOND 1000000000
#define SECONDS_MAX 100000000 /* XNU: itimerfix; a longer timeout is EINVAL */

enum { PLACES = 256, HINTS = 64 };

struct kqueue {
    int reading; /* epoll of the sockets with knotes of the receiving side. It is the kqueue's descriptor */
    int writing; /* epoll of those with knotes of the sending side */
    int waking;  /* eventfd, readable while a knote is queued */
    bool is_waking;
    struct knote *places[PLACES]; /* by ident, as the kernels have it */
    struct knote queue;           /* of both ends; its first is told of first */
    unsigned queued;
    struct kqueue *next;
};

/* ---- One at a time. No signal comes in between, for its handler may call kevent. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kqueue *kqueues;

static void enter(sigset_t *signals)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, signals);
    pthread_mutex_lock(&lock);
}

static void leave(const sigset_t *signals)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, signals, NULL);
}

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

/* All waits that are under way see what is queued, as the kernels wake all. */
static void show_queue(struct kqueue *kq)
{
    eventfd_t value = 1;
    bool is_waking = kq->queued > 0;
    if (is_waking != kq->is_waking) {
        (void)(is_waking ? eventfd_write(kq->waking, value) : eventfd_read(kq->waking, &value));
        kq->is_waking = is_waking;
    }
}

/* ---- Knotes */

static struct knote **place_of(struct kqueue *kq, uintptr_t ident)
{
    return &kq->places[ident % PLACES];
}

static struct knote *find(struct kqueue *kq, uintptr_t ident, int filter)
{
    struct knote *note = *place_of(kq, ident);
    while (note != NULL && (note->event.ident != ident || note->event.filter != filter)) {
        note = note->next;
    }
    return note;
}

/* The epoll that tells of what the knote waits for. */
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

static int watch(struct kqueue *kq, struct knote *note)
{
    int error = knote_attach_socket(note);
    if (error != 0 || shares_side(kq, note)) {
        return error;
    }
    uint32_t changes = note->event.filter == EVFILT_WRITE ? (uint32_t)EPOLLOUT : (uint32_t)(EPOLLIN | EPOLLPRI | EPOLLRDHUP);
    struct epoll_event wanted = {.events = changes | (uint32_t)EPOLLET, .data = {.fd = (int)note->event.ident}};
    return epoll_ctl(side_of(kq, note), EPOLL_CTL_ADD, wanted.data.fd, &wanted) == 0 ? 0 : errno;
}

static void drop(struct kqueue *kq, struct knote *note)
{
    struct knote **at = place_of(kq, note->event.ident);
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

static bool asks(struct knote *note)
{
    return note->event.filter == EVFILT_USER ? note->is_triggered : knote_asks_socket(note);
}

static void activate(struct kqueue *kq, struct knote *note)
{
    note->is_active = note->is_active || asks(note);
    enqueue(kq, note);
}

/* ---- Changes */

static bool is_known(const struct kevent *change)
{
    const unsigned flags = EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE | EV_ONESHOT | EV_CLEAR | EV_RECEIPT;
    switch (change->filter) {
    case EVFILT_READ:
    case EVFILT_WRITE:
        return (change->flags & ~flags) == 0 && change->fflags == 0;
    case EVFILT_USER:
        return (change->flags & ~flags) == 0 && (change->fflags & ~NOTE_TRIGGER) == 0;
    case EVFILT_EXCEPT:
        return (change->flags & ~flags) == 0 && (change->fflags & ~NOTE_OOB) == 0;
    default:
        return false;
    }
}

static int attach(struct kqueue *kq, const struct kevent *change)
{
    struct knote *note = calloc(1, sizeof *note);
    if (note == NULL) {
        return ENOMEM;
    }
    note->event = *change;
    note->event.fflags = 0;
    note->is_disabled = (change->flags & EV_DISABLE) != 0;
    note->is_triggered = change->filter == EVFILT_USER && (change->fflags & NOTE_TRIGGER) != 0;
    int error = change->filter == EVFILT_USER ? 0 : watch(kq, note);
    if (error != 0) {
        free(note);
        return error;
    }
    struct knote **place = place_of(kq, change->ident);
    note->next = *place;
    *place = note;
    activate(kq, note);
    return 0;
}

/* The key becomes the new one; EV_ONESHOT and EV_CLEAR stay as they were, and so does what was queued. EV_ADD alone enables nothing here. */
static void touch(struct kqueue *kq, struct knote *note, const struct kevent *change)
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

/* An errno. EV_DELETE overrules EV_ADD, as EV_DISABLE does EV_ENABLE. */
static int apply(struct kqueue *kq, const struct kevent *change)
{
    if (!is_known(change)) {
        return EINVAL;
    }
    struct knote *note = find(kq, change->ident, change->filter);
    if (note == NULL) {
        return (change->flags & (EV_ADD | EV_DELETE)) == EV_ADD ? attach(kq, change) : ENOENT;
    }
    if ((change->flags & EV_DELETE) != 0) {
        drop(kq, note);
    } else {
        touch(kq, note, change);
    }
    return 0;
}

/* A change that fails, or has EV_RECEIPT, is answered as long as there is room for answers; without room a failure is that of the call (kqueue(2)).
 * Returns how many were answered, or -1 with errno. The two lists may be one. */
static int apply_all(struct kqueue *kq, const struct kevent *changes, int count, struct kevent *answers, int room)
{
    int answered = 0;
    for (int i = 0; i < count; i++) {
        struct kevent change = changes[i];
        int error = apply(kq, &change);
        if (error == 0 && (change.flags & EV_RECEIPT) == 0) {
            continue;
        }
        if (answered < room) {
            change.flags |= EV_ERROR;
            change.data = error;
            answers[answered++] = change;
        } else if (error != 0) {
            errno = error;
            return -1;
        }
    }
    return answered;
}

/* ---- Events */

static void take_hints_of(struct kqueue *kq, int side)
{
    struct epoll_event hints[HINTS];
    int count;
    do {
        count = epoll_wait(side, hints, HINTS, 0);
        for (int i = 0; i < count; i++) {
            uintptr_t ident = (uintptr_t)hints[i].data.fd;
            for (struct knote *note = *place_of(kq, ident); note != NULL; note = note->next) {
                if (note->event.ident == ident && note->event.filter != EVFILT_USER && side_of(kq, note) == side) {
                    activate(kq, note);
                }
            }
        }
    } while (count == HINTS);
}

/* The first of the queue, if its filter still says yes. A knote that is told of as long as it is so goes to the end. */
static bool tell_first(struct kqueue *kq, struct kevent *event)
{
    struct knote *note = kq->queue.after;
    dequeue(kq, note);
    note->is_active = asks(note);
    if (!note->is_active) {
        return false;
    }
    *event = note->event;
    if ((note->event.flags & EV_ONESHOT) != 0) {
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

/* Each knote once. */
static int tell(struct kqueue *kq, struct kevent *events, int room)
{
    int told = 0;
    for (unsigned left = kq->queued; left > 0 && told < room; left--) {
        told += tell_first(kq, &events[told]);
    }
    return told;
}

/* ---- Waiting */

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NANOS_PER_SECOND + time.tv_nsec;
}

/* Outside of the lock, until something may have changed: 1; the time is over: 0; a signal: -1 and EINTR. */
static int sleep_until(const struct kqueue *kq, const int64_t *deadline, const sigset_t *signals)
{
    struct pollfd ways[] = {{.fd = kq->reading, .events = POLLIN}, {.fd = kq->writing, .events = POLLIN}, {.fd = kq->waking, .events = POLLIN}};
    struct timespec time = {0, 0};
    if (deadline != NULL) {
        int64_t left = *deadline - now();
        left = left > 0 ? left : 0;
        time.tv_sec = (time_t)(left / NANOS_PER_SECOND);
        time.tv_nsec = (long)(left % NANOS_PER_SECOND);
    }
    pthread_mutex_unlock(&lock);
    int found = ppoll(ways, sizeof ways / sizeof ways[0], deadline != NULL ? &time : NULL, signals);
    int error = errno;
    pthread_mutex_lock(&lock);
    errno = error;
    return found;
}

static int wait_for(struct kqueue *kq, struct kevent *events, int room, const struct timespec *timeout, const sigset_t *signals)
{
    bool is_over = timeout != NULL && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
    int64_t deadline = timeout == NULL || is_over ? 0 : now() + (int64_t)timeout->tv_sec * NANOS_PER_SECOND + timeout->tv_nsec;
    for (;;) {
        take_hints_of(kq, kq->reading);
        take_hints_of(kq, kq->writing);
        int told = tell(kq, events, room);
        show_queue(kq);
        if (told > 0 || is_over) {
            return told;
        }
        int found = sleep_until(kq, timeout == NULL ? NULL : &deadline, signals);
        if (found < 0) {
            return -1;
        }
        is_over = found == 0;
    }
}

static bool is_valid(const struct timespec *timeout)
{
    return timeout == NULL ||
           (timeout->tv_sec >= 0 && timeout->tv_sec <= SECONDS_MAX && timeout->tv_nsec >= 0 && timeout->tv_nsec < NANOS_PER_SECOND);
}

static struct kqueue **kqueue_at(int fd)
{
    struct kqueue **at = &kqueues;
    while (*at != NULL && (*at)->reading != fd) {
        at = &(*at)->next;
    }
    return at;
}

static int kevent_inside(int fd, const struct kevent *changes, int change_count, struct kevent *events, int room, const struct timespec *timeout,
                         const sigset_t *signals)
{
    struct kqueue *kq = *kqueue_at(fd);
    if (kq == NULL || !is_valid(timeout)) {
        errno = kq == NULL ? EBADF : EINVAL;
        return -1;
    }
    int answered = apply_all(kq, changes, change_count, events, room);
    show_queue(kq);
    return answered != 0 || room == 0 ? answered : wait_for(kq, events, room, timeout, signals);
}

int kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events, int event_count, const struct timespec *timeout)
{
    sigset_t signals;
    enter(&signals);
    int returned = kevent_inside(kq, changes, change_count, events, event_count, timeout, &signals);
    leave(&signals);
    return returned;
}

/* ---- From birth to close */

static int close_descriptor(int fd)
{
    return (int)syscall(SYS_close, fd);
}

static void close_all(const struct kqueue *kq)
{
    const int fds[] = {kq->waking, kq->writing, kq->reading};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close_descriptor(fds[i]);
        }
    }
}

/* Its descriptor outlives an exec, as FreeBSD's does; the two others are not the caller's business. */
int kqueue(void)
{
    struct kqueue *kq = calloc(1, sizeof *kq);
    if (kq == NULL) {
        errno = ENOMEM;
        return -1;
    }
    kq->queue.before = kq->queue.after = &kq->queue;
    kq->reading = epoll_create1(0);
    kq->writing = epoll_create1(EPOLL_CLOEXEC);
    kq->waking = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (kq->reading < 0 || kq->writing < 0 || kq->waking < 0) {
        int error = errno;
        close_all(kq);
        free(kq);
        errno = error;
        return -1;
    }
    sigset_t signals;
    enter(&signals);
    kq->next = kqueues;
    kqueues = kq;
    int fd = kq->reading;
    leave(&signals);
    return fd;
}

static void end(struct kqueue *kq)
{
    for (size_t i = 0; i < PLACES; i++) {
        while (kq->places[i] != NULL) {
            drop(kq, kq->places[i]);
        }
    }
    (void)close_descriptor(kq->writing);
    (void)close_descriptor(kq->waking);
    free(kq);
}

/* What knote_fdclose does: before anybody can have the number. */
static void forget_descriptor(struct kqueue *kq, uintptr_t fd)
{
    static const int filters[] = {EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct knote *note = find(kq, fd, filters[i]);
        if (note != NULL) {
            drop(kq, note);
        }
    }
    show_queue(kq);
}

int close(int fd)
{
    sigset_t signals;
    enter(&signals);
    for (struct kqueue *kq = kqueues; kq != NULL; kq = kq->next) {
        forget_descriptor(kq, (uintptr_t)fd);
    }
    struct kqueue **at = kqueue_at(fd);
    struct kqueue *closed = *at;
    if (closed != NULL) {
        *at = closed->next;
        end(closed);
    }
    int returned = close_descriptor(fd);
    leave(&signals);
    return returned;
}
