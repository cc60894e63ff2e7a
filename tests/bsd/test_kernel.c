/* test_kernel.c: the kernel in this process, without ferrule: its calls block, wake, expire and
 * report errors. If one of these tests fails, the results of the other suites mean nothing. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#ifdef __FreeBSD__
#include <sys/event.h>
#endif

#include "support/group.h"
#include "support/process.h"
#include "support/thread.h"

enum { LIMIT_MS = 10000, SHORT_MS = 30, FIRST_FD = 3 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
};

static socklen_t loopback(int family, union address *address)
{
    memset(address, 0, sizeof *address);
    address->any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof address->v4;
    }
    address->v6.sin6_addr.s6_addr[15] = 1;
    return sizeof address->v6;
}

/* Binds to a free port of the loopback address, which it returns in *address. */
static int bound(int family, int type, union address *address)
{
    socklen_t len = loopback(family, address);
    int fd = socket(family, type, 0);
    assert_true(fd >= FIRST_FD);
    assert_int_equal(bind(fd, &address->any, len), 0);
    assert_int_equal(getsockname(fd, &address->any, &len), 0);
    return fd;
}

static socklen_t size_of(const union address *address)
{
    return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

static void connect_tcp(int family, int ends[2])
{
    union address to;
    int listener = bound(family, SOCK_STREAM, &to);
    assert_int_equal(listen(listener, 5), 0);
    ends[0] = socket(family, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], &to.any, size_of(&to)), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= FIRST_FD);
    assert_int_equal(close(listener), 0);
}

static void close_both(const int ends[2])
{
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

static int wait_readable(int fd, int timeout_ms)
{
    struct pollfd entry = {fd, POLLIN, 0};
    int count = poll(&entry, 1, timeout_ms);
    assert_true(count == 0 || (entry.revents & POLLIN) != 0);
    return count;
}

static int64_t now_us(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void assert_sends_bytes(int from, int to)
{
    char got[8];
    assert_int_equal(write(from, "hello", 5), 5);
    assert_int_equal(wait_readable(to, LIMIT_MS), 1);
    assert_int_equal(read(to, got, sizeof got), 5);
    assert_memory_equal(got, "hello", 5);
}

/* ---- Sockets */

TEST(streams_pass_bytes_both_ways_and_end)
{
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        int ends[2];
        char byte;
        connect_tcp(families[i], ends);
        assert_sends_bytes(ends[0], ends[1]);
        assert_sends_bytes(ends[1], ends[0]);
        assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
        assert_int_equal(recv(ends[1], &byte, 1, 0), 0);
        close_both(ends);
    }
}

TEST(a_connect_to_a_closed_port_is_refused)
{
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        union address to;
        assert_int_equal(close(bound(families[i], SOCK_STREAM, &to)), 0);
        int fd = socket(families[i], SOCK_STREAM, 0);
        assert_int_equal(connect(fd, &to.any, size_of(&to)), -1);
        assert_int_equal(errno, ECONNREFUSED);
        assert_int_equal(close(fd), 0);
    }
}

TEST(a_reset_is_reported)
{
    const struct linger discard = {1, 0};
    int ends[2];
    char byte;
    connect_tcp(AF_INET, ends);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &discard, sizeof discard), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(recv(ends[1], &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(close(ends[1]), 0);
}

TEST(datagrams_arrive_with_their_source)
{
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        union address to;
        union address from;
        union address source;
        socklen_t len = sizeof source;
        char got[8];
        int receiver = bound(families[i], SOCK_DGRAM, &to);
        int sender = bound(families[i], SOCK_DGRAM, &from);
        assert_int_equal(sendto(sender, "abc", 3, 0, &to.any, size_of(&to)), 3);
        assert_int_equal(recvfrom(receiver, got, sizeof got, 0, &source.any, &len), 3);
        assert_int_equal(len, size_of(&from));
        assert_memory_equal(&source, &from, len);
        assert_int_equal(close(receiver), 0);
        assert_int_equal(close(sender), 0);
    }
}

TEST(the_loopback_interface_takes_a_multicast_group)
{
    struct ip_mreq group;
    union address unused;
    memset(&group, 0, sizeof group);
    group.imr_multiaddr.s_addr = htonl(UINT32_C(0xefff0001)); /* 239.255.0.1 */
    group.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
    int fd = bound(AF_INET, SOCK_DGRAM, &unused);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
    assert_int_equal(close(fd), 0);
}

TEST(pairs_and_pipes_pass_bytes)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_sends_bytes(ends[0], ends[1]);
    assert_sends_bytes(ends[1], ends[0]);
    close_both(ends);
    assert_int_equal(pipe(ends), 0);
    assert_sends_bytes(ends[1], ends[0]);
    close_both(ends);
}

