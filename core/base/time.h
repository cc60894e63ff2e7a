/* time.h: points in time. The caller's is fer_instant, the platform's that of ferp_now. Deadlines
 * are by ferp_now, for waits that are restarted with the remaining time. */
#ifndef FERI_TIME_H
#define FERI_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/time.h"
#include "platform/platform.h"

static inline uint64_t feri_earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* NONE for FERP_NO_DEADLINE, whose successor is 0. */
static inline fer_instant feri_instant_at(uint64_t time)
{
    return (fer_instant){time + 1};
}

/* FERP_NO_DEADLINE for NONE. */
static inline uint64_t feri_deadline_of(fer_instant instant)
{
    return instant.nanos_ - 1;
}

/* The units of a finite duration: rounded up, at most max. */
static inline uint32_t feri_units_of(fer_duration duration, uint64_t nanos_per_unit, uint32_t max)
{
    uint64_t units = duration.nanos / nanos_per_unit + (duration.nanos % nanos_per_unit != 0);
    return units < max ? (uint32_t)units : max;
}

/* The deadline of a timeout that started at a time; FERP_NO_DEADLINE for NONE and if the clock
 * would overflow. */
static inline uint64_t feri_deadline_from(uint64_t start, fer_duration timeout)
{
    bool is_finite = timeout.nanos < FERP_NO_DEADLINE - start;
    return is_finite ? start + timeout.nanos : FERP_NO_DEADLINE;
}

/* The deadline of a timeout that starts now. */
static inline uint64_t feri_deadline_after(fer_duration timeout)
{
    return timeout.nanos == FER_DURATION_NONE_NANOS ? FERP_NO_DEADLINE
                                                    : feri_deadline_from(ferp_now(), timeout);
}

#endif
