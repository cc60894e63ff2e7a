/* test_stream_request.c: the state's answer to a request before any system call, and the effect of
 * the system call's result on the state, for each state. */
#include "unit/scripted_platform.h"

#include "core/handle/connection.h"

static const fer_error reset = {FER_CONNECTION_RESET, 104};

SCRIPT_TEST(the_state_answers_a_transfer_before_any_call)
{
    enum { OPEN, NEW, CLOSED, NONE, OPENING };
    static const struct {
        int handle;
        bool valid;
        size_t len;
        fer_error_kind kind;
        bool calls;
    } rows[] = {
        /* an open half is requested any length but zero */
        {OPEN, true, 1, FER_OK, true},
        {OPEN, true, SIZE_MAX, FER_OK, true},
        {OPEN, true, 0, FER_OK, false},
        {OPEN, false, 1, FER_MISUSE, false},
        {NEW, true, 1, FER_NOT_CONNECTED, false},
        {NEW, true, 0, FER_NOT_CONNECTED, false},
        {NEW, false, 1, FER_NOT_CONNECTED, false},
        {CLOSED, true, 1, FER_MISUSE, false},
        {NONE, true, 1, FER_MISUSE, false},
        {NONE, false, 1, FER_MISUSE, false},
        {OPENING, true, 1, FER_WOULD_BLOCK, false},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        script_begin(&script_posix);
        fer_handle handles[5] = {script_stream(0), {{0}}};
        handles[CLOSED] = script_stream(0);
        feri_handle_close(&handles[CLOSED]);
        assert_ok(feri_handle_claim(&handles[OPENING]));
        script.log[0] = '\0';
        int at = rows[i / 2].handle;
        bool needs_os = !rows[i / 2].calls;
        assert_error(feri_stream_check_transfer(at == NONE ? NULL : &handles[at],
                                                i % 2 == 0 ? FERI_REQUEST_READ : FERI_REQUEST_WRITE,
                                                rows[i / 2].valid, rows[i / 2].len, &needs_os),
                     rows[i / 2].kind, 0);
        assert_row(needs_os == rows[i / 2].calls);
        assert_log("");
    }
}

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

STREAM_TEST(script_posix, a_broken_pipe_of_a_write_is_reported_with_its_code_and_kept_without)
{
    assert_error(feri_stream_after_failed_write(&handle, (fer_error){FER_BROKEN_PIPE, 32}),
                 FER_BROKEN_PIPE, 32);
    assert_int_equal(feri_state_write_half(feri_handle_state(&handle)), FERI_WRITE_GONE);
    assert_int_equal(feri_state_read_half(feri_handle_state(&handle)), FERI_READ_OPEN);
    assert_error(feri_handle_check(&handle, FERI_REQUEST_WRITE), FER_BROKEN_PIPE, 0);
}

/* ---- Pending connects (rule C5) */

static fer_handle new_connecting(void)
{
    script_begin(&script_posix);
    return script_connecting(0);
}

SCRIPT_TEST(every_request_that_needs_a_connection_queries_the_pending_connect)
{
    static const feri_request requests[] = {FERI_REQUEST_READ,       FERI_REQUEST_WRITE,
                                            FERI_REQUEST_SHUTDOWN,   FERI_REQUEST_PEER_ADDR,
                                            FERI_REQUEST_TAKE_ERROR, FERI_REQUEST_CLONE};
    fer_error error;
    for (size_t i = 0; i < 6; i++) {
        fer_handle handle = new_connecting();
        script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 107);
        assert_int_equal(feri_stream_answer(&handle, requests[i], &error),
                         FERI_ANSWER_CHECK_CONNECT);
        assert_error(error, FER_WOULD_BLOCK, 0);
        assert_int_equal(feri_stream_answer(&handle, requests[i], &error), FERI_ANSWER_CALL_OS);
        assert_error_log(error, FER_OK, 0, "take_error(1) peer_addr(1) take_error(1) peer_addr(1)");
        assert_ok(feri_stream_check(&handle, requests[i]));
        handle = new_connecting();
        script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_REFUSED, 111};
        assert_error(feri_stream_check(&handle, requests[i]), FER_CONNECTION_REFUSED, 111);
        fer_error_kind after =
            requests[i] == FERI_REQUEST_TAKE_ERROR ? FER_CONNECTION_REFUSED : FER_MISUSE;
        assert_int_equal(feri_stream_check(&handle, requests[i]).kind, after);
        assert_log("take_error(1)");
    }
    fer_handle handle = new_connecting();
    assert_error(feri_stream_check(&handle, FERI_REQUEST_CONNECT), FER_MISUSE, 0);
    assert_ok_log(feri_stream_check(&handle, FERI_REQUEST_USE), "");
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
