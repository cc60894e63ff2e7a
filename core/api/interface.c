/* interface.c: the names and indexes of network interfaces. */
#include <string.h>

#include "core/base/result.h"
#include "ferrule/socket.h"
#include "platform/platform.h"

fer_error fer_interface_index(const char *interface_name, uint32_t *out)
{
    if (interface_name == NULL || out == NULL) {
        return feri_own_error(FER_MISUSE);
    }
    return ferp_interface_index(interface_name, out);
}

fer_error fer_interface_name(uint32_t index, char *buf, size_t cap)
{
    char name[FER_INTERFACE_NAME_CAP];
    if (buf == NULL && cap > 0) {
        return feri_own_error(FER_MISUSE);
    }
    FER_TRY(ferp_interface_name(index, name));
    size_t len = strlen(name);
    if (len >= cap) {
        return feri_own_error(FER_BUFFER_TOO_SMALL);
    }
    memcpy(buf, name, len + 1);
    return feri_ok();
}
