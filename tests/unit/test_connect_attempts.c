/* test_connect_attempts.c: the seam calls of connection attempts to several addresses, the list of
 * failures (rules K8a, K9), and attempts within a deadline and a token (rules K1, K8). */
#include "unit/attempts_fixture.h"
#include "unit/scripted_platform.h"

#define PENDING_TEST(function) SCRIPT_TEST_AFTER(begin_pending(&script_posix), function)
#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

/* ---- Attempts */

/* The n-th call of this function cancels, in place of another thread or of a signal's handler. */
static script_call cancelled_in;
static uint64_t cancelled_at;

static void cancel(script_call call)
{
    if (call == cancelled_in && script.times[call] == cancelled_at) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

/* The addresses: a, b, 6; m: an IPv4-mapped one; 0: one without a port. */
static fer_error connect_letters(const char *letters)
{
    fer_socket_addr addrs[4];
    size_t count = 0;
    for (; letters[count] != '\0'; count++) {
        char at = letters[count];
        addrs[count] = script_addr(at == 'a'   ? A
                                   : at == 'b' ? B
                                   : at == '6' ? A6
                                   : at == 'm' ? "[::ffff:192.0.2.1]:80"
                                               : "192.0.2.1:0");
    }
    return connect_all(addrs, count);
}

/* The list of failures, as "ADDRESS KIND:CODE ELAPSED;" for each. */
static const char *failures_text(void)
{
    static char text[512];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < failed && i < options.failures_cap; i++) {
        char addr[FER_SOCKET_ADDR_TEXT_CAP];
        fer_socket_addr_format(&failures[i].addr, addr, sizeof addr);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %s:%ld %lu;", addr,
                                fer_error_kind_name(failures[i].error.kind),
                                (long)failures[i].error.os_code,
                                (unsigned long)failures[i].elapsed.nanos);
    }
    return text;
}

#define ENDED "peer_addr NOT_CONNECTED:107, connect_is_pending 1"
#define HINTS "poll* 1, peer_addr* NOT_CONNECTED:57, connect_is_pending* 1"

