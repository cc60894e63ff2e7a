/* test_socket_connecting.c: the seam calls of a built socket's connects on each system, and the
 * resulting state (rules C1, C2, C5), also within the limits of the handle (K1, K2, K3). */
#include "unit/scripted_platform.h"
#include "unit/socket_check.h"

static fer_socket socket;

static void begin_unix(void)
{
    socket = new_socket(&script_posix, FER_DOMAIN_UNIX, FER_TYPE_STREAM);
}

static fer_error connect_to_name(void)
{
    fer_unix_addr name = script_path("a");
    return fer_socket_connect_unix(&socket, &name);
}

/* ---- Unix */

static void pass_4_ms_in_connect(script_call call)
{
    if (call == SCRIPT_UNIX_CONNECT) {
        script.on_call = NULL;
        script.now += 4000000;
    }
}

/* The system waited for 4 ms, until the signal; 6 ms of the timeout remain. */
SCRIPT_TEST_AFTER(begin_unix(), a_signal_does_not_start_the_write_timeout_anew)
{
    script.on_call = pass_4_ms_in_connect;
    script_queue("unix_connect INTERRUPTED:4, unix_connect* WOULD_BLOCK:11, timeout 10000000");
    assert_error(connect_to_name(), FER_TIMED_OUT, 0);
    assert_int_equal(script.now, 10001000);
    assert_log("unix_connect(1,a) timeout(1,writing) set_nonblocking(1,1) unix_connect(1,a) "
               "pause(8001000) unix_connect(1,a) pause(10001000) unix_connect(1,a) "
               "set_nonblocking(1,0)");
    assert_int_equal(phase_of(&socket), FERI_PHASE_UNCONNECTED);
    script_queue("unix_connect* OK, unix_connect INTERRUPTED:4");
    assert_ok(connect_to_name()); /* without a timeout */
    assert_log("unix_connect(1,a) timeout(1,writing) unix_connect(1,a)");
}

/* A socket that other handles may share has its mode read from the OS, which may refuse it. */
SCRIPT_TEST(an_interrupted_unix_connect_reads_mode_and_timeout)
{
    static const struct {
        const char *results;
        fer_error_kind kind;
        int32_t code;
    } rows[] = {
        {"unix_connect INTERRUPTED:4, timeout BAD_HANDLE:9", FER_BAD_HANDLE, 9},
        {"unix_connect INTERRUPTED:4 WOULD_BLOCK:11, timeout 10000000", FER_RESOURCE_BUSY, 11}};
    for (size_t i = 0; i < 2; i++) {
        begin_unix();
        assert_ok(fer_socket_set_nonblocking(&socket, i == 1));
        script_queue(rows[i].results);
        assert_error(connect_to_name(), rows[i].kind, rows[i].code);
        assert_int_equal(phase_of(&socket),
                         i == 0 ? FERI_PHASE_CONNECT_FAILED : FERI_PHASE_UNCONNECTED);
        script_end_row();
    }
}

SCRIPT_TEST(a_unix_connect_that_windows_has_started_continues)
{
    socket = new_socket(&script_windows, FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    assert_ok(fer_socket_set_nonblocking(&socket, true));
    assert_forwards(SCRIPT_UNIX_CONNECT, FER_WOULD_BLOCK, 10035, connect_to_name());
    assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECTING);
    socket = new_stream(&script_posix);
    assert_error(connect_to_name(), FER_INVALID_INPUT, 0);
    begin_unix();
    assert_error(fer_socket_connect_unix(&socket, NULL), FER_MISUSE, 0);
    assert_int_equal(phase_of(&socket), FERI_PHASE_UNCONNECTED);
}

/* ---- Limits */

static fer_cancel_token token;
static fer_limits limits;

static void set_limits(uint64_t nanos)
{
    memset(&token, 0, sizeof token);
    assert_ok(fer_cancel_token_new(&token));
    limits = (fer_limits){.deadline = fer_instant_after((fer_duration){nanos}), .token = &token};
    assert_ok(fer_socket_set_limits(&socket, &limits));
    script.log[0] = '\0';
}

static void assert_failed_with(fer_error_kind kind)
{
    fer_error pending = {FER_OK, 0};
    assert_int_equal(phase_of(&socket), FERI_PHASE_CONNECT_FAILED);
    assert_ok(fer_socket_take_error(&socket, &pending));
    assert_error(pending, kind, 0);
}

SCRIPT_TEST(a_unix_connect_that_started_is_awaited_within_limits)
{
    socket = new_socket(&script_windows, FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    set_limits(500);
    script_queue("unix_connect WOULD_BLOCK:10035");
    assert_forwards(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0, connect_to_name());
    assert_log("unix_connect(1,a) wait_arm(1,CONNECTED) wait_for(1500,token)");
    assert_failed_with(FER_TIMED_OUT);
}

TEST_MAIN("socket_connecting")
