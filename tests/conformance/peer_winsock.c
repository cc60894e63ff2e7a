/* peer_winsock.c: the peers of the conformance tests on Windows. Every peer is a nonblocking SOCKET
 * until it is released. The functions of peer.h that examine or change a raw socket are at the
 * end. */
#define _WIN32_WINNT 0x0A00
#include "conformance/peer_system.h"

#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#include <string.h>

#include "support/system_names.h"

enum { SOME_BYTES = 65536 };

peer_socket peer_system_add(fer_raw_socket raw)
{
    (void)peer_raw_set_nonblocking(raw, true);
    return peer_list_add(raw);
}

/* ---- The program and its machine */

void peer_start(void)
{
    WSADATA data;
    (void)WSAStartup(MAKEWORD(2, 2), &data);
}

PEER_IS(peer_is_windows, true)
PEER_IS(peer_is_plain, false)
PEER_IS(peer_core_waits, true)

bool peer_is_wine(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}

PEER_IS(peer_is_bsd, false)
PEER_IS(peer_keeps_time_wait, false)
PEER_IS(peer_has_mapped_parts, true)
PEER_IS(peer_keeps_ip_version, false)

bool peer_hides_pending_connect(fer_raw_socket pending)
{
    struct sockaddr_storage name;
    int size = (int)sizeof name;
    return getpeername((SOCKET)pending, (struct sockaddr *)&name, &size) != 0;
}

PEER_IS(peer_forgets_ended_names, false)
PEER_IS(peer_separates_ip_versions, false)
PEER_IS(peer_has_dual_stack, true)
PEER_IS(peer_close_hides_unread_input, false)
PEER_IS(peer_is_interrupted, false)

uint64_t peer_now_us(void)
{
    LARGE_INTEGER ticks;
    LARGE_INTEGER per_second;
    (void)QueryPerformanceCounter(&ticks);
    (void)QueryPerformanceFrequency(&per_second);
    return (uint64_t)((double)ticks.QuadPart * 1e6 / (double)per_second.QuadPart);
}

void peer_pause(unsigned milliseconds)
{
    Sleep(milliseconds);
}

/* How many handles have these flags. Handles are multiples of four (Raymond Chen: "Why are HANDLE
 * return values so inconsistent?"), and a test has few. */
static size_t count_handles(DWORD flags)
{
    size_t count = 0;
    for (uintptr_t number = 4; number < 0x4000; number += 4) {
        DWORD found = 0;
        count += GetHandleInformation((HANDLE)number, &found) && (found & flags) == flags;
    }
    return count;
}

/* GetProcessHandleCount is always 0 under Wine 8, so a leak would not be seen there. */
size_t peer_open_handles(void)
{
    return count_handles(0);
}

size_t peer_inheritable_handles(void)
{
    return count_handles(HANDLE_FLAG_INHERIT);
}

size_t peer_threads(void)
{
    return 0;
}

/* "RtlIpv6StringToAddressExW function" (MSDN): a scope is a number. The names that Wine accepts in
 * addition are those of the system that it runs on. */
bool peer_interface(char name[PEER_INTERFACE_CAP], uint32_t *index)
{
    return false;
}

PEER_IS(peer_still_opens_sockets, false)
PEER_IS(peer_still_opens_raw_sockets, false)
PEER_IS(peer_handle_count_is_exact, false)

/* ---- Connections */

short peer_system_wait_events(fer_raw_socket raw, short events, unsigned wait_ms)
{
    WSAPOLLFD entry = {.fd = (SOCKET)raw, .events = events};
    return WSAPoll(&entry, 1, (int)wait_ms) > 0 ? entry.revents : 0;
}

/* Calls select, because WSAPoll does not report a failed connect before Windows 10 2004. */
bool peer_connect_ended(peer_socket peer, unsigned wait_ms)
{
    struct timeval limit = {.tv_sec = (long)(wait_ms / 1000u),
                            .tv_usec = (long)(wait_ms % 1000u) * 1000};
    fd_set done;
    fd_set failed;
    FD_ZERO(&done);
    FD_ZERO(&failed);
    done.fd_array[0] = (SOCKET)peer;
    done.fd_count = 1;
    failed.fd_array[0] = (SOCKET)peer;
    failed.fd_count = 1;
    return select(0, NULL, &done, &failed, &limit) > 0 && failed.fd_count == 0;
}

PEER_IS(peer_system_bound_port_refuses, true)

/* Windows refuses in the end; Wine waits. */
bool peer_system_still_connects(peer_socket peer)
{
    return peer_is_wine();
}

/* ---- Bytes */

bool peer_system_send(peer_socket peer, const void *buf, size_t len, size_t *n)
{
    int sent = send((SOCKET)peer, buf, (int)(len < SOME_BYTES ? len : SOME_BYTES), 0);
    *n = sent > 0 ? (size_t)sent : 0;
    return sent >= 0 || WSAGetLastError() == WSAEWOULDBLOCK;
}

peer_outcome peer_recv_some(peer_socket peer, void *buf, size_t cap, size_t *n)
{
    *n = 0;
    for (;;) {
        if (peer_system_wait_events(peer, POLLRDNORM, PEER_LIMIT_MS) == 0) {
            return PEER_TIMED_OUT;
        }
        int got = recv((SOCKET)peer, buf, (int)(cap < SOME_BYTES ? cap : SOME_BYTES), 0);
        if (got > 0) {
            *n = (size_t)got;
            return PEER_GOT;
        }
        if (got == 0) {
            /* Wine returns a reset as end of file, but WSAPoll distinguishes them. */
            return (peer_system_wait_events(peer, POLLRDNORM, 0) & POLLERR) != 0 ? PEER_RESET
                                                                                 : PEER_END;
        }
        if (WSAGetLastError() != WSAEWOULDBLOCK) {
            return PEER_RESET;
        }
    }
}

void peer_close(peer_socket peer)
{
    peer_list_remove(peer);
    (void)closesocket((SOCKET)peer);
}

/* ---- Releasing and adopting sockets */

fer_raw_socket peer_not_a_socket(void)
{
    return (fer_raw_socket)CreateEventA(NULL, TRUE, FALSE, NULL);
}

void peer_close_not_a_socket(fer_raw_socket raw)
{
    (void)CloseHandle((HANDLE)raw);
}

bool peer_is_open(fer_raw_socket raw)
{
    int type = 0;
    int len = (int)sizeof type;
    return getsockopt((SOCKET)raw, SOL_SOCKET, SO_TYPE, (char *)&type, &len) == 0;
}

void peer_release(peer_socket peer)
{
    peer_list_remove(peer);
    (void)peer_raw_set_nonblocking(peer, false);
}

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
