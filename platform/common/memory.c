/* memory.c: the heap, used only by pollers and resolvers. */
#include "platform/platform.h"

#include <stdlib.h>

void *ferp_alloc(size_t size)
{
    return malloc(size);
}

void ferp_free(void *memory)
{
    free(memory);
}
