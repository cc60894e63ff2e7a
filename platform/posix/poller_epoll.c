/* poller_epoll.c: a poller on Linux. The kernel keeps all of it, the user's keys too; nothing is
 * kept here but descriptors.
 *
 * A notification is a descriptor that is always ready, the end of an empty pipe where one writes,
 * made to be told of once more: no byte has to be written or read back, many fold into one, and one
 * wait alone is woken. Every key is the user's, so the notification is known by EPOLLWRNORM, which
 * nothing else asks for (an eventfd has EPOLLIN and EPOLLOUT alone). */
#include "platform/posix/posix.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_EPOLL

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NANOS_PER_MILLI 1000000u

/* Of one wait. The kernel takes more, but looks whether all of the array could be the caller's. */
#define EVENTS_MAX 65536

/* glibc's epoll_pwait2. The memory sanitizer does not know that it fills the array (compiler-rt has
 * epoll_wait and epoll_pwait alone). */
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define IS_BLIND_FOR_PWAIT2 1
#endif
#endif
#if defined(__GLIBC__) && !defined(IS_BLIND_FOR_PWAIT2)
#if __GLIBC_PREREQ(2, 35)
#define HAS_NANOSECONDS 1
#endif
#endif

/* A poller's words. */
enum { AT_EPOLL, AT_WAKER, AT_OTHER_END };

static int epoll_of(const fer_poller *poller)
{
    return (int)poller->words_[AT_EPOLL];
}

static int waker_of(const fer_poller *poller)
{
    return (int)poller->words_[AT_WAKER];
}

/* ---- What is watched */

/* A hang-up and a failure are told whether asked for or not (epoll_ctl(2)). A socket that nothing
 * is asked of would be told of at every wait from then on, so it is told of once. */
static struct epoll_event system_event(fer_event interest, fer_poll_mode mode)
{
    struct epoll_event event = {0};
    event.events =
        (interest.readable ? (uint32_t)EPOLLIN : 0) | (interest.writable ? (uint32_t)EPOLLOUT : 0);
    event.data.u64 = interest.key;
    if (mode == FER_POLL_ONESHOT || event.events == 0) {
        event.events |= (uint32_t)EPOLLONESHOT;
    } else if (mode == FER_POLL_EDGE) {
        event.events |= (uint32_t)EPOLLET;
    }
    return event;
}

static fer_error control(const fer_poller *poller, int operation, fer_raw_socket raw,
                         struct epoll_event event)
{
    /* The poller's own are nobody else's to watch, or to delete; epoll_ctl sees to the first of
     * them. */
    bool is_own = (uintptr_t)raw == poller->words_[AT_WAKER] ||
                  (uintptr_t)raw == poller->words_[AT_OTHER_END];
    if ((uintptr_t)raw > INT_MAX || is_own) {
        return ferp_posix_error_of(EBADF);
    }
    return ferp_posix_result(epoll_ctl(epoll_of(poller), operation, (int)raw, &event));
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    return control(poller, EPOLL_CTL_ADD, raw, system_event(interest, mode));
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    return control(poller, EPOLL_CTL_MOD, raw, system_event(interest, mode));
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    return control(poller, EPOLL_CTL_DEL, raw, (struct epoll_event){0});
}

/* ---- The poller */

/* EPOLLONESHOT disarms it once it was told. */
static fer_error arm_waker(const fer_poller *poller, int operation, uint32_t events)
{
    struct epoll_event event = {0};
    event.events = events | (uint32_t)EPOLLONESHOT;
    return ferp_posix_result(epoll_ctl(epoll_of(poller), operation, waker_of(poller), &event));
}

static void close_waker(const fer_poller *poller)
{
    close(waker_of(poller));
    close((int)poller->words_[AT_OTHER_END]);
}

/* At first it is asked for nothing, and nothing is all that it tells. */
static fer_error add_waker(fer_poller *poller)
{
    int ends[2];
    FER_TRY(ferp_posix_result(pipe2(ends, O_CLOEXEC)));
    poller->words_[AT_OTHER_END] = (uintptr_t)ends[0];
    poller->words_[AT_WAKER] = (uintptr_t)ends[1];
    fer_error err = arm_waker(poller, EPOLL_CTL_ADD, 0);
    if (err.kind != FER_OK) {
        close_waker(poller);
    }
    return err;
}

fer_error ferp_poller_open(fer_poller *poller)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    FER_TRY(ferp_posix_result(epoll));
    poller->words_[AT_EPOLL] = (uintptr_t)epoll;
    fer_error err = add_waker(poller);
    if (err.kind != FER_OK) {
        close(epoll);
    }
    return err;
}

