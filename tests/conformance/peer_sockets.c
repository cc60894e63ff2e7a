/* peer_sockets.c: the part of the peers that is the same on POSIX systems and on Windows. The rest:
 * peer_posix.c, peer_winsock.c. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#define _WIN32_WINNT 0x0A00
#include "conformance/peer_system.h"

#include <string.h>

#include "support/system_names.h"

#ifdef _WIN32

#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

typedef SOCKET system_socket;
typedef int socklen_type;
typedef int system_size;
#define SHUT_WR SD_SEND
#define READABLE POLLRDNORM
#define WRITABLE POLLWRNORM
#define DONT_WAIT 0
#define NO_SIGNAL 0
#define ARE_NONBLOCKING true
#define IS_PENDING (WSAGetLastError() == WSAEWOULDBLOCK)
#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT 16
#endif

#else

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

typedef int system_socket;
typedef socklen_t socklen_type;
typedef size_t system_size;
#define READABLE POLLIN
#define WRITABLE POLLOUT
#define DONT_WAIT MSG_DONTWAIT
#ifdef MSG_NOSIGNAL
#define NO_SIGNAL MSG_NOSIGNAL
#else
#define NO_SIGNAL 0
#endif
#define ARE_NONBLOCKING false
#define IS_PENDING (errno == EINPROGRESS || errno == EINTR)

#endif

PEER_IS(peer_resolves_localhost, system_resolves_localhost())
PEER_IS(peer_lists_services, system_lists_services())

size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap)
{
    return system_names_resolve(host, NULL, addrs, cap);
}

/* ---- Addresses */

struct loopback {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } addr;
    socklen_type len;
};

