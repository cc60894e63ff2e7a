/* limits_threads.c: rules K2 and K4: cancels by other threads and by signal handlers. Each test is
 * correct whether the call or the cancel comes first. By deadlines: limits.c. */
#include <errno.h>
#include <stdatomic.h>

#include "conformance/copy_check.h"
#include "support/limits_fixture.h"
#include "support/process_fixture.h"

/* A call in a thread of its own. */
struct caller {
    const struct limits_set *set;
    const struct limits_call *call;
    test_thread thread;
    atomic_int started;
    fer_error error;
    size_t n;
};

static void run_call(void *argument)
{
    struct caller *caller = argument;
    atomic_store(&caller->started, 1);
    caller->error = caller->call->run(caller->set, &caller->n);
}

static void start(struct caller *caller, const struct limits_set *set,
                  const struct limits_call *call)
{
    caller->set = set;
    caller->call = call;
    atomic_init(&caller->started, 0);
    test_thread_start(&caller->thread, run_call, caller);
    while (atomic_load(&caller->started) == 0) {
        test_thread_yield();
    }
}

static void assert_cancelled(const struct caller *caller)
{
    if (caller->error.kind != FER_CANCELLED || caller->error.os_code != 0) {
        fail_msg("%s: %s (%ld)", caller->call->name, fer_error_kind_name(caller->error.kind),
                 (long)caller->error.os_code);
    }
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

/* ---- K4 */

/* K4: "One token limits any number of handles and calls in any number of threads; a cancel ends all
 * of them". */
LIMITS_TEST("K4", one_cancel_ends_the_calls_of_all_handles_and_threads)
{
    /* One receive and one send for each handle. */
    static const size_t together[] = {0, 7, 11, 18, 22, 28};
    enum { COUNT = sizeof together / sizeof together[0] };
    struct limits_set set;
    open_full(&set);
    for (int round = 0; round < 5; round++) {
        struct caller callers[COUNT];
        size_t count = 0;
        for (size_t i = 0; i < COUNT; i++) {
            const struct limits_call *call = &limits_calls[together[i]];
            if (limits_has(&set, call)) {
                start(&callers[count++], &set, call);
            }
        }
        peer_pause(round % 2 == 0 ? 10 : 0);
        fer_error error = fer_cancel_token_cancel(&limits_token);
        for (size_t i = 0; i < count; i++) {
            test_thread_join(&callers[i].thread);
        }
        assert_ok(error);
        for (size_t i = 0; i < count; i++) {
            assert_cancelled(&callers[i]);
        }
        assert_ok(fer_cancel_token_reset(&limits_token));
    }
    assert_exchange(set.stream, set.other);
}

/* K4: "writes before the cancel happen-before that return." A plain variable: the thread sanitizer
 * checks the order. */
struct witness {
    fer_tcp_stream *stream;
    unsigned written; /* by the thread that cancels */
    unsigned seen;
    fer_error error;
};

static void read_what_was_written(void *argument)
{
    struct witness *witness = argument;
    char byte = '\0';
    do {
        witness->error = fer_tcp_stream_read(witness->stream, &byte, 1, NULL);
    } while (witness->error.kind == FER_OK);
    witness->seen = witness->written;
}

LIMITS_PAIR_TEST("K4", memory_written_before_a_cancel_is_visible_after_it)
{
    const fer_limits limits = limits_with_token();
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    for (unsigned round = 1; round <= 100; round++) {
        struct witness witness = {.stream = &pair->stream};
        test_thread thread;
        test_thread_start(&thread, read_what_was_written, &witness);
        if (round % 3 == 0) {
            test_thread_yield();
        }
        witness.written = round;
        fer_error error = fer_cancel_token_cancel(&limits_token);
        test_thread_join(&thread);
        assert_ok(error);
        assert_own(witness.error, FER_CANCELLED);
        assert_int_equal(witness.seen, round);
        assert_ok(fer_cancel_token_reset(&limits_token));
    }
}

/* K4: "A call that begins after the cancel has returned is CANCELLED". The socket is always ready,
 * so only the check can end the loop. */
struct follower {
    fer_tcp_stream *stream;
    atomic_int has_returned;
    bool late;
    fer_error error;
};

static void peek_until_cancelled(void *argument)
{
    struct follower *follower = argument;
    char byte = '\0';
    do {
        int before = atomic_load_explicit(&follower->has_returned, memory_order_relaxed);
        follower->error = fer_tcp_stream_peek(follower->stream, &byte, 1, NULL);
        follower->late = follower->late || (before == 1 && follower->error.kind == FER_OK);
    } while (follower->error.kind == FER_OK);
}

LIMITS_PAIR_TEST("K4", a_call_that_begins_after_the_cancel_is_cancelled)
{
    const fer_limits limits = limits_with_token();
    pair_send(pair, "x", 1);
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &limits));
    for (int round = 0; round < 50; round++) {
        struct follower follower = {.stream = &pair->stream};
        test_thread thread;
        atomic_init(&follower.has_returned, 0);
        test_thread_start(&thread, peek_until_cancelled, &follower);
        test_thread_yield();
        fer_error error = fer_cancel_token_cancel(&limits_token);
        atomic_store_explicit(&follower.has_returned, 1, memory_order_relaxed);
        test_thread_join(&thread);
        assert_ok(error);
        assert_own(follower.error, FER_CANCELLED);
        assert_false(follower.late);
        assert_ok(fer_cancel_token_reset(&limits_token));
    }
}

/* ---- K4: signal handlers */

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

/* K4: "On POSIX a signal handler may cancel; errno is kept." The handler interrupts the call that
 * waits. */
TEST_OF(a_signal_handler_may_cancel, (void), (),
        TEST_ROW("K4 a_signal_handler_may_cancel", a_signal_handler_may_cancel, limits_test_begin,
                 end_with_signals, NULL))
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

RULE_TESTS("limits_threads")
