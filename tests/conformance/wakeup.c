/* wakeup.c: rule S6: shutdown from another thread wakes a blocked read or write. Each test is
 * correct whether the blocked call or the shutdown comes first, and is repeated with other pauses
 * so that both happen. */
#include <stdatomic.h>

#include "support/stream_fixture.h"
#include "support/thread.h"

enum { SOON_US = 5000000 };

struct caller {
    stream_ref stream;
    int sort;
    atomic_int started;
    fer_error error;
    size_t n;
};

static void read_once(void *argument)
{
    struct caller *caller = argument;
    char buf[8];
    atomic_store(&caller->started, 1);
    caller->error = read_by(caller->sort, caller->stream, buf, sizeof buf, &caller->n);
}

static void write_on(void *argument)
{
    struct caller *caller = argument;
    static const unsigned char zeros[65536];
    atomic_store(&caller->started, 1);
    do {
        caller->error = write_by(caller->sort, caller->stream, zeros, sizeof zeros, &caller->n);
    } while (caller->error.kind == FER_OK);
}

static void start(test_thread *thread, struct caller *caller, void (*run)(void *),
                  unsigned pause_ms)
{
    atomic_init(&caller->started, 0);
    test_thread_start(thread, run, caller);
    while (atomic_load(&caller->started) == 0) {
        test_thread_yield();
    }
    if (pause_ms > 0) {
        peer_pause(pause_ms);
    }
}

static void assert_woken_with_the_end(struct caller *reader)
{
    if (reader->sort == READ_EXACT) {
        assert_own(reader->error, FER_UNEXPECTED_EOF);
    } else {
        assert_ok(reader->error);
    }
    assert_int_equal(reader->n, 0);
}

/* Starts run on the caller's stream, shuts the stream down, directly or through a clone, and
 * joins. */
static void shut_down_meanwhile(struct caller *caller, void (*run)(void *), unsigned pause_ms,
                                fer_shutdown how, bool through_clone)
{
    stream_ref clone = stream_like(caller->stream);
    test_thread thread;
    if (through_clone) {
        assert_ok(stream_try_clone(caller->stream, clone));
    }
    start(&thread, caller, run, pause_ms);
    uint64_t begin = peer_now_us();
    fer_error error = stream_shutdown(through_clone ? clone : caller->stream, how);
    test_thread_join(&thread);
    uint64_t took = microseconds_since(begin);
    stream_close(clone);
    assert_ok(error);
    assert_true(took < SOON_US);
}

PAIR_TEST("S6", shutdown_wakes_the_readers_of_all_handles)
{
    fer_tcp_stream *clone = test_stream();
    struct caller readers[2] = {{.stream = tcp_ref(&pair->stream), .n = 77}, {.n = 77}};
    test_thread threads[2];
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    readers[1].stream = tcp_ref(clone);
    start(&threads[0], &readers[0], read_once, 10);
    start(&threads[1], &readers[1], read_once, 10);
    fer_error error = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ);
    test_thread_join(&threads[0]);
    test_thread_join(&threads[1]);
    assert_ok(error);
    assert_woken_with_the_end(&readers[0]);
    assert_woken_with_the_end(&readers[1]);
}

/* S6: "A shutdown of READ or BOTH by another thread wakes a blocked read, and WRITE or BOTH wakes a
 * blocked write, through the same handle or a clone, immediately", also without a timeout. In the
 * rounds without a pause the two threads race. */
