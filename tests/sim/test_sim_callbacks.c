/* test_sim_callbacks.c: functions that the simulation calls, which close and use what the call that
 * waits uses too. */
#include "sim/sim_connect.h"

/* ---- Lookups */

static void close_resolver(void *resolver)
{
    fer_resolver_close(resolver);
}

static void look_up_slowly(void *context)
{
    static const char *const texts[] = {"slow.test:80", "gone.test:80"};
    fer_error *errors = context;
    for (int i = 0; i < 2; i++) {
        errors[i] = fer_to_socket_addrs(texts[i], NULL, 0, &count);
    }
}

CONNECT_TEST(a_slow_name_is_a_deadlock_in_a_callback)
{
    fer_error errors[2] = {{FER_OK, 0}, {FER_OK, 0}};
    after_ms(0, look_up_slowly, errors);
    assert_ok(fer_sim_advance(millis(1)));
    assert_kind(errors[0], FER_DEADLOCK);
    assert_kind(errors[1], FER_DEADLOCK);
}

static void schedule_again(void *context)
{
    size_t *calls = context;
    ++*calls;
    after_ms(0, schedule_again, context);
}

CONNECT_TEST(a_function_that_schedules_itself_again_does_not_stop_time)
{
    size_t calls = 0;
    after_ms(0, schedule_again, &calls);
    assert_takes(5, assert_ok(poll_ms(5)));
    assert_int_equal(count, 0);
    assert_in_range(calls, 4000, 5010);
}

/* The call itself is what releases the resolver's memory. */
CONNECT_TEST(a_callback_closes_the_resolver_whose_lookups_are_taken)
{
    uint64_t key = 77;
    after_ms(0, close_resolver, &test.resolver);
    assert_ok(fer_resolver_take_completed(&test.resolver, NULL, &key, 1, &count));
    assert_int_equal(count, 0);
    assert_int_equal(key, 77);
    assert_kind(fer_resolver_take_completed(&test.resolver, NULL, &key, 1, &count), FER_MISUSE);
}

/* ---- Pollers and lookups */

struct closing {
    size_t closed;
    fer_error made;
};

static void close_poller(void *context)
{
    struct closing *closing = context;
    fer_poller_close(&test.poller);
    closing->made = fer_poller_new(&test.poller);
    closing->closed++;
}

CONNECT_TEST(a_callback_closes_the_poller_that_waits)
{
    struct closing closing = {0, {FER_OK, 0}};
    const fer_event interest = {.key = KEY, .interest = FER_READABLE};
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_ok(
        fer_poller_add(&test.poller, fer_udp_socket_as_raw(&test.udp), interest, FER_POLL_LEVEL));
    after_ms(5, close_poller, &closing);
    assert_kind(poll_ms(1000), FER_BAD_HANDLE);
    assert_int_equal(closing.closed, 1);
    assert_kind(closing.made, FER_MISUSE);
    assert_kind(poll_ms(0), FER_MISUSE);
    assert_ok(fer_poller_new(&test.poller));
    assert_ok(poll_ms(1));
}

static void close_lookup(void *context)
{
    fer_lookup_close(&test.lookups[0]);
}

CONNECT_TEST(a_callback_closes_the_lookup_that_is_awaited)
{
    assert_ok(
        fer_resolver_start(&test.resolver, "slow.test:80", NULL, NULL, KEY, &test.lookups[0]));
    after_ms(5, close_lookup, NULL);
    assert_takes(5, assert_kind(fer_lookup_wait(&test.lookups[0], millis(1000), NULL, 0, &count),
                                FER_MISUSE));
}

TEST_MAIN("sim_callbacks")
