/* misuse_handles.c: rule E4: every function of tcp.h on a handle that is NULL, NEW or CLOSED. For
 * bad arguments to good handles: misuse_arguments.c.
 *
 * E4: "Misuse (NULL, a handle, ... in the wrong state) is MISUSE", and "Reading, writing, shutting
 * down ... of a stream that was never connected are NOT_CONNECTED". Outputs stay unchanged; byte
 * counts are always written. */
#include "conformance/misuse.h"

/* X(name, expression, on a NEW handle, whether it writes a count) for all functions except those
 * that fill a handle. */
#define STREAM_CALLS(X)                                                                            \
    X(read, fer_tcp_stream_read(s, BYTES_N), NOT_YET_N)                                            \
    X(peek, fer_tcp_stream_peek(s, BYTES_N), NOT_YET_N)                                            \
    X(read_vectored, fer_tcp_stream_read_vectored(s, slices_in, 2, &outputs.n), NOT_YET_N)         \
    X(read_exact, fer_tcp_stream_read_exact(s, BYTES_N), NOT_YET_N)                                \
    X(read_to_end, fer_tcp_stream_read_to_end(s, BYTES_N), NOT_YET_N)                              \
    X(write, fer_tcp_stream_write(s, BYTES_N), NOT_YET_N)                                          \
    X(write_vectored, fer_tcp_stream_write_vectored(s, slices_out, 2, &outputs.n), NOT_YET_N)      \
    X(write_all, fer_tcp_stream_write_all(s, BYTES_N), NOT_YET_N)                                  \
    X(read_nothing, fer_tcp_stream_read(s, outputs.bytes, 0, &outputs.n), NOT_YET_N)               \
    X(peek_nothing, fer_tcp_stream_peek(s, outputs.bytes, 0, &outputs.n), NOT_YET_N)               \
    X(read_no_slices, fer_tcp_stream_read_vectored(s, NULL, 0, &outputs.n), NOT_YET_N)             \
    X(read_exactly_nothing, fer_tcp_stream_read_exact(s, outputs.bytes, 0, &outputs.n), NOT_YET_N) \
    X(write_nothing, fer_tcp_stream_write(s, outputs.bytes, 0, &outputs.n), NOT_YET_N)             \
    X(write_no_slices, fer_tcp_stream_write_vectored(s, NULL, 0, &outputs.n), NOT_YET_N)           \
    X(write_all_of_nothing, fer_tcp_stream_write_all(s, outputs.bytes, 0, &outputs.n), NOT_YET_N)  \
    X(read_huge, fer_tcp_stream_read(s, outputs.bytes, SIZE_MAX, &outputs.n), NOT_YET_N)           \
    X(write_huge, fer_tcp_stream_write(s, outputs.bytes, SIZE_MAX, &outputs.n), NOT_YET_N)         \
    X(shutdown_read, fer_tcp_stream_shutdown(s, FER_SHUTDOWN_READ), NOT_YET)                       \
    X(shutdown_write, fer_tcp_stream_shutdown(s, FER_SHUTDOWN_WRITE), NOT_YET)                     \
    X(shutdown_both, fer_tcp_stream_shutdown(s, FER_SHUTDOWN_BOTH), NOT_YET)                       \
    X(peer_addr, fer_tcp_stream_peer_addr(s, &outputs.addr), MISUSE)                               \
    X(local_addr, fer_tcp_stream_local_addr(s, &outputs.addr), MISUSE)                             \
    X(try_clone, fer_tcp_stream_try_clone(s, &spares.stream), MISUSE)                              \
    X(try_clone_into_itself, fer_tcp_stream_try_clone(s, s), MISUSE)                               \
    X(set_read_timeout, fer_tcp_stream_set_read_timeout(s, fer_duration_from_secs(1)), MISUSE)     \
    X(set_read_timeout_zero, fer_tcp_stream_set_read_timeout(s, fer_duration_from_secs(0)),        \
      MISUSE)                                                                                      \
    X(read_timeout, fer_tcp_stream_read_timeout(s, &outputs.duration), MISUSE)                     \
    X(set_write_timeout, fer_tcp_stream_set_write_timeout(s, FER_DURATION_NONE), MISUSE)           \
    X(write_timeout, fer_tcp_stream_write_timeout(s, &outputs.duration), MISUSE)                   \
    X(set_nonblocking, fer_tcp_stream_set_nonblocking(s, true), MISUSE)                            \
    X(set_nodelay, fer_tcp_stream_set_nodelay(s, true), MISUSE)                                    \
    X(nodelay, fer_tcp_stream_nodelay(s, FLAG), MISUSE)                                            \
    X(set_ttl, fer_tcp_stream_set_ttl(s, 64), MISUSE)                                              \
    X(ttl, fer_tcp_stream_ttl(s, &outputs.number), MISUSE)                                         \
    X(set_linger, fer_tcp_stream_set_linger(s, fer_duration_from_secs(1)), MISUSE)                 \
    X(linger, fer_tcp_stream_linger(s, &outputs.duration), MISUSE)                                 \
    X(set_keepalive, fer_tcp_stream_set_keepalive(s, &(fer_tcp_keepalive){true, {0}, {0}, 0}),     \
      MISUSE)                                                                                      \
    X(keepalive, fer_tcp_stream_keepalive(s, KEEPALIVE), MISUSE)                                   \
    X(take_error, fer_tcp_stream_take_error(s, &outputs.error), MISUSE)                            \
    X(close_gracefully, fer_tcp_stream_close_gracefully(s, fer_duration_from_secs(1)), MISUSE)     \
    X(close_gracefully_forever, fer_tcp_stream_close_gracefully(s, FER_DURATION_NONE), MISUSE)

