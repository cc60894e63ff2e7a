/* copying.c: fer_copy: rules E3, E4 and S2 to S5 for bytes that are copied from one stream to
 * another. Megabytes, and what ends a copy that waits: long_copies.c, ended_waits.c. For signals
 * (I1): interruption.c. */
#include "conformance/copy_check.h"

static unsigned char memory[4093];

static fer_copy_buffer empty_buffer(size_t cap)
{
    assert_true(cap <= sizeof memory);
    return (fer_copy_buffer){memory, cap, 0, 0};
}

static fer_error copy(fer_tcp_stream *from, fer_tcp_stream *to, fer_copy_buffer *buffer,
                      uint64_t *n)
{
    return fer_copy(fer_tcp_stream_as_stream(from), fer_tcp_stream_as_stream(to), buffer, n);
}

/* ---- Whole copies, E3 and S4 */

/* S4: "The peer's orderly end of file is OK with 0 bytes, every time": it ends each copy. */
PAIR_TEST("S4", a_copy_ends_with_its_source_and_counts_every_byte)
{
    struct link link = open_link();
    fer_copy_buffer buffer = empty_buffer(7);
    uint64_t n = 77;
    assert_true(send_pattern(pair->other, PART, 0));
    assert_true(peer_shutdown_write(pair->other));
    assert_ok_n(copy(&pair->stream, link.stream, &buffer, &n), n, PART);
    assert_int_equal(buffer.len, 0);
    assert_true(receives_pattern(link.other, PART, 0));
    assert_ok_n(copy(&pair->stream, link.stream, &buffer, &n), n, 0);
    /* The write half of the destination stays open. */
    assert_exchange(link.stream, link.other);
}

/* E3: "A count that accompanies an error is true", and a count without an error too: megabytes
 * through a small buffer. */
SLOW_PAIR_TEST("E3", megabytes_are_echoed_through_a_small_buffer)
{
    struct transfer transfer = {.peer = pair->other};
    test_thread sender;
    test_thread receiver;
    fer_copy_buffer buffer = empty_buffer(sizeof memory);
    uint64_t n = 77;
    test_thread_start(&sender, send_megabytes, &transfer);
    test_thread_start(&receiver, receive_everything, &transfer);
    fer_error error = copy(&pair->stream, &pair->stream, &buffer, &n);
    fer_error ended = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE);
    test_thread_join(&sender);
    test_thread_join(&receiver);
    assert_ok(error);
    assert_ok(ended);
    assert_int_equal(n, MEGABYTES);
    assert_true(transfer.sent && transfer.intact);
    assert_int_equal(transfer.outcome, PEER_END);
    assert_int_equal(transfer.total, MEGABYTES);
}

struct relay {
    fer_tcp_stream *from;
    fer_tcp_stream *to;
    fer_error error;
    uint64_t n;
};

/* The relay from fer_copy's documentation. */
static void run_relay(void *argument)
{
    struct relay *relay = argument;
    unsigned char own[1000];
    fer_copy_buffer buffer = {own, sizeof own, 0, 0};
    relay->error = copy(relay->from, relay->to, &buffer, &relay->n);
    if (relay->error.kind == FER_OK) {
        relay->error = fer_tcp_stream_shutdown(relay->to, FER_SHUTDOWN_WRITE);
    }
}

/* S3: "The peer reads all bytes that were sent, then end of file": through a relay too, in each
 * direction independently. */
SLOW_PAIR_TEST("S3", a_relay_of_two_copies_reports_each_end_on)
{
    struct link link = open_link();
    /* NetBSD's loopback has segments of 33 KB, so Nagle's algorithm waits for delayed
     * acknowledgements. */
    assert_ok(fer_tcp_stream_set_nodelay(link.stream, true));
    assert_ok(fer_tcp_stream_set_nodelay(&pair->stream, true));
    struct relay forward = {&pair->stream, link.stream, {FER_OK, 0}, 0};
    struct relay backward = {link.stream, &pair->stream, {FER_OK, 0}, 0};
    struct transfer near_end = {.peer = pair->other};
    struct transfer far_end = {.peer = link.other};
    test_thread relay_there;
    test_thread relay_back;
    test_thread sender;
    test_thread receiver;
    test_thread_start(&relay_there, run_relay, &forward);
    test_thread_start(&relay_back, run_relay, &backward);
    test_thread_start(&sender, send_megabytes, &near_end);
    test_thread_start(&receiver, receive_everything, &far_end);
    test_thread_join(&sender);
    test_thread_join(&receiver);
    bool answered = send_pattern(link.other, PART, 0) && peer_shutdown_write(link.other);
    receive_everything(&near_end);
    test_thread_join(&relay_there);
    test_thread_join(&relay_back);
    assert_true(answered && near_end.sent && near_end.intact && far_end.intact);
    assert_ok(forward.error);
    assert_ok(backward.error);
    assert_true(forward.n == MEGABYTES && far_end.total == MEGABYTES);
    assert_true(backward.n == PART && near_end.total == PART);
    assert_true(near_end.outcome == PEER_END && far_end.outcome == PEER_END);
}

