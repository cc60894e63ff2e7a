/* test_linux_datagrams.c: options of Linux' datagram sockets that the library sets, and the errors
 * that only they show. Linux only. Rules U2, U3, U6, B8. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* IP_RECVERR */
#endif

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "unit/linux_fixture.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

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

TEST_MAIN("linux_datagrams")
