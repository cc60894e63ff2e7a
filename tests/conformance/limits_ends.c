/* limits_ends.c: rule K2 by deadlines: the end of a call that waits changes nothing. Each call that
 * waits: ended_waits.c. Cancels by other threads: limits_threads.c. When a call checks: limits.c.
 * */
#include "ferrule/poller.h"
#include "support/limits_fixture.h"

enum { SOON_MS = 40, LONG_MS = 60000 };

/* On a busy machine a short deadline can be reached before the call moves the first byte (rule K1).
 * The call is repeated with a longer one. */
static bool moved_none(uint64_t moved, uint64_t *deadline_ms)
{
    *deadline_ms *= 2;
    return moved == 0 && *deadline_ms <= LONG_MS;
}

static void set_deadline(fer_tcp_stream *stream, uint64_t deadline_ms)
{
    const fer_limits limits = limits_after_millis(deadline_ms);
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
}

/* ---- K2 */

static void assert_set_is_alive(struct limits_set *set)
{
    fer_udp_received got;
    char buf[8];
    assert_exchange(set->stream, set->other);
    assert_true(peer_datagram_send(set->udp.other, PEER_V4, set->udp.port, "data", 4));
    assert_ok(fer_udp_socket_recv(set->udp.socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 4);
    if (set->unix_stream != NULL) {
        assert_unix_exchange(set->unix_stream, set->unix_other);
    }
    if (set->datagram != NULL) {
        fer_unix_received received;
        assert_true(unix_peer_datagram_send(set->datagram_other, set->datagram_path, "data", 4));
        assert_ok(fer_unix_datagram_recv_from(set->datagram, buf, sizeof buf, &received));
        assert_int_equal(received.len, 4);
    }
}

/* K2: "read_exact, ... report their counts"; what had come is in the buffer, and the rest comes.
 * read_to_end also if only the end is missing. */
LIMITS_KIND_TEST("K2", reads_count_the_bytes_before_the_deadline)
{
    static const size_t caps[] = {6, 8, 3};
    for (size_t i = 0; i < 3; i++) {
        struct pair *pair = pair_open_kind(kind);
        char buf[8] = {0};
        size_t n = 77;
        uint64_t deadline_ms = SOON_MS;
        pair_send(pair, "abc", 3);
        do {
            set_deadline(&pair->stream, deadline_ms);
            assert_own(read_by(i == 0 ? READ_EXACT : READ_TO_END, tcp_ref(&pair->stream), buf,
                               caps[i], &n),
                       FER_TIMED_OUT);
        } while (moved_none(n, &deadline_ms));
        assert_int_equal(n, 3);
        assert_ok(fer_tcp_stream_set_limits(&pair->stream, NULL));
        assert_true(peer_send_all(pair->other, "def", 3));
        assert_ok_n(fer_tcp_stream_read_exact(&pair->stream, buf + 3, 3, &n), n, 3);
        assert_memory_equal(buf, "abcdef", 6);
        pair_close(pair);
    }
}

/* K2: "no byte that was sent is uncounted": the count of write_all is what the peer receives. */
LIMITS_PAIR_TEST("K2", write_all_counts_the_bytes_before_the_deadline)
{
    enum { LEN = 48000000 };
    unsigned char *bytes = test_malloc(LEN);
    uint64_t total = 0;
    bool intact = false;
    size_t n = 0;
    pattern_fill(bytes, LEN, 0);
    fer_error error;
    uint64_t deadline_ms = SOON_MS;
    do {
        set_deadline(&pair->stream, deadline_ms);
        error = fer_tcp_stream_write_all(&pair->stream, bytes, LEN, &n);
    } while (moved_none(n, &deadline_ms));
    fer_error shut = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE);
    peer_outcome outcome = peer_drain(pair->other, &total, &intact);
    test_free(bytes);
    assert_own(error, FER_TIMED_OUT);
    assert_ok(shut);
    assert_int_equal(outcome, PEER_END);
    assert_true(n > 0 && n < LEN && intact);
    assert_true(total == n);
}

