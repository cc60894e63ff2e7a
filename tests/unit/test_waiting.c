/* test_waiting.c: a call for which the OS reports WOULD_BLOCK, on systems whose kernel waits and on
 * systems where core waits. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "core/handle/modes.h"
#include "core/wait/waiting.h"

#define SLICE UINT64_C(100000000)
#define MILLI UINT64_C(1000000)

static const fer_error would_block = {FER_WOULD_BLOCK, 11};

/* The event that another thread applies to the handle during a call of the seam. */
static fer_handle *handle_to_change;
static script_call call_to_change_at;
static feri_event event_to_apply;

static void apply_event(script_call call)
{
    if (call != call_to_change_at) {
        return;
    }
    if (event_to_apply == FERI_EVENT_GOT_RESET) {
        assert_true(feri_handle_fail(handle_to_change, event_to_apply,
                                     (fer_error){FER_CONNECTION_RESET, 104}));
    } else {
        assert_true(feri_handle_apply(handle_to_change, event_to_apply));
    }
}

/* As a clone in another thread does. */
static void end_reading(script_call call)
{
    if (call == SCRIPT_WAIT_ARM) {
        feri_modes_end_reading(handle_to_change);
    }
}

static void apply_while(script_call call, fer_handle *handle, feri_event event)
{
    handle_to_change = handle;
    call_to_change_at = call;
    event_to_apply = event;
    script.on_call = apply_event;
}

static void apply_while_arming(fer_handle *handle, feri_event event)
{
    apply_while(SCRIPT_WAIT_ARM, handle, event);
}

#define assert_retries(waiting)                                                     \
    do {                                                                            \
        fer_error error_ = would_block;                                             \
        assert_int_equal(feri_waiting_after_try(waiting, &error_), FERI_TRY_AGAIN); \
    } while (0)

#define assert_ends(waiting, kind, code)                                           \
    do {                                                                           \
        fer_error error_ = would_block;                                            \
        assert_int_equal(feri_waiting_after_try(waiting, &error_), FERI_TRY_DONE); \
        assert_error(error_, kind, code);                                          \
    } while (0)

/* ---- Systems whose kernel has already waited */

SCRIPT_TEST(after_the_kernel_s_wait_a_blocking_handle_has_timed_out)
{
    const ferp_readiness all[] = {FERP_READABLE, FERP_WRITABLE, FERP_ACCEPTABLE};
    for (size_t i = 0; i < 3; i++) {
        script_begin(&script_posix);
        fer_handle handle = script_stream(FERI_FLAG_V6 | FERI_FLAG_TIMEOUT_SET);
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, all[i]);
        assert_ends(&waiting, FER_TIMED_OUT, 0);
        assert_log("is_nonblocking(1)");
    }
}

SYSTEM_TEST(script_posix, a_nonblocking_handle_would_block_without_a_query)
{
    fer_handle handle = script_stream(FERI_FLAG_NONBLOCKING);
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    assert_ends(&waiting, FER_WOULD_BLOCK, 11);
    assert_log("");
}

/* T2, T6: only a timeout that was set can expire. Another thread or process has changed
 * the mode since, or has set the timeout. */
SCRIPT_TEST(without_a_timeout_a_blocking_handle_was_nonblocking)
{
    const uint32_t flags[] = {0, FERI_FLAG_CLONED};
    for (size_t i = 0; i < 2; i++) {
        script_begin(&script_posix);
        fer_handle handle = script_stream(flags[i]);
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
        assert_ends(&waiting, FER_WOULD_BLOCK, 11);
        assert_log("is_nonblocking(1) timeout(1,reading)");
        script_then(SCRIPT_TIMEOUT)->value = 1000000;
        assert_ends(&waiting, FER_TIMED_OUT, 0);
        assert_log("is_nonblocking(1) timeout(1,reading)");
        feri_atomic_change_bits(&handle.p_.flags_, FERI_FLAG_TIMEOUT_SET, 0);
        script_then(SCRIPT_IS_NONBLOCKING)->value = 1;
        assert_ends(&waiting, FER_WOULD_BLOCK, 11);
    }
}

