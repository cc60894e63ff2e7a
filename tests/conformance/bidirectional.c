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
    assert_ok(fer_tcp_stream_set_read_timeout(link.stream, millis(1)));
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
