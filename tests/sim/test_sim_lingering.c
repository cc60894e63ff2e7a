/* test_sim_lingering.c: in virtual time: when an accept within limits ends, and what a lingering
 * close makes sure of (rules T2, K2, K7, K11). */
#include "sim/sim_test.h"

enum { ROUNDS = 64, CANCEL_MS = 250, SLICE_END_MS = 260, TIMEOUT_MS = 400 };

static fer_cancel_token token;

static void cancel(void *context)
{
    (void)context;
    FER_IGNORE(fer_cancel_token_cancel(&token));
}

static void token_begin(void)
{
    memset(&token, 0, sizeof token);
    assert_ok(fer_cancel_token_new(&token));
}

/* ---- accept */

static fer_tcp_listener listening(const char *text)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addr = addr_of(text);
    assert_ok(fer_tcp_listener_bind_addr(&listener, &addr));
    return listener;
}

static fer_error accept_one(fer_tcp_listener *listener)
{
    fer_tcp_stream stream = {0};
    fer_error error = fer_tcp_listener_accept(listener, &stream, NULL);
    fer_tcp_stream_close(&stream);
    return error;
}

/* T2: neither early nor late, also if nothing else can happen. */
SIM_TEST(an_accept_ends_at_its_timeout)
{
    fer_tcp_listener listener = listening("127.0.0.1:80");
    fer_tcp_listener clone = {0};
    assert_ok(fer_tcp_listener_try_clone(&listener, &clone));
    assert_ok(
        fer_socket_set_read_timeout(fer_tcp_listener_as_socket(&listener), millis(TIMEOUT_MS)));
    for (int i = 0; i < 3; i++) {
        assert_takes(TIMEOUT_MS,
                     assert_code(accept_one(i == 1 ? &clone : &listener), FER_TIMED_OUT, 0));
    }
    assert_ok(fer_socket_set_read_timeout(fer_tcp_listener_as_socket(&clone), FER_DURATION_NONE));
    assert_code(accept_one(&listener), FER_DEADLOCK, 0);
    fer_tcp_listener_close(&listener);
    fer_tcp_listener_close(&clone);
}

/* K2. A select on Windows notices the cancel at the end of a slice. */
SIM_TEST(a_cancel_ends_an_accept)
{
    token_begin();
    fer_tcp_listener listener = listening("127.0.0.1:80");
    const fer_limits limits = {.token = &token};
    assert_ok(fer_tcp_listener_set_limits(&listener, &limits));
    for (int i = 0; i < 2; i++) {
        uint64_t began = now_ms();
        assert_ok(fer_tcp_listener_set_nonblocking(&listener, i == 0));
        assert_ok(fer_tcp_listener_set_nonblocking(&listener, false));
        assert_ok(fer_sim_after(millis(CANCEL_MS), cancel, NULL));
        assert_code(accept_one(&listener), FER_CANCELLED, 0);
        assert_int_equal(now_ms() - began, is_winsock() ? SLICE_END_MS : CANCEL_MS);
        assert_ok(fer_cancel_token_reset(&token));
    }
    fer_tcp_listener_close(&listener);
    fer_cancel_token_close(&token);
}

/* ---- close_gracefully */

/* A peer that receives everything, waits, and ends. */
static const fer_sim_step polite[] = {{.action = FER_SIM_ACTION_RECEIVE_TO_END},
                                      {.action = FER_SIM_ACTION_CLOSE, .delay = {100 * 1000000}}};

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

SIM_CONFIG_TEST(it_waits_for_a_peer_that_ends_after_the_end)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        sim_begin();
        struct ends ends = connected();
        assert_ok(fer_sim_peer_play(ends.peer, polite, 2));
        assert_ok(fer_tcp_stream_set_nonblocking(&ends.stream, nonblocking != 0));
        assert_ok(fer_tcp_stream_write_all(&ends.stream, "hello", 5, NULL));
        uint64_t began = now_ms();
        assert_ok(fer_tcp_stream_close_gracefully(&ends.stream, millis(TIMEOUT_MS)));
        assert_in_range(now_ms() - began, 100, 110);
        assert_ok(fer_sim_stop(NULL));
    }
}

SIM_CONFIG_TEST(it_ends_at_its_timeout_although_the_peer_sends)
{
    static const fer_sim_step talkative[] = {
        {.action = FER_SIM_ACTION_SEND, .delay = {150 * 1000000}, .bytes = "x", .len = 1},
        {.action = FER_SIM_ACTION_SEND, .delay = {150 * 1000000}, .bytes = "y", .len = 1},
        {.action = FER_SIM_ACTION_SEND, .delay = {150 * 1000000}, .bytes = "z", .len = 1},
    };
    sim_begin();
    struct ends ends = connected();
    assert_ok(fer_sim_peer_play(ends.peer, talkative, 3));
    assert_ok(fer_tcp_stream_set_read_timeout(&ends.stream, millis(10)));
    assert_takes(TIMEOUT_MS,
                 assert_code(fer_tcp_stream_close_gracefully(&ends.stream, millis(TIMEOUT_MS)),
                             FER_TIMED_OUT, 0));
    fer_sim_peer_close(ends.peer);
}

SIM_TEST(a_cancel_and_a_deadline_end_it_at_their_time)
{
    token_begin();
    for (int has_deadline = 0; has_deadline < 2; has_deadline++) {
        struct ends ends = connected();
        const fer_limits limits = {
            .deadline = has_deadline != 0 ? fer_instant_after(millis(CANCEL_MS)) : FER_INSTANT_NONE,
            .token = &token};
        assert_ok(fer_tcp_stream_set_limits(&ends.stream, &limits));
        uint64_t began = now_ms();
        if (has_deadline == 0) {
            assert_ok(fer_sim_after(millis(CANCEL_MS), cancel, NULL));
        }
        fer_error error = fer_tcp_stream_close_gracefully(&ends.stream, FER_DURATION_NONE);
        assert_code(error, has_deadline != 0 ? FER_TIMED_OUT : FER_CANCELLED, 0);
        assert_int_equal(now_ms() - began, CANCEL_MS);
        assert_ok(fer_cancel_token_reset(&token));
        fer_sim_peer_close(ends.peer);
    }
    fer_cancel_token_close(&token);
}

/* A close without a limit that nothing can end. It closes all the same. */
SIM_PAIR_TEST(a_peer_that_never_ends_is_a_deadlock)
{
    assert_code(fer_tcp_stream_close_gracefully(&ends->stream, FER_DURATION_NONE), FER_DEADLOCK, 0);
    assert_true(fer_tcp_stream_as_raw(&ends->stream) == FER_RAW_SOCKET_NONE);
    fer_sim_peer_close(ends->peer);
}

TEST_MAIN("sim_lingering")
