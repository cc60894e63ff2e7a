/* schedule_check.h: a schedule of connection attempts, and the checks of its steps. All times are
 * in ms. */
#ifndef UNIT_SCHEDULE_CHECK_H
#define UNIT_SCHEDULE_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "core/open/connect_schedule.h"
#include "support/group.h"

#define MILLI UINT64_C(1000000)
#define START FERI_SCHEDULE_DO_START
#define TIME_OUT FERI_SCHEDULE_DO_TIME_OUT
#define CLOSE FERI_SCHEDULE_DO_CLOSE
#define CONNECTED FERI_SCHEDULE_DO_CONNECTED
#define FAILED FERI_SCHEDULE_DO_FAILED
#define LATE FERI_SCHEDULE_DO_LATE
#define CANCELLED FERI_SCHEDULE_DO_CANCELLED

static feri_connect_schedule schedule;

static inline uint64_t nanos(uint64_t millis)
{
    return millis == FERI_NEVER ? FERI_NEVER : millis * MILLI;
}

static inline void begin(size_t addresses, uint64_t delay, uint64_t attempt_timeout,
                         uint64_t deadline)
{
    feri_connect_schedule_begin(&schedule, addresses, nanos(delay), nanos(attempt_timeout),
                                nanos(deadline));
}

static inline void begin_unlimited(size_t addresses)
{
    begin(addresses, 250, FERI_NEVER, FERI_NEVER);
}

static inline feri_schedule_step next_at(uint64_t millis)
{
    return feri_connect_schedule_next(&schedule, nanos(millis));
}

#define expect_step(at, wanted_action, wanted_slot)    \
    do {                                               \
        feri_schedule_step step_ = next_at(at);        \
        assert_int_equal(step_.action, wanted_action); \
        assert_int_equal(step_.slot, wanted_slot);     \
        assert_int_equal(step_.until, 0);              \
    } while (0)

#define expect_wait(at, wanted_until)                          \
    do {                                                       \
        feri_schedule_step step_ = next_at(at);                \
        assert_int_equal(step_.action, FERI_SCHEDULE_DO_WAIT); \
        assert_int_equal(step_.slot, 0);                       \
        assert_true(step_.until == nanos(wanted_until));       \
    } while (0)

/* A result is final: whatever happens later, it is returned again. */
#define expect_result(at, action, slot)            \
    do {                                           \
        expect_step(at, action, slot);             \
        expect_step(at, action, slot);             \
        feri_connect_schedule_cancel(&schedule);   \
        expect_step((at) + 1000000, action, slot); \
    } while (0)

static inline void attempt_fails(size_t slot)
{
    feri_connect_schedule_ended(&schedule, slot, false);
}

static inline void attempt_connects(size_t slot)
{
    feri_connect_schedule_ended(&schedule, slot, true);
}

#endif
