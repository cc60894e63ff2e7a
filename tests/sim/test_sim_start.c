/* test_sim_start.c: starting and stopping a simulation: the order and threads of calls, invalid
 * configs, and the report. Equal choices give equal runs, byte for byte; different choices give
 * different runs. */
#include <stdio.h>
#include <stdlib.h>

#include "platform/sim/network.h"
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

static fer_error errors_of_thread[10];
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
        fer_sim_free_memory(),
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
    for (size_t i = 0; i < 10; i++) {
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

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define HAS_NEW_MEMORY true
#elif __has_feature(address_sanitizer) && defined(__ELF__)
int __asan_address_is_poisoned(const volatile void *address);
#define IS_POISONED(address) (__asan_address_is_poisoned(address) != 0)
#endif
#endif
#ifndef HAS_NEW_MEMORY
#define HAS_NEW_MEMORY false
#endif

/* AddressSanitizer does not allocate soon what was freed, so under it this is no coincidence. */
SIM_CONFIG_TEST(the_next_simulation_has_the_memory_of_the_last)
{
    sim_begin();
    const ferp_sim_network *first = ferp_sim_current();
    assert_code(fer_sim_free_memory(), FER_INVALID_INPUT, 0);
    sim_end_one();
    sim_begin_of(.max_sockets = 4);
    assert_true(HAS_NEW_MEMORY || ferp_sim_current() == first);
    sim_end_one();
    assert_ok(fer_sim_free_memory());
    assert_ok(fer_sim_free_memory());
    sim_begin();
}

#ifdef IS_POISONED
SIM_CONFIG_TEST(between_two_simulations_the_memory_is_poisoned)
{
    sim_begin();
    const ferp_sim_network *network = ferp_sim_current();
    assert_false(IS_POISONED(network));
    sim_end_one();
    assert_true(IS_POISONED(network));
    sim_begin();
}
#endif

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

/* ---- Equal runs */

enum { TRACE_CAP = 1 << 20, ROUNDS = 40 };

struct trace {
    char text[TRACE_CAP];
    size_t len, lines;
};

static void keep_line(void *context, const char *line)
{
    struct trace *trace = context;
    size_t len = strlen(line);
    trace->lines++;
    if (trace->len + len + 1 < TRACE_CAP) {
        memcpy(trace->text + trace->len, line, len);
        trace->len += len;
        trace->text[trace->len++] = '\n';
    }
}

/* A program that uses all kinds of calls, and continues after any error. */
static void run_program(void)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_RECEIVE, {0}, NULL, 3},
                                         {FER_SIM_ACTION_SEND, {3000000}, "answer", 6},
                                         {FER_SIM_ACTION_ECHO, {0}, NULL, 0},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    fer_tcp_stream *stream = &test.stream;
    (void)serve_script(SERVER, steps, 4);
    FER_IGNORE(fer_tcp_listener_bind(&test.listener, "127.0.0.1:0"));
    for (int round = 0; round < ROUNDS; round++) {
        char buf[16];
        FER_IGNORE(fer_tcp_stream_connect(stream, round % 3 == 2 ? "server.test:80" : SERVER));
        FER_IGNORE(fer_tcp_stream_set_read_timeout(stream, millis(50)));
        FER_IGNORE(fer_tcp_stream_write_all(stream, "ask", 3, NULL));
        FER_IGNORE(fer_tcp_stream_read(stream, buf, sizeof buf, NULL));
        FER_IGNORE(fer_tcp_stream_write_all(stream, "echo this", 9, NULL));
        FER_IGNORE(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
        FER_IGNORE(fer_tcp_stream_read_exact(stream, buf, 9, NULL));
        fer_tcp_stream_close(stream);
    }
}

static void run_batch(fer_udp_socket *socket, const fer_socket_addr *far)
{
    char buf[4][8];
    size_t n = 0;
    fer_datagram_recv in[4];
    fer_datagram_send out[3] = {{.buf = "aabbc", .len = 5, .segment_size = 2, .to = far},
                                {.buf = "ecn", .len = 3, .to = far, .ecn = FER_ECN_CE},
                                {.buf = "one", .len = 3, .to = far}};
    for (size_t i = 0; i < 4; i++) {
        in[i] = (fer_datagram_recv){.buf = buf[i], .cap = sizeof buf[i]};
    }
    FER_IGNORE(fer_udp_socket_send_batch(socket, out, 3, &n));
    FER_IGNORE(fer_udp_socket_recv_batch(socket, in, 4, &n));
}

