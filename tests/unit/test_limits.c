/* test_limits.c: cancel tokens and the limits of a handle: their states, which handles have limits,
 * what takes them away, and the calls that are more than one try: readiness, and what comes before
 * the limits. How a single call waits within them: test_waiting_limits.c. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"

#define DEADLINE (1000 + 50 * UINT64_C(1000000))

static fer_cancel_token token, other_token;
static fer_tcp_stream stream;
static char buf[16];
static size_t n;

static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&token, 0, sizeof token);
    memset(&other_token, 0, sizeof other_token);
    assert_ok(fer_cancel_token_new(&token));
    assert_ok(fer_cancel_token_new(&other_token));
    stream = (fer_tcp_stream){script_stream(0)};
    script.log[0] = '\0';
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

/* ---- Tokens */

/* A token without a resource: every call is refused and asks nothing. */
static void assert_unusable(fer_cancel_token *unusable)
{
    assert_error(fer_cancel_token_cancel(unusable), FER_MISUSE, 0);
    assert_error(fer_cancel_token_reset(unusable), FER_MISUSE, 0);
    assert_error(unusable == NULL ? fer_cancel_token_new(NULL) : feri_token_check(unusable),
                 FER_MISUSE, 0);
    assert_false(fer_cancel_token_is_cancelled(unusable));
    assert_false(feri_token_is_open(unusable));
    fer_cancel_token_close(unusable);
    assert_log("");
}

BEGUN_TEST(null_new_and_closed_tokens_are_refused)
{
    fer_cancel_token never_made = {0};
    assert_unusable(NULL);
    assert_unusable(&never_made);
    fer_cancel_token_close(&token);
    assert_log("token_close()");
    assert_unusable(&token);
    token.p_.state_ = 0xBEBEBEBE; /* never initialized: no state that a token can have */
    assert_unusable(&token);
}