void ferp_poller_close(fer_poller *poller)
{
    close_waker(poller);
    close(epoll_of(poller));
}

/* epoll_ctl is a system call and nothing else: a signal handler may make it. */
fer_error ferp_poller_notify(fer_poller *poller)
{
    int before = errno;
    fer_error err = arm_waker(poller, EPOLL_CTL_MOD, (uint32_t)EPOLLWRNORM);
    errno = before;
    return err;
}

/* ---- Waiting */

_Static_assert(sizeof(struct epoll_event) <= sizeof(fer_event),
               "the system's events fit where the caller's go");

#define TOLD_BITS (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP)
_Static_assert((EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP) == 31,
               "what is told is in the five low bits");

/* What bits mean to the caller: the two neighbours in fer_event. */
struct told {
    bool readable;
    bool writable;
};
_Static_assert(offsetof(fer_event, writable) - offsetof(fer_event, readable) ==
                   offsetof(struct told, writable),
               "they are copied at once");

#define IS_READABLE(bits) (((bits) & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
#define IS_WRITABLE(bits) (((bits) & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
#define ONE(bits)                            \
    {                                        \
        IS_READABLE(bits), IS_WRITABLE(bits) \
    }
#define FOUR(bits) ONE(bits), ONE((bits) + 1), ONE((bits) + 2), ONE((bits) + 3)
static const struct told told_of[32] = {FOUR(0),  FOUR(4),  FOUR(8),  FOUR(12),
                                        FOUR(16), FOUR(20), FOUR(24), FOUR(28)};

/* The notification alone is neither readable nor writable. It is none of the caller's: what is
 * behind it moves up. */
static size_t remove_notification(fer_event *events, size_t count)
{
    size_t at = 0;
    while (events[at].readable || events[at].writable) {
        at++;
    }
    memmove(events + at, events + at + 1, (count - at - 1) * sizeof *events);
    return count - 1;
}

/* The system wrote its smaller events into the caller's array: each is made the caller's in place,
 * from the last to the first. Returns how many are the caller's. */
static size_t translate(fer_event *events, size_t count, bool *notified)
{
    uint32_t seen = 0;
#pragma GCC unroll 4
    for (size_t i = count; i-- > 0;) {
        struct epoll_event event;
        memcpy(&event, (const char *)events + i * sizeof event, sizeof event);
        seen |= event.events;
        events[i].key = event.data.u64;
        memcpy((char *)&events[i] + offsetof(fer_event, readable),
               &told_of[event.events & TOLD_BITS], sizeof(struct told));
    }
    *notified = (seen & (uint32_t)EPOLLWRNORM) != 0;
    return *notified ? remove_notification(events, count) : count;
}

static int wait_millis(int epoll, struct epoll_event *events, int cap, fer_duration timeout)
{
    return epoll_wait(epoll, events, cap, ferp_posix_millis(timeout));
}

#ifdef HAS_NANOSECONDS

/* Linux 5.11. A container's filter may not know it and say EPERM for ENOSYS (ivykis, pull request
 * 33), so any refusal is one: what is wrong with the poller itself, epoll_wait tells too. */
static int wait_nanos(int epoll, struct epoll_event *events, int cap, fer_duration timeout)
{
    struct timespec time = ferp_posix_timespec(timeout.nanos);
    int found = epoll_pwait2(epoll, events, cap, &time, NULL);
    return found < 0 && errno != EINTR ? wait_millis(epoll, events, cap, timeout) : found;
}

#else

static int wait_nanos(int epoll, struct epoll_event *events, int cap, fer_duration timeout)
{
    return wait_millis(epoll, events, cap, timeout);
}

#endif

fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    struct epoll_event *raw_events = (struct epoll_event *)(void *)events;
    int most = cap < EVENTS_MAX ? (int)cap : EVENTS_MAX;
    bool is_fine = !fer_duration_is_none(timeout) && timeout.nanos % NANOS_PER_MILLI != 0;
    int found = is_fine ? wait_nanos(epoll_of(poller), raw_events, most, timeout)
                        : wait_millis(epoll_of(poller), raw_events, most, timeout);
    *notified = false;
    *count = 0;
    if (found < 0) {
        return ferp_posix_error_of(errno);
    }
    *count = translate(events, (size_t)found, notified);
    return (fer_error){FER_OK, 0};
}

#endif
