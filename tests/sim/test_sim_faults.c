/* test_sim_faults.c: each fault alone, in both dialects: when it is injected, what the call
 * returns, and that later calls are not affected; and the table of files. */
#include "sim/sim_test.h"

static fer_sim_report stopped(void)
{
    fer_sim_report report;
    close_handles();
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

SIM_PAIR_TEST(a_partial_read_gives_less_and_loses_nothing)
{
    char buf[32];
    size_t n = 0, rest = 0;
    peer_sends(ends->peer, "twelve bytes");
    arm(FER_SIM_FAULT_PARTIAL_READ);
    assert_ok(fer_tcp_stream_read(&ends->stream, buf, sizeof buf, &n));
    assert_true(n > 0 && n < 12);
    assert_ok_n(fer_tcp_stream_read(&ends->stream, buf + n, sizeof buf - n, &rest), rest, 12 - n);
    assert_memory_equal(buf, "twelve bytes", 12);
    assert_injected(FER_SIM_FAULT_PARTIAL_READ, 1);
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
    assert_injected(FER_SIM_FAULT_PARTIAL_READ, 0);
}

/* WOULD_BLOCK is injected into nonblocking calls, INTERRUPTED into single ones. */
SIM_CONFIG_TEST(a_call_that_an_error_is_injected_into_changes_nothing)
{
    static const struct {
        fer_sim_fault fault;
        fer_error_kind kind;
        int32_t on_linux, on_windows;
    } rows[] = {{FER_SIM_FAULT_WOULD_BLOCK, FER_WOULD_BLOCK, 11, 10035},
                {FER_SIM_FAULT_INTERRUPTED, FER_INTERRUPTED, 4, 10004}};
    for (size_t i = 0; i < 2; i++) {
        const int32_t os_code = code(rows[i].on_linux, rows[i].on_windows);
        sim_begin();
        open_ends = connected();
        assert_ok(fer_tcp_stream_set_nonblocking(&open_ends.stream, i == 0));
        peer_sends(open_ends.peer, "x");
        arm(rows[i].fault);
        assert_code(read_one(&open_ends.stream), rows[i].kind, os_code);
        stream_reads(&open_ends.stream, "x");
        arm(rows[i].fault);
        assert_code(write_one(&open_ends.stream), rows[i].kind, os_code);
        assert_ok(write_one(&open_ends.stream));
        assert_injected(rows[i].fault, 2);
    }
}

/* On POSIX the kernel waits. On Windows core gets the error, waits and retries. */
SIM_PAIR_TEST(would_block_is_not_returned_by_blocking_calls)
{
    peer_sends(ends->peer, "x");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    stream_reads(&ends->stream, "x");
    assert_int_equal(fer_sim_clear_faults(), is_winsock() ? 0 : 1);
}

SIM_PAIR_TEST(a_read_half_that_has_ended_never_would_block)
{
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    assert_ok(fer_sim_peer_shutdown(ends->peer));
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    stream_reads(&ends->stream, "");
    assert_int_equal(fer_sim_clear_faults(), 1);
}

/* The fault affects only the library's own waits: on POSIX a connect with a timeout, on Windows all
 * waits. */
SIM_STREAM_TEST(spurious_readiness_is_not_reported)
{
    (void)serve(SERVER);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_takes(2,
                 assert_ok(fer_tcp_stream_connect_timeout(stream, addr_at(SERVER), millis(100))));
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(40)));
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_takes(40, assert_code(read_one(stream), FER_TIMED_OUT, 0));
    assert_int_equal(fer_sim_clear_faults(), is_winsock() ? 0 : 1);
}

SIM_CONFIG_TEST(a_reset_that_a_call_meets_is_reported_to_both_peers)
{
    for (int writes = 0; writes < 2; writes++) {
        sim_begin();
        open_ends = connected();
        fer_tcp_stream *stream = &open_ends.stream;
        char byte = 0;
        arm(FER_SIM_FAULT_RESET);
        assert_kind(writes ? write_one(stream) : read_one(stream), FER_CONNECTION_RESET);
        assert_kind(read_one(stream), FER_CONNECTION_RESET);
        assert_kind(write_one(stream), FER_CONNECTION_RESET);
        assert_kind(fer_sim_peer_recv(open_ends.peer, &byte, 1, NULL), FER_CONNECTION_RESET);
        assert_kind(fer_sim_peer_send(open_ends.peer, "x", 1, NULL), FER_CONNECTION_RESET);
        assert_injected(FER_SIM_FAULT_RESET, 1);
    }
}

