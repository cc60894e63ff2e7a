/* lingering.c: rule K11: close_gracefully "shuts writing down, discards input until the peer's end,
 * a failure, its timeout or the limits of the handle, and closes in every case". A cancel by
 * another thread: ended_waits.c. */
#include "ferrule/cancel.h"
#include "support/fixture.h"
#include "support/thread.h"
#include "support/unix_fixture.h"

enum { SHORT_MS = 40, LONG_MS = 60000, BYTES = 300000 };

static void assert_peer_sees_the_end(peer_socket peer)
{
    char byte = 0;
    size_t n = 77;
    assert_int_equal(peer_recv_some(peer, &byte, 1, &n), PEER_END);
}

/* What comes before the close, in this order. */
enum {
    HELLO = 1,       /* "hello" is written, and the peer receives it in the end */
    INPUT = 2,       /* the peer sends what is not read */
    PEER_ENDS = 4,   /* the peer shuts writing down, and that has arrived */
    PEER_RESETS = 8, /* and that has arrived */
    IS_READ = 16,    /* the end or the reset was read */
    SHUT_READ = 32,  /* the stream */
    SHUT_WRITE = 64, /* the stream */
    NONBLOCKING = 128,
    READ_TIMEOUT = 256,  /* a shorter one than that of the close */
    CANCELLED = 512,     /* limits with a token that is cancelled */
    DEADLINE = 1024,     /* limits with the short time */
    LATE_DEADLINE = 2048 /* limits with the long time */
};

/* S7: "Closing with unread input resets the connection": not if the input was discarded. S5: a
 * reset is CONNECTION_RESET, whichever call met it. Without a read half the peer's end cannot be
 * detected, whether the shutdown was passed to the system or not. */
static const struct row {
    const char *name;
    unsigned before;
    unsigned timeout_ms;
    fer_error_kind kind;
} rows[] = {
    {"it is ok after the peer's end", HELLO | PEER_ENDS, LONG_MS, FER_OK},
    {"input is discarded and does not reset", HELLO | INPUT | PEER_ENDS, LONG_MS, FER_OK},
    {"a peer that does not end is timed out", 0, SHORT_MS, FER_TIMED_OUT},
    {"a timeout of 0 does not wait", 0, 0, FER_TIMED_OUT},
    {"a timeout of 0 finds an end that has arrived", PEER_ENDS, 0, FER_OK},
    {"a nonblocking stream waits for its end too", NONBLOCKING | PEER_ENDS, LONG_MS, FER_OK},
    {"a nonblocking stream has the timeout", NONBLOCKING, SHORT_MS, FER_TIMED_OUT},
    {"a read timeout does not matter", READ_TIMEOUT, SHORT_MS, FER_TIMED_OUT},
    {"an end that was read before is ok", PEER_ENDS | IS_READ, LONG_MS, FER_OK},
    {"also after a shutdown", PEER_ENDS | IS_READ | SHUT_WRITE, LONG_MS, FER_OK},
    {"after a shutdown of reading it is misuse", SHUT_READ, LONG_MS, FER_MISUSE},
    {"a reset is reported", PEER_RESETS, LONG_MS, FER_CONNECTION_RESET},
    {"also one that was read", PEER_RESETS | IS_READ, LONG_MS, FER_CONNECTION_RESET},
    {"and reading shut", PEER_RESETS | IS_READ | SHUT_READ, LONG_MS, FER_CONNECTION_RESET},
    {"and writing shut", PEER_RESETS | IS_READ | SHUT_WRITE, LONG_MS, FER_CONNECTION_RESET},
    {"and both", PEER_RESETS | IS_READ | SHUT_READ | SHUT_WRITE, LONG_MS, FER_CONNECTION_RESET},
    {"a cancelled token ends it", CANCELLED, LONG_MS, FER_CANCELLED},
    {"in nonblocking mode too", NONBLOCKING | CANCELLED, LONG_MS, FER_CANCELLED},
    {"the deadline ends it", DEADLINE, LONG_MS, FER_TIMED_OUT},
    {"in nonblocking mode, too", NONBLOCKING | DEADLINE, LONG_MS, FER_TIMED_OUT},
    {"a later deadline does not extend the timeout", LATE_DEADLINE, SHORT_MS, FER_TIMED_OUT},
};

static void end_halves(struct pair *pair, unsigned before)
{
    fer_tcp_stream *stream = &pair->stream;
    if ((before & PEER_ENDS) != 0) {
        assert_true(peer_shutdown_write(pair->other));
        assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(stream)));
    }
    if ((before & PEER_RESETS) != 0) {
        pair_reset_and_wait(pair);
    }
    if ((before & IS_READ) != 0 && (before & PEER_ENDS) != 0) {
        assert_reads_end(stream);
    } else if ((before & IS_READ) != 0) {
        assert_reads_fail(stream, FER_CONNECTION_RESET);
    }
    if ((before & SHUT_READ) != 0) {
        assert_ok(fer_tcp_stream_shutdown(stream, (before & SHUT_WRITE) != 0 ? FER_SHUTDOWN_BOTH
                                                                             : FER_SHUTDOWN_READ));
    } else if ((before & SHUT_WRITE) != 0) {
        assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    }
}

