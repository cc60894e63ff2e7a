/* wakers.c: rules P14 and P15: wakers, and pollers in an event loop of another kind, which fer_poll
 * stands for. */
#include "ferrule/connector.h"
#include "ferrule/waker.h"
#include "support/poller_fixture.h"
#include "support/process_fixture.h"
#include "support/thread.h"

#include <stdatomic.h>
#include <stdio.h>

enum { KEY = 7, QUIET_MS = 20, SIGNALS = 20 };

static fer_waker waker;
static fer_connector connector;

static int begin(void **state)
{
    memset(&waker, 0, sizeof waker);
    memset(&connector, 0, sizeof connector);
    return poller_test_begin(state);
}

static int end(void **state)
{
    process_signals_stop();
    process_signals_call(NULL);
    fer_connector_close(&connector);
    fer_waker_close(&waker);
    return poller_test_end(state);
}

#define WAKER_TEST(rule, function) \
    TEST_OF(function, (void), (), TEST_ROW(rule " " #function, function, begin, end, NULL))
#define LOOP_TEST(rule, function)                             \
    TEST_OF(function, (fer_poller * poller), (test_poller()), \
            TEST_ROW(rule " " #function, function, begin, end, NULL))

/* ---- The other loop */

static bool is_readable_within(fer_raw_socket raw, fer_duration timeout)
{
    fer_poll_entry polled = {.raw = raw, .interest = FER_READABLE};
    size_t n = 0;
    assert_ok(fer_poll(&polled, 1, timeout, NULL, &n));
    return n == 1;
}

/* A wake reaches the raw socket soon: on Windows it is a byte of a TCP connection. */
#define assert_woken() \
    assert_true(is_readable_within(fer_waker_as_raw(&waker), millis(PEER_LIMIT_MS)))
#define assert_not_woken() assert_false(is_readable_within(fer_waker_as_raw(&waker), millis(0)))

/* ---- P14: "The waker's raw socket is readable until it is cleared." */

WAKER_TEST("P14", a_wake_before_the_wait_stays_until_it_is_cleared)
{
    assert_ok(fer_waker_new(&waker));
    assert_not_woken();
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_waker_wake(&waker));
        assert_woken();
        assert_woken();
        assert_ok(fer_waker_clear(&waker));
        assert_not_woken();
    }
    fer_raw_socket raw = fer_waker_as_raw(&waker);
    assert_true(raw != FER_RAW_SOCKET_NONE && raw == fer_waker_as_raw(&waker));
    fer_waker_close(&waker);
    assert_true(fer_waker_as_raw(&waker) == FER_RAW_SOCKET_NONE);
    assert_ok(fer_waker_new(&waker));
    assert_not_woken();
}

WAKER_TEST("P14", a_clear_without_a_wake_changes_nothing)
{
    assert_ok(fer_waker_new(&waker));
    assert_ok(fer_waker_clear(&waker));
    assert_ok(fer_waker_clear(&waker));
    assert_not_woken();
    assert_ok(fer_waker_wake(&waker));
    assert_woken();
}

/* "several wakes may be seen as one" (waker.h): of many that nobody clears, one clear is enough. */
WAKER_TEST("P14", one_clear_ends_many_wakes)
{
    enum { MANY = 20000 };
    assert_ok(fer_waker_new(&waker));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            assert_ok(fer_waker_wake(&waker));
        }
        assert_woken();
        assert_ok(fer_waker_clear(&waker));
        assert_false(is_readable_within(fer_waker_as_raw(&waker), millis(QUIET_MS)));
    }
}

WAKER_TEST("P14", wakers_are_separate)
{
    fer_waker other = {0};
    assert_ok(fer_waker_new(&waker));
    assert_ok(fer_waker_new(&other));
    assert_ok(fer_waker_wake(&other));
    assert_true(is_readable_within(fer_waker_as_raw(&other), millis(PEER_LIMIT_MS)));
    assert_not_woken();
    fer_waker_close(&other);
    assert_ok(fer_waker_wake(&waker));
    assert_woken();
}

