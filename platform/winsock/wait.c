/* wait.c: waiting until a socket is ready, and waking a wait.
 *
 * A wait to read from a stream is a zero-byte overlapped WSARecv. Another thread can cancel it
 * without losing a byte, because it holds none. WSAPoll is unsuitable: shutdown does not wake it on
 * Windows. The other waits use WSAPoll, except the wait for a connect. It uses select, because
 * WSAPoll reports no failed connect before Windows 10 version 2004 ("WSAPoll function", MSDN). */
#include "platform/winsock/winsock.h"

#include <limits.h>
#include <string.h>

/* Indexes into a ferp_wait's words. The system owns the OVERLAPPED until the request has ended. */
enum {
    AT_SOCKET,
    AT_READINESS,
    AT_EVENT,   /* of a pending request, else 0 */
    AT_FAILURE, /* the connection's fatal error that a request reported, else 0 */
    AT_OVERLAPPED
};
_Static_assert(AT_OVERLAPPED * sizeof(uintptr_t) + sizeof(OVERLAPPED) <= sizeof(ferp_wait),
               "a ferp_wait holds an OVERLAPPED");

static const fer_error timed_out = {FER_TIMED_OUT, 0};

static OVERLAPPED *request_of(ferp_wait *wait)
{
    return (OVERLAPPED *)(void *)&wait->words[AT_OVERLAPPED];
}

static HANDLE event_of(const ferp_wait *wait)
{
    return (HANDLE)wait->words[AT_EVENT];
}

static SOCKET socket_of(const ferp_wait *wait)
{
    return (SOCKET)wait->words[AT_SOCKET];
}

bool ferp_winsock_is_broken(SOCKET socket)
{
    WSAPOLLFD look = {socket, POLLRDNORM, 0};
    return WSAPoll(&look, 1, 0) > 0 && (look.revents & POLLERR) != 0;
}

/* Rounded up to the millisecond, and clamped to what all waits below accept. */
static int millis_until(uint64_t deadline)
{
    uint64_t now = ferp_now();
    if (deadline <= now) {
        return 0;
    }
    uint64_t millis = ferp_winsock_millis(deadline - now);
    return millis > INT_MAX ? INT_MAX : (int)millis;
}

/* ---- A stream's bytes */

static void end_request(ferp_wait *wait)
{
    CloseHandle(event_of(wait));
    wait->words[AT_EVENT] = 0;
}

/* Stores a connection's fatal error that a request reported, because the request may consume it. On
 * Windows the next recv reports it again. On Wine the next recv returns 0, the end of the
 * stream. */
static void store_failure(ferp_wait *wait, int code)
{
    switch (code) {
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENETRESET:
    case WSAETIMEDOUT: wait->words[AT_FAILURE] = (uintptr_t)code; break;
    default: break;
    }
}

/* Handles a failure of WSARecv. A socket that was made elsewhere without WSA_FLAG_OVERLAPPED cannot
 * have a pending request and fails with WSAEWOULDBLOCK ("WSARecv function", MSDN): WSAPoll waits
 * for it. A lack of memory is an error of the wait. A broken connection is stored. A plain recv
 * reports any other failure too, so the socket is ready. */
static fer_error request_failure(ferp_wait *wait, int code)
{
    switch (code) {
    case WSAEWOULDBLOCK: wait->words[AT_READINESS] = FERP_ACCEPTABLE; return FERP_WINSOCK_OK;
    case WSAENOBUFS:
    case WSA_NOT_ENOUGH_MEMORY: return ferp_winsock_error(code);
    default: store_failure(wait, code); return FERP_WINSOCK_OK;
    }
}

static fer_error begin_request(ferp_wait *wait)
{
    OVERLAPPED overlapped;
    WSABUF nothing = {0, NULL};
    DWORD moved = 0;
    DWORD flags = 0;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (event == NULL) {
        return ferp_winsock_last_error();
    }
    wait->words[AT_EVENT] = (uintptr_t)event;
    memset(&overlapped, 0, sizeof overlapped);
    /* The low bit keeps the completion from a port that other code may have bound to the socket
     * ("GetQueuedCompletionStatus function", MSDN). */
    overlapped.hEvent = (HANDLE)((uintptr_t)event | 1u);
    memcpy(request_of(wait), &overlapped, sizeof overlapped);
    if (WSARecv(socket_of(wait), &nothing, 1, &moved, &flags, request_of(wait), NULL) != 0) {
        int code = WSAGetLastError();
        if (code == WSA_IO_PENDING) {
            return FERP_WINSOCK_OK;
        }
        end_request(wait);
        return request_failure(wait, code);
    }
    end_request(wait);
    return FERP_WINSOCK_OK;
}

/* Collects a request that has ended. False: it was cancelled. */
static bool collect_request(ferp_wait *wait)
{
    DWORD moved = 0;
    DWORD flags = 0;
    BOOL ended_well =
        WSAGetOverlappedResult(socket_of(wait), request_of(wait), &moved, FALSE, &flags);
    int code = ended_well ? 0 : WSAGetLastError();
    store_failure(wait, code);
    end_request(wait);
    return code != WSA_OPERATION_ABORTED;
}

/* Cancels the request and waits for its end, which follows without delay. False: it had already
 * ended. */
static bool cancel_request(ferp_wait *wait)
{
    CancelIoEx((HANDLE)socket_of(wait), request_of(wait));
    WaitForSingleObject(event_of(wait), INFINITE);
    return !collect_request(wait);
}

