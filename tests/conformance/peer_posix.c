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

PEER_IS(peer_is_bsd, !IS_LINUX)

/* NetBSD replaces a connection in TIME_WAIT by a vestige, which only an option that differs
 * defends (sys/netinet/in_pcb.c, in_pcbbind_port). */
PEER_IS(peer_keeps_time_wait, !IS_NETBSD)
PEER_IS(peer_has_mapped_parts, !IS_NETBSD)

PEER_RAW_IS(bool, peer_hides_pending_connect, false)

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
