/* test_sim_connects.c: networks in which a host's addresses answer differently, and the seam's
 * waits for several connects and for tokens; latencies, buffer sizes, and connects that are
 * refused, delayed or never answered. */
#include "sim/sim_raw.h"
#include "sim/sim_test.h"
#include "support/poll_connects.h"

enum { MANY = 16 };

/* ---- Addresses that answer differently */

SIM_UDP_TEST(a_connect_or_a_datagram_without_a_route_changes_nothing)
{
    (void)serve(SERVER);
    answer("10.0.0.9:0", FER_SIM_ANSWER_NO_ROUTE, 0);
    fer_raw_socket raw = raw_socket();
    const fer_socket_addr nowhere = addr_of("10.0.0.9:80");
    assert_code(ferp_connect(raw, &nowhere), FER_NETWORK_UNREACHABLE, code(101, 10051));
    assert_ok(raw_error(raw));
    assert_ok(ferp_set_nonblocking(raw, true));
    assert_kind(ferp_connect(raw, addr_at(SERVER)),
                is_winsock() ? FER_WOULD_BLOCK : FER_IN_PROGRESS);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:0"));
    assert_code(fer_udp_socket_send_to(socket, "x", 1, &nowhere, NULL), FER_NETWORK_UNREACHABLE,
                code(101, 10051));
    assert_code(fer_udp_socket_connect_addr(socket, &nowhere), FER_NETWORK_UNREACHABLE,
                code(101, 10051));
}

/* ---- The wait for several connects */

/* The started connects, and those that a wait reported. */
static fer_raw_socket raws[MANY];
static uint32_t ended;

static fer_raw_socket started(const char *text)
{
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    FER_IGNORE(ferp_connect(raw, addr_at(text)));
    return raw;
}

/* Starts connects to hosts that never answer, but the last, which answers after 30 ms. */
static void begin_many(fer_sim_windows windows, fer_sim_answer last)
{
    sim_begin_of(.windows = windows);
    assert_ok(fer_cancel_token_new(&test.token));
    ended = 77;
    (void)serve(SERVER);
    answer(SERVER, last, 28);
    for (size_t i = 0; i < MANY; i++) {
        raws[i] = started(i + 1 < MANY ? "10.0.9.9:80" : SERVER);
    }
}

static int many_start(void **state)
{
    (void)sim_choose(state);
    begin_many((fer_sim_windows){0}, FER_SIM_ANSWER_AS_IS);
    return 0;
}

#define MANY_TEST(function) SIM_TEST_OF(function, (void), (), many_start)

static uint64_t at_ms(uint64_t count)
{
    return ferp_now() + count * 1000000;
}

static fer_error wait_for_many(uint64_t deadline, const fer_cancel_token *limit)
{
    return poll_connects(raws, MANY, deadline, limit, &ended);
}

static void assert_last_ends(uint64_t deadline, const fer_cancel_token *limit, uint64_t time_ms)
{
    assert_ok_n(wait_for_many(deadline, limit), ended, 1u << (MANY - 1));
    assert_int_equal(now_ms(), time_ms);
}

SIM_CONFIG_TEST(the_first_of_many_connects_to_end_is_reported)
{
    static const fer_sim_answer answers[] = {FER_SIM_ANSWER_AS_IS, FER_SIM_ANSWER_HOST_UNREACHABLE};
    for (size_t i = 0; i < 2; i++) {
        begin_many((fer_sim_windows){0}, answers[i]);
        assert_last_ends(FERP_NO_DEADLINE, &test.token, 30);
        assert_last_ends(0, NULL, 30);
        sim_end_one();
    }
}

MANY_TEST(a_wait_for_connects_ends_at_its_deadline)
{
    assert_code(wait_for_many(at_ms(29), &test.token), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 29);
    uint64_t before = now_us();
    assert_code(wait_for_many(0, NULL), FER_TIMED_OUT, 0);
    assert_int_equal(now_us() - before, 1);
}

