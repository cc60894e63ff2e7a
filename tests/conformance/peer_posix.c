/* peer_posix.c: the peers of the conformance tests on POSIX systems; the functions of peer.h that
 * examine or change a raw socket there, what distinguishes these systems, and the names of the
 * error codes that their calls return. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "conformance/peer_system.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "support/error_codes_posix.h"
#include "support/process.h"
#include "support/system_names.h"
#include "support/thread.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

peer_socket peer_system_add(fer_raw_socket raw)
{
#ifdef SO_NOSIGPIPE
    int one = 1;
    (void)setsockopt((int)raw, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
    return peer_list_add(raw);
}

/* ---- The program and its machine */

void peer_start(void)
{
}

PEER_IS(peer_is_windows, false)
PEER_IS(peer_is_wine, false)
#ifdef FERRULE_PLAIN_POSIX
PEER_IS(peer_is_plain, true)
#else
PEER_IS(peer_is_plain, false)
#endif
#if defined(FERRULE_PLAIN_POSIX) && !FERP_HAS_DONTWAIT
PEER_IS(peer_core_waits, true)
#else
PEER_IS(peer_core_waits, false)
#endif

PEER_IS(peer_is_bsd, !IS_LINUX)

/* NetBSD replaces a connection in TIME_WAIT by a vestige, which only an option that differs
 * defends (sys/netinet/in_pcb.c, in_pcbbind_port). */
PEER_IS(peer_keeps_time_wait, !IS_NETBSD)
PEER_IS(peer_has_mapped_parts, !IS_NETBSD && !peer_is_plain())
/* netinet6/udp6_usrreq.c, udp6_connect. */
PEER_IS(peer_keeps_ip_version, IS_FREEBSD)

PEER_RAW_IS(bool, peer_hides_pending_connect, peer_is_plain())

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

