/* connector_names.c: rules K13, K15 and P15: connectors to names, by the system's resolver. */
#include "ferrule/connector.h"
#include "support/poller_fixture.h"

#include <stdio.h>

enum { KEY = 7 };

static fer_resolver resolver;
static fer_connector connector;

static int begin(void **state)
{
    memset(&resolver, 0, sizeof resolver);
    memset(&connector, 0, sizeof connector);
    return poller_test_begin(state);
}

/* The thread of an abandoned lookup has descriptors of the system's resolver, so the end waits for
 * it. */
static int end(void **state)
{
    fer_connector_close(&connector);
    FER_IGNORE(fer_resolver_close_gracefully(&resolver, NULL));
    return poller_test_end(state);
}

#define NAME_TEST(rule, function)                             \
    TEST_OF(function, (fer_poller * poller), (test_poller()), \
            TEST_ROW(rule " " #function, function, begin, end, NULL))

static void await_event(fer_poller *poller)
{
    fer_event event;
    size_t count = 0;
    do {
        assert_ok(fer_poller_wait(poller, FER_DURATION_NONE, &event, 1, &count, NULL));
    } while (count == 0);
    assert_int_equal(event.key, KEY);
}

/* K13: the listener has one family, and the name may have both. */
NAME_TEST("K13", a_name_is_looked_up_and_connected_to)
{
    skip_without_localhost();
    uint16_t port = 0;
    char text[32];
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    assert_ok(fer_resolver_new(&resolver, NULL));
    snprintf(text, sizeof text, "localhost:%u", (unsigned)port);
    for (int i = 0; i < 2; i++) {
        fer_tcp_stream *stream = test_stream();
        assert_ok(i == 0 ? fer_connector_start(&connector, text, NULL, &resolver, poller, KEY)
                         : fer_connector_start_host(&connector, "localhost", port, NULL, &resolver,
                                                    poller, KEY));
        await_event(poller);
        assert_ok(fer_connector_take(&connector, stream));
        assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
        assert_exchange(stream, peer_accept(listener));
        fer_tcp_stream_close(stream);
    }
}

/* P15, over a name: the end of the lookup makes the poller readable for another loop. Where a
 * poller has no raw socket, its wait takes the place of that loop's. */
NAME_TEST("P15", a_connector_to_a_name_connects_in_another_loop)
{
    skip_without_localhost();
    fer_tcp_stream *stream = test_stream();
    uint16_t port = 0;
    size_t count = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    fer_poll_entry polled = {.raw = fer_poller_as_raw(poller), .interest = FER_READABLE};
    bool has_raw = polled.raw != FER_RAW_SOCKET_NONE;
    assert_ok(fer_resolver_new(&resolver, NULL));
    assert_ok(
        fer_connector_start_host(&connector, "localhost", port, NULL, &resolver, poller, KEY));
    while (count == 0) {
        fer_event event;
        fer_duration next = {0};
        assert_ok(fer_poller_next_timeout(poller, &next));
        if (has_raw) {
            assert_ok(fer_poll(&polled, 1, next, NULL, NULL));
            next.nanos = 0;
        }
        assert_ok(fer_poller_wait(poller, next, &event, 1, &count, NULL));
    }
    assert_ok(fer_connector_take(&connector, stream));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_exchange(stream, peer_accept(listener));
}

/* K15: "its lookup is abandoned", whichever comes first. */
NAME_TEST("K15", a_connector_is_closed_during_its_lookup)
{
    assert_ok(fer_resolver_new(&resolver, NULL));
    for (int i = 0; i < 20; i++) {
        fer_event event;
        size_t count = 0;
        assert_ok(fer_connector_start(&connector, "localhost:9", NULL, &resolver, poller, KEY));
        assert_ok(fer_poller_wait(poller, fer_duration_from_micros((uint64_t)i * 20), &event, 1,
                                  &count, NULL));
        fer_connector_close(&connector);
        assert_ok(fer_poller_wait(poller, (fer_duration){0}, &event, 1, &count, NULL));
        assert_int_equal(count, 0);
    }
}

RULE_TESTS("connectors to names")
