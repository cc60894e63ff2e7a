/* limits.c: rules K1, K3 and K6's side that can be seen: when a call looks at its handle's limits,
 * and which handles have them. How a wait ends: limits_ends.c and limits_threads.c. */
#include "ferrule/socket.h"
#include "support/limits_fixture.h"

/* K1: "CANCELLED if the token is cancelled, ... TIMED_OUT if the deadline is reached, whatever is
 * ready", with os_code 0. Nothing is taken, and nothing is sent. */
LIMITS_TEST("K1", every_call_checks_its_limits_although_it_is_ready)
{
    struct limits_set set;
    char buf[8];
    size_t n = 0;
    fer_udp_received got;
    const fer_limits each[] = {limits_with_token(), limits_past()};
    assert_ok(fer_cancel_token_cancel(&limits_token));
    limits_set_open(&set);
    limits_set_send(&set);
    for (size_t i = 0; i < 4 * (size_t)LIMITS_CALLS; i++) {
        const struct limits_call *call = &limits_calls[i / 4];
        limits_set_apply(&set, &each[i / 2 % 2]);
        if (limits_has(&set, call)) {
            limits_expect(&set, call, i / 2 % 2 == 0 ? FER_CANCELLED : FER_TIMED_OUT);
        }
    }
    limits_set_apply(&set, NULL);
    assert_ok(fer_tcp_stream_read_exact(set.stream, buf, 4, &n));
    assert_memory_equal(buf, "data", 4);
    assert_ok(fer_udp_socket_recv(set.udp.socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 4);
    assert_exchange(set.full, set.full_other);
    if (set.unix_stream != NULL) {
        assert_ok(fer_unix_stream_read_exact(set.unix_stream, buf, 4, &n));
        assert_unix_exchange(set.unix_full, set.unix_full_other);
    }
}

/* K1: "An answer that the state of the handle gives ... precedes the check." */
LIMITS_PAIR_TEST("K1", the_state_of_the_handle_precedes_its_limits)
{
    fer_tcp_stream *stream = &pair->stream;
    const fer_limits limits = limits_with_token();
    char buf[4];
    size_t n = 77;
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_own(fer_tcp_stream_read(stream, NULL, 1, &n), FER_MISUSE);
    assert_ok(fer_tcp_stream_read(stream, buf, 0, &n));
    assert_ok(fer_tcp_stream_write(stream, buf, 0, &n));
    assert_own(fer_tcp_stream_read(stream, buf, 1, &n), FER_CANCELLED);
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    assert_reads_end(stream);
    assert_kind(fer_tcp_stream_write(stream, "x", 1, &n), FER_BROKEN_PIPE);
    fer_tcp_stream_close(stream);
    assert_closed(stream);
}

static void assert_would_block(fer_error error, const char *name)
{
    if (error.kind != FER_WOULD_BLOCK) {
        fail_msg("%s: %s", name, fer_error_kind_name(error.kind));
    }
}

/* K1: "the `_try_...` calls ... make no check, nor do other calls on a nonblocking socket." For the
 * first see never_waiting.c. */
LIMITS_TEST("K1", calls_on_a_nonblocking_socket_never_check)
{
    struct limits_set set;
    const fer_limits limits = limits_with_token();
    limits_set_open(&set);
    limits_set_fill(&set);
    limits_set_apply(&set, &limits);
    limits_set_nonblocking(&set, true);
    assert_ok(fer_cancel_token_cancel(&limits_token));
    for (size_t i = 0; i < LIMITS_CALLS; i++) {
        const struct limits_call *call = &limits_calls[i];
        bool waits = call->kind == LIMITS_RECEIVES || call->kind == LIMITS_SENDS;
        size_t n = 77;
        if (limits_has(&set, call) && waits) {
            assert_would_block(call->run(&set, &n), call->name);
        } else if (limits_has(&set, call) && call->kind == LIMITS_SENDS_DATAGRAM) {
            assert_ok(call->run(&set, &n));
        }
    }
}

/* K1: "Getters, setters, shutdown, close, ... make no check". */
LIMITS_PAIR_TEST("K1", getters_setters_shutdown_and_close_never_check)
{
    fer_tcp_stream *stream = &pair->stream;
    fer_limits limits = limits_with_token();
    fer_socket_addr addr;
    fer_duration timeout;
    fer_error pending;
    bool on = false;
    limits.deadline = fer_instant_now();
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_ok(fer_tcp_stream_peer_addr(stream, &addr));
    assert_ok(fer_tcp_stream_local_addr(stream, &addr));
    assert_ok(fer_tcp_stream_set_nodelay(stream, true));
    assert_ok(fer_tcp_stream_nodelay(stream, &on));
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(9000)));
    assert_ok(fer_tcp_stream_read_timeout(stream, &timeout));
    assert_ok(fer_tcp_stream_take_error(stream, &pending));
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_true(peer_raw_wait_readable(pair->other));
    fer_tcp_stream_close(stream);
    assert_closed(stream);
}