/* On Windows at the end of a slice of 20 ms. */
MANY_TEST(a_token_ends_a_wait_for_connects)
{
    after_ms(5, cancel, &test.token);
    assert_ok_n(wait_for_many(FERP_NO_DEADLINE, &test.token), ended, 0);
    assert_int_equal(now_ms(), is_winsock() ? 20 : 5);
}

WINSOCK_CONFIG_TEST(a_wait_for_connects_finds_lost_events_at_the_end_of_its_slice)
{
    begin_many((fer_sim_windows){.loses_events = true}, FER_SIM_ANSWER_AS_IS);
    assert_last_ends(FERP_NO_DEADLINE, NULL, 100);
    sim_end_one();
    begin_many((fer_sim_windows){.loses_events = true}, FER_SIM_ANSWER_AS_IS);
    assert_last_ends(at_ms(30), NULL, 30);
}

MANY_TEST(faults_of_a_wait_for_connects_are_injected_and_a_closed_socket_fails_it)
{
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_kind(wait_for_many(FERP_NO_DEADLINE, NULL), FER_INTERRUPTED);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_ok(wait_for_many(FERP_NO_DEADLINE, NULL));
    assert_true(ended != 0 && (ended & (ended - 1)) == 0);
    assert_int_equal(now_ms(), 0);
    ferp_close(raws[3]);
    assert_int_equal(wait_for_many(FERP_NO_DEADLINE, NULL).os_code, code(9, 10038));
}

/* ---- The wait for a token */

SIM_TEST(a_wait_for_tokens_ends_with_either_at_its_deadline_or_is_a_deadlock)
{
    const fer_cancel_token *token = &test.token, *other = &test.token2;
    assert_ok(fer_cancel_token_new(&test.token));
    assert_ok(fer_cancel_token_new(&test.token2));
    after_ms(7, cancel, &test.token2);
    assert_takes(7, assert_ok(ferp_token_wait(token, other, FERP_NO_DEADLINE)));
    assert_ok(fer_cancel_token_reset(&test.token2));
    after_ms(7, cancel, &test.token);
    assert_takes(7, assert_ok(ferp_token_wait(token, other, at_ms(8))));
    assert_ok(ferp_token_wait(token, NULL, 0));
    assert_ok(fer_cancel_token_reset(&test.token));
    uint64_t began = now_us();
    assert_code(ferp_token_wait(token, NULL, at_ms(3)), FER_TIMED_OUT, 0);
    assert_int_equal(now_us() - began, 3000);
    assert_code(ferp_token_wait(token, other, 0), FER_TIMED_OUT, 0);
    assert_int_equal(now_us() - began, 3001);
    assert_code(ferp_token_wait(token, other, FERP_NO_DEADLINE), FER_DEADLOCK, 0);
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_kind(ferp_token_wait(token, NULL, FERP_NO_DEADLINE), FER_INTERRUPTED);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_ok(ferp_token_wait(token, NULL, FERP_NO_DEADLINE));
}

/* ---- Hosts without an open peer */

SIM_UDP_TEST(a_host_remains_when_its_last_peer_is_closed)
{
    for (int i = 0; i < 2; i++) {
        struct ends ends = connected_to("10.0.0.9:80");
        fer_sim_peer_close(ends.peer);
        fer_tcp_stream_close(&ends.stream);
        assert_code(fer_tcp_stream_connect(&test.stream, "10.0.0.9:80"), FER_CONNECTION_REFUSED,
                    code(111, 10061));
    }
    fer_sim_peer_close(peer_bound_to("10.0.0.10:80"));
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:0"));
    assert_ok(fer_udp_socket_connect(socket, "10.0.0.10:80"));
    assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
    assert_kind(receive_one(socket), FER_CONNECTION_REFUSED);
}

