/* clock.c: the monotonic clock. */
#include "platform/posix/posix.h"

#if defined(__APPLE__)

/* The clock of XNU's own waits: it does not count while the machine sleeps, and NTP does not change
 * its rate. CLOCK_MONOTONIC there does both (Libc, gen/clock_gettime.c). Rust's Instant is this
 * clock too. */
uint64_t ferp_now(void)
{
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

#else

uint64_t ferp_now(void)
{
    struct timespec now = {0, 0};
    /* Cannot fail: the clock and the pointer are valid. */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

#endif
