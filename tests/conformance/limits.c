/* limits.c: rules K1 to K3: when a call checks the limits of its handle, which handles have them,
 * and how a wait ends: by deadlines. By other threads: limits_threads.c, ended_waits.c. */
#include "ferrule/poller.h"
#include "ferrule/socket.h"
#include "support/limits_fixture.h"

/* K1: "CANCELLED if the token is cancelled, ... TIMED_OUT if the deadline is reached, whatever is
 * ready", with os_code 0. Nothing is taken, and nothing is sent. */
LIMITS_TEST("K1", every_call_checks_its_limits_although_it_is_ready)
{
    struct limits_set set;
    char buf[8];
    size_t n = 0;
    fer_udp_received got;
    const fer_limits each[] = {limits_with_token(), limits_past()};
    assert_ok(fer_cancel_token_cancel(&limits_token));
    limits_set_open(&set);
    limits_set_send(&set);
    for (size_t i = 0; i < 4 * (size_t)LIMITS_CALLS; i++) {
        const struct limits_call *call = &limits_calls[i / 4];
        limits_set_apply(&set, &each[i / 2 % 2]);
        if (limits_has(&set, call)) {
            limits_expect(&set, call, i / 2 % 2 == 0 ? FER_CANCELLED : FER_TIMED_OUT);
        }
    }
    limits_set_apply(&set, NULL);
    assert_ok(fer_tcp_stream_read_exact(set.stream, buf, 4, &n));
    assert_memory_equal(buf, "data", 4);
    assert_ok(fer_udp_socket_recv(set.udp.socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 4);
    assert_exchange(set.full, set.full_other);
    if (set.unix_stream != NULL) {
        assert_ok(fer_unix_stream_read_exact(set.unix_stream, buf, 4, &n));
        assert_unix_exchange(set.unix_full, set.unix_full_other);
    }
}

/* K1: "An answer that the state of the handle gives ... precedes the check." */
LIMITS_PAIR_TEST("K1", the_state_of_the_handle_precedes_its_limits)
{
    fer_tcp_stream *stream = &pair->stream;
    const fer_limits limits = limits_with_token();
    char buf[4];
    size_t n = 77;
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_own(fer_tcp_stream_read(stream, NULL, 1, &n), FER_MISUSE);
    assert_ok(fer_tcp_stream_read(stream, buf, 0, &n));
    assert_ok(fer_tcp_stream_write(stream, buf, 0, &n));
    assert_own(fer_tcp_stream_read(stream, buf, 1, &n), FER_CANCELLED);
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    assert_reads_end(stream);
    assert_kind(fer_tcp_stream_write(stream, "x", 1, &n), FER_BROKEN_PIPE);
    fer_tcp_stream_close(stream);
    assert_closed(stream);
}

static void assert_would_block(fer_error error, const char *name)
{
    if (error.kind != FER_WOULD_BLOCK) {
        fail_msg("%s: %s", name, fer_error_kind_name(error.kind));
    }
}

/* K1: "the `_try_...` calls ... make no check, nor do other calls on a nonblocking socket." For the
 * first see never_waiting.c. */
LIMITS_TEST("K1", calls_on_a_nonblocking_socket_never_check)
{
    struct limits_set set;
    const fer_limits limits = limits_with_token();
    limits_set_open(&set);
    limits_set_fill(&set);
    limits_set_apply(&set, &limits);
    limits_set_nonblocking(&set, true);
    assert_ok(fer_cancel_token_cancel(&limits_token));
    for (size_t i = 0; i < LIMITS_CALLS; i++) {
        const struct limits_call *call = &limits_calls[i];
        bool waits = call->kind == LIMITS_RECEIVES || call->kind == LIMITS_SENDS;
        size_t n = 77;
        if (limits_has(&set, call) && waits) {
            assert_would_block(call->run(&set, &n), call->name);
        } else if (limits_has(&set, call) && call->kind == LIMITS_SENDS_DATAGRAM) {
            assert_ok(call->run(&set, &n));
        }
    }
}

/* K1: "Getters, setters, shutdown, close, ... make no check". */
LIMITS_PAIR_TEST("K1", getters_setters_shutdown_and_close_never_check)
{
    fer_tcp_stream *stream = &pair->stream;
    fer_limits limits = limits_with_token();
    fer_socket_addr addr;
    fer_duration timeout;
    fer_error pending;
    bool on = false;
    limits.deadline = fer_instant_now();
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_ok(fer_tcp_stream_peer_addr(stream, &addr));
    assert_ok(fer_tcp_stream_local_addr(stream, &addr));
    assert_ok(fer_tcp_stream_set_nodelay(stream, true));
    assert_ok(fer_tcp_stream_nodelay(stream, &on));
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(9000)));
    assert_ok(fer_tcp_stream_read_timeout(stream, &timeout));
    assert_ok(fer_tcp_stream_take_error(stream, &pending));
    assert_ok(fer_tcp_stream_set_limits(stream, &limits));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_true(peer_raw_wait_readable(pair->other));
    fer_tcp_stream_close(stream);
    assert_closed(stream);
}

