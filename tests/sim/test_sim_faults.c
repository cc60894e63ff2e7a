/* test_sim_faults.c: each fault alone, in both dialects: when it is injected, what the call
 * returns, and that later calls are not affected. */
#include "sim/sim_test.h"

static fer_sim_report stopped(void)
{
    fer_sim_report report;
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    assert_int_equal(report.leaked_waits, 0);
    return report;
}

/* Ends the test's simulation. Only this fault must have been injected, `times` times. */
static void assert_injected(fer_sim_fault fault, uint64_t times)
{
    fer_sim_report report = stopped();
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        assert_int_equal(report.faults[i], i == (size_t)fault ? times : 0);
    }
}

static void arm(fer_sim_fault fault)
{
    assert_ok(fer_sim_fault_at(fault, 1));
}

static int32_t code(int32_t on_linux, int32_t on_windows)
{
    return is_winsock() ? on_windows : on_linux;
}

SIM_PAIR_TEST(a_partial_read_gives_less_and_loses_nothing)
{
    char buf[32];
    size_t n = 0;
    size_t rest = 0;
    peer_sends(ends->peer, "twelve bytes");
    arm(FER_SIM_FAULT_PARTIAL_READ);
    assert_ok(fer_tcp_stream_read(&ends->stream, buf, sizeof buf, &n));
    assert_true(n > 0 && n < 12);
    assert_ok(fer_tcp_stream_read(&ends->stream, buf + n, sizeof buf - n, &rest));
    assert_int_equal(n + rest, 12);
    assert_memory_equal(buf, "twelve bytes", 12);
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_PARTIAL_READ, 1);
}

SIM_PAIR_TEST(a_partial_write_takes_less_and_loses_nothing)
{
    size_t n = 0;
    arm(FER_SIM_FAULT_PARTIAL_WRITE);
    assert_ok(fer_tcp_stream_write(&ends->stream, "twelve bytes", 12, &n));
    assert_true(n > 0 && n < 12);
    assert_ok(fer_tcp_stream_write_all(&ends->stream, &"twelve bytes"[n], 12 - n, NULL));
    peer_receives(ends->peer, "twelve bytes");
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_PARTIAL_WRITE, 1);
}

/* A transfer of one byte is no chance for the fault. */
SIM_PAIR_TEST(one_byte_is_never_partial)
{
    arm(FER_SIM_FAULT_PARTIAL_READ);
    arm(FER_SIM_FAULT_PARTIAL_WRITE);
    peer_sends(ends->peer, "x");
    stream_reads(&ends->stream, "x");
    assert_ok(write_one(&ends->stream));
    assert_int_equal(fer_sim_clear_faults(), 2);
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_PARTIAL_READ, 0);
}

SIM_PAIR_TEST(would_block_strikes_nonblocking_calls)
{
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    peer_sends(ends->peer, "x");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    assert_code(read_one(&ends->stream), FER_WOULD_BLOCK, code(11, 10035));
    stream_reads(&ends->stream, "x");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    assert_code(write_one(&ends->stream), FER_WOULD_BLOCK, code(11, 10035));
    assert_ok(write_one(&ends->stream));
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_WOULD_BLOCK, 2);
}

/* On POSIX the kernel waits. On Windows core gets the error, waits and retries. */
SIM_PAIR_TEST(would_block_is_not_returned_by_blocking_calls)
{
    peer_sends(ends->peer, "x");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    stream_reads(&ends->stream, "x");
    assert_int_equal(fer_sim_clear_faults(), is_winsock() ? 0 : 1);
}

SIM_PAIR_TEST(interrupted_is_reported_by_single_calls_and_changes_nothing)
{
    peer_sends(ends->peer, "x");
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_code(read_one(&ends->stream), FER_INTERRUPTED, code(4, 10004));
    stream_reads(&ends->stream, "x");
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_code(write_one(&ends->stream), FER_INTERRUPTED, code(4, 10004));
    assert_ok(write_one(&ends->stream));
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_INTERRUPTED, 2);
}

