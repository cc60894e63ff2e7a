/* poller_waiting.c: the duration of a wait, the events that end it, and the order of events (rules
 * P5, P6, P9 and P10), in one thread. */
#include <stdatomic.h>

#include "support/poller_fixture.h"
#include "support/process.h"
#include "support/process_fixture.h"

enum { SOON_US = 5000000 };

/* ---- P5 */

/* "wait(0) looks and never blocks". On a busy machine a wait of Wine takes up to 30 ms. */
MAILBOX_TEST("P5", a_wait_of_zero_checks_and_never_blocks)
{
    enum { WAITS = 200, LONGEST_US = 100000 };
    uint64_t start = peer_now_us();
    for (int i = 0; i < WAITS / 2; i++) {
        assert_int_equal(wait_for(poller, 1, millis(0)).events, 0);
    }
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (int i = 0; i < WAITS / 2; i++) {
        assert_int_equal(wait_for(poller, 1, millis(0)).events, 0);
    }
    assert_in_range(microseconds_since(start), 0, WAITS * LONGEST_US);
}

/* "wait(FER_DURATION_NONE) blocks until there is something": here there is. A timeout that is too
 * long saturates, and is equal to no timeout. The seconds of the last one would be negative in 32
 * bits. */
MAILBOX_TEST("P5", a_wait_without_end_ends_with_an_event)
{
    static const uint64_t lengths[] = {UINT64_MAX,        UINT64_MAX - 1,
                                       UINT64_MAX / 2,    UINT64_C(1) << 62,
                                       UINT64_C(3) << 52, UINT64_C(3000000000000000001)};
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct wait_result result = wait_for(poller, 1, (fer_duration){lengths[i]});
        assert_int_not_equal(result.events, 0);
        assert_true(result.readable);
        assert_ok(fer_poller_modify(poller, mailbox->raw, no_interest(1), FER_POLL_LEVEL));
        assert_ok(fer_poller_notify(poller));
        assert_int_equal(wait_for(poller, 1, (fer_duration){lengths[i]}).events, 0);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    }
}

/* "Other timeouts are rounded up to what the OS can hold, and never end early." If nothing is ready
 * before the timeout, the result is FER_OK with no events. */
POLLER_TEST("P5", no_wait_ends_early)
{
    static const uint64_t nanos[] = {1,       2,        500,      999,     1000,    1001,
                                     50000,   500000,   999999,   1000000, 1000001, 1500000,
                                     2000000, 15000001, 16000000, 40000000};
    struct mailbox *idle = test_mailbox();
    assert_ok(fer_poller_add(poller, idle->raw, reading(1), FER_POLL_LEVEL));
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
            uint64_t start = peer_now_us();
            assert_int_equal(wait_for(poller, 1, (fer_duration){nanos[i]}).events, 0);
            uint64_t took = microseconds_since(start);
            if (took + 1 < nanos[i] / 1000) {
                fail_msg("a wait of %u ns took %u us", (unsigned)nanos[i], (unsigned)took);
            }
            assert_in_range(took, 0, SOON_US);
        }
    }
}

/* ---- P6 */

/* "A notify wakes exactly one wait: one that is under way, else the next." "A wait that was woken
 * by one alone is FER_OK with no events." */
POLLER_TEST("P6", a_notify_wakes_the_next_wait_alone)
{
    for (int i = 0; i < 20; i++) {
        assert_ok(fer_poller_notify(poller));
        assert_notified(poller);
        uint64_t start = peer_now_us();
        assert_int_equal(wait_for(poller, 1, millis(5)).events, 0);
        assert_in_range(microseconds_since(start), 5000 - 1, UINT64_MAX);
    }
}

/* Neither the notification nor the event is lost, however small the array is. The notification is
 * consumed afterwards. */
POLLER_RULE_TEST("P6", a_notify_and_an_event_are_both_reported)
{
    for (size_t cap = 1; cap <= 3; cap++) {
        fer_poller *poller = test_poller();
        struct mailbox *mailbox = test_mailbox();
        fer_event events[3];
        size_t count = 0;
        size_t seen = 0;
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
        mailbox_send(mailbox);
        assert_ok(fer_poller_notify(poller));
        for (int i = 0; i < 4; i++) {
            assert_ok(fer_poller_wait(poller, millis(PEER_LIMIT_MS), events, cap, &count, NULL));
            seen += count;
        }
        assert_in_range(seen, 3, 4 * cap);
        assert_int_equal(events[0].key, 1);
        mailbox_drain(mailbox);
        uint64_t start = peer_now_us();
        assert_int_equal(wait_for(poller, 1, millis(10)).events, 0);
        assert_in_range(microseconds_since(start), 10000 - 1, UINT64_MAX);
    }
}

/* "fer_poller_wait reports it" to one wait, beside events and without them. */
MAILBOX_TEST("P6", a_wait_reports_its_notification_once)
{
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (int has_event = 0; has_event < 2; has_event++) {
        static const uint64_t timeouts[] = {0, 1000000, FER_DURATION_NONE_NANOS};
        for (size_t i = 0; i < 3; i++) {
            fer_event events[2];
            size_t count = 77;
            bool notified = false;
            assert_ok(fer_poller_notify(poller));
            assert_ok(fer_poller_notify(poller));
            assert_ok(
                fer_poller_wait(poller, (fer_duration){timeouts[i]}, events, 2, &count, &notified));
            assert_true(notified);
            assert_true(has_event || count == 0);
            assert_ok_n(fer_poller_wait(poller, millis(has_event ? PEER_LIMIT_MS : 1), events, 2,
                                        &count, &notified),
                        notified, false);
            assert_int_equal(count, has_event);
        }
        mailbox_send(mailbox);
    }
}

