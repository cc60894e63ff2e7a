/* version.c: the version of the library. */
#include "ferrule/version.h"

FER_STATIC_ASSERT(FER_VERSION_NUMBER ==
                      FER_VERSION_MAJOR * 10000 + FER_VERSION_MINOR * 100 + FER_VERSION_PATCH,
                  "the number has the three parts");

uint32_t fer_version_number(void)
{
    return FER_VERSION_NUMBER;
}

const char *fer_version(void)
{
    return FER_VERSION_TEXT;
}
