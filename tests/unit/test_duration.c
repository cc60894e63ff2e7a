/* test_duration.c: making durations: the units, and the longest finite duration for values that do
 * not fit. Such a value never yields NONE. */
#include "ferrule/duration.h"
#include "support/group.h"

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

TEST_MAIN("duration")
