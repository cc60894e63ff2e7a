/* test_sim_clock.c: virtual time: when it passes, when it does not, and deadlocks. */
#include "sim/sim_test.h"

SIM_TEST(time_begins_at_zero_and_advances_when_reported)
{
    assert_int_equal(fer_sim_now().nanos, 0);
    assert_ok(fer_sim_advance((fer_duration){1}));
    assert_int_equal(fer_sim_now().nanos, 1);
    assert_ok(fer_sim_advance(fer_duration_from_secs(86400)));
    assert_int_equal(fer_sim_now().nanos, UINT64_C(86400000000001));
}

struct calls {
    uint64_t times_ms[8];
    int order[8];
    size_t count;
};

struct call {
    struct calls *calls;
    int name;
};

static void note(void *context)
{
    struct call *call = context;
    call->calls->times_ms[call->calls->count] = now_ms();
    call->calls->order[call->calls->count++] = call->name;
}

SIM_TEST(scheduled_calls_are_made_at_their_time_and_in_order)
{
    struct calls calls = {{0}, {0}, 0};
    struct call late = {&calls, 3};
    struct call first = {&calls, 1};
    struct call second = {&calls, 2};
    struct call beyond = {&calls, 4};
    assert_ok(fer_sim_after(millis(30), note, &late));
    assert_ok(fer_sim_after(millis(10), note, &first));
    assert_ok(fer_sim_after(millis(10), note, &second));
    assert_ok(fer_sim_after(millis(51), note, &beyond));
    advance_ms(50);
    assert_int_equal(calls.count, 3);
    assert_int_equal(calls.order[0], 1);
    assert_int_equal(calls.order[1], 2);
    assert_int_equal(calls.order[2], 3);
    assert_int_equal(calls.times_ms[0], 10);
    assert_int_equal(calls.times_ms[2], 30);
    assert_int_equal(now_ms(), 50);
    advance_ms(1);
    assert_int_equal(calls.count, 4);
}

SIM_TEST(a_call_scheduled_for_now_is_made_without_an_advance_of_time)
{
    struct calls calls = {{0}, {0}, 0};
    struct call call = {&calls, 1};
    assert_ok(fer_sim_after(millis(0), note, &call));
    assert_int_equal(calls.count, 0);
    advance_ms(0);
    assert_int_equal(calls.count, 1);
}

SIM_TEST(calls_wait_up_to_the_capacity)
{
    struct calls calls = {{0}, {0}, 0};
    struct call call = {&calls, 1};
    for (size_t i = 0; i < 1024; i++) {
        assert_ok(fer_sim_after(fer_duration_from_secs(10), note, &call));
    }
    assert_kind(fer_sim_after(millis(1), note, &call), FER_OUT_OF_MEMORY);
}

/* ---- Blocking calls */

SIM_STREAM_TEST(a_blocked_read_advances_the_clock_until_bytes_arrive)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {UINT64_C(2500000000)}, "late", 4}};
    fer_sim_peer listener = serve(SERVER);
    assert_ok(fer_sim_peer_play(listener, steps, 1));
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_int_equal(now_ms(), 2);
    stream_reads(stream, "late");
    assert_int_equal(now_ms(), 2502);
}

SIM_PAIR_TEST(a_read_timeout_expires_exactly_at_its_time)
{
    assert_ok(fer_tcp_stream_set_read_timeout(&ends->stream, millis(400)));
    assert_code(read_one(&ends->stream), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 400);
    peer_sends(ends->peer, "after");
    stream_reads(&ends->stream, "after");
    assert_int_equal(now_ms(), 400);
}

/* I1: "their timeout applies to each read or write inside": three bytes, each before its timeout,
 * all together after it. K2: "The deadline is one for the whole call". */
SIM_STREAM_TEST(read_exact_has_the_timeout_of_each_read_and_one_deadline)
{
    fer_sim_step steps[5];
    char buf[4];
    size_t n = 0;
    for (size_t i = 0; i < 5; i++) {
        steps[i] = (fer_sim_step){FER_SIM_ACTION_SEND, {UINT64_C(300000000)}, "x", 1};
    }
    assert_ok(fer_sim_peer_play(serve(SERVER), steps, 5));
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(400)));
    assert_ok_n(fer_tcp_stream_read_exact(stream, buf, 3, &n), n, 3);
    assert_int_equal(now_ms(), 2 + 3 * 300);
    const fer_limits limits = {.deadline = fer_instant_after(millis(500))};
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_code(fer_tcp_stream_read_exact(stream, buf, 4, &n), FER_TIMED_OUT, 0);
    assert_int_equal(n, 1);
    assert_int_equal(now_ms(), 2 + 3 * 300 + 500);
}

static void fill(fer_tcp_stream *stream)
{
    static const char zeros[65536];
    fer_error error = {FER_OK, 0};
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    while (error.kind == FER_OK) {
        error = fer_tcp_stream_write(stream, zeros, sizeof zeros, NULL);
    }
    assert_kind(error, FER_WOULD_BLOCK);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
}

SIM_PAIR_TEST(a_write_timeout_expires_exactly_at_its_time)
{
    fill(&ends->stream);
    uint64_t begin = now_ms();
    assert_ok(fer_tcp_stream_set_write_timeout(&ends->stream, millis(1640)));
    assert_code(write_one(&ends->stream), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms() - begin, 1640);
}

/* ---- Deadlock */

