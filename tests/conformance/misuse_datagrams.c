/* misuse_datagrams.c: rule E4: every function of udp.h and udp_batch.h on a handle that is NULL,
 * NEW or CLOSED, and bad arguments to good handles. Outputs stay unchanged; byte counts are always
 * written. */
#include "conformance/misuse.h"
#include "ferrule/udp_batch.h"

static const fer_ipv4_addr group_v4 = {{239, 1, 2, 3}};
static const fer_ipv4_addr local_v4 = {{127, 0, 0, 1}};
static const fer_ipv6_addr group_v6 = {{0xff, 0x02, [15] = 9}};

static fer_datagram_send sent[1] = {{.buf = "x", .len = 1}};
static fer_datagram_recv received[1];
static fer_udp_capabilities capabilities;

/* X(name, expression, whether it writes a count) for all functions except those that fill a
 * handle. */
#define CALLS(X)                                                                              \
    X(connect, fer_udp_socket_connect(s, "127.0.0.1:9"), false)                               \
    X(connect_addr, fer_udp_socket_connect_addr(s, &address), false)                          \
    X(peer_addr, fer_udp_socket_peer_addr(s, &outputs.addr), false)                           \
    X(local_addr, fer_udp_socket_local_addr(s, &outputs.addr), false)                         \
    X(send, fer_udp_socket_send(s, "x", 1, &outputs.n), true)                                 \
    X(send_nothing, fer_udp_socket_send(s, NULL, 0, &outputs.n), true)                        \
    X(send_huge, fer_udp_socket_send(s, "x", SIZE_MAX, &outputs.n), true)                     \
    X(send_to, fer_udp_socket_send_to(s, "x", 1, &address, &outputs.n), true)                 \
    X(send_to_huge, fer_udp_socket_send_to(s, "x", SIZE_MAX, &address, &outputs.n), true)     \
    X(recv, fer_udp_socket_recv(s, BYTES, DATAGRAM), false)                                   \
    X(recv_from, fer_udp_socket_recv_from(s, BYTES, DATAGRAM), false)                         \
    X(recv_nothing, fer_udp_socket_recv_from(s, NULL, 0, DATAGRAM), false)                    \
    X(peek, fer_udp_socket_peek(s, BYTES, DATAGRAM), false)                                   \
    X(peek_from, fer_udp_socket_peek_from(s, outputs.bytes, SIZE_MAX, DATAGRAM), false)       \
    X(send_batch, fer_udp_socket_send_batch(s, sent, 1, &outputs.n), true)                    \
    X(recv_batch, fer_udp_socket_recv_batch(s, received, 1, &outputs.n), true)                \
    X(try_send_batch, fer_udp_socket_try_send_batch(s, sent, 1, &outputs.n), true)            \
    X(try_recv_batch, fer_udp_socket_try_recv_batch(s, received, 1, &outputs.n), true)        \
    X(enable, fer_udp_socket_enable(s, FER_UDP_ECN, &outputs.number), false)                  \
    X(features, fer_udp_socket_features(s, &capabilities), false)                             \
    X(set_dont_fragment, fer_udp_socket_set_dont_fragment(s, true), false)                    \
    X(dont_fragment, fer_udp_socket_dont_fragment(s, FLAG), false)                            \
    X(path_mtu, fer_udp_socket_path_mtu(s, &outputs.number), false)                           \
    X(set_read_timeout, fer_udp_socket_set_read_timeout(s, fer_duration_from_secs(1)), false) \
    X(set_write_timeout, fer_udp_socket_set_write_timeout(s, FER_DURATION_NONE), false)       \
    X(read_timeout, fer_udp_socket_read_timeout(s, &outputs.duration), false)                 \
    X(write_timeout, fer_udp_socket_write_timeout(s, &outputs.duration), false)               \
    X(set_nonblocking, fer_udp_socket_set_nonblocking(s, true), false)                        \
    X(take_error, fer_udp_socket_take_error(s, &outputs.error), false)                        \
    X(set_ttl, fer_udp_socket_set_ttl(s, 64), false)                                          \
    X(ttl, fer_udp_socket_ttl(s, &outputs.number), false)                                     \
    X(set_broadcast, fer_udp_socket_set_broadcast(s, true), false)                            \
    X(broadcast, fer_udp_socket_broadcast(s, FLAG), false)                                    \
    X(set_loop_v4, fer_udp_socket_set_multicast_loop_v4(s, true), false)                      \
    X(loop_v4, fer_udp_socket_multicast_loop_v4(s, FLAG), false)                              \
    X(set_multicast_ttl, fer_udp_socket_set_multicast_ttl_v4(s, 3), false)                    \
    X(multicast_ttl, fer_udp_socket_multicast_ttl_v4(s, &outputs.number), false)              \
    X(set_loop_v6, fer_udp_socket_set_multicast_loop_v6(s, true), false)                      \
    X(loop_v6, fer_udp_socket_multicast_loop_v6(s, FLAG), false)                              \
    X(join_v4, fer_udp_socket_join_multicast_v4(s, group_v4, local_v4), false)                \
    X(leave_v4, fer_udp_socket_leave_multicast_v4(s, group_v4, local_v4), false)              \
    X(join_v6, fer_udp_socket_join_multicast_v6(s, group_v6, 0), false)                       \
    X(leave_v6, fer_udp_socket_leave_multicast_v6(s, group_v6, 0), false)                     \
    X(try_clone, fer_udp_socket_try_clone(s, &spares.udp), false)                             \
    X(try_clone_into_itself, fer_udp_socket_try_clone(s, s), false)

