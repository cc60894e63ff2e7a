/* version.c: which version of the library this is. */
#include "ferrule/version.h"

const char *fer_version(void)
{
    return FER_VERSION_TEXT;
}
