/* lingering.c: rule K11: close_gracefully "shuts writing down, discards input until the peer's end,
 * a failure, its timeout or the limits of the handle, and closes in every case". */
#include "ferrule/cancel.h"
#include "ferrule/socket.h"
#include "support/fixture.h"
#include "support/thread.h"
#include "support/unix_fixture.h"

enum { SHORT_MS = 40, LONG_S = 60, BYTES = 300000 };

static fer_duration long_time(void)
{
    return fer_duration_from_secs(LONG_S);
}

static void assert_peer_sees_the_end(peer_socket peer)
{
    char byte = 0;
    size_t n = 77;
    assert_int_equal(peer_recv_some(peer, &byte, 1, &n), PEER_END);
}

/* The peer receives what was written, ends, and sees an orderly end. */
PAIR_TEST("K11", a_graceful_close_is_ok_after_the_peer_has_read_all_bytes_and_ended)
{
    char got[5] = {0};
    assert_ok(fer_tcp_stream_write_all(&pair->stream, "hello", 5, NULL));
    assert_true(peer_recv_exact(pair->other, got, 5));
    assert_memory_equal(got, "hello", 5);
    assert_true(peer_send_all(pair->other, "bye", 3));
    assert_true(peer_shutdown_write(pair->other));
    assert_ok(fer_tcp_stream_close_gracefully(&pair->stream, long_time()));
    assert_closed(&pair->stream);
    assert_peer_sees_the_end(pair->other);
}

/* S7: "Closing with unread input resets the connection": not if the input was discarded. */
PAIR_TEST("K11", input_is_discarded_and_does_not_reset)
{
    static unsigned char input[50000];
    assert_true(peer_send_all(pair->other, input, sizeof input));
    assert_true(peer_shutdown_write(pair->other));
    assert_ok(fer_tcp_stream_write_all(&pair->stream, "hello", 5, NULL));
    assert_ok(fer_tcp_stream_close_gracefully(&pair->stream, long_time()));
    char got[5] = {0};
    assert_true(peer_recv_exact(pair->other, got, 5));
    assert_peer_sees_the_end(pair->other);
}

/* A peer on another thread, which receives everything and then closes. */
struct reader {
    peer_socket peer;
    uint64_t total;
    bool intact;
    peer_outcome outcome;
};

static void drain_and_end(void *argument)
{
    struct reader *reader = argument;
    reader->outcome = peer_drain(reader->peer, &reader->total, &reader->intact);
    (void)peer_shutdown_write(reader->peer);
}

/* Windows' loopback loses the output of a plain close (row early_close_loses). */
SLOW_PAIR_TEST("K11", nothing_that_was_written_is_lost)
{
    static unsigned char output[BYTES];
    struct reader reader = {.peer = pair->other};
    test_thread thread;
    pattern_fill(output, sizeof output, 0);
    test_thread_start(&thread, drain_and_end, &reader);
    fer_error written = fer_tcp_stream_write_all(&pair->stream, output, sizeof output, NULL);
    fer_error closed = fer_tcp_stream_close_gracefully(&pair->stream, long_time());
    test_thread_join(&thread);
    assert_ok(written);
    assert_ok(closed);
    assert_int_equal(reader.outcome, PEER_END);
    assert_true(reader.intact);
    assert_int_equal(reader.total, BYTES);
}

PAIR_TEST("K11", a_peer_that_does_not_end_is_timed_out)
{
    assert_own_after(fer_tcp_stream_close_gracefully(&pair->stream, millis(SHORT_MS)),
                     FER_TIMED_OUT, SHORT_MS * 1000);
    assert_closed(&pair->stream);
    assert_peer_sees_the_end(pair->other);
}

struct talker {
    peer_socket peer;
};

static void send_until_failure(void *argument)
{
    static const char noise[10000];
    struct talker *talker = argument;
    while (peer_send_all(talker->peer, noise, sizeof noise)) {
    }
}

