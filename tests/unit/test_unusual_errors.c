/* test_unusual_errors.c: errors that the system reports only in unusual surroundings: the limit of
 * open files was lowered after the sockets were opened, no local port is left, an ICMP message has
 * ended the connection. On Linux' own sockets, and with system calls that fail as other systems'
 * do. Linux only. Rules C2, C5, K2, S5, T2. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* syscall */
#endif

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/linux_fixture.h"

/* ---- The limit of open files */

static struct rlimit old_limit;

static int read_limit(void **state)
{
    return getrlimit(RLIMIT_NOFILE, &old_limit);
}

static void lower_limit(rlim_t to)
{
    const struct rlimit lowered = {to, old_limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
}

static void restore_limit(void)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
}

static int restore_limit_after(void **state)
{
    restore_limit();
    return close_ends(state);
}

#define LIMIT_TEST(function) TEST_WITH(function, read_limit, restore_limit_after)

/* poll(2): EINVAL, if it has more sockets than the limit. With a token it has two. */
LIMIT_TEST(a_wait_works_below_the_limit_of_open_files)
{
    for (rlim_t limit = 0; limit < 2; limit++) {
        connect_ends();
        fer_cancel_token token = {0};
        fer_interest ready = 0;
        char buf[4] = {0};
        size_t n = 0;
        assert_ok(fer_cancel_token_new(&token));
        fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_millis(30)),
                             .token = &token};
        assert_ok(fer_tcp_stream_set_limits(&ends.client, &limits));
        lower_limit(limit);
        assert_error(fer_tcp_stream_read(&ends.client, buf, 4, &n), FER_TIMED_OUT, 0);
        limits.deadline = fer_instant_after(fer_duration_from_secs(60));
        assert_ok(fer_tcp_stream_set_limits(&ends.client, &limits));
        assert_ok(fer_tcp_stream_write_all(&ends.server, "abc", 3, NULL));
        assert_ok(fer_tcp_stream_ready(&ends.client, FER_READABLE | FER_WRITABLE,
                                       fer_duration_from_secs(60), &ready));
        assert_int_equal(ready, FER_READABLE | FER_WRITABLE);
        assert_ok(fer_tcp_stream_read_exact(&ends.client, buf, 3, &n));
        assert_string_equal(buf, "abc");
        assert_ok(fer_cancel_token_cancel(&token));
        assert_error(fer_tcp_stream_read(&ends.client, buf, 4, &n), FER_CANCELLED, 0);
        restore_limit();
        fer_cancel_token_close(&token);
    }
}

/* fcntl(2), F_DUPFD: EINVAL, if the lowest number is not below the limit. */
LIMIT_TEST(a_clone_above_the_limit_is_too_many_open_files)
{
    connect_ends();
    fer_tcp_stream clone = {0};
    lower_limit(0);
    assert_error(fer_tcp_stream_try_clone(&ends.client, &clone), FER_TOO_MANY_OPEN_FILES, EINVAL);
    restore_limit();
    assert_ok(fer_tcp_stream_try_clone(&ends.client, &clone));
    fer_tcp_stream_close(&clone);
}

/* The wait has no other way for such a number. It is not the connection's end. */
LIMIT_TEST(a_number_that_no_wait_can_have_is_too_many_open_files)
{
    connect_ends();
    char byte = 0;
    if (old_limit.rlim_cur <= FD_SETSIZE) {
        print_message("no number above %d can be open\n", FD_SETSIZE);
        skip();
    }
    int high = fcntl((int)fer_tcp_stream_as_raw(&ends.client), F_DUPFD_CLOEXEC, FD_SETSIZE);
    assert_true(high >= FD_SETSIZE);
    fer_tcp_stream stream = {0};
    assert_ok(fer_tcp_stream_from_raw(&stream, high));
    const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(60))};
    assert_ok(fer_tcp_stream_set_limits(&stream, &limits));
    lower_limit(0);
    assert_error(fer_tcp_stream_read(&stream, &byte, 1, NULL), FER_TOO_MANY_OPEN_FILES, EINVAL);
    restore_limit();
    assert_ok(fer_tcp_stream_write_all(&ends.server, "x", 1, NULL));
    assert_ok(fer_tcp_stream_read(&stream, &byte, 1, NULL));
    assert_int_equal(byte, 'x');
    fer_tcp_stream_close(&stream);
}

/* ---- No local port is left */

/* If they are not 0, the next bind or connect fails with the first, the next socket with the
 * second. */
static int port_error;
static int socket_error;

static bool takes(int *error)
{
    errno = *error;
    *error = 0;
    return errno != 0;
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    return takes(&port_error) ? -1 : (int)syscall(SYS_connect, fd, addr, len);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return takes(&port_error) ? -1 : (int)syscall(SYS_bind, fd, addr, len);
}

