/* polling.c: rule P13: one wait for an array of sockets, and its limits (rules K1 to K4, T1). */
#include "support/limits_fixture.h"
#include "support/process_fixture.h"
#include "support/socket_fixture.h"
#include "support/thread.h"

#define BOTH (FER_READABLE | FER_WRITABLE)
#define ANY (BOTH | FER_PRIORITY)

enum { SHORT_MS = 40, MANY = 200 };

static fer_poll_entry entry(fer_raw_socket raw, fer_interest interest)
{
    return (fer_poll_entry){raw, interest, 77};
}

/* Waits until an element is ready, and checks it. */
static void expect_ready(fer_poll_entry *entries, size_t count, size_t at, fer_interest expected)
{
    const fer_limits limits = limits_after_millis(PEER_LIMIT_MS);
    size_t n;
    assert_ok(fer_poll(entries, count, FER_DURATION_NONE, &limits, &n));
    while (entries[at].ready != expected) {
        peer_pause(1); /* another element, or another interest of this one, was ready */
        assert_ok(fer_poll(entries, count, FER_DURATION_NONE, &limits, &n));
    }
    assert_true(n > 0);
}

static void expect_none(fer_poll_entry *entries, size_t count)
{
    size_t n;
    assert_ok_n(fer_poll(entries, count, (fer_duration){0}, NULL, &n), n, 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(entries[i].ready, 0);
    }
}

/* "What a poller reports with LEVEL", in one call and again in the next. */
LIMITS_TEST("P13", an_array_reports_each_socket_that_is_ready)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_tcp_stream *other = test_stream();
    struct udp_pair udp = udp_pair_open(PEER_V4);
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    fer_poll_entry entries[] = {entry(fer_tcp_stream_as_raw(&pair->stream), FER_READABLE),
                                entry(fer_udp_socket_as_raw(udp.socket), FER_READABLE),
                                entry(fer_tcp_listener_as_raw(listener), FER_READABLE),
                                entry(FER_RAW_SOCKET_NONE, BOTH),
                                entry(fer_tcp_stream_as_raw(&pair->stream), 0),
                                entry(FER_RAW_SOCKET_NONE, BOTH)};
    char byte;
    size_t n;
    peer_socket accepting;
    const fer_socket_addr to = accepting_addr(PEER_V4, &accepting);
    assert_ok(fer_tcp_stream_connect_addr(other, &to));
    entries[5].raw = fer_tcp_stream_as_raw(other);
    for (int i = 0; i < 2; i++) {
        assert_ok_n(fer_poll(entries, 6, FER_DURATION_NONE, NULL, &n), n, 1);
        assert_int_equal(entries[5].ready, FER_WRITABLE);
        assert_int_equal(entries[0].ready | entries[1].ready | entries[2].ready, 0);
        assert_int_equal(entries[3].ready | entries[4].ready, 0);
    }
    expect_none(entries, 5);
    pair_send(pair, "x", 1);
    expect_ready(entries, 6, 0, FER_READABLE);
    assert_int_equal(entries[5].ready, FER_WRITABLE);
    assert_true(peer_datagram_send(udp.other, PEER_V4, udp.port, "x", 1));
    expect_ready(entries, 6, 1, FER_READABLE);
    assert_true(peer_connect(PEER_V4, port) != PEER_NONE);
    expect_ready(entries, 6, 2, FER_READABLE);
    assert_ok_n(fer_poll(entries, 6, (fer_duration){0}, NULL, &n), n, 4);
    assert_ok_n(fer_tcp_stream_read(&pair->stream, &byte, 1, &n), n, 1);
    assert_ok_n(fer_poll(entries, 6, (fer_duration){0}, NULL, &n), n, 3);
    assert_int_equal(entries[0].ready, 0);
    assert_int_equal(entries[5].ready, FER_WRITABLE);
}

/* P2: "a failure" is each interest: a reset, and a connect that is refused. The end of the peer's
 * half is readable alone. */
LIMITS_TEST("P13", an_end_is_readable_and_a_failure_is_every_interest)
{
    static const fer_interest interests[] = {FER_READABLE, FER_WRITABLE, BOTH, ANY, FER_PRIORITY};
    for (size_t i = 0; i < (peer_polls_lone_failures() ? 5 : 4); i++) {
        struct pair *pair = pair_open_kind(&test_no_pair);
        fer_poll_entry polled = entry(fer_tcp_stream_as_raw(&pair->stream), interests[i]);
        (void)fill_until_it_would_block(&pair->stream);
        expect_none(&polled, 1);
        pair_reset(pair);
        expect_ready(&polled, 1, 0, interests[i]);
        pair_close(pair);
    }
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_poll_entry polled = entry(fer_tcp_stream_as_raw(&pair->stream), BOTH);
    assert_true(peer_shutdown_write(pair->other));
    expect_ready(&polled, 1, 0, BOTH);
    polled.interest = FER_READABLE;
    expect_ready(&polled, 1, 0, FER_READABLE);
}

