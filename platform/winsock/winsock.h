/* winsock.h: declarations that the files of this backend share: the system's headers, errors,
 * addresses. Private to platform/winsock. */
#ifndef FERP_WINSOCK_H
#define FERP_WINSOCK_H

/* Windows 10. The oldest version is 1709; what is newer is tried at run time. */
#if !defined(_WIN32_WINNT) || _WIN32_WINNT < 0x0A00
#undef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif

#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#include "platform/platform.h"

/* io_slices_max. WSARecv has no documented limit; this is IOV_MAX of other systems, and Wine's
 * limit. */
#define FERP_WINSOCK_SLICES_MAX 1024

/* WSAStartup 2.2, once. Every seam function that may be a program's first call calls it. The
 * library never calls WSACleanup, because sockets may be open at any time. error.c */
fer_error ferp_winsock_start(void);

/* The error of a Windows code; of the code of a transfer or an accept, for which WSAEINPROGRESS is
 * RESOURCE_BUSY and a cancel WOULD_BLOCK; of the code of a datagram's receive. error.c */
fer_error ferp_winsock_error(int32_t code);
fer_error ferp_winsock_transfer_error(int32_t code);
fer_error ferp_winsock_datagram_error(int32_t code);

/* The error of a call that never waits, from WSAGetLastError, which equals the thread's
 * GetLastError; or from a result that is 0 or SOCKET_ERROR. A code that means a wait, a started, an
 * interrupted (a layered provider) or a cancelled call is RESOURCE_BUSY: it says nothing about the
 * wait that core may repeat, and no connect has started. error.c */
fer_error ferp_winsock_last_error(void);
fer_error ferp_winsock_result(int result);

/* The error of a transfer, from its result: a count, 0 or SOCKET_ERROR; of a connect. error.c */
fer_error ferp_winsock_transfer_result(int result);
fer_error ferp_winsock_connect_result(int result);

/* Looks up a function of a loaded DLL and stores it in *pointer, which is a function pointer; NULL
 * if there is none. Returns whether it was found. module.c */
bool ferp_winsock_find_function(const WCHAR *module, const char *name, void *pointer);

/* Whether the system is Wine, for what it accepts and does wrong without a failure. module.c */
bool ferp_winsock_is_wine(void);

/* SO_TYPE. Error: not an open socket. socket.c */
fer_error ferp_winsock_type_of(SOCKET socket, DWORD *out);

/* Clears HANDLE_FLAG_INHERIT of a SOCKET that no flag could make without it: until then child
 * processes can inherit the SOCKET. Best effort: one of a layered provider may refuse it (OCaml,
 * PR 10885), although the socket is good. socket.c */
void ferp_winsock_keep_from_children(SOCKET socket);

/* Records that this library has made, accepted or adopted the SOCKET, whose number may have been
 * another socket's. request_support.c */
void ferp_winsock_begin_socket(SOCKET socket);

/* Records that this library is about to close the SOCKET. poller_identity.c */
void ferp_winsock_count_close(SOCKET socket);

/* Whether the stream is or was connected. False: it is not, or SO_CONNECT_TIME cannot be read.
 * socket.c */
bool ferp_winsock_was_connected(SOCKET socket);

/* Whether getpeername succeeds, which may be true of a pending connect. address.c */
bool ferp_winsock_has_peer(SOCKET socket);

/* Whether WSAPoll reports POLLERR now: a reset causes it, an orderly end does not. wait_select.c */
bool ferp_winsock_is_broken(SOCKET socket);

/* ioctlsocket(FIONBIO) with 1 or 0. modes.c */
fer_error ferp_winsock_set_io_mode(SOCKET socket, u_long nonblocking);

/* An IP socket address in the system's form. address.c */
typedef union ferp_winsock_sockaddr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
} ferp_winsock_sockaddr;

/* Fills *out and returns the length for the system. */
int ferp_winsock_sockaddr_from(const fer_socket_addr *addr, ferp_winsock_sockaddr *out);

/* INVALID_INPUT with os_code 0, as in Rust, if the family is not an IP family. */
fer_error ferp_winsock_sockaddr_to(const ferp_winsock_sockaddr *from, fer_socket_addr *out);

#define FERP_WINSOCK_OK ((fer_error){FER_OK, 0})

/* Whether a CancelIoEx ended the call. An overlapped call then fails with WSA_OPERATION_ABORTED
 * (MSDN). It is not documented how select fails: with that on Wine, perhaps with WSAEINTR on
 * Windows, for which libuv takes STATUS_CANCELLED (src/win/winsock.c). Winsock 2 reports WSAEINTR
 * for nothing else ("WSACancelBlockingCall function", MSDN). */
static inline bool ferp_winsock_is_cancelled(int code)
{
    return code == WSA_OPERATION_ABORTED || code == WSAEINTR;
}

/* Milliseconds, rounded up. */
static inline uint64_t ferp_winsock_millis(uint64_t nanos)
{
    return nanos / FERP_NANOS_PER_MILLI + (nanos % FERP_NANOS_PER_MILLI != 0);
}

static inline SOCKET ferp_winsock_socket(fer_raw_socket raw)
{
    return (SOCKET)raw;
}

#endif
