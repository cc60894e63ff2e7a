/* test_connect_start.c: connects that are started without waiting: the socket and the state of the
 * handle afterwards, and connects that end without an error. */
#include "core/handle/connection.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/unix_opening.h"
#include "core/transfer/stream_io.h"
#include "unit/scripted_platform.h"

static void assert_new_again(fer_handle *handle)
{
    assert_int_equal(feri_handle_answer(handle, FERI_REQUEST_READ), FERI_ANSWER_UNCONNECTED);
    assert_true(feri_handle_as_raw(handle) == FER_RAW_SOCKET_NONE);
    assert_int_equal(script.sockets_open, 0);
}

SCRIPT_TEST(a_connect_that_has_started_is_pending)
{
    static const struct {
        const struct ferp_traits *traits;
        fer_error started;
    } rows[] = {{&script_posix, {FER_IN_PROGRESS, 115}},
                {&script_posix, {FER_INTERRUPTED, 4}},
                {&script_windows, {FER_WOULD_BLOCK, 10035}}};
    for (int i = 0; i < 3; i++) {
        fer_handle handle = {0};
        fer_socket_addr to = script_addr("192.0.2.1:7");
        script_begin(rows[i].traits);
        script_then_fail(SCRIPT_CONNECT, rows[i].started.kind, rows[i].started.os_code);
        assert_ok_log(feri_start_connect(&handle, &to),
                      i < 2 ? "socket(v4) set_nonblocking(1,1) connect(1,192.0.2.1:7)"
                            : "socket(v4) connect(1,192.0.2.1:7)");
        assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CHECK_CONNECT);
        assert_int_equal(feri_handle_as_raw(&handle), 1);
        assert_true(feri_handle_has_flag(&handle, FERI_FLAG_NONBLOCKING));
        bool nonblocking = false;
        assert_ok(feri_mode_before_try(&handle, &nonblocking));
        assert_true(nonblocking);
        assert_error(feri_start_connect(&handle, &to), FER_MISUSE, 0);
    }
}

SYSTEM_TEST(script_posix, a_connect_that_ends_immediately_leaves_an_open_stream)
{
    fer_handle handle = {0};
    fer_socket_addr to = script_addr("[2001:db8::1]:7");
    assert_ok(feri_start_connect(&handle, &to));
    assert_log("socket(v6) set_nonblocking(1,1) connect(1,[2001:db8::1]:7)");
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CALL_OS);
    assert_int_equal(feri_handle_flags(&handle), FERI_FLAG_V6 | FERI_FLAG_NONBLOCKING);
}

/* C4: "leaves a NEW handle that can be connected again ..., and leaks nothing". */
SCRIPT_TEST(a_connect_that_fails_immediately_leaves_a_new_handle)
{
    fer_handle handle = {0};
    fer_socket_addr to = script_addr("127.0.0.1:7");
    fer_socket_addr nowhere = script_addr("127.0.0.1:0");
    script_begin(&script_windows);
    assert_forwards(SCRIPT_SOCKET, FER_TOO_MANY_OPEN_FILES, 10024,
                    feri_start_connect(&handle, &to));
    assert_log("socket(v4)");
    assert_forwards(SCRIPT_CONNECT, FER_CONNECTION_REFUSED, 10061,
                    feri_start_connect(&handle, &to));
    assert_log("socket(v4) disable_connect_retry(1) connect(1,127.0.0.1:7) close(1)");
    assert_error_log(feri_start_connect(&handle, &nowhere), FER_CONNECTION_REFUSED, 0, "");
    assert_new_again(&handle);
    script_begin(&script_posix);
    assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9, feri_start_connect(&handle, &to));
    assert_log("socket(v4) set_nonblocking(1,1) close(1)");
    assert_new_again(&handle);
}

/* Closing a handle during a connect is misuse by another thread. The new socket is closed. */
SYSTEM_TEST(script_posix, a_handle_that_is_closed_meanwhile_leaves_no_socket)
{
    fer_handle handle = {0};
    fer_socket_addr to = script_addr("192.0.2.1:7");
    script_close_during(SCRIPT_CONNECT, &handle);
    script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 115);
    assert_error(feri_start_connect(&handle, &to), FER_MISUSE, 0);
    assert_int_equal(script.sockets_open, 0);
}

/* ---- Unix sockets */

SCRIPT_TEST(a_unix_connect_starts_or_ends_immediately)
{
    fer_handle handle = {0};
    fer_unix_addr to = script_path("p");
    script_begin(&script_posix);
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_INTERRUPTED, 4);
    script_then(SCRIPT_UNIX_CONNECT);
    assert_ok(feri_unix_start_connect(&handle, &to));
    assert_log("unix_socket() set_nonblocking(1,1) unix_connect(1,p) unix_connect(1,p)");
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CALL_OS);
    script_begin(&script_windows);
    handle = (fer_handle){0};
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_WOULD_BLOCK, 10035);
    assert_ok(feri_unix_start_connect(&handle, &to));
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CHECK_CONNECT);
}

