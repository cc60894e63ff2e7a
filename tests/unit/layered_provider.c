/* layered_provider.c: the functions of layered_provider.h. */
#define TEST_LAYERED_PROVIDER
#include "unit/layered_provider.h"

struct layered_provider provider;

BOOL layered_cancel_io_ex(HANDLE handle, LPOVERLAPPED overlapped)
{
    bool is_request = overlapped != NULL && overlapped->hEvent != NULL;
    if (provider.cancel_is_invalid) {
        SetLastError(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    if ((overlapped == NULL && provider.loses_wakes) ||
        (is_request && provider.cancels_that_fail-- > 0)) {
        SetLastError(ERROR_NOT_FOUND);
        return FALSE;
    }
    return CancelIoEx(handle, overlapped);
}

int layered_getsockopt(SOCKET socket, int level, int name, char *value, int *size)
{
    int result = getsockopt(socket, level, name, value, size);
    if (result == 0 && level == SOL_SOCKET && name == SO_PROTOCOL_INFOW) {
        WSAPROTOCOL_INFOW info;
        memcpy(&info, value, sizeof info);
        info.dwServiceFlags1 &= provider.lacks_ifs_handles ? ~(DWORD)XP1_IFS_HANDLES : ~(DWORD)0;
        info.iAddressFamily = provider.is_unix ? AF_UNIX : info.iAddressFamily;
        memcpy(value, &info, sizeof info);
    }
    return result;
}

/* After a call that has failed. */
static void change_cancel_code(void)
{
    if (provider.cancels_interrupt && WSAGetLastError() == WSA_OPERATION_ABORTED) {
        WSASetLastError(WSAEINTR);
    }
}

int layered_select(int count, fd_set *reading, fd_set *writing, fd_set *failed,
                   const struct timeval *limit)
{
    struct timeval copy = *limit; /* not const in some headers */
    long limit_us = copy.tv_sec * 1000000 + copy.tv_usec;
    if (limit_us > atomic_load(&provider.longest_select_us)) {
        atomic_store(&provider.longest_select_us, limit_us);
    }
    if (provider.selects_one && writing != NULL && writing->fd_count > 1) {
        WSASetLastError(WSAENOTSOCK);
        return SOCKET_ERROR;
    }
    int found = select(count, reading, writing, failed, &copy);
    if (found < 0) {
        change_cancel_code();
    }
    if (found > 1 && provider.omitted != 0) {
        fd_set *omitted = provider.omitted == FER_READABLE ? reading : writing;
        found -= (int)omitted->fd_count;
        FD_ZERO(omitted);
    }
    return found;
}

BOOL layered_overlapped_result(SOCKET socket, LPWSAOVERLAPPED overlapped, LPDWORD moved, BOOL waits,
                               LPDWORD flags)
{
    BOOL has_ended = WSAGetOverlappedResult(socket, overlapped, moved, waits, flags);
    if (!has_ended) {
        change_cancel_code();
    }
    return has_ended;
}

HANDLE layered_create_event(LPSECURITY_ATTRIBUTES attributes, BOOL is_manual, BOOL is_set,
                            LPCWSTR name)
{
    if (provider.lacks_events) {
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
        return NULL;
    }
    return CreateEventW(attributes, is_manual, is_set, name);
}

int layered_wsa_recv(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD moved, LPDWORD flags,
                     LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    atomic_fetch_add(&provider.requests, overlapped != NULL);
    if (overlapped != NULL && provider.request_failure != 0) {
        WSASetLastError(provider.request_failure);
        return SOCKET_ERROR;
    }
    return WSARecv(socket, buffers, count, moved, flags, overlapped, routine);
}