SIM_STREAM_TEST(long_calls_are_restarted_after_interruptions)
{
    char buf[4];
    fer_sim_peer listener = serve("127.0.0.1:80");
    fer_tcp_stream accepted_stream = {0};
    fer_tcp_listener own = {0};
    fer_socket_addr addr;
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_ok(fer_tcp_stream_connect(stream, "127.0.0.1:80"));
    fer_sim_peer peer = accepted(listener);
    peer_sends(peer, "four");
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_ok(fer_tcp_stream_read_exact(stream, buf, 4, NULL));
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_ok(fer_tcp_stream_write_all(stream, "four", 4, NULL));
    assert_ok(fer_tcp_listener_bind(&own, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&own, &addr));
    assert_ok(fer_sim_peer_connect(NULL, &addr, &peer));
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_ok(fer_tcp_listener_accept(&own, &accepted_stream, NULL));
    fer_tcp_listener_close(&own);
    fer_tcp_stream_close(&accepted_stream);
    fer_tcp_stream_close(stream);
    assert_injected(FER_SIM_FAULT_INTERRUPTED, 4);
}

/* Even if every chance injects the fault. */
SIM_STREAM_CONFIG_TEST(every_call_ends_although_each_fault_is_injected)
{
    sim_begin_of(.fault_chances[FER_SIM_FAULT_INTERRUPTED] = 1000000,
                 .fault_chances[FER_SIM_FAULT_WOULD_BLOCK] = 1000000,
                 .fault_chances[FER_SIM_FAULT_SPURIOUS_READY] = 1000000,
                 .fault_chances[FER_SIM_FAULT_PARTIAL_READ] = 1000000,
                 .fault_chances[FER_SIM_FAULT_PARTIAL_WRITE] = 1000000);
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_ECHO, {0}, NULL, 0},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    (void)serve_script(SERVER, steps, 2);
    char buf[100];
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_ok(fer_tcp_stream_write_all(stream, "this is a text that comes back", 30, NULL));
    assert_ok(fer_tcp_stream_read_exact(stream, buf, 30, NULL));
    assert_memory_equal(buf, "this is a text that comes back", 30);
    fer_error error = {FER_INTERRUPTED, 0};
    for (int i = 0; i < 3 && error.kind == FER_INTERRUPTED; i++) {
        error = read_one(stream);
    }
    assert_kind(error, FER_DEADLOCK);
}

/* The fault affects only the library's own waits: on POSIX a connect with a timeout, on Windows all
 * waits. */
SIM_STREAM_TEST(spurious_readiness_is_not_reported)
{
    fer_socket_addr addr = addr_of(SERVER);
    (void)serve(SERVER);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_ok(fer_tcp_stream_connect_timeout(stream, &addr, millis(100)));
    assert_int_equal(now_ms(), 2);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(40)));
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_code(read_one(stream), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 42);
    assert_int_equal(fer_sim_clear_faults(), is_winsock() ? 0 : 1);
}

SIM_PAIR_TEST(a_reset_is_reported_to_both_peers)
{
    char byte = 0;
    arm(FER_SIM_FAULT_RESET);
    assert_kind(read_one(&ends->stream), FER_CONNECTION_RESET);
    assert_kind(read_one(&ends->stream), FER_CONNECTION_RESET);
    assert_kind(write_one(&ends->stream), FER_CONNECTION_RESET);
    assert_kind(fer_sim_peer_recv(ends->peer, &byte, 1, NULL), FER_CONNECTION_RESET);
    assert_kind(fer_sim_peer_send(ends->peer, "x", 1, NULL), FER_CONNECTION_RESET);
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_RESET, 1);
}

SIM_PAIR_TEST(a_reset_can_strike_a_write)
{
    arm(FER_SIM_FAULT_RESET);
    fer_error error = write_one(&ends->stream);
    assert_kind(error, FER_CONNECTION_RESET);
    assert_kind(read_one(&ends->stream), FER_CONNECTION_RESET);
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_RESET, 1);
}

SIM_STREAM_TEST(refused_fails_a_connect)
{
    fer_socket_addr addr = addr_of(SERVER);
    (void)serve(SERVER);
    arm(FER_SIM_FAULT_REFUSED);
    assert_code(fer_tcp_stream_connect(stream, SERVER), FER_CONNECTION_REFUSED, code(111, 10061));
    arm(FER_SIM_FAULT_REFUSED);
    assert_code(fer_tcp_stream_connect_timeout(stream, &addr, millis(50)), FER_CONNECTION_REFUSED,
                code(111, 10061));
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    fer_tcp_stream_close(stream);
    assert_injected(FER_SIM_FAULT_REFUSED, 2);
}

