/* test_sim_connects.c: networks in which a host's addresses answer differently, and the seam's
 * waits for several connects and for tokens. */
#include "sim/sim_raw.h"

enum { MANY = 16 };

static fer_cancel_token token, other;

static void begin(void)
{
    sim_begin();
    memset(&token, 0, sizeof token);
    memset(&other, 0, sizeof other);
    assert_ok(fer_cancel_token_new(&token));
    assert_ok(fer_cancel_token_new(&other));
}

static void end(void)
{
    fer_cancel_token_close(&token);
    fer_cancel_token_close(&other);
}

static void cancel(void *context)
{
    FER_IGNORE(fer_cancel_token_cancel(context));
}

static void answer(const char *text, fer_sim_answer answer, uint64_t delay_ms)
{
    fer_socket_addr addr = addr_of(text);
    assert_ok(fer_sim_set_answer(&addr, answer, millis(delay_ms)));
}

/* ---- Addresses that answer differently */

static uint64_t connect_time(const char *text, fer_error_kind expected)
{
    fer_tcp_stream stream = {0};
    uint64_t began = now_ms();
    assert_kind(fer_tcp_stream_connect(&stream, text), expected);
    fer_tcp_stream_close(&stream);
    return now_ms() - began;
}

SIM_TEST(a_connect_without_a_route_leaves_the_socket_unconnected)
{
    (void)serve(SERVER);
    answer("10.0.0.9:0", FER_SIM_ANSWER_NO_ROUTE, 0);
    fer_raw_socket raw = raw_socket();
    fer_socket_addr nowhere = addr_of("10.0.0.9:80");
    fer_socket_addr server = addr_of(SERVER);
    assert_code(ferp_connect(raw, &nowhere), FER_NETWORK_UNREACHABLE, is_winsock() ? 10051 : 101);
    assert_ok(raw_error(raw));
    assert_ok(ferp_set_nonblocking(raw, true));
    assert_kind(ferp_connect(raw, &server), is_winsock() ? FER_WOULD_BLOCK : FER_IN_PROGRESS);
}

SIM_UDP_TEST(a_datagram_without_a_route_is_not_sent)
{
    fer_socket_addr nowhere = addr_of("10.0.0.9:9");
    int32_t code = is_winsock() ? 10051 : 101;
    answer("10.0.0.9:9", FER_SIM_ANSWER_NO_ROUTE, 0);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:0"));
    assert_code(fer_udp_socket_send_to(socket, "x", 1, &nowhere, NULL), FER_NETWORK_UNREACHABLE,
                code);
    assert_code(fer_udp_socket_connect_addr(socket, &nowhere), FER_NETWORK_UNREACHABLE, code);
}

static void answer_again(void *context)
{
    (void)context;
    answer(SERVER, FER_SIM_ANSWER_AS_IS, 0);
}

/* The system sends the SYN again after 1 s, or 3 s. */
SIM_TEST(a_first_syn_that_is_lost_delays_the_connect)
{
    (void)serve(SERVER);
    answer(SERVER, FER_SIM_ANSWER_SILENT, 0);
    assert_ok(fer_sim_after(millis(500), answer_again, NULL));
    assert_int_equal(connect_time(SERVER, FER_OK), is_winsock() ? 3002 : 1002);
}

/* ---- The wait for several connects */

static fer_raw_socket started(const char *text)
{
    fer_socket_addr addr = addr_of(text);
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_socket_new(addr.ip.family == FER_IP_V6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4,
                              FER_TYPE_STREAM, 0, &raw));
    assert_ok(ferp_set_nonblocking(raw, true));
    FER_IGNORE(ferp_connect(raw, &addr));
    return raw;
}

/* The started connects, and those that a wait reported. */
static fer_raw_socket raws[MANY];
static uint32_t ended;

/* Starts connects to hosts that never answer, but the last, which answers after 30 ms. */
static void start_many(fer_sim_answer last)
{
    ended = 77;
    (void)serve(SERVER);
    answer(SERVER, last, 28);
    for (size_t i = 0; i + 1 < MANY; i++) {
        raws[i] = started("10.0.9.9:80");
    }
    raws[MANY - 1] = started(SERVER);
}

