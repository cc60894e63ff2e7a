/* memory.c: the heap, for what a poller and the resolver keep. No socket, address or call has
 * any. */
#include "platform/platform.h"

#include <stdlib.h>

void *ferp_memory_new(size_t size)
{
    return malloc(size);
}

void ferp_memory_free(void *memory)
{
    free(memory);
}