LOOP_TEST("P14", a_poller_waits_for_a_waker)
{
    assert_ok(fer_waker_new(&waker));
    assert_ok(fer_poller_add(poller, fer_waker_as_raw(&waker), reading(KEY), FER_POLL_LEVEL));
    assert_no_event(poller);
    assert_ok(fer_waker_wake(&waker));
    assert_event(poller, KEY, true, false);
    assert_ok(fer_waker_clear(&waker));
    assert_no_event(poller);
    assert_ok(fer_poller_delete(poller, fer_waker_as_raw(&waker)));
}

/* C4, for wakers: after a failure it is NEW, and nothing is left open. */
WAKER_TEST("P14", without_descriptors_a_waker_stays_new)
{
    static const fer_waker fresh;
    size_t before = peer_open_handles();
    if (!process_forbid_new_handles()) {
        skip_because("the number of handles is not limited here");
    }
    fer_error error = fer_waker_new(&waker);
    process_allow_new_handles();
    assert_kind(error, FER_TOO_MANY_OPEN_FILES);
    assert_memory_equal(&waker, &fresh, sizeof waker);
    assert_int_equal(peer_open_handles(), before);
    assert_ok(fer_waker_new(&waker));
}

/* ---- Other threads, and signals */

enum { HANDED_OVER = 200 };

static unsigned handed_over[HANDED_OVER]; /* no atomic: the wake orders it */
static atomic_uint taken;
static atomic_uint failed_wakes;

static void hand_over(void *argument)
{
    for (unsigned i = 0; i < HANDED_OVER; i++) {
        while (atomic_load_explicit(&taken, memory_order_relaxed) < i) {
            test_thread_yield();
        }
        handed_over[i] = i + 1;
        if (fer_waker_wake(argument).kind != FER_OK) {
            atomic_fetch_add(&failed_wakes, 1u);
        }
    }
}

/* P14: "Writes before a wake happen-before the return of its clear": of each wake in another
 * thread, before or during the wait. */
WAKER_TEST("P14", no_wake_of_another_thread_is_lost)
{
    test_thread thread;
    bool is_complete = true;
    memset(handed_over, 0, sizeof handed_over);
    atomic_store(&taken, 0u);
    atomic_store(&failed_wakes, 0u);
    assert_ok(fer_waker_new(&waker));
    test_thread_start(&thread, hand_over, &waker);
    for (unsigned i = 0; i < HANDED_OVER; i++) {
        fer_poll_entry polled = {.raw = fer_waker_as_raw(&waker), .interest = FER_READABLE};
        size_t n = 0;
        if (i % 2 == 0) {
            test_thread_yield();
        }
        is_complete = fer_poll(&polled, 1, millis(PEER_LIMIT_MS), NULL, &n).kind == FER_OK &&
                      n == 1 && fer_waker_clear(&waker).kind == FER_OK && handed_over[i] == i + 1 &&
                      is_complete;
        atomic_store_explicit(&taken, i + 1, memory_order_relaxed);
    }
    test_thread_join(&thread);
    assert_true(is_complete);
    assert_int_equal(atomic_load(&failed_wakes), 0);
    assert_not_woken();
}

static void wake_in_a_handler(void)
{
    if (fer_waker_wake(&waker).kind != FER_OK) {
        atomic_fetch_add(&failed_wakes, 1u);
    }
}

/* P14: "on POSIX in a signal handler too" */
WAKER_TEST("P14", a_signals_handler_may_wake)
{
    skip_without_interrupting_signals();
    assert_ok(fer_waker_new(&waker));
    atomic_store(&failed_wakes, 0u);
    process_signals_call(wake_in_a_handler);
    assert_true(process_signals_start());
    for (int i = 0; i < SIGNALS; i++) {
        assert_woken();
        assert_ok(fer_waker_clear(&waker));
    }
    process_signals_stop();
    assert_in_range(process_signals_caught(), SIGNALS, UINT32_MAX);
    assert_int_equal(atomic_load(&failed_wakes), 0);
}

/* ---- P15: the raw socket of a poller */

