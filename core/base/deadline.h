/* deadline.h: deadlines by ferp_now, for waits that are restarted with the remaining time. */
#ifndef FERI_DEADLINE_H
#define FERI_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "platform/platform.h"

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
