/* afd.h: the requests of AFD, the driver below Winsock. A request completes once, when its socket
 * is ready. select is built on it. Private to platform/winsock.
 *
 * No page of MSDN documents IOCTL_AFD_POLL. Much software depends on its not changing: wepoll
 * (whose README describes it), libuv, mio, the JDK. NtCreateFile, NtCancelIoFileEx and
 * RtlNtStatusToDosError have pages. */
#ifndef FERP_WINSOCK_AFD_H
#define FERP_WINSOCK_AFD_H

#include "platform/winsock/winsock.h"

#include <winternl.h>

/* Requested and reported events. LOCAL_CLOSE is always requested. */
#define FERP_AFD_RECEIVE 0x0001u
#define FERP_AFD_RECEIVE_EXPEDITED 0x0002u
#define FERP_AFD_SEND 0x0004u
#define FERP_AFD_DISCONNECT 0x0008u
#define FERP_AFD_ABORT 0x0010u
#define FERP_AFD_LOCAL_CLOSE 0x0020u
#define FERP_AFD_ACCEPT 0x0080u
#define FERP_AFD_CONNECT_FAIL 0x0100u

/* The driver's input and output. */
typedef struct ferp_afd_poll {
    LARGE_INTEGER timeout;
    ULONG count;
    ULONG is_exclusive;
    HANDLE socket;
    ULONG events;
    NTSTATUS status;
} ferp_afd_poll;

/* From ferp_afd_begin until its packet is taken from the completion port, the system owns a
 * request, and it must not move. */
typedef struct ferp_afd_request {
    IO_STATUS_BLOCK status;
    ferp_afd_poll poll;
} ferp_afd_request;

/* Whether a failure is of the system, and not of a socket: a later call may succeed. */
static inline bool ferp_afd_is_transient(fer_error failure)
{
    return failure.kind == FER_OUT_OF_MEMORY || failure.kind == FER_RESOURCE_BUSY ||
           failure.kind == FER_NO_BUFFER_SPACE || failure.kind == FER_TOO_MANY_OPEN_FILES;
}

/* Opens a handle of the driver that is bound to a completion port; CloseHandle closes it. An error
 * that is transient (ferp_afd_is_transient) is the OS's; any other one is UNSUPPORTED with the
 * OS's code, or with 0 if ntdll lacks a function. */
fer_error ferp_afd_open(HANDLE port, HANDLE *out);

/* The base SOCKET, which the driver uses, below any layered provider; the lowest known one if a
 * provider hides it. BAD_HANDLE: not an open socket. */
fer_error ferp_afd_base_of(SOCKET socket, SOCKET *out);

/* Begins a request that is not outstanding. Its packet has context as its lpOverlapped and is
 * queued even if the socket is already ready. After an error there is no packet. */
fer_error ferp_afd_begin(HANDLE afd, ferp_afd_request *request, SOCKET base, ULONG events,
                         void *context);

/* Ends an outstanding request. Its packet is queued soon, if it is not queued already. */
void ferp_afd_cancel(HANDLE afd, ferp_afd_request *request);

/* The result of a request whose packet was taken: the reported events, or 0 if it was cancelled. */
fer_error ferp_afd_result(const ferp_afd_request *request, ULONG *reported);

#endif
