/* test_refused_calls.c: system calls that a sandbox or an old kernel refuses are made in another
 * way, or are an error of the first call that needs them. tests/sandbox has the same with the
 * filters of a real kernel. Linux only. Rules I3, K2, L3, P6, B1, B3, B9. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4, sendmmsg */
#endif

#include <stdbool.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ferrule/cancel.h"
#include "ferrule/poller.h"
#include "ferrule/tcp.h"
#include "ferrule/udp_batch.h"
#include "ferrule/unix.h"
#include "support/group.h"

static void assert_error_at(fer_error error, fer_error_kind kind, int32_t code, int line)
{
    if (error.kind != kind || error.os_code != code) {
        fail_msg("line %d: %s (%ld)", line, fer_error_kind_name(error.kind), (long)error.os_code);
    }
}
#define assert_ok(call) assert_error_at((call), FER_OK, 0, __LINE__)
#define assert_error(call, kind, code) assert_error_at((call), kind, code, __LINE__)

/* ---- The calls. One whose bit is set fails with the code. */

enum {
    ACCEPT4 = 1,
    ACCEPT = 2,
    SOCKET_FLAG = 4,
    EVENTFD = 8,
    PIPE2 = 16,
    EPOLL_CREATE1 = 32,
    SENDMMSG = 64,
    RECVMMSG = 128,
    FIREWALL = 256, /* sendmmsg of a socket */
    UDP_OPTION = 512
};

static unsigned refused;
static int refused_code;
static int calls; /* of sendmmsg and recvmmsg with a socket, and of accept4 */

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
    bool has_flag = (type & SOCK_CLOEXEC) != 0;
    return has_flag && is_refused(SOCKET_FLAG) ? -1
                                               : (int)syscall(SYS_socket, domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
    bool has_flag = (type & SOCK_CLOEXEC) != 0;
    return has_flag && is_refused(SOCKET_FLAG)
               ? -1
               : (int)syscall(SYS_socketpair, domain, type, protocol, fds);
}

int eventfd(unsigned count, int flags)
{
    return is_refused(EVENTFD) ? -1 : (int)syscall(SYS_eventfd2, count, flags);
}

int pipe2(int ends[2], int flags)
{
    return is_refused(PIPE2) ? -1 : (int)syscall(SYS_pipe2, ends, flags);
}

