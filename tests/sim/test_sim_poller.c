/* test_sim_poller.c: a poller over the simulated network: faults, time, and notifications from
 * events. The dialects' differences are in test_sim_poller_dialects.c, and the rules for every
 * system in tests/conformance. */
#include "sim/sim_poller.h"

static fer_sim_report stopped(void)
{
    fer_sim_report report;
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    return report;
}

/* ---- Time */

WATCHER_TEST(a_wait_takes_just_as_long_as_the_network_does)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {7000000}, "late", 4},
                                         {FER_SIM_ACTION_ECHO, {0}, NULL, 0}};
    struct ends ends = {.peer = FER_SIM_PEER_NONE};
    fer_sim_peer server = serve_script(SERVER, steps, 2);
    assert_ok(fer_tcp_stream_connect(&ends.stream, SERVER));
    uint64_t begin = now_us();
    add_level(watcher, &ends.stream, 5, "r");
    wait_for(watcher, FER_DURATION_NONE);
    assert_event(watcher, 0, 5, "r");
    assert_true(now_us() - begin >= 7000 && now_us() - begin <= 8000);
    stream_reads(&ends.stream, "late");
    begin = fer_sim_now().nanos;
    wait_for(watcher, fer_duration_from_nanos(1234567));
    assert_int_equal(watcher->count, 0);
    assert_int_equal(fer_sim_now().nanos - begin, 1234567);
    fer_sim_peer_close(server);
    close_both(watcher, &ends);
}

WATCHER_PAIR_TEST(a_wait_that_only_checks_takes_a_microsecond)
{
    add_level(watcher, &ends->stream, 1, "r");
    uint64_t begin = now_us();
    nothing_comes(watcher);
    assert_int_equal(now_us() - begin, 1);
    peer_sends(ends->peer, "x");
    comes(watcher, 1, "r");
    assert_int_equal(now_us() - begin, 1);
}

WATCHER_PAIR_TEST(a_wait_without_end_for_no_event_is_a_deadlock)
{
    add_level(watcher, &ends->stream, 1, "r");
    watcher->count = 7;
    assert_kind_n(fer_poller_wait(&watcher->poller, FER_DURATION_NONE, watcher->events, CAP,
                                  &watcher->count, NULL),
                  FER_DEADLOCK, watcher->count, 0);
    peer_sends(ends->peer, "x");
    comes(watcher, 1, "r");
}

/* ---- Notifications from events */

static void notify(void *context)
{
    assert_ok(fer_poller_notify(context));
}

WATCHER_PAIR_TEST(an_event_may_notify_the_wait_that_it_happens_in)
{
    add_level(watcher, &ends->stream, 1, "r");
    assert_ok(fer_sim_after(millis(3), notify, &watcher->poller));
    uint64_t begin = now_ms();
    wait_for(watcher, FER_DURATION_NONE);
    assert_int_equal(watcher->count, 0);
    assert_int_equal(now_ms() - begin, 3);
    wait_for(watcher, millis(10));
    assert_int_equal(now_ms() - begin, 13);
}

/* A call that would wait fails inside an event. */
static void poll_and_wait(void *context)
{
    struct watcher *watcher = context;
    uint64_t begin = fer_sim_now().nanos;
    nothing_comes(watcher);
    assert_kind(
        fer_poller_wait(&watcher->poller, millis(1), watcher->events, CAP, &watcher->count, NULL),
        FER_DEADLOCK);
    assert_int_equal(fer_sim_now().nanos, begin);
}

WATCHER_TEST(time_stands_still_in_an_event)
{
    struct watcher inner = opened();
    assert_ok(fer_sim_after(millis(3), poll_and_wait, &inner));
    wait_for(watcher, millis(5));
    assert_int_equal(now_ms(), 5);
    fer_poller_close(&inner.poller);
}

/* ---- Faults */

SIM_TEST(an_interrupted_wait_continues_with_the_time_left)
{
    struct watcher watcher = opened();
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 1));
    wait_for(&watcher, millis(40));
    assert_int_equal(watcher.count, 0);
    assert_int_equal(now_ms(), 40);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, 1));
    nothing_comes(&watcher);
    fer_poller_close(&watcher.poller);
    assert_int_equal(stopped().faults[FER_SIM_FAULT_INTERRUPTED], 2);
}

SIM_TEST(a_wait_continues_after_a_spurious_wakeup)
{
    struct watcher watcher = opened();
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPURIOUS_READY, 1));
    wait_for(&watcher, millis(40));
    assert_int_equal(watcher.count, 0);
    assert_int_equal(now_ms(), 40);
    fer_poller_close(&watcher.poller);
    assert_int_equal(stopped().faults[FER_SIM_FAULT_SPURIOUS_READY], 1);
}

static void arm_false_readiness(void)
{
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPURIOUS_READY, 1));
}