SIM_STREAM_TEST(refused_fails_a_connect)
{
    (void)serve(SERVER);
    arm(FER_SIM_FAULT_REFUSED);
    assert_code(fer_tcp_stream_connect(stream, SERVER), FER_CONNECTION_REFUSED, code(111, 10061));
    arm(FER_SIM_FAULT_REFUSED);
    assert_code(fer_tcp_stream_connect_timeout(stream, addr_at(SERVER), millis(50)),
                FER_CONNECTION_REFUSED, code(111, 10061));
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_injected(FER_SIM_FAULT_REFUSED, 2);
}

SIM_STREAM_TEST(unreachable_fails_a_connect)
{
    bool seen[2] = {false, false};
    (void)serve(SERVER);
    for (int i = 0; i < 32; i++) {
        arm(FER_SIM_FAULT_UNREACHABLE);
        fer_error error = fer_tcp_stream_connect(stream, SERVER);
        assert_true(error.kind == FER_HOST_UNREACHABLE || error.kind == FER_NETWORK_UNREACHABLE);
        seen[error.kind == FER_HOST_UNREACHABLE] = true;
    }
    assert_true(seen[0] && seen[1]);
    assert_injected(FER_SIM_FAULT_UNREACHABLE, 32);
}

SIM_STREAM_TEST(an_aborted_accept_is_passed_over)
{
    char byte = 0;
    const fer_socket_addr *addr = listening();
    fer_sim_peer first = peer_connected_to(addr);
    fer_sim_peer second = peer_connected_to(addr);
    arm(FER_SIM_FAULT_ACCEPT_ABORTED);
    assert_ok(fer_tcp_listener_accept(&test.listener, stream, NULL));
    peer_sends(second, "second");
    stream_reads(stream, "second");
    assert_kind(fer_sim_peer_recv(first, &byte, 1, NULL), FER_CONNECTION_RESET);
    assert_injected(FER_SIM_FAULT_ACCEPT_ABORTED, 1);
}

SIM_STREAM_TEST(too_many_handles_loses_no_connection)
{
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_code(fer_tcp_listener_bind(&test.listener, "127.0.0.1:0"), FER_TOO_MANY_OPEN_FILES,
                code(24, 10024));
    fer_sim_peer peer = peer_connected_to(listening());
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_kind(fer_tcp_listener_accept(&test.listener, stream, NULL), FER_TOO_MANY_OPEN_FILES);
    assert_ok(fer_tcp_listener_accept(&test.listener, stream, NULL));
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_kind(fer_tcp_stream_try_clone(stream, &test.clone), FER_TOO_MANY_OPEN_FILES);
    peer_sends(peer, "alive");
    stream_reads(stream, "alive");
    assert_injected(FER_SIM_FAULT_TOO_MANY_HANDLES, 3);
}

SIM_PAIR_TEST(no_buffers_are_transient)
{
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
    assert_kind(fer_tcp_stream_connect(&test.stream, "127.0.0.1:80"), FER_NO_BUFFER_SPACE);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_BUFFERS, 2)); /* no port is left */
    assert_kind(fer_tcp_stream_connect(&test.stream, "127.0.0.1:80"),
                is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_NO_BUFFER_SPACE);
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

SIM_TEST(a_service_is_not_found_or_its_search_fails)
{
    uint16_t port = 0;
    size_t seen[2] = {0, 0};
    for (int i = 0; i < 60; i++) {
        arm(FER_SIM_FAULT_RESOLVE_FAILS);
        fer_error error = fer_service_port("http", FER_TYPE_STREAM, &port);
        assert_int_equal(error.os_code == 0, error.kind == FER_NOT_FOUND);
        seen[0] += error.kind == FER_NOT_FOUND;
        seen[1] += error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED;
    }
    assert_int_equal(seen[0] + seen[1], 60);
    assert_true(seen[0] > 0 && seen[1] > 0);
    assert_int_equal(port, 0);
    assert_injected(FER_SIM_FAULT_RESOLVE_FAILS, 60);
}