/* The simulation remembers 256 hosts besides those that have a peer. */
SIM_STREAM_TEST(the_oldest_of_many_hosts_is_removed)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    for (unsigned i = 0; i <= 256; i++) {
        fer_ipv4_addr v4 = {{10, 1, (unsigned char)(i / 256), (unsigned char)(i % 256)}};
        fer_socket_addr addr = fer_socket_addr_v4_new(v4, 80);
        assert_ok(fer_sim_peer_listen(&addr, 8, &peer));
        fer_sim_peer_close(peer);
    }
    assert_kind(fer_tcp_stream_connect(stream, "10.1.0.0:80"), FER_CONNECTION_TIMED_OUT);
    assert_kind(fer_tcp_stream_connect(stream, "10.1.0.1:80"), FER_CONNECTION_REFUSED);
    assert_kind(fer_tcp_stream_connect(stream, "10.1.1.0:80"), FER_CONNECTION_REFUSED);
}

/* ---- The network */

static const char zeros[10000];
static char buf[10000];

/* ---- Latency */

SIM_STREAM_CONFIG_TEST(a_connect_takes_the_latency_twice_and_bytes_once)
{
    sim_begin_of(.latency = millis(30), .loopback_latency = millis(4));
    (void)serve(SERVER);
    assert_takes(60, assert_ok(fer_tcp_stream_connect(stream, SERVER)));
    assert_takes(8, open_ends = connected());
    peer_sends(open_ends.peer, "late");
    assert_kind(fer_tcp_stream_try_read(&open_ends.stream, buf, 8, NULL), FER_WOULD_BLOCK);
    advance_ms(4);
    stream_reads(&open_ends.stream, "late");
}

/* Bytes arrive in the order of sending, and the FIN last, with any jitter, and if more pieces are
 * in flight than the simulation can schedule separately: they join, and none is lost. */
SIM_CONFIG_TEST(nothing_overtakes_and_nothing_is_lost)
{
    static const struct {
        fer_duration jitter;
        unsigned count;
        unsigned pause; /* before byte i: i modulo this, in milliseconds, or 10 ns */
    } rows[] = {{{50000000}, 200, 7}, {{1000000}, 3000, 0}};
    for (size_t row = 0; row < 2; row++) {
        sim_begin_of(.jitter = rows[row].jitter, .seed = 3);
        open_ends = connected_to(SERVER);
        for (unsigned i = 0; i < rows[row].count; i++) {
            unsigned char byte = (unsigned char)(i * 11);
            assert_ok(fer_sim_peer_send(open_ends.peer, &byte, 1, NULL));
            assert_ok(fer_sim_advance(rows[row].pause ? millis(i % rows[row].pause)
                                                      : (fer_duration){10}));
        }
        fer_sim_peer_close(open_ends.peer);
        size_t n = 0;
        assert_kind_n(fer_tcp_stream_read_exact(&open_ends.stream, buf, sizeof buf, &n),
                      FER_UNEXPECTED_EOF, n, rows[row].count);
        for (unsigned i = 0; i < rows[row].count; i++) {
            assert_int_equal((unsigned char)buf[i], (unsigned char)(i * 11));
        }
        sim_end_one();
    }
}

/* ---- Buffers */

/* Written bytes that are not sent yet still arrive after close, when the reader has space. If a
 * lingering close ends at its time, Windows resets the connection, and Linux keeps sending (row
 * linger_expires). */
SIM_CONFIG_TEST(close_sends_the_bytes_in_the_buffer)
{
    for (int lingers = 0; lingers < 2; lingers++) {
        bool resets = lingers && is_winsock();
        fer_error error = {FER_OK, 0};
        size_t total = 0, n = 1;
        sim_begin_of(.send_buffer = 3000, .receive_buffer = 2000,
                     .windows.keeps_early_closed_input = !lingers);
        struct ends ends = connected();
        assert_ok(fer_tcp_stream_write_all(&ends.stream, zeros, 5000, NULL));
        if (lingers) {
            assert_ok(fer_tcp_stream_set_linger(&ends.stream, fer_duration_from_secs(3)));
        }
        assert_takes(lingers ? 3000 : 0, fer_tcp_stream_close(&ends.stream));
        while (error.kind == FER_OK && n > 0) {
            error = fer_sim_peer_recv(ends.peer, buf, sizeof buf, &n);
            total += n;
        }
        assert_kind(error, resets ? FER_CONNECTION_RESET : FER_OK);
        assert_int_equal(total, resets ? 2000 : 5000);
        sim_end_one();
    }
}

