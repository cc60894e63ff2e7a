/* socket_datagrams.c: rules L4, U1 to U5 and U8 for built datagram sockets. For other datagrams:
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

SOCKET_FAMILY_TEST("U1", datagrams_are_sent_both_ways_without_a_peer)
{
    uint16_t port = 0;
    uint16_t other_port = 0;
    fer_socket *socket = bound_socket(family, &port);
    peer_socket other = peer_datagram(family, &other_port);
    fer_socket_addr to = loopback(family, other_port);
    fer_socket_addr peer;
    size_t n = 77;
    assert_ok_n(fer_socket_send_to(socket, "there", 5, &to, &n), n, 5);
    assert_peer_socket_receives(other, "there", port);
    assert_true(peer_datagram_send(other, family, port, "back", 4));
    assert_built_receives(socket, "back", family, other_port);
    assert_kind_n(fer_socket_send(socket, "x", 1, &n), FER_NOT_CONNECTED, n, 0);
    assert_kind(fer_socket_peer_addr(socket, &peer), FER_NOT_CONNECTED);
}

/* The first send binds an unbound socket. */
SOCKET_FAMILY_TEST("U1", sending_binds_an_unbound_socket)
{
    uint16_t other_port = 0;
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    peer_socket other = peer_datagram(family, &other_port);
    fer_socket_addr to = loopback(family, other_port);
    fer_socket_addr addr = any_port(family);
    assert_ok(fer_socket_send_to(socket, "hello", 5, &to, NULL));
    assert_peer_socket_receives(other, "hello", local_addr_of(socket).port);
    assert_kind(fer_socket_bind(socket, &addr), FER_INVALID_INPUT);
}

