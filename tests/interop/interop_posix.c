/* interop_posix.c: raw sockets passed between ferrule and code that calls POSIX itself, in both
 * directions (rules R1, R2, T6). A listener from another program: activation_posix.c. Descriptors
 * that each handle type adopts or refuses: adoption_posix.c. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "interop/adoption.h"
#include "interop/interop_posix.h"
#include "support/fixture.h"

enum { TIMEOUT_MS = 52 };

/* ---- State read from adopted sockets */

static const struct connected {
    handle_type_id type;
    int (*create)(int *other);
} connected_kinds[] = {{TCP_STREAM, tcp_connected},
                       {UDP_SOCKET, udp_connected},
                       {UNIX_STREAM, unix_stream_end},
                       {UNIX_DATAGRAM, unix_datagram_end}};

#define EACH_KIND(rule, function) KINDS_TEST(rule, function, int, close)

static void set_nonblocking(int fd, bool nonblocking)
{
    int modes = fcntl(fd, F_GETFL);
    assert_int_equal(fcntl(fd, F_SETFL, nonblocking ? modes | O_NONBLOCK : modes & ~O_NONBLOCK), 0);
}

static void set_timeout(int fd, int option, int milliseconds)
{
    struct timeval value = {.tv_usec = milliseconds * 1000};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, option, &value, sizeof value), 0);
}

/* R1: "after it has queried its type and state": a mode that was set before applies to the handle.
 * So does a mode that the program sets later through the number (T6). */
EACH_KIND("R1", a_mode_that_was_set_outside_is_respected)
{
    size_t n = 0;
    char byte = '\0';
    set_nonblocking(ends[0], true);
    assert_ok(type->from_raw(handle, ends[0]));
    assert_kind(type->receive(handle, &byte, 1, &n), FER_WOULD_BLOCK);
    set_timeout(ends[0], SO_RCVTIMEO, TIMEOUT_MS);
    set_nonblocking(ends[0], false);
    assert_own(type->receive(handle, &byte, 1, &n), FER_TIMED_OUT);
    set_nonblocking(ends[0], true);
    assert_kind(type->receive(handle, &byte, 1, &n), FER_WOULD_BLOCK);
    assert_ok(fer_socket_set_nonblocking(type->as_socket(handle), false));
    assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    assert_own(type->receive(handle, &byte, 1, &n), FER_TIMED_OUT);
}

/* R1: the same for a listener. The streams that it accepts are blocking and have no timeout
 * (T6). */
RULE_TEST("R1", a_nonblocking_listener_accepts_blocking_streams)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listener();
    fer_tcp_stream *stream = test_stream();
    fer_duration timeout = {0};
    int fd = plain_listener(&port);
    set_nonblocking(fd, true);
    set_timeout(fd, SO_RCVTIMEO, TIMEOUT_MS);
    assert_ok(fer_tcp_listener_from_raw(listener, fd));
    assert_kind(fer_tcp_listener_accept(listener, stream, NULL), FER_WOULD_BLOCK);
    int other = plain_connection(port);
    assert_true(peer_raw_wait_readable(fd));
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_int_equal(fcntl((int)fer_tcp_stream_as_raw(stream), F_GETFL) & O_NONBLOCK, 0);
    assert_ok(fer_tcp_stream_read_timeout(stream, &timeout));
    assert_true(timeout.nanos == FER_DURATION_NONE_NANOS);
    assert_int_equal(close(other), 0);
}

/* ---- Sockets that into_raw and as_raw return */

static bool would_block(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK;
}

/* R1: "into_raw releases the socket to the caller, with the mode and the timeouts that were set
 * applied to it": recv waits that long, or not at all. poll and send work as on any other
 * descriptor. */
