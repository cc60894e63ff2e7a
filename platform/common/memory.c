/* memory.c: the heap, used only by pollers and resolvers. */
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
