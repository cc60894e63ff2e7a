/* test_sim_start.c: starting and stopping a simulation: the order and threads of calls, invalid
 * configs, and the report. */
#include "sim/sim_test.h"

#include "support/thread.h"

PLAIN_TEST(before_the_start_every_call_is_unsupported)
{
    fer_tcp_stream stream = {0};
    fer_tcp_listener listener = {0};
    fer_socket_addr addr = addr_of("127.0.0.1:80");
    fer_socket_addr found;
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    size_t count = 0;
    assert_kind(fer_tcp_stream_connect_addr(&stream, &addr), FER_UNSUPPORTED);
    assert_kind(fer_tcp_stream_connect_timeout(&stream, &addr, millis(1)), FER_UNSUPPORTED);
    assert_kind(fer_tcp_listener_bind_addr(&listener, &addr), FER_UNSUPPORTED);
    assert_kind(fer_lookup_host("localhost", 1, &found, 1, &count), FER_UNSUPPORTED);
    assert_kind(fer_tcp_stream_from_raw(&stream, 3), FER_UNSUPPORTED);
    assert_kind(fer_sim_stop(NULL), FER_UNSUPPORTED);
    assert_kind(fer_sim_advance(millis(1)), FER_UNSUPPORTED);
    assert_kind(fer_sim_fault_at(FER_SIM_FAULT_RESET, 1), FER_UNSUPPORTED);
    assert_kind(fer_sim_set_fault_chance(FER_SIM_FAULT_RESET, 1), FER_UNSUPPORTED);
    assert_kind(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)), FER_UNSUPPORTED);
    assert_kind(fer_sim_peer_listen(&addr, 1, &peer), FER_UNSUPPORTED);
    assert_kind(fer_sim_peer_connect(NULL, &addr, &peer), FER_UNSUPPORTED);
    assert_kind(fer_sim_peer_accept(3, &peer), FER_UNSUPPORTED);
    assert_kind(fer_sim_peer_send(3, "x", 1, NULL), FER_UNSUPPORTED);
    assert_kind(fer_sim_peer_shutdown(3), FER_UNSUPPORTED);
    assert_int_equal(fer_sim_now().nanos, 0);
    assert_int_equal(fer_sim_clear_faults(), 0);
    fer_sim_peer_close(3);
    fer_sim_peer_reset(3);
}

struct other_thread {
    fer_tcp_stream *stream;
    fer_error errors[9];
    uint64_t now;
};

static void call_everything(void *argument)
{
    struct other_thread *other = argument;
    fer_tcp_stream stream = {0};
    fer_socket_addr addr;
    bool flag = false;
    char byte = 0;
    memset(&addr, 0, sizeof addr);
    addr.ip.family = FER_IP_V4;
    addr.port = 80;
    other->errors[0] = fer_tcp_stream_read(other->stream, &byte, 1, NULL);
    other->errors[1] = fer_tcp_stream_write(other->stream, "x", 1, NULL);
    other->errors[2] = fer_tcp_stream_nodelay(other->stream, &flag);
    other->errors[3] = fer_tcp_stream_connect_addr(&stream, &addr);
    other->errors[4] = fer_tcp_stream_local_addr(other->stream, &addr);
    other->errors[5] = fer_sim_start(NULL);
    other->errors[6] = fer_sim_stop(NULL);
    other->errors[7] = fer_sim_advance((fer_duration){1});
    other->errors[8] = fer_tcp_stream_try_clone(other->stream, &stream);
    other->now = fer_sim_now().nanos;
}

SIM_TEST(on_a_second_thread_every_call_is_unsupported)
{
    open_ends = connected_to(SERVER);
    struct other_thread other = {.stream = &open_ends.stream};
    test_thread thread;
    test_thread_start(&thread, call_everything, &other);
    test_thread_join(&thread);
    for (size_t i = 0; i < sizeof other.errors / sizeof other.errors[0]; i++) {
        assert_code(other.errors[i], FER_UNSUPPORTED, 0);
    }
    assert_int_equal(other.now, 0);
    peer_sends(open_ends.peer, "still");
    stream_reads(&open_ends.stream, "still");
}

static void call_start(void *argument)
{
    fer_error *errors = argument;
    errors[0] = fer_sim_start(NULL);
    errors[1] = fer_sim_stop(NULL);
}

SIM_CONFIG_TEST(another_thread_may_have_the_next_simulation)
{
    fer_error errors[2] = {{FER_OTHER, 0}, {FER_OTHER, 0}};
    test_thread thread;
    sim_begin();
    assert_ok(fer_sim_stop(NULL));
    test_thread_start(&thread, call_start, errors);
    test_thread_join(&thread);
    assert_ok(errors[0]);
    assert_ok(errors[1]);
    sim_begin();
}

SIM_TEST(a_second_start_is_misuse)
{
    assert_code(fer_sim_start(NULL), FER_INVALID_INPUT, 0);
    assert_ok(fer_sim_stop(NULL));
    assert_code(fer_sim_stop(NULL), FER_UNSUPPORTED, 0);
    assert_ok(fer_sim_start(NULL));
}

