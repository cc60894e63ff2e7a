/* datagrams.c: rules U1 to U4: sending and receiving datagrams; and the rules of all sockets (T, C,
 * L, E, O, R) for datagram sockets. For U5, the datagrams that a connected socket receives:
 * datagram_peers.c. */
#include "conformance/datagram_check.h"
#include "support/socket_fixture.h"

enum { LONGEST = 65507 };

static unsigned char big[70000];
static unsigned char copy[70000];

/* A port that refuses datagrams. Its socket stays bound, so that no other socket can use the
 * port. */
static uint16_t refusing_port(peer_family family)
{
    uint16_t port = 0;
    peer_socket peer = peer_datagram(family, &port);
    assert_true(peer != PEER_NONE);
    assert_true(peer_datagram_connect(peer, family, port));
    return port;
}

static void skip_refusals_on_wine(void)
{
    skip_if(peer_is_wine(), "Wine reports a refusal only to a later send");
}

/* ---- U1 */

/* Each peek and each receive into cap bytes: what is stored, and whether more is there. */
UDP_TEST("U1", a_datagram_longer_than_the_buffer_is_cut_and_reported)
{
    static const struct {
        bool peeks;
        size_t cap;
        const char *stored;
        bool truncated;
    } rows[] = {{true, 3, "too#####", true},
                {true, 8, "too long", false},
                {false, 4, "too ####", true},
                {true, 4, "next####", false},
                {false, 4, "next####", false}};
    send_from_peer(&pair, "too long");
    send_from_peer(&pair, "next");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[] = "########";
        fer_udp_received got;
        assert_ok(rows[i].peeks ? fer_udp_socket_peek_from(pair.socket, buf, rows[i].cap, &got)
                                : fer_udp_socket_recv_from(pair.socket, buf, rows[i].cap, &got));
        assert_int_equal(got.len, rows[i].cap);
        assert_true(got.truncated == rows[i].truncated);
        assert_true(fer_socket_addr_eq(&got.from, &pair.other_addr));
        assert_string_equal(buf, rows[i].stored);
    }
}

UDP_TEST("U1", receiving_into_nothing_drops_the_datagram)
{
    fer_udp_received got;
    send_from_peer(&pair, "dropped");
    send_from_peer(&pair, "");
    send_from_peer(&pair, "kept");
    assert_ok(fer_udp_socket_peek(pair.socket, NULL, 0, &got));
    assert_int_equal(got.len, 0);
    assert_true(got.truncated);
    assert_ok(fer_udp_socket_recv(pair.socket, NULL, 0, &got));
    assert_int_equal(got.len, 0);
    assert_true(got.truncated);
    assert_ok(fer_udp_socket_recv(pair.socket, NULL, 0, &got));
    assert_int_equal(got.len, 0);
    assert_false(got.truncated);
    assert_receives_from_peer(&pair, "kept");
}

/* An empty queue makes a receive of no bytes wait, as any other. */
UDP_TEST("U1", receiving_into_nothing_waits_for_a_datagram)
{
    fer_udp_received got;
    assert_kind(fer_udp_socket_try_recv_from(pair.socket, NULL, 0, &got), FER_WOULD_BLOCK);
    assert_ok(fer_udp_socket_set_read_timeout(pair.socket, millis(SHORT_MS)));
    assert_own(fer_udp_socket_recv(pair.socket, NULL, 0, &got), FER_TIMED_OUT);
    assert_own(fer_udp_socket_peek(pair.socket, NULL, 0, &got), FER_TIMED_OUT);
    assert_ok(fer_udp_socket_set_nonblocking(pair.socket, true));
    assert_kind(fer_udp_socket_recv(pair.socket, NULL, 0, &got), FER_WOULD_BLOCK);
    assert_kind(fer_udp_socket_peek_from(pair.socket, NULL, 0, &got), FER_WOULD_BLOCK);
}

/* ---- U2 */

