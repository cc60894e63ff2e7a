/* sending_files.c: fer_stream_send_file: rule M3, and E3, I2, S3, S5 and T4 for it. */
#include "conformance/copy_check.h"
#include "support/file.h"

enum { CAP = 4000 };

static unsigned char contents[MEGABYTES];
static unsigned char memory[CAP];

/* The pattern of the peers, so that they check what arrives. Skips the test without files. */
static fer_raw_file file_of(size_t len)
{
    pattern_fill(contents, len, 0);
    fer_raw_file file = test_file_new(contents, len);
    skip_if(file == -1, "no file can be made here");
    return file;
}

static fer_error send_file(fer_stream stream, fer_raw_file file, uint64_t offset, uint64_t len,
                           uint64_t *n)
{
    const fer_copy_buffer buffer = {memory, CAP, 0, 0};
    return fer_stream_send_file(stream, file, offset, len, &buffer, n);
}

/* ---- Whole files and parts */

/* M3: "exactly the bytes of the file from the offset on". */
PAIR_TEST("M3", a_part_of_a_file_is_sent)
{
    fer_raw_file file = file_of(3 * PART);
    fer_copy_buffer buffer = {memory, CAP, 0, 0};
    uint64_t n = 77;
    assert_ok_n(fer_tcp_stream_send_file(&pair->stream, file, 10, PART, &buffer, &n), n, PART);
    assert_true(receives_pattern(pair->other, PART, 10));
    assert_ok_n(fer_tcp_stream_send_file(&pair->stream, file, 0, 0, &buffer, &n), n, 0);
    assert_ok(fer_tcp_stream_send_file(&pair->stream, file, 3 * PART - 1, 1, &buffer, NULL));
    assert_true(receives_pattern(pair->other, 1, 3 * PART - 1));
    assert_alive(pair);
    test_file_close(file);
}

/* M3: "The end of the file before the last byte is UNEXPECTED_EOF with a true count." */
PAIR_TEST("M3", a_file_that_is_too_short_is_unexpected_eof)
{
    fer_raw_file file = file_of(PART);
    fer_stream stream = fer_tcp_stream_as_stream(&pair->stream);
    uint64_t n = 77;
    assert_own_n(send_file(stream, file, 0, PART + 1, &n), FER_UNEXPECTED_EOF, n, PART);
    assert_true(receives_pattern(pair->other, PART, 0));
    assert_own_n(send_file(stream, file, 100, UINT64_MAX, &n), FER_UNEXPECTED_EOF, n, PART - 100);
    assert_true(receives_pattern(pair->other, PART - 100, 100));
    assert_own_n(send_file(stream, file, PART, 1, &n), FER_UNEXPECTED_EOF, n, 0);
    assert_own_n(send_file(stream, file, PART + 9, 1, &n), FER_UNEXPECTED_EOF, n, 0);
    assert_own_n(send_file(stream, file, INT64_MAX - 1, 9, &n), FER_UNEXPECTED_EOF, n, 0);
    assert_own_n(send_file(stream, file, INT64_MAX, 1, &n), FER_UNEXPECTED_EOF, n, 0);
    assert_ok_n(send_file(stream, file, INT64_MAX, 0, &n), n, 0);
    assert_alive(pair);
    test_file_close(file);
}

/* M3: "exactly the bytes of the file from the offset on", also if a system's offsets and long have
 * 32 bits. With a timeout the bytes pass through the buffer. */
PAIR_TEST("M3", a_part_beyond_4_gib_is_sent)
{
    const uint64_t offset = (uint64_t)1 << 32;
    pattern_fill(contents, 5, 0);
    fer_raw_file file = test_file_new_at(contents, 5, offset);
    skip_if(file == -1, "no sparse file of 4 GiB can be made here");
    fer_stream stream = fer_tcp_stream_as_stream(&pair->stream);
    uint64_t n = 77;
    assert_ok_n(send_file(stream, file, offset, 5, &n), n, 5);
    assert_true(receives_pattern(pair->other, 5, 0));
    assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(60000)));
    assert_own_n(send_file(stream, file, offset + 1, 5, &n), FER_UNEXPECTED_EOF, n, 4);
    assert_true(receives_pattern(pair->other, 4, 1));
    test_file_close(file);
}

/* E3: "A count that accompanies an error is true", and a count without an error too. */
static void send_megabytes_of_a_file(fer_stream stream, peer_socket peer, bool has_limits)
{
    fer_raw_file file = file_of(MEGABYTES);
    struct transfer sink = {.peer = peer};
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(60))};
    test_thread receiver;
    uint64_t n = 77;
    assert_ok(fer_stream_set_limits(stream, has_limits ? &limits : NULL));
    test_thread_start(&receiver, receive_everything, &sink);
    fer_error error = send_file(stream, file, 0, MEGABYTES, &n);
    fer_error ended = fer_stream_shutdown(stream, FER_SHUTDOWN_WRITE);
    test_thread_join(&receiver);
    test_file_close(file);
    assert_ok(error);
    assert_ok(ended);
    assert_int_equal(n, MEGABYTES);
    assert_true(sink.intact && sink.outcome == PEER_END);
    assert_int_equal(sink.total, MEGABYTES);
}

