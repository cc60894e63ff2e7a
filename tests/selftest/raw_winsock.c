/* raw_winsock.c: the functions of raw.h that differ between systems, for Windows. */
#include "selftest/raw.h"

int raw_code(void)
{
    return WSAGetLastError();
}

void raw_set_code(int code)
{
    WSASetLastError(code);
}

bool raw_is_would_block(int code)
{
    return code == WSAEWOULDBLOCK;
}

bool raw_is_reset(int code)
{
    return code == WSAECONNRESET || code == WSAECONNABORTED;
}

const char *raw_name(int code)
{
#define NAME(name) \
    case name: return #name
    switch (code) {
        NAME(WSAEACCES);
        NAME(WSAEADDRINUSE);
        NAME(WSAEADDRNOTAVAIL);
        NAME(WSAEAFNOSUPPORT);
        NAME(WSAEALREADY);
        NAME(WSAECONNABORTED);
        NAME(WSAECONNREFUSED);
        NAME(WSAECONNRESET);
        NAME(WSAEINTR);
        NAME(WSAEINVAL);
        NAME(WSAEISCONN);
        NAME(WSAEMSGSIZE);
        NAME(WSAENETDOWN);
        NAME(WSAENOBUFS);
        NAME(WSAENOPROTOOPT);
        NAME(WSAENOTCONN);
        NAME(WSAENOTSOCK);
        NAME(WSAEOPNOTSUPP);
        NAME(WSAESHUTDOWN);
        NAME(WSAETIMEDOUT);
        NAME(WSAEWOULDBLOCK);
        NAME(WSA_IO_PENDING);
        NAME(WSA_OPERATION_ABORTED);
    default: return 0;
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

void raw_set_linger(raw_socket socket, bool on, unsigned seconds)
{
    struct linger linger = {on, (u_short)seconds};
    (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, (const char *)&linger, (int)sizeof linger);
}

bool raw_linger(raw_socket socket, bool *on, long *seconds)
{
    struct linger linger = {0, 0};
    raw_len len = (raw_len)sizeof linger;
    bool is_read = getsockopt(socket, SOL_SOCKET, SO_LINGER, (char *)&linger, &len) == 0;
    *on = linger.l_onoff != 0;
    *seconds = linger.l_linger;
    return is_read;
}

int raw_poll(raw_socket socket, int interest, int milliseconds)
{
    int bits = 0;
    WSAPOLLFD look = {socket, 0, 0};
    look.events = (SHORT)(((interest & RAW_READ) != 0 ? POLLRDNORM : 0) |
                          ((interest & RAW_WRITE) != 0 ? POLLWRNORM : 0));
    if (WSAPoll(&look, 1, milliseconds) <= 0) {
        return 0;
    }
    bits |= (look.revents & POLLRDNORM) != 0 ? RAW_READ : 0;
    bits |= (look.revents & POLLWRNORM) != 0 ? RAW_WRITE : 0;
    bits |= (look.revents & POLLERR) != 0 ? RAW_ERROR : 0;
    bits |= (look.revents & POLLHUP) != 0 ? RAW_HANGUP : 0;
    return bits;
}

int raw_send(raw_socket socket, const void *bytes, size_t len)
{
    return send(socket, bytes, (int)len, 0);
}

int raw_recv(raw_socket socket, void *bytes, size_t len)
{
    return recv(socket, bytes, (int)len, 0);
}

int raw_shutdown_read(raw_socket socket)
{
    return shutdown(socket, SD_RECEIVE);
}

int raw_shutdown_write(raw_socket socket)
{
    return shutdown(socket, SD_SEND);
}
