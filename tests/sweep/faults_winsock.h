/* faults_winsock.h: the calls of the Winsock backend that the sweep makes fail, and the errors that
 * their pages list. faults_winsock.c replaces them. Data only. */
#ifndef SWEEP_FAULTS_WINSOCK_H
#define SWEEP_FAULTS_WINSOCK_H

#include <winsock2.h>

#include <stdbool.h>
#include <windows.h>

/* X(call, errors): the errors of the call's page (MSDN), besides SWEEP_ANY. The pages do not
 * separate kinds of sockets, so a call has a row for streams and one for datagrams. An error whose
 * text is about the other kind is left out. So are WSAESHUTDOWN of a receive, which
 * needs a shutdown before, and WSAEWOULDBLOCK of a stream's connect: every
 * connect has it, and is then pending. Pages of kernel32's functions list no errors; those rows
 * have what the functions are known to fail with. */
#define SWEEP_FAULTS(X)                                                                            \
    X(WSASocketW, WSAEAFNOSUPPORT, WSAEINVALIDPROVIDER, WSAEINVALIDPROCTABLE, WSAEMFILE,           \
      WSAEPROTONOSUPPORT, WSAEPROTOTYPE, WSAEPROVIDERFAILEDINIT, WSAESOCKTNOSUPPORT)               \
    X(WSADuplicateSocketW, WSAEMFILE)                                                              \
    X(bind, WSAEACCES, WSAEADDRINUSE, WSAEADDRNOTAVAIL)                                            \
    X(connect, WSAEADDRINUSE, WSAEALREADY, WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT, WSAECONNREFUSED,     \
      WSAEISCONN, WSAENETUNREACH, WSAEHOSTUNREACH, WSAETIMEDOUT, WSAEACCES)                        \
    X(connect_unix, WSAEACCES, WSAEAFNOSUPPORT, WSAEALREADY, WSAECONNREFUSED, WSAEISCONN)          \
    X(connect_gram, WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT, WSAENETUNREACH, WSAEHOSTUNREACH, WSAEACCES) \
    X(bind_unix, WSAEACCES, WSAEADDRINUSE)                                                         \
    X(listen, WSAEADDRINUSE, WSAEISCONN, WSAEMFILE)                                                \
    X(accept, WSAECONNRESET, WSAEMFILE)                                                            \
    X(getsockname, WSAENOTSOCK)                                                                    \
    X(getpeername, WSAENOTCONN)                                                                    \
    X(getsockopt, WSAENOPROTOOPT)                                                                  \
    X(setsockopt, WSAENOPROTOOPT)                                                                  \
    X(setsockopt_keepalive, WSAENETRESET, WSAENOPROTOOPT, WSAENOTCONN)                             \
    X(setsockopt_member, WSAEADDRNOTAVAIL, WSAENOPROTOOPT)                                         \
    X(shutdown, WSAECONNABORTED, WSAECONNRESET, WSAENOTCONN)                                       \
    X(closesocket, WSAEWOULDBLOCK)                                                                 \
    X(ioctlsocket, WSAENOTSOCK)                                                                    \
    X(WSAIoctl, WSAENOPROTOOPT, WSA_IO_PENDING)                                                    \
    X(recv, SWEEP_STREAM_RECEIVES)                                                                 \
    X(recv_gram, WSAENETRESET, WSAECONNRESET)                                                      \
    X(recvfrom, WSAEISCONN, WSAENETRESET, WSAECONNRESET)                                           \
    X(WSARecv, SWEEP_STREAM_RECEIVES, WSAEDISCON)                                                  \
    X(WSARecv_wait, SWEEP_STREAM_RECEIVES, WSAEDISCON)                                             \
    X(WSARecv_wait_gram, WSAEMSGSIZE, WSAENETRESET, WSAECONNRESET)                                 \
    X(WSAGetOverlappedResult, SWEEP_STREAM_RECEIVES, WSAEDISCON, WSA_INVALID_PARAMETER,            \
      WSA_OPERATION_ABORTED)                                                                       \
    X(WSAGetOverlappedResult_gram, WSAEMSGSIZE, WSAENETRESET, WSAECONNRESET,                       \
      WSA_INVALID_PARAMETER, WSA_OPERATION_ABORTED)                                                \
    X(send, SWEEP_STREAM_SENDS)                                                                    \
    X(send_gram, WSAEACCES, WSAEMSGSIZE, WSAEHOSTUNREACH, WSAENETRESET, WSAECONNRESET,             \
      WSAESHUTDOWN)                                                                                \
    X(sendto, WSAEACCES, WSAENETRESET, WSAESHUTDOWN, WSAEMSGSIZE, WSAEHOSTUNREACH, WSAECONNRESET,  \
      WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT, WSAENETUNREACH, WSAETIMEDOUT)                             \
    X(WSASend, SWEEP_STREAM_SENDS, WSA_OPERATION_ABORTED)                                          \
    X(select, WSAENOTSOCK)                                                                         \
    X(WSAPoll, WSAENOTSOCK)                                                                        \
    X(WSAStartup, WSASYSNOTREADY, WSAVERNOTSUPPORTED, WSAEINPROGRESS, WSAEPROCLIM, WSAEFAULT)      \
    X(GetAddrInfoW, WSA_NOT_ENOUGH_MEMORY, WSAEAFNOSUPPORT, WSAEINVAL, WSAESOCKTNOSUPPORT,         \
      WSAHOST_NOT_FOUND, WSANO_DATA, WSANO_RECOVERY, WSANOTINITIALISED, WSATRY_AGAIN,              \
      WSATYPE_NOT_FOUND)                                                                           \
    X(CancelIoEx, ERROR_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY)                  \
    X(SetHandleInformation, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_ACCESS_DENIED)    \
    X(CreateEventW, SWEEP_NO_HANDLE)                                                               \
    X(CreateThread, ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES, ERROR_COMMITMENT_LIMIT,    \
      ERROR_ACCESS_DENIED, ERROR_MAX_THRDS_REACHED)                                                \
    X(CreateIoCompletionPort, SWEEP_NO_HANDLE)                                                     \
    X(CreateIoCompletionPort_add, SWEEP_NO_HANDLE, ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE)  \
    X(GetQueuedCompletionStatusEx, ERROR_INVALID_HANDLE, ERROR_ABANDONED_WAIT_0,                   \
      ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES)                                          \
    X(PostQueuedCompletionStatus, SWEEP_NO_HANDLE, ERROR_INVALID_HANDLE)                           \
    X(WaitForMultipleObjects, SWEEP_NO_HANDLE, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER)      \
    X(WaitForSingleObject, SWEEP_NO_HANDLE, ERROR_INVALID_HANDLE)                                  \
    X(SleepConditionVariableSRW, ERROR_TIMEOUT, ERROR_NOT_ENOUGH_MEMORY)                           \
    X(GetModuleHandleExW, ERROR_MOD_NOT_FOUND)                                                     \
    X(MultiByteToWideChar, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_UNICODE_TRANSLATION)                \
    X(SetFileCompletionNotificationModes, ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED)             \
    X(NtCreateFile, SWEEP_NO_STATUS, STATUS_(C0000022), STATUS_(C0000034), STATUS_(C000003A),      \
      STATUS_(C00000BB), STATUS_(C000011F))                                                        \
    X(NtDeviceIoControlFile, SWEEP_NO_STATUS, STATUS_(C0000005), STATUS_(C0000008),                \
      STATUS_(C000000D), STATUS_(C0000010), STATUS_(C0000024), STATUS_(C00000A3),                  \
      STATUS_(C0000120), STATUS_(C0000128), STATUS_(C0000140))                                     \
    X(NtCancelIoFileEx, SWEEP_NO_STATUS, STATUS_(C0000008), STATUS_(C0000225))                     \
    X(NtQueryInformationFile, SWEEP_NO_STATUS, STATUS_(C0000008), STATUS_(C0000003))               \
    X(malloc, ERROR_NOT_ENOUGH_MEMORY)

