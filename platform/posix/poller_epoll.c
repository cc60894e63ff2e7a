/* poller_epoll.c: a poller on Linux. The kernel keeps the sockets and the user's keys; the poller
 * has only descriptors.
 *
 * A notification is a registered descriptor that is always ready: the write end of an empty pipe.
 * ferp_poller_notify re-arms it as one-shot. So no byte is written or read back, several
 * notifications merge into one, and each wakes one wait. Keys belong to the user, so the
 * notification is identified by EPOLLWRNORM, which no other registration requests. The descriptor
 * is no eventfd, because an eventfd has only EPOLLIN and EPOLLOUT. */
#include "platform/posix/posix.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_EPOLL

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The maximum number of events of one wait, as FAST_POLL_EVENTS_MAX of core/wait/poller.c. The
 * kernel accepts more, but checks that the whole array is in user memory. */
#define EVENTS_MAX 65536

/* Indexes into a poller's words. */
enum { AT_EPOLL, AT_WAKER, AT_WAKER_READ_END };

static int epoll_of(const fer_poller *poller)
{
    return (int)poller->p_.system_[AT_EPOLL];
}

static int waker_of(const fer_poller *poller)
{
    return (int)poller->p_.system_[AT_WAKER];
}

/* ---- Registered sockets */

/* The bits of each interest. EPOLLRDHUP is never reported without EPOLLIN (tcp_poll, unix_poll), so
 * it makes no more events beside it. epoll reports a hang-up and a failure even if they are not
 * requested (epoll_ctl(2)). A socket with no interest would end every wait from then on, so it is
 * registered as one-shot. */
#define EVENTS(interest)                                           \
    (((interest) == 0 ? (uint32_t)EPOLLONESHOT : 0) |              \
     (((interest)&FER_READABLE) != 0 ? EPOLLIN | EPOLLRDHUP : 0) | \
     (((interest)&FER_WRITABLE) != 0 ? EPOLLOUT : 0) |             \
     (((interest)&FER_PRIORITY) != 0 ? EPOLLPRI : 0) |             \
     (((interest)&FER_READ_CLOSED) != 0 ? EPOLLRDHUP : 0))
#define FOUR_EVENTS(first) \
    EVENTS(first), EVENTS((first) + 1), EVENTS((first) + 2), EVENTS((first) + 3)
static const uint32_t events_of[16] = {FOUR_EVENTS(0), FOUR_EVENTS(4), FOUR_EVENTS(8),
                                       FOUR_EVENTS(12)};
static const uint32_t bits_of[] = {
    [FER_POLL_ONESHOT] = EPOLLONESHOT,
    [FER_POLL_LEVEL] = 0,
    [FER_POLL_EDGE] = EPOLLET,
    [FER_POLL_EDGE_ONESHOT] = (uint32_t)EPOLLET | EPOLLONESHOT,
};

static uint32_t system_events(fer_event interest, fer_poll_mode mode)
{
    return events_of[interest.interest] | bits_of[mode];
}

/* After a failed epoll_ctl. EPERM: a file that epoll does not support (epoll_ctl(2)). Out of line,
 * so that it costs a call that succeeds nothing. */
__attribute__((noinline, cold)) static fer_error control_error(void)
{
    return errno == EPERM ? (fer_error){FER_UNSUPPORTED, EPERM} : ferp_posix_error_of(errno);
}

static fer_error control(const fer_poller *poller, int operation, fer_raw_socket raw,
                         uint32_t events, uint64_t key)
{
    /* The poller's own descriptors cannot be registered, modified or deleted. The kernel refuses
     * the other cases: the epoll descriptor, a second registration of the waker, and a read end
     * that is not registered. */
    size_t own = operation == EPOLL_CTL_ADD ? AT_WAKER_READ_END : AT_WAKER;
    bool is_own = (uintptr_t)raw == poller->p_.system_[own];
    if ((uintptr_t)raw > INT_MAX || is_own) {
        return ferp_posix_error_of(EBADF);
    }
    struct epoll_event event = {.events = events, .data.u64 = key};
    int returned = epoll_ctl(epoll_of(poller), operation, (int)raw, &event);
    return returned < 0 ? control_error() : (fer_error){FER_OK, 0};
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    return control(poller, EPOLL_CTL_ADD, raw, system_events(interest, mode), interest.key);
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    return control(poller, EPOLL_CTL_MOD, raw, system_events(interest, mode), interest.key);
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    return control(poller, EPOLL_CTL_DEL, raw, 0, 0);
}

/* ---- The poller */

/* EPOLLONESHOT disarms the waker when it is reported. */
static fer_error arm_waker(const fer_poller *poller, int operation, uint32_t events)
{
    struct epoll_event event = {0};
    event.events = events | (uint32_t)EPOLLONESHOT;
    return ferp_posix_result(epoll_ctl(epoll_of(poller), operation, waker_of(poller), &event));
}

static void close_waker(const fer_poller *poller)
{
    close(waker_of(poller));
    close((int)poller->p_.system_[AT_WAKER_READ_END]);
}

/* Registers the waker without events: it reports nothing until it is armed. */
static fer_error add_waker(fer_poller *poller)
{
    int ends[2];
    FER_TRY(ferp_posix_result(ferp_posix_wake_pipe(ends, true)));
    poller->p_.system_[AT_WAKER_READ_END] = (uintptr_t)ends[0];
    poller->p_.system_[AT_WAKER] = (uintptr_t)ends[1];
    fer_error err = arm_waker(poller, EPOLL_CTL_ADD, 0);
    if (err.kind != FER_OK) {
        close_waker(poller);
    }
    return err;
}