/* ---- K3 */

/* K3: "The earlier of timeout and deadline counts." */
LIMITS_PAIR_TEST("K3", the_earlier_of_timeout_and_deadline_counts)
{
    char byte = '\0';
    for (int deadline_is_first = 0; deadline_is_first < 2; deadline_is_first++) {
        uint64_t start = peer_now_us();
        const fer_limits limits = limits_after_millis(deadline_is_first == 1 ? 40 : 60000);
        assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream,
                                                  millis(deadline_is_first == 1 ? 60000 : 40)));
        assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
        uint64_t took = microseconds_since(start);
        assert_true(took + NOT_SOONER_SLACK_US >= 40000 && took < 30000000);
    }
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, NULL));
    assert_alive(pair);
}

/* K3: "Limits belong to the handle and not to the socket: clones, ... begin without." */
LIMITS_PAIR_TEST("K3", limits_are_the_handle_s_and_a_clone_begins_without)
{
    fer_tcp_stream *clone = test_stream();
    const fer_limits limits = limits_with_token();
    char byte = '\0';
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CANCELLED);
    assert_exchange(clone, pair->other);
    const fer_limits past = limits_past();
    assert_ok(fer_tcp_stream_set_limits(clone, &past));
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, NULL));
    assert_own(fer_tcp_stream_read(clone, &byte, 1, NULL), FER_TIMED_OUT);
    assert_alive(pair);
}

/* K3: "what a handle is turned into begin without." Accepted streams: listener_limits.c. */
LIMITS_TEST("K3", converted_handles_begin_without)
{
    const fer_limits limits = limits_with_token();
    struct limits_set set;
    fer_tcp_stream *again = test_stream();
    fer_udp_socket *udp = test_udp();
    limits_set_open(&set);
    limits_set_apply(&set, &limits);
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_ok(fer_tcp_stream_from_raw(again, fer_tcp_stream_into_raw(set.stream)));
    assert_exchange(again, set.other);
    assert_ok(fer_socket_into_udp_socket(fer_udp_socket_as_socket(set.udp.socket), udp));
    assert_ok(fer_udp_socket_send(udp, "ping", 4, NULL));
}

/* ---- K3a */

/* K3a: "A `_ready` call whose own timeout expires is OK with none ready. A cancel or the deadline
 * ends it with CANCELLED or TIMED_OUT"; also on a nonblocking socket, because it waits in every
 * mode. */
LIMITS_PAIR_TEST("K3a", readiness_has_its_own_timeout_and_limits_in_every_mode)
{
    fer_tcp_stream *stream = &pair->stream;
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        fer_interest ready = 77;
        fer_limits limits = limits_with_token();
        limits.deadline = fer_instant_after(millis(60000));
        assert_ok(fer_tcp_stream_set_nonblocking(stream, nonblocking == 1));
        assert_ok(fer_tcp_stream_set_limits(stream, &limits));
        assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(0), &ready), ready, 0);
        assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(30), &ready), ready, 0);
        assert_ok(fer_cancel_token_cancel(&limits_token));
        assert_own_n(fer_tcp_stream_ready(stream, FER_WRITABLE, millis(0), &ready), FER_CANCELLED,
                     ready, 77);
        uint64_t start = peer_now_us();
        limits = limits_after_millis(40);
        assert_ok(fer_tcp_stream_set_limits(stream, &limits));
        assert_own_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(60000), &ready),
                     FER_TIMED_OUT, ready, 77);
        assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= 40000);
    }
}

RULE_TESTS("limits")