#define SWEEP_STREAM_RECEIVES \
    WSAENOTCONN, WSAENETRESET, WSAECONNABORTED, WSAETIMEDOUT, WSAECONNRESET
#define SWEEP_STREAM_SENDS                                                                \
    WSAEACCES, WSAENETRESET, WSAENOTCONN, WSAESHUTDOWN, WSAEHOSTUNREACH, WSAECONNABORTED, \
        WSAECONNRESET, WSAETIMEDOUT
#define SWEEP_NO_HANDLE                                                         \
    ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES, ERROR_COMMITMENT_LIMIT, \
        ERROR_ACCESS_DENIED, ERROR_TOO_MANY_OPEN_FILES

/* NTSTATUS values ("NTSTATUS Values", MS-ERREF). */
#define STATUS_(number) ((int)0x##number)
#define SWEEP_NO_STATUS STATUS_(C0000017), STATUS_(C000009A), STATUS_(C000012D)

/* The errors that every call of Winsock has, whatever its page says: those that most pages list,
 * and those of Windows that the calls pass on. */
#define SWEEP_ANY                                                                        \
    WSAEINTR, WSAEWOULDBLOCK, WSAENOBUFS, WSA_NOT_ENOUGH_MEMORY, WSAENETDOWN, WSAEINVAL, \
        WSAEFAULT, WSAEINPROGRESS, WSAENOTSOCK, WSAEOPNOTSUPP, WSANOTINITIALISED,        \
        WSA_INVALID_HANDLE, ERROR_NO_SYSTEM_RESOURCES, WSASYSCALLFAILURE

