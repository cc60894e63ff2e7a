/* test_sim_ready.c: readiness and calls that never wait in simulated time: the time that passes,
 * the ends of waits, and faults. */
#include "sim/sim_test.h"

enum { EITHER = FER_READABLE | FER_WRITABLE };

static fer_interest ready_of(fer_tcp_stream *stream, fer_interest interest, fer_duration timeout)
{
    fer_interest ready = 77;
    assert_ok(fer_tcp_stream_ready(stream, interest, timeout, &ready));
    return ready;
}

SIM_STREAM_TEST(a_wait_advances_the_clock_until_bytes_arrive)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {250000000}, "x", 1}};
    (void)serve_script(SERVER, steps, 1);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    uint64_t begin = now_ms();
    assert_int_equal(ready_of(stream, FER_READABLE, millis(100)), 0);
    assert_int_equal(now_ms(), begin + 100);
    assert_int_equal(ready_of(stream, FER_READABLE, FER_DURATION_NONE), FER_READABLE);
    assert_true(now_ms() >= begin + 249 && now_ms() <= begin + 251);
    assert_ok(read_one(stream));
    assert_int_equal(ready_of(stream, FER_READABLE, millis(3000)), 0);
}

SIM_PAIR_TEST(a_wait_that_nothing_can_end_is_a_deadlock)
{
    fer_interest ready = 77;
    fer_tcp_stream clone = {0};
    assert_kind(fer_tcp_stream_ready(&ends->stream, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_DEADLOCK);
    assert_ok(fer_tcp_stream_try_clone(&ends->stream, &clone));
    assert_kind(fer_tcp_stream_ready(&clone, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_DEADLOCK);
    assert_int_equal(ready, 77);
    assert_ok(fer_tcp_stream_shutdown(&ends->stream, FER_SHUTDOWN_WRITE));
    assert_kind(fer_tcp_stream_ready(&clone, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_DEADLOCK);
    assert_int_equal(ready, 77);
    peer_sends(ends->peer, "alive");
    assert_int_equal(ready_of(&clone, EITHER, FER_DURATION_NONE), EITHER);
    fer_tcp_stream_close(&clone);
}

/* With one thread a wait can still be woken, by a callback that runs during the wait: immediately,
 * or on Windows at the end of a slice (rule S6). */
static struct ends inner;
static void shut_reading(void *context)
{
    FER_IGNORE(fer_tcp_stream_shutdown(context, FER_SHUTDOWN_READ));
}
static void shut_writing(void *context)
{
    FER_IGNORE(fer_tcp_stream_shutdown(context, FER_SHUTDOWN_WRITE));
}
static void close_it(void *context)
{
    fer_tcp_stream_close(context);
}

static void fill(fer_tcp_stream *stream)
{
    static const char zeros[65536];
    while (fer_tcp_stream_try_write(stream, zeros, sizeof zeros, NULL).kind == FER_OK) {
    }
}

SIM_TEST(a_shutdown_in_a_callback_wakes_a_wait)
{
    for (int cloned = 0; cloned < 2; cloned++) {
        fer_tcp_stream clone = {0};
        inner = connected();
        assert_ok(fer_tcp_stream_try_clone(&inner.stream, &clone));
        fill(&inner.stream);
        fer_tcp_stream *shut = cloned != 0 ? &clone : &inner.stream;
        uint64_t begin = now_ms();
        assert_ok(fer_sim_after(millis(30), shut_reading, shut));
        assert_int_equal(ready_of(&inner.stream, EITHER, FER_DURATION_NONE), FER_READABLE);
        assert_int_equal(now_ms(), begin + 30);
        begin = now_ms();
        assert_ok(fer_sim_after(millis(30), shut_writing, shut));
        assert_int_equal(ready_of(&inner.stream, FER_WRITABLE, FER_DURATION_NONE), FER_WRITABLE);
        assert_int_equal(now_ms(), begin + (is_winsock() ? 100 : 30));
        fer_tcp_stream_close(&clone);
        fer_tcp_stream_close(&inner.stream);
        fer_sim_peer_close(inner.peer);
    }
}

/* Misuse, but without a crash. */
SIM_TEST(a_close_in_a_callback_ends_a_wait)
{
    fer_interest ready = 77;
    inner = connected();
    assert_ok(fer_sim_after(millis(30), close_it, &inner.stream));
    assert_true(fer_tcp_stream_ready(&inner.stream, FER_READABLE, FER_DURATION_NONE, &ready).kind !=
                FER_OK);
    assert_int_equal(ready, 77);
}

SIM_TEST(a_loop_that_queries_gets_somewhere)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {1000000}, "x", 1}};
    char byte;
    size_t polls[2] = {0, 0};
    (void)serve_script(SERVER, steps, 1);
    for (int way = 0; way < 2; way++) {
        fer_tcp_stream stream = {0};
        assert_ok(fer_tcp_stream_connect(&stream, SERVER));
        while (way == 0
                   ? ready_of(&stream, FER_READABLE, fer_duration_from_nanos(0)) == 0
                   : fer_tcp_stream_try_read(&stream, &byte, 1, NULL).kind == FER_WOULD_BLOCK) {
            assert_true(++polls[way] < 10000);
        }
        fer_tcp_stream_close(&stream);
    }
    assert_true(polls[0] >= 999 && polls[0] <= 1000);
    assert_true(polls[1] >= 999 && polls[1] <= 1000);
}

