/* connect_start.c: rule C5 of a plain stream: connects that are only started, and their results.
 * For a stream's answers during a pending connect, however it was started, see socket_pending.c
 * too. */
#include "support/socket_fixture.h"

enum { SHORT_MS = 40 };

static void start_stream_connect(fer_tcp_stream *stream, const fer_socket_addr *to)
{
    assert_ok(fer_tcp_stream_connect_start(stream, to));
}

static fer_error connect_outcome(fer_tcp_stream *stream)
{
    fer_interest ready = 0;
    fer_error outcome = {FER_OK, 0};
    assert_ok_n(fer_tcp_stream_ready(stream, FER_WRITABLE, FER_DURATION_NONE, &ready), ready,
                FER_WRITABLE);
    assert_ok(fer_tcp_stream_take_error(stream, &outcome));
    return outcome;
}

/* C5: "only start the connect"; the stream is nonblocking afterwards. */
SOCKET_FAMILY_STREAM_TEST("C5", a_started_connect_succeeds)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(family, &listener);
    fer_socket_addr peer;
    char byte;
    start_stream_connect(stream, &to);
    assert_ok(connect_outcome(stream));
    assert_ok(fer_tcp_stream_peer_addr(stream, &peer));
    assert_true(fer_socket_addr_eq(&peer, &to));
    assert_kind(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_own(fer_tcp_stream_connect_start(stream, &to), FER_MISUSE);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_exchange(stream, peer_accept(listener));
}

/* C5: "each call first queries the system for its result, and is WOULD_BLOCK if there is none". "A
 * second connect is MISUSE." */
SOCKET_FAMILY_STREAM_TEST("C5", a_started_connect_would_block_until_it_has_ended)
{
    struct pending_target target = pending_target(family);
    fer_socket_addr own;
    fer_interest ready = 77;
    assert_ok(fer_tcp_stream_connect_start(stream, &target.addr));
    assert_stream_connecting(stream);
    assert_own(fer_tcp_stream_connect_start(stream, &target.addr), FER_MISUSE);
    assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE | FER_WRITABLE, millis(SHORT_MS), &ready),
                ready, 0);
    assert_ok(fer_tcp_stream_local_addr(stream, &own));
    peer_socket other = pending_target_accept(&target, own.port);
    assert_ok(connect_outcome(stream));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_exchange(stream, other);
}

/* C5: "the first call that detects it returns the cause". If the OS refuses within the call, the
 * call returns the error and the handle is NEW (C4). A closed handle can start a connect again
 * (C6). */
SOCKET_FAMILY_STREAM_TEST("C5", a_started_connect_that_is_refused_reports_the_refusal)
{
    fer_socket_addr to = refusing_addr(family);
    peer_socket listener;
    fer_socket_addr good = accepting_addr(family, &listener);
    fer_error error = fer_tcp_stream_connect_start(stream, &to);
    if (error.kind == FER_OK) {
        fer_error saved = connect_outcome(stream);
        assert_kind(saved, FER_CONNECTION_REFUSED);
        assert_stream_failed(stream, saved);
        assert_own(fer_tcp_stream_connect_start(stream, &good), FER_MISUSE);
        fer_tcp_stream_close(stream);
    } else {
        assert_kind(error, FER_CONNECTION_REFUSED);
        assert_new(stream);
    }
    start_stream_connect(stream, &good);
    assert_ok(connect_outcome(stream));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_exchange(stream, peer_accept(listener));
}

/* ---- S5: a connection that was reset before the first call is still a connection */

static fer_tcp_stream *connected_and_reset(void)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(PEER_V4, &listener);
    fer_tcp_stream *stream = test_stream();
    start_stream_connect(stream, &to);
    peer_socket other = peer_accept(listener);
    assert_true(peer_send_all(other, "bye", 3));
    peer_reset(other);
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(stream)));
    return stream;
}

/* "Input that had arrived before is still read where the system kept it; then comes the error
 * again." */
static void assert_read_to_reset(fer_tcp_stream *stream)
{
    char bytes[8];
    size_t n = 0;
    fer_error error = fer_tcp_stream_read(stream, bytes, sizeof bytes, &n);
    if (error.kind == FER_OK) {
        assert_int_equal(n, 3);
        assert_memory_equal(bytes, "bye", 3);
        error = fer_tcp_stream_read(stream, bytes, sizeof bytes, &n);
    }
    assert_kind(error, FER_CONNECTION_RESET);
    assert_kind(fer_tcp_stream_read(stream, bytes, sizeof bytes, &n), FER_CONNECTION_RESET);
}

/* As for every stream, take_error returns a reset once, and the reset stays with the handle. */
SOCKET_TEST("S5", a_started_connection_that_was_reset_is_read_to_the_reset)
{
    for (int takes = 0; takes < 2; takes++) {
        fer_tcp_stream *stream = connected_and_reset();
        fer_socket_addr addr;
        fer_error outcome = {FER_OK, 0};
        if (takes) {
            assert_ok(fer_tcp_stream_take_error(stream, &outcome));
            assert_kind(outcome, FER_CONNECTION_RESET);
            assert_ok(fer_tcp_stream_take_error(stream, &outcome));
            assert_ok(outcome);
        }
        assert_read_to_reset(stream);
        assert_kind(fer_tcp_stream_write(stream, "x", 1, NULL), FER_CONNECTION_RESET);
        assert_ended_name(fer_tcp_stream_local_addr(stream, &addr));
        assert_own(fer_tcp_stream_peer_addr(stream, &addr), FER_NOT_CONNECTED);
        assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    }
}

RULE_TESTS("connect_start")
