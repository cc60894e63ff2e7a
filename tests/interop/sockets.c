/* sockets.c: the sockets of sockets.h. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#define _WIN32_WINNT 0x0A00
#include "interop/sockets.h"

#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#endif
#include <string.h>

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

void plain_bind(plain_socket created, uint16_t *port)
{
    struct sockaddr_in addr = loopback_at(0);
    socklen_t len = sizeof addr;
    assert_int_equal(bind(created, (const struct sockaddr *)&addr, len), 0);
    assert_int_equal(getsockname(created, (struct sockaddr *)&addr, &len), 0);
    *port = ntohs(addr.sin_port);
}

plain_socket plain_bound(int type, uint16_t *port)
{
    plain_socket created = socket(AF_INET, type, 0);
    assert_true(created != NONE);
    plain_bind(created, port);
    return created;
}

plain_socket plain_listener(uint16_t *port)
{
    plain_socket created = plain_bound(SOCK_STREAM, port);
    assert_int_equal(listen(created, 8), 0);
    return created;
}

void plain_connect(plain_socket created, uint16_t port)
{
    struct sockaddr_in addr = loopback_at(port);
    assert_int_equal(connect(created, (const struct sockaddr *)&addr, sizeof addr), 0);
}

plain_socket plain_connection(uint16_t port)
{
    plain_socket created = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(created != NONE);
    plain_connect(created, port);
    return created;
}

void plain_close(plain_socket created)
{
#ifdef _WIN32
    assert_true(created == NONE || closesocket(created) == 0);
#else
    assert_true(created == NONE || close(created) == 0);
#endif
}

plain_socket plain_accepted_from(plain_socket one)
{
    uint16_t port = 0;
    plain_socket listener = plain_listener(&port);
    plain_connect(one, port);
    plain_socket accepted = accept(listener, NULL, NULL);
    assert_true(accepted != NONE);
    plain_close(listener);
    return accepted;
}

plain_socket plain_peer_of_datagrams(plain_socket one)
{
    uint16_t ports[2] = {0, 0};
    plain_bind(one, &ports[0]);
    plain_socket other = plain_bound(SOCK_DGRAM, &ports[1]);
    plain_connect(one, ports[1]);
    plain_connect(other, ports[0]);
    return other;
}

#ifdef _WIN32
bool plain_carries(SOCKET from, SOCKET to)
{
    char byte = '\0';
    return send(from, "x", 1, 0) == 1 && peer_raw_wait_readable((fer_raw_socket)to) &&
           recv(to, &byte, 1, 0) == 1 && byte == 'x';
}
#else
bool plain_carries(int from, int to)
{
    struct pollfd entry = {.fd = to, .events = POLLIN};
    char byte = '\0';
    return write(from, "x", 1) == 1 && poll(&entry, 1, PEER_LIMIT_MS) == 1 &&
           read(to, &byte, 1) == 1 && byte == 'x';
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
#endif