/* ---- Connects */

/* Windows retries for about 2 s before it reports a refusal, except on the loopback (rule C2). */
SIM_STREAM_TEST(a_host_without_listener_refuses_and_a_silent_one_times_out_at_last)
{
    (void)serve(SERVER);
    assert_takes(is_winsock() ? 2010 : 2, assert_code(fer_tcp_stream_connect(stream, "10.0.0.7:81"),
                                                      FER_CONNECTION_REFUSED, code(111, 10061)));
    assert_takes(0, assert_code(fer_tcp_stream_connect(stream, "127.0.0.1:81"),
                                FER_CONNECTION_REFUSED, code(111, 10061)));
    assert_takes(is_winsock() ? 21000 : 127000,
                 assert_code(fer_tcp_stream_connect(stream, "10.99.0.1:1"),
                             FER_CONNECTION_TIMED_OUT, code(110, 10060)));
}

SIM_STREAM_TEST(answers_are_as_they_were_set)
{
    (void)serve(SERVER);
    answer(SERVER, FER_SIM_ANSWER_REFUSES, 0);
    assert_kind(fer_tcp_stream_connect(stream, SERVER), FER_CONNECTION_REFUSED);
    answer(SERVER, FER_SIM_ANSWER_HOST_UNREACHABLE, 0);
    assert_code(fer_tcp_stream_connect(stream, SERVER), FER_HOST_UNREACHABLE, code(113, 10065));
    answer(SERVER, FER_SIM_ANSWER_NETWORK_UNREACHABLE, 0);
    assert_code(fer_tcp_stream_connect(stream, SERVER), FER_NETWORK_UNREACHABLE, code(101, 10051));
    answer(SERVER, FER_SIM_ANSWER_SILENT, 0);
    assert_kind(fer_tcp_stream_connect(stream, SERVER), FER_CONNECTION_TIMED_OUT);
    answer(SERVER, FER_SIM_ANSWER_HOST_UNREACHABLE, 500);
    assert_takes(502, assert_kind(fer_tcp_stream_connect(stream, SERVER), FER_HOST_UNREACHABLE));
    assert_takes(300,
                 assert_code(fer_tcp_stream_connect_timeout(stream, addr_at(SERVER), millis(300)),
                             FER_TIMED_OUT, 0));
    answer("10.0.0.7:0", FER_SIM_ANSWER_REFUSES, 0);
    answer(SERVER, FER_SIM_ANSWER_AS_IS, 700);
    assert_takes(702, assert_ok(fer_tcp_stream_connect(stream, SERVER)));
}

SIM_TEST(sixty_four_addresses_can_have_an_answer)
{
    fer_socket_addr addr = addr_of(SERVER);
    for (uint16_t port = 1; port <= 65; port++) {
        addr.port = port;
        assert_kind(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)),
                    port <= 64 ? FER_OK : FER_OUT_OF_MEMORY);
    }
    addr.port = 64;
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_REFUSES, millis(0)));
}

static void listen_late(void *context)
{
    (void)serve(SERVER);
}

/* A retried connect reaches a listener that was created meanwhile, at the next SYN (after 1 and
 * 3 s). */
SIM_STREAM_TEST(a_connect_that_is_tried_again_meets_a_late_listener)
{
    after_ms(2000, listen_late, NULL);
    assert_takes(3002, assert_ok(fer_tcp_stream_connect(stream, SERVER)));
}

/* ---- Hosts */

/* Many consecutive connections exhaust no table. */
SIM_STREAM_CONFIG_TEST(connections_can_follow_each_other_for_ever)
{
    sim_begin_of(.max_sockets = 8);
    (void)serve_script(SERVER, echo_and_close, 2);
    for (int i = 0; i < 3000; i++) {
        assert_ok(fer_tcp_stream_connect(stream, SERVER));
        assert_ok(fer_tcp_stream_write_all(stream, "ping", 4, NULL));
        stream_reads(stream, "ping");
        fer_tcp_stream_close(stream);
        advance_ms(3);
    }
}

TEST_MAIN("sim_connects")