FAMILY_TEST("U2", a_fresh_socket_can_send_65507_bytes)
{
    uint16_t from = 0;
    size_t n = 77;
    struct udp_pair pair = udp_pair_open(family);
    pattern_fill(big, LONGEST, 0);
    assert_ok_n(fer_udp_socket_send_to(pair.socket, big, LONGEST, &pair.other_addr, &n), n,
                LONGEST);
    assert_int_equal(peer_datagram_receive(pair.other, copy, sizeof copy, &n, &from), PEER_GOT);
    assert_int_equal(n, LONGEST);
    assert_true(pattern_matches(copy, n, 0));
    fer_udp_received got;
    assert_true(peer_datagram_send(pair.other, pair.family, pair.port, big, LONGEST));
    assert_ok(fer_udp_socket_recv_from(pair.socket, copy, sizeof copy, &got));
    assert_int_equal(got.len, LONGEST);
    assert_false(got.truncated);
    assert_true(pattern_matches(copy, got.len, 0));
}

UDP_TEST("U2", more_than_a_datagram_holds_is_too_long_and_nothing_is_sent)
{
    static const size_t lengths[] = {LONGEST + 21, sizeof big};
    for (size_t i = 0; i < 2; i++) {
        size_t n = 77;
        assert_kind_n(fer_udp_socket_send_to(pair.socket, big, lengths[i], &pair.other_addr, &n),
                      FER_MESSAGE_TOO_LONG, n, 0);
    }
    size_t n = 77;
    assert_own_n(fer_udp_socket_send_to(pair.socket, big, SIZE_MAX, &pair.other_addr, &n),
                 FER_MESSAGE_TOO_LONG, n, 0);
    connect_to_peer(&pair);
    assert_kind_n(fer_udp_socket_send(pair.socket, big, sizeof big, &n), FER_MESSAGE_TOO_LONG, n,
                  0);
    send_text(pair.socket, "short");
    assert_peer_receives(&pair, "short");
}

/* ---- U3 */

static void assert_no_refusal_is_reported(const struct udp_pair *pair)
{
    fer_error pending;
    fer_interest ready;
    for (int i = 0; i < 5; i++) {
        send_text_to(pair->socket, "refused", pair->family, refusing_port(pair->family));
    }
    assert_ok(fer_udp_socket_ready(pair->socket, FER_READABLE, millis(SHORT_MS), &ready));
    assert_int_equal(ready, 0);
    assert_receives_nothing(pair->socket);
    assert_ok(fer_udp_socket_take_error(pair->socket, &pending));
    assert_ok(pending);
    send_from_peer(pair, "fine");
    assert_receives_from_peer(pair, "fine");
}

FAMILY_TEST("U3", an_unconnected_socket_is_never_reported_refusals)
{
    struct udp_pair pair = udp_pair_open(family);
    assert_no_refusal_is_reported(&pair);
}

FAMILY_TEST("U3", a_disconnected_socket_is_never_reported_refusals)
{
    skip_refusals_on_wine();
    struct udp_pair pair = udp_pair_open(family);
    connect_to(pair.socket, family, refusing_port(family));
    assert_ok(fer_udp_socket_disconnect(pair.socket));
    assert_no_refusal_is_reported(&pair);
}

/* A call that is no receive has reported a refusal. On Windows it leaves it to the next receive
 * (`refusal_is_left`). */
static void assert_receives_what_is_left(fer_udp_socket *socket)
{
    char buf[8];
    fer_udp_received got;
    if (peer_is_windows()) {
        assert_kind(fer_udp_socket_recv(socket, buf, sizeof buf, &got), FER_CONNECTION_REFUSED);
    }
    assert_receives_nothing(socket);
}

/* Waits until a refusal has arrived. On Windows only a receive reports it. */
static void wait_for_refusal(const fer_udp_socket *socket)
{
    fer_raw_socket raw = fer_udp_socket_as_raw(socket);
    assert_true(peer_is_windows() ? peer_raw_wait_readable(raw) : peer_raw_wait_failed(raw));
}

/* A socket that is connected to a port which refuses datagrams. */
static fer_udp_socket *connected_to_refusing(peer_family family)
{
    uint16_t port = 0;
    skip_refusals_on_wine();
    fer_udp_socket *socket = test_udp_bound(family, &port);
    connect_to(socket, family, refusing_port(family));
    return socket;
}

