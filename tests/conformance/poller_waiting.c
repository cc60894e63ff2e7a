/* poller_waiting.c: the duration of a wait, the events that end it, and the order of events (rules
 * P5, P6, P9 and P10), in one thread; then several threads on one poller (rules P6 and P8, and P4
 * to P7 for a wait that has started). What a wait makes visible: interleave/notify.c and
 * poller.c. */
#include <stdatomic.h>

#include "support/poller_fixture.h"
#include "support/process.h"
#include "support/process_fixture.h"
#include "support/thread.h"

enum { SOON_US = 5000000 };

/* ---- P5 */

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

/* ---- Several threads. Each test is correct whether the wait or the other thread's call comes
 * first, and is repeated so that both happen */

enum { ROUNDS = 30, WAITERS = 4, PAUSE_MS = 20 };

/* A thread that waits without a timeout. */
struct waiter {
    fer_poller *poller;
    test_thread thread;
    /* Shared by all waiters: the number of waits that have ended. */
    atomic_uint *returned;
    fer_error error;
    size_t count;
    bool notified;
    fer_event events[4];
};

static void wait_once(void *argument)
{
    struct waiter *waiter = argument;
    waiter->error = fer_poller_wait(waiter->poller, FER_DURATION_NONE, waiter->events, 4,
                                    &waiter->count, &waiter->notified);
    if (waiter->returned != NULL) {
        atomic_fetch_add(waiter->returned, 1u);
    }
}

static void start_waiters(struct waiter *waiters, size_t count, fer_poller *poller,
                          atomic_uint *returned)
{
    for (size_t i = 0; i < count; i++) {
        waiters[i] = (struct waiter){.poller = poller, .returned = returned};
        test_thread_start(&waiters[i].thread, wait_once, &waiters[i]);
    }
}

static void join_waiters(struct waiter *waiters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        test_thread_join(&waiters[i].thread);
    }
    for (size_t i = 0; i < count; i++) {
        assert_ok(waiters[i].error);
    }
}

/* Waits until that many waits have ended. False if the limit of a peer's wait has expired. */
static bool await_returned(atomic_uint *returned, unsigned wanted)
{
    uint64_t start = peer_now_us();
    while (atomic_load(returned) < wanted) {
        if (microseconds_since(start) > PEER_LIMIT_MS * UINT64_C(1000)) {
            return false;
        }
        test_thread_yield();
    }
    return true;
}

/* In every second round the other thread's wait has probably started after this. */
static void pause_on(int round)
{
    if (round % 2 == 1) {
        peer_pause(2);
    }
}

/* ---- P6 */

/* "wakes exactly one wait": the others continue until their own notification. */
POLLER_TEST("P6", a_notify_wakes_exactly_one_of_many_waits)
{
    for (int round = 0; round < 5; round++) {
        struct waiter waiters[WAITERS];
        atomic_uint returned;
        unsigned one_each = 0;
        atomic_init(&returned, 0u);
        start_waiters(waiters, WAITERS, poller, &returned);
        for (unsigned i = 1; i <= WAITERS; i++) {
            pause_on(round);
            bool ended = fer_poller_notify(poller).kind == FER_OK && await_returned(&returned, i);
            peer_pause(PAUSE_MS);
            one_each += ended && atomic_load(&returned) == i;
        }
        join_waiters(waiters, WAITERS);
        assert_int_equal(one_each, WAITERS);
        for (size_t i = 0; i < WAITERS; i++) {
            assert_int_equal(waiters[i].count, 0);
            assert_true(waiters[i].notified);
        }
        assert_no_event(poller);
    }
}

struct notifier {
    fer_poller *poller;
    test_thread thread;
    atomic_uint *sent;
    unsigned times;
    bool worked;
};

static void notify_often(void *argument)
{
    struct notifier *notifier = argument;
    notifier->worked = true;
    for (unsigned i = 0; i < notifier->times; i++) {
        atomic_fetch_add(notifier->sent, 1u);
        notifier->worked = fer_poller_notify(notifier->poller).kind == FER_OK && notifier->worked;
    }
}

POLLER_TEST("P6", no_notify_of_many_threads_is_lost)
{
    enum { NOTIFIERS = 3, TIMES = 2000 };
    struct notifier notifiers[NOTIFIERS];
    atomic_uint sent;
    fer_event event;
    size_t count = 0;
    bool worked = true;
    atomic_init(&sent, 0u);
    for (size_t i = 0; i < NOTIFIERS; i++) {
        notifiers[i] = (struct notifier){.poller = poller, .sent = &sent, .times = TIMES};
        test_thread_start(&notifiers[i].thread, notify_often, &notifiers[i]);
    }
    while (worked && atomic_load(&sent) < NOTIFIERS * TIMES) {
        uint64_t start = peer_now_us();
        worked = fer_poller_wait(poller, millis(PEER_LIMIT_MS), &event, 1, &count, NULL).kind ==
                     FER_OK &&
                 count == 0;
        worked = worked && microseconds_since(start) < PEER_LIMIT_MS * UINT64_C(1000);
    }
    for (size_t i = 0; i < NOTIFIERS; i++) {
        test_thread_join(&notifiers[i].thread);
        assert_true(notifiers[i].worked);
    }
    assert_true(worked);
    (void)wait_for(poller, 1, millis(0));
    assert_no_event(poller);
}

/* ---- A wait that has started sees the calls of other threads */

static void assert_one_event(const struct waiter *waiter, uint64_t key, bool readable,
                             bool writable)
{
    assert_int_equal(waiter->count, 1);
    assert_int_equal(waiter->events[0].key, key);
    assert_int_equal(waiter->events[0].interest,
                     (readable ? FER_READABLE : 0) | (writable ? FER_WRITABLE : 0));
}

