/* test_socket_connecting.c: the seam calls of a built socket's connects on each system, and the
 * resulting state (rules C1, C2, C5), also within the limits of the handle (K1, K2, K3). */
#include "unit/scripted_platform.h"
#include "unit/socket_check.h"

#define NEW_TEST(function) SCRIPT_TEST_WITH(fer_socket socket, new_stream(&script_posix), function)

static const struct ferp_traits *const systems[] = {&script_posix, &script_bsd, &script_windows};

static fer_error connect_with_timeout(fer_socket *socket, const char *text)
{
    fer_socket_addr addr = script_addr(text);
    return fer_socket_connect_timeout(socket, &addr, (fer_duration){500});
}

/* ---- Connecting */

SCRIPT_TEST(a_nonblocking_connect_only_starts)
{
    for (size_t i = 0; i < 3; i++) {
        bool would_block = systems[i]->connect_would_block_means_started;
        fer_socket socket = new_stream(systems[i]);
        assert_ok(fer_socket_set_nonblocking(&socket, true));
        script.log[0] = '\0';
        script_then_fail(SCRIPT_CONNECT, would_block ? FER_WOULD_BLOCK : FER_IN_PROGRESS, 115);
        assert_error(connect_to(&socket, "192.0.2.1:80"), FER_WOULD_BLOCK, 115);
        assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECTING);
        assert_log("connect(1,192.0.2.1:80)");
        assert_error(connect_to(&socket, "192.0.2.1:80"), FER_MISUSE, 0);
        assert_error(connect_with_timeout(&socket, "192.0.2.1:80"), FER_MISUSE, 0);
        assert_error_log(fer_socket_listen(&socket, 1), FER_MISUSE, 0, "");
        fer_socket_close(&socket);
        assert_int_equal(script.sockets_open, 0);
    }
}

static fer_socket new_unix_stream(void)
{
    return new_socket(&script_posix, FER_DOMAIN_UNIX, FER_TYPE_STREAM);
}

/* Marks the socket as adopted, so that other handles may share it: another one may have changed the
 * mode, so the mode is read from the OS. */
static fer_socket shared(fer_socket socket)
{
    socket.handle_.p_.flags_ |= FERI_FLAG_ADOPTED;
    return socket;
}

/* The OS refuses to return the mode. */
static fer_socket shared_without_mode(fer_socket socket)
{
    script_then_fail(SCRIPT_IS_NONBLOCKING, FER_BAD_HANDLE, 9);
    return shared(socket);
}

/* ---- connect_timeout */

NEW_TEST(connect_timeout_puts_the_mode_back)
{
    script_then_fail(SCRIPT_CONNECT, FER_IN_PROGRESS, 115);
    assert_ok_log(
        connect_with_timeout(&socket, "127.0.0.1:80"),
        "set_nonblocking(1,1) connect(1,127.0.0.1:80) wait_arm(1,CONNECTED) wait_for(1500) "
        "take_error(1) peer_addr(1) "
        "set_nonblocking(1,0)");
    assert_int_equal(phase_of(&socket), FERI_PHASE_OPEN);
    socket = new_stream(&script_posix);
    assert_ok(fer_socket_set_nonblocking(&socket, true));
    script.log[0] = '\0';
    assert_ok(connect_with_timeout(&socket, "127.0.0.1:80"));
    assert_log("set_nonblocking(1,1) connect(1,127.0.0.1:80)");
    socket = new_stream(&script_windows);
    script_then_fail(SCRIPT_CONNECT, FER_WOULD_BLOCK, 10035);
    assert_ok(connect_with_timeout(&socket, "127.0.0.1:80"));
    assert_log("connect(1,127.0.0.1:80) wait_arm(1,CONNECTED) wait_for(1500) take_error(1) "
               "peer_addr(1)");
}

NEW_TEST(a_mode_that_cannot_be_put_back_ends_the_connect)
{
    script_queue("set_nonblocking OK BAD_HANDLE:9");
    assert_error(connect_with_timeout(&socket, "192.0.2.1:80"), FER_BAD_HANDLE, 9);
    assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECT_FAILED);
    socket = new_stream(&script_posix); /* if the connect failed too, its own error is reported */
    script_queue("set_nonblocking OK BAD_HANDLE:9, connect CONNECTION_REFUSED:111");
    assert_error(connect_with_timeout(&socket, "192.0.2.1:80"), FER_CONNECTION_REFUSED, 111);
    socket = new_stream(&script_posix); /* if the mode cannot be set, the connect does not start */
    script_then_fail(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9);
    script.log[0] = '\0';
    assert_error(connect_with_timeout(&socket, "192.0.2.1:80"), FER_BAD_HANDLE, 9);
    assert_log("set_nonblocking(1,1) set_nonblocking(1,0)");
}

