/* test_platform_wait.c: the seam on this host: waits, deadlines, wakeups from another thread. */
#include "support/seam.h"

/* A unit test is a single source file, so it includes the helper. */
#include "support/thread.c"

#include <stdatomic.h>

#define MILLI UINT64_C(1000000)

/* ---- Deadlines */

/* Returns whether a wait of this length expires. An expiry is TIMED_OUT without a code, never
 * before the deadline. */
static bool expires(fer_raw_socket raw, ferp_readiness readiness, uint64_t nanos)
{
    ferp_wait wait;
    assert_ok(ferp_wait_arm(&wait, raw, readiness));
    uint64_t deadline = ferp_now() + nanos;
    fer_error err = ferp_wait_for(&wait, deadline);
    if (err.kind == FER_OK) {
        return false;
    }
    assert_kind(err, FER_TIMED_OUT);
    assert_int_equal(err.os_code, 0);
    assert_true(ferp_now() >= deadline);
    return true;
}

TEST(a_wait_expires_at_its_deadline_and_not_before)
{
    struct seam_pair pair = seam_open();
    const uint64_t nanos[] = {0, 1, 999999, MILLI, 3 * MILLI + 1, 40 * MILLI};
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        assert_true(expires(pair.client, FERP_READABLE, nanos[i]));
        assert_true(expires(pair.listener, FERP_ACCEPTABLE, nanos[i]));
    }
    seam_close(&pair);
}

/* The grain of Windows' clock can be 16 ms. */
TEST(a_pause_lasts_until_its_time)
{
    const uint64_t nanos[] = {0, 1, MILLI, 40 * MILLI};
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        uint64_t until = ferp_now() + nanos[i];
        ferp_pause(until);
        assert_true(ferp_now() + 16 * MILLI >= until);
    }
    uint64_t before = ferp_now();
    ferp_pause(before - 1);
    ferp_pause(0);
    assert_true(ferp_now() < before + 10000 * MILLI);
}

TEST(a_deadline_that_has_passed_still_checks_once)
{
    struct seam_pair pair = seam_open();
    seam_send(pair.server, "x");
    seam_await(pair.client, FERP_READABLE);
    assert_ok(seam_check_ready(pair.client, FERP_READABLE));
    assert_ok(seam_check_ready(pair.client, FERP_WRITABLE));
    seam_expect(pair.client, "x");
    assert_kind(seam_check_ready(pair.client, FERP_READABLE), FER_TIMED_OUT);
    seam_close(&pair);
}

TEST(a_wait_without_deadline_ends_when_ready)
{
    struct seam_pair pair = seam_open();
    ferp_wait wait;
    seam_send(pair.server, "x");
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
    assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE));
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_WRITABLE));
    assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE));
    /* A finite deadline whose milliseconds do not fit an int. */
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
    assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE - 1));
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_WRITABLE));
    assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE - 1));
    seam_close(&pair);
}

/* ---- Readiness */

TEST(a_reset_that_arrives_while_waiting_ends_the_wait)
{
    for (int i = 0; i < 20; i++) {
        struct seam_pair pair = seam_open();
        ferp_wait wait;
        char byte;
        size_t moved = 0;
        assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
        assert_ok(ferp_set_linger(pair.server, (struct ferp_linger){true, 0}));
        ferp_close(pair.server);
        /* The wait itself may be the only call that reports the reset. Otherwise the next receive
         * reports it. */
        assert_ok(ferp_wait_for(&wait, seam_deadline()));
        fer_error error = wait.failure;
        if (error.kind == FER_OK) {
            error = ferp_recv(pair.client, &byte, 1, 0, &moved);
        }
        assert_kind(error, FER_CONNECTION_RESET);
        ferp_close(pair.client);
        ferp_close(pair.listener);
    }
}

/* ---- Arming */

TEST(disarming_leaves_the_stream_whole)
{
    struct seam_pair pair = seam_open();
    ferp_wait wait;
    for (int i = 0; i < 100; i++) {
        assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
        ferp_wait_disarm(&wait);
    }
    seam_send(pair.server, "all here");
    seam_await(pair.client, FERP_READABLE);
    for (int i = 0; i < 100; i++) {
        assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
        ferp_wait_disarm(&wait);
    }
    seam_expect(pair.client, "all here");
    seam_close(&pair);
}

