/* test_sim_cancel.c: cancel tokens and deadlines in virtual time: when a wait notices a cancel in
 * each dialect, deadlocks, leaks, and the clock (rules K1 to K3). The rules are tests of
 * conformance. */
#include "sim/sim_test.h"

/* The cancel's time. It is within a slice of 20 ms. */
enum { CANCEL_MS = 250, SLICE_END_MS = 260 };

static fer_tcp_stream *const stream = &open_ends.stream;
static fer_interest ready;

static void begin_with(fer_sim_windows windows)
{
    sim_begin_of(.windows = windows);
    assert_ok(fer_cancel_token_new(&test.token));
}

static struct ends limited(void)
{
    const fer_limits limits = {.token = &test.token};
    struct ends ends = connected();
    assert_ok(fer_tcp_stream_set_limits(&ends.stream, &limits));
    return ends;
}

static int start(void **state)
{
    (void)sim_choose(state);
    begin_with((fer_sim_windows){0});
    open_ends = limited();
    return 0;
}

/* With a stream whose limits have a token. */
#define CANCEL_TEST(function) SIM_TEST_OF(function, (void), (), start)

/* The call is cancelled CANCEL_MS from now, and ends after this time. */
#define assert_cancelled_after(ms, call)                       \
    do {                                                       \
        after_ms(CANCEL_MS, cancel, &test.token);              \
        assert_takes(ms, assert_code(call, FER_CANCELLED, 0)); \
        assert_ok(fer_cancel_token_reset(&test.token));        \
    } while (0)

static fer_error wait_readable(void)
{
    return fer_tcp_stream_ready(stream, FER_READABLE, FER_DURATION_NONE, &ready);
}

/* ---- When a wait notices the cancel */

/* A select on Windows notices it at the end of a slice. */
CANCEL_TEST(a_cancel_ends_other_waits_within_20_ms_on_windows)
{
    uint64_t expected = is_winsock() ? SLICE_END_MS : CANCEL_MS;
    assert_cancelled_after(expected, wait_readable());
    fill(stream);
    assert_cancelled_after(expected, write_one(stream));
}

WINSOCK_CONFIG_TEST(a_cancel_is_noticed_though_cancel_io_fails_or_events_are_lost)
{
    begin_with((fer_sim_windows){.loses_cancels = true});
    open_ends = limited();
    assert_cancelled_after(SLICE_END_MS, read_one(stream));
    sim_end_one();
    begin_with((fer_sim_windows){.loses_events = true});
    open_ends = limited();
    assert_cancelled_after(CANCEL_MS, read_one(stream));
    fill(stream);
    assert_cancelled_after(SLICE_END_MS, write_one(stream));
}

/* The Windows backend makes no zero-byte receive on a Unix socket. */
CANCEL_TEST(a_read_of_a_unix_stream_is_a_select_on_windows)
{
    const fer_limits limits = {.token = &test.token};
    char byte = '\0';
    assert_ok(fer_unix_listener_bind(&test.unix_listener, "socket"));
    assert_ok(fer_unix_stream_connect(&test.unix_stream, "socket"));
    assert_ok(fer_unix_listener_accept(&test.unix_listener, &test.unix_peer, NULL));
    assert_ok(fer_unix_stream_set_limits(&test.unix_stream, &limits));
    assert_cancelled_after(is_winsock() ? SLICE_END_MS : CANCEL_MS,
                           fer_unix_stream_read(&test.unix_stream, &byte, 1, NULL));
}

/* What happens before the end of the slice is still seen. */
CANCEL_TEST(space_within_the_slice_of_the_cancel_completes_a_write_on_windows)
{
    fill(stream);
    after_ms(CANCEL_MS, cancel, &test.token);
    after_ms(CANCEL_MS + 5, receive_all, &open_ends.peer);
    if (is_winsock()) {
        assert_takes(CANCEL_MS + 5, assert_ok(write_one(stream)));
    } else {
        assert_takes(CANCEL_MS, assert_code(write_one(stream), FER_CANCELLED, 0));
    }
    assert_code(write_one(stream), FER_CANCELLED, 0);
}

/* ---- Deadlocks */

CANCEL_TEST(a_token_that_no_event_can_cancel_does_not_end_a_deadlock)
{
    assert_code(read_one(stream), FER_DEADLOCK, 0);
    after_ms(CANCEL_MS, do_nothing, NULL);
    assert_code(read_one(stream), FER_DEADLOCK, 0);
    assert_code(wait_readable(), FER_DEADLOCK, 0);
    fill(stream);
    assert_code(write_one(stream), FER_DEADLOCK, 0);
}

static void read_in_a_callback(void *error)
{
    *(fer_error *)error = read_one(stream);
}

CANCEL_TEST(a_call_in_a_callback_is_a_deadlock_or_cancelled)
{
    fer_error error = {FER_OK, 0};
    after_ms(1, read_in_a_callback, &error);
    advance_ms(2);
    assert_code(error, FER_DEADLOCK, 0);
    assert_ok(fer_cancel_token_cancel(&test.token));
    after_ms(1, read_in_a_callback, &error);
    advance_ms(2);
    assert_code(error, FER_CANCELLED, 0);
}

/* ---- The token and its simulation */

