/* test_waiting_limits.c: rules K1, K2, K3, K6 over the scripted seam: every call that can wait, on
 * systems whose kernel waits and on systems where core waits. What sets the limits,
 * and the _ready calls: test_limits.c. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "core/handle/limits.h"
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

static fer_socket_addr to;
static fer_udp_received got;
static fer_unix_received unix_got;
static const fer_io_slice_mut into[2] = {{buf, 4}, {buf + 4, 4}};
static const fer_io_slice from[2] = {{buf, 4}, {buf + 4, 4}};

/* X(name, the call of the seam that never waits, the handle, the call). */
#define SORTS(X)                                                                      \
    X(read, TRY_RECV, stream, fer_tcp_stream_read(&stream, buf, 8, NULL))             \
    X(peek, TRY_PEEK, stream, fer_tcp_stream_peek(&stream, buf, 8, NULL))             \
    X(write, TRY_SEND, stream, fer_tcp_stream_write(&stream, buf, 8, NULL))           \
    X(read_vectored, TRY_RECV_VECTORED, stream,                                       \
      fer_tcp_stream_read_vectored(&stream, into, 2, NULL))                           \
    X(write_vectored, TRY_SEND_VECTORED, stream,                                      \
      fer_tcp_stream_write_vectored(&stream, from, 2, NULL))                          \
    X(recv_from, TRY_RECV_FROM, udp, fer_udp_socket_recv_from(&udp, buf, 8, &got))    \
    X(peek_from, TRY_PEEK_FROM, udp, fer_udp_socket_peek_from(&udp, buf, 8, &got))    \
    X(send, TRY_SEND, udp, fer_udp_socket_send(&udp, buf, 8, NULL))                   \
    X(send_to, TRY_SEND_TO, udp, fer_udp_socket_send_to(&udp, buf, 8, &to, NULL))     \
    X(unix_recv_from, TRY_UNIX_RECV_FROM, datagram,                                   \
      fer_unix_datagram_recv_from(&datagram, buf, 8, &unix_got))                      \
    X(unix_send, TRY_SEND, datagram, fer_unix_datagram_send(&datagram, buf, 8, NULL)) \
    X(unix_send_to, TRY_UNIX_SEND_TO, datagram,                                       \
      fer_unix_datagram_send_to(&datagram, buf, 8, "/path", NULL))

#define SORT_FUNCTION(name, attempt, of, call) \
    static fer_error call_##name(void)         \
    {                                          \
        return call;                           \
    }
#define SORT_ROW(name, attempt, of, call) {#name, call_##name, SCRIPT_##attempt, &of.handle_},
SORTS(SORT_FUNCTION)

static const struct sort {
    const char *name;
    fer_error (*run)(void);
    script_call attempt;
    fer_handle *handle;
} sorts[] = {SORTS(SORT_ROW)};
enum { SORT_COUNT = sizeof sorts / sizeof sorts[0] };

static const struct ferp_traits *const systems[] = {&script_posix, &script_windows};

static void for_each(void (*test)(const struct sort *sort))
{
    for (size_t i = 0; i < 2 * SORT_COUNT; i++) {
        script_begin(systems[i / SORT_COUNT]);
        memset(&token, 0, sizeof token);
        to = script_addr("192.0.2.1:1001");
        memset(&stream, 0, sizeof stream);
        memset(&udp, 0, sizeof udp);
        memset(&datagram, 0, sizeof datagram);
        assert_ok(fer_cancel_token_new(&token));
        *sorts[i % SORT_COUNT].handle = script_stream(0);
        script.row = sorts[i % SORT_COUNT].name;
        script_default(sorts[i % SORT_COUNT].attempt)->value = 1;
        script_queue("peer_addr* NOT_CONNECTED:107");
        test(&sorts[i % SORT_COUNT]);
        script_end_row();
    }
}

#define EACH_TEST(function)                                          \
    TEST_BY(function, (const struct sort *sort), for_each(function), \
            TEST_ROW(#function, function, NULL, script_teardown, NULL))

static void limit(const struct sort *sort, uint64_t deadline)
{
    const fer_limits limits = {.deadline = feri_instant_at(deadline), .token = &token};
    assert_ok(feri_set_limits(sort->handle, &limits));
}

static void expect(const struct sort *sort, fer_error_kind kind)
{
    assert_error(sort->run(), kind, 0);
}

/* The tries and the waits of a call, and nothing else that can wait. */
static void expect_calls(const struct sort *sort, uint64_t tries, uint64_t waits)
{
    const script_call waiting[] = {SCRIPT_RECV,        SCRIPT_PEEK,          SCRIPT_RECV_VECTORED,
                                   SCRIPT_SEND,        SCRIPT_SEND_VECTORED, SCRIPT_RECV_FROM,
                                   SCRIPT_PEEK_FROM,   SCRIPT_SEND_TO,       SCRIPT_UNIX_RECV_FROM,
                                   SCRIPT_UNIX_SEND_TO};
    assert_row(script.times[sort->attempt] == tries && script.times[SCRIPT_WAIT_FOR] == waits);
    for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++) {
        assert_row(script.times[waiting[i]] == 0);
    }
}

static void would_block(const struct sort *sort)
{
    script_then_fail(sort->attempt, FER_WOULD_BLOCK, 11);
}

/* ---- K2: a cancel during the call */

static script_call cancelled_during;

static void cancel(script_call call)
{
    if (call == cancelled_during) {
        script.on_call = NULL;
        assert_ok(fer_cancel_token_cancel(&token));
    }
}

static void cancel_during(script_call call)
{
    cancelled_during = call;
    script.on_call = cancel;
}

/* U3: a request that a cancel ends may have taken a refusal, which no later receive reports. */
EACH_TEST(a_failure_that_the_wait_has_taken_precedes_a_cancel)
{
    limit(sort, DEADLINE);
    would_block(sort);
    cancel_during(SCRIPT_WAIT_ARM);
    script_then(SCRIPT_WAIT_DISARM)->pending = (fer_error){FER_HOST_UNREACHABLE, 113};
    assert_error(sort->run(), FER_HOST_UNREACHABLE, 113);
    expect_calls(sort, 1, 0);
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