#define CALL_FUNCTION(name, expression, counts) MISUSE_FUNCTION(fer_udp_socket, name, expression)
CALLS(CALL_FUNCTION)

static const struct misuse_row rows[] = {CALLS(ALWAYS_MISUSE_ROW)};

RULE_TEST("E4", every_call_on_a_null_or_new_handle_is_invalid_input)
{
    CHECK_ROWS(rows, NULL, false);
    CHECK_ROWS(rows, test_udp(), false);
}

RULE_TEST("E4", every_call_on_a_closed_handle_is_invalid_input)
{
    uint16_t port = 0;
    fer_udp_socket *closed = test_udp_bound(PEER_V4, &port);
    fer_udp_socket *released = test_udp_bound(PEER_V4, &port);
    fer_udp_socket_close(closed);
    CHECK_ROWS(rows, closed, false);
    peer_adopt(fer_udp_socket_into_raw(released));
    CHECK_ROWS(rows, released, false);
}

RULE_TEST("E4", every_call_that_would_fill_a_null_handle_is_invalid_input)
{
    uint16_t port = 0;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    peer_socket raw = peer_datagram(PEER_V4, &port);
    fer_socket_addr addr = loopback(PEER_V4, 0);
    assert_own(fer_udp_socket_bind(NULL, "127.0.0.1:0"), FER_MISUSE);
    assert_own(fer_udp_socket_bind_addr(NULL, &addr), FER_MISUSE);
    assert_own(fer_udp_socket_try_clone(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_from_raw(NULL, raw), FER_MISUSE);
    assert_true(peer_is_open(raw));
}

RULE_TEST("E4", closing_what_is_not_open_is_harmless)
{
    fer_udp_socket *socket = test_udp();
    for (int i = 0; i < 3; i++) {
        fer_udp_socket_close(NULL);
        fer_udp_socket_close(socket);
        assert_true(fer_udp_socket_as_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_udp_socket_into_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_udp_socket_into_raw(socket) == FER_RAW_SOCKET_NONE);
    }
}

/* ---- Bad arguments to good handles */

/* The queued datagram stays queued, and no datagram is sent. */
RULE_TEST("E4", a_missing_buffer_or_output_is_invalid_input_and_takes_nothing)
{
    static const size_t lengths[] = {1, 8, (size_t)1 << 31, SIZE_MAX};
    fer_udp_received got;
    char buf[8];
    struct udp_pair pair = udp_pair_open(PEER_V4);
    assert_true(peer_datagram_send(pair.other, PEER_V4, pair.port, "kept", 4));
    assert_true(peer_raw_wait_readable(fer_udp_socket_as_raw(pair.socket)));
    assert_ok(fer_udp_socket_connect_addr(pair.socket, &pair.other_addr));
    for (size_t i = 0; i < 4; i++) {
        size_t n[2] = {77, 77};
        assert_own(fer_udp_socket_recv(pair.socket, NULL, lengths[i], &got), FER_MISUSE);
        assert_own(fer_udp_socket_recv_from(pair.socket, NULL, lengths[i], &got), FER_MISUSE);
        assert_own(fer_udp_socket_peek(pair.socket, NULL, lengths[i], &got), FER_MISUSE);
        assert_own(fer_udp_socket_peek_from(pair.socket, NULL, lengths[i], &got), FER_MISUSE);
        assert_own(fer_udp_socket_send(pair.socket, NULL, lengths[i], &n[0]), FER_MISUSE);
        assert_own(fer_udp_socket_send_to(pair.socket, NULL, lengths[i], &pair.other_addr, &n[1]),
                   FER_MISUSE);
        assert_int_equal(n[0] + n[1], 0);
    }
    assert_own(fer_udp_socket_recv(pair.socket, buf, sizeof buf, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_peek_from(pair.socket, buf, sizeof buf, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_send_to(pair.socket, "x", 1, NULL, NULL), FER_MISUSE);
    assert_ok(fer_udp_socket_recv(pair.socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 4);
    assert_ok(fer_udp_socket_send(pair.socket, "only", 4, NULL));
    size_t n = 0;
    assert_int_equal(peer_datagram_receive(pair.other, buf, sizeof buf, &n, &pair.other_port),
                     PEER_GOT);
    assert_int_equal(n, 4);
}

RULE_TEST("E4", a_getter_without_an_output_is_invalid_input)
{
    uint16_t port = 0;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    assert_own(fer_udp_socket_peer_addr(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_local_addr(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_read_timeout(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_write_timeout(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_take_error(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_ttl(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_broadcast(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_multicast_loop_v4(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_multicast_ttl_v4(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_multicast_loop_v6(socket, NULL), FER_INVALID_INPUT);
}

RULE_TEST("E4", a_missing_address_or_group_is_invalid_input)
{
    uint16_t port = 0;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    fer_udp_socket *empty = test_udp();
    assert_own(fer_udp_socket_bind(empty, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_bind_addr(empty, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_connect(socket, NULL), FER_MISUSE);
    assert_own(fer_udp_socket_connect_addr(socket, NULL), FER_MISUSE);
    assert_true(fer_udp_socket_as_raw(empty) == FER_RAW_SOCKET_NONE);
}

RULE_TEST("E4", a_bad_family_is_invalid_input)
{
    static const int bad_families[] = {0, 1, 2, 3, 5, 7, 10, 23, 30, 255, -1, INT32_MAX, INT32_MIN};
    uint16_t port = 0;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    fer_udp_socket *empty = test_udp();
    for (size_t i = 0; i < sizeof bad_families / sizeof bad_families[0]; i++) {
        fer_socket_addr bad = loopback(PEER_V4, port);
        size_t n = 77;
        bad.ip.family = (fer_ip_family)bad_families[i];
        assert_own(fer_udp_socket_bind_addr(empty, &bad), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_connect_addr(socket, &bad), FER_INVALID_INPUT);
        assert_own_n(fer_udp_socket_send_to(socket, "x", 1, &bad, &n), FER_INVALID_INPUT, n, 0);
    }
}

RULE_TESTS("misuse_datagrams")
