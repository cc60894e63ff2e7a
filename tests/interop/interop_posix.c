/* interop_posix.c: raw sockets passed between ferrule and code that calls POSIX itself, in both
 * directions (rules R1, R2, T6). A listener from another program: activation_posix.c. Descriptors
 * that each handle type adopts or refuses: adoption_posix.c. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "interop/handle_types.h"
#include "interop/interop_posix.h"
#include "interop/sockets_posix.h"
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

enum { CONNECTED_KINDS = sizeof connected_kinds / sizeof connected_kinds[0] };

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

/* R1: "learns the socket's type and state": a mode that was set before applies to the handle. So
 * does a mode that the program sets later through the number (T6). */
static void a_mode_that_was_set_outside_is_respected(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct handle_type *type = &handle_types[connected_kinds[i].type];
        any_handle handle;
        int other = NONE;
        size_t n = 0;
        char byte = '\0';
        memset(&handle, 0, sizeof handle);
        int fd = connected_kinds[i].create(&other);
        set_nonblocking(fd, true);
        assert_ok(type->from_raw(&handle, fd));
        assert_kind(type->receive(&handle, &byte, 1, &n), FER_WOULD_BLOCK);
        set_timeout(fd, SO_RCVTIMEO, TIMEOUT_MS);
        set_nonblocking(fd, false);
        assert_own(type->receive(&handle, &byte, 1, &n), FER_TIMED_OUT);
        set_nonblocking(fd, true);
        assert_kind(type->receive(&handle, &byte, 1, &n), FER_WOULD_BLOCK);
        assert_ok(type->set_nonblocking(&handle, false));
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        assert_own(type->receive(&handle, &byte, 1, &n), FER_TIMED_OUT);
        type->close(&handle);
        assert_int_equal(close(other), 0);
    }
}

/* R1: the same for a listener. The streams that it accepts are blocking and have no timeout
 * (T6). */
static void a_nonblocking_listener_accepts_blocking_streams(void **state)
{
    (void)state;
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

/* R1, T5: the getters return timeouts that were set with SO_RCVTIMEO and SO_SNDTIMEO, also if they
 * were set later. */
static void timeouts_that_were_set_outside_are_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct handle_type *type = &handle_types[connected_kinds[i].type];
        any_handle handle;
        fer_duration got = {0};
        int other = NONE;
        memset(&handle, 0, sizeof handle);
        int fd = connected_kinds[i].create(&other);
        set_timeout(fd, SO_RCVTIMEO, TIMEOUT_MS);
        assert_ok(type->from_raw(&handle, fd));
        assert_ok(type->read_timeout(&handle, &got));
        assert_in_range(got.nanos, 52000000, 72000000);
        assert_ok(type->write_timeout(&handle, &got));
        assert_true(got.nanos == FER_DURATION_NONE_NANOS);
        set_timeout(fd, SO_RCVTIMEO, 0);
        set_timeout(fd, SO_SNDTIMEO, TIMEOUT_MS);
        assert_ok(type->read_timeout(&handle, &got));
        assert_true(got.nanos == FER_DURATION_NONE_NANOS);
        assert_ok(type->write_timeout(&handle, &got));
        assert_in_range(got.nanos, 52000000, 72000000);
        type->close(&handle);
        assert_int_equal(close(other), 0);
    }
}

/* R1: both ends of a socketpair as ferrule's streams: bytes, end of file, and no names. */
static void a_socketpair_is_two_unix_streams(void **state)
{
    (void)state;
    int ends[2];
    fer_unix_stream one = {0};
    fer_unix_stream other = {0};
    fer_unix_addr name;
    char got[8] = {0};
    size_t n = 77;
    plain_unix_pair(SOCK_STREAM, ends);
    assert_ok(fer_unix_stream_from_raw(&one, ends[0]));
    assert_ok(fer_unix_stream_from_raw(&other, ends[1]));
    assert_ok(fer_unix_stream_peer_addr(&one, &name));
    assert_true(fer_unix_addr_is_unnamed(&name));
    assert_ok(fer_unix_stream_write_all(&one, "a pair", 6, NULL));
    assert_ok(fer_unix_stream_shutdown(&one, FER_SHUTDOWN_WRITE));
    assert_ok(fer_unix_stream_read_to_end(&other, got, sizeof got, &n));
    assert_int_equal(n, 6);
    assert_memory_equal(got, "a pair", 6);
    fer_unix_stream_close(&one);
    fer_unix_stream_close(&other);
}

