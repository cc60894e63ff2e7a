/* bidirectional.c: fer_copy_bidirectional: rule M2, and E4, K1, K2 and T4 for it. */
#include "conformance/copy_check.h"
#include "support/limits_fixture.h"

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
 * last byte." */
PAIR_TEST("M2", both_directions_are_copied_and_their_ends_passed_on)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, 700);
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
}

/* M2: "in every mode". */
PAIR_TEST("M2", nonblocking_streams_are_waited_for_too)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, 700);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_true(send_pattern(pair->other, PART, 0) && peer_shutdown_write(pair->other));
    assert_true(send_pattern(link.other, PART, 0) && peer_shutdown_write(link.other));
    assert_ok(copy(&relay));
    assert_relayed(&relay, PART, PART);
}

/* M2: "It ends that direction only." */
SLOW_PAIR_TEST("M2", one_direction_continues_after_the_end_of_the_other)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    test_thread thread;
    assert_true(send_pattern(pair->other, PART, 0) && peer_shutdown_write(pair->other));
    test_thread_start(&thread, run_relay, &relay);
    bool arrived = receives_pattern(link.other, PART, 0);
    assert_end(link.other);
    for (int i = 0; i < 5; i++) {
        arrived = arrived && send_pattern(link.other, PART, (uint64_t)i * PART) &&
                  receives_pattern(pair->other, PART, (uint64_t)i * PART);
    }
    bool ended = peer_shutdown_write(link.other);
    test_thread_join(&thread);
    assert_true(arrived && ended);
    assert_ok(relay.error);
    assert_relayed(&relay, PART, UINT64_C(5) * PART);
    assert_end(pair->other);
}

/* E3: megabytes in both directions at once, through one thread. */
static void relay_megabytes(struct relay *relay, peer_socket near_end, peer_socket far_end)
{
    struct transfer transfers[4] = {
        {.peer = near_end}, {.peer = far_end}, {.peer = near_end}, {.peer = far_end}};
    test_thread threads[4];
    for (int i = 0; i < 4; i++) {
        test_thread_start(&threads[i], i < 2 ? send_megabytes : receive_everything, &transfers[i]);
    }
    relay->error = copy(relay);
    for (int i = 0; i < 4; i++) {
        test_thread_join(&threads[i]);
    }
    assert_ok(relay->error);
    assert_relayed(relay, MEGABYTES, MEGABYTES);
    for (int i = 0; i < 4; i++) {
        assert_true(i < 2 ? transfers[i].sent
                          : transfers[i].intact && transfers[i].total == MEGABYTES &&
                                transfers[i].outcome == PEER_END);
    }
}

SLOW_PAIR_TEST("E3", megabytes_are_copied_in_both_directions)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    relay_megabytes(&relay, pair->other, link.other);
}

UNIX_PAIR_TEST("E3", megabytes_are_copied_between_unix_and_tcp)
{
    struct link link = open_link();
    struct relay relay = relay_between(fer_unix_stream_as_stream(pair.stream),
                                       fer_tcp_stream_as_stream(link.stream), CAP);
    relay_megabytes(&relay, pair.other, link.other);
}

/* M2: "through a pipe ..., if ... both streams are in nonblocking mode". */
SLOW_PAIR_TEST("M2", megabytes_are_copied_between_nonblocking_streams)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_ok(fer_tcp_stream_set_nonblocking(link.stream, true));
    relay_megabytes(&relay, pair->other, link.other);
}

UNIX_PAIR_TEST("M2", megabytes_are_copied_between_nonblocking_unix_and_tcp)
{
    struct link link = open_link();
    struct relay relay = relay_between(fer_unix_stream_as_stream(pair.stream),
                                       fer_tcp_stream_as_stream(link.stream), CAP);
    assert_ok(fer_unix_stream_set_nonblocking(pair.stream, true));
    assert_ok(fer_tcp_stream_set_nonblocking(link.stream, true));
    relay_megabytes(&relay, pair.other, link.other);
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

/* The peer of the link does not read, until the copy ends by the write timeout. */
static void copy_to_a_peer_that_reads_late(struct pair *pair, bool nonblocking)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    struct transfer source = {.peer = pair->other};
    struct transfer sink = {.peer = link.other};
    test_thread sender;
    test_thread receiver;
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, nonblocking));
    assert_ok(fer_tcp_stream_set_nonblocking(link.stream, nonblocking));
    assert_ok(fer_tcp_stream_set_write_timeout(link.stream, millis(40)));
    test_thread_start(&sender, send_more_than_fits, &source);
    fer_error first = copy(&relay);
    uint64_t copied = relay.n[0];
    bool is_next =
        pattern_matches(memory[0] + relay.buffers[0].start, relay.buffers[0].len, copied);
    size_t kept = relay.buffers[0].len;
    fer_error rest = first;
    test_thread_start(&receiver, receive_everything_and_end, &sink);
    while (rest.kind == FER_TIMED_OUT) {
        rest = copy(&relay);
        copied += relay.n[0];
    }
    test_thread_join(&sender);
    test_thread_join(&receiver);
    assert_own(first, FER_TIMED_OUT);
    assert_true(is_next && kept > 0);
    assert_ok(rest);
    assert_int_equal(copied, MORE_THAN_FITS);
    assert_true(source.sent && sink.sent && sink.intact && sink.outcome == PEER_END);
    assert_int_equal(sink.total, MORE_THAN_FITS);
}