FAMILY_TEST("U3", a_connected_receiver_is_reported_a_refusal_once)
{
    char buf[8];
    fer_udp_received got;
    fer_udp_socket *socket = connected_to_refusing(family);
    for (int i = 0; i < 3; i++) {
        send_text(socket, "refused");
        assert_kind(fer_udp_socket_recv(socket, buf, sizeof buf, &got), FER_CONNECTION_REFUSED);
        assert_receives_nothing(socket);
    }
    send_text(socket, "refused");
    assert_kind(fer_udp_socket_peek(socket, buf, sizeof buf, &got), FER_CONNECTION_REFUSED);
    assert_receives_what_is_left(socket);
}

/* On Windows no send reports it (`send_after_refusal`): the next receive does. */
FAMILY_TEST("U3", a_connected_sender_is_reported_a_refusal_once)
{
    size_t n = 77;
    char buf[8];
    fer_udp_received got;
    fer_udp_socket *socket = connected_to_refusing(family);
    send_text(socket, "refused");
    wait_for_refusal(socket);
    if (peer_is_windows()) {
        for (int i = 0; i < 10; i++) {
            send_text(socket, "sent");
        }
        assert_kind(fer_udp_socket_recv(socket, buf, sizeof buf, &got), FER_CONNECTION_REFUSED);
        return;
    }
    assert_kind_n(fer_udp_socket_send(socket, "not sent", 8, &n), FER_CONNECTION_REFUSED, n, 0);
    assert_receives_nothing(socket);
}

FAMILY_TEST("U3", take_error_takes_a_refusal)
{
    fer_error pending = {FER_OK, 0};
    fer_udp_socket *socket = connected_to_refusing(family);
    send_text(socket, "refused");
    wait_for_refusal(socket);
    assert_ok(fer_udp_socket_take_error(socket, &pending));
    assert_kind(pending, FER_CONNECTION_REFUSED);
    assert_receives_what_is_left(socket);
    assert_ok(fer_udp_socket_take_error(socket, &pending));
    assert_ok(pending);
}

/* "A port that refuses never affects a socket without a peer". */
FAMILY_TEST("U3", a_disconnected_socket_is_reported_no_earlier_refusal)
{
    fer_error pending = {FER_OTHER, 0};
    fer_udp_socket *socket = connected_to_refusing(family);
    send_text(socket, "refused");
    wait_for_refusal(socket);
    assert_ok(fer_udp_socket_disconnect(socket));
    assert_ok(fer_udp_socket_take_error(socket, &pending));
    assert_ok(pending);
    assert_receives_nothing(socket);
}

/* Nor is one with another peer, whose datagrams are sent and received. */
FAMILY_TEST("U3", a_socket_with_another_peer_is_reported_no_earlier_refusal)
{
    for (int sends = 0; sends < 2; sends++) {
        fer_error pending = {FER_OTHER, 0};
        uint16_t port = 0;
        fer_socket_addr local;
        fer_udp_socket *socket = connected_to_refusing(family);
        peer_socket peer = peer_datagram(family, &port);
        send_text(socket, "refused");
        wait_for_refusal(socket);
        connect_to(socket, family, port);
        assert_ok(fer_udp_socket_local_addr(socket, &local));
        if (sends != 0) {
            send_text(socket, "hello");
            assert_peer_socket_receives(peer, "hello", local.port);
        }
        assert_receives_nothing(socket);
        assert_ok(fer_udp_socket_take_error(socket, &pending));
        assert_ok(pending);
    }
}

/* take_error takes no datagram. */
FAMILY_TEST("U3", take_error_leaves_datagrams_in_the_queue)
{
    fer_error pending = {FER_OTHER, 0};
    struct udp_pair pair = udp_pair_open(family);
    connect_to_peer(&pair);
    send_from_peer(&pair, "first");
    send_from_peer(&pair, "second");
    wait_until_queued(pair.socket);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_take_error(pair.socket, &pending));
        assert_ok(pending);
    }
    assert_receives_from_peer(&pair, "first");
    assert_ok(fer_udp_socket_take_error(pair.socket, &pending));
    assert_ok(pending);
    assert_receives_from_peer(&pair, "second");
}

