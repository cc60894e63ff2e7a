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

SYSTEM_TEST(script_posix, a_connect_that_ends_immediately_leaves_an_open_stream)
{
    fer_handle handle = {0};
    fer_socket_addr to = script_addr("[2001:db8::1]:7");
    assert_ok(feri_start_connect(&handle, &to));
    assert_log("socket(v6) set_nonblocking(1,1) connect(1,[2001:db8::1]:7)");
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CALL_OS);
    assert_int_equal(feri_handle_flags(&handle), FERI_FLAG_V6 | FERI_FLAG_NONBLOCKING);
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

/* Only a handle that is shared asks whether another one has taken the error. */
SYSTEM_TEST(script_bsd, a_failed_connect_whose_error_was_taken_is_aborted)
{
    fer_handle handle = script_connecting(0);
    feri_atomic_change_bits(&handle.p_.flags_, FERI_FLAG_ADOPTED, 0);
    script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 57};
    assert_error(feri_pending_connect_status(&handle), FER_WOULD_BLOCK, 0);
    script_then(SCRIPT_CONNECT_IS_PENDING)->value = 1;
    assert_error(feri_pending_connect_status(&handle), FER_CONNECTION_ABORTED, 0);
    assert_int_equal(feri_state_phase(feri_handle_state(&handle)), FERI_PHASE_CONNECT_FAILED);
    assert_log("take_error(1) peer_addr(1) connect_is_pending(1) take_error(1) peer_addr(1) "
               "connect_is_pending(1) take_error(1) peer_addr(1)");
}

TEST_MAIN("connect_start")