LIMITS_TEST("P13", a_started_connect_is_writable_when_it_has_ended)
{
    struct pending_target target = pending_target(PEER_V4);
    fer_tcp_stream *stream = test_stream();
    fer_tcp_stream *good = test_stream();
    peer_socket listener;
    fer_socket_addr to = accepting_addr(PEER_V4, &listener);
    fer_error cause;
    assert_ok(fer_tcp_stream_connect_start(stream, &target.addr));
    fer_poll_entry entries[] = {entry(fer_tcp_stream_as_raw(stream), ANY),
                                entry(FER_RAW_SOCKET_NONE, FER_WRITABLE)};
    expect_none(entries, 2);
    assert_ok(fer_tcp_stream_connect_start(good, &to));
    entries[1].raw = fer_tcp_stream_as_raw(good);
    expect_ready(entries, 2, 1, FER_WRITABLE);
    assert_int_equal(entries[0].ready, 0);
    pending_target_refuse(&target);
    expect_ready(entries, 1, 0, ANY);
    assert_ok(fer_tcp_stream_take_error(stream, &cause));
    assert_kind(cause, FER_CONNECTION_REFUSED);
}

LIMITS_TEST("P13", a_refused_connect_is_each_interest_alone)
{
    static const fer_interest interests[] = {FER_READABLE, FER_WRITABLE, FER_PRIORITY};
    for (size_t i = 0; i < (peer_polls_lone_failures() ? 3 : 2); i++) {
        struct pending_target target = pending_target(PEER_V4);
        fer_tcp_stream *stream = test_stream();
        assert_ok(fer_tcp_stream_connect_start(stream, &target.addr));
        fer_poll_entry polled = entry(fer_tcp_stream_as_raw(stream), interests[i]);
        expect_none(&polled, 1);
        pending_target_refuse(&target);
        expect_ready(&polled, 1, 0, interests[i]);
    }
}

/* "The array is as long as the caller's": also longer than what fits on the stack. */
LIMITS_TEST("P13", a_long_array_reports_the_last_socket)
{
    static fer_poll_entry entries[MANY];
    struct udp_pair udp = udp_pair_open(PEER_V4);
    struct pair *pair = pair_open_kind(&test_no_pair);
    size_t n;
    static const size_t counts[] = {1, 2, 63, 64, 65, MANY};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        size_t count = counts[c];
        for (size_t i = 0; i + 1 < count; i++) {
            entries[i] = entry(fer_udp_socket_as_raw(udp.socket), FER_READABLE);
        }
        entries[count - 1] = entry(fer_tcp_stream_as_raw(&pair->stream), FER_WRITABLE);
        assert_ok_n(fer_poll(entries, count, FER_DURATION_NONE, NULL, &n), n, 1);
        assert_int_equal(entries[count - 1].ready, FER_WRITABLE);
    }
}

/* Urgent data of TCP, on the systems that have it. */
LIMITS_TEST("P13", urgent_data_is_priority)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_poll_entry polled = entry(fer_tcp_stream_as_raw(&pair->stream), FER_PRIORITY);
    expect_none(&polled, 1);
    skip_if(!peer_polls_urgent(), "poll reports urgent data of no socket alone");
    assert_true(peer_send_urgent(pair->other));
    expect_ready(&polled, 1, 0, FER_PRIORITY);
    polled.interest = FER_READABLE;
    expect_none(&polled, 1);
    polled.interest = ANY;
    expect_ready(&polled, 1, 0, FER_PRIORITY | FER_WRITABLE);
}

/* ---- Its end */

/* P5: "If nothing is ready in time, the wait is OK with no events." */
LIMITS_TEST("P5", a_timeout_that_expires_is_ok_with_none)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_poll_entry polled = entry(fer_tcp_stream_as_raw(&pair->stream), FER_READABLE);
    size_t n;
    for (size_t count = 0; count < 2; count++) {
        uint64_t began = peer_now_us();
        assert_ok_n(fer_poll(&polled, count, millis(SHORT_MS), NULL, &n), n, 0);
        assert_true(microseconds_since(began) + NOT_SOONER_SLACK_US >= SHORT_MS * 1000);
        assert_int_equal(polled.ready, count == 0 ? 77 : 0);
    }
    assert_ok_n(fer_poll(NULL, 0, (fer_duration){0}, NULL, &n), n, 0);
}

