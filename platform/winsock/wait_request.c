/* wait_request.c: a wait to receive is an overlapped receive of zero bytes, with MSG_PEEK for
 * datagrams. Another thread can cancel it without losing data, because it takes none. */
#include "platform/winsock/wait.h"

#include <string.h>

_Static_assert(FERP_WINSOCK_AT_OVERLAPPED * sizeof(uintptr_t) + sizeof(OVERLAPPED) <=
                   sizeof(ferp_wait),
               "a ferp_wait holds an OVERLAPPED");

/* The longest wait for the end of a cancelled request before it is cancelled again. */
enum { CANCEL_SLICE = 100 };

static OVERLAPPED *request_of(ferp_wait *wait)
{
    return (OVERLAPPED *)(void *)&wait->words[FERP_WINSOCK_AT_OVERLAPPED];
}

static HANDLE event_of(const ferp_wait *wait)
{
    return (HANDLE)wait->words[FERP_WINSOCK_AT_EVENT];
}

static void set_kind(ferp_wait *wait, ferp_winsock_wait_kind kind)
{
    wait->words[FERP_WINSOCK_AT_KIND] = (uintptr_t)kind;
}

static bool is_datagram_wait(const ferp_wait *wait)
{
    return ferp_winsock_wait_readiness(wait) == FERP_RECEIVABLE;
}

/* ---- Sockets that support requests. ferp_adopt has rejected one that is not overlapped. */

/* Whether CancelIoEx works on the SOCKET. It fails with ERROR_INVALID_HANDLE on one of a layered
 * provider (libuv, src/win/tcp.c), and with ERROR_NOT_FOUND for a request that was never made
 * ("CancelIoEx function", MSDN). */
static bool can_cancel(SOCKET socket)
{
    OVERLAPPED never_used;
    memset(&never_used, 0, sizeof never_used);
    return CancelIoEx((HANDLE)socket, &never_used) || GetLastError() == ERROR_NOT_FOUND;
}

/* A layered provider may lack XP1_IFS_HANDLES: its SOCKETs are no handles of the system
 * ("WSAPROTOCOL_INFOW structure", MSDN). No program is known that makes a zero-byte receive on a
 * Unix or a raw socket. */
static bool is_suitable_protocol(SOCKET socket)
{
    WSAPROTOCOL_INFOW info;
    int size = (int)sizeof info;
    return getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size) == 0 &&
           (info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 && info.iAddressFamily != AF_UNIX &&
           info.iSocketType != SOCK_RAW;
}

static bool supports_requests(SOCKET socket)
{
    return can_cancel(socket) && is_suitable_protocol(socket);
}

/* ---- Failures */

/* Whether the next receive reports the failure, too. */
static bool is_still_reported(SOCKET socket, int code)
{
    char byte;
    return recv(socket, &byte, 1, MSG_PEEK) < 0 && WSAGetLastError() == code;
}

/* Stores a failure that the request has consumed, for the caller of the wait. A stream's fatal
 * error is reported again by recv on Windows. On Wine recv then returns 0, the end of the stream. A
 * datagram socket's refusal stays on Windows until a receive without MSG_PEEK (libuv,
 * src/win/udp.c), and not on Wine. */
static void store_failure(ferp_wait *wait, int code)
{
    bool is_stored = false;
    switch (code) {
    case 0:
    case WSAEMSGSIZE: /* a datagram, which is longer than zero bytes */
    case WSA_OPERATION_ABORTED: break;
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENETRESET:
    case WSAETIMEDOUT: is_stored = true; break;
    default: is_stored = is_datagram_wait(wait); break;
    }
    if (is_stored && is_datagram_wait(wait)) {
        is_stored = !is_still_reported(ferp_winsock_wait_socket(wait), code);
    }
    if (is_stored) {
        wait->words[FERP_WINSOCK_AT_FAILURE] = (uintptr_t)code;
    }
}

