/* test_unusual_errors.c: errors that the system reports only in unusual surroundings: the limit of
 * open files was lowered after the sockets were opened, no local port is left, an ICMP message has
 * ended the connection; and options that the library sets for datagram sockets. On Linux' own
 * sockets, and with system calls that fail as other systems' do. Linux only. Rules B8, C2, C5, K2,
 * S5, T2, U2, U3, U6. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* syscall, IP_RECVERR */
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/linux_fixture.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

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
        assert_ok(fer_tcp_stream_set_limits(&ends.client, NULL));
        fer_instant start = fer_instant_now();
        assert_ok(
            fer_tcp_stream_ready(&ends.client, FER_READABLE, fer_duration_from_millis(50), &ready));
        assert_true(ready == 0 &&
                    fer_instant_elapsed(start).nanos >= fer_duration_from_millis(50).nanos);
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

/* Numbers below 3 are the program's own. */
LIMIT_TEST(a_clone_is_no_standard_stream)
{
    connect_ends();
    fer_tcp_stream clone = {0};
    int saved = dup(0);
    assert_int_equal(close(0), 0);
    assert_ok(fer_tcp_stream_try_clone(&ends.client, &clone));
    assert_true(fer_tcp_stream_as_raw(&clone) > 2);
    fer_tcp_stream_close(&clone);
    assert_int_equal(saved < 0 ? 0 : dup2(saved, 0), 0);
    assert_true(saved < 0 || close(saved) == 0);
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

/* If they are not 0, the next bind or connect fails with the first, which the system has tried if
 * it is EINPROGRESS; the next socket fails with the second. */
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
    if (port_error == EINPROGRESS) {
        (void)syscall(SYS_connect, fd, addr, len);
    }
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

/* C5: "first queries the system for its result". Nothing listens on the port, and the refusal is
 * reported as if it had come later. poll shows the failure, and select only a writable socket. */
LIMIT_TEST(a_failed_connect_is_ready_below_the_limit_of_open_files)
{
    for (int is_low = 0; is_low < 2; is_low++) {
        const fer_interest both = FER_READABLE | FER_WRITABLE;
        fer_interest ready = 0;
        fer_socket_addr addr = open_listener();
        fer_tcp_listener_close(&ends.listener);
        port_error = EINPROGRESS;
        assert_ok(fer_tcp_stream_connect_start(&ends.client, &addr));
        if (is_low != 0) {
            lower_limit(0);
        }
        fer_error error =
            fer_tcp_stream_ready(&ends.client, both, fer_duration_from_millis(100), &ready);
        restore_limit();
        assert_ok(error);
        assert_int_equal(ready, both);
    }
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

/* ---- Datagram sockets */

static void open_or_skip(const char *address)
{
    if (!open_datagrams(address)) {
        skip(); /* this machine has no IPv6 */
    }
}

static int number_option(const fer_udp_socket *socket, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt((int)fer_udp_socket_as_raw(socket), level, name, &value, &size), 0);
    return value;
}

static void set_number(const fer_udp_socket *socket, int level, int name, int value)
{
    int fd = (int)fer_udp_socket_as_raw(socket);
    assert_int_equal(setsockopt(fd, level, name, &value, sizeof value), 0);
}

/* ---- U2: fragments */

/* The loopback has an MTU that no datagram exceeds, so the socket sends fragments of 1280 bytes
 * (RFC 8200, section 5). Four times the buffer is the kernel's limit for their memory. */
ENDS_TEST(a_datagram_whose_fragments_exceed_the_send_buffer_is_too_long)
{
    static char buf[60000];
    size_t n = 77;
    open_or_skip("[::1]:0");
    set_number(&ends.sender, IPPROTO_IPV6, IPV6_MTU, 1280);
    set_number(&ends.sender, SOL_SOCKET, SO_SNDBUF, 4096);
    fer_datagram_send message = {.buf = buf, .len = sizeof buf, .to = &ends.to};
    for (int i = 0; i < 3; i++) {
        assert_error(fer_udp_socket_send_to(&ends.sender, buf, sizeof buf, &ends.to, &n),
                     FER_MESSAGE_TOO_LONG, ENOBUFS);
        assert_int_equal(n, 0);
        assert_error(fer_udp_socket_send_batch(&ends.sender, &message, 1, &n), FER_MESSAGE_TOO_LONG,
                     ENOBUFS);
        assert_int_equal(n, 0);
        assert_ok(fer_udp_socket_send_to(&ends.sender, buf, 4000, &ends.to, &n));
    }
    set_number(&ends.sender, SOL_SOCKET, SO_SNDBUF, 65536);
    assert_ok(fer_udp_socket_send_to(&ends.sender, buf, sizeof buf, &ends.to, &n));
}

/* ---- U3: the error queue of an adopted socket */

static void adopt_with_errors(const char *address, int level, int name)
{
    open_or_skip(address);
    set_number(&ends.sender, level, name, 1);
    fer_raw_socket raw = fer_udp_socket_into_raw(&ends.sender);
    assert_ok(fer_udp_socket_from_raw(&ends.sender, raw));
    assert_int_equal(number_option(&ends.sender, level, name), 0);
}

ENDS_TEST(a_refusal_does_not_affect_an_adopted_socket_without_a_peer)
{
    size_t count = 77;
    char byte;
    fer_udp_received got;
    fer_event event;
    fer_poller poller = {0};
    adopt_with_errors("127.0.0.1:0", IPPROTO_IP, IP_RECVERR);
    fer_udp_socket_close(&ends.receiver);
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_poller_add(&poller, fer_udp_socket_as_raw(&ends.sender),
                             (fer_event){.key = 1, .interest = FER_READABLE}, FER_POLL_LEVEL));
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_send_to(&ends.sender, "x", 1, &ends.to, NULL));
        assert_error(fer_udp_socket_try_recv_from(&ends.sender, &byte, 1, &got), FER_WOULD_BLOCK,
                     EAGAIN);
        assert_ok(fer_poller_wait(&poller, fer_duration_from_millis(0), &event, 1, &count, NULL));
        assert_int_equal(count, 0);
    }
    fer_poller_close(&poller);
}