SCRIPT_TEST(the_mode_of_a_shared_handle_is_queried)
{
    const uint32_t shared[] = {FERI_FLAG_CLONED, FERI_FLAG_ADOPTED};
    for (size_t i = 0; i < 2; i++) {
        script_begin(&script_posix);
        fer_handle handle =
            script_stream(shared[i] | FERI_FLAG_NONBLOCKING | FERI_FLAG_TIMEOUT_SET);
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
        script_then(SCRIPT_IS_NONBLOCKING)->value = 0;
        assert_ends(&waiting, FER_TIMED_OUT, 0);
        assert_log("is_nonblocking(1)");
        handle = script_stream(shared[i]);
        script_then(SCRIPT_IS_NONBLOCKING)->value = 1;
        assert_ends(&waiting, FER_WOULD_BLOCK, 11);
        assert_log("is_nonblocking(2)");
    }
}

SYSTEM_TEST(script_posix, a_failed_query_of_the_mode_is_reported)
{
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    script_then_fail(SCRIPT_IS_NONBLOCKING, FER_BAD_HANDLE, 9);
    assert_ends(&waiting, FER_BAD_HANDLE, 9);
}

/* ---- Systems where core waits: the modes */

STREAM_TEST(script_windows, a_nonblocking_socket_is_not_waited_for)
{
    const ferp_readiness all[] = {FERP_READABLE, FERP_WRITABLE, FERP_ACCEPTABLE};
    feri_modes_set_nonblocking(&handle, true);
    for (size_t i = 0; i < 3; i++) {
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, all[i]);
        assert_ends(&waiting, FER_WOULD_BLOCK, 11);
        assert_log("");
    }
}

STREAM_TEST(script_windows, a_read_half_that_another_handle_has_ended_is_not_waited_for)
{
    feri_modes_end_reading(&handle);
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    assert_ends(&waiting, FER_OK, 0);
    assert_log("");
}

/* ---- Repeated waits */

STREAM_TEST(script_windows, a_wait_without_a_timeout_has_no_deadline)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    assert_retries(&waiting);
    assert_log("wait_arm(1,READABLE) wait_for(ever)");
}

STREAM_TEST(script_windows, the_deadline_of_the_first_wait_is_that_of_every_wait)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){5 * MILLI});
    script_then(SCRIPT_WAIT_FOR)->elapsed = 2 * MILLI;
    script_then(SCRIPT_WAIT_FOR)->elapsed = 2 * MILLI;
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_retries(&waiting);
    assert_log("wait_arm(1,READABLE) wait_for(5001000)");
    assert_retries(&waiting);
    assert_log("wait_arm(1,READABLE) wait_for(5001000)");
    assert_ends(&waiting, FER_TIMED_OUT, 0);
    assert_log("wait_arm(1,READABLE) wait_for(5001000)");
    assert_int_equal(script.now, 5001000);
}

STREAM_TEST(script_windows, endless_false_readiness_ends_at_the_deadline)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
    script_default(SCRIPT_WAIT_FOR)->elapsed = MILLI / 2;
    assert_retries(&waiting);
    assert_retries(&waiting);
    assert_ends(&waiting, FER_TIMED_OUT, 0);
    assert_log("wait_arm(1,READABLE) wait_for(1001000) wait_arm(1,READABLE) "
               "wait_for(1001000)");
}

STREAM_TEST(script_windows, a_half_that_is_shut_at_the_deadline_has_not_timed_out)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
    script_then(SCRIPT_WAIT_FOR)->elapsed = MILLI;
    assert_retries(&waiting);
    assert_true(feri_handle_apply(&handle, FERI_EVENT_SHUT_READ));
    assert_ends(&waiting, FER_OK, 0);
}

STREAM_TEST(script_windows, a_reset_that_is_met_at_the_deadline_ends_a_read_after_one_more_try)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
    apply_while(SCRIPT_WAIT_FOR, &handle, FERI_EVENT_GOT_RESET);
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_retries(&waiting);
    assert_ends(&waiting, FER_CONNECTION_RESET, 104);
    assert_log("wait_arm(1,READABLE) wait_for(1001000)");
}

SYSTEM_TEST(script_windows, a_deadline_that_the_clock_cannot_hold_is_none)
{
    assert_true(feri_deadline_after(FER_DURATION_NONE) == FERP_NO_DEADLINE);
    assert_true(feri_deadline_after((fer_duration){0}) == 1000);
    assert_true(feri_deadline_after((fer_duration){UINT64_MAX - 1}) == FERP_NO_DEADLINE);
    assert_true(feri_deadline_after((fer_duration){FERP_NO_DEADLINE - 1000}) == FERP_NO_DEADLINE);
    assert_true(feri_deadline_after((fer_duration){FERP_NO_DEADLINE - 1001}) ==
                FERP_NO_DEADLINE - 1);
}

