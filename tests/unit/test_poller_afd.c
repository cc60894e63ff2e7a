/* test_poller_afd.c: the poller over AFD with a fake driver (fake_afd.c) that loses requests, fails
 * and delays cancels, with calls of other threads during a wait, sockets that are closed and whose
 * numbers are reused at every point, and the end of a poller: each socket has at most one request,
 * and no event is lost. Single orders of packets: test_scripted_poller.c. */
#include "platform/winsock/afd_sources.h"

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

#include <stdatomic.h>

#include "ferrule.h"
#include "support/group.h"
#include "support/thread.h"
#include "unit/fake_afd.c"
#include "unit/limited_memory.h" /* the poller allocates inside its lock */

/* ---- Datagram sockets, which are closed after the test, and a poller */

enum { SOCKETS = 100, PERIOD_MILLIS = 20 };

/* The limit of a wait that must end with an event. */
static const fer_duration limit = {UINT64_C(20000000000)};

#define READ FERP_AFD_RECEIVE
#define WRITE FERP_AFD_SEND

#define assert_kind(call, expected) assert_int_equal((call).kind, (expected))
#define assert_ok(call) assert_kind(call, FER_OK)

static fer_poller poller;
static fer_udp_socket sockets[SOCKETS];
static size_t socket_count;

/* ---- Sockets */

static fer_event reading(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_READABLE};
}

static fer_event writing(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_WRITABLE};
}

static fer_raw_socket raw_of(size_t i)
{
    return fer_udp_socket_as_raw(&sockets[i]);
}

static SOCKET number_of(size_t i)
{
    return ferp_winsock_socket(raw_of(i));
}

static size_t open_socket(void)
{
    fer_ipv4_addr ip = fer_ipv4_addr_new(127, 0, 0, 1);
    fer_socket_addr addr = fer_socket_addr_v4_new(ip, 0);
    assert_true(socket_count < SOCKETS);
    size_t i = socket_count++;
    sockets[i] = (fer_udp_socket){0};
    assert_ok(fer_udp_socket_bind_addr(&sockets[i], &addr));
    fake_open(number_of(i));
    return i;
}

static void close_socket(size_t i)
{
    SOCKET number = number_of(i);
    fer_udp_socket_close(&sockets[i]);
    fake_close(number);
}

/* Closes it as other code does, which this library does not see. */
static void close_behind(size_t i)
{
    SOCKET number = ferp_winsock_socket(fer_udp_socket_into_raw(&sockets[i]));
    assert_int_equal(closesocket(number), 0);
    fake_close(number);
}

/* Opens sockets until one has the number. */
static size_t open_with_number(SOCKET number)
{
    for (int tries = 0; tries < 20; tries++) {
        size_t i = open_socket();
        if (number_of(i) == number) {
            return i;
        }
    }
    print_message("[  REASON  ] this OS has not reused the closed socket's number yet\n");
    skip();
    return 0;
}

static void add(size_t i, fer_event interest, fer_poll_mode mode)
{
    assert_ok(fer_poller_add(&poller, raw_of(i), interest, mode));
}

static void modify(size_t i, fer_event interest, fer_poll_mode mode)
{
    assert_ok(fer_poller_modify(&poller, raw_of(i), interest, mode));
}

static size_t open_and_add(uint64_t key, fer_poll_mode mode)
{
    size_t i = open_socket();
    add(i, reading(key), mode);
    return i;
}

/* ---- Waits */

static void expect(uint64_t key, bool readable, bool writable)
{
    fer_event event = {0};
    size_t count = 0;
    assert_ok(fer_poller_wait(&poller, limit, &event, 1, &count, NULL));
    assert_int_equal(count, 1);
    assert_int_equal(event.key, key);
    assert_true(((event.interest & FER_READABLE) != 0) == readable);
    assert_true(((event.interest & FER_WRITABLE) != 0) == writable);
}

static void expect_none_for(uint32_t periods)
{
    fer_event event = {0};
    size_t count = 1;
    fer_duration time = {(uint64_t)periods * PERIOD_MILLIS * 1000000};
    assert_ok(fer_poller_wait(&poller, time, &event, 1, &count, NULL));
    assert_int_equal(count, 0);
}

static void expect_none(void)
{
    expect_none_for(0);
    expect_none_for(2);
}

/* ---- Setup */

static int begin(void **state)
{
    fake_begin();
    socket_count = 0;
    (void)memory_begin(state);
    poller = (fer_poller){0};
    assert_ok(fer_poller_new(&poller));
    ((ferp_afd_poller *)poller.p_.system_[0])->period_millis = PERIOD_MILLIS;
    return 0;
}

static int end(void **state)
{
    fer_poller_close(&poller);
    while (socket_count > 0) {
        fer_udp_socket_close(&sockets[--socket_count]);
    }
    return fake_violations() == 0 ? memory_end(state) : -1;
}

#define AFD_TEST(function) TEST_WITH(function, begin, end)

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

static const fer_error broken = {FER_OTHER, 1};
static const fer_error healthy = {FER_OK, 0};

/* ---- Failures */

AFD_TEST(an_add_that_fails_changes_nothing)
{
    size_t i = open_socket();
    fake_set_failure(number_of(i), broken);
    assert_kind(fer_poller_add(&poller, raw_of(i), reading(1), FER_POLL_LEVEL), FER_OTHER);
    assert_kind(fer_poller_delete(&poller, raw_of(i)), FER_NOT_FOUND);
    expect_none();
    fake_set_failure(number_of(i), healthy);
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
        fake_set_failure(number, broken);
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

/* P4: a socket that this library closed is events_of no more, whatever its request was. The new
 * socket of its number is events_of only after it is added. */
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

static atomic_uint events_of[WATCHED];
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
        atomic_fetch_add(&events_of[i], 1u);
        bool reads = atomic_load(&events_of[i]) % 2 == 0;
        check(fer_poller_modify(
            &poller, raw_of(i),
            (fer_event){.key = i, .interest = reads ? FER_READABLE : FER_WRITABLE},
            FER_POLL_ONESHOT));
    }
    check(fer_poller_notify(&poller));
}

/* Makes each socket ready, under changing faults, until it is events_of. Its number of events may
 * grow by one more, by a hint. */
AFD_TEST(no_event_is_lost_among_threads)
{
    static const fake_fault faults[] = {FAKE_NONE, FAKE_LOSES_COMPLETIONS, FAKE_NONE,
                                        FAKE_LOSES_REQUESTS};
    test_thread threads[WAITERS];
    atomic_store(&is_over, false);
    atomic_store(&failures, 0u);
    for (size_t i = 0; i < WATCHED; i++) {
        atomic_store(&events_of[i], 0u);
        (void)open_and_add(i, FER_POLL_ONESHOT);
    }
    for (size_t t = 0; t < WAITERS; t++) {
        test_thread_start(&threads[t], wait_and_arm, NULL);
    }
    bool all_came = true;
    for (unsigned round = 0; round < ROUNDS && all_came; round++) {
        size_t i = round % WATCHED;
        unsigned before = atomic_load(&events_of[i]);
        fake_set_fault(number_of(i), faults[round % 61 == 0 ? round / 61 % 4 : 0]);
        fake_set_ready(number_of(i), READ | WRITE);
        ULONGLONG since = GetTickCount64();
        while (atomic_load(&events_of[i]) == before && all_came) {
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

TEST_MAIN("poller_afd")
