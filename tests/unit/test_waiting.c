/* test_waiting.c: a call for which the OS reports WOULD_BLOCK, on systems whose kernel waits and on
 * systems where core waits. */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/transfer/stream_io.h"
#include "core/wait/blocking.h"
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

static feri_waiting begun(fer_handle *handle, ferp_readiness readiness)
{
    feri_waiting waiting = {.handle = handle, .readiness = readiness};
    assert_ok(feri_waiting_begin(&waiting));
    return waiting;
}

static void assert_retries(feri_waiting *waiting)
{
    fer_error error = would_block;
    assert_int_equal(feri_waiting_wait_if_needed(waiting, &error), FERI_NEXT_TRY);
}

static void assert_ends(feri_waiting *waiting, fer_error_kind kind, int32_t code)
{
    fer_error error = would_block;
    assert_int_equal(feri_waiting_wait_if_needed(waiting, &error), FERI_NEXT_RESULT);
    assert_error(error, kind, code);
}

/* ---- Systems where core waits: the modes */

STREAM_TEST(script_windows, a_read_half_that_another_handle_has_ended_is_not_waited_for)
{
    feri_modes_end_reading(&handle);
    feri_waiting waiting = begun(&handle, FERP_READABLE);
    assert_ends(&waiting, FER_OK, 0);
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
    assert_ok_log(feri_stream_read(&handle, buf, 4, NULL), "recv(1,4)");
    assert_int_equal(script.last_recv_flags, FERP_UNIX);
    script_then_move(SCRIPT_RECV_VECTORED, 1);
    assert_ok_log(feri_stream_read_vectored(&handle, &slice, 1, NULL), "recv_vectored(1,1x4)");
    assert_int_equal(script.last_recv_flags, FERP_UNIX);
}

/* ---- Repeated waits */

STREAM_TEST(script_windows, a_reset_that_is_met_at_the_deadline_ends_a_read_after_one_more_try)
{
    feri_waiting waiting = begun(&handle, FERP_READABLE);
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
    handle_to_reset = &handle;
    script.on_call = reset_in_the_wait;
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_retries(&waiting);
    assert_ends(&waiting, FER_CONNECTION_RESET, 104);
    assert_log("wait_arm(1,READABLE) wait_for(1001000)");
}

STREAM_TEST(script_windows, an_interruption_ends_a_read_and_a_write_and_restarts_accept)
{
    script_default(SCRIPT_WAIT_FOR)->error = (fer_error){FER_INTERRUPTED, 10004};
    feri_waiting waiting = begun(&handle, FERP_READABLE);
    assert_ends(&waiting, FER_INTERRUPTED, 10004);
    waiting = begun(&handle, FERP_WRITABLE);
    assert_ends(&waiting, FER_INTERRUPTED, 10004);
    waiting = begun(&handle, FERP_ACCEPTABLE);
    assert_retries(&waiting);
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
    feri_waiting waiting = begun(&handle, FERP_READABLE);
    assert_ends(&waiting, FER_WOULD_BLOCK, 11);
}

/* S6: "A read or write whose timeout expires first returns what the shutdown gives, not TIMED_OUT",
 * and S5: "a handle that saw it never reports a clean end of file afterwards", also if a signal
 * ends the wait after the deadline. */
SCRIPT_TEST(a_signal_after_the_deadline_does_not_hide_a_shutdown_or_a_reset)
{
    for (int i = 0; i < 2; i++) {
        script_begin(&script_windows);
        fer_handle handle = script_stream(0);
        feri_waiting waiting = {
            .handle = &handle, .readiness = FERP_READABLE, .mode = FERI_WAIT_AGAIN};
        feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
        assert_ok(feri_waiting_begin(&waiting));
        handle_to_reset = &handle;
        ends_by_reset = i == 1;
        script.on_call = end_in_the_wait;
        *script_then(SCRIPT_WAIT_FOR) =
            (script_result){.error = {FER_INTERRUPTED, 4}, .elapsed = MILLI};
        if (ends_by_reset) {
            assert_retries(&waiting);
        }
        assert_ends(&waiting, ends_by_reset ? FER_CONNECTION_RESET : FER_OK,
                    ends_by_reset ? 104 : 0);
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
        feri_waiting waiting = begun(&handle, is_slice ? FERP_WRITABLE : FERP_READABLE);
        script_default(SCRIPT_WAIT_FOR)->elapsed = is_slice ? 0 : 1000000;
        script_queue(is_slice ? "wait_for* TIMED_OUT" : "");
        for (int i = 0; i < 10; i++) {
            assert_retries(&waiting);
        }
        assert_int_equal(script.times[SCRIPT_PAUSE], 0);
    }
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
    script_queue("wait_arm* NO_BUFFER_SPACE:10055");
    assert_retries(&waiting);
    assert_retries(&waiting);
    assert_retries(&waiting);
    assert_log("wait_arm(1,READABLE) wait_arm(1,READABLE) pause(1001000) wait_arm(1,READABLE)");
    assert_true(feri_handle_apply(&handle, FERI_EVENT_SHUT_READ));
    assert_ends(&waiting, FER_OK, 0);
    fer_handle reset = script_stream(0);
    waiting = begun(&reset, FERP_READABLE);
    assert_true(
        feri_handle_fail(&reset, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 104}));
    assert_retries(&waiting);
    assert_retries(&waiting);
    assert_ends(&waiting, FER_CONNECTION_RESET, 104);
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
        assert_ok(feri_pause_after_false_hint(&hints, script.now, NULL, NULL));
    }
    assert_log("");
    assert_ok(feri_pause_after_false_hint(&hints, script.now + 1, NULL, NULL));
    assert_log("pause(1001)");
}

TEST_MAIN("waiting")
