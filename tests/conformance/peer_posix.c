/* peer_posix.c: the peers of the conformance tests on POSIX systems. Raw sockets:
 * peer_raw_posix.c. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "conformance/peer_system.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/system_names.h"
#include "support/thread.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static peer_socket add_peer(int fd)
{
    if (fd < 0) {
        return PEER_NONE;
    }
#ifdef SO_NOSIGPIPE
    int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
    return peer_list_add(fd);
}

/* ---- The program and its machine */

void peer_start(void)
{
}

bool peer_is_windows(void)
{
    return false;
}
bool peer_is_wine(void)
{
    return false;
}

#ifdef __linux__
bool peer_is_bsd(void)
{
    return false;
}
#else
bool peer_is_bsd(void)
{
    return true;
}
#endif

/* NetBSD replaces a connection in TIME_WAIT by a vestige, which only an option that differs
 * defends (sys/netinet/in_pcb.c, in_pcbbind_port). */
#ifdef __NetBSD__
bool peer_keeps_time_wait(void)
{
    return false;
}
#else
bool peer_keeps_time_wait(void)
{
    return true;
}
#endif

bool peer_hides_pending_connect(fer_raw_socket pending)
{
    (void)pending;
    return false;
}

uint64_t peer_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

void peer_pause(unsigned milliseconds)
{
    (void)poll(NULL, 0, (int)milliseconds);
}

size_t peer_open_handles(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 4096; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

size_t peer_inheritable_handles(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 4096; fd++) {
        int flags = fcntl(fd, F_GETFD);
        count += flags != -1 && (flags & FD_CLOEXEC) == 0;
    }
    return count;
}

static void do_nothing(void *argument)
{
    (void)argument;
}

/* The link count of a directory is its entries plus two: its own name and its parent's. proc(5) has
 * an entry for each thread. The thread sanitizer starts a thread of its own when the first thread
 * is created. */
size_t peer_threads(void)
{
    static bool has_begun;
    struct stat tasks;
    if (!has_begun) {
        test_thread first;
        test_thread_start(&first, do_nothing, NULL);
        test_thread_join(&first);
        has_begun = true;
    }
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2 ? (size_t)tasks.st_nlink - 2
                                                                      : 0;
}

bool peer_resolves_localhost(void)
{
    return system_resolves_localhost();
}

size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap)
{
    return system_names_resolve(host, addrs, cap);
}

/* Another system's kernel may have interfaces that this system's resolver does not know. */
static bool can_resolve(const char *interface_name)
{
#ifdef __linux__
    (void)interface_name;
    return true;
#else
    char text[PEER_INTERFACE_CAP + 16] = "fe80::1%";
    fer_socket_addr addr;
    strcpy(text + strlen(text), interface_name);
    return peer_resolve(text, &addr, 1) > 0;
#endif
}

/* Tries each index, because the memory sanitizer does not see what if_nameindex writes. */
bool peer_interface(char name[PEER_INTERFACE_CAP], uint32_t *index)
{
    char found[IF_NAMESIZE] = "";
    for (unsigned i = 1; i < 256; i++) {
        if (if_indextoname(i, found) != NULL && strlen(found) < PEER_INTERFACE_CAP &&
            can_resolve(found)) {
            strcpy(name, found);
            *index = i;
            return true;
        }
    }
    return false;
}

#ifdef __linux__
bool peer_still_opens_sockets(void)
{
    return false;
}
bool peer_still_opens_raw_sockets(void)
{
    return false;
}
#else
static bool opens_socket(int type, int protocol)
{
    int fd = socket(AF_INET, type, protocol);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}
bool peer_still_opens_sockets(void)
{
    return opens_socket(SOCK_DGRAM, 0);
}
bool peer_still_opens_raw_sockets(void)
{
    return opens_socket(SOCK_RAW, IPPROTO_ICMP);
}
#endif

bool peer_handle_count_is_exact(void)
{
    return true;
}

/* ---- Addresses */

struct loopback {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } addr;
    socklen_t len;
};

