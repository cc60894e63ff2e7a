/* test_instant.c: durations, and points in time over a clock that the test sets. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
#include "ferrule/duration.h"
#include "ferrule/time.h"

static void begin_at(uint64_t now)
{
    script_begin(&script_posix);
    script.now = now;
}

static bool is_none(fer_instant instant)
{
    return instant.nanos_ == 0;
}

static uint64_t remaining(fer_instant instant)
{
    return fer_instant_remaining(instant).nanos;
}

SCRIPT_TEST(a_sum_that_the_clock_cannot_hold_is_none)
{
    begin_at(1000);
    assert_true(is_none(fer_instant_after(FER_DURATION_NONE)));
    assert_true(is_none(fer_instant_after((fer_duration){UINT64_MAX - 1})));
    assert_true(is_none(fer_instant_after((fer_duration){FERP_NO_DEADLINE - 1000})));
    fer_instant last = fer_instant_after((fer_duration){FERP_NO_DEADLINE - 1001});
    assert_false(is_none(last));
    assert_true(remaining(last) == FERP_NO_DEADLINE - 1001);
}

static uint64_t since(fer_instant later, fer_instant earlier)
{
    return fer_instant_duration_since(later, earlier).nanos;
}

SCRIPT_TEST(the_time_until_none_is_none_and_since_none_is_0)
{
    begin_at(1000);
    fer_instant now = fer_instant_now();
    assert_true(since(FER_INSTANT_NONE, now) == FER_DURATION_NONE_NANOS);
    assert_true(since(FER_INSTANT_NONE, FER_INSTANT_NONE) == FER_DURATION_NONE_NANOS);
    assert_true(since(now, FER_INSTANT_NONE) == 0);
    begin_at(0);
    assert_true(since(fer_instant_now(), FER_INSTANT_NONE) == 0);
}

/* ---- Durations. A value that does not fit never yields NONE. */

#define LONGEST_FINITE (UINT64_MAX - 1)

/* Up to the last count that fits, from(count) is exact. Every larger count yields the longest
 * finite duration. */
static void check_saturation(fer_duration (*from)(uint64_t), uint64_t nanos_per_unit)
{
    uint64_t last = LONGEST_FINITE / nanos_per_unit;
    assert_true(from(0).nanos == 0 && from(5).nanos == 5 * nanos_per_unit);
    assert_true(from(last).nanos == last * nanos_per_unit);
    if (last < UINT64_MAX) {
        assert_true(from(last + 1).nanos == LONGEST_FINITE);
    }
    assert_true(from(UINT64_MAX).nanos == LONGEST_FINITE);
    assert_true(from(UINT64_MAX / 2).nanos <= LONGEST_FINITE);
}

TEST(a_number_that_does_not_fit_is_the_longest_finite_duration)
{
    assert_true(FER_DURATION_NONE.nanos == FER_DURATION_NONE_NANOS);
    assert_true(LONGEST_FINITE != FER_DURATION_NONE_NANOS);
    check_saturation(fer_duration_from_secs, 1000000000u);
    check_saturation(fer_duration_from_millis, 1000000u);
    check_saturation(fer_duration_from_micros, 1000u);
    check_saturation(fer_duration_from_nanos, 1u);
}

TEST_MAIN("instant")
