/* poller_threads.c: several threads on one poller (rules P6 and P8, and P4 to P7 for a wait that
 * has started). Each test is correct whether the wait or the other thread's call comes first, and
 * is repeated so that both happen. What a wait makes visible: interleave/notify.c and poller.c. */
#include <stdatomic.h>

#include "support/poller_fixture.h"
#include "support/thread.h"

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

RULE_TESTS("poller_threads")
