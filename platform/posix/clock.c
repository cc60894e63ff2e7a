/* clock.c: the monotonic clock. */
#include "platform/posix/posix.h"

#include <time.h>

uint64_t ferp_now(void)
{
    struct timespec now = {0, 0};
    /* Cannot fail: the clock and the pointer are valid. */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}
