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

/* ---- Connectors */

/* The first attempt gets no answer. The second one fails at its start, after 1 ms, when the clock
 * jumps. The function is called during the jump. */
static void start_with_a_jump(fer_sim_function function, void *context)
{
    options.attempt_delay = millis(1);
    (void)serve(hosts[2]);
    answer(hosts[0], FER_SIM_ANSWER_SILENT, 0);
    answer(hosts[1], FER_SIM_ANSWER_NO_ROUTE, 0);
    assert_ok(start("three.test:80"));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_TIME_JUMP, 2));
    after_ms(10, function, context);
}

static void close_connector(void *context)
{
    fer_connector_close(&test.connector);
}

CONNECT_TEST(K15_a_callback_closes_a_connector_whose_attempt_starts)
{
    start_with_a_jump(close_connector, NULL);
    do {
        assert_ok(poll_ms(1000));
        assert_int_equal(count, 0);
    } while (now_ms() < 1000);
    assert_kind(take(), FER_MISUSE);
}

CONNECT_TEST(K15_a_callback_closes_a_connector_while_its_poller_waits)
{
    silence();
    assert_ok(fer_connector_start(&test.connector, "10.0.0.7:80", NULL, NULL, &test.poller, KEY));
    after_ms(160, close_connector, NULL);
    assert_takes(1000, assert_ok(poll_ms(1000)));
    assert_int_equal(count, 0);
}

struct nested_wait {
    fer_error error;
    size_t count;
};

static void wait_in_callback(void *context)
{
    struct nested_wait *nested = context;
    fer_event event;
    nested->error = fer_poller_wait(&test.poller, millis(0), &event, 1, &nested->count, NULL);
}

/* The nested wait advances the connector too. */
CONNECT_TEST(K13_a_callback_waits_on_a_poller_whose_wait_starts_an_attempt)
{
    struct nested_wait nested = {{FER_DEADLOCK, 0}, 77};
    start_with_a_jump(wait_in_callback, &nested);
    do {
        assert_ok(poll_ms(60000));
    } while (count == 0 && nested.count != 1);
    assert_ok(nested.error);
    assert_ok(take());
    assert_peer(hosts[2]);
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

static void restart_lookup(void *context)
{
    close_lookup(context);
    assert_ok(fer_resolver_start(&test.resolver, "10.0.0.7:80", NULL, NULL, KEY, &test.lookups[0]));
}

CONNECT_TEST(a_callback_restarts_the_lookup_that_is_awaited)
{
    fer_socket_addr found;
    assert_ok(
        fer_resolver_start(&test.resolver, "slow.test:80", NULL, NULL, KEY, &test.lookups[0]));
    after_ms(5, restart_lookup, NULL);
    assert_takes(5, assert_ok(fer_lookup_wait(&test.lookups[0], millis(1000), &found, 1, &count)));
    assert_int_equal(count, 1);
}

TEST_MAIN("sim_callbacks")
