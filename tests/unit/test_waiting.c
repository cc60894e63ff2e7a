/* test_waiting.c: a call for which the OS reports WOULD_BLOCK, on systems whose kernel waits and on
 * systems where core waits. */
#include "unit/scripted_platform.h"

#include <limits.h>

#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/transfer/stream_io.h"
#include "core/wait/pause.h"
#include "core/wait/waiting.h"

#define MILLI UINT64_C(1000000)

static const fer_error would_block = {FER_WOULD_BLOCK, 11};

static fer_handle *handle_to_reset;

static void reset_in_the_wait(script_call call)
{
    if (call == SCRIPT_WAIT_FOR) {
        assert_true(feri_handle_fail(handle_to_reset, FERI_EVENT_GOT_RESET,
                                     (fer_error){FER_CONNECTION_RESET, 104}));
    }
}

/* A call whose tries would block, but for the last one. */
typedef struct scripted_call {
    feri_call call;
    int left; /* the tries that would block */
    int tries;
    void (*on_try)(int number);
} scripted_call;

static fer_error try_as_scripted(feri_call *of, unsigned flags)
{
    scripted_call *call = (scripted_call *)of;
    call->tries++;
    if (call->on_try != NULL) {
        call->on_try(call->tries);
    }
    return call->left-- > 0 ? would_block : feri_ok();
}

static fer_error run(feri_call how, int left, int tries, void (*on_try)(int number))
{
    scripted_call call = {how, left, 0, on_try};
    fer_error error = feri_run_on(&call.call, try_as_scripted, NULL);
    assert_int_equal(call.tries, tries);
    return error;
}

/* The call succeeds after this number of tries. */
static void assert_tries(fer_handle *handle, ferp_readiness readiness, int tries)
{
    assert_ok(run((feri_call){.handle = handle, .readiness = readiness}, tries - 1, tries, NULL));
}

/* The call ends after this number of tries, which all would block. */
static void assert_ends(fer_handle *handle, ferp_readiness readiness, int tries,
                        fer_error_kind kind, int32_t code)
{
    feri_call how = {.handle = handle, .readiness = readiness};
    assert_error(run(how, INT_MAX, tries, NULL), kind, code);
}

/* ---- Systems where core waits: the modes */

STREAM_TEST(script_windows, a_read_half_that_another_handle_has_ended_is_not_waited_for)
{
    feri_modes_end_reading(&handle);
    assert_ends(&handle, FERP_READABLE, 1, FER_OK, 0);
    assert_log("");
}

/* X8: a receive of a Unix stream waits in the kernel, and says what it is. */
SCRIPT_TEST(a_read_of_a_unix_stream_of_macos_has_its_flag)
{
    char buf[4];
    fer_io_slice_mut slice = {buf, sizeof buf};
    script_begin(&script_macos);
    fer_handle handle = script_stream(FERI_FLAG_UNIX);
    script_then_move(SCRIPT_RECV, 1);
    assert_ok_log(feri_stream_read(&handle, buf, 4, 0, NULL), "recv(1,4)");
    assert_int_equal(script.last_recv_flags, FERP_UNIX);
    script_then_move(SCRIPT_RECV_VECTORED, 1);
    assert_ok_log(feri_stream_read_vectored(&handle, &slice, 1, 0, NULL), "recv_vectored(1,1x4)");
    assert_int_equal(script.last_recv_flags, FERP_UNIX);
}

/* ---- Repeated waits */

STREAM_TEST(script_windows, a_reset_that_is_met_at_the_deadline_ends_a_read_after_one_more_try)
{
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
    handle_to_reset = &handle;
    script.on_call = reset_in_the_wait;
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_ends(&handle, FERP_READABLE, 2, FER_CONNECTION_RESET, 104);
    assert_log("wait_arm(1,READABLE) wait_for(1001000)");
}

STREAM_TEST(script_windows, an_interruption_ends_a_read_and_a_write_and_restarts_accept)
{
    script_default(SCRIPT_WAIT_FOR)->error = (fer_error){FER_INTERRUPTED, 10004};
    assert_ends(&handle, FERP_READABLE, 1, FER_INTERRUPTED, 10004);
    assert_ends(&handle, FERP_WRITABLE, 1, FER_INTERRUPTED, 10004);
    assert_tries(&handle, FERP_ACCEPTABLE, 2);
}

static bool ends_by_reset;

static void end_in_the_wait(script_call call)
{
    if (ends_by_reset) {
        reset_in_the_wait(call);
    } else if (call == SCRIPT_WAIT_FOR) {
        assert_true(feri_handle_apply(handle_to_reset, FERI_EVENT_SHUT_READ));
    }
}

/* A timeout was set and removed. Another thread makes the socket nonblocking during a try of the
 * kernel, and blocking after it. */
STREAM_TEST(script_posix, a_try_that_would_block_has_no_timeout_if_it_was_removed)
{
    assert_ok(feri_set_timeout(&handle, FERP_READING, (fer_duration){MILLI}));
    assert_ok(feri_set_timeout(&handle, FERP_READING, FER_DURATION_NONE));
    assert_ends(&handle, FERP_READABLE, 1, FER_WOULD_BLOCK, 11);
    assert_ok(feri_set_timeout(&handle, FERP_READING, (fer_duration){MILLI}));
    assert_ends(&handle, FERP_READABLE, 1, FER_TIMED_OUT, 0);
    script_then(SCRIPT_IS_NONBLOCKING)->value = 1; /* another process has made it so */
    assert_ends(&handle, FERP_READABLE, 1, FER_WOULD_BLOCK, 11);
}

