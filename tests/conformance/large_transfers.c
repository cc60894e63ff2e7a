/* large_transfers.c: rules R3, E3 and S6 for transfers that are longer than one system call accepts
 * and longer than the system buffers. */
#include <string.h>

#include "support/fixture.h"
#include "support/process.h"
#include "support/thread.h"

#define MEBI ((size_t)1024 * 1024)
/* The largest buffers that are reported of a system: 50 MB on Windows (twisted#5094). */
#define LONGER_THAN_BUFFERS (256 * MEBI)

/* A peer that pauses from time to time. */
struct slow_reader {
    peer_socket peer;
    uint64_t total;
    bool is_zero;
    bool at_end;
};

static void read_slowly(void *argument)
{
    static unsigned char piece[1 << 18];
    static const unsigned char zeros[sizeof piece];
    struct slow_reader *reader = argument;
    peer_outcome outcome;
    process_shield_thread();
    reader->is_zero = true;
    uint64_t next_pause = 0;
    for (;;) {
        size_t n = 0;
        if (reader->total >= next_pause) {
            peer_pause(5);
            next_pause += 16 * MEBI;
        }
        outcome = peer_recv_some(reader->peer, piece, sizeof piece, &n);
        if (outcome != PEER_GOT) {
            break;
        }
        reader->is_zero = reader->is_zero && memcmp(piece, zeros, n) == 0;
        reader->total += n;
    }
    reader->at_end = outcome == PEER_END;
}

/* E3, R3: write_all continues until all bytes are accepted, however many the system accepts at a
 * time. */
TEST_OF(write_all_of_256_mebibytes_reaches_a_slow_reader, (struct pair * pair), (pair_open(state)),
        RULE_ROW("E3", write_all_of_256_mebibytes_reaches_a_slow_reader, " [connected, IPv4]", test,
                 &test_pair_connected_v4))
{
    struct slow_reader reader = {.peer = pair->other};
    test_thread thread;
    size_t n = 0;
    test_thread_start(&thread, read_slowly, &reader);
    void *zeros = process_reserve(LONGER_THAN_BUFFERS);
    assert_non_null(zeros);
    fer_error error = fer_tcp_stream_write_all(&pair->stream, zeros, LONGER_THAN_BUFFERS, &n);
    fer_error ended = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE);
    test_thread_join(&thread);
    process_unreserve(zeros, LONGER_THAN_BUFFERS);
    assert_ok(error);
    assert_ok(ended);
    assert_int_equal(n, LONGER_THAN_BUFFERS);
    assert_true(reader.is_zero && reader.at_end);
    assert_true(reader.total == LONGER_THAN_BUFFERS);
}

/* R3: if a sum is cut, it is cut within a slice. A short slice is not sent alone. */
PAIR_TEST("R3", a_short_slice_is_sent_with_the_long_one_after_it)
{
    static unsigned char bytes[1000000];
    static unsigned char got[sizeof bytes];
    fer_io_slice slices[] = {{bytes, 3}, {bytes + 3, sizeof bytes - 3}};
    size_t n = 0;
    pattern_fill(bytes, sizeof bytes, 0);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_ok(fer_tcp_stream_write_vectored(&pair->stream, slices, 2, &n));
    assert_in_range(n, 4, sizeof bytes);
    assert_true(peer_recv_exact(pair->other, got, n));
    assert_true(pattern_matches(got, n, 0));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, false));
    assert_alive(pair);
}

struct writer {
    fer_tcp_stream *stream;
    fer_error error;
    size_t n;
};

static void write_everything(void *argument)
{
    struct writer *writer = argument;
    process_shield_thread();
    void *zeros = process_reserve(LONGER_THAN_BUFFERS);
    writer->error =
        fer_tcp_stream_write_all(writer->stream, zeros, LONGER_THAN_BUFFERS, &writer->n);
    process_unreserve(zeros, LONGER_THAN_BUFFERS);
}

/* S6, E3: a shutdown ends a write_all that waits for a peer that does not read. The peer receives
 * as many bytes as were counted. */
SLOW_PAIR_TEST("S6", a_shutdown_ends_a_write_all_that_waits)
{
    struct writer writer = {.stream = &pair->stream};
    struct slow_reader reader = {.peer = pair->other};
    test_thread thread;
    test_thread_start(&thread, write_everything, &writer);
    peer_pause(20);
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    test_thread_join(&thread);
    assert_kind(writer.error, FER_BROKEN_PIPE);
    read_slowly(&reader);
    assert_true(reader.at_end);
    assert_true(reader.total == writer.n);
}

RULE_TESTS("large_transfers")
