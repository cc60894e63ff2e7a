/* poller_many.c: thousands of sockets on one poller (rules P3, P4 and P7), as many as this OS
 * allows a test. */
#include <stdatomic.h>

#include "support/poller_fixture.h"
#include "support/process_fixture.h"
#include "support/thread.h"

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

/* ---- Many threads on one poller for a bounded time (P3, P4, P6 to P8): some wait and read, one
 * writes, one adds and deletes, one notifies. In every order, each byte is read once, each stream
 * is read by one thread at a time, and every thread ends */

enum {
    STREAMS = 10,
    BYTES = 2000,
    FEWER_BYTES = 150,
    WAITERS = 4,
    CHURNS = 1500,
    NOTIFIES = 3000,
    CHURN_KEY = 1000
};

/* Shared by the threads. A thread does not assert; it stores the line of a failed check. */
struct stress {
    fer_poller *poller;
    fer_tcp_stream *streams[STREAMS];
    peer_socket others[STREAMS];
    /* The number of threads that read a stream: 0 or 1. */
    atomic_uint busy[STREAMS];
    /* Not atomic: only the thread that received the stream's event accesses it. */
    unsigned got[STREAMS];
    /* For each stream. */
    unsigned bytes;
    atomic_uint got_all;
    atomic_uint wrong_line;
    atomic_bool stopped;
};

static void check_at(struct stress *stress, bool condition, unsigned line)
{
    if (!condition) {
        atomic_store(&stress->wrong_line, line);
    }
}
#define check(stress, condition) check_at((stress), (condition), __LINE__)

/* Reads some of the queued bytes. The rest is reported by a later event. */
static void read_stream(struct stress *stress, size_t i)
{
    char buf[7];
    size_t n = 0;
    check(stress, atomic_fetch_add(&stress->busy[i], 1u) == 0);
    fer_error error = fer_tcp_stream_read(stress->streams[i], buf, sizeof buf, &n);
    check(stress, error.kind == FER_OK || error.kind == FER_WOULD_BLOCK);
    for (size_t at = 0; at < n; at++) {
        check(stress, (unsigned char)buf[at] == pattern_at(stress->got[i]++));
    }
    check(stress, atomic_fetch_sub(&stress->busy[i], 1u) == 1);
    fer_raw_socket raw = fer_tcp_stream_as_raw(stress->streams[i]);
    check(stress,
          fer_poller_modify(stress->poller, raw, reading(i), FER_POLL_ONESHOT).kind == FER_OK);
    if (atomic_fetch_add(&stress->got_all, (unsigned)n) + n == STREAMS * stress->bytes) {
        atomic_store(&stress->stopped, true);
    }
}

static void wait_and_read(void *argument)
{
    struct stress *stress = argument;
    fer_event events[3];
    size_t count = 0;
    while (!atomic_load(&stress->stopped)) {
        unsigned before = atomic_load(&stress->got_all);
        uint64_t start = peer_now_us();
        check(
            stress,
            fer_poller_wait(stress->poller, millis(PEER_LIMIT_MS), events, 3, &count, NULL).kind ==
                FER_OK);
        /* The other threads may have received all events. Then a wait without an event is correct,
         * however long it took. */
        bool is_stuck = count == 0 && microseconds_since(start) > PEER_LIMIT_MS * UINT64_C(1000) &&
                        atomic_load(&stress->got_all) == before;
        for (size_t e = 0; e < count; e++) {
            check(stress, events[e].key < STREAMS || events[e].key == CHURN_KEY);
            if (events[e].key < STREAMS) {
                check(stress, events[e].interest == FER_READABLE);
                read_stream(stress, (size_t)events[e].key);
            }
        }
        if (is_stuck) {
            /* No thread received an event for so long: a wakeup was lost. */
            check(stress, false);
            atomic_store(&stress->stopped, true);
        }
    }
    /* Wakes the next thread, which then sees stopped. */
    check(stress, fer_poller_notify(stress->poller).kind == FER_OK);
}