static struct loopback loopback_addr(peer_family family, uint16_t port)
{
    struct loopback made;
    memset(&made, 0, sizeof made);
    if (family == PEER_V4) {
        made.addr.v4.sin_family = AF_INET;
        made.addr.v4.sin_port = htons(port);
        made.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        made.len = (socklen_type)sizeof made.addr.v4;
    } else {
        made.addr.v6.sin6_family = AF_INET6;
        made.addr.v6.sin6_port = htons(port);
        made.addr.v6.sin6_addr.s6_addr[15] = 1;
        made.len = (socklen_type)sizeof made.addr.v6;
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
    struct loopback addr = {.len = (socklen_type)sizeof addr.addr};
    return getsockname((system_socket)peer, &addr.addr.any, &addr.len) == 0 ? port_of(&addr) : 0;
}

uint16_t peer_remote_port(peer_socket peer)
{
    struct loopback addr = {.len = (socklen_type)sizeof addr.addr};
    return getpeername((system_socket)peer, &addr.addr.any, &addr.len) == 0 ? port_of(&addr) : 0;
}

static peer_socket new_socket(peer_family family, int type)
{
    return peer_system_add((fer_raw_socket)socket(family == PEER_V4 ? AF_INET : AF_INET6, type, 0));
}

static void set_option(peer_socket peer, int option, const void *value, size_t size)
{
    (void)setsockopt((system_socket)peer, SOL_SOCKET, option, value, (socklen_type)size);
}

static peer_socket bound_to(peer_socket peer, peer_family family, uint16_t port)
{
    struct loopback addr = loopback_addr(family, port);
    if (peer != PEER_NONE && bind((system_socket)peer, &addr.addr.any, addr.len) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

static bool connect_to(peer_socket peer, peer_family family, uint16_t port)
{
    struct loopback addr = loopback_addr(family, port);
    return connect((system_socket)peer, &addr.addr.any, addr.len) == 0;
}

/* ---- Connections */

peer_socket peer_unconnected(void)
{
    return new_socket(PEER_V4, SOCK_STREAM);
}

peer_socket peer_system_bind(peer_family family, uint16_t port, bool reuse)
{
    peer_socket peer = new_socket(family, SOCK_STREAM);
    int wanted = reuse;
    set_option(peer, SO_REUSEADDR, &wanted, sizeof wanted);
    return bound_to(peer, family, port);
}

bool peer_system_listen(peer_socket bound, int backlog)
{
    return listen((system_socket)bound, backlog) == 0;
}

bool peer_system_set_silent(peer_family family, uint16_t port, bool silent)
{
    return false;
}

bool peer_system_wait_for_space(peer_socket peer, unsigned wait_ms)
{
    return peer_system_wait_events(peer, WRITABLE, wait_ms) != 0;
}

bool peer_is_queued(peer_socket listener, unsigned wait_ms)
{
    return peer_system_wait_events(listener, READABLE, wait_ms) != 0;
}

peer_socket peer_accept(peer_socket listener)
{
    return peer_is_queued(listener, PEER_LIMIT_MS)
               ? peer_system_add((fer_raw_socket)accept((system_socket)listener, NULL, NULL))
               : PEER_NONE;
}

peer_socket peer_connect_begin(peer_family family, uint16_t port)
{
    peer_socket peer = new_socket(family, SOCK_STREAM);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    (void)peer_raw_set_nonblocking(peer, true);
    bool has_begun = connect_to(peer, family, port) || IS_PENDING;
    (void)peer_raw_set_nonblocking(peer, ARE_NONBLOCKING);
    if (!has_begun) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

bool peer_send_urgent(peer_socket peer)
{
    return send((system_socket)peer, "!", 1, MSG_OOB) == 1;
}

PEER_IS(peer_polls_urgent, !IS_APPLE)
PEER_IS(peer_polls_lone_failures, !IS_APPLE && !IS_NETBSD && !IS_OPENBSD)

bool peer_raw_set_urgent_inline(fer_raw_socket raw, bool is_inline)
{
    int on = is_inline;
    return setsockopt((system_socket)raw, SOL_SOCKET, SO_OOBINLINE, (const char *)&on, sizeof on) ==
           0;
}

/* The number of UDP_SEND_MSG_SIZE, or Linux' of UDP_SEGMENT. */
bool peer_raw_set_segment_size(fer_raw_socket raw, int size)
{
    int name = peer_is_windows() ? 2 : 103;
    return (peer_is_windows() || IS_LINUX) && !peer_is_plain() &&
           setsockopt((system_socket)raw, IPPROTO_UDP, name, (const char *)&size, sizeof size) == 0;
}

bool peer_shutdown_write(peer_socket peer)
{
    return shutdown((system_socket)peer, SHUT_WR) == 0;
}

void peer_reset(peer_socket peer)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    set_option(peer, SO_LINGER, &at_once, sizeof at_once);
    peer_close(peer);
}

void peer_adopt(fer_raw_socket raw)
{
    (void)peer_system_add(raw);
}

/* ---- Datagrams */

peer_socket peer_datagram(peer_family family, uint16_t *port)
{
    peer_socket peer = new_socket(family, SOCK_DGRAM);
#if !defined(__linux__) && !defined(_WIN32)
    /* FreeBSD, NetBSD: udp_recvspace is less than the largest datagram */
    int room = 131072;
    set_option(peer, SO_RCVBUF, &room, sizeof room);
    set_option(peer, SO_SNDBUF, &room, sizeof room);
#endif
    peer = bound_to(peer, family, 0);
    *port = peer == PEER_NONE ? 0 : peer_local_port(peer);
    return peer;
}

bool peer_datagram_connect(peer_socket peer, peer_family family, uint16_t port)
{
    return connect_to(peer, family, port);
}

bool peer_datagram_send(peer_socket peer, peer_family family, uint16_t port, const void *buf,
                        size_t len)
{
    struct loopback addr = loopback_addr(family, port);
    return sendto((system_socket)peer, buf, (system_size)len, NO_SIGNAL, &addr.addr.any,
                  addr.len) == (ptrdiff_t)len;
}

peer_outcome peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                   uint16_t *port)
{
    struct loopback from = {.len = (socklen_type)sizeof from.addr};
    *n = 0;
    if (peer_system_wait_events(peer, READABLE, PEER_LIMIT_MS) == 0) {
        return PEER_TIMED_OUT;
    }
    ptrdiff_t got =
        recvfrom((system_socket)peer, buf, (system_size)cap, DONT_WAIT, &from.addr.any, &from.len);
    if (got < 0) {
        return PEER_TIMED_OUT;
    }
    *n = (size_t)got;
    *port = port_of(&from);
    return PEER_GOT;
}

/* ---- Raw sockets */

PEER_RAW_IS(bool, peer_raw_wait_readable,
            peer_system_wait_events(raw, READABLE, PEER_LIMIT_MS) != 0)

/* On Windows, some options write only one byte. */
static int int_option(fer_raw_socket raw, int level, int option)
{
    int value = 0;
    socklen_type len = (socklen_type)sizeof value;
    return getsockopt((system_socket)raw, level, option, (void *)&value, &len) == 0 ? value : -1;
}

int peer_raw_hops(fer_raw_socket raw, peer_family family)
{
    return family == PEER_V4 ? int_option(raw, IPPROTO_IP, IP_TTL)
                             : int_option(raw, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
}

PEER_RAW_IS(int, peer_raw_reuses_address, int_option(raw, SOL_SOCKET, SO_REUSEADDR) != 0)

int peer_raw_is_exclusive(fer_raw_socket raw)
{
#ifdef SO_EXCLUSIVEADDRUSE
    return int_option(raw, SOL_SOCKET, SO_EXCLUSIVEADDRUSE) != 0;
#else
    return -1;
#endif
}

PEER_RAW_IS(int, peer_raw_only_v6, int_option(raw, IPPROTO_IPV6, IPV6_V6ONLY))

bool peer_raw_has_keepalive_options(fer_raw_socket raw)
{
#ifdef TCP_KEEPCNT
    return !peer_is_plain() && int_option(raw, IPPROTO_TCP, TCP_KEEPCNT) != -1;
#else
    return false;
#endif
}