static void begin_many(void)
{
    begin();
    start_many(FER_SIM_ANSWER_AS_IS);
}

static void close_many(void)
{
    for (size_t i = 0; i < MANY; i++) {
        ferp_close(raws[i]);
    }
    end();
}

static uint64_t at_ms(uint64_t count)
{
    return ferp_now() + count * 1000000;
}

static void assert_last_ends(uint64_t deadline, const fer_cancel_token *limit, uint64_t time_ms)
{
    assert_ok_n(ferp_wait_for_connects(raws, MANY, deadline, limit, &ended), ended,
                1u << (MANY - 1));
    assert_int_equal(now_ms(), time_ms);
}

SIM_CONFIG_TEST(the_first_of_many_connects_to_end_is_reported)
{
    static const fer_sim_answer answers[] = {FER_SIM_ANSWER_AS_IS, FER_SIM_ANSWER_HOST_UNREACHABLE};
    for (size_t i = 0; i < 2; i++) {
        begin();
        start_many(answers[i]);
        assert_last_ends(FERP_NO_DEADLINE, &token, 30);
        assert_last_ends(0, NULL, 30);
        close_many();
        assert_int_equal(sim_end(NULL), 0);
    }
}

SIM_CONFIG_TEST(a_wait_for_connects_ends_at_its_deadline)
{
    begin_many();
    assert_code(ferp_wait_for_connects(raws, MANY, at_ms(29), &token, &ended), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 29);
    uint64_t before = now_us();
    assert_code(ferp_wait_for_connects(raws, MANY, 0, NULL, &ended), FER_TIMED_OUT, 0);
    assert_int_equal(now_us() - before, 1);
    close_many();
}

/* On Windows at the end of a slice of 20 ms. */
SIM_CONFIG_TEST(a_token_ends_a_wait_for_connects)
{
    begin_many();
    assert_ok(fer_sim_after(millis(5), cancel, &token));
    assert_ok_n(ferp_wait_for_connects(raws, MANY, FERP_NO_DEADLINE, &token, &ended), ended, 0);
    assert_int_equal(now_ms(), is_winsock() ? 20 : 5);
    close_many();
}

WINSOCK_CONFIG_TEST(a_wait_for_connects_finds_lost_events_at_the_end_of_its_slice)
{
    fer_sim_config config = config_of();
    config.windows.loses_events = true;
    sim_begin_with(config);
    start_many(FER_SIM_ANSWER_AS_IS);
    assert_last_ends(FERP_NO_DEADLINE, NULL, 100);
    close_many();
    assert_int_equal(sim_end(NULL), 0);
    sim_begin_with(config);
    start_many(FER_SIM_ANSWER_AS_IS);
    assert_last_ends(at_ms(30), NULL, 30);
    close_many();
}

SIM_CONFIG_TEST(faults_of_a_wait_for_connects_are_injected)
{
    begin_many();
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 1));
    assert_kind(ferp_wait_for_connects(raws, MANY, FERP_NO_DEADLINE, NULL, &ended),
                FER_INTERRUPTED);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPURIOUS_READY, 1));
    assert_ok(ferp_wait_for_connects(raws, MANY, FERP_NO_DEADLINE, NULL, &ended));
    assert_true(ended != 0 && (ended & (ended - 1)) == 0);
    assert_int_equal(now_ms(), 0);
    close_many();
}

SIM_CONFIG_TEST(a_wait_for_connects_of_a_closed_socket_fails)
{
    begin_many();
    ferp_close(raws[3]);
    assert_int_equal(ferp_wait_for_connects(raws, MANY, FERP_NO_DEADLINE, NULL, &ended).os_code,
                     is_winsock() ? 10038 : 9);
    close_many();
}

/* ---- The wait for a token */

SIM_CONFIG_TEST(either_token_ends_a_wait_for_tokens_at_its_time)
{
    begin();
    assert_ok(fer_sim_after(millis(7), cancel, &other));
    assert_ok(ferp_token_wait(&token, &other, FERP_NO_DEADLINE));
    assert_int_equal(now_ms(), 7);
    assert_ok(fer_cancel_token_reset(&other));
    assert_ok(fer_sim_after(millis(7), cancel, &token));
    assert_ok(ferp_token_wait(&token, &other, at_ms(8)));
    assert_int_equal(now_ms(), 14);
    assert_ok(ferp_token_wait(&token, NULL, 0));
    end();
}

