/* bidirectional.c: fer_copy_bidirectional: rule M2, and E3, K2 and T4 for it; and
 * fer_stream_send_file: rule M3, and E3, I2, S3, S5 and T4 for it. What ends a copy that waits:
 * ended_waits.c. */
#include "conformance/copy_check.h"
#include "support/file.h"
#include "support/limits_fixture.h"
#include "support/stream_fixture.h"

enum { CAP = 20000 };

static unsigned char memory[2][CAP];

/* A relay between the streams of the pair and of the link. */
struct relay {
    fer_stream a;
    fer_stream b;
    fer_copy_buffer buffers[2];
    uint64_t n[2];
    fer_error error;
};

static struct relay relay_between(fer_stream a, fer_stream b, size_t cap)
{
    return (struct relay){.a = a,
                          .b = b,
                          .buffers = {{memory[0], cap, 0, 0}, {memory[1], cap, 0, 0}},
                          .n = {77, 77},
                          .error = {FER_OTHER, 0}};
}

static struct relay relay_of(struct pair *pair, struct link link, size_t cap)
{
    return relay_between(fer_tcp_stream_as_stream(&pair->stream),
                         fer_tcp_stream_as_stream(link.stream), cap);
}

static fer_error copy(struct relay *relay)
{
    return fer_copy_bidirectional(relay->a, relay->b, &relay->buffers[0], &relay->buffers[1],
                                  &relay->n[0], &relay->n[1]);
}

static void run_relay(void *argument)
{
    struct relay *relay = argument;
    relay->error = copy(relay);
}

static void assert_relayed(const struct relay *relay, uint64_t from_a, uint64_t from_b)
{
    assert_int_equal(relay->n[0], from_a);
    assert_int_equal(relay->n[1], from_b);
    assert_int_equal(relay->buffers[0].len, 0);
    assert_int_equal(relay->buffers[1].len, 0);
}

static void assert_end(peer_socket peer)
{
    char byte;
    size_t n = 0;
    assert_int_equal(peer_recv_some(peer, &byte, 1, &n), PEER_END);
}

/* ---- Whole copies */

/* M2: "The end of file of a stream is passed on by a shutdown of the other's write half, after the
 * last byte", "in every mode". */
KIND_TEST("M2", both_directions_are_copied_and_their_ends_passed_on)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        struct pair *pair = pair_open_kind(kind);
        struct link link = open_link();
        struct relay relay = relay_of(pair, link, 700);
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, nonblocking != 0));
        assert_true(send_pattern(pair->other, PART, 0) && peer_shutdown_write(pair->other));
        assert_true(send_pattern(link.other, PART / 2, 9) && peer_shutdown_write(link.other));
        assert_ok(copy(&relay));
        assert_relayed(&relay, PART, PART / 2);
        assert_true(receives_pattern(link.other, PART, 0));
        assert_true(receives_pattern(pair->other, PART / 2, 9));
        assert_end(link.other);
        assert_end(pair->other);
        assert_ok(copy(&relay));
        assert_relayed(&relay, 0, 0);
        pair_close(pair);
    }
}

/* E3: megabytes in both directions at once, through one thread. M2: "through a pipe ..., if ...
 * both streams are in nonblocking mode". */
SLOW_STREAM_KIND_TEST("E3", megabytes_are_copied_in_both_directions)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        struct stream_pair pair = stream_pair_open(kind);
        struct link link = open_link();
        struct relay relay = relay_between(stream_as_stream(pair.stream),
                                           fer_tcp_stream_as_stream(link.stream), CAP);
        struct transfer transfers[4] = {
            {.peer = pair.other}, {.peer = link.other}, {.peer = pair.other}, {.peer = link.other}};
        test_thread threads[4];
        assert_ok(stream_set_nonblocking(pair.stream, nonblocking != 0));
        assert_ok(fer_tcp_stream_set_nonblocking(link.stream, nonblocking != 0));
        for (int i = 0; i < 4; i++) {
            test_thread_start(&threads[i], i < 2 ? send_megabytes : receive_everything,
                              &transfers[i]);
        }
        relay.error = copy(&relay);
        for (int i = 0; i < 4; i++) {
            test_thread_join(&threads[i]);
        }
        assert_ok(relay.error);
        assert_relayed(&relay, MEGABYTES, MEGABYTES);
        for (int i = 0; i < 4; i++) {
            assert_true(i < 2 ? transfers[i].sent
                              : transfers[i].intact && transfers[i].total == MEGABYTES &&
                                    transfers[i].outcome == PEER_END);
        }
        stream_pair_close();
    }
}

