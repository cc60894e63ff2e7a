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

static BOOL CALLBACK look_for_wine(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    (void)once;
    (void)context;
    void (*version)(void);
    *(volatile bool *)parameter =
        ferp_winsock_find_function(L"ntdll.dll", "wine_get_version", &version);
    return TRUE;
}

bool ferp_winsock_is_wine(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    static bool is_wine;
    return !InitOnceExecuteOnce(&once, look_for_wine, &is_wine, NULL) || is_wine;
}
