/* module.c: functions of the system's DLLs that are looked up at run time. */
#include "platform/winsock/winsock.h"

#include <string.h>

bool ferp_winsock_find_function(const WCHAR *module, const char *name, void *pointer)
{
    HMODULE loaded = GetModuleHandleW(module);
    FARPROC found = loaded != NULL ? GetProcAddress(loaded, name) : NULL;
    _Static_assert(sizeof found == sizeof(void (*)(void)), "a FARPROC holds any function");
    memcpy(pointer, &found, sizeof found);
    return found != NULL;
}