SIM_PAIR_TEST(a_call_that_nothing_can_end_is_a_deadlock)
{
    fer_tcp_listener listener = {0};
    fer_tcp_stream stream = {0};
    assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    assert_code(read_one(&ends->stream), FER_DEADLOCK, 0);
    assert_code(fer_tcp_listener_accept(&listener, &stream, NULL), FER_DEADLOCK, 0);
    fill(&ends->stream);
    assert_code(write_one(&ends->stream), FER_DEADLOCK, 0);
    assert_true(now_us() < 1000);
    fer_tcp_listener_close(&listener);
}

SIM_PAIR_TEST(a_deadlock_leaves_the_stream_as_it_was)
{
    fer_error pending = {FER_OTHER, 0};
    assert_kind(read_one(&ends->stream), FER_DEADLOCK);
    assert_ok(fer_tcp_stream_take_error(&ends->stream, &pending));
    assert_ok(pending);
    peer_sends(ends->peer, "alive");
    stream_reads(&ends->stream, "alive");
    assert_ok(write_one(&ends->stream));
    peer_receives(ends->peer, "x");
}

SIM_PAIR_TEST(a_write_that_cannot_end_returns_the_bytes_that_it_accepted)
{
    static const char zeros[300000];
    size_t n = 0;
    assert_ok_n(fer_tcp_stream_write(&ends->stream, zeros, sizeof zeros, &n), n,
                is_winsock() ? 131071 : 131072);
    fill(&ends->stream);
    assert_kind_n(fer_tcp_stream_write(&ends->stream, zeros, sizeof zeros, &n), FER_DEADLOCK, n, 0);
}

SIM_PAIR_TEST(bytes_that_were_taken_are_counted_at_a_deadlock)
{
    static const char zeros[300000];
    size_t n = 0;
    assert_kind(fer_tcp_stream_write_all(&ends->stream, zeros, sizeof zeros, &n), FER_DEADLOCK);
    /* On Windows the last send is accepted as a whole. */
    assert_int_equal(n, is_winsock() ? 2 * 131071 : 131072);
}

/* ---- Callbacks */

static struct ends inner;
static fer_error inner_errors[3];
static uint64_t inner_time_ms;

static void use_everything(void *context)
{
    (void)context;
    inner_errors[0] = read_one(&inner.stream);
    inner_errors[1] = fer_sim_advance(millis(5));
    inner_errors[2] = write_one(&inner.stream);
    inner_time_ms = now_ms();
}

SIM_TEST(inside_a_callback_time_stands_still)
{
    inner = connected();
    assert_ok(fer_sim_after(millis(7), use_everything, NULL));
    advance_ms(20);
    assert_code(inner_errors[0], FER_DEADLOCK, 0);
    assert_code(inner_errors[1], FER_DEADLOCK, 0);
    assert_ok(inner_errors[2]);
    assert_int_equal(inner_time_ms, 7);
    peer_receives(inner.peer, "x");
    fer_tcp_stream_close(&inner.stream);
}

/* With one thread a reader can still be woken, by a callback that runs during its wait. */
static void shut_inner(void *context)
{
    FER_IGNORE(fer_tcp_stream_shutdown(context, FER_SHUTDOWN_READ));
}

SIM_TEST(a_shutdown_in_a_callback_wakes_a_blocked_read)
{
    inner = connected();
    assert_ok(fer_sim_after(millis(30), shut_inner, &inner.stream));
    stream_reads(&inner.stream, "");
    assert_int_equal(now_ms(), 30);
    fer_tcp_stream_close(&inner.stream);
}

static void shut_inner_writing(void *context)
{
    FER_IGNORE(fer_tcp_stream_shutdown(context, FER_SHUTDOWN_WRITE));
}

/* Immediately on POSIX. On Windows, whose wait does not report the shutdown, at the end of a slice
 * of 100 ms (rule S6). */
SIM_TEST(a_shutdown_in_a_callback_ends_a_blocked_write)
{
    inner = connected();
    fill(&inner.stream);
    uint64_t begin = now_ms();
    assert_ok(fer_sim_after(millis(30), shut_inner_writing, &inner.stream));
    assert_ok(fer_tcp_stream_set_write_timeout(&inner.stream, millis(10000)));
    assert_kind(write_one(&inner.stream), FER_BROKEN_PIPE);
    assert_int_equal(now_ms() - begin, is_winsock() ? 100 : 30);
    fer_tcp_stream_close(&inner.stream);
}

/* Misuse, as closing a handle that another thread uses is, but without undefined behaviour. */
static void close_inner(void *context)
{
    fer_tcp_stream_close(context);
}

SIM_TEST(a_close_in_a_callback_ends_the_call_that_waits)
{
    inner = connected();
    assert_ok(fer_sim_after(millis(30), close_inner, &inner.stream));
    assert_true(read_one(&inner.stream).kind != FER_OK);
    inner = connected_to("127.0.0.1:81");
    fill(&inner.stream);
    assert_ok(fer_sim_after(millis(30), close_inner, &inner.stream));
    assert_true(write_one(&inner.stream).kind != FER_OK);
    inner = connected_to("127.0.0.1:82");
    fill(&inner.stream);
    assert_ok(fer_tcp_stream_set_linger(&inner.stream, fer_duration_from_secs(5)));
    assert_ok(fer_sim_after(millis(30), close_inner, &inner.stream));
    fer_tcp_stream_close(&inner.stream);
}

TEST_MAIN("sim_clock")
