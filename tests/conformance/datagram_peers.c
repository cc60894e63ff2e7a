/* datagram_peers.c: rule U5: which datagrams a connected datagram socket receives, and U7: its
 * shutdown. Also: two threads on one socket. */
#include "conformance/datagram_check.h"
#include "ferrule/udp_batch.h"
#include "support/socket_fixture.h"
#include "support/thread.h"

UDP_TEST("U5", of_the_datagrams_from_before_connect_only_the_peer_s_are_received)
{
    char buf[16];
    fer_udp_received got;
    send_from_other_sender(&pair);
    wait_until_queued(pair.socket);
    send_from_peer(&pair, "the peer's");
    connect_to_peer(&pair);
    assert_ok(fer_udp_socket_peek_from(pair.socket, buf, sizeof buf, &got));
    assert_int_equal(got.from.port, pair.other_port);
    assert_receives_from_peer(&pair, "the peer's");
    assert_receives_nothing(pair.socket);
}

UDP_TEST("U5", another_sender_s_datagram_after_connect_is_not_received)
{
    connect_to_peer(&pair);
    send_from_other_sender(&pair);
    send_from_peer(&pair, "the peer's");
    assert_receives_from_peer(&pair, "the peer's");
    assert_receives_nothing(pair.socket);
}

/* Also through a clone that is made before: the old peer's datagram is dropped, and the new one's
 * are received, in each way. */
FAMILY_TEST("U5", connecting_again_changes_the_peer_of_every_handle)
{
    for (int cloned = 0; cloned < 2; cloned++) {
        uint16_t port = 0;
        uint16_t ports[2] = {0};
        char buf[8];
        size_t n = 77;
        fer_udp_socket *socket = test_udp_bound(family, &port);
        fer_udp_socket *used = cloned != 0 ? test_udp() : socket;
        peer_socket first = peer_datagram(family, &ports[0]);
        peer_socket second = peer_datagram(family, &ports[1]);
        connect_to(socket, family, ports[0]);
        if (cloned != 0) {
            assert_ok(fer_udp_socket_try_clone(socket, used));
        }
        assert_true(peer_datagram_send(first, family, port, "old", 3));
        wait_until_queued(socket);
        connect_to(socket, family, ports[1]);
        for (int i = 0; i < 2; i++) {
            assert_true(peer_datagram_send(second, family, port, "new", 3));
        }
        assert_receives(used, "new", family, ports[1]);
        fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
        assert_ok_n(fer_udp_socket_recv_batch(used, &message, 1, &n), n, 1);
        assert_int_equal(message.from.port, ports[1]);
        send_text(used, "hello");
        assert_peer_socket_receives(second, "hello", port);
        fer_datagram_send sent = {.buf = "batch", .len = 5};
        assert_ok_n(fer_udp_socket_send_batch(used, &sent, 1, &n), n, 1);
        assert_peer_socket_receives(second, "batch", port);
    }
}

/* An address in a network for documentation (RFC 5737, RFC 3849). No datagram is sent to it. */
static fer_socket_addr elsewhere(peer_family family)
{
    const fer_ipv4_addr v4 = {{192, 0, 2, 1}};
    const fer_ipv6_addr v6 = fer_ipv6_addr_new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    return family == PEER_V4 ? fer_socket_addr_v4_new(v4, 9) : fer_socket_addr_v6_new(v6, 9, 0, 0);
}

static void assert_bound_to(fer_udp_socket *socket, const fer_socket_addr *want)
{
    fer_socket_addr local;
    assert_ok(fer_udp_socket_local_addr(socket, &local));
    assert_true(fer_socket_addr_eq(&local, want));
}

/* `udp_disconnect_unbinds`: the address may become the wildcard address. */
static void assert_port(const fer_udp_socket *socket, uint16_t port)
{
    fer_socket_addr addr = {0};
    assert_ok(fer_udp_socket_local_addr(socket, &addr));
    assert_int_equal(addr.port, port);
    assert_true(
        fer_ip_addr_is_loopback(addr.ip) ||
        ((peer_is_bsd() || unix_peer_has_bsd_datagrams()) && fer_ip_addr_is_unspecified(addr.ip)));
}

