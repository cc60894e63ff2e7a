/* test_resolver_ends.c: the ends of lookups, resolvers and threads, including abandoned lookups at
 * each step, and failures of the system (rules N5 to N8). */
#include "unit/resolver_fixture.h"

#include "core/names/resolver.h"

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

/* ---- N7 */

RESOLVER_TEST(a_closed_resolver_cancels_the_lookups_that_are_not_done)
{
    begin(2, 2);
    start(0, "a.test:80");
    script_thread_finish(0);
    for (size_t i = 1; i <= 4; i++) {
        assert_ok(fer_resolver_start(&resolver, "b.test:80", NULL, &poller, 0, &lookups[i]));
    }
    script_addresses(1);
    step_into_lookup(1);
    fer_resolver_close(&resolver);
    assert_true(poller_was_notified());
    assert_false(poller_was_notified());
    assert_ok(poll_lookup(0));
    for (size_t i = 1; i <= 4; i++) {
        assert_error(poll_lookup(i), FER_CANCELLED, 0);
    }
    assert_false(script_thread_step(1));
    assert_false(script_thread_step(2));
    assert_error(poll_lookup(1), FER_CANCELLED, 0);
    assert_int_equal(script.times[SCRIPT_LOOKUP_BEGIN], 2);
}

/* ---- N8 */

RESOLVER_TEST(threads_start_with_work_and_end_without_it)
{
    begin(4, 0);
    assert_int_equal(background.threads_started, 0);
    for (size_t round = 1; round <= 3; round++) {
        start(0, "a.test:80");
        start(1, "b.test:80");
        assert_int_equal(background.threads_started, 2 * round);
        script_thread_finish(2 * round - 2);
        script_thread_finish(2 * round - 1);
        assert_int_equal(background.threads_running, 0);
        fer_lookup_close(&lookups[0]);
        fer_lookup_close(&lookups[1]);
    }
}

/* A thread that has not yet started working counts for one lookup. */
RESOLVER_TEST(a_thread_that_has_nothing_left_takes_the_next_one_itself)
{
    begin(2, 2);
    start(0, "a.test:80");
    start(1, "b.test:80");
    script_thread_finish(0);
    assert_ok(poll_lookup(0));
    assert_ok(poll_lookup(1));
    start(2, "c.test:80");
    assert_int_equal(background.threads_started, 2);
    script_thread_finish(1);
    assert_ok(poll_lookup(2));
}

/* ---- Failures of the system */

RESOLVER_TEST(a_thread_that_does_not_start_is_an_error_if_none_runs)
{
    begin(2, 2);
    background.thread_result = (fer_error){FER_OUT_OF_MEMORY, 11};
    assert_error(fer_resolver_start(&resolver, "a.test:80", NULL, &poller, 0, &lookups[0]),
                 FER_OUT_OF_MEMORY, 11);
    assert_int_equal(background.memory_live, 1);
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
    background.memory_fails_at = 1;
    assert_error(fer_resolver_start(&resolver, "a.test:80", NULL, &poller, 0, &lookups[0]),
                 FER_OUT_OF_MEMORY, 0);
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

TEST_MAIN("resolver ends")
