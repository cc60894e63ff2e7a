/* test_false_hints.c: waits that report "ready" although the call still would block: the pauses
 * before the next wait. */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "core/wait/waiting.h"

static feri_waiting begun(fer_handle *handle, ferp_readiness readiness)
{
    feri_waiting waiting = {.handle = handle, .readiness = readiness};
    assert_ok(feri_waiting_begin(&waiting));
    return waiting;
}

#define assert_retries(waiting)                                  \
    do {                                                         \
        fer_error error_ = {FER_WOULD_BLOCK, 10035};             \
        assert_true(feri_waiting_tries_again(waiting, &error_)); \
    } while (0)

#define assert_ends(waiting, kind, code)                          \
    do {                                                          \
        fer_error error_ = {FER_WOULD_BLOCK, 10035};              \
        assert_false(feri_waiting_tries_again(waiting, &error_)); \
        assert_error(error_, kind, code);                         \
    } while (0)

STREAM_TEST(script_windows, a_wait_between_two_false_hints_begins_a_new_row)
{
    feri_waiting waiting = begun(&handle, FERP_READABLE);
    script_default(SCRIPT_WAIT_FOR)->elapsed = 1000000;
    for (int i = 0; i < 10; i++) {
        assert_retries(&waiting);
    }
    assert_int_equal(script.times[SCRIPT_PAUSE], 0);
}

STREAM_TEST(script_windows, a_slice_is_no_false_hint)
{
    feri_waiting waiting = begun(&handle, FERP_WRITABLE);
    script_default(SCRIPT_WAIT_FOR)->error = (fer_error){FER_TIMED_OUT, 0};
    for (int i = 0; i < 10; i++) {
        assert_retries(&waiting);
    }
    assert_int_equal(script.times[SCRIPT_PAUSE], 0);
}

/* K2: a cancel ends a pause at once. */
SYSTEM_TEST(script_posix, a_pause_within_limits_waits_for_the_token)
{
    fer_cancel_token token = {0};
    assert_ok(fer_cancel_token_new(&token));
    fer_handle handle = script_stream(FERI_FLAG_LISTENING);
    const fer_limits limits = {.token = &token};
    assert_ok(feri_set_limits(&handle, &limits));
    feri_waiting waiting = begun(&handle, FERP_ACCEPTABLE);
    assert_retries(&waiting);
    assert_retries(&waiting);
    script.log[0] = '\0';
    script_then_fail(SCRIPT_TOKEN_WAIT, FER_TIMED_OUT, 0);
    assert_retries(&waiting);
    assert_log("token_wait(1001000) wait_arm(1,ACCEPTABLE) wait_for(ever,token)");
    /* A token that is signalled but not cancelled ends no pause. */
    assert_retries(&waiting);
    assert_log("token_wait(3001000) pause(3001000) wait_arm(1,ACCEPTABLE) wait_for(ever,token)");
    fer_cancel_token_close(&token);
}

/* If a shortage of buffers passes, the wait of a stream is retried with pauses. */
STREAM_TEST(script_windows, a_wait_without_buffers_is_a_false_hint)
{
    feri_waiting waiting = begun(&handle, FERP_READABLE);
    script_default(SCRIPT_WAIT_ARM)->error = (fer_error){FER_NO_BUFFER_SPACE, 10055};
    assert_retries(&waiting);
    assert_retries(&waiting);
    assert_retries(&waiting);
    assert_log("wait_arm(1,READABLE) wait_arm(1,READABLE) pause(1001000) "
               "wait_arm(1,READABLE)");
    assert_true(feri_handle_apply(&handle, FERI_EVENT_SHUT_READ));
    assert_ends(&waiting, FER_OK, 0);
    fer_handle reset = script_stream(0);
    waiting = begun(&reset, FERP_READABLE);
    assert_true(
        feri_handle_fail(&reset, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 10054}));
    assert_retries(&waiting);
    assert_ends(&waiting, FER_CONNECTION_RESET, 10054);
    waiting = begun(&handle, FERP_WRITABLE);
    script_queue("wait_arm* OK, wait_for NO_BUFFER_SPACE:10055");
    assert_retries(&waiting);
}

SCRIPT_TEST(a_lack_of_buffers_is_reported_if_it_does_not_pass_or_of_other_waits)
{
    const ferp_readiness all[] = {FERP_READABLE, FERP_WRITABLE, FERP_ACCEPTABLE, FERP_RECEIVABLE};
    for (size_t i = 0; i < 4; i++) {
        script_begin(&script_windows);
        script.traits.no_buffer_space_is_transient = i >= 2;
        fer_handle handle = script_stream(0);
        feri_waiting waiting = begun(&handle, all[i]);
        script_then_fail(SCRIPT_WAIT_FOR, FER_NO_BUFFER_SPACE, 10055);
        assert_ends(&waiting, FER_NO_BUFFER_SPACE, 10055);
    }
}

SYSTEM_TEST(script_posix, a_false_hint_at_the_deadline_does_not_pause)
{
    feri_false_hints hints = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        feri_pause_after_false_hint(&hints, script.now, NULL);
    }
    assert_log("");
    feri_pause_after_false_hint(&hints, script.now + 1, NULL);
    assert_log("pause(1001)");
}

TEST_MAIN("false_hints")