/* U5: "This holds ... until fer_udp_socket_disconnect", of any of the handles. */
FAMILY_TEST("U5", a_disconnected_socket_receives_from_every_sender)
{
    for (int cloned = 0; cloned < 2; cloned++) {
        uint16_t port = 0;
        uint16_t ports[2] = {0};
        fer_socket_addr addr;
        fer_udp_socket *socket = test_udp_bound(family, &port);
        fer_udp_socket *other = cloned != 0 ? test_udp() : socket;
        peer_socket first = peer_datagram(family, &ports[0]);
        peer_socket second = peer_datagram(family, &ports[1]);
        assert_ok(fer_udp_socket_disconnect(socket)); /* it has no peer */
        assert_port(socket, port);
        connect_to(socket, family, ports[0]);
        if (cloned != 0) {
            assert_ok(fer_udp_socket_try_clone(socket, other));
        }
        assert_true(peer_datagram_send(first, family, port, "old", 3));
        wait_until_queued(socket);
        assert_ok(fer_udp_socket_disconnect(other));
        assert_kind(fer_udp_socket_peer_addr(socket, &addr), FER_NOT_CONNECTED);
        assert_port(socket, port);
        assert_true(peer_datagram_send(second, family, port, "new", 3));
        assert_receives(socket, "old", family, ports[0]);
        assert_receives(socket, "new", family, ports[1]);
        if (!peer_is_wine()) { /* which connects to 0.0.0.0 */
            assert_kind(fer_udp_socket_send(socket, "none", 4, NULL), FER_NOT_CONNECTED);
        }
        send_text_to(socket, "to one", family, ports[0]);
        assert_peer_socket_receives(first, "to one", port);
        connect_to(socket, family, ports[1]);
        send_text(socket, "again");
        assert_peer_socket_receives(second, "again", port);
    }
}

/* A socket that is bound to the loopback address is never reachable from the network, whatever the
 * result of the second connect is. */
FAMILY_TEST("U5", a_socket_bound_to_loopback_keeps_its_address_when_it_is_connected_again)
{
    uint16_t port = 0;
    uint16_t ports[2] = {0};
    fer_socket_addr peer;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    fer_socket_addr local = loopback(family, port);
    fer_socket_addr to = elsewhere(family);
    assert_true(peer_datagram(family, &ports[0]) != PEER_NONE);
    peer_socket second = peer_datagram(family, &ports[1]);
    connect_to(socket, family, ports[0]);
    fer_error error = fer_udp_socket_connect_addr(socket, &to);
    assert_bound_to(socket, &local);
    if (error.kind != FER_OK && !peer_is_windows()) {
        assert_kind(fer_udp_socket_peer_addr(socket, &peer), FER_OK);
        assert_int_equal(peer.port, ports[0]);
    }
    connect_to(socket, family, ports[1]);
    assert_bound_to(socket, &local);
    send_text(socket, "hello");
    assert_peer_socket_receives(second, "hello", port);
}

/* The first connect of a socket on the wildcard address chooses a local address, which does not
 * prevent the next one, but on Windows (`udp_reconnect_keeps_source`). Datagrams of the new peer
 * that were queued before stay. */
