/* modes.c: rule T6: the blocking mode, timeouts and options belong to the socket, not to the handle.
 * Nonblocking calls that would wait (T2): limits.c, crossings.c, never_waiting.c. */
#include "support/fixture.h"

static void assert_starts_blocking_without_timeouts(fer_tcp_stream *stream)
{
    fer_duration got = {0};
    char byte;
    assert_ok_n(fer_tcp_stream_read_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok_n(fer_tcp_stream_write_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
}

/* T6: "An accepted stream starts in blocking mode and without timeouts": ... */
static void assert_accepts_afresh(fer_tcp_listener *listener, uint16_t port)
{
    fer_tcp_stream *stream = test_stream();
    peer_socket other = peer_connect(PEER_V4, port);
    assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_starts_blocking_without_timeouts(stream);
    if (!peer_is_windows()) {
        assert_false(peer_raw_is_nonblocking(fer_tcp_stream_as_raw(stream)));
    }
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_exchange(stream, other);
}

/* T6: also if the listener or a clone is nonblocking, which the other handle does not record, if a
 * clone was released, given timeouts and adopted again, and if the listener is adopted and has
 * timeouts, which accepted sockets inherit on every OS. A clone shares the mode. */
LISTENER_TEST("T6", accepted_streams_have_no_mode_of_the_listener)
{
    fer_tcp_listener *clone = test_listener();
    uint16_t adopted_port = 0;
    assert_ok(fer_tcp_listener_set_nonblocking(listener, true));
    assert_accepts_afresh(listener, port);
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    assert_ok(fer_tcp_listener_set_nonblocking(listener, false));
    assert_accepts_afresh(clone, port);
    assert_ok(fer_tcp_listener_set_nonblocking(clone, true));
    assert_kind(fer_tcp_listener_accept(listener, test_stream(), NULL), FER_WOULD_BLOCK);
    assert_accepts_afresh(listener, port);
    fer_raw_socket raw = fer_tcp_listener_into_raw(clone);
    assert_true(peer_raw_set_timeouts(raw, 5000));
    assert_ok(fer_tcp_listener_from_raw(clone, raw));
    assert_accepts_afresh(listener, port);
    raw = peer_listen(PEER_V4, 8, &adopted_port);
    assert_true(peer_raw_set_timeouts(raw, 5000));
    peer_release(raw);
    fer_tcp_listener *adopted = test_listener();
    assert_ok(fer_tcp_listener_from_raw(adopted, raw));
    assert_accepts_afresh(adopted, adopted_port);
}

/* T6: "the socket's": a new connection in a used handle has the default modes. */
PAIR_TEST("T6", a_new_connection_starts_with_none_of_the_old_modes)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(pair->kind.family, 4, &port);
    fer_socket_addr addr = loopback(pair->kind.family, port);
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(3000)));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    fer_tcp_stream_close(&pair->stream);
    assert_ok(fer_tcp_stream_connect_addr(&pair->stream, &addr));
    assert_starts_blocking_without_timeouts(&pair->stream);
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, FER_DURATION_NONE));
    assert_exchange(&pair->stream, peer_accept(listener));
}

RULE_TESTS("modes")
