/* shutdown.c: rules S1 to S7: shutting down halves, the peer's orderly end, waking blocked calls,
 * and resets. */
#include <stdatomic.h>

#include "support/fixture.h"
#include "support/stream_fixture.h"
#include "support/thread.h"

static const fer_shutdown shutdowns[] = {FER_SHUTDOWN_READ, FER_SHUTDOWN_WRITE, FER_SHUTDOWN_BOTH};

static void queue_input(struct pair *pair, const char *text)
{
    pair_send(pair, text, strlen(text));
}

/* Every kind of write returns BROKEN_PIPE and writes nothing, also with a length of zero. */
static void assert_writes_are_broken(stream_ref stream)
{
    char buf[8] = {0};
    fer_io_slice slices[2] = {{buf, 4}, {buf + 4, 4}};
    size_t n = 77;
    assert_kind_n(stream_write(stream, buf, sizeof buf, &n), FER_BROKEN_PIPE, n, 0);
    assert_kind_n(stream_write_vectored(stream, slices, 2, &n), FER_BROKEN_PIPE, n, 0);
    assert_kind_n(stream_write_all(stream, buf, sizeof buf, &n), FER_BROKEN_PIPE, n, 0);
    assert_kind_n(stream_write(stream, buf, 0, &n), FER_BROKEN_PIPE, n, 0);
    assert_kind(stream_write(stream, buf, 1, NULL), FER_BROKEN_PIPE);
}

/* ---- S1: "Shutting down a half again, or after the peer has closed, is OK". */

STREAM_KIND_TEST("S1", every_second_shutdown_is_ok)
{
    for (size_t i = 0; i < 18; i++) {
        struct stream_pair pair = stream_pair_open(kind);
        stream_ref clone = stream_like(pair.stream);
        fer_shutdown first = shutdowns[i % 3];
        fer_shutdown second = shutdowns[i / 3 % 3];
        assert_ok(stream_try_clone(pair.stream, clone));
        if (i >= 9) {
            peer_close(pair.other);
            assert_true(peer_raw_wait_readable(stream_as_raw(pair.stream)));
        }
        assert_ok(stream_shutdown(pair.stream, first));
        assert_ok(stream_shutdown(clone, second));
        assert_ok(stream_shutdown(pair.stream, second));
        assert_ok(stream_shutdown(clone, first));
        assert_ok(stream_shutdown(pair.stream, FER_SHUTDOWN_BOTH));
        stream_pair_close();
    }
}

/* The BSDs disconnect a socket whose write half is shut down again after the peer has acknowledged
 * its FIN (tcp_usrclosed). The first byte acknowledges it. */
PAIR_TEST("S1", a_second_shutdown_of_the_write_half_loses_no_input)
{
    fer_tcp_stream *clone = test_stream();
    char byte = 0;
    size_t n = 0;
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    assert_int_equal(peer_recv_some(pair->other, &byte, 1, &n), PEER_END);
    queue_input(pair, "1");
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, &byte, 1, NULL));
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    assert_ok(fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_WRITE));
    queue_input(pair, "2");
    assert_ok_n(fer_tcp_stream_read_exact(&pair->stream, &byte, 1, NULL), byte, '2');
}

KIND_TEST("S1", shutdown_after_a_reset_is_ok)
{
    for (size_t how = 0; how < 3; how++) {
        for (int seen = 0; seen < 2; seen++) {
            struct pair *pair = pair_open_kind(kind);
            char byte;
            pair_reset_and_wait(pair);
            if (seen) {
                assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL),
                            FER_CONNECTION_RESET);
            }
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, shutdowns[how]));
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_BOTH));
            pair_close(pair);
        }
    }
}

/* ---- S2: "its reads return OK with 0 bytes immediately, also with queued data." Also
 * with later data, and in every mode. */