FAMILY_TEST("U5", a_socket_connected_to_loopback_can_be_connected_to_another_address)
{
    uint16_t other_port = 0;
    fer_socket_addr first;
    fer_socket_addr local;
    fer_socket_addr to = elsewhere(family);
    fer_udp_socket *socket = test_udp();
    udp_bind_wildcard(socket, family);
    assert_ok(fer_udp_socket_local_addr(socket, &first));
    peer_socket other = peer_datagram(family, &other_port);
    connect_to(socket, family, other_port);
    assert_true(peer_datagram_send(other, family, first.port, "early", 5));
    wait_until_queued(socket);
    fer_error error = fer_udp_socket_connect_addr(socket, &to);
    bool has_no_route =
        error.kind == FER_NETWORK_UNREACHABLE || error.kind == FER_HOST_UNREACHABLE ||
        ((peer_is_bsd() || peer_is_plain()) && error.kind == FER_ADDR_NOT_AVAILABLE);
    bool is_kept = peer_is_windows() && error.kind == FER_ADDR_NOT_AVAILABLE;
    assert_true(error.kind == FER_OK || has_no_route || is_kept);
    assert_ok(fer_udp_socket_local_addr(socket, &local));
    assert_int_equal(local.port, first.port);
    connect_to(socket, family, other_port);
    assert_receives(socket, "early", family, other_port);
    send_text(socket, "hello");
    assert_peer_socket_receives(other, "hello", first.port);
}

/* The answer of the socket's peer arrives. */
static void assert_talks_with(fer_udp_socket *socket, peer_socket peer, peer_family family,
                              uint16_t peer_port, bool is_mapped)
{
    char buf[8];
    fer_udp_received got;
    fer_socket_addr local;
    assert_ok(fer_udp_socket_local_addr(socket, &local));
    send_text(socket, "ask");
    assert_peer_socket_receives(peer, "ask", local.port);
    assert_true(peer_datagram_send(peer, family, local.port, "answer", 6));
    assert_ok(fer_udp_socket_set_read_timeout(socket, millis(10000)));
    assert_ok(fer_udp_socket_recv_from(socket, buf, sizeof buf, &got));
    assert_ok(fer_udp_socket_set_read_timeout(socket, FER_DURATION_NONE));
    assert_int_equal(got.len, 6);
    assert_int_equal(got.from.port, peer_port);
    assert_int_equal(fer_ip_addr_to_canonical(got.from.ip).family == FER_IP_V4, is_mapped);
}

/* A socket at [::] has peers of both IP versions one after the other, in both orders, through its
 * handle, a clone, and one that adopted it, at last after a disconnect. The port stays. Exceptions:
 * on Windows the local address of the first peer may stay (`udp_reconnect_keeps_source`), an
 * adopted socket counts as bound on macOS, the BSDs and plain POSIX (`udp_reconnect_unbinds`), and
 * FreeBSD keeps the IP version of the first peer (`udp_reconnect_keeps_version`). */
RULE_TEST("U5", the_next_peer_may_have_the_other_ip_version)
{
    uint16_t ports[2] = {0};
    skip_without_dual_stack();
    peer_socket peers[2] = {peer_datagram(PEER_V4, &ports[0]), peer_datagram(PEER_V6, &ports[1])};
    const fer_socket_addr tos[2] = {loopback(PEER_V4, ports[0]), loopback(PEER_V6, ports[1])};
    fer_udp_socket *socket = test_udp();
    fer_udp_socket *clone = test_udp();
    for (int i = 0; i < 6; i++) {
        int order = i % 2;
        fer_socket_addr first;
        fer_socket_addr local;
        assert_ok(fer_udp_socket_bind(socket, "[::]:0"));
        assert_ok(fer_udp_socket_connect_addr(socket, &tos[order]));
        assert_ok(fer_udp_socket_local_addr(socket, &first));
        if (i / 2 == 1) {
            assert_ok(fer_udp_socket_try_clone(socket, clone));
        } else if (i / 2 == 2) {
            assert_ok(fer_udp_socket_from_raw(clone, fer_udp_socket_into_raw(socket)));
        }
        fer_udp_socket *used = i / 2 == 0 ? socket : clone;
        for (int step = 1; step < 4; step++) {
            int to = (order + step) % 2;
            if (step == 3 && !peer_keeps_ip_version()) {
                assert_ok(fer_udp_socket_disconnect(used));
            }
            fer_error error = fer_udp_socket_connect_addr(used, &tos[to]);
            bool is_bsd = peer_is_bsd() || unix_peer_has_bsd_datagrams() || peer_is_plain();
            if (peer_keeps_ip_version() && i / 2 != 2 && to != order) {
                assert_kind(error, FER_NETWORK_UNREACHABLE);
                continue;
            }
            if ((peer_is_windows() || (is_bsd && i / 2 == 2)) && error.kind != FER_OK) {
                assert_true(error.kind == FER_ADDR_NOT_AVAILABLE ||
                            error.kind == FER_NETWORK_UNREACHABLE);
                continue;
            }
            assert_ok(error);
            assert_ok(fer_udp_socket_local_addr(used, &local));
            assert_int_equal(local.port, first.port);
            assert_talks_with(used, peers[to], to == 0 ? PEER_V4 : PEER_V6, ports[to], to == 0);
        }
        fer_udp_socket_close(socket);
        fer_udp_socket_close(clone);
        *socket = (fer_udp_socket){0};
        *clone = (fer_udp_socket){0};
    }
}

