/* time.c: constructors of durations, and instants. A finite duration never equals NONE: on overflow
 * the result is the longest finite one. */
#include "core/base/time.h"

#include "core/base/compiler.h"

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

fer_instant fer_instant_now(void)
{
    return feri_instant_at(ferp_now());
}

fer_instant fer_instant_after(fer_duration duration)
{
    return feri_instant_at(feri_deadline_after(duration));
}

fer_duration fer_instant_duration_since(fer_instant later, fer_instant earlier)
{
    uint64_t end = feri_deadline_of(later);
    uint64_t begin = feri_deadline_of(earlier);
    if (end == FERP_NO_DEADLINE) {
        return FER_DURATION_NONE;
    }
    return (fer_duration){end > begin ? end - begin : 0};
}

fer_duration fer_instant_elapsed(fer_instant instant)
{
    return fer_instant_duration_since(fer_instant_now(), instant);
}

fer_duration fer_instant_remaining(fer_instant instant)
{
    return fer_instant_duration_since(instant, fer_instant_now());
}