#define LISTENER_CALLS(X)                                                                          \
    X(listener_accept, fer_tcp_listener_accept(s, &spares.stream, &outputs.addr), MISUSE)          \
    X(listener_accept_without_peer, fer_tcp_listener_accept(s, &spares.stream, NULL), MISUSE)      \
    X(listener_local_addr, fer_tcp_listener_local_addr(s, &outputs.addr), MISUSE)                  \
    X(listener_try_clone, fer_tcp_listener_try_clone(s, &spares.listener), MISUSE)                 \
    X(listener_try_clone_into_itself, fer_tcp_listener_try_clone(s, s), MISUSE)                    \
    X(listener_set_ttl, fer_tcp_listener_set_ttl(s, 64), MISUSE)                                   \
    X(listener_ttl, fer_tcp_listener_ttl(s, &outputs.number), MISUSE)                              \
    X(listener_take_error, fer_tcp_listener_take_error(s, &outputs.error), MISUSE)                 \
    X(listener_set_timeout,                                                                        \
      fer_socket_set_read_timeout(fer_tcp_listener_as_socket(s), fer_duration_from_secs(1)),       \
      MISUSE)                                                                                      \
    X(listener_set_timeout_zero,                                                                   \
      fer_socket_set_read_timeout(fer_tcp_listener_as_socket(s), fer_duration_from_secs(0)),       \
      MISUSE)                                                                                      \
    X(listener_timeout, fer_socket_read_timeout(fer_tcp_listener_as_socket(s), &outputs.duration), \
      MISUSE)                                                                                      \
    X(listener_set_limits, fer_tcp_listener_set_limits(s, NULL), MISUSE)                           \
    X(listener_set_nonblocking, fer_tcp_listener_set_nonblocking(s, true), MISUSE)

#define STREAM_FUNCTION(name, expression, ...) MISUSE_FUNCTION(fer_tcp_stream, name, expression)
#define LISTENER_FUNCTION(name, expression, ...) MISUSE_FUNCTION(fer_tcp_listener, name, expression)
STREAM_CALLS(STREAM_FUNCTION)
LISTENER_CALLS(LISTENER_FUNCTION)