EACH_KIND("R1", plain_calls_work_on_what_into_raw_gives)
{
    char byte = '\0';
    assert_ok(type->from_raw(handle, ends[0]));
    assert_ok(fer_socket_set_read_timeout(type->as_socket(handle), millis(TIMEOUT_MS)));
    assert_true(type->into_raw(handle) == ends[0]);
    uint64_t start = peer_now_us();
    assert_true(recv(ends[0], &byte, 1, 0) == -1 && would_block(errno));
    assert_true(microseconds_since(start) + SYSTEM_TIMEOUT_SLACK_US >= TIMEOUT_MS * 1000);
    assert_true(plain_carries(ends[1], ends[0]) && plain_carries(ends[0], ends[1]));
    assert_ok(type->from_raw(handle, ends[0]));
    assert_ok(fer_socket_set_read_timeout(type->as_socket(handle), FER_DURATION_NONE));
    assert_ok(fer_socket_set_nonblocking(type->as_socket(handle), true));
    assert_true(type->into_raw(handle) == ends[0]);
    /* There is no timeout, so a blocking recv would never return. */
    assert_true(recv(ends[0], &byte, 1, 0) == -1 && would_block(errno));
    assert_true(plain_carries(ends[1], ends[0]));
    assert_int_equal(close(ends[0]), 0);
}

/* R2: a descriptor that the program duplicated itself works like a clone: each is closed on its
 * own. */
EACH_KIND("R2", a_duplicate_of_the_programs_own_stays_open)
{
    any_handle clone;
    memset(&clone, 0, sizeof clone);
    int kept = dup(ends[0]);
    assert_ok(type->from_raw(handle, ends[0]));
    assert_ok(type->try_clone(handle, &clone));
    assert_int_equal(fcntl((int)type->as_raw(&clone), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    type->close(handle);
    type->close(&clone);
    assert_int_equal(fcntl(ends[0], F_GETFD), -1);
    assert_true(plain_carries(ends[1], kept) && plain_carries(kept, ends[1]));
    assert_int_equal(close(kept), 0);
}

enum { BLOCKING, NONBLOCKING, TRYING, WITH_TIMEOUT, WITH_DEADLINE, ACCEPTS };

static fer_error accept_of_shut(int how, int mode)
{
    const fer_limits limits = {.deadline = fer_instant_after(millis(5000))};
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    fer_unix_listener listener = {0};
    fer_unix_stream stream = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&unnamed, sizeof unnamed.sun_family), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(shutdown(fd, how), 0);
    assert_ok(fer_unix_listener_from_raw(&listener, fd));
    assert_ok(fer_unix_listener_set_nonblocking(&listener, mode == NONBLOCKING));
    if (mode == WITH_TIMEOUT) {
        assert_ok(
            fer_socket_set_read_timeout(fer_unix_listener_as_socket(&listener), millis(5000)));
    }
    assert_ok(fer_unix_listener_set_limits(&listener, mode == WITH_DEADLINE ? &limits : NULL));
    fer_error error = mode == TRYING ? fer_unix_listener_try_accept(&listener, &stream, NULL)
                                     : fer_unix_listener_accept(&listener, &stream, NULL);
    fer_unix_listener_close(&listener);
    return error;
}

/* L3: "A listener that the system has shut down is NOT_CONNECTED", in every mode. ferrule has no
 * such call, so the program makes it by the number. */
RULE_TEST("L3", a_listener_that_the_program_shut_down_is_not_connected)
{
#ifndef __linux__
    skip_because("row listener_gone: here a wait for such a listener ends only at its timeout");
#endif
    for (int mode = BLOCKING; mode < ACCEPTS; mode++) {
        assert_kind(accept_of_shut(SHUT_RD, mode), FER_NOT_CONNECTED);
        assert_kind(accept_of_shut(SHUT_RDWR, mode), FER_NOT_CONNECTED);
    }
}

static RULE_TESTS_AS(interop_tests, "interop")

    int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], ACTIVATED) == 0) {
        return activated_main();
    }
    activation_program(arguments[0]);
    /* fork_tests come before a thread of an abandoned lookup can be left: ThreadSanitizer lets a
     * child of a process with several threads start none. */
    return adoption_tests() + system_adoption_tests() + foreign_tests() + activation_tests() +
           fork_tests() + interop_tests();
}
