/* copying.c: fer_copy: rules M1, E3, E4, S2 to S6, I2, T4, T6 and K2 for bytes that are copied from
 * one stream to another, also through a long buffer, which the system may make through a pipe
 * (Linux: splice). What ends a copy that waits: ended_waits.c. For signals (I1): interruption.c. */
#include "conformance/copy_check.h"
#include "support/stream_fixture.h"

enum { SMALL = 4093 };

static unsigned char memory[65536];

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
    fer_copy_buffer buffer = empty_buffer(SMALL);
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

/* Peeks, vectored calls, timeouts and the mode of a fer_stream. */
static void use_other_calls(fer_stream stream, peer_socket other)
{
    char buf[8] = {0};
    const fer_io_slice out[] = {{"A", 1}, {"BC", 2}};
    const fer_io_slice_mut in[] = {{buf, 1}, {buf + 1, 2}};
    size_t n = 77;
    fer_duration timeout = FER_DURATION_NONE;
    fer_error pending = {FER_OTHER, 1};
    assert_kind_n(fer_stream_try_peek(stream, buf, 8, &n), FER_WOULD_BLOCK, n, 0);
    assert_kind(fer_stream_try_read_vectored(stream, in, 2, &n), FER_WOULD_BLOCK);
    assert_ok_n(fer_stream_write_vectored(stream, out, 2, &n), n, 3);
    assert_ok_n(fer_stream_try_write_vectored(stream, out, 2, &n), n, 3);
    assert_true(peer_recv_exact(other, buf, 6) && memcmp(buf, "ABCABC", 6) == 0);
    assert_true(peer_send_all(other, "xyz", 3));
    do {
        assert_ok(fer_stream_peek(stream, buf, 3, &n));
    } while (n < 3);
    assert_ok_n(fer_stream_try_peek(stream, buf, 3, &n), n, 3);
    assert_ok_n(fer_stream_try_read_vectored(stream, in, 1, &n), n, 1);
    assert_ok_n(fer_stream_read_vectored(stream, in, 2, &n), n, 2);
    assert_memory_equal(buf, "yzz", 3);
    assert_ok(fer_stream_set_read_timeout(stream, millis(40)));
    assert_ok(fer_stream_read_timeout(stream, &timeout));
    assert_in_range(timeout.nanos, 40000000, 60000000); /* rounded up */
    assert_own(fer_stream_read(stream, buf, 8, &n), FER_TIMED_OUT);
    assert_ok(fer_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_ok(fer_stream_set_write_timeout(stream, fer_duration_from_secs(9)));
    assert_ok(fer_stream_write_timeout(stream, &timeout));
    assert_in_range(timeout.nanos, UINT64_C(9000000000), UINT64_C(9020000000));
    assert_ok(fer_stream_set_nonblocking(stream, true));
    assert_kind(fer_stream_read(stream, buf, 8, &n), FER_WOULD_BLOCK);
    assert_ok(fer_stream_set_nonblocking(stream, false));
    assert_ok(fer_stream_take_error(stream, &pending));
    assert_int_equal(pending.kind, FER_OK);
    assert_true(fer_stream_as_raw(stream) == fer_socket_as_raw(fer_stream_as_socket(stream)));
}

/* L6: the addresses of a fer_stream are those of its fer_socket, IP or Unix. */
static void assert_addresses(fer_stream stream)
{
    fer_socket *socket = fer_stream_as_socket(stream);
    fer_domain domain = FER_DOMAIN_IPV4;
    fer_socket_addr addr = {.port = 0};
    fer_unix_addr name;
    assert_ok(fer_socket_domain(socket, &domain));
    bool is_unix = domain == FER_DOMAIN_UNIX;
    assert_kind(fer_socket_local_addr(socket, &addr), is_unix ? FER_UNSUPPORTED : FER_OK);
    assert_kind(fer_socket_local_addr_unix(socket, &name), is_unix ? FER_OK : FER_UNSUPPORTED);
    assert_kind(fer_socket_peer_addr(socket, &addr), is_unix ? FER_UNSUPPORTED : FER_OK);
    assert_kind(fer_socket_peer_addr_unix(socket, &name), is_unix ? FER_OK : FER_UNSUPPORTED);
    assert_true(is_unix || addr.port != 0);
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
    assert_ok(fer_stream_read(stream, buf, 1, &n));
    assert_true(n == 1 && buf[0] == 'i');
    assert_ok(fer_stream_set_limits(stream, &late));
    assert_own(fer_stream_read(stream, buf, 8, &n), FER_TIMED_OUT);
    assert_ok(fer_stream_set_limits(stream, NULL));
    assert_ok_n(fer_stream_read(stream, buf, 8, &n), n, 1);
    use_other_calls(stream, other);
    assert_addresses(stream);
    assert_ok(fer_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_kind_n(fer_stream_write_all(stream, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
    assert_true(peer_send_all(other, "end", 3) && peer_shutdown_write(other));
    assert_ok_n(fer_stream_read_to_end(stream, buf, 8, &n), n, 3);
    assert_memory_equal(buf, "end", 3);
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

/* ---- Megabytes */

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
    bool has_deadlines; /* each call ends after a short time */
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
    const fer_limits limits = {.deadline = fer_instant_after(millis(50))};
    uint64_t n = 77;
    assert_ok(fer_stream_set_limits(copy->to, copy->has_deadlines ? &limits : NULL));
    fer_error error = fer_copy(copy->from, copy->to, &copy->buffer, &n);
    copy->copied += n;
    return error;
}

/* The bytes that the peer sent, in order: those that were copied, then those in the buffer. */
static void assert_buffer_is_next(const struct long_copy *copy)
{
    assert_true(pattern_matches(memory + copy->buffer.start, copy->buffer.len, copy->copied));
}

/* The last call of the copy has returned error. */
static void finish(struct long_copy *copy, fer_error error)
{
    fer_error ended = fer_stream_shutdown(copy->to, FER_SHUTDOWN_WRITE);
    test_thread_join(&copy->sender);
    test_thread_join(&copy->receiver);
    assert_ok(error);
    assert_ok(ended);
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
    finish(copy, copy_on(copy));
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
    finish(copy, error);
}

/* Also by a timeout that a clone has set: T6: "clones share them", or by a deadline: K2: "no byte
 * that arrived is lost, no byte that was sent is uncounted". */
SLOW_KIND_TEST("T4/K2", a_long_copy_that_would_wait_loses_nothing)
{
    for (int how = 0; how < 4; how++) {
        struct pair *pair = pair_open_kind(kind);
        struct link link = open_link();
        struct long_copy copy = begin_tcp_copy(pair, link);
        fer_tcp_stream *clone = test_stream();
        assert_ok(fer_tcp_stream_try_clone(link.stream, clone));
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, how == 0));
        assert_ok(fer_tcp_stream_set_nonblocking(link.stream, how == 0));
        copy.has_deadlines = how == 3;
        if (how == 1 || how == 2) {
            assert_ok(fer_tcp_stream_set_write_timeout(how == 1 ? link.stream : clone, millis(20)));
        }
        if (how == 1) {
            assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(20)));
        }
        copy_with_interruptions(&copy, how == 0 ? FER_WOULD_BLOCK : FER_TIMED_OUT);
        pair_close(pair);
    }
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

RULE_TESTS("copying")
