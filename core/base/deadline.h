/* deadline.h: deadlines by ferp_now, for waits that are restarted with the remaining time. */
#ifndef FERI_DEADLINE_H
#define FERI_DEADLINE_H

#include <stdint.h>

#include "ferrule/duration.h"
#include "platform/platform.h"

/* The deadline of a timeout that starts now; FERP_NO_DEADLINE for NONE and if the clock would
 * overflow. */
static inline uint64_t feri_deadline_after(fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return FERP_NO_DEADLINE;
    }
    uint64_t now = ferp_now();
    return timeout.nanos < FERP_NO_DEADLINE - now ? now + timeout.nanos : FERP_NO_DEADLINE;
}

#endif
