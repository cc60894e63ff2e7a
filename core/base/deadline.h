/* deadline.h: points in time of ferp_now, for waits that are begun again with the time that is
 * left. */
#ifndef FERI_DEADLINE_H
#define FERI_DEADLINE_H

#include <stdint.h>

#include "ferrule/duration.h"
#include "platform/platform.h"

/* When a timeout that begins now is over; FERP_NO_DEADLINE for NONE and for what the clock cannot
 * hold. */
static inline uint64_t feri_deadline_after(fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return FERP_NO_DEADLINE;
    }
    uint64_t now = ferp_now();
    return timeout.nanos < FERP_NO_DEADLINE - now ? now + timeout.nanos : FERP_NO_DEADLINE;
}

#endif