/* A second connect to a broadcast address has the result of a first one. */
RULE_TEST("U5", a_connected_socket_can_be_connected_to_a_broadcast_address)
{
    const fer_ipv4_addr addresses[] = {FER_IPV4_ADDR_BROADCAST, {{127, 255, 255, 255}}};
    for (size_t i = 0; i < 2; i++) {
        fer_udp_socket *fresh = test_udp();
        fer_udp_socket *socket = test_udp();
        fer_socket_addr to = fer_socket_addr_v4_new(addresses[i], 9);
        assert_ok(fer_udp_socket_bind(fresh, "0.0.0.0:0"));
        assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:0"));
        assert_ok(fer_udp_socket_set_broadcast(fresh, true));
        assert_ok(fer_udp_socket_set_broadcast(socket, true));
        fer_error error = fer_udp_socket_connect_addr(fresh, &to);
        connect_to(socket, PEER_V4, 9);
        fer_error again = fer_udp_socket_connect_addr(socket, &to);
        if (!peer_is_windows() || again.kind != FER_ADDR_NOT_AVAILABLE) {
            assert_kind(again, error.kind);
        }
    }
}

/* ---- Two threads: "one receiving and one sending call at once on one handle" */

enum { MANY = 100 };

struct sender {
    fer_udp_socket *socket;
    fer_socket_addr to;
    bool worked;
};

static void send_many(void *argument)
{
    struct sender *sender = argument;
    sender->worked = true;
    for (int i = 0; i < MANY; i++) {
        unsigned char byte = (unsigned char)i;
        sender->worked =
            sender->worked &&
            fer_udp_socket_send_to(sender->socket, &byte, 1, &sender->to, NULL).kind == FER_OK;
    }
}

FAMILY_TEST("U1", one_thread_sends_while_another_receives)
{
    uint16_t port = 0;
    fer_udp_received got;
    test_thread thread;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    struct sender sender = {socket, loopback(family, port), false};
    assert_ok(fer_udp_socket_set_read_timeout(socket, millis(PEER_LIMIT_MS)));
    test_thread_start(&thread, send_many, &sender);
    fer_error error = {FER_OK, 0};
    int received = 0;
    for (; received < MANY && error.kind == FER_OK; received++) {
        unsigned char byte = 0;
        error = fer_udp_socket_recv(socket, &byte, 1, &got);
        error = error.kind == FER_OK && byte != (unsigned char)received ? (fer_error){FER_OTHER, 0}
                                                                        : error;
    }
    test_thread_join(&thread);
    assert_ok(error);
    assert_int_equal(received, MANY);
    assert_true(sender.worked);
}

/* ---- U7: shutdown */

static struct udp_pair connected_pair(peer_family family)
{
    struct udp_pair pair = udp_pair_open(family);
    connect_to_peer(&pair);
    return pair;
}

static fer_error shut_down(fer_udp_socket *socket, fer_shutdown how)
{
    return fer_socket_shutdown(fer_udp_socket_as_socket(socket), how);
}

static void assert_end(const struct udp_pair *pair, fer_error error, const fer_udp_received *got)
{
    assert_ok(error);
    assert_datagram(got, "", "", pair->family, pair->other_port);
}

