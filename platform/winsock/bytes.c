/* bytes.c: receiving and sending. Every socket of this backend is nonblocking, so no call waits,
 * and no interrupted call can lose its byte count. */
#include "platform/winsock/winsock.h"

#include <string.h>

/* A received 0 is the end of the stream, unless the connection is broken. After a reset, recv fails
 * with WSAECONNRESET on Windows. On Wine it mostly returns 0, and only WSAPoll shows the reset. */
static fer_error end_or_reset(SOCKET socket)
{
    return ferp_winsock_is_broken(socket) ? ferp_winsock_error(WSAECONNRESET) : FERP_WINSOCK_OK;
}

/* Stores the count of a recv or a send; 0 if it failed. */
static fer_error store_moved(int moved, size_t *n)
{
    *n = moved < 0 ? 0 : (size_t)moved;
    return moved < 0 ? ferp_winsock_transfer_error(WSAGetLastError()) : FERP_WINSOCK_OK;
}

/* Every socket is nonblocking: FERP_DONTWAIT needs no flag of the system. */
static int flags_of(unsigned flags)
{
    return (flags & FERP_PEEK) != 0 ? MSG_PEEK : 0;
}

fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, unsigned flags, size_t *n)
{
    SOCKET socket = ferp_winsock_socket(raw);
    fer_error error = store_moved(recv(socket, buf, (int)len, flags_of(flags)), n);
    return error.kind == FER_OK && *n == 0 && len > 0 ? end_or_reset(socket) : error;
}

fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             unsigned flags, size_t *n)
{
    SOCKET socket = ferp_winsock_socket(raw);
    WSABUF buffers[FERP_WINSOCK_SLICES_MAX];
    DWORD moved = 0;
    DWORD os_flags = 0;
    size_t requested = 0;
    (void)flags;
    *n = 0;
    for (size_t i = 0; i < count && i < FERP_WINSOCK_SLICES_MAX; i++) {
        buffers[i].buf = slices[i].base;
        buffers[i].len = (ULONG)slices[i].len;
        requested += slices[i].len;
    }
    FER_TRY(ferp_winsock_transfer_result(
        WSARecv(socket, buffers, (DWORD)count, &moved, &os_flags, NULL, NULL)));
    *n = moved;
    return moved == 0 && requested > 0 ? end_or_reset(socket) : FERP_WINSOCK_OK;
}

fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, unsigned flags, size_t *n)
{
    (void)flags;
    return store_moved(send(ferp_winsock_socket(raw), buf, (int)len, 0), n);
}

fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             unsigned flags, size_t *n)
{
    WSABUF buffers[FERP_WINSOCK_SLICES_MAX];
    DWORD moved = 0;
    (void)flags;
    *n = 0;
    for (size_t i = 0; i < count && i < FERP_WINSOCK_SLICES_MAX; i++) {
        /* WSABUF has one pointer type for both directions; WSASend only reads. */
        buffers[i].buf = (char *)(uintptr_t)slices[i].base;
        buffers[i].len = (ULONG)slices[i].len;
    }
    FER_TRY(ferp_winsock_transfer_result(
        WSASend(ferp_winsock_socket(raw), buffers, (DWORD)count, &moved, 0, NULL, NULL)));
    *n = moved;
    return FERP_WINSOCK_OK;
}

/* A datagram that is longer than the buffer fails with WSAEMSGSIZE, but fills the buffer and the
 * address ("recvfrom function", MSDN). */
fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                         fer_udp_received *out)
{
    ferp_winsock_sockaddr from;
    int size = (int)sizeof from;
    char none;
    memset(&from, 0, sizeof from);
    int moved = recvfrom(ferp_winsock_socket(raw), len > 0 ? buf : &none, (int)len, flags_of(flags),
                         &from.any, &size);
    fer_error failure =
        moved < 0 ? ferp_winsock_datagram_error(WSAGetLastError()) : FERP_WINSOCK_OK;
    if (failure.os_code == WSAESHUTDOWN) {
        *out = (fer_udp_received){0};
        return FERP_WINSOCK_OK;
    }
    if (moved < 0 && failure.os_code != WSAEMSGSIZE) {
        return failure;
    }
    FER_TRY(ferp_winsock_sockaddr_to(&from, &out->from));
    out->truncated = moved < 0;
    out->len = moved < 0 ? len : (size_t)moved;
    return FERP_WINSOCK_OK;
}

fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                       const fer_socket_addr *addr, size_t *n)
{
    ferp_winsock_sockaddr to;
    int size = ferp_winsock_sockaddr_from(addr, &to);
    (void)flags;
    return store_moved(sendto(ferp_winsock_socket(raw), buf, (int)len, 0, &to.any, size), n);
}

/* <mstcpip.h> defines the first only for some versions; an older <mswsock.h> lacks the second. */
#ifndef SIO_UDP_CONNRESET
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#endif
#ifndef SIO_UDP_NETRESET
#define SIO_UDP_NETRESET _WSAIOW(IOC_VENDOR, 15)
#endif

/* "Winsock IOCTLs", MSDN. Wine does not support SIO_UDP_NETRESET, which reports a time to live that
 * expired on the way (noq, pull request 707). That is no refusal, and Linux reports it to no
 * socket, so it is always off. */
void ferp_report_refusals(fer_raw_socket raw, bool enabled)
{
    static const DWORD controls[] = {SIO_UDP_CONNRESET, SIO_UDP_NETRESET};
    DWORD unused = 0;
    for (int i = 0; i < 2; i++) {
        BOOL on = enabled && controls[i] == SIO_UDP_CONNRESET;
        (void)WSAIoctl(ferp_winsock_socket(raw), controls[i], &on, (DWORD)sizeof on, NULL, 0,
                       &unused, NULL, NULL);
    }
}

fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n)
{
    u_long queued = 0;
    FER_TRY(ferp_winsock_result(ioctlsocket(ferp_winsock_socket(raw), (long)FIONREAD, &queued)));
    *n = queued;
    return FERP_WINSOCK_OK;
}
