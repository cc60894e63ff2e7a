/* test_stream_shutdown.c: shutdown, which calls the OS only when that causes no reset (rules S1,
 * S6, S7), and close. */
#include "unit/scripted_platform.h"

#include "core/handle/modes.h"
#include "core/transfer/stream_shutdown.h"

#define READ FER_SHUTDOWN_READ
#define WRITE FER_SHUTDOWN_WRITE
#define BOTH FER_SHUTDOWN_BOTH

static fer_handle open_stream(const struct ferp_traits *traits, uint32_t flags)
{
    script_begin(traits);
    return script_stream(flags);
}

/* ---- All systems */

SCRIPT_TEST(a_shutdown_is_passed_on_where_it_does_no_harm)
{
    fer_handle handle = open_stream(&script_posix, FERI_FLAG_CLONED);
    assert_ok_log(feri_stream_shutdown(&handle, READ), "shutdown(1,0)");
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "shutdown(1,1)");
    assert_ok_log(feri_stream_shutdown(&handle, BOTH), "shutdown(1,2)");
    assert_true(feri_state_both_halves_shut(feri_handle_state(&handle)));
}

SCRIPT_TEST(a_shutdown_after_the_connection_s_end_is_ok)
{
    const fer_error_kind ends[] = {FER_NOT_CONNECTED, FER_CONNECTION_RESET, FER_CONNECTION_ABORTED,
                                   FER_BROKEN_PIPE};
    for (size_t i = 0; i < 4; i++) {
        fer_handle handle = open_stream(&script_posix, 0);
        script_then_fail(SCRIPT_SHUTDOWN, ends[i], 107);
        assert_ok(feri_stream_shutdown(&handle, BOTH));
        handle = open_stream(&script_windows, 0);
        script_then_fail(SCRIPT_SHUTDOWN, ends[i], 10057);
        assert_ok(feri_stream_shutdown(&handle, BOTH));
    }
}

SCRIPT_TEST(any_other_failure_is_reported)
{
    fer_handle handle = open_stream(&script_posix, 0);
    assert_forwards(SCRIPT_SHUTDOWN, FER_NO_BUFFER_SPACE, 105, feri_stream_shutdown(&handle, BOTH));
}

/* The OS wakes the waiting threads, which then read the state. So the state must change first. */
static const fer_handle *observed_handle;
static feri_state seen;

static void record_state(script_call call)
{
    if (call == SCRIPT_SHUTDOWN || call == SCRIPT_WAKE) {
        seen = feri_handle_state(observed_handle);
    }
}

SCRIPT_TEST(the_state_is_changed_before_any_waiter_is_woken)
{
    const struct ferp_traits *both[] = {&script_posix, &script_windows};
    for (size_t i = 0; i < 2; i++) {
        fer_handle handle = open_stream(both[i], 0);
        observed_handle = &handle;
        script.on_call = record_state;
        assert_ok(feri_stream_shutdown(&handle, READ));
        assert_int_equal(feri_state_read_half(seen), FERI_READ_SHUT);
    }
}

/* ---- Systems on which a shut down read half resets the connection when data arrives */

SCRIPT_TEST(a_lone_read_is_kept_from_the_os_and_flagged_for_the_clones)
{
    const uint32_t flags[] = {0, FERI_FLAG_CLONED, FERI_FLAG_ADOPTED};
    for (size_t i = 0; i < 3; i++) {
        fer_handle handle = open_stream(&script_windows, flags[i]);
        assert_ok_log(feri_stream_shutdown(&handle, READ), "wake(1)");
        assert_true(feri_modes_has_ended_reading(&handle));
        assert_ok_log(feri_stream_shutdown(&handle, READ), "wake(1)");
    }
}

SCRIPT_TEST(a_lone_write_is_passed_on)
{
    fer_handle handle = open_stream(&script_windows, 0);
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "shutdown(1,1)");
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "shutdown(1,1)");
}