/* The same with datagrams, lookups in the background, and a poller in the modes that every system
 * has. */
static void run_events(void)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    const fer_socket_addr far = addr_of("10.0.0.7:53"), near = addr_of("10.0.0.1:1000");
    fer_udp_socket *socket = &test.udp;
    fer_event event = {.key = 3, .interest = FER_READABLE | FER_WRITABLE};
    FER_IGNORE(fer_sim_peer_bind(&far, &peer));
    FER_IGNORE(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    FER_IGNORE(fer_udp_socket_set_nonblocking(socket, true));
    FER_IGNORE(fer_udp_socket_enable(socket, FER_UDP_LOCAL_ADDR | FER_UDP_ECN, NULL));
    FER_IGNORE(fer_poller_new(&test.poller));
    FER_IGNORE(
        fer_resolver_new(&test.resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    FER_IGNORE(fer_poller_add(&test.poller, fer_udp_socket_as_raw(socket), event, FER_POLL_LEVEL));
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n = 0;
        FER_IGNORE(fer_udp_socket_send_to(socket, "there", 5, &far, NULL));
        FER_IGNORE(fer_sim_peer_send_to(peer, "and back", 8, &near));
        FER_IGNORE(fer_sim_peer_send_to(peer, "and again", 9, &near));
        FER_IGNORE(fer_resolver_start(&test.resolver, "server.test:80", NULL, &test.poller, 7,
                                      &test.lookups[0]));
        FER_IGNORE(fer_poller_wait(&test.poller, millis(round % 3), &event, 1, &n, NULL));
        run_batch(socket, &far);
        FER_IGNORE(receive_one(socket));
        FER_IGNORE(fer_poller_modify(&test.poller, fer_udp_socket_as_raw(socket),
                                     (fer_event){.key = round, .interest = FER_READABLE},
                                     (fer_poll_mode)(round % 2)));
        fer_lookup_close(&test.lookups[0]);
    }
}

static fer_sim_config faulty(uint32_t chance)
{
    static const fer_socket_addr addrs[] = {{.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 7}}}}};
    static const fer_sim_name names[] = {{.host = "server.test", .addrs = addrs, .count = 1}};
    fer_sim_config config = config_of();
    config.names = names;
    config.name_count = 1;
    config.jitter = millis(2);
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        config.fault_chances[i] = chance;
    }
    return config;
}

static fer_sim_report run(fer_sim_config config)
{
    fer_sim_report report;
    sim_begin_with(config);
    run_program();
    run_events();
    close_handles();
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    assert_int_equal(report.leaked_waits, 0);
    assert_int_equal(report.leaked_lookups, 0);
    assert_int_equal(report.leaked_pollers, 0);
    return report;
}

static struct trace *traced_run(fer_sim_config config, fer_sim_report *report)
{
    struct trace *trace = calloc(1, sizeof *trace);
    assert_non_null(trace);
    config.trace = keep_line;
    config.trace_context = trace;
    *report = run(config);
    assert_int_equal(report->lines, trace->lines);
    return trace;
}

SIM_CONFIG_TEST(the_same_seed_gives_the_same_trace_byte_for_byte_and_another_another_digest)
{
    uint64_t injected[FER_SIM_FAULT_COUNT] = {0};
    uint64_t digests[20];
    for (size_t seed = 0; seed < 20; seed++) {
        fer_sim_report reports[2];
        fer_sim_config config = faulty(60000);
        config.seed = seed;
        struct trace *one = traced_run(config, &reports[0]);
        struct trace *other = traced_run(config, &reports[1]);
        assert_int_equal(one->len, other->len);
        assert_memory_equal(one->text, other->text, one->len);
        assert_memory_equal(&reports[0], &reports[1], sizeof reports[0]);
        for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
            injected[i] += reports[0].faults[i];
        }
        digests[seed] = run(config).digest;
        assert_true(digests[seed] == reports[0].digest); /* also without a trace */
        for (size_t i = 0; i < seed; i++) {
            assert_true(digests[seed] != digests[i]);
        }
        free(one);
        free(other);
    }
    /* The program accepts no connection and copies no stream. Windows has no batches. */
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        bool is_of_copy = i == FER_SIM_FAULT_NO_PIPE || i == FER_SIM_FAULT_PIPE_FULL ||
                          i == FER_SIM_FAULT_SPLICE_REFUSED;
        bool is_of_batch = i == FER_SIM_FAULT_SHORT_BATCH || i == FER_SIM_FAULT_LATE_BATCH_ERROR;
        assert_true(injected[i] > 0 || i == FER_SIM_FAULT_ACCEPT_ABORTED || is_of_copy ||
                    (is_of_batch && is_winsock()));
    }
}

