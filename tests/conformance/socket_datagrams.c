/* socket_datagrams.c: rules L4, U1 to U5 and U8 for built datagram sockets; and raw sockets, if the
 * system permits them. For other datagrams: datagrams.c and datagram_peers.c. */
#include "conformance/datagram_check.h"
#include "ferrule/udp_batch.h"
#include "support/socket_fixture.h"

enum {
    ICMP_ECHO_REPLY = 0,
    ICMP_ECHO = 8,
    ICMPV6_ECHO = 128,
    ICMPV6_ECHO_REPLY = 129,
    UDP_LITE = 136, /* RFC 3828 */
    REPLIES_MAX = 200
};

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

/* U2: "A fresh socket can send 65507 bytes over IPv4 everywhere"; more "is MESSAGE_TOO_LONG, and
 * nothing is sent". */
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

/* U5: "a stranger's that was queued before connect is dropped, its own is not": also if the socket
 * is turned into a fer_udp_socket afterwards, and back. */
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
SOCKET_FAMILY_TEST("E4", datagram_calls_that_cannot_be_are_invalid_input)
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

/* ---- Raw sockets, and the datagram sockets of ICMP that Linux and macOS have (icmp(7)) */

/* Skips the test if the system has no such socket or does not permit it. */
static fer_socket *socket_of_protocol(peer_family family, fer_type type, int protocol)
{
    fer_socket *socket = test_socket();
    fer_error error = fer_socket_new(socket, domain_of(family), type, protocol);
    if (error.kind == FER_PERMISSION_DENIED || error.kind == FER_UNSUPPORTED) {
        assert_empty(socket);
        skip_because("this system has no such socket, or does not permit it");
    }
    assert_ok(error);
    return socket;
}

static fer_socket *icmp_socket(peer_family family, fer_type type)
{
    return socket_of_protocol(family, type,
                              family == PEER_V4 ? FER_PROTOCOL_ICMP : FER_PROTOCOL_ICMPV6);
}

/* RFC 792: type, code, checksum, identifier, sequence number. The identifier is 0x4665. The system
 * computes the checksum of IPv6. */
static void make_echo(unsigned char echo[8], peer_family family)
{
    static const unsigned char v4[8] = {ICMP_ECHO, 0, 0, 0, 0x46, 0x65, 0, 1};
    memcpy(echo, v4, 8);
    if (family == PEER_V6) {
        echo[0] = ICMPV6_ECHO;
        return;
    }
    uint32_t sum = 0x0800u + 0x4665u + 1u;
    sum = ~((sum & 0xffffu) + (sum >> 16)) & 0xffffu;
    echo[2] = (unsigned char)(sum >> 8);
    echo[3] = (unsigned char)(sum & 0xff);
}

/* Returns whether a packet is the reply. A packet whose first half byte is 4 begins with an IP
 * header: that of a raw IPv4 socket, and on macOS that of a datagram socket too. */
static bool is_reply(const unsigned char *packet, size_t len, peer_family family, bool is_raw)
{
    bool has_header = family == PEER_V4 && packet[0] >> 4 == 4;
    size_t start = has_header ? (size_t)(packet[0] & 15u) * 4 : 0;
    unsigned char type = family == PEER_V4 ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY;
    assert_true(has_header || !is_raw || family == PEER_V6);
    return len >= start + 8 && packet[start] == type && packet[start + 7] == 1;
}

static void assert_echoes(fer_socket *socket, peer_family family, bool is_raw)
{
    unsigned char packet[256];
    fer_udp_received got = {0};
    fer_socket_addr localhost = loopback(family, 0);
    bool replied = false;
    assert_ok(fer_socket_set_read_timeout(socket, millis(9000)));
    for (int i = 0; i < REPLIES_MAX && !replied; i++) {
        assert_ok(fer_socket_recv_from(socket, packet, sizeof packet, &got));
        replied = is_reply(packet, got.len, family, is_raw);
    }
    assert_true(replied);
    assert_true(fer_ip_addr_eq(got.from.ip, localhost.ip));
}

