/* scripted_winsock.h: replaces the functions of ws2_32, kernel32 and ntdll in a library under test
 * by those of a script (winsock_script.h). Every source of that library includes it first. */
#ifndef TEST_SCRIPTED_WINSOCK_H
#define TEST_SCRIPTED_WINSOCK_H

#include "platform/winsock/winsock.h"

#include <mstcpip.h>
#include <mswsock.h>

#include <winternl.h>

/* X(name, result, parameters). Those of the second list are part of a script only if its next step
 * names them; otherwise each succeeds, or answers by the state of its handle. */
#define SCRIPTED_CALLS(X)                                                                          \
    X(WSASocketW, SOCKET, (int, int, int, LPWSAPROTOCOL_INFOW, GROUP, DWORD))                      \
    X(WSADuplicateSocketW, int, (SOCKET, DWORD, LPWSAPROTOCOL_INFOW))                              \
    X(closesocket, int, (SOCKET))                                                                  \
    X(ioctlsocket, int, (SOCKET, long, u_long *))                                                  \
    X(getsockopt, int, (SOCKET, int, int, char *, int *))                                          \
    X(setsockopt, int, (SOCKET, int, int, const char *, int))                                      \
    X(bind, int, (SOCKET, const struct sockaddr *, int))                                           \
    X(listen, int, (SOCKET, int))                                                                  \
    X(connect, int, (SOCKET, const struct sockaddr *, int))                                        \
    X(accept, SOCKET, (SOCKET, struct sockaddr *, int *))                                          \
    X(getsockname, int, (SOCKET, struct sockaddr *, int *))                                        \
    X(getpeername, int, (SOCKET, struct sockaddr *, int *))                                        \
    X(shutdown, int, (SOCKET, int))                                                                \
    X(select, int, (int, fd_set *, fd_set *, fd_set *, const struct timeval *))                    \
    X(WSAPoll, int, (WSAPOLLFD *, ULONG, INT))                                                     \
    X(recv, int, (SOCKET, char *, int, int))                                                       \
    X(recvfrom, int, (SOCKET, char *, int, int, struct sockaddr *, int *))                         \
    X(send, int, (SOCKET, const char *, int, int))                                                 \
    X(sendto, int, (SOCKET, const char *, int, int, const struct sockaddr *, int))                 \
    X(WSARecv, int,                                                                                \
      (SOCKET, LPWSABUF, DWORD, LPDWORD, LPDWORD, LPWSAOVERLAPPED,                                 \
       LPWSAOVERLAPPED_COMPLETION_ROUTINE))                                                        \
    X(WSASend, int,                                                                                \
      (SOCKET, LPWSABUF, DWORD, LPDWORD, DWORD, LPWSAOVERLAPPED,                                   \
       LPWSAOVERLAPPED_COMPLETION_ROUTINE))                                                        \
    X(WSARecvMsg, INT,                                                                             \
      (SOCKET, LPWSAMSG, LPDWORD, LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE))            \
    X(WSASendMsg, INT,                                                                             \
      (SOCKET, LPWSAMSG, DWORD, LPDWORD, LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE))     \
    X(WSAIoctl, int,                                                                               \
      (SOCKET, DWORD, LPVOID, DWORD, LPVOID, DWORD, LPDWORD, LPWSAOVERLAPPED,                      \
       LPWSAOVERLAPPED_COMPLETION_ROUTINE))                                                        \
    X(WSAGetOverlappedResult, BOOL, (SOCKET, LPWSAOVERLAPPED, LPDWORD, BOOL, LPDWORD))             \
    X(GetAddrInfoW, INT, (PCWSTR, PCWSTR, const ADDRINFOW *, PADDRINFOW *))                        \
    X(CancelIoEx, BOOL, (HANDLE, LPOVERLAPPED))                                                    \
    X(WaitForMultipleObjects, DWORD, (DWORD, const HANDLE *, BOOL, DWORD))                         \
    X(SetHandleInformation, BOOL, (HANDLE, DWORD, DWORD))                                          \
    X(GetHandleInformation, BOOL, (HANDLE, LPDWORD))                                               \
    X(GetQueuedCompletionStatusEx, BOOL, (HANDLE, LPOVERLAPPED_ENTRY, ULONG, PULONG, DWORD, BOOL)) \
    X(PostQueuedCompletionStatus, BOOL, (HANDLE, DWORD, ULONG_PTR, LPOVERLAPPED))                  \
    X(ReadFile, BOOL, (HANDLE, LPVOID, DWORD, LPDWORD, LPOVERLAPPED))                              \
    X(GetOverlappedResult, BOOL, (HANDLE, LPOVERLAPPED, LPDWORD, BOOL))                            \
    X(NtQueryInformationFile, NTSTATUS, (HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, int))             \
    X(NtDeviceIoControlFile, NTSTATUS,                                                             \
      (HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, ULONG, PVOID, ULONG, PVOID,       \
       ULONG))                                                                                     \
    X(NtCancelIoFileEx, NTSTATUS, (HANDLE, PIO_STATUS_BLOCK, PIO_STATUS_BLOCK))                    \
    X(CreateThread, HANDLE,                                                                        \
      (LPSECURITY_ATTRIBUTES, SIZE_T, LPTHREAD_START_ROUTINE, LPVOID, DWORD, LPDWORD))             \
    X(SleepConditionVariableSRW, BOOL, (PCONDITION_VARIABLE, PSRWLOCK, DWORD, ULONG))              \
    X(FormatMessageW, DWORD, (DWORD, LPCVOID, DWORD, DWORD, LPWSTR, DWORD, va_list *))             \
    X(if_nametoindex, ULONG, (const char *))                                                       \
    X(if_indextoname, char *, (ULONG, char *))