/* ---- U4 */

UDP_TEST("U4", empty_datagrams_are_sent_and_received_as_such)
{
    size_t n = 77;
    assert_ok_n(fer_udp_socket_send_to(pair.socket, NULL, 0, &pair.other_addr, &n), n, 0);
    assert_peer_receives(&pair, "");
    connect_to_peer(&pair);
    assert_ok(fer_udp_socket_send(pair.socket, NULL, 0, NULL));
    assert_peer_receives(&pair, "");
    send_from_peer(&pair, "");
    send_from_peer(&pair, "behind");
    assert_receives_from_peer(&pair, "");
    assert_receives_from_peer(&pair, "behind");
}

/* The socket, which has the pair's port, exchanges datagrams with the pair's peer. */
static void assert_udp_exchange(fer_udp_socket *socket, const struct udp_pair *pair)
{
    send_text_to(socket, "ping", pair->family, pair->other_port);
    assert_peer_receives(pair, "ping");
    send_from_peer(pair, "pong");
    assert_receives(socket, "pong", pair->family, pair->other_port);
}

/* A handle that was closed and bound again does not keep the old peer. */
RULE_TEST("C6", a_handle_that_is_bound_again_has_no_peer)
{
    uint16_t third_port = 0;
    struct udp_pair pair = udp_pair_open(PEER_V4);
    assert_true(peer_datagram(PEER_V4, &third_port) != PEER_NONE);
    fer_socket_addr addr = loopback(PEER_V4, third_port);
    assert_ok(fer_udp_socket_connect_addr(pair.socket, &addr));
    fer_udp_socket_close(pair.socket);
    addr = loopback(PEER_V4, 0);
    assert_ok(fer_udp_socket_bind_addr(pair.socket, &addr));
    assert_ok(fer_udp_socket_local_addr(pair.socket, &addr));
    assert_kind(fer_udp_socket_peer_addr(pair.socket, &(fer_socket_addr){0}), FER_NOT_CONNECTED);
    pair.port = addr.port;
    assert_udp_exchange(pair.socket, &pair);
}

/* ---- T: timeouts and modes */

/* Each mode leaves the others, and what arrives afterwards is received. */
UDP_TEST("T2", a_receive_expires_not_sooner_or_would_block)
{
    char buf[8];
    fer_udp_received got;
    assert_ok(fer_udp_socket_set_read_timeout(pair.socket, millis(SHORT_MS)));
    for (int i = 0; i < 4; i++) {
        bool nonblocking = i % 2 != 0;
        uint64_t start = peer_now_us();
        assert_ok(fer_udp_socket_set_nonblocking(pair.socket, nonblocking));
        fer_error error = i < 2 ? fer_udp_socket_peek_from(pair.socket, buf, sizeof buf, &got)
                                : fer_udp_socket_recv(pair.socket, buf, sizeof buf, &got);
        assert_kind(error, nonblocking ? FER_WOULD_BLOCK : FER_TIMED_OUT);
        assert_true(nonblocking || error.os_code == 0);
        assert_true(nonblocking ||
                    microseconds_since(start) + SYSTEM_TIMEOUT_SLACK_US >= SHORT_MS * 1000);
    }
    assert_ok(fer_udp_socket_set_nonblocking(pair.socket, false));
    assert_ok(fer_udp_socket_set_read_timeout(pair.socket, FER_DURATION_NONE));
    assert_udp_exchange(pair.socket, &pair);
}

/* ---- C: connecting */