/* ---- Faults */

SIM_PAIR_TEST(an_interrupted_wait_continues_and_false_readiness_is_reported)
{
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 1));
    assert_int_equal(ready_of(&ends->stream, EITHER, millis(5)), FER_WRITABLE);
    assert_int_equal(fer_sim_clear_faults(), 0);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPURIOUS_READY, 1));
    assert_int_equal(ready_of(&ends->stream, EITHER, millis(5)), EITHER);
    assert_int_equal(fer_sim_clear_faults(), 0);
}

/* A listener has no spurious readiness, because a blocking accept may follow it. */
SIM_TEST(a_listener_is_never_falsely_ready)
{
    fer_tcp_listener listener = {0};
    fer_tcp_stream stream = {0};
    fer_interest ready = 77;
    assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:80"));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPURIOUS_READY, 1));
    assert_ok_n(fer_tcp_listener_ready(&listener, FER_READABLE, fer_duration_from_nanos(0), &ready),
                ready, 0);
    assert_kind(fer_tcp_listener_try_accept(&listener, &stream, NULL), FER_WOULD_BLOCK);
    assert_int_equal(fer_sim_clear_faults(), 1);
    fer_tcp_listener_close(&listener);
}

/* A call that never waits leaves the mode as it was. */
SIM_PAIR_TEST(the_mode_is_as_it_was)
{
    char byte;
    assert_ok(fer_tcp_stream_set_read_timeout(&ends->stream, millis(40)));
    assert_kind(fer_tcp_stream_try_read(&ends->stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_kind(read_one(&ends->stream), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    assert_kind(fer_tcp_stream_try_read(&ends->stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_kind(read_one(&ends->stream), FER_WOULD_BLOCK);
}

/* Misuse too: a call that never waits finds its handle closed. */
SIM_TEST(a_close_in_a_callback_ends_a_call_that_never_waits)
{
    char byte;
    inner = connected();
    assert_ok(fer_sim_after(fer_duration_from_nanos(0), close_it, &inner.stream));
    assert_true(fer_tcp_stream_try_read(&inner.stream, &byte, 1, NULL).kind != FER_OK);
    assert_kind(fer_tcp_stream_try_read(&inner.stream, &byte, 1, NULL), FER_MISUSE);
}

/* Before fer_sim_start and after fer_sim_stop there is no network. */
PLAIN_TEST(without_a_simulation_all_is_unsupported)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr addr = addr_of(SERVER);
    fer_interest ready = 77;
    char byte;
    assert_kind(fer_tcp_stream_connect_start(&stream, &addr), FER_UNSUPPORTED);
    sim_begin();
    inner = connected();
    assert_ok(fer_sim_stop(NULL));
    assert_kind(fer_tcp_stream_ready(&inner.stream, EITHER, FER_DURATION_NONE, &ready),
                FER_UNSUPPORTED);
    assert_kind(fer_tcp_stream_try_read(&inner.stream, &byte, 1, NULL), FER_UNSUPPORTED);
    assert_int_equal(ready, 77);
}

TEST_MAIN("sim_ready")
