/* test_stream_request.c: the state's answer to a request before any system call, and the effect of
 * the system call's result on the state, for each state. */
#include "unit/scripted_platform.h"

#include "core/handle/connection.h"

static const fer_error reset = {FER_CONNECTION_RESET, 104};

/* Another thread's shutdown between the state check and the OS's result takes precedence over that
 * result. */
STREAM_TEST(script_posix, a_half_that_was_shut_meanwhile_answers_for_the_os)
{
    assert_true(feri_handle_apply(&handle, FERI_EVENT_SHUT_BOTH));
    assert_ok(feri_stream_after_failed_read(&handle, reset));
    assert_ok(feri_stream_after_end(&handle));
    assert_error(feri_stream_after_failed_write(&handle, reset), FER_BROKEN_PIPE, 0);
}

STREAM_TEST(script_posix, an_end_that_another_call_detected_precedes_the_error_of_the_os)
{
    assert_true(feri_handle_apply(&handle, FERI_EVENT_GOT_EOF));
    assert_ok(feri_stream_after_failed_read(&handle, reset));
    assert_error(feri_stream_after_failed_write(&handle, reset), FER_CONNECTION_RESET, 104);
    handle = script_stream(0);
    assert_true(feri_handle_fail(&handle, FERI_EVENT_GOT_RESET, reset));
    assert_error(feri_stream_after_end(&handle), FER_CONNECTION_RESET, 104);
    assert_error(feri_stream_after_failed_read(&handle, (fer_error){FER_HOST_UNREACHABLE, 113}),
                 FER_CONNECTION_RESET, 104);
    assert_error(feri_stream_after_failed_write(&handle, (fer_error){FER_HOST_UNREACHABLE, 113}),
                 FER_CONNECTION_RESET, 104);
}

STREAM_TEST(script_posix, the_answer_for_a_handle_that_was_closed_meanwhile_is_the_os_s)
{
    feri_handle_close(&handle);
    assert_ok(feri_stream_after_end(&handle));
    assert_error(feri_stream_after_failed_read(&handle, reset), FER_CONNECTION_RESET, 104);
    assert_error(feri_stream_after_failed_write(&handle, reset), FER_CONNECTION_RESET, 104);
}

/* ---- Pending connects (rule C5) */

static fer_handle new_connecting(void)
{
    script_begin(&script_posix);
    return script_connecting(0);
}

/* The answer comes from the state after the query. Here the handle was closed during the query,
 * which is misuse. */
SCRIPT_TEST(the_state_after_the_query_decides)
{
    fer_handle handle = new_connecting();
    script_close_during(SCRIPT_PEER_ADDR, &handle);
    assert_error(feri_stream_check(&handle, FERI_REQUEST_READ), FER_MISUSE, 0);
}

TEST_MAIN("stream_request")
