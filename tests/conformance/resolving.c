/* resolving.c: rules N1 to N7 and N9: lookups in the background, by the system's own resolver. For
 * the other rules and the steps of the threads: unit/test_resolver*.c. */
#include "support/fixture.h"

#include <stdio.h>

#include "ferrule/poller.h"
#include "ferrule/waker.h"
#include "support/thread.h"

enum { CAP = 8, MANY = 40, KEYS = 100, KEYS_CAP = 16, PATIENCE_US = 60000000 };

/* A name that no system has and that needs no query to a name server, which may take seconds to
 * answer many queries at once. */
#define UNKNOWN "a b.invalid:80"

/* For one test; closed after it. */
static fer_resolver resolver;
static fer_lookup lookups[KEYS];
static fer_poller poller;
static fer_waker waker;
static size_t handles_before;
static size_t threads_before;

static int set_up(void **state)
{
    handles_before = peer_open_handles();
    threads_before = peer_threads();
    memset(&resolver, 0, sizeof resolver);
    memset(lookups, 0, sizeof lookups);
    memset(&poller, 0, sizeof poller);
    memset(&waker, 0, sizeof waker);
    return test_begin(state);
}

/* Closes all, and waits until the system's resolver is idle. An abandoned lookup may continue, with
 * sockets of its own, and between two of them only its thread shows it. A thread that has delivered
 * its last result may exist for a moment longer. */
static void close_all(size_t handles_left)
{
    for (size_t i = 0; i < KEYS; i++) {
        fer_lookup_close(&lookups[i]);
    }
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
    fer_waker_close(&waker);
    uint64_t start = peer_now_us();
    while (peer_threads() > threads_before ||
           (peer_handle_count_is_exact() && peer_open_handles() > handles_left)) {
        test_thread_yield();
        assert_in_range(microseconds_since(start), 0, PATIENCE_US);
    }
}

static void open_resolver(uint32_t threads, uint32_t queue_cap)
{
    const fer_resolver_options options = {.threads = threads, .queue_cap = queue_cap};
    assert_ok(fer_resolver_new(&resolver, &options));
}

/* The fixture's sockets may still be open; a test that abandons lookups has none. */
static int tear_down(void **state)
{
    close_all(SIZE_MAX);
    return test_end(state);
}

