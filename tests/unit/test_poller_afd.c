/* test_poller_afd.c: the poller over AFD with a driver that loses requests, and with calls of other
 * threads during a wait: each socket has at most one request, and no event is lost. Single orders
 * of packets: test_scripted_poller.c. */
#include "platform/winsock/poller.h"

/* What another thread does at one of the two points of a wait at which the lock is free: before the
 * system's wait, and between that and the handling of its packets. */
static void (*before_packets)(void);
static void (*after_packets)(void);

static void run_once(void (**other_thread)(void))
{
    void (*run)(void) = *other_thread;
    *other_thread = NULL;
    if (run != NULL) {
        run();
    }
}

static BOOL wait_of_system(HANDLE port, OVERLAPPED_ENTRY *packets, ULONG room, ULONG *found,
                           DWORD millis, BOOL is_alertable)
{
    run_once(&before_packets);
    BOOL has_found = GetQueuedCompletionStatusEx(port, packets, room, found, millis, is_alertable);
    DWORD code = GetLastError();
    run_once(&after_packets);
    SetLastError(code);
    return has_found;
}

#define GetQueuedCompletionStatusEx(port, packets, room, found, millis, is_alertable) \
    wait_of_system(port, packets, room, found, millis, is_alertable)
#include "platform/winsock/poller_afd.c"
#undef GetQueuedCompletionStatusEx

#include "unit/afd_fixture.h"

/* ---- One request */

AFD_TEST(a_socket_has_one_request_after_each_sequence_of_calls)
{
    for (int step = 0; step < 60; step++) {
        fer_poll_mode mode = step % 2 == 0 ? FER_POLL_LEVEL : FER_POLL_ONESHOT;
        size_t i = step == 0 ? open_socket() : 0;
        fake_set_ready(number_of(i), step % 3 == 0 ? READ : 0);
        add(i, reading(1), mode);
        if (step % 5 != 0) {
            modify(i, writing(2), mode);
            fake_set_ready(number_of(i), WRITE);
            expect(2, false, true);
            modify(i, reading(3), mode);
        }
        if (step % 7 != 0) {
            fake_set_ready(number_of(i), READ);
            expect(step % 5 != 0 ? 3 : 1, true, false);
        }
        assert_ok(fer_poller_delete(&poller, raw_of(i)));
    }
    assert_int_equal(fake_violations(), 0);
}

/* ---- Each pair of calls of another thread, before and after the system's wait: the lock is free
 * only around it, so these are all points at which another thread can come between. */

enum { KEYS = 8 };

static size_t changed;
static unsigned reported[KEYS];
static uint64_t last_key;

static void count_event(const fer_event *event, size_t count)
{
    if (count > 0) {
        assert_true(event->key < KEYS);
        reported[event->key]++;
    }
}

static void modify_to_reading(void)
{
    modify(changed, reading(++last_key), FER_POLL_ONESHOT);
}

static void modify_to_writing(void)
{
    modify(changed, writing(++last_key), FER_POLL_ONESHOT);
}

static void register_again(void)
{
    assert_ok(fer_poller_delete(&poller, raw_of(changed)));
    add(changed, reading(++last_key), FER_POLL_ONESHOT);
}

static void poll_once(void)
{
    fer_event event = {0};
    size_t count = 0;
    assert_ok(fer_poller_wait(&poller, (fer_duration){0}, &event, 1, &count, NULL));
    count_event(&event, count);
}

static void poll_all(void)
{
    unsigned before = 0;
    for (unsigned sum = 1; sum != before;) {
        before = sum;
        poll_once();
        sum = 1;
        for (size_t key = 0; key < KEYS; key++) {
            sum += reported[key];
        }
    }
}