SCRIPT_TEST(both_halves_are_passed_on_where_no_input_is_queued)
{
    fer_handle handle = open_stream(&script_windows, 0);
    assert_ok_log(feri_stream_shutdown(&handle, BOTH), "bytes_queued(1) shutdown(1,2) wake(1)");
    handle = open_stream(&script_windows, 0);
    assert_ok(feri_stream_shutdown(&handle, READ));
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "wake(1) bytes_queued(1) shutdown(1,2)");
    handle = open_stream(&script_windows, 0);
    assert_ok(feri_stream_shutdown(&handle, WRITE));
    assert_ok(feri_stream_shutdown(&handle, READ));
    assert_log("shutdown(1,1) bytes_queued(1) shutdown(1,2) wake(1)");
}

SCRIPT_TEST(only_the_write_half_is_passed_on_where_input_is_queued)
{
    fer_handle handle = open_stream(&script_windows, 0);
    script_then_move(SCRIPT_BYTES_QUEUED, 1);
    assert_ok_log(feri_stream_shutdown(&handle, BOTH), "bytes_queued(1) shutdown(1,1) wake(1)");
    handle = open_stream(&script_windows, 0);
    script_then_fail(SCRIPT_BYTES_QUEUED, FER_BAD_HANDLE, 10038);
    assert_ok_log(feri_stream_shutdown(&handle, BOTH), "bytes_queued(1) shutdown(1,1) wake(1)");
}

SCRIPT_TEST(a_clone_s_read_counts_as_this_handle_s)
{
    fer_handle handle = open_stream(&script_windows, FERI_FLAG_CLONED);
    feri_modes_end_reading(&handle);
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "bytes_queued(1) shutdown(1,2)");
    handle = open_stream(&script_windows, FERI_FLAG_CLONED);
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "shutdown(1,1)");
}

SCRIPT_TEST(both_halves_of_a_clone_are_flagged_and_passed_on)
{
    fer_handle handle = open_stream(&script_windows, FERI_FLAG_CLONED);
    assert_ok_log(feri_stream_shutdown(&handle, BOTH), "bytes_queued(1) shutdown(1,2) wake(1)");
}

/* ---- close */

SCRIPT_TEST(closing_is_one_call_where_the_os_resets_for_unread_input_itself)
{
    const struct ferp_traits *both[] = {&script_posix, &script_windows};
    for (size_t i = 0; i < 2; i++) {
        fer_handle handle = open_stream(both[i], 0);
        feri_stream_close(&handle);
        assert_log("close(1)");
        assert_int_equal(feri_state_phase(feri_handle_state(&handle)), FERI_PHASE_CLOSED);
    }
}

SCRIPT_TEST(unread_input_resets_where_the_os_would_hide_it)
{
    fer_handle handle = open_stream(&script_bsd, 0);
    script_then_move(SCRIPT_BYTES_QUEUED, 1);
    feri_stream_close(&handle);
    assert_log("bytes_queued(1) set_linger(1,1,0) close(1)");
    handle = open_stream(&script_bsd, 0);
    feri_stream_close(&handle);
    assert_log("bytes_queued(1) close(1)");
    handle = open_stream(&script_bsd, 0);
    script_then_fail(SCRIPT_BYTES_QUEUED, FER_BAD_HANDLE, 9);
    feri_stream_close(&handle);
    assert_log("bytes_queued(1) close(1)");
}

SCRIPT_TEST(unread_input_of_a_shared_socket_is_left_to_the_others)
{
    fer_handle handle = open_stream(&script_bsd, FERI_FLAG_CLONED);
    feri_stream_close(&handle);
    assert_log("close(1)");
    handle = open_stream(&script_bsd, FERI_FLAG_ADOPTED);
    feri_stream_close(&handle);
    assert_log("close(1)");
}

SCRIPT_TEST(closing_what_has_no_socket_makes_no_call)
{
    fer_handle handle = open_stream(&script_bsd, 0);
    feri_stream_close(&handle);
    assert_log("bytes_queued(1) close(1)");
    feri_stream_close(&handle);
    feri_stream_close(NULL);
    handle = (fer_handle){0};
    feri_stream_close(&handle);
    assert_log("");
}

TEST_MAIN("stream_shutdown")
