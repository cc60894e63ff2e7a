/* misuse_readiness.c: rule E4: every _ready and _try_ function and every function that starts a
 * connect, on a handle that is NULL, NEW or CLOSED, and with bad arguments. Outputs stay unchanged;
 * byte counts are always written. */
#include "conformance/misuse.h"

#define WAIT FER_READABLE, FER_DURATION_NONE, &outputs.ready

/* X(handle's type, function, its arguments, on a NEW handle, whether it writes a count) */
#define CALLS(X)                                                                                  \
    X(fer_tcp_stream, fer_tcp_stream_try_read, (s, BYTES_N), NOT_YET_N)                           \
    X(fer_tcp_stream, fer_tcp_stream_try_peek, (s, BYTES_N), NOT_YET_N)                           \
    X(fer_tcp_stream, fer_tcp_stream_try_write, (s, "x", 1, &outputs.n), NOT_YET_N)               \
    X(fer_tcp_stream, fer_tcp_stream_try_read_vectored, (s, slices_in, 2, &outputs.n), NOT_YET_N) \
    X(fer_tcp_stream, fer_tcp_stream_try_write_vectored, (s, slices_out, 2, &outputs.n),          \
      NOT_YET_N)                                                                                  \
    X(fer_tcp_stream, fer_tcp_stream_ready, (s, WAIT), NOT_YET)                                   \
    X(fer_tcp_listener, fer_tcp_listener_try_accept, (s, &spares.stream, &outputs.addr), MISUSE)  \
    X(fer_tcp_listener, fer_tcp_listener_ready, (s, WAIT), MISUSE)                                \
    X(fer_udp_socket, fer_udp_socket_try_send, (s, "x", 1, &outputs.n), MISUSE_N)                 \
    X(fer_udp_socket, fer_udp_socket_try_send_to, (s, "x", 1, &address, &outputs.n), MISUSE_N)    \
    X(fer_udp_socket, fer_udp_socket_try_recv_from, (s, BYTES, DATAGRAM), MISUSE)                 \
    X(fer_udp_socket, fer_udp_socket_try_peek_from, (s, BYTES, DATAGRAM), MISUSE)                 \
    X(fer_udp_socket, fer_udp_socket_ready, (s, WAIT), MISUSE)                                    \
    X(fer_unix_stream, fer_unix_stream_try_read, (s, BYTES_N), NOT_YET_N)                         \
    X(fer_unix_stream, fer_unix_stream_try_write, (s, "x", 1, &outputs.n), NOT_YET_N)             \
    X(fer_unix_stream, fer_unix_stream_try_read_vectored, (s, slices_in, 2, &outputs.n),          \
      NOT_YET_N)                                                                                  \
    X(fer_unix_stream, fer_unix_stream_try_write_vectored, (s, slices_out, 2, &outputs.n),        \
      NOT_YET_N)                                                                                  \
    X(fer_unix_stream, fer_unix_stream_ready, (s, WAIT), NOT_YET)                                 \
    X(fer_unix_listener, fer_unix_listener_try_accept, (s, &spares.unix_stream, &outputs.name),   \
      MISUSE)                                                                                     \
    X(fer_unix_listener, fer_unix_listener_ready, (s, WAIT), MISUSE)                              \
    X(fer_unix_datagram, fer_unix_datagram_try_send, (s, "x", 1, &outputs.n), MISUSE_N)           \
    X(fer_unix_datagram, fer_unix_datagram_try_send_to_addr, (s, "x", 1, &name, &outputs.n),      \
      MISUSE_N)                                                                                   \
    X(fer_unix_datagram, fer_unix_datagram_try_recv_from, (s, BYTES, RECEIVED), MISUSE)           \
    X(fer_unix_datagram, fer_unix_datagram_ready, (s, WAIT), MISUSE)                              \
    X(fer_socket, fer_socket_ready, (s, WAIT), MISUSE)

CALLS(TYPED_FUNCTION)
static const struct misuse_row rows[] = {CALLS(TYPED_ROW)};

RULE_TEST("E4", every_call_on_a_null_or_new_handle_is_misuse)
{
    fer_socket handle = {0};
    CHECK_ROWS(rows, NULL, false);
    CHECK_ROWS(rows, &handle, true);
}

