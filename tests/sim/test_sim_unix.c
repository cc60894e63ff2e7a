/* test_sim_unix.c: Unix sockets of the simulated machine: their names, deadlocks, and the behaviour
 * of Linux and Windows below ferrule. The conformance suite tests the behaviour above it. */
#include "sim/sim_test.h"

SIM_TEST(a_path_is_removed_once_and_leaves_its_socket_alone)
{
    fer_unix_listener first = {0};
    fer_unix_listener second = {0};
    assert_kind(fer_sim_remove_path("a"), FER_NOT_FOUND);
    assert_ok(fer_unix_listener_bind(&first, "a"));
    assert_ok(fer_sim_remove_path("a"));
    assert_kind(fer_sim_remove_path("a"), FER_NOT_FOUND);
    assert_ok(fer_unix_listener_bind(&second, "a"));
    fer_unix_listener_close(&second);
    assert_ok(fer_sim_remove_path("a"));
    fer_unix_listener_close(&first);
    assert_kind(fer_sim_remove_path(NULL), FER_MISUSE);
    assert_kind(fer_sim_remove_path(""), FER_INVALID_INPUT);
}

PLAIN_TEST(without_a_simulation_there_are_no_unix_sockets)
{
    fer_unix_listener listener = {0};
    fer_unix_stream stream = {0};
    assert_kind(fer_sim_remove_path("a"), FER_UNSUPPORTED);
    assert_kind(fer_unix_listener_bind(&listener, "a"), FER_UNSUPPORTED);
    assert_kind(fer_unix_stream_pair(&stream, &(fer_unix_stream){0}), FER_UNSUPPORTED);
    sim_begin();
}

SIM_TEST(at_most_32_names_are_bound)
{
    for (int i = 0; i < 32; i++) {
        char path[2] = {(char)('A' + i), '\0'};
        fer_unix_listener listener = {0};
        assert_ok(fer_unix_listener_bind(&listener, path));
        fer_unix_listener_close(&listener);
    }
    fer_unix_listener listener = {0};
    assert_kind(fer_unix_listener_bind(&listener, "one too many"), FER_NO_BUFFER_SPACE);
    assert_ok(fer_sim_remove_path("A"));
    assert_ok(fer_unix_listener_bind(&listener, "one too many"));
    fer_unix_listener_close(&listener);
}

/* No other thread can accept, write or receive. */
SIM_TEST(a_wait_without_end_is_a_deadlock)
{
    fer_unix_listener listener = {0};
    fer_unix_stream stream = {0};
    fer_unix_stream accepted = {0};
    char byte;
    assert_ok(fer_unix_listener_bind(&listener, "a"));
    assert_kind(fer_unix_listener_accept(&listener, &accepted, NULL), FER_DEADLOCK);
    assert_ok(fer_unix_stream_connect(&stream, "a"));
    assert_kind(fer_unix_stream_read(&stream, &byte, 1, NULL), FER_DEADLOCK);
    fer_unix_stream_close(&stream);
    fer_unix_listener_close(&listener);
}

SIM_CONFIG_TEST(unix_streams_have_no_latency)
{
    fer_sim_config config = config_of();
    fer_unix_listener listener = {0};
    fer_unix_stream stream = {0};
    fer_unix_stream accepted = {0};
    char got[8];
    size_t n = 0;
    config.loopback_latency = millis(7);
    config.receive_buffer = 4;
    config.send_buffer = 4;
    sim_begin_with(config);
    assert_ok(fer_unix_listener_bind(&listener, "a"));
    assert_ok(fer_unix_stream_connect(&stream, "a"));
    assert_ok(fer_unix_listener_accept(&listener, &accepted, NULL));
    assert_ok_n(fer_unix_stream_write(&stream, "at once", 7, &n), n, 7);
    assert_ok_n(fer_unix_stream_read(&accepted, got, sizeof got, &n), n, 7);
    assert_memory_equal(got, "at once", 7);
    assert_int_equal(now_us(), 0);
    fer_unix_stream_close(&stream);
    fer_unix_stream_close(&accepted);
    fer_unix_listener_close(&listener);
}

/* Linux, unix_dgram_connect: the first connect keeps the queue. A connect to another peer discards
 * it, and the old peer gets an error. */
