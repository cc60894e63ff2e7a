/* reset.c: rule S5: a reset is reported, stays with the handle that detected it, and never looks
 * like the end of the stream. */
#include "support/fixture.h"

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

/* S5: "BROKEN_PIPE alone does not affect reading." */
PAIR_TEST("S5", broken_pipe_alone_leaves_the_read_half)
{
    char buf[8];
    size_t n = 0;
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    assert_kind(fer_tcp_stream_write(&pair->stream, "x", 1, NULL), FER_BROKEN_PIPE);
    assert_true(peer_send_all(pair->other, "more", 4));
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, buf, 4, &n));
    assert_memory_equal(buf, "more", 4);
    assert_kind(fer_tcp_stream_write(&pair->stream, "x", 1, NULL), FER_BROKEN_PIPE);
    assert_true(peer_shutdown_write(pair->other));
    assert_reads_end(&pair->stream);
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

/* A read loop as Rust programs have it: `Err(e) if WouldBlock | TimedOut => continue`. Returns the
 * number of reads. */
static unsigned read_as_rust_does(fer_tcp_stream *stream, fer_error *error)
{
    char buf[256];
    unsigned reads = 0;
    while (reads < 1000) {
        size_t n = 0;
        *error = fer_tcp_stream_read(stream, buf, sizeof buf, &n);
        reads++;
        switch (error->kind) {
        case FER_OK:
            if (n == 0) {
                return reads;
            }
            continue;
        case FER_WOULD_BLOCK:
        case FER_TIMED_OUT: continue;
        default: return reads;
        }
    }
    return reads;
}

/* T2: "A loop that reads again after TIMED_OUT therefore ends when the system reports that the
 * connection is dead." */
SLOW_PAIR_TEST("T2", a_read_loop_that_retries_timeouts_ends_with_the_connection)
{
    skip_if(!peer_raw_set_user_timeout(fer_tcp_stream_as_raw(&pair->stream), 300),
            "this OS cannot time out a loopback connection (no TCP_USER_TIMEOUT)");
    fer_error error = {FER_OK, 0};
    char filling[4096] = {0};
    while (fer_tcp_stream_try_write(&pair->stream, filling, sizeof filling, NULL).kind == FER_OK) {
    }
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(100)));
    assert_true(read_as_rust_does(&pair->stream, &error) < 1000);
    assert_kind(error, FER_CONNECTION_TIMED_OUT);
    assert_int_equal(read_as_rust_does(&pair->stream, &error), 1);
    assert_kind(error, FER_CONNECTION_TIMED_OUT);
}

RULE_TESTS("reset")
