/* clones.c: what all handles of a socket share (rules T6, S6, O2): set before or after the clone,
 * through any handle, whichever handles are closed; and what a new connection does not inherit. */
#include "support/fixture.h"

enum { HANDLES = 4 };

/* A stream and three clones of it: of the stream, of its clone, and of the stream again. */
static void open_clones(struct pair *pair, fer_tcp_stream *handles[HANDLES])
{
    static const size_t sources[HANDLES] = {0, 0, 1, 0};
    handles[0] = &pair->stream;
    for (size_t i = 1; i < HANDLES; i++) {
        handles[i] = test_stream();
        assert_ok(fer_tcp_stream_try_clone(handles[sources[i]], handles[i]));
    }
}

static void set_modes(fer_tcp_stream *stream, uint64_t read_seconds, uint64_t write_seconds,
                      bool nonblocking)
{
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(1000 * read_seconds)));
    assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(1000 * write_seconds)));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, nonblocking));
    assert_ok(fer_tcp_stream_set_ttl(stream, (uint32_t)read_seconds));
    assert_ok(fer_tcp_stream_set_linger(stream, millis(1000 * write_seconds)));
}

static void assert_timeouts(const fer_tcp_stream *stream, uint64_t read_seconds,
                            uint64_t write_seconds)
{
    const uint64_t second = UINT64_C(1000000000);
    const uint64_t resolution = 20000000;
    fer_duration got = {0};
    assert_ok(fer_tcp_stream_read_timeout(stream, &got));
    assert_in_range(got.nanos, read_seconds * second, read_seconds * second + resolution);
    assert_ok(fer_tcp_stream_write_timeout(stream, &got));
    assert_in_range(got.nanos, write_seconds * second, write_seconds * second + resolution);
    assert_ok_n(fer_tcp_stream_linger(stream, &got), got.nanos, write_seconds * second);
}

static void assert_would_block(fer_tcp_stream *stream)
{
    char byte;
    assert_kind(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
}

/* ---- T6: "Timeouts, the blocking mode and options belong to the socket, so clones share them,
 * whenever they are set." */

PAIR_TEST("T6", every_handle_returns_the_value_that_any_handle_has_set)
{
    fer_tcp_stream *handles[HANDLES];
    uint32_t ttl = 0;
    set_modes(&pair->stream, 30, 70, true);
    open_clones(pair, handles);
    for (size_t i = 0; i < HANDLES; i++) {
        assert_timeouts(handles[i], 30, 70);
        assert_would_block(handles[i]);
    }
    for (size_t setter = 0; setter < HANDLES; setter++) {
        set_modes(handles[setter], 100 + setter, 200 + setter, true);
        for (size_t i = 0; i < HANDLES; i++) {
            assert_timeouts(handles[i], 100 + setter, 200 + setter);
            assert_would_block(handles[i]);
            assert_ok_n(fer_tcp_stream_ttl(handles[i], &ttl), ttl, 100 + setter);
        }
    }
}

/* T6: the handles that remain share them, in whatever order the others are closed. */
KIND_TEST("T6", the_handles_that_remain_share)
{
    static const size_t orders[3][HANDLES] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
    for (size_t order = 0; order < 3; order++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *handles[HANDLES];
        open_clones(pair, handles);
        for (size_t i = 0; i < HANDLES - 1; i++) {
            fer_tcp_stream_close(handles[orders[order][i]]);
            fer_tcp_stream *next = handles[orders[order][i + 1]];
            fer_tcp_stream *last = handles[orders[order][HANDLES - 1]];
            set_modes(next, 10 + i, 50 + i, i % 2 == 0);
            assert_timeouts(last, 10 + i, 50 + i);
        }
        assert_would_block(handles[orders[order][HANDLES - 1]]);
        pair_close(pair);
    }
}

/* ---- S6: "A shutdown of READ or BOTH ... wakes a blocked read, ... through the same handle or a
 * clone." A read that begins later finds the end too, without a wait. */

KIND_TEST("S6", a_read_half_that_a_clone_has_shut_has_ended)
{
    for (size_t shutter = 0; shutter < HANDLES; shutter++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *handles[HANDLES];
        open_clones(pair, handles);
        assert_ok(fer_tcp_stream_shutdown(handles[shutter], FER_SHUTDOWN_READ));
        fer_tcp_stream *late = test_stream();
        assert_ok(fer_tcp_stream_try_clone(handles[(shutter + 1) % HANDLES], late));
        assert_reads_end(late);
        for (size_t i = 0; i < HANDLES; i++) {
            assert_reads_end(handles[i]);
        }
        assert_ok(fer_tcp_stream_write_all(handles[0], "heard", 5, NULL));
        char buf[5];
        assert_true(peer_recv_exact(pair->other, buf, 5));
        pair_close(pair);
    }
}

/* ---- O2: "Zero resets the connection when its last handle closes; NONE turns it off." */

/* The setter is the first or the last to be closed, and the time is set before or after the clone;
 * or it is set before, and the clone turns it off. */
KIND_TEST("O2", the_last_close_has_the_linger_time_that_any_handle_has_set)
{
    for (int which = 0; which < 6; which++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *clone = test_stream();
        bool is_before = which != 2 && which != 3;
        char byte;
        size_t n = 0;
        if (is_before) {
            assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(0)));
        }
        assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        if (!is_before || which > 3) {
            assert_ok(fer_tcp_stream_set_linger(clone, is_before ? FER_DURATION_NONE : millis(0)));
        }
        fer_tcp_stream *last = which % 2 == 0 ? clone : &pair->stream;
        fer_tcp_stream_close(which % 2 == 0 ? &pair->stream : clone);
        assert_exchange(last, pair->other);
        fer_tcp_stream_close(last);
        assert_int_equal(peer_recv_some(pair->other, &byte, 1, &n),
                         which > 3 ? PEER_END : PEER_RESET);
        pair_close(pair);
    }
}

/* ---- T6: "An accepted stream starts in blocking mode and without timeouts" */

static void assert_starts_blocking_without_timeouts(fer_tcp_stream *stream)
{
    fer_duration got = {0};
    char byte;
    assert_ok_n(fer_tcp_stream_read_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok_n(fer_tcp_stream_write_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
}

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

RULE_TESTS("clones")