SIM_TEST(a_slow_lookup_takes_five_seconds)
{
    fer_socket_addr addr;
    size_t count = 0;
    arm(FER_SIM_FAULT_RESOLVE_SLOW);
    assert_takes(5000, assert_ok(fer_lookup_host("localhost", 80, &addr, 1, &count)));
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
    assert_injected(FER_SIM_FAULT_TIME_JUMP, 1);
}

/* ---- When */

SIM_PAIR_TEST(the_nth_chance_is_counted)
{
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 3));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 4));
    for (int i = 1; i <= 5; i++) {
        assert_kind(read_one(&ends->stream), i == 3 || i == 4 ? FER_INTERRUPTED : FER_WOULD_BLOCK);
    }
    assert_injected(FER_SIM_FAULT_INTERRUPTED, 2);
}

SIM_PAIR_TEST(disarmed_faults_do_not_strike_and_sixty_four_can_be_armed)
{
    for (uint64_t i = 1; i <= 64; i++) {
        assert_ok(fer_sim_fault_at(i % 2 ? FER_SIM_FAULT_RESET : FER_SIM_FAULT_INTERRUPTED, i));
    }
    assert_kind(fer_sim_fault_at(FER_SIM_FAULT_RESET, 1), FER_OUT_OF_MEMORY);
    assert_int_equal(fer_sim_clear_faults(), 64);
    assert_int_equal(fer_sim_clear_faults(), 0);
    assert_ok(write_one(&ends->stream));
    assert_injected(FER_SIM_FAULT_RESET, 0);
}

/* A chance of 1 in 4, over 4000 calls. */
SIM_CONFIG_TEST(a_fault_is_injected_as_often_as_its_chance)
{
    sim_begin_of(.seed = 42);
    open_ends = connected();
    char buf[2];
    assert_ok(fer_sim_set_fault_chance(FER_SIM_FAULT_PARTIAL_READ, 250000));
    for (int i = 0; i < 4000; i++) {
        size_t n = 0;
        peer_sends(open_ends.peer, "ab");
        assert_ok(fer_tcp_stream_read(&open_ends.stream, buf, 2, &n));
        if (n == 1) {
            assert_ok(fer_tcp_stream_read(&open_ends.stream, buf, 1, &n));
        }
    }
    assert_in_range(stopped().faults[FER_SIM_FAULT_PARTIAL_READ], 900, 1100);
}

SIM_TEST(peers_meet_no_faults)
{
    for (int i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        assert_ok(fer_sim_set_fault_chance((fer_sim_fault)i, 1000000));
    }
    fer_sim_peer listener = serve("10.0.0.8:1");
    fer_sim_peer peer = peer_connected_to(addr_at("10.0.0.8:1"));
    advance_ms(5);
    fer_sim_peer other = accepted(listener);
    peer_sends(peer, "unharmed");
    advance_ms(5);
    peer_receives(other, "unharmed");
    assert_injected(FER_SIM_FAULT_RESET, 0);
}

/* ---- Files */

SIM_TEST(files_have_a_table)
{
    fer_raw_file files[9];
    for (int i = 0; i < 8; i++) {
        assert_ok(fer_sim_file_new("x", 1, &files[i]));
    }
    assert_kind(fer_sim_file_new("x", 1, &files[8]), FER_OUT_OF_MEMORY);
    assert_kind(fer_sim_file_new(NULL, 1, &files[8]), FER_INVALID_INPUT);
    assert_kind(fer_sim_file_new("x", 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_file_set_len(files[0], 2), FER_INVALID_INPUT);
    assert_ok(fer_sim_file_set_len(files[1], 0));
    fer_sim_file_close(files[0]);
    fer_sim_file_close(files[0]);
    assert_kind(fer_sim_file_set_len(files[0], 1), FER_INVALID_INPUT);
    assert_ok(fer_sim_file_new(NULL, 0, &files[8]));
}

TEST_MAIN("sim_faults")