/* An epoll descriptor with close-on-exec, or -1. If epoll_create1 is refused, epoll_create makes it
 * on the processors that have this call; its argument has no meaning (epoll_create(2)). */
static int new_epoll(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 && ferp_posix_is_refusal(errno)) {
        epoll = epoll_create(1);
        if (epoll >= 0) {
            (void)ioctl(epoll, FIOCLEX); /* fails for no descriptor */
        }
    }
    return epoll;
}

fer_error ferp_poller_open(fer_poller *poller)
{
    int epoll = new_epoll();
    FER_TRY(ferp_posix_result(epoll));
    poller->p_.system_[AT_EPOLL] = (uintptr_t)epoll;
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

/* Async-signal-safe: epoll_ctl is a plain system call. */
fer_error ferp_poller_notify(fer_poller *poller)
{
    int before = errno;
    fer_error err = arm_waker(poller, EPOLL_CTL_MOD, (uint32_t)EPOLLWRNORM);
    errno = before;
    return err;
}

fer_raw_socket ferp_poller_raw(const fer_poller *poller)
{
    return (fer_raw_socket)epoll_of(poller);
}

/* ---- Waiting */

_Static_assert(sizeof(struct epoll_event) <= sizeof(fer_event),
               "the system's events fit into the caller's array");

#define READINESS_BITS (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP)
_Static_assert(READINESS_BITS == 31, "the reported bits are the five low bits");

/* EPOLLRDHUP becomes the bit above them. */
#define END_BIT 32u
#define INDEX(bits) \
    (((bits)&READINESS_BITS) | ((bits) / ((uint32_t)EPOLLRDHUP / END_BIT) & END_BIT))
#define ONE(bits)                                                            \
    ((((bits) & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 ? FER_READABLE : 0) |  \
     (((bits) & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0 ? FER_WRITABLE : 0) | \
     (((bits)&EPOLLPRI) != 0 ? FER_PRIORITY : 0) |                           \
     (((bits) & (END_BIT | EPOLLHUP)) != 0 ? FER_READ_CLOSED : 0) |          \
     (((bits)&EPOLLHUP) != 0 ? FER_WRITE_CLOSED : 0) | (((bits)&EPOLLERR) != 0 ? FER_FAILED : 0))
#define FOUR(bits) ONE(bits), ONE((bits) + 1), ONE((bits) + 2), ONE((bits) + 3)
#define HALF(bits)                                                                        \
    FOUR(bits), FOUR((bits) + 4), FOUR((bits) + 8), FOUR((bits) + 12), FOUR((bits) + 16), \
        FOUR((bits) + 20), FOUR((bits) + 24), FOUR((bits) + 28)
static const uint8_t readiness_of[64] = {HALF(0), HALF(32)};

/* Only the notification is neither readable nor writable. It is removed; later events move up. */
static size_t remove_notification(fer_event *events, size_t count)
{
    size_t at = 0;
    while (events[at].interest != 0) {
        at++;
    }
    memmove(events + at, events + at + 1, (count - at - 1) * sizeof *events);
    return count - 1;
}

struct converted {
    size_t count;
    bool notified;
};

/* The system stored its smaller events in the caller's array. Converts them in place, from the last
 * to the first. Returns the number of the caller's events. Not inlined: a wait that finds nothing
 * saves no registers for it. */
__attribute__((noinline)) static struct converted convert_events(fer_event *events, size_t count)
{
    uint32_t seen = 0;
#pragma GCC unroll 4
    for (size_t i = count; i-- > 0;) {
        struct epoll_event event;
        memcpy(&event, (const char *)events + i * sizeof event, sizeof event);
        seen |= event.events;
        events[i] =
            (fer_event){.key = event.data.u64, .interest = readiness_of[INDEX(event.events)]};
    }
    bool notified = (seen & (uint32_t)EPOLLWRNORM) != 0;
    return (struct converted){notified ? remove_notification(events, count) : count, notified};
}

static int wait_millis(int epoll, struct epoll_event *events, int cap, fer_duration timeout)
{
    return epoll_wait(epoll, events, cap, ferp_posix_millis(timeout));
}

#if FERP_HAS_EPOLL_PWAIT2

/* epoll_pwait2 needs Linux 5.11. A container's filter may reject it with EPERM instead of ENOSYS
 * (ivykis, pull request 33), so any failure but EINTR falls back to epoll_wait. A fault of the
 * poller itself fails there too. */
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

static int wait_for_events(int epoll, struct epoll_event *events, int cap, fer_duration timeout)
{
    if (timeout.nanos == 0) {
        return wait_millis(epoll, events, cap, timeout);
    }
    bool is_fine =
        timeout.nanos != FER_DURATION_NONE_NANOS && timeout.nanos % FERP_NANOS_PER_MILLI != 0;
    return is_fine ? wait_nanos(epoll, events, cap, timeout)
                   : wait_millis(epoll, events, cap, timeout);
}

fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    struct epoll_event *raw_events = (struct epoll_event *)(void *)events;
    int limit = cap < EVENTS_MAX ? (int)cap : EVENTS_MAX;
    int found = wait_for_events(epoll_of(poller), raw_events, limit, timeout);
    *notified = false;
    *count = 0;
    if (found < 0) {
        return errno == EINTR ? ferp_posix_waited_error(errno) : ferp_posix_error_of(errno);
    }
    if (found > 0) {
        struct converted converted = convert_events(events, (size_t)found);
        *notified = converted.notified;
        *count = converted.count;
    }
    return (fer_error){FER_OK, 0};
}

#endif
