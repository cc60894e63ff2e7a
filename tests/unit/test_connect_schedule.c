/* test_connect_schedule.c: the schedule of connection attempts, step by step: the numbers of RFC
 * 8305, the limit of 16 attempts, the timeouts of attempts. */
#include "unit/schedule_check.h"

/* ---- RFC 8305, 5 and 8 */

TEST(the_next_attempt_is_started_250_ms_after_the_latest)
{
    assert_true(FERI_ATTEMPT_DELAY_DEFAULT_NANOS == 250 * MILLI);
    feri_connect_schedule_begin(&schedule, 3, FERI_ATTEMPT_DELAY_DEFAULT_NANOS, FERI_NEVER,
                                FERI_NEVER);
    expect_step(0, START, 0);
    expect_wait(0, 250);
    expect_wait(249, 250);
    expect_step(250, START, 1);
    expect_wait(250, 500);
    expect_step(500, START, 2);
    expect_wait(500, FERI_NEVER);
    attempt_connects(1);
    expect_step(510, CLOSE, 0);
    expect_step(510, CLOSE, 2);
    expect_result(510, CONNECTED, 1);
}

TEST(an_attempt_that_connects_before_the_delay_is_over_is_the_only_one)
{
    begin_unlimited(8);
    expect_step(0, START, 0);
    attempt_connects(0);
    expect_result(249, CONNECTED, 0);
}

TEST(a_failure_of_the_latest_attempt_starts_the_next_at_once)
{
    begin_unlimited(3);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    attempt_fails(1);
    expect_step(260, START, 1);
    expect_wait(260, FERI_NEVER);
}

TEST(a_failure_of_an_earlier_attempt_changes_nothing_of_the_timer)
{
    begin_unlimited(3);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    attempt_fails(0);
    expect_wait(260, 500);
    expect_wait(499, 500);
    expect_step(500, START, 0);
}

TEST(the_delay_begins_with_the_start_and_not_when_it_was_due)
{
    begin_unlimited(3);
    expect_step(7, START, 0);
    expect_step(300, START, 1);
    expect_wait(300, 550);
}

TEST(a_delay_of_never_starts_one_after_another)
{
    begin(3, FERI_NEVER, FERI_NEVER, FERI_NEVER);
    expect_step(0, START, 0);
    expect_wait(0, FERI_NEVER);
    expect_wait(1000000000, FERI_NEVER);
    attempt_fails(0);
    expect_step(1000000000, START, 0);
    expect_wait(1000000000, FERI_NEVER);
    attempt_fails(0);
    expect_step(1000000001, START, 0);
    attempt_fails(0);
    expect_result(1000000002, FAILED, 0);
}

TEST(when_every_address_has_failed_the_schedule_has_failed)
{
    begin_unlimited(2);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    attempt_fails(0);
    expect_wait(251, FERI_NEVER);
    attempt_fails(1);
    expect_result(252, FAILED, 0);
}

/* ---- At most 16 attempts */

static void start_16_at_once(size_t addresses, uint64_t attempt_timeout)
{
    begin(addresses, 0, attempt_timeout, FERI_NEVER);
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        expect_step(0, START, i);
    }
}

TEST(a_delay_of_0_starts_16_at_once_and_then_one_for_each_that_fails)
{
    start_16_at_once(18, FERI_NEVER);
    expect_wait(0, FERI_NEVER);
    attempt_fails(3);
    expect_step(1, START, 3);
    expect_wait(1, FERI_NEVER);
    attempt_fails(15);
    expect_step(2, START, 15);
    expect_wait(2, FERI_NEVER);
    attempt_connects(4);
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        if (i != 4) {
            expect_step(3, CLOSE, i);
        }
    }
    expect_result(3, CONNECTED, 4);
}

TEST(the_attempt_to_the_16th_of_16_addresses_is_the_last)
{
    start_16_at_once(16, FERI_NEVER);
    attempt_fails(7);
    expect_wait(1, FERI_NEVER);
}

TEST(while_16_are_open_only_attempt_timeouts_and_the_deadline_end_a_wait)
{
    start_16_at_once(17, 40);
    expect_wait(1, 40);
    expect_step(40, TIME_OUT, 0);
    begin(17, 10, FERI_NEVER, 1000);
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        expect_step(10 * i, START, i);
    }
    expect_wait(150, 1000);
    expect_wait(500, 1000);
}