/* U8: "A receive of a socket that is not bound waits, or would block, and does not bind it." */
SOCKET_FAMILY_TEST("U8", a_receive_of_an_unbound_socket_waits_and_does_not_bind_it)
{
    char buf[8];
    fer_udp_received got;
    uint16_t other_port = 0;
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    peer_socket other = peer_datagram(family, &other_port);
    fer_socket_addr addr = any_port(family);
    assert_ok(fer_socket_set_read_timeout(socket, millis(SHORT_MS)));
    assert_own(fer_socket_recv_from(socket, buf, sizeof buf, &got), FER_TIMED_OUT);
    assert_ok(fer_socket_set_nonblocking(socket, true));
    assert_kind(fer_socket_recv_from(socket, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_ok(fer_socket_set_nonblocking(socket, false));
    assert_ok(fer_socket_set_read_timeout(socket, FER_DURATION_NONE));
    assert_ok(fer_socket_bind(socket, &addr));
    assert_true(peer_datagram_send(other, family, local_addr_of(socket).port, "now", 3));
    assert_built_receives(socket, "now", family, other_port);
}

/* The same of a batch, whose handle can be made of such a socket. */
SOCKET_FAMILY_TEST("U8", a_batch_of_an_unbound_socket_would_block)
{
    char buf[8];
    fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
    size_t n = 77;
    fer_udp_socket *udp = test_udp();
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    assert_ok(fer_socket_into_udp_socket(socket, udp));
    assert_kind_n(fer_udp_socket_try_recv_batch(udp, &message, 1, &n), FER_WOULD_BLOCK, n, 0);
}

/* U2: "A new socket can send 65507 bytes over IPv4"; more "is MESSAGE_TOO_LONG, and nothing is
 * sent". */
SOCKET_TEST("U2", a_fresh_socket_sends_65507_bytes)
{
    static unsigned char large[65508];
    uint16_t other_port = 0;
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    fer_socket_addr to = loopback(PEER_V4, 0);
    size_t n = 77;
    assert_true(peer_datagram(PEER_V4, &other_port) != PEER_NONE);
    to.port = other_port;
    assert_ok_n(fer_socket_send_to(socket, large, 65507, &to, &n), n, 65507);
    assert_kind_n(fer_socket_send_to(socket, large, 65508, &to, &n), FER_MESSAGE_TOO_LONG, n, 0);
}

/* L4: of the two wildcards on one port, IPv4's receives what is sent to IPv4. */
SOCKET_TEST("L4", each_wildcard_on_a_port_receives_its_own_ip_version)
{
    skip_without_dual_stack();
    for (int first = PEER_V4; first <= PEER_V6; first++) {
        fer_socket *sockets[2];
        uint16_t port = 0;
        for (int i = 0; i < 2; i++) {
            peer_family family = (peer_family)(i == 0 ? first : PEER_V6 - first);
            fer_socket_addr addr = wildcard(family, port);
            sockets[family] = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
            assert_ok(fer_socket_set_reuse_address(sockets[family], true));
            assert_ok(fer_socket_bind(sockets[family], &addr));
            port = local_addr_of(sockets[family]).port;
            assert_int_not_equal(port, 0);
        }
        for (int family = PEER_V4; family <= PEER_V6; family++) {
            uint16_t sender_port = 0;
            peer_socket sender = peer_datagram((peer_family)family, &sender_port);
            assert_true(peer_datagram_send(sender, (peer_family)family, port, "its own", 7));
            assert_built_receives(sockets[family], "its own", (peer_family)family, sender_port);
        }
    }
}

/* ---- With a peer */

/* "A datagram or raw socket gets a peer, or another one, at once." */
SOCKET_FAMILY_TEST("U5", a_peer_is_set_without_a_wait_and_can_be_replaced)
{
    uint16_t port = 0;
    uint16_t ports[2] = {0, 0};
    fer_socket *socket = bound_socket(family, &port);
    peer_socket others[2] = {peer_datagram(family, &ports[0]), peer_datagram(family, &ports[1])};
    for (int i = 0; i < 2; i++) {
        fer_socket_addr to = loopback(family, ports[i]);
        fer_socket_addr peer;
        size_t n = 0;
        assert_ok(i == 0 ? fer_socket_connect(socket, &to)
                         : fer_socket_connect_timeout(socket, &to, millis(1000)));
        assert_ok(fer_socket_peer_addr(socket, &peer));
        assert_true(fer_socket_addr_eq(&peer, &to));
        assert_ok_n(fer_socket_send(socket, "to you", 6, &n), n, 6);
        assert_peer_socket_receives(others[i], "to you", port);
        assert_true(peer_datagram_send(others[i], family, port, "to me", 5));
        assert_built_receives(socket, "to me", family, ports[i]);
    }
}

/* U5: "Datagrams that other senders sent before it was connected are dropped; those of the peer are
 * not": also if the socket is turned into a fer_udp_socket afterwards, and back. */
SOCKET_FAMILY_TEST("U5", a_converted_socket_keeps_its_peer)
{
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t other_sender_port = 0;
    for (int turned = 0; turned < 3; turned++) {
        fer_socket *socket = bound_socket(family, &port);
        fer_udp_socket *udp = test_udp();
        peer_socket other = peer_datagram(family, &other_port);
        peer_socket other_sender = peer_datagram(family, &other_sender_port);
        fer_socket_addr to = loopback(family, other_port);
        assert_true(peer_datagram_send(other_sender, family, port, "another's", 9));
        assert_true(peer_raw_wait_readable(fer_socket_as_raw(socket)));
        assert_true(peer_datagram_send(other, family, port, "the peer's", 10));
        assert_ok(fer_socket_connect(socket, &to));
        if (turned == 1) {
            assert_ok(fer_socket_into_udp_socket(socket, udp));
            assert_receives(udp, "the peer's", family, other_port);
            continue;
        }
        if (turned == 2) {
            assert_ok(fer_socket_into_udp_socket(socket, udp));
            socket = fer_udp_socket_as_socket(udp);
        }
        assert_built_receives(socket, "the peer's", family, other_port);
    }
}

/* U5, R2: a clone has the peer too. */
SOCKET_TEST("U5", a_clone_has_the_peer)
{
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t other_sender_port = 0;
    fer_socket *socket = bound_socket(PEER_V4, &port);
    fer_socket *clone = test_socket();
    peer_socket other = peer_datagram(PEER_V4, &other_port);
    peer_socket other_sender = peer_datagram(PEER_V4, &other_sender_port);
    fer_socket_addr to = loopback(PEER_V4, other_port);
    assert_true(peer_datagram_send(other_sender, PEER_V4, port, "another's", 9));
    assert_true(peer_raw_wait_readable(fer_socket_as_raw(socket)));
    assert_true(peer_datagram_send(other, PEER_V4, port, "the peer's", 10));
    assert_ok(fer_socket_connect(socket, &to));
    assert_ok(fer_socket_try_clone(socket, clone));
    fer_socket_close(socket);
    assert_built_receives(clone, "the peer's", PEER_V4, other_port);
}

/* T2, and bad arguments. */
SOCKET_FAMILY_TEST("E4", bad_arguments_of_datagram_calls_are_invalid_input_and_null_is_misuse)
{
    uint16_t port = 0;
    fer_socket *socket = bound_socket(family, &port);
    fer_socket_addr to = loopback(family, 0);
    fer_socket_addr odd = loopback(family, port);
    fer_udp_received got;
    char byte = 'x';
    size_t n = 77;
    odd.ip.family = (fer_ip_family)5;
    assert_own_n(fer_socket_send_to(socket, &byte, 1, &to, &n), FER_INVALID_INPUT, n, 0);
    assert_own(fer_socket_send_to(socket, &byte, 1, &odd, NULL), FER_INVALID_INPUT);
    assert_own(fer_socket_send_to(socket, &byte, 1, NULL, NULL), FER_MISUSE);
    assert_own(fer_socket_send_to(socket, NULL, 1, &to, NULL), FER_MISUSE);
    assert_own(fer_socket_send(socket, NULL, 1, NULL), FER_MISUSE);
    assert_own(fer_socket_recv_from(socket, NULL, 1, &got), FER_MISUSE);
    assert_own(fer_socket_recv_from(socket, &byte, 1, NULL), FER_MISUSE);
    assert_own(fer_socket_recv_from(socket, &byte, 1, NULL), FER_MISUSE);
    assert_own(fer_socket_connect(socket, &to), FER_INVALID_INPUT);
    assert_own(fer_socket_connect(socket, &odd), FER_INVALID_INPUT);
    assert_own(fer_socket_connect(socket, NULL), FER_MISUSE);
    assert_own(fer_socket_connect_timeout(socket, NULL, millis(1)), FER_MISUSE);
    assert_ok(fer_socket_set_read_timeout(socket, millis(20)));
    assert_own(fer_socket_recv_from(socket, &byte, 1, &got), FER_TIMED_OUT);
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
