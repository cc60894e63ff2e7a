/* clock.c: the monotonic clock. */
#include "platform/winsock/winsock.h"

uint64_t ferp_now(void)
{
    /* Neither call fails ("QueryPerformanceCounter function", MSDN). The frequency is at most some
     * GHz, so the remainder of a second times 10^9 fits. */
    LARGE_INTEGER frequency;
    LARGE_INTEGER counter;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&counter);
    uint64_t per_second = (uint64_t)frequency.QuadPart;
    uint64_t ticks = (uint64_t)counter.QuadPart;
    return ticks / per_second * FERP_NANOS_PER_SECOND +
           ticks % per_second * FERP_NANOS_PER_SECOND / per_second;
}