/* The timeout is that of all reads together. */
SLOW_PAIR_TEST("K11", a_peer_that_sends_without_end_is_timed_out)
{
    struct talker talker = {pair->other};
    test_thread thread;
    test_thread_start(&thread, send_until_failure, &talker);
    fer_error error = fer_tcp_stream_close_gracefully(&pair->stream, millis(SHORT_MS));
    test_thread_join(&thread);
    assert_own(error, FER_TIMED_OUT);
    assert_closed(&pair->stream);
}

/* "0 discards what is queued without waiting". */
PAIR_TEST("K11", a_timeout_of_zero_does_not_wait)
{
    assert_own(fer_tcp_stream_close_gracefully(&pair->stream, millis(0)), FER_TIMED_OUT);
    assert_closed(&pair->stream);
}

PAIR_TEST("K11", a_timeout_of_zero_finds_an_end_that_has_arrived)
{
    assert_true(peer_shutdown_write(pair->other));
    assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(&pair->stream)));
    assert_ok(fer_tcp_stream_close_gracefully(&pair->stream, millis(0)));
    assert_closed(&pair->stream);
    assert_peer_sees_the_end(pair->other);
}

/* It waits by its own timeout in every mode. */
KIND_TEST("K11", a_nonblocking_stream_lingers_too)
{
    for (int ends = 0; ends < 2; ends++) {
        struct pair *pair = pair_open_kind(kind);
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
        assert_true(ends == 0 || peer_shutdown_write(pair->other));
        uint64_t start = peer_now_us();
        fer_duration timeout = ends == 0 ? millis(SHORT_MS) : long_time();
        fer_error error = fer_tcp_stream_close_gracefully(&pair->stream, timeout);
        if (ends == 0) {
            assert_own(error, FER_TIMED_OUT);
            assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= SHORT_MS * 1000);
        }
        assert_true(ends == 0 || error.kind == FER_OK);
        pair_close(pair);
    }
}

/* The read timeout is that of a read, and not of this call. */
PAIR_TEST("K11", a_read_timeout_does_not_matter)
{
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(1)));
    assert_own_after(fer_tcp_stream_close_gracefully(&pair->stream, millis(SHORT_MS)),
                     FER_TIMED_OUT, SHORT_MS * 1000);
}

/* S5: a reset is CONNECTION_RESET, whichever call met it, and whatever was shut down then. */
KIND_TEST("K11", a_reset_is_reported_also_after_a_read_that_met_it)
{
    for (int halves = -2; halves <= FER_SHUTDOWN_BOTH; halves++) {
        struct pair *pair = pair_open_kind(kind);
        pair_reset_and_wait(pair);
        if (halves >= -1) {
            assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
        }
        if (halves >= 0) {
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, (fer_shutdown)halves));
        }
        assert_kind(fer_tcp_stream_close_gracefully(&pair->stream, long_time()),
                    FER_CONNECTION_RESET);
        assert_closed(&pair->stream);
        pair_close(pair);
    }
}

/* K1, K2: "the handle's limits", in nonblocking mode too. */
KIND_TEST("K11", the_limits_of_the_handle_end_it)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        struct pair *pair = pair_open_kind(kind);
        fer_cancel_token token = {0};
        assert_ok(fer_cancel_token_new(&token));
        assert_ok(fer_cancel_token_cancel(&token));
        fer_limits limits = {.token = &token};
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, nonblocking != 0));
        assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
        assert_own(fer_tcp_stream_close_gracefully(&pair->stream, long_time()), FER_CANCELLED);
        assert_closed(&pair->stream);
        assert_peer_sees_the_end(pair->other);
        pair_close(pair);
        pair = pair_open_kind(kind);
        limits = (fer_limits){.deadline = fer_instant_after(millis(SHORT_MS))};
        assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
        assert_own(fer_tcp_stream_close_gracefully(&pair->stream, long_time()), FER_TIMED_OUT);
        pair_close(pair);
        fer_cancel_token_close(&token);
    }
}

