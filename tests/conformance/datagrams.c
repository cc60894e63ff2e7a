/* datagrams.c: rules U1 to U4: sending and receiving datagrams. For U5, the datagrams that a
 * connected socket receives: datagram_peers.c. For the sockets: datagram_sockets.c. */
#include "conformance/datagram_check.h"

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

FAMILY_TEST("U3", an_unconnected_socket_is_never_reported_refusals)
{
    fer_error pending;
    struct udp_pair pair = udp_pair_open(family);
    for (int i = 0; i < 5; i++) {
        send_text_to(pair.socket, "refused", pair.family, refusing_port(pair.family));
    }
    assert_receives_nothing(pair.socket);
    assert_ok(fer_udp_socket_take_error(pair.socket, &pending));
    assert_ok(pending);
    send_from_peer(&pair, "fine");
    assert_receives_from_peer(&pair, "fine");
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

RULE_TESTS("datagrams")
