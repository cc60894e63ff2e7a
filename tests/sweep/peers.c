/* peers.c: the peers of the sweep over a real system, plain sockets below ferrule. posix.c and
 * winsock.c have what differs. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "sweep/sockets.h"

#include <string.h>

#include "sweep/world.h"

struct stage stage;

static struct sockaddr_in loopback(const fer_socket_addr *addr)
{
    struct sockaddr_in in;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = addr != NULL ? htons(addr->port) : 0;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return in;
}

static struct sockaddr_un unix_at(const char *path)
{
    struct sockaddr_un un;
    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    memcpy(un.sun_path, path, strlen(path));
    return un;
}

static fer_raw_socket bound_to_loopback(int type, fer_socket_addr *addr)
{
    struct sockaddr_in in = loopback(NULL);
    socklen_t len = sizeof in;
    plain_socket made = new_socket(AF_INET, type);
    REQUIRE(bind(made, (struct sockaddr *)&in, len) == 0);
    REQUIRE(getsockname(made, (struct sockaddr *)&in, &len) == 0);
    *addr = fer_socket_addr_v4_new(loopback_v4, ntohs(in.sin_port));
    return (fer_raw_socket)made;
}

static fer_raw_socket bound_to_path(int type, const char *path)
{
    struct sockaddr_un un = unix_at(path);
    plain_socket made = new_socket(AF_UNIX, type);
    REQUIRE(bind(made, (struct sockaddr *)&un, sizeof un) == 0);
    return (fer_raw_socket)made;
}

void stage_open_sockets(void)
{
    stage.tcp_listener = bound_to_loopback(SOCK_STREAM, &stage.tcp_addr);
    stage.udp = bound_to_loopback(SOCK_DGRAM, &stage.udp_addr);
    stage.unix_listener = bound_to_path(SOCK_STREAM, stage.path);
#ifdef _WIN32
    stage.gram = FER_RAW_SOCKET_NONE;
#else
    stage.gram = bound_to_path(SOCK_DGRAM, stage.gram_path);
#endif
    REQUIRE(listen((plain_socket)stage.tcp_listener, 64) == 0);
    REQUIRE(listen((plain_socket)stage.unix_listener, 64) == 0);
}

/* On Windows it is nonblocking, as its listener. */
fer_raw_socket peer_accept(fer_raw_socket listener)
{
    return (fer_raw_socket)accept((plain_socket)listener, NULL, NULL);
}

fer_raw_socket peer_connect(const fer_socket_addr *addr, const char *path)
{
    struct sockaddr_un un = unix_at(addr != NULL ? "" : path);
    struct sockaddr_in in = loopback(addr);
    plain_socket made = socket(addr != NULL ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    const void *to = addr != NULL ? (const void *)&in : (const void *)&un;
    REQUIRE(connect(made, to, addr != NULL ? sizeof in : sizeof un) == 0);
    return (fer_raw_socket)made;
}

void peer_send(fer_raw_socket peer)
{
    REQUIRE(send((plain_socket)peer, pattern, BYTES, 0) == BYTES);
}

void peer_end(fer_raw_socket peer)
{
    REQUIRE(shutdown((plain_socket)peer, SHUT_WR) == 0);
}

void peer_reset(fer_raw_socket peer)
{
    const struct linger at_once = {1, 0};
    if (peer != FER_RAW_SOCKET_NONE) {
        (void)setsockopt((plain_socket)peer, SOL_SOCKET, SO_LINGER, (const void *)&at_once,
                         sizeof at_once);
        (void)closesocket((plain_socket)peer);
    }
}

void peer_send_two(fer_raw_socket peer, fer_raw_socket to)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    REQUIRE(getsockname((plain_socket)to, (struct sockaddr *)&name, &len) == 0);
    for (int i = 0; i < 2; i++) {
        REQUIRE(sendto((plain_socket)peer, pattern, BYTES, 0, (struct sockaddr *)&name, len) ==
                BYTES);
    }
}

size_t drain(fer_raw_socket raw, bool counts_bytes, char *buf, size_t cap)
{
    size_t total = 0;
    for (;;) {
        size_t at = counts_bytes ? total : 0;
        long n = (long)recv((plain_socket)raw, buf + at, (plain_size)(cap - at), MSG_DONTWAIT);
        if (n < 0 || (n == 0 && counts_bytes)) {
            return total;
        }
        total += counts_bytes ? (size_t)n : 1;
    }
}
