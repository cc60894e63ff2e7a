/* test_sim_sends.c: how much a send of the simulated Windows accepts, and its lack of buffers (the
 * switches of fer_sim_windows). */
#include "sim/sim_test.h"

#include <stdlib.h>

/* A stream and its peer whose buffers are of these sizes. */
static struct ends connected_with(fer_sim_config config, size_t buffer)
{
    config.send_buffer = buffer;
    config.receive_buffer = buffer;
    sim_begin_with(config);
    struct ends ends = connected();
    return ends;
}

static size_t write_now(struct ends *ends, size_t len)
{
    static const char zeros[300000];
    size_t n = 0;
    assert_true(len <= sizeof zeros);
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    assert_ok(fer_tcp_stream_write(&ends->stream, zeros, len, &n));
    return n;
}

static size_t receive_all(struct ends *ends)
{
    static char buf[65536];
    size_t total = 0;
    size_t n = 0;
    while (fer_sim_peer_recv(ends->peer, buf, sizeof buf, &n).kind == FER_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            assert_true(buf[i] == 0);
        }
        total += n;
    }
    return total;
}

WINSOCK_CONFIG_TEST(a_send_is_accepted_as_a_whole_if_there_is_any_space)
{
    open_ends = connected_with(config_of(), 64);
    assert_int_equal(write_now(&open_ends, 127), 127);
    assert_int_equal(write_now(&open_ends, 300000), 131071);
    assert_kind(write_one(&open_ends.stream), FER_WOULD_BLOCK);
    assert_int_equal(receive_all(&open_ends), 127 + 131071);
    assert_int_equal(write_now(&open_ends, 1000), 1000);
    assert_kind(write_one(&open_ends.stream), FER_WOULD_BLOCK);
    assert_int_equal(receive_all(&open_ends), 1000);
}

/* The slices of one send are accepted together. */
WINSOCK_CONFIG_TEST(a_vectored_send_is_accepted_as_a_whole)
{
    char bytes[600] = {0};
    size_t n = 0;
    fer_io_slice slices[] = {{bytes, 200}, {bytes, 0}, {bytes + 200, 400}};
    open_ends = connected_with(config_of(), 64);
    assert_ok(fer_tcp_stream_set_nonblocking(&open_ends.stream, true));
    assert_ok_n(fer_tcp_stream_write_vectored(&open_ends.stream, slices, 3, &n), n, 600);
    assert_int_equal(receive_all(&open_ends), 600);
}

WINSOCK_CONFIG_TEST(partial_sends_accept_the_bytes_that_fit)
{
    fer_sim_config config = config_of();
    config.windows.partial_sends = true;
    open_ends = connected_with(config, 64);
    assert_int_equal(write_now(&open_ends, 100), 100);
    assert_int_equal(write_now(&open_ends, 100), 28);
    assert_kind(write_one(&open_ends.stream), FER_WOULD_BLOCK);
    assert_int_equal(receive_all(&open_ends), 128);
}

/* A peer has no dialect, and neither POSIX nor a peer uses the switches. */
SIM_CONFIG_TEST(others_accept_the_bytes_that_fit)
{
    static const char zeros[1000];
    size_t n = 0;
    fer_sim_config config = config_of();
    config.windows.no_buffers_above = 4096;
    config.windows.no_buffers_until = millis(1000);
    open_ends = connected_with(config, 4000);
    if (!is_winsock()) {
        assert_int_equal(write_now(&open_ends, 300000), 8000);
    }
    for (int i = 0; i < 8; i++) {
        assert_ok_n(fer_sim_peer_send(open_ends.peer, zeros, sizeof zeros, &n), n, sizeof zeros);
    }
    assert_kind(fer_sim_peer_send(open_ends.peer, zeros, sizeof zeros, &n), FER_WOULD_BLOCK);
}

