/* test_sim_connect_with.c: connecting to the first address that answers, in virtual time and in
 * both dialects (rules K9, K10). */
#include "sim/sim_connect.h"

/* ---- K9 */

CONNECT_TEST("K9", the_families_alternate)
{
    (void)serve("10.0.0.7:80");
    answer("[fd00::7]:0", FER_SIM_ANSWER_SILENT, 0);
    (void)serve("[fd00::8]:80");
    assert_ok(connect_to("three.test:80"));
    assert_peer("10.0.0.7:80");
    assert_int_equal(now_ms(), 252); /* 250 ms, and a round trip */
    assert_int_equal(failed, 0);
}

CONNECT_TEST("K9", the_last_attempt_that_fails_starts_the_next_one)
{
    (void)serve("[fd00::8]:80");
    answer("[fd00::7]:0", FER_SIM_ANSWER_SILENT, 0);
    answer("10.0.0.7:0", FER_SIM_ANSWER_HOST_UNREACHABLE, 10);
    assert_ok(connect_to("three.test:80"));
    assert_peer("[fd00::8]:80");
    assert_int_equal(now_ms(), 250 + 12 + 2);
    assert_int_equal(failed, 1);
    assert_failure(0, "10.0.0.7:80", FER_HOST_UNREACHABLE, 12);
}

CONNECT_TEST("K9", attempts_time_out_one_by_one)
{
    silence();
    options.attempt_timeout = millis(400);
    assert_kind(connect_to("three.test:80"), FER_TIMED_OUT);
    assert_int_equal(now_ms(), 900);
    assert_int_equal(failed, 3);
    assert_failure(0, "[fd00::7]:80", FER_TIMED_OUT, 400);
    assert_failure(1, "10.0.0.7:80", FER_TIMED_OUT, 400);
    assert_failure(2, "[fd00::8]:80", FER_TIMED_OUT, 400);
}

CONNECT_TEST("K9", at_most_sixteen_attempts_are_open)
{
    fer_socket_addr addrs[MANY];
    silence();
    for (size_t i = 0; i < MANY; i++) {
        addrs[i] = addr_of("10.0.0.7:80");
        addrs[i].port = (uint16_t)(100 + i);
    }
    options.attempt_delay = millis(1);
    options.attempt_timeout = millis(100);
    assert_kind(fer_tcp_stream_connect_addrs(&stream, addrs, MANY, &options), FER_TIMED_OUT);
    assert_int_equal(failed, MANY);
    assert_int_equal(now_ms(), 203);
    assert_failure(MANY - 1, "10.0.0.7:119", FER_TIMED_OUT, 100);
}

CONNECT_TEST("K9", a_loser_that_had_connected_is_reset)
{
    char byte;
    size_t n = 0;
    (void)serve("[fd00::7]:80");
    fer_sim_peer other = serve("10.0.0.7:80");
    answer("[fd00::7]:80", FER_SIM_ANSWER_AS_IS, 250);
    assert_ok(connect_to("three.test:80"));
    assert_peer("[fd00::7]:80");
    assert_int_equal(now_ms(), 252);
    assert_int_equal(failed, 0);
    fer_sim_peer loser = accepted(other);
    advance_ms(5);
    assert_kind(fer_sim_peer_recv(loser, &byte, 1, &n), FER_CONNECTION_RESET);
}

/* ---- K10: the answers of a network, and the same result in both dialects. */

TEST_OF(the_result_is_the_same_in_both_dialects, (void), (),
        TEST_ROW("K10_the_result_is_the_same_in_both_dialects",
                 the_result_is_the_same_in_both_dialects, NULL, end, NULL))
{
    static const fer_sim_answer answers[] = {FER_SIM_ANSWER_AS_IS, FER_SIM_ANSWER_REFUSES,
                                             FER_SIM_ANSWER_SILENT, FER_SIM_ANSWER_HOST_UNREACHABLE,
                                             FER_SIM_ANSWER_NO_ROUTE};
    static const char *const hosts[] = {"[fd00::7]:80", "10.0.0.7:80", "[fd00::8]:80"};
    for (size_t i = 0; i < 125; i++) {
        size_t chosen[] = {i % 5, i / 5 % 5, i / 25};
        fer_error results[2];
        fer_socket_addr peers[2];
        memset(peers, 0, sizeof peers);
        for (size_t dialect = 0; dialect < 2; dialect++) {
            sim_dialect = sim_dialects[dialect];
            begin();
            for (size_t at = 0; at < 3; at++) {
                (void)serve(hosts[at]);
                answer(hosts[at], answers[chosen[at]], 0);
            }
            end_in_ms(20000);
            results[dialect] = connect_to("three.test:80");
            if (results[dialect].kind == FER_OK) {
                assert_ok(fer_tcp_stream_peer_addr(&stream, &peers[dialect]));
            }
            assert_int_equal(end(NULL), 0);
        }
        assert_int_equal(results[0].kind, results[1].kind);
        assert_true(fer_socket_addr_eq(&peers[0], &peers[1]));
    }
}

TEST_MAIN("sim_connect_with")