/* S6: a mark that a clone sets while this handle waits wakes no wait. */
SCRIPT_TEST(a_read_of_a_clone_waits_in_slices)
{
    script_begin(&script_windows);
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    script_queue("wait_for TIMED_OUT");
    assert_tries(&handle, FERP_READABLE, 2);
    assert_log("wait_arm(1,READABLE) wait_for(100001000)");
}

/* S6: "A read or write whose timeout expires first returns what the shutdown gives, not TIMED_OUT",
 * and S5: "a handle that saw it never reports a clean end of file afterwards", also if a signal
 * ends the wait after the deadline. */
SCRIPT_TEST(a_signal_after_the_deadline_does_not_hide_a_shutdown_or_a_reset)
{
    for (int i = 0; i < 2; i++) {
        script_begin(&script_windows);
        fer_handle handle = script_stream(0);
        feri_call how = {.handle = &handle, .readiness = FERP_READABLE, .waits = FERI_AGAIN};
        feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
        handle_to_reset = &handle;
        ends_by_reset = i == 1;
        script.on_call = end_in_the_wait;
        *script_then(SCRIPT_WAIT_FOR) =
            (script_result){.error = {FER_INTERRUPTED, 4}, .elapsed = MILLI};
        assert_error(run(how, INT_MAX, ends_by_reset ? 2 : 1, NULL),
                     ends_by_reset ? FER_CONNECTION_RESET : FER_OK, ends_by_reset ? 104 : 0);
        script_end_row();
    }
}

/* ---- Waits that report "ready" although the call still would block: pauses before the next */

/* A wait between two false hints begins a new row, and a slice is none. */
SCRIPT_TEST(waits_that_last_and_slices_do_not_pause)
{
    for (int is_slice = 0; is_slice < 2; is_slice++) {
        script_begin(&script_windows);
        fer_handle handle = script_stream(0);
        script_default(SCRIPT_WAIT_FOR)->elapsed = is_slice ? 0 : 1000000;
        script_queue(is_slice ? "wait_for* TIMED_OUT" : "");
        assert_tries(&handle, is_slice ? FERP_WRITABLE : FERP_READABLE, 11);
        assert_int_equal(script.times[SCRIPT_PAUSE], 0);
    }
}

static void check_pauses_within_limits(int number)
{
    if (number == 3) {
        script.log[0] = '\0';
        script_then_fail(SCRIPT_TOKEN_WAIT, FER_TIMED_OUT, 0);
    } else if (number == 4) {
        assert_log("token_wait(1001000) wait_arm(1,ACCEPTABLE) wait_for(ever,token)");
    }
}

/* K2: a cancel ends a pause at once. A token that is signalled but not cancelled ends none. */
SYSTEM_TEST(script_posix, a_pause_within_limits_waits_for_the_token)
{
    fer_cancel_token token = {0};
    assert_ok(fer_cancel_token_new(&token));
    fer_handle handle = script_stream(FERI_FLAG_LISTENING);
    const fer_limits limits = {.token = &token};
    assert_ok(feri_set_limits(&handle, &limits));
    feri_call how = {.handle = &handle, .readiness = FERP_ACCEPTABLE};
    assert_ok(run(how, 4, 5, check_pauses_within_limits));
    assert_log("token_wait(3001000) pause(3001000) wait_arm(1,ACCEPTABLE) wait_for(ever,token)");
    fer_cancel_token_close(&token);
}

static void end_reading_at_the_fourth_try(int number)
{
    if (number == 4) {
        assert_true(feri_handle_apply(handle_to_reset, FERI_EVENT_SHUT_READ));
    }
}

/* If a shortage of buffers passes, the wait of a stream is retried with pauses. */
STREAM_TEST(script_windows, a_wait_without_buffers_is_a_false_hint)
{
    script_queue("wait_arm* NO_BUFFER_SPACE:10055");
    handle_to_reset = &handle;
    assert_ok(run((feri_call){.handle = &handle, .readiness = FERP_READABLE}, INT_MAX, 4,
                  end_reading_at_the_fourth_try));
    assert_log("wait_arm(1,READABLE) wait_arm(1,READABLE) pause(1001000) wait_arm(1,READABLE)");
    fer_handle reset = script_stream(0);
    assert_true(
        feri_handle_fail(&reset, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 104}));
    assert_ends(&reset, FERP_READABLE, 3, FER_CONNECTION_RESET, 104);
    script_queue("wait_arm* OK, wait_for NO_BUFFER_SPACE:10055");
    assert_tries(&handle, FERP_WRITABLE, 2);
}

SCRIPT_TEST(a_lack_of_buffers_is_reported_if_it_does_not_pass_or_of_other_waits)
{
    const ferp_readiness all[] = {FERP_READABLE, FERP_WRITABLE, FERP_ACCEPTABLE, FERP_RECEIVABLE};
    for (size_t i = 0; i < 4; i++) {
        script_begin(&script_windows);
        script.traits.no_buffer_space_is_transient = i >= 2;
        fer_handle handle = script_stream(0);
        script_then_fail(SCRIPT_WAIT_FOR, FER_NO_BUFFER_SPACE, 10055);
        assert_ends(&handle, all[i], 1, FER_NO_BUFFER_SPACE, 10055);
    }
}

SYSTEM_TEST(script_posix, a_false_hint_at_the_deadline_does_not_pause)
{
    feri_false_hints hints = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        assert_ok(feri_pause_after_false_hint(&hints, script.now, NULL, NULL));
    }
    assert_log("");
    assert_ok(feri_pause_after_false_hint(&hints, script.now + 1, NULL, NULL));
    assert_log("pause(1001)");
}

TEST_MAIN("waiting")
