/* instant.h: the two forms of a point in time: that of the caller (fer_instant), and that of
 * ferp_now. */
#ifndef FERI_INSTANT_H
#define FERI_INSTANT_H

#include <stdint.h>

#include "ferrule/time.h"
#include "platform/platform.h"

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

#endif
