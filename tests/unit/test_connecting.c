/* test_connecting.c: how a connection is established: starting, the result, readiness hints,
 * timeouts and modes; and connects that are only started. No failure leaks a socket:
 * tests/sweep. */
#include "unit/scripted_platform.h"

#include "core/handle/connection.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "core/open/unix_opening.h"

static fer_error connect_to(const char *text, fer_duration timeout)
{
    fer_handle handle = {0};
    fer_socket_addr addr = script_addr(text);
    fer_error error = feri_connect_timeout(&handle, &addr, timeout);
    bool is_open = feri_handle_as_raw(&handle) != FER_RAW_SOCKET_NONE;
    assert_int_equal(is_open, error.kind == FER_OK);
    assert_int_equal(script.sockets_open, is_open);
    return error;
}

/* ---- The result */

/* Another thread may have taken the error: as for connect_with (test_connect_attempts.c). A sandbox
 * refuses getpeername. On a loaded machine a false hint comes later than the pause before it ends.
 * C2: on Windows SO_ERROR "is not always immediately set". */
SCRIPT_TEST(a_started_connect_ends_with_its_result)
{
    static const struct {
        const char *name;
        const struct ferp_traits *traits;
        uint64_t timeout;
        const char *results;
        fer_error_kind kind;
        int32_t code;
        uint64_t waits, until; /* 0: of no interest */
    } rows[] = {
        {"an error that cannot be queried", &script_posix, 500,
         "connect IN_PROGRESS:115, take_error BAD_HANDLE:9", FER_CONNECTION_ABORTED, 9, 1, 0},
        {"readiness that is false for ever pauses and ends at the deadline", &script_posix,
         1000000000, "connect IN_PROGRESS:115, peer_addr* NOT_CONNECTED:107", FER_TIMED_OUT, 0, 0,
         1000001000},
        {"an interrupted wait begins again with the time that is left", &script_posix, 500,
         "connect IN_PROGRESS:115, wait_for INTERRUPTED:4", FER_OK, 0, 2, 0},
        {"a failure without an error", &script_posix, 500,
         "connect IN_PROGRESS:115, wait_for* CONNECTION_REFUSED, peer_addr* NOT_CONNECTED:107, "
         "connect_is_pending* 1",
         FER_CONNECTION_ABORTED, 0, 2, 0},
        {"a refused query", &script_posix, 500,
         "connect IN_PROGRESS:115, peer_addr* PERMISSION_DENIED:1", FER_PERMISSION_DENIED, 1, 1, 0},
        {"slow hints without an error", &script_windows, 1000000000,
         "connect WOULD_BLOCK:10035, peer_addr* NOT_CONNECTED:10057, connect_is_pending* 1",
         FER_CONNECTION_ABORTED, 0, 7, 0},
        {"a late error", &script_windows, 500,
         "connect WOULD_BLOCK:10035, wait_for* CONNECTION_REFUSED, peer_addr* NOT_CONNECTED:10057, "
         "connect_is_pending* 1, take_error 0 +NETWORK_UNREACHABLE:10051",
         FER_NETWORK_UNREACHABLE, 10051, 1, 0},
        {"a later error", &script_windows, 500,
         "connect WOULD_BLOCK:10035, wait_for* CONNECTION_REFUSED, peer_addr* NOT_CONNECTED:10057, "
         "connect_is_pending* 1, take_error 0 0 +NETWORK_UNREACHABLE:10051",
         FER_NETWORK_UNREACHABLE, 10051, 2, 0},
        {"the latest error", &script_windows, 500,
         "connect WOULD_BLOCK:10035, wait_for* CONNECTION_REFUSED, peer_addr* NOT_CONNECTED:10057, "
         "connect_is_pending* 1, take_error 0 0 0 +NETWORK_UNREACHABLE:10051",
         FER_NETWORK_UNREACHABLE, 10051, 2, 0},
        {"a connection is not queried again", &script_windows, 500,
         "connect WOULD_BLOCK:10035, connect_is_pending* 0", FER_OK, 0, 1, 0},
        /* Windows: the mode is not changed if core waits. */
        {"a connect that ends in the call", &script_windows, 500, "", FER_OK, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(rows[i].traits);
        script.row = rows[i].name;
        script_default(SCRIPT_WAIT_FOR)->elapsed = rows[i].waits == 7 ? 2000000 : 0;
        script_queue(rows[i].results);
        assert_error(connect_to("192.0.2.1:80", (fer_duration){rows[i].timeout}), rows[i].kind,
                     rows[i].code);
        if (rows[i].until != 0) {
            assert_row(script.now == rows[i].until);
            assert_row(script.times[SCRIPT_WAIT_FOR] >= 50 && script.times[SCRIPT_WAIT_FOR] <= 60);
        } else {
            assert_row(script.times[SCRIPT_WAIT_FOR] == rows[i].waits);
            assert_row(rows[i].waits == 0 || strstr(script.log, "wait_for(1500)") != NULL ||
                       rows[i].timeout != 500);
        }
        assert_row(rows[i].kind != FER_OK || script.times[SCRIPT_SET_NONBLOCKING] ==
                                                 (script.traits.io_waits_in_kernel ? 2 : 0));
        script_end_row();
    }
}

/* ---- The status of a pending connect (rule C5) */

static fer_handle new_connecting(const struct ferp_traits *traits)
{
    script_begin(traits);
    return script_connecting(0);
}

static feri_phase phase_of(const fer_handle *handle)
{
    return feri_state_phase(feri_handle_state(handle));
}

static fer_handle *other_thread_handle;
static feri_event other_thread_event;

static void run_other_thread(script_call call)
{
    if (call == SCRIPT_TAKE_ERROR && other_thread_event == FERI_EVENT_CONNECT_FAIL) {
        (void)feri_handle_step(other_thread_handle, other_thread_event,
                               (fer_error){FER_HOST_UNREACHABLE, 113});
    } else if (call == SCRIPT_TAKE_ERROR) {
        (void)feri_handle_step(other_thread_handle, other_thread_event, feri_ok());
    }
}

SCRIPT_TEST(the_result_that_another_thread_stored_first_stays)
{
    fer_handle handle = new_connecting(&script_posix);
    other_thread_handle = &handle;
    other_thread_event = FERI_EVENT_CONNECT_OK;
    script.on_call = run_other_thread;
    assert_ok(feri_pending_connect_status(&handle));
    assert_int_equal(phase_of(&handle), FERI_PHASE_OPEN);
    handle = new_connecting(&script_posix);
    other_thread_event = FERI_EVENT_CONNECT_FAIL;
    script.on_call = run_other_thread;
    script_queue("take_error +CONNECTION_REFUSED:111, peer_addr NOT_CONNECTED:107, "
                 "connect_is_pending 1");
    assert_error(feri_pending_connect_status(&handle), FER_CONNECTION_REFUSED, 111);
    assert_int_equal(phase_of(&handle), FERI_PHASE_CONNECT_FAILED);
    assert_error(feri_handle_saved_error(&handle), FER_HOST_UNREACHABLE, 113);
    handle = new_connecting(&script_posix); /* a connection that has ended already */
    script_queue("take_error +BROKEN_PIPE:32");
    assert_ok(feri_pending_connect_status(&handle));
    assert_int_equal(phase_of(&handle), FERI_PHASE_OPEN);
}

/* The answer comes from the state after the query. Here the handle was closed during the query,
 * which is misuse. */
SCRIPT_TEST(the_state_after_the_query_decides)
{
    fer_handle handle = new_connecting(&script_posix);
    script_close_during(SCRIPT_PEER_ADDR, &handle);
    assert_error(feri_stream_check(&handle, FERI_REQUEST_READ), FER_MISUSE, 0);
}

/* ---- Connects that are started */

SYSTEM_TEST(script_posix, a_started_connect_that_ends_immediately_leaves_an_open_stream)
{
    fer_handle handle = {0};
    fer_socket_addr to = script_addr("[2001:db8::1]:7");
    assert_ok(feri_start_connect(&handle, &to));
    assert_log("socket(v6) set_nonblocking(1,1) connect(1,[2001:db8::1]:7)");
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CALL_OS);
    assert_int_equal(feri_handle_flags(&handle), FERI_FLAG_V6 | FERI_FLAG_NONBLOCKING);
    /* Closing a handle during a connect is misuse by another thread. The new socket is closed. */
    script_begin(&script_posix);
    handle = (fer_handle){0};
    script_close_during(SCRIPT_CONNECT, &handle);
    script_queue("connect IN_PROGRESS:115");
    assert_error(feri_start_connect(&handle, &to), FER_MISUSE, 0);
    assert_int_equal(script.sockets_open, 0);
}

