/* system_windows.c: system.h for Windows. */
#define _WIN32_WINNT 0x0A00
#define WIN32_LEAN_AND_MEAN
#include "selftest/system.h"

#include <windows.h>

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { PATH_CAP = 4096 };

void system_prepare(const char *argument0)
{
    (void)argument0;
    /* Children inherit the mode. */
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    (void)SetConsoleOutputCP(CP_UTF8);
    /* The C library has no line buffers. */
    setvbuf(stdout, NULL, _IONBF, 0);
}

const char *system_own_path(void)
{
    return "";
}

static const char *architecture(void)
{
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    switch (info.wProcessorArchitecture) {
    case 0: return "x86";
    case 9: return "x64";
    case 12: return "arm64";
    default: return "other";
    }
}

/* RtlGetVersion, because GetVersionEx reports the version that the manifest names. */
static void find_version(RTL_OSVERSIONINFOW *version)
{
    LONG(WINAPI * get)(RTL_OSVERSIONINFOW *) = NULL;
    FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion");
    memset(version, 0, sizeof *version);
    version->dwOSVersionInfoSize = (ULONG)sizeof *version;
    memcpy(&get, &found, sizeof get);
    if (get != NULL) {
        (void)get(version);
    }
}

static void find_wine(char *out, size_t cap)
{
    const char *(*get)(void) = NULL;
    FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version");
    memcpy(&get, &found, sizeof get);
    out[0] = 0;
    if (get != NULL) {
        snprintf(out, cap, "wine-%.20s", get());
    }
}

/* The last part of the build, which an update raises, is in the registry only. */
static unsigned find_revision(void)
{
    DWORD value = 0;
    DWORD len = sizeof value;
    HKEY key = NULL;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", 0,
                      KEY_READ | KEY_WOW64_64KEY, &key) == ERROR_SUCCESS) {
        if (RegQueryValueExW(key, L"UBR", NULL, NULL, (BYTE *)&value, &len) != ERROR_SUCCESS) {
            value = 0;
        }
        (void)RegCloseKey(key);
    }
    return value;
}

void system_describe(system_facts *out)
{
    RTL_OSVERSIONINFOW version;
    char wine[SYSTEM_TEXT_CAP];
    SYSTEM_INFO info;
    memset(out, 0, sizeof *out);
    find_version(&version);
    find_wine(wine, sizeof wine);
    GetNativeSystemInfo(&info);
    snprintf(out->name, sizeof out->name, "%s%swindows-%lu.%lu.%lu-%s", wine,
             wine[0] != 0 ? "-" : "", version.dwMajorVersion, version.dwMinorVersion,
             version.dwBuildNumber, architecture());
    snprintf(out->version, sizeof out->version, "Windows %lu.%lu.%lu.%u %s", version.dwMajorVersion,
             version.dwMinorVersion, version.dwBuildNumber, find_revision(), wine);
    snprintf(out->processor, sizeof out->processor, "%s", architecture());
    out->processors = info.dwNumberOfProcessors;
}

FILE *system_open_beside(const char *name, bool *is_beside)
{
    WCHAR path[PATH_CAP + 256];
    WCHAR wide[256];
    size_t len = 0;
    for (; name[len] != 0 && len < 255; len++) {
        wide[len] = (WCHAR)name[len];
    }
    wide[len] = 0;
    DWORD path_len = GetModuleFileNameW(NULL, path, PATH_CAP);
    WCHAR *end = path_len > 0 && path_len < PATH_CAP ? wcsrchr(path, L'\\') : NULL;
    FILE *file = NULL;
    if (end != NULL) {
        wcscpy(end + 1, wide);
        file = _wfopen(path, L"w");
    }
    *is_beside = file != NULL;
    return file != NULL ? file : _wfopen(wide, L"w");
}

void system_private_names(char user[SYSTEM_TEXT_CAP], char host[SYSTEM_TEXT_CAP])
{
    const char *known = getenv("USERNAME");
    snprintf(user, SYSTEM_TEXT_CAP, "%.100s", known != NULL ? known : "");
    known = getenv("COMPUTERNAME");
    snprintf(host, SYSTEM_TEXT_CAP, "%.100s", known != NULL ? known : "");
}

/* A console that no other process uses was made for this program, by a double-click. */
void system_keep_console(void)
{
    DWORD processes[2];
    DWORD mode = 0;
    if (GetConsoleProcessList(processes, 2) == 1 &&
        GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode)) {
        printf("\nPress Enter to close this window.\n");
        (void)getchar();
    }
}

uint64_t system_now_ms(void)
{
    return GetTickCount64();
}

void system_pause_ms(unsigned milliseconds)
{
    Sleep(milliseconds);
}

uint64_t system_processor_ms(void)
{
    FILETIME made;
    FILETIME ended;
    FILETIME kernel;
    FILETIME user;
    (void)GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user);
    uint64_t ticks = ((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
                     ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime);
    return ticks / 10000;
}
