/* long_copies.c: copies of megabytes through a long buffer, which the system may make through a
 * pipe (Linux: splice): rules M1, E3, I2, S5, S6, T4, T6 and K2. Shorter ones: copying.c. */
#include "conformance/copy_check.h"
#include "support/stream_fixture.h"

static unsigned char memory[65536];

/* A copy of the pair's stream to the link's, whose peers send and receive megabytes. */
struct long_copy {
    fer_stream from;
    fer_stream to;
    fer_copy_buffer buffer;
    struct transfer source;
    struct transfer sink;
    test_thread sender;
    test_thread receiver;
    uint64_t copied;
};

static struct long_copy begin_copy(fer_stream from, peer_socket source, fer_stream to,
                                   peer_socket sink)
{
    return (struct long_copy){.from = from,
                              .to = to,
                              .buffer = {memory, sizeof memory, 0, 0},
                              .source = {.peer = source},
                              .sink = {.peer = sink}};
}

static struct long_copy begin_tcp_copy(struct pair *pair, struct link link)
{
    return begin_copy(fer_tcp_stream_as_stream(&pair->stream), pair->other,
                      fer_tcp_stream_as_stream(link.stream), link.other);
}

static fer_error copy_on(struct long_copy *copy)
{
    uint64_t n = 77;
    fer_error error = fer_copy(copy->from, copy->to, &copy->buffer, &n);
    copy->copied += n;
    return error;
}

/* The bytes that the peer sent, in order: those that were copied, then those in the buffer. */
static void assert_buffer_is_next(const struct long_copy *copy)
{
    assert_true(pattern_matches(memory + copy->buffer.start, copy->buffer.len, copy->copied));
}

static void assert_all_arrived(const struct long_copy *copy)
{
    assert_true(copy->source.sent && copy->sink.intact);
    assert_int_equal(copy->copied, MEGABYTES);
    assert_int_equal(copy->buffer.len, 0);
    assert_int_equal(copy->sink.outcome, PEER_END);
    assert_int_equal(copy->sink.total, MEGABYTES);
}

static void copy_megabytes(struct long_copy *copy)
{
    test_thread_start(&copy->sender, send_megabytes, &copy->source);
    test_thread_start(&copy->receiver, receive_everything, &copy->sink);
    fer_error error = copy_on(copy);
    fer_error ended = fer_stream_shutdown(copy->to, FER_SHUTDOWN_WRITE);
    test_thread_join(&copy->sender);
    test_thread_join(&copy->receiver);
    assert_ok(error);
    assert_ok(ended);
    assert_all_arrived(copy);
}

/* ---- Whole copies */

/* E3: "A count that accompanies an error is true", and a count without an error too; from a stream
 * of each type to TCP and back. */
SLOW_STREAM_KIND_TEST("E3", megabytes_are_copied_through_a_long_buffer)
{
    for (int back = 0; back < 2; back++) {
        struct stream_pair pair = stream_pair_open(kind);
        struct link link = open_link();
        fer_stream one = stream_as_stream(pair.stream);
        fer_stream other = fer_tcp_stream_as_stream(link.stream);
        struct long_copy copy = back == 0 ? begin_copy(one, pair.other, other, link.other)
                                          : begin_copy(other, link.other, one, pair.other);
        copy_megabytes(&copy);
        stream_pair_close();
    }
}

/* ---- T4: "no byte that arrives is lost, no byte that was sent is uncounted, and the next call
 * works" */

/* Copies until the end, although the copies end with kind. The receiver begins when some bytes
 * remain in the buffer, or when everything was copied. */
static void copy_with_interruptions(struct long_copy *copy, fer_error_kind kind)
{
    bool is_received = false;
    fer_error error = {kind, 0};
    test_thread_start(&copy->sender, send_megabytes, &copy->source);
    while (error.kind == kind) {
        error = copy_on(copy);
        if (!is_received && (copy->buffer.len > 0 || error.kind == FER_OK)) {
            assert_buffer_is_next(copy);
            is_received = true;
            test_thread_start(&copy->receiver, receive_everything, &copy->sink);
        }
        peer_pause(1);
    }
    fer_error ended = fer_stream_shutdown(copy->to, FER_SHUTDOWN_WRITE);
    test_thread_join(&copy->sender);
    test_thread_join(&copy->receiver);
    assert_ok(error);
    assert_ok(ended);
    assert_all_arrived(copy);
}

/* Also by a timeout that a clone has set: T6: "clones share them". */
SLOW_KIND_TEST("T4", a_long_copy_that_would_wait_loses_nothing)
{
    for (int how = 0; how < 3; how++) {
        struct pair *pair = pair_open_kind(kind);
        struct link link = open_link();
        struct long_copy copy = begin_tcp_copy(pair, link);
        fer_tcp_stream *clone = test_stream();
        assert_ok(fer_tcp_stream_try_clone(link.stream, clone));
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, how == 0));
        assert_ok(fer_tcp_stream_set_nonblocking(link.stream, how == 0));
        if (how != 0) {
            assert_ok(fer_tcp_stream_set_write_timeout(how == 1 ? link.stream : clone, millis(20)));
        }
        if (how == 1) {
            assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(20)));
        }
        copy_with_interruptions(&copy, how == 0 ? FER_WOULD_BLOCK : FER_TIMED_OUT);
        pair_close(pair);
    }
}