/* P5: "one of NONE has no limit": a datagram ends it. A wait that has begun sees the
 * socket, whether it is ready when it is added, or later, and after a modify of its interest, its
 * key, or of a FER_POLL_ONESHOT socket that was reported. */
MAILBOX_TEST("P7", a_wait_that_has_begun_reports_each_change)
{
    enum { BYTES, ADDED, ADDED_READY, MODIFIED, MODIFIED_ONESHOT, CHANGES };
    for (int round = 0; round < 6 * CHANGES; round++) {
        int change = round / 2 % CHANGES;
        fer_poll_mode mode = change == MODIFIED_ONESHOT ? FER_POLL_ONESHOT : FER_POLL_LEVEL;
        fer_error error = {FER_OK, 0};
        struct waiter waiter;
        if (change >= ADDED_READY) {
            mailbox_send(mailbox);
        }
        if (change == BYTES || change >= MODIFIED) {
            fer_event before = change == BYTES      ? reading(5)
                               : change == MODIFIED ? no_interest(1)
                                                    : reading(1);
            assert_ok(fer_poller_add(poller, mailbox->raw, before, mode));
        }
        if (change == MODIFIED_ONESHOT) {
            assert_event(poller, 1, true, false);
        }
        start_waiters(&waiter, 1, poller, NULL);
        pause_on(round);
        if (change >= MODIFIED) {
            error = fer_poller_modify(poller, mailbox->raw, reading(5), mode);
        } else if (change != BYTES) {
            error = fer_poller_add(poller, mailbox->raw, reading(5), mode);
        }
        if (change < ADDED_READY) {
            mailbox_send(mailbox);
        }
        join_waiters(&waiter, 1);
        assert_ok(error);
        assert_one_event(&waiter, 5, true, false);
        mailbox_drain(mailbox);
        assert_ok(fer_poller_delete(poller, mailbox->raw));
    }
}

POLLER_TEST("P4", a_socket_that_is_deleted_during_a_wait_does_not_end_it)
{
    for (int round = 0; round < 12; round++) {
        struct mailbox *mailbox = test_mailbox();
        struct waiter waiter;
        atomic_uint returned;
        atomic_init(&returned, 0u);
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(1),
                                 round % 4 < 2 ? FER_POLL_LEVEL : FER_POLL_ONESHOT));
        start_waiters(&waiter, 1, poller, &returned);
        pause_on(round);
        fer_error error = fer_poller_delete(poller, mailbox->raw);
        mailbox_send(mailbox);
        peer_pause(PAUSE_MS);
        bool still_waiting = atomic_load(&returned) == 0;
        fer_error notified = fer_poller_notify(poller);
        join_waiters(&waiter, 1);
        assert_ok(error);
        assert_ok(notified);
        assert_true(still_waiting);
        assert_int_equal(waiter.count, 0);
    }
}

MAILBOX_TEST("P7", a_level_socket_wakes_the_wait_of_each_thread)
{
    struct waiter waiters[WAITERS];
    mailbox_send(mailbox);
    for (int round = 0; round < 5; round++) {
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
        start_waiters(waiters, WAITERS, poller, NULL);
        join_waiters(waiters, WAITERS);
        for (size_t i = 0; i < WAITERS; i++) {
            assert_one_event(&waiters[i], 1, true, false);
        }
        assert_ok(fer_poller_delete(poller, mailbox->raw));
    }
}

/* ---- P8 */

static void expect_one_wait_for_each_event(fer_poll_mode mode)
{
    fer_poller *poller = test_poller();
    struct mailbox *mailbox = test_mailbox();
    assert_ok(fer_poller_add(poller, mailbox->raw, no_interest(1), mode));
    for (int round = 0; round < 6; round++) {
        struct waiter waiters[WAITERS];
        atomic_uint returned;
        unsigned one_each = 0;
        atomic_init(&returned, 0u);
        start_waiters(waiters, WAITERS, poller, &returned);
        for (unsigned i = 1; i <= WAITERS; i++) {
            pause_on(round);
            fer_error error = fer_poller_modify(poller, mailbox->raw, reading(i), mode);
            if (i == 1) {
                mailbox_send(mailbox);
            }
            bool ended = await_returned(&returned, i) && error.kind == FER_OK;
            peer_pause(5);
            one_each += ended && atomic_load(&returned) == i;
        }
        join_waiters(waiters, WAITERS);
        assert_int_equal(one_each, WAITERS);
        uint64_t keys = 0;
        for (size_t i = 0; i < WAITERS; i++) {
            assert_int_equal(waiters[i].count, 1);
            assert_int_not_equal(waiters[i].events[0].interest & FER_READABLE, 0);
            assert_false(waiters[i].notified);
            keys |= UINT64_C(1) << waiters[i].events[0].key;
        }
        assert_int_equal(keys, (UINT64_C(1) << (WAITERS + 1)) - 2);
        mailbox_drain(mailbox);
        assert_no_event(poller);
    }
}

/* "Several threads may wait at once. An event of a FER_POLL_ONESHOT socket goes to one of them." */
POLLER_RULE_TEST("P8", a_oneshot_event_ends_one_of_many_waits)
{
    expect_one_wait_for_each_event(FER_POLL_ONESHOT);
}

POLLER_RULE_TEST("P8", an_edge_oneshot_event_ends_one_of_many_waits)
{
    skip_without_edges();
    expect_one_wait_for_each_event(FER_POLL_EDGE_ONESHOT);
}

RULE_TESTS("poller_waiting")
