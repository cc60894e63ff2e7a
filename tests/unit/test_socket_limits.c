/* test_socket_limits.c: connects of built sockets within the limits of their handle: the seam
 * calls, the result and the state afterwards (rules K1, K2, K3). */
#include "unit/scripted_platform.h"
#include "unit/socket_check.h"

static fer_cancel_token token;
static fer_limits limits;

static void set_limits(fer_socket *socket, uint64_t nanos)
{
    memset(&token, 0, sizeof token);
    assert_ok(fer_cancel_token_new(&token));
    limits = (fer_limits){.deadline = fer_instant_after((fer_duration){nanos}), .token = &token};
    assert_ok(fer_socket_set_limits(socket, &limits));
    script.log[0] = '\0';
}

static fer_socket limited_stream(const struct ferp_traits *traits, uint64_t nanos)
{
    fer_socket socket = new_stream(traits);
    set_limits(&socket, nanos);
    script_default(SCRIPT_CONNECT)->error = traits->connect_would_block_means_started
                                                ? (fer_error){FER_WOULD_BLOCK, 10035}
                                                : (fer_error){FER_IN_PROGRESS, 115};
    return socket;
}

static fer_socket limited_unix(uint64_t nanos)
{
    fer_socket socket = new_socket(&script_posix, FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    set_limits(&socket, nanos);
    return socket;
}

static fer_error connect_unix(fer_socket *socket)
{
    fer_unix_addr addr = script_path("/a");
    return fer_socket_connect_unix(socket, &addr);
}

static void cancel_in_wait(script_call call)
{
    if (call == SCRIPT_WAIT_FOR || call == SCRIPT_TOKEN_WAIT) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

static void assert_failed_with(fer_socket *socket, fer_error_kind kind)
{
    fer_error pending = {FER_OK, 0};
    assert_int_equal(phase_of(socket), FERI_PHASE_CONNECT_FAILED);
    assert_ok(fer_socket_take_error(socket, &pending));
    assert_error(pending, kind, 0);
}

/* ---- IP */

SCRIPT_TEST(limits_that_are_reached_before_change_nothing)
{
    fer_socket_addr addr = script_addr("192.0.2.1:80");
    fer_socket_addr other = script_addr("[2001:db8::1]:80");
    fer_socket socket = limited_stream(&script_posix, 0);
    assert_error(connect_to(&socket, "192.0.2.1:80"), FER_TIMED_OUT, 0);
    assert_error(fer_socket_connect_timeout(&socket, &addr, (fer_duration){9}), FER_TIMED_OUT, 0);
    assert_error(fer_socket_connect_timeout(&socket, &addr, (fer_duration){0}), FER_INVALID_INPUT,
                 0);
    assert_error(fer_socket_connect(&socket, &other), FER_INVALID_INPUT, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    script.log[0] = '\0';
    assert_error_log(connect_to(&socket, "192.0.2.1:80"), FER_CANCELLED, 0, "");
    assert_int_equal(phase_of(&socket), FERI_PHASE_UNCONNECTED);
    assert_ok(fer_socket_set_limits(&socket, NULL));
    script_then(SCRIPT_CONNECT)->error.os_code = 0;
    assert_ok(connect_to(&socket, "192.0.2.1:80"));
    limits.token = NULL;
    assert_ok(fer_socket_set_limits(&socket, &limits));
    assert_error(connect_to(&socket, "192.0.2.1:80"), FER_MISUSE, 0); /* the state first */
}

SCRIPT_TEST(a_nonblocking_connect_never_checks)
{
    fer_socket socket = limited_stream(&script_posix, 0);
    assert_ok(fer_socket_set_nonblocking(&socket, true));
    assert_error(connect_to(&socket, "192.0.2.1:80"), FER_WOULD_BLOCK, 115);
    assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECTING);
}

SCRIPT_TEST(port_0_is_refused_within_limits_too)
{
    fer_socket socket = limited_stream(&script_posix, 500);
    assert_error_log(connect_to(&socket, "192.0.2.1:0"), FER_CONNECTION_REFUSED, 0, "");
    assert_failed_with(&socket, FER_CONNECTION_REFUSED);
}

/* ---- Unix sockets */

SCRIPT_TEST(a_unix_connect_within_limits_does_not_wait_in_the_kernel)
{
    fer_socket socket = limited_unix(500);
    assert_ok(connect_unix(&socket));
    assert_log("timeout(1,writing) set_nonblocking(1,1) unix_connect(1,/a) set_nonblocking(1,0)");
    assert_int_equal(phase_of(&socket), FERI_PHASE_OPEN);
}

/* No connect has started, so the call can be repeated. */
SCRIPT_TEST(limits_end_the_wait_for_the_queue_and_the_socket_stays_unconnected)
{
    for (int cancels = 0; cancels < 2; cancels++) {
        fer_socket socket = limited_unix(10000000);
        script_queue("unix_connect* WOULD_BLOCK:11, token_wait* TIMED_OUT");
        script.on_call = cancels ? cancel_in_wait : NULL;
        assert_error(connect_unix(&socket), cancels ? FER_CANCELLED : FER_TIMED_OUT, 0);
        assert_int_equal(script.now, cancels ? 4001000 : 10001000);
        assert_int_equal(phase_of(&socket), FERI_PHASE_UNCONNECTED);
        assert_ok(fer_cancel_token_reset(&token));
        limits.deadline = FER_INSTANT_NONE;
        assert_ok(fer_socket_set_limits(&socket, &limits));
        script_then(SCRIPT_UNIX_CONNECT)->error.os_code = 0;
        assert_ok(connect_unix(&socket));
    }
}

SCRIPT_TEST(a_unix_connect_that_started_is_awaited_within_limits)
{
    fer_socket socket = new_socket(&script_windows, FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    set_limits(&socket, 500);
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_WOULD_BLOCK, 10035);
    assert_forwards(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0, connect_unix(&socket));
    assert_log("unix_connect(1,/a) wait_arm(1,CONNECTED) wait_for(1500,token)");
    assert_failed_with(&socket, FER_TIMED_OUT);
}

TEST_MAIN("socket_limits")
