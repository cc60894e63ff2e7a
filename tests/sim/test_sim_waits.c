/* test_sim_waits.c: the calls that one blocked call makes below core, and waits on a Windows that
 * loses events or cancels. */
#include "sim/sim_test.h"

static fer_tcp_stream *const stream = &open_ends.stream;
static fer_interest ready;

enum { SHORT_MS = 250, TIMEOUT_MS = 2000, CALLS_PER_SLICE = 4 };

static fer_error ready_for(fer_interest interest, fer_duration timeout)
{
    return fer_tcp_stream_ready(stream, interest, timeout, &ready);
}

static void is_readable(fer_duration timeout)
{
    assert_ok_n(ready_for(FER_READABLE, timeout), ready, FER_READABLE);
}

/* ---- The number of calls */

static size_t trace_lines;

static void count_line(void *context, const char *line)
{
    trace_lines++;
}

/* T8: a blocked call makes a few calls of the backend for each slice, whatever the peer has
 * done. */
SIM_CONFIG_TEST(a_blocked_call_makes_few_calls)
{
    for (int i = 0; i < 4; i++) {
        sim_begin_of(.trace = count_line);
        open_ends = connected();
        if (i % 2 == 1) {
            assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
        }
        assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(TIMEOUT_MS)));
        assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(TIMEOUT_MS)));
        trace_lines = 0;
        assert_code(read_one(stream), FER_TIMED_OUT, 0);
        fill(stream);
        if (i / 2 == 1) {
            assert_ok(fer_sim_peer_shutdown(open_ends.peer));
        }
        assert_takes(TIMEOUT_MS, assert_code(write_one(stream), FER_TIMED_OUT, 0));
        assert_ok_n(ready_for(FER_WRITABLE, millis(TIMEOUT_MS)), ready, 0);
        assert_true(trace_lines <= 3 * (TIMEOUT_MS / 100 + 1) * CALLS_PER_SLICE);
        sim_end_one();
    }
}

/* ---- Lost events are found at the end of the call's slice */

static int start_losing_events(void **state)
{
    (void)sim_choose(state);
    sim_begin_of(.windows.loses_events = true);
    open_ends = connected();
    return 0;
}

#define LOSING_TEST(function) \
    TEST_OF(function, (void), (), WINSOCK_ROW(function, start_losing_events))

LOSING_TEST(a_read_finds_lost_bytes_at_the_end_of_its_slice)
{
    static const struct {
        fer_duration timeout;
        fer_error_kind kind;
        uint64_t time_ms;
    } rows[] = {{{FER_DURATION_NONE_NANOS}, FER_OK, 1000},
                {{5000000000}, FER_OK, 1000},
                {{300000000}, FER_OK, 300},
                {{200000000}, FER_TIMED_OUT, 200}};
    for (size_t i = 0; i < 4; i++) {
        assert_ok(fer_tcp_stream_set_read_timeout(stream, rows[i].timeout));
        after_ms(SHORT_MS, send_one, &open_ends.peer);
        assert_takes(rows[i].time_ms, assert_kind(read_one(stream), rows[i].kind));
    }
    assert_ok(read_one(stream));
    assert_kind(read_one(stream), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_kind(read_one(stream), FER_DEADLOCK);
}

/* Slices are no events: nothing can end this wait. */
LOSING_TEST(a_wait_in_slices_without_events_is_a_deadlock)
{
    fer_tcp_listener *listener = &test.listener;
    (void)listening();
    assert_kind(fer_tcp_listener_ready(listener, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_DEADLOCK);
    assert_takes(SHORT_MS, assert_ok_n(fer_tcp_listener_ready(listener, FER_READABLE,
                                                              millis(SHORT_MS), &ready),
                                       ready, 0));
}

/* ---- Lost cancels */

/* S6: a shutdown whose cancel fails is detected at the end of the slice. A timeout that expires
 * first is no timeout of a call that a shutdown has ended. */
WINSOCK_CONFIG_TEST(a_shutdown_whose_cancel_is_lost_ends_the_call_with_its_slice)
{
    static const struct {
        uint64_t timeout_ms; /* 0 is none */
        bool reads;
        uint64_t time_ms;
    } rows[] = {{0, true, 1000}, {0, false, 100}, {SHORT_MS, true, SHORT_MS}, {50, false, 50}};
    for (size_t i = 0; i < 4; i++) {
        fer_duration timeout =
            rows[i].timeout_ms == 0 ? FER_DURATION_NONE : millis(rows[i].timeout_ms);
        sim_begin_of(.windows.loses_cancels = true);
        open_ends = connected();
        after_ms(30, shut_reading, stream);
        if (rows[i].reads) {
            assert_ok(fer_tcp_stream_set_read_timeout(stream, timeout));
            assert_takes(rows[i].time_ms, assert_ok(read_one(stream)));
        } else {
            assert_takes(rows[i].time_ms, is_readable(timeout));
        }
        sim_end_one();
    }
}

/* ---- Hang-ups */

WINSOCK_CONFIG_TEST(a_hang_up_that_ends_waits_to_write_changes_no_result)
{
    sim_begin_of(.windows.hangup_ends_write_waits = true);
    open_ends = connected();
    fill(stream);
    assert_ok(fer_sim_peer_shutdown(open_ends.peer));
    assert_kind(write_one(stream), FER_DEADLOCK);
    assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(SHORT_MS)));
    assert_takes(SHORT_MS, assert_code(write_one(stream), FER_TIMED_OUT, 0));
    after_ms(SHORT_MS - 50, receive_all, &open_ends.peer);
    assert_ok(write_one(stream));
}

TEST_MAIN("sim_waits")