/* ---- Sockets that into_raw and as_raw return */

static bool would_block(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK;
}

/* R1: "into_raw gives ownership up, with the mode and timeouts that the user set really on the
 * socket": recv waits that long, or not at all. poll and send work as on any other descriptor. */
static void plain_calls_work_on_what_into_raw_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct handle_type *type = &handle_types[connected_kinds[i].type];
        any_handle handle;
        int other = NONE;
        char byte = '\0';
        memset(&handle, 0, sizeof handle);
        assert_ok(type->from_raw(&handle, connected_kinds[i].create(&other)));
        assert_ok(type->set_read_timeout(&handle, millis(TIMEOUT_MS)));
        int fd = (int)type->into_raw(&handle);
        uint64_t start = peer_now_us();
        assert_true(recv(fd, &byte, 1, 0) == -1 && would_block(errno));
        assert_true(microseconds_since(start) + SYSTEM_TIMEOUT_SLACK_US >= TIMEOUT_MS * 1000);
        assert_true(plain_carries(other, fd) && plain_carries(fd, other));
        assert_ok(type->from_raw(&handle, fd));
        assert_ok(type->set_read_timeout(&handle, FER_DURATION_NONE));
        assert_ok(type->set_nonblocking(&handle, true));
        assert_true(type->into_raw(&handle) == fd);
        /* There is no timeout, so a blocking recv would never return. */
        assert_true(recv(fd, &byte, 1, 0) == -1 && would_block(errno));
        assert_true(plain_carries(other, fd));
        assert_int_equal(close(fd), 0);
        assert_int_equal(close(other), 0);
    }
}

/* R1: poll, select, ioctl and the options work on a descriptor from as_raw, and the handle
 * continues to work. */
static void plain_calls_may_check_what_as_raw_lends(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct handle_type *type = &handle_types[connected_kinds[i].type];
        any_handle handle;
        int other = NONE;
        char byte = '\0';
        size_t n = 0;
        memset(&handle, 0, sizeof handle);
        assert_ok(type->from_raw(&handle, connected_kinds[i].create(&other)));
        int fd = (int)type->as_raw(&handle);
        struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT};
        assert_int_equal(poll(&entry, 1, 0), 1);
        assert_int_equal(entry.revents, POLLOUT);
        assert_int_equal(write(other, "y", 1), 1);
        entry.events = POLLIN;
        assert_int_equal(poll(&entry, 1, PEER_LIMIT_MS), 1);
        fd_set readable;
        struct timeval zero_timeout = {0, 0};
        FD_ZERO(&readable);
        FD_SET(fd, &readable);
        assert_int_equal(select(fd + 1, &readable, NULL, NULL, &zero_timeout), 1);
        int waiting = 0;
        assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
        assert_int_equal(waiting, 1);
        assert_ok(type->receive(&handle, &byte, 1, &n));
        assert_true(n == 1 && byte == 'y');
        type->close(&handle);
        assert_int_equal(close(other), 0);
    }
}

/* R1: a handle's socket passes to another descriptor table with SCM_RIGHTS (unix(7)) and returns as
 * another number of the same socket. */
static void a_socket_is_passed_through_a_unix_socket(void **state)
{
    (void)state;
    int ends[2];
    int carrier[2];
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char byte = 'f';
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    fer_tcp_stream *stream = test_stream();
    memset(&control, 0, sizeof control);
    plain_tcp_pair(ends);
    plain_unix_pair(SOCK_STREAM, carrier);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &ends[0], sizeof(int));
    assert_int_equal(sendmsg(carrier[0], &message, 0), 1);
    assert_int_equal(close(ends[0]), 0);
    int received = NONE;
    memset(&control, 0, sizeof control);
    assert_int_equal(recvmsg(carrier[1], &message, 0), 1);
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    assert_ok(fer_tcp_stream_from_raw(stream, received));
    peer_adopt(ends[1]);
    assert_exchange(stream, ends[1]);
    assert_int_equal(close(carrier[0]), 0);
    assert_int_equal(close(carrier[1]), 0);
}