/* Handles a failure of WSARecv. A request that cannot be pending fails with WSAEWOULDBLOCK
 * ("WSARecv function", MSDN). A lack of memory is an error of the wait. A plain receive reports any
 * other failure too, unless it is stored, so the socket is ready. */
static fer_error request_failure(ferp_wait *wait, int code)
{
    switch (code) {
    case WSAEWOULDBLOCK: set_kind(wait, FERP_WINSOCK_SELECTS); return FERP_WINSOCK_OK;
    case WSAENOBUFS:
    case WSA_NOT_ENOUGH_MEMORY: return ferp_winsock_error(code);
    default: store_failure(wait, code); return FERP_WINSOCK_OK;
    }
}

/* ---- Requests */

static void end_request(ferp_wait *wait)
{
    CloseHandle(event_of(wait));
    set_kind(wait, FERP_WINSOCK_REQUEST_ENDED);
}

static fer_error make_request(ferp_wait *wait)
{
    OVERLAPPED overlapped;
    WSABUF nothing = {0, NULL};
    DWORD moved = 0;
    DWORD flags = is_datagram_wait(wait) ? MSG_PEEK : 0;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (event == NULL) {
        return ferp_winsock_last_error();
    }
    wait->words[FERP_WINSOCK_AT_EVENT] = (uintptr_t)event;
    memset(&overlapped, 0, sizeof overlapped);
    /* The low bit keeps the completion from a port that other code may have bound to the socket
     * ("GetQueuedCompletionStatus function", MSDN). */
    overlapped.hEvent = (HANDLE)((uintptr_t)event | 1u);
    memcpy(request_of(wait), &overlapped, sizeof overlapped);
    set_kind(wait, FERP_WINSOCK_REQUEST_PENDING);
    if (WSARecv(ferp_winsock_wait_socket(wait), &nothing, 1, &moved, &flags, request_of(wait),
                NULL) == 0) {
        end_request(wait);
        return FERP_WINSOCK_OK;
    }
    int code = WSAGetLastError();
    if (code == WSA_IO_PENDING) {
        return FERP_WINSOCK_OK;
    }
    end_request(wait);
    return request_failure(wait, code);
}

fer_error ferp_winsock_request_begin(ferp_wait *wait)
{
    set_kind(wait, FERP_WINSOCK_SELECTS);
    return supports_requests(ferp_winsock_wait_socket(wait)) ? make_request(wait) : FERP_WINSOCK_OK;
}

/* Collects a request that has ended. False: it was cancelled. */
static bool collect(ferp_wait *wait)
{
    DWORD moved = 0;
    DWORD flags = 0;
    BOOL ended_well = WSAGetOverlappedResult(ferp_winsock_wait_socket(wait), request_of(wait),
                                             &moved, FALSE, &flags);
    int code = ended_well ? 0 : WSAGetLastError();
    end_request(wait);
    store_failure(wait, code);
    return code != WSA_OPERATION_ABORTED;
}

fer_error ferp_winsock_request_wait(ferp_wait *wait, int millis)
{
    switch (WaitForSingleObject(event_of(wait), (DWORD)millis)) {
    case WAIT_OBJECT_0: (void)collect(wait); return FERP_WINSOCK_OK;
    case WAIT_TIMEOUT: return FERP_WINSOCK_EXPIRED;
    default: return ferp_winsock_last_error();
    }
}

/* The OVERLAPPED is on the caller's stack, so the request must have ended before this returns. A
 * cancel ends it without delay, and can_cancel has tried one. It is repeated in case it came while
 * the request was being made. */
bool ferp_winsock_request_cancel(ferp_wait *wait)
{
    do {
        (void)CancelIoEx((HANDLE)ferp_winsock_wait_socket(wait), request_of(wait));
    } while (WaitForSingleObject(event_of(wait), CANCEL_SLICE) == WAIT_TIMEOUT);
    return collect(wait);
}
