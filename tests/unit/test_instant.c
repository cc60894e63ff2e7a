/* test_instant.c: points in time, over a clock that the test sets. */
#include "unit/scripted_platform.h"

#include "core/base/time.h"
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

SCRIPT_TEST(elapsed_is_the_time_since_an_instant_that_is_reached)
{
    begin_at(1000);
    const fer_instant start = fer_instant_now();
    const fer_instant later = fer_instant_after(fer_duration_from_nanos(8));
    assert_int_equal(fer_instant_elapsed(start).nanos, 0);
    script.now = 1007;
    assert_int_equal(fer_instant_elapsed(start).nanos, 7);
    assert_int_equal(fer_instant_elapsed(later).nanos, 0);
    assert_int_equal(fer_instant_elapsed(FER_INSTANT_NONE).nanos, 0);
}

SCRIPT_TEST(now_is_never_none_and_is_reached)
{
    const uint64_t times[] = {0, 1, 1000, FERP_NO_DEADLINE - 1};
    for (size_t i = 0; i < 4; i++) {
        begin_at(times[i]);
        fer_instant now = fer_instant_now();
        assert_false(is_none(now));
        assert_true(feri_deadline_of(now) == times[i]);
        assert_true(remaining(now) == 0);
    }
}

SCRIPT_TEST(an_instant_is_reached_at_its_nanosecond_and_stays_so)
{
    begin_at(1000);
    fer_instant later = fer_instant_after(fer_duration_from_nanos(5));
    assert_true(remaining(later) == 5);
    script.now = 1004;
    assert_true(remaining(later) == 1);
    script.now = 1005;
    assert_true(remaining(later) == 0);
    script.now = 9999;
    assert_true(remaining(later) == 0);
}

SCRIPT_TEST(after_no_time_is_now)
{
    begin_at(1000);
    fer_instant at_once = fer_instant_after(fer_duration_from_nanos(0));
    assert_true(at_once.nanos_ == fer_instant_now().nanos_);
    assert_true(remaining(at_once) == 0);
}

SCRIPT_TEST(none_is_zero_bytes_and_is_never_reached)
{
    fer_instant zero;
    memset(&zero, 0, sizeof zero);
    begin_at(FERP_NO_DEADLINE - 1);
    assert_true(is_none(FER_INSTANT_NONE));
    assert_true(fer_instant_remaining(FER_INSTANT_NONE).nanos == FER_DURATION_NONE_NANOS);
    assert_true(fer_instant_remaining(zero).nanos == FER_DURATION_NONE_NANOS);
    assert_true(feri_deadline_of(FER_INSTANT_NONE) == FERP_NO_DEADLINE);
    assert_true(is_none(feri_instant_at(FERP_NO_DEADLINE)));
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

SCRIPT_TEST(a_difference_is_exact_and_is_0_for_an_earlier_time)
{
    begin_at(0);
    fer_instant first = fer_instant_now();
    fer_instant last = fer_instant_after((fer_duration){FERP_NO_DEADLINE - 1});
    script.now = 1000;
    fer_instant start = fer_instant_now();
    script.now = 1001;
    fer_instant end = fer_instant_now();
    assert_true(since(end, start) == 1);
    assert_true(since(start, start) == 0);
    assert_true(since(start, end) == 0);
    assert_true(since(end, first) == 1001);
    assert_true(since(last, first) == FERP_NO_DEADLINE - 1);
    assert_true(since(first, last) == 0);
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

TEST_MAIN("instant")
