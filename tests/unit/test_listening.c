/* test_listening.c: how a listener accepts, and how it waits: on POSIX core keeps the modes of a
 * listener, and waits for it from the first limits, timeout or nonblocking mode on (rules K1, K2,
 * K5, K7, T6). No failure leaks a socket: tests/sweep. */
#include "unit/scripted_platform.h"

#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/binding.h"

#define SECOND UINT64_C(1000000000)

static fer_handle listener, stream;
static fer_cancel_token token;

static void begin(const struct ferp_traits *traits, uint32_t flags)
{
    script_begin(traits);
    token = (fer_cancel_token){0};
    assert_ok(fer_cancel_token_new(&token));
    listener = script_stream(flags | FERI_FLAG_LISTENING);
    stream = (fer_handle){0};
    script.log[0] = '\0';
}

#define LISTENER_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix, 0), function)

static fer_error accept_one(void)
{
    stream = (fer_handle){0};
    return feri_accept(&listener, 0, &stream, NULL);
}

/* ---- Accepted streams */

SCRIPT_TEST(an_inherited_mode_is_cleared_if_it_may_differ)
{
    static const struct {
        const struct ferp_traits *traits;
        uint32_t flags;
        const char *log;
    } rows[] = {
        {&script_posix, 0, "accept(1)"},
        {&script_posix, FERI_FLAG_NONBLOCKING, "accept(1)"},
        {&script_bsd, 0, "accept(1)"},
        {&script_bsd, FERI_FLAG_V6, "accept(1)"},
        {&script_bsd, FERI_FLAG_NONBLOCKING, "accept(1) set_nonblocking(2,0)"},
        {&script_bsd, FERI_FLAG_RESETS_AT_CLOSE, "accept(1) set_linger(2,1,0)"},
        {&script_posix, FERI_FLAG_RESETS_AT_CLOSE, "accept(1)"},
        {&script_posix, FERI_FLAG_WRITE_TIMEOUT_SET,
         "accept(1) set_timeout(2,reading,18446744073709551615) "
         "set_timeout(2,writing,18446744073709551615)"},
        {&script_windows, FERI_FLAG_RESETS_AT_CLOSE, "accept(1)"},
        {&script_windows, 0, "accept(1)"},
        {&script_windows, FERI_FLAG_NONBLOCKING, "accept(1)"},
        {&script_windows, FERI_FLAG_ADOPTED, "accept(1)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i].traits, rows[i].flags);
        assert_ok_log(accept_one(), rows[i].log);
    }
}

/* L3: a connection that has ended is skipped, whichever call reports it: the reset of its modes,
 * and getpeername. */
SCRIPT_TEST(a_connection_that_ended_before_its_modes_were_reset_is_skipped)
{
    static const char *const results[] = {
        "set_timeout INVALID_INPUT:22, peer_addr INVALID_INPUT:22", /* macOS */
        "set_timeout INVALID_INPUT:22, peer_addr NOT_CONNECTED:22",
        "set_timeout CONNECTION_RESET:54, peer_addr NOT_CONNECTED:22", /* FreeBSD's TCP options */
        "set_timeout CONNECTION_ABORTED:53, peer_addr NOT_CONNECTED:22",
        "set_timeout NOT_CONNECTED:57, peer_addr NOT_CONNECTED:22",
    };
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        begin(&script_posix, FERI_FLAG_ADOPTED);
        script_queue(results[i]);
        assert_ok(accept_one());
        assert_row(feri_handle_as_raw(&stream) == 3);
        assert_row(script.sockets_open == 2);
        assert_log("accept(1) set_timeout(2,reading,18446744073709551615) peer_addr(2) close(2) "
                   "accept(1) set_timeout(3,reading,18446744073709551615) "
                   "set_timeout(3,writing,18446744073709551615)");
    }
}

/* ---- Waits */

static void pass_time(script_call call)
{
    script.now += call == SCRIPT_ACCEPT ? SECOND / 4 : 0;
}