static void an_echo_is_answered(fer_type type, peer_family family)
{
    fer_socket *socket = icmp_socket(family, type);
    fer_udp_socket *udp = test_udp();
    /* "A protocol without ports takes no notice of the address's port." */
    fer_socket_addr to = loopback(family, 4711);
    fer_socket_addr peer;
    unsigned char echo[8];
    size_t n = 0;
    make_echo(echo, family);
    assert_own(fer_socket_into_udp_socket(socket, udp), FER_INVALID_INPUT);
    assert_kind(fer_socket_listen(socket, 4), FER_MISUSE);
    assert_ok_n(fer_socket_send_to(socket, echo, sizeof echo, &to, &n), n, sizeof echo);
    assert_echoes(socket, family, type == FER_TYPE_RAW);
    assert_ok(fer_socket_connect(socket, &to));
    assert_ok(fer_socket_peer_addr(socket, &peer));
    assert_int_equal(peer.port, 0);
    assert_ok_n(fer_socket_send(socket, echo, sizeof echo, &n), n, sizeof echo);
    assert_echoes(socket, family, type == FER_TYPE_RAW);
}

SOCKET_FAMILY_TEST("U1", a_raw_socket_s_echo_is_answered)
{
    an_echo_is_answered(FER_TYPE_RAW, family);
}
SOCKET_FAMILY_TEST("U1", a_datagram_socket_of_icmp_s_echo_is_answered)
{
    an_echo_is_answered(FER_TYPE_DGRAM, family);
}

/* A packet that the system refuses says nothing about the peer: Linux' ping sockets send no packet
 * that is shorter than its header (ping_common_sendmsg). */
SOCKET_TEST("U5", a_refused_packet_is_no_missing_peer)
{
    fer_socket *socket = icmp_socket(PEER_V4, FER_TYPE_DGRAM);
    fer_socket_addr to = loopback(PEER_V4, 0);
    fer_socket_addr peer;
    assert_ok(fer_socket_connect(socket, &to));
    fer_error addressed = fer_socket_send_to(socket, "", 1, &to, NULL);
    assert_kind(fer_socket_send(socket, "", 1, NULL), addressed.kind);
    assert_ok(fer_socket_peer_addr(socket, &peer));
}

static void assert_is_adopted(fer_socket *socket)
{
    assert_ok(fer_socket_from_raw(socket, fer_socket_into_raw(socket)));
}

/* "Any other number is allowed too": a protocol with ports that is not UDP. An adopted socket has
 * them too. */
SOCKET_FAMILY_TEST("U1", udp_lite_has_ports)
{
    fer_socket *socket = socket_of_protocol(family, FER_TYPE_DGRAM, UDP_LITE);
    fer_socket *other = socket_of_protocol(family, FER_TYPE_DGRAM, UDP_LITE);
    fer_udp_socket *udp = test_udp();
    fer_socket_addr addr = any_port(family);
    assert_ok(fer_socket_bind(socket, &addr));
    addr = any_port(family);
    assert_ok(fer_socket_bind(other, &addr));
    uint16_t port = local_addr_of(socket).port;
    fer_socket_addr to = loopback(family, local_addr_of(other).port);
    fer_socket_addr peer;
    assert_is_adopted(socket);
    assert_is_adopted(other);
    assert_ok(fer_socket_send_to(socket, "there", 5, &to, NULL));
    assert_built_receives(other, "there", family, port);
    to.port = 0;
    assert_own(fer_socket_send_to(socket, "x", 1, &to, NULL), FER_INVALID_INPUT);
    to.port = port;
    assert_ok(fer_socket_connect(other, &to));
    assert_is_adopted(other);
    assert_ok(fer_socket_peer_addr(other, &peer));
    assert_true(fer_socket_addr_eq(&peer, &to));
    assert_ok(fer_socket_send(other, "back", 4, NULL));
    assert_ok(fer_socket_into_udp_socket(socket, udp));
    assert_receives(udp, "back", family, local_addr_of(other).port);
}

/* R1: an adopted raw socket is still a raw socket. */
SOCKET_TEST("R1", a_raw_socket_is_adopted_as_one)
{
    fer_socket *socket = icmp_socket(PEER_V4, FER_TYPE_RAW);
    fer_udp_socket *udp = test_udp();
    fer_socket_addr to = loopback(PEER_V4, 4711);
    unsigned char echo[8];
    assert_is_adopted(socket);
    assert_own(fer_socket_into_udp_socket(socket, udp), FER_INVALID_INPUT);
    make_echo(echo, PEER_V4);
    assert_ok(fer_socket_send_to(socket, echo, sizeof echo, &to, NULL));
    assert_echoes(socket, PEER_V4, true);
}

RULE_TESTS("socket_datagrams")