RULE_TEST("C3", a_failed_bind_or_connect_leaves_the_handle_usable)
{
    struct udp_pair pair = udp_pair_open(PEER_V4);
    fer_udp_socket *socket = test_udp();
    fer_socket_addr got;
    fer_socket_addr used = loopback(PEER_V4, pair.port);
    fer_socket_addr any_port = loopback(PEER_V4, 0);
    assert_kind(fer_udp_socket_bind_addr(socket, &used), FER_ADDR_IN_USE);
    assert_ok(fer_udp_socket_bind_addr(socket, &any_port));
    assert_ok(fer_udp_socket_local_addr(socket, &got));
    assert_int_not_equal(got.port, pair.port);
    assert_int_not_equal(got.port, 0);
    fer_socket_addr peers[2] = {loopback(PEER_V4, 0), pair.other_addr};
    assert_own(fer_udp_socket_connect_addr(socket, &peers[0]), FER_INVALID_INPUT);
    assert_ok(fer_udp_socket_connect_addr(socket, &peers[1]));
    assert_udp_exchange(pair.socket, &pair);
    assert_ok(fer_udp_socket_peer_addr(socket, &got));
    assert_true(fer_socket_addr_eq(&got, &peers[1]));
    assert_own(fer_udp_socket_connect_addr(socket, &peers[0]), FER_INVALID_INPUT);
    assert_ok(fer_udp_socket_peer_addr(socket, &got));
    assert_true(fer_socket_addr_eq(&got, &peers[1]));
}

/* ---- L: binding. Ports in use: C3 above, socket_building.c */

RULE_TEST("L4", a_wildcard_on_ipv6_takes_ipv4_and_answers_it)
{
    skip_without_dual_stack();
    uint16_t other_port = 0;
    char buf[8];
    fer_udp_received got;
    fer_udp_socket *socket = test_udp();
    fer_socket_addr addr = wildcard(PEER_V6, 0);
    peer_socket other = peer_datagram(PEER_V4, &other_port);
    fer_socket_addr plain = loopback(PEER_V4, other_port);
    fer_socket_addr mapped = mapped_of(&plain);
    assert_ok(fer_udp_socket_bind_addr(socket, &addr));
    assert_ok(fer_udp_socket_local_addr(socket, &addr));
    for (int connected = 0; connected < 2; connected++) {
        assert_true(peer_datagram_send(other, PEER_V4, addr.port, "hello", 5));
        assert_ok(fer_udp_socket_recv_from(socket, buf, sizeof buf, &got));
        assert_true(fer_socket_addr_eq(&got.from, &mapped));
        assert_ok(fer_udp_socket_send_to(socket, "mapped", 6, &got.from, NULL));
        assert_peer_socket_receives(other, "mapped", addr.port);
        send_text_to(socket, "plain", PEER_V4, other_port);
        assert_peer_socket_receives(other, "plain", addr.port);
        assert_ok(fer_udp_socket_connect_addr(socket, &plain));
    }
}

/* `group_bind` */
RULE_TEST("L5", another_machine_s_address_is_not_available_and_a_group_is_except_on_windows)
{
    fer_udp_socket *socket = test_udp();
    skip_if(peer_is_wine(), "Wine binds a datagram socket to any address at all");
    fer_error_kind of_group = peer_is_windows() ? FER_ADDR_NOT_AVAILABLE : FER_OK;
    assert_kind(fer_udp_socket_bind(socket, "192.0.2.1:0"), FER_ADDR_NOT_AVAILABLE);
    assert_true(fer_udp_socket_as_raw(socket) == FER_RAW_SOCKET_NONE);
    assert_kind(fer_udp_socket_bind(socket, "239.1.2.3:0"), of_group);
    assert_either(fer_udp_socket_bind(test_udp(), "255.255.255.255:0"), of_group,
                  FER_ADDR_NOT_AVAILABLE);
}

/* ---- E4 */

RULE_TEST("E4", an_address_that_cannot_be_reached_from_the_socket_is_refused)
{
    uint16_t port = 0;
    size_t n = 77;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    fer_socket_addr bad[3] = {loopback(PEER_V6, port), loopback(PEER_V4, 0),
                              loopback(PEER_V4, port)};
    bad[2].ip.family = (fer_ip_family)7;
    for (size_t i = 0; i < 3; i++) {
        assert_own_n(fer_udp_socket_send_to(socket, "x", 1, &bad[i], &n), FER_INVALID_INPUT, n, 0);
        assert_own(fer_udp_socket_connect_addr(socket, &bad[i]), FER_INVALID_INPUT);
        n = 77;
    }
}

