/* winsock_modules.c: the calls of modules, threads and names of scripted_winsock.h. */
#include "unit/winsock_script.h"

#include <string.h>

/* ---- Modules. A reference to one is a handle. No function of Wine's is found: the system is
 * Windows. */

enum { MODULE = 0x6000 };

HMODULE WINAPI scripted_GetModuleHandleW(LPCWSTR name)
{
    HMODULE loaded = GetModuleHandleW(name);
    return loaded != NULL ? loaded : (HMODULE)(intptr_t)MODULE;
}

BOOL WINAPI scripted_GetModuleHandleExW(DWORD flags, LPCWSTR name, HMODULE *out)
{
    if ((flags & GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT) == 0) {
        script_add_handle(MODULE);
    }
    *out = (HMODULE)(intptr_t)MODULE;
    return TRUE;
}

HMODULE WINAPI scripted_LoadLibraryExW(LPCWSTR name, HANDLE file, DWORD flags)
{
    const struct step *step = script_take(ANSWER_LoadLibraryExW, ANY, ANY, ANY);
    if (flags != LOAD_LIBRARY_SEARCH_SYSTEM32) {
        script_fail("a module is searched by the flags", flags);
    }
    if (!script_succeeds(step)) {
        return NULL;
    }
    script_add_handle(MODULE);
    return (HMODULE)(intptr_t)MODULE;
}

BOOL WINAPI scripted_FreeLibrary(HMODULE module)
{
    if (!script_remove_handle((intptr_t)module)) {
        script_fail("a module is freed twice:", (intptr_t)module);
    }
    return script_succeeds(NULL);
}

FARPROC WINAPI scripted_GetProcAddress(HMODULE module, LPCSTR name)
{
    static const struct {
        const char *name;
        FARPROC function;
    } scripted[] = {
        {"NtCreateFile", (FARPROC)(void (*)(void))scripted_NtCreateFile},
        {"NtDeviceIoControlFile", (FARPROC)(void (*)(void))scripted_NtDeviceIoControlFile},
        {"NtCancelIoFileEx", (FARPROC)(void (*)(void))scripted_NtCancelIoFileEx},
        {"NtQueryInformationFile", (FARPROC)(void (*)(void))scripted_NtQueryInformationFile},
        {"RtlGetVersion", (FARPROC)(void (*)(void))scripted_RtlGetVersion},
        {"if_nametoindex", (FARPROC)(void (*)(void))scripted_if_nametoindex},
        {"if_indextoname", (FARPROC)(void (*)(void))scripted_if_indextoname},
        {"wine_get_version", NULL},
    };
    const struct step *step = script_take(ANSWER_GetProcAddress, ANY, ANY, ANY);
    if (step != NULL && !script_succeeds(step)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof scripted / sizeof scripted[0]; i++) {
        if (strcmp(scripted[i].name, name) == 0) {
            return scripted[i].function;
        }
    }
    return GetProcAddress(module, name);
}

/* out: the build. Without a step it is that of Windows 11 24H2. */
LONG WINAPI scripted_RtlGetVersion(OSVERSIONINFOW *version)
{
    const struct step *step = script_take(ANSWER_RtlGetVersion, ANY, ANY, ANY);
    version->dwBuildNumber = step != NULL ? (DWORD)step->out : 26100;
    return 0;
}

/* ---- Threads and conditions. out: how many nanoseconds a wait lasts. */

HANDLE WINAPI scripted_CreateThread(LPSECURITY_ATTRIBUTES attributes, SIZE_T stack,
                                    LPTHREAD_START_ROUTINE run, LPVOID argument, DWORD flags,
                                    LPDWORD id)
{
    const struct step *step = script_take(ANSWER_CreateThread, ANY, flags, ANY);
    if (attributes != NULL) {
        script_fail("a thread has attributes:", (intptr_t)attributes);
    }
    if (!script_succeeds(step)) {
        return NULL;
    }
    script_add_handle(step->result);
    return (HANDLE)(intptr_t)step->result;
}

BOOL WINAPI scripted_SleepConditionVariableSRW(PCONDITION_VARIABLE condition, PSRWLOCK lock,
                                               DWORD millis, ULONG flags)
{
    const struct step *step = script_take(ANSWER_SleepConditionVariableSRW, ANY, millis, flags);
    script_now_nanos += step->out;
    return script_succeeds(step);
}

VOID WINAPI scripted_ReleaseSRWLockExclusive(PSRWLOCK lock)
{
    ReleaseSRWLockExclusive(lock);
    (void)script_succeeds(NULL);
}

/* ---- Texts. on: the code. in: the language. result: the length. */

DWORD WINAPI scripted_FormatMessageW(DWORD flags, LPCVOID source, DWORD code, DWORD language,
                                     LPWSTR text, DWORD cap, va_list *arguments)
{
    const struct step *step = script_take(ANSWER_FormatMessageW, code, language, ANY);
    for (int64_t i = 0; i < step->result && i < cap; i++) {
        text[i] = 0xE9; /* two bytes of UTF-8 */
    }
    return script_succeeds(step) ? (DWORD)step->result : 0;
}

/* ---- Network interfaces. Neither function sets an error code. */

ULONG WINAPI scripted_if_nametoindex(const char *name)
{
    return (ULONG)script_take(ANSWER_if_nametoindex, ANY, ANY, ANY)->result;
}

char *WINAPI scripted_if_indextoname(ULONG index, char *name)
{
    const struct step *step = script_take(ANSWER_if_indextoname, ANY, index, ANY);
    strcpy(name, "name");
    return step->result != 0 ? name : NULL;
}

/* ---- Names */

/* out: the families of the list, one in 4 bits, the first one lowest; 15: another family; 14: an
 * entry without an address. */
INT WINAPI scripted_GetAddrInfoW(PCWSTR node, PCWSTR service, const ADDRINFOW *hints,
                                 PADDRINFOW *found)
{
    enum { ENTRIES = 4 };
    static ADDRINFOW entries[ENTRIES];
    static ferp_winsock_sockaddr names[ENTRIES];
    const struct step *step =
        script_take(ANSWER_GetAddrInfoW, NONE, hints->ai_family, hints->ai_socktype);
    memset(entries, 0, sizeof entries);
    memset(names, 0, sizeof names);
    for (int i = 0; i < ENTRIES && (step->out >> 4 * i) != 0; i++) {
        int kind = (int)(step->out >> 4 * i & 15);
        const fer_socket_addr addr = {.ip.family = kind == 6 ? FER_IP_V6 : FER_IP_V4, .port = 80};
        int len = ferp_winsock_sockaddr_from(&addr, &names[i]);
        names[i].any.sa_family = kind == 15 ? AF_UNIX : names[i].any.sa_family;
        entries[i].ai_addr = kind == 14 ? NULL : &names[i].any;
        entries[i].ai_addrlen = (size_t)len;
        if (i > 0) {
            entries[i - 1].ai_next = &entries[i];
        }
    }
    if (step->code == 0) {
        *found = entries;
        script_add_handle((intptr_t)entries);
    }
    return step->code;
}

VOID WINAPI scripted_FreeAddrInfoW(PADDRINFOW found)
{
    if (!script_remove_handle((intptr_t)found)) {
        script_fail("a list is freed twice:", 0);
    }
}