static void assert_batch_ends(const struct udp_pair *pair, fer_udp_socket *socket)
{
    char buf[8];
    size_t n = 77;
    fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
    fer_error error = fer_udp_socket_recv_batch(socket, &message, 1, &n);
    const fer_udp_received got = {message.len, message.truncated, message.from};
    assert_int_equal(n, 1);
    assert_end(pair, error, &got);
}

/* Each receive call, in each mode. */
static void assert_every_receive_ends(const struct udp_pair *pair, fer_udp_socket *socket)
{
    char buf[8];
    fer_udp_received got;
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        assert_ok(fer_udp_socket_set_nonblocking(socket, nonblocking != 0));
        assert_end(pair, fer_udp_socket_recv_from(socket, buf, sizeof buf, &got), &got);
        assert_end(pair, fer_udp_socket_recv(socket, buf, sizeof buf, &got), &got);
        assert_end(pair, fer_udp_socket_peek(socket, buf, sizeof buf, &got), &got);
        assert_end(pair, fer_udp_socket_try_recv_from(socket, buf, sizeof buf, &got), &got);
        assert_end(pair, fer_udp_socket_try_peek_from(socket, buf, sizeof buf, &got), &got);
        assert_batch_ends(pair, socket);
    }
    const fer_limits limits = {.deadline = fer_instant_after(millis(PEER_LIMIT_MS))};
    assert_ok(fer_udp_socket_set_nonblocking(socket, false));
    assert_ok(fer_udp_socket_set_limits(socket, &limits));
    assert_end(pair, fer_udp_socket_recv_from(socket, buf, sizeof buf, &got), &got);
}

