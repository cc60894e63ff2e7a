/* test_sim_determinism.c: equal choices give equal runs, byte for byte; different choices give
 * different runs. */
#include "sim/sim_test.h"

#include <stdio.h>
#include <stdlib.h>

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

TEST_MAIN("sim_determinism")