/* A connected socket can send to other addresses, except on macOS and the BSDs. */
FAMILY_TEST("U5", a_connected_socket_sends_to_others_or_reports_that_it_is_connected)
{
    struct udp_pair pair = udp_pair_open(family);
    uint16_t other_port = 0;
    peer_socket other = peer_datagram(family, &other_port);
    fer_socket_addr to = loopback(family, other_port);
    connect_to_peer(&pair);
    send_text_to(pair.socket, "peer's", family, pair.other_port);
    assert_peer_receives(&pair, "peer's");
    fer_error error = fer_udp_socket_send_to(pair.socket, "aside", 5, &to, NULL);
    assert_either(error, FER_OK, FER_ALREADY_CONNECTED);
    if (error.kind == FER_OK) {
        assert_peer_socket_receives(other, "aside", pair.port);
    }
}

/* ---- O: options */

RULE_TEST("O1", broadcasting_has_to_be_requested)
{
    uint16_t port = 0;
    bool on = true;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    fer_udp_socket *unspecified = test_udp();
    fer_ipv4_addr broadcast = FER_IPV4_ADDR_BROADCAST;
    fer_socket_addr to = fer_socket_addr_v4_new(broadcast, port);
    assert_ok_n(fer_udp_socket_broadcast(socket, &on), on, false);
    assert_ok(fer_udp_socket_set_broadcast(socket, true));
    assert_ok(fer_udp_socket_broadcast(socket, &on));
    assert_true(on);
    assert_ok(fer_udp_socket_set_broadcast(socket, false));
    assert_ok_n(fer_udp_socket_broadcast(socket, &on), on, false);
    assert_ok(fer_udp_socket_bind(unspecified, "0.0.0.0:0"));
    fer_error error = fer_udp_socket_send_to(unspecified, "all", 3, &to, NULL);
    skip_if(error.kind == FER_NETWORK_UNREACHABLE ||
                (peer_is_bsd() && error.kind == FER_ADDR_NOT_AVAILABLE),
            "this machine has no network to broadcast to");
    assert_kind(error, FER_PERMISSION_DENIED);
    assert_kind(fer_udp_socket_connect_addr(unspecified, &to), FER_PERMISSION_DENIED);
    assert_kind(fer_udp_socket_peer_addr(unspecified, &to), FER_NOT_CONNECTED);
}

/* ---- R: raw sockets */

/* With the timeouts and the peer that it has: datagrams of others that were queued before are not
 * received. */
FAMILY_TEST("R1", from_raw_takes_a_datagram_socket_with_its_timeouts_and_its_peer)
{
    for (int connected = 0; connected < 2; connected++) {
        struct udp_pair pair = {.family = family, .socket = test_udp()};
        fer_socket_addr got;
        fer_udp_received received;
        fer_duration timeout;
        char buf[8];
        fer_raw_socket raw = peer_datagram(family, &pair.port);
        pair.other = peer_datagram(family, &pair.other_port);
        if (connected) {
            send_from_other_sender(&pair);
            assert_true(peer_raw_wait_readable(raw));
            assert_true(peer_datagram_connect(raw, family, pair.other_port));
        }
        assert_true(peer_raw_set_timeouts(raw, SHORT_MS));
        peer_release(raw);
        assert_ok(fer_udp_socket_from_raw(pair.socket, raw));
        assert_true(fer_udp_socket_as_raw(pair.socket) == raw);
        assert_ok(fer_udp_socket_read_timeout(pair.socket, &timeout));
        assert_in_range(timeout.nanos, millis(SHORT_MS).nanos, millis(SHORT_MS + 20).nanos);
        assert_own(fer_udp_socket_recv(pair.socket, buf, sizeof buf, &received), FER_TIMED_OUT);
        assert_ok(fer_udp_socket_set_read_timeout(pair.socket, FER_DURATION_NONE));
        assert_kind(fer_udp_socket_peer_addr(pair.socket, &got),
                    connected ? FER_OK : FER_NOT_CONNECTED);
        send_from_peer(&pair, "mine");
        assert_receives_from_peer(&pair, "mine");
        if (!connected) {
            assert_udp_exchange(pair.socket, &pair);
        }
        fer_udp_socket_close(pair.socket);
        assert_false(peer_is_open(raw));
    }
}

RULE_TESTS("datagrams")