TEST(a_unix_listener_is_found_by_its_path)
{
    char folder[] = "/tmp/kernel-XXXXXX";
    union address to;
    int ends[2];
    assert_non_null(mkdtemp(folder));
    memset(&to, 0, sizeof to);
    to.path.sun_family = AF_UNIX;
    (void)snprintf(to.path.sun_path, sizeof to.path.sun_path, "%s/listener", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, &to.any, sizeof to.path), 0);
    assert_int_equal(listen(listener, 1), 0);
    ends[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], &to.any, sizeof to.path), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_sends_bytes(ends[0], ends[1]);
    close_both(ends);
    assert_int_equal(close(listener), 0);
    ends[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], &to.any, sizeof to.path), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(unlink(to.path.sun_path), 0);
    assert_int_equal(connect(ends[0], &to.any, sizeof to.path), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- Time */

TEST(poll_waits_for_its_timeout_or_a_byte)
{
    int ends[2];
    char byte;
    connect_tcp(AF_INET, ends);
    int64_t start = now_us();
    assert_int_equal(wait_readable(ends[1], SHORT_MS), 0);
    assert_true(now_us() - start >= SHORT_MS * INT64_C(1000));
    assert_int_equal(send(ends[0], "x", 1, 0), 1);
    assert_int_equal(wait_readable(ends[1], -1), 1);
    assert_int_equal(recv(ends[1], &byte, 1, 0), 1);
    close_both(ends);
}

TEST(a_receive_timeout_expires)
{
    const struct timeval timeout = {0, SHORT_MS * 1000};
    int ends[2];
    char byte;
    connect_tcp(AF_INET, ends);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
    int64_t start = now_us();
    assert_int_equal(recv(ends[1], &byte, 1, 0), -1);
    assert_int_equal(errno, EWOULDBLOCK);
    assert_true(now_us() - start >= SHORT_MS * INT64_C(1000));
    close_both(ends);
}

/* ---- Wakes. Each of several threads waits for a byte, and all bytes come at the same time. */

enum { SLEEPERS = 10, ROUNDS = 60 };

struct sleeper {
    bool polls;
    int ends[2];
    test_thread thread;
};
static atomic_int received;
static atomic_int lost;

static void sleep_until_bytes_come(void *argument)
{
    struct sleeper *sleeper = argument;
    for (int i = 0; i < ROUNDS && atomic_load(&lost) == 0; i++) {
        struct pollfd entry = {sleeper->ends[1], POLLIN, 0};
        char byte;
        if ((sleeper->polls && poll(&entry, 1, LIMIT_MS) != 1) ||
            recv(sleeper->ends[1], &byte, 1, 0) != 1) {
            (void)atomic_fetch_add(&lost, 1);
        }
        (void)atomic_fetch_add(&received, 1);
    }
}

static void assert_no_wake_is_lost(bool polls)
{
    const struct timeval timeout = {LIMIT_MS / 1000, 0};
    struct sleeper sleepers[SLEEPERS];
    atomic_store(&received, 0);
    atomic_store(&lost, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i].polls = polls;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sleepers[i].ends), 0);
        assert_int_equal(
            setsockopt(sleepers[i].ends[1], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
        test_thread_start(&sleepers[i].thread, sleep_until_bytes_come, &sleepers[i]);
    }
    for (int round = 0; round < ROUNDS && atomic_load(&lost) == 0; round++) {
        while (atomic_load(&received) < round * SLEEPERS) {
            test_thread_yield();
        }
        assert_int_equal(poll(NULL, 0, 10), 0); /* the threads sleep now */
        for (int i = 0; i < SLEEPERS; i++) {
            assert_int_equal(send(sleepers[i].ends[0], "x", 1, 0), 1);
        }
    }
    for (int i = 0; i < SLEEPERS; i++) {
        test_thread_join(&sleepers[i].thread);
        close_both(sleepers[i].ends);
    }
    assert_int_equal(atomic_load(&lost), 0);
}

TEST(no_poll_misses_its_wake)
{
    assert_no_wake_is_lost(true);
}

TEST(no_receive_misses_its_wake)
{
    assert_no_wake_is_lost(false);
}

/* The shim of NetBSD looks for signals from the first handler on. */
TEST(no_wake_is_missed_between_two_checks_for_signals)
{
    assert_true(process_signals_start());
    process_signals_stop();
    assert_no_wake_is_lost(true);
    assert_no_wake_is_lost(false);
}

/* ---- kqueue. Over NetBSD's kernel the poller is poll(2). tests/unit/test_kqueue.c has the
 * properties on which the poller relies. */

#ifdef __FreeBSD__
static int wait_event(int kq, struct kevent *event, int timeout_ms)
{
    const struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    return kevent(kq, NULL, 0, event, 1, &timeout);
}

TEST(kqueue_reports_bytes_and_the_end)
{
    int ends[2];
    char byte;
    struct kevent event;
    int kq = kqueue();
    assert_true(kq >= FIRST_FD);
    connect_tcp(AF_INET, ends);
    EV_SET(&event, (uintptr_t)ends[1], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, NULL);
    assert_int_equal(kevent(kq, &event, 1, NULL, 0, NULL), 0);
    assert_int_equal(wait_event(kq, &event, SHORT_MS), 0);
    assert_int_equal(send(ends[0], "x", 1, 0), 1);
    assert_int_equal(wait_event(kq, &event, LIMIT_MS), 1);
    assert_int_equal(event.ident, ends[1]);
    assert_int_equal(event.data, 1);
    assert_int_equal(wait_event(kq, &event, 0), 0);
    assert_int_equal(recv(ends[1], &byte, 1, 0), 1);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(wait_event(kq, &event, LIMIT_MS), 1);
    assert_true((event.flags & EV_EOF) != 0);
    assert_int_equal(close(ends[1]), 0);
    EV_SET(&event, (uintptr_t)ends[1], EVFILT_READ, EV_ADD, 0, 0, NULL);
    assert_int_equal(kevent(kq, &event, 1, NULL, 0, NULL), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(close(kq), 0);
}
#endif

TEST_MAIN("kernel")
