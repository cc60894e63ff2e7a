/* sockets_posix.c: the sockets of sockets_posix.h. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "interop/sockets_posix.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/fixture.h"

static struct sockaddr_in loopback_at(uint16_t port)
{
    struct sockaddr_in addr;
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

static int bound(int type, uint16_t *port)
{
    struct sockaddr_in addr = loopback_at(0);
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

int plain_listener(uint16_t *port)
{
    int fd = bound(SOCK_STREAM, port);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void connect_to(int fd, uint16_t port)
{
    struct sockaddr_in addr = loopback_at(port);
    assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
}

int plain_connection(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    connect_to(fd, port);
    return fd;
}

int plain_datagram(uint16_t *port)
{
    return bound(SOCK_DGRAM, port);
}

void plain_connect_datagram(int fd, uint16_t port)
{
    connect_to(fd, port);
}

void plain_tcp_pair(int ends[2])
{
    uint16_t port = 0;
    int listener = plain_listener(&port);
    ends[0] = plain_connection(port);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    (void)close(listener);
}

void plain_udp_pair(int ends[2])
{
    uint16_t ports[2] = {0, 0};
    ends[0] = plain_datagram(&ports[0]);
    ends[1] = plain_datagram(&ports[1]);
    connect_to(ends[0], ports[1]);
    connect_to(ends[1], ports[0]);
}

void plain_unix_pair(int type, int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
}

static struct sockaddr_un name_of(const char *path)
{
    struct sockaddr_un addr;
    memset(&addr, 0, sizeof addr);
    addr.sun_family = AF_UNIX;
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    return addr;
}

int plain_unix_listener(char *path, unsigned size)
{
    char directory[] = "/tmp/fer.XXXXXX";
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, size, "%s/l", directory);
    struct sockaddr_un addr = name_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

int plain_unix_connection(const char *path)
{
    struct sockaddr_un addr = name_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    return fd;
}

void plain_remove(const char *path)
{
    char directory[64];
    (void)snprintf(directory, sizeof directory, "%s", path);
    *strrchr(directory, '/') = '\0';
    (void)unlink(path);
    (void)rmdir(directory);
}

bool plain_carries(int from, int to)
{
    struct pollfd entry = {.fd = to, .events = POLLIN};
    char byte = '\0';
    return write(from, "x", 1) == 1 && poll(&entry, 1, PEER_LIMIT_MS) == 1 &&
           read(to, &byte, 1) == 1 && byte == 'x';
}