/* R2: a descriptor that the program duplicated itself works like a clone: each is closed on its
 * own. */
static void a_duplicate_of_the_programs_own_stays_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTED_KINDS; i++) {
        const struct handle_type *type = &handle_types[connected_kinds[i].type];
        any_handle handle;
        any_handle clone;
        int other = NONE;
        memset(&handle, 0, sizeof handle);
        memset(&clone, 0, sizeof clone);
        int fd = connected_kinds[i].create(&other);
        int kept = dup(fd);
        assert_ok(type->from_raw(&handle, fd));
        assert_ok(type->try_clone(&handle, &clone));
        assert_int_equal(fcntl((int)type->as_raw(&clone), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        type->close(&handle);
        type->close(&clone);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
        assert_true(plain_carries(other, kept) && plain_carries(kept, other));
        assert_int_equal(close(kept), 0);
        assert_int_equal(close(other), 0);
    }
}

#ifdef __linux__

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

/* L3: "A listener that is shut down is NOT_CONNECTED", in every mode. ferrule has no such call, so
 * the program makes it by the number. */
static void a_listener_that_was_shut_down_outside_is_not_connected(void **state)
{
    (void)state;
    for (int mode = BLOCKING; mode < ACCEPTS; mode++) {
        assert_kind(accept_of_shut(SHUT_RD, mode), FER_NOT_CONNECTED);
        assert_kind(accept_of_shut(SHUT_RDWR, mode), FER_NOT_CONNECTED);
    }
}

#else

static void a_listener_that_was_shut_down_outside_is_not_connected(void **state)
{
    (void)state;
    skip_because("row listener_gone: here a wait for such a listener ends only at its timeout");
}

#endif

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], ACTIVATED) == 0) {
        return activated_main();
    }
    activation_program(arguments[0]);
    const struct CMUnitTest tests[] = {
        RULE_ROW_OF("R1", each_type_takes_its_own_and_leaves_all_else),
        RULE_ROW_OF("R1", a_socket_of_any_protocol_is_taken_as_it_is),
        RULE_ROW_OF("R1", no_type_takes_a_number_that_names_nothing),
        RULE_ROW_OF("R4", messages_in_sequence_are_datagrams),
        RULE_ROW_OF("R4", a_listener_of_messages_in_sequence_is_no_other_handle),
        RULE_ROW_OF("R4", a_stream_of_another_family_is_one),
        RULE_ROW_OF("R4", a_connected_stream_of_another_family_reads_and_writes),
        RULE_ROW_OF("R1", a_mode_that_was_set_outside_is_respected),
        RULE_ROW_OF("R1", a_nonblocking_listener_accepts_blocking_streams),
        RULE_ROW_OF("R1", timeouts_that_were_set_outside_are_reported),
        RULE_ROW_OF("R1", a_socketpair_is_two_unix_streams),
        RULE_ROW_OF("R1", plain_calls_work_on_what_into_raw_gives),
        RULE_ROW_OF("R1", plain_calls_may_check_what_as_raw_lends),
        RULE_ROW_OF("R1", a_socket_is_passed_through_a_unix_socket),
        RULE_ROW_OF("R1", sockets_of_a_service_manager_are_taken_in),
        /* Before a thread of an abandoned lookup can be left: ThreadSanitizer lets a child of a
         * process with several threads start none. */
        RULE_ROW_OF("N6", a_child_with_its_parents_process_id_has_copies),
        RULE_ROW_OF("N6/N7", a_child_may_close_its_copies_of_a_resolver),
        RULE_ROW_OF("K7", two_processes_accept_within_limits_on_one_listener),
        RULE_ROW_OF("K7", the_limits_of_a_child_do_not_end_the_accept_of_its_parent),
        RULE_ROW_OF("T6", the_modes_that_a_child_sets_are_those_of_its_parent),
        RULE_ROW_OF("L3", a_listener_that_was_shut_down_outside_is_not_connected),
        RULE_ROW_OF("R2", a_duplicate_of_the_programs_own_stays_open),
    };
    return RUN_TESTS("interop", tests);
}