BEGUN_TEST(a_token_that_is_open_cannot_be_made_again)
{
    assert_error(fer_cancel_token_new(&token), FER_MISUSE, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_error(fer_cancel_token_new(&token), FER_MISUSE, 0);
    assert_true(fer_cancel_token_is_cancelled(&token));
    assert_log("token_signal()");
}

/* A call that checks the state before it waits must not miss the cancel that then wakes it. */
static void check_during_signal(script_call call)
{
    if (call == SCRIPT_TOKEN_SIGNAL) {
        assert_true(fer_cancel_token_is_cancelled(&token));
        assert_error(feri_token_check(&token), FER_CANCELLED, 0);
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

BEGUN_TEST(the_state_changes_before_the_waits_are_woken)
{
    script.on_call = check_during_signal;
    assert_ok_log(fer_cancel_token_cancel(&token), "token_signal()");
}

/* In place of the thread whose cancel, or whose change of limits, is in progress. */
static void end_in_second_pause(script_call call)
{
    if (call == SCRIPT_PAUSE && script.times[SCRIPT_PAUSE] == 2) {
        token.p_.state_ = FERI_TOKEN_CANCELLED;
        stream.handle_.p_.lock_ += stream.handle_.p_.lock_ % 2;
    }
}

BEGUN_TEST(a_reset_waits_for_the_end_of_a_cancel)
{
    token.p_.state_ = FERI_TOKEN_CANCELLING;
    script.on_call = end_in_second_pause;
    assert_ok_log(fer_cancel_token_reset(&token), "pause(1001000) pause(2001000) token_clear()");
    assert_ok(feri_token_check(&token));
}

/* ---- Limits */

static void limit(uint64_t deadline)
{
    const fer_limits limits = {.deadline = feri_instant_at(deadline), .token = &token};
    assert_ok(feri_set_limits(&stream.handle_, &limits));
}

static void assert_limits(const fer_handle *handle, uint64_t deadline,
                          const fer_cancel_token *wanted)
{
    feri_limits found = feri_limits_of(handle);
    assert_true(found.deadline == deadline);
    assert_ptr_equal(found.token, wanted);
    assert_int_equal(feri_handle_is_limited(handle),
                     wanted != NULL || deadline != FERP_NO_DEADLINE);
}

static void assert_no_limits(const fer_handle *handle)
{
    assert_limits(handle, FERP_NO_DEADLINE, NULL);
}

BEGUN_TEST(limits_are_those_that_were_set_last_and_make_no_call)
{
    const uint64_t deadlines[] = {
        0, 1, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32, FERP_NO_DEADLINE - 1};
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        limit(deadlines[i]);
        assert_false(feri_handle_is_fast_path(&stream.handle_));
        assert_limits(&stream.handle_, deadlines[i], &token);
    }
    const fer_limits only_token = {.token = &other_token};
    assert_ok(feri_set_limits(&stream.handle_, &only_token));
    assert_limits(&stream.handle_, FERP_NO_DEADLINE, &other_token);
    const fer_limits only_deadline = {.deadline = feri_instant_at(5)};
    assert_ok(feri_set_limits(&stream.handle_, &only_deadline));
    assert_limits(&stream.handle_, 5, NULL);
    assert_log("");
}

BEGUN_TEST(a_token_that_is_not_open_is_refused_and_changes_nothing)
{
    fer_cancel_token never_made = {0};
    fer_limits bad = {.deadline = feri_instant_at(5), .token = &never_made};
    assert_error(feri_set_limits(&stream.handle_, &bad), FER_MISUSE, 0);
    assert_no_limits(&stream.handle_);
    limit(9);
    assert_error(feri_set_limits(&stream.handle_, &bad), FER_MISUSE, 0);
    bad.token = &other_token;
    fer_cancel_token_close(&other_token);
    assert_error(feri_set_limits(&stream.handle_, &bad), FER_MISUSE, 0);
    assert_limits(&stream.handle_, 9, &token);
}

BEGUN_TEST(a_handle_without_a_socket_has_no_limits_and_is_never_flagged)
{
    fer_handle handle = {0};
    const fer_limits limits = {.deadline = feri_instant_at(9), .token = &token};
    assert_error(feri_set_limits(NULL, &limits), FER_MISUSE, 0);
    for (int i = 0; i < 4; i++) { /* new, claimed, filled, closed */
        bool is_open = i == 2;
        assert_ok(i == 1   ? feri_handle_claim(&handle)
                  : i == 2 ? feri_handle_fill(&handle, script_open_socket(), 0)
                           : feri_ok());
        if (i == 3) {
            feri_handle_close(&handle); /* which ends them */
        }
        assert_no_limits(&handle);
        assert_error(feri_set_limits(&handle, &limits), is_open ? FER_OK : FER_MISUSE, 0);
        assert_error(is_open ? feri_ok() : feri_set_limits(&handle, NULL),
                     is_open ? FER_OK : FER_MISUSE, 0);
        assert_int_equal(feri_handle_mark_limited(&handle, true), is_open);
    }
    assert_ok(feri_handle_claim(&handle));
    assert_ok(feri_handle_fill(&handle, script_open_socket(), 0));
    assert_no_limits(&handle); /* the next use begins without */
    assert_null(handle.p_.token_);
}

/* K4: a thread that is preempted while it changes them: the version stays odd. A real-time thread
 * on its processor lets it run. */
SCRIPT_TEST(a_reader_and_a_writer_pause_until_a_change_has_ended)
{
    for (int writes = 0; writes < 2; writes++) {
        begin(&script_posix);
        limit(2001);
        stream.handle_.p_.lock_++;
        script.on_call = end_in_second_pause;
        if (writes) {
            assert_ok(feri_set_limits(&stream.handle_, NULL));
            assert_no_limits(&stream.handle_);
        } else {
            assert_limits(&stream.handle_, 2001, &token);
        }
        assert_log("pause(1001000) pause(2001000)");
    }
}

/* ---- Calls */

SCRIPT_TEST_AFTER(begin(&script_windows), an_error_of_the_socket_that_a_wait_took_ends_the_stream)
{
    script_queue("recv WOULD_BLOCK:10035, wait_for +CONNECTION_ABORTED:10053");
    assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
    assert_error(fer_tcp_stream_write(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
    assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
}

/* K1 */
BEGUN_TEST(the_saved_error_precedes_the_limits_and_queued_input_does_not)
{
    limit(0);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_true(feri_handle_fail(&stream.handle_, FERI_EVENT_GOT_RESET,
                                 (fer_error){FER_CONNECTION_RESET, 104}));
    assert_error(fer_tcp_stream_write(&stream, buf, 1, &n), FER_CONNECTION_RESET, 104);
    assert_error(fer_tcp_stream_read(&stream, buf, 1, &n), FER_CONNECTION_RESET, 104);
    script_queue("bytes_queued 1");
    assert_error(fer_tcp_stream_read(&stream, buf, 1, &n), FER_CANCELLED, 0);
    assert_int_equal(script.times[SCRIPT_TRY_RECV], 0);
}

/* K3a */
BEGUN_TEST(readiness_checks_first_and_waits_for_the_token_too)
{
    fer_interest ready = 77;
    limit(DEADLINE);
    script_queue("ready 1");
    assert_ok_n(fer_tcp_stream_ready(&stream, FER_READABLE, FER_DURATION_NONE, &ready), ready,
                FER_READABLE);
    assert_log("ready(1,r,50001000,token)");
    ready = 77;
    limit(1000);
    assert_error(fer_tcp_stream_ready(&stream, FER_READABLE, FER_DURATION_NONE, &ready),
                 FER_TIMED_OUT, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    assert_error(fer_tcp_stream_ready(&stream, FER_READABLE, FER_DURATION_NONE, &ready),
                 FER_CANCELLED, 0);
    assert_error(fer_tcp_stream_ready(&stream, FER_READABLE, (fer_duration){0}, &ready),
                 FER_CANCELLED, 0);
    assert_int_equal(ready, 77);
    assert_int_equal(script.times[SCRIPT_READY], 1);
}

SCRIPT_TEST_AFTER(begin(&script_windows), readiness_of_other_handles_is_limited_too)
{
    fer_interest ready = 77;
    fer_udp_socket udp = {script_stream(FERI_FLAG_DATAGRAM)};
    const fer_limits limits = {.token = &token};
    assert_ok(fer_udp_socket_set_limits(&udp, &limits));
    script_queue("ready 1");
    assert_ok(fer_udp_socket_ready(&udp, FER_READABLE, FER_DURATION_NONE, &ready));
    assert_log("ready(2,r,100001000,ever,token)");
    assert_ok(fer_cancel_token_cancel(&token));
    assert_error_log(fer_udp_socket_ready(&udp, FER_READABLE, FER_DURATION_NONE, &ready),
                     FER_CANCELLED, 0, "token_signal()");
}

TEST_MAIN("limits")
