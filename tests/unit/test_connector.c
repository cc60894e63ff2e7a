/* test_connector.c: the seam calls of connectors: hints of the poller, failures of its waits and of
 * registrations (rules K12 to K15). Times and schedules: fuzz/harnesses/fuzz_connect_with.c. */
#include "unit/attempts_fixture.h"
#include "unit/scripted_background.h"
#include "unit/scripted_platform.h"

#include "ferrule/connector.h"

enum { KEY = 4711, EVENTS = 4 };

static fer_poller poller;
static fer_connector connector;
static fer_event events[EVENTS];
static size_t count;
static bool notified;

static void begin_connector(const struct ferp_traits *traits)
{
    begin_pending(traits);
    script_background_begin();
    memset(&poller, 0, sizeof poller);
    memset(&connector, 0, sizeof connector);
    assert_ok(fer_poller_new(&poller));
    script.log[0] = '\0';
}

static int connector_teardown(void **state)
{
    fer_connector_close(&connector);
    fer_tcp_stream_close(&stream);
    fer_poller_close(&poller);
    assert_int_equal(script.sockets_open, 0);
    return script_teardown(state);
}

#define CONNECTOR_TEST(function)                                            \
    TEST_BY(function, (void), (begin_connector(&script_posix), function()), \
            TEST_ROW(#function, function, NULL, connector_teardown, NULL))

static fer_error start(void)
{
    return fer_connector_start(&connector, A, &options, NULL, &poller, KEY);
}

static fer_error wait_nanos(uint64_t nanos)
{
    return fer_poller_wait(&poller, (fer_duration){nanos}, events, EVENTS, &count, &notified);
}

/* The next wait of the seam reports the attempt that was registered last. */
static void hint_attempt(void)
{
    script.first_key = script.last_key;
    script_then(SCRIPT_POLLER_WAIT)->value = 1;
}

static void assert_event_of_connector(void)
{
    assert_int_equal(count, 1);
    assert_int_equal(events[0].key, KEY);
    assert_int_equal(events[0].interest, FER_WRITABLE);
    assert_int_equal(events[0].reserved_, 0);
}

static void assert_taken(fer_error_kind kind, int32_t code)
{
    assert_event_of_connector();
    assert_error(fer_connector_take(&connector, &stream), kind, code);
    assert_int_equal(script.sockets_open, kind == FER_OK);
}

/* ---- Attempts */

/* A false hint is queried again after 1, 2, 4, 8, 16, 20, 20, ... ms. */
CONNECTOR_TEST(a_false_hint_pauses)
{
    static const unsigned pauses[] = {1, 2, 4, 8, 16, 20, 20};
    script_queue("peer_addr* NOT_CONNECTED:107");
    assert_ok(start());
    hint_attempt();
    assert_ok(wait_nanos(0));
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "poller_wait(%u)", pauses[i] * MS);
        script.log[0] = '\0';
        script_then(SCRIPT_POLLER_WAIT)->elapsed = pauses[i] * (uint64_t)MS;
        script_then(SCRIPT_POLLER_WAIT)->on = true;
        assert_ok(wait_nanos(1000 * (uint64_t)MS));
        assert_true(strncmp(script.log, expected, strlen(expected)) == 0);
        assert_true(notified && count == 0);
    }
    script_queue("peer_addr* OK");
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 20 * MS;
    assert_ok(wait_nanos(1000 * (uint64_t)MS));
    assert_taken(FER_OK, 0);
}

static fer_resolver resolver;

static void start_by_name(void)
{
    memset(&resolver, 0, sizeof resolver);
    assert_ok(fer_resolver_new(&resolver, NULL));
    assert_ok(fer_connector_start(&connector, "a.test:80", &options, &resolver, &poller, KEY));
    script_thread_finish(0);
}

/* After a fork the socket and its registration are also the parent's (rule K15). */
SCRIPT_TEST(a_closed_attempt_is_reset_and_deleted_first_and_only_closed_in_a_child)
{
    for (int is_child = 0; is_child < 2; is_child++) {
        begin_connector(&script_posix);
        assert_ok(start());
        script.log[0] = '\0';
        background.process += (uint64_t)is_child;
        fer_connector_close(&connector);
        assert_log(is_child ? "close(1)" : "set_linger(1,1,0) poller_delete(1) close(1)");
        fer_poller_close(&poller);
    }
}

/* The lookup has found addresses of other families only. */
CONNECTOR_TEST(a_name_without_a_usable_address_is_invalid_input)
{
    start_by_name();
    assert_ok(wait_nanos(1000));
    assert_int_equal(script.times[SCRIPT_POLLER_ADD], 0);
    assert_taken(FER_INVALID_INPUT, 0);
    fer_resolver_close(&resolver);
    fer_connector_close(&connector);
    assert_int_equal(background.memory_live, 0);
}

/* ---- Waits */

CONNECTOR_TEST(a_failure_and_a_signal_end_a_wait_as_before)
{
    assert_ok(start());
    assert_forwards(SCRIPT_POLLER_WAIT, FER_OUT_OF_MEMORY, 12, wait_nanos(1000));
    assert_true(count == 0 && !notified);
    script_then_fail(SCRIPT_POLLER_WAIT, FER_INTERRUPTED, 4);
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    assert_ok(wait_nanos(1000));
    assert_int_equal(count, 0);
    assert_ok(fer_poller_set_interruptible(&poller, true));
    assert_forwards(SCRIPT_POLLER_WAIT, FER_INTERRUPTED, 4, wait_nanos(1000));
    script_result *failing = script_then(SCRIPT_POLLER_WAIT);
    failing->error = (fer_error){FER_OUT_OF_MEMORY, 12};
    failing->on = true;
    assert_error(wait_nanos(1000), FER_OUT_OF_MEMORY, 12);
    assert_false(notified);
    assert_ok(wait_nanos(0)); /* rule P12: the notification is kept */
    assert_true(notified);
}

TEST_MAIN("connector")
