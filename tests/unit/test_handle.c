/* test_handle.c: the storage behind every socket handle: claim, fill, close, saved errors and
 * flags. */
#include "unit/scripted_background.h"
#include "unit/scripted_platform.h"

static void assert_is_new(const fer_handle *handle)
{
    assert_int_equal(feri_handle_state(handle), 0);
    assert_int_equal(feri_handle_as_raw(handle), FER_RAW_SOCKET_NONE);
}

SYSTEM_TEST(script_posix, a_claim_that_is_abandoned_leaves_a_new_handle)
{
    fer_handle handle = {0};
    assert_ok(feri_handle_claim(&handle));
    feri_handle_abandon(&handle);
    assert_is_new(&handle);
    assert_ok(feri_handle_claim(&handle));
    feri_handle_abandon(&handle);
    feri_handle_close(&handle);
    assert_is_new(&handle);
    assert_log("");
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

SYSTEM_TEST(script_posix, a_clone_has_the_ends_of_its_original)
{
    fer_handle original = script_stream(FERI_FLAG_V6 | FERI_FLAG_CLONED | FERI_FLAG_NONBLOCKING);
    fer_handle clone = {0};
    assert_true(feri_handle_apply(&original, FERI_EVENT_SHUT_WRITE));
    assert_true(
        feri_handle_fail(&original, FERI_EVENT_GOT_RESET, (fer_error){FER_HOST_UNREACHABLE, 113}));
    assert_ok(feri_handle_claim(&clone));
    assert_ok(feri_handle_fill_clone(&clone, script_open_socket(), &original));
    assert_int_equal(feri_handle_state(&clone), feri_handle_state(&original));
    assert_int_equal(feri_handle_flags(&clone), feri_handle_flags(&original));
    assert_error(feri_handle_saved_error(&clone), FER_HOST_UNREACHABLE, 113);
    assert_int_equal(feri_handle_as_raw(&clone), 2);
    assert_log("");
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

SYSTEM_TEST(script_posix, a_move_takes_all_along_and_leaves_a_closed_handle)
{
    fer_handle from = script_stream(FERI_FLAG_V6);
    fer_handle to = {0};
    assert_true(
        feri_handle_fail(&from, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 104}));
    feri_state seen = feri_handle_state(&from);
    assert_ok(feri_handle_claim(&to));
    assert_ok(feri_handle_move(&from, &to));
    assert_int_equal(feri_handle_state(&to), seen);
    assert_int_equal(feri_handle_flags(&to), FERI_FLAG_V6);
    assert_error(feri_handle_saved_error(&to), FER_CONNECTION_RESET, 104);
    assert_int_equal(feri_handle_as_raw(&from), FER_RAW_SOCKET_NONE);
    assert_error(feri_handle_check(&from, FERI_REQUEST_USE), FER_MISUSE, 0);
    feri_handle_close(&to);
    assert_log("close(1)");
}

SYSTEM_TEST(script_posix, an_event_that_cannot_happen_leaves_the_handle_as_it_was)
{
    fer_handle handle = {0};
    assert_false(feri_handle_apply(&handle, FERI_EVENT_SHUT_READ));
    assert_false(
        feri_handle_fail(&handle, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 104}));
    assert_is_new(&handle);
    handle = script_stream(0);
    feri_state before = feri_handle_state(&handle);
    assert_false(feri_handle_apply(&handle, FERI_EVENT_CONNECT_OK));
    assert_int_equal(feri_handle_state(&handle), before);
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
