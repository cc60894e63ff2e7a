/* kqueue.c: a model of kqueue(2) over Linux, for tests (knote.h): the calls and waits. It replaces
 * close too, because close removes the descriptor's knotes even if the socket has other descriptors
 * (kqueue(2)). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* ppoll, syscall */
#endif
#include "kqueue/knote.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NANOS_PER_SECOND 1000000000
#define SECONDS_MAX 100000000 /* XNU: itimerfix; a longer timeout is EINVAL */

void (*kqueue_meanwhile)(void);
void (*kqueue_between)(void);

/* ---- The lock. Signals are blocked while it is held, because a handler may call kevent. */

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

/* ---- Waiting */

/* Wakes all waits if a knote is queued, as the kernels do. */
static void update_waking(struct kqueue *kq)
{
    eventfd_t value = 1;
    bool is_waking = kq->queued > 0;
    if (is_waking != kq->is_waking) {
        (void)(is_waking ? eventfd_write(kq->waking, value) : eventfd_read(kq->waking, &value));
        kq->is_waking = is_waking;
    }
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NANOS_PER_SECOND + time.tv_nsec;
}

/* Waits without the lock. Returns a positive number after a possible change, 0 if the deadline has
 * expired, -1 with EINTR after a signal. */
static int sleep_until(const struct kqueue *kq, const int64_t *deadline, const sigset_t *signals)
{
    struct pollfd polled_fds[] = {{.fd = kq->reading, .events = POLLIN},
                                  {.fd = kq->writing, .events = POLLIN},
                                  {.fd = kq->waking, .events = POLLIN}};
    struct timespec time = {0, 0};
    if (deadline != NULL) {
        int64_t left = *deadline - now();
        left = left > 0 ? left : 0;
        time.tv_sec = (time_t)(left / NANOS_PER_SECOND);
        time.tv_nsec = (long)(left % NANOS_PER_SECOND);
    }
    pthread_mutex_unlock(&lock);
    int found = ppoll(polled_fds, sizeof polled_fds / sizeof polled_fds[0],
                      deadline != NULL ? &time : NULL, signals);
    int error = errno;
    pthread_mutex_lock(&lock);
    errno = error;
    return found;
}

static int wait_for(struct kqueue *kq, struct kevent *events, int room,
                    const struct timespec *timeout, const sigset_t *signals)
{
    bool is_expired = timeout != NULL && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
    int64_t deadline = timeout == NULL || is_expired
                           ? 0
                           : now() + (int64_t)timeout->tv_sec * NANOS_PER_SECOND + timeout->tv_nsec;
    for (;;) {
        int reported = knotes_report(kq, events, room);
        update_waking(kq);
        if (reported > 0 || is_expired) {
            return reported;
        }
        int found = sleep_until(kq, timeout == NULL ? NULL : &deadline, signals);
        if (found < 0) {
            return -1;
        }
        is_expired = found == 0;
    }
}

static bool is_valid(const struct timespec *timeout)
{
    return timeout == NULL || (timeout->tv_sec >= 0 && timeout->tv_sec <= SECONDS_MAX &&
                               timeout->tv_nsec >= 0 && timeout->tv_nsec < NANOS_PER_SECOND);
}

static struct kqueue **kqueue_at(int fd)
{
    struct kqueue **at = &kqueues;
    while (*at != NULL && (*at)->reading != fd) {
        at = &(*at)->next;
    }
    return at;
}

/* ---- Changes */

/* Lets the other threads run. Returns the kqueue, or NULL if one of them has closed it. */
static struct kqueue *pause_between(struct kqueue *kq, int fd)
{
    void (*between)(void) = kqueue_between;
    update_waking(kq);
    pthread_mutex_unlock(&lock);
    if (between != NULL) {
        kqueue_between = NULL;
        between();
        kqueue_between = between;
    }
    pthread_mutex_lock(&lock);
    return *kqueue_at(fd);
}

/* A change that fails or has EV_RECEIPT has a result. If there is no room for a result, a failure
 * is the call's failure (kqueue(2)). Returns the number of results, or -1 with errno. The two lists
 * may be the same memory. The lock is held for one change at a time, as in XNU (kern_event.c,
 * kevent_internal calls kevent_register for each) and FreeBSD (kern_event.c, kqueue_kevent calls
 * kqueue_register for each). */
static int apply_all(int fd, const struct kevent *changes, int count, struct kevent *results,
                     int room)
{
    struct kqueue *kq = *kqueue_at(fd);
    int result_count = 0;
    for (int i = 0; i < count; i++) {
        struct kevent change = changes[i];
        kq = i > 0 ? pause_between(kq, fd) : kq;
        if (kq == NULL) {
            errno = EBADF;
            return -1;
        }
        int error = knotes_change(kq, &change);
        if (error == 0 && (change.flags & EV_RECEIPT) == 0) {
            continue;
        }
        if (result_count < room) {
            change.flags = (uint16_t)(kq->as_freebsd ? EV_ERROR : change.flags | EV_ERROR);
            change.data = error;
            results[result_count++] = change;
        } else if (error != 0) {
            errno = error;
            return -1;
        }
    }
    return result_count;
}

static int kevent_inside(int fd, const struct kevent *changes, int change_count,
                         struct kevent *events, int room, const struct timespec *timeout,
                         const sigset_t *signals)
{
    struct kqueue *kq = *kqueue_at(fd);
    if (kq == NULL || !is_valid(timeout)) {
        errno = kq == NULL ? EBADF : EINVAL;
        return -1;
    }
    int result_count = apply_all(fd, changes, change_count, events, room);
    kq = *kqueue_at(fd);
    if (kq == NULL) {
        return -1;
    }
    update_waking(kq);
    return result_count != 0 || room == 0 ? result_count
                                          : wait_for(kq, events, room, timeout, signals);
}

int kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events,
           int event_count, const struct timespec *timeout)
{
    sigset_t signals;
    enter(&signals);
    int returned = kevent_inside(kq, changes, change_count, events, event_count, timeout, &signals);
    void (*meanwhile)(void) = returned > 0 && change_count == 0 ? kqueue_meanwhile : NULL;
    leave(&signals);
    if (meanwhile != NULL) {
        kqueue_meanwhile = NULL;
        meanwhile();
    }
    return returned;
}

/* ---- Creation and close */

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

/* The kqueue's descriptor stays open over exec, as on FreeBSD. The two internal ones do not. */
int kqueue(void)
{
    struct kqueue *kq = calloc(1, sizeof *kq);
    if (kq == NULL) {
        errno = ENOMEM;
        return -1;
    }
    const char *like = getenv("KQUEUE_MODEL");
    kq->as_freebsd = like != NULL && strcmp(like, "freebsd") == 0;
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

static void kqueue_free(struct kqueue *kq)
{
    knotes_free(kq);
    (void)close_descriptor(kq->writing);
    (void)close_descriptor(kq->waking);
    free(kq);
}

/* Removes the knotes before another thread can get the number. */
int close(int fd)
{
    sigset_t signals;
    enter(&signals);
    for (struct kqueue *kq = kqueues; kq != NULL; kq = kq->next) {
        knotes_remove_descriptor(kq, fd);
        update_waking(kq);
    }
    struct kqueue **at = kqueue_at(fd);
    struct kqueue *closed = *at;
    if (closed != NULL) {
        *at = closed->next;
        kqueue_free(closed);
    }
    int returned = close_descriptor(fd);
    leave(&signals);
    return returned;
}