TEST(after_16_were_open_the_delay_since_the_latest_start_counts)
{
    begin(20, 10, FERI_NEVER, FERI_NEVER);
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        expect_step(10 * i, START, i);
    }
    expect_wait(150, FERI_NEVER);
    attempt_fails(2);
    expect_wait(155, 160);
    expect_step(160, START, 2);
    expect_wait(300, FERI_NEVER);
    attempt_fails(0);
    expect_step(300, START, 0);
    attempt_fails(0); /* the latest */
    expect_step(301, START, 0);
}

TEST(ten_thousand_addresses_that_fail_at_once_are_each_tried_once)
{
    begin_unlimited(10000);
    for (size_t i = 0; i < 10000; i++) {
        expect_step(i / 100, START, 0);
        attempt_fails(0);
    }
    expect_result(100, FAILED, 0);
}

/* ---- The timeout of an attempt */

TEST(an_attempt_that_times_out_has_failed_and_the_next_is_started)
{
    begin(3, FERI_NEVER, 100, FERI_NEVER);
    expect_step(0, START, 0);
    expect_wait(0, 100);
    expect_wait(99, 100);
    expect_step(100, TIME_OUT, 0);
    expect_step(100, START, 0);
    expect_wait(100, 200);
    expect_step(250, TIME_OUT, 0);
    expect_step(251, START, 0);
    expect_step(351, TIME_OUT, 0);
    expect_result(351, FAILED, 0);
}

TEST(an_earlier_attempt_that_times_out_changes_nothing_of_the_timer)
{
    begin(3, 250, 300, FERI_NEVER);
    expect_step(0, START, 0);
    expect_step(250, START, 1);
    expect_wait(250, 300);
    expect_step(300, TIME_OUT, 0);
    expect_wait(300, 500);
    expect_step(500, START, 0);
    expect_wait(500, 550);
}

/* Slots are used again, so their order is not that of the attempts. */
TEST(attempts_that_are_due_together_time_out_in_the_order_of_their_starts)
{
    begin(5, 10, 100, FERI_NEVER);
    expect_step(0, START, 0);
    expect_step(10, START, 1);
    attempt_fails(0);
    expect_step(20, START, 0);
    expect_step(30, START, 2);
    expect_step(125, TIME_OUT, 1);
    expect_step(125, TIME_OUT, 0);
    expect_step(125, START, 0);
    expect_wait(125, 130);
    expect_step(500, TIME_OUT, 2);
    expect_step(500, TIME_OUT, 0);
    expect_result(500, FAILED, 0);
}

TEST(attempts_of_one_moment_time_out_in_the_order_of_their_starts)
{
    begin(4, 0, 100, FERI_NEVER);
    expect_step(0, START, 0);
    expect_step(0, START, 1);
    attempt_fails(0);
    expect_step(0, START, 0);
    expect_step(0, START, 2);
    expect_step(100, TIME_OUT, 1);
    expect_step(100, TIME_OUT, 0);
    expect_step(100, TIME_OUT, 2);
    expect_result(100, FAILED, 0);
}

TEST(an_attempt_without_a_timeout_waits_for_the_os)
{
    begin_unlimited(1);
    expect_step(0, START, 0);
    expect_wait(0, FERI_NEVER);
    expect_wait(1000000000, FERI_NEVER);
}

/* ---- Times that the clock does not reach */

TEST(a_time_beyond_the_clock_is_never)
{
    const uint64_t end = UINT64_MAX;
    feri_connect_schedule_begin(&schedule, 2, 10, 20, end);
    assert_int_equal(feri_connect_schedule_next(&schedule, end - 11).action, START);
    feri_schedule_step step = feri_connect_schedule_next(&schedule, end - 11);
    assert_true(step.action == FERI_SCHEDULE_DO_WAIT && step.until == end - 1);
    assert_int_equal(feri_connect_schedule_next(&schedule, end - 1).action, START);
    step = feri_connect_schedule_next(&schedule, end);
    assert_true(step.action == FERI_SCHEDULE_DO_WAIT && step.until == FERI_NEVER);
    feri_connect_schedule_begin(&schedule, 2, 11, 11, end);
    assert_int_equal(feri_connect_schedule_next(&schedule, end - 11).action, START);
    step = feri_connect_schedule_next(&schedule, end);
    assert_true(step.action == FERI_SCHEDULE_DO_WAIT && step.until == FERI_NEVER);
}

TEST(a_clock_that_steps_back_delays_nothing_twice)
{
    begin_unlimited(2);
    expect_step(100, START, 0);
    expect_wait(50, 350);
    expect_step(350, START, 1);
}

TEST_MAIN("connect_schedule")