FAMILY_TEST("U7", after_a_shutdown_receives_end_and_sends_are_a_broken_pipe)
{
    struct udp_pair pair = connected_pair(family);
    size_t n = 77;
    send_from_peer(&pair, "queued");
    wait_until_queued(pair.socket);
    assert_own(shut_down(pair.socket, (fer_shutdown)3), FER_INVALID_INPUT);
    assert_own(shut_down(pair.socket, (fer_shutdown)-1), FER_INVALID_INPUT);
    assert_ok(shut_down(pair.socket, FER_SHUTDOWN_READ));
    assert_every_receive_ends(&pair, pair.socket);
    send_from_peer(&pair, "later");
    assert_every_receive_ends(&pair, pair.socket);
    send_text(pair.socket, "out");
    assert_peer_receives(&pair, "out");
    assert_ok(shut_down(pair.socket, FER_SHUTDOWN_BOTH));
    assert_ok(shut_down(pair.socket, FER_SHUTDOWN_WRITE));
    assert_kind_n(fer_udp_socket_send(pair.socket, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
    assert_every_receive_ends(&pair, pair.socket);
    assert_ok(fer_udp_socket_set_broadcast(pair.socket, true));
}

/* macOS does not report the peer any more. */
FAMILY_TEST("U7", after_a_shutdown_an_adopted_socket_has_its_peer)
{
    struct udp_pair pair = connected_pair(family);
    fer_raw_socket raw = fer_udp_socket_into_raw(pair.socket);
    assert_ok(fer_udp_socket_from_raw(pair.socket, raw));
    assert_ok(shut_down(pair.socket, FER_SHUTDOWN_BOTH));
    assert_every_receive_ends(&pair, pair.socket);
}

FAMILY_TEST("U7", a_shutdown_of_sending_leaves_receiving)
{
    struct udp_pair pair = connected_pair(family);
    size_t n = 77;
    assert_ok(shut_down(pair.socket, FER_SHUTDOWN_WRITE));
    assert_kind(fer_udp_socket_try_send(pair.socket, "x", 1, &n), FER_BROKEN_PIPE);
    send_from_peer(&pair, "in");
    assert_receives_from_peer(&pair, "in");
    assert_receives_nothing(pair.socket);
}

/* The clone was made before. Except on Linux (`clone_receives_on`), what is queued and what comes
 * later is lost. */
FAMILY_TEST("U7", a_clone_receives_the_end_too)
{
    bool is_lost = peer_is_windows() || peer_is_bsd();
    for (int queued = 0; queued < (is_lost ? 2 : 1); queued++) {
        struct udp_pair pair = connected_pair(family);
        fer_udp_socket *clone = test_udp();
        char buf[8];
        fer_udp_received got;
        assert_ok(fer_udp_socket_try_clone(pair.socket, clone));
        if (queued != 0) {
            send_from_peer(&pair, "queued");
            wait_until_queued(pair.socket);
        }
        assert_ok(shut_down(pair.socket, FER_SHUTDOWN_BOTH));
        assert_end(&pair, fer_udp_socket_recv(clone, buf, sizeof buf, &got), &got);
        assert_end(&pair, fer_udp_socket_peek(clone, buf, sizeof buf, &got), &got);
        assert_batch_ends(&pair, clone);
        if (queued != 0) {
            assert_every_receive_ends(&pair, clone);
            send_from_peer(&pair, "later");
            assert_every_receive_ends(&pair, clone);
        }
        assert_kind(fer_udp_socket_send(clone, "x", 1, NULL), FER_BROKEN_PIPE);
        assert_ok(shut_down(clone, FER_SHUTDOWN_BOTH));
    }
}

/* ---- Built datagram sockets. Raw ones: socket_protocols.c */

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

/* ---- Clones */

static fer_socket *clone_of(fer_socket *socket)
{
    fer_socket *clone = test_socket();
    assert_ok(fer_socket_try_clone(socket, clone));
    return clone;
}

/* R2: "Makes a second handle of the same socket." */
SOCKET_FAMILY_TEST("R2", a_clone_of_an_unbound_socket_is_bound_by_either)
{
    for (int by_clone = 0; by_clone < 2; by_clone++) {
        uint16_t other_port = 0;
        fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
        fer_socket *clone = clone_of(socket);
        peer_socket other = peer_datagram(family, &other_port);
        fer_socket_addr addr = any_port(family);
        assert_ok(fer_socket_bind(by_clone != 0 ? clone : socket, &addr));
        fer_socket *handles[] = {socket, clone, clone_of(clone)};
        for (size_t i = 0; i < 3; i++) {
            uint16_t port = local_addr_of(handles[i]).port;
            assert_int_equal(port, local_addr_of(handles[0]).port);
            assert_true(peer_datagram_send(other, family, port, "hello", 5));
            assert_built_receives(handles[i], "hello", family, other_port);
        }
        assert_kind(fer_socket_bind(by_clone != 0 ? socket : clone, &addr), FER_INVALID_INPUT);
    }
}

SOCKET_FAMILY_TEST("U1", sending_binds_the_socket_of_its_clone)
{
    uint16_t other_port = 0;
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_socket *clone = clone_of(socket);
    peer_socket other = peer_datagram(family, &other_port);
    fer_socket_addr to = loopback(family, other_port);
    fer_socket_addr addr = any_port(family);
    fer_socket_addr peer;
    size_t n = 77;
    assert_kind_n(fer_socket_send(socket, "x", 1, &n), FER_NOT_CONNECTED, n, 0);
    assert_kind(fer_socket_peer_addr(socket, &peer), FER_NOT_CONNECTED);
    assert_ok_n(fer_socket_send_to(socket, "one", 3, &to, &n), n, 3);
    assert_kind(fer_socket_bind(socket, &addr), FER_INVALID_INPUT);
    uint16_t port = local_addr_of(clone).port;
    assert_peer_socket_receives(other, "one", port);
    assert_ok(fer_socket_send_to(clone, "two", 3, &to, NULL));
    assert_peer_socket_receives(other, "two", port);
    assert_true(peer_datagram_send(other, family, port, "back", 4));
    assert_built_receives(clone, "back", family, other_port);
}

/* R2: the handle that was cloned first is closed, or released; the others are the socket still, and
 * a released socket has what all have. */
SOCKET_FAMILY_TEST("R2", the_socket_stays_whole_without_the_handle_that_was_cloned_first)
{
    for (int released = 0; released < 2; released++) {
        uint16_t other_port = 0;
        fer_socket adopted = {0};
        fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
        fer_socket *clone = clone_of(socket);
        peer_socket other = peer_datagram(family, &other_port);
        fer_socket_addr addr = any_port(family);
        assert_ok(fer_socket_bind(clone, &addr));
        uint16_t port = local_addr_of(clone).port;
        if (released != 0) {
            assert_ok(fer_socket_from_raw(&adopted, fer_socket_into_raw(socket)));
            assert_true(peer_datagram_send(other, family, port, "first", 5));
            assert_built_receives(&adopted, "first", family, other_port);
        }
        fer_socket_close(socket);
        assert_true(peer_datagram_send(other, family, port, "hello", 5));
        assert_built_receives(clone, "hello", family, other_port);
        fer_socket_close(&adopted);
        assert_true(peer_datagram_send(other, family, port, "again", 5));
        assert_built_receives(clone, "again", family, other_port);
        assert_ok(fer_socket_from_raw(&adopted, fer_socket_into_raw(clone)));
        assert_true(peer_datagram_send(other, family, port, "last", 4));
        assert_built_receives(&adopted, "last", family, other_port);
        fer_socket_close(&adopted);
    }
}

/* "Timeouts, the blocking mode and options belong to the socket, so clones share them, whenever
 * they are set." */
SOCKET_TEST("T6", a_clone_may_broadcast_as_soon_as_the_other_may)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    fer_socket *clone = clone_of(socket);
    fer_socket_addr to = fer_socket_addr_v4_new(FER_IPV4_ADDR_BROADCAST, 9);
    bool broadcast = false;
    assert_kind(fer_socket_connect(clone, &to), FER_PERMISSION_DENIED);
    assert_ok(fer_socket_set_broadcast(socket, true));
    assert_ok_n(fer_socket_broadcast(clone, &broadcast), broadcast, true);
    assert_true(fer_socket_connect(clone, &to).kind != FER_PERMISSION_DENIED);
    assert_ok(fer_socket_set_broadcast(clone, false));
    assert_ok_n(fer_socket_broadcast(socket, &broadcast), broadcast, false);
}

enum who { HANDLE, CLONE, ADOPTED, BINDERS };

/* "Datagram sockets that have all set it to true share a port on every system, whichever of their
 * handles has set it last." */
SOCKET_TEST("L1", a_clone_binds_with_the_reuse_that_another_handle_has_set)
{
    static const bool set[][2] = {{true, true}, {true, false}, {false, true}};
    for (int i = 0; i < 3 * BINDERS; i++) {
        const enum who binds = (enum who)(i % BINDERS);
        const bool shares = set[i / BINDERS][1]; /* through the clone, after the handle */
        fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
        fer_socket *other = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
        fer_socket *clone = clone_of(socket);
        fer_socket *binder = binds == CLONE ? clone : socket;
        fer_socket_addr addr = any_port(PEER_V4);
        assert_ok(fer_socket_set_reuse_address(socket, set[i / BINDERS][0]));
        assert_ok(fer_socket_set_reuse_address(clone, shares));
        if (binds == ADOPTED) {
            fer_raw_socket raw = fer_socket_into_raw(socket);
            assert_ok(fer_socket_from_raw(socket, raw));
        }
        assert_ok(fer_socket_bind(binder, &addr));
        bool reuses[2] = {!shares, !shares};
        assert_ok_n(fer_socket_reuse_address(socket, &reuses[0]), reuses[0], shares);
        assert_ok_n(fer_socket_reuse_address(clone, &reuses[1]), reuses[1], shares);
        addr = local_addr_of(binder);
        assert_ok(fer_socket_set_reuse_address(other, true));
        assert_kind(fer_socket_bind(other, &addr), shares ? FER_OK : FER_ADDR_IN_USE);
    }
}

RULE_TESTS("datagram_peers")
