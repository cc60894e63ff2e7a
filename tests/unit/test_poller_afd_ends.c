/* test_poller_afd_ends.c: the poller over AFD when requests fail, sockets are closed and their
 * numbers reused at every point, with many threads, and the end of a poller. */
#include "unit/afd_fixture.h"

#include <stdatomic.h>

#include "support/thread.h"

static const fer_error broken = {FER_OTHER, 1};
static const fer_error healthy = {FER_OK, 0};

/* ---- Failures */

/* Counts the events of keys 1 and 2 in this many waits for one event. */
static void count_events(int waits, int counts[3])
{
    counts[1] = 0;
    counts[2] = 0;
    for (int i = 0; i < waits; i++) {
        fer_event event = {0};
        size_t count = 0;
        assert_ok(fer_poller_wait(&poller, limit, &event, 1, &count, NULL));
        assert_true(count == 1 && (event.key == 1 || event.key == 2));
        assert_true(event.key != 1 || event.interest == (FER_READABLE | FER_WRITABLE));
        counts[event.key]++;
    }
}

/* A request that does not begin, or completes with a failure: it is the socket's event, and the
 * other socket is reported as often. */
AFD_TEST(a_failing_source_is_reported_and_stops_no_other)
{
    for (int completes = 0; completes < 2; completes++) {
        int counts[3];
        size_t bad = open_and_add(1, FER_POLL_LEVEL);
        size_t good = open_and_add(2, FER_POLL_LEVEL);
        fake_set_failure(number_of(bad), broken, completes == 1);
        fake_set_ready(number_of(good), READ);
        modify(bad, writing(1), FER_POLL_LEVEL);
        count_events(20, counts);
        assert_true(counts[1] >= 9 && counts[2] >= 9);
        fake_set_failure(number_of(bad), healthy, false);
        count_events(5, counts);
        assert_true(counts[2] >= 3 && counts[1] <= 2);
        modify(bad, reading(1), FER_POLL_ONESHOT);
        assert_ok(fer_poller_delete(&poller, raw_of(good)));
        fake_set_failure(number_of(bad), broken, completes == 1);
        modify(bad, writing(1), FER_POLL_ONESHOT);
        expect(1, true, true);
        expect_none();
        assert_ok(fer_poller_delete(&poller, raw_of(bad)));
    }
}

AFD_TEST(an_add_that_fails_changes_nothing)
{
    size_t i = open_socket();
    fake_set_failure(number_of(i), broken, false);
    assert_kind(fer_poller_add(&poller, raw_of(i), reading(1), FER_POLL_LEVEL), FER_OTHER);
    assert_kind(fer_poller_delete(&poller, raw_of(i)), FER_NOT_FOUND);
    expect_none();
    fake_set_failure(number_of(i), healthy, false);
    for (int needed = 0;; needed++) {
        allowed = needed;
        fer_error err = fer_poller_add(&poller, raw_of(i), reading(1), FER_POLL_LEVEL);
        if (err.kind == FER_OK) {
            break;
        }
        assert_kind(err, FER_OUT_OF_MEMORY);
        assert_kind(fer_poller_delete(&poller, raw_of(i)), FER_NOT_FOUND);
    }
    allowed = INT16_MAX;
    fake_set_ready(number_of(i), READ);
    expect(1, true, false);
}

/* ---- Closes, at every point */

enum point {
    PENDING_REQUEST,
    COMPLETED_REQUEST,
    REPORTED_LEVEL,
    REPORTED_ONESHOT,
    LATE_CANCEL,
    LOST_REQUEST,
    FAILED_REQUEST,
    DELETED,
    POINT_COUNT
};

/* Registers a socket with key 1 and leaves its request at this point. */
static size_t open_at(enum point point)
{
    size_t i = open_and_add(1, point == REPORTED_ONESHOT ? FER_POLL_ONESHOT : FER_POLL_LEVEL);
    SOCKET number = number_of(i);
    switch (point) {
    case PENDING_REQUEST: expect_none_for(0); break;
    case COMPLETED_REQUEST: fake_set_ready(number, READ); break;
    case REPORTED_LEVEL:
    case REPORTED_ONESHOT:
        fake_set_ready(number, READ);
        expect(1, true, false);
        break;
    case LATE_CANCEL:
        fake_set_fault(number, FAKE_DELAYS_CANCELS);
        modify(i, writing(1), FER_POLL_LEVEL);
        expect_none_for(0);
        break;
    case LOST_REQUEST: fake_set_fault(number, FAKE_LOSES_REQUESTS); break;
    case FAILED_REQUEST:
        fake_set_failure(number, broken, false);
        modify(i, writing(1), FER_POLL_LEVEL);
        expect(1, true, true);
        break;
    case DELETED:
        fake_set_fault(number, FAKE_DELAYS_CANCELS);
        assert_ok(fer_poller_delete(&poller, raw_of(i)));
        break;
    case POINT_COUNT: break;
    }
    return i;
}

/* P4: a socket that this library closed is reported no more, whatever its request was. The new
 * socket of its number is reported only after it is added. */
