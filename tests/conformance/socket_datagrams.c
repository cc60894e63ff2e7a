/* socket_datagrams.c: rules U5 and U8 for built datagram sockets. For other datagrams:
 * datagrams.c and datagram_peers.c. For raw sockets: socket_protocols.c. */
#include "conformance/datagram_check.h"
#include "ferrule/udp_batch.h"
#include "support/socket_fixture.h"

/* A datagram socket on the loopback, and its port. */
static fer_socket *bound_socket(peer_family family, uint16_t *port)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_socket_addr addr = any_port(family);
    assert_ok(fer_socket_bind(socket, &addr));
    *port = local_addr_of(socket).port;
    return socket;
}

/* ---- Without a peer */

/* U8: "A receive of a socket that is not bound waits, or would block, and does not bind it." */
SOCKET_FAMILY_TEST("U8", a_receive_of_an_unbound_socket_waits_and_does_not_bind_it)
{
    char buf[8];
    fer_udp_received got;
    fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
    size_t n = 77;
    uint16_t other_port = 0;
    fer_udp_socket *udp = test_udp();
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    assert_ok(fer_socket_into_udp_socket(socket, udp));
    socket = fer_udp_socket_as_socket(udp);
    peer_socket other = peer_datagram(family, &other_port);
    fer_socket_addr addr = any_port(family);
    assert_ok(fer_socket_set_read_timeout(socket, millis(SHORT_MS)));
    assert_own(fer_socket_recv_from(socket, buf, sizeof buf, &got), FER_TIMED_OUT);
    assert_ok(fer_socket_set_nonblocking(socket, true));
    assert_kind(fer_socket_recv_from(socket, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_kind_n(fer_udp_socket_try_recv_batch(udp, &message, 1, &n), FER_WOULD_BLOCK, n, 0);
    assert_ok(fer_socket_set_nonblocking(socket, false));
    assert_ok(fer_socket_set_read_timeout(socket, FER_DURATION_NONE));
    assert_ok(fer_socket_bind(socket, &addr));
    assert_true(peer_datagram_send(other, family, local_addr_of(socket).port, "now", 3));
    assert_built_receives(socket, "now", family, other_port);
}

/* ---- With a peer */

/* U5: "Datagrams that other senders sent before it was connected are dropped; those of the peer are
 * not": also if the socket is turned into a fer_udp_socket afterwards, and back,
 * or cloned (R2). */
SOCKET_FAMILY_TEST("U5", a_converted_socket_keeps_its_peer)
{
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t other_sender_port = 0;
    enum { AS_IT_IS, CONVERTED, CONVERTED_AND_LENT, CLONED, WAYS };
    for (int way = AS_IT_IS; way < WAYS; way++) {
        fer_socket *socket = bound_socket(family, &port);
        fer_socket *clone = test_socket();
        fer_udp_socket *udp = test_udp();
        peer_socket other = peer_datagram(family, &other_port);
        peer_socket other_sender = peer_datagram(family, &other_sender_port);
        fer_socket_addr to = loopback(family, other_port);
        assert_true(peer_datagram_send(other_sender, family, port, "another's", 9));
        assert_true(peer_raw_wait_readable(fer_socket_as_raw(socket)));
        assert_true(peer_datagram_send(other, family, port, "the peer's", 10));
        assert_ok(fer_socket_connect(socket, &to));
        if (way == CLONED) {
            assert_ok(fer_socket_try_clone(socket, clone));
            fer_socket_close(socket);
            socket = clone;
        } else if (way != AS_IT_IS) {
            assert_ok(fer_socket_into_udp_socket(socket, udp));
            socket = fer_udp_socket_as_socket(udp);
        }
        if (way == CONVERTED) {
            assert_receives(udp, "the peer's", family, other_port);
        } else {
            assert_built_receives(socket, "the peer's", family, other_port);
        }
    }
}

SOCKET_FAMILY_TEST("E4", a_datagram_needs_a_port)
{
    uint16_t port = 0;
    fer_socket *socket = bound_socket(family, &port);
    fer_socket_addr to = loopback(family, 0);
    size_t n = 77;
    assert_own_n(fer_socket_send_to(socket, "x", 1, &to, &n), FER_INVALID_INPUT, n, 0);
    assert_own(fer_socket_connect(socket, &to), FER_INVALID_INPUT);
}

static void assert_moves_no_datagrams(fer_socket *socket)
{
    fer_socket_addr to = loopback(PEER_V4, 9);
    fer_udp_received got;
    char byte = 'x';
    size_t n = 77;
    assert_own_n(fer_socket_send(socket, &byte, 1, &n), FER_UNSUPPORTED, n, 0);
    assert_own_n(fer_socket_send_to(socket, &byte, 1, &to, &n), FER_UNSUPPORTED, n, 0);
    assert_own(fer_socket_recv_from(socket, &byte, 1, &got), FER_UNSUPPORTED);
}

/* "A stream, or a Unix socket, is turned into its own handle first." */
SOCKET_TEST("E4", streams_and_unix_sockets_move_no_datagrams)
{
    uint16_t port = 0;
    assert_moves_no_datagrams(test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM));
    assert_moves_no_datagrams(test_built_listener(PEER_V4, &port));
    if (unix_peer_has_streams()) {
        assert_moves_no_datagrams(test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM));
    }
    if (unix_peer_has_datagrams()) {
        fer_socket *socket = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_DGRAM);
        fer_error outcome = {FER_OTHER, 1};
        fer_unix_addr name;
        assert_moves_no_datagrams(socket);
        assert_ok(fer_unix_addr_from_pathname(&name, "name"));
        assert_own(fer_socket_connect_unix(socket, &name), FER_MISUSE);
        assert_ok(fer_socket_take_error(socket, &outcome));
        assert_ok(outcome);
    }
}

RULE_TESTS("socket_datagrams")