SIM_CONFIG_TEST(a_wait_for_tokens_expires_polls_and_deadlocks)
{
    begin();
    assert_code(ferp_token_wait(&token, NULL, at_ms(3)), FER_TIMED_OUT, 0);
    assert_int_equal(now_us(), 3000);
    assert_code(ferp_token_wait(&token, &other, 0), FER_TIMED_OUT, 0);
    assert_int_equal(now_us(), 3001);
    assert_code(ferp_token_wait(&token, &other, FERP_NO_DEADLINE), FER_DEADLOCK, 0);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 1));
    assert_kind(ferp_token_wait(&token, NULL, FERP_NO_DEADLINE), FER_INTERRUPTED);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPURIOUS_READY, 1));
    assert_ok(ferp_token_wait(&token, NULL, FERP_NO_DEADLINE));
    end();
}

/* ---- Hosts without an open peer */

SIM_UDP_TEST(a_host_remains_when_its_last_peer_is_closed)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr addr = addr_of("10.0.0.9:80");
    fer_sim_peer datagrams = FER_SIM_PEER_NONE;
    fer_udp_received datagram;
    char byte = 0;
    for (int i = 0; i < 2; i++) {
        struct ends ends = connected_to("10.0.0.9:80");
        fer_sim_peer_close(ends.peer);
        fer_tcp_stream_close(&ends.stream);
        assert_code(fer_tcp_stream_connect(&stream, "10.0.0.9:80"), FER_CONNECTION_REFUSED,
                    is_winsock() ? 10061 : 111);
    }
    addr.ip.u.v4.octets[3] = 10;
    assert_ok(fer_sim_peer_bind(&addr, &datagrams));
    fer_sim_peer_close(datagrams);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:0"));
    assert_ok(fer_udp_socket_connect_addr(socket, &addr));
    assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
    assert_kind(fer_udp_socket_recv(socket, &byte, 1, &datagram), FER_CONNECTION_REFUSED);
}

/* The simulation remembers 256 hosts besides those that have a peer. */
SIM_TEST(the_oldest_of_many_hosts_is_removed)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_tcp_stream stream = {0};
    for (unsigned i = 0; i <= 256; i++) {
        fer_ipv4_addr v4 = {{10, 1, (unsigned char)(i / 256), (unsigned char)(i % 256)}};
        fer_socket_addr addr = fer_socket_addr_v4_new(v4, 80);
        assert_ok(fer_sim_peer_listen(&addr, 8, &peer));
        fer_sim_peer_close(peer);
    }
    assert_kind(fer_tcp_stream_connect(&stream, "10.1.0.0:80"), FER_CONNECTION_TIMED_OUT);
    assert_kind(fer_tcp_stream_connect(&stream, "10.1.0.1:80"), FER_CONNECTION_REFUSED);
    assert_kind(fer_tcp_stream_connect(&stream, "10.1.1.0:80"), FER_CONNECTION_REFUSED);
}

/* T2: "A loop that reads again after TIMED_OUT therefore ends when the system reports that the
 * connection is dead": the literal port of a loop of Rust, on a connect without an answer. */
SIM_STREAM_TEST(a_read_loop_that_retries_timeouts_ends_with_the_connect)
{
    fer_socket_addr addr = addr_of("10.0.0.9:80");
    fer_error error = {FER_OK, 0};
    fer_interest ready = 0;
    unsigned reads = 0;
    char byte = 0;
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)));
    assert_ok(fer_tcp_stream_connect_start(stream, &addr));
    for (bool is_over = false; !is_over && reads < 1000; reads++) {
        error = fer_tcp_stream_read(stream, &byte, 1, NULL);
        switch (error.kind) {
        case FER_WOULD_BLOCK:
        case FER_TIMED_OUT:
            assert_ok(fer_tcp_stream_ready(stream, FER_READABLE, millis(1000), &ready));
            break;
        default: is_over = true;
        }
    }
    assert_true(reads > 1 && reads < 1000);
    assert_int_equal(error.kind, FER_CONNECTION_TIMED_OUT);
}

TEST_MAIN("sim_connects")
