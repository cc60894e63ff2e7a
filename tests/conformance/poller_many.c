/* poller_many.c: thousands of sockets on one poller (rules P3, P4 and P7), as many as this OS
 * allows a test. */
#include "support/poller_fixture.h"
#include "support/process_fixture.h"

enum { MOST = 2000, FEWER = 300, EVENTS = 64, EVERY = 97, PATIENCE_US = 60000000 };

static fer_udp_socket sockets[MOST];
static uint16_t ports[MOST];
static size_t socket_count;
static peer_socket sender;

static int many_end(void **state)
{
    while (socket_count > 0) {
        fer_udp_socket_close(&sockets[--socket_count]);
    }
    return poller_test_end(state);
}

#define MANY_TEST(rule, function) \
    TEST_OF(function, (void), (), \
            TEST_ROW(rule " " #function, function, poller_test_begin, many_end, NULL))

static fer_raw_socket raw_of(size_t i)
{
    return fer_udp_socket_as_raw(&sockets[i]);
}

static void open_one(size_t i)
{
    fer_socket_addr addr = loopback(PEER_V4, 0);
    memset(&sockets[i], 0, sizeof sockets[i]);
    assert_ok(fer_udp_socket_bind_addr(&sockets[i], &addr));
    assert_ok(fer_udp_socket_local_addr(&sockets[i], &addr));
    ports[i] = addr.port;
}

static size_t open_many(void)
{
    uint16_t port = 0;
    size_t wanted = peer_is_wine() || !process_allow_handles(MOST + 64) ? FEWER : MOST;
    skip_without_handles(FEWER);
    sender = peer_datagram(PEER_V4, &port);
    assert_true(sender != PEER_NONE);
    memset(sockets, 0, sizeof sockets);
    for (socket_count = 0; socket_count < wanted; socket_count++) {
        open_one(socket_count);
    }
    return wanted;
}

static void post_to(size_t i)
{
    assert_true(peer_datagram_send(sender, PEER_V4, ports[i], "x", 1));
    assert_true(peer_raw_wait_readable(raw_of(i)));
}

static void take_from(size_t i)
{
    char byte;
    fer_udp_received got;
    assert_ok(fer_udp_socket_recv_from(&sockets[i], &byte, 1, &got));
}

/* Waits until count sockets were reported, each with its interest. seen[key] counts the events of a
 * key. */
static void collect(fer_poller *poller, fer_event interest, unsigned char *seen, size_t keys,
                    size_t count)
{
    fer_event events[EVENTS];
    size_t n = 0;
    size_t all = 0;
    uint64_t start = peer_now_us();
    memset(seen, 0, keys);
    while (all < count) {
        assert_in_range(microseconds_since(start), 0, PATIENCE_US);
        assert_ok(fer_poller_wait(poller, millis(PEER_LIMIT_MS), events, EVENTS, &n, NULL));
        assert_in_range(n, 1, EVENTS);
        for (size_t e = 0; e < n; e++) {
            assert_in_range(events[e].key, 0, keys - 1);
            assert_int_equal(events[e].interest, interest.interest);
            all += seen[events[e].key]++ == 0;
        }
    }
}

MANY_TEST("P7", the_ready_ones_of_thousands_are_reported)
{
    static unsigned char seen[MOST];
    fer_poller *poller = test_poller();
    size_t count = open_many();
    size_t ready = 0;
    for (size_t i = 0; i < count; i++) {
        assert_ok(fer_poller_add(poller, raw_of(i), reading(i), FER_POLL_LEVEL));
    }
    assert_no_event(poller);
    for (size_t i = 0; i < count; i += EVERY) {
        post_to(i);
        ready++;
    }
    for (int round = 0; round < 3; round++) {
        collect(poller, reading(0), seen, count, ready);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(seen[i] > 0, i % EVERY == 0);
        }
    }
    for (size_t i = 0; i < count; i += EVERY) {
        take_from(i);
    }
    assert_no_event(poller);
}

/* P3 and P4: sockets are deleted, or closed without a delete, and replaced, in an order that is not
 * that of their numbers. */
MANY_TEST("P4", thousands_are_opened_and_closed)
{
    static unsigned char seen[2 * MOST];
    fer_poller *poller = test_poller();
    size_t count = open_many();
    for (size_t i = 0; i < count; i++) {
        assert_ok(fer_poller_add(poller, raw_of(i), writing(i), FER_POLL_ONESHOT));
    }
    for (size_t n = 0; n < count; n++) {
        size_t i = n * 7919 % count;
        if (i % 3 == 0) {
            assert_ok(fer_poller_delete(poller, raw_of(i)));
        }
        if (i % 3 != 2) {
            fer_udp_socket_close(&sockets[i]);
        }
    }
    for (size_t n = 0; n < count; n++) {
        size_t i = n * 7919 % count;
        if (i % 3 != 2) {
            open_one(i);
            assert_ok(fer_poller_add(poller, raw_of(i), writing(count + i), FER_POLL_ONESHOT));
        }
        assert_kind(fer_poller_add(poller, raw_of(i), reading(0), FER_POLL_LEVEL),
                    FER_ALREADY_EXISTS);
    }
    collect(poller, writing(0), seen, 2 * count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(seen[i], i % 3 == 2);
        assert_int_equal(seen[count + i], i % 3 != 2);
    }
    for (size_t i = 0; i < count; i++) {
        assert_ok(fer_poller_delete(poller, raw_of(i)));
    }
    assert_no_event(poller);
}

RULE_TESTS("poller_many")
