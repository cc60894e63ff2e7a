/* test_sim_lingering.c: in virtual time: when an accept within limits ends, and what a lingering
 * close makes sure of (rules T2, K2, K7, K11). */
#include "sim/sim_test.h"

enum { ROUNDS = 64, CANCEL_MS = 250, SLICE_END_MS = 260, TIMEOUT_MS = 400 };

/* ---- accept */

static fer_error accept_one(fer_tcp_listener *listener)
{
    return fer_tcp_listener_accept(listener, &test.stream, NULL);
}

/* T2: neither early nor late, also if nothing else can happen. */
SIM_TEST(an_accept_ends_at_its_timeout)
{
    fer_tcp_listener *listener = &test.listener, *clone = &test.listener2;
    (void)listening();
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    assert_ok(
        fer_socket_set_read_timeout(fer_tcp_listener_as_socket(listener), millis(TIMEOUT_MS)));
    for (int i = 0; i < 3; i++) {
        assert_takes(TIMEOUT_MS,
                     assert_code(accept_one(i == 1 ? clone : listener), FER_TIMED_OUT, 0));
    }
    assert_ok(fer_socket_set_read_timeout(fer_tcp_listener_as_socket(clone), FER_DURATION_NONE));
    assert_code(accept_one(listener), FER_DEADLOCK, 0);
}

/* K2. A select on Windows notices the cancel at the end of a slice. */
SIM_TEST(a_cancel_ends_an_accept)
{
    const fer_limits limits = {.token = &test.token};
    (void)listening();
    assert_ok(fer_cancel_token_new(&test.token));
    assert_ok(fer_tcp_listener_set_limits(&test.listener, &limits));
    for (int i = 0; i < 2; i++) {
        assert_ok(fer_tcp_listener_set_nonblocking(&test.listener, i == 0));
        assert_ok(fer_tcp_listener_set_nonblocking(&test.listener, false));
        after_ms(CANCEL_MS, cancel, &test.token);
        assert_takes(is_winsock() ? SLICE_END_MS : CANCEL_MS,
                     assert_code(accept_one(&test.listener), FER_CANCELLED, 0));
        assert_ok(fer_cancel_token_reset(&test.token));
    }
}

/* ---- close_gracefully */

/* The bytes and the end arrive, however late the peer's program reads: row early_close_loses is
 * that of a plain close. */
SIM_TEST(nothing_is_lost_on_any_loopback)
{
    for (int i = 0; i < ROUNDS; i++) {
        char got[8] = {0};
        size_t n = 0;
        struct ends ends = connected_to("127.0.0.1:80");
        assert_ok(fer_tcp_stream_write_all(&ends.stream, "early", 5, NULL));
        /* the peer has not received anything: the close must wait for it */
        assert_code(fer_tcp_stream_ready(&ends.stream, FER_READABLE, millis(1), &(fer_interest){0}),
                    FER_OK, 0);
        assert_ok(fer_sim_peer_shutdown(ends.peer));
        assert_ok(fer_tcp_stream_close_gracefully(&ends.stream, millis(TIMEOUT_MS)));
        assert_ok_n(fer_sim_peer_recv(ends.peer, got, sizeof got, &n), n, 5);
        assert_ok_n(fer_sim_peer_recv(ends.peer, got, sizeof got, &n), n, 0);
        fer_sim_peer_close(ends.peer);
    }
}

/* The close ends with the peer that receives everything, waits, and ends; or at its timeout
 * although the peer sends. */
SIM_CONFIG_TEST(it_waits_for_a_peer_that_ends_after_the_end_until_its_timeout)
{
    static const fer_sim_step polite[] = {
        {.action = FER_SIM_ACTION_RECEIVE_TO_END},
        {.action = FER_SIM_ACTION_CLOSE, .delay = {100 * 1000000}}};
    static const fer_sim_step talkative[] = {
        {.action = FER_SIM_ACTION_SEND, .delay = {150 * 1000000}, .bytes = "x", .len = 1},
        {.action = FER_SIM_ACTION_SEND, .delay = {150 * 1000000}, .bytes = "y", .len = 1},
        {.action = FER_SIM_ACTION_SEND, .delay = {150 * 1000000}, .bytes = "z", .len = 1}};
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        sim_begin();
        open_ends = connected();
        assert_ok(fer_sim_peer_play(open_ends.peer, polite, 2));
        assert_ok(fer_tcp_stream_set_nonblocking(&open_ends.stream, nonblocking != 0));
        assert_ok(fer_tcp_stream_write_all(&open_ends.stream, "hello", 5, NULL));
        assert_ok(fer_tcp_stream_close_gracefully(&open_ends.stream, millis(TIMEOUT_MS)));
        assert_in_range(now_ms(), 100, 110);
        sim_end_one();
    }
    sim_begin();
    open_ends = connected();
    assert_ok(fer_sim_peer_play(open_ends.peer, talkative, 3));
    assert_ok(fer_tcp_stream_set_read_timeout(&open_ends.stream, millis(10)));
    assert_takes(TIMEOUT_MS,
                 assert_code(fer_tcp_stream_close_gracefully(&open_ends.stream, millis(TIMEOUT_MS)),
                             FER_TIMED_OUT, 0));
}

SIM_TEST(a_cancel_and_a_deadline_end_it_at_their_time)
{
    assert_ok(fer_cancel_token_new(&test.token));
    for (int has_deadline = 0; has_deadline < 2; has_deadline++) {
        struct ends ends = connected();
        const fer_limits limits = {.deadline = has_deadline ? fer_instant_after(millis(CANCEL_MS))
                                                            : FER_INSTANT_NONE,
                                   .token = &test.token};
        assert_ok(fer_tcp_stream_set_limits(&ends.stream, &limits));
        after_ms(has_deadline ? 2 * CANCEL_MS : CANCEL_MS, cancel, &test.token);
        assert_takes(CANCEL_MS,
                     assert_code(fer_tcp_stream_close_gracefully(&ends.stream, FER_DURATION_NONE),
                                 has_deadline ? FER_TIMED_OUT : FER_CANCELLED, 0));
        assert_ok(fer_cancel_token_reset(&test.token));
        fer_sim_peer_close(ends.peer);
    }
}

/* A close without a limit that nothing can end. It closes all the same. */
SIM_PAIR_TEST(a_peer_that_never_ends_is_a_deadlock)
{
    assert_code(fer_tcp_stream_close_gracefully(&ends->stream, FER_DURATION_NONE), FER_DEADLOCK, 0);
    assert_true(fer_tcp_stream_as_raw(&ends->stream) == FER_RAW_SOCKET_NONE);
}

TEST_MAIN("sim_lingering")
