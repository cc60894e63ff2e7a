/* posix.c: the peers of the sweep over the POSIX backend. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sweep/world.h"

#define PEEKED_DESCRIPTORS 200

/* ---- The peers, which live as long as the program */

struct stage stage;
static char folder[64];

void free_the_path(void)
{
    unlink(stage.free_path);
}

static int new_socket(int domain, int type)
{
    return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static fer_raw_socket bound_to_loopback(int type, fer_socket_addr *addr)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof in;
    int fd = new_socket(AF_INET, type);
    REQUIRE(bind(fd, (struct sockaddr *)&in, len) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&in, &len) == 0);
    *addr = fer_socket_addr_v4_new(loopback_v4, ntohs(in.sin_port));
    return fd;
}

static socklen_t unix_name(struct sockaddr_un *un, const char *path)
{
    memset(un, 0, sizeof *un);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path));
    return sizeof *un;
}

static fer_raw_socket bound_to_path(int type, const char *path)
{
    struct sockaddr_un un;
    int fd = new_socket(AF_UNIX, type);
    REQUIRE(bind(fd, (struct sockaddr *)&un, unix_name(&un, path)) == 0);
    return fd;
}

void stage_set(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/sweep-XXXXXX", tmp != NULL ? tmp : "/tmp");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(stage.path, sizeof stage.path, "%s/listener", folder);
    snprintf(stage.gram_path, sizeof stage.gram_path, "%s/datagrams", folder);
    snprintf(stage.free_path, sizeof stage.free_path, "%s/free", folder);
    stage.tcp_listener = bound_to_loopback(SOCK_STREAM, &stage.tcp_addr);
    stage.udp = bound_to_loopback(SOCK_DGRAM, &stage.udp_addr);
    stage.unix_listener = bound_to_path(SOCK_STREAM, stage.path);
    stage.gram = bound_to_path(SOCK_DGRAM, stage.gram_path);
    REQUIRE(listen((int)stage.tcp_listener, 64) == 0 && listen((int)stage.unix_listener, 64) == 0);
}

void stage_clear(void)
{
    unlink(stage.path);
    unlink(stage.gram_path);
    rmdir(folder);
}

fer_raw_socket peer_accept(fer_raw_socket listener)
{
    return accept((int)listener, NULL, NULL);
}

fer_raw_socket peer_connect(const fer_socket_addr *addr, const char *path)
{
    struct sockaddr_un un;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    in.sin_port = addr != NULL ? htons(addr->port) : 0;
    int fd = socket(addr != NULL ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = addr != NULL ? sizeof in : unix_name(&un, path);
    const void *to = addr != NULL ? (const void *)&in : (const void *)&un;
    REQUIRE(connect(fd, to, len) == 0);
    return fd;
}

void peer_send(fer_raw_socket peer)
{
    REQUIRE(send((int)peer, pattern, BYTES, 0) == BYTES);
}

void peer_end(fer_raw_socket peer)
{
    REQUIRE(shutdown((int)peer, SHUT_WR) == 0);
}

void peer_reset(fer_raw_socket peer)
{
    const struct linger at_once = {1, 0};
    if (peer != FER_RAW_SOCKET_NONE) {
        setsockopt((int)peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close((int)peer);
    }
}

void peer_send_two(fer_raw_socket peer, fer_raw_socket to)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    REQUIRE(getsockname((int)to, (struct sockaddr *)&name, &len) == 0);
    for (int i = 0; i < 2; i++) {
        ssize_t sent = sendto((int)peer, pattern, BYTES, 0, (struct sockaddr *)&name, len);
        REQUIRE(sent == BYTES);
    }
}

size_t drain(fer_raw_socket raw, bool counts_bytes, char *buf, size_t cap)
{
    size_t total = 0;
    for (;;) {
        size_t at = counts_bytes ? total : 0;
        ssize_t n = recv((int)raw, buf + at, cap - at, MSG_DONTWAIT);
        if (n < 0 || (n == 0 && counts_bytes)) {
            return total;
        }
        total += counts_bytes ? (size_t)n : 1;
    }
}

size_t queued_bytes(fer_raw_socket raw)
{
    int queued = -1;
    REQUIRE(ioctl((int)raw, FIONREAD, &queued) == 0);
    return (size_t)queued;
}

/* One system call for all descriptors. */
int count_open(void)
{
    struct pollfd entries[PEEKED_DESCRIPTORS];
    int count = 0;
    for (int i = 0; i < PEEKED_DESCRIPTORS; i++) {
        entries[i] = (struct pollfd){.fd = i};
    }
    REQUIRE(poll(entries, PEEKED_DESCRIPTORS, 0) >= 0);
    for (int i = 0; i < PEEKED_DESCRIPTORS; i++) {
        count += (entries[i].revents & POLLNVAL) == 0;
    }
    return count;
}

void pause_a_millisecond(void)
{
    poll(NULL, 0, 1);
}