SLOW_STREAM_KIND_TEST("S6", shutdown_wakes_a_blocked_read_and_a_blocked_write)
{
    for (int round = 0; round < 4 * READ_SORTS + 4 * WRITE_SORTS; round++) {
        struct stream_pair pair = stream_pair_open(kind);
        bool reads = round / 4 < READ_SORTS;
        struct caller caller = {
            .stream = pair.stream, .sort = round / 4 - (reads ? 0 : READ_SORTS), .n = 77};
        fer_shutdown half = reads ? FER_SHUTDOWN_READ : FER_SHUTDOWN_WRITE;
        shut_down_meanwhile(&caller, reads ? read_once : write_on, round / 2 % 2 == 0 ? 25 : 0,
                            round % 3 == 0 ? FER_SHUTDOWN_BOTH : half, round % 2 != 0);
        if (reads) {
            assert_woken_with_the_end(&caller);
            assert_stream_ends(pair.stream);
        } else {
            assert_kind(caller.error, FER_BROKEN_PIPE);
            assert_kind(stream_write(pair.stream, "x", 1, NULL), FER_BROKEN_PIPE);
        }
        stream_pair_close();
    }
}

PAIR_TEST("S6", shutdown_write_leaves_a_blocked_read_waiting)
{
    struct caller reader = {.stream = tcp_ref(&pair->stream), .sort = 0, .n = 77};
    test_thread thread;
    start(&thread, &reader, read_once, 20);
    fer_error error = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE);
    peer_pause(30);
    bool sent = peer_send_all(pair->other, "data", 4);
    test_thread_join(&thread);
    assert_ok(error);
    assert_true(sent);
    assert_ok(reader.error);
    assert_int_equal(reader.n, 4);
}

struct pattern_writer {
    fer_tcp_stream *stream;
    const unsigned char *bytes;
    size_t len;
    fer_error error;
    size_t n;
};

/* The end follows the bytes. */
static void write_pattern(void *argument)
{
    struct pattern_writer *writer = argument;
    writer->error =
        fer_tcp_stream_write_all(writer->stream, writer->bytes, writer->len, &writer->n);
    FER_IGNORE(fer_tcp_stream_shutdown(writer->stream, FER_SHUTDOWN_WRITE));
}

SLOW_PAIR_TEST("S6/S7", shutdown_read_leaves_a_blocked_write_whole)
{
    enum { LEN = 12000000 };
    static unsigned char bytes[LEN];
    fer_tcp_stream *clone = test_stream();
    struct caller reader = {.stream = tcp_ref(&pair->stream), .sort = 0, .n = 77};
    struct pattern_writer writer = {&pair->stream, bytes, LEN, {FER_OK, 0}, 77};
    test_thread threads[2];
    uint64_t total = 0;
    bool intact = false;
    pattern_fill(bytes, LEN, 0);
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    test_thread_start(&threads[0], write_pattern, &writer);
    start(&threads[1], &reader, read_once, 30);
    fer_error error = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ);
    fer_error again = fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_READ);
    test_thread_join(&threads[1]);
    fer_tcp_stream_close(clone);
    peer_outcome outcome = peer_drain(pair->other, &total, &intact);
    test_thread_join(&threads[0]);
    assert_ok(error);
    assert_ok(again);
    assert_woken_with_the_end(&reader);
    assert_ok(writer.error);
    assert_int_equal(writer.n, LEN);
    assert_true(outcome == PEER_END && intact);
    assert_int_equal(total, LEN);
}

/* S3: a shutdown of both halves ends the write half too if the read half has ended before, by the
 * peer or by a shutdown (XNU's SHUT_RDWR does not: uipc_socket.c, soshutdownlock_final). */
STREAM_KIND_TEST("S3", shutdown_both_after_the_read_half_ended_wakes_the_peer)
{
    for (int own = 0; own < 2; own++) {
        struct stream_pair pair = stream_pair_open(kind);
        char byte = 'x';
        size_t n = 0;
        if (own) {
            assert_ok(stream_shutdown(pair.stream, FER_SHUTDOWN_READ));
        } else {
            assert_true(peer_shutdown_write(pair.other));
            assert_true(peer_raw_wait_readable(stream_as_raw(pair.stream)));
        }
        assert_ok(stream_shutdown(pair.stream, FER_SHUTDOWN_BOTH));
        assert_int_equal(peer_recv_some(pair.other, &byte, 1, &n), PEER_END);
        stream_pair_close();
    }
}

RULE_TESTS("wakeup")