ENDS_TEST(an_adopted_ipv6_socket_has_no_error_queue)
{
    adopt_with_errors("[::1]:0", IPPROTO_IPV6, IPV6_RECVERR);
    adopt_with_errors("[::1]:0", IPPROTO_IP, IP_RECVERR);
}

/* ---- U6: the groups of other sockets */

ENDS_TEST(a_member_receives_no_groups_of_other_sockets)
{
    int value = 0;
    socklen_t size = sizeof value;
    open_or_skip("0.0.0.0:0");
    int fd = (int)fer_udp_socket_as_raw(&ends.sender);
    if (getsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &value, &size) != 0) {
        skip(); /* the user mode of qemu refuses the option */
    }
    fer_ipv4_addr group_v4 =
        fer_ipv4_addr_new(239, 255, (uint8_t)(ends.from.port >> 8), (uint8_t)ends.from.port);
    assert_int_equal(value, 1);
    assert_ok(fer_udp_socket_join_multicast_v4(&ends.sender, group_v4, FER_IPV4_ADDR_LOCALHOST));
    assert_int_equal(number_option(&ends.sender, IPPROTO_IP, IP_MULTICAST_ALL), 0);
    open_or_skip("[::]:0");
    fer_ipv6_addr group_v6 = fer_ipv6_addr_new(0xff01, 0, 0, 0, 0, 0, 0x77, ends.from.port);
    assert_ok(fer_udp_socket_join_multicast_v6(&ends.sender, group_v6, 1));
    assert_int_equal(number_option(&ends.sender, IPPROTO_IP, IP_MULTICAST_ALL), 0);
    assert_int_equal(number_option(&ends.sender, IPPROTO_IPV6, IPV6_MULTICAST_ALL), 0);
}

TEST_MAIN("unusual_errors")
