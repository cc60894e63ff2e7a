/* probes_posix.c: probes of kqueue, and of the end of a Unix socket. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#if defined(__APPLE__) || defined(__FreeBSD__)
#include <sys/event.h>
#include <sys/time.h>
#define HAS_KQUEUE 1
#else
#define HAS_KQUEUE 0
#endif

#include "platform/platform.h"
#include "selftest/probe.h"
#include "selftest/raw.h"

/* Of what the wait to write is notified if the write half of a Unix socket ends: by a shutdown of
 * its own, and by the peer's shutdown of the read half. The peer's queue is full. */
PROBE(unix_write_wait_misses_end, "platform/posix/traits.c")
{
    bool misses = true;
    for (int i = 0; i < 2; i++) {
        int two[2];
        need(socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0, "no pair: %s", raw_text(-1));
        (void)raw_fill(two[0]);
        (void)shutdown(two[i], i == 0 ? SHUT_WR : SHUT_RD);
        int bits = raw_poll(two[0], RAW_WRITE, 300);
        misses = misses && bits == 0;
        see("after a shutdown of %s poll reported %s", i == 0 ? "WRITE" : "the peer's READ",
            raw_poll_text(bits));
        raw_close(two[0]);
        raw_close(two[1]);
    }
    conclude_fact(ferp_traits()->unix_write_wait_misses_end, misses);
}

#if HAS_KQUEUE
static void see_event(const char *when, const struct kevent *event, int count)
{
    see("%s: %d events; flags%s%s%s, fflags %u, data %ld", when, count,
        (event->flags & EV_EOF) != 0 ? " EV_EOF" : "",
        (event->flags & EV_ERROR) != 0 ? " EV_ERROR" : "",
        (event->flags & EV_CLEAR) != 0 ? " EV_CLEAR" : "", (unsigned)event->fflags,
        (long)event->data);
}

/* bun PRs 37076 and 37077: a reset behind pending writes. */
PROBE(kqueue_reports_a_reset_to_a_writer, "tests/kqueue")
{
    raw_socket two[2];
    struct kevent event;
    struct timespec limit = {1, 0};
    raw_pair(two);
    int poller = kqueue();
    (void)raw_fill(two[0]);
    EV_SET(&event, (uintptr_t)two[0], EVFILT_WRITE, EV_ADD, 0, 0, 0);
    (void)kevent(poller, &event, 1, NULL, 0, NULL);
    raw_reset(two[1]);
    memset(&event, 0, sizeof event);
    int count = kevent(poller, NULL, 0, &event, 1, &limit);
    believe("an EVFILT_WRITE event with EV_EOF");
    see_event("after the reset", &event, count);
    conclude(count == 1 && (event.flags & EV_EOF) != 0);
    see("send: %s", raw_text(raw_send(two[0], "x", 1)));
}

/* A second EV_ADD must leave EV_CLEAR and EV_DISPATCH as they were, or not: the model of kqueue
 * decides. */
PROBE(kqueue_add_again, "tests/kqueue")
{
    raw_socket two[2];
    struct kevent event;
    struct timespec limit = {0, 200000000};
    raw_pair(two);
    int poller = kqueue();
    (void)raw_send(two[1], "x", 1);
    (void)raw_poll(two[0], RAW_READ, 2000);
    EV_SET(&event, (uintptr_t)two[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0);
    (void)kevent(poller, &event, 1, NULL, 0, NULL);
    int first = kevent(poller, NULL, 0, &event, 1, &limit);
    EV_SET(&event, (uintptr_t)two[0], EVFILT_READ, EV_ADD, 0, 0, 0);
    (void)kevent(poller, &event, 1, NULL, 0, NULL);
    int second = kevent(poller, NULL, 0, &event, 1, &limit);
    int third = kevent(poller, NULL, 0, &event, 1, &limit);
    believe("1 event, 1 after EV_ADD again");
    see("%d, %d after EV_ADD again without EV_CLEAR, then %d", first, second, third);
}
/* How many of the two halves are reported, if both are added in one call. */
static int count_halves(raw_socket two[2])
{
    struct kevent both[2];
    struct timespec limit = {1, 0};
    int seen = 0;
    int poller = kqueue();
    EV_SET(&both[0], (uintptr_t)two[0], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 0, 0);
    EV_SET(&both[1], (uintptr_t)two[0], EVFILT_WRITE, EV_ADD | EV_ONESHOT, 0, 0, 0);
    (void)kevent(poller, both, 2, NULL, 0, NULL);
    (void)raw_send(two[1], "x", 1);
    for (int i = 0, count = 1; i < 3 && count > 0 && seen != 3; i++) {
        struct kevent event;
        count = kevent(poller, NULL, 0, &event, 1, &limit);
        seen |= count <= 0 ? 0 : event.filter == EVFILT_READ ? 1 : 2;
    }
    (void)close(poller);
    return (seen & 1) + (seen >> 1);
}

/* corefx issue 30688: EVFILT_WRITE of a Unix socket never came. */
PROBE(kqueue_adds_both_filters, "platform/posix/poller_kqueue.c")
{
    raw_socket two[2];
    raw_pair(two);
    int of_tcp = count_halves(two);
    raw_close_pair(two);
    int of_unix = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0) {
        of_unix = count_halves(two);
        raw_close_pair(two);
    }
    believe("2 halves of a TCP stream, 2 of a Unix stream");
    see("%d halves of a TCP stream, %d of a Unix stream", of_tcp, of_unix);
    conclude(of_tcp == 2 && of_unix == 2);
}
#else
#define NO_KQUEUE(name)                               \
    PROBE(name, NULL)                                 \
    {                                                 \
        conclude_absent("this system has no kqueue"); \
    }
NO_KQUEUE(kqueue_reports_a_reset_to_a_writer)
NO_KQUEUE(kqueue_add_again)
NO_KQUEUE(kqueue_adds_both_filters)
#endif
