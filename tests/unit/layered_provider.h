/* layered_provider.h: replaces functions of the system in a library under test, so that they behave
 * as for the SOCKETs of a layered provider. Every source of that library includes it first. */
#ifndef TEST_LAYERED_PROVIDER_H
#define TEST_LAYERED_PROVIDER_H

#include "platform/winsock/winsock.h"

BOOL layered_cancel_io_ex(HANDLE handle, LPOVERLAPPED overlapped);
int layered_getsockopt(SOCKET socket, int level, int name, char *value, int *size);
int layered_wsa_recv(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD moved, LPDWORD flags,
                     LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);

#ifndef TEST_LAYERED_PROVIDER
#define CancelIoEx layered_cancel_io_ex
#define getsockopt layered_getsockopt
#define WSARecv layered_wsa_recv
#endif

#endif
