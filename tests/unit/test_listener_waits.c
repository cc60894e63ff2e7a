/* test_listener_waits.c: on POSIX core keeps the modes of a listener, and waits for it from the
 * first limits, timeout or nonblocking mode on (rules K1, K2, K5, K7, T6). */
#include "unit/scripted_platform.h"

#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/open/binding.h"
#include "core/wait/blocking.h"

#define SECOND UINT64_C(1000000000)

static fer_cancel_token token;

static fer_handle open_listener(const struct ferp_traits *traits)
{
    script_begin(traits);
    token = (fer_cancel_token){0};
    assert_ok(fer_cancel_token_new(&token));
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    script.log[0] = '\0';
    return listener;
}

#define LISTENER_TEST(function) \
    SCRIPT_TEST_WITH(fer_handle listener, open_listener(&script_posix), function)

static void set_token(fer_handle *handle)
{
    const fer_limits limits = {.token = &token};
    assert_ok(feri_set_limits(handle, &limits));
}

static fer_error accept_one(fer_handle *listener)
{
    fer_handle stream = {0};
    return feri_accept(listener, &stream, NULL);
}

/* K5 */
LISTENER_TEST(an_accept_without_limits_is_one_call)
{
    assert_ok(accept_one(&listener));
    assert_ok(feri_set_limits(&listener, NULL));
    assert_ok(feri_set_timeout(&listener, FERP_READING, FER_DURATION_NONE));
    assert_ok(feri_set_nonblocking(&listener, false));
    assert_ok_log(accept_one(&listener), "accept(1) accept(1)");
}

static void pass_time(script_call call)
{
    script.now += call == SCRIPT_ACCEPT ? SECOND / 4 : 0;
}

/* I1, K3, T2: accepts that are interrupted without end, before the first wait or after one. */
SCRIPT_TEST(signals_without_end_end_with_the_deadline)
{
    for (int i = 0; i < 4; i++) {
        fer_handle listener = open_listener(&script_posix);
        if (i % 2 == 0) {
            const fer_limits limits = {.deadline = {1000 + SECOND}};
            assert_ok(feri_set_limits(&listener, &limits));
        } else {
            assert_ok(feri_set_timeout(&listener, FERP_READING, (fer_duration){SECOND}));
        }
        if (i >= 2) {
            script_queue("accept WOULD_BLOCK:11, wait_for INTERRUPTED:4");
        }
        script_default(SCRIPT_ACCEPT)->error = (fer_error){FER_INTERRUPTED, 4};
        script.on_call = pass_time;
        assert_error(accept_one(&listener), FER_TIMED_OUT, 0);
        assert_in_range(script.times[SCRIPT_ACCEPT], 4, 5);
    }
}

/* L3, K2, T2: connections that fail in the queue without end. Signals do not end such an accept. */
SCRIPT_TEST(failed_connections_without_end_end_with_the_deadline_or_the_token)
{
    for (int i = 0; i < 4; i++) {
        fer_handle listener = open_listener(&script_posix);
        const fer_limits limits = {
            .deadline = {1000 + SECOND}, .token = &token, .interruptible = i == 1};
        if (i < 3) {
            assert_ok(feri_set_limits(&listener, &limits));
        } else {
            assert_ok(feri_set_timeout(&listener, FERP_READING, (fer_duration){SECOND}));
        }
        if (i == 2) {
            fer_cancel_token_cancel(&token);
        }
        script_default(SCRIPT_ACCEPT)->error = (fer_error){FER_CONNECTION_ABORTED, 1};
        script.on_call = pass_time;
        assert_error(accept_one(&listener), i == 2 ? FER_CANCELLED : FER_TIMED_OUT, 0);
        assert_true(script.times[SCRIPT_ACCEPT] <= 5);
    }
}

/* I1: by its name or in nonblocking mode, with limits or without. */
SCRIPT_TEST(an_accept_that_never_waits_reports_signals_without_end)
{
    fer_handle stream = {0};
    for (int i = 0; i < 3; i++) {
        fer_handle listener = open_listener(&script_posix);
        assert_ok(feri_set_nonblocking(&listener, true));
        if (i == 2) {
            set_token(&listener);
        }
        script_queue("accept INTERRUPTED:4 WOULD_BLOCK:11");
        script_default(SCRIPT_ACCEPT)->error = (fer_error){FER_INTERRUPTED, 4};
        assert_error(i == 0 ? feri_try_accept(&listener, &stream, NULL) : accept_one(&listener),
                     FER_WOULD_BLOCK, 11);
        assert_error(i == 0 ? feri_try_accept(&listener, &stream, NULL) : accept_one(&listener),
                     FER_INTERRUPTED, 4);
        assert_int_equal(script.times[SCRIPT_ACCEPT], 2 + 65536);
    }
}

SYSTEM_TEST(script_posix, a_clone_of_a_stream_needs_no_memory)
{
    fer_handle clone = {0};
    fer_handle stream = script_stream(0);
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    script.has_no_memory = true;
    assert_error(feri_try_clone(&listener, &clone), FER_OUT_OF_MEMORY, 0);
    assert_ok(feri_try_clone(&stream, &clone));
}

/* R1: into_raw applies the mode and the timeouts that were set. */
LISTENER_TEST(a_released_listener_has_the_user_s_modes)
{
    assert_int_equal(feri_into_raw(&listener), 1);
    assert_log("");
    listener = script_stream(FERI_FLAG_LISTENING);
    set_token(&listener);
    assert_ok(feri_set_timeout(&listener, FERP_READING, (fer_duration){SECOND}));
    script.log[0] = '\0';
    assert_int_equal(feri_into_raw(&listener), 2);
    assert_log("set_timeout(2,reading,1000000000) set_timeout(2,writing,18446744073709551615) "
               "set_nonblocking(2,0)");
}

LISTENER_TEST(an_accept_that_cannot_wait_in_core_fails)
{
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9, accept_one(&listener));
    assert_log("accept(1) set_nonblocking(1,1)");
}

TEST_MAIN("listener_waits")
