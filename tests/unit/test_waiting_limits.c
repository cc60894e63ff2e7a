/* test_waiting_limits.c: rules K1, K2, K3, K6 over the scripted seam: every call that can wait, on
 * systems whose kernel waits and on systems where core waits. What sets the limits: test_limits.c.
 * Transfers and the _ready calls: test_limits_calls.c. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

#define MILLI UINT64_C(1000000)
#define DEADLINE (1000 + 50 * MILLI)

static fer_cancel_token token;
static fer_tcp_stream stream;
static fer_udp_socket udp;
static fer_unix_datagram datagram;
static char buf[8];

/* ---- The calls that can wait */

static fer_error call_read(void)
{
    return fer_tcp_stream_read(&stream, buf, 8, NULL);
}
static fer_error call_peek(void)
{
    return fer_tcp_stream_peek(&stream, buf, 8, NULL);
}
static fer_error call_write(void)
{
    return fer_tcp_stream_write(&stream, buf, 8, NULL);
}
static fer_error call_read_vectored(void)
{
    const fer_io_slice_mut slices[2] = {{buf, 4}, {buf + 4, 4}};
    return fer_tcp_stream_read_vectored(&stream, slices, 2, NULL);
}
static fer_error call_write_vectored(void)
{
    const fer_io_slice slices[2] = {{buf, 4}, {buf + 4, 4}};
    return fer_tcp_stream_write_vectored(&stream, slices, 2, NULL);
}
static fer_error call_recv_from(void)
{
    fer_udp_received got;
    return fer_udp_socket_recv_from(&udp, buf, 8, &got);
}
static fer_error call_peek_from(void)
{
    fer_udp_received got;
    return fer_udp_socket_peek_from(&udp, buf, 8, &got);
}
static fer_error call_send(void)
{
    return fer_udp_socket_send(&udp, buf, 8, NULL);
}
static fer_error call_send_to(void)
{
    fer_socket_addr to = script_addr("192.0.2.1:1001");
    return fer_udp_socket_send_to(&udp, buf, 8, &to, NULL);
}
static fer_error call_unix_recv_from(void)
{
    fer_unix_received got;
    return fer_unix_datagram_recv_from(&datagram, buf, 8, &got);
}
static fer_error call_unix_send(void)
{
    return fer_unix_datagram_send(&datagram, buf, 8, NULL);
}
static fer_error call_unix_send_to(void)
{
    return fer_unix_datagram_send_to(&datagram, buf, 8, "/path", NULL);
}

static const struct sort {
    const char *name;
    fer_error (*run)(void);
    script_call attempt; /* the call of the seam that never waits */
    fer_handle *handle;
} sorts[] = {
    {"read", call_read, SCRIPT_TRY_RECV, &stream.handle_},
    {"peek", call_peek, SCRIPT_TRY_PEEK, &stream.handle_},
    {"write", call_write, SCRIPT_TRY_SEND, &stream.handle_},
    {"read_vectored", call_read_vectored, SCRIPT_TRY_RECV_VECTORED, &stream.handle_},
    {"write_vectored", call_write_vectored, SCRIPT_TRY_SEND_VECTORED, &stream.handle_},
    {"recv_from", call_recv_from, SCRIPT_TRY_RECV_FROM, &udp.handle_},
    {"peek_from", call_peek_from, SCRIPT_TRY_PEEK_FROM, &udp.handle_},
    {"send", call_send, SCRIPT_TRY_SEND, &udp.handle_},
    {"send_to", call_send_to, SCRIPT_TRY_SEND_TO, &udp.handle_},
    {"unix recv_from", call_unix_recv_from, SCRIPT_TRY_UNIX_RECV_FROM, &datagram.handle_},
    {"unix send", call_unix_send, SCRIPT_TRY_SEND, &datagram.handle_},
    {"unix send_to", call_unix_send_to, SCRIPT_TRY_UNIX_SEND_TO, &datagram.handle_},
};
enum { SORTS = sizeof sorts / sizeof sorts[0] };

static const struct ferp_traits *const systems[] = {&script_posix, &script_windows};

/* Runs the test for each call on each kind of system. */
static void for_each(void (*test)(const struct sort *sort))
{
    for (size_t i = 0; i < 2 * SORTS; i++) {
        script_begin(systems[i / SORTS]);
        memset(&token, 0, sizeof token);
        memset(&stream, 0, sizeof stream);
        memset(&udp, 0, sizeof udp);
        memset(&datagram, 0, sizeof datagram);
        assert_int_equal(fer_cancel_token_new(&token).kind, FER_OK);
        *sorts[i % SORTS].handle = script_stream(0);
        script.log[0] = '\0';
        script_default(sorts[i % SORTS].attempt)->value = 1;
        script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 107};
        test(&sorts[i % SORTS]);
    }
}

