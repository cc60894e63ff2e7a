/* peer_winsock.c: the peers of the conformance tests on Windows. Every peer is a nonblocking SOCKET
 * until it is released. Raw sockets: peer_raw_winsock.c. */
#define _WIN32_WINNT 0x0601
#include "conformance/peer_system.h"

#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#include <string.h>

#include "support/system_names.h"

enum { SOME_BYTES = 65536 };

static peer_socket add_peer(SOCKET socket)
{
    if (socket == INVALID_SOCKET) {
        return PEER_NONE;
    }
    (void)peer_raw_set_nonblocking((fer_raw_socket)socket, true);
    return peer_list_add((peer_socket)socket);
}

/* ---- The program and its machine */

void peer_start(void)
{
    WSADATA data;
    (void)WSAStartup(MAKEWORD(2, 2), &data);
}

bool peer_is_windows(void)
{
    return true;
}

bool peer_is_wine(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}

bool peer_is_bsd(void)
{
    return false;
}
bool peer_keeps_time_wait(void)
{
    return false;
}

bool peer_hides_pending_connect(fer_raw_socket pending)
{
    struct sockaddr_storage name;
    int size = (int)sizeof name;
    return getpeername((SOCKET)pending, (struct sockaddr *)&name, &size) != 0;
}

bool peer_forgets_ended_names(void)
{
    return false;
}

bool peer_separates_ip_versions(void)
{
    return false;
}

bool peer_has_dual_stack(void)
{
    return true;
}

bool peer_close_hides_unread_input(void)
{
    return false;
}

bool peer_is_interrupted(void)
{
    return false;
}

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

bool peer_resolves_localhost(void)
{
    return system_resolves_localhost();
}

size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap)
{
    return system_names_resolve(host, addrs, cap);
}

/* "RtlIpv6StringToAddressExW function" (MSDN): a scope is a number. The names that Wine accepts in
 * addition are those of the system that it runs on. */
bool peer_interface(char name[PEER_INTERFACE_CAP], uint32_t *index)
{
    (void)name;
    (void)index;
    return false;
}

bool peer_still_opens_sockets(void)
{
    return false;
}
bool peer_still_opens_raw_sockets(void)
{
    return false;
}

bool peer_handle_count_is_exact(void)
{
    return false;
}

/* ---- Addresses */

struct loopback {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } addr;
    int len;
};

static struct loopback loopback_addr(peer_family family, uint16_t port)
{
    struct loopback made;
    memset(&made, 0, sizeof made);
    if (family == PEER_V4) {
        made.addr.v4.sin_family = AF_INET;
        made.addr.v4.sin_port = htons(port);
        made.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        made.len = (int)sizeof made.addr.v4;
    } else {
        made.addr.v6.sin6_family = AF_INET6;
        made.addr.v6.sin6_port = htons(port);
        made.addr.v6.sin6_addr.s6_addr[15] = 1;
        made.len = (int)sizeof made.addr.v6;
    }
    return made;
}

static uint16_t port_of(const struct loopback *addr)
{
    return ntohs(addr->addr.any.sa_family == AF_INET6 ? addr->addr.v6.sin6_port
                                                      : addr->addr.v4.sin_port);
}

uint16_t peer_local_port(peer_socket peer)
{
    struct loopback addr = {.len = (int)sizeof addr.addr};
    return getsockname((SOCKET)peer, &addr.addr.any, &addr.len) == 0 ? port_of(&addr) : 0;
}

uint16_t peer_remote_port(peer_socket peer)
{
    struct loopback addr = {.len = (int)sizeof addr.addr};
    return getpeername((SOCKET)peer, &addr.addr.any, &addr.len) == 0 ? port_of(&addr) : 0;
}

static peer_socket new_stream(peer_family family)
{
    return add_peer(socket(family == PEER_V4 ? AF_INET : AF_INET6, SOCK_STREAM, IPPROTO_TCP));
}