/* K2: "no byte that arrived is lost, no byte that was sent is uncounted". */
SLOW_PAIR_TEST("K2", a_long_copy_within_limits_loses_nothing)
{
    struct link link = open_link();
    struct long_copy copy = begin_tcp_copy(pair, link);
    fer_limits limits = {.deadline = fer_instant_after(millis(50))};
    assert_ok(fer_stream_set_limits(copy.to, &limits));
    test_thread_start(&copy.sender, send_megabytes, &copy.source);
    fer_error error = copy_on(&copy);
    if (error.kind == FER_TIMED_OUT) {
        assert_buffer_is_next(&copy);
    }
    assert_ok(fer_stream_set_limits(copy.to, NULL));
    test_thread_start(&copy.receiver, receive_everything, &copy.sink);
    fer_error rest = error.kind == FER_TIMED_OUT ? copy_on(&copy) : error;
    fer_error ended = fer_stream_shutdown(copy.to, FER_SHUTDOWN_WRITE);
    test_thread_join(&copy.sender);
    test_thread_join(&copy.receiver);
    assert_ok(rest);
    assert_ok(ended);
    assert_all_arrived(&copy);
}

/* ---- The ways in which either stream ends */

struct ending {
    struct long_copy *copy;
    fer_error error;
};

static void run_copy(void *argument)
{
    struct ending *ending = argument;
    ending->error = copy_on(ending->copy);
}

/* What the copy has passed on, in parts that the buffers of each system hold. Each part may wait
 * for a delayed acknowledgement (Nagle's algorithm). */
enum { PIECE = 40000, PASSED = 12 * PIECE };

/* The copy runs in a thread of its own, and has passed on the first bytes. */
static void begin_in_thread(struct long_copy *copy, struct ending *ending, test_thread *thread)
{
    *ending = (struct ending){copy, {FER_OTHER, 0}};
    test_thread_start(thread, run_copy, ending);
    for (uint64_t at = 0; at < PASSED; at += PIECE) {
        assert_true(send_pattern(copy->source.peer, PIECE, at));
        assert_true(receives_pattern(copy->sink.peer, PIECE, at));
    }
}

/* S5: "a handle that saw it never reports a clean end of file afterwards". S6: "A shutdown of READ
 * or BOTH by another thread wakes a blocked read". */
SLOW_KIND_TEST("M1/S5/S6", an_end_of_its_source_ends_a_long_copy)
{
    for (int resets = 0; resets < 2; resets++) {
        struct pair *pair = pair_open_kind(kind);
        struct link link = open_link();
        struct long_copy copy = begin_tcp_copy(pair, link);
        struct ending ending;
        test_thread thread;
        fer_error_kind end = resets ? FER_CONNECTION_RESET : FER_OK;
        begin_in_thread(&copy, &ending, &thread);
        if (resets) {
            pair_reset(pair);
        } else {
            FER_IGNORE(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ));
        }
        test_thread_join(&thread);
        assert_kind(ending.error, end);
        assert_int_equal(copy.copied, PASSED);
        assert_kind(copy_on(&copy), end);
        assert_exchange(link.stream, link.other);
        pair_close(pair);
    }
}

/* I2: "No call raises SIGPIPE": SIGPIPE has its default action, which would end this program. S5:
 * the error is reported. M1: "After an error the bytes that the pipe contained are in the
 * buffer." */
static void end_destination(struct pair *pair, struct link link, bool by_reset)
{
    struct long_copy copy = begin_tcp_copy(pair, link);
    struct ending ending;
    test_thread thread;
    fer_tcp_stream *clone = test_stream();
    assert_ok(fer_tcp_stream_try_clone(link.stream, clone));
    (void)process_let_sigpipe_kill();
    begin_in_thread(&copy, &ending, &thread);
    if (by_reset) {
        peer_reset(link.other);
    } else {
        assert_ok(fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_WRITE));
    }
    bool failed = !by_reset || peer_raw_wait_failed(fer_tcp_stream_as_raw(link.stream));
    bool sent = send_pattern(pair->other, PART, PASSED);
    test_thread_join(&thread);
    assert_true(failed && sent);
    assert_writes_fail(ending.error);
    assert_int_equal(copy.copied, PASSED);
    assert_true(copy.buffer.len > 0);
    assert_buffer_is_next(&copy);
    assert_writes_fail(copy_on(&copy));
}

SLOW_PAIR_TEST("I2", a_long_copy_to_a_stream_that_was_shut_down_raises_no_sigpipe)
{
    end_destination(pair, open_link(), false);
}

SLOW_PAIR_TEST("M1/S5", a_long_copy_to_a_stream_that_was_reset_keeps_the_bytes)
{
    end_destination(pair, open_link(), true);
}

static void send_until_it_fails(void *argument)
{
    const struct transfer *transfer = argument;
    process_shield_thread();
    while (send_pattern(transfer->peer, PART, 0)) {
    }
}

SLOW_PAIR_TEST("I2", a_long_copy_to_a_stream_that_ends_meanwhile_raises_no_sigpipe)
{
    struct link link = open_link();
    struct transfer source = {.peer = pair->other};
    struct ender ender = {test_stream(), {FER_OTHER, 0}};
    fer_copy_buffer buffer = {memory, sizeof memory, 0, 0};
    test_thread sender;
    test_thread thread;
    skip_if_polls_may_panic();
    (void)process_let_sigpipe_kill();
    assert_ok(fer_tcp_stream_try_clone(link.stream, ender.clone));
    test_thread_start(&sender, send_until_it_fails, &source);
    test_thread_start(&thread, shut_down_when_full, &ender);
    fer_error error = fer_copy(fer_tcp_stream_as_stream(&pair->stream),
                               fer_tcp_stream_as_stream(link.stream), &buffer, NULL);
    fer_tcp_stream_close(&pair->stream);
    test_thread_join(&thread);
    test_thread_join(&sender);
    assert_ok(ender.error);
    assert_kind(error, FER_BROKEN_PIPE);
}

RULE_TESTS("long_copies")
