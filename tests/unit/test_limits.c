/* test_limits.c: cancel tokens and the limits of a handle: their states, which handles have limits,
 * what takes them away, and the calls that are more than one try: readiness, and what comes before
 * the limits. How a single call waits within them: test_waiting_limits.c. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "ferrule/tcp.h"

static fer_cancel_token token, other_token;
static fer_tcp_stream stream;

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

BEGUN_TEST(a_handle_without_a_socket_has_no_limits_and_is_never_flagged)
{
    fer_handle handle = {0};
    const fer_limits limits = {.deadline = feri_instant_at(9), .token = &token};
    assert_error(feri_set_limits(NULL, &limits), FER_MISUSE, 0);
    for (int i = 0; i < 4; i++) { /* new, claimed, filled, closed */
        bool is_open = i == 2;
        assert_ok(i == 1 ? feri_handle_claim(&handle)
                  : i == 2
                      ? feri_handle_fill(&handle, FERI_EVENT_CONNECT_OK, script_open_socket(), 0)
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
    assert_ok(feri_handle_fill(&handle, FERI_EVENT_CONNECT_OK, script_open_socket(), 0));
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

TEST_MAIN("limits")