STREAM_KIND_TEST("S2", read_after_own_shutdown_is_eof_though_data_was_queued)
{
    for (int both = 0; both < 2; both++) {
        struct stream_pair pair = stream_pair_open(kind);
        stream_pair_send(pair, "queued");
        assert_ok(stream_shutdown(pair.stream, both ? FER_SHUTDOWN_BOTH : FER_SHUTDOWN_READ));
        assert_stream_ends(pair.stream);
        if (pair.stream.tcp != NULL && !both) {
            assert_true(peer_send_all(pair.other, "later", 5));
            assert_stream_ends(pair.stream);
        }
        assert_ok(stream_set_nonblocking(pair.stream, true));
        assert_stream_ends(pair.stream);
        assert_ok(stream_set_nonblocking(pair.stream, false));
        assert_ok(stream_set_read_timeout(pair.stream, millis(600000)));
        assert_stream_ends(pair.stream);
        stream_pair_close();
    }
}

/* ---- S3: "its writes are BROKEN_PIPE. The peer reads all bytes, then EOF." S5: "BROKEN_PIPE alone
 * does not affect reading." */

STREAM_KIND_TEST("S3", write_after_own_shutdown_is_broken_pipe)
{
    for (int both = 0; both < 2; both++) {
        struct stream_pair pair = stream_pair_open(kind);
        assert_ok(stream_shutdown(pair.stream, both ? FER_SHUTDOWN_BOTH : FER_SHUTDOWN_WRITE));
        assert_writes_are_broken(pair.stream);
        assert_ok(stream_set_nonblocking(pair.stream, true));
        assert_writes_are_broken(pair.stream);
        assert_ok(stream_set_nonblocking(pair.stream, false));
        if (!both) {
            char buf[4];
            stream_pair_send(pair, "more");
            assert_ok(stream_read_exact(pair.stream, buf, 4, NULL));
            assert_writes_are_broken(pair.stream);
        }
        assert_true(peer_shutdown_write(pair.other));
        assert_stream_ends(pair.stream);
        stream_pair_close();
    }
}

/* Writes a million patterned bytes, then shuts the stream down twice. The peer must receive all of
 * them, then the end. */
static void assert_all_arrives(struct stream_pair pair, fer_shutdown first, fer_shutdown second)
{
    static unsigned char bytes[1000000];
    struct drain drain = {pair.other, 0, false, PEER_TIMED_OUT};
    test_thread thread;
    size_t n = 0;
    pattern_fill(bytes, sizeof bytes, 0);
    test_thread_start(&thread, drain_all, &drain);
    fer_error error = stream_write_all(pair.stream, bytes, sizeof bytes, &n);
    fer_error ended = stream_shutdown(pair.stream, first);
    fer_error again = stream_shutdown(pair.stream, second);
    test_thread_join(&thread);
    assert_ok(error);
    assert_ok(ended);
    assert_ok(again);
    assert_int_equal(n, sizeof bytes);
    assert_int_equal(drain.outcome, PEER_END);
    assert_int_equal(drain.total, sizeof bytes);
    assert_true(drain.intact);
}

/* ---- S4: "The peer's orderly end of file is OK with 0 bytes, every time, and never an error." */

STREAM_KIND_TEST("S4", the_peers_end_reads_as_0_every_time)
{
    for (int closes = 0; closes < 2; closes++) {
        struct stream_pair pair = stream_pair_open(kind);
        char buf[8];
        fer_error pending = {FER_OTHER, 1};
        stream_pair_send(pair, "tail");
        if (closes) {
            peer_close(pair.other);
        } else {
            assert_true(peer_shutdown_write(pair.other));
        }
        fer_error tail = stream_read_exact(pair.stream, buf, 4, NULL);
        if (closes && early_closes_may_lose() && tail.kind == FER_CONNECTION_RESET) {
            stream_pair_close();
            continue;
        }
        assert_ok(tail);
        for (int i = 0; i < 20; i++) {
            assert_stream_ends(pair.stream);
        }
        assert_ok(stream_set_nonblocking(pair.stream, true));
        assert_stream_ends(pair.stream);
        assert_ok(stream_set_nonblocking(pair.stream, false));
        assert_ok(stream_set_read_timeout(pair.stream, millis(10)));
        assert_stream_ends(pair.stream);
        assert_ok(stream_take_error(pair.stream, &pending));
        assert_ok(pending);
        stream_pair_close();
    }
}