SIM_TEST(unreachable_fails_a_connect)
{
    fer_tcp_stream stream = {0};
    bool seen[2] = {false, false};
    (void)serve(SERVER);
    for (int i = 0; i < 32; i++) {
        arm(FER_SIM_FAULT_UNREACHABLE);
        fer_error error = fer_tcp_stream_connect(&stream, SERVER);
        assert_true(error.kind == FER_HOST_UNREACHABLE || error.kind == FER_NETWORK_UNREACHABLE);
        seen[error.kind == FER_HOST_UNREACHABLE] = true;
    }
    assert_true(seen[0] && seen[1]);
    assert_injected(FER_SIM_FAULT_UNREACHABLE, 32);
}

SIM_STREAM_TEST(an_aborted_accept_is_passed_over)
{
    char byte = 0;
    fer_tcp_listener listener = {0};
    fer_socket_addr addr;
    fer_sim_peer peers[2];
    assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&listener, &addr));
    assert_ok(fer_sim_peer_connect(NULL, &addr, &peers[0]));
    assert_ok(fer_sim_peer_connect(NULL, &addr, &peers[1]));
    arm(FER_SIM_FAULT_ACCEPT_ABORTED);
    assert_ok(fer_tcp_listener_accept(&listener, stream, NULL));
    peer_sends(peers[1], "second");
    stream_reads(stream, "second");
    assert_kind(fer_sim_peer_recv(peers[0], &byte, 1, NULL), FER_CONNECTION_RESET);
    fer_tcp_stream_close(stream);
    fer_tcp_listener_close(&listener);
    assert_injected(FER_SIM_FAULT_ACCEPT_ABORTED, 1);
}

SIM_STREAM_TEST(too_many_handles_loses_no_connection)
{
    fer_tcp_listener listener = {0};
    fer_tcp_stream clone = {0};
    fer_socket_addr addr;
    fer_sim_peer peer;
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_code(fer_tcp_listener_bind(&listener, "127.0.0.1:0"), FER_TOO_MANY_OPEN_FILES,
                code(24, 10024));
    assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&listener, &addr));
    assert_ok(fer_sim_peer_connect(NULL, &addr, &peer));
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_kind(fer_tcp_listener_accept(&listener, stream, NULL), FER_TOO_MANY_OPEN_FILES);
    assert_ok(fer_tcp_listener_accept(&listener, stream, NULL));
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_kind(fer_tcp_stream_try_clone(stream, &clone), FER_TOO_MANY_OPEN_FILES);
    peer_sends(peer, "alive");
    stream_reads(stream, "alive");
    fer_tcp_stream_close(stream);
    fer_tcp_listener_close(&listener);
    assert_injected(FER_SIM_FAULT_TOO_MANY_HANDLES, 3);
}

SIM_PAIR_TEST(no_buffers_are_transient)
{
    fer_tcp_stream stream = {0};
    peer_sends(ends->peer, "x");
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    arm(FER_SIM_FAULT_NO_BUFFERS);
    assert_code(read_one(&ends->stream), is_winsock() ? FER_WOULD_BLOCK : FER_NO_BUFFER_SPACE,
                code(105, 10055));
    stream_reads(&ends->stream, "x");
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, false));
    arm(FER_SIM_FAULT_NO_BUFFERS);
    assert_kind(write_one(&ends->stream), is_winsock() ? FER_OK : FER_NO_BUFFER_SPACE);
    arm(FER_SIM_FAULT_NO_BUFFERS);
    assert_kind(fer_tcp_stream_connect(&stream, "127.0.0.1:80"), FER_NO_BUFFER_SPACE);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_BUFFERS, 2)); /* no port is left */
    fer_error_kind kind = is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_NO_BUFFER_SPACE;
    assert_kind(fer_tcp_stream_connect(&stream, "127.0.0.1:80"), kind);
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_NO_BUFFERS, 4);
}

SIM_TEST(a_lookup_fails_in_three_ways)
{
    fer_socket_addr addr;
    size_t count = 0;
    size_t seen[3] = {0, 0, 0};
    for (int i = 0; i < 60; i++) {
        arm(FER_SIM_FAULT_RESOLVE_FAILS);
        fer_error error = fer_lookup_host("localhost", 80, &addr, 1, &count);
        assert_int_not_equal(error.os_code, 0);
        seen[0] += error.kind == FER_HOST_NOT_FOUND;
        seen[1] += error.kind == FER_RESOLVE_TRY_AGAIN;
        seen[2] += error.kind == FER_RESOLVE_FAILED;
    }
    assert_int_equal(seen[0] + seen[1] + seen[2], 60);
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
    assert_ok(fer_lookup_host("localhost", 80, &addr, 1, &count));
    assert_injected(FER_SIM_FAULT_RESOLVE_FAILS, 60);
}

