/* layered_provider.h: replaces functions of the system in a library under test, so that they behave
 * as for the SOCKETs of a layered provider. Every source of that library includes it first. */
#ifndef TEST_LAYERED_PROVIDER_H
#define TEST_LAYERED_PROVIDER_H

#include "platform/winsock/winsock.h"

#ifdef TEST_LAYERED_PROVIDER
#include <stdatomic.h>

/* What the replaced functions do. A test sets it. */
extern struct layered_provider {
    /* A layered provider's SOCKET that is no handle of the system (libuv, src/win/tcp.c). */
    bool cancel_is_invalid;
    /* The same by its protocol information. */
    bool lacks_ifs_handles;
    /* The AF_UNIX family, which Wine lacks. */
    bool is_unix;
    /* A cancel of all requests of a SOCKET does not reach a request. */
    bool loses_wakes;
    /* The next cancels of a request fail. */
    int cancels_that_fail;
    /* A cancelled call fails with WSAEINTR. */
    bool cancels_interrupt;
    bool lacks_events;
    /* A request fails with this code. */
    int request_failure;
    /* A select of several SOCKETs, which may be of several providers, fails. */
    bool selects_one;
    /* A select leaves a SOCKET out of the set of these interests, if it is in the other one. */
    fer_interest omitted;
    atomic_long longest_select_us;
    atomic_int requests;
} provider;
#endif

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
