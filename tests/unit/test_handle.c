/* test_handle.c: the storage behind every socket handle: claim, fill, close, saved errors and
 * flags. */
#include "unit/scripted_background.h"
#include "unit/scripted_platform.h"

static void assert_is_new(const fer_handle *handle)
{
    assert_int_equal(feri_handle_state(handle), 0);
    assert_int_equal(feri_handle_as_raw(handle), FER_RAW_SOCKET_NONE);
}

SYSTEM_TEST(script_posix, a_closed_handle_is_claimed_as_a_new_one)
{
    fer_handle handle = script_stream(FERI_FLAG_CLONED | FERI_FLAG_NONBLOCKING);
    assert_true(
        feri_handle_fail(&handle, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 104}));
    feri_handle_close(&handle);
    assert_ok(feri_handle_claim(&handle));
    assert_int_equal(feri_handle_flags(&handle), 0);
    assert_int_equal(handle.p_.saved_os_code_, 0);
    assert_int_equal(handle.p_.raw_, FER_RAW_SOCKET_NONE);
    feri_handle_abandon(&handle);
    assert_is_new(&handle);
}

SYSTEM_TEST(script_posix, a_clone_of_a_handle_that_was_closed_meanwhile_is_closed)
{
    fer_handle original = script_stream(0);
    fer_handle clone = {0};
    assert_ok(feri_handle_claim(&clone));
    feri_handle_close(&original);
    assert_error(feri_handle_fill_clone(&clone, script_open_socket(), &original), FER_MISUSE, 0);
    assert_log("close(1) close(2)");
    feri_handle_abandon(&clone);
    assert_is_new(&clone);
}

SYSTEM_TEST(script_posix, a_clone_that_was_closed_meanwhile_is_closed)
{
    fer_handle original = script_stream(0);
    fer_handle clone = {0};
    assert_ok(feri_handle_claim(&clone));
    feri_handle_close(&clone);
    assert_error(feri_handle_fill_clone(&clone, script_open_socket(), &original), FER_MISUSE, 0);
    assert_log("close(2)");
    assert_int_equal(feri_handle_as_raw(&clone), FER_RAW_SOCKET_NONE);
    assert_int_equal(feri_handle_as_raw(&original), 1);
}

/* This includes an error that has no meaning for an unconnected socket, because its next connect
 * may fail with another error. */
SYSTEM_TEST(script_posix, an_error_that_the_state_refuses_leaves_no_code_behind)
{
    fer_handle handle = script_unconnected(0);
    assert_false(feri_handle_fail(&handle, FERI_EVENT_GOT_RESET,
                                  (fer_error){FER_CONNECTION_TIMED_OUT, 110}));
    assert_true(feri_handle_apply(&handle, FERI_EVENT_CONNECT_BEGIN));
    assert_true(feri_handle_fail(&handle, FERI_EVENT_CONNECT_FAIL,
                                 (fer_error){FER_CONNECTION_ABORTED, 103}));
    assert_error(feri_handle_saved_error(&handle), FER_CONNECTION_ABORTED, 103);
}

SYSTEM_TEST(script_posix, an_error_has_the_system_s_text_even_of_one_byte)
{
    char text[FER_ERROR_TEXT_CAP];
    background.error_text = "x";
    (void)fer_error_format((fer_error){FER_UNCATEGORIZED, 5}, text, sizeof text);
    assert_string_equal(text, "uncategorized error: x (os error 5)");
    background.error_text = NULL;
    (void)fer_error_format((fer_error){FER_UNCATEGORIZED, 5}, text, sizeof text);
    assert_string_equal(text, "uncategorized error (os error 5)");
}

TEST_MAIN("handle")
