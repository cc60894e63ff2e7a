/* test_kqueue.c: the properties of kqueue(2) on which platform/posix/poller_kqueue.c relies. On
 * macOS and FreeBSD the tests run against the kernel; on Linux they run against the model of
 * tests/kqueue, which must behave the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "support/group.h"

enum { TIMEOUT_S = 10, USER = 7 };

static int kq = -1;
static int pair[2] = {-1, -1}; /* Unix streams */
static const struct timespec zero_timeout = {0, 0};
static const struct timespec long_timeout = {TIMEOUT_S, 0};

static int begin(void **state)
{
    kq = kqueue();
    return kq < 0 ? -1 : socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static int end(void **state)
{
    (void)close(kq);
    (void)close(pair[0]);
    (void)close(pair[1]);
    return 0;
}

#define KQUEUE_TEST(function) TEST_WITH(function, begin, end)

/* Applies one change and returns its errno. */
static int change(int fd, int filter, int flags, unsigned notes, uintptr_t key)
{
    struct kevent receipt;
    EV_SET(&receipt, (uintptr_t)fd, (short)filter, (unsigned short)(flags | EV_RECEIPT), notes, 0,
           (void *)key);
    assert_int_equal(kevent(kq, &receipt, 1, &receipt, 1, &zero_timeout), 1);
    assert_true((receipt.flags & EV_ERROR) != 0);
    return (int)receipt.data;
}

#define assert_changed(...) assert_int_equal(change(__VA_ARGS__), 0)

static void assert_event(int fd, int filter, uintptr_t key)
{
    struct kevent event;
    assert_int_equal(kevent(kq, NULL, 0, &event, 1, &long_timeout), 1);
    assert_int_equal(event.ident, fd);
    assert_int_equal(event.filter, filter);
    assert_int_equal((uintptr_t)event.udata, key);
    assert_true((event.flags & EV_ERROR) == 0);
}

static void assert_no_event(void)
{
    struct kevent events[4];
    assert_int_equal(kevent(kq, NULL, 0, events, 4, &zero_timeout), 0);
}

static void write_byte(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static void read_byte(int fd)
{
    char byte;
    assert_int_equal(read(fd, &byte, 1), 1);
}

/* A TCP connection over loopback. */
static void connect_tcp(int ends[2])
{
    struct sockaddr_in to;
    socklen_t size = sizeof to;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&to, sizeof to), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    assert_int_equal(close(listener), 0);
}

/* ---- Changes */

KQUEUE_TEST(a_missing_registration_is_enoent)
{
    static const int filters[] = {EVFILT_READ, EVFILT_WRITE, EVFILT_USER};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(change(pair[0], filters[i], EV_DELETE, 0, 0), ENOENT);
        assert_int_equal(change(pair[0], filters[i], EV_DISABLE, 0, 0), ENOENT);
        assert_int_equal(change(pair[0], filters[i], EV_ENABLE, 0, 0), ENOENT);
    }
}