struct canceller {
    fer_cancel_token token;
    peer_socket peer;
};

/* Cancels after the peer has seen the end of the output: the call waits for the peer then. */
static void cancel_after_the_end(void *argument)
{
    struct canceller *canceller = argument;
    char byte = 0;
    size_t n = 0;
    (void)peer_recv_some(canceller->peer, &byte, 1, &n);
    FER_IGNORE(fer_cancel_token_cancel(&canceller->token));
}

PAIR_TEST("K11", a_cancel_by_another_thread_ends_it)
{
    struct canceller canceller = {.peer = pair->other};
    test_thread thread;
    assert_ok(fer_cancel_token_new(&canceller.token));
    const fer_limits limits = {.token = &canceller.token};
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    test_thread_start(&thread, cancel_after_the_end, &canceller);
    fer_error error = fer_tcp_stream_close_gracefully(&pair->stream, FER_DURATION_NONE);
    test_thread_join(&thread);
    fer_cancel_token_close(&canceller.token);
    assert_own(error, FER_CANCELLED);
    assert_closed(&pair->stream);
}

/* ---- Halves that have ended before */

PAIR_TEST("K11", an_end_that_was_read_before_is_ok)
{
    assert_true(peer_shutdown_write(pair->other));
    assert_reads_end(&pair->stream);
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    assert_ok(fer_tcp_stream_close_gracefully(&pair->stream, long_time()));
    assert_closed(&pair->stream);
    assert_peer_sees_the_end(pair->other);
}

/* The peer's end cannot be detected then, whether the system was told of the shutdown or not. */
PAIR_TEST("K11", after_a_shutdown_of_reading_it_is_misuse_and_closes)
{
    char got[5] = {0};
    assert_ok(fer_tcp_stream_write_all(&pair->stream, "hello", 5, NULL));
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ));
    assert_true(peer_recv_exact(pair->other, got, 5));
    assert_own(fer_tcp_stream_close_gracefully(&pair->stream, long_time()), FER_MISUSE);
    assert_closed(&pair->stream);
    assert_peer_sees_the_end(pair->other);
}

PAIR_TEST("K11", a_clone_stays_open_and_cannot_write)
{
    fer_tcp_stream *clone = test_stream();
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_true(peer_shutdown_write(pair->other));
    assert_ok(fer_tcp_stream_close_gracefully(&pair->stream, long_time()));
    assert_closed(&pair->stream);
    assert_peer_sees_the_end(pair->other);
    assert_writes_fail(fer_tcp_stream_write(clone, "x", 1, NULL));
    assert_reads_end(clone);
}

/* E4: as for shutdown: a stream that was never connected. It is closed all the same. */
STREAM_TEST("K11", an_unconnected_stream_is_not_connected_and_closed)
{
    fer_socket socket = {0};
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    assert_ok(fer_socket_into_tcp_stream(&socket, stream));
    assert_own(fer_tcp_stream_close_gracefully(stream, long_time()), FER_NOT_CONNECTED);
    assert_closed(stream);
}

/* ---- Unix streams */

UNIX_PAIR_TEST("K11", a_unix_stream_lingers_as_a_tcp_stream_does)
{
    char got[5] = {0};
    assert_ok(fer_unix_stream_write_all(pair.stream, "hello", 5, NULL));
    assert_true(peer_send_all(pair.other, "bye", 3));
    assert_true(peer_shutdown_write(pair.other));
    assert_ok(fer_unix_stream_close_gracefully(pair.stream, long_time()));
    assert_true(fer_unix_stream_as_raw(pair.stream) == FER_RAW_SOCKET_NONE);
    assert_true(peer_recv_exact(pair.other, got, 5));
    assert_peer_sees_the_end(pair.other);
}

RULE_TESTS("lingering")
