/* test_connect_attempts_limits.c: connection attempts within a deadline and a token (rules K1, K8),
 * and waits that end without a result. */
#include "unit/attempts_fixture.h"
#include "unit/scripted_platform.h"

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin_pending(&script_posix), function)

static void open_token(void)
{
    assert_ok(fer_cancel_token_new(&token));
    options.limits.token = &token;
    script.log[0] = '\0';
}

/* The n-th such call cancels, in place of another thread or of a signal's handler. */
static script_call cancelled_in;
static uint64_t cancelled_at;

static void cancel(script_call call)
{
    if (call == cancelled_in && script.times[call] == cancelled_at) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

static void cancel_in(script_call call, uint64_t nth)
{
    cancelled_in = call;
    cancelled_at = nth;
    script.on_call = cancel;
}

BEGUN_TEST(a_cancel_closes_every_attempt_and_each_is_a_failure)
{
    open_token();
    options.attempt_delay = (fer_duration){7};
    script_queue("wait_for_connects TIMED_OUT 0"); /* the token ends the second one */
    cancel_in(SCRIPT_WAIT_FOR_CONNECTS, 2);
    assert_error(connect_two(A, B), FER_CANCELLED, 0);
    assert_int_equal(failed, 2);
    assert_failure(0, A, FER_CANCELLED, 0, 7);
    assert_failure(1, B, FER_CANCELLED, 0, 0);
    assert_non_null(strstr(script.log, "set_linger(1,1,0) close(1)"));
    assert_non_null(strstr(script.log, "set_linger(2,1,0) close(2)"));
}

BEGUN_TEST(the_deadline_does_not_begin_anew_with_an_attempt)
{
    options.limits.deadline = fer_instant_after((fer_duration){20});
    options.attempt_timeout = (fer_duration){15};
    script_queue("wait_for_connects* TIMED_OUT");
    assert_error(connect_two(A, B), FER_TIMED_OUT, 0);
    assert_int_equal(script.now, 1020);
    assert_failure(0, A, FER_TIMED_OUT, 0, 15);
    assert_failure(1, B, FER_TIMED_OUT, 0, 5);
}

SCRIPT_TEST(a_signal_restarts_the_wait_unless_its_handler_cancels)
{
    begin_pending(&script_posix);
    open_token();
    script_queue("wait_for_connects INTERRUPTED:4 1");
    assert_ok(connect_one(A));
    begin_pending(&script_posix);
    open_token();
    script_queue("wait_for_connects INTERRUPTED:4");
    cancel_in(SCRIPT_WAIT_FOR_CONNECTS, 1);
    assert_error(connect_one(A), FER_CANCELLED, 0);
    assert_failure(0, A, FER_CANCELLED, 0, 0);
}

/* I4. The deadline precedes the signal. */
BEGUN_TEST(a_signal_ends_an_interruptible_wait)
{
    options.limits.interruptible = true;
    assert_forwards(SCRIPT_WAIT_FOR_CONNECTS, FER_INTERRUPTED, 4, connect_one(A));
    assert_int_equal(script.times[SCRIPT_CLOSE], 1);
    options.limits.deadline = fer_instant_after((fer_duration){500});
    script_default(SCRIPT_WAIT_FOR_CONNECTS)->elapsed = 500;
    script_queue("wait_for_connects INTERRUPTED:4");
    assert_error(connect_one(A), FER_TIMED_OUT, 0);
}

SCRIPT_TEST(a_cancel_is_noticed_between_attempts_that_fail_immediately)
{
    fer_socket_addr addrs[] = {script_addr(A), script_addr(B), script_addr(A)};
    begin(&script_posix);
    open_token();
    script_queue("connect* CONNECTION_REFUSED:111");
    cancel_in(SCRIPT_CONNECT, 2);
    assert_error(connect_all(addrs, 3), FER_CANCELLED, 0);
    assert_int_equal(failed, 2);
}

SCRIPT_TEST(a_wait_that_fails_ends_the_call_with_its_error)
{
    begin_pending(&script_windows);
    assert_forwards(SCRIPT_WAIT_FOR_CONNECTS, FER_DEADLOCK, 0, connect_one(A));
    assert_failure(0, A, FER_DEADLOCK, 0, 0);
    /* With an OS code it is an error of the wait, and not the end of its time. */
    begin_pending(&script_windows);
    assert_forwards(SCRIPT_WAIT_FOR_CONNECTS, FER_CONNECTION_TIMED_OUT, 10060, connect_one(A));
    assert_int_equal(script.times[SCRIPT_WAIT_FOR_CONNECTS], 1);
}

TEST_MAIN("connect_attempts_limits")
