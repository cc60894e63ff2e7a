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
        assert_true(feri_handle_step(handle_to_reset, FERI_EVENT_GOT_RESET,
                                     (fer_error){FER_CONNECTION_RESET, 104}) != FERI_STATE_MISUSE);
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

/* S6: a clone's shutdown may not wake it. */
STREAM_TEST(script_windows, the_wait_of_a_read_with_a_clone_is_cut_into_slices)
{
    handle.p_.flags_ |= FERI_FLAG_CLONED;
    assert_tries(&handle, FERP_READABLE, 2);
    assert_log("wait_arm(1,READABLE) wait_for(100001000)");
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

/* ---- Waits that report "ready" although the call still would block: pauses before the next */

static void end_reading_at_the_fourth_try(int number)
{
    if (number == 4) {
        assert_true(feri_handle_step(handle_to_reset, FERI_EVENT_SHUT_READ, feri_ok()) !=
                    FERI_STATE_MISUSE);
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
    assert_true(feri_handle_step(&reset, FERI_EVENT_GOT_RESET,
                                 (fer_error){FER_CONNECTION_RESET, 104}) != FERI_STATE_MISUSE);
    assert_ends(&reset, FERP_READABLE, 3, FER_CONNECTION_RESET, 104);
    script_queue("wait_arm* OK, wait_for NO_BUFFER_SPACE:10055");
    assert_tries(&handle, FERP_WRITABLE, 2);
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