/* ---- Urgent data */

enum { BEFORE_URGENT = 600000 };

/* Sends one urgent byte between two parts of a pattern. */
static void send_with_urgent_byte(void *argument)
{
    struct transfer *transfer = argument;
    process_shield_thread();
    transfer->sent = send_pattern(transfer->peer, BEFORE_URGENT, 0) &&
                     peer_send_urgent(transfer->peer) &&
                     send_pattern(transfer->peer, PART, BEFORE_URGENT);
}

/* Nobody ends a direction before all bytes are here. */
struct sink {
    peer_socket source, peer;
    bool is_inline, intact;
};

static void receive_with_urgent_byte(void *argument)
{
    struct sink *sink = argument;
    char urgent = '!';
    process_shield_thread();
    sink->intact = receives_pattern(sink->peer, BEFORE_URGENT, 0) &&
                   (!sink->is_inline || peer_recv_exact(sink->peer, &urgent, 1)) &&
                   receives_pattern(sink->peer, PART, BEFORE_URGENT) && urgent == '!';
    sink->intact &= peer_shutdown_write(sink->peer) && peer_shutdown_write(sink->source);
}

/* M2: "through a pipe ..., if ... both streams are in nonblocking mode": Linux does not splice the
 * bytes at an urgent mark (net/ipv4/tcp.c, tcp_read_sock). */
SLOW_KIND_TEST("M2", urgent_data_stops_no_copy)
{
    for (unsigned i = 0; i < 4; i++) {
        struct pair *pair = pair_open_kind(kind);
        struct link link = open_link();
        struct relay relay = relay_of(pair, link, CAP);
        struct transfer source = {.peer = pair->other};
        struct sink sink = {.source = pair->other, .peer = link.other, .is_inline = i % 2 != 0};
        const fer_limits limits = {.deadline = fer_instant_after(millis(PEER_LIMIT_MS))};
        test_thread threads[2];
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, i < 2));
        assert_ok(fer_tcp_stream_set_nonblocking(link.stream, i < 2));
        assert_ok(fer_stream_set_limits(relay.a, &limits));
        assert_true(
            peer_raw_set_urgent_inline(fer_tcp_stream_as_raw(&pair->stream), sink.is_inline));
        test_thread_start(&threads[0], send_with_urgent_byte, &source);
        test_thread_start(&threads[1], receive_with_urgent_byte, &sink);
        relay.error = copy(&relay);
        test_thread_join(&threads[0]);
        test_thread_join(&threads[1]);
        assert_ok(relay.error);
        assert_true(source.sent && sink.intact);
        assert_relayed(&relay, BEFORE_URGENT + PART + sink.is_inline, 0);
        pair_close(pair);
    }
}

/* ---- Timeouts */

/* More than the buffers of both connections take. */
enum { MORE_THAN_FITS = 3 * MEGABYTES };

static void send_more_than_fits(void *argument)
{
    struct transfer *transfer = argument;
    process_shield_thread();
    transfer->sent =
        send_pattern(transfer->peer, MORE_THAN_FITS, 0) && peer_shutdown_write(transfer->peer);
}

/* No end of file comes while a copy may wait for space: see Wine 10 below. */
static void receive_everything_and_end(void *argument)
{
    struct transfer *transfer = argument;
    receive_everything(transfer);
    transfer->sent = peer_shutdown_write(transfer->peer);
}

static void cancel_soon(void *token)
{
    peer_pause(20);
    fer_cancel_token_cancel(token);
}

/* What ends a copy whose peer does not read. Each stream has a token, and one is cancelled. */
enum ending { WRITE_TIMEOUT, DEADLINE, CANCEL_OF_A, CANCEL_OF_B, ENDINGS };