STREAM_TEST(script_windows, a_wait_that_cannot_be_armed_is_reported_and_not_begun)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    script_then_fail(SCRIPT_WAIT_ARM, FER_OUT_OF_MEMORY, 8);
    assert_ends(&waiting, FER_OUT_OF_MEMORY, 8);
    assert_log("wait_arm(1,READABLE)");
}

STREAM_TEST(script_windows, a_wait_that_fails_is_reported)
{
    const ferp_readiness all[] = {FERP_READABLE, FERP_WRITABLE, FERP_ACCEPTABLE};
    for (size_t i = 0; i < 3; i++) {
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, all[i]);
        script_then_fail(SCRIPT_WAIT_FOR, FER_OUT_OF_MEMORY, 8);
        assert_ends(&waiting, FER_OUT_OF_MEMORY, 8);
    }
}

STREAM_TEST(script_windows, an_interruption_ends_a_read_and_a_write_and_restarts_accept)
{
    script_default(SCRIPT_WAIT_FOR)->error = (fer_error){FER_INTERRUPTED, 10004};
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    assert_ends(&waiting, FER_INTERRUPTED, 10004);
    waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    assert_ends(&waiting, FER_INTERRUPTED, 10004);
    waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_ACCEPTABLE);
    assert_retries(&waiting);
}

/* ---- Slices, if a wakeup may be missed */

STREAM_TEST(script_windows, a_wait_to_write_that_misses_a_shutdown_is_cut_into_slices)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    feri_modes_set_timeout(&handle, FERP_WRITING, (fer_duration){2 * SLICE + 7 * MILLI});
    script_default(SCRIPT_WAIT_FOR)->error = (fer_error){FER_TIMED_OUT, 0};
    assert_retries(&waiting);
    assert_log("wait_arm(1,WRITABLE) wait_for(100001000)");
    assert_retries(&waiting);
    assert_log("wait_arm(1,WRITABLE) wait_for(200001000)");
    assert_ends(&waiting, FER_TIMED_OUT, 0);
    assert_log("wait_arm(1,WRITABLE) wait_for(207001000)");
}

STREAM_TEST(script_windows, a_timeout_of_just_one_slice_is_one_wait)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    feri_modes_set_timeout(&handle, FERP_WRITING, (fer_duration){SLICE});
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_ends(&waiting, FER_TIMED_OUT, 0);
}

SYSTEM_TEST(script_windows, a_wait_to_write_that_shutdown_wakes_is_not_cut)
{
    script.traits.write_wait_misses_shutdown = false;
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    assert_retries(&waiting);
    assert_log("wait_arm(1,WRITABLE) wait_for(ever)");
}

SCRIPT_TEST(a_wait_to_read_is_cut_only_if_a_clone_may_end_it)
{
    const uint32_t shared[] = {FERI_FLAG_CLONED, FERI_FLAG_ADOPTED};
    for (size_t i = 0; i < 2; i++) {
        script_begin(&script_windows);
        fer_handle handle = script_stream(shared[i]);
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
        script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
        assert_retries(&waiting);
        assert_log("wait_arm(1,READABLE) wait_for(100001000)");
    }
}

SYSTEM_TEST(script_windows, a_wait_to_accept_is_never_cut)
{
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_ACCEPTABLE);
    assert_retries(&waiting);
    assert_log("wait_arm(1,ACCEPTABLE) wait_for(ever)");
}

/* The slice of a backend. Core has not cut this wait. */
STREAM_TEST(script_windows, a_slice_of_the_backend_is_no_expiry)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
    script_result *slice = script_then(SCRIPT_WAIT_FOR);
    slice->error = (fer_error){FER_TIMED_OUT, 0};
    slice->elapsed = 200;
    slice->slice_ends = true;
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_retries(&waiting);
    assert_ends(&waiting, FER_TIMED_OUT, 0);
    assert_log("wait_arm(1,READABLE) wait_for(1001000) wait_arm(1,READABLE) wait_for(1001000)");
}