STREAM_PAIR_TEST("S4", writing_continues_after_the_peers_end)
{
    assert_true(peer_shutdown_write(pair.other));
    assert_stream_ends(pair.stream);
    assert_all_arrives(pair, FER_SHUTDOWN_WRITE, FER_SHUTDOWN_WRITE);
    for (size_t how = 0; how < 3; how++) {
        assert_ok(stream_shutdown(pair.stream, shutdowns[how]));
    }
}

/* S4: "Reading zero bytes is OK with 0 immediately and does not indicate end of file": it neither
 * waits for bytes nor consumes any ... */
STREAM_PAIR_TEST("S4", a_zero_length_read_is_ok_without_waiting_and_takes_nothing)
{
    char buf[4];
    fer_io_slice_mut empty[2] = {{NULL, 0}, {buf, 0}};
    size_t n;
    for (int queued = 0; queued < 2; queued++) {
        assert_ok_n(stream_read(pair.stream, buf, 0, &n), n, 0);
        assert_ok(stream_read(pair.stream, NULL, 0, &n));
        assert_ok(stream_peek(pair.stream, NULL, 0, &n));
        assert_ok(stream_read_exact(pair.stream, NULL, 0, &n));
        assert_ok_n(stream_read_vectored(pair.stream, NULL, 0, &n), n, 0);
        assert_ok_n(stream_read_vectored(pair.stream, empty, 2, &n), n, 0);
        if (!queued) {
            stream_pair_send(pair, "data");
        }
    }
    assert_ok_n(stream_read(pair.stream, buf, 4, &n), n, 4);
    assert_ok(stream_set_nonblocking(pair.stream, true));
    assert_ok(stream_read(pair.stream, NULL, 0, NULL));
    assert_ok(stream_peek(pair.stream, NULL, 0, NULL));
    assert_ok(stream_read_vectored(pair.stream, NULL, 0, NULL));
    if (pair.stream.tcp != NULL) {
        fer_socket_addr addr;
        assert_ok(fer_tcp_stream_peer_addr(pair.stream.tcp, &addr));
    }
    assert_ok(stream_set_nonblocking(pair.stream, false));
    assert_stream_alive(pair);
}

/* ---- S7: "Shutting down READ alone never affects writing, even if the peer continues to send." */

STREAM_PAIR_TEST("S7", shutdown_read_leaves_the_write_half_open)
{
    stream_pair_send(pair, "before");
    assert_ok(stream_shutdown(pair.stream, FER_SHUTDOWN_READ));
    for (int i = 0; i < 10; i++) {
        assert_true(pair.stream.tcp == NULL || peer_send_all(pair.other, "after the shutdown", 18));
        assert_ok(stream_write_all(pair.stream, "answer", 6, NULL));
        char buf[6];
        assert_true(peer_recv_exact(pair.other, buf, 6));
        assert_memory_equal(buf, "answer", 6);
    }
    assert_all_arrives(pair, FER_SHUTDOWN_WRITE, FER_SHUTDOWN_WRITE);
}

/* S7: "Bytes that were written before both halves were shut down still arrive", by one call or two,
 * with input queued and without. */
KIND_TEST("S7", written_bytes_arrive_in_each_order_of_both_shutdowns)
{
    static const fer_shutdown ends[][2] = {{FER_SHUTDOWN_BOTH, FER_SHUTDOWN_BOTH},
                                           {FER_SHUTDOWN_READ, FER_SHUTDOWN_WRITE},
                                           {FER_SHUTDOWN_WRITE, FER_SHUTDOWN_READ}};
    for (size_t i = 0; i < 3; i++) {
        for (int queued = 0; queued < 2; queued++) {
            struct pair *pair = pair_open_kind(kind);
            if (queued) {
                queue_input(pair, "input that is not read");
            }
            assert_all_arrives((struct stream_pair){tcp_ref(&pair->stream), pair->other},
                               ends[i][0], ends[i][1]);
            pair_close(pair);
        }
    }
}

/* S7: "Closing with unread input resets the connection", also after shutdown(READ). */
KIND_TEST("S7", close_with_unread_input_resets)
{
    for (int shut = 0; shut < 2; shut++) {
        struct pair *pair = pair_open_kind(kind);
        uint64_t total = 0;
        bool intact = false;
        queue_input(pair, "unread");
        if (shut) {
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ));
        }
        fer_tcp_stream_close(&pair->stream);
        assert_int_equal(peer_drain(pair->other, &total, &intact), PEER_RESET);
        pair_close(pair);
    }
}

