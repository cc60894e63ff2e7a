/* system_windows.c: selftest.h for Windows. */
#define _WIN32_WINNT 0x0A00
#define WIN32_LEAN_AND_MEAN
#include "selftest/selftest.h"

#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_CAP = 4096, ARGUMENT_CAP = 200 };

void system_prepare(const char *program)
{
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    (void)SetConsoleOutputCP(CP_UTF8);
}

static const char *architecture(void)
{
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    WORD number = info.wProcessorArchitecture;
    return number == 0 ? "x86" : number == 9 ? "x64" : number == 12 ? "arm64" : "other";
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

void system_describe(struct system_facts *out)
{
    RTL_OSVERSIONINFOW version;
    char wine[SYSTEM_TEXT_CAP];
    const char *host = getenv("COMPUTERNAME");
    memset(out, 0, sizeof *out);
    find_version(&version);
    find_wine(wine, sizeof wine);
    snprintf(out->name, sizeof out->name, "%s%swindows-%lu.%lu.%lu-%s", wine,
             wine[0] != 0 ? "-" : "", version.dwMajorVersion, version.dwMinorVersion,
             version.dwBuildNumber, architecture());
    snprintf(out->version, sizeof out->version, "Windows %lu.%lu.%lu %s", version.dwMajorVersion,
             version.dwMinorVersion, version.dwBuildNumber, wine);
    snprintf(out->processor, sizeof out->processor, "%s", architecture());
    snprintf(out->host, sizeof out->host, "%.100s", host != NULL ? host : "");
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

FILE *child_start(const char *argument, intptr_t *child)
{
    static WCHAR path[PATH_CAP];
    char command[ARGUMENT_CAP];
    WCHAR wide[ARGUMENT_CAP];
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOW start = {.cb = (DWORD)sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    HANDLE output = NULL;
    snprintf(command, sizeof command, "ferrule_selftest %s", argument);
    (void)MultiByteToWideChar(CP_ACP, 0, command, -1, wide, ARGUMENT_CAP);
    if (GetModuleFileNameW(NULL, path, PATH_CAP) == 0 ||
        !CreatePipe(&output, &start.hStdOutput, &inherited, 0)) {
        return NULL;
    }
    (void)SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0);
    start.hStdError = start.hStdOutput;
    bool is_started = CreateProcessW(path, wide, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process);
    (void)CloseHandle(start.hStdOutput);
    if (!is_started) {
        (void)CloseHandle(output);
        return NULL;
    }
    (void)CloseHandle(process.hThread);
    *child = (intptr_t)process.hProcess;
    return _fdopen(_open_osfhandle((intptr_t)output, _O_RDONLY | _O_BINARY), "rb");
}

void child_kill(intptr_t child)
{
    (void)TerminateProcess((HANDLE)child, 1);
}

/* A crash is an NTSTATUS of severity "error", or abort's exit code. */
bool child_end(intptr_t child, unsigned *code)
{
    DWORD ended = 0;
    (void)WaitForSingleObject((HANDLE)child, INFINITE);
    (void)GetExitCodeProcess((HANDLE)child, &ended);
    (void)CloseHandle((HANDLE)child);
    *code = (unsigned)ended;
    return ended >= 0xC0000000u || ended == 3;
}