SIM_TEST(false_readiness_is_of_a_requested_interest_that_is_not_ready)
{
    struct ends ends = connected();
    struct watcher watcher = opened();
    assert_ok(fer_tcp_stream_set_nonblocking(&ends.stream, true));
    add_level(&watcher, &ends.stream, 9, "r");
    arm_false_readiness();
    comes(&watcher, 9, "r");
    assert_kind(read_one(&ends.stream), FER_WOULD_BLOCK);
    assert_ok(
        fer_poller_modify(&watcher.poller, raw_of(&ends), interest_of(9, "rw"), FER_POLL_LEVEL));
    arm_false_readiness();
    wait_for(&watcher, FER_DURATION_NONE);
    assert_int_equal(watcher.count, 2);
    assert_event(&watcher, 0, 9, "w");
    assert_event(&watcher, 1, 9, "r");
    peer_sends(ends.peer, "x"); /* everything is ready: no chance */
    arm_false_readiness();
    comes(&watcher, 9, "rw");
    assert_int_equal(fer_sim_clear_faults(), 1);
    close_both(&watcher, &ends);
    assert_int_equal(stopped().faults[FER_SIM_FAULT_SPURIOUS_READY], 2);
}

/* A spurious event uses up a one-shot registration. Without a registration that can report one the
 * fault is a spurious wakeup, and the wait continues. */
SIM_TEST(false_readiness_needs_an_armed_registration)
{
    struct ends ends = connected();
    struct watcher watcher = opened();
    add(&watcher, raw_of(&ends), interest_of(9, "r"), FER_POLL_ONESHOT);
    arm_false_readiness();
    comes(&watcher, 9, "r");
    peer_sends(ends.peer, "x");
    nothing_comes(&watcher);
    arm_false_readiness();
    nothing_comes(&watcher);
    assert_ok(
        fer_poller_modify(&watcher.poller, raw_of(&ends), interest_of(9, "r"), FER_POLL_ONESHOT));
    comes(&watcher, 9, "r");
    assert_ok(fer_poller_delete(&watcher.poller, raw_of(&ends)));
    arm_false_readiness();
    nothing_comes(&watcher);
    close_both(&watcher, &ends);
    assert_int_equal(stopped().faults[FER_SIM_FAULT_SPURIOUS_READY], 3);
}

SIM_TEST(no_memory_changes_nothing)
{
    struct ends ends = connected();
    fer_poller poller = {0};
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, 1));
    assert_kind(fer_poller_new(&poller), FER_OUT_OF_MEMORY);
    struct watcher watcher = opened();
    for (uint64_t nth = 1; nth <= 2; nth++) { /* one for the registration, and one for the table */
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, nth));
        assert_kind(
            fer_poller_add(&watcher.poller, raw_of(&ends), interest_of(1, "w"), FER_POLL_LEVEL),
            FER_OUT_OF_MEMORY);
        assert_kind(fer_poller_delete(&watcher.poller, raw_of(&ends)), FER_NOT_FOUND);
        nothing_comes(&watcher);
    }
    add_level(&watcher, &ends.stream, 1, "w");
    comes(&watcher, 1, "w");
    close_both(&watcher, &ends);
    assert_int_equal(stopped().faults[FER_SIM_FAULT_NO_MEMORY], 3);
}

SIM_TEST(a_poller_takes_handles_too)
{
    fer_poller poller = {0};
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_TOO_MANY_HANDLES, 1));
    assert_kind(fer_poller_new(&poller), FER_TOO_MANY_OPEN_FILES);
    assert_ok(fer_poller_new(&poller));
    fer_poller_close(&poller);
    assert_int_equal(stopped().faults[FER_SIM_FAULT_TOO_MANY_HANDLES], 1);
}

/* ---- Leaks, and other simulations */

SIM_CONFIG_TEST(a_poller_that_is_left_open_is_reported_and_unusable)
{
    sim_begin();
    struct ends ends = connected();
    struct watcher watcher = opened();
    add_level(&watcher, &ends.stream, 1, "w");
    fer_tcp_stream_close(&ends.stream);
    assert_int_equal(stopped().leaked_pollers, 1);
    assert_kind(
        fer_poller_wait(&watcher.poller, millis(0), watcher.events, CAP, &watcher.count, NULL),
        FER_UNSUPPORTED);
    sim_begin();
    struct ends others = connected();
    assert_kind(
        fer_poller_wait(&watcher.poller, millis(0), watcher.events, CAP, &watcher.count, NULL),
        FER_BAD_HANDLE);
    assert_kind(
        fer_poller_add(&watcher.poller, raw_of(&others), interest_of(1, "w"), FER_POLL_LEVEL),
        FER_BAD_HANDLE);
    fer_poller_close(&watcher.poller);
    fer_tcp_stream_close(&others.stream);
    assert_int_equal(stopped().leaked_pollers, 0);
}

PLAIN_TEST(without_a_simulation_there_is_no_poller)
{
    fer_poller poller = {0};
    assert_kind(fer_poller_new(&poller), FER_UNSUPPORTED);
}

TEST_MAIN("sim_poller")
