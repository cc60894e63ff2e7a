/* raw_winsock.c: the functions of raw.h that differ between systems, for Windows. */
#include "selftest/raw.h"

int raw_code(void)
{
    return WSAGetLastError();
}

bool raw_is_would_block(int code)
{
    return code == WSAEWOULDBLOCK;
}

/* clang-format off */
#define CODES(X) \
    X(WSAEACCES) X(WSAEADDRINUSE) X(WSAEADDRNOTAVAIL) X(WSAEAFNOSUPPORT) X(WSAEALREADY) \
    X(WSAECONNABORTED) X(WSAECONNREFUSED) X(WSAECONNRESET) X(WSAEINTR) X(WSAEINVAL) X(WSAEISCONN) \
    X(WSAEMSGSIZE) X(WSAENETDOWN) X(WSAENOBUFS) X(WSAENOPROTOOPT) X(WSAENOTCONN) X(WSAENOTSOCK) \
    X(WSAEOPNOTSUPP) X(WSAESHUTDOWN) X(WSAETIMEDOUT) X(WSAEWOULDBLOCK) X(WSA_IO_PENDING) \
    X(WSA_OPERATION_ABORTED)
/* clang-format on */

const char *raw_name(int code)
{
#define NAME(name) \
    case name: return #name;
    switch (code) {
        CODES(NAME)
    default: return NULL;
    }
#undef NAME
}

void raw_close(raw_socket socket)
{
    (void)closesocket(socket);
}

void raw_set_nonblocking(raw_socket socket, bool nonblocking)
{
    u_long mode = nonblocking;
    (void)ioctlsocket(socket, (long)FIONBIO, &mode);
}

void raw_set_timeouts(raw_socket socket, unsigned milliseconds)
{
    (void)raw_set_int_option(socket, SOL_SOCKET, SO_RCVTIMEO, (int)milliseconds);
    (void)raw_set_int_option(socket, SOL_SOCKET, SO_SNDTIMEO, (int)milliseconds);
}

SOCKET raw_duplicate(SOCKET socket)
{
    WSAPROTOCOL_INFOW info;
    if (WSADuplicateSocketW(socket, GetCurrentProcessId(), &info) != 0) {
        return INVALID_SOCKET;
    }
    return WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                      WSA_FLAG_OVERLAPPED);
}