AFD_TEST(no_call_during_a_wait_loses_an_event)
{
    static void (*const calls[])(void) = {NULL, modify_to_reading, modify_to_writing,
                                          register_again, poll_once};
    enum { CALLS = sizeof calls / sizeof *calls };
    for (size_t pair = 0; pair < (size_t)CALLS * CALLS * 2; pair++) {
        fer_event event = {0};
        size_t count = 0;
        bool notified = false;
        memset(reported, 0, sizeof reported);
        last_key = 1;
        changed = pair == 0 ? open_socket() : changed;
        fake_set_ready(number_of(changed), pair % 2 == 0 ? READ | WRITE : 0);
        add(changed, reading(1), FER_POLL_ONESHOT);
        before_packets = calls[pair / 2 % CALLS];
        after_packets = calls[pair / 2 / CALLS];
        assert_ok(
            ferp_poller_wait(&poller, &event, 1, fer_duration_from_millis(1), &count, &notified));
        count_event(&event, count);
        fake_set_ready(number_of(changed), READ | WRITE);
        poll_all();
        assert_true(reported[last_key] == 1);
        for (uint64_t key = 0; key < last_key; key++) {
            assert_true(reported[key] <= 1);
        }
        assert_ok(fer_poller_delete(&poller, raw_of(changed)));
        expect_none_for(0);
    }
}

/* ---- Lost completions */

/* Other sources keep the poller busy, so no wait ends without packets. */
AFD_TEST(a_lost_completion_is_found_beside_a_busy_socket)
{
    size_t busy = open_and_add(1, FER_POLL_LEVEL);
    size_t i = open_and_add(2, FER_POLL_ONESHOT);
    fake_set_fault(number_of(i), FAKE_LOSES_COMPLETIONS);
    fake_set_ready(number_of(busy), READ);
    fake_set_ready(number_of(i), READ);
    fer_event event = {0};
    size_t count = 0;
    ULONGLONG since = GetTickCount64();
    while (event.key != 2 && GetTickCount64() - since < 20000) {
        assert_ok(fer_poller_wait(&poller, limit, &event, 1, &count, NULL));
        assert_int_equal(count, 1);
    }
    assert_int_equal(event.key, 2);
}

/* The number of sources of a handle of the driver, which limits it. */
AFD_TEST(a_deleted_source_leaves_its_group)
{
    const ferp_afd_poller *afd = (const ferp_afd_poller *)poller.p_.system_[0];
    size_t i = open_and_add(1, FER_POLL_LEVEL);
    assert_int_equal(afd->groups->count, 1);
    assert_ok(fer_poller_delete(&poller, raw_of(i)));
    expect_none();
    assert_int_equal(afd->groups->count, 0);
}

/* A deleted source whose packet never comes, and a new registration of its number. */
AFD_TEST(a_number_outlives_a_lost_request)
{
    size_t i = open_and_add(1, FER_POLL_LEVEL);
    fake_set_fault(number_of(i), FAKE_LOSES_REQUESTS);
    assert_ok(fer_poller_delete(&poller, raw_of(i)));
    add(i, reading(2), FER_POLL_LEVEL);
    fake_set_ready(number_of(i), READ);
    expect(2, true, false);
    fake_deliver(number_of(i));
    expect(2, true, false);
}

/* Every source is examined again, and only a bounded number in each period. */
AFD_TEST(an_idle_wait_rearms_a_bounded_number)
{
    enum { IDLE = 80, PERIODS = 12, PER_PERIOD = IDLE / 32 + 16 };
    for (uint64_t key = 0; key < IDLE; key++) {
        (void)open_and_add(key, FER_POLL_LEVEL);
    }
    ULONGLONG since = GetTickCount64();
    expect_none_for(PERIODS);
    ULONGLONG periods = (GetTickCount64() - since) / PERIOD_MILLIS;
    assert_true((ULONGLONG)fake_cancels() <= PER_PERIOD * (periods + 1));
    for (size_t i = 0, passes = 0; i < IDLE; i++) {
        while (fake_begins(number_of(i)) == 1) {
            assert_true(++passes < 1000);
            expect_none_for(1);
        }
    }
}

TEST_MAIN("poller_afd")