/* I1, K2, K3, L3, T2: accepts that are interrupted without end, before the first wait or after one,
 * and connections that fail in the queue without end. */
SCRIPT_TEST(accepts_that_fail_without_end_end_with_the_deadline_or_the_token)
{
    static const struct {
        bool is_timeout, interruptible, cancels;
        const char *results;
    } rows[] = {
        {false, false, false, "accept* INTERRUPTED:4"},
        {true, false, false, "accept* INTERRUPTED:4"},
        {false, false, false,
         "accept WOULD_BLOCK:11, wait_for INTERRUPTED:4, accept* INTERRUPTED:4"},
        {true, false, false,
         "accept WOULD_BLOCK:11, wait_for INTERRUPTED:4, accept* INTERRUPTED:4"},
        {false, false, false, "accept* CONNECTION_ABORTED:1"},
        {false, true, false, "accept* CONNECTION_ABORTED:1"},
        {false, false, true, "accept* CONNECTION_ABORTED:1"},
        {true, false, false, "accept* CONNECTION_ABORTED:1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&script_posix, 0);
        const fer_limits limits = {.deadline = {1000 + SECOND},
                                   .token = i < 4 ? NULL : &token,
                                   .interruptible = rows[i].interruptible};
        assert_ok(rows[i].is_timeout
                      ? feri_set_timeout(&listener, FERP_READING, (fer_duration){SECOND})
                      : feri_set_limits(&listener, &limits));
        if (rows[i].cancels) {
            assert_ok(fer_cancel_token_cancel(&token));
        }
        script_queue(rows[i].results);
        script.on_call = pass_time;
        assert_error(accept_one(), rows[i].cancels ? FER_CANCELLED : FER_TIMED_OUT, 0);
        assert_in_range(script.times[SCRIPT_ACCEPT], rows[i].cancels ? 0 : 4, 5);
    }
}

static void set_token(void)
{
    const fer_limits limits = {.token = &token};
    assert_ok(feri_set_limits(&listener, &limits));
}

/* I1: by its name or in nonblocking mode, with limits or without. */
SCRIPT_TEST(an_accept_that_never_waits_reports_signals_without_end)
{
    for (int i = 0; i < 3; i++) {
        begin(&script_posix, 0);
        assert_ok(feri_set_nonblocking(&listener, true));
        if (i == 2) {
            set_token();
        }
        script_queue(i == 0 ? "ready INTERRUPTED:4" : "");
        script_queue("accept INTERRUPTED:4 WOULD_BLOCK:11, accept* INTERRUPTED:4");
        assert_error(i == 0 ? feri_accept(&listener, FERP_DONTWAIT, &stream, NULL) : accept_one(),
                     FER_WOULD_BLOCK, 11);
        assert_error(i == 0 ? feri_accept(&listener, FERP_DONTWAIT, &stream, NULL) : accept_one(),
                     FER_INTERRUPTED, 4);
        assert_int_equal(script.times[SCRIPT_ACCEPT], 2 + 65536);
    }
}

/* I1, I4: accept continues, unless its limits are interruptible. */
LISTENER_TEST(a_signal_in_a_pause_restarts_an_accept)
{
    for (int i = 0; i < 2; i++) {
        const fer_limits limits = {.token = &token, .interruptible = i == 0};
        assert_ok(feri_set_limits(&listener, &limits));
        script_queue("accept WOULD_BLOCK:11 WOULD_BLOCK:11 WOULD_BLOCK:11");
        script_then_fail(SCRIPT_TOKEN_WAIT, FER_INTERRUPTED, 4);
        assert_error(accept_one(), i == 0 ? FER_INTERRUPTED : FER_OK, i == 0 ? 4 : 0);
    }
}

LISTENER_TEST(an_accept_that_cannot_wait_in_core_fails)
{
    script_queue("accept WOULD_BLOCK:11");
    assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9, accept_one());
}

TEST_MAIN("listening")