AFD_TEST(a_close_at_any_point_ends_the_old_key)
{
    for (enum point point = PENDING_REQUEST; point < POINT_COUNT; point++) {
        size_t old = open_at(point);
        SOCKET number = number_of(old);
        close_socket(old);
        if (point % 2 == 0) {
            expect_none();
        }
        size_t new = open_with_number(number);
        fake_set_ready(number, READ);
        expect_none();
        assert_kind(fer_poller_modify(&poller, raw_of(new), reading(3), FER_POLL_LEVEL),
                    FER_NOT_FOUND);
        add(new, reading(2), FER_POLL_LEVEL);
        assert_kind(fer_poller_add(&poller, raw_of(new), reading(4), FER_POLL_LEVEL),
                    FER_ALREADY_EXISTS);
        fake_deliver(number);
        expect(2, true, false);
        expect(2, true, false);
        assert_ok(fer_poller_delete(&poller, raw_of(new)));
        expect_none();
    }
}

/* The same if no wait takes the old packets before the add: they are of the old socket. */
AFD_TEST(old_packets_are_not_of_the_new_socket)
{
    for (enum point point = PENDING_REQUEST; point < POINT_COUNT; point++) {
        size_t old = open_at(point);
        SOCKET number = number_of(old);
        close_socket(old);
        size_t new = open_with_number(number);
        add(new, reading(2), FER_POLL_LEVEL);
        expect_none();
        fake_deliver(number);
        expect_none();
        fake_set_ready(number, READ);
        expect(2, true, false);
        assert_ok(fer_poller_delete(&poller, raw_of(new)));
    }
}

/* If other code closes it, the old key may be returned once more, and its number can be added. */
AFD_TEST(a_close_behind_the_library_at_any_point_corrupts_nothing)
{
    for (enum point point = PENDING_REQUEST; point < POINT_COUNT; point++) {
        size_t old = open_at(point);
        SOCKET number = number_of(old);
        fer_event event = {0};
        size_t count = 0;
        close_behind(old);
        fake_deliver(number);
        assert_ok(fer_poller_wait(&poller, (fer_duration){0}, &event, 1, &count, NULL));
        assert_true(count == 0 || event.key == 1);
        expect_none();
        size_t new = open_with_number(number);
        add(new, reading(2), FER_POLL_LEVEL);
        fake_set_ready(number, READ);
        expect(2, true, false);
        expect(2, true, false);
        assert_ok(fer_poller_delete(&poller, raw_of(new)));
        expect_none();
    }
}

/* ---- The end of a poller */

AFD_TEST(a_poller_ends_with_a_request_at_any_point)
{
    for (enum point point = PENDING_REQUEST; point < POINT_COUNT; point++) {
        size_t i = open_at(point);
        int lost = point == LATE_CANCEL || point == LOST_REQUEST || point == DELETED;
        fer_poller_close(&poller);
        assert_int_equal(blocks, lost);
        assert_int_equal(fake_violations(), 0);
        close_socket(i);
        (void)begin(NULL);
    }
}

/* ---- Threads */

enum { WATCHED = 8, WAITERS = 3, ROUNDS = 300 };

static atomic_uint reported[WATCHED];
static atomic_uint failures;
static atomic_bool is_over;

static void check(fer_error err)
{
    atomic_fetch_add(&failures, err.kind == FER_OK ? 0u : 1u);
}

/* One-shot: each event makes its socket unready and arms it again. */
static void wait_and_arm(void *argument)
{
    while (!atomic_load(&is_over)) {
        fer_event event = {0};
        size_t count = 0;
        check(fer_poller_wait(&poller, limit, &event, 1, &count, NULL));
        if (count == 0) {
            break;
        }
        size_t i = (size_t)event.key;
        fake_set_ready(number_of(i), 0);
        atomic_fetch_add(&reported[i], 1u);
        bool reads = atomic_load(&reported[i]) % 2 == 0;
        check(fer_poller_modify(
            &poller, raw_of(i),
            (fer_event){.key = i, .interest = reads ? FER_READABLE : FER_WRITABLE},
            FER_POLL_ONESHOT));
    }
    check(fer_poller_notify(&poller));
}

/* Makes each socket ready, under changing faults, until it is reported. Its number of events may
 * grow by one more, by a hint. */
AFD_TEST(no_event_is_lost_among_threads)
{
    static const fake_fault faults[] = {FAKE_NONE, FAKE_LOSES_COMPLETIONS, FAKE_NONE,
                                        FAKE_LOSES_REQUESTS};
    test_thread threads[WAITERS];
    atomic_store(&is_over, false);
    atomic_store(&failures, 0u);
    for (size_t i = 0; i < WATCHED; i++) {
        atomic_store(&reported[i], 0u);
        (void)open_and_add(i, FER_POLL_ONESHOT);
    }
    for (size_t t = 0; t < WAITERS; t++) {
        test_thread_start(&threads[t], wait_and_arm, NULL);
    }
    bool all_came = true;
    for (unsigned round = 0; round < ROUNDS && all_came; round++) {
        size_t i = round % WATCHED;
        unsigned before = atomic_load(&reported[i]);
        fake_set_fault(number_of(i), faults[round % 61 == 0 ? round / 61 % 4 : 0]);
        fake_set_ready(number_of(i), READ | WRITE);
        ULONGLONG since = GetTickCount64();
        while (atomic_load(&reported[i]) == before && all_came) {
            all_came = GetTickCount64() - since < 20000;
            test_thread_yield();
        }
    }
    atomic_store(&is_over, true);
    assert_ok(fer_poller_notify(&poller));
    for (size_t t = 0; t < WAITERS; t++) {
        test_thread_join(&threads[t]);
    }
    assert_true(all_came);
    assert_int_equal(atomic_load(&failures), 0);
    for (size_t i = 0; i < WATCHED; i++) {
        fake_deliver(number_of(i));
    }
    expect_none();
}

TEST_MAIN("poller_afd_ends")