/* Writes one byte to each stream in turn. */
static void write_all_streams(void *argument)
{
    struct stress *stress = argument;
    for (uint64_t at = 0; at < stress->bytes; at++) {
        unsigned char byte = pattern_at(at);
        for (size_t i = 0; i < STREAMS; i++) {
            check(stress, peer_send_all(stress->others[i], &byte, 1));
        }
    }
}

/* Opens and closes its own sockets, which are ready from the start. */
static void add_and_delete(void *argument)
{
    struct stress *stress = argument;
    const fer_poll_mode modes[] = {FER_POLL_ONESHOT, FER_POLL_LEVEL};
    fer_socket_addr addr = loopback(PEER_V4, 0);
    for (int i = 0; i < CHURNS && !atomic_load(&stress->stopped); i++) {
        fer_udp_socket socket;
        memset(&socket, 0, sizeof socket);
        check(stress, fer_udp_socket_bind_addr(&socket, &addr).kind == FER_OK);
        fer_raw_socket raw = fer_udp_socket_as_raw(&socket);
        check(stress,
              fer_poller_add(stress->poller, raw, writing(CHURN_KEY), modes[i % 2]).kind == FER_OK);
        check(stress, fer_poller_add(stress->poller, raw, writing(1), modes[i % 2]).kind ==
                          FER_ALREADY_EXISTS);
        check(stress,
              fer_poller_modify(stress->poller, raw, both_interests(CHURN_KEY), modes[i / 2 % 2])
                      .kind == FER_OK);
        check(stress, fer_poller_delete(stress->poller, raw).kind == FER_OK);
        check(stress, fer_poller_delete(stress->poller, raw).kind == FER_NOT_FOUND);
        fer_udp_socket_close(&socket);
    }
}

static void notify_often(void *argument)
{
    struct stress *stress = argument;
    for (int i = 0; i < NOTIFIES && !atomic_load(&stress->stopped); i++) {
        check(stress, fer_poller_notify(stress->poller).kind == FER_OK);
        if (i % 16 == 0) {
            test_thread_yield();
        }
    }
}

static void open_stress(struct stress *stress, fer_poller *poller)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 16, &port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    memset(stress, 0, sizeof *stress);
    stress->poller = poller;
    stress->bytes = peer_is_wine() ? FEWER_BYTES : BYTES;
    for (size_t i = 0; i < STREAMS; i++) {
        stress->streams[i] = test_stream();
        assert_ok(fer_tcp_stream_connect_addr(stress->streams[i], &addr));
        assert_ok(fer_tcp_stream_set_nonblocking(stress->streams[i], true));
        stress->others[i] = peer_accept(listener);
        assert_true(stress->others[i] != PEER_NONE);
        assert_ok(fer_poller_add(poller, fer_tcp_stream_as_raw(stress->streams[i]), reading(i),
                                 FER_POLL_ONESHOT));
    }
}

POLLER_TEST("P8", every_byte_of_many_streams_is_read_by_many_waiting_threads)
{
    static struct stress stress;
    static void (*const others[])(void *) = {write_all_streams, add_and_delete, notify_often};
    enum { OTHERS = sizeof others / sizeof others[0] };
    test_thread threads[WAITERS + OTHERS];
    open_stress(&stress, poller);
    for (size_t i = 0; i < WAITERS + OTHERS; i++) {
        test_thread_start(&threads[i], i < WAITERS ? wait_and_read : others[i - WAITERS], &stress);
    }
    for (size_t i = 0; i < WAITERS + OTHERS; i++) {
        test_thread_join(&threads[i]);
    }
    assert_int_equal(atomic_load(&stress.wrong_line), 0);
    assert_int_equal(atomic_load(&stress.got_all), STREAMS * stress.bytes);
    for (size_t i = 0; i < STREAMS; i++) {
        assert_int_equal(stress.got[i], stress.bytes);
        assert_ok(fer_poller_delete(poller, fer_tcp_stream_as_raw(stress.streams[i])));
    }
}

RULE_TESTS("poller_many")
