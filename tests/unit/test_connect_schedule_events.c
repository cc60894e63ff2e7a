/* test_connect_schedule_events.c: events that the schedule of connection attempts sees together,
 * and the bugs that other implementations had. */
#include "unit/schedule_check.h"

/* ---- Bugs of curl */

/* PR 1928: the timer expired a moment before the delay was over by another clock reading, and was
 * never set again. */
TEST(a_wait_that_returns_a_moment_too_early_is_repeated)
{
    begin(2, 200, 1000, 5000);
    expect_step(3, START, 0);
    for (uint64_t early = 200; early < 203; early++) {
        expect_wait(early, 203);
    }
    feri_schedule_step step = feri_connect_schedule_next(&schedule, 203 * MILLI - 1);
    assert_int_equal(step.action, FERI_SCHEDULE_DO_WAIT);
    assert_true(step.until == 203 * MILLI);
    expect_step(203, START, 1);
    expect_wait(1002, 1003);
    expect_step(1003, TIME_OUT, 0);
    expect_step(1203, TIME_OUT, 1);
    expect_result(1203, FAILED, 0);
}

/* PR 5089: [::1], [::2], 127.0.0.1. Both IPv6 addresses failed at once, and IPv4 was never tried.
 * The order of the addresses is ::1, 127.0.0.1, ::2. */
TEST(a_family_whose_addresses_fail_at_once_does_not_end_the_other)
{
    begin_unlimited(3);
    expect_step(0, START, 0); /* ::1 */
    attempt_fails(0);
    expect_step(0, START, 0); /* 127.0.0.1 */
    expect_wait(0, 250);
    expect_step(250, START, 1); /* ::2 */
    attempt_fails(1);
    expect_wait(250, FERI_NEVER);
    attempt_connects(0);
    expect_result(400, CONNECTED, 0);
}

/* Issue 18767, and PR 11939 for a single address. */
TEST(when_all_are_started_no_timer_of_the_delay_runs)
{
    begin_unlimited(1);
    expect_step(0, START, 0);
    expect_wait(0, FERI_NEVER);
    begin(2, 200, FERI_NEVER, 9000);
    expect_step(0, START, 0);
    expect_wait(0, 200);
    expect_step(200, START, 1);
    expect_wait(200, 9000);
    expect_wait(400, 9000);
    attempt_fails(1);
    expect_wait(400, 9000);
}

/* Issue 14144: Windows refuses a connect to ::1 only after 2 s. */
TEST(a_refusal_that_takes_2_s_delays_localhost_by_250_ms)
{
    begin_unlimited(2);
    expect_step(0, START, 0);   /* ::1 */
    expect_step(250, START, 1); /* 127.0.0.1 */
    attempt_connects(1);
    expect_step(250, CLOSE, 0);
    expect_result(250, CONNECTED, 1);
}

/* PR 22897: a list of addresses that fail at once was tried to its end, whatever the time. */
TEST(the_deadline_is_checked_before_each_start)
{
    begin(10000, 250, FERI_NEVER, 50);
    for (size_t i = 0; i < 50; i++) {
        expect_step(i, START, 0);
        attempt_fails(0);
    }
    expect_result(50, LATE, 0);
}

/* ---- Events that are seen together */

TEST(of_two_that_connect_together_the_first_reported_wins)
{
    begin_unlimited(3);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    attempt_connects(1);
    attempt_connects(0);
    expect_step(251, CLOSE, 0);
    expect_result(251, CONNECTED, 1);
}

TEST(a_failure_beside_a_connection_leaves_nothing_to_close)
{
    for (int connects_first = 0; connects_first < 2; connects_first++) {
        begin_unlimited(3);
        expect_step(0, START, 0);
        expect_step(250, START, 1);
        if (connects_first) {
            attempt_connects(0);
        }
        attempt_fails(1);
        if (!connects_first) {
            attempt_connects(0);
        }
        expect_result(251, CONNECTED, 0);
    }
}

TEST(a_connection_at_the_moment_of_the_deadline_wins)
{
    begin(2, 250, 500, 500);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    expect_wait(250, 500);
    attempt_connects(0);
    expect_step(500, CLOSE, 1);
    expect_result(500, CONNECTED, 0);
}

TEST(a_connection_that_is_reported_after_the_deadline_is_closed)
{
    begin(3, 250, FERI_NEVER, 500);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    expect_step(500, CLOSE, 0);
    attempt_connects(1);
    expect_step(500, CLOSE, 1);
    expect_result(500, LATE, 0);
}

TEST(failures_at_the_moment_of_the_deadline_are_failures)
{
    begin(2, 250, FERI_NEVER, 500);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    attempt_fails(1);
    attempt_fails(0);
    expect_result(500, FAILED, 0);
}

TEST(the_deadline_comes_before_a_timeout_and_before_a_start)
{
    begin(1, 250, 500, 500);
    expect_step(0, START, 0);
    expect_step(500, CLOSE, 0);
    expect_result(500, LATE, 0);
    begin(3, 250, FERI_NEVER, 250);
    expect_step(0, START, 0);
    attempt_fails(0);
    expect_result(250, LATE, 0);
    begin(1, 250, FERI_NEVER, 250);
    expect_result(250, LATE, 0);
}

TEST(a_timeout_comes_before_the_start_of_the_same_moment)
{
    begin(3, 250, 250, FERI_NEVER);
    expect_step(0, START, 0);
    expect_step(250, TIME_OUT, 0);
    expect_step(250, START, 0);
    expect_wait(250, 500);
}

TEST(a_cancel_closes_every_attempt_once)
{
    begin(3, 250, 300, 1000);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    feri_connect_schedule_cancel(&schedule);
    expect_step(1000, CLOSE, 0);
    attempt_fails(1);
    expect_result(1000, CANCELLED, 0);
    begin_unlimited(1);
    feri_connect_schedule_cancel(&schedule);
    expect_result(0, CANCELLED, 0);
}

TEST(a_connection_that_was_reported_before_a_cancel_wins)
{
    begin_unlimited(2);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    attempt_connects(1);
    feri_connect_schedule_cancel(&schedule);
    expect_step(250, CLOSE, 0);
    expect_result(250, CONNECTED, 1);
    begin_unlimited(2);
    expect_step(0, START, 0);
    feri_connect_schedule_cancel(&schedule);
    attempt_connects(0);
    expect_step(250, CLOSE, 0);
    expect_result(250, CANCELLED, 0);
}

TEST_MAIN("connect_schedule_events")