SIM_TEST(a_slow_lookup_takes_five_seconds)
{
    fer_socket_addr addr;
    size_t count = 0;
    arm(FER_SIM_FAULT_RESOLVE_SLOW);
    assert_ok(fer_lookup_host("localhost", 80, &addr, 1, &count));
    assert_int_equal(now_ms(), 5000);
    assert_injected(FER_SIM_FAULT_RESOLVE_SLOW, 1);
}

SIM_STREAM_TEST(a_time_jump_makes_the_scheduled_events_occur)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {1000000}, "due", 3}};
    (void)serve_script(SERVER, steps, 1);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    arm(FER_SIM_FAULT_TIME_JUMP);
    stream_reads(stream, "due");
    assert_true(now_ms() > 3 && now_ms() <= 3600002);
    fer_tcp_stream_close(stream);
    assert_injected(FER_SIM_FAULT_TIME_JUMP, 1);
}

/* ---- When */

SIM_PAIR_TEST(the_nth_chance_is_counted)
{
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 3));
    assert_kind(read_one(&ends->stream), FER_WOULD_BLOCK);
    assert_kind(read_one(&ends->stream), FER_WOULD_BLOCK);
    assert_kind(read_one(&ends->stream), FER_INTERRUPTED);
    assert_kind(read_one(&ends->stream), FER_WOULD_BLOCK);
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_INTERRUPTED, 1);
}

SIM_PAIR_TEST(scripted_faults_may_occur_twice_in_a_row)
{
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 1));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 2));
    assert_kind(write_one(&ends->stream), FER_INTERRUPTED);
    assert_kind(write_one(&ends->stream), FER_INTERRUPTED);
    assert_ok(write_one(&ends->stream));
}

SIM_PAIR_TEST(disarmed_faults_do_not_strike)
{
    arm(FER_SIM_FAULT_RESET);
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_int_equal(fer_sim_clear_faults(), 2);
    assert_int_equal(fer_sim_clear_faults(), 0);
    assert_ok(write_one(&ends->stream));
    fer_tcp_stream_close(&ends->stream);
    assert_injected(FER_SIM_FAULT_RESET, 0);
}

SIM_TEST(sixty_four_faults_can_be_armed)
{
    for (uint64_t i = 1; i <= 64; i++) {
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_RESET, i));
    }
    assert_kind(fer_sim_fault_at(FER_SIM_FAULT_RESET, 1), FER_OUT_OF_MEMORY);
    assert_int_equal(fer_sim_clear_faults(), 64);
}

/* A chance of 1 in 4, over 4000 calls. */
SIM_CONFIG_TEST(a_fault_is_injected_as_often_as_its_chance)
{
    sim_begin_of(.seed = 42);
    struct ends ends = connected();
    char buf[2];
    assert_ok(fer_sim_set_fault_chance(FER_SIM_FAULT_PARTIAL_READ, 250000));
    for (int i = 0; i < 4000; i++) {
        size_t n = 0;
        peer_sends(ends.peer, "ab");
        assert_ok(fer_tcp_stream_read(&ends.stream, buf, 2, &n));
        if (n == 1) {
            assert_ok(fer_tcp_stream_read(&ends.stream, buf, 1, &n));
        }
    }
    fer_tcp_stream_close(&ends.stream);
    fer_sim_report report = stopped();
    assert_in_range(report.faults[FER_SIM_FAULT_PARTIAL_READ], 900, 1100);
}

SIM_CONFIG_TEST(peers_meet_no_faults)
{
    fer_sim_config config = config_of();
    sim_begin_with(config);
    struct ends ends = connected();
    for (int i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        assert_ok(fer_sim_set_fault_chance((fer_sim_fault)i, 1000000));
    }
    fer_sim_peer listener = serve("10.0.0.8:1");
    fer_socket_addr addr = addr_of("10.0.0.8:1");
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    assert_ok(fer_sim_peer_connect(NULL, &addr, &peer));
    advance_ms(5);
    fer_sim_peer other = accepted(listener);
    peer_sends(peer, "unharmed");
    advance_ms(5);
    peer_receives(other, "unharmed");
    fer_tcp_stream_close(&ends.stream);
    fer_sim_report report = stopped();
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        assert_int_equal(report.faults[i], 0);
    }
}

TEST_MAIN("sim_faults")
