/* limited_memory.h: the seam's memory functions with a limited number of allocations, which are
 * counted. For one thread at a time. */
#ifndef TEST_LIMITED_MEMORY_H
#define TEST_LIMITED_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"

static int allowed;
static int blocks;

void *ferp_alloc(size_t size)
{
    if (allowed == 0) {
        return NULL;
    }
    allowed--;
    blocks++;
    void *memory = malloc(size);
    memset(memory, 0xA5, size); /* callers must not rely on zeroed memory */
    return memory;
}

void ferp_free(void *memory)
{
    blocks -= memory != NULL;
    free(memory);
}

/* A test's setup and teardown. Memory is not limited at the start, and every block must be freed at
 * the end. */
static int memory_begin(void **state)
{
    allowed = INT16_MAX;
    blocks = 0;
    return 0;
}

static int memory_end(void **state)
{
    return blocks == 0 ? 0 : -1;
}

#define MEMORY_TEST(function) TEST_WITH(function, memory_begin, memory_end)

#endif
