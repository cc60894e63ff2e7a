/* test_sim_sends.c: how much a send of the simulated Windows accepts, and its lack of buffers (the
 * switches of fer_sim_windows). */
#include "sim/sim_test.h"

static fer_tcp_stream *const stream = &open_ends.stream;
static const char zeros[300000];
static size_t n;

/* Begins with buffers of this size. */
static void begin(size_t buffer, fer_sim_windows windows)
{
    sim_begin_of(.send_buffer = buffer, .receive_buffer = buffer, .windows = windows);
    open_ends = connected();
}

static void assert_writes(size_t len, size_t accepted_len)
{
    assert_ok_n(fer_tcp_stream_try_write(stream, zeros, len, &n), n, accepted_len);
}

static void assert_full(void)
{
    assert_kind(fer_tcp_stream_try_write(stream, "x", 1, NULL), FER_WOULD_BLOCK);
}

static void assert_peer_receives(size_t expected)
{
    static char buf[65536];
    size_t total = 0;
    while (fer_sim_peer_recv(open_ends.peer, buf, sizeof buf, &n).kind == FER_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            assert_true(buf[i] == 0);
        }
        total += n;
    }
    assert_int_equal(total, expected);
}

/* If there is any space. The slices of one send are accepted together. */
WINSOCK_CONFIG_TEST(a_send_is_accepted_as_a_whole)
{
    const fer_io_slice slices[] = {{zeros, 200}, {zeros, 0}, {zeros, 400}};
    begin(64, (fer_sim_windows){0});
    assert_writes(127, 127);
    assert_writes(300000, 131071);
    assert_full();
    assert_peer_receives(127 + 131071);
    assert_writes(1000, 1000);
    assert_full();
    assert_peer_receives(1000);
    assert_ok_n(fer_tcp_stream_write_vectored(stream, slices, 3, &n), n, 600);
    assert_peer_receives(600);
}

WINSOCK_CONFIG_TEST(partial_sends_accept_the_bytes_that_fit)
{
    begin(64, (fer_sim_windows){.partial_sends = true});
    assert_writes(100, 100);
    assert_writes(100, 28);
    assert_full();
    assert_peer_receives(128);
}

/* A peer has no dialect, and neither POSIX nor a peer uses the switches. */
SIM_CONFIG_TEST(others_accept_the_bytes_that_fit)
{
    begin(4000, (fer_sim_windows){.no_buffers_above = 4096, .no_buffers_until = millis(1000)});
    if (!is_winsock()) {
        assert_writes(300000, 8000);
    }
    assert_ok_n(fer_sim_peer_send(open_ends.peer, zeros, 10000, &n), n, 8000);
    assert_kind(fer_sim_peer_send(open_ends.peer, zeros, 1, &n), FER_WOULD_BLOCK);
}

/* ---- A lack of buffers */

WINSOCK_CONFIG_TEST(a_long_send_is_halved)
{
    const fer_io_slice slices[] = {{zeros, 9000}, {zeros, 9000}};
    begin(1000000, (fer_sim_windows){.no_buffers_above = 10000});
    assert_ok_n(fer_tcp_stream_write(stream, zeros, sizeof zeros, &n), n, 131071 / 16);
    assert_ok_n(fer_tcp_stream_write_vectored(stream, slices, 2, &n), n, 9000);
    assert_writes(10001, 5000);
    assert_ok_n(fer_tcp_stream_write_all(stream, zeros, sizeof zeros, &n), n, sizeof zeros);
    assert_peer_receives(131071 / 16 + 9000 + 5000 + sizeof zeros);
    assert_int_equal(now_us(), 0);
}

static int start_without_buffers(void **state)
{
    (void)sim_choose(state);
    begin(65536, (fer_sim_windows){.no_buffers_until = millis(50)});
    peer_sends(open_ends.peer, "abc");
    return 0;
}

/* Until 50 ms there are no buffers. The peer has sent "abc". */
#define LACK_TEST(function) \
    TEST_OF(function, (void), (), WINSOCK_ROW(function, start_without_buffers))

/* An event loop that tries whenever the socket is ready is not stopped by the clock. */
LACK_TEST(a_loop_of_nonblocking_calls_continues_when_the_lack_ends)
{
    char buf[8];
    fer_error error = {FER_WOULD_BLOCK, 0};
    for (int tries = 0; tries < 60000 && error.kind == FER_WOULD_BLOCK; tries++) {
        error = fer_tcp_stream_try_read(stream, buf, sizeof buf, &n);
    }
    assert_ok(error);
    assert_int_equal(n, 3);
    assert_in_range(now_ms(), 50, 51);
}

static void write_in_a_callback(void *context)
{
    assert_kind(write_one(stream), FER_DEADLOCK);
}

/* No time passes in a callback, so that the lack does not end. */
LACK_TEST(a_call_in_a_callback_is_a_deadlock)
{
    after_ms(5, write_in_a_callback, NULL);
    advance_ms(10);
}

TEST_MAIN("sim_sends")