POSIX_TEST(a_new_peer_discards_the_queue_and_resets_the_old_one)
{
    fer_unix_datagram a = {0};
    fer_unix_datagram b = {0};
    fer_unix_datagram c = {0};
    fer_unix_received got;
    char buf[8];
    assert_ok(fer_unix_datagram_bind(&a, "a"));
    assert_ok(fer_unix_datagram_bind(&b, "b"));
    assert_ok(fer_unix_datagram_bind(&c, "c"));
    assert_ok(fer_unix_datagram_send_to(&c, "earlier", 7, "a", NULL));
    assert_ok(fer_unix_datagram_connect(&a, "b"));
    assert_ok(fer_unix_datagram_recv(&a, buf, sizeof buf, &got));
    assert_string_equal(fer_unix_addr_as_pathname(&got.from), "c");
    assert_kind(fer_unix_datagram_send_to(&c, "x", 1, "a", NULL), FER_PERMISSION_DENIED);
    assert_kind(fer_unix_datagram_connect(&c, "a"), FER_PERMISSION_DENIED);
    assert_ok(fer_unix_datagram_connect(&b, "a"));
    assert_ok(fer_unix_datagram_send(&b, "lost", 4, NULL));
    assert_ok(fer_unix_datagram_connect(&a, "b")); /* the same peer again */
    assert_ok(fer_unix_datagram_connect(&a, "c"));
    assert_ok(fer_unix_datagram_set_nonblocking(&a, true));
    assert_kind(fer_unix_datagram_recv(&a, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_ok(fer_unix_datagram_set_nonblocking(&b, true));
    assert_kind(fer_unix_datagram_recv(&b, buf, sizeof buf, &got), FER_CONNECTION_RESET);
    assert_kind(fer_unix_datagram_recv(&b, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    fer_unix_datagram_close(&a);
    fer_unix_datagram_close(&b);
    fer_unix_datagram_close(&c);
}

/* Linux queues one datagram more than net.unix.max_dgram_qlen. The longest one has 32 bytes less
 * than the send buffer. */
POSIX_CONFIG_TEST(queues_and_lengths_are_linux_s)
{
    fer_sim_config config = config_of();
    fer_unix_datagram receiver = {0};
    fer_unix_datagram sender = {0};
    char buf[64] = {0};
    config.send_buffer = 64;
    sim_begin_with(config);
    assert_ok(fer_unix_datagram_bind(&receiver, "a"));
    assert_ok(fer_unix_datagram_unbound(&sender));
    assert_ok(fer_unix_datagram_set_nonblocking(&sender, true));
    assert_kind(fer_unix_datagram_send_to(&sender, buf, 33, "a", NULL), FER_MESSAGE_TOO_LONG);
    for (int i = 0; i < 11; i++) {
        assert_ok(fer_unix_datagram_send_to(&sender, buf, 32, "a", NULL));
    }
    assert_kind(fer_unix_datagram_send_to(&sender, buf, 1, "a", NULL), FER_WOULD_BLOCK);
    fer_unix_datagram_close(&receiver);
    fer_unix_datagram_close(&sender);
}

/* On Windows ferrule keeps a lone READ in the library. On Linux the other end detects it. */
SIM_TEST(only_linux_reports_that_the_peer_does_not_read)
{
    fer_unix_listener listener = {0};
    fer_unix_stream stream = {0};
    fer_unix_stream accepted = {0};
    assert_ok(fer_unix_listener_bind(&listener, "a"));
    assert_ok(fer_unix_stream_connect(&stream, "a"));
    assert_ok(fer_unix_listener_accept(&listener, &accepted, NULL));
    assert_ok(fer_unix_stream_shutdown(&accepted, FER_SHUTDOWN_READ));
    assert_kind(fer_unix_stream_write(&stream, "x", 1, NULL),
                is_winsock() ? FER_OK : FER_BROKEN_PIPE);
    fer_unix_stream_close(&stream);
    fer_unix_stream_close(&accepted);
    fer_unix_listener_close(&listener);
}

/* ---- unix_write_end_is_polled: poll of Linux does not report that the write half has ended, so
 * waits are cut into slices of 100 ms (rule S6) */

static fer_unix_stream shut_later;

static void shut_it(void *how)
{
    FER_IGNORE(fer_unix_stream_shutdown(&shut_later, *(const fer_shutdown *)how));
}

/* The stream's write half ends after 30 ms: by a clone, or by the peer's shutdown of READ. */
static fer_error relay_until(bool by_peer, uint64_t *took)
{
    static char zeros[4096];
    static char bytes[16];
    static const fer_shutdown how[] = {FER_SHUTDOWN_WRITE, FER_SHUTDOWN_READ};
    fer_unix_stream full[2];
    fer_unix_stream other[2];
    fer_copy_buffer out = {zeros, sizeof zeros, 0, sizeof zeros};
    fer_copy_buffer in = {bytes, sizeof bytes, 0, 0};
    memset(full, 0, sizeof full);
    memset(other, 0, sizeof other);
    assert_ok(fer_unix_stream_pair(&full[0], &full[1]));
    assert_ok(fer_unix_stream_pair(&other[0], &other[1]));
    assert_ok(fer_unix_stream_try_clone(&full[by_peer], &shut_later));
    while (fer_unix_stream_try_write(&full[0], zeros, sizeof zeros, NULL).kind == FER_OK) {
    }
    uint64_t begin = now_ms();
    assert_ok(fer_sim_after(millis(30), shut_it, (void *)(uintptr_t)&how[by_peer]));
    fer_error error =
        fer_copy_bidirectional(fer_unix_stream_as_stream(&other[0]),
                               fer_unix_stream_as_stream(&full[0]), &out, &in, NULL, NULL);
    *took = now_ms() - begin;
    fer_unix_stream_close(&shut_later);
    for (int i = 0; i < 2; i++) {
        fer_unix_stream_close(&full[i]);
        fer_unix_stream_close(&other[i]);
    }
    return error;
}

POSIX_TEST(a_relay_that_waits_for_space_notices_the_end_of_the_write_half)
{
    uint64_t took = 0;
    for (int by_peer = 0; by_peer < 2; by_peer++) {
        assert_kind(relay_until(by_peer == 1, &took), FER_BROKEN_PIPE);
        assert_int_equal(took, 100);
    }
}

TEST_MAIN("sim_unix")
