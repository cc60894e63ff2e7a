/* socket_datagrams.c: rules U1, U5, U8, R2, T6 for built datagram sockets and for their clones that
 * are made before they are bound and connected. For other datagrams: datagrams.c and
 * datagram_peers.c. For raw sockets: socket_protocols.c. */
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

/* "A connected socket receives its peer's datagrams only. … This holds through clones too." */
SOCKET_FAMILY_TEST("U5", a_clone_follows_each_connect)
{
    uint16_t ports[2] = {0};
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_socket *clone = clone_of(socket);
    for (size_t i = 0; i < 2; i++) {
        peer_socket other = peer_datagram(family, &ports[i]);
        fer_socket_addr to = loopback(family, ports[i]);
        fer_socket_addr peer;
        assert_ok(i == 0 ? fer_socket_connect(socket, &to)
                         : fer_socket_connect_timeout(clone, &to, millis(1000)));
        uint16_t port = local_addr_of(clone).port;
        fer_socket *handles[] = {socket, clone};
        for (size_t h = 0; h < 2; h++) {
            assert_ok(fer_socket_peer_addr(handles[h], &peer));
            assert_int_equal(peer.port, ports[i]);
            assert_ok(fer_socket_send(handles[h], "hello", 5, NULL));
            assert_peer_socket_receives(other, "hello", port);
            assert_true(peer_datagram_send(other, family, port, "back", 4));
            assert_built_receives(handles[h], "back", family, ports[i]);
        }
    }
    assert_ok(fer_socket_shutdown(socket, FER_SHUTDOWN_WRITE));
    assert_kind(fer_socket_send(clone, "x", 1, NULL), FER_BROKEN_PIPE);
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

enum who { HANDLE, CLONE, ADOPTED };

/* "Datagram sockets that have all set it to true share a port on every system, whichever of their
 * handles has set it last." */
SOCKET_TEST("L1", a_clone_binds_with_the_reuse_that_another_handle_has_set)
{
    static const struct {
        bool set[2]; /* through the handle, then through the clone */
        enum who binds;
    } rows[] = {{{true, true}, HANDLE},  {{true, true}, CLONE},  {{true, true}, ADOPTED},
                {{true, false}, HANDLE}, {{true, false}, CLONE}, {{true, false}, ADOPTED},
                {{false, true}, HANDLE}, {{false, true}, CLONE}, {{false, true}, ADOPTED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool shares = rows[i].set[1];
        fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
        fer_socket *other = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
        fer_socket *clone = clone_of(socket);
        fer_socket *binder = rows[i].binds == CLONE ? clone : socket;
        fer_socket_addr addr = any_port(PEER_V4);
        assert_ok(fer_socket_set_reuse_address(socket, rows[i].set[0]));
        assert_ok(fer_socket_set_reuse_address(clone, rows[i].set[1]));
        if (rows[i].binds == ADOPTED) {
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

RULE_TESTS("socket_datagrams")