SCRIPT_TEST(attempts_end_with_the_first_connection_or_the_last_failure)
{
    enum { WAIT = SCRIPT_POLL, START = SCRIPT_CONNECT };
    static const struct {
        const char *name;
        const struct ferp_traits *traits;
        const char *addrs;
        uint64_t delay, timeout, deadline, elapsed; /* of each wait */
        int interruptible, cancelled_in, cancelled_at;
        const char *results;
        fer_error_kind kind;
        int32_t code;
        const char *failures, *contains;
        uint64_t waits;
    } rows[] = {
        /* macOS is reported to have a socket that is writable and never connects (socket2, issue
         * 652). */
        {"a second hint ends a connect that is not pending", &script_bsd, "a", 0, 0, 0, 0, 0, 0, 0,
         HINTS, FER_CONNECTION_ABORTED, 0, A " ConnectionAborted:0 0;", "close(1)", 2},
        /* The first query, the second one, and the one after a second hint. The attempt may have
         * connected, so its socket is reset. */
        {"a status that cannot be queried", &script_bsd, "ab", 0, 0, 0, 0, 0, 0, 0,
         HINTS ", take_error NO_BUFFER_SPACE:55", FER_NO_BUFFER_SPACE, 55, A " NoBufferSpace:55 0;",
         "set_linger(1,1,0) close(1)", 1},
        {"a second query that fails", &script_bsd, "ab", 0, 0, 0, 0, 0, 0, 0,
         HINTS ", take_error 0 NO_BUFFER_SPACE:55", FER_NO_BUFFER_SPACE, 55,
         A " NoBufferSpace:55 0;", "set_linger(1,1,0) close(1)", 2},
        {"a third query that fails", &script_bsd, "ab", 0, 0, 0, 0, 0, 0, 0,
         HINTS ", take_error 0 0 NO_BUFFER_SPACE:55", FER_NO_BUFFER_SPACE, 55,
         A " NoBufferSpace:55 0;", "set_linger(1,1,0) close(1)", 2},
        {"a mapped address gets a dual-stack socket", &script_posix, "m", 0, 0, 0, 0, 0, 0, 0,
         "connect OK", FER_OK, 0, "", "socket(v6) set_option(1,ONLY_V6,0) set_nonblocking", 0},
        {"the next attempt starts beside the first after the delay", &script_posix, "a6", 0, 0, 0,
         0, 0, 0, 0, "poll TIMED_OUT 2", FER_OK, 0, "",
         "set_linger(1,1,0) close(1) set_nonblocking(2,0)", 2},
        {"an attempt that fails starts the next one immediately", &script_posix, "ab", 0, 0, 0,
         5 * MS, 0, 0, 0, "poll* 1, take_error +CONNECTION_REFUSED:111, " ENDED, FER_OK, 0,
         A " ConnectionRefused:111 5000000;", "set_nonblocking(2,0)", 2},
        {"of two simultaneous connections the earlier attempt is taken", &script_posix, "ab", 0, 0,
         0, 0, 0, 0, 0, "poll TIMED_OUT 3", FER_OK, 0, "",
         "set_linger(2,1,0) close(2) set_nonblocking(1,0)", 2},
        {"a soft error ends no attempt", &script_posix, "ab", 0, 0, 0, 5 * MS, 0, 0, 0,
         "poll* 1, take_error +HOST_UNREACHABLE:113, peer_addr NOT_CONNECTED:107 NOT_CONNECTED:107",
         FER_OK, 0, "", "set_nonblocking(1,0)", 2},
        /* The error is that of the last address. */
        {"failures are listed in the order in which they ended", &script_posix, "ab", 0, 0, 0, 0, 0,
         0, 0,
         "poll TIMED_OUT 2 1, take_error +CONNECTION_REFUSED:111 "
         "+HOST_UNREACHABLE:113, peer_addr* NOT_CONNECTED:107, connect_is_pending* 1",
         FER_CONNECTION_REFUSED, 111,
         B " ConnectionRefused:111 0;" A " HostUnreachable:113 250000000;",
         "poll(1,1," DELAY_END ")", 3},
        /* Limits: the deadline does not begin anew with an attempt, and precedes a signal (I4). */
        {"a cancel closes every attempt and each is a failure", &script_posix, "ab", 7, 0, 0, 0, 0,
         WAIT, 2, "poll TIMED_OUT 0", FER_CANCELLED, 0, A " Cancelled:0 7;" B " Cancelled:0 0;",
         "set_linger(1,1,0) close(1) set_linger(2,1,0) close(2)", 2},
        {"the deadline", &script_posix, "ab", 0, 15, 20, 0, 0, 0, 0, "poll* TIMED_OUT",
         FER_TIMED_OUT, 0, A " TimedOut:0 15;" B " TimedOut:0 5;", "", 2},
        {"a signal restarts the wait", &script_posix, "a", 0, 0, 0, 0, 0, WAIT, 9,
         "poll INTERRUPTED:4 1", FER_OK, 0, "", "", 2},
        {"a handler that cancels", &script_posix, "a", 0, 0, 0, 0, 0, WAIT, 1, "poll INTERRUPTED:4",
         FER_CANCELLED, 0, A " Cancelled:0 0;", "", 1},
        {"a signal ends an interruptible wait", &script_posix, "a", 0, 0, 0, 0, 1, 0, 0,
         "poll INTERRUPTED:4", FER_INTERRUPTED, 4, A " Interrupted:4 0;", "close(1)", 1},
        {"a signal at the deadline", &script_posix, "a", 0, 0, 500, 500, 1, 0, 0,
         "poll INTERRUPTED:4", FER_TIMED_OUT, 0, A " TimedOut:0 500;", "", 1},
        {"a cancel between attempts that fail immediately", &script_posix, "aba", 0, 0, 0, 0, 0,
         START, 2, "connect* CONNECTION_REFUSED:111", FER_CANCELLED, 0,
         A " ConnectionRefused:111 0;" B " ConnectionRefused:111 0;", "", 0},
        {"a wait that fails", &script_windows, "a", 0, 0, 0, 0, 0, 0, 0, "poll DEADLOCK",
         FER_DEADLOCK, 0, A " Deadlock:0 0;", "", 1},
        /* With an OS code it is an error of the wait, and not the end of its time. */
        {"a wait that the OS ends", &script_windows, "a", 0, 0, 0, 0, 0, 0, 0,
         "poll CONNECTION_TIMED_OUT:10060", FER_CONNECTION_TIMED_OUT, 10060,
         A " ConnectionTimedOut:10060 0;", "", 1},
        {"port 0 is refused", &script_posix, "00", 0, 0, 0, 0, 0, 0, 0, "", FER_CONNECTION_REFUSED,
         0, "192.0.2.1:0 ConnectionRefused:0 0;192.0.2.1:0 ConnectionRefused:0 0;", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_pending(rows[i].traits);
        script.row = rows[i].name;
        options.attempt_delay = (fer_duration){rows[i].delay};
        options.attempt_timeout = (fer_duration){rows[i].timeout};
        options.limits.interruptible = rows[i].interruptible != 0;
        if (rows[i].deadline != 0) {
            options.limits.deadline = fer_instant_after((fer_duration){rows[i].deadline});
        }
        if (rows[i].cancelled_at != 0) {
            assert_ok(fer_cancel_token_new(&token));
            options.limits.token = &token;
            cancelled_in = (script_call)rows[i].cancelled_in;
            cancelled_at = (uint64_t)rows[i].cancelled_at;
            script.on_call = cancel;
        }
        script_default(SCRIPT_POLL)->elapsed = rows[i].elapsed;
        script_queue(rows[i].results);
        assert_error(connect_letters(rows[i].addrs), rows[i].kind, rows[i].code);
        if (strcmp(failures_text(), rows[i].failures) != 0) {
            script_fail(failures_text());
        }
        assert_row(strstr(script.log, rows[i].contains) != NULL);
        assert_row(script.times[SCRIPT_POLL] == rows[i].waits);
        assert_row(strstr(rows[i].addrs, "0") == NULL || script.log[0] == '\0');
        assert_row(rows[i].kind != FER_OK || feri_handle_has_flag(&stream.handle_, FERI_FLAG_V6) ==
                                                 (strpbrk(rows[i].addrs, "6m") != NULL));
        script_end_row();
    }
}

/* ---- Options */

BEGUN_TEST(a_bind_that_fails_fails_that_attempt)
{
    fer_socket_addr local = script_addr("192.0.2.9:0");
    options.local = &local;
    script_then_fail(SCRIPT_BIND, FER_ADDR_NOT_AVAILABLE, 99);
    assert_ok(connect_two(A, B));
    assert_failure(0, A, FER_ADDR_NOT_AVAILABLE, 99, 0);
    assert_non_null(strstr(script.log,
                           "set_option(1,CONNECT_CHOOSES_PORT,1) bind(1,192.0.2.9:0) close(1) "
                           "socket(v4) set_option(2,CONNECT_CHOOSES_PORT,1) bind(2"));
}

PENDING_TEST(a_local_port_has_one_attempt_after_another)
{
    fer_socket_addr local = script_addr("192.0.2.9:99");
    options.local = &local;
    options.attempt_delay = (fer_duration){1};
    script_queue("poll 1");
    assert_ok(connect_two(A, B));
    assert_int_equal(script.times[SCRIPT_SOCKET], 1);
    assert_non_null(strstr(script.log, "set_option(1,REUSE_ADDRESS,1) bind(1,192.0.2.9:99)"));
    assert_non_null(strstr(script.log, "poll(1,1,ever)"));
}

TEST_MAIN("connect_attempts")
