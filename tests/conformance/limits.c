/* limits.c: rules K1 to K4: when a call checks the limits of its handle, which handles have them,
 * and how a wait ends: by deadlines, and by cancels of other threads and of signal handlers. More
 * of it: ended_waits.c. */
#include <errno.h>
#include <stdatomic.h>

#include "conformance/copy_check.h"
#include "ferrule/poller.h"
#include "ferrule/socket.h"
#include "support/limits_fixture.h"
#include "support/process_fixture.h"

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

/* K1, also if a _ready call would not wait. */
LIMITS_PAIR_TEST("K1", a_ready_call_with_a_timeout_of_zero_checks_its_limits)
{
    static const fer_interest interests[] = {FER_READABLE, FER_WRITABLE};
    const fer_limits past = limits_past();
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &past));
    for (int i = 0; i < 2; i++) {
        fer_interest ready = 77;
        assert_own(fer_tcp_stream_ready(&pair->stream, interests[i], (fer_duration){0}, &ready),
                   FER_TIMED_OUT);
        assert_int_equal(ready, 77);
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

/* ---- K3: listening.c. K3a */

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

static void open_full(struct limits_set *set)
{
    const fer_limits limits = limits_with_token();
    limits_set_open(set);
    limits_set_fill(set);
    limits_set_apply(set, &limits);
}

/* ---- K2: nothing is lost */

/* Cancels and resets until it is stopped. */
static atomic_bool stops;
static atomic_uint cancels;

static void cancel_on(void *unused)
{
    while (!atomic_load(&stops)) {
        atomic_fetch_add(&cancels, fer_cancel_token_cancel(&limits_token).kind == FER_OK);
        test_thread_yield();
        FER_IGNORE(fer_cancel_token_reset(&limits_token));
        test_thread_yield();
    }
}

/* Starts cancel_on and waits for its first cancel, which a loaded machine may run late. */
static void start_to_cancel(test_thread *thread)
{
    atomic_store(&stops, false);
    atomic_store(&cancels, 0);
    test_thread_start(thread, cancel_on, NULL);
    while (atomic_load(&cancels) == 0) {
        test_thread_yield();
    }
}

/* K2: "no byte that arrived is lost": the sum of the counts, and every byte, of reads that are
 * cancelled all the time. */
LIMITS_KIND_TEST("K2", no_byte_is_lost_by_reads_that_are_cancelled_all_the_time)
{
    for (int exact = 0; exact < 2; exact++) {
        struct pair *pair = pair_open_kind(kind);
        const fer_limits limits = limits_with_token();
        struct transfer transfer = {.peer = pair->other};
        test_thread threads[2];
        uint64_t total = 0;
        bool is_intact = true;
        fer_error error;
        assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
        start_to_cancel(&threads[0]);
        test_thread_start(&threads[1], send_megabytes, &transfer);
        do {
            static unsigned char bytes[10000];
            uint64_t left = MEGABYTES - total;
            size_t n = 0;
            error = read_by(exact == 1 ? READ_EXACT : READ, tcp_ref(&pair->stream), bytes,
                            left < sizeof bytes ? (size_t)left : sizeof bytes, &n);
            is_intact = is_intact && pattern_matches(bytes, n, total);
            total += n;
        } while ((error.kind == FER_OK || error.kind == FER_CANCELLED) && total < MEGABYTES);
        atomic_store(&stops, true);
        test_thread_join(&threads[0]);
        test_thread_join(&threads[1]);
        assert_true(transfer.sent && is_intact);
        assert_true(error.kind == FER_OK || error.kind == FER_CANCELLED);
        assert_int_equal(total, MEGABYTES);
        pair_close(pair);
    }
}

/* K2: "no byte that was sent is uncounted": the sum of write_all's counts is what the peer
 * receives. */
LIMITS_PAIR_TEST("K2", no_byte_is_uncounted_by_writes_that_are_cancelled_all_the_time)
{
    static unsigned char bytes[MEGABYTES];
    const fer_limits limits = limits_with_token();
    struct drain drain = {pair->other, 0, true, PEER_GOT};
    test_thread threads[2];
    size_t total = 0;
    fer_error error;
    pattern_fill(bytes, sizeof bytes, 0);
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    start_to_cancel(&threads[0]);
    test_thread_start(&threads[1], drain_all, &drain);
    do {
        size_t n = 0;
        error = fer_tcp_stream_write_all(&pair->stream, bytes + total, sizeof bytes - total, &n);
        total += n;
    } while (error.kind == FER_CANCELLED);
    atomic_store(&stops, true);
    fer_error shut = fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE);
    test_thread_join(&threads[0]);
    test_thread_join(&threads[1]);
    assert_ok(error);
    assert_ok(shut);
    assert_int_equal(total, MEGABYTES);
    assert_int_equal(drain.outcome, PEER_END);
    assert_true(drain.intact);
    assert_true(drain.total == MEGABYTES);
}

/* ---- K4: signal handlers. Cancels by other threads: ended_waits.c, tests/interleave/stream.c,
 * tests/stress/stress_limits.c */

static atomic_int handler_changed_errno;

static void cancel_in_a_handler(void)
{
    int saved = errno;
    errno = 7777;
    FER_IGNORE(fer_cancel_token_cancel(&limits_token));
    if (errno != 7777) {
        atomic_store(&handler_changed_errno, 1);
    }
    errno = saved;
}

static int end_with_signals(void **state)
{
    process_signals_stop();
    process_signals_call(NULL);
    return limits_test_end(state);
}

#define HANDLER_TEST(rule, function) \
    TEST_OF(function, (void), (),    \
            TEST_ROW(rule " " #function, function, limits_test_begin, end_with_signals, NULL))

/* K4: "On POSIX a signal handler may cancel; errno is kept." The handler interrupts the call that
 * waits. */
HANDLER_TEST("K4", a_signal_handler_may_cancel)
{
    struct limits_set set;
    skip_without_interrupting_signals();
    open_full(&set);
    atomic_init(&handler_changed_errno, 0);
    for (size_t i = 0; i < LIMITS_CALLS; i++) {
        if (limits_has(&set, &limits_calls[i]) && limits_waits(&limits_calls[i])) {
            process_signals_call(cancel_in_a_handler);
            assert_true(process_signals_start());
            limits_expect(&set, &limits_calls[i], FER_CANCELLED);
            process_signals_stop();
            assert_ok(fer_cancel_token_reset(&limits_token));
        }
    }
    assert_int_equal(atomic_load(&handler_changed_errno), 0);
    assert_exchange(set.stream, set.other);
}

RULE_TESTS("limits")