/* M2: "Each read and each write waits at most for its stream's timeout". T4: nothing is lost. */
SLOW_PAIR_TEST("M2", a_write_timeout_ends_a_copy_whose_peer_does_not_read)
{
    copy_to_a_peer_that_reads_late(pair, false);
}

SLOW_PAIR_TEST("M2", a_write_timeout_ends_a_copy_of_nonblocking_streams_too)
{
    copy_to_a_peer_that_reads_late(pair, true);
}

/* M2: "whatever the other direction does". T4: "the next call works". */
SLOW_PAIR_TEST("M2", a_read_timeout_of_either_stream_ends_a_copy)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    fer_tcp_stream *streams[] = {&pair->stream, link.stream};
    for (int i = 0; i < 2; i++) {
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

/* T6: "clones share them". */
SLOW_PAIR_TEST("T6", a_timeout_that_a_clone_has_set_ends_a_copy_in_both_directions)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    fer_tcp_stream *clone = test_stream();
    assert_ok(fer_tcp_stream_try_clone(link.stream, clone));
    assert_ok(fer_tcp_stream_set_read_timeout(clone, millis(20)));
    assert_own(copy(&relay), FER_TIMED_OUT);
    assert_relayed(&relay, 0, 0);
}

/* ---- Errors and limits */

/* T4: the bytes that were read and not written are in the buffers. The next call writes them. The
 * peer's end of file comes when no more copy waits for space: Wine 10 discards the rest of a send
 * that it has not sent when a wait finds an end of file (docs/DIFFERENCES.md, Under Wine). */
SLOW_PAIR_TEST("T4", a_copy_that_a_deadline_ends_loses_nothing)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    uint64_t offset = fill_until_it_would_block(link.stream);
    uint64_t copied = offset;
    do {
        fer_limits limits = {.deadline = fer_instant_after(millis(30))};
        assert_ok(fer_stream_set_limits(relay.b, &limits));
        assert_true(send_pattern(pair->other, PART, offset));
        offset += PART;
        assert_own(copy(&relay), FER_TIMED_OUT);
        copied += relay.n[0];
    } while (relay.buffers[0].len == 0);
    assert_true(pattern_matches(memory[0] + relay.buffers[0].start, relay.buffers[0].len, copied));
    assert_ok(fer_stream_set_limits(relay.b, NULL));
    assert_true(peer_shutdown_write(pair->other));
    assert_true(peer_shutdown_write(link.other));
    assert_true(receives_pattern(link.other, copied, 0));
    assert_ok(copy(&relay));
    assert_relayed(&relay, offset - copied, 0);
    assert_true(receives_pattern(link.other, offset - copied, copied));
    assert_end(link.other);
}

/* K1, K2: a cancelled token of either stream. */
PAIR_TEST("K1", limits_that_are_reached_precede_data_that_is_ready)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, 100);
    fer_cancel_token token = {0};
    fer_limits limits = {.deadline = FER_INSTANT_NONE, .token = &token};
    fer_stream streams[] = {relay.a, relay.b};
    assert_ok(fer_cancel_token_new(&token));
    fer_cancel_token_cancel(&token);
    assert_true(send_pattern(pair->other, PART, 0));
    for (int i = 0; i < 2; i++) {
        assert_ok(fer_stream_set_limits(streams[i], &limits));
        assert_own(copy(&relay), FER_CANCELLED);
        assert_relayed(&relay, 0, 0);
        assert_ok(fer_stream_set_limits(streams[i], NULL));
    }
    fer_cancel_token_close(&token);
}

static void cancel_soon(void *argument)
{
    peer_pause(20);
    fer_cancel_token_cancel(argument);
}

