/* io.c: bytes in and out. Every socket here is nonblocking, so no call waits, and none can lose its count by being interrupted. */
#include "platform/winsock/winsock.h"

#define SLICES_MAX 1024

/* A received 0 is the peer's end, unless the connection is broken. Windows' recv says WSAECONNRESET by itself then; Wine's says 0
 * after nearly every reset, and shows it in WSAPoll. */
static fer_error end_or_reset(SOCKET socket)
{
    return ferp_winsock_is_broken(socket) ? ferp_winsock_error(WSAECONNRESET) : FERP_WINSOCK_OK;
}

static fer_error receive(SOCKET socket, void *buf, size_t len, int flags, size_t *n)
{
    *n = 0;
    int moved = recv(socket, buf, (int)len, flags);
    if (moved < 0) {
        return ferp_winsock_last_error();
    }
    if (moved == 0 && len > 0) {
        return end_or_reset(socket);
    }
    *n = (size_t)moved;
    return FERP_WINSOCK_OK;
}

fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, size_t *n)
{
    return receive(ferp_winsock_socket(raw), buf, len, 0, n);
}

fer_error ferp_peek(fer_raw_socket raw, void *buf, size_t len, size_t *n)
{
    return receive(ferp_winsock_socket(raw), buf, len, MSG_PEEK, n);
}

fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count, size_t *n)
{
    SOCKET socket = ferp_winsock_socket(raw);
    WSABUF buffers[SLICES_MAX];
    DWORD moved = 0;
    DWORD flags = 0;
    size_t wanted = 0;
    *n = 0;
    for (size_t i = 0; i < count && i < SLICES_MAX; i++) {
        buffers[i].buf = slices[i].base;
        buffers[i].len = (ULONG)slices[i].len;
        wanted += slices[i].len;
    }
    FER_TRY(ferp_winsock_result(WSARecv(socket, buffers, (DWORD)count, &moved, &flags, NULL, NULL)));
    if (moved == 0 && wanted > 0) {
        return end_or_reset(socket);
    }
    *n = moved;
    return FERP_WINSOCK_OK;
}

fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, size_t *n)
{
    *n = 0;
    int moved = send(ferp_winsock_socket(raw), buf, (int)len, 0);
    if (moved < 0) {
        return ferp_winsock_last_error();
    }
    *n = (size_t)moved;
    return FERP_WINSOCK_OK;
}

fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count, size_t *n)
{
    WSABUF buffers[SLICES_MAX];
    DWORD moved = 0;
    *n = 0;
    for (size_t i = 0; i < count && i < SLICES_MAX; i++) {
        /* WSABUF has one pointer type for both directions; WSASend only reads. */
        buffers[i].buf = (char *)(uintptr_t)slices[i].base;
        buffers[i].len = (ULONG)slices[i].len;
    }
    FER_TRY(ferp_winsock_result(WSASend(ferp_winsock_socket(raw), buffers, (DWORD)count, &moved, 0, NULL, NULL)));
    *n = moved;
    return FERP_WINSOCK_OK;
}

fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n)
{
    u_long queued = 0;
    FER_TRY(ferp_winsock_result(ioctlsocket(ferp_winsock_socket(raw), (long)FIONREAD, &queued)));
    *n = queued;
    return FERP_WINSOCK_OK;
}
