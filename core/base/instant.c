/* instant.c: points in time of the monotonic clock. 0 means none, so an instant is the clock's time
 * plus 1. */
#include "core/base/instant.h"

#include "core/base/deadline.h"

fer_instant fer_instant_now(void)
{
    return feri_instant_at(ferp_now());
}

fer_instant fer_instant_after(fer_duration duration)
{
    return feri_instant_at(feri_deadline_after(duration));
}

fer_duration fer_instant_remaining(fer_instant instant)
{
    uint64_t deadline = feri_deadline_of(instant);
    if (deadline == FERP_NO_DEADLINE) {
        return FER_DURATION_NONE;
    }
    uint64_t now = ferp_now();
    return (fer_duration){deadline > now ? deadline - now : 0};
}