/* T2: a timeout with an OS code is the end of the connection, and may be reported only once. */
SCRIPT_TEST(a_failed_connection_is_reported_whatever_time_remains)
{
    const uint32_t flags[] = {0, FERI_FLAG_CLONED};
    for (size_t i = 0; i < 2; i++) {
        script_begin(&script_windows);
        fer_handle handle = script_stream(flags[i]);
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
        script_result *dead = script_then(SCRIPT_WAIT_FOR);
        dead->error = (fer_error){FER_CONNECTION_TIMED_OUT, 10060};
        dead->slice_ends = true;
        assert_ends(&waiting, FER_CONNECTION_TIMED_OUT, 10060);
    }
}

/* ---- Changes between arming and waiting */

SCRIPT_TEST(a_read_half_that_is_shut_while_arming_ends_the_wait_with_the_end)
{
    const feri_event ends[] = {FERI_EVENT_SHUT_READ, FERI_EVENT_SHUT_BOTH, FERI_EVENT_GOT_EOF};
    for (size_t i = 0; i < 3; i++) {
        script_begin(&script_windows);
        fer_handle handle = script_stream(0);
        feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
        apply_while_arming(&handle, ends[i]);
        assert_ends(&waiting, FER_OK, 0);
        assert_log("wait_arm(1,READABLE) wait_disarm()");
    }
}

STREAM_TEST(script_windows, a_write_half_that_is_shut_while_arming_ends_the_wait_with_a_broken_pipe)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    apply_while_arming(&handle, FERI_EVENT_SHUT_WRITE);
    assert_ends(&waiting, FER_BROKEN_PIPE, 0);
    assert_log("wait_arm(1,WRITABLE) wait_disarm()");
}

STREAM_TEST(script_windows, a_fatal_error_that_is_met_while_arming_ends_a_wait_to_write_with_it)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    apply_while_arming(&handle, FERI_EVENT_GOT_RESET);
    assert_ends(&waiting, FER_CONNECTION_RESET, 104);
    assert_log("wait_arm(1,WRITABLE) wait_disarm()");
}

/* S5: bytes may have arrived between the last try and the reset. */
STREAM_TEST(script_windows, a_fatal_error_that_is_met_while_arming_ends_a_read_after_one_more_try)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    apply_while_arming(&handle, FERI_EVENT_GOT_RESET);
    assert_retries(&waiting);
    assert_log("wait_arm(1,READABLE) wait_disarm()");
    assert_ends(&waiting, FER_CONNECTION_RESET, 104);
    assert_log("wait_arm(1,READABLE) wait_disarm()");
}

STREAM_TEST(script_windows, the_other_half_s_shutdown_does_not_end_a_wait)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    apply_while_arming(&handle, FERI_EVENT_SHUT_WRITE);
    assert_retries(&waiting);
    handle = script_stream(0);
    waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    apply_while_arming(&handle, FERI_EVENT_SHUT_READ);
    assert_retries(&waiting);
}

SYSTEM_TEST(script_windows, a_clone_s_end_of_the_read_half_while_arming_ends_the_wait)
{
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    handle_to_change = &handle;
    script.on_call = end_reading;
    assert_ends(&waiting, FER_OK, 0);
    assert_log("wait_arm(1,READABLE) wait_disarm()");
}

SYSTEM_TEST(script_windows, the_end_of_the_read_half_does_not_end_a_wait_to_write)
{
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_WRITABLE);
    feri_modes_end_reading(&handle);
    assert_retries(&waiting);
    assert_log("wait_arm(1,WRITABLE) wait_for(100001000)");
}

STREAM_TEST(script_windows, a_spurious_wakeup_waits_again_for_the_remaining_time)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_BY_MODE, &handle, FERP_READABLE);
    feri_modes_set_timeout(&handle, FERP_READING, (fer_duration){MILLI});
    script_then(SCRIPT_WAIT_FOR)->elapsed = MILLI / 2;
    assert_retries(&waiting);
    apply_while_arming(&handle, FERI_EVENT_SHUT_READ);
    assert_ends(&waiting, FER_OK, 0);
    assert_log("wait_arm(1,READABLE) wait_for(1001000) wait_arm(1,READABLE) "
               "wait_disarm()");
}

TEST_MAIN("waiting")
