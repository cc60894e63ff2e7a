/* test_listener_waits.c: on POSIX core keeps the modes of a listener, and waits for it from the
 * first limits, timeout or nonblocking mode on (rules K1, K2, K5, K7, T6). */
#include "unit/scripted_platform.h"

#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/binding.h"

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

/* K6 */
LISTENER_TEST(an_accept_within_limits_tries_first_and_then_waits_with_the_token)
{
    set_token(&listener);
    assert_log("set_nonblocking(1,1)");
    assert_ok_log(accept_one(&listener), "accept(1)");
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    assert_ok(accept_one(&listener));
    assert_log("accept(1) wait_arm(1,ACCEPTABLE) wait_for(ever,token) accept(1)");
}

/* K7: another thread took the connection, so accept waits again, and not in the kernel. */
LISTENER_TEST(a_connection_that_another_thread_took_is_waited_for_again)
{
    set_token(&listener);
    script.log[0] = '\0';
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    assert_ok_log(accept_one(&listener),
                  "accept(1) wait_arm(1,ACCEPTABLE) wait_for(ever,token) accept(1) "
                  "wait_arm(1,ACCEPTABLE) wait_for(ever,token) accept(1)");
}

LISTENER_TEST(removed_limits_leave_the_socket_nonblocking)
{
    set_token(&listener);
    assert_ok(feri_set_limits(&listener, NULL));
    assert_ok(feri_set_nonblocking(&listener, false));
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    assert_ok(accept_one(&listener));
    assert_log("set_nonblocking(1,1) accept(1) wait_arm(1,ACCEPTABLE) wait_for(ever) accept(1)");
}

LISTENER_TEST(limits_that_cannot_be_applied_are_not_set)
{
    const fer_limits limits = {.token = &token};
    assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9, feri_set_limits(&listener, &limits));
    assert_false(feri_handle_is_limited(&listener));
    assert_ok(fer_cancel_token_cancel(&token));
    assert_ok(accept_one(&listener));
}

/* K1 */
LISTENER_TEST(the_limits_are_checked_first_and_the_handle_is_released)
{
    fer_handle stream = {0};
    set_token(&listener);
    assert_ok(fer_cancel_token_cancel(&token));
    script.log[0] = '\0';
    assert_error(feri_accept(&listener, &stream, NULL), FER_CANCELLED, 0);
    assert_error(feri_accept_without_peer(&listener, &stream), FER_CANCELLED, 0);
    assert_int_equal(feri_handle_state(&stream), 0);
    assert_log("");
    assert_error(feri_accept(&listener, &listener, NULL), FER_MISUSE, 0);
    assert_ok_log(feri_try_accept(&listener, &stream, NULL), "accept(1)");
}

static void cancel_it(script_call call)
{
    if (call == SCRIPT_WAIT_FOR) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

SCRIPT_TEST(a_cancel_ends_the_wait_after_the_next_try)
{
    const struct ferp_traits *systems[] = {&script_posix, &script_bsd, &script_windows};
    for (size_t i = 0; i < 3; i++) {
        fer_handle listener = open_listener(systems[i]);
        set_token(&listener);
        script_default(SCRIPT_ACCEPT)->error = (fer_error){FER_WOULD_BLOCK, 11};
        script.on_call = cancel_it;
        assert_error(accept_one(&listener), FER_CANCELLED, 0);
        assert_int_equal(script.times[SCRIPT_WAIT_FOR], 1);
    }
}

/* I1: a signal does not end accept, but its handler may cancel. */
LISTENER_TEST(a_signal_ends_the_wait_only_if_its_handler_cancels)
{
    set_token(&listener);
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
    assert_ok(accept_one(&listener));
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
    script.on_call = cancel_it;
    assert_error(accept_one(&listener), FER_CANCELLED, 0);
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
            script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
            script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
        }
        script_default(SCRIPT_ACCEPT)->error = (fer_error){FER_INTERRUPTED, 4};
        script.on_call = pass_time;
        assert_error(accept_one(&listener), FER_TIMED_OUT, 0);
        assert_in_range(script.times[SCRIPT_ACCEPT], 4, 5);
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
        script_then_fail(SCRIPT_ACCEPT, FER_INTERRUPTED, 4);
        script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
        script_default(SCRIPT_ACCEPT)->error = (fer_error){FER_INTERRUPTED, 4};
        assert_error(i == 0 ? feri_try_accept(&listener, &stream, NULL) : accept_one(&listener),
                     FER_WOULD_BLOCK, 11);
        assert_error(i == 0 ? feri_try_accept(&listener, &stream, NULL) : accept_one(&listener),
                     FER_INTERRUPTED, 4);
        assert_int_equal(script.times[SCRIPT_ACCEPT], 2 + 65536);
    }
}

/* ---- Timeouts */

