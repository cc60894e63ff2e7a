/* process_windows.c: process.h for Windows, which has no signals and no limit on handles. */
#define _WIN32_WINNT 0x0A00
#include "support/process.h"

#include <winsock2.h>

#include <windows.h>

#include "support/error_codes_winsock.h"

bool process_forbid_new_handles(void)
{
    return false;
}
void process_allow_new_handles(void)
{
}

bool process_allow_handles(size_t count)
{
    return true;
}

bool process_drop_privileges(void)
{
    return false;
}
void process_regain_privileges(void)
{
}

void *process_reserve(size_t len)
{
    return VirtualAlloc(NULL, len, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void process_unreserve(void *area, size_t len)
{
    (void)VirtualFree(area, 0, MEM_RELEASE);
}

/* "FILETIME structure", MSDN: in units of 100 ns. */
static uint64_t microseconds_of(FILETIME time)
{
    return (((uint64_t)time.dwHighDateTime << 32) | time.dwLowDateTime) / 10;
}

uint64_t process_thread_time_us(void)
{
    FILETIME unused[2];
    FILETIME kernel;
    FILETIME user;
    if (!GetThreadTimes(GetCurrentThread(), &unused[0], &unused[1], &kernel, &user)) {
        return 0;
    }
    return microseconds_of(kernel) + microseconds_of(user);
}

#define CODE(name, number, kind) {#name, name, kind},
const struct process_error_code process_rust_error_codes[] = {
    RUST_ERROR_CODES(CODE){NULL, 0, FER_OK}};

int32_t process_code_refused(void)
{
    return WSAECONNREFUSED;
}