/* EAGAIN from Linux means a full queue: no connect has started. */
SYSTEM_TEST(script_posix, a_unix_connect_to_a_full_queue_is_resource_busy)
{
    fer_handle handle = {0};
    fer_unix_addr to = script_path("p");
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_WOULD_BLOCK, 11);
    assert_error(feri_unix_start_connect(&handle, &to), FER_RESOURCE_BUSY, 11);
    assert_log("unix_socket() set_nonblocking(1,1) unix_connect(1,p) close(1)");
    assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9,
                    feri_unix_start_connect(&handle, &to));
    assert_forwards(SCRIPT_UNIX_SOCKET, FER_UNSUPPORTED, 10047,
                    feri_unix_start_connect(&handle, &to));
    assert_new_again(&handle);
}

static fer_error open_at(const char *text)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr = script_addr(text);
    fer_error error = feri_connection_open(&addr, &raw);
    feri_close_opened(&raw);
    return error;
}

/* macOS reports EINVAL (libuv, issue 2503). An EINVAL of another cause stays a mistake. */
SCRIPT_TEST(a_connect_to_the_own_address_is_refused)
{
    static const struct {
        const char *own;
        fer_error_kind kind;
    } rows[] = {{"192.0.2.1:80", FER_CONNECTION_REFUSED},
                {"0.0.0.0:80", FER_CONNECTION_REFUSED},
                {"192.0.2.1:81", FER_INVALID_INPUT},
                {"192.0.2.2:80", FER_INVALID_INPUT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(&script_bsd);
        script_then_fail(SCRIPT_CONNECT, FER_INVALID_INPUT, 22);
        script_then(SCRIPT_LOCAL_ADDR)->addr = script_addr(rows[i].own);
        assert_error(open_at("192.0.2.1:80"), rows[i].kind, 22);
        assert_log("socket(v4) connect(1,192.0.2.1:80) local_addr(1) close(1)");
    }
    script_begin(&script_bsd);
    script_then_fail(SCRIPT_CONNECT, FER_INVALID_INPUT, 22);
    assert_forwards(SCRIPT_LOCAL_ADDR, FER_INVALID_INPUT, 22, open_at("192.0.2.1:80"));
}

/* A second false hint: the connect has ended without an error, or with one that has come late. */
SCRIPT_TEST(a_connect_that_ended_without_an_error_is_aborted)
{
    for (size_t i = 0; i < 2; i++) {
        fer_handle handle = {0};
        fer_socket_addr to = script_addr("192.0.2.1:7");
        script_begin(&script_bsd);
        script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 36);
        script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 57};
        script_default(SCRIPT_CONNECT_IS_PENDING)->value = 1;
        script_then(SCRIPT_TAKE_ERROR);
        script_then(SCRIPT_TAKE_ERROR);
        script_then(SCRIPT_TAKE_ERROR)->pending =
            (fer_error){i == 0 ? FER_OK : FER_CONNECTION_REFUSED, i == 0 ? 0 : 61};
        assert_error(feri_connect_timeout(&handle, &to, FER_DURATION_NONE),
                     i == 0 ? FER_CONNECTION_ABORTED : FER_CONNECTION_REFUSED, i == 0 ? 0 : 61);
        assert_int_equal(script.times[SCRIPT_TAKE_ERROR], 3);
    }
}

static fer_error connect_without_a_port(void)
{
    fer_handle handle = {0};
    fer_socket_addr to = script_addr("192.0.2.1:7");
    return feri_connect_timeout(&handle, &to, FER_DURATION_NONE);
}

/* C2: the lack of a port is an error of the connect, by its call or by SO_ERROR, and none of the
 * wait or of another call. */
SCRIPT_TEST(the_wait_s_lack_of_buffers_is_no_lack_of_a_port)
{
    script_begin(&script_windows);
    script_then_fail(SCRIPT_CONNECT, FER_WOULD_BLOCK, 10035);
    assert_forwards(SCRIPT_WAIT_FOR, FER_NO_BUFFER_SPACE, 10055, connect_without_a_port());
    script_begin(&script_windows);
    assert_forwards(SCRIPT_SOCKET, FER_NO_BUFFER_SPACE, 10055, connect_without_a_port());
    script_begin(&script_windows);
    script_then_fail(SCRIPT_CONNECT, FER_WOULD_BLOCK, 10035);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_ADDR_IN_USE, 10048};
    assert_error(connect_without_a_port(), FER_ADDR_NOT_AVAILABLE, 10048);
}

TEST_MAIN("connect_start")
