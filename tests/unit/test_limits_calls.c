/* test_limits_calls.c: limits of the calls that are more than one try: complete transfers and
 * readiness; and what comes before the limits. Single calls: test_waiting_limits.c. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"

static size_t n;

#define MILLI UINT64_C(1000000)
#define DEADLINE (1000 + 50 * MILLI)

static fer_cancel_token token;
static fer_tcp_stream stream;
static char buf[16];

static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&token, 0, sizeof token);
    memset(&stream, 0, sizeof stream);
    assert_ok(fer_cancel_token_new(&token));
    stream.handle_ = script_stream(0);
    script.log[0] = '\0';
}

static void limit(uint64_t deadline)
{
    const fer_limits limits = {.deadline = feri_instant_at(deadline), .token = &token};
    assert_ok(fer_tcp_stream_set_limits(&stream, &limits));
}

static void begin_with_deadline(const struct ferp_traits *traits)
{
    begin(traits);
    limit(DEADLINE);
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin_with_deadline(&script_posix), function)

static void begin_cancelled(void)
{
    begin(&script_posix);
    limit(0);
    assert_ok(fer_cancel_token_cancel(&token));
    script.log[0] = '\0';
}

#define CANCELLED_TEST(function) SCRIPT_TEST_AFTER(begin_cancelled(), function)

static void would_block(script_call call)
{
    script_then_fail(call, FER_WOULD_BLOCK, 11);
}

/* ---- What a wait reports */

/* K2, S5: the failure of a wait, or of a query, says nothing about the connection. An unknown error
 * of a receive or a send would end it. */
SCRIPT_TEST(the_wait_s_own_failure_changes_nothing)
{
    static const fer_error failures[] = {{FER_INVALID_INPUT, 22},
                                         {FER_UNCATEGORIZED, 5},
                                         {FER_PERMISSION_DENIED, 1},
                                         {FER_TOO_MANY_OPEN_FILES, 22}};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        begin_with_deadline(&script_posix);
        would_block(SCRIPT_TRY_RECV);
        script_then_fail(SCRIPT_WAIT_FOR, failures[i].kind, failures[i].os_code);
        assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), failures[i].kind,
                     failures[i].os_code);
        would_block(SCRIPT_TRY_SEND);
        script_then_fail(SCRIPT_WAIT_FOR, failures[i].kind, failures[i].os_code);
        assert_error(fer_tcp_stream_write(&stream, buf, 1, NULL), failures[i].kind,
                     failures[i].os_code);
        script_then_move(SCRIPT_TRY_RECV, 1);
        script_then_move(SCRIPT_TRY_SEND, 1);
        assert_ok(fer_tcp_stream_read(&stream, buf, 1, NULL));
        assert_ok(fer_tcp_stream_write(&stream, buf, 1, NULL));
    }
}

SCRIPT_TEST(a_query_that_fails_changes_nothing)
{
    static const script_call queries[] = {SCRIPT_IS_NONBLOCKING, SCRIPT_TIMEOUT};
    for (size_t i = 0; i < 2; i++) {
        begin(&script_posix);
        stream.handle_ = script_stream(FERI_FLAG_CLONED);
        would_block(SCRIPT_RECV);
        script_then_fail(queries[i], FER_INVALID_INPUT, 22);
        assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), FER_INVALID_INPUT, 22);
        would_block(SCRIPT_SEND);
        script_then_fail(queries[i], FER_UNCATEGORIZED, 5);
        assert_error(fer_tcp_stream_write(&stream, buf, 1, NULL), FER_UNCATEGORIZED, 5);
        script_then_move(SCRIPT_RECV, 1);
        script_then_move(SCRIPT_SEND, 1);
        assert_ok(fer_tcp_stream_read(&stream, buf, 1, NULL));
        assert_ok(fer_tcp_stream_write(&stream, buf, 1, NULL));
    }
}

