/* test_sim_clock.c: virtual time: when it passes, when it does not, and deadlocks; also of
 * readiness and of calls that never wait. The table of events has space for all of them, and an
 * event far away costs nothing. */
#include "sim/sim_test.h"

enum { EITHER = FER_READABLE | FER_WRITABLE };

static fer_interest ready_of(fer_tcp_stream *stream, fer_interest interest, fer_duration timeout)
{
    fer_interest ready = 77;
    assert_ok(fer_tcp_stream_ready(stream, interest, timeout, &ready));
    return ready;
}

static size_t calls;

/* The calls are numbered in their order. Each stores its number and time. */
struct call {
    size_t number;
    uint64_t time_ms;
};

static void note(void *context)
{
    *(struct call *)context = (struct call){++calls, now_ms()};
}

SIM_TEST(scheduled_calls_are_made_at_their_time_and_in_order)
{
    static const uint64_t times_ms[] = {30, 10, 10, 51};
    static const size_t numbers[] = {3, 1, 2, 4};
    struct call made[4] = {{0}};
    calls = 0;
    for (size_t i = 0; i < 4; i++) {
        after_ms(times_ms[i], note, &made[i]);
    }
    advance_ms(50);
    assert_int_equal(calls, 3);
    assert_int_equal(now_ms(), 50);
    advance_ms(1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(made[i].number, numbers[i]);
        assert_int_equal(made[i].time_ms, times_ms[i]);
    }
    after_ms(0, note, &made[0]);
    assert_int_equal(calls, 4);
    advance_ms(0);
    assert_int_equal(calls, 5);
}

SIM_TEST(calls_wait_up_to_the_capacity)
{
    for (size_t i = 0; i < 1024; i++) {
        after_ms(10000, do_nothing, NULL);
    }
    assert_kind(fer_sim_after(millis(1), do_nothing, NULL), FER_OUT_OF_MEMORY);
}

/* ---- Blocking calls */

SIM_STREAM_TEST(a_wait_advances_the_clock_until_bytes_arrive)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {UINT64_C(2500000000)}, "late", 4}};
    (void)serve_script(SERVER, steps, 1);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_int_equal(now_ms(), 2);
    assert_takes(100, assert_int_equal(ready_of(stream, FER_READABLE, millis(100)), 0));
    assert_int_equal(ready_of(stream, FER_READABLE, FER_DURATION_NONE), FER_READABLE);
    stream_reads(stream, "late");
    assert_int_equal(now_ms(), 2502);
    fer_tcp_stream_close(stream);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_takes(2500, stream_reads(stream, "late"));
    assert_int_equal(ready_of(stream, FER_READABLE, millis(3000)), 0);
}

/* "Each nonblocking call that finds nothing ready advances it by one microsecond." A blocking call
 * does not. A call that never waits leaves the mode as it was. */
