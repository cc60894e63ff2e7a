/* clones.c: what all handles of a socket share (rules T6, S6, O2): set before or after the clone,
 * through any handle, whichever handles are closed. */
#include "support/fixture.h"
#include "support/socket_fixture.h"
#include "support/thread.h"

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

/* T6: a call through one handle waits by the timeout that was set through another. */
PAIR_TEST("T6", a_call_waits_by_the_timeout_of_a_clone)
{
    fer_tcp_stream *handles[HANDLES];
    char byte;
    open_clones(pair, handles);
    for (size_t i = 0; i < HANDLES; i++) {
        assert_ok(fer_tcp_stream_set_read_timeout(handles[(i + 1) % HANDLES], millis(20)));
        assert_own(fer_tcp_stream_read(handles[i], &byte, 1, NULL), FER_TIMED_OUT);
    }
    assert_alive(pair);
}

/* T6: "Options stay set when a socket is turned into another handle", and the handle shares them
 * further. */
PAIR_TEST("T6", a_handle_that_is_converted_stays_shared)
{
    fer_socket *socket = fer_tcp_stream_as_socket(&pair->stream);
    fer_tcp_stream *clone = test_stream();
    fer_tcp_stream *again = test_stream();
    set_modes(&pair->stream, 30, 70, true);
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_socket_set_read_timeout(socket, millis(40000)));
    assert_timeouts(clone, 40, 70);
    assert_ok(fer_socket_into_tcp_stream(socket, again));
    set_modes(clone, 50, 60, true);
    assert_timeouts(again, 50, 60);
    assert_would_block(again);
    fer_tcp_stream_close(clone);
    assert_timeouts(again, 50, 60);
    assert_would_block(again);
}

/* R1: into_raw leaves on the socket what any handle has set. */
PAIR_TEST("R1", into_raw_keeps_the_settings_of_a_clone)
{
    fer_tcp_stream *clone = test_stream();
    unsigned read_ms = 77;
    unsigned write_ms = 77;
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    set_modes(clone, 3, 7, true);
    fer_tcp_stream_close(clone);
    fer_raw_socket raw = fer_tcp_stream_into_raw(&pair->stream);
    assert_true(peer_raw_timeouts(raw, &read_ms, &write_ms));
    assert_in_range(read_ms, 3000, 3020);
    assert_in_range(write_ms, 7000, 7020);
    assert_true(peer_raw_is_nonblocking(raw));
    peer_adopt(raw);
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

static void assert_linger(const fer_tcp_stream *stream, fer_duration want)
{
    fer_duration got = {7};
    assert_ok_n(fer_tcp_stream_linger(stream, &got), got.nanos, want.nanos);
}

PAIR_TEST("O2", linger_is_that_of_every_handle)
{
    fer_tcp_stream *handles[HANDLES];
    assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(9000)));
    open_clones(pair, handles);
    for (size_t setter = 0; setter < HANDLES; setter++) {
        for (size_t i = 0; i < HANDLES; i++) {
            assert_linger(handles[i], setter == 0 ? millis(9000) : millis(1000 * setter));
        }
        assert_ok(fer_tcp_stream_set_linger(handles[setter], millis(1000 * (setter + 1))));
    }
    assert_ok(fer_tcp_stream_set_linger(handles[1], FER_DURATION_NONE));
    for (size_t i = 0; i < HANDLES; i++) {
        assert_linger(handles[i], FER_DURATION_NONE);
    }
}

/* The setter is the first or the last to be closed, and the time is set before or after the
 * clone. */
KIND_TEST("O2", the_last_close_has_the_linger_time_that_any_handle_has_set)
{
    for (int which = 0; which < 4; which++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *clone = test_stream();
        bool before = which < 2;
        char byte;
        size_t n = 0;
        if (before) {
            assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(0)));
        }
        assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        if (!before) {
            assert_ok(fer_tcp_stream_set_linger(clone, millis(0)));
        }
        fer_tcp_stream *first = which % 2 == 0 ? &pair->stream : clone;
        fer_tcp_stream *last = which % 2 == 0 ? clone : &pair->stream;
        fer_tcp_stream_close(first);
        assert_exchange(last, pair->other);
        fer_tcp_stream_close(last);
        assert_int_equal(peer_recv_some(pair->other, &byte, 1, &n), PEER_RESET);
        pair_close(pair);
    }
}

PAIR_TEST("O2", linger_that_a_clone_disabled_resets_nothing)
{
    fer_tcp_stream *clone = test_stream();
    char byte;
    size_t n = 0;
    assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(0)));
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_tcp_stream_set_linger(clone, FER_DURATION_NONE));
    fer_tcp_stream_close(clone);
    fer_tcp_stream_close(&pair->stream);
    assert_int_equal(peer_recv_some(pair->other, &byte, 1, &n), PEER_END);
}

/* ---- Two threads */

#define ROUNDS 300

static void set_timeouts(void *argument)
{
    fer_tcp_stream *stream = argument;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        FER_IGNORE(fer_tcp_stream_set_read_timeout(stream, millis(1000 * i)));
        FER_IGNORE(fer_tcp_stream_set_write_timeout(stream, millis(2000 * i)));
    }
}

/* T6: two threads that change different modes through two handles, or one, lose no change, also
 * while clones are made. */
SLOW_KIND_TEST("T6", changes_of_two_threads_are_all_kept)
{
    for (int through_clone = 0; through_clone < 2; through_clone++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *clone = test_stream();
        test_thread thread;
        if (through_clone != 0) {
            assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        }
        test_thread_start(&thread, set_timeouts, through_clone != 0 ? clone : &pair->stream);
        for (int i = 0; i < ROUNDS; i++) {
            fer_tcp_stream short_lived = {0};
            assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, i % 2 == 0));
            assert_ok(fer_tcp_stream_try_clone(&pair->stream, &short_lived));
            if (i % 2 == 0) {
                assert_would_block(&short_lived);
            }
            fer_tcp_stream_close(&short_lived);
        }
        test_thread_join(&thread);
        assert_timeouts(&pair->stream, ROUNDS, 2 * ROUNDS);
        fer_tcp_stream_close(clone);
        assert_timeouts(&pair->stream, ROUNDS, 2 * ROUNDS);
        pair_close(pair);
    }
}

RULE_TESTS("clones")
