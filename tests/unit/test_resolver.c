/* test_resolver.c: lookups in the background step by step: their bounds, order and results; the
 * ends of lookups, resolvers and threads; and failures of the system. Each thread runs only when
 * the test runs its next step (rules N1 to N9). */
#include "unit/resolver_fixture.h"

#include "core/names/resolver.h"

/* ---- N4 */

RESOLVER_TEST(a_wait_that_ends_leaves_the_lookup_running)
{
    for (int is_deadlock = 0; is_deadlock < 2; is_deadlock++) {
        size_t count = 99;
        begin(1, 1);
        start(0, "a.test:80");
        background.wait_result.kind = is_deadlock ? FER_DEADLOCK : FER_TIMED_OUT;
        assert_error(fer_lookup_wait(&lookups[0],
                                     is_deadlock ? FER_DURATION_NONE : fer_duration_from_nanos(500),
                                     NULL, 0, &count),
                     background.wait_result.kind, 0);
        assert_true(background.waited_until == (is_deadlock ? FERP_NO_DEADLINE : 1500));
        assert_int_equal(count, 99);
        script_thread_finish(0);
        assert_ok(poll_lookup(0));
        if (!is_deadlock) {
            assert_int_equal(resolver_teardown(NULL), 0);
        }
    }
}

/* ---- N5 */

/* Misuse: a poller must stay open until its lookups are closed. */
RESOLVING_TEST(a_poller_that_was_closed_is_not_notified)
{
    assert_ok(fer_resolver_start(&resolver, "a.test:80", NULL, &poller, 0, &lookups[0]));
    step_into_lookup(0);
    fer_poller_close(&poller);
    poller.p_.notified_ = 4; /* as during a wait */
    assert_false(script_thread_step(0));
    assert_null(strstr(script.log, "poller_notify"));
    assert_ok(poll_lookup(0));
}

/* N7: the thread that runs is not waited for. */
RESOLVING_TEST(a_graceful_close_whose_limits_are_reached_releases_its_threads)
{
    const fer_limits limits = {.deadline = fer_instant_now()};
    start(0, "a.test:80");
    step_into_lookup(0);
    assert_error(fer_resolver_close_gracefully(&resolver, &limits), FER_TIMED_OUT, 0);
    assert_int_equal(background.threads_detached, 1);
    script_thread_finish(0);
}

/* ---- Failures of the system */

RESOLVER_TEST(a_thread_that_does_not_start_is_an_error_if_none_runs)
{
    begin(2, 2);
    background.thread_result = (fer_error){FER_OUT_OF_MEMORY, 11};
    assert_error(fer_resolver_start(&resolver, "a.test:80", NULL, &poller, 0, &lookups[0]),
                 FER_OUT_OF_MEMORY, 11);
    assert_int_equal(background.memory_live, 2); /* the resolver, and its worker without a thread */
    background.thread_result = (fer_error){FER_OK, 0};
    start(0, "a.test:80");
    background.thread_result = (fer_error){FER_OUT_OF_MEMORY, 11};
    start(1, "b.test:80");
    assert_int_equal(background.threads_started, 1);
    script_thread_finish(0);
    assert_ok(poll_lookup(0));
    assert_ok(poll_lookup(1));
}

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

/* ---- Fork: a thread held the mutex, and does not exist in the child */

RESOLVER_TEST(a_child_leaves_its_copies_alone)
{
    size_t count = 99;
    begin(1, 1);
    start(0, "a.test:80");
    start(1, "b.test:80");
    step_into_lookup(0);
    size_t memory_before = background.memory_live;
    fer_resolver resolver_copy = resolver;
    fer_lookup copies[] = {lookups[0], lookups[1]};
    fer_lookup other = {0};
    background.process = 1;
    background.is_locked = true;
    assert_error(fer_lookup_wait(&copies[0], FER_DURATION_NONE, NULL, 0, &count), FER_CANCELLED, 0);
    assert_false(feri_lookup_is_done(&copies[0]));
    assert_error(fer_resolver_start(&resolver_copy, "127.0.0.1:1", NULL, NULL, 0, &other),
                 FER_MISUSE, 0);
    uint64_t key;
    assert_error(fer_resolver_start(&resolver_copy, "127.0.0.1:1", NULL, NULL, 7, &other),
                 FER_MISUSE, 0);
    assert_error(fer_resolver_take_completed(&resolver_copy, NULL, &key, 1, &count), FER_MISUSE, 0);
    fer_lookup_close(&copies[0]);
    fer_resolver_close(&resolver_copy);
    fer_lookup_close(&copies[1]);
    assert_null(resolver_copy.p_.pool_);
    assert_null(copies[0].p_.block_);
    assert_int_equal(background.memory_live, memory_before);
    background.process = 0;
    background.is_locked = false;
    script_thread_finish(0);
    assert_ok(poll_lookup(0));
    assert_ok(poll_lookup(1));
}

/* ---- N9: the keys of completed lookups */

enum { KEYS = 8 };

static fer_poller other_poller;

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

/* N3: "The result of a lookup is that of `fer_to_socket_addrs`": an address of the other family is
 * not found, which the start does not report. */
RESOLVING_TEST(an_address_of_the_other_family_is_not_found)
{
    const fer_lookup_options only_v6 = {.family = FER_IP_V6};
    size_t count = 77;
    assert_ok(fer_resolver_start(&resolver, "192.0.2.1:80", &only_v6, &poller, 107, &lookups[0]));
    assert_taken(&poller, KEYS, "7");
    assert_error(fer_lookup_wait(&lookups[0], FER_DURATION_NONE, NULL, 0, &count),
                 FER_HOST_NOT_FOUND, 0);
    assert_ok(fer_resolver_start_host(&resolver, "192.0.2.1", 80, NULL, &poller, 8, &lookups[1]));
    assert_ok_n(fer_lookup_wait(&lookups[1], FER_DURATION_NONE, NULL, 0, &count), count, 1);
}

/* The keys of the other poller stay in their order. */
RESOLVING_TEST(each_poller_gets_its_own_keys)
{
    memset(&other_poller, 0, sizeof other_poller);
    assert_ok(fer_poller_new(&other_poller));
    fer_poller *const pollers[] = {&poller, &other_poller, NULL};
    for (size_t i = 0; i < 7; i++) {
        start_key(i, "127.0.0.1:80", pollers[i % 3]);
    }
    assert_taken(&other_poller, 1, "1");
    assert_taken(&poller, 2, "03");
    assert_taken(NULL, KEYS, "25");
    assert_taken(&poller, KEYS, "6");
    assert_taken(&other_poller, KEYS, "4");
    fer_lookup_close(&lookups[1]);
    fer_lookup_close(&lookups[4]);
    fer_poller_close(&other_poller);
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