int epoll_create1(int flags)
{
    return is_refused(EPOLL_CREATE1) ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

int epoll_create(int size)
{
    assert_true(size > 0);
    return (int)syscall(SYS_epoll_create1, 0);
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
    return is_refused(RECVMMSG) ? -1 : (int)syscall(SYS_recvmmsg, fd, messages, count, flags, time);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return level == IPPROTO_IP && is_refused(UDP_OPTION)
               ? -1
               : (int)syscall(SYS_setsockopt, fd, level, name, value, len);
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
    (void)state;
    refused = 0;
    return 0;
}

static bool is_inherited(fer_raw_socket raw)
{
    return (fcntl((int)raw, F_GETFD) & FD_CLOEXEC) == 0;
}

/* ---- Descriptors */

struct connection {
    fer_tcp_listener listener;
    fer_tcp_stream client;
};

static struct connection connect_one(void)
{
    struct connection made = {0};
    fer_socket_addr addr;
    assert_ok(fer_tcp_listener_bind(&made.listener, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&made.listener, &addr));
    assert_ok(fer_tcp_stream_connect_addr(&made.client, &addr));
    return made;
}

static void close_both(struct connection *made)
{
    fer_tcp_stream_close(&made->client);
    fer_tcp_listener_close(&made->listener);
}

/* L3, I3 */
TEST_WITH(without_accept4_a_connection_is_accepted_and_not_inherited, NULL, refuse_nothing)
{
    for (size_t i = 0; i < 2; i++) {
        struct connection made = connect_one();
        fer_tcp_stream accepted = {0};
        fer_socket_addr peer = {0};
        refuse(ACCEPT4, codes[i]);
        assert_ok(fer_tcp_listener_accept(&made.listener, &accepted, &peer));
        assert_int_not_equal(peer.port, 0);
        assert_false(is_inherited(fer_tcp_stream_as_raw(&accepted)));
        fer_tcp_stream_close(&accepted);
        assert_error(fer_tcp_listener_try_accept(&made.listener, &accepted, NULL), FER_WOULD_BLOCK,
                     0);
        close_both(&made);
    }
}

/* No retry: the refusal is not that of one connection. */
TEST_WITH(without_any_accept_the_first_accept_fails, NULL, refuse_nothing)
{
    static const fer_error_kind kinds[] = {FER_UNSUPPORTED, FER_PERMISSION_DENIED};
    for (size_t i = 0; i < 2; i++) {
        struct connection made = connect_one();
        fer_tcp_stream accepted = {0};
        refuse(ACCEPT4 | ACCEPT, codes[i]);
        assert_error(fer_tcp_listener_accept(&made.listener, &accepted, NULL), kinds[i], codes[i]);
        assert_int_equal(calls, 1);
        close_both(&made);
    }
}

/* I3 */
TEST_WITH(without_the_flag_a_socket_is_not_inherited, NULL, refuse_nothing)
{
    for (size_t i = 0; i < 2; i++) {
        refuse(SOCKET_FLAG, codes[i]);
        struct connection made = connect_one();
        fer_unix_stream ends[2] = {{{{0}}}, {{{0}}}};
        assert_ok(fer_unix_stream_pair(&ends[0], &ends[1]));
        assert_false(is_inherited(fer_tcp_listener_as_raw(&made.listener)));
        assert_false(is_inherited(fer_tcp_stream_as_raw(&made.client)));
        for (size_t j = 0; j < 2; j++) {
            assert_false(is_inherited(fer_unix_stream_as_raw(&ends[j])));
            fer_unix_stream_close(&ends[j]);
        }
        close_both(&made);
    }
}

/* K2, K4 */
TEST_WITH(a_token_ends_waits_without_eventfd_and_pipe2, NULL, refuse_nothing)
{
    static const unsigned rows[] = {EVENTFD, EVENTFD | PIPE2, EVENTFD | PIPE2 | SOCKET_FLAG};
    for (size_t i = 0; i < 6; i++) {
        struct connection made = connect_one();
        fer_cancel_token token = {0};
        char byte;
        refuse(rows[i / 2], codes[i % 2]);
        assert_ok(fer_cancel_token_new(&token));
        assert_ok(fer_tcp_stream_set_limits(&made.client, &(fer_limits){.token = &token}));
        for (int round = 0; round < 2; round++) {
            assert_ok(fer_cancel_token_cancel(&token));
            assert_ok(fer_cancel_token_cancel(&token));
            assert_error(fer_tcp_stream_read(&made.client, &byte, 1, NULL), FER_CANCELLED, 0);
            assert_ok(fer_cancel_token_reset(&token));
        }
        close_both(&made);
        fer_cancel_token_close(&token);
    }
}

/* P6 */
TEST_WITH(a_poller_is_notified_without_epoll_create1_and_pipe2, NULL, refuse_nothing)
{
    static const unsigned rows[] = {EPOLL_CREATE1, PIPE2, EPOLL_CREATE1 | PIPE2};
    for (size_t i = 0; i < 6; i++) {
        fer_poller poller = {0};
        fer_event event;
        size_t count = 0;
        refuse(rows[i / 2], codes[i % 2]);
        assert_ok(fer_poller_new(&poller));
        for (int round = 0; round < 2; round++) {
            bool notified = false;
            assert_ok(fer_poller_notify(&poller));
            assert_ok(fer_poller_notify(&poller));
            assert_ok(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, &notified));
            assert_true(notified && count == 0);
            assert_ok(fer_poller_wait(&poller, (fer_duration){0}, &event, 1, &count, &notified));
            assert_false(notified);
        }
        fer_poller_close(&poller);
    }
}

/* ---- Datagrams */

struct datagrams {
    fer_udp_socket sender;
    fer_udp_socket receiver;
    fer_socket_addr to;
};

