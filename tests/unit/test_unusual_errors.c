/* test_unusual_errors.c: errors that the system reports only in unusual surroundings: the limit of
 * open files was lowered after the sockets were opened, no local port is left, an ICMP message has
 * ended the connection. On Linux' own sockets, and with system calls that fail as other systems'
 * do. Linux only. Rules C2, C5, K2, S5, T2. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* syscall */
#endif

#include <stdio.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/linux_fixture.h"

/* ---- The limit of open files */

static struct rlimit old_limit;

static int read_limit(void **state)
{
    (void)state;
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

/* FreeBSD: connect(2). Nothing is pending, so no handle is opened. */
ENDS_TEST(a_connect_without_a_port_has_not_started)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr addr = open_listener();
    port_error = EAGAIN;
    assert_error(fer_tcp_stream_connect_addr(&stream, &addr), FER_ADDR_NOT_AVAILABLE, EAGAIN);
    port_error = EAGAIN;
    assert_error(fer_tcp_stream_connect_timeout(&stream, &addr, fer_duration_from_secs(60)),
                 FER_ADDR_NOT_AVAILABLE, EAGAIN);
    port_error = EAGAIN;
    assert_error(fer_tcp_stream_connect_start(&stream, &addr), FER_ADDR_NOT_AVAILABLE, EAGAIN);
    assert_true(fer_tcp_stream_as_raw(&stream) == FER_RAW_SOCKET_NONE);
    assert_ok(fer_tcp_stream_connect_addr(&stream, &addr));
    fer_tcp_stream_close(&stream);
}

/* The codes of a started connect, of another call (a sandbox, a filter). */
ENDS_TEST(a_socket_that_cannot_be_opened_is_no_started_connect)
{
    const int codes[] = {EINPROGRESS, EALREADY, EAGAIN, EINTR};
    fer_tcp_stream stream = {0};
    fer_unix_stream unix_stream = {0};
    fer_unix_addr name;
    fer_socket_addr addr = open_listener();
    assert_ok(fer_unix_addr_from_pathname(&name, "/"));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        socket_error = codes[i];
        assert_error(fer_tcp_stream_connect_start(&stream, &addr), FER_RESOURCE_BUSY, codes[i]);
        assert_true(fer_tcp_stream_as_raw(&stream) == FER_RAW_SOCKET_NONE);
        socket_error = codes[i];
        assert_error(fer_tcp_stream_connect_addrs(&stream, &addr, 1, NULL), FER_RESOURCE_BUSY,
                     codes[i]);
        assert_true(fer_tcp_stream_as_raw(&stream) == FER_RAW_SOCKET_NONE);
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

/* ---- The same in a network of its own, which has two ports */

enum { PORTS_OK, PORTS_FAILED, PORTS_SKIPPED };

static bool writes(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool wrote = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(fd);
    return wrote;
}

static bool enter_network_with_two_ports(void)
{
    struct ifreq loopback = {.ifr_flags = IFF_UP};
    memcpy(loopback.ifr_name, "lo", 3);
    if (syscall(SYS_unshare, 0x40000000 /* CLONE_NEWNET */) != 0 &&
        syscall(SYS_unshare, 0x50000000 /* and CLONE_NEWUSER */) != 0) {
        return false;
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool is_up = ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
    (void)close(fd);
    return is_up && writes("/proc/sys/net/ipv4/ip_local_port_range", "40000 40001");
}

#define EXPECT(condition)                                           \
    do {                                                            \
        if (!(condition)) {                                         \
            fprintf(stderr, "line %d: " #condition "\n", __LINE__); \
            return PORTS_FAILED;                                    \
        }                                                           \
    } while (0)

static bool is_no_port(fer_error error)
{
    return error.kind == FER_ADDR_NOT_AVAILABLE && error.os_code == EAGAIN;
}

static fer_udp_socket unbound_socket(void)
{
    fer_socket socket = {0};
    fer_udp_socket udp = {0};
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0));
    assert_ok(fer_socket_into_udp_socket(&socket, &udp));
    return udp;
}

/* In each way that a send can wait. None does. */
static int send_without_a_port(const fer_socket_addr *to)
{
    const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(60))};
    for (int i = 0; i < 4; i++) {
        fer_udp_socket udp = unbound_socket();
        size_t n = 7;
        fer_error error = i == 1 ? fer_udp_socket_set_nonblocking(&udp, true)
                          : i == 2
                              ? fer_udp_socket_set_write_timeout(&udp, fer_duration_from_secs(60))
                              : (fer_error){FER_OK, 0};
        EXPECT(error.kind == FER_OK);
        EXPECT(i != 3 || fer_udp_socket_set_limits(&udp, &limits).kind == FER_OK);
        EXPECT(is_no_port(fer_udp_socket_send_to(&udp, "x", 1, to, &n)));
        EXPECT(n == 0);
        EXPECT(is_no_port(fer_udp_socket_try_send_to(&udp, "x", 1, to, &n)));
        EXPECT(is_no_port(fer_udp_socket_connect_addr(&udp, to)));
        fer_udp_socket_close(&udp);
    }
    return PORTS_OK;
}

