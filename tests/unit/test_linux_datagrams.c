/* test_linux_datagrams.c: options of Linux' datagram sockets that the library sets, and the errors
 * that only they show. Linux only. Rules U2, U3, U6, B8. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* IP_RECVERR */
#endif

#include <stdbool.h>
#include <string.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "ferrule/poller.h"
#include "ferrule/socket.h"
#include "ferrule/udp.h"
#include "ferrule/udp_batch.h"
#include "support/group.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static void assert_error_at(fer_error error, fer_error_kind kind, int32_t code, int line)
{
    if (error.kind != kind || error.os_code != code) {
        fail_msg("line %d: %s (%ld)", line, fer_error_kind_name(error.kind), (long)error.os_code);
    }
}
#define assert_ok(call) assert_error_at((call), FER_OK, 0, __LINE__)
#define assert_error(call, kind, code) assert_error_at((call), kind, code, __LINE__)

static fer_udp_socket bound_socket(const char *text, fer_socket_addr *addr)
{
    fer_udp_socket socket = {0};
    fer_error error = fer_udp_socket_bind(&socket, text);
    if (error.kind == FER_ADDR_NOT_AVAILABLE || error.kind == FER_UNSUPPORTED) {
        skip(); /* this machine has no IPv6 */
    }
    assert_ok(error);
    assert_ok(fer_udp_socket_local_addr(&socket, addr));
    return socket;
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
TEST(a_datagram_whose_fragments_exceed_the_send_buffer_is_too_long)
{
    static char buf[60000];
    size_t n = 77;
    fer_socket_addr to;
    fer_udp_socket receiver = bound_socket("[::1]:0", &to);
    fer_socket_addr own;
    fer_udp_socket sender = bound_socket("[::1]:0", &own);
    set_number(&sender, IPPROTO_IPV6, IPV6_MTU, 1280);
    set_number(&sender, SOL_SOCKET, SO_SNDBUF, 4096);
    fer_datagram_send message = {.buf = buf, .len = sizeof buf, .to = &to};
    for (int i = 0; i < 3; i++) {
        assert_error(fer_udp_socket_send_to(&sender, buf, sizeof buf, &to, &n),
                     FER_MESSAGE_TOO_LONG, ENOBUFS);
        assert_int_equal(n, 0);
        assert_error(fer_udp_socket_send_batch(&sender, &message, 1, &n), FER_MESSAGE_TOO_LONG,
                     ENOBUFS);
        assert_int_equal(n, 0);
        assert_ok(fer_udp_socket_send_to(&sender, buf, 4000, &to, &n));
    }
    set_number(&sender, SOL_SOCKET, SO_SNDBUF, 65536);
    assert_ok(fer_udp_socket_send_to(&sender, buf, sizeof buf, &to, &n));
    fer_udp_socket_close(&sender);
    fer_udp_socket_close(&receiver);
}

/* ---- U3: the error queue of an adopted socket */

static fer_udp_socket adopted_with_errors(const char *text, int level, int name)
{
    fer_socket_addr addr;
    fer_udp_socket made = bound_socket(text, &addr);
    set_number(&made, level, name, 1);
    fer_udp_socket adopted = {0};
    assert_ok(fer_udp_socket_from_raw(&adopted, fer_udp_socket_into_raw(&made)));
    assert_int_equal(number_option(&adopted, level, name), 0);
    return adopted;
}

TEST(a_refusal_does_not_affect_an_adopted_socket_without_a_peer)
{
    size_t count = 77;
    char byte;
    fer_udp_received got;
    fer_event event;
    fer_poller poller = {0};
    fer_socket_addr closed;
    fer_udp_socket socket = adopted_with_errors("127.0.0.1:0", IPPROTO_IP, IP_RECVERR);
    fer_udp_socket other = bound_socket("127.0.0.1:0", &closed);
    fer_udp_socket_close(&other);
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_poller_add(&poller, fer_udp_socket_as_raw(&socket),
                             (fer_event){.key = 1, .interest = FER_READABLE}, FER_POLL_LEVEL));
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_send_to(&socket, "x", 1, &closed, NULL));
        assert_error(fer_udp_socket_try_recv_from(&socket, &byte, 1, &got), FER_WOULD_BLOCK,
                     EAGAIN);
        assert_ok(fer_poller_wait(&poller, fer_duration_from_millis(0), &event, 1, &count, NULL));
        assert_int_equal(count, 0);
    }
    fer_poller_close(&poller);
    fer_udp_socket_close(&socket);
}

TEST(an_adopted_ipv6_socket_has_no_error_queue)
{
    fer_udp_socket socket = adopted_with_errors("[::1]:0", IPPROTO_IPV6, IPV6_RECVERR);
    fer_udp_socket_close(&socket);
    socket = adopted_with_errors("[::1]:0", IPPROTO_IP, IP_RECVERR);
    fer_udp_socket_close(&socket);
}

/* ---- U6: the groups of other sockets */

TEST(a_member_receives_no_groups_of_other_sockets)
{
    fer_socket_addr addr;
    fer_udp_socket v4 = bound_socket("0.0.0.0:0", &addr);
    int value = 0;
    socklen_t size = sizeof value;
    int fd = (int)fer_udp_socket_as_raw(&v4);
    if (getsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &value, &size) != 0) {
        fer_udp_socket_close(&v4);
        skip(); /* the user mode of qemu refuses the option */
    }
    fer_ipv4_addr group_v4 =
        fer_ipv4_addr_new(239, 255, (uint8_t)(addr.port >> 8), (uint8_t)addr.port);
    assert_int_equal(number_option(&v4, IPPROTO_IP, IP_MULTICAST_ALL), 1);
    assert_ok(fer_udp_socket_join_multicast_v4(&v4, group_v4, FER_IPV4_ADDR_LOCALHOST));
    assert_int_equal(number_option(&v4, IPPROTO_IP, IP_MULTICAST_ALL), 0);
    fer_udp_socket_close(&v4);
    fer_udp_socket v6 = bound_socket("[::]:0", &addr);
    fer_ipv6_addr group_v6 = fer_ipv6_addr_new(0xff01, 0, 0, 0, 0, 0, 0x77, addr.port);
    assert_ok(fer_udp_socket_join_multicast_v6(&v6, group_v6, 1));
    assert_int_equal(number_option(&v6, IPPROTO_IP, IP_MULTICAST_ALL), 0);
    assert_int_equal(number_option(&v6, IPPROTO_IPV6, IPV6_MULTICAST_ALL), 0);
    fer_udp_socket_close(&v6);
}

TEST_MAIN("linux_datagrams")