/* Those that pass if the call is made again. */
#define SWEEP_PASSING WSAEINTR, WSAEWOULDBLOCK, WSAENOBUFS, ERROR_NO_SYSTEM_RESOURCES

/* The first and the last call that say whether a connection has ended. */
#define SWEEP_FIRST_TRANSFER SWEEP_recv
#define SWEEP_LAST_TRANSFER SWEEP_WSASend

/* From here on calls fail with the errors of their rows alone. */
#define SWEEP_FIRST_OTHER SWEEP_WSAStartup

/* getpeername does not show that a connection has ended. */
#define SWEEP_SHOWS_END(second) false

/* Some functions are always UNSUPPORTED. */
#define SWEEP_CAN_LACK true

/* The memory of a request that the driver may still write to is never freed. */
#define SWEEP_KEEPS_MEMORY(call) \
    ((call) == SWEEP_GetQueuedCompletionStatusEx || (call) == SWEEP_NtCancelIoFileEx)

/* Those that stand for the others where two calls fail: one that is retried, one of the arguments
 * and one that passes. */
#define SWEEP_FEW WSAEINTR, WSAEINVAL, WSAENOBUFS

/* ---- The replaced calls. faults_winsock.c */

/* False: a call is not in the import table. */
bool sweep_replace_calls(void);

/* The number of handles and SOCKETs that the program has opened and not closed. */
int sweep_open_handles(void);

/* The number of closes of what was not open, since the last call. */
int sweep_bad_closes(void);

/* ---- Unix sockets, which Wine lacks: TCP sockets of loopback. winsock.c */

typedef int(WINAPI *unix_bind_call)(SOCKET, const struct sockaddr *, int);
typedef int(WINAPI *unix_name_call)(SOCKET, struct sockaddr *, int *);

/* A new SOCKET; is_duplicate: of the one of the last unix_duplicate. */
void unix_begin(SOCKET s, bool is_unix, bool is_duplicate);
void unix_duplicate(SOCKET s);
void unix_accept(SOCKET listener, SOCKET s, struct sockaddr *name, int *size);
bool unix_is(SOCKET s);

int unix_bind(SOCKET s, const struct sockaddr *name, unix_bind_call bind_tcp,
              unix_name_call name_of_tcp);
int unix_connect(SOCKET s, const struct sockaddr *name, unix_bind_call connect_tcp);
int unix_name(SOCKET s, bool is_of_peer, struct sockaddr *name, int *size);

#endif