static struct datagrams two_sockets(void)
{
    struct datagrams made = {0};
    assert_ok(fer_udp_socket_bind(&made.sender, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_bind(&made.receiver, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_local_addr(&made.receiver, &made.to));
    return made;
}

static void close_sockets(struct datagrams *made)
{
    fer_udp_socket_close(&made->sender);
    fer_udp_socket_close(&made->receiver);
}

static fer_error send_three(struct datagrams *made, size_t *n)
{
    fer_datagram_send messages[3];
    for (size_t i = 0; i < 3; i++) {
        messages[i] = (fer_datagram_send){.buf = &"abc"[i], .len = 1, .to = &made->to};
    }
    return fer_udp_socket_send_batch(&made->sender, messages, 3, n);
}

static void assert_receives_three(fer_udp_socket *socket)
{
    char bytes[4];
    fer_datagram_recv messages[4];
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        messages[i] = (fer_datagram_recv){.buf = &bytes[i], .cap = 1};
    }
    assert_ok(fer_udp_socket_recv_batch(socket, messages, 4, &n));
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_error(fer_udp_socket_try_recv_batch(socket, messages, 4, &n), FER_WOULD_BLOCK, EAGAIN);
}

static uint32_t max_batch(const fer_udp_socket *socket)
{
    fer_udp_capabilities found;
    assert_ok(fer_udp_socket_features(socket, &found));
    assert_int_equal(found.max_batch > 1, (found.available & FER_UDP_BATCHING) != 0);
    return found.max_batch;
}

/* B9: a missing feature is no error. */
TEST_WITH(an_option_that_is_refused_is_a_missing_feature, NULL, refuse_nothing)
{
    for (size_t i = 0; i < 2; i++) {
        struct datagrams made = two_sockets();
        fer_udp_features enabled = 0;
        refuse(UDP_OPTION, codes[i]);
        assert_ok(
            fer_udp_socket_enable(&made.receiver, FER_UDP_LOCAL_ADDR | FER_UDP_DROPS, &enabled));
        assert_int_equal(enabled, FER_UDP_DROPS);
        close_sockets(&made);
    }
}

/* EPERM of a firewall is that of a message. Before the next test, which ends batches for good. */
TEST_WITH(a_message_that_a_firewall_refuses_ends_no_batches, NULL, refuse_nothing)
{
    struct datagrams made = two_sockets();
    size_t n = 9;
    refuse(FIREWALL, EPERM);
    assert_error(send_three(&made, &n), FER_PERMISSION_DENIED, EPERM);
    assert_int_equal(n, 0);
    refuse(0, 0);
    assert_int_equal(max_batch(&made.sender), 32);
    assert_ok(send_three(&made, &n));
    assert_int_equal(calls, 1);
    assert_receives_three(&made.receiver);
    close_sockets(&made);
}

/* B1, B3. The refusal is remembered for the process, so each row is without batches. */
TEST_WITH(without_batches_each_message_is_a_call, NULL, refuse_nothing)
{
    static const unsigned rows[] = {RECVMMSG, SENDMMSG, SENDMMSG | RECVMMSG};
    for (size_t i = 0; i < 6; i++) {
        struct datagrams made = two_sockets();
        size_t n = 0;
        refuse(rows[i / 2], codes[i % 2]);
        assert_ok(send_three(&made, &n));
        assert_int_equal(n, 3);
        assert_receives_three(&made.receiver);
        assert_int_equal(max_batch(&made.sender), 1);
        calls = 0;
        assert_ok(send_three(&made, &n));
        assert_receives_three(&made.receiver);
        assert_int_equal(calls, 0);
        close_sockets(&made);
    }
}

/* A level-triggered event ends when the datagram is received. */
TEST_WITH(a_poller_does_not_spin_without_batches, NULL, refuse_nothing)
{
    struct datagrams made = two_sockets();
    fer_poller poller = {0};
    fer_event event;
    size_t count = 0;
    size_t n = 0;
    refuse(SENDMMSG | RECVMMSG, ENOSYS);
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_poller_add(&poller, fer_udp_socket_as_raw(&made.receiver),
                             (fer_event){.key = 1, .interest = FER_READABLE}, FER_POLL_LEVEL));
    assert_ok(send_three(&made, &n));
    assert_ok(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, NULL));
    assert_int_equal(count, 1);
    assert_receives_three(&made.receiver);
    assert_ok(fer_poller_wait(&poller, (fer_duration){0}, &event, 1, &count, NULL));
    assert_int_equal(count, 0);
    fer_poller_close(&poller);
    close_sockets(&made);
}

TEST_MAIN("refused_calls")
