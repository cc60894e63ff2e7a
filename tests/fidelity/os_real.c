/* os_real.c: what a real system does not need: it is not started, and time passes without help. */
#include <stddef.h>

#include "fidelity/fidelity.h"

void os_start(enum fidelity_system system, uint64_t seed)
{
}

const char *os_stop(void)
{
    return NULL;
}

void os_wait_for_arrival(void)
{
}

bool os_is_simulated(void)
{
    return false;
}
