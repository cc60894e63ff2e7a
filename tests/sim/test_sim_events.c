/* test_sim_events.c: the table of events has room for all of them, an event far away costs nothing,
 * and nothing waits at the end of the clock. */
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

SIM_STREAM_CONFIG_TEST(a_script_can_be_played_any_number_of_times)
{
    sim_begin_of(.max_sockets = 4, .send_buffer = 64, .receive_buffer = 64);
    fer_sim_peer listener = serve(SERVER);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    fer_sim_peer peer = accepted(listener);
    for (int i = 0; i < 20000; i++) {
        assert_ok(fer_sim_peer_play(peer, late_one, 1));
        assert_ok(fer_sim_advance(fer_duration_from_nanos(1)));
    }
    stream_reads(stream, "1");
}

/* ---- Resets in flight. Bytes arrive after a nanosecond, and their resets after a year. */

enum { SETUP_BYTES = 5, WRITES = 30000 };

SIM_STREAM_CONFIG_TEST(any_number_of_bytes_arrive_at_a_closed_peer)
{
    static uint8_t tape[SETUP_BYTES + 2 * WRITES];
    size_t n;
    for (size_t i = SETUP_BYTES + 1; i < sizeof tape; i += 2) {
        tape[i] = 255;
    }
    sim_begin_of(.max_sockets = 4, .latency = {1}, .jitter = {UINT64_C(366) * 86400 * 1000000000},
                 .tape = tape, .tape_len = sizeof tape);
    fer_sim_peer listener = serve(SERVER);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    fer_sim_peer_close(accepted(listener));
    for (int i = 0; i < WRITES; i++) {
        assert_ok_n(fer_tcp_stream_write(stream, "x", 1, &n), n, 1);
        assert_ok(fer_sim_advance(fer_duration_from_nanos(1)));
    }
    assert_ok(fer_sim_advance(fer_duration_from_secs(UINT64_C(367) * 86400)));
    assert_int_not_equal(fer_tcp_stream_write(stream, "x", 1, &n).kind, FER_OK);
}

/* ---- Events far away */

#define FAR_SECS (UINT64_C(300) * 86400)

static void do_nothing(void *context)
{
    (void)context;
}

static void receive_all(void *context)
{
    const fer_sim_peer *peer = context;
    char buf[256];
    while (fer_sim_peer_recv(*peer, buf, sizeof buf, NULL).kind == FER_OK) {
    }
}

static fer_sim_config lossy(void)
{
    fer_sim_config config = config_of();
    config.send_buffer = 16;
    config.receive_buffer = 16;
    config.windows.partial_sends = true;
    config.windows.loses_events = true;
    config.windows.loses_cancels = true;
    return config;
}

static void fill(fer_tcp_stream *stream)
{
    while (fer_tcp_stream_try_write(stream, "x", 1, NULL).kind == FER_OK) {
    }
}

SIM_STREAM_CONFIG_TEST(a_wait_for_an_event_far_away_costs_no_slices)
{
    sim_begin_with(lossy());
    open_ends = connected();
    fer_tcp_stream *waiting = &open_ends.stream;
    assert_ok(fer_sim_after(fer_duration_from_secs(FAR_SECS), receive_all, &open_ends.peer));
    assert_ok(fer_sim_after(fer_duration_from_secs(2 * FAR_SECS), do_nothing, NULL));
    fill(waiting);
    assert_ok(fer_tcp_stream_set_write_timeout(waiting, fer_duration_from_secs(FAR_SECS / 2)));
    assert_kind(write_one(waiting), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_set_write_timeout(waiting, FER_DURATION_NONE));
    assert_ok(write_one(waiting));
    assert_in_range(now_ms(), FAR_SECS * 1000, FAR_SECS * 1000 + 100);
    assert_ok(fer_tcp_stream_set_read_timeout(waiting, fer_duration_from_secs(FAR_SECS / 2)));
    assert_kind(read_one(waiting), FER_TIMED_OUT);
    (void)stream;
}

static void read_all(void *context)
{
    char buf[64];
    while (fer_unix_stream_try_read(context, buf, sizeof buf, NULL).kind == FER_OK) {
    }
}

POSIX_CONFIG_TEST(a_write_within_limits_for_an_event_far_away_costs_no_slices)
{
    fer_unix_stream one = {0};
    fer_unix_stream other = {0};
    fer_limits limits = {.deadline = {0}};
    size_t n;
    fer_interest ready = 0;
    sim_begin_with(lossy());
    assert_ok(fer_unix_stream_pair(&one, &other));
    assert_ok_n(fer_unix_stream_write(&one, "thirty-two bytes are enough here", 32, &n), n, 32);
    assert_ok(fer_sim_after(fer_duration_from_secs(FAR_SECS), read_all, &other));
    limits.deadline = fer_instant_after(fer_duration_from_secs(FAR_SECS / 2));
    assert_ok(fer_unix_stream_set_limits(&one, &limits));
    assert_kind(fer_unix_stream_write(&one, "x", 1, &n), FER_TIMED_OUT);
    limits.deadline = fer_instant_after(fer_duration_from_secs(FAR_SECS));
    assert_ok(fer_unix_stream_set_limits(&one, &limits));
    assert_ok(fer_unix_stream_ready(&one, FER_WRITABLE, FER_DURATION_NONE, &ready));
    assert_int_equal(now_ms(), FAR_SECS * 1000);
    assert_ok_n(fer_unix_stream_write(&one, "x", 1, &n), n, 1);
    fer_unix_stream_close(&one);
    fer_unix_stream_close(&other);
}

/* ---- The end of the clock */

#define CLOCK_END (UINT64_MAX - 1)

static void connect_at_clock_end(void *context)
{
    fer_tcp_stream connecting = {0};
    const fer_socket_addr addr = addr_of(SERVER);
    fer_error *error = context;
    *error = fer_tcp_stream_connect_timeout(&connecting, &addr, fer_duration_from_secs(1));
}

SIM_CONFIG_TEST(no_call_waits_at_the_end_of_the_clock)
{
    fer_error error = {FER_OK, 0};
    sim_begin_with(lossy());
    assert_ok(fer_sim_after((fer_duration){CLOCK_END}, connect_at_clock_end, &error));
    assert_ok(fer_sim_after((fer_duration){CLOCK_END}, do_nothing, NULL));
    assert_ok(fer_sim_advance((fer_duration){CLOCK_END}));
    assert_kind(error, FER_DEADLOCK);
}

TEST_MAIN("sim_events")
