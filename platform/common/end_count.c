/* end_count.c: a word of the process, for all backends. */
#include "platform/platform.h"

uint32_t *ferp_end_count(void)
{
    static uint32_t count;
    return &count;
}