static fer_error open_at(const char *text)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr = script_addr(text);
    fer_error error = feri_connection_open(&addr, NULL, &raw);
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
        script_queue("connect INVALID_INPUT:22");
        script_then(SCRIPT_LOCAL_ADDR)->addr = script_addr(rows[i].own);
        assert_error(open_at("192.0.2.1:80"), rows[i].kind, 22);
        assert_row(script.sockets_open == 0);
    }
    script_begin(&script_bsd);
    script_queue("connect INVALID_INPUT:22");
    assert_forwards(SCRIPT_LOCAL_ADDR, FER_INVALID_INPUT, 22, open_at("192.0.2.1:80"));
}

/* ---- Binding (rules L1, L4) */

static fer_error bind_to(fer_type type, const char *text)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr = script_addr(text);
    static const fer_bind_options defaults = {.backlog = 0};
    fer_error error = type == FER_TYPE_DGRAM ? feri_datagram_open(&addr, &defaults, &raw)
                                             : feri_listener_open(&addr, &defaults, &raw);
    if (error.kind != FER_OK) {
        feri_close_opened(&raw);
    }
    assert_int_equal(script.sockets_open, error.kind == FER_OK);
    return error;
}

/* A dual-stack socket that holds the port denies 0.0.0.0 too. */
SYSTEM_TEST(script_windows, a_denied_bind_beside_a_dual_stack_socket_is_in_use)
{
    script_queue("bind PERMISSION_DENIED:10013 PERMISSION_DENIED:10013 ADDR_IN_USE:10048");
    assert_error_log(bind_to(FER_TYPE_STREAM, "127.0.0.1:80"), FER_ADDR_IN_USE, 10013,
                     "socket(v4) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,127.0.0.1:80) "
                     "socket(v4) set_option(2,EXCLUSIVE_ADDRESS,1) bind(2,0.0.0.0:80) close(2) "
                     "socket(v6) set_option(3,EXCLUSIVE_ADDRESS,1) set_option(3,ONLY_V6,0) "
                     "bind(3,[::]:80) close(3) close(1)");
}

TEST_MAIN("connecting")
