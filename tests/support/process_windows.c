/* process_windows.c: process.h for Windows, which has no signals and no limit on handles. */
#define _WIN32_WINNT 0x0601
#include "support/process.h"

#include <winsock2.h>

#include <windows.h>

bool process_forbid_new_handles(void)
{
    return false;
}
void process_allow_new_handles(void)
{
}

bool process_allow_handles(size_t count)
{
    (void)count;
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
    (void)len;
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

#define CODE(name, kind)  \
    {                     \
#name, name, kind \
    }

/* Rust 1.95, library/std/src/sys/io/error/windows.rs, decode_error_kind. */
const struct process_error_code process_rust_error_codes[] = {
    CODE(ERROR_ACCESS_DENIED, FER_PERMISSION_DENIED),
    CODE(ERROR_ALREADY_EXISTS, FER_ALREADY_EXISTS),
    CODE(ERROR_BROKEN_PIPE, FER_BROKEN_PIPE),
    CODE(ERROR_FILE_NOT_FOUND, FER_NOT_FOUND),
    CODE(ERROR_PATH_NOT_FOUND, FER_NOT_FOUND),
    CODE(ERROR_NO_DATA, FER_BROKEN_PIPE),
    CODE(ERROR_INVALID_PARAMETER, FER_INVALID_INPUT),
    CODE(ERROR_NOT_ENOUGH_MEMORY, FER_OUT_OF_MEMORY),
    CODE(ERROR_OUTOFMEMORY, FER_OUT_OF_MEMORY),
    CODE(ERROR_OPERATION_ABORTED, FER_CONNECTION_TIMED_OUT),
    CODE(ERROR_HOST_UNREACHABLE, FER_HOST_UNREACHABLE),
    CODE(ERROR_NETWORK_UNREACHABLE, FER_NETWORK_UNREACHABLE),
    CODE(WSAEACCES, FER_PERMISSION_DENIED),
    CODE(WSAEADDRINUSE, FER_ADDR_IN_USE),
    CODE(WSAEADDRNOTAVAIL, FER_ADDR_NOT_AVAILABLE),
    CODE(WSAECONNABORTED, FER_CONNECTION_ABORTED),
    CODE(WSAECONNREFUSED, FER_CONNECTION_REFUSED),
    CODE(WSAECONNRESET, FER_CONNECTION_RESET),
    CODE(WSAEINVAL, FER_INVALID_INPUT),
    CODE(WSAENOTCONN, FER_NOT_CONNECTED),
    CODE(WSAEWOULDBLOCK, FER_WOULD_BLOCK),
    CODE(WSAETIMEDOUT, FER_CONNECTION_TIMED_OUT),
    CODE(WSAEHOSTUNREACH, FER_HOST_UNREACHABLE),
    CODE(WSAENETDOWN, FER_NETWORK_DOWN),
    CODE(WSAENETUNREACH, FER_NETWORK_UNREACHABLE),
    CODE(WSAEDQUOT, FER_UNCATEGORIZED),
    {NULL, 0, FER_OK},
};

const struct process_error_code process_other_error_codes[] = {
    CODE(WSAEMFILE, FER_TOO_MANY_OPEN_FILES),
    CODE(WSAEMSGSIZE, FER_MESSAGE_TOO_LONG),
    CODE(WSAENOBUFS, FER_NO_BUFFER_SPACE),
    CODE(WSAENOTSOCK, FER_BAD_HANDLE),
    CODE(WSAEISCONN, FER_ALREADY_CONNECTED),
    CODE(WSAEINTR, FER_INTERRUPTED),
    CODE(WSAEOPNOTSUPP, FER_UNSUPPORTED),
    CODE(WSAESHUTDOWN, FER_BROKEN_PIPE),
    {NULL, 0, FER_OK},
};

int32_t process_code_refused(void)
{
    return WSAECONNREFUSED;
}
