/* test_connect_attempts.c: the seam calls of connection attempts to several addresses, the list of
 * failures (rules K8a, K9), and attempts within a deadline and a token (rules K1, K8). */
#include "unit/attempts_fixture.h"
#include "unit/scripted_platform.h"

#define PENDING_TEST(function) SCRIPT_TEST_AFTER(begin_pending(&script_posix), function)

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

/* ---- One attempt */

/* macOS is reported to have a socket that is writable and never connects (socket2, issue 652). */
static void begin_hints(void)
{
    begin_pending(&script_bsd);
    script_queue("wait_for_connects* 1, peer_addr* NOT_CONNECTED:57, connect_is_pending* 1");
}

SCRIPT_TEST(a_second_hint_ends_a_connect_that_is_not_pending)
{
    begin_hints();
    assert_error(connect_one(A), FER_CONNECTION_ABORTED, 0);
    assert_int_equal(script.times[SCRIPT_WAIT_FOR_CONNECTS], 2);
}

/* The first query, the second one, and the one after a second hint. The attempt may have connected,
 * so its socket is reset. */
SCRIPT_TEST(a_status_that_cannot_be_queried_ends_the_call)
{
    static const char *const results[] = {"take_error NO_BUFFER_SPACE:55",
                                          "take_error 0 NO_BUFFER_SPACE:55",
                                          "take_error 0 0 NO_BUFFER_SPACE:55"};
    for (size_t i = 0; i < 3; i++) {
        begin_hints();
        script_queue(results[i]);
        assert_error(connect_two(A, B), FER_NO_BUFFER_SPACE, 55);
        assert_int_equal(script.times[SCRIPT_CONNECT], 1);
        assert_int_equal(script.times[SCRIPT_SET_LINGER], 1);
        assert_error(failures[0].error, FER_NO_BUFFER_SPACE, 55);
    }
}

BEGUN_TEST(port_0_is_refused_without_a_call)
{
    assert_error_log(connect_two("192.0.2.1:0", "192.0.2.2:0"), FER_CONNECTION_REFUSED, 0, "");
    assert_int_equal(failed, 2);
}

BEGUN_TEST(a_mapped_address_gets_a_dual_stack_socket)
{
    assert_ok(connect_one("[::ffff:192.0.2.1]:80"));
    assert_non_null(strstr(script.log, "socket(v6) set_option(1,ONLY_V6,0) set_nonblocking"));
}

/* ---- Several attempts */

PENDING_TEST(the_next_attempt_starts_beside_the_first_after_the_delay)
{
    script_queue("wait_for_connects TIMED_OUT 2");
    assert_ok(connect_two(A, A6));
    assert_non_null(strstr(script.log, "wait_for_connects(1,1," DELAY_END ") socket(v6)"));
    assert_non_null(strstr(script.log, "set_linger(1,1,0) close(1) set_nonblocking(2,0)"));
    assert_int_equal(failed, 0);
    assert_int_equal(fer_tcp_stream_as_raw(&stream), 2);
    assert_true(feri_handle_has_flag(&stream.handle_, FERI_FLAG_V6));
}

PENDING_TEST(an_attempt_that_fails_starts_the_next_one_immediately)
{
    script_default(SCRIPT_WAIT_FOR_CONNECTS)->elapsed = 5 * MS;
    script_queue("wait_for_connects 1 1, take_error +CONNECTION_REFUSED:111");
    assert_ok(connect_two(A, B));
    assert_int_equal(script.times[SCRIPT_PAUSE], 0);
    assert_int_equal(fer_tcp_stream_as_raw(&stream), 2);
    assert_int_equal(failed, 1);
    assert_failure(0, A, FER_CONNECTION_REFUSED, 111, 5 * MS);
}

PENDING_TEST(of_two_simultaneous_connections_the_earlier_attempt_is_taken)
{
    script_queue("wait_for_connects TIMED_OUT 3");
    assert_ok(connect_two(A, B));
    assert_int_equal(fer_tcp_stream_as_raw(&stream), 1);
    assert_non_null(strstr(script.log, "set_linger(2,1,0) close(2) set_nonblocking(1,0)"));
    assert_int_equal(failed, 0);
}

/* The first attempt ends after the second one: the list is in the order of the ends, and the error
 * that of the last address. */