POLLER_RULE_TEST("P6", a_notification_ends_with_its_poller)
{
    fer_poller *pollers[2] = {test_poller(), test_poller()};
    assert_ok(fer_poller_notify(pollers[0]));
    assert_no_event(pollers[1]);
    fer_poller_close(pollers[0]);
    assert_ok(fer_poller_new(pollers[0]));
    uint64_t start = peer_now_us();
    assert_int_equal(wait_for(pollers[0], 1, millis(10)).events, 0);
    assert_in_range(microseconds_since(start), 10000 - 1, UINT64_MAX);
    assert_ok(fer_poller_notify(pollers[0]));
    assert_notified(pollers[0]);
}

/* ---- P9 */

static int end_with_signals(void **state)
{
    process_signals_stop();
    process_signals_call(NULL);
    return poller_test_end(state);
}

#define SIGNAL_TEST(rule, function) \
    TEST_OF(function, (void), (),   \
            TEST_ROW(rule " " #function, function, poller_test_begin, end_with_signals, NULL))

/* "A signal does not end a wait: it goes on with the time that is left." */
SIGNAL_TEST("P9", a_wait_continues_after_signals_with_the_time_left)
{
    static const uint64_t lengths[] = {20000, 50000, 150000};
    skip_without_interrupting_signals();
    fer_poller *poller = test_poller();
    assert_true(process_signals_start());
    for (size_t i = 0; i < 3; i++) {
        unsigned before = process_signals_caught();
        uint64_t start = peer_now_us();
        struct wait_result result = wait_for(poller, 1, fer_duration_from_micros(lengths[i]));
        uint64_t took = microseconds_since(start);
        assert_int_equal(result.events, 0);
        assert_in_range(took, lengths[i] - 1, SOON_US);
        assert_int_not_equal(process_signals_caught(), before);
    }
    process_signals_stop();
}

static fer_poller *notified_by_signals;
static atomic_uint failed_notifies;

static void notify_in_a_handler(void)
{
    if (fer_poller_notify(notified_by_signals).kind != FER_OK) {
        atomic_fetch_add(&failed_notifies, 1u);
    }
}

/* "Its handler may call fer_poller_notify on POSIX systems": it wakes the wait that the signal
 * interrupts. */
SIGNAL_TEST("P9", a_signals_handler_may_notify)
{
    skip_without_interrupting_signals();
    notified_by_signals = test_poller();
    atomic_store(&failed_notifies, 0u);
    process_signals_call(notify_in_a_handler);
    assert_true(process_signals_start());
    for (int i = 0; i < 20; i++) {
        assert_notified(notified_by_signals);
    }
    process_signals_stop();
    assert_in_range(process_signals_caught(), 20, UINT32_MAX);
    assert_int_equal(atomic_load(&failed_notifies), 0);
}

/* ---- P10: "If more sockets are ready than the array holds, ... the others are returned before the
 * first ones are returned again." */

POLLER_RULE_TEST("P10", all_ready_sockets_are_reported)
{
    enum { COUNT = 12, ROUNDS = 3 };
    for (size_t cap = 1; cap <= 7; cap += 2) {
        fer_poller *poller = test_poller();
        fer_event events[7];
        size_t count = 0;
        for (uint64_t i = 0; i < COUNT; i++) {
            struct mailbox *mailbox = test_mailbox();
            mailbox_send(mailbox);
            assert_ok(fer_poller_add(poller, mailbox->raw, reading(i), FER_POLL_LEVEL));
        }
        unsigned times[COUNT] = {0};
        for (size_t all = 0; all < (size_t)ROUNDS * COUNT; all += count) {
            assert_ok(fer_poller_wait(poller, millis(PEER_LIMIT_MS), events, cap, &count, NULL));
            assert_in_range(count, 1, cap);
            for (size_t e = 0; e < count; e++) {
                assert_in_range(events[e].key, 0, COUNT - 1);
                assert_int_not_equal(events[e].interest & FER_READABLE, 0);
                times[events[e].key]++;
            }
            unsigned min = times[0];
            unsigned max = times[0];
            for (size_t i = 1; i < COUNT; i++) {
                min = times[i] < min ? times[i] : min;
                max = times[i] > max ? times[i] : max;
            }
            assert_in_range(max, min, min + 1);
        }
        fer_poller_close(poller);
    }
}

POLLER_TEST("P10", a_late_socket_is_reported_among_busy_ones)
{
    enum { BUSY = 6 };
    struct mailbox *late = test_mailbox();
    fer_event event;
    size_t count = 0;
    assert_ok(fer_poller_add(poller, late->raw, reading(100), FER_POLL_LEVEL));
    for (uint64_t i = 0; i < BUSY; i++) {
        struct mailbox *mailbox = test_mailbox();
        mailbox_send(mailbox);
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(i), FER_POLL_LEVEL));
    }
    for (int i = 0; i < 2 * BUSY; i++) {
        assert_ok(fer_poller_wait(poller, millis(PEER_LIMIT_MS), &event, 1, &count, NULL));
        assert_int_equal(count, 1);
        assert_in_range(event.key, 0, BUSY - 1);
    }
    mailbox_send(late);
    int waits = 0;
    do {
        assert_ok_n(fer_poller_wait(poller, millis(PEER_LIMIT_MS), &event, 1, &count, NULL), count,
                    1);
        waits++;
    } while (event.key != 100 && waits < 10 * BUSY);
    assert_in_range(waits, 1, 2 * BUSY);
}

RULE_TESTS("poller_waiting")