KQUEUE_TEST(each_receipt_answers_its_change_and_none_keeps_the_next_from_being_made)
{
    struct kevent changes[3];
    EV_SET(&changes[0], (uintptr_t)pair[0], EVFILT_READ, EV_DELETE | EV_RECEIPT, 0, 0, NULL);
    EV_SET(&changes[1], (uintptr_t)pair[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, NULL);
    EV_SET(&changes[2], (uintptr_t)pair[0], EVFILT_READ, EV_DELETE | EV_RECEIPT, 0, 0, NULL);
    write_byte(pair[1]);
    assert_int_equal(kevent(kq, changes, 3, changes, 3, &zero_timeout), 3);
    assert_int_equal(changes[0].data, ENOENT);
    assert_int_equal(changes[1].data, 0);
    assert_int_equal(changes[2].data, 0);
    assert_no_event();
}

/* The new key applies, but the flag EV_ONESHOT remains. */
KQUEUE_TEST(a_registration_that_is_added_again_keeps_its_flags)
{
    assert_changed(pair[0], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 1);
    assert_changed(pair[0], EVFILT_READ, EV_ADD, 0, 2);
    write_byte(pair[1]);
    assert_event(pair[0], EVFILT_READ, 2);
    assert_no_event();
    assert_int_equal(change(pair[0], EVFILT_READ, EV_DELETE, 0, 0), ENOENT);
}

KQUEUE_TEST(a_disabled_registration_reports_nothing_until_it_is_enabled)
{
    write_byte(pair[1]);
    assert_changed(pair[0], EVFILT_READ, EV_ADD | EV_DISABLE, 0, 1);
    assert_changed(pair[0], EVFILT_READ, EV_DISABLE, 0, 1);
    assert_no_event();
    assert_changed(pair[0], EVFILT_READ, EV_ENABLE, 0, 1);
    assert_event(pair[0], EVFILT_READ, 1);
    assert_changed(pair[0], EVFILT_READ, EV_DISABLE, 0, 1);
    assert_no_event();
}

/* This holds even if other descriptors share the socket. A user knote belongs to no descriptor. */
KQUEUE_TEST(a_close_takes_away_the_descriptors_knotes)
{
    int clone = dup(pair[0]);
    int number = pair[0];
    assert_changed(number, EVFILT_READ, EV_ADD, 0, 1);
    assert_changed(number, EVFILT_USER, EV_ADD | EV_DISABLE, 0, 0);
    write_byte(pair[1]);
    assert_int_equal(close(number), 0);
    assert_no_event();
    pair[0] = dup(clone);
    assert_int_equal(pair[0], number);
    assert_no_event();
    assert_int_equal(change(number, EVFILT_READ, EV_DELETE, 0, 0), ENOENT);
    assert_changed(number, EVFILT_USER, EV_DELETE, 0, 0);
    assert_int_equal(close(clone), 0);
}

/* ---- Events */

KQUEUE_TEST(a_level_is_reported_until_it_is_not_ready_and_moves_to_the_end)
{
    write_byte(pair[0]);
    write_byte(pair[1]);
    assert_changed(pair[0], EVFILT_READ, EV_ADD, 0, 1);
    assert_changed(pair[1], EVFILT_READ, EV_ADD, 0, 2);
    for (int i = 0; i < 3; i++) {
        assert_event(pair[0], EVFILT_READ, 1);
        assert_event(pair[1], EVFILT_READ, 2);
    }
    read_byte(pair[0]);
    assert_event(pair[1], EVFILT_READ, 2);
    assert_event(pair[1], EVFILT_READ, 2);
    read_byte(pair[1]);
    assert_no_event();
}

/* EV_CLEAR beside EV_ONESHOT has no effect, but it is reported. */
KQUEUE_TEST(a_oneshot_registration_is_removed_by_its_event_which_has_its_flags)
{
    const int flags[] = {EV_ONESHOT, EV_ONESHOT | EV_CLEAR};
    write_byte(pair[1]);
    for (size_t i = 0; i < 2; i++) {
        struct kevent event;
        assert_changed(pair[0], EVFILT_READ, EV_ADD | flags[i], 0, 1);
        assert_int_equal(kevent(kq, NULL, 0, &event, 1, &long_timeout), 1);
        assert_int_equal(event.flags & (EV_ONESHOT | EV_CLEAR), flags[i]);
        assert_no_event();
        assert_int_equal(change(pair[0], EVFILT_READ, EV_DELETE, 0, 0), ENOENT);
    }
}

KQUEUE_TEST(an_edge_is_reported_whenever_a_byte_arrives)
{
    write_byte(pair[1]);
    assert_changed(pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1);
    for (int i = 0; i < 3; i++) {
        assert_event(pair[0], EVFILT_READ, 1);
        assert_no_event();
        write_byte(pair[1]);
    }
}

KQUEUE_TEST(many_triggers_fold_into_one)
{
    assert_changed(USER, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0);
    assert_no_event();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            assert_changed(USER, EVFILT_USER, 0, NOTE_TRIGGER, 0);
        }
        assert_event(USER, EVFILT_USER, 0);
        assert_no_event();
    }
}

/* ---- End of file and reset */

static struct kevent wait_for_eof(int filter)
{
    struct kevent event;
    do {
        assert_int_equal(kevent(kq, NULL, 0, &event, 1, &long_timeout), 1);
    } while (event.filter != filter || (event.flags & EV_EOF) == 0);
    return event;
}

KQUEUE_TEST(the_peers_end_is_that_of_the_filter_that_reads)
{
    int ends[2];
    struct kevent event;
    connect_tcp(ends);
    assert_changed(ends[0], EVFILT_READ, EV_ADD, 0, 1);
    assert_no_event();
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    event = wait_for_eof(EVFILT_READ);
    assert_int_equal(event.fflags, 0);
    assert_changed(ends[0], EVFILT_READ, EV_DELETE, 0, 0);
    assert_changed(ends[0], EVFILT_WRITE, EV_ADD, 0, 1);
    assert_int_equal(kevent(kq, NULL, 0, &event, 1, &long_timeout), 1);
    assert_true((event.flags & EV_EOF) == 0);
    assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
    event = wait_for_eof(EVFILT_WRITE);
    assert_int_equal(event.fflags, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* The error is in fflags until SO_ERROR is read. */
KQUEUE_TEST(a_reset_is_the_end_of_both_filters)
{
    static const int filters[] = {EVFILT_READ, EVFILT_WRITE};
    const struct linger none = {1, 0};
    int ends[2];
    int error = 0;
    socklen_t size = sizeof error;
    connect_tcp(ends);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
    assert_int_equal(close(ends[1]), 0);
    for (int taken = 0; taken < 2; taken++) {
        for (size_t i = 0; i < 2; i++) {
            assert_changed(ends[0], filters[i], EV_ADD, 0, 1);
            assert_int_equal(wait_for_eof(filters[i]).fflags, taken ? 0 : ECONNRESET);
            assert_changed(ends[0], filters[i], EV_DELETE, 0, 0);
        }
        assert_int_equal(getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &error, &size), 0);
    }
    assert_int_equal(getpeername(ends[0], (struct sockaddr *)&(struct sockaddr_in){0},
                                 &(socklen_t){sizeof(struct sockaddr_in)}),
                     -1);
    (void)close(ends[0]);
}

KQUEUE_TEST(a_stream_that_is_not_connected_is_not_writable)
{
    int fresh = socket(AF_INET, SOCK_STREAM, 0);
    assert_changed(fresh, EVFILT_READ, EV_ADD, 0, 1);
    assert_changed(fresh, EVFILT_WRITE, EV_ADD, 0, 1);
    assert_no_event();
    assert_int_equal(close(fresh), 0);
}

TEST_MAIN("kqueue")