static int use_up_the_ports(void)
{
    fer_udp_socket holders[2] = {{.handle_.p_.peer_ = {.port = 0}}};
    fer_socket_addr to;
    if (!enter_network_with_two_ports()) {
        return PORTS_SKIPPED;
    }
    for (int i = 0; i < 2; i++) {
        EXPECT(fer_udp_socket_bind(&holders[i], "127.0.0.1:0").kind == FER_OK);
    }
    EXPECT(fer_udp_socket_local_addr(&holders[0], &to).kind == FER_OK);
    int result = send_without_a_port(&to);
    fer_udp_socket_close(&holders[1]);
    fer_udp_socket udp = unbound_socket();
    EXPECT(fer_udp_socket_send_to(&udp, "x", 1, &to, NULL).kind == FER_OK);
    fer_udp_socket_close(&udp);
    fer_udp_socket_close(&holders[0]);
    return result;
}

ENDS_TEST(a_datagram_socket_without_a_port_does_not_wait)
{
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(30);
        _exit(use_up_the_ports());
    }
    assert_true(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == PORTS_SKIPPED) {
        print_message("no network of its own on this machine\n");
        skip();
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == PORTS_OK);
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

/* S5: "The handle saves any fatal error". Linux returns it once: icmp.c, icmp_err_convert. */
ENDS_TEST(the_error_of_an_icmp_message_is_no_end_of_file)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        connect_ends();
        fer_interest ready = 0;
        char byte = 0;
        assert_ok(fer_tcp_stream_set_linger(&ends.server, fer_duration_from_secs(0)));
        fer_tcp_stream_close(&ends.server);
        assert_ok(
            fer_tcp_stream_ready(&ends.client, FER_READABLE, fer_duration_from_secs(60), &ready));
        recv_error = refusals[i];
        fer_error error = fer_tcp_stream_read(&ends.client, &byte, 1, NULL);
        assert_int_equal(error.os_code, refusals[i]);
        assert_error(fer_tcp_stream_read(&ends.client, &byte, 1, NULL), error.kind, refusals[i]);
        assert_error(fer_tcp_stream_write(&ends.client, "x", 1, NULL), error.kind, refusals[i]);
        assert_error(fer_tcp_stream_close_gracefully(&ends.client, fer_duration_from_secs(60)),
                     error.kind, refusals[i]);
    }
}

ENDS_TEST(a_refused_read_leaves_a_stream_that_has_a_peer)
{
    connect_ends();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char byte = 0;
        recv_error = refusals[i];
        fer_error error = fer_tcp_stream_read(&ends.client, &byte, 1, NULL);
        assert_int_equal(error.os_code, refusals[i]);
        assert_ok(fer_tcp_stream_write_all(&ends.server, "x", 1, NULL));
        assert_ok(fer_tcp_stream_read(&ends.client, &byte, 1, NULL));
        assert_int_equal(byte, 'x');
    }
}

TEST_MAIN("unusual_errors")