#define SCRIPTED_QUIET_CALLS(X)                                                                  \
    X(WSAStartup, int, (WORD, LPWSADATA))                                                        \
    X(RtlGetVersion, LONG, (OSVERSIONINFOW *))                                                   \
    X(find_function, int, (SOCKET, const GUID *, void *))                                        \
    X(FreeAddrInfoW, VOID, (PADDRINFOW))                                                         \
    X(CreateEventW, HANDLE, (LPSECURITY_ATTRIBUTES, BOOL, BOOL, LPCWSTR))                        \
    X(SetEvent, BOOL, (HANDLE))                                                                  \
    X(ResetEvent, BOOL, (HANDLE))                                                                \
    X(CloseHandle, BOOL, (HANDLE))                                                               \
    X(WaitForSingleObject, DWORD, (HANDLE, DWORD))                                               \
    X(Sleep, VOID, (DWORD))                                                                      \
    X(CreateIoCompletionPort, HANDLE, (HANDLE, HANDLE, ULONG_PTR, DWORD))                        \
    X(SetFileCompletionNotificationModes, BOOL, (HANDLE, UCHAR))                                 \
    X(NtCreateFile, NTSTATUS,                                                                    \
      (PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, PLARGE_INTEGER, ULONG, ULONG, \
       ULONG, ULONG, PVOID, ULONG))                                                              \
    X(GetProcAddress, FARPROC, (HMODULE, LPCSTR))                                                \
    X(GetModuleHandleW, HMODULE, (LPCWSTR))                                                      \
    X(GetModuleHandleExW, BOOL, (DWORD, LPCWSTR, HMODULE *))                                     \
    X(LoadLibraryExW, HMODULE, (LPCWSTR, HANDLE, DWORD))                                         \
    X(FreeLibrary, BOOL, (HMODULE))                                                              \
    X(ReleaseSRWLockExclusive, VOID, (PSRWLOCK))                                                 \
    X(GetTickCount64, ULONGLONG, (void))                                                         \
    X(QueryPerformanceCounter, BOOL, (LARGE_INTEGER *))                                          \
    X(QueryPerformanceFrequency, BOOL, (LARGE_INTEGER *))                                        \
    X(release, LONG, (volatile LONG *, LONG))

#define DECLARE(name, result, parameters) result WINAPI scripted_##name parameters;
SCRIPTED_CALLS(DECLARE)
SCRIPTED_QUIET_CALLS(DECLARE)
#undef DECLARE

#ifndef TEST_WINSOCK_SCRIPT
#define WSASocketW scripted_WSASocketW
#define WSADuplicateSocketW scripted_WSADuplicateSocketW
#define closesocket scripted_closesocket
#define ioctlsocket scripted_ioctlsocket
#define getsockopt scripted_getsockopt
#define setsockopt scripted_setsockopt
#define bind scripted_bind
#define listen scripted_listen
#define connect scripted_connect
#define accept scripted_accept
#define getsockname scripted_getsockname
#define getpeername scripted_getpeername
#define shutdown scripted_shutdown
#define select scripted_select
#define WSAPoll scripted_WSAPoll
#define recv scripted_recv
#define recvfrom scripted_recvfrom
#define send scripted_send
#define sendto scripted_sendto
#define WSARecv scripted_WSARecv
#define WSASend scripted_WSASend
#define WSAIoctl scripted_WSAIoctl
#define WSAGetOverlappedResult scripted_WSAGetOverlappedResult
#define GetAddrInfoW scripted_GetAddrInfoW
#define FreeAddrInfoW scripted_FreeAddrInfoW
#define CancelIoEx scripted_CancelIoEx
#define WaitForMultipleObjects scripted_WaitForMultipleObjects
#define WaitForSingleObject scripted_WaitForSingleObject
#define SetHandleInformation scripted_SetHandleInformation
#define GetHandleInformation scripted_GetHandleInformation
#define GetQueuedCompletionStatusEx scripted_GetQueuedCompletionStatusEx
#define PostQueuedCompletionStatus scripted_PostQueuedCompletionStatus
#define ReadFile scripted_ReadFile
#define GetOverlappedResult scripted_GetOverlappedResult
#define WSAStartup scripted_WSAStartup
#define CreateEventW scripted_CreateEventW
#define SetEvent scripted_SetEvent
#define ResetEvent scripted_ResetEvent
#define CloseHandle scripted_CloseHandle
#define Sleep scripted_Sleep
#define CreateIoCompletionPort scripted_CreateIoCompletionPort
#define SetFileCompletionNotificationModes scripted_SetFileCompletionNotificationModes
#define GetProcAddress scripted_GetProcAddress
#define GetModuleHandleW scripted_GetModuleHandleW
#define GetModuleHandleExW scripted_GetModuleHandleExW
#define LoadLibraryExW scripted_LoadLibraryExW
#define FreeLibrary scripted_FreeLibrary
#define ReleaseSRWLockExclusive scripted_ReleaseSRWLockExclusive
#define CreateThread scripted_CreateThread
#define FormatMessageW scripted_FormatMessageW
#define SleepConditionVariableSRW scripted_SleepConditionVariableSRW
#define GetTickCount64 scripted_GetTickCount64
#define QueryPerformanceCounter scripted_QueryPerformanceCounter
#define QueryPerformanceFrequency scripted_QueryPerformanceFrequency
/* A macro of the compiler's in MSVC's dialect. */
#undef InterlockedExchange
#define InterlockedExchange scripted_release
#endif

#endif