SIM_PAIR_TEST(only_nonblocking_calls_advance_the_clock_by_a_microsecond)
{
    char byte;
    assert_ok(fer_tcp_stream_set_read_timeout(&ends->stream, millis(4)));
    assert_kind(read_one(&ends->stream), FER_TIMED_OUT);
    assert_int_equal(now_us(), 4000);
    assert_kind(fer_tcp_stream_try_read(&ends->stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_int_equal(now_us(), 4001);
    assert_kind(read_one(&ends->stream), FER_TIMED_OUT);
    assert_int_equal(now_us(), 8001);
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    assert_kind(read_one(&ends->stream), FER_WOULD_BLOCK);
    assert_kind(fer_tcp_stream_try_read(&ends->stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_kind(read_one(&ends->stream), FER_WOULD_BLOCK);
    advance_ms(1);
    assert_int_equal(now_us(), 9004);
}

/* ---- Deadlock */

/* The stream stays as it was. */
SIM_PAIR_TEST(a_call_that_nothing_can_end_is_a_deadlock)
{
    fer_error pending = {FER_OTHER, 0};
    fer_interest ready = 77;
    assert_ok(write_one(&ends->stream));
    (void)listening();
    assert_ok(fer_tcp_stream_try_clone(&ends->stream, &test.clone));
    assert_code(read_one(&ends->stream), FER_DEADLOCK, 0);
    assert_ok(fer_tcp_stream_take_error(&ends->stream, &pending));
    assert_ok(pending);
    assert_code(fer_tcp_listener_accept(&test.listener, &test.stream, NULL), FER_DEADLOCK, 0);
    for (int shut = 0; shut < 2; shut++) {
        assert_kind(fer_tcp_stream_ready(&test.clone, FER_READABLE, FER_DURATION_NONE, &ready),
                    FER_DEADLOCK);
        assert_int_equal(ready, 77);
        assert_ok(fer_tcp_stream_shutdown(&ends->stream, FER_SHUTDOWN_WRITE));
    }
    assert_true(now_us() < 1000);
    peer_sends(ends->peer, "alive");
    assert_int_equal(ready_of(&test.clone, EITHER, FER_DURATION_NONE), EITHER);
    stream_reads(&ends->stream, "alive");
    peer_receives(ends->peer, "x");
}

SIM_PAIR_TEST(a_write_that_cannot_end_returns_the_bytes_that_it_accepted)
{
    static const char zeros[300000];
    size_t n = 0;
    size_t whole = is_winsock() ? 131071 : 131072; /* on Windows the last send is accepted whole */
    assert_ok_n(fer_tcp_stream_write(&ends->stream, zeros, sizeof zeros, &n), n, whole);
    fill(&ends->stream);
    assert_kind_n(fer_tcp_stream_write(&ends->stream, zeros, sizeof zeros, &n), FER_DEADLOCK, n, 0);
    struct ends other = connected_to("127.0.0.1:81");
    test.stream = other.stream;
    assert_kind_n(fer_tcp_stream_write_all(&test.stream, zeros, sizeof zeros, &n), FER_DEADLOCK, n,
                  is_winsock() ? 2 * whole : whole);
}

/* ---- Callbacks. With one thread they stand for the other threads. */

static fer_error inner_errors[3];
static uint64_t inner_time_ms;

static void use_everything(void *stream)
{
    inner_errors[0] = read_one(stream);
    inner_errors[1] = fer_sim_advance(millis(5));
    inner_errors[2] = write_one(stream);
    inner_time_ms = now_ms();
}

SIM_PAIR_TEST(inside_a_callback_time_stands_still)
{
    after_ms(7, use_everything, &ends->stream);
    advance_ms(20);
    assert_code(inner_errors[0], FER_DEADLOCK, 0);
    assert_code(inner_errors[1], FER_DEADLOCK, 0);
    assert_ok(inner_errors[2]);
    assert_int_equal(inner_time_ms, 7);
    peer_receives(ends->peer, "x");
}

/* Misuse, as closing a handle that another thread uses is, but without undefined behaviour. */
SIM_CONFIG_TEST(a_close_in_a_callback_ends_the_call_that_waits)
{
    fer_interest ready = 77;
    fer_tcp_stream *stream = &open_ends.stream;
    char byte;
    for (int call = 0; call < 5; call++) {
        sim_begin();
        open_ends = connected();
        after_ms(call == 4 ? 0 : 30, close_stream, stream);
        if (call == 0) {
            assert_true(read_one(stream).kind != FER_OK);
        } else if (call == 1) {
            fill(stream);
            assert_true(write_one(stream).kind != FER_OK);
        } else if (call == 2) {
            fill(stream);
            assert_ok(fer_tcp_stream_set_linger(stream, fer_duration_from_secs(5)));
            fer_tcp_stream_close(stream);
        } else if (call == 3) {
            assert_true(
                fer_tcp_stream_ready(stream, FER_READABLE, FER_DURATION_NONE, &ready).kind !=
                FER_OK);
            assert_int_equal(ready, 77);
        } else { /* a call that never waits finds its handle closed */
            assert_true(fer_tcp_stream_try_read(stream, &byte, 1, NULL).kind != FER_OK);
            assert_kind(fer_tcp_stream_try_read(stream, &byte, 1, NULL), FER_MISUSE);
        }
        sim_end_one();
    }
}

/* ---- Faults of readiness */

SIM_PAIR_TEST(an_interrupted_wait_continues_and_false_readiness_is_reported)
{
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_int_equal(ready_of(&ends->stream, EITHER, millis(5)), FER_WRITABLE);
    assert_int_equal(fer_sim_clear_faults(), 0);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_int_equal(ready_of(&ends->stream, EITHER, millis(5)), EITHER);
    assert_int_equal(fer_sim_clear_faults(), 0);
}

/* A listener has no spurious readiness, because a blocking accept may follow it. */
SIM_TEST(a_listener_is_never_falsely_ready)
{
    fer_interest ready = 77;
    (void)listening();
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_ok_n(fer_tcp_listener_ready(&test.listener, FER_READABLE, (fer_duration){0}, &ready),
                ready, 0);
    assert_kind(fer_tcp_listener_try_accept(&test.listener, &test.stream, NULL), FER_WOULD_BLOCK);
    assert_int_equal(fer_sim_clear_faults(), 1);
}

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

TEST_MAIN("sim_clock")
