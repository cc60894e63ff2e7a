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