/* ---- Unix connects */

static fer_error connect_to_name(fer_socket *socket)
{
    fer_unix_addr name = script_path("a");
    return fer_socket_connect_unix(socket, &name);
}

static void pass_4_ms_in_connect(script_call call)
{
    if (call == SCRIPT_UNIX_CONNECT) {
        script.on_call = NULL;
        script.now += 4000000;
    }
}

/* The system waited for 4 ms, until the signal; 6 ms of the timeout remain. */
SCRIPT_TEST(a_signal_does_not_start_the_write_timeout_anew)
{
    fer_socket socket = new_unix_stream();
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_INTERRUPTED, 4);
    script.on_call = pass_4_ms_in_connect;
    script_queue("timeout 10000000, unix_connect* WOULD_BLOCK:11");
    assert_error(connect_to_name(&socket), FER_TIMED_OUT, 0);
    assert_log("unix_connect(1,a) timeout(1,writing) set_nonblocking(1,1) unix_connect(1,a) "
               "pause(8001000) unix_connect(1,a) pause(10001000) unix_connect(1,a) "
               "set_nonblocking(1,0) is_nonblocking(1)");
    assert_int_equal(phase_of(&socket), FERI_PHASE_UNCONNECTED);
    script_queue("unix_connect* OK, unix_connect INTERRUPTED:4");
    assert_ok(connect_to_name(&socket)); /* without a timeout */
    assert_log("unix_connect(1,a) timeout(1,writing) unix_connect(1,a)");
}

SCRIPT_TEST(an_interrupted_unix_connect_reads_mode_and_timeout)
{
    fer_socket socket = shared_without_mode(new_unix_stream());
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_INTERRUPTED, 4);
    assert_error(connect_to_name(&socket), FER_BAD_HANDLE, 9);
    assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECT_FAILED);
    socket = new_unix_stream();
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_INTERRUPTED, 4);
    assert_forwards(SCRIPT_TIMEOUT, FER_BAD_HANDLE, 9, connect_to_name(&socket));
    assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECT_FAILED);
    socket = new_unix_stream();
    assert_ok(fer_socket_set_nonblocking(&socket, true));
    script_queue("unix_connect INTERRUPTED:4 WOULD_BLOCK:11, timeout 10000000");
    assert_error(connect_to_name(&socket), FER_RESOURCE_BUSY, 11);
}

SCRIPT_TEST(a_unix_connect_that_windows_has_started_continues)
{
    fer_socket socket = new_socket(&script_windows, FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    assert_ok(fer_socket_set_nonblocking(&socket, true));
    assert_forwards(SCRIPT_UNIX_CONNECT, FER_WOULD_BLOCK, 10035, connect_to_name(&socket));
    assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECTING);
    socket = new_stream(&script_posix);
    assert_error(connect_to_name(&socket), FER_INVALID_INPUT, 0);
    socket = new_unix_stream();
    assert_error(fer_socket_connect_unix(&socket, NULL), FER_MISUSE, 0);
    assert_int_equal(phase_of(&socket), FERI_PHASE_UNCONNECTED);
}

/* ---- Datagrams */

SCRIPT_TEST(a_datagram_socket_s_connect_never_waits)
{
    fer_socket socket = new_socket(&script_windows, FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_ok(connect_to(&socket, "192.0.2.1:80"));
    assert_ok(connect_with_timeout(&socket, "192.0.2.1:80"));
    assert_log("connect(1,192.0.2.1:80) peer_addr(1) report_refusals(1,1) connect(1,192.0.2.1:80) "
               "peer_addr(1) report_refusals(1,1)");
    fer_socket_addr addr = script_addr("192.0.2.1:80");
    assert_error(fer_socket_connect_timeout(&socket, &addr, (fer_duration){0}), FER_INVALID_INPUT,
                 0);
    assert_error_log(connect_to(&socket, "[::1]:80"), FER_INVALID_INPUT, 0, "");
}

/* ---- Limits */

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

TEST_MAIN("socket_connecting")