/* The calls of a fer_stream. Those that move nothing leave a count of 0. */
static void use_stream(fer_stream stream, peer_socket other)
{
    char buf[8] = {0};
    size_t n = 77;
    fer_interest ready = 0;
    fer_limits late = {.deadline = fer_instant_after((fer_duration){0})};
    assert_kind_n(fer_stream_try_read(stream, buf, 8, &n), FER_WOULD_BLOCK, n, 0);
    assert_ok_n(fer_stream_ready(stream, FER_READABLE | FER_WRITABLE, FER_DURATION_NONE, &ready),
                ready, FER_WRITABLE);
    assert_ok_n(fer_stream_write(stream, "a", 1, &n), n, 1);
    assert_ok(fer_stream_try_write(stream, "b", 1, NULL));
    assert_ok(fer_stream_write_all(stream, "cd", 2, NULL));
    assert_true(peer_recv_exact(other, buf, 4) && memcmp(buf, "abcd", 4) == 0);
    assert_true(peer_send_all(other, "efghij", 6));
    assert_ok(fer_stream_read_exact(stream, buf, 4, &n));
    assert_true(n == 4 && memcmp(buf, "efgh", 4) == 0);
    assert_ok(fer_stream_read(stream, buf, 8, &n));
    assert_true(n >= 1 && buf[0] == 'i');
    assert_ok(fer_stream_set_limits(stream, &late));
    assert_own(fer_stream_read(stream, buf, 8, &n), FER_TIMED_OUT);
    assert_ok(fer_stream_set_limits(stream, NULL));
    assert_ok(fer_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_kind_n(fer_stream_write_all(stream, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
}

/* E3: one code for both types of streams. */
UNIX_PAIR_TEST("E3", one_code_serves_tcp_and_unix)
{
    struct link link = open_link();
    use_stream(fer_tcp_stream_as_stream(link.stream), link.other);
    use_stream(fer_unix_stream_as_stream(pair.stream), pair.other);
}

/* ---- S2 to S6: the ways in which either side ends */

/* S5: a reset of the destination: the bytes that were read are in the buffer. After the reset is
 * detected, nothing more is read. */
PAIR_TEST("S5", a_destination_that_is_reset_takes_nothing_from_the_source)
{
    struct link link = open_link();
    fer_copy_buffer buffer = empty_buffer(64);
    uint64_t n = 77;
    char got[4] = {0};
    peer_reset(link.other);
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(link.stream)));
    assert_true(peer_send_all(pair->other, "abc", 3));
    assert_writes_fail(copy(&pair->stream, link.stream, &buffer, &n));
    assert_int_equal(n, 0);
    assert_int_equal(buffer.len, 3);
    assert_memory_equal(memory + buffer.start, "abc", 3);
    assert_true(peer_send_all(pair->other, "def", 3));
    assert_writes_fail(copy(&pair->stream, link.stream, &buffer, &n));
    buffer.len = 0;
    assert_writes_fail(copy(&pair->stream, link.stream, &buffer, &n));
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 3, NULL));
    assert_string_equal(got, "def");
}

/* S2: "its reads return OK with 0 bytes immediately": so a copy ends. */
PAIR_TEST("S2", a_source_whose_reading_is_shut_is_at_its_end)
{
    struct link link = open_link();
    fer_copy_buffer buffer = empty_buffer(64);
    uint64_t n = 77;
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ));
    assert_ok_n(copy(&pair->stream, link.stream, &buffer, &n), n, 0);
    assert_exchange(link.stream, link.other);
}

/* S3: "its writes are BROKEN_PIPE": a copy does not read before it. */
PAIR_TEST("S3", a_destination_whose_writing_is_shut_is_broken_pipe)
{
    struct link link = open_link();
    fer_copy_buffer buffer = empty_buffer(64);
    uint64_t n = 77;
    assert_true(peer_send_all(pair->other, "abc", 3));
    assert_ok(fer_tcp_stream_shutdown(link.stream, FER_SHUTDOWN_WRITE));
    assert_own_n(copy(&pair->stream, link.stream, &buffer, &n), FER_BROKEN_PIPE, n, 0);
    assert_int_equal(buffer.len, 0);
    char got[4] = {0};
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 3, NULL));
    assert_string_equal(got, "abc");
}

/* ---- E4 */

/* E4: buffers whose bytes are outside: no byte is moved. Handles in a wrong state: misuse.c. */
PAIR_TEST("E4", a_buffer_that_contradicts_itself_is_invalid_input)
{
    struct link link = open_link();
    fer_copy_buffer wrong[] = {{memory, 8, 9, 0},
                               {memory, 8, 0, 9},
                               {memory, 8, 2, 7},
                               {memory, 8, SIZE_MAX, 1},
                               {memory, 8, 1, SIZE_MAX}};
    uint64_t n = 77;
    pair_send(pair, "abc", 3);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_own_n(copy(&pair->stream, link.stream, &wrong[i], &n), FER_INVALID_INPUT, n, 0);
    }
    char got[4] = {0};
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 3, NULL));
    assert_string_equal(got, "abc");
    assert_exchange(link.stream, link.other);
}

RULE_TESTS("copying")