static fer_error begin_to_copy(struct relay *relay, struct link link, enum ending ending)
{
    fer_limits limits = limits_with_token();
    test_thread thread;
    if (ending == WRITE_TIMEOUT) {
        assert_ok(fer_tcp_stream_set_write_timeout(link.stream, millis(40)));
        return copy(relay);
    }
    fer_cancel_token other = {0};
    const fer_limits others = {.token = &other};
    assert_ok(fer_cancel_token_new(&other));
    limits.deadline = ending == DEADLINE ? fer_instant_after(millis(40)) : FER_INSTANT_NONE;
    assert_ok(fer_stream_set_limits(relay->a, ending == CANCEL_OF_A ? &limits : &others));
    assert_ok(fer_stream_set_limits(relay->b, ending == CANCEL_OF_A ? &others : &limits));
    if (ending != DEADLINE) {
        test_thread_start(&thread, cancel_soon, &limits_token);
    }
    fer_error error = copy(relay);
    if (ending != DEADLINE) {
        test_thread_join(&thread);
    }
    FER_IGNORE(fer_stream_set_limits(relay->a, NULL));
    FER_IGNORE(fer_stream_set_limits(relay->b, NULL));
    fer_cancel_token_close(&other);
    return error;
}

/* The peer of the link does not read, until the copy ends. */
static void copy_to_a_peer_that_reads_late(struct pair *pair, bool nonblocking, enum ending ending)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    struct transfer source = {.peer = pair->other};
    struct transfer sink = {.peer = link.other};
    test_thread sender;
    test_thread receiver;
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, nonblocking));
    assert_ok(fer_tcp_stream_set_nonblocking(link.stream, nonblocking));
    test_thread_start(&sender, send_more_than_fits, &source);
    fer_error first = begin_to_copy(&relay, link, ending);
    uint64_t copied = relay.n[0];
    bool is_next =
        pattern_matches(memory[0] + relay.buffers[0].start, relay.buffers[0].len, copied);
    size_t kept = relay.buffers[0].len;
    test_thread_start(&receiver, receive_everything_and_end, &sink);
    fer_error rest;
    do {
        rest = copy(&relay);
        copied += relay.n[0];
    } while (rest.kind == FER_TIMED_OUT);
    test_thread_join(&sender);
    test_thread_join(&receiver);
    assert_own(first, ending >= CANCEL_OF_A ? FER_CANCELLED : FER_TIMED_OUT);
    assert_true(is_next && (kept > 0 || ending != WRITE_TIMEOUT));
    assert_ok(rest);
    assert_int_equal(copied, MORE_THAN_FITS);
    assert_true(source.sent && sink.sent && sink.intact && sink.outcome == PEER_END);
    assert_int_equal(sink.total, MORE_THAN_FITS);
}

/* M2: "Each read and each write waits at most for its stream's timeout". T4, K2: nothing is
 * lost. */
TEST_OF(a_copy_whose_peer_does_not_read_ends_and_loses_nothing, (const struct pair_kind *kind),
        (*state),
        RULE_ROW("M2/K2", a_copy_whose_peer_does_not_read_ends_and_loses_nothing, "", limits_test,
                 &test_pair_connected_v4))
{
    for (int i = 0; i < 2 * ENDINGS; i++) {
        struct pair *pair = pair_open_kind(kind);
        copy_to_a_peer_that_reads_late(pair, i % 2 != 0, (enum ending)(i / 2));
        pair_close(pair);
        fer_cancel_token_close(&limits_token);
    }
}

/* M2: "whatever the other direction does". T6: "clones share them". T4: "the next call works". */
SLOW_PAIR_TEST("M2", a_read_timeout_of_either_stream_ends_a_copy)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    fer_tcp_stream *clone = test_stream();
    fer_tcp_stream *streams[] = {&pair->stream, link.stream, clone};
    assert_ok(fer_tcp_stream_try_clone(link.stream, clone));
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_tcp_stream_set_nonblocking(streams[i], i == 1));
        assert_ok(fer_tcp_stream_set_read_timeout(streams[i], millis(20)));
        assert_own(copy(&relay), FER_TIMED_OUT);
        assert_relayed(&relay, 0, 0);
        assert_ok(fer_tcp_stream_set_read_timeout(streams[i], FER_DURATION_NONE));
    }
    assert_true(send_pattern(pair->other, PART, 0) && peer_shutdown_write(pair->other));
    assert_true(peer_shutdown_write(link.other));
    assert_ok(copy(&relay));
    assert_relayed(&relay, PART, 0);
    assert_true(receives_pattern(link.other, PART, 0));
}