SIM_CONFIG_TEST(every_call_ends_though_every_call_fails)
{
    (void)run(faulty(1000000));
    (void)run(faulty(500000));
}

SIM_CONFIG_TEST(the_digest_has_the_bytes)
{
    static const char *const texts[] = {"same length 1", "same length 1", "same length 2"};
    fer_sim_report reports[3];
    for (size_t i = 0; i < 3; i++) {
        sim_begin();
        open_ends = connected();
        assert_ok(fer_tcp_stream_write_all(&open_ends.stream, texts[i], strlen(texts[i]), NULL));
        close_handles();
        assert_ok(fer_sim_stop(&reports[i]));
    }
    assert_true(reports[0].digest == reports[1].digest);
    assert_true(reports[0].digest != reports[2].digest);
}

/* ---- Tapes */

static fer_sim_report run_of_tape(const uint8_t *tape, size_t len)
{
    fer_sim_config config = faulty(60000);
    config.tape = tape;
    config.tape_len = len;
    return run(config);
}

SIM_CONFIG_TEST(the_same_tape_gives_the_same_run_and_is_quiet_after_its_end)
{
    uint8_t tape[4096];
    uint8_t *short_tape = malloc(3); /* exactly, for the sanitizer */
    assert_non_null(short_tape);
    for (size_t i = 0; i < sizeof tape; i++) {
        tape[i] = (uint8_t)(i * 37 + i / 7);
    }
    fer_sim_report report = run_of_tape(tape, sizeof tape);
    assert_true(report.digest == run_of_tape(tape, sizeof tape).digest);
    assert_true(report.tape_used > 0);
    for (size_t i = 0; i < sizeof tape; i++) {
        tape[i] = (uint8_t)~tape[i];
    }
    assert_true(run_of_tape(tape, sizeof tape).digest != report.digest);
    memset(short_tape, 0xff, 3);
    assert_int_equal(run_of_tape(short_tape, 3).tape_used, 3);
    free(short_tape);
    report = run_of_tape(tape, 0);
    assert_int_equal(report.tape_used, 0);
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        assert_int_equal(report.faults[i], 0);
    }
}

/* ---- The text */

static void has_line(const struct trace *trace, const char *text)
{
    if (strstr(trace->text, text) == NULL) {
        print_error("%s\nis not in\n%s", text, trace->text);
        fail();
    }
}

SIM_STREAM_CONFIG_TEST(the_trace_has_the_events_of_a_connection)
{
    struct trace *trace = calloc(1, sizeof *trace);
    char buf[512];
    size_t n = 0;
    assert_non_null(trace);
    sim_begin_of(.trace = keep_line, .trace_context = trace);
    fer_sim_peer listener = serve(SERVER);
    fer_socket_addr local;
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_ok(fer_tcp_stream_local_addr(stream, &local));
    memset(buf, 'x', sizeof buf);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_PARTIAL_WRITE, 1));
    assert_ok(fer_tcp_stream_write(stream, buf, sizeof buf, &n));
    assert_true(n > 0 && n < sizeof buf);
    fer_tcp_stream_close(stream);
    advance_ms(10);
    fer_sim_peer_close(listener);
    char want[160], from[FER_SOCKET_ADDR_TEXT_CAP];
    (void)fer_socket_addr_format(&local, from, sizeof from);
    (void)snprintf(want, sizeof want,
                   "t=0.002000000 s %s -> 10.0.0.7:80 send 512 bytes, cut to %u\n", from,
                   (unsigned)n);
    has_line(trace, want);
    (void)snprintf(want, sizeof want, "%s -> 10.0.0.7:80 fault: partial write\n", from);
    has_line(trace, want);
    (void)snprintf(want, sizeof want, "t=0.002000000 s %s -> 10.0.0.7:80 connected\n", from);
    has_line(trace, want);
    has_line(trace, "10.0.0.7:80 peer listens\n");
    assert_ok(fer_sim_stop(NULL));
    free(trace);
}

TEST_MAIN("sim_start")
