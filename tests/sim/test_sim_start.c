/* test_sim_start.c: starting and stopping a simulation: the order and threads of calls, invalid
 * configs, and the report. */
#include "sim/sim_test.h"

#include "support/thread.h"

PLAIN_TEST(before_the_start_every_call_is_unsupported)
{
    const fer_socket_addr addr = addr_of("127.0.0.1:80");
    fer_socket_addr found;
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    size_t count = 0;
    const fer_error errors[] = {
        fer_tcp_stream_connect_addr(&test.stream, &addr),
        fer_tcp_stream_connect_timeout(&test.stream, &addr, millis(1)),
        fer_tcp_stream_connect_start(&test.stream, &addr),
        fer_tcp_listener_bind_addr(&test.listener, &addr),
        fer_unix_listener_bind(&test.unix_listener, "a"),
        fer_unix_stream_pair(&test.unix_stream, &test.unix_peer),
        fer_lookup_host("localhost", 1, &found, 1, &count),
        fer_tcp_stream_from_raw(&test.stream, 3),
        fer_sim_stop(NULL),
        fer_sim_advance(millis(1)),
        fer_sim_fault_at(FER_SIM_FAULT_RESET, 1),
        fer_sim_set_fault_chance(FER_SIM_FAULT_RESET, 1),
        fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)),
        fer_sim_remove_path("a"),
        fer_sim_peer_listen(&addr, 1, &peer),
        fer_sim_peer_connect(NULL, &addr, &peer),
        fer_sim_peer_accept(3, &peer),
        fer_sim_peer_send(3, "x", 1, NULL),
        fer_sim_peer_shutdown(3),
    };
    assert_all_kind(errors, FER_UNSUPPORTED);
    assert_int_equal(fer_sim_now().nanos, 0);
    assert_int_equal(fer_sim_clear_faults(), 0);
    fer_sim_peer_close(3);
    fer_sim_peer_reset(3);
}

static fer_error errors_of_thread[9];
static uint64_t now_of_thread;

static void call_everything(void *argument)
{
    fer_tcp_stream other = {0}, *stream = argument;
    fer_socket_addr addr = {.ip = {.family = FER_IP_V4}, .port = 80};
    bool flag = false;
    char byte = 0;
    const fer_error errors[] = {
        fer_tcp_stream_read(stream, &byte, 1, NULL),
        fer_tcp_stream_write(stream, "x", 1, NULL),
        fer_tcp_stream_nodelay(stream, &flag),
        fer_tcp_stream_connect_addr(&other, &addr),
        fer_tcp_stream_local_addr(stream, &addr),
        fer_sim_start(NULL),
        fer_sim_stop(NULL),
        fer_sim_advance((fer_duration){1}),
        fer_tcp_stream_try_clone(stream, &other),
    };
    memcpy(errors_of_thread, errors, sizeof errors);
    now_of_thread = fer_sim_now().nanos;
}

SIM_TEST(on_a_second_thread_every_call_is_unsupported)
{
    test_thread thread;
    open_ends = connected_to(SERVER);
    test_thread_start(&thread, call_everything, &open_ends.stream);
    test_thread_join(&thread);
    for (size_t i = 0; i < 9; i++) {
        assert_code(errors_of_thread[i], FER_UNSUPPORTED, 0);
    }
    assert_int_equal(now_of_thread, 0);
    peer_sends(open_ends.peer, "still");
    stream_reads(&open_ends.stream, "still");
}

static void start_and_stop(void *argument)
{
    fer_error *errors = argument;
    errors[0] = fer_sim_start(NULL);
    errors[1] = fer_sim_stop(NULL);
}

SIM_CONFIG_TEST(a_second_start_is_misuse_and_another_thread_may_have_the_next_simulation)
{
    fer_error errors[2] = {{FER_OTHER, 0}, {FER_OTHER, 0}};
    test_thread thread;
    sim_begin();
    assert_code(fer_sim_start(NULL), FER_INVALID_INPUT, 0);
    assert_ok(fer_sim_stop(NULL));
    assert_code(fer_sim_stop(NULL), FER_UNSUPPORTED, 0);
    test_thread_start(&thread, start_and_stop, errors);
    test_thread_join(&thread);
    assert_all_kind(errors, FER_OK);
    sim_begin();
}

