/* memory.c: the heap, for pollers and the resolver. In a simulation an allocation can fail by a
 * fault. */
#include <stdlib.h>

#include "platform/sim/network.h"

void *ferp_alloc(size_t size)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network != NULL && ferp_sim_injects(network, NULL, FER_SIM_FAULT_NO_MEMORY)) {
        return NULL;
    }
    return malloc(size);
}

void ferp_free(void *memory)
{
    free(memory);
}