peer_socket peer_system_bind(peer_family family, uint16_t port, bool reuse)
{
    struct loopback addr = loopback_addr(family, port);
    peer_socket peer = new_stream(family);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    DWORD wanted = reuse;
    (void)setsockopt((SOCKET)peer, SOL_SOCKET, SO_REUSEADDR, (const char *)&wanted,
                     (int)sizeof wanted);
    if (bind((SOCKET)peer, &addr.addr.any, addr.len) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

bool peer_system_listen(peer_socket bound, int backlog)
{
    return listen((SOCKET)bound, backlog) == 0;
}

/* ---- Connections */

short peer_system_wait_events(fer_raw_socket raw, short events, unsigned wait_ms)
{
    WSAPOLLFD entry = {.fd = (SOCKET)raw, .events = events};
    return WSAPoll(&entry, 1, (int)wait_ms) > 0 ? entry.revents : 0;
}

bool peer_is_queued(peer_socket listener, unsigned wait_ms)
{
    return peer_system_wait_events(listener, POLLRDNORM, wait_ms) != 0;
}

peer_socket peer_accept(peer_socket listener)
{
    if (!peer_is_queued(listener, PEER_LIMIT_MS)) {
        return PEER_NONE;
    }
    return add_peer(accept((SOCKET)listener, NULL, NULL));
}

peer_socket peer_connect_begin(peer_family family, uint16_t port)
{
    struct loopback addr = loopback_addr(family, port);
    peer_socket peer = new_stream(family);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    if (connect((SOCKET)peer, &addr.addr.any, addr.len) != 0 &&
        WSAGetLastError() != WSAEWOULDBLOCK) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
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

/* Windows refuses in the end; Wine waits. */
bool peer_system_set_silent(peer_family family, uint16_t port, bool silent)
{
    (void)family;
    (void)port;
    (void)silent;
    return false;
}

bool peer_system_bound_port_refuses(void)
{
    return true;
}

bool peer_system_still_connects(peer_socket peer)
{
    (void)peer;
    return peer_is_wine();
}

/* ---- Bytes */

bool peer_system_wait_for_space(peer_socket peer, unsigned wait_ms)
{
    return peer_system_wait_events(peer, POLLWRNORM, wait_ms) != 0;
}

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

bool peer_shutdown_write(peer_socket peer)
{
    return shutdown((SOCKET)peer, SD_SEND) == 0;
}

void peer_close(peer_socket peer)
{
    peer_list_remove(peer);
    (void)closesocket((SOCKET)peer);
}

void peer_reset(peer_socket peer)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt((SOCKET)peer, SOL_SOCKET, SO_LINGER, (const char *)&at_once,
                     (int)sizeof at_once);
    peer_close(peer);
}

/* ---- Releasing and adopting sockets */

peer_socket peer_unconnected(void)
{
    return new_stream(PEER_V4);
}

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

void peer_adopt(fer_raw_socket raw)
{
    (void)add_peer((SOCKET)raw);
}

/* ---- Datagrams */

peer_socket peer_datagram(peer_family family, uint16_t *port)
{
    struct loopback addr = loopback_addr(family, 0);
    peer_socket peer =
        add_peer(socket(family == PEER_V4 ? AF_INET : AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
    *port = 0;
    if (peer != PEER_NONE && bind((SOCKET)peer, &addr.addr.any, addr.len) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    *port = peer == PEER_NONE ? 0 : peer_local_port(peer);
    return peer;
}

bool peer_datagram_connect(peer_socket peer, peer_family family, uint16_t port)
{
    struct loopback addr = loopback_addr(family, port);
    return connect((SOCKET)peer, &addr.addr.any, addr.len) == 0;
}

bool peer_datagram_send(peer_socket peer, peer_family family, uint16_t port, const void *buf,
                        size_t len)
{
    struct loopback addr = loopback_addr(family, port);
    return sendto((SOCKET)peer, buf, (int)len, 0, &addr.addr.any, addr.len) == (int)len;
}

peer_outcome peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                   uint16_t *port)
{
    struct loopback from = {.len = (int)sizeof from.addr};
    *n = 0;
    if (peer_system_wait_events(peer, POLLRDNORM, PEER_LIMIT_MS) == 0) {
        return PEER_TIMED_OUT;
    }
    int got = recvfrom((SOCKET)peer, buf, (int)cap, 0, &from.addr.any, &from.len);
    if (got < 0) {
        return PEER_TIMED_OUT;
    }
    *n = (size_t)got;
    *port = port_of(&from);
    return PEER_GOT;
}