PENDING_TEST(failures_are_listed_in_the_order_in_which_they_ended)
{
    script_queue("wait_for_connects TIMED_OUT 2 1, "
                 "take_error +CONNECTION_REFUSED:111 +HOST_UNREACHABLE:113");
    assert_error(connect_two(A, B), FER_CONNECTION_REFUSED, 111);
    assert_int_equal(failed, 2);
    assert_failure(0, B, FER_CONNECTION_REFUSED, 111, 0);
    assert_failure(1, A, FER_HOST_UNREACHABLE, 113, 250 * MS);
}

BEGUN_TEST(failures_beyond_the_list_are_counted)
{
    options.failures_cap = 1;
    script_queue("connect* CONNECTION_REFUSED:111");
    assert_error(connect_two(A, B), FER_CONNECTION_REFUSED, 111);
    assert_int_equal(failed, 2);
    assert_failure(0, A, FER_CONNECTION_REFUSED, 111, 0);
    assert_int_equal(failures[1].error.kind, FER_OK);
}

/* ---- Options */

/* K9: the error is that of the last address that was tried, wherever the others are. */
SCRIPT_TEST(an_address_that_local_does_not_fit_does_not_decide)
{
    static const struct {
        const char *one, *other, *results;
        fer_error_kind kind;
        int32_t code;
    } rows[] = {{A, A6, "connect CONNECTION_REFUSED:111", FER_CONNECTION_REFUSED, 111},
                {A6, A, "connect CONNECTION_REFUSED:111", FER_CONNECTION_REFUSED, 111},
                {A, A6, "connect INVALID_INPUT:22", FER_INVALID_INPUT, 22},
                {A6, A6, "", FER_INVALID_INPUT, 0}};
    fer_socket_addr local = script_addr("192.0.2.9:0");
    for (size_t i = 0; i < 4; i++) {
        begin(&script_posix);
        options.local = &local;
        script_queue(rows[i].results);
        assert_error(connect_two(rows[i].one, rows[i].other), rows[i].kind, rows[i].code);
        assert_int_equal(failed, 2);
    }
    assert_log("");
}

BEGUN_TEST(a_bind_that_fails_fails_that_attempt)
{
    fer_socket_addr local = script_addr("192.0.2.9:0");
    options.local = &local;
    script_then_fail(SCRIPT_BIND, FER_ADDR_NOT_AVAILABLE, 99);
    assert_ok(connect_two(A, B));
    assert_failure(0, A, FER_ADDR_NOT_AVAILABLE, 99, 0);
    assert_non_null(strstr(script.log,
                           "set_option(1,CONNECT_CHOOSES_PORT,1) bind(1,192.0.2.9:0) close(1) "
                           "socket(v4) set_option(2,CONNECT_CHOOSES_PORT,1) bind(2"));
}

PENDING_TEST(a_local_port_has_one_attempt_after_another)
{
    fer_socket_addr local = script_addr("192.0.2.9:99");
    options.local = &local;
    options.attempt_delay = (fer_duration){1};
    script_queue("wait_for_connects 1");
    assert_ok(connect_two(A, B));
    assert_int_equal(script.times[SCRIPT_SOCKET], 1);
    assert_non_null(strstr(script.log, "set_option(1,REUSE_ADDRESS,1) bind(1,192.0.2.9:99)"));
    assert_non_null(strstr(script.log, "wait_for_connects(1,1,ever)"));
}

BEGUN_TEST(bad_arguments_are_refused_and_the_count_is_set)
{
    fer_socket_addr addr = script_addr(A);
    fer_socket_addr bad = {.ip = {.family = (fer_ip_family)9}};
    assert_error(connect_all(&addr, 0), FER_INVALID_INPUT, 0);
    assert_int_equal(failed, 0);
    assert_error(connect_all(NULL, 1), FER_MISUSE, 0);
    assert_error(connect_all(&bad, 1), FER_INVALID_INPUT, 0);
    options.failures = NULL;
    assert_error(connect_all(&addr, 1), FER_MISUSE, 0);
    options.failures_cap = 0;
    options.local = &bad;
    assert_error(connect_all(&addr, 1), FER_INVALID_INPUT, 0);
    options.local = NULL;
    options.limits.token = &token; /* not open */
    assert_error(connect_all(&addr, 1), FER_MISUSE, 0);
    assert_error_log(fer_tcp_stream_connect_addrs(NULL, &addr, 1, NULL), FER_MISUSE, 0, "");
}

/* ---- Limits, and waits that end without a result */

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

PENDING_TEST(a_cancel_closes_every_attempt_and_each_is_a_failure)
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

PENDING_TEST(the_deadline_does_not_begin_anew_with_an_attempt)
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
PENDING_TEST(a_signal_ends_an_interruptible_wait)
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

TEST_MAIN("connect_attempts")