SIM_CONFIG_TEST(a_bad_config_is_misuse)
{
    const fer_socket_addr addr = addr_of("10.0.0.7:0");
    const fer_duration too_long = {UINT64_C(367) * 86400 * 1000000000};
    const fer_sim_name names[] = {
        {.host = NULL, .addrs = &addr, .count = 1},
        {.host = "x.test", .addrs = NULL, .count = 3},
        {.host = "x.test", .addrs = &addr, .count = 1, .failure = FER_CONNECTION_RESET},
        {.host = "x.test", .addrs = &addr, .count = 1, .delay = too_long},
        {.host = "x.test", .addrs = &addr, .count = 1, .delay = FER_DURATION_NONE},
    };
    fer_sim_config bad[17];
    for (size_t i = 0; i < 17; i++) {
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
    for (size_t i = 0; i < 5; i++) {
        bad[12 + i].names = &names[i];
        bad[12 + i].name_count = 1;
    }
    for (size_t i = 0; i < 17; i++) {
        assert_code(fer_sim_start(&bad[i]), FER_INVALID_INPUT, 0);
    }
    assert_kind(fer_sim_stop(NULL), FER_UNSUPPORTED);
}

SIM_TEST(the_report_has_every_leak)
{
    fer_sim_report report;
    open_ends = connected_to(SERVER);
    assert_ok(fer_tcp_stream_try_clone(&open_ends.stream, &test.clone));
    assert_ok(fer_tcp_listener_bind(&test.listener, "127.0.0.1:1234"));
    fer_raw_socket raw = fer_tcp_listener_as_raw(&test.listener);
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 3); /* a peer is no leak */
    assert_int_equal(report.leaked_lookups, 0);
    assert_int_equal(report.leaked_waits, 0);
    size_t listeners = 0;
    for (size_t i = 0; i < report.leaked_handles; i++) {
        const fer_sim_leak *leak = &report.leaks[i];
        assert_int_equal(leak->is_listener, leak->raw == raw);
        assert_int_equal(leak->is_listener ? leak->local.port : leak->peer.port,
                         leak->is_listener ? 1234 : 80);
        listeners += leak->is_listener;
    }
    assert_int_equal(listeners, 1);
    assert_true(report.lines > 0);
}

SIM_TEST(more_leaks_than_are_reported_are_counted)
{
    fer_tcp_listener listeners[FER_SIM_LEAKS_MAX + 3];
    fer_sim_report report;
    memset(listeners, 0, sizeof listeners);
    for (size_t i = 0; i < FER_SIM_LEAKS_MAX + 3; i++) {
        assert_ok(fer_tcp_listener_bind(&listeners[i], "127.0.0.1:0"));
    }
    assert_ok_n(fer_sim_stop(&report), report.leaked_handles, FER_SIM_LEAKS_MAX + 3);
    assert_int_not_equal(report.leaks[FER_SIM_LEAKS_MAX - 1].local.port, 0);
}

/* After a stop the old handles return errors, and do no harm. */
SIM_PAIR_TEST(handles_of_an_ended_simulation_do_nothing)
{
    fer_interest ready = 77;
    char byte;
    assert_ok(fer_sim_stop(NULL));
    assert_kind(read_one(&ends->stream), FER_UNSUPPORTED);
    assert_kind(fer_tcp_stream_ready(&ends->stream, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_UNSUPPORTED);
    assert_kind(fer_tcp_stream_try_read(&ends->stream, &byte, 1, NULL), FER_UNSUPPORTED);
    assert_int_equal(ready, 77);
    fer_tcp_stream_close(&ends->stream);
    sim_begin();
}

SIM_CONFIG_TEST(max_sockets_is_a_named_error)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    sim_begin_of(.max_sockets = 4);
    fer_udp_socket *sockets[] = {&test.udp, &test.udp2, &test.udp3};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_bind(sockets[i], "127.0.0.1:0"));
    }
    (void)listening();
    assert_code(fer_tcp_listener_bind(&test.listener2, "127.0.0.1:0"), FER_TOO_MANY_OPEN_FILES,
                code(24, 10024));
    assert_kind(fer_sim_peer_listen(addr_at(SERVER), 1, &peer), FER_TOO_MANY_OPEN_FILES);
    fer_udp_socket_close(&test.udp);
    assert_ok(fer_tcp_listener_bind(&test.listener2, "127.0.0.1:0"));
}

/* Without space for another connection a SYN gets no answer, and the connect times out. */
SIM_CONFIG_TEST(a_full_table_of_connections_is_silence)
{
    sim_begin_of(.max_sockets = 4);
    (void)serve(SERVER);
    assert_ok(fer_tcp_stream_connect(&test.stream, SERVER));
    assert_code(fer_tcp_stream_connect(&test.clone, SERVER), FER_CONNECTION_TIMED_OUT,
                code(110, 10060));
}

static void call_stop(void *error)
{
    *(fer_error *)error = fer_sim_stop(NULL);
}

static void stop_at_a_line(void *error, const char *line)
{
    call_stop(error);
}

SIM_CONFIG_TEST(stop_is_refused_inside_a_callback_and_a_trace_function)
{
    static fer_error stopped; /* the end of the test traces too */
    sim_begin();
    after_ms(1, call_stop, &stopped);
    advance_ms(2);
    assert_code(stopped, FER_INVALID_INPUT, 0);
    sim_end_one();
    stopped.kind = FER_OK;
    sim_begin_of(.trace = stop_at_a_line, .trace_context = &stopped);
    (void)listening();
    assert_code(stopped, FER_INVALID_INPUT, 0);
}

