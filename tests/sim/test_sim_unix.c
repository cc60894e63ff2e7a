/* test_sim_unix.c: Unix sockets of the simulated machine: their names, deadlocks, and the behaviour
 * of Linux and Windows below ferrule. The conformance suite tests the behaviour above it. */
#include "sim/sim_test.h"

static fer_unix_listener *const listener = &test.unix_listener;
static fer_unix_stream *const stream = &test.unix_stream;
static fer_unix_stream *const peer = &test.unix_peer;
static size_t n;

static void connect_pair(void)
{
    assert_ok(fer_unix_listener_bind(listener, "a"));
    assert_ok(fer_unix_stream_connect(stream, "a"));
    assert_ok(fer_unix_listener_accept(listener, peer, NULL));
}

SIM_TEST(a_path_is_removed_once_and_leaves_its_socket_alone)
{
    assert_kind(fer_sim_remove_path("a"), FER_NOT_FOUND);
    assert_ok(fer_unix_listener_bind(listener, "a"));
    assert_ok(fer_sim_remove_path("a"));
    assert_kind(fer_sim_remove_path("a"), FER_NOT_FOUND);
    assert_ok(fer_unix_listener_bind(&test.unix_listener2, "a"));
    fer_unix_listener_close(&test.unix_listener2);
    assert_ok(fer_sim_remove_path("a"));
    assert_kind(fer_sim_remove_path(NULL), FER_MISUSE);
    assert_kind(fer_sim_remove_path(""), FER_INVALID_INPUT);
}

SIM_TEST(at_most_32_names_are_bound)
{
    for (int i = 0; i <= 32; i++) {
        char path[2] = {(char)('A' + i), '\0'};
        assert_kind(fer_unix_listener_bind(listener, path), i < 32 ? FER_OK : FER_NO_BUFFER_SPACE);
        fer_unix_listener_close(listener);
    }
    assert_ok(fer_sim_remove_path("A"));
    assert_ok(fer_unix_listener_bind(listener, "one too many"));
}

SIM_CONFIG_TEST(unix_streams_have_no_latency)
{
    char got[8];
    sim_begin_of(.loopback_latency = millis(7), .receive_buffer = 4, .send_buffer = 4);
    connect_pair();
    assert_ok_n(fer_unix_stream_write(stream, "at once", 7, &n), n, 7);
    assert_ok_n(fer_unix_stream_read(peer, got, sizeof got, &n), n, 7);
    assert_memory_equal(got, "at once", 7);
    assert_int_equal(now_us(), 0);
}

/* No other thread can accept, write or receive. On Windows ferrule keeps a lone READ in the
 * library. On Linux the other end detects it. */
SIM_TEST(a_wait_without_end_is_a_deadlock_and_only_linux_reports_that_the_peer_does_not_read)
{
    char byte;
    connect_pair();
    assert_kind(fer_unix_listener_accept(listener, &test.unix_stream2, NULL), FER_DEADLOCK);
    assert_kind(fer_unix_stream_read(stream, &byte, 1, NULL), FER_DEADLOCK);
    assert_ok(fer_unix_stream_shutdown(peer, FER_SHUTDOWN_READ));
    assert_kind(fer_unix_stream_write(stream, "x", 1, NULL),
                is_winsock() ? FER_OK : FER_BROKEN_PIPE);
}

/* ---- unix_write_end_is_polled: poll of Linux does not report that the write half has ended, so
 * waits are cut into slices of 100 ms (rule S6) */

static void shut_clone(void *how)
{
    FER_IGNORE(fer_unix_stream_shutdown(&test.unix_clone, *(const fer_shutdown *)how));
}

/* The stream's write half ends after 30 ms: by a clone, or by the peer's shutdown of READ. */
POSIX_CONFIG_TEST(a_relay_that_waits_for_space_notices_the_end_of_the_write_half)
{
    static char zeros[4096], bytes[16];
    static fer_shutdown how[] = {FER_SHUTDOWN_WRITE, FER_SHUTDOWN_READ};
    for (int by_peer = 0; by_peer < 2; by_peer++) {
        fer_copy_buffer out = {zeros, sizeof zeros, 0, sizeof zeros};
        fer_copy_buffer in = {bytes, sizeof bytes, 0, 0};
        sim_begin();
        assert_ok(fer_unix_stream_pair(stream, peer));
        assert_ok(fer_unix_stream_pair(&test.unix_stream2, &test.unix_peer2));
        assert_ok(fer_unix_stream_try_clone(by_peer ? peer : stream, &test.unix_clone));
        while (fer_unix_stream_try_write(stream, zeros, sizeof zeros, NULL).kind == FER_OK) {
        }
        after_ms(30, shut_clone, &how[by_peer]);
        assert_takes(100, assert_kind(fer_copy_bidirectional(
                                          fer_unix_stream_as_stream(&test.unix_stream2),
                                          fer_unix_stream_as_stream(stream), &out, &in, NULL, NULL),
                                      FER_BROKEN_PIPE));
        sim_end_one();
    }
}

TEST_MAIN("sim_unix")
