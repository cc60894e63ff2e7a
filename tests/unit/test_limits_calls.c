/* test_limits_calls.c: limits of the calls that are more than one try: complete transfers and
 * readiness; and what comes before the limits. Single calls: test_waiting_limits.c. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"

static size_t n;

#define MILLI UINT64_C(1000000)
#define DEADLINE (1000 + 50 * MILLI)

static fer_cancel_token token;
static fer_tcp_stream stream;
static char buf[16];

static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&token, 0, sizeof token);
    memset(&stream, 0, sizeof stream);
    assert_ok(fer_cancel_token_new(&token));
    stream.handle_ = script_stream(0);
    script.log[0] = '\0';
}

static void limit(uint64_t deadline)
{
    const fer_limits limits = {.deadline = feri_instant_at(deadline), .token = &token};
    assert_ok(fer_tcp_stream_set_limits(&stream, &limits));
}

static void begin_with_deadline(const struct ferp_traits *traits)
{
    begin(traits);
    limit(DEADLINE);
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin_with_deadline(&script_posix), function)

static void begin_cancelled(void)
{
    begin(&script_posix);
    limit(0);
    assert_ok(fer_cancel_token_cancel(&token));
    script.log[0] = '\0';
}

#define CANCELLED_TEST(function) SCRIPT_TEST_AFTER(begin_cancelled(), function)

/* The error of the socket that a wait has taken from the system is the result of a receive. */
SCRIPT_TEST(an_error_of_the_socket_that_a_wait_took_ends_the_stream)
{
    begin(&script_windows);
    script_queue("recv WOULD_BLOCK:10035, wait_for +CONNECTION_ABORTED:10053");
    assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
    assert_error(fer_tcp_stream_write(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
    assert_error(fer_tcp_stream_read(&stream, buf, 1, NULL), FER_CONNECTION_RESET, 10053);
}

/* ---- K1: what comes before the limits */

CANCELLED_TEST(the_saved_error_precedes_the_limits_and_queued_input_does_not)
{
    assert_true(feri_handle_fail(&stream.handle_, FERI_EVENT_GOT_RESET,
                                 (fer_error){FER_CONNECTION_RESET, 104}));
    assert_error(fer_tcp_stream_write(&stream, buf, 1, &n), FER_CONNECTION_RESET, 104);
    assert_error(fer_tcp_stream_read(&stream, buf, 1, &n), FER_CONNECTION_RESET, 104);
    script_then(SCRIPT_BYTES_QUEUED)->value = 1;
    assert_error(fer_tcp_stream_read(&stream, buf, 1, &n), FER_CANCELLED, 0);
    assert_int_equal(script.times[SCRIPT_TRY_RECV], 0);
}

/* ---- K3a: readiness */

static fer_error wait_ready(fer_interest interest, fer_duration timeout, fer_interest *ready)
{
    return fer_tcp_stream_ready(&stream, interest, timeout, ready);
}

BEGUN_TEST(readiness_checks_first_and_waits_for_the_token_too)
{
    fer_interest ready = 77;
    script_then(SCRIPT_READY)->value = FER_READABLE;
    assert_ok_n(wait_ready(FER_READABLE, FER_DURATION_NONE, &ready), ready, FER_READABLE);
    assert_log("ready(1,r,50001000,token)");
    ready = 77;
    limit(1000);
    assert_error(wait_ready(FER_READABLE, FER_DURATION_NONE, &ready), FER_TIMED_OUT, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    script.log[0] = '\0';
    assert_error(wait_ready(FER_READABLE, FER_DURATION_NONE, &ready), FER_CANCELLED, 0);
    assert_error(wait_ready(FER_READABLE, fer_duration_from_nanos(0), &ready), FER_CANCELLED, 0);
    assert_int_equal(ready, 77);
    assert_log("");
}

SCRIPT_TEST(readiness_of_other_handles_is_limited_too)
{
    fer_interest ready = 77;
    fer_udp_socket udp = {0};
    begin(&script_windows);
    udp.handle_ = script_stream(FERI_FLAG_DATAGRAM);
    const fer_limits limits = {.token = &token};
    assert_ok(fer_udp_socket_set_limits(&udp, &limits));
    script_then(SCRIPT_READY)->value = FER_READABLE;
    assert_ok(fer_udp_socket_ready(&udp, FER_READABLE, FER_DURATION_NONE, &ready));
    assert_log("ready(2,r,100001000,ever,token)");
    assert_ok(fer_cancel_token_cancel(&token));
    assert_error_log(fer_udp_socket_ready(&udp, FER_READABLE, FER_DURATION_NONE, &ready),
                     FER_CANCELLED, 0, "token_signal()");
}

TEST_MAIN("limits_calls")
