/* test_resolver.c: lookups in the background step by step: their bounds, order and results. Each
 * thread runs only when the test runs its next step (rules N1 to N4). */
#include "unit/resolver_fixture.h"

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

RESOLVING_TEST(a_wait_ends_at_its_deadline_and_the_lookup_continues)
{
    size_t count = 99;
    start(0, "a.test:80");
    assert_error(fer_lookup_wait(&lookups[0], fer_duration_from_nanos(500), NULL, 0, &count),
                 FER_TIMED_OUT, 0);
    assert_int_equal(background.waited_until, 1500);
    assert_int_equal(count, 99);
    script_thread_finish(0);
    assert_ok(poll_lookup(0));
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

RESOLVING_TEST(a_wait_that_nothing_can_end_is_a_deadlock)
{
    size_t count = 99;
    start(0, "a.test:80");
    background.wait_result.kind = FER_DEADLOCK;
    assert_error(fer_lookup_wait(&lookups[0], FER_DURATION_NONE, NULL, 0, &count), FER_DEADLOCK, 0);
    script_thread_finish(0);
}

TEST_MAIN("resolver")