SIM_CONFIG_TEST(a_bad_config_is_misuse)
{
    fer_sim_config bad[12];
    for (size_t i = 0; i < 12; i++) {
        bad[i] = config_of();
    }
    bad[0].dialect = (fer_sim_dialect)3;
    bad[1].fault_chances[FER_SIM_FAULT_RESET] = 1000001;
    bad[2].tape_len = 1;
    bad[3].name_count = 1;
    bad[4].latency = FER_DURATION_NONE;
    bad[5].jitter = FER_DURATION_NONE;
    bad[6].loopback_latency = FER_DURATION_NONE;
    bad[7].send_buffer = SIZE_MAX;
    bad[8].max_sockets = SIZE_MAX;
    bad[9].windows.no_buffers_above = 4095;
    bad[10].windows.no_buffers_until = FER_DURATION_NONE;
    bad[11].dialect = FER_SIM_DIALECT_BSD;
    bad[11].bsd = (fer_sim_bsd)(FER_SIM_BSD_OPENBSD + 1);
    for (size_t i = 0; i < 12; i++) {
        assert_code(fer_sim_start(&bad[i]), FER_INVALID_INPUT, 0);
    }
    assert_kind(fer_sim_stop(NULL), FER_UNSUPPORTED);
}

SIM_TEST(the_report_has_every_leak)
{
    struct ends ends = connected_to(SERVER);
    fer_tcp_stream clone = {0};
    fer_tcp_listener listener = {0};
    fer_sim_report report;
    assert_ok(fer_tcp_stream_try_clone(&ends.stream, &clone));
    assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:1234"));
    fer_raw_socket raw = fer_tcp_listener_as_raw(&listener);
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 3); /* a peer is no leak */
    assert_int_equal(report.leaked_lookups, 0);
    assert_int_equal(report.leaked_waits, 0);
    bool found = false;
    for (size_t i = 0; i < report.leaked_handles; i++) {
        const fer_sim_leak *leak = &report.leaks[i];
        if (leak->raw == raw) {
            found = true;
            assert_true(leak->is_listener);
            assert_int_equal(leak->local.port, 1234);
        } else {
            assert_false(leak->is_listener);
            assert_int_equal(leak->peer.port, 80);
        }
    }
    assert_true(found);
    assert_true(report.lines > 0);
    /* a cloned handle has memory on Windows */
    fer_tcp_stream_close(&clone);
    fer_tcp_stream_close(&ends.stream);
}

SIM_TEST(more_leaks_than_are_reported_are_counted)
{
    fer_tcp_listener listeners[FER_SIM_LEAKS_MAX + 3];
    fer_sim_report report;
    memset(listeners, 0, sizeof listeners);
    for (size_t i = 0; i < FER_SIM_LEAKS_MAX + 3; i++) {
        assert_ok(fer_tcp_listener_bind(&listeners[i], "127.0.0.1:0"));
    }
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, FER_SIM_LEAKS_MAX + 3);
    assert_int_not_equal(report.leaks[FER_SIM_LEAKS_MAX - 1].local.port, 0);
}

/* After a stop the old handles return errors, and do no harm. */
SIM_CONFIG_TEST(handles_of_an_ended_simulation_do_nothing)
{
    sim_begin();
    struct ends ends = connected_to(SERVER);
    assert_ok(fer_sim_stop(NULL));
    assert_kind(read_one(&ends.stream), FER_UNSUPPORTED);
    fer_tcp_stream_close(&ends.stream);
    sim_begin();
}

SIM_CONFIG_TEST(max_sockets_is_a_named_error)
{
    fer_tcp_listener listeners[6];
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_socket_addr addr = addr_of(SERVER);
    memset(listeners, 0, sizeof listeners);
    sim_begin_of(.max_sockets = 4);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(fer_tcp_listener_bind(&listeners[i], "127.0.0.1:0"));
    }
    assert_code(fer_tcp_listener_bind(&listeners[4], "127.0.0.1:0"), FER_TOO_MANY_OPEN_FILES,
                is_winsock() ? 10024 : 24);
    assert_kind(fer_sim_peer_listen(&addr, 1, &peer), FER_TOO_MANY_OPEN_FILES);
    fer_tcp_listener_close(&listeners[0]);
    assert_ok(fer_tcp_listener_bind(&listeners[0], "127.0.0.1:0"));
    for (size_t i = 0; i < 4; i++) {
        fer_tcp_listener_close(&listeners[i]);
    }
}

/* Without room for another connection a SYN gets no answer, and the connect times out. */
SIM_CONFIG_TEST(a_full_table_of_connections_is_silence)
{
    fer_tcp_stream streams[3];
    memset(streams, 0, sizeof streams);
    sim_begin_of(.max_sockets = 4);
    (void)serve(SERVER);
    assert_ok(fer_tcp_stream_connect(&streams[0], SERVER));
    assert_code(fer_tcp_stream_connect(&streams[1], SERVER), FER_CONNECTION_TIMED_OUT,
                is_winsock() ? 10060 : 110);
    fer_tcp_stream_close(&streams[0]);
}

static fer_error stopped_inside;

static void call_stop(void *context)
{
    (void)context;
    stopped_inside = fer_sim_stop(NULL);
}

