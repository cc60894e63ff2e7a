/* socket_protocols.c: rules R1, R4, T1, U1, U2 and U5 for built sockets of every type and of other
 * protocols than TCP and UDP: raw sockets and the datagram sockets of ICMP, if the system permits
 * them. */
#include "conformance/datagram_check.h"
#include "conformance/output_check.h"
#include "support/socket_fixture.h"

enum {
    ICMP_ECHO_REPLY = 0,
    ICMP_ECHO = 8,
    ICMPV6_ECHO = 128,
    ICMPV6_ECHO_REPLY = 129,
    UDP_LITE = 136,   /* RFC 3828 */
    EXPERIMENT = 253, /* RFC 3692 */
    REPLIES_MAX = 200
};

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

/* RFC 792: type, code, checksum, identifier, sequence number. The system computes the checksum of
 * IPv6. */
enum { ECHO_LEN = 8 };
static const unsigned char echoes[][ECHO_LEN] = {
    [PEER_V4] = {ICMP_ECHO, 0, 0xb1, 0x99, 0x46, 0x65, 0, 1},
    [PEER_V6] = {ICMPV6_ECHO, 0, 0, 0, 0x46, 0x65, 0, 1}};

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

static void assert_is_adopted(fer_socket *socket)
{
    assert_ok(fer_socket_from_raw(socket, fer_socket_into_raw(socket)));
}

