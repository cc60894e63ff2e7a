/* test_sim_events.c: the table of events has space for all of them, an event far away costs
 * nothing, and nothing waits at the end of the clock. */
#include "sim/sim_test.h"

/* ---- Scripts that are played again */

static const fer_sim_step late_one[] = {{FER_SIM_ACTION_SEND, {UINT64_C(1000000000)}, "1", 1}};
static const fer_sim_step late_two[] = {{FER_SIM_ACTION_SEND, {UINT64_C(1500000000)}, "2", 1}};

SIM_PAIR_TEST(a_script_that_is_played_again_begins_with_its_own_delay)
{
    assert_ok(fer_sim_peer_play(ends->peer, late_one, 1));
    advance_ms(200);
    assert_ok(fer_sim_peer_play(ends->peer, late_two, 1));
    assert_takes(1500, stream_reads(&ends->stream, "2"));
    assert_ok(fer_tcp_stream_set_read_timeout(&ends->stream, millis(5000)));
    assert_kind(read_one(&ends->stream), FER_TIMED_OUT);
}

SIM_CONFIG_TEST(a_script_can_be_played_any_number_of_times)
{
    sim_begin_of(.max_sockets = 4, .send_buffer = 64, .receive_buffer = 64);
    open_ends = connected_to(SERVER);
    for (int i = 0; i < 20000; i++) {
        assert_ok(fer_sim_peer_play(open_ends.peer, late_one, 1));
        assert_ok(fer_sim_advance(fer_duration_from_nanos(1)));
    }
    stream_reads(&open_ends.stream, "1");
}

/* ---- Resets in flight. Bytes arrive after a nanosecond, and their resets after a year. */

enum { SETUP_BYTES = 5, WRITES = 30000 };

SIM_STREAM_CONFIG_TEST(any_number_of_bytes_arrive_at_a_closed_peer)
{
    static uint8_t tape[SETUP_BYTES + 2 * WRITES];
    for (size_t i = SETUP_BYTES + 1; i < sizeof tape; i += 2) {
        tape[i] = 255;
    }
    sim_begin_of(.max_sockets = 4, .latency = {1}, .jitter = {UINT64_C(366) * 86400 * 1000000000},
                 .tape = tape, .tape_len = sizeof tape);
    fer_sim_peer listener = serve(SERVER);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    fer_sim_peer_close(accepted(listener));
    for (int i = 0; i < WRITES; i++) {
        assert_ok(write_one(stream));
        assert_ok(fer_sim_advance(fer_duration_from_nanos(1)));
    }
    assert_ok(fer_sim_advance(fer_duration_from_secs(UINT64_C(367) * 86400)));
    assert_int_not_equal(write_one(stream).kind, FER_OK);
}

/* ---- Events far away */

#define FAR_SECS (UINT64_C(300) * 86400)

static void begin_lossy(void)
{
    sim_begin_of(.send_buffer = 16, .receive_buffer = 16, .windows.partial_sends = true,
                 .windows.loses_events = true, .windows.loses_cancels = true);
}

SIM_CONFIG_TEST(a_wait_for_an_event_far_away_costs_no_slices)
{
    fer_tcp_stream *stream = &open_ends.stream;
    begin_lossy();
    open_ends = connected();
    after_ms(FAR_SECS * 1000, receive_all, &open_ends.peer);
    after_ms(2 * FAR_SECS * 1000, do_nothing, NULL);
    fill(stream);
    assert_ok(fer_tcp_stream_set_write_timeout(stream, fer_duration_from_secs(FAR_SECS / 2)));
    assert_kind(write_one(stream), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_set_write_timeout(stream, FER_DURATION_NONE));
    assert_ok(write_one(stream));
    assert_in_range(now_ms(), FAR_SECS * 1000, FAR_SECS * 1000 + 100);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, fer_duration_from_secs(FAR_SECS / 2)));
    assert_kind(read_one(stream), FER_TIMED_OUT);
}

static void read_all(void *stream)
{
    char buf[64];
    while (fer_unix_stream_try_read(stream, buf, sizeof buf, NULL).kind == FER_OK) {
    }
}

POSIX_CONFIG_TEST(a_write_within_limits_for_an_event_far_away_costs_no_slices)
{
    fer_unix_stream *stream = &test.unix_stream;
    fer_limits limits = {.deadline = {0}};
    size_t n;
    fer_interest ready = 0;
    begin_lossy();
    assert_ok(fer_unix_stream_pair(stream, &test.unix_peer));
    assert_ok_n(fer_unix_stream_write(stream, "thirty-two bytes are enough here", 32, &n), n, 32);
    after_ms(FAR_SECS * 1000, read_all, &test.unix_peer);
    limits.deadline = fer_instant_after(fer_duration_from_secs(FAR_SECS / 2));
    assert_ok(fer_unix_stream_set_limits(stream, &limits));
    assert_kind(fer_unix_stream_write(stream, "x", 1, &n), FER_TIMED_OUT);
    limits.deadline = fer_instant_after(fer_duration_from_secs(FAR_SECS));
    assert_ok(fer_unix_stream_set_limits(stream, &limits));
    assert_ok(fer_unix_stream_ready(stream, FER_WRITABLE, FER_DURATION_NONE, &ready));
    assert_int_equal(now_ms(), FAR_SECS * 1000);
    assert_ok_n(fer_unix_stream_write(stream, "x", 1, &n), n, 1);
}

/* ---- The end of the clock */

#define CLOCK_END (UINT64_MAX - 1)

static void connect_at_clock_end(void *error)
{
    *(fer_error *)error =
        fer_tcp_stream_connect_timeout(&test.stream, addr_at(SERVER), fer_duration_from_secs(1));
}

SIM_CONFIG_TEST(no_call_waits_at_the_end_of_the_clock)
{
    fer_error error = {FER_OK, 0};
    begin_lossy();
    assert_ok(fer_sim_after((fer_duration){CLOCK_END}, connect_at_clock_end, &error));
    assert_ok(fer_sim_after((fer_duration){CLOCK_END}, do_nothing, NULL));
    assert_ok(fer_sim_advance((fer_duration){CLOCK_END}));
    assert_kind(error, FER_DEADLOCK);
}

TEST_MAIN("sim_events")
