/* interruptible.c: rule I4: signals that end the waits of handles with interruptible limits, and of
 * pollers. Rules I1 and I2: interruption.c. */
#include "support/fixture.h"
#include "support/poller_fixture.h"
#include "support/process_fixture.h"
#include "support/socket_fixture.h"

static const fer_limits by_signals = {.interruptible = true};

static void start_signals(void)
{
    skip_without_interrupting_signals();
    assert_true(process_signals_start());
}

static int end_with_signals(void **state)
{
    process_signals_stop();
    return poller_test_end(state);
}

#define SIGNAL_TEST(rule, function) \
    TEST_OF(function, (void), (),   \
            TEST_ROW(rule " " #function, function, poller_test_begin, end_with_signals, NULL))
#define SIGNAL_PAIR_TEST(rule, function, kind)                  \
    TEST_OF(function, (struct pair * pair), (pair_open(state)), \
            TEST_ROW(rule " " #function, function, poller_test_begin, end_with_signals, &(kind)))

SIGNAL_TEST("I4", accept_ends_with_a_signal)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    fer_tcp_stream *stream = test_stream();
    assert_ok(fer_tcp_listener_set_limits(listener, &by_signals));
    start_signals();
    assert_kind(fer_tcp_listener_accept(listener, stream, NULL), FER_INTERRUPTED);
    process_signals_stop();
    assert_true(fer_tcp_stream_as_raw(stream) == FER_RAW_SOCKET_NONE);
    peer_socket peer = peer_connect(PEER_V4, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, peer);
}

SIGNAL_PAIR_TEST("I4", readiness_ends_with_a_signal, test_pair_connected_v4)
{
    fer_interest ready = 77;
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &by_signals));
    start_signals();
    assert_kind(fer_tcp_stream_ready(&pair->stream, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_INTERRUPTED);
    process_signals_stop();
    assert_int_equal(ready, 77);
    assert_alive(pair);
}

SIGNAL_PAIR_TEST("I4", read_exact_ends_with_a_signal_and_its_count, test_pair_connected_v4)
{
    char buf[8] = {0};
    size_t n = 77;
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &by_signals));
    pair_send(pair, "abc", 3);
    start_signals();
    assert_kind(fer_tcp_stream_read_exact(&pair->stream, buf, 6, &n), FER_INTERRUPTED);
    process_signals_stop();
    assert_int_equal(n, 3);
    assert_true(peer_send_all(pair->other, "def", 3));
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, buf + n, 3, NULL));
    assert_string_equal(buf, "abcdef");
}

SIGNAL_PAIR_TEST("I4", write_all_ends_with_a_signal_and_its_count, test_pair_accepted_v4)
{
    enum { LEN = 16000000 };
    static unsigned char bytes[LEN];
    uint64_t total = 0;
    bool is_intact = false;
    size_t n = LEN;
    pattern_fill(bytes, LEN, 0);
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &by_signals));
    start_signals();
    assert_kind(fer_tcp_stream_write_all(&pair->stream, bytes, LEN, &n), FER_INTERRUPTED);
    process_signals_stop();
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    assert_int_equal(peer_drain(pair->other, &total, &is_intact), PEER_END);
    assert_true(is_intact && n < LEN && total == n);
}

/* "a connect of a built socket is still pending: fer_socket_ready waits for its result" */
SIGNAL_TEST("I4", a_connect_ends_with_a_signal_and_is_pending)
{
    struct pending_target target = pending_target(PEER_V4);
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_interest ready = 0;
    assert_ok(fer_socket_set_limits(socket, &by_signals));
    start_signals();
    assert_kind(fer_socket_connect(socket, &target.addr), FER_INTERRUPTED);
    process_signals_stop();
    assert_connecting(socket);
    (void)pending_target_accept(&target, local_addr_of(socket).port);
    assert_ok_n(fer_socket_ready(socket, FER_WRITABLE, FER_DURATION_NONE, &ready), ready,
                FER_WRITABLE);
    assert_ok(await_connect(socket));
}

SIGNAL_TEST("I4", the_wait_of_a_poller_ends_with_a_signal)
{
    fer_poller *poller = test_poller();
    fer_event event;
    size_t count = 77;
    assert_ok(fer_poller_set_interruptible(poller, true));
    start_signals();
    assert_kind_n(fer_poller_wait(poller, FER_DURATION_NONE, &event, 1, &count, NULL),
                  FER_INTERRUPTED, count, 0);
    assert_ok(fer_poller_set_interruptible(poller, false));
    assert_ok_n(fer_poller_wait(poller, millis(40), &event, 1, &count, NULL), count, 0);
}

RULE_TESTS("interruptible")
