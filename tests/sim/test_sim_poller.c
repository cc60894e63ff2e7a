/* test_sim_poller.c: a poller over the simulated network: faults, time, and notifications from
 * events. The dialects' differences are in test_sim_poller_dialects.c, and the rules for every
 * system in tests/conformance. */
#include "sim/sim_poller.h"

/* Ends the test's simulation. The fault has been injected so many times. */
static void assert_injected(fer_sim_fault fault, uint64_t times)
{
    fer_sim_report report;
    close_handles();
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    assert_int_equal(report.faults[fault], times);
}

/* ---- Time */

WATCHER_TEST(a_wait_takes_just_as_long_as_the_network_does)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {7000000}, "late", 4},
                                         {FER_SIM_ACTION_ECHO, {0}, NULL, 0}};
    add(raw_of(stream), 5, "r", FER_POLL_LEVEL);
    assert_ok(fer_sim_peer_play(open_ends.peer, steps, 2));
    uint64_t begin = now_us();
    assert_ok(poll_for(FER_DURATION_NONE));
    assert_event(0, 5, "r");
    assert_in_range(now_us() - begin, 7000, 8000);
    stream_reads(stream, "late");
    begin = fer_sim_now().nanos;
    assert_ok_n(poll_for(fer_duration_from_nanos(1234567)), count, 0);
    assert_int_equal(fer_sim_now().nanos - begin, 1234567);
}

WATCHER_TEST(a_wait_that_only_checks_takes_a_microsecond_and_one_without_end_is_a_deadlock)
{
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    uint64_t begin = now_us();
    nothing_comes();
    assert_int_equal(now_us() - begin, 1);
    assert_kind(poll_for(FER_DURATION_NONE), FER_DEADLOCK);
    assert_int_equal(count, 0);
    peer_sends(open_ends.peer, "x");
    comes(1, "r");
    assert_int_equal(now_us() - begin, 1);
}

/* ---- Notifications from events */

static void notify(void *poller)
{
    assert_ok(fer_poller_notify(poller));
}

WATCHER_TEST(an_event_may_notify_the_wait_that_it_happens_in)
{
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    after_ms(3, notify, &test.poller);
    assert_takes(3, assert_ok_n(poll_for(FER_DURATION_NONE), count, 0));
    assert_takes(10, assert_ok_n(poll_for(millis(10)), count, 0));
}

/* A call that would wait fails inside an event. */
static void poll_and_wait(void *poller)
{
    fer_event event;
    size_t none = 77;
    uint64_t begin = fer_sim_now().nanos;
    assert_ok_n(fer_poller_wait(poller, millis(0), &event, 1, &none, NULL), none, 0);
    assert_kind(fer_poller_wait(poller, millis(1), &event, 1, &none, NULL), FER_DEADLOCK);
    assert_int_equal(fer_sim_now().nanos, begin);
}

WATCHER_TEST(time_stands_still_in_an_event)
{
    fer_poller inner = {0};
    assert_ok(fer_poller_new(&inner));
    after_ms(3, poll_and_wait, &inner);
    assert_takes(5, assert_ok(poll_for(millis(5))));
    fer_poller_close(&inner);
}

/* ---- Faults */

WATCHER_TEST(a_wait_continues_after_an_interruption_with_the_time_left)
{
    arm(FER_SIM_FAULT_INTERRUPTED);
    assert_takes(40, assert_ok_n(poll_for(millis(40)), count, 0));
    arm(FER_SIM_FAULT_INTERRUPTED);
    nothing_comes();
    assert_injected(FER_SIM_FAULT_INTERRUPTED, 2);
}

WATCHER_TEST(false_readiness_is_of_a_requested_interest_that_is_not_ready)
{
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    add(raw_of(stream), 9, "r", FER_POLL_LEVEL);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    comes(9, "r");
    assert_kind(read_one(stream), FER_WOULD_BLOCK);
    change(raw_of(stream), 9, "rw", FER_POLL_LEVEL);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_ok_n(poll_for(FER_DURATION_NONE), count, 2);
    assert_event(0, 9, "w");
    assert_event(1, 9, "r");
    peer_sends(open_ends.peer, "x"); /* everything is ready: no chance */
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    comes(9, "rw");
    assert_int_equal(fer_sim_clear_faults(), 1);
    assert_injected(FER_SIM_FAULT_SPURIOUS_READY, 2);
}

/* A spurious event uses up a one-shot registration. Without a registration that can report one the
 * fault is a spurious wakeup, and the wait continues. */
WATCHER_TEST(false_readiness_needs_an_armed_registration)
{
    add(raw_of(stream), 9, "r", FER_POLL_ONESHOT);
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    comes(9, "r");
    peer_sends(open_ends.peer, "x");
    nothing_comes();
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    assert_takes(40, assert_ok_n(poll_for(millis(40)), count, 0));
    change(raw_of(stream), 9, "r", FER_POLL_ONESHOT);
    comes(9, "r");
    assert_ok(fer_poller_delete(&test.poller, raw_of(stream)));
    arm(FER_SIM_FAULT_SPURIOUS_READY);
    nothing_comes();
    assert_injected(FER_SIM_FAULT_SPURIOUS_READY, 3);
}

SIM_PAIR_TEST(a_poller_without_memory_or_handles_changes_nothing)
{
    const fer_raw_socket raw = raw_of(&ends->stream);
    arm(FER_SIM_FAULT_TOO_MANY_HANDLES);
    assert_kind(fer_poller_new(&test.poller), FER_TOO_MANY_OPEN_FILES);
    arm(FER_SIM_FAULT_NO_MEMORY);
    assert_kind(fer_poller_new(&test.poller), FER_OUT_OF_MEMORY);
    assert_ok(fer_poller_new(&test.poller));
    for (uint64_t nth = 1; nth <= 2; nth++) { /* one for the registration, and one for the table */
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_MEMORY, nth));
        assert_kind(fer_poller_add(&test.poller, raw, interest_of(1, "w"), FER_POLL_LEVEL),
                    FER_OUT_OF_MEMORY);
        assert_kind(fer_poller_delete(&test.poller, raw), FER_NOT_FOUND);
        nothing_comes();
    }
    add(raw, 1, "w", FER_POLL_LEVEL);
    comes(1, "w");
    assert_injected(FER_SIM_FAULT_NO_MEMORY, 3);
}

/* ---- Leaks, and other simulations */

WATCHER_TEST(a_poller_that_is_left_open_is_reported_and_unusable)
{
    fer_sim_report report;
    add(raw_of(stream), 1, "w", FER_POLL_LEVEL);
    fer_tcp_stream_close(stream);
    assert_ok_n(fer_sim_stop(&report), report.leaked_pollers, 1);
    assert_kind(poll_for(millis(0)), FER_UNSUPPORTED);
    assert_kind(fer_poller_new(&(fer_poller){0}), FER_UNSUPPORTED);
    sim_begin();
    open_ends = connected();
    assert_kind(poll_for(millis(0)), FER_BAD_HANDLE);
    assert_kind(fer_poller_add(&test.poller, raw_of(stream), interest_of(1, "w"), FER_POLL_LEVEL),
                FER_BAD_HANDLE);
}

TEST_MAIN("sim_poller")