#define RESOLVING_TEST(rule, function) \
    TEST_OF(function, (void), (), TEST_ROW(rule " " #function, function, set_up, tear_down, NULL))

static bool is_lookup_failure(fer_error error)
{
    return error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN ||
           error.kind == FER_RESOLVE_FAILED;
}

/* Compares the result of a lookup with that of a lookup in this thread. */
static void assert_same_answer(fer_lookup *lookup, const char *text)
{
    fer_socket_addr wanted[CAP];
    fer_socket_addr addrs[CAP];
    size_t wanted_count = 4711;
    size_t count = 4711;
    fer_error expected = fer_to_socket_addrs(text, wanted, CAP, &wanted_count);
    fer_error error = fer_lookup_wait(lookup, FER_DURATION_NONE, addrs, CAP, &count);
    assert_int_equal(count, wanted_count);
    assert_int_equal(error.kind == FER_OK, expected.kind == FER_OK);
    assert_true(error.kind == FER_OK || (is_lookup_failure(error) && is_lookup_failure(expected)));
    for (size_t i = 0; error.kind == FER_OK && i < count && i < CAP; i++) {
        assert_true(fer_socket_addr_eq(&addrs[i], &wanted[i]));
    }
}

/* N1: "A text that needs no resolver is answered immediately and without a thread: an address has
 * its result". */
RESOLVING_TEST("N1", an_address_text_is_answered_immediately)
{
    static const char *const texts[] = {"127.0.0.1:80", "[::1]:443", "[fe80::1%7]:1", "::1:80"};
    fer_socket_addr addr;
    size_t count = 0;
    open_resolver(1, FER_RESOLVER_NO_QUEUE);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_ok(fer_resolver_start(&resolver, texts[i], NULL, NULL, 0, &lookups[i]));
        assert_ok_n(fer_lookup_wait(&lookups[i], (fer_duration){0}, &addr, 1, &count), count, 1);
    }
}

/* N4: "If the lookup is not done in time, the wait is TIMED_OUT ..., and the lookup continues". */
RESOLVING_TEST("N4", a_wait_that_is_too_short_leaves_the_lookup)
{
    size_t count = 4711;
    open_resolver(1, FER_RESOLVER_NO_QUEUE);
    assert_ok(fer_resolver_start(&resolver, UNKNOWN, NULL, NULL, 0, &lookups[0]));
    fer_error error = fer_lookup_wait(&lookups[0], fer_duration_from_nanos(1), NULL, 0, &count);
    assert_true(is_lookup_failure(error) || error.kind == FER_TIMED_OUT);
    assert_int_equal(count, 4711);
    error = fer_lookup_wait(&lookups[0], FER_DURATION_NONE, NULL, 0, &count);
    assert_true(is_lookup_failure(error));
    error = fer_lookup_wait(&lookups[0], (fer_duration){0}, NULL, 0, &count);
    assert_true(is_lookup_failure(error));
}

/* N2: "a bound for running lookups and a bound for queued lookups ... One more is WOULD_BLOCK, and
 * changes nothing. Queued lookups run in the order of their start." */
RESOLVING_TEST("N2", a_full_resolver_refuses_a_lookup_and_runs_the_others_in_order)
{
    enum { BOUND = 1 + 3 };
    uint64_t started[MANY];
    uint64_t keys[MANY];
    size_t ends = 0;
    size_t count = 0;
    open_resolver(1, BOUND - 1);
    for (size_t i = 0; i < MANY; i++) {
        fer_error error = fer_resolver_start(&resolver, UNKNOWN, NULL, NULL, i, &lookups[i]);
        size_t pending = 0;
        for (size_t j = 0; j <= i; j++) {
            pending += fer_lookup_wait(&lookups[j], (fer_duration){0}, NULL, 0, &count).kind ==
                       FER_WOULD_BLOCK;
        }
        assert_in_range(pending, 0, BOUND);
        if (error.kind == FER_OK) {
            started[ends++] = i;
        } else {
            assert_own(error, FER_WOULD_BLOCK);
            assert_true(ends >= BOUND);
            assert_own(fer_lookup_wait(&lookups[i], (fer_duration){0}, NULL, 0, &count),
                       FER_MISUSE);
        }
    }
    for (size_t i = 0; i < ends; i++) {
        fer_error error = fer_lookup_wait(&lookups[started[i]], FER_DURATION_NONE, NULL, 0, &count);
        assert_true(is_lookup_failure(error));
    }
    assert_ok_n(fer_resolver_take_completed(&resolver, NULL, keys, MANY, &count), count, ends);
    assert_memory_equal(keys, started, ends * sizeof keys[0]);
}

/* N3: "The result of a lookup is that of `fer_to_socket_addrs`." */
RESOLVING_TEST("N3", the_answer_is_that_of_a_lookup_in_this_thread)
{
    static const char *const texts[] = {"localhost:80", "127.1:81", "no-such-host.invalid:82",
                                        "[fe80::1%1]:83", "localhost:0"};
    skip_without_localhost();
    open_resolver(2, UINT32_MAX - 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_ok(fer_resolver_start(&resolver, texts[i], NULL, NULL, 0, &lookups[i]));
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_same_answer(&lookups[i], texts[i]);
    }
}

/* N7: "Its pending lookups end with CANCELLED; the others keep their results." */
RESOLVING_TEST("N7", closing_a_resolver_ends_its_lookups)
{
    size_t count = 4711;
    open_resolver(1, MANY);
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, NULL, 0, &lookups[0]));
    for (size_t i = 1; i < MANY; i++) {
        assert_ok(fer_resolver_start(&resolver, UNKNOWN, NULL, NULL, 0, &lookups[i]));
    }
    fer_resolver_close(&resolver);
    assert_ok(fer_lookup_wait(&lookups[0], (fer_duration){0}, NULL, 0, &count));
    for (size_t i = 1; i < MANY; i++) {
        fer_error error = fer_lookup_wait(&lookups[i], (fer_duration){0}, NULL, 0, &count);
        assert_true(is_lookup_failure(error) || error.kind == FER_CANCELLED);
        assert_true(fer_lookup_wait(&lookups[i], FER_DURATION_NONE, NULL, 0, &count).kind ==
                    error.kind);
    }
    assert_own(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, NULL, 0, &lookups[0]),
               FER_MISUSE);
    open_resolver(1, FER_RESOLVER_NO_QUEUE);
    close_all(handles_before);
}

