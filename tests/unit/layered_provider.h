/* layered_provider.h: replaces functions of the system in a library under test, so that they behave
 * as for the SOCKETs of a layered provider. Every source of that library includes it first. */
#ifndef TEST_LAYERED_PROVIDER_H
#define TEST_LAYERED_PROVIDER_H

#include "platform/winsock/winsock.h"

BOOL layered_cancel_io_ex(HANDLE handle, LPOVERLAPPED overlapped);
int layered_getsockopt(SOCKET socket, int level, int name, char *value, int *size);
int layered_select(int count, fd_set *reading, fd_set *writing, fd_set *failed,
                   const struct timeval *limit);
HANDLE layered_create_event(LPSECURITY_ATTRIBUTES attributes, BOOL is_manual, BOOL is_set,
                            LPCWSTR name);
BOOL layered_overlapped_result(SOCKET socket, LPWSAOVERLAPPED overlapped, LPDWORD moved, BOOL waits,
                               LPDWORD flags);
int layered_wsa_recv(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD moved, LPDWORD flags,
                     LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);

#ifndef TEST_LAYERED_PROVIDER
#define CancelIoEx layered_cancel_io_ex
#define getsockopt layered_getsockopt
#define select layered_select
#define CreateEventW layered_create_event
#define WSAGetOverlappedResult layered_overlapped_result
#define WSARecv layered_wsa_recv
#endif

#endif