static fer_raw_socket raw_of_poller(fer_poller *poller)
{
    fer_raw_socket raw = fer_poller_as_raw(poller);
    if (raw == FER_RAW_SOCKET_NONE) {
        skip_because("the system's pollers have no raw socket");
    }
    return raw;
}

static fer_duration next_timeout(const fer_poller *poller)
{
    fer_duration next = {4711};
    assert_ok(fer_poller_next_timeout(poller, &next));
    return next;
}

#define assert_next_is(poller, nanos_) assert_true(next_timeout(poller).nanos == (nanos_))

/* P15: "readable if a wait would return an event of a socket or a notification" */
LOOP_TEST("P15", a_registered_socket_makes_the_poller_readable)
{
    fer_raw_socket raw = raw_of_poller(poller);
    struct mailbox *mailbox = test_mailbox();
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(KEY), FER_POLL_LEVEL));
    assert_false(is_readable_within(raw, millis(0)));
    for (int i = 0; i < 2; i++) {
        mailbox_send(mailbox);
        assert_true(is_readable_within(raw, millis(PEER_LIMIT_MS)));
        assert_next_is(poller, FER_DURATION_NONE_NANOS);
        assert_event(poller, KEY, true, false);
        assert_true(is_readable_within(raw, millis(0)));
        mailbox_drain(mailbox);
        assert_no_event(poller);
        assert_false(is_readable_within(raw, millis(0)));
    }
}

/* A notification that came before the raw socket was asked for, and later ones. */
LOOP_TEST("P15", a_notification_makes_the_poller_readable)
{
    assert_ok(fer_poller_notify(poller));
    assert_next_is(poller, 0);
    fer_raw_socket raw = raw_of_poller(poller);
    for (int i = 0; i < 3; i++) {
        assert_true(is_readable_within(raw, millis(0)));
        assert_next_is(poller, 0);
        assert_notified(poller);
        assert_false(is_readable_within(raw, millis(0)));
        assert_next_is(poller, FER_DURATION_NONE_NANOS);
        assert_ok(fer_poller_notify(poller));
        assert_ok(fer_poller_notify(poller));
        assert_true(fer_poller_as_raw(poller) == raw);
    }
}

/* P6: "If an event has ended a wait, the notification may be left to the next wait." */
LOOP_TEST("P15", a_notification_that_a_wait_has_left_keeps_the_poller_readable)
{
    fer_raw_socket raw = raw_of_poller(poller);
    struct mailbox *mailbox = test_mailbox();
    fer_event event;
    size_t count = 0;
    bool is_notified = false;
    unsigned notified = 0, events = 0;
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(KEY), FER_POLL_ONESHOT));
    mailbox_send(mailbox);
    assert_ok(fer_poller_notify(poller));
    for (int i = 0; i < 2 && notified + events < 2; i++) {
        assert_true(is_readable_within(raw, millis(0)));
        assert_ok(fer_poller_wait(poller, millis(0), &event, 1, &count, &is_notified));
        notified += is_notified;
        events += (unsigned)count;
    }
    assert_true(notified == 1 && events == 1);
    assert_false(is_readable_within(raw, millis(0)));
}

/* The system reports the notification among the events, at the place that it had in time. */
LOOP_TEST("P15", a_notification_is_no_event_at_any_place_among_them)
{
    enum { SOCKETS = 3 };
    struct mailbox *mailboxes[SOCKETS];
    assert_int_not_equal(raw_of_poller(poller), FER_RAW_SOCKET_NONE);
    for (uint64_t i = 0; i < SOCKETS; i++) {
        mailboxes[i] = test_mailbox();
        assert_ok(fer_poller_add(poller, mailboxes[i]->raw, reading(i), FER_POLL_LEVEL));
    }
    for (int place = 0; place <= SOCKETS; place++) {
        unsigned notified = 0, seen = 0;
        for (int i = 0; i <= SOCKETS; i++) {
            if (i == place) {
                assert_ok(fer_poller_notify(poller));
            } else {
                mailbox_send(mailboxes[i < place ? i : i - 1]);
            }
        }
        for (int i = 0; i < 2; i++) {
            fer_event events[SOCKETS + 1];
            size_t count = 0;
            bool is_notified = false;
            assert_ok(
                fer_poller_wait(poller, millis(0), events, SOCKETS + 1, &count, &is_notified));
            notified += is_notified;
            for (size_t k = 0; k < count; k++) {
                assert_in_range(events[k].key, 0, SOCKETS - 1);
                assert_int_equal(events[k].interest, FER_READABLE);
                seen |= 1u << events[k].key;
            }
        }
        assert_int_equal(notified, 1);
        assert_int_equal(seen, (1u << SOCKETS) - 1);
        for (int i = 0; i < SOCKETS; i++) {
            mailbox_drain(mailboxes[i]);
        }
    }
}

