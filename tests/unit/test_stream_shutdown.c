/* test_stream_shutdown.c: shutdown, which calls the OS only when that causes no reset (rules S1,
 * S6, S7), and close. */
#include "unit/scripted_platform.h"

#include "core/handle/modes.h"
#include "core/transfer/stream_io.h"

#define READ FER_SHUTDOWN_READ
#define WRITE FER_SHUTDOWN_WRITE
#define BOTH FER_SHUTDOWN_BOTH

static fer_handle open_stream(const struct ferp_traits *traits, uint32_t flags)
{
    script_begin(traits);
    return script_stream(flags);
}

/* ---- All systems */

SCRIPT_TEST(a_shutdown_is_passed_on_if_it_resets_nothing)
{
    fer_handle handle = open_stream(&script_posix, FERI_FLAG_CLONED);
    assert_ok_log(feri_stream_shutdown(&handle, READ), "shutdown(1,0)");
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "shutdown(1,1)");
    assert_ok_log(feri_stream_shutdown(&handle, BOTH), "shutdown(1,2)");
    assert_true(feri_state_both_halves_shut(feri_handle_state(&handle)));
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

SCRIPT_TEST(both_halves_are_passed_on_if_no_input_is_queued)
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

SCRIPT_TEST(only_the_write_half_is_passed_on_if_input_is_queued)
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

/* On macOS only data that arrives resets the connection, and only one of IP. */
SCRIPT_TEST(on_macos_a_lone_read_of_ip_is_kept_from_the_os)
{
    fer_handle handle = open_stream(&script_macos, 0);
    assert_ok_log(feri_stream_shutdown(&handle, READ), "wake(1)");
    assert_true(feri_modes_has_ended_reading(&handle));
    assert_ok_log(feri_stream_shutdown(&handle, WRITE), "shutdown(1,2)");
    handle = open_stream(&script_macos, 0);
    assert_ok_log(feri_stream_shutdown(&handle, BOTH), "shutdown(1,2) wake(1)");
    handle = open_stream(&script_macos, FERI_FLAG_UNIX);
    assert_ok_log(feri_stream_shutdown(&handle, READ), "shutdown(1,0)");
    assert_false(feri_modes_has_ended_reading(&handle));
}

/* ---- close */

SCRIPT_TEST(unread_input_resets_if_the_os_would_hide_it)
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

SCRIPT_TEST(closing_a_handle_without_socket_makes_no_call)
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
