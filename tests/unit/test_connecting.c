/* test_connecting.c: how a connection is established: starting, the result, readiness hints,
 * timeouts and modes. test_seam_failures.c checks that no failure leaks a socket. */
#include "unit/scripted_platform.h"

#include "core/handle/connection.h"
#include "core/open/connecting.h"

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

#define NO_TIMEOUT FER_DURATION_NONE
#define SOON ((fer_duration){500})

/* ---- The result */

SYSTEM_TEST(script_posix, a_connect_whose_error_cannot_be_queried_is_aborted)
{
    script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 115);
    script_then_fail(SCRIPT_TAKE_ERROR, FER_BAD_HANDLE, 9);
    assert_error(connect_to("192.0.2.1:80", SOON), FER_CONNECTION_ABORTED, 9);
}

SYSTEM_TEST(script_posix, readiness_that_is_false_for_ever_pauses_and_ends_at_the_deadline)
{
    script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 115);
    script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 107};
    assert_error(connect_to("192.0.2.1:80", fer_duration_from_secs(1)), FER_TIMED_OUT, 0);
    assert_int_equal(script.now, 1000001000);
    assert_in_range(script.times[SCRIPT_WAIT_FOR], 50, 60);
}

SYSTEM_TEST(script_posix, an_interrupted_wait_is_begun_again_with_the_time_that_is_left)
{
    script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 115);
    script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
    assert_ok_log(
        connect_to("192.0.2.1:80", SOON),
        "socket(v4) set_nonblocking(1,1) connect(1,192.0.2.1:80) wait_arm(1,CONNECTED) "
        "wait_for(1500) "
        "wait_arm(1,CONNECTED) wait_for(1500) take_error(1) peer_addr(1) set_nonblocking(1,0)");
}

/* Another thread has taken the error: as for connect_with (test_connect_attempts.c). */
SYSTEM_TEST(script_posix, a_failure_without_an_error_is_aborted)
{
    script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 115);
    script_default(SCRIPT_WAIT_FOR)->error = (fer_error){FER_CONNECTION_REFUSED, 0};
    script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 107};
    script_default(SCRIPT_CONNECT_IS_PENDING)->value = 1;
    assert_error(connect_to("192.0.2.1:80", SOON), FER_CONNECTION_ABORTED, 0);
    assert_log("socket(v4) set_nonblocking(1,1) connect(1,192.0.2.1:80) "
               "wait_arm(1,CONNECTED) wait_for(1500) take_error(1) peer_addr(1) "
               "wait_arm(1,CONNECTED) wait_for(1500) take_error(1) peer_addr(1) "
               "connect_is_pending(1) take_error(1) peer_addr(1) close(1)");
}

/* A sandbox refuses getpeername. */
SYSTEM_TEST(script_posix, a_refused_query_ends_the_connect)
{
    script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 115);
    script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_PERMISSION_DENIED, 1};
    assert_error(connect_to("192.0.2.1:80", SOON), FER_PERMISSION_DENIED, 1);
}

/* On a loaded machine a false hint comes later than the pause before it ends. */
SCRIPT_TEST(slow_hints_without_an_error_are_aborted)
{
    script_begin(&script_windows);
    script_then_fail(SCRIPT_CONNECT, FER_WOULD_BLOCK, 10035);
    script_default(SCRIPT_WAIT_FOR)->elapsed = 2000000;
    script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 10057};
    script_default(SCRIPT_CONNECT_IS_PENDING)->value = 1;
    assert_error(connect_to("192.0.2.1:80", fer_duration_from_secs(1)), FER_CONNECTION_ABORTED, 0);
    assert_int_equal(script.times[SCRIPT_WAIT_FOR], 7);
}

/* C2: on Windows SO_ERROR "is not always immediately set". */
SCRIPT_TEST(a_hint_of_failure_is_explained_by_a_late_error)
{
    for (int early = 1; early <= 3; early++) {
        script_begin(&script_windows);
        script_then_fail(SCRIPT_CONNECT, FER_WOULD_BLOCK, 10035);
        script_default(SCRIPT_WAIT_FOR)->error = (fer_error){FER_CONNECTION_REFUSED, 0};
        script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 10057};
        script_default(SCRIPT_CONNECT_IS_PENDING)->value = 1;
        for (int i = 0; i < early; i++) {
            (void)script_then(SCRIPT_TAKE_ERROR);
        }
        script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_NETWORK_UNREACHABLE, 10051};
        assert_error(connect_to("192.0.2.1:80", SOON), FER_NETWORK_UNREACHABLE, 10051);
        assert_int_equal(script.times[SCRIPT_WAIT_FOR], early == 1 ? 1 : 2);
    }
}

/* ---- Timeouts and modes */

SYSTEM_TEST(script_windows, the_mode_is_not_changed_if_core_waits)
{
    assert_ok_log(connect_to("192.0.2.1:80", SOON), "socket(v4) connect(1,192.0.2.1:80)");
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

/* A reset or a broken pipe occurs only on an established connection. */
SCRIPT_TEST(a_connection_that_has_ended_already_is_a_connection)
{
    fer_handle handle = new_connecting(&script_posix);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_RESET, 104};
    assert_ok(feri_pending_connect_status(&handle));
    assert_int_equal(phase_of(&handle), FERI_PHASE_OPEN);
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CHECK_QUEUED);
    assert_error(feri_handle_check(&handle, FERI_REQUEST_WRITE), FER_CONNECTION_RESET, 104);
    assert_log("take_error(1)");
    handle = new_connecting(&script_posix);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_BROKEN_PIPE, 32};
    assert_ok(feri_pending_connect_status(&handle));
    assert_int_equal(phase_of(&handle), FERI_PHASE_OPEN);
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CALL_OS);
    assert_error(feri_handle_check(&handle, FERI_REQUEST_WRITE), FER_BROKEN_PIPE, 0);
}

/* C4: on Windows SO_ERROR has an earlier connect's error while this one is pending. */
SCRIPT_TEST(the_error_of_an_earlier_connect_is_none_of_a_pending_one)
{
    fer_handle handle = new_connecting(&script_windows);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_REFUSED, 10061};
    assert_error(feri_pending_connect_status(&handle), FER_WOULD_BLOCK, 0);
    assert_log("take_error(1) connect_is_pending(1)");
    assert_int_equal(phase_of(&handle), FERI_PHASE_CONNECTING);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_REFUSED, 10061};
    script_then(SCRIPT_CONNECT_IS_PENDING)->value = 1; /* it is not */
    assert_error(feri_pending_connect_status(&handle), FER_CONNECTION_REFUSED, 10061);
}

static fer_handle *other_thread_handle;
static feri_event other_thread_event;

static void run_other_thread(script_call call)
{
    if (call == SCRIPT_TAKE_ERROR && other_thread_event == FERI_EVENT_CONNECT_FAIL) {
        (void)feri_handle_fail(other_thread_handle, other_thread_event,
                               (fer_error){FER_HOST_UNREACHABLE, 113});
    } else if (call == SCRIPT_TAKE_ERROR) {
        (void)feri_handle_apply(other_thread_handle, other_thread_event);
    }
}

/* The result that another thread stored first stays: the saved error is the first one. */
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
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_REFUSED, 111};
    assert_error(feri_pending_connect_status(&handle), FER_CONNECTION_REFUSED, 111);
    assert_int_equal(phase_of(&handle), FERI_PHASE_CONNECT_FAILED);
    assert_error(feri_handle_saved_error(&handle), FER_HOST_UNREACHABLE, 113);
}

TEST_MAIN("connecting")