static void notify_from_thread(void *argument)
{
    if (fer_poller_notify(argument).kind != FER_OK) {
        atomic_fetch_add(&failed_wakes, 1u);
    }
}

LOOP_TEST("P15", a_notify_of_another_thread_ends_the_other_loops_wait)
{
    fer_raw_socket raw = raw_of_poller(poller);
    atomic_store(&failed_wakes, 0u);
    for (int i = 0; i < 20; i++) {
        test_thread thread;
        test_thread_start(&thread, notify_from_thread, poller);
        bool is_seen = is_readable_within(raw, millis(PEER_LIMIT_MS));
        test_thread_join(&thread);
        assert_true(is_seen);
        assert_notified(poller);
    }
    assert_int_equal(atomic_load(&failed_wakes), 0);
}

/* ---- P15: "fer_poller_next_timeout" */

/* The other loop waits for the poller alone, at most the next timeout. Where a poller has no raw
 * socket, the wait of the poller takes its place. */
static void run_until_event(fer_poller *poller)
{
    fer_raw_socket raw = fer_poller_as_raw(poller);
    size_t count = 0;
    while (count == 0) {
        fer_event event;
        fer_duration next = next_timeout(poller);
        bool has_raw = raw != FER_RAW_SOCKET_NONE;
        if (has_raw) {
            (void)is_readable_within(raw, next);
        }
        assert_ok(fer_poller_wait(poller, has_raw ? millis(0) : next, &event, 1, &count, NULL));
        assert_true(count == 0 || event.key == KEY);
    }
}

LOOP_TEST("P15", a_connector_to_an_address_connects_in_another_loop)
{
    fer_tcp_stream *stream = test_stream();
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    peer_socket accepting;
    fer_socket_addr to = accepting_addr(PEER_V4, &accepting);
    (void)fer_socket_addr_format(&to, text, sizeof text);
    assert_next_is(poller, FER_DURATION_NONE_NANOS);
    assert_ok(fer_connector_start(&connector, text, NULL, NULL, poller, KEY));
    run_until_event(poller);
    assert_next_is(poller, FER_DURATION_NONE_NANOS);
    assert_ok(fer_connector_take(&connector, stream));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_exchange(stream, peer_accept(accepting));
}

/* A connect that is pending needs no wait until its deadline. */
LOOP_TEST("P15", the_deadline_of_a_connector_is_the_next_timeout)
{
    struct pending_target target = pending_target(PEER_V4);
    fer_tcp_stream stream = {0};
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    const fer_connect_options options = {
        .limits = {.deadline = fer_instant_after(millis(PEER_LIMIT_MS))}};
    (void)fer_socket_addr_format(&target.addr, text, sizeof text);
    assert_ok(fer_connector_start(&connector, text, &options, NULL, poller, KEY));
    fer_duration next = next_timeout(poller);
    assert_in_range(next.nanos, 1, millis(PEER_LIMIT_MS).nanos);
    fer_connector_close(&connector);
    assert_next_is(poller, FER_DURATION_NONE_NANOS);
    const fer_connect_options soon = {.limits = {.deadline = fer_instant_after(millis(30))}};
    assert_ok(fer_connector_start(&connector, text, &soon, NULL, poller, KEY));
    run_until_event(poller);
    assert_kind(fer_connector_take(&connector, &stream), FER_TIMED_OUT);
    pending_target_refuse(&target);
}

RULE_TESTS("wakers, and pollers in other loops")
