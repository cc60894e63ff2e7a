/* wait_request.c: a wait to receive is an overlapped receive of zero bytes, with MSG_PEEK for
 * datagrams. Another thread can cancel it without losing data, because it takes none. Which SOCKETs
 * support it: request_support.c. */
#include "platform/winsock/wait.h"

#include <string.h>

/* A request is cancelled again if it has not ended after a slice, in milliseconds, and is abandoned
 * after the last slice. */
enum { CANCEL_SLICE = 100, CANCEL_SLICES = 10 };

/* ---- Memory. The system may write to a request until it has ended. An abandoned one keeps its
 * place and its event until the process ends. No heap: a read must not allocate. */

typedef struct receive_request {
    OVERLAPPED overlapped;
    HANDLE event;
    volatile LONG is_used;
} receive_request;

/* A wait for which no place is left is a select. */
enum { REQUESTS_MAX = 512 };

static receive_request requests[REQUESTS_MAX];

/* NULL: no place, or no memory for an event. The numbers of threads are multiples of 4. */
static receive_request *new_request(void)
{
    DWORD first = GetCurrentThreadId() / 4;
    DWORD i = 0;
    receive_request *request;
    do {
        if (i == REQUESTS_MAX) {
            return NULL;
        }
        request = &requests[(first + i++) % REQUESTS_MAX];
    } while (InterlockedCompareExchange(&request->is_used, 1, 0) != 0);
    request->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (request->event == NULL) {
        (void)InterlockedExchange(&request->is_used, 0);
        return NULL;
    }
    memset(&request->overlapped, 0, sizeof request->overlapped);
    /* The low bit keeps the completion from a port that other code may have bound to the socket
     * ("GetQueuedCompletionStatus function", MSDN). */
    request->overlapped.hEvent = (HANDLE)((uintptr_t)request->event | 1u);
    return request;
}

static receive_request *request_of(const ferp_wait *wait)
{
    return (receive_request *)wait->words[FERP_WINSOCK_AT_REQUEST];
}

static void end_request(ferp_wait *wait)
{
    receive_request *request = request_of(wait);
    CloseHandle(request->event);
    (void)InterlockedExchange(&request->is_used, 0);
    wait->words[FERP_WINSOCK_AT_KIND] = FERP_WINSOCK_REQUEST_ENDED;
}

/* ---- Failures */

/* Whether the next receive reports the failure, too. */
static bool is_still_reported(SOCKET socket, int code)
{
    char byte;
    return recv(socket, &byte, 1, MSG_PEEK) < 0 && WSAGetLastError() == code;
}

/* Stores a failure that the request has consumed, as the result of a receive. A stream's fatal
 * error is reported again by recv on Windows. On Wine recv then returns 0, the end of the stream. A
 * datagram socket's refusal stays on Windows until a receive without MSG_PEEK (libuv,
 * src/win/udp.c), and not on Wine. */
static void store_failure(ferp_wait *wait, int code)
{
    bool is_datagram = wait->words[FERP_WINSOCK_AT_READINESS] == FERP_RECEIVABLE;
    bool is_stored = false;
    switch (code) {
    case 0:
    case WSAEMSGSIZE:   /* a datagram, which is longer than zero bytes */
    case WSAEOPNOTSUPP: /* a provider without such requests */
    case WSA_OPERATION_ABORTED:
    case WSAEINTR: break;
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENETRESET:
    case WSAETIMEDOUT: is_stored = true; break;
    default: is_stored = is_datagram; break;
    }
    if (is_stored && is_datagram) {
        is_stored = !is_still_reported(wait->words[FERP_WINSOCK_AT_SOCKET], code);
    }
    if (is_stored) {
        wait->failure = is_datagram ? ferp_winsock_datagram_error(code) : ferp_winsock_error(code);
    }
}

/* Not select: it is a poll of the AFD driver inside, which Wine lets consume a refusal. */
fer_error ferp_winsock_check_readable(ferp_wait *wait)
{
    char byte;
    if (recv(wait->words[FERP_WINSOCK_AT_SOCKET], &byte, 1, MSG_PEEK) >= 0) {
        return FERP_WINSOCK_OK;
    }
    int code = WSAGetLastError();
    if (code == WSAEWOULDBLOCK) {
        return FERP_WINSOCK_EXPIRED;
    }
    store_failure(wait, code);
    return FERP_WINSOCK_OK;
}