CANCEL_TEST(a_token_is_defined_in_a_later_simulation_and_without_one)
{
    fer_sim_report report;
    fer_tcp_stream_close(stream);
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_tokens, 1);
    assert_kind(fer_cancel_token_new(&test.token2), FER_UNSUPPORTED);
    assert_kind(fer_cancel_token_cancel(&test.token2), FER_MISUSE);
    assert_false(fer_cancel_token_is_cancelled(&test.token2));
    assert_ok(fer_cancel_token_cancel(&test.token));
    assert_true(fer_cancel_token_is_cancelled(&test.token));
    sim_begin();
    open_ends = limited();
    assert_code(read_one(stream), FER_CANCELLED, 0);
    fer_tcp_stream_close(stream);
    assert_ok(fer_sim_stop(NULL));
    assert_ok(fer_cancel_token_reset(&test.token));
    sim_begin();
    open_ends = limited();
    assert_cancelled_after(CANCEL_MS, read_one(stream));
}

SIM_TEST(a_token_fails_with_too_many_handles)
{
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_code(fer_cancel_token_new(&test.token), FER_TOO_MANY_OPEN_FILES, code(24, 10024));
    assert_kind(fer_cancel_token_cancel(&test.token), FER_MISUSE);
    assert_ok(fer_cancel_token_new(&test.token));
}

static size_t line_count;

static void count_line(void *context, const char *line)
{
    line_count += strstr(line, " s cancel") != NULL;
}

SIM_CONFIG_TEST(a_cancel_is_in_the_trace_and_in_the_digest)
{
    fer_sim_report reports[2];
    line_count = 0;
    for (size_t cancels = 0; cancels < 2; cancels++) {
        sim_begin_of(.trace = count_line);
        assert_ok(fer_cancel_token_new(&test.token));
        if (cancels == 1) {
            assert_ok(fer_cancel_token_cancel(&test.token));
        }
        fer_cancel_token_close(&test.token);
        assert_ok(fer_sim_stop(&reports[cancels]));
        assert_int_equal(line_count, cancels);
    }
    assert_true(reports[0].digest != reports[1].digest);
}

/* ---- The clock */

/* Without events, waits in slices last until the deadline at once. The shared handle of a clone
 * waits in slices on Windows. */
CANCEL_TEST(a_deadline_in_a_hundred_years_is_reached_immediately)
{
    const fer_duration years = fer_duration_from_secs(UINT64_C(100) * 366 * 86400);
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    for (int writes = 0; writes < 2; writes++) {
        uint64_t began = fer_sim_now().nanos;
        fer_limits limits = {.deadline = fer_instant_after(years), .token = &test.token};
        assert_ok(fer_tcp_stream_set_limits(stream, &limits));
        assert_code(writes == 1 ? write_one(stream) : read_one(stream), FER_TIMED_OUT, 0);
        assert_int_equal(fer_sim_now().nanos - began, years.nanos);
        fill(stream);
    }
}

/* At the last nanosecond of the clock calls still end. */
CANCEL_TEST(calls_end_at_the_end_of_the_clock)
{
    fer_limits limits = {.deadline = fer_instant_after((fer_duration){UINT64_MAX - 2}),
                         .token = &test.token};
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_code(read_one(stream), FER_TIMED_OUT, 0);
    assert_kind(fer_tcp_stream_try_read(stream, (char[1]){0}, 1, NULL), FER_WOULD_BLOCK);
    assert_true(fer_sim_now().nanos >= UINT64_MAX - 2);
    fill(stream);
    limits.deadline = FER_INSTANT_NONE;
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    after_ms(1, cancel, &test.token);
    assert_code(write_one(stream), FER_CANCELLED, 0);
}

/* ---- A call keeps the limits that it began with */

static void limit_and_cancel(void *socket)
{
    const fer_limits limits = {.token = &test.token};
    assert_ok(fer_socket_set_limits(socket, &limits));
    assert_ok(fer_cancel_token_cancel(&test.token));
}

static void connect_peer(void *addr)
{
    (void)peer_connected_to(addr);
}

CANCEL_TEST(K3_an_accept_keeps_the_limits_that_it_began_with)
{
    fer_socket_addr addr = *listening();
    after_ms(1, limit_and_cancel, fer_tcp_listener_as_socket(&test.listener));
    after_ms(2, connect_peer, &addr);
    assert_ok(fer_tcp_listener_accept(&test.listener, &test.stream, NULL));
    assert_code(fer_tcp_listener_accept(&test.listener, &test.clone, NULL), FER_CANCELLED, 0);
}

static void end_reading(void *socket)
{
    assert_ok(fer_socket_shutdown(socket, FER_SHUTDOWN_READ));
}

/* The end that a clone causes is received again. */
CANCEL_TEST(K3_a_receive_keeps_the_limits_that_it_began_with)
{
    fer_udp_received got;
    (void)peer_bound_to("127.0.0.1:53");
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_connect(&test.udp, "127.0.0.1:53"));
    assert_ok(fer_udp_socket_try_clone(&test.udp, &test.udp2));
    after_ms(1, limit_and_cancel, fer_udp_socket_as_socket(&test.udp));
    after_ms(2, end_reading, fer_udp_socket_as_socket(&test.udp2));
    assert_ok_n(fer_udp_socket_recv_from(&test.udp, NULL, 0, &got), got.len, 0);
    assert_code(receive_one(&test.udp), FER_CANCELLED, 0);
}

/* K1: the handle's own end comes before the limits, a clone's does not: not every system tells. */
CANCEL_TEST(K1_ready_checks_limits_before_the_shutdown_of_a_clone)
{
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    assert_ok(fer_tcp_stream_shutdown(&test.clone, FER_SHUTDOWN_READ));
    assert_ok(fer_cancel_token_cancel(&test.token));
    assert_code(fer_tcp_stream_ready(stream, FER_READABLE, millis(1), &ready), FER_CANCELLED, 0);
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_READ));
    assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(1), &ready), ready, FER_READABLE);
}

TEST_MAIN("sim_cancel")