/* ---- S6: a shutdown by another thread. What wakes each call: ended_waits.c */

struct caller {
    stream_ref stream;
    atomic_int started;
    fer_error error;
    size_t n;
};

static void read_once(void *argument)
{
    struct caller *caller = argument;
    char buf[8];
    atomic_store(&caller->started, 1);
    caller->error = stream_read(caller->stream, buf, sizeof buf, &caller->n);
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
    struct caller reader = {.stream = tcp_ref(&pair->stream), .n = 77};
    struct pattern_writer writer = {&pair->stream, bytes, LEN, {FER_OK, 0}, 77};
    test_thread threads[2];
    uint64_t total = 0;
    bool intact = false;
    pattern_fill(bytes, LEN, 0);
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    test_thread_start(&threads[0], write_pattern, &writer);
    atomic_init(&reader.started, 0);
    test_thread_start(&threads[1], read_once, &reader);
    while (atomic_load(&reader.started) == 0) {
        test_thread_yield();
    }
    peer_pause(30);
    fer_error error = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ);
    fer_error again = fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_READ);
    test_thread_join(&threads[1]);
    fer_tcp_stream_close(clone);
    peer_outcome outcome = peer_drain(pair->other, &total, &intact);
    test_thread_join(&threads[0]);
    assert_ok(error);
    assert_ok(again);
    assert_ok(reader.error);
    assert_int_equal(reader.n, 0);
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

/* ---- S5: a reset is reported, stays with the handle that detected it, and never looks like the
 * end */

/* The results of all calls on a handle that has detected a reset. */
static void assert_reset_sticks(fer_tcp_stream *stream)
{
    fer_error pending = {FER_OTHER, 1};
    fer_socket_addr addr;
    assert_reads_fail(stream, FER_CONNECTION_RESET);
    for (int sort = 0; sort < WRITE_SORTS; sort++) {
        size_t n = 77;
        assert_writes_fail(write_by(sort, tcp_ref(stream), "12345678", 8, &n));
        assert_int_equal(n, 0);
    }
    assert_ok(fer_tcp_stream_take_error(stream, &pending));
    /* An earlier call has returned it, so there is no error to take. */
    assert_ok(pending);
    assert_kind(fer_tcp_stream_peer_addr(stream, &addr), FER_NOT_CONNECTED);
    assert_ended_name(fer_tcp_stream_local_addr(stream, &addr));
    assert_reads_fail(stream, FER_CONNECTION_RESET);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    assert_reads_fail(stream, FER_CONNECTION_RESET);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
}

/* S5: "A reset is CONNECTION_RESET for a read, ... and a handle that saw it never reports a clean
 * end of file afterwards." In either mode. */
KIND_TEST("S5", a_reset_is_connection_reset_on_every_sort_of_read_and_sticks)
{
    for (int i = 0; i < 2 * READ_SORTS; i++) {
        struct pair *pair = pair_open_kind(kind);
        char buf[8];
        size_t n = 77;
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(9000)));
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, i >= READ_SORTS));
        pair_reset_and_wait(pair);
        assert_kind_n(read_by(i % READ_SORTS, tcp_ref(&pair->stream), buf, 8, &n),
                      FER_CONNECTION_RESET, n, 0);
        assert_reset_sticks(&pair->stream);
        pair_close(pair);
    }
}

/* S5: a peer that closes with unread input resets the connection, too. On the BSDs only a peer of
 * this library does (rule S7). */
PAIR_TEST("S5", a_peer_that_closes_with_unread_input_is_a_reset)
{
    assert_ok(fer_tcp_stream_write_all(&pair->stream, "unread", 6, NULL));
    assert_true(peer_raw_wait_readable(pair->other));
    pair_close_other(pair);
    if (peer_close_hides_unread_input()) {
        assert_reads_end(&pair->stream);
        return;
    }
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(&pair->stream)));
    assert_reset_sticks(&pair->stream);
}

/* S5: "CONNECTION_RESET or BROKEN_PIPE for a write": a CONNECTION_RESET from a write applies to
 * reads too, "whether read, write or take_error met it first". */