/* R1: also after from_raw. */
static void an_echo_is_answered(fer_type type, peer_family family)
{
    fer_socket *socket = icmp_socket(family, type);
    fer_udp_socket *udp = test_udp();
    /* "A protocol without ports takes no notice of the address's port." */
    fer_socket_addr to = loopback(family, 4711);
    fer_socket_addr peer;
    size_t n = 0;
    assert_own(fer_socket_into_udp_socket(socket, udp), FER_INVALID_INPUT);
    assert_kind(fer_socket_listen(socket, 4), FER_MISUSE);
    assert_ok_n(fer_socket_send_to(socket, echoes[family], ECHO_LEN, &to, &n), n, ECHO_LEN);
    assert_echoes(socket, family, type == FER_TYPE_RAW);
    assert_ok(fer_socket_connect(socket, &to));
    assert_ok(fer_socket_peer_addr(socket, &peer));
    assert_int_equal(peer.port, 0);
    assert_is_adopted(socket);
    assert_own(fer_socket_into_udp_socket(socket, udp), FER_INVALID_INPUT);
    assert_ok_n(fer_socket_send(socket, echoes[family], ECHO_LEN, &n), n, ECHO_LEN);
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

/* ---- R1, R4: what a socket is, as it was made, adopted or cloned */

struct kind {
    fer_type type;
    int protocol;
    int wanted; /* what is reported */
};

static const struct kind kinds_v4[] = {{FER_TYPE_STREAM, 0, FER_PROTOCOL_TCP},
                                       {FER_TYPE_STREAM, FER_PROTOCOL_TCP, FER_PROTOCOL_TCP},
                                       {FER_TYPE_DGRAM, 0, FER_PROTOCOL_UDP},
                                       {FER_TYPE_DGRAM, FER_PROTOCOL_UDP, FER_PROTOCOL_UDP},
                                       {FER_TYPE_DGRAM, UDP_LITE, UDP_LITE},
                                       {FER_TYPE_DGRAM, FER_PROTOCOL_ICMP, FER_PROTOCOL_ICMP},
                                       {FER_TYPE_RAW, FER_PROTOCOL_ICMP, FER_PROTOCOL_ICMP},
                                       {FER_TYPE_RAW, FER_PROTOCOL_UDP, FER_PROTOCOL_UDP},
                                       {FER_TYPE_RAW, EXPERIMENT, EXPERIMENT}};

static void assert_is(fer_socket *socket, peer_family family, const struct kind *kind)
{
    fer_domain domain;
    fer_type type;
    int protocol;
    unsigned char is_listening[sizeof(bool)];
    soil(&domain, sizeof domain);
    soil(&type, sizeof type);
    soil(&protocol, sizeof protocol);
    soil(is_listening, sizeof is_listening);
    assert_ok(fer_socket_domain(socket, &domain));
    assert_int_equal(domain, domain_of(family));
    assert_ok(fer_socket_type(socket, &type));
    assert_int_equal(type, kind->type);
    /* "a protocol without ports ... on macOS and NetBSD, which do not report it" (socket.h). A
     * sandbox may refuse the query; then UDP-Lite is UDP. */
    fer_error error = fer_socket_protocol(socket, &protocol);
    if (error.kind == FER_UNSUPPORTED || error.kind == FER_PERMISSION_DENIED) {
        assert_true(kind->type == FER_TYPE_RAW ||
                    (kind->type == FER_TYPE_DGRAM && kind->wanted != FER_PROTOCOL_UDP));
        assert_true(is_soiled(&protocol, sizeof protocol));
    } else {
        assert_ok(error);
        /* FreeBSD has one entry for the raw sockets of most protocols, without a number (run) */
        bool is_any = peer_is_bsd() && kind->type == FER_TYPE_RAW && protocol == 0;
        bool is_hidden = kind->wanted == UDP_LITE && protocol == FER_PROTOCOL_UDP;
        assert_true(is_any || is_hidden || protocol == kind->wanted);
    }
    error = fer_socket_is_listening(socket, (bool *)(void *)is_listening);
    assert_true(error.kind == FER_OK ? is_listening[0] == 0
                                     : is_soiled(is_listening, sizeof is_listening));
}

SOCKET_FAMILY_TEST("R1", a_socket_of_every_kind_reports_its_kind)
{
    for (size_t i = 0; i < sizeof kinds_v4 / sizeof kinds_v4[0]; i++) {
        struct kind kind = kinds_v4[i];
        fer_socket *socket = test_socket();
        fer_socket *clone = test_socket();
        if (family == PEER_V6 && kind.protocol == FER_PROTOCOL_ICMP) {
            kind.protocol = kind.wanted = FER_PROTOCOL_ICMPV6;
        }
        if (peer_is_wine() && family == PEER_V6 && kind.type == FER_TYPE_RAW) {
            continue; /* Wine 8 reports 0 as its type (rule R4: "only IPv4 was seen to work") */
        }
        fer_error error = fer_socket_new(socket, domain_of(family), kind.type, kind.protocol);
        if (error.kind == FER_PERMISSION_DENIED || error.kind == FER_UNSUPPORTED) {
            assert_true(kind.type == FER_TYPE_RAW ||
                        (kind.type == FER_TYPE_DGRAM && kind.wanted != FER_PROTOCOL_UDP));
            assert_empty(socket);
            continue;
        }
        assert_ok(error);
        assert_is(socket, family, &kind);
        assert_is_adopted(socket);
        assert_is(socket, family, &kind);
        fer_raw_socket raw = fer_socket_as_raw(socket);
        assert_true(peer_is_open(raw));
        if (kind.type != FER_TYPE_STREAM) {
            assert_ok(fer_socket_try_clone(socket, clone));
            assert_is(clone, family, &kind);
            fer_socket_close(clone);
        }
        fer_socket_close(socket);
        assert_empty(socket);
        assert_false(peer_is_open(raw));
        fer_socket_close(socket);
    }
}

/* ---- U2, T1: a receive that cuts, and one that gets nothing */

static void cut_an_echo(fer_type type, peer_family family)
{
    enum { SHORT = 5 };
    fer_socket *socket = icmp_socket(family, type);
    fer_socket_addr to = loopback(family, 0);
    assert_ok(fer_socket_set_read_timeout(socket, millis(9000)));
    for (size_t cap = 0; cap <= SHORT; cap += SHORT) {
        unsigned char packet[SHORT];
        union {
            fer_udp_received received;
            unsigned char bytes[sizeof(fer_udp_received)];
        } got;
        assert_ok(fer_socket_send_to(socket, echoes[family], ECHO_LEN, &to, NULL));
        soil(&got, sizeof got);
        assert_ok(fer_socket_recv_from(socket, cap == 0 ? NULL : packet, cap, &got.received));
        assert_int_equal(got.received.len, cap);
        assert_int_equal(got.bytes[offsetof(fer_udp_received, truncated)], 1);
        assert_true(fer_ip_addr_eq(got.received.from.ip, to.ip));
        assert_ok(fer_socket_send_to(socket, echoes[family], ECHO_LEN, &to, NULL));
        assert_echoes(socket, family, type == FER_TYPE_RAW);
    }
}

/* On some systems each echo arrives too, beside its reply. */
SOCKET_FAMILY_TEST("U2", a_packet_of_a_raw_socket_is_cut_and_reported)
{
    cut_an_echo(FER_TYPE_RAW, family);
}

SOCKET_FAMILY_TEST("U2", a_packet_of_a_datagram_socket_of_icmp_is_cut_and_reported)
{
    cut_an_echo(FER_TYPE_DGRAM, family);
}

/* Every raw socket of a protocol receives the packets of all programs. */
static void receive_until(fer_socket *socket, fer_error_kind kind)
{
    fer_error error = {FER_OK, 0};
    for (int i = 0; i < REPLIES_MAX && error.kind == FER_OK; i++) {
        unsigned char packet[64];
        fer_udp_received got;
        soil(&got, sizeof got);
        error = fer_socket_recv_from(socket, packet, sizeof packet, &got);
        assert_true(error.kind == FER_OK || is_soiled(&got, sizeof got));
    }
    assert_kind(error, kind);
}

SOCKET_FAMILY_TEST("T1", a_receive_of_a_raw_socket_ends_by_its_mode_timeout_and_limits)
{
    fer_socket *socket = socket_of_protocol(family, FER_TYPE_RAW, EXPERIMENT);
    const fer_limits past = {.deadline = fer_instant_now()};
    assert_ok(fer_socket_set_nonblocking(socket, true));
    receive_until(socket, FER_WOULD_BLOCK);
    assert_ok(fer_socket_set_nonblocking(socket, false));
    assert_ok(fer_socket_set_read_timeout(socket, millis(SHORT_MS)));
    receive_until(socket, FER_TIMED_OUT);
    assert_ok(fer_socket_set_read_timeout(socket, FER_DURATION_NONE));
    assert_ok(fer_socket_set_limits(socket, &past));
    receive_until(socket, FER_TIMED_OUT);
}

RULE_TESTS("socket_protocols")