/* A thread, and the number of unexpected results that it had. */
struct worker {
    test_thread thread;
    size_t number;
    size_t unexpected;
};

/* Its own lookups, on the shared resolver. */
static void start_wait_and_abandon(void *argument)
{
    static const char *const texts[] = {UNKNOWN, "127.0.0.1:80", "localhost:80"};
    struct worker *worker = argument;
    for (size_t round = 0; round < 100; round++) {
        size_t choice = round * 7 + worker->number;
        fer_lookup lookup = {0};
        size_t count = 0;
        fer_error error = fer_resolver_start(&resolver, texts[choice % 3], NULL,
                                             choice % 2 == 0 ? &poller : NULL, 0, &lookup);
        worker->unexpected += error.kind != FER_OK && error.kind != FER_WOULD_BLOCK;
        if (error.kind == FER_OK && choice % 5 < 3) {
            error = fer_lookup_wait(
                &lookup, choice % 5 == 0 ? fer_duration_from_micros(20) : FER_DURATION_NONE, NULL,
                0, &count);
            worker->unexpected +=
                error.kind != FER_OK && !is_lookup_failure(error) && error.kind != FER_TIMED_OUT;
        }
        fer_lookup_close(&lookup);
    }
}

/* N6: "any number of concurrent calls" on one resolver. */
RESOLVING_TEST("N6", several_threads_share_a_resolver)
{
    struct worker workers[4];
    assert_ok(fer_poller_new(&poller));
    open_resolver(3, 1);
    memset(workers, 0, sizeof workers);
    for (size_t i = 0; i < 4; i++) {
        workers[i].number = i;
        test_thread_start(&workers[i].thread, start_wait_and_abandon, &workers[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        test_thread_join(&workers[i].thread);
        assert_int_equal(workers[i].unexpected, 0);
    }
    close_all(handles_before);
}

/* ---- N5: "The poller is notified and the waker woken once for each lookup", in a loop that is not
 * ferrule's */

static bool is_woken(fer_duration timeout)
{
    fer_poll_entry polled = {.raw = fer_waker_as_raw(&waker), .interest = FER_READABLE};
    size_t n = 0;
    assert_ok(fer_poll(&polled, 1, timeout, NULL, &n));
    return n == 1;
}

static void take_when_woken(const char *text, fer_poller *notified)
{
    const fer_lookup_options options = {.waker = &waker};
    uint64_t key = 0;
    size_t count = 4711;
    assert_ok(fer_resolver_start(&resolver, text, &options, notified, 7, &lookups[0]));
    assert_true(is_woken(millis(PEER_LIMIT_MS)));
    assert_ok(fer_waker_clear(&waker));
    assert_ok_n(fer_resolver_take_completed(&resolver, notified, &key, 1, &count), count, 1);
    assert_int_equal(key, 7);
    fer_error error = fer_lookup_wait(&lookups[0], (fer_duration){0}, NULL, 0, &count);
    assert_true(error.kind == FER_OK || is_lookup_failure(error));
    fer_lookup_close(&lookups[0]);
    assert_false(is_woken((fer_duration){0}));
}

RESOLVING_TEST("N5", a_lookup_wakes_a_waker_with_a_poller_and_without)
{
    static const char *const texts[] = {UNKNOWN, "127.0.0.1:80"};
    assert_ok(fer_waker_new(&waker));
    assert_ok(fer_poller_new(&poller));
    open_resolver(1, FER_RESOLVER_NO_QUEUE);
    for (size_t i = 0; i < 2; i++) {
        fer_event event;
        size_t count = 0;
        bool is_notified = false;
        take_when_woken(texts[i], NULL);
        take_when_woken(texts[i], &poller);
        assert_ok_n(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, &is_notified),
                    count, 0);
        assert_true(is_notified);
    }
}

/* N5: "CANCELLED included, and never after `fer_lookup_close` has returned" */
RESOLVING_TEST("N5", a_closed_resolver_wakes_and_a_closed_lookup_does_not)
{
    enum { QUIET_MS = 20 };
    const fer_lookup_options options = {.waker = &waker};
    assert_ok(fer_waker_new(&waker));
    for (int round = 0; round < 2; round++) {
        open_resolver(1, FER_RESOLVER_NO_QUEUE);
        assert_ok(
            fer_resolver_start_host(&resolver, "a b.invalid", 80, &options, NULL, 0, &lookups[0]));
        if (round == 0) {
            fer_resolver_close(&resolver);
            assert_true(is_woken(millis(PEER_LIMIT_MS)));
        }
        fer_lookup_close(&lookups[0]);
        assert_ok(fer_waker_clear(&waker));
        assert_false(is_woken(millis(QUIET_MS)));
        fer_resolver_close(&resolver);
    }
}

/* ---- N9: the keys of lookups that are done. The order of each step: unit/test_resolver.c. */

static size_t times[KEYS]; /* how often the key of each lookup was returned */

static int set_up_keys(void **state)
{
    int result = set_up(state);
    memset(times, 0, sizeof times);
    assert_ok(fer_poller_new(&poller));
    open_resolver(3, UINT32_MAX - 1);
    return result;
}

#define KEYS_TEST(function) \
    TEST_OF(function, (void), (), TEST_ROW("N9 " #function, function, set_up_keys, tear_down, NULL))

/* Starts lookup `at`, with its index as the key. */
static void start_with_key(size_t at, const char *text, fer_poller *notified)
{
    assert_ok(fer_resolver_start(&resolver, text, NULL, notified, at, &lookups[at]));
}

static size_t take(fer_poller *notified, uint64_t *keys, size_t cap)
{
    size_t count = 4711;
    assert_ok(fer_resolver_take_completed(&resolver, notified, keys, cap, &count));
    assert_in_range(count, 0, cap);
    return count;
}

/* The result of a lookup whose key was returned is available. */
static void assert_is_done(uint64_t key)
{
    size_t count = 0;
    assert_in_range(key, 0, KEYS - 1);
    times[key]++;
    fer_error error = fer_lookup_wait(&lookups[key], (fer_duration){0}, NULL, 0, &count);
    assert_true(error.kind == FER_OK || is_lookup_failure(error));
}

/* Takes the keys of one poller after each of its notifications, until `expected` were returned. */
static void take_after_notifications(fer_poller *notified, size_t expected)
{
    uint64_t keys[KEYS_CAP];
    size_t total = 0;
    while (total < expected) {
        fer_event event;
        size_t count = 0;
        bool is_notified = false;
        assert_ok(fer_poller_wait(notified, FER_DURATION_NONE, &event, 1, &count, &is_notified));
        assert_true(count == 0 && is_notified);
        do {
            count = take(notified, keys, KEYS_CAP);
            for (size_t i = 0; i < count; i++) {
                assert_is_done(keys[i]);
            }
            total += count;
        } while (count == KEYS_CAP);
    }
    assert_int_equal(total, expected);
    assert_int_equal(take(notified, keys, KEYS_CAP), 0);
}

/* N9: "fer_resolver_take_completed returns each listed key once": no notification that counts for
 * several lookups loses one. */
KEYS_TEST(each_of_many_keys_is_returned_once)
{
    for (size_t i = 0; i < KEYS; i++) {
        start_with_key(i, i % 5 == 0 ? "127.0.0.1:80" : UNKNOWN, &poller);
    }
    take_after_notifications(&poller, KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(times[i], 1);
    }
}

/* N9: "in the order of completion": an address text is done when its start returns. */
KEYS_TEST(keys_are_in_the_order_of_completion)
{
    uint64_t keys[KEYS_CAP];
    for (size_t i = 0; i < 10; i++) {
        start_with_key(9 - i, "127.0.0.1:80", NULL);
    }
    assert_int_equal(take(NULL, keys, 4), 4);
    assert_int_equal(take(NULL, keys + 4, 12), 6);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(keys[i], 9 - i);
    }
}

RULE_TESTS("resolving")