/* A request that ends before its time always means ready: bytes, the end, a failure, or a
 * ferp_wake. */
static fer_error wait_readable(ferp_wait *wait, int millis)
{
    if (event_of(wait) == NULL) {
        return FERP_WINSOCK_OK;
    }
    switch (WaitForSingleObject(event_of(wait), (DWORD)millis)) {
    case WAIT_OBJECT_0: (void)collect_request(wait); return FERP_WINSOCK_OK;
    case WAIT_TIMEOUT: return timed_out;
    default: return ferp_winsock_last_error();
    }
}

/* ---- Other waits */

/* A WSAPoll or select that another thread's CancelIoEx ended has been woken, which is no error. */
static fer_error wait_failure(void)
{
    fer_error err = ferp_winsock_last_error();
    return err.os_code == WSA_OPERATION_ABORTED ? FERP_WINSOCK_OK : err;
}

static fer_error wait_poll(SOCKET socket, SHORT events, int millis)
{
    WSAPOLLFD look = {socket, events, 0};
    int found = WSAPoll(&look, 1, millis);
    if (found < 0) {
        return wait_failure();
    }
    return found == 0 ? timed_out : FERP_WINSOCK_OK;
}

/* A failed connect is only in the except set. A connected socket may be in it too, for urgent data
 * ("select function", MSDN). */
static fer_error wait_connected(SOCKET socket, int millis)
{
    struct timeval limit = {millis / 1000, millis % 1000 * 1000};
    fd_set connected;
    fd_set failed;
    connected.fd_count = 1;
    connected.fd_array[0] = socket;
    failed.fd_count = 1;
    failed.fd_array[0] = socket;
    int found = select(0, NULL, &connected, &failed, &limit);
    if (found < 0) {
        return wait_failure();
    }
    if (found == 0) {
        return timed_out;
    }
    return connected.fd_count > 0 ? FERP_WINSOCK_OK : (fer_error){FER_CONNECTION_REFUSED, 0};
}

static fer_error wait_once(ferp_wait *wait, int millis)
{
    switch ((ferp_readiness)wait->words[AT_READINESS]) {
    case FERP_READABLE: return wait_readable(wait, millis);
    case FERP_WRITABLE: return wait_poll(socket_of(wait), POLLWRNORM, millis);
    case FERP_ACCEPTABLE:
    case FERP_RECEIVABLE: return wait_poll(socket_of(wait), POLLRDNORM, millis);
    case FERP_CONNECTED: return wait_connected(socket_of(wait), millis);
    }
    return FERP_WINSOCK_OK;
}

/* ---- The seam */

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    wait->words[AT_SOCKET] = (uintptr_t)ferp_winsock_socket(raw);
    wait->words[AT_READINESS] = (uintptr_t)readiness;
    wait->words[AT_EVENT] = 0;
    wait->words[AT_FAILURE] = 0;
    return readiness == FERP_READABLE ? begin_request(wait) : FERP_WINSOCK_OK;
}

/* Loops because a system wait may end a little early by this clock, and takes at most INT_MAX
 * milliseconds. */
fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    fer_error err = wait_once(wait, millis_until(deadline));
    while (err.kind == FER_TIMED_OUT && err.os_code == 0 && ferp_now() < deadline) {
        err = wait_once(wait, millis_until(deadline));
    }
    if (event_of(wait) != NULL && !cancel_request(wait) && err.kind == FER_TIMED_OUT) {
        err = FERP_WINSOCK_OK;
    }
    return wait->words[AT_FAILURE] != 0 ? ferp_winsock_error((int)wait->words[AT_FAILURE]) : err;
}

void ferp_wait_disarm(ferp_wait *wait)
{
    if (event_of(wait) != NULL) {
        (void)cancel_request(wait);
    }
}

void ferp_wake(fer_raw_socket raw)
{
    CancelIoEx((HANDLE)ferp_winsock_socket(raw), NULL);
}

void ferp_pause(uint64_t until)
{
    Sleep((DWORD)millis_until(until));
}

/* ---- Either direction */

/* POLLHUP alone is the end of the peer's half, which says nothing about writing. A caller that is
 * interested only in writing is nevertheless woken; otherwise it would wait again without a
 * pause. */
static fer_interest ready_of(SHORT revents, fer_interest interest)
{
    bool reads = (revents & (POLLRDNORM | POLLHUP)) != 0;
    bool writes = (revents & POLLWRNORM) != 0;
    fer_interest ready = ((reads ? FER_READABLE : 0) | (writes ? FER_WRITABLE : 0)) & interest;
    return ready == 0 || (revents & POLLERR) != 0 ? interest : ready;
}

fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     fer_interest *ready)
{
    int events = ((interest & FER_READABLE) != 0 ? POLLRDNORM : 0) |
                 ((interest & FER_WRITABLE) != 0 ? POLLWRNORM : 0);
    WSAPOLLFD look = {ferp_winsock_socket(raw), (SHORT)events, 0};
    int found;
    (void)deadline;
    do {
        found = WSAPoll(&look, 1, millis_until(until));
    } while (found == 0 && ferp_now() < until);
    if (found == 0) {
        return timed_out;
    }
    if (found > 0 && (look.revents & POLLNVAL) != 0) {
        return ferp_winsock_error(WSAENOTSOCK);
    }
    fer_error err = found > 0 ? FERP_WINSOCK_OK : wait_failure();
    if (err.kind == FER_OK) {
        *ready = found > 0 ? ready_of(look.revents, interest) : 0;
    }
    return err;
}