TEST(two_waits_on_one_socket_end_each)
{
    struct seam_pair pair = seam_open();
    ferp_wait first;
    ferp_wait second;
    assert_ok(ferp_wait_arm(&first, pair.client, FERP_READABLE));
    assert_ok(ferp_wait_arm(&second, pair.client, FERP_READABLE));
    assert_kind(ferp_wait_for(&first, 0), FER_TIMED_OUT);
    /* The end of one wait leaves the other armed or causes a spurious wakeup. Both are hints. */
    seam_send(pair.server, "x");
    assert_ok(ferp_wait_for(&second, seam_deadline()));
    seam_expect(pair.client, "x");
    seam_close(&pair);
}

/* ---- Waking */

struct waker {
    fer_raw_socket raw;
    atomic_bool is_armed;
    atomic_bool has_woken;
};

static void shut_if_that_wakes(fer_raw_socket raw)
{
    if (ferp_traits()->io_waits_in_kernel) {
        (void)ferp_shutdown(raw, FER_SHUTDOWN_READ);
    }
}

/* Ends a read wait, by a shutdown or by a wake. */
static void end_reading(fer_raw_socket raw)
{
    shut_if_that_wakes(raw);
    ferp_wake(raw);
}

static void end_reading_when_armed(void *argument)
{
    struct waker *waker = argument;
    while (!atomic_load(&waker->is_armed)) {
        test_thread_yield();
    }
    end_reading(waker->raw);
    atomic_store(&waker->has_woken, true);
}

TEST(a_wake_between_arm_and_wait_is_not_lost)
{
    for (int i = 0; i < 50; i++) {
        struct seam_pair pair = seam_open();
        ferp_wait wait;
        assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
        end_reading(pair.client);
        assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE));
        seam_close(&pair);
    }
}

/* Waits on raw without a deadline while another thread wakes through waker_raw. A slice may expire
 * before the other thread runs. */
static void check_woken(fer_raw_socket raw, fer_raw_socket waker_raw)
{
    struct waker waker;
    test_thread thread;
    ferp_wait wait;
    waker.raw = waker_raw;
    atomic_init(&waker.is_armed, false);
    atomic_init(&waker.has_woken, false);
    test_thread_start(&thread, end_reading_when_armed, &waker);
    fer_error error;
    do {
        assert_ok(ferp_wait_arm(&wait, raw, FERP_READABLE));
        atomic_store(&waker.is_armed, true);
        error = ferp_wait_for(&wait, FERP_NO_DEADLINE);
    } while (error.kind == FER_TIMED_OUT && !atomic_load(&waker.has_woken));
    test_thread_join(&thread);
    if (error.kind == FER_TIMED_OUT) {
        /* the wake came between two slices */
        assert_ok(ferp_wait_arm(&wait, raw, FERP_READABLE));
        end_reading(waker_raw);
        error = ferp_wait_for(&wait, FERP_NO_DEADLINE);
    }
    assert_ok(error);
}

TEST(another_thread_wakes_a_wait_to_read_through_its_socket_or_a_duplicate)
{
    for (int i = 0; i < 200; i++) {
        struct seam_pair pair = seam_open();
        fer_raw_socket twin = FER_RAW_SOCKET_NONE;
        assert_ok(ferp_duplicate(pair.client, &twin));
        check_woken(pair.client, i % 2 == 0 ? pair.client : twin);
        ferp_close(twin);
        seam_close(&pair);
    }
}

/* A wakeup during a transfer loses no byte: the reader checks again and continues. */
struct wake_loop {
    fer_raw_socket raw;
    atomic_bool is_over;
};

static void wake_repeatedly(void *argument)
{
    struct wake_loop *wake_loop = argument;
    while (!atomic_load(&wake_loop->is_over)) {
        ferp_wake(wake_loop->raw);
        test_thread_yield();
    }
}

TEST(wakes_lose_no_bytes)
{
    struct seam_pair pair = seam_open();
    struct wake_loop wake_loop;
    test_thread thread;
    wake_loop.raw = pair.client;
    atomic_init(&wake_loop.is_over, false);
    test_thread_start(&thread, wake_repeatedly, &wake_loop);
    assert_ok(ferp_set_nonblocking(pair.client, true));
    for (int i = 0; i < 300; i++) {
        unsigned char want = (unsigned char)i;
        unsigned char got = 0;
        size_t moved = 0;
        assert_ok(ferp_send(pair.server, &want, 1, 0, &moved));
        fer_error err = {FER_WOULD_BLOCK, 0};
        while (err.kind == FER_WOULD_BLOCK) {
            seam_await(pair.client, FERP_READABLE);
            err = ferp_recv(pair.client, &got, 1, 0, &moved);
        }
        assert_ok(err);
        assert_int_equal(moved, 1);
        assert_int_equal(got, want);
    }
    atomic_store(&wake_loop.is_over, true);
    test_thread_join(&thread);
    seam_close(&pair);
}

TEST_MAIN("platform_wait")
