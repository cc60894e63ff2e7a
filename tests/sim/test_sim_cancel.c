/* test_sim_cancel.c: cancel tokens and deadlines in virtual time: when a wait notices a cancel in
 * each dialect, deadlocks, leaks, and the clock. The rules of limits are tests of conformance. */
#include "sim/sim_test.h"

/* The cancel's time. It is within a slice of 20 ms. */
enum { CANCEL_MS = 250, SLICE_END_MS = 260 };

static fer_cancel_token token;

static void cancel(void *context)
{
    FER_IGNORE(fer_cancel_token_cancel(context));
}

static fer_limits with_token(void)
{
    return (fer_limits){.token = &token};
}

static void begin_with(fer_sim_windows windows)
{
    sim_begin_of(.windows = windows);
    memset(&token, 0, sizeof token);
    assert_ok(fer_cancel_token_new(&token));
}

static void begin(void)
{
    begin_with((fer_sim_windows){0});
}

static int start(void **state)
{
    (void)sim_choose(state);
    begin();
    return 0;
}

static int end(void **state)
{
    fer_cancel_token_close(&token);
    return sim_end(state);
}

#define CANCEL_TEST(function) CANCEL_TEST_OF(function, start)
#define CANCEL_CONFIG_TEST(function) CANCEL_TEST_OF(function, sim_choose)
#define CANCEL_TEST_OF(function, begin)                                             \
    TEST_OF(function, (void), (),                                                   \
            TEST_ROW(#function " [POSIX]", function, begin, end, &sim_dialects[0]), \
            TEST_ROW(#function " [WINSOCK]", function, begin, end, &sim_dialects[1]))

/* Cancels CANCEL_MS from now. */
static uint64_t cancel_later(void)
{
    assert_ok(fer_sim_after(millis(CANCEL_MS), cancel, &token));
    return now_ms();
}

static struct ends limited(void)
{
    fer_limits limits = with_token();
    struct ends ends = connected();
    assert_ok(fer_tcp_stream_set_limits(&ends.stream, &limits));
    return ends;
}

static void fill(fer_tcp_stream *stream)
{
    static const char zeros[65536];
    while (fer_tcp_stream_try_write(stream, zeros, sizeof zeros, NULL).kind == FER_OK) {
    }
}

/* ---- When a wait notices the cancel */

/* A select on Windows notices it at the end of a slice. */
CANCEL_TEST(a_cancel_ends_other_waits_within_20_ms_on_windows)
{
    fer_interest ready = 77;
    uint64_t expected = is_winsock() ? SLICE_END_MS : CANCEL_MS;
    open_ends = limited();
    uint64_t began = cancel_later();
    assert_code(fer_tcp_stream_ready(&open_ends.stream, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_CANCELLED, 0);
    assert_int_equal(now_ms() - began, expected);
    assert_ok(fer_cancel_token_reset(&token));
    fill(&open_ends.stream);
    began = cancel_later();
    assert_code(write_one(&open_ends.stream), FER_CANCELLED, 0);
    assert_int_equal(now_ms() - began, expected);
}

WINSOCK_CONFIG_TEST(a_read_notices_a_cancel_within_20_ms_if_cancel_io_fails)
{
    begin_with((fer_sim_windows){.loses_cancels = true});
    open_ends = limited();
    uint64_t began = cancel_later();
    assert_code(read_one(&open_ends.stream), FER_CANCELLED, 0);
    assert_int_equal(now_ms() - began, SLICE_END_MS);
    fer_cancel_token_close(&token);
}

WINSOCK_CONFIG_TEST(a_cancel_is_noticed_though_events_are_lost)
{
    begin_with((fer_sim_windows){.loses_events = true});
    open_ends = limited();
    uint64_t began = cancel_later();
    assert_code(read_one(&open_ends.stream), FER_CANCELLED, 0);
    assert_int_equal(now_ms() - began, CANCEL_MS);
    assert_ok(fer_cancel_token_reset(&token));
    fill(&open_ends.stream);
    began = cancel_later();
    assert_code(write_one(&open_ends.stream), FER_CANCELLED, 0);
    assert_int_equal(now_ms() - began, SLICE_END_MS);
    fer_cancel_token_close(&token);
}

static struct unix_ends {
    fer_unix_listener listener;
    fer_unix_stream client;
    fer_unix_stream server;
} unix_ends;

static void connect_unix(void)
{
    memset(&unix_ends, 0, sizeof unix_ends);
    assert_ok(fer_unix_listener_bind(&unix_ends.listener, "socket"));
    assert_ok(fer_unix_stream_connect(&unix_ends.client, "socket"));
    assert_ok(fer_unix_listener_accept(&unix_ends.listener, &unix_ends.server, NULL));
}

/* The Windows backend makes no zero-byte receive on a Unix socket. */
CANCEL_TEST(a_read_of_a_unix_stream_is_a_select_on_windows)
{
    fer_limits limits = with_token();
    char byte = '\0';
    connect_unix();
    assert_ok(fer_unix_stream_set_limits(&unix_ends.client, &limits));
    uint64_t began = cancel_later();
    assert_code(fer_unix_stream_read(&unix_ends.client, &byte, 1, NULL), FER_CANCELLED, 0);
    assert_int_equal(now_ms() - began, is_winsock() ? SLICE_END_MS : CANCEL_MS);
    fer_unix_stream_close(&unix_ends.server);
    fer_unix_stream_close(&unix_ends.client);
    fer_unix_listener_close(&unix_ends.listener);
}

/* What happens before the end of the slice is still seen. */
static fer_sim_peer late_peer;

static void receive_all(void *context)
{
    static char buf[65536];
    size_t n = 0;
    (void)context;
    while (fer_sim_peer_recv(late_peer, buf, sizeof buf, &n).kind == FER_OK && n > 0) {
    }
}

CANCEL_TEST(space_within_the_slice_of_the_cancel_completes_a_write_on_windows)
{
    open_ends = limited();
    late_peer = open_ends.peer;
    fill(&open_ends.stream);
    uint64_t began = cancel_later();
    assert_ok(fer_sim_after(millis(CANCEL_MS + 5), receive_all, NULL));
    if (is_winsock()) {
        assert_ok(write_one(&open_ends.stream));
        assert_int_equal(now_ms() - began, CANCEL_MS + 5);
    } else {
        assert_code(write_one(&open_ends.stream), FER_CANCELLED, 0);
    }
    assert_code(write_one(&open_ends.stream), FER_CANCELLED, 0);
}

/* ---- Deadlocks */

static void do_nothing(void *context)
{
    (void)context;
}

CANCEL_TEST(a_token_that_no_event_can_cancel_does_not_end_a_deadlock)
{
    fer_interest ready = 77;
    open_ends = limited();
    assert_code(read_one(&open_ends.stream), FER_DEADLOCK, 0);
    assert_ok(fer_sim_after(millis(CANCEL_MS), do_nothing, NULL));
    assert_code(read_one(&open_ends.stream), FER_DEADLOCK, 0);
    assert_code(fer_tcp_stream_ready(&open_ends.stream, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_DEADLOCK, 0);
    fill(&open_ends.stream);
    assert_code(write_one(&open_ends.stream), FER_DEADLOCK, 0);
}

static struct ends inner;
static fer_error inner_result;

static void read_in_a_callback(void *context)
{
    (void)context;
    inner_result = read_one(&inner.stream);
}

CANCEL_TEST(a_call_in_a_callback_is_a_deadlock_or_cancelled)
{
    inner = limited();
    assert_ok(fer_sim_after(millis(1), read_in_a_callback, NULL));
    advance_ms(2);
    assert_code(inner_result, FER_DEADLOCK, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_ok(fer_sim_after(millis(1), read_in_a_callback, NULL));
    advance_ms(2);
    assert_code(inner_result, FER_CANCELLED, 0);
    fer_tcp_stream_close(&inner.stream);
}

/* ---- The token and its simulation */

PLAIN_TEST(a_token_needs_a_simulation)
{
    fer_cancel_token early = {0};
    assert_code(fer_cancel_token_new(&early), FER_UNSUPPORTED, 0);
    assert_kind(fer_cancel_token_cancel(&early), FER_MISUSE);
    assert_false(fer_cancel_token_is_cancelled(&early));
    fer_cancel_token_close(&early);
}

CANCEL_TEST(a_token_is_defined_in_a_later_simulation_and_without_one)
{
    fer_sim_report report;
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_tokens, 1);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_true(fer_cancel_token_is_cancelled(&token));
    sim_begin();
    struct ends ends = limited();
    assert_code(read_one(&ends.stream), FER_CANCELLED, 0);
    assert_ok(fer_sim_stop(NULL));
    assert_ok(fer_cancel_token_reset(&token));
    sim_begin();
    ends = limited();
    uint64_t began = cancel_later();
    assert_code(read_one(&ends.stream), FER_CANCELLED, 0);
    assert_int_equal(now_ms() - began, CANCEL_MS);
    fer_tcp_stream_close(&ends.stream);
    fer_cancel_token_close(&token);
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_tokens, 0);
}

SIM_TEST(a_token_fails_with_too_many_handles)
{
    fer_cancel_token other = {0};
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_TOO_MANY_HANDLES, 1));
    assert_code(fer_cancel_token_new(&other), FER_TOO_MANY_OPEN_FILES, is_winsock() ? 10024 : 24);
    assert_kind(fer_cancel_token_cancel(&other), FER_MISUSE);
    assert_ok(fer_cancel_token_new(&other));
    fer_cancel_token_close(&other);
}

static size_t line_count;

static void count_line(void *context, const char *line)
{
    line_count += strstr(line, context) != NULL;
}

CANCEL_CONFIG_TEST(a_cancel_is_in_the_trace_and_in_the_digest)
{
    fer_sim_config config = config_of();
    fer_sim_report reports[2];
    char word[] = " s cancel";
    config.trace = count_line;
    config.trace_context = word;
    line_count = 0;
    for (int cancels = 0; cancels < 2; cancels++) {
        sim_begin_with(config);
        assert_ok(fer_cancel_token_new(&token));
        if (cancels == 1) {
            assert_ok(fer_cancel_token_cancel(&token));
        }
        fer_cancel_token_close(&token);
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
    fer_tcp_stream clone = {0};
    open_ends = limited();
    assert_ok(fer_tcp_stream_try_clone(&open_ends.stream, &clone));
    for (int writes = 0; writes < 2; writes++) {
        uint64_t began = fer_sim_now().nanos;
        fer_limits limits = {.deadline = fer_instant_after(years), .token = &token};
        assert_ok(fer_tcp_stream_set_limits(&open_ends.stream, &limits));
        assert_code(writes == 1 ? write_one(&open_ends.stream) : read_one(&open_ends.stream),
                    FER_TIMED_OUT, 0);
        assert_int_equal(fer_sim_now().nanos - began, years.nanos);
        fill(&open_ends.stream);
    }
    fer_tcp_stream_close(&clone);
}

/* At the last nanosecond of the clock calls still end. */
CANCEL_TEST(calls_end_at_the_end_of_the_clock)
{
    open_ends = connected();
    fer_limits limits = {.deadline = fer_instant_after((fer_duration){UINT64_MAX - 2}),
                         .token = &token};
    assert_ok(fer_tcp_stream_set_limits(&open_ends.stream, &limits));
    assert_code(read_one(&open_ends.stream), FER_TIMED_OUT, 0);
    assert_kind(fer_tcp_stream_try_read(&open_ends.stream, (char[1]){0}, 1, NULL), FER_WOULD_BLOCK);
    assert_true(fer_sim_now().nanos >= UINT64_MAX - 2);
    fill(&open_ends.stream);
    limits.deadline = FER_INSTANT_NONE;
    assert_ok(fer_tcp_stream_set_limits(&open_ends.stream, &limits));
    assert_ok(fer_sim_after(millis(1), cancel, &token));
    assert_code(write_one(&open_ends.stream), FER_CANCELLED, 0);
}

TEST_MAIN("sim_cancel")
