/* bidirectional.c: fer_copy_bidirectional: rule M2, and E3, K2 and T4 for it. What ends a copy that
 * waits: ended_waits.c. */
#include "conformance/copy_check.h"
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

/* What ends a copy whose peer does not read. */
enum ending { WRITE_TIMEOUT, DEADLINE, CANCEL, ENDINGS };

static fer_error begin_to_copy(struct relay *relay, struct link link, enum ending ending)
{
    fer_limits limits = limits_with_token();
    test_thread thread;
    if (ending == WRITE_TIMEOUT) {
        assert_ok(fer_tcp_stream_set_write_timeout(link.stream, millis(40)));
        return copy(relay);
    }
    limits.deadline = ending == DEADLINE ? fer_instant_after(millis(40)) : FER_INSTANT_NONE;
    assert_ok(fer_stream_set_limits(ending == DEADLINE ? relay->b : relay->a, &limits));
    if (ending == CANCEL) {
        test_thread_start(&thread, cancel_soon, &limits_token);
    }
    fer_error error = copy(relay);
    if (ending == CANCEL) {
        test_thread_join(&thread);
    }
    FER_IGNORE(fer_stream_set_limits(relay->a, NULL));
    FER_IGNORE(fer_stream_set_limits(relay->b, NULL));
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
    assert_own(first, ending == CANCEL ? FER_CANCELLED : FER_TIMED_OUT);
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

RULE_TESTS("bidirectional")