/* K1: the limits come first; K3: the end of the limits is an error. */
LIMITS_TEST("K1", limits_end_a_poll)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_poll_entry polled = entry(fer_tcp_stream_as_raw(&pair->stream), FER_READABLE);
    fer_limits limits = limits_after_millis(SHORT_MS);
    size_t n;
    assert_own_n(fer_poll(&polled, 1, FER_DURATION_NONE, &limits, &n), FER_TIMED_OUT, n, 0);
    assert_int_equal(polled.ready, 0);
    limits = limits_past();
    polled.interest = FER_WRITABLE;
    assert_own_n(fer_poll(&polled, 1, millis(SHORT_MS), &limits, &n), FER_TIMED_OUT, n, 0);
    limits = limits_with_token();
    assert_ok_n(fer_poll(&polled, 1, millis(SHORT_MS), &limits, &n), n, 1);
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_own_n(fer_poll(&polled, 1, millis(SHORT_MS), &limits, &n), FER_CANCELLED, n, 0);
    assert_int_equal(polled.ready, 0);
}

struct polling {
    fer_poll_entry entries[2];
    fer_error error;
    size_t n;
};

static void poll_with_token(void *argument)
{
    struct polling *polling = argument;
    const fer_limits limits = {.token = &limits_token};
    polling->error = fer_poll(polling->entries, 2, FER_DURATION_NONE, &limits, &polling->n);
}

LIMITS_TEST("K2", a_cancel_by_another_thread_ends_a_poll)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    struct udp_pair udp = udp_pair_open(PEER_V4);
    struct polling polling = {{entry(fer_tcp_stream_as_raw(&pair->stream), FER_READABLE),
                               entry(fer_udp_socket_as_raw(udp.socket), FER_READABLE)},
                              {FER_OK, 0},
                              77};
    test_thread thread;
    (void)limits_with_token();
    test_thread_start(&thread, poll_with_token, &polling);
    test_thread_yield();
    assert_ok(fer_cancel_token_cancel(&limits_token));
    test_thread_join(&thread);
    assert_own(polling.error, FER_CANCELLED);
    assert_int_equal(polling.n, 0);
}

/* ---- Bad input: "an error is that of the whole call". */

LIMITS_TEST("P13", bad_input_is_refused_and_nothing_is_ready)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    fer_poll_entry entries[] = {entry(raw, FER_WRITABLE), entry(raw, 8)};
    fer_limits limits = {.deadline = FER_INSTANT_NONE};
    fer_cancel_token closed = {0};
    size_t n;
    assert_own_n(fer_poll(entries, 2, (fer_duration){0}, NULL, &n), FER_INVALID_INPUT, n, 0);
    assert_int_equal(entries[0].ready | entries[1].ready, 0);
    assert_own_n(fer_poll(entries, SIZE_MAX, (fer_duration){0}, NULL, &n), FER_MISUSE, n, 0);
    assert_ok(fer_poll(entries, 1, (fer_duration){0}, NULL, NULL));
    assert_own_n(fer_poll(NULL, 1, (fer_duration){0}, NULL, &n), FER_MISUSE, n, 0);
    limits.reserved_[6] = 1;
    assert_own_n(fer_poll(entries, 1, (fer_duration){0}, &limits, &n), FER_INVALID_INPUT, n, 0);
    limits = (fer_limits){.deadline = FER_INSTANT_NONE, .token = &closed};
    assert_own_n(fer_poll(entries, 1, (fer_duration){0}, &limits, &n), FER_MISUSE, n, 0);
    fer_tcp_stream_close(&pair->stream);
    const fer_raw_socket none[] = {raw, -2, INTPTR_MAX, INTPTR_MIN};
    pair = pair_open_kind(&test_no_pair);
    entries[0].raw = fer_tcp_stream_as_raw(&pair->stream);
    for (size_t i = entries[0].raw == raw ? 1 : 0; i < 4; i++) {
        entries[1] = entry(none[i], BOTH);
        assert_kind_n(fer_poll(entries, 2, FER_DURATION_NONE, NULL, &n), FER_BAD_HANDLE, n, 0);
        assert_int_equal(entries[0].ready | entries[1].ready, 0);
    }
}

RULE_TESTS("polling")