static const struct misuse_row stream_rows[] = {STREAM_CALLS(MISUSE_ROW)};
static const struct misuse_row listener_rows[] = {LISTENER_CALLS(MISUSE_ROW)};

/* ---- Streams */

RULE_TEST("E4", every_call_on_a_null_stream_is_invalid_input)
{
    CHECK_ROWS(stream_rows, NULL, false);
}

RULE_TEST("E4", every_call_on_a_new_stream_is_misuse)
{
    CHECK_ROWS(stream_rows, test_stream(), true);
}

PAIR_TEST("E4", every_call_on_a_closed_stream_is_invalid_input)
{
    fer_tcp_stream_close(&pair->stream);
    CHECK_ROWS(stream_rows, &pair->stream, false);
}

PAIR_TEST("E4", every_call_on_a_stream_that_was_given_up_is_invalid_input)
{
    peer_adopt(fer_tcp_stream_into_raw(&pair->stream));
    CHECK_ROWS(stream_rows, &pair->stream, false);
}

/* C4 and E4: a handle whose connect failed is NEW. */
STREAM_TEST("E4", every_call_after_a_failed_connect_is_misuse)
{
    uint16_t port = 0;
    assert_true(peer_refuse(PEER_V4, &port));
    fer_socket_addr addr = loopback(PEER_V4, port);
    assert_kind(fer_tcp_stream_connect_addr(stream, &addr), FER_CONNECTION_REFUSED);
    CHECK_ROWS(stream_rows, stream, true);
}

/* ---- Listeners */

RULE_TEST("E4", every_call_on_a_null_new_or_closed_listener_is_invalid_input)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listener();
    CHECK_ROWS(listener_rows, NULL, false);
    CHECK_ROWS(listener_rows, listener, false);
    fer_tcp_listener *closed = test_listening(PEER_V4, &port);
    fer_tcp_listener_close(closed);
    CHECK_ROWS(listener_rows, closed, false);
    assert_ok(fer_tcp_listener_bind(closed, "127.0.0.1:0"));
}

/* ---- The calls that fill a handle, for which NULL is misuse, and close, which is never misuse */

PAIR_TEST("E4", every_call_that_would_fill_a_null_handle_is_invalid_input)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    peer_socket listening = peer_listen(PEER_V4, 4, &port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    fer_socket_addr any_port = loopback(PEER_V4, 0);
    assert_own(fer_tcp_stream_connect(NULL, "127.0.0.1:1"), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addr(NULL, &addr), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs(NULL, &addr, 1, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_timeout(NULL, &addr, millis(1000)), FER_MISUSE);
    assert_own(fer_tcp_stream_try_clone(&pair->stream, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_from_raw(NULL, listening), FER_MISUSE);
    assert_own(fer_tcp_listener_from_raw(NULL, listening), FER_MISUSE);
    assert_own(fer_tcp_listener_bind(NULL, "127.0.0.1:0"), FER_MISUSE);
    assert_own(fer_tcp_listener_bind_addr(NULL, &any_port), FER_MISUSE);
    assert_own(fer_tcp_listener_try_clone(listener, NULL), FER_MISUSE);
    assert_own(fer_tcp_listener_accept(listener, NULL, &addr), FER_MISUSE);
    assert_false(peer_is_queued(listening, 50));
    assert_true(peer_is_open(listening));
    assert_alive(pair);
}

PAIR_TEST("E4", closing_what_is_not_open_is_harmless)
{
    fer_tcp_stream *stream = test_stream();
    fer_tcp_listener *listener = test_listener();
    for (int i = 0; i < 3; i++) {
        fer_tcp_stream_close(NULL);
        fer_tcp_listener_close(NULL);
        fer_tcp_stream_close(stream);
        fer_tcp_listener_close(listener);
        assert_true(fer_tcp_stream_as_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_tcp_stream_into_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_tcp_listener_as_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_tcp_listener_into_raw(NULL) == FER_RAW_SOCKET_NONE);
    }
    assert_alive(pair);
}

RULE_TESTS("misuse_handles")