SIM_TEST(stop_is_refused_inside_a_callback)
{
    assert_ok(fer_sim_after(millis(1), call_stop, NULL));
    advance_ms(2);
    assert_code(stopped_inside, FER_INVALID_INPUT, 0);
}

SIM_TEST(misuse_of_the_simulation_is_invalid_input)
{
    fer_socket_addr addr = addr_of(SERVER);
    fer_socket_addr v6 = addr_of("[::1]:80");
    fer_socket_addr odd = addr;
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_sim_step bad_action = {(fer_sim_action)99, {0}, NULL, 0};
    fer_sim_step no_bytes = {FER_SIM_ACTION_SEND, {0}, NULL, 1};
    fer_sim_step endless = {FER_SIM_ACTION_PAUSE, FER_DURATION_NONE, NULL, 0};
    odd.ip.family = (fer_ip_family)5;
    fer_sim_peer listener = serve(SERVER);
    assert_kind(fer_sim_advance(FER_DURATION_NONE), FER_INVALID_INPUT);
    assert_kind(fer_sim_after(millis(1), NULL, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_after(FER_DURATION_NONE, call_stop, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_fault_at(FER_SIM_FAULT_COUNT, 1), FER_INVALID_INPUT);
    assert_kind(fer_sim_fault_at(FER_SIM_FAULT_RESET, 0), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_fault_chance(FER_SIM_FAULT_COUNT, 1), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_fault_chance(FER_SIM_FAULT_RESET, 1000001), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_answer(NULL, FER_SIM_ANSWER_SILENT, millis(0)), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_answer(&addr, (fer_sim_answer)9, millis(0)), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, FER_DURATION_NONE),
                FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_listen(NULL, 1, &peer), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_listen(&addr, 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_listen(&addr, 0, &peer), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_listen(&odd, 1, &peer), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_listen(&addr, 1, &peer), FER_ADDR_IN_USE);
    assert_kind(fer_sim_peer_connect(&v6, &addr, &peer), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_connect(NULL, NULL, &peer), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_connect(&addr, &addr, &peer), FER_ADDR_IN_USE);
    assert_kind(fer_sim_peer_accept(listener, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_accept(FER_SIM_PEER_NONE, &peer), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send(listener, "x", 1, NULL), FER_NOT_CONNECTED);
    assert_kind(fer_sim_peer_send(listener, NULL, 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_recv(listener, NULL, 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_shutdown(listener), FER_NOT_CONNECTED);
    assert_kind(fer_sim_peer_remote_addr(listener, &addr), FER_NOT_CONNECTED);
    assert_kind(fer_sim_peer_local_addr(listener, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_set_handler(999, NULL, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_play(listener, NULL, 1), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_play(listener, &bad_action, 1), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_play(listener, &no_bytes, 1), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_play(listener, &endless, 1), FER_INVALID_INPUT);
    assert_int_equal(peer, FER_SIM_PEER_NONE);
}

/* A stream of the program is no peer. */
SIM_TEST(a_programs_socket_is_not_a_peer)
{
    open_ends = connected_to(SERVER);
    fer_raw_socket raw = fer_tcp_stream_as_raw(&open_ends.stream);
    assert_kind(fer_sim_peer_send(raw, "x", 1, NULL), FER_INVALID_INPUT);
    fer_sim_peer_close(raw);
    peer_sends(open_ends.peer, "still open");
    stream_reads(&open_ends.stream, "still open");
}

PLAIN_TEST(names_that_cannot_be_are_refused)
{
    const fer_socket_addr addr = addr_of("10.0.0.7:0");
    const fer_sim_name names[] = {
        {.host = NULL, .addrs = &addr, .count = 1},
        {.host = "x.test", .addrs = NULL, .count = 3},
        {.host = "x.test", .addrs = &addr, .count = 1, .failure = FER_CONNECTION_RESET},
        {.host = "x.test",
         .addrs = &addr,
         .count = 1,
         .delay = {UINT64_C(367) * 86400 * 1000000000}},
        {.host = "x.test", .addrs = &addr, .count = 1, .delay = FER_DURATION_NONE},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const fer_sim_config config = {.names = &names[i], .name_count = 1};
        assert_kind(fer_sim_start(&config), FER_INVALID_INPUT);
    }
}

static void stop_at_the_first_line(void *context, const char *line)
{
    (void)line;
    *(fer_error *)context = fer_sim_stop(NULL);
}

PLAIN_TEST(a_trace_function_cannot_stop_it)
{
    fer_error stopped = {FER_OK, 0};
    fer_tcp_listener listener = {0};
    const fer_sim_config config = {.trace = stop_at_the_first_line, .trace_context = &stopped};
    const fer_socket_addr addr = addr_of("127.0.0.1:0");
    assert_ok(fer_sim_start(&config));
    assert_ok(fer_tcp_listener_bind_addr(&listener, &addr));
    assert_int_equal(stopped.kind, FER_INVALID_INPUT);
    fer_tcp_listener_close(&listener);
    assert_ok(fer_sim_stop(NULL));
}

TEST_MAIN("sim_start")