KIND_TEST("S5", a_reset_that_a_write_or_take_error_reported_is_reported_by_reads_too)
{
    for (int sort = 0; sort <= WRITE_SORTS; sort++) {
        struct pair *pair = pair_open_kind(kind);
        fer_error error = {FER_OK, 0};
        pair_reset_and_wait(pair);
        if (sort == WRITE_SORTS) {
            assert_ok(fer_tcp_stream_take_error(&pair->stream, &error));
            assert_kind(error, FER_CONNECTION_RESET);
            assert_int_not_equal(error.os_code, 0);
        }
        for (int i = 0; i < 1000 && error.kind == FER_OK; i++) {
            error = write_by(sort, tcp_ref(&pair->stream), "12345678", 8, NULL);
        }
        assert_writes_fail(error);
        assert_reset_sticks(&pair->stream);
        pair_close(pair);
    }
}

/* S5: "Input that had arrived before is still read if the system kept it; then the saved error is
 * returned again", also if a write detected the reset. E3: the reads that continue count the
 * bytes, and their result is the reset. */
KIND_TEST("S5", input_before_the_reset_is_read_then_the_reset)
{
    enum { AFTER_WRITE = READ_SORTS };
    for (int sort = READ; sort <= AFTER_WRITE; sort++) {
        struct pair *pair = pair_open_kind(kind);
        bool continues = sort == READ_EXACT || sort == READ_TO_END;
        char buf[16] = {0};
        size_t n = 77;
        fer_error error = {FER_OK, 0};
        pair_send(pair, "before", 6);
        pair_reset_and_wait(pair);
        for (int i = 0; sort == AFTER_WRITE && i < 2 && error.kind == FER_OK; i++) {
            error = fer_tcp_stream_write(&pair->stream, buf, 1, NULL);
        }
        if (sort == AFTER_WRITE) {
            assert_writes_fail(error);
        }
        error = read_by(sort % READ_SORTS, tcp_ref(&pair->stream), buf, sizeof buf, &n);
        assert_either(error, FER_CONNECTION_RESET, continues ? FER_CONNECTION_RESET : FER_OK);
        assert_true(n == (error.kind == FER_OK ? 6 : 0) || (continues && n == 6));
        assert_true(n == 6 || sort == AFTER_WRITE || peer_is_windows());
        assert_memory_equal(buf, "before", n);
        if (sort == PEEK && error.kind == FER_OK) {
            assert_ok_n(fer_tcp_stream_read(&pair->stream, buf, sizeof buf, &n), n, 6);
        }
        assert_reset_sticks(&pair->stream);
        pair_close(pair);
    }
}

/* S5: "An end of file that was seen earlier remains an end of file." */
PAIR_TEST("S5", an_eof_before_the_reset_stays_an_eof)
{
    char byte = 0;
    fer_error error = {FER_OK, 0};
    assert_true(peer_shutdown_write(pair->other));
    assert_reads_end(&pair->stream);
    pair_reset_and_wait(pair);
    assert_reads_end(&pair->stream);
    for (int i = 0; i < 1000 && error.kind == FER_OK; i++) {
        error = fer_tcp_stream_write(&pair->stream, &byte, 1, NULL);
    }
    assert_writes_fail(error);
    assert_reads_end(&pair->stream);
    assert_reads_end(&pair->stream);
}

PAIR_TEST("S5", a_half_that_was_shut_before_the_reset_stays_shut)
{
    char byte = 0;
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_BOTH));
    pair_reset(pair);
    for (int i = 0; i < 3; i++) {
        assert_reads_end(&pair->stream);
        assert_kind(fer_tcp_stream_write(&pair->stream, &byte, 1, NULL), FER_BROKEN_PIPE);
        peer_pause(5);
    }
}

/* S5: a clone copies what this handle has detected of the end, as fer_tcp_stream_try_clone
 * promises. */
PAIR_TEST("S5", a_clone_reports_the_reset_that_its_origin_has_detected)
{
    fer_tcp_stream *clone = test_stream();
    pair_reset_and_wait(pair);
    assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_reset_sticks(clone);
}

RULE_TESTS("shutdown")
