/* test_poller_epoll.c: platform/posix/poller_epoll.c without epoll_pwait2, the wait with
 * nanoseconds, and with an epoll_ctl that fails. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <errno.h>

#include "platform/platform.h"
#include "support/group.h"

enum { NANOS = 1500001 };

/* The errno of the replaced calls (epoll_ctl: 0 for none), and the number of the waits. */
static int control_errno;
static int epoll_errno;
static int epoll_calls;

#ifdef __linux__
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Replaces the function of the C library. */
int epoll_pwait2(int epoll, struct epoll_event *events, int cap, const struct timespec *timeout,
                 const sigset_t *mask)
{
    epoll_calls++;
    errno = epoll_errno;
    return -1;
}

/* musl defines it beside calls that are not replaced. */
#ifdef __GLIBC__
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    errno = control_errno;
    return control_errno != 0 ? -1 : (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}
#endif
#endif

static fer_error wait_briefly(fer_poller *poller)
{
    fer_event event;
    size_t count = 77;
    bool notified = true;
    epoll_calls = 0;
    fer_error err = ferp_poller_wait(poller, &event, 1, (fer_duration){NANOS}, &count, &notified);
    assert_true(count == 0 && !notified);
    if (epoll_calls == 0) {
        ferp_poller_close(poller);
        print_message("[  REASON  ] this system's poller has no epoll_pwait2\n");
        skip();
    }
    return err;
}

/* ENOSYS: an older kernel. EPERM: the seccomp filter of a container. */
TEST(a_wait_that_is_refused_waits_by_milliseconds)
{
    static const int errnos[] = {ENOSYS, EPERM};
    fer_poller poller = {0};
    assert_int_equal(ferp_poller_open(&poller).kind, FER_OK);
    for (size_t i = 0; i < 2; i++) {
        epoll_errno = errnos[i];
        uint64_t start = ferp_now();
        assert_int_equal(wait_briefly(&poller).kind, FER_OK);
        assert_true(ferp_now() - start >= NANOS);
        assert_int_equal(epoll_calls, 1);
    }
    ferp_poller_close(&poller);
}

/* The caller of the seam retries with the remaining time. */
TEST(a_signal_ends_the_wait)
{
    fer_poller poller = {0};
    assert_int_equal(ferp_poller_open(&poller).kind, FER_OK);
    epoll_errno = EINTR;
    assert_int_equal(wait_briefly(&poller).kind, FER_INTERRUPTED);
    ferp_poller_close(&poller);
}

/* P6: a signal handler may notify, so errno is kept, also by a call that fails. */
TEST(a_notification_keeps_errno)
{
    static const int errnos[] = {0, ENOMEM};
    fer_poller poller = {0};
    assert_int_equal(ferp_poller_open(&poller).kind, FER_OK);
    for (size_t i = 0; i < 2; i++) {
        control_errno = errnos[i];
        errno = EDOM;
        fer_error error = ferp_poller_notify(&poller);
        int after = errno;
        control_errno = 0;
        assert_int_equal(after, EDOM);
        assert_true(error.kind == FER_OK || error.os_code == errnos[i]);
    }
    ferp_poller_close(&poller);
}

TEST_MAIN("poller_epoll")
