/* test_stream_io.c: single reads and writes of a stream: the calls to the OS, their results, and
 * the result of the next call. */
#include "unit/scripted_platform.h"

#include "core/handle/connection.h"
#include "core/transfer/stream_io.h"

static size_t n;

static char buf[64];

/* ---- Reading */

STREAM_TEST(script_posix, input_before_a_reset_is_read_and_then_the_reset_again)
{
    assert_forwards(SCRIPT_SEND, FER_CONNECTION_RESET, 104, feri_stream_write(&handle, buf, 1, &n));
    script_queue("bytes_queued 1, recv 1");
    assert_ok_n(feri_stream_read(&handle, buf, 1, &n), n, 1);
    assert_error(feri_stream_read(&handle, buf, 1, &n), FER_CONNECTION_RESET, 104);
    script_then_fail(SCRIPT_BYTES_QUEUED, FER_INVALID_INPUT, 22);
    assert_error(feri_stream_read(&handle, buf, 1, &n), FER_CONNECTION_RESET, 104);
    assert_log("send(1,1) bytes_queued(1) recv(1,1) bytes_queued(1) bytes_queued(1)");
}

/* ---- take_error */

SYSTEM_TEST(script_posix, a_reset_before_a_query_of_the_connect_is_reported_once)
{
    fer_error got = {FER_OTHER, 1};
    fer_handle handle = script_connecting(0);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_RESET, 104};
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error(got, FER_CONNECTION_RESET, 104);
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_ok_log(got, "take_error(1)");
}

STREAM_TEST(script_posix, a_pending_broken_pipe_ends_the_write_half_alone)
{
    fer_error got;
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_BROKEN_PIPE, 32};
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error(got, FER_BROKEN_PIPE, 32);
    assert_error(feri_stream_write(&handle, buf, 1, NULL), FER_BROKEN_PIPE, 0);
    script_then_move(SCRIPT_RECV, 1);
    assert_ok(feri_stream_read(&handle, buf, 1, NULL));
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
