/* afd.h: the requests of AFD, the driver below Winsock: tell me when this socket is readable, once.
 * WSAPoll and select are made of it. Private to platform/winsock.
 *
 * No page of MSDN describes IOCTL_AFD_POLL; that it stays as it is, much depends on: wepoll (whose
 * README tells how it works), libuv, mio, the JDK. NtCreateFile, NtCancelIoFileEx and
 * RtlNtStatusToDosError have pages. */
#ifndef FERP_WINSOCK_AFD_H
#define FERP_WINSOCK_AFD_H

#include "platform/winsock/winsock.h"

#include <winternl.h>

/* What to tell of, and what is told. A socket's own end is told in any case. */
#define FERP_AFD_RECEIVE 0x0001u
#define FERP_AFD_SEND 0x0004u
#define FERP_AFD_DISCONNECT 0x0008u
#define FERP_AFD_ABORT 0x0010u
#define FERP_AFD_LOCAL_CLOSE 0x0020u
#define FERP_AFD_ACCEPT 0x0080u
#define FERP_AFD_CONNECT_FAIL 0x0100u

typedef enum ferp_afd_state {
    FERP_AFD_IDLE,
    FERP_AFD_UNDER_WAY,
    FERP_AFD_STALE /* under way, or told of already, but wanted no longer */
} ferp_afd_state;

/* What the driver reads and writes. */
typedef struct ferp_afd_poll {
    LARGE_INTEGER timeout;
    ULONG count;
    ULONG is_exclusive;
    HANDLE socket;
    ULONG events;
    NTSTATUS status;
} ferp_afd_poll;

/* One request at a time. From ferp_afd_begin on it is the system's, and must stay where it is,
 * until its packet has been taken from the completion port. All zero bytes: IDLE. */
typedef struct ferp_afd_request {
    IO_STATUS_BLOCK status;
    ferp_afd_poll poll;
    ULONG asked;
    ferp_afd_state state;
} ferp_afd_request;

/* A handle of the driver, tied to a completion port; closed by CloseHandle. UNSUPPORTED where there
 * is none. */
fer_error ferp_afd_open(HANDLE port, HANDLE *out);

/* The SOCKET that the driver knows, below what layered providers may have put on top of it. */
fer_error ferp_afd_base_of(SOCKET socket, SOCKET *out);

/* Begins an IDLE request; its packet comes with context for its lpOverlapped, even where the socket
 * is ready already. After an error there is no packet, and it is IDLE still. */
fer_error ferp_afd_begin(HANDLE afd, ferp_afd_request *request, SOCKET base, ULONG events,
                         void *context);

/* Makes one that is UNDER_WAY STALE; its packet comes soon, if it is not there already. */
void ferp_afd_cancel(HANDLE afd, ferp_afd_request *request);

/* Its packet has come: it is IDLE again. What was told; nothing where it was STALE. */
ULONG ferp_afd_end(ferp_afd_request *request);

#endif