/* Handles a failure of WSARecv. A request that cannot be pending fails with WSAEWOULDBLOCK
 * ("WSARecv function", MSDN), that of a socket that is not bound with WSAEINVAL, and that of a
 * provider without overlapped peeks with WSAEOPNOTSUPP. If that or memory prevents it, the wait is
 * a select. A plain receive reports any other failure too, unless it is stored, so the socket is
 * ready. */
static void request_failure(ferp_wait *wait, int code)
{
    switch (code) {
    case WSAEWOULDBLOCK:
    case WSAEINVAL:
    case WSAEOPNOTSUPP:
    case WSAENOBUFS:
    case WSA_NOT_ENOUGH_MEMORY: wait->words[FERP_WINSOCK_AT_KIND] = FERP_WINSOCK_SELECTS; break;
    default: store_failure(wait, code); break;
    }
}

/* ---- Requests */

void ferp_winsock_request_begin(ferp_wait *wait)
{
    SOCKET socket = wait->words[FERP_WINSOCK_AT_SOCKET];
    bool is_datagram = wait->words[FERP_WINSOCK_AT_READINESS] == FERP_RECEIVABLE;
    WSABUF nothing = {0, NULL};
    DWORD moved = 0;
    DWORD flags = is_datagram ? MSG_PEEK : 0;
    receive_request *request = ferp_winsock_supports_requests(socket) ? new_request() : NULL;
    if (request == NULL) {
        return;
    }
    wait->words[FERP_WINSOCK_AT_REQUEST] = (uintptr_t)request;
    wait->words[FERP_WINSOCK_AT_KIND] = FERP_WINSOCK_REQUEST_PENDING;
    if (WSARecv(socket, &nothing, 1, &moved, &flags, &request->overlapped, NULL) == 0) {
        end_request(wait);
        return;
    }
    int code = WSAGetLastError();
    if (code != WSA_IO_PENDING) {
        end_request(wait);
        request_failure(wait, code);
    }
}

/* Collects a request that has ended. False: it was cancelled. */
static bool collect_request(ferp_wait *wait)
{
    DWORD moved = 0;
    DWORD flags = 0;
    BOOL ended_well = WSAGetOverlappedResult(wait->words[FERP_WINSOCK_AT_SOCKET],
                                             &request_of(wait)->overlapped, &moved, FALSE, &flags);
    int code = ended_well ? 0 : WSAGetLastError();
    end_request(wait);
    store_failure(wait, code);
    return !ferp_winsock_is_cancelled(code);
}

fer_error ferp_winsock_request_wait(ferp_wait *wait, int millis)
{
    const fer_cancel_token *token = wait->token;
    const HANDLE events[] = {request_of(wait)->event,
                             token == NULL ? NULL : ferp_winsock_token_event(token)};
    DWORD first = 0;
    FER_TRY(ferp_winsock_wait_for_events(events, token == NULL ? 1 : 2, millis, &first));
    if (first == 0) {
        (void)collect_request(wait);
    }
    return FERP_WINSOCK_OK;
}

/* A cancel ends a request without delay, and request_support.c has tried one. It is repeated in
 * case it came while the request was being made. Other libraries wait for the end without a
 * limit. */
bool ferp_winsock_request_cancel(ferp_wait *wait)
{
    receive_request *request = request_of(wait);
    for (int i = 0; i < CANCEL_SLICES; i++) {
        (void)CancelIoEx((HANDLE)wait->words[FERP_WINSOCK_AT_SOCKET], &request->overlapped);
        if (WaitForSingleObject(request->event, CANCEL_SLICE) == WAIT_OBJECT_0) {
            return collect_request(wait);
        }
    }
    wait->words[FERP_WINSOCK_AT_KIND] = FERP_WINSOCK_SELECTS; /* the request is abandoned */
    return false;
}
