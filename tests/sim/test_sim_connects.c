/* test_sim_connects.c: networks in which a host's addresses answer differently, and the seam's
 * waits for several connects and for tokens. */
#include "sim/sim_raw.h"

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

static void answer_again(void *context)
{
    answer(SERVER, FER_SIM_ANSWER_AS_IS, 0);
}

/* The system sends the SYN again after 1 s, or 3 s. */
SIM_STREAM_TEST(a_first_syn_that_is_lost_delays_the_connect)
{
    (void)serve(SERVER);
    answer(SERVER, FER_SIM_ANSWER_SILENT, 0);
    after_ms(500, answer_again, NULL);
    assert_takes(is_winsock() ? 3002 : 1002, assert_ok(fer_tcp_stream_connect(stream, SERVER)));
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
    return ferp_wait_for_connects(raws, MANY, deadline, limit, &ended);
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

/* T2: "A loop that reads again after TIMED_OUT therefore ends when the system reports that the
 * connection is dead": the literal port of a loop of Rust, on a connect without an answer. */
SIM_STREAM_TEST(a_read_loop_that_retries_timeouts_ends_with_the_connect)
{
    fer_error error = {FER_OK, 0};
    fer_interest ready = 0;
    unsigned reads = 0;
    answer("10.0.0.9:80", FER_SIM_ANSWER_SILENT, 0);
    assert_ok(fer_tcp_stream_connect_start(stream, addr_at("10.0.0.9:80")));
    for (bool is_over = false; !is_over && reads < 1000; reads++) {
        error = read_one(stream);
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
