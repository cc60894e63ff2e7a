/* connector.c: rules K12 to K15: connectors of addresses in a poller, which use no heap. Names:
 * connector_names.c. Times and schedules: fuzz/harnesses/fuzz_connect_with.c. */
#include "ferrule/connector.h"
#include "support/poller_fixture.h"

enum { KEY = 7, CAP = 4, MANY = 40, PATIENCE_US = 60000000 };

static fer_connector connectors[MANY];
static fer_poller *poller;
static fer_connect_options options;
static fer_connect_failure failures[CAP];
static size_t failed;

static int begin(void **state)
{
    memset(connectors, 0, sizeof connectors);
    memset(&options, 0, sizeof options);
    options.failures = failures;
    options.failures_cap = CAP;
    options.failures_count = &failed;
    failed = 99;
    int result = poller_test_begin(state);
    poller = test_poller();
    return result;
}

/* Connectors before their poller, and before the check that no handle is left. */
static int end(void **state)
{
    for (size_t i = 0; i < MANY; i++) {
        fer_connector_close(&connectors[i]);
    }
    return poller_test_end(state);
}

#define CONNECTOR_TEST(rule, function) \
    TEST_OF(function, (void), (), TEST_ROW(rule " " #function, function, begin, end, NULL))
#define CONNECTOR_FAMILY_TEST(rule, function)                                                      \
    TEST_OF(function, (peer_family family), (family_of(state)),                                    \
            TEST_ROW(rule " " #function " [IPv4]", function, begin, end, &test_pair_connected_v4), \
            TEST_ROW(rule " " #function " [IPv6]", function, begin, end, &test_pair_connected_v6))

static void start_at(size_t index, const fer_socket_addr *addr)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    (void)fer_socket_addr_format(addr, text, sizeof text);
    assert_ok(fer_connector_start(&connectors[index], text, &options, NULL, poller, KEY + index));
}

/* Waits for the events of connectors, each of which comes once; returns their keys, less KEY, as
 * bits. */
static uint64_t await_events(size_t number)
{
    uint64_t keys = 0;
    uint64_t start = peer_now_us();
    for (size_t seen = 0; seen < number;) {
        fer_event events[CAP];
        size_t count = 0;
        assert_ok(fer_poller_wait(poller, millis(1000), events, CAP, &count, NULL));
        for (size_t i = 0; i < count; i++) {
            uint64_t bit = UINT64_C(1) << (events[i].key - KEY);
            assert_in_range(events[i].key, KEY, KEY + MANY - 1);
            assert_int_equal(keys & bit, 0);
            assert_int_equal(events[i].interest, FER_WRITABLE);
            keys |= bit;
        }
        seen += count;
        assert_in_range(microseconds_since(start), 0, PATIENCE_US);
    }
    return keys;
}

/* The keys beside those of the attempts: the connector's own address, and that of the next one. */
CONNECTOR_FAMILY_TEST("K12", every_other_key_is_free)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    peer_socket listener;
    fer_socket_addr accepting = accepting_addr(family, &listener);
    (void)fer_socket_addr_format(&accepting, text, sizeof text);
    for (size_t i = 0; i < 2; i++) {
        uint64_t key = (uintptr_t)&connectors[i];
        assert_ok(fer_connector_start(&connectors[0], text, &options, NULL, poller, key));
        fer_event event;
        size_t count = 0;
        uint64_t start = peer_now_us();
        while (count == 0) {
            assert_ok(fer_poller_wait(poller, millis(1000), &event, 1, &count, NULL));
            assert_in_range(microseconds_since(start), 0, PATIENCE_US);
        }
        assert_int_equal(event.key, key);
        fer_connector_close(&connectors[0]);
    }
}

/* K12, K14: "in nonblocking mode"; it is not registered, so the caller may register it. */
CONNECTOR_FAMILY_TEST("K14", the_stream_is_nonblocking_and_not_registered)
{
    peer_socket listener;
    char byte;
    fer_socket_addr accepting = accepting_addr(family, &listener);
    fer_tcp_stream *stream = test_stream();
    start_at(0, &accepting);
    assert_int_equal(await_events(1), 1);
    assert_no_event(poller);
    assert_ok(fer_connector_take(&connectors[0], stream));
    assert_int_equal(failed, 0);
    peer_socket peer = peer_accept(listener);
    assert_kind(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_poller_add(poller, fer_tcp_stream_as_raw(stream), reading(3), FER_POLL_ONESHOT));
    assert_true(peer_send_all(peer, "x", 1));
    assert_event(poller, 3, true, false);
    assert_ok(fer_poller_delete(poller, fer_tcp_stream_as_raw(stream)));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_true(fer_tcp_stream_read(stream, &byte, 1, NULL).kind == FER_OK && byte == 'x');
    assert_exchange(stream, peer);
}

/* K12, K14: a refusal is a result, too. "not done yet ... changes nothing": the next call with the
 * same arguments has the result. */
CONNECTOR_FAMILY_TEST("K14", a_take_before_the_result_would_block_and_can_be_repeated)
{
    peer_socket listener;
    fer_socket_addr accepting = accepting_addr(family, &listener);
    fer_socket_addr refusing = refusing_addr(family);
    for (int refused = 0; refused < 2; refused++) {
        fer_tcp_stream *stream = test_stream();
        start_at(0, refused ? &refusing : &accepting);
        for (int i = 0; i < 3; i++) {
            assert_own(fer_connector_take(&connectors[0], stream), FER_WOULD_BLOCK);
            assert_new(stream);
        }
        assert_int_equal(await_events(1), 1);
        assert_kind(fer_connector_take(&connectors[0], stream),
                    refused ? FER_CONNECTION_REFUSED : FER_OK);
        assert_int_equal(failed, refused);
        assert_true(!refused || fer_socket_addr_eq(&failures[0].addr, &refusing));
        assert_no_event(poller);
        assert_own(fer_connector_take(&connectors[0], test_stream()), FER_MISUSE);
        if (!refused) {
            assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
            assert_exchange(stream, peer_accept(listener));
        }
    }
}

/* K13: "The waits end in time" for the timeout of an attempt and for the deadline. */
CONNECTOR_FAMILY_TEST("K13", a_timeout_and_the_deadline_end_a_wait)
{
    struct pending_target silent = pending_target(family);
    for (int i = 0; i < 2; i++) {
        fer_tcp_stream *stream = test_stream();
        uint64_t start = peer_now_us();
        options.attempt_timeout = i == 0 ? millis(200) : FER_DURATION_NONE;
        options.limits.deadline =
            fer_instant_after(i == 0 ? fer_duration_from_secs(60) : millis(200));
        start_at(0, &silent.addr);
        assert_int_equal(await_events(1), 1);
        assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= 200000);
        assert_own(fer_connector_take(&connectors[0], stream), FER_TIMED_OUT);
        assert_int_equal(failed, 1);
    }
}

CONNECTOR_TEST("K13", many_connectors_are_reported_once_each)
{
    peer_socket listener;
    fer_socket_addr accepting = accepting_addr(PEER_V4, &listener);
    fer_socket_addr refusing = refusing_addr(PEER_V4);
    for (size_t i = 0; i < MANY; i++) {
        start_at(i, i % 8 == 0 ? &accepting : &refusing);
    }
    assert_int_equal(await_events(MANY), (UINT64_C(1) << MANY) - 1);
    for (size_t i = 0; i < MANY; i++) {
        fer_tcp_stream stream = {0};
        assert_kind(fer_connector_take(&connectors[i], &stream),
                    i % 8 == 0 ? FER_OK : FER_CONNECTION_REFUSED);
        fer_tcp_stream_close(&stream);
    }
}

/* K15: "All its attempts are closed, and its lookup is abandoned", and the poller has other
 * work. */
CONNECTOR_FAMILY_TEST("K15", a_closed_connector_has_no_event)
{
    peer_socket listener;
    fer_socket_addr accepting = accepting_addr(family, &listener);
    struct pending_target silent = pending_target(family);
    start_at(0, &silent.addr);
    start_at(1, &accepting);
    fer_connector_close(&connectors[0]);
    assert_int_equal(await_events(1), 2);
    fer_connector_close(&connectors[1]);
    fer_connector_close(&connectors[1]);
    assert_no_event(poller);
    fer_tcp_stream *stream = test_stream();
    assert_own(fer_connector_take(&connectors[1], stream), FER_MISUSE);
    fer_socket_addr refusing = refusing_addr(family);
    start_at(1, &refusing);
    assert_int_equal(await_events(1), 2);
}

RULE_TESTS("connector")
