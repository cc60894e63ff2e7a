/* test_stream_io.c: single reads and writes of a stream: the calls to the OS, their results, and
 * the result of the next call. */
#include "unit/scripted_platform.h"

#include "core/handle/connection.h"
#include "core/transfer/stream_io.h"

static size_t n;

static char buf[64];

static void open_stream(fer_handle *handle, const struct ferp_traits *traits)
{
    script_begin(traits);
    *handle = script_stream(0);
}

/* ---- Reading */

STREAM_TEST(script_posix, a_peek_records_the_end)
{
    assert_ok(feri_stream_peek(&handle, buf, 1, &n));
    assert_ok_n(feri_stream_read(&handle, buf, 1, &n), n, 0);
    assert_log("peek(1,1)");
    assert_error(feri_handle_check(&handle, FERI_REQUEST_PEER_ADDR), FER_NOT_CONNECTED, 0);
}

STREAM_TEST(script_posix, an_end_of_file_behind_a_reset_is_the_reset)
{
    assert_forwards(SCRIPT_SEND, FER_HOST_UNREACHABLE, 113, feri_stream_write(&handle, buf, 1, &n));
    script_then_move(SCRIPT_BYTES_QUEUED, 1);
    assert_error_n(feri_stream_read(&handle, buf, 1, &n), FER_HOST_UNREACHABLE, 113, n, 0);
}

SCRIPT_TEST(an_aborted_connection_is_a_reset_to_reads_and_writes)
{
    fer_handle handle;
    open_stream(&handle, &script_windows);
    script_then_fail(SCRIPT_RECV, FER_CONNECTION_ABORTED, 10053);
    assert_error(feri_stream_read(&handle, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
    open_stream(&handle, &script_windows);
    script_then_fail(SCRIPT_SEND, FER_CONNECTION_ABORTED, 10053);
    assert_error(feri_stream_write(&handle, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
}

/* ---- Errors that do not end the stream */

/* It is no error of the connection. */
STREAM_TEST(script_posix, an_invalid_receive_changes_nothing)
{
    assert_forwards(SCRIPT_RECV, FER_INVALID_INPUT, 22, feri_stream_read(&handle, buf, 1, &n));
    script_then_move(SCRIPT_RECV, 1);
    assert_ok_n(feri_stream_read(&handle, buf, 1, &n), n, 1);
    assert_log("recv(1,1) peer_addr(1) recv(1,1)");
}

/* ---- A reset that another thread's write meets while a read waits (rule S5) */

static fer_handle *handle_to_reset;

static void reset_while_arming(script_call call)
{
    if (call == SCRIPT_WAIT_ARM) {
        assert_error(feri_stream_after_failed_write(handle_to_reset,
                                                    (fer_error){FER_CONNECTION_RESET, 10054}),
                     FER_CONNECTION_RESET, 10054);
    }
}

static void begin_reset_while_arming(fer_handle *handle)
{
    handle_to_reset = handle;
    script.on_call = reset_while_arming;
    script_then_fail(SCRIPT_RECV, FER_WOULD_BLOCK, 10035);
}

/* Wine 8: after a reset that another call has met, a receive would block (docs/DIFFERENCES.md). */
STREAM_TEST(script_windows, a_read_that_waits_is_the_reset_if_it_would_block_after_it)
{
    begin_reset_while_arming(&handle);
    script_then_fail(SCRIPT_RECV, FER_WOULD_BLOCK, 10035);
    assert_error_n(feri_stream_read(&handle, buf, 1, &n), FER_CONNECTION_RESET, 10054, n, 0);
    assert_log("recv(1,1) wait_arm(1,READABLE) wait_disarm() "
               "recv(1,1) wait_arm(1,READABLE) wait_disarm()");
}

/* ---- Writing */

STREAM_TEST(script_posix, an_ended_connection_s_timeout_sticks_with_its_code)
{
    script_then_fail(SCRIPT_SEND, FER_CONNECTION_TIMED_OUT, 110);
    assert_error(feri_stream_write(&handle, buf, 1, NULL), FER_CONNECTION_TIMED_OUT, 110);
    assert_error(feri_stream_write(&handle, buf, 1, NULL), FER_CONNECTION_TIMED_OUT, 110);
    assert_error(feri_stream_read(&handle, buf, 1, NULL), FER_CONNECTION_TIMED_OUT, 110);
    assert_log("send(1,1) bytes_queued(1)");
}

/* ---- take_error */

STREAM_TEST(script_posix, an_error_that_was_reported_is_not_there_to_be_taken_again)
{
    fer_error got = {FER_OTHER, 1};
    script_then_fail(SCRIPT_RECV, FER_CONNECTION_RESET, 104);
    script_default(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_RESET, 104};
    assert_error(feri_stream_read(&handle, buf, 1, NULL), FER_CONNECTION_RESET, 104);
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_ok_log(got, "recv(1,1)");
}

SYSTEM_TEST(script_posix, a_reset_before_anybody_queried_how_the_connect_stands_is_reported_once)
{
    fer_error got = {FER_OTHER, 1};
    fer_handle handle = script_connecting(0);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_RESET, 104};
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error(got, FER_CONNECTION_RESET, 104);
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_ok_log(got, "take_error(1)");
}

STREAM_TEST(script_windows, a_pending_abort_is_a_reset_and_a_transient_error_is_skipped)
{
    fer_error got;
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_NO_BUFFER_SPACE, 10055};
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error(got, FER_NO_BUFFER_SPACE, 10055);
    assert_ok(feri_handle_check(&handle, FERI_REQUEST_WRITE));
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_ABORTED, 10053};
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error(got, FER_CONNECTION_RESET, 10053);
    assert_error(feri_handle_check(&handle, FERI_REQUEST_WRITE), FER_CONNECTION_RESET, 10053);
}

STREAM_TEST(script_posix, take_error_is_refused_without_a_socket_or_a_result_pointer)
{
    fer_error got = {FER_OTHER, 1};
    assert_error(feri_stream_take_error(&handle, NULL), FER_MISUSE, 0);
    assert_error(feri_stream_take_error(NULL, &got), FER_MISUSE, 0);
    assert_forwards(SCRIPT_TAKE_ERROR, FER_BAD_HANDLE, 9, feri_stream_take_error(&handle, &got));
    handle = (fer_handle){0};
    assert_error(feri_stream_take_error(&handle, &got), FER_MISUSE, 0);
    assert_ok(feri_handle_claim(&handle));
    assert_error(feri_stream_take_error(&handle, &got), FER_WOULD_BLOCK, 0);
    assert_error_log(got, FER_OTHER, 1, "take_error(1)");
    assert_ok(feri_handle_fill_unconnected(&handle, script_open_socket(), 0));
    assert_true(feri_handle_apply(&handle, FERI_EVENT_CONNECT_BEGIN));
    assert_true(feri_handle_fail(&handle, FERI_EVENT_CONNECT_FAIL,
                                 (fer_error){FER_CONNECTION_REFUSED, 111}));
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error(got, FER_CONNECTION_REFUSED, 111);
}

TEST_MAIN("stream_io")
