/* test_refused_calls.c: refusals that tests/sandbox cannot make: of both forms of accept, of the
 * sockets of IP, by a firewall, of one message; and which calls are made then. Linux only. Rules
 * L3, B1, B3. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4, sendmmsg */
#endif

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/linux_fixture.h"

/* ---- The calls. One whose bit is set fails with the code. */

enum {
    ACCEPT4 = 1,
    ACCEPT = 2,
    FIREWALL = 4,      /* sendmmsg of a socket */
    SECOND_SENDER = 8, /* of a recvmmsg: it has an address of no family of IP */
    IP_SOCKET = 16,
    SENDMMSG = 32,
    RECVMMSG = 64
};

static unsigned refused;
static int refused_code;
static int calls; /* of sendmmsg and recvmmsg with a socket, and of accept4 */
static bool accept_has_addr;

static bool is_refused(unsigned call)
{
    errno = refused_code;
    return (refused & call) != 0;
}

/* glibc declares the address as a union of pointers (__SOCKADDR_ARG). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
    accept_has_addr = addr != NULL;
    calls++;
    return is_refused(ACCEPT4) ? -1 : (int)syscall(SYS_accept4, fd, addr, len, flags);
}

int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    return is_refused(ACCEPT) ? -1 : (int)syscall(SYS_accept4, fd, addr, len, 0);
}

#pragma GCC diagnostic pop

int socket(int domain, int type, int protocol)
{
    bool is_ip = domain == AF_INET || domain == AF_INET6;
    return is_ip && is_refused(IP_SOCKET) ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    calls += fd >= 0;
    return is_refused(SENDMMSG) || (fd >= 0 && is_refused(FIREWALL))
               ? -1
               : (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *time)
{
    calls += fd >= 0;
    if (is_refused(RECVMMSG)) {
        return -1;
    }
    int moved = (int)syscall(SYS_recvmmsg, fd, messages, count, flags, time);
    if (moved > 1 && is_refused(SECOND_SENDER)) {
        ((struct sockaddr *)messages[1].msg_hdr.msg_name)->sa_family = AF_UNIX;
    }
    return moved;
}

static const int codes[] = {ENOSYS, EPERM};

static void refuse(unsigned which, int code)
{
    refused = which;
    refused_code = code;
    calls = 0;
}

static int refuse_nothing(void **state)
{
    refused = 0;
    return close_ends(state);
}

#define REFUSED_TEST(function) TEST_WITH(function, NULL, refuse_nothing)

/* ---- Descriptors */

/* The query of an address that nobody wants would cost a hundredth of a connection. */
REFUSED_TEST(an_accept_queries_an_address_that_is_wanted_only)
{
    for (size_t i = 0; i < 2; i++) {
        fer_socket_addr peer;
        connect_client();
        assert_ok(fer_tcp_listener_accept(&ends.listener, &ends.server, i == 0 ? NULL : &peer));
        assert_int_equal(accept_has_addr, i);
    }
}

/* No retry: the refusal is not that of one connection. */
REFUSED_TEST(without_any_accept_the_first_accept_fails)
{
    static const fer_error_kind kinds[] = {FER_UNSUPPORTED, FER_PERMISSION_DENIED};
    for (size_t i = 0; i < 2; i++) {
        connect_client();
        refuse(ACCEPT4 | ACCEPT, codes[i]);
        assert_error(fer_tcp_listener_accept(&ends.listener, &ends.server, NULL), kinds[i],
                     codes[i]);
        assert_int_equal(calls, 1);
    }
}