/* K2: "fer_copy report their counts"; what it had read is in the caller's buffer (as T4). */
LIMITS_TEST("K2/T4", copy_counts_the_written_bytes_and_keeps_the_others)
{
    struct limits_set set;
    char between[8];
    char got[3] = {0};
    fer_copy_buffer buffer = {between, sizeof between, 0, 0};
    uint64_t copied = 77;
    uint64_t deadline_ms = SOON_MS;
    limits_set_open(&set);
    assert_true(peer_send_all(set.other, "abc", 3));
    fer_stream from = fer_tcp_stream_as_stream(set.stream);
    fer_stream to = fer_tcp_stream_as_stream(set.full);
    assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(set.stream)));
    do {
        set_deadline(set.stream, deadline_ms);
        assert_own(fer_copy(from, to, &buffer, &copied), FER_TIMED_OUT);
    } while (moved_none(copied, &deadline_ms));
    assert_true(copied == 3 && buffer.len == 0);
    assert_true(peer_recv_exact(set.full_other, got, 3));
    assert_memory_equal(got, "abc", 3);
    /* The limits of the destination apply to its writes. */
    const fer_limits past = limits_past();
    assert_ok(fer_tcp_stream_set_limits(set.stream, NULL));
    assert_true(peer_send_all(set.other, "def", 3));
    assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(set.stream)));
    assert_ok(fer_tcp_stream_set_limits(set.full, &past));
    assert_own(fer_copy(from, to, &buffer, &copied), FER_TIMED_OUT);
    assert_true(copied == 0 && buffer.len == 3);
    assert_memory_equal((char *)buffer.base + buffer.start, "def", 3);
}

/* K2: "no byte that arrived is lost": an end and a reset that came meanwhile are still there. */
LIMITS_KIND_TEST("K2", an_end_that_arrived_during_a_late_call_is_read_without_limits)
{
    for (int resets = 0; resets < 2; resets++) {
        struct pair *pair = pair_open_kind(kind);
        char byte = '\0';
        set_deadline(&pair->stream, SOON_MS);
        assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
        resets == 1 ? peer_reset(pair->other) : peer_close(pair->other);
        assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
        assert_ok(fer_tcp_stream_set_limits(&pair->stream, NULL));
        assert_true(resets == 0 || peer_raw_wait_failed(fer_tcp_stream_as_raw(&pair->stream)));
        if (resets == 1) {
            assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
        } else {
            assert_reads_end(&pair->stream);
        }
        pair_close(pair);
    }
}

/* K3a: "fer_poller_wait has no limits": a notify ends it. */
LIMITS_PAIR_TEST("K3", a_poller_does_not_check_the_limits_of_its_sources)
{
    fer_poller poller = {0};
    fer_event event;
    size_t count = 0;
    const fer_limits limits = limits_with_token();
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_ok(fer_poller_new(&poller));
    fer_error added =
        fer_poller_add(&poller, fer_tcp_stream_as_raw(&pair->stream),
                       (fer_event){.key = 7, .interest = FER_WRITABLE}, FER_POLL_LEVEL);
    fer_error waited = fer_poller_wait(&poller, millis(PEER_LIMIT_MS), &event, 1, &count, NULL);
    fer_poller_close(&poller);
    assert_ok(added);
    assert_ok(waited);
    assert_int_equal(count, 1);
    assert_int_equal(event.key, 7);
}

/* ---- Misuse */

/* "A call with limits whose token is NEW or CLOSED is FER_MISUSE": and nothing else. */
LIMITS_TEST("misuse", a_token_that_was_closed_under_a_handle_is_misuse)
{
    struct limits_set set;
    const fer_limits limits = limits_with_token();
    limits_set_open(&set);
    limits_set_apply(&set, &limits);
    fer_cancel_token_close(&limits_token);
    for (size_t i = 0; i < LIMITS_CALLS; i++) {
        if (limits_has(&set, &limits_calls[i])) {
            limits_expect(&set, &limits_calls[i], FER_MISUSE);
        }
    }
    limits_set_apply(&set, NULL);
    assert_set_is_alive(&set);
}

RULE_TESTS("limits_ends")