/* ---- K3 */

/* K3: "The earlier of timeout and deadline counts." */
LIMITS_PAIR_TEST("K3", the_earlier_of_timeout_and_deadline_counts)
{
    char byte = '\0';
    for (int deadline_is_first = 0; deadline_is_first < 2; deadline_is_first++) {
        uint64_t start = peer_now_us();
        const fer_limits limits = limits_after_millis(deadline_is_first == 1 ? 40 : 60000);
        assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream,
                                                  millis(deadline_is_first == 1 ? 60000 : 40)));
        assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
        uint64_t took = microseconds_since(start);
        assert_true(took + NOT_SOONER_SLACK_US >= 40000 && took < 30000000);
    }
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, NULL));
    assert_alive(pair);
}

/* K3: "Limits belong to the handle and not to the socket: clones, ... begin without." */
LIMITS_PAIR_TEST("K3", limits_are_the_handle_s_and_a_clone_begins_without)
{
    fer_tcp_stream *clone = test_stream();
    const fer_limits limits = limits_with_token();
    char byte = '\0';
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CANCELLED);
    assert_exchange(clone, pair->other);
    const fer_limits past = limits_past();
    assert_ok(fer_tcp_stream_set_limits(clone, &past));
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, NULL));
    assert_own(fer_tcp_stream_read(clone, &byte, 1, NULL), FER_TIMED_OUT);
    assert_alive(pair);
}

/* K3: "what a handle is turned into begin without." Accepted streams: listening.c. */
LIMITS_TEST("K3", converted_handles_begin_without)
{
    const fer_limits limits = limits_with_token();
    struct limits_set set;
    fer_tcp_stream *again = test_stream();
    fer_udp_socket *udp = test_udp();
    limits_set_open(&set);
    limits_set_apply(&set, &limits);
    assert_ok(fer_cancel_token_cancel(&limits_token));
    assert_ok(fer_tcp_stream_from_raw(again, fer_tcp_stream_into_raw(set.stream)));
    assert_exchange(again, set.other);
    assert_ok(fer_socket_into_udp_socket(fer_udp_socket_as_socket(set.udp.socket), udp));
    assert_ok(fer_udp_socket_send(udp, "ping", 4, NULL));
}

/* ---- K3a */

/* K3a: "A `_ready` call whose own timeout expires is OK with none ready. A cancel or the deadline
 * ends it with CANCELLED or TIMED_OUT"; also on a nonblocking socket, because it waits in every
 * mode. */
LIMITS_PAIR_TEST("K3a", readiness_has_its_own_timeout_and_limits_in_every_mode)
{
    fer_tcp_stream *stream = &pair->stream;
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        fer_interest ready = 77;
        fer_limits limits = limits_with_token();
        limits.deadline = fer_instant_after(millis(60000));
        assert_ok(fer_tcp_stream_set_nonblocking(stream, nonblocking == 1));
        assert_ok(fer_tcp_stream_set_limits(stream, &limits));
        assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(0), &ready), ready, 0);
        assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(30), &ready), ready, 0);
        assert_ok(fer_cancel_token_cancel(&limits_token));
        assert_own_n(fer_tcp_stream_ready(stream, FER_WRITABLE, millis(0), &ready), FER_CANCELLED,
                     ready, 77);
        uint64_t start = peer_now_us();
        limits = limits_after_millis(40);
        assert_ok(fer_tcp_stream_set_limits(stream, &limits));
        assert_own_n(fer_tcp_stream_ready(stream, FER_READABLE, millis(60000), &ready),
                     FER_TIMED_OUT, ready, 77);
        assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= 40000);
    }
}

/* ---- How a wait ends */

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

RULE_TESTS("limits")