/* ---- The end of the destination */

/* What a copy of nonblocking streams passes on, in parts that the buffers of each system hold,
 * before an end of the destination. */
enum { PIECE = 40000, PASSED = 12 * PIECE };

/* I2: "No call raises SIGPIPE". S5, T4: the error is reported, and the bytes that were read and not
 * written are in the buffer. */
static void end_destination(struct pair *pair, bool by_reset)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    fer_tcp_stream *clone = test_stream();
    test_thread thread;
    bool passed = true;
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_ok(fer_tcp_stream_set_nonblocking(link.stream, true));
    assert_ok(fer_tcp_stream_try_clone(link.stream, clone));
    (void)process_let_sigpipe_kill();
    test_thread_start(&thread, run_relay, &relay);
    for (uint64_t at = 0; at < PASSED; at += PIECE) {
        passed = passed && send_pattern(pair->other, PIECE, at) &&
                 receives_pattern(link.other, PIECE, at);
    }
    if (by_reset) {
        peer_reset(link.other);
    } else {
        FER_IGNORE(fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_WRITE));
        passed = passed && send_pattern(pair->other, PART, PASSED);
    }
    test_thread_join(&thread);
    assert_true(passed);
    assert_int_equal(relay.n[0], PASSED);
    if (by_reset) {
        assert_kind(relay.error, FER_CONNECTION_RESET);
        assert_kind(copy(&relay), FER_CONNECTION_RESET);
    } else {
        assert_kind(relay.error, FER_BROKEN_PIPE);
        assert_kind(copy(&relay), FER_BROKEN_PIPE);
        assert_true(relay.buffers[0].len > 0);
        assert_true(
            pattern_matches(memory[0] + relay.buffers[0].start, relay.buffers[0].len, PASSED));
    }
}

SLOW_PAIR_TEST("I2", a_copy_to_a_stream_that_was_shut_down_raises_no_sigpipe)
{
    end_destination(pair, false);
}

SLOW_PAIR_TEST("S5", a_reset_ends_a_long_copy_in_both_directions)
{
    end_destination(pair, true);
}

/* ---- fer_stream_send_file */

enum { FILE_CAP = 4000 };

static unsigned char contents[MEGABYTES];

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
    const fer_copy_buffer buffer = {memory[0], FILE_CAP, 0, 0};
    return fer_stream_send_file(stream, file, offset, len, &buffer, n);
}

/* ---- Whole files and parts */

/* M3: "exactly the bytes of the file from the offset on". */
PAIR_TEST("M3", a_part_of_a_file_is_sent)
{
    fer_raw_file file = file_of(3 * PART);
    fer_copy_buffer buffer = {memory[0], FILE_CAP, 0, 0};
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

enum { BEFORE_RESET = 400000 };

static void receive_some_and_reset(void *peer)
{
    const peer_socket other = *(const peer_socket *)peer;
    (void)receives_pattern(other, BEFORE_RESET, 0);
    peer_reset(other);
}

/* S5: a handle that saw a reset "never reports a clean end of file afterwards", although the system
 * clears the error of the connection that ends a sendfile after some bytes. */
SLOW_KIND_TEST("M3/S5", a_reset_while_a_file_is_sent_is_no_end_of_file)
{
    for (int i = 0; i < 2; i++) {
        struct pair *pair = pair_open_kind(kind);
        test_thread thread;
        fer_error error;
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, i == 1));
        test_thread_start(&thread, receive_some_and_reset, &pair->other);
        fer_raw_file file = file_of(MEGABYTES);
        do {
            error = send_file(fer_tcp_stream_as_stream(&pair->stream), file, 0, MEGABYTES, NULL);
        } while (error.kind == FER_OK || error.kind == FER_WOULD_BLOCK);
        test_thread_join(&thread);
        pair->other = PEER_NONE;
        assert_either(error, FER_BROKEN_PIPE, FER_CONNECTION_RESET);
        assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
        test_file_close(file);
        pair_close(pair);
    }
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

RULE_TESTS("bidirectional")
