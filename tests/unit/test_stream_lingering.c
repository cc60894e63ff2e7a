/* test_stream_lingering.c: the lingering close (rule K11): shuts writing down, discards the input,
 * and closes in every case. */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/transfer/stream_io.h"

#define SECOND UINT64_C(1000000000)

static fer_cancel_token token;

static fer_handle open_stream(const struct ferp_traits *traits)
{
    script_begin(traits);
    token = (fer_cancel_token){0};
    assert_ok(fer_cancel_token_new(&token));
    fer_handle stream = script_stream(0);
    script.log[0] = '\0';
    return stream;
}

#define OPEN_TEST(function) \
    SCRIPT_TEST_WITH(fer_handle stream, open_stream(&script_posix), function)

static void set_limits(fer_handle *stream, fer_instant deadline, fer_cancel_token *chosen)
{
    const fer_limits limits = {.deadline = deadline, .token = chosen};
    assert_ok(feri_set_limits(stream, &limits));
}

/* Closes, expects this result, and that the handle is closed. */
#define assert_lingers(stream, timeout, kind, code)                                       \
    do {                                                                                  \
        fer_duration timeout_ = {timeout};                                                \
        assert_error(feri_stream_close_gracefully(stream, timeout_), kind, code);         \
        assert_int_equal(feri_handle_as_raw(stream), FER_RAW_SOCKET_NONE);                \
        assert_int_equal(feri_state_phase(feri_handle_state(stream)), FERI_PHASE_CLOSED); \
        assert_int_equal(script.sockets_open, 0);                                         \
    } while (0)

OPEN_TEST(it_shuts_down_discards_and_closes)
{
    script_queue("try_recv 8192 5");
    assert_lingers(&stream, SECOND, FER_OK, 0);
    assert_log("shutdown(1,1) try_recv(1,8192) try_recv(1,8192) try_recv(1,8192) close(1)");
}

/* A timeout of 0: what is there is read, without waiting. */
SCRIPT_TEST(with_a_timeout_of_zero_only_queued_input_is_discarded)
{
    fer_handle stream = open_stream(&script_posix);
    script_queue("try_recv 8192 8192 808, bytes_queued 9000");
    assert_lingers(&stream, 0, FER_OK, 0);
    stream = open_stream(&script_posix);
    script_queue("try_recv WOULD_BLOCK:11, wait_for TIMED_OUT");
    assert_lingers(&stream, 0, FER_TIMED_OUT, 0);
    assert_int_equal(script.now, 1000);
}

/* A peer that sends without end does not extend the call. */
OPEN_TEST(input_without_end_does_not_extend_the_call)
{
    script_queue("try_recv* 8192, bytes_queued 20000");
    assert_lingers(&stream, 0, FER_TIMED_OUT, 0);
    assert_int_equal(script.times[SCRIPT_TRY_RECV], 4);
}

/* ---- Limits */

static void cancel_in(script_call call, script_call in)
{
    if (call == in) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

static void cancel_in_try(script_call call)
{
    cancel_in(call, SCRIPT_TRY_RECV);
}

OPEN_TEST(a_cancel_ends_it_even_if_input_never_ends)
{
    set_limits(&stream, FER_INSTANT_NONE, &token);
    script_default(SCRIPT_TRY_RECV)->value = 8192;
    script.on_call = cancel_in_try;
    assert_lingers(&stream, FER_DURATION_NONE_NANOS, FER_CANCELLED, 0);
    assert_int_equal(script.times[SCRIPT_TRY_RECV], 1);
}

static void pass_time(script_call call)
{
    script.now += call == SCRIPT_TRY_RECV ? SECOND / 4 : 0;
}

/* I1, K11: signals without end do not extend it. */
OPEN_TEST(signals_without_end_end_with_the_timeout)
{
    *script_default(SCRIPT_TRY_RECV) = (script_result){.error = {FER_INTERRUPTED, 4}};
    script.on_call = pass_time;
    assert_lingers(&stream, SECOND, FER_TIMED_OUT, 0);
    assert_int_equal(script.times[SCRIPT_TRY_RECV], 4);
}

/* ---- Other states */

SCRIPT_TEST(an_earlier_end_is_ok_immediately)
{
    fer_handle stream = open_stream(&script_posix);
    assert_true(feri_handle_apply(&stream, FERI_EVENT_GOT_EOF));
    assert_lingers(&stream, SECOND, FER_OK, 0);
    assert_log("shutdown(1,1) close(1)");
    stream = open_stream(&script_posix);
    assert_true(feri_handle_apply(&stream, FERI_EVENT_GOT_EOF));
    assert_true(feri_handle_apply(&stream, FERI_EVENT_SHUT_BOTH));
    assert_lingers(&stream, SECOND, FER_OK, 0);
}

/* Nothing reports the peer's end then, and on Windows the shutdown is not passed to the OS. */
SCRIPT_TEST(reading_that_was_shut_down_is_misuse_and_nothing_waits)
{
    const struct ferp_traits *systems[] = {&script_posix, &script_bsd, &script_windows};
    for (size_t i = 0; i < 3; i++) {
        fer_handle stream = open_stream(systems[i]);
        assert_ok(feri_stream_shutdown(&stream, FER_SHUTDOWN_READ));
        assert_lingers(&stream, SECOND, FER_MISUSE, 0);
        assert_int_equal(script.times[SCRIPT_TRY_RECV], 0);
    }
}

SYSTEM_TEST(script_posix, an_unconnected_stream_is_closed_and_reported)
{
    fer_handle stream = script_unconnected(0);
    assert_lingers(&stream, SECOND, FER_NOT_CONNECTED, 0);
    stream = script_connecting(0);
    script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 107);
    assert_lingers(&stream, SECOND, FER_NOT_CONNECTED, 0);
    stream = script_connecting(0);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_REFUSED, 111};
    assert_lingers(&stream, SECOND, FER_CONNECTION_REFUSED, 111);
    stream = script_connecting(0);
    assert_true(feri_handle_fail(&stream, FERI_EVENT_CONNECT_FAIL,
                                 (fer_error){FER_CONNECTION_REFUSED, 111}));
    assert_lingers(&stream, SECOND, FER_MISUSE, 0);
}

SYSTEM_TEST(script_posix, without_a_socket_it_is_misuse)
{
    fer_handle stream = {0};
    assert_error(feri_stream_close_gracefully(NULL, FER_DURATION_NONE), FER_MISUSE, 0);
    assert_error(feri_stream_close_gracefully(&stream, FER_DURATION_NONE), FER_MISUSE, 0);
    assert_int_equal(feri_handle_state(&stream), 0);
    assert_ok(feri_handle_claim(&stream));
    assert_error(feri_stream_close_gracefully(&stream, FER_DURATION_NONE), FER_MISUSE, 0);
    assert_int_equal(feri_state_phase(feri_handle_state(&stream)), FERI_PHASE_OPENING);
    assert_log("");
}

TEST_MAIN("stream_lingering")