/* Another system's kernel may have interfaces that this system's resolver does not know. */
static bool can_resolve(const char *interface_name)
{
#ifdef __linux__
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
PEER_IS(peer_still_opens_sockets, false)
PEER_IS(peer_still_opens_raw_sockets, false)
#else
static bool opens_socket(int type, int protocol)
{
    int fd = socket(AF_INET, type, protocol);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}
PEER_IS(peer_still_opens_sockets, opens_socket(SOCK_DGRAM, 0))
PEER_IS(peer_still_opens_raw_sockets, opens_socket(SOCK_RAW, IPPROTO_ICMP))
#endif

PEER_IS(peer_handle_count_is_exact, true)

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

bool peer_connect_ended(peer_socket peer, unsigned wait_ms)
{
    int code = 0;
    socklen_t len = sizeof code;
    return peer_system_wait_events(peer, POLLOUT, wait_ms) != 0 &&
           getsockopt((int)peer, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code == 0;
}

bool peer_system_still_connects(peer_socket peer)
{
    return true;
}

/* ---- Bytes */

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

void peer_close(peer_socket peer)
{
    peer_list_remove(peer);
    (void)close((int)peer);
}

/* ---- Releasing and adopting sockets */

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

#ifdef __linux__

PEER_RAW_IS(bool, peer_raw_wait_failed,
            (peer_system_wait_events(raw, 0, PEER_LIMIT_MS) & (POLLERR | POLLHUP)) != 0)
PEER_RAW_IS(bool, peer_raw_has_failed,
            (peer_system_wait_events(raw, 0, 0) & (POLLERR | POLLHUP)) != 0)

#else

static bool is_disconnected_stream(fer_raw_socket raw)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt((int)raw, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getpeername((int)raw, (struct sockaddr *)&addr, &len) != 0;
}

/* A poll for no event reports no failure: NetBSD has neither POLLERR nor POLLHUP (uipc_socket.c,
 * sopoll), and FreeBSD's POLLHUP is the end of both halves (uipc_socket.c, sopoll_generic). A peek
 * keeps the error (soreceive). Queued bytes hide it, but the peer's address is gone. */
bool peer_raw_has_failed(fer_raw_socket raw)
{
    char byte;
    if (recv((int)raw, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0) {
        return errno != EAGAIN && errno != EINTR;
    }
    return is_disconnected_stream(raw);
}

bool peer_raw_wait_failed(fer_raw_socket raw)
{
    uint64_t end = peer_now_us() + PEER_LIMIT_MS * 1000u;
    while (!peer_raw_has_failed(raw)) {
        if (peer_now_us() > end) {
            return false;
        }
        (void)peer_system_wait_events(raw, POLLIN, 10);
        peer_pause(1); /* unread input is always readable */
    }
    return true;
}

#endif

PEER_RAW_IS(bool, peer_raw_is_inheritable, (fcntl((int)raw, F_GETFD) & FD_CLOEXEC) == 0)

bool peer_raw_set_inheritable(fer_raw_socket raw, bool inheritable)
{
#ifdef FIOCLEX /* F_SETFD may be refused */
    return ioctl((int)raw, inheritable ? FIONCLEX : FIOCLEX) == 0;
#else
    return fcntl((int)raw, F_SETFD, inheritable ? 0 : FD_CLOEXEC) == 0;
#endif
}

PEER_RAW_IS(bool, peer_raw_is_nonblocking, (fcntl((int)raw, F_GETFL) & O_NONBLOCK) != 0)

bool peer_raw_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    int flags = fcntl((int)raw, F_GETFL);
    return fcntl((int)raw, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0;
}

bool peer_raw_set_timeouts(fer_raw_socket raw, unsigned milliseconds)
{
    struct timeval value = {.tv_sec = (time_t)(milliseconds / 1000u)};
    value.tv_usec = (suseconds_t)(milliseconds % 1000u) * 1000;
    return setsockopt((int)raw, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value) == 0 &&
           setsockopt((int)raw, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value) == 0;
}

static bool raw_timeout(fer_raw_socket raw, int option, unsigned *milliseconds)
{
    struct timeval value = {0};
    socklen_t len = sizeof value;
    if (getsockopt((int)raw, SOL_SOCKET, option, &value, &len) != 0) {
        return false;
    }
    *milliseconds = (unsigned)value.tv_sec * 1000u + (unsigned)value.tv_usec / 1000u;
    return true;
}

bool peer_raw_timeouts(fer_raw_socket raw, unsigned *read_ms, unsigned *write_ms)
{
    return raw_timeout(raw, SO_RCVTIMEO, read_ms) && raw_timeout(raw, SO_SNDTIMEO, write_ms);
}

#ifdef __linux__
static bool tcp_info_of(fer_raw_socket raw, struct tcp_info *info)
{
    socklen_t len = sizeof *info;
    memset(info, 0, sizeof *info);
    /* qemu's user emulation returns only the first four bytes. */
    return getsockopt((int)raw, IPPROTO_TCP, TCP_INFO, info, &len) == 0 &&
           (size_t)len >= offsetof(struct tcp_info, tcpi_sacked) + sizeof info->tcpi_sacked;
}

bool peer_raw_has_settled(fer_raw_socket raw)
{
    struct tcp_info info;
    return !tcp_info_of(raw, &info) || info.tcpi_unacked == 0;
}

int peer_raw_backlog(fer_raw_socket raw)
{
    struct tcp_info info;
    return tcp_info_of(raw, &info) ? (int)info.tcpi_sacked : -1;
}

#else

PEER_RAW_IS(int, peer_raw_backlog, -1)

#ifdef __FreeBSD__
/* FreeBSD acknowledges a last odd segment after 40 ms (TCPTV_DELACK, netinet/tcp_timer.h). TCP_INFO
 * has no count of bytes in flight (tcp_fill_info, netinet/tcp_usrreq.c). If a filled stream has
 * nothing in flight, the window of the last acknowledgement has no room for a segment. */
bool peer_raw_has_settled(fer_raw_socket raw)
{
    enum { TIMESTAMPS_SIZE = 12 }; /* RFC 7323, Appendix A */
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt((int)raw, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) {
        return true;
    }
    uint32_t overhead = (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0 ? TIMESTAMPS_SIZE : 0;
    return info.tcpi_snd_wnd + overhead < info.tcpi_snd_mss;
}
#else
PEER_RAW_IS(bool, peer_raw_has_settled, true)
#endif

#endif

bool peer_raw_hides_keepalive_options(fer_raw_socket raw)
{
#ifdef TCP_KEEPCNT
    int count = 8;
    return !peer_raw_has_keepalive_options(raw) && !peer_is_plain() &&
           setsockopt((int)raw, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) == 0;
#else
    return false;
#endif
}

bool peer_raw_set_user_timeout(fer_raw_socket raw, unsigned milliseconds)
{
#ifdef TCP_USER_TIMEOUT
    return setsockopt((int)raw, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds,
                      sizeof milliseconds) == 0;
#else
    return false;
#endif
}

/* ---- What distinguishes the systems */

/* NetBSD: tcp_usrreq.c, tcp_getpcb; OpenBSD: tcp_sogetpcb. */
PEER_IS(peer_forgets_ended_names, IS_NETBSD || IS_OPENBSD)
/* NetBSD looks up bound sockets of the same version only (in_pcb.c, in_pcblookup_port). */
PEER_IS(peer_separates_ip_versions, IS_NETBSD)
/* ip6(4) */
PEER_IS(peer_has_dual_stack, !IS_OPENBSD)
/* The BSDs: tcp_usrreq.c, tcp_disconnect. macOS resets, as Linux does. */
PEER_IS(peer_close_hides_unread_input, IS_NETBSD || IS_OPENBSD || IS_FREEBSD)
/* "if (tp->t_state == TCPS_CLOSED) goto drop": such a port answers nothing on NetBSD, OpenBSD and
 * XNU (tcp_input). FreeBSD resets, as Linux does. */
PEER_IS(peer_system_bound_port_refuses, IS_LINUX || IS_FREEBSD)

bool peer_is_interrupted(void)
{
#ifdef __linux__
    return true;
#else
    uint16_t port = 0;
    char byte;
    peer_socket peer = peer_datagram(PEER_V4, &port);
    bool is_ready = peer != PEER_NONE && peer_raw_set_timeouts(peer, 500);
    bool is_interrupted = is_ready && recv((int)peer, &byte, 1, 0) < 0 && errno == EINTR;
    if (peer != PEER_NONE) {
        peer_close(peer);
    }
    return is_interrupted;
#endif
}

/* ---- Error codes */

#define CODE(name, on_linux, on_bsd, kind) {#name, name, kind},
const struct process_error_code process_rust_error_codes[] = {
    RUST_ERROR_CODES(CODE){NULL, 0, FER_OK}};

int32_t process_code_refused(void)
{
    return ECONNREFUSED;
}
