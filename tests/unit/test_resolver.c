/* test_resolver.c: lookups in the background step by step: their bounds, order and results; the ends
 * of lookups, resolvers and threads; and failures of the system. Each thread runs only when the test
 * runs its next step (rules N1 to N8). */
#include "unit/resolver_fixture.h"

#include "core/names/resolver.h"

/* ---- N1 */

RESOLVING_TEST(an_address_text_is_answered_immediately_and_without_a_thread)
{
    fer_socket_addr addrs[CAP];
    fer_socket_addr want = script_addr("[::1]:80");
    size_t count = 0;
    assert_ok_log(fer_resolver_start(&resolver, "[::1]:80", NULL, &poller, 0, &lookups[0]), "");
    assert_true(poller_was_notified());
    assert_false(poller_was_notified());
    assert_ok_n(fer_lookup_wait(&lookups[0], (fer_duration){0}, addrs, CAP, &count), count, 1);
    assert_true(fer_socket_addr_eq(&addrs[0], &want));
    assert_int_equal(background.threads_started, 0);
    assert_int_equal(background.waits, 0);
}

/* ---- N3 */

RESOLVING_TEST(an_answer_stays_and_can_be_requested_again)
{
    fer_socket_addr addrs[CAP];
    start(0, "example.test:80");
    script_addresses(2);
    script_thread_finish(0);
    assert_log("lookup_begin(example.test) lookup_next() lookup_next() lookup_next() lookup_next() "
               "lookup_next() lookup_end()");
    for (size_t cap = 0; cap <= CAP; cap++) {
        size_t count = 0;
        memset(addrs, 0x5C, sizeof addrs);
        assert_ok_n(fer_lookup_wait(&lookups[0], FER_DURATION_NONE, addrs, cap, &count), count, 2);
        for (size_t i = 0; i < CAP; i++) {
            assert_int_equal(addrs[i].port, i < cap && i < 2 ? 80 : 0x5C5C);
        }
    }
    fer_socket_addr want = script_addr("[2001:db8::2]:80");
    assert_true(fer_socket_addr_eq(&addrs[1], &want));
}

/* ---- N4 */

RESOLVING_TEST(a_wait_of_nothing_only_queries)
{
    start(0, "a.test:80");
    assert_error(poll_lookup(0), FER_WOULD_BLOCK, 0);
    assert_int_equal(background.waits, 1);
    assert_int_equal(background.waited_until, 0);
    step_into_lookup(0);
    assert_error(poll_lookup(0), FER_WOULD_BLOCK, 0);
    assert_false(script_thread_step(0));
    assert_ok(poll_lookup(0));
}

/* The deadline, and a wait that nothing can end. */
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

static void finish_at_third_wait(void)
{
    if (background.waits == 3) {
        script_thread_finish(0);
    }
}

RESOLVING_TEST(a_wait_continues_after_a_spurious_wakeup)
{
    size_t count = 99;
    start(0, "a.test:80");
    background.wait_result.kind = FER_OK;
    background.on_wait = finish_at_third_wait;
    assert_ok(fer_lookup_wait(&lookups[0], FER_DURATION_NONE, NULL, 0, &count));
    assert_int_equal(background.waits, 3);
    assert_true(background.waited_until == FERP_NO_DEADLINE);
    assert_int_equal(background.notified, 1);
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

TEST_MAIN("resolver")
