/* version.c: the version of the library. */
#include "ferrule/version.h"

const char *fer_version(void)
{
    return FER_VERSION_TEXT;
}