SIM_TEST(misuse_of_the_simulation_is_invalid_input)
{
    fer_socket_addr addr = addr_of(SERVER), odd = addr;
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_udp_received got;
    char byte = 0;
    fer_sim_step bad_action = {(fer_sim_action)99, {0}, NULL, 0};
    fer_sim_step no_bytes = {FER_SIM_ACTION_SEND, {0}, NULL, 1};
    fer_sim_step endless = {FER_SIM_ACTION_PAUSE, FER_DURATION_NONE, NULL, 0};
    odd.ip.family = (fer_ip_family)5;
    fer_sim_peer listener = serve(SERVER);
    fer_sim_peer datagrams = peer_bound_to("10.0.0.7:53");
    const fer_error invalid[] = {
        fer_sim_advance(FER_DURATION_NONE),
        fer_sim_after(millis(1), NULL, NULL),
        fer_sim_after(FER_DURATION_NONE, do_nothing, NULL),
        fer_sim_fault_at(FER_SIM_FAULT_COUNT, 1),
        fer_sim_fault_at(FER_SIM_FAULT_RESET, 0),
        fer_sim_set_fault_chance(FER_SIM_FAULT_COUNT, 1),
        fer_sim_set_fault_chance(FER_SIM_FAULT_RESET, 1000001),
        fer_sim_set_answer(NULL, FER_SIM_ANSWER_SILENT, millis(0)),
        fer_sim_set_answer(&addr, (fer_sim_answer)9, millis(0)),
        fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, FER_DURATION_NONE),
        fer_sim_peer_listen(NULL, 1, &peer),
        fer_sim_peer_listen(&addr, 1, NULL),
        fer_sim_peer_listen(&addr, 0, &peer),
        fer_sim_peer_listen(&odd, 1, &peer),
        fer_sim_peer_connect(addr_at("[::1]:80"), &addr, &peer),
        fer_sim_peer_connect(NULL, NULL, &peer),
        fer_sim_peer_accept(listener, NULL),
        fer_sim_peer_accept(FER_SIM_PEER_NONE, &peer),
        fer_sim_peer_send(listener, NULL, 1, NULL),
        fer_sim_peer_recv(listener, NULL, 1, NULL),
        fer_sim_peer_local_addr(listener, NULL),
        fer_sim_peer_set_handler(999, NULL, NULL),
        fer_sim_peer_play(listener, NULL, 1),
        fer_sim_peer_play(listener, &bad_action, 1),
        fer_sim_peer_play(listener, &no_bytes, 1),
        fer_sim_peer_play(listener, &endless, 1),
        fer_sim_peer_bind(NULL, &peer),
        fer_sim_peer_bind(&addr, NULL),
        fer_sim_peer_send_to(listener, "x", 1, &addr),
        fer_sim_peer_send_to(datagrams, NULL, 1, &addr),
        fer_sim_peer_send_to(datagrams, "x", 1, NULL),
        fer_sim_peer_send_to(datagrams, "x", 1, addr_at("[fd00::1]:1000")),
        fer_sim_peer_send_to(datagrams, "x", 1, addr_at("10.0.0.1:0")),
        fer_sim_peer_recv_from(listener, &byte, 1, &got),
        fer_sim_peer_recv_from(datagrams, NULL, 1, &got),
        fer_sim_peer_recv_from(datagrams, &byte, 1, NULL),
        fer_sim_peer_send(datagrams, "x", 1, NULL),
        fer_sim_peer_recv(datagrams, &byte, 1, NULL),
    };
    const fer_error unconnected[] = {
        fer_sim_peer_send(listener, "x", 1, NULL),
        fer_sim_peer_shutdown(listener),
        fer_sim_peer_remote_addr(listener, &addr),
    };
    assert_all_kind(invalid, FER_INVALID_INPUT);
    assert_all_kind(unconnected, FER_NOT_CONNECTED);
    assert_kind(fer_sim_peer_listen(&addr, 1, &peer), FER_ADDR_IN_USE);
    assert_kind(fer_sim_peer_connect(&addr, &addr, &peer), FER_ADDR_IN_USE);
    assert_kind(fer_sim_peer_bind(addr_at("10.0.0.7:53"), &peer), FER_ADDR_IN_USE);
    assert_kind(fer_sim_peer_send_to(datagrams, "x", 65508, &addr), FER_MESSAGE_TOO_LONG);
    assert_int_equal(peer, FER_SIM_PEER_NONE);
}

/* A stream of the program is no peer. */
SIM_PAIR_TEST(a_programs_socket_is_not_a_peer)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&ends->stream);
    assert_kind(fer_sim_peer_send(raw, "x", 1, NULL), FER_INVALID_INPUT);
    fer_sim_peer_close(raw);
    peer_sends(ends->peer, "still open");
    stream_reads(&ends->stream, "still open");
}

TEST_MAIN("sim_start")