SCRIPT_TEST(the_timeout_is_core_s_own)
{
    const struct ferp_traits *systems[] = {&script_posix, &script_bsd, &script_windows};
    for (size_t i = 0; i < 3; i++) {
        fer_handle listener = open_listener(systems[i]);
        fer_duration got = {0};
        assert_ok(feri_set_timeout(&listener, FERP_READING, (fer_duration){SECOND}));
        assert_log(i < 2 ? "set_nonblocking(1,1)" : "");
        assert_ok(feri_timeout(&listener, FERP_READING, &got));
        assert_int_equal(got.nanos, SECOND);
        script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
        assert_forwards(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0, accept_one(&listener));
        assert_log("accept(1) wait_arm(1,ACCEPTABLE) wait_for(1000001000)");
    }
}

/* T2: the poll and its race are only for a socket that waits in the kernel. */
LISTENER_TEST(try_accept_polls_only_if_the_socket_is_blocking)
{
    fer_handle stream = {0};
    script_then_fail(SCRIPT_READY, FER_TIMED_OUT, 0);
    assert_error_log(feri_try_accept(&listener, &stream, NULL), FER_WOULD_BLOCK, 0,
                     "ready(1,r,1000)");
    set_token(&listener);
    script.log[0] = '\0';
    assert_forwards(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11, feri_try_accept(&listener, &stream, NULL));
    assert_log("accept(1)");
}

/* ---- Clones */

/* K7, T6: the mark is shared, whichever handle sets it. */
SCRIPT_TEST(clones_share_whether_core_waits)
{
    for (int set_first = 0; set_first < 2; set_first++) {
        fer_handle listener = open_listener(&script_posix);
        fer_handle clone = {0};
        if (set_first) {
            set_token(&listener);
        }
        assert_ok(feri_try_clone(&listener, &clone));
        if (!set_first) {
            set_token(&listener);
        }
        script.log[0] = '\0';
        assert_ok(feri_set_nonblocking(&clone, true));
        assert_ok_log(feri_set_nonblocking(&clone, false), "");
        script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
        script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
        assert_ok(feri_accept_without_peer(&clone, &(fer_handle){0}));
        feri_handle_close(&listener);
        feri_handle_close(&clone);
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

/* ---- Other processes */

/* Another process has set limits, so the description is nonblocking without a mark here. */
LISTENER_TEST(a_blocking_accept_that_would_block_waits_in_core_from_then_on)
{
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    assert_ok(accept_one(&listener));
    assert_log("accept(1) set_nonblocking(1,1) wait_arm(1,ACCEPTABLE) wait_for(ever) accept(1)");
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    assert_ok_log(accept_one(&listener),
                  "accept(1) wait_arm(1,ACCEPTABLE) wait_for(ever) accept(1)");
}

/* ---- Adoption and release */

SYSTEM_TEST(script_posix, an_adopted_listener_has_its_mode)
{
    bool nonblocking = false;
    fer_handle listener = {0};
    script_then(SCRIPT_DESCRIBE)->description = (ferp_description){
        .is_stream = true, .is_ip = true, .is_listening = true, .is_nonblocking = true};
    script_then(SCRIPT_TIMEOUT)->value = FER_DURATION_NONE_NANOS;
    assert_ok(feri_listener_from_raw(&listener, script_open_socket(), FERI_DOMAIN_IP));
    assert_log("describe(1) timeout(1,reading) timeout(1,writing) adopt(1)");
    assert_ok(feri_mode_before_try(&listener, &nonblocking));
    assert_true(nonblocking);
    assert_forwards(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11, accept_one(&listener));
}

SYSTEM_TEST(script_posix, a_listener_that_cannot_be_prepared_is_left_to_the_caller)
{
    fer_handle listener = {0};
    script_then(SCRIPT_DESCRIBE)->description =
        (ferp_description){.is_stream = true, .is_ip = true, .is_listening = true};
    script_then(SCRIPT_TIMEOUT)->value = SECOND;
    assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9,
                    feri_listener_from_raw(&listener, script_open_socket(), FERI_DOMAIN_IP));
    assert_int_equal(script.sockets_open, 1);
    assert_int_equal(feri_handle_state(&listener), 0);
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

/* T6: on macOS and the BSDs an accepted stream inherits O_NONBLOCK. */
SCRIPT_TEST(accepted_streams_are_blocking_though_core_waits)
{
    fer_handle listener = open_listener(&script_bsd);
    set_token(&listener);
    assert_ok(feri_set_limits(&listener, NULL));
    script.log[0] = '\0';
    assert_ok_log(accept_one(&listener), "accept(1) set_nonblocking(2,0)");
}

LISTENER_TEST(an_accept_that_cannot_wait_in_core_fails)
{
    script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11);
    assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9, accept_one(&listener));
    assert_log("accept(1) set_nonblocking(1,1)");
}

TEST_MAIN("listener_waits")
