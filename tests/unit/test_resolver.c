/* test_resolver.c: lookups in the background step by step: failures of the system, and the keys of
 * lookups that are done (rule N9). Each thread runs only when the test runs its next step. */
#include "unit/resolver_fixture.h"

#include "core/names/resolver.h"

/* ---- Failures of the system */

RESOLVER_TEST(without_memory_nothing_is_begun)
{
    begin(1, 1);
    for (size_t fails_at = 1; fails_at <= 2; fails_at++) {
        background.memory_fails_at = fails_at;
        assert_error(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, &poller, 0, &lookups[0]),
                     FER_OUT_OF_MEMORY, 0);
        assert_int_equal(background.memory_live, 1);
    }
    for (size_t fails_at = 1; fails_at <= 2; fails_at++) {
        background.memory_fails_at = fails_at;
        assert_error(fer_resolver_start(&resolver, "a.test:80", NULL, &poller, 0, &lookups[0]),
                     FER_OUT_OF_MEMORY, 0);
        assert_int_equal(background.memory_live, 1);
    }
    assert_int_equal(background.threads_started, 0);
    assert_log("");
    fer_resolver_close(&resolver);
    script.has_no_memory = true;
    assert_error(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}),
                 FER_OUT_OF_MEMORY, 0);
    script.has_no_memory = false;
    background.mutex_result = (fer_error){FER_OUT_OF_MEMORY, 12};
    assert_error(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}),
                 FER_OUT_OF_MEMORY, 12);
    assert_int_equal(background.memory_live, 0);
}

/* ---- N9: the keys of completed lookups */

enum { KEYS = 8 };

static void start_key(size_t at, const char *text, fer_poller *notified)
{
    assert_ok(fer_resolver_start(&resolver, text, NULL, notified, 100 + at, &lookups[at]));
}

/* Takes up to cap keys, and compares them with the digits of `expected`, the lookups' numbers. */
static void assert_taken(const fer_poller *notified, size_t cap, const char *expected)
{
    uint64_t keys[KEYS];
    size_t count = 99;
    memset(keys, 0x5C, sizeof keys);
    assert_ok(fer_resolver_take_completed(&resolver, notified, keys, cap, &count));
    assert_int_equal(count, strlen(expected));
    for (size_t i = 0; i < KEYS; i++) {
        uint64_t key = i < count ? (uint64_t)(100 + expected[i] - '0') : 0x5C5C5C5C5C5C5C5C;
        assert_true(keys[i] == key);
    }
    assert_false(background.is_locked);
}

static void finish_during_a_wait(void (*on_call)(script_call call))
{
    fer_event event;
    size_t count = 0;
    script.on_call = on_call;
    script_default(SCRIPT_POLLER_WAIT)->elapsed = 1;
    assert_ok(fer_poller_wait(&poller, fer_duration_from_nanos(1), &event, 1, &count, NULL));
    script.on_call = NULL;
}

static void finish_thread_0(script_call call)
{
    if (call == SCRIPT_POLLER_WAIT && background.threads_running > 0) {
        script_thread_finish(0);
    }
}

RESOLVING_TEST(a_notification_that_is_lost_loses_no_key)
{
    start_key(0, "a.test:80", &poller);
    script_then_fail(SCRIPT_POLLER_NOTIFY, FER_OUT_OF_MEMORY, 12);
    finish_during_a_wait(finish_thread_0);
    assert_non_null(strstr(script.log, "poller_notify() poller_notify()"));
    assert_taken(&poller, KEYS, "0");
    assert_ok(poll_lookup(0));
}

/* A call that finds nothing waits once without time left. A lookup that is done then is found. */
static void finish_at_the_wait(void)
{
    script_thread_finish(0);
}

RESOLVING_TEST(a_call_that_finds_nothing_checks_again)
{
    start_key(0, "a.test:80", &poller);
    background.on_wait = finish_at_the_wait;
    assert_taken(&poller, KEYS, "0");
    assert_int_equal(background.waits, 1);
    assert_int_equal(background.waited_until, 0);
}

TEST_MAIN("resolver")