/* Much more than the buffers, to a peer at a distance. */
WINSOCK_TEST(write_all_of_256_mebibytes_reaches_the_peer)
{
    const size_t len = (size_t)256 * 1024 * 1024;
    const fer_sim_step steps[] = {{FER_SIM_ACTION_RECEIVE, millis(10), NULL, 1000000},
                                  {FER_SIM_ACTION_RECEIVE_TO_END, millis(500), NULL, 0},
                                  {FER_SIM_ACTION_SEND, {0}, "done", 4},
                                  {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    size_t n = 0;
    fer_tcp_stream stream = {0};
    void *zeros = calloc(len, 1);
    assert_non_null(zeros);
    (void)serve_script(SERVER, steps, sizeof steps / sizeof *steps);
    assert_ok(fer_tcp_stream_connect(&stream, SERVER));
    assert_ok_n(fer_tcp_stream_write_all(&stream, zeros, len, &n), n, len);
    assert_ok(fer_tcp_stream_shutdown(&stream, FER_SHUTDOWN_WRITE));
    stream_reads(&stream, "done");
    fer_tcp_stream_close(&stream);
    free(zeros);
}

/* ---- A lack of buffers */

WINSOCK_CONFIG_TEST(a_long_send_is_halved)
{
    static const char zeros[300000];
    size_t n = 0;
    fer_sim_config config = config_of();
    config.windows.no_buffers_above = 10000;
    open_ends = connected_with(config, 1000000);
    fer_io_slice slices[] = {{zeros, 9000}, {zeros, 9000}};
    assert_ok_n(fer_tcp_stream_write(&open_ends.stream, zeros, sizeof zeros, &n), n, 131071 / 16);
    assert_ok_n(fer_tcp_stream_write_vectored(&open_ends.stream, slices, 2, &n), n, 9000);
    assert_ok_n(fer_tcp_stream_try_write(&open_ends.stream, zeros, 10001, &n), n, 5000);
    assert_ok_n(fer_tcp_stream_write_all(&open_ends.stream, zeros, sizeof zeros, &n), n,
                sizeof zeros);
    assert_int_equal(receive_all(&open_ends), 131071 / 16 + 9000 + 5000 + sizeof zeros);
    assert_int_equal(now_us(), 0);
}

static struct ends connected_without_buffers(void)
{
    fer_sim_config config = config_of();
    config.windows.no_buffers_until = millis(50);
    return connected_with(config, 65536);
}

/* The longest pause is 20 ms. */
WINSOCK_CONFIG_TEST(a_blocking_call_continues_when_the_lack_ends)
{
    char buf[8] = {0};
    size_t n = 0;
    struct ends ends = connected_without_buffers();
    assert_ok_n(fer_tcp_stream_write_all(&ends.stream, buf, sizeof buf, &n), n, sizeof buf);
    assert_in_range(now_ms(), 50, 70);
    assert_int_equal(receive_all(&ends), sizeof buf);
    fer_tcp_stream_close(&ends.stream);
    assert_ok(fer_sim_stop(NULL));
    ends = connected_without_buffers();
    peer_sends(ends.peer, "abc");
    stream_reads(&ends.stream, "abc");
    assert_in_range(now_ms(), 50, 70);
    fer_tcp_stream_close(&ends.stream);
}

/* An event loop that tries whenever the socket is ready is not stopped by the clock. */
WINSOCK_CONFIG_TEST(a_loop_of_nonblocking_calls_continues_when_the_lack_ends)
{
    char buf[8] = {0};
    size_t n = 0;
    fer_error error = {FER_WOULD_BLOCK, 0};
    open_ends = connected_without_buffers();
    peer_sends(open_ends.peer, "abc");
    for (int tries = 0; tries < 60000 && error.kind == FER_WOULD_BLOCK; tries++) {
        error = fer_tcp_stream_try_read(&open_ends.stream, buf, sizeof buf, &n);
    }
    assert_ok(error);
    assert_int_equal(n, 3);
    assert_in_range(now_ms(), 50, 51);
}

WINSOCK_CONFIG_TEST(a_lack_that_lasts_expires_with_the_timeout)
{
    char buf[8] = {0};
    size_t n = 9;
    open_ends = connected_without_buffers();
    peer_sends(open_ends.peer, "abc");
    assert_ok(fer_tcp_stream_set_write_timeout(&open_ends.stream, millis(10)));
    assert_ok(fer_tcp_stream_set_read_timeout(&open_ends.stream, millis(15)));
    assert_code(fer_tcp_stream_write_all(&open_ends.stream, buf, sizeof buf, &n), FER_TIMED_OUT, 0);
    assert_int_equal(n, 0);
    assert_int_equal(now_us(), 10000);
    assert_code(fer_tcp_stream_read(&open_ends.stream, buf, sizeof buf, &n), FER_TIMED_OUT, 0);
    assert_int_equal(now_us(), 25000);
    advance_ms(25);
    stream_reads(&open_ends.stream, "abc");
}

WINSOCK_CONFIG_TEST(a_nonblocking_call_would_block)
{
    char buf[8] = {0};
    size_t n = 9;
    open_ends = connected_without_buffers();
    peer_sends(open_ends.peer, "abc");
    assert_code(fer_tcp_stream_try_write(&open_ends.stream, buf, 8, &n), FER_WOULD_BLOCK, 10055);
    assert_code(fer_tcp_stream_try_read(&open_ends.stream, buf, 8, &n), FER_WOULD_BLOCK, 10055);
    assert_ok(fer_tcp_stream_set_nonblocking(&open_ends.stream, true));
    assert_code(fer_tcp_stream_write_all(&open_ends.stream, buf, 8, &n), FER_WOULD_BLOCK, 10055);
    assert_code(fer_tcp_stream_peek(&open_ends.stream, buf, 8, &n), FER_WOULD_BLOCK, 10055);
    assert_int_equal(n, 0);
}

static void shut_down(void *stream)
{
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
}

WINSOCK_CONFIG_TEST(a_shutdown_ends_a_call_that_lacks_buffers)
{
    char buf[8] = {0};
    open_ends = connected_without_buffers();
    assert_ok(fer_sim_after(millis(5), shut_down, &open_ends.stream));
    assert_kind(fer_tcp_stream_write_all(&open_ends.stream, buf, sizeof buf, NULL),
                FER_BROKEN_PIPE);
    assert_in_range(now_ms(), 5, 25);
}

static void write_in_a_callback(void *stream)
{
    assert_kind(fer_tcp_stream_write(stream, "x", 1, NULL), FER_DEADLOCK);
}

/* No time passes in a callback, so that the lack does not end. */
WINSOCK_CONFIG_TEST(a_call_in_a_callback_is_a_deadlock)
{
    open_ends = connected_without_buffers();
    assert_ok(fer_sim_after(millis(5), write_in_a_callback, &open_ends.stream));
    advance_ms(10);
}

/* Each call ends, whatever the chances of the faults after which it is retried. */
WINSOCK_TEST(faults_at_every_chance_do_not_prevent_the_end)
{
    static const fer_sim_fault faults[] = {FER_SIM_FAULT_NO_BUFFERS, FER_SIM_FAULT_WOULD_BLOCK,
                                           FER_SIM_FAULT_SPURIOUS_READY};
    size_t n = 0;
    char buf[5000] = {0};
    open_ends = connected();
    for (size_t i = 0; i < 3; i++) {
        assert_ok(fer_sim_set_fault_chance(faults[i], 1000000));
    }
    for (size_t i = 0; i < 10; i++) {
        assert_ok(fer_tcp_stream_write_all(&open_ends.stream, buf, sizeof buf, &n));
        peer_sends(open_ends.peer, "abc");
        assert_ok(fer_tcp_stream_read_exact(&open_ends.stream, buf, 3, &n));
    }
}

TEST_MAIN("sim_sends")