SLOW_KIND_TEST("E3", megabytes_of_a_file_are_sent)
{
    for (int has_limits = 0; has_limits < 2; has_limits++) {
        struct pair *pair = pair_open_kind(kind);
        send_megabytes_of_a_file(fer_tcp_stream_as_stream(&pair->stream), pair->other, has_limits);
        pair_close(pair);
    }
}

UNIX_PAIR_TEST("E3", megabytes_of_a_file_are_sent_to_a_unix_stream)
{
    send_megabytes_of_a_file(fer_unix_stream_as_stream(pair.stream), pair.other, false);
}

/* T4: "no byte that was sent is uncounted, and the next call works". */
SLOW_KIND_TEST("T4", a_file_that_would_block_or_times_out_is_counted)
{
    static const fer_error_kind kinds[] = {FER_WOULD_BLOCK, FER_TIMED_OUT};
    for (int i = 0; i < 2; i++) {
        fer_raw_file file = file_of(MEGABYTES);
        struct pair *pair = pair_open_kind(kind);
        uint64_t total = 0;
        uint64_t received = 0;
        fer_error error;
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, i == 0));
        assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(20)));
        do {
            uint64_t n = 77;
            error = send_file(fer_tcp_stream_as_stream(&pair->stream), file, total,
                              MEGABYTES - total, &n);
            total += n;
            assert_true(error.kind == FER_OK || error.kind == kinds[i]);
            assert_true(receives_pattern(pair->other, total - received, received));
            received = total;
        } while (error.kind == kinds[i]);
        assert_int_equal(total, MEGABYTES);
        test_file_close(file);
        pair_close(pair);
    }
}

/* ---- Errors */

/* S3: "its writes are BROKEN_PIPE". I2: "No call raises SIGPIPE". S5: a reset is reported again. */
KIND_TEST("S3", a_file_to_a_stream_that_was_shut_down_or_reset_fails)
{
    for (int reset = 0; reset < 2; reset++) {
        struct pair *pair = pair_open_kind(kind);
        fer_raw_file file = file_of(PART);
        fer_tcp_stream *clone = test_stream();
        (void)process_let_sigpipe_kill();
        assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        if (reset) {
            pair_reset_and_wait(pair);
        } else {
            assert_ok(fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_WRITE));
        }
        for (uint64_t i = 0; i < 3; i++) {
            uint64_t n = 77;
            fer_error error = send_file(fer_tcp_stream_as_stream(&pair->stream), file, 0,
                                        reset || i == 0 ? PART : 0, &n);
            assert_either(error, FER_BROKEN_PIPE, reset ? FER_CONNECTION_RESET : FER_BROKEN_PIPE);
            assert_int_equal(n, 0);
        }
        test_file_close(file);
        fer_tcp_stream_close(clone);
        pair_close(pair);
    }
}

/* I2: "No call raises SIGPIPE", also if the stream ends after the system has sent some bytes. */
SLOW_PAIR_TEST("I2", a_file_to_a_stream_that_ends_meanwhile_raises_no_sigpipe)
{
    fer_raw_file file = file_of(MEGABYTES);
    fer_stream stream = fer_tcp_stream_as_stream(&pair->stream);
    struct ender ender = {test_stream(), {FER_OTHER, 0}};
    test_thread thread;
    uint64_t total = 0;
    fer_error error;
    skip_if_polls_may_panic();
    (void)process_let_sigpipe_kill();
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, ender.clone));
    test_thread_start(&thread, shut_down_when_full, &ender);
    do {
        uint64_t n = 77;
        error = send_file(stream, file, 0, MEGABYTES, &n);
        total += n;
    } while (error.kind == FER_OK);
    test_thread_join(&thread);
    assert_ok(ender.error);
    assert_kind(error, FER_BROKEN_PIPE);
    assert_true(total > 0);
    test_file_close(file);
}

/* M3: "An error of the file changes nothing of the stream." */
PAIR_TEST("M3", an_error_of_the_file_changes_nothing_of_the_stream)
{
    fer_stream stream = fer_tcp_stream_as_stream(&pair->stream);
    uint64_t n = 77;
    fer_raw_file file = file_of(PART);
    const fer_raw_file wrong[] = {-1, INTPTR_MAX, file + (INTPTR_MAX >> 30) + 1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fer_error error = send_file(stream, wrong[i], 0, 1, &n);
        assert_true(error.kind != FER_OK && error.os_code != 0);
        assert_int_equal(n, 0);
        assert_alive(pair);
    }
    test_file_close(file);
}

RULE_TESTS("sending_files")