/* The error of the socket that a wait has taken from the system is the result of a receive. */
SCRIPT_TEST(an_error_of_the_socket_that_a_wait_took_ends_the_stream)
{
    begin(&script_windows);
    script_then_fail(SCRIPT_RECV, FER_WOULD_BLOCK, 10035);
    script_then(SCRIPT_WAIT_FOR)->pending = (fer_error){FER_CONNECTION_ABORTED, 10053};
    assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
    assert_error(fer_tcp_stream_write(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
    assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
}

/* ---- Complete transfers: one deadline for the whole call, and their counts */

/* Two parts arrive, and a wait follows each of them: 30 ms, and then until the deadline. */
SCRIPT_TEST(read_exact_has_one_deadline_and_reports_its_count)
{
    begin_with_deadline(&script_windows);
    script_then_move(SCRIPT_TRY_RECV, 3);
    would_block(SCRIPT_TRY_RECV);
    script_then(SCRIPT_WAIT_FOR)->elapsed = 30 * MILLI;
    script_then_move(SCRIPT_TRY_RECV, 2);
    would_block(SCRIPT_TRY_RECV);
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_error_n(fer_tcp_stream_read_exact(&stream, buf, 16, &n), FER_TIMED_OUT, 0, n, 5);
    assert_log("try_recv(1,16) try_recv(1,13) wait_arm(1,READABLE) wait_for(50001000,token) "
               "try_recv(1,13) try_recv(1,11) wait_arm(1,READABLE) wait_for(50001000,token)");
    assert_true(script.now == DEADLINE);
}

static void cancel_in_the_wait(script_call call)
{
    if (call == SCRIPT_WAIT_FOR || call == SCRIPT_READY) {
        script.on_call = NULL;
        assert_int_equal(fer_cancel_token_cancel(&token).kind, FER_OK);
    }
}

SCRIPT_TEST(a_signal_does_not_end_a_transfer_but_its_cancel_does)
{
    for (int cancels = 0; cancels < 2; cancels++) {
        begin_with_deadline(&script_posix);
        script_then_move(SCRIPT_TRY_RECV, 3);
        would_block(SCRIPT_TRY_RECV);
        script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
        if (cancels == 1) {
            script.on_call = cancel_in_the_wait;
        } else {
            script_then_move(SCRIPT_TRY_RECV, 5);
        }
        assert_error_n(fer_tcp_stream_read_exact(&stream, buf, 8, &n),
                       cancels == 1 ? FER_CANCELLED : FER_OK, 0, n, cancels == 1 ? 3 : 8);
    }
}

/* ---- K1: what comes before the limits */

CANCELLED_TEST(the_saved_error_comes_before_the_limits_and_queued_input_after)
{
    assert_true(feri_handle_fail(&stream.handle_, FERI_EVENT_GOT_RESET,
                                 (fer_error){FER_CONNECTION_RESET, 104}));
    assert_error(fer_tcp_stream_write(&stream, buf, 1, &n), FER_CONNECTION_RESET, 104);
    assert_error(fer_tcp_stream_read(&stream, buf, 1, &n), FER_CONNECTION_RESET, 104);
    script_then(SCRIPT_BYTES_QUEUED)->value = 1;
    assert_error(fer_tcp_stream_read(&stream, buf, 1, &n), FER_CANCELLED, 0);
    assert_int_equal(script.times[SCRIPT_TRY_RECV], 0);
}

/* ---- K3a: readiness */

static fer_error wait_ready(fer_interest interest, fer_duration timeout, fer_interest *ready)
{
    return fer_tcp_stream_ready(&stream, interest, timeout, ready);
}

BEGUN_TEST(readiness_checks_first_and_waits_for_the_token_too)
{
    fer_interest ready = 77;
    script_then(SCRIPT_READY)->value = FER_READABLE;
    assert_ok_n(wait_ready(FER_READABLE, FER_DURATION_NONE, &ready), ready, FER_READABLE);
    assert_log("ready(1,r,50001000,token)");
    ready = 77;
    limit(1000);
    assert_error(wait_ready(FER_READABLE, FER_DURATION_NONE, &ready), FER_TIMED_OUT, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    script.log[0] = '\0';
    assert_error(wait_ready(FER_READABLE, FER_DURATION_NONE, &ready), FER_CANCELLED, 0);
    assert_error(wait_ready(FER_READABLE, fer_duration_from_nanos(0), &ready), FER_CANCELLED, 0);
    assert_int_equal(ready, 77);
    assert_log("");
}

BEGUN_TEST(a_cancel_ends_readiness_and_a_signal_does_not)
{
    fer_interest ready = 77;
    script_then_fail(SCRIPT_READY, FER_INTERRUPTED, 4);
    script_then(SCRIPT_READY)->value = FER_WRITABLE;
    assert_ok_n(wait_ready(FER_WRITABLE, FER_DURATION_NONE, &ready), ready, FER_WRITABLE);
    ready = 77;
    script_then_fail(SCRIPT_READY, FER_INTERRUPTED, 4);
    script.on_call = cancel_in_the_wait;
    assert_error(wait_ready(FER_WRITABLE, FER_DURATION_NONE, &ready), FER_CANCELLED, 0);
    assert_ok(fer_cancel_token_reset(&token));
    (void)script_then(SCRIPT_READY); /* the wakeup of the token: nothing is ready */
    script.on_call = cancel_in_the_wait;
    assert_error(wait_ready(FER_WRITABLE, FER_DURATION_NONE, &ready), FER_CANCELLED, 0);
    assert_int_equal(ready, 77);
}

CANCELLED_TEST(a_half_that_has_ended_is_ready_whatever_the_limits)
{
    fer_interest ready = 77;
    assert_true(feri_handle_apply(&stream.handle_, FERI_EVENT_SHUT_READ));
    assert_ok_n(wait_ready(FER_READABLE, FER_DURATION_NONE, &ready), ready, FER_READABLE);
}

SCRIPT_TEST(readiness_of_other_handles_is_limited_too)
{
    fer_interest ready = 77;
    fer_udp_socket udp = {0};
    begin(&script_windows);
    udp.handle_ = script_stream(0);
    const fer_limits limits = {.token = &token};
    assert_ok(fer_udp_socket_set_limits(&udp, &limits));
    script_then(SCRIPT_READY)->value = FER_READABLE;
    assert_ok(fer_udp_socket_ready(&udp, FER_READABLE, FER_DURATION_NONE, &ready));
    assert_log("ready(2,r,ever,token)");
    assert_ok(fer_cancel_token_cancel(&token));
    assert_error_log(fer_udp_socket_ready(&udp, FER_READABLE, FER_DURATION_NONE, &ready),
                     FER_CANCELLED, 0, "token_signal()");
}

TEST_MAIN("limits_calls")