static void close_as(struct pair *pair, const struct row *row, fer_cancel_token *token)
{
    static unsigned char input[50000];
    fer_tcp_stream *stream = &pair->stream;
    unsigned before = row->before;
    fer_limits limits = {.token = (before & CANCELLED) != 0 ? token : NULL};
    char got[5] = {0};
    if ((before & HELLO) != 0) {
        assert_ok(fer_tcp_stream_write_all(stream, "hello", 5, NULL));
    }
    assert_true((before & INPUT) == 0 || peer_send_all(pair->other, input, sizeof input));
    end_halves(pair, before);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, (before & NONBLOCKING) != 0));
    if ((before & READ_TIMEOUT) != 0) {
        assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(1)));
    }
    uint64_t start = peer_now_us();
    if ((before & (DEADLINE | LATE_DEADLINE)) != 0) {
        limits.deadline = fer_instant_after(millis((before & DEADLINE) != 0 ? SHORT_MS : LONG_MS));
    }
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    fer_error error = fer_tcp_stream_close_gracefully(stream, millis(row->timeout_ms));
    assert_true(microseconds_since(start) < LONG_MS / 2 * UINT64_C(1000));
    bool is_early = row->kind == FER_TIMED_OUT && row->timeout_ms > 0 &&
                    microseconds_since(start) + NOT_SOONER_SLACK_US < SHORT_MS * 1000;
    expect_kind(error, row->kind, row->name, __FILE__, __LINE__);
    assert_true(!is_early && (row->kind == FER_CONNECTION_RESET || error.os_code == 0));
    assert_closed(stream);
    assert_true((before & HELLO) == 0 || (peer_recv_exact(pair->other, got, sizeof got) &&
                                          memcmp(got, "hello", sizeof got) == 0));
    if ((before & PEER_RESETS) == 0) {
        assert_peer_sees_the_end(pair->other);
    }
}

KIND_TEST("K11", a_graceful_close_waits_for_the_peers_end_and_closes_in_every_case)
{
    fer_cancel_token token = {0};
    assert_ok(fer_cancel_token_new(&token));
    assert_ok(fer_cancel_token_cancel(&token));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair *pair = pair_open_kind(kind);
        close_as(pair, &rows[i], &token);
        pair_close(pair);
    }
    fer_cancel_token_close(&token);
}

/* A peer on another thread, which receives everything and then ends. */
static void drain_and_end(void *argument)
{
    struct drain *drain = argument;
    drain_all(drain);
    (void)peer_shutdown_write(drain->peer);
}

/* Windows' loopback loses the output of a plain close (row early_close_loses). */
SLOW_PAIR_TEST("K11", nothing_that_was_written_is_lost)
{
    static unsigned char output[BYTES];
    struct drain drain = {.peer = pair->other};
    test_thread thread;
    pattern_fill(output, sizeof output, 0);
    test_thread_start(&thread, drain_and_end, &drain);
    fer_error written = fer_tcp_stream_write_all(&pair->stream, output, sizeof output, NULL);
    fer_error closed = fer_tcp_stream_close_gracefully(&pair->stream, millis(LONG_MS));
    test_thread_join(&thread);
    assert_ok(written);
    assert_ok(closed);
    assert_int_equal(drain.outcome, PEER_END);
    assert_true(drain.intact);
    assert_int_equal(drain.total, BYTES);
}

PAIR_TEST("K11", a_clone_stays_open_and_cannot_write)
{
    fer_tcp_stream *clone = test_stream();
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_true(peer_shutdown_write(pair->other));
    assert_ok(fer_tcp_stream_close_gracefully(&pair->stream, millis(LONG_MS)));
    assert_closed(&pair->stream);
    assert_peer_sees_the_end(pair->other);
    assert_writes_fail(fer_tcp_stream_write(clone, "x", 1, NULL));
    assert_reads_end(clone);
}

/* ---- Unix streams */

UNIX_PAIR_TEST("K11", a_unix_stream_lingers_as_a_tcp_stream_does)
{
    char got[5] = {0};
    assert_ok(fer_unix_stream_write_all(pair.stream, "hello", 5, NULL));
    assert_true(peer_send_all(pair.other, "bye", 3));
    assert_true(peer_shutdown_write(pair.other));
    assert_ok(fer_unix_stream_close_gracefully(pair.stream, millis(LONG_MS)));
    assert_true(fer_unix_stream_as_raw(pair.stream) == FER_RAW_SOCKET_NONE);
    assert_true(peer_recv_exact(pair.other, got, 5));
    assert_peer_sees_the_end(pair.other);
}

RULE_TESTS("lingering")
