/* duration.c: constructors of durations. A finite one never equals NONE: on overflow the result is
 * the longest finite one. */
#include "ferrule/duration.h"

#include "core/base/assert.h"

#define LONGEST_FINITE_NANOS (FER_DURATION_NONE_NANOS - 1)

static fer_duration duration_from(uint64_t count, uint64_t nanos_per_unit)
{
    FERI_ASSERT(nanos_per_unit > 0);
    if (count > LONGEST_FINITE_NANOS / nanos_per_unit) {
        return (fer_duration){LONGEST_FINITE_NANOS};
    }
    return (fer_duration){count * nanos_per_unit};
}

fer_duration fer_duration_from_secs(uint64_t secs)
{
    return duration_from(secs, 1000000000u);
}

fer_duration fer_duration_from_millis(uint64_t millis)
{
    return duration_from(millis, 1000000u);
}

fer_duration fer_duration_from_micros(uint64_t micros)
{
    return duration_from(micros, 1000u);
}

fer_duration fer_duration_from_nanos(uint64_t nanos)
{
    return duration_from(nanos, 1u);
}
