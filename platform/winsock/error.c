/* error.c: maps Windows codes to kinds, and starts Winsock, without which every call fails. The
 * table is in errors_winsock.h and is checked here against the headers. */
#include "platform/winsock/winsock.h"

#include <string.h>

#include "platform/winsock/errors_winsock.h"

/* Names that some SDKs' WinError.h lacks. If it has a name, the number must be the same. */
#ifndef ERROR_DRIVER_CANCEL_TIMEOUT
#define ERROR_DRIVER_CANCEL_TIMEOUT 594
#endif
#ifndef ERROR_RESOURCE_CALL_TIMED_OUT
#define ERROR_RESOURCE_CALL_TIMED_OUT 5910
#endif

#define CHECK_NUMBER(number, name, kind) \
    _Static_assert((number) == (name), #name " is another number in WinError.h");
FERP_WINSOCK_ERRORS(CHECK_NUMBER)
#undef CHECK_NUMBER

fer_error_kind ferp_error_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK;
#define CASE(number, name, kind) \
    case number: return kind;
        FERP_WINSOCK_ERRORS(CASE)
#undef CASE
    default: return FER_UNCATEGORIZED;
    }
}

/* gai_strerror is not thread-safe, and a lookup's codes are Winsock's ("gai_strerrorW function",
 * MSDN). The longest text of a socket error has about 200 characters. FormatMessageW stores nothing
 * if the text is longer ("FormatMessageW function", MSDN). One unit of UTF-16 has at most 3
 * bytes. */
#define TEXT_UNITS 512

void ferp_error_text(fer_error error, char *buf, size_t cap)
{
    const DWORD flags =
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
    WCHAR wide[TEXT_UNITS];
    char text[3 * TEXT_UNITS];
    DWORD units = FormatMessageW(flags, NULL, (DWORD)error.os_code, 0, wide, TEXT_UNITS, NULL);
    int bytes =
        WideCharToMultiByte(CP_UTF8, 0, wide, (int)units, text, (int)sizeof text, NULL, NULL);
    size_t len = (size_t)bytes < cap - 1 ? (size_t)bytes : cap - 1;
    memcpy(buf, text, len);
    buf[len] = '\0';
}

/* No code of Windows is an errno. */
int ferp_errno(fer_error error)
{
    return ferp_errno_of_kind(error.kind);
}

fer_error ferp_winsock_error(int32_t code)
{
    return (fer_error){ferp_error_kind(code), code};
}

/* WSAEINPROGRESS: "A blocking Windows Sockets 1.1 call is in progress, or the service provider is
 * still processing a callback function" (each call's page, MSDN). A call waits in the system after
 * into_raw of a clone has made the SOCKET blocking (`raw_mode`). The ferp_wake of another thread
 * ends it, and it has moved nothing (accept and recv: seen under Wine 8). */
fer_error ferp_winsock_transfer_error(int32_t code)
{
    if (code == WSAEINPROGRESS) {
        return (fer_error){FER_RESOURCE_BUSY, code};
    }
    return ferp_winsock_error(code == WSA_OPERATION_ABORTED ? WSAEWOULDBLOCK : code);
}

/* "The time to live has expired" ("recvfrom function", MSDN). For a stream the code is a reset. */
fer_error ferp_winsock_datagram_error(int32_t code)
{
    return code == WSAENETRESET ? (fer_error){FER_HOST_UNREACHABLE, code}
                                : ferp_winsock_transfer_error(code);
}

fer_error ferp_winsock_last_error(void)
{
    fer_error err = ferp_winsock_error(WSAGetLastError());
    bool is_transient = err.kind == FER_INTERRUPTED || err.kind == FER_WOULD_BLOCK ||
                        err.kind == FER_IN_PROGRESS || err.os_code == WSA_OPERATION_ABORTED;
    return is_transient ? (fer_error){FER_RESOURCE_BUSY, err.os_code} : err;
}

fer_error ferp_winsock_result(int result)
{
    return result == 0 ? FERP_WINSOCK_OK : ferp_winsock_last_error();
}

fer_error ferp_winsock_transfer_result(int result)
{
    return result < 0 ? ferp_winsock_transfer_error(WSAGetLastError()) : FERP_WINSOCK_OK;
}

/* WOULD_BLOCK would mean that the connect has started. */
fer_error ferp_winsock_connect_result(int result)
{
    bool is_cancelled = result < 0 && WSAGetLastError() == WSA_OPERATION_ABORTED;
    return is_cancelled ? ferp_winsock_last_error() : ferp_winsock_transfer_result(result);
}

static BOOL CALLBACK start_winsock(PINIT_ONCE once, PVOID code, PVOID *context)
{
    WSADATA data;
    (void)once;
    (void)context;
    int result = WSAStartup(MAKEWORD(2, 2), &data);
    *(int *)code = result;
    return result == 0;
}

fer_error ferp_winsock_start(void)
{
    /* The next call retries a failed start: InitOnceExecuteOnce stays uninitialized if the callback
     * returns FALSE. */
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    int code = 0;
    if (!InitOnceExecuteOnce(&once, start_winsock, &code, NULL)) {
        return ferp_winsock_error(code != 0 ? code : WSASYSNOTREADY);
    }
    return FERP_WINSOCK_OK;
}
