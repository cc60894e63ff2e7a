/* modes.c: the blocking mode and the timeouts of a SOCKET. Every SOCKET of the library is
 * nonblocking, and nonblocking calls ignore the timeouts. core keeps the user's mode and timeouts
 * (core/handle/modes.h), because the SOCKETs of one socket may not share these options. They do by
 * the documentation ("Shared Sockets", MSDN) and on Wine. On Windows they are reported not to
 * (rust-lang/rust#95336). */
#include "platform/winsock/winsock.h"

#include <string.h>

#include <winternl.h>

/* 0xFFFFFFFF, INFINITE, could be read as no timeout. */
#define TIMEOUT_MILLIS_MAX 0xFFFFFFFEu

fer_error ferp_winsock_set_io_mode(SOCKET socket, u_long nonblocking)
{
    return ferp_winsock_result(ioctlsocket(socket, (long)FIONBIO, &nonblocking));
}

static int timeout_option(ferp_direction direction)
{
    return direction == FERP_READING ? SO_RCVTIMEO : SO_SNDTIMEO;
}

/* Rounds up to at least 1, because 0 means no timeout. */
static DWORD timeout_millis(fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return 0;
    }
    uint64_t millis = ferp_winsock_millis(timeout.nanos);
    if (millis == 0) {
        return 1;
    }
    return millis > TIMEOUT_MILLIS_MAX ? TIMEOUT_MILLIS_MAX : (DWORD)millis;
}

fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout)
{
    DWORD millis = timeout_millis(timeout);
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), SOL_SOCKET,
                                          timeout_option(direction), (const char *)&millis,
                                          (int)sizeof millis));
}

fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out)
{
    DWORD millis = 0;
    int size = (int)sizeof millis;
    FER_TRY(ferp_winsock_result(getsockopt(ferp_winsock_socket(raw), SOL_SOCKET,
                                           timeout_option(direction), (char *)&millis, &size)));
    *out =
        millis == 0 ? FER_DURATION_NONE : (fer_duration){(uint64_t)millis * FERP_NANOS_PER_MILLI};
    return FERP_WINSOCK_OK;
}

fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    return ferp_winsock_set_io_mode(ferp_winsock_socket(raw), nonblocking);
}

fer_error ferp_is_nonblocking(fer_raw_socket raw, bool *out)
{
    (void)raw;
    (void)out;
    return ferp_winsock_error(WSAEOPNOTSUPP);
}

/* ---- Adopted sockets */

/* "NtQueryInformationFile function" and "FILE_MODE_INFORMATION structure", MSDN. */
#define FILE_MODE_INFORMATION_CLASS 16
#define SYNCHRONOUS_MODES 0x30u /* FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT */

typedef NTSTATUS(NTAPI *nt_query_information_file)(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, int);

/* Whether the SOCKET was made without WSA_FLAG_OVERLAPPED: the system waits inside a call until it
 * has ended, an overlapped one too. Under Wine 10 this is true of a nonblocking send as well, so no
 * timeout could end it. False: it was not, or it is no handle of the system (a layered provider's),
 * which cannot be queried. */
static bool is_synchronous(SOCKET socket)
{
    nt_query_information_file query = NULL;
    IO_STATUS_BLOCK status;
    ULONG modes = 0;
    memset(&status, 0, sizeof status);
    return ferp_winsock_find_function(L"ntdll.dll", "NtQueryInformationFile", &query) &&
           query((HANDLE)socket, &status, &modes, (ULONG)sizeof modes,
                 FILE_MODE_INFORMATION_CLASS) == 0 &&
           (modes & SYNCHRONOUS_MODES) != 0;
}

fer_error ferp_adopt(fer_raw_socket raw, fer_ip_family family)
{
    (void)family;
    if (is_synchronous(ferp_winsock_socket(raw))) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    ferp_winsock_begin_socket(ferp_winsock_socket(raw));
    return ferp_winsock_set_io_mode(ferp_winsock_socket(raw), 1);
}