int socket(int domain, int type, int protocol)
{
    return takes(&socket_error) ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

/* The three ways to start a connect. No handle is opened. */
static void assert_connects_fail(const fer_socket_addr *addr, int *error, fer_error_kind kind,
                                 int code)
{
    fer_tcp_stream *stream = &ends.client;
    *error = code;
    assert_error(fer_tcp_stream_connect_addr(stream, addr), kind, code);
    *error = code;
    assert_error(fer_tcp_stream_connect_timeout(stream, addr, fer_duration_from_secs(60)), kind,
                 code);
    *error = code;
    assert_error(fer_tcp_stream_connect_start(stream, addr), kind, code);
    assert_true(fer_tcp_stream_as_raw(stream) == FER_RAW_SOCKET_NONE);
}

/* FreeBSD: connect(2). Nothing is pending. conformance/few_ports.c has a real lack of ports. */
ENDS_TEST(a_connect_without_a_port_has_not_started)
{
    fer_socket_addr addr = open_listener();
    assert_connects_fail(&addr, &port_error, FER_ADDR_NOT_AVAILABLE, EAGAIN);
    assert_ok(fer_tcp_stream_connect_addr(&ends.client, &addr));
}

/* The codes of a started connect, of another call (a sandbox, a filter). */
ENDS_TEST(a_socket_that_cannot_be_opened_is_no_started_connect)
{
    const int codes[] = {EINPROGRESS, EALREADY, EAGAIN, EINTR};
    fer_unix_stream unix_stream = {0};
    fer_unix_addr name;
    fer_socket_addr addr = open_listener();
    assert_ok(fer_unix_addr_from_pathname(&name, "/"));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_connects_fail(&addr, &socket_error, FER_RESOURCE_BUSY, codes[i]);
        socket_error = codes[i];
        assert_error(fer_unix_stream_connect_start(&unix_stream, &name), FER_RESOURCE_BUSY,
                     codes[i]);
        assert_true(fer_unix_stream_as_raw(&unix_stream) == FER_RAW_SOCKET_NONE);
    }
}

/* C5: the connect of a built socket has failed, in each mode. */
ENDS_TEST(a_built_socket_without_a_port_has_failed_to_connect)
{
    fer_socket_addr addr = open_listener();
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        fer_socket socket = {0};
        fer_error pending = {FER_OK, 0};
        assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
        assert_ok(fer_socket_set_nonblocking(&socket, nonblocking != 0));
        port_error = EAGAIN;
        assert_error(fer_socket_connect(&socket, &addr), FER_ADDR_NOT_AVAILABLE, EAGAIN);
        assert_ok(fer_socket_take_error(&socket, &pending));
        assert_error(pending, FER_ADDR_NOT_AVAILABLE, EAGAIN);
        assert_error(fer_socket_connect(&socket, &addr), FER_MISUSE, 0);
        fer_socket_close(&socket);
    }
}

ENDS_TEST(a_bind_without_a_port_is_no_would_block)
{
    fer_tcp_listener listener = {0};
    fer_udp_socket udp = {0};
    port_error = EAGAIN;
    assert_error(fer_tcp_listener_bind(&listener, "127.0.0.1:0"), FER_ADDR_NOT_AVAILABLE, EAGAIN);
    port_error = EAGAIN;
    assert_error(fer_udp_socket_bind(&udp, "127.0.0.1:0"), FER_ADDR_NOT_AVAILABLE, EAGAIN);
}

/* ---- The connection ends by an ICMP message, or the system refuses a call */

/* If it is not 0, the next recv takes the error of the socket and fails with this one. */
static int recv_error;

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    int taken = 0;
    socklen_t size = sizeof taken;
    if (recv_error != 0) {
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &taken, &size);
    }
    return takes(&recv_error) ? -1 : (ssize_t)syscall(SYS_recvfrom, fd, buf, len, flags, 0, 0);
}

static const int refusals[] = {EACCES, EPERM, EINVAL, EOPNOTSUPP, ENOPROTOOPT};

static fer_error read_refused(int code)
{
    char byte = 0;
    recv_error = code;
    fer_error error = fer_tcp_stream_read(&ends.client, &byte, 1, NULL);
    assert_int_equal(error.os_code, code);
    return error;
}

/* S5: "The handle saves any fatal error". Linux returns it once: icmp.c, icmp_err_convert. */
ENDS_TEST(the_error_of_an_icmp_message_is_no_end_of_file)
{
    const fer_duration limit = fer_duration_from_secs(60);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        fer_interest ready = 0;
        char byte = 0;
        connect_ends();
        assert_ok(fer_tcp_stream_set_linger(&ends.server, fer_duration_from_secs(0)));
        fer_tcp_stream_close(&ends.server);
        assert_ok(fer_tcp_stream_ready(&ends.client, FER_READABLE, limit, &ready));
        fer_error_kind kind = read_refused(refusals[i]).kind;
        assert_error(fer_tcp_stream_read(&ends.client, &byte, 1, NULL), kind, refusals[i]);
        assert_error(fer_tcp_stream_write(&ends.client, "x", 1, NULL), kind, refusals[i]);
        assert_error(fer_tcp_stream_close_gracefully(&ends.client, limit), kind, refusals[i]);
    }
}

ENDS_TEST(a_refused_read_leaves_a_stream_that_has_a_peer)
{
    connect_ends();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char byte = 0;
        (void)read_refused(refusals[i]);
        assert_ok(fer_tcp_stream_write_all(&ends.server, "x", 1, NULL));
        assert_ok(fer_tcp_stream_read(&ends.client, &byte, 1, NULL));
        assert_int_equal(byte, 'x');
    }
}

TEST_MAIN("unusual_errors")
