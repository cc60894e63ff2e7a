/* peer_raw_winsock.c: the functions of peer.h that examine or change a raw socket, on Windows. */
#define _WIN32_WINNT 0x0A00
#include "conformance/peer_system.h"

#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT 16
#endif

bool peer_raw_wait_failed(fer_raw_socket raw)
{
    uint64_t end = peer_now_us() + PEER_LIMIT_MS * UINT64_C(1000);
    while ((peer_system_wait_events(raw, POLLRDNORM, PEER_LIMIT_MS) & POLLERR) == 0) {
        if (peer_now_us() > end) {
            return false;
        }
        Sleep(1);
    }
    return true;
}

PEER_RAW_IS(bool, peer_raw_has_failed, (peer_system_wait_events(raw, POLLRDNORM, 0) & POLLERR) != 0)

bool peer_raw_is_inheritable(fer_raw_socket raw)
{
    DWORD flags = 0;
    return GetHandleInformation((HANDLE)raw, &flags) && (flags & HANDLE_FLAG_INHERIT) != 0;
}

bool peer_raw_set_inheritable(fer_raw_socket raw, bool inheritable)
{
    return SetHandleInformation((HANDLE)raw, HANDLE_FLAG_INHERIT,
                                inheritable ? HANDLE_FLAG_INHERIT : 0) != 0;
}

static DWORD raw_timeout(fer_raw_socket raw, int option)
{
    DWORD value = 0;
    int len = (int)sizeof value;
    (void)getsockopt((SOCKET)raw, SOL_SOCKET, option, (char *)&value, &len);
    return value;
}

static bool set_raw_timeout(fer_raw_socket raw, int option, DWORD milliseconds)
{
    return setsockopt((SOCKET)raw, SOL_SOCKET, option, (const char *)&milliseconds,
                      (int)sizeof milliseconds) == 0;
}

/* Windows has no query for the mode, so a receive with a timeout of 20 ms detects it. */
bool peer_raw_is_nonblocking(fer_raw_socket raw)
{
    DWORD before = raw_timeout(raw, SO_RCVTIMEO);
    char byte = 0;
    (void)set_raw_timeout(raw, SO_RCVTIMEO, 20);
    bool nonblocking =
        recv((SOCKET)raw, &byte, 1, MSG_PEEK) < 0 && WSAGetLastError() == WSAEWOULDBLOCK;
    (void)set_raw_timeout(raw, SO_RCVTIMEO, before);
    return nonblocking;
}

bool peer_raw_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    u_long mode = nonblocking;
    return ioctlsocket((SOCKET)raw, (long)FIONBIO, &mode) == 0;
}

bool peer_raw_set_timeouts(fer_raw_socket raw, unsigned milliseconds)
{
    return set_raw_timeout(raw, SO_RCVTIMEO, milliseconds) &&
           set_raw_timeout(raw, SO_SNDTIMEO, milliseconds);
}

bool peer_raw_timeouts(fer_raw_socket raw, unsigned *read_ms, unsigned *write_ms)
{
    *read_ms = raw_timeout(raw, SO_RCVTIMEO);
    *write_ms = raw_timeout(raw, SO_SNDTIMEO);
    return true;
}

PEER_RAW_IS(bool, peer_raw_has_settled, true)
PEER_RAW_IS(int, peer_raw_backlog, -1)
PEER_RAW_IS(bool, peer_raw_hides_keepalive_options, false)

bool peer_raw_set_user_timeout(fer_raw_socket raw, unsigned milliseconds)
{
    return false;
}