static struct loopback loopback_addr(peer_family family, uint16_t port)
{
    struct loopback made;
    memset(&made, 0, sizeof made);
    if (family == PEER_V4) {
        made.addr.v4.sin_family = AF_INET;
        made.addr.v4.sin_port = htons(port);
        made.addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        made.len = sizeof made.addr.v4;
    } else {
        made.addr.v6.sin6_family = AF_INET6;
        made.addr.v6.sin6_port = htons(port);
        made.addr.v6.sin6_addr.s6_addr[15] = 1;
        made.len = sizeof made.addr.v6;
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
    struct loopback addr = {.len = sizeof addr.addr};
    return getsockname((int)peer, &addr.addr.any, &addr.len) == 0 ? port_of(&addr) : 0;
}

uint16_t peer_remote_port(peer_socket peer)
{
    struct loopback addr = {.len = sizeof addr.addr};
    return getpeername((int)peer, &addr.addr.any, &addr.len) == 0 ? port_of(&addr) : 0;
}

static peer_socket new_stream(peer_family family)
{
    return add_peer(socket(family == PEER_V4 ? AF_INET : AF_INET6, SOCK_STREAM, 0));
}

peer_socket peer_system_bind(peer_family family, uint16_t port, bool reuse)
{
    struct loopback addr = loopback_addr(family, port);
    peer_socket peer = new_stream(family);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    int wanted = reuse;
    (void)setsockopt((int)peer, SOL_SOCKET, SO_REUSEADDR, &wanted, sizeof wanted);
    if (bind((int)peer, &addr.addr.any, addr.len) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

bool peer_system_listen(peer_socket bound, int backlog)
{
    return listen((int)bound, backlog) == 0;
}

/* ---- Connections */

short peer_system_wait_events(fer_raw_socket raw, short events, unsigned wait_ms)
{
    uint64_t end = peer_now_us() + (uint64_t)wait_ms * 1000u;
    struct pollfd entry = {.fd = (int)raw, .events = events};
    for (;;) {
        uint64_t now = peer_now_us();
        int left = now < end ? (int)((end - now) / 1000u) + 1 : 0;
        int ready = poll(&entry, 1, left);
        if (ready > 0) {
            return entry.revents;
        }
        if (ready == 0 && left == 0) {
            return 0;
        }
    }
}

bool peer_is_queued(peer_socket listener, unsigned wait_ms)
{
    return peer_system_wait_events(listener, POLLIN, wait_ms) != 0;
}

peer_socket peer_accept(peer_socket listener)
{
    if (!peer_is_queued(listener, PEER_LIMIT_MS)) {
        return PEER_NONE;
    }
    return add_peer(accept((int)listener, NULL, NULL));
}

peer_socket peer_connect_begin(peer_family family, uint16_t port)
{
    struct loopback addr = loopback_addr(family, port);
    peer_socket peer = new_stream(family);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    (void)peer_raw_set_nonblocking(peer, true);
    int result = connect((int)peer, &addr.addr.any, addr.len);
    int code = errno;
    (void)peer_raw_set_nonblocking(peer, false);
    if (result != 0 && code != EINPROGRESS && code != EINTR) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

bool peer_connect_ended(peer_socket peer, unsigned wait_ms)
{
    int code = 0;
    socklen_t len = sizeof code;
    return peer_system_wait_events(peer, POLLOUT, wait_ms) != 0 &&
           getsockopt((int)peer, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code == 0;
}

bool peer_system_set_silent(peer_family family, uint16_t port, bool silent)
{
    (void)family;
    (void)port;
    (void)silent;
    return false;
}

bool peer_system_still_connects(peer_socket peer)
{
    (void)peer;
    return true;
}

/* ---- Bytes */

bool peer_system_wait_for_space(peer_socket peer, unsigned wait_ms)
{
    return peer_system_wait_events(peer, POLLOUT, wait_ms) != 0;
}

bool peer_system_send(peer_socket peer, const void *buf, size_t len, size_t *n)
{
    ssize_t sent = send((int)peer, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    *n = sent > 0 ? (size_t)sent : 0;
    return sent >= 0 || errno == EAGAIN || errno == EINTR;
}

peer_outcome peer_recv_some(peer_socket peer, void *buf, size_t cap, size_t *n)
{
    *n = 0;
    for (;;) {
        if (peer_system_wait_events(peer, POLLIN, PEER_LIMIT_MS) == 0) {
            return PEER_TIMED_OUT;
        }
        ssize_t got = recv((int)peer, buf, cap, MSG_DONTWAIT);
        if (got >= 0) {
            *n = (size_t)got;
            return got == 0 ? PEER_END : PEER_GOT;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return PEER_RESET;
        }
    }
}

bool peer_shutdown_write(peer_socket peer)
{
    return shutdown((int)peer, SHUT_WR) == 0;
}

void peer_close(peer_socket peer)
{
    peer_list_remove(peer);
    (void)close((int)peer);
}

void peer_reset(peer_socket peer)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt((int)peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer_close(peer);
}

/* ---- Releasing and adopting sockets */

peer_socket peer_unconnected(void)
{
    return new_stream(PEER_V4);
}

fer_raw_socket peer_not_a_socket(void)
{
    return open("/dev/null", O_RDWR);
}

void peer_close_not_a_socket(fer_raw_socket raw)
{
    (void)close((int)raw);
}

bool peer_is_open(fer_raw_socket raw)
{
    struct stat status;
    return fstat((int)raw, &status) == 0 && S_ISSOCK(status.st_mode);
}

void peer_release(peer_socket peer)
{
    peer_list_remove(peer);
}

void peer_adopt(fer_raw_socket raw)
{
    (void)add_peer((int)raw);
}

/* ---- Datagrams */

peer_socket peer_datagram(peer_family family, uint16_t *port)
{
    struct loopback addr = loopback_addr(family, 0);
    peer_socket peer = add_peer(socket(family == PEER_V4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0));
    *port = 0;
#ifndef __linux__
    /* FreeBSD, NetBSD: udp_recvspace is less than the largest datagram */
    int room = 131072;
    (void)setsockopt((int)peer, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    (void)setsockopt((int)peer, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
#endif
    if (peer != PEER_NONE && bind((int)peer, &addr.addr.any, addr.len) != 0) {
        peer_close(peer);
        return PEER_NONE;
    }
    *port = peer == PEER_NONE ? 0 : peer_local_port(peer);
    return peer;
}

bool peer_datagram_connect(peer_socket peer, peer_family family, uint16_t port)
{
    struct loopback addr = loopback_addr(family, port);
    return connect((int)peer, &addr.addr.any, addr.len) == 0;
}

bool peer_datagram_send(peer_socket peer, peer_family family, uint16_t port, const void *buf,
                        size_t len)
{
    struct loopback addr = loopback_addr(family, port);
    return sendto((int)peer, buf, len, MSG_NOSIGNAL, &addr.addr.any, addr.len) == (ssize_t)len;
}

peer_outcome peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                   uint16_t *port)
{
    struct loopback from = {.len = sizeof from.addr};
    *n = 0;
    if (peer_system_wait_events(peer, POLLIN, PEER_LIMIT_MS) == 0) {
        return PEER_TIMED_OUT;
    }
    ssize_t got = recvfrom((int)peer, buf, cap, MSG_DONTWAIT, &from.addr.any, &from.len);
    if (got < 0) {
        return PEER_TIMED_OUT;
    }
    *n = (size_t)got;
    *port = port_of(&from);
    return PEER_GOT;
}
