/* lookup_keys.c: rule N9: the keys of lookups that are done, by the system's own resolver. For the
 * order of each step: unit/test_resolver.c. */
#include "support/fixture.h"

#include "ferrule/poller.h"
#include "support/thread.h"

enum { MANY = 100, CAP = 16, PATIENCE_US = 60000000 };

/* A name that no system has, and that needs no query to a name server. */
#define UNKNOWN "a b.invalid:80"

static fer_resolver resolver;
static fer_lookup lookups[MANY];
static fer_poller pollers[2];
static size_t times[MANY]; /* how often the key of each lookup was returned */
static size_t threads_before;

static int set_up(void **state)
{
    threads_before = peer_threads();
    memset(&resolver, 0, sizeof resolver);
    memset(lookups, 0, sizeof lookups);
    memset(pollers, 0, sizeof pollers);
    memset(times, 0, sizeof times);
    assert_int_equal(test_begin(state), 0);
    assert_ok(fer_poller_new(&pollers[0]));
    assert_ok(fer_poller_new(&pollers[1]));
    assert_ok(fer_resolver_new(&resolver,
                               &(fer_resolver_options){.threads = 3, .queue_cap = UINT32_MAX - 1}));
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < MANY; i++) {
        fer_lookup_close(&lookups[i]);
    }
    fer_resolver_close(&resolver);
    fer_poller_close(&pollers[0]);
    fer_poller_close(&pollers[1]);
    uint64_t start = peer_now_us();
    while (peer_threads() > threads_before) {
        test_thread_yield();
        assert_in_range(microseconds_since(start), 0, PATIENCE_US);
    }
    return test_end(state);
}

#define KEYS_TEST(function) \
    TEST_OF(function, (void), (), TEST_ROW("N9 " #function, function, set_up, tear_down, NULL))

/* Starts lookup `at`, with its index as the key. */
static void start(size_t at, const char *text, fer_poller *notified)
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
    assert_in_range(key, 0, MANY - 1);
    times[key]++;
    fer_error error = fer_lookup_wait(&lookups[key], (fer_duration){0}, NULL, 0, &count);
    assert_true(error.kind == FER_OK || error.kind == FER_HOST_NOT_FOUND ||
                error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED);
}

/* Takes the keys of one poller after each of its notifications, until `expected` were returned. */
static void take_after_notifications(fer_poller *notified, size_t expected)
{
    uint64_t keys[CAP];
    size_t total = 0;
    while (total < expected) {
        fer_event event;
        size_t count = 0;
        bool is_notified = false;
        assert_ok(fer_poller_wait(notified, FER_DURATION_NONE, &event, 1, &count, &is_notified));
        assert_true(count == 0 && is_notified);
        do {
            count = take(notified, keys, CAP);
            for (size_t i = 0; i < count; i++) {
                assert_is_done(keys[i]);
            }
            total += count;
        } while (count == CAP);
    }
    assert_int_equal(total, expected);
    assert_int_equal(take(notified, keys, CAP), 0);
}

/* N9: "fer_resolver_take_completed returns each listed key once": no notification that counts for
 * several lookups loses one. */
KEYS_TEST(each_of_many_keys_is_returned_once)
{
    for (size_t i = 0; i < MANY; i++) {
        start(i, i % 5 == 0 ? "127.0.0.1:80" : UNKNOWN, &pollers[0]);
    }
    take_after_notifications(&pollers[0], MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(times[i], 1);
    }
}

/* N9: "in the order of completion": an address text is done when its start returns. */
KEYS_TEST(keys_are_in_the_order_of_completion)
{
    uint64_t keys[CAP];
    for (size_t i = 0; i < 10; i++) {
        start(9 - i, "127.0.0.1:80", NULL);
    }
    assert_int_equal(take(NULL, keys, 4), 4);
    assert_int_equal(take(NULL, keys + 4, 12), 6);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(keys[i], 9 - i);
    }
}

RULE_TESTS("keys of lookups")