/* Android without the permission INTERNET: socket fails, in the kernel or before it. */
REFUSED_TEST(an_app_without_a_permission_has_no_sockets_of_ip)
{
    static const int denials[] = {EACCES, EPERM};
    for (size_t i = 0; i < 2; i++) {
        fer_socket socket = {{{0}}};
        fer_unix_stream pair[2] = {{{{0}}}, {{{0}}}};
        fer_socket_addr addr;
        refuse(IP_SOCKET, denials[i]);
        assert_ok(fer_socket_addr_parse(&addr, "127.0.0.1:1"));
        fer_error_kind kind = FER_PERMISSION_DENIED;
        assert_error(fer_tcp_stream_connect_addr(&ends.client, &addr), kind, denials[i]);
        assert_error(fer_tcp_stream_connect(&ends.client, "127.0.0.1:1"), kind, denials[i]);
        assert_error(fer_tcp_listener_bind(&ends.listener, "[::]:0"), kind, denials[i]);
        assert_error(fer_udp_socket_bind(&ends.sender, "127.0.0.1:0"), kind, denials[i]);
        assert_error(fer_socket_new(&socket, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 0), kind, denials[i]);
        assert_ok(fer_unix_stream_pair(&pair[0], &pair[1]));
        fer_unix_stream_close(&pair[0]);
        fer_unix_stream_close(&pair[1]);
    }
}

/* ---- Datagrams */

static fer_error send_three(size_t *n)
{
    fer_datagram_send messages[3];
    for (size_t i = 0; i < 3; i++) {
        messages[i] = (fer_datagram_send){.buf = &"abc"[i], .len = 1, .to = &ends.to};
    }
    return fer_udp_socket_send_batch(&ends.sender, messages, 3, n);
}

static void assert_receives(const char *want)
{
    char bytes[4];
    fer_datagram_recv messages[4];
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        messages[i] = (fer_datagram_recv){.buf = &bytes[i], .cap = 1};
    }
    assert_ok(fer_udp_socket_recv_batch(&ends.receiver, messages, 4, &n));
    assert_int_equal(n, strlen(want));
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(messages[i].buf, &want[i], 1);
    }
    assert_error(fer_udp_socket_try_recv_batch(&ends.receiver, messages, 4, &n), FER_WOULD_BLOCK,
                 EAGAIN);
}

static uint32_t max_batch(void)
{
    fer_udp_capabilities found;
    assert_ok(fer_udp_socket_features(&ends.sender, &found));
    assert_int_equal(found.max_batch > 1, (found.available & FER_UDP_BATCHING) != 0);
    return found.max_batch;
}

/* EPERM of a firewall is that of a message. Before the last test, which ends batches for good. */
REFUSED_TEST(a_message_that_a_firewall_refuses_ends_no_batches)
{
    assert_true(open_datagrams("127.0.0.1:0"));
    size_t n = 9;
    refuse(FIREWALL, EPERM);
    assert_error(send_three(&n), FER_PERMISSION_DENIED, EPERM);
    assert_int_equal(n, 0);
    refuse(0, 0);
    assert_int_equal(max_batch(), 32);
    assert_ok(send_three(&n));
    assert_int_equal(calls, 1);
    assert_receives("abc");
}

/* B3: a receive "takes what is queued". */
REFUSED_TEST(a_sender_of_an_unknown_family_loses_no_other_datagram)
{
    assert_true(open_datagrams("127.0.0.1:0"));
    size_t n = 0;
    assert_ok(send_three(&n));
    refuse(SECOND_SENDER, 0);
    assert_receives("ac");
    assert_int_equal(calls, 2);
}

/* B1, B3. The refusal is remembered for the process, so each row is without batches. */
REFUSED_TEST(without_batches_each_message_is_a_call)
{
    static const unsigned rows[] = {RECVMMSG, SENDMMSG, SENDMMSG | RECVMMSG};
    for (size_t i = 0; i < 6; i++) {
        assert_true(open_datagrams("127.0.0.1:0"));
        size_t n = 0;
        refuse(rows[i / 2], codes[i % 2]);
        assert_ok(send_three(&n));
        assert_int_equal(n, 3);
        assert_receives("abc");
        assert_int_equal(max_batch(), 1);
        calls = 0;
        assert_ok(send_three(&n));
        assert_receives("abc");
        assert_int_equal(calls, 0);
    }
}

TEST_MAIN("refused_calls")