SLOW_PAIR_TEST("K2", a_cancel_of_either_stream_ends_a_copy_that_waits)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, 100);
    fer_cancel_token token = {0};
    fer_limits limits = {.deadline = FER_INSTANT_NONE, .token = &token};
    fer_stream streams[] = {relay.a, relay.b};
    assert_ok(fer_cancel_token_new(&token));
    for (int i = 0; i < 2; i++) {
        test_thread thread;
        assert_ok(fer_stream_set_limits(streams[i], &limits));
        test_thread_start(&thread, cancel_soon, &token);
        fer_error error = copy(&relay);
        test_thread_join(&thread);
        assert_own(error, FER_CANCELLED);
        assert_ok(fer_stream_set_limits(streams[i], NULL));
        fer_cancel_token_reset(&token);
    }
    fer_cancel_token_close(&token);
}

/* M2: "An error of either direction ends the call". S5: the reset is reported again. */
PAIR_TEST("M2", a_reset_of_either_stream_ends_the_copy)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, 100);
    pair_reset_and_wait(pair);
    for (int i = 0; i < 2; i++) {
        assert_kind(copy(&relay), FER_CONNECTION_RESET);
        assert_relayed(&relay, 0, 0);
    }
    assert_exchange(link.stream, link.other);
}

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

/* K2: a cancel ends a copy of nonblocking streams too, and what it had read is not lost. */
SLOW_PAIR_TEST("K2", a_cancel_of_a_long_copy_loses_nothing)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    struct transfer source = {.peer = pair->other};
    struct transfer sink = {.peer = link.other};
    fer_cancel_token token = {0};
    fer_limits limits = {.deadline = FER_INSTANT_NONE, .token = &token};
    test_thread threads[3];
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_ok(fer_tcp_stream_set_nonblocking(link.stream, true));
    assert_ok(fer_cancel_token_new(&token));
    assert_ok(fer_stream_set_limits(relay.a, &limits));
    assert_true(peer_shutdown_write(link.other));
    test_thread_start(&threads[0], send_more_than_fits, &source);
    test_thread_start(&threads[1], cancel_soon, &token);
    fer_error first = copy(&relay);
    uint64_t copied = relay.n[0];
    test_thread_join(&threads[1]);
    bool is_next =
        pattern_matches(memory[0] + relay.buffers[0].start, relay.buffers[0].len, copied);
    fer_cancel_token_reset(&token);
    test_thread_start(&threads[2], receive_everything, &sink);
    fer_error rest = copy(&relay);
    test_thread_join(&threads[0]);
    test_thread_join(&threads[2]);
    assert_own(first, FER_CANCELLED);
    assert_ok(rest);
    assert_true(is_next && source.sent && sink.intact);
    assert_int_equal(copied + relay.n[0], MORE_THAN_FITS);
    assert_int_equal(sink.total, MORE_THAN_FITS);
    assert_ok(fer_stream_set_limits(relay.a, NULL));
    fer_cancel_token_close(&token);
}

/* S6: a shutdown by another thread ends its direction, here both. */
SLOW_PAIR_TEST("S6", shutdowns_by_another_thread_end_a_copy)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, CAP);
    test_thread thread;
    test_thread_start(&thread, run_relay, &relay);
    bool exchanged = send_pattern(pair->other, PART, 0) && receives_pattern(link.other, PART, 0);
    fer_error first = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ);
    fer_error second = fer_tcp_stream_shutdown(link.stream, FER_SHUTDOWN_READ);
    test_thread_join(&thread);
    assert_true(exchanged);
    assert_ok(first);
    assert_ok(second);
    assert_ok(relay.error);
    assert_relayed(&relay, PART, 0);
    assert_end(pair->other);
    assert_end(link.other);
}

/* E4: "Misuse ... is MISUSE", and other invalid arguments INVALID_INPUT: no byte is moved. */
PAIR_TEST("E4", misuse_of_both_directions_moves_nothing)
{
    struct link link = open_link();
    struct relay relay = relay_of(pair, link, 100);
    struct relay wrong = relay;
    fer_tcp_stream *fresh = test_stream();
    wrong.buffers[1].cap = 0;
    assert_own(copy(&wrong), FER_INVALID_INPUT);
    wrong = relay;
    wrong.b = wrong.a;
    assert_own(copy(&wrong), FER_INVALID_INPUT);
    wrong = relay;
    wrong.buffers[0].base = NULL;
    assert_own(copy(&wrong), FER_MISUSE);
    wrong = relay;
    wrong.a = fer_tcp_stream_as_stream(NULL);
    assert_own(copy(&wrong), FER_MISUSE);
    wrong = relay;
    wrong.b = fer_tcp_stream_as_stream(fresh);
    assert_own(copy(&wrong), FER_NOT_CONNECTED);
    assert_own(fer_copy_bidirectional(relay.a, relay.b, NULL, &relay.buffers[1], NULL, NULL),
               FER_MISUSE);
    assert_exchange(link.stream, link.other);
    assert_alive(pair);
}

RULE_TESTS("bidirectional")