/* One closed handle for all types, because close is the same for all of them. */
RULE_TEST("E4", every_call_on_a_closed_handle_is_invalid_input)
{
    fer_socket closed = {0};
    assert_ok(fer_socket_new(&closed, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    fer_socket_close(&closed);
    CHECK_ROWS(rows, &closed, false);
}

/* The state of the handle is the first answer. */
RULE_TEST("E4", a_bad_interest_does_not_hide_the_state_of_a_stream)
{
    const fer_interest bad[] = {0, 8};
    const fer_tcp_stream unopened = {0};
    const fer_unix_stream unix_unopened = {0};
    for (size_t i = 0; i < 2; i++) {
        assert_own(fer_tcp_stream_ready(NULL, bad[i], millis(0), NULL), FER_MISUSE);
        assert_own(fer_tcp_stream_ready(&unopened, bad[i], millis(0), NULL), FER_NOT_CONNECTED);
        assert_own(fer_unix_stream_ready(NULL, bad[i], millis(0), NULL), FER_MISUSE);
        assert_own(fer_unix_stream_ready(&unix_unopened, bad[i], millis(0), NULL),
                   FER_NOT_CONNECTED);
    }
}

/* E4: "an unknown enum value": no interest, and unknown interests. */
SLOW_PAIR_TEST("E4", no_interest_and_unknown_ones_are_invalid_input)
{
    static const fer_interest bad[] = {0, 4, FER_READABLE | 4, 8 | FER_WRITABLE, UINT32_MAX};
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    fer_udp_socket *udp = test_udp_bound(PEER_V4, &port);
    for (int i = 0; i < 5; i++) {
        fer_interest ready = 77;
        assert_own(fer_tcp_stream_ready(&pair->stream, bad[i], FER_DURATION_NONE, &ready),
                   FER_INVALID_INPUT);
        assert_own(fer_tcp_listener_ready(listener, bad[i], FER_DURATION_NONE, &ready),
                   FER_INVALID_INPUT);
        assert_own(fer_udp_socket_ready(udp, bad[i], FER_DURATION_NONE, &ready), FER_INVALID_INPUT);
        assert_int_equal(ready, 77);
    }
    assert_own(fer_tcp_stream_ready(&pair->stream, FER_WRITABLE, FER_DURATION_NONE, NULL),
               FER_MISUSE);
    assert_own(fer_udp_socket_ready(udp, FER_WRITABLE, FER_DURATION_NONE, NULL), FER_MISUSE);
}

/* A call without a buffer or an output consumes nothing. */
PAIR_TEST("E4", a_missing_buffer_or_output_is_invalid_input_and_takes_nothing)
{
    uint16_t port = 0;
    fer_udp_socket *udp = test_udp_bound(PEER_V4, &port);
    fer_udp_received got;
    char buf[4];
    size_t n[3] = {77, 77, 77};
    pair_send(pair, "kept", 4);
    assert_own(fer_tcp_stream_try_read(&pair->stream, NULL, 4, &n[0]), FER_MISUSE);
    assert_own(fer_tcp_stream_try_peek(&pair->stream, NULL, SIZE_MAX, &n[1]), FER_MISUSE);
    assert_own(fer_tcp_stream_try_write(&pair->stream, NULL, 4, &n[2]), FER_MISUSE);
    assert_int_equal(n[0] + n[1] + n[2], 0);
    assert_ok(fer_tcp_stream_try_read(&pair->stream, buf, 4, NULL));
    assert_own(fer_udp_socket_try_send_to(udp, "x", 1, NULL, &n[0]), FER_MISUSE);
    assert_own(fer_udp_socket_try_recv_from(udp, NULL, 1, &got), FER_MISUSE);
    assert_own(fer_udp_socket_try_recv_from(udp, buf, 4, NULL), FER_MISUSE);
    assert_alive(pair);
}

/* C6: "Connecting ... into an open handle is MISUSE and does not change it"; a missing or bad
 * address too. */
SLOW_PAIR_TEST("C6", a_connect_is_not_started_on_an_open_handle_or_to_no_address)
{
    fer_tcp_stream *empty = test_stream();
    fer_socket_addr bad = loopback(PEER_V4, 9);
    bad.ip.family = (fer_ip_family)9;
    address = loopback(PEER_V4, 9);
    assert_ok(fer_unix_addr_from_pathname(&name, "a"));
    assert_own(fer_tcp_stream_connect_start(&pair->stream, &address), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_start(NULL, &address), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_start(empty, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_start(empty, &bad), FER_INVALID_INPUT);
    assert_own(fer_unix_stream_connect_start(NULL, &name), FER_MISUSE);
    assert_own(fer_unix_stream_connect_start(&spares.unix_stream, NULL), FER_MISUSE);
    assert_new(empty);
    assert_alive(pair);
}

/* C6: "accepting ... into an open handle is MISUSE": the connection stays queued. */
SLOW_PAIR_TEST("C6", nothing_is_accepted_into_an_open_handle)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    fer_tcp_stream *stream = test_stream();
    peer_socket other = peer_connect(PEER_V4, port);
    assert_true(other != PEER_NONE);
    assert_own(fer_tcp_listener_try_accept(listener, &pair->stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_listener_try_accept(listener, NULL, NULL), FER_MISUSE);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, other);
    assert_alive(pair);
}

RULE_TESTS("misuse_readiness")