#define EACH_TEST(function)                                          \
    TEST_BY(function, (const struct sort *sort), for_each(function), \
            TEST_ROW(#function, function, NULL, script_teardown, NULL))

static void limit(const struct sort *sort, uint64_t deadline)
{
    const fer_limits limits = {.deadline = feri_instant_at(deadline), .token = &token};
    assert_int_equal(feri_set_limits(sort->handle, &limits).kind, FER_OK);
}

static void expect(const struct sort *sort, fer_error_kind kind)
{
    fer_error error = sort->run();
    if (error.kind != kind || error.os_code != 0) {
        fail_msg("%s: %s (%ld), not %s", sort->name, fer_error_kind_name(error.kind),
                 (long)error.os_code, fer_error_kind_name(kind));
    }
}

/* The tries and the waits of a call, and nothing else that can wait. */
static void expect_calls(const struct sort *sort, uint64_t tries, uint64_t waits)
{
    const script_call waiting[] = {SCRIPT_RECV,        SCRIPT_PEEK,          SCRIPT_RECV_VECTORED,
                                   SCRIPT_SEND,        SCRIPT_SEND_VECTORED, SCRIPT_RECV_FROM,
                                   SCRIPT_PEEK_FROM,   SCRIPT_SEND_TO,       SCRIPT_UNIX_RECV_FROM,
                                   SCRIPT_UNIX_SEND_TO};
    if (script.times[sort->attempt] != tries || script.times[SCRIPT_WAIT_FOR] != waits) {
        fail_msg("%s: %s", sort->name, script.log);
    }
    for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++) {
        assert_int_equal(script.times[waiting[i]], 0);
    }
}

static void would_block(const struct sort *sort)
{
    script_then_fail(sort->attempt, FER_WOULD_BLOCK, 11);
}

/* ---- K1: the look */

EACH_TEST(a_call_on_a_nonblocking_socket_ignores_its_limits)
{
    const bool is_posix = script.traits.io_waits_in_kernel;
    *sort->handle = script_stream(is_posix ? FERI_FLAG_NONBLOCKING : 0);
    if (!is_posix) {
        feri_modes_set_nonblocking(sort->handle, true);
    }
    limit(sort, 0);
    assert_ok(fer_cancel_token_cancel(&token));
    expect(sort, FER_OK);
    would_block(sort);
    assert_error(sort->run(), FER_WOULD_BLOCK, 11);
    expect_calls(sort, 2, 0);
}

/* ---- K2: a cancel during the call */

static script_call cancelled_during;

static void cancel(script_call call)
{
    if (call == cancelled_during) {
        script.on_call = NULL;
        assert_int_equal(fer_cancel_token_cancel(&token).kind, FER_OK);
    }
}

static void cancel_during(script_call call)
{
    cancelled_during = call;
    script.on_call = cancel;
}

EACH_TEST(a_cancel_ends_the_wait)
{
    limit(sort, DEADLINE);
    would_block(sort);
    would_block(sort);
    cancel_during(SCRIPT_WAIT_FOR);
    expect(sort, FER_CANCELLED);
    expect_calls(sort, 2, 1);
    /* at once, without another arm and without a pause as after a false hint */
    assert_int_equal(script.times[SCRIPT_WAIT_ARM], 1);
    assert_int_equal(script.times[SCRIPT_PAUSE], 0);
}

EACH_TEST(a_signal_ends_the_wait_and_its_handler_may_have_cancelled)
{
    limit(sort, DEADLINE);
    would_block(sort);
    assert_forwards(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4, sort->run());
    would_block(sort);
    script_then_fail(SCRIPT_WAIT_FOR, FER_INTERRUPTED, 4);
    cancel_during(SCRIPT_WAIT_FOR);
    expect(sort, FER_CANCELLED);
    expect_calls(sort, 2, 2);
}

/* ---- K3: the timeout and the deadline */

EACH_TEST(a_cancel_in_a_pause_ends_the_call)
{
    limit(sort, FERP_NO_DEADLINE);
    *script_default(sort->attempt) = (script_result){.error = {FER_WOULD_BLOCK, 11}};
    cancel_during(SCRIPT_PAUSE);
    expect(sort, FER_CANCELLED);
}

TEST_MAIN("waiting_limits")
