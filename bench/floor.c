/* floor.c: see floor.h. Linux only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4 */
#endif
#include "bench/floor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

bool floor_control(int epoll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)fd};
    int result = epoll_ctl(epoll, operation, fd, &event);
    return result == 0;
}

bool floor_poll(int epoll, struct epoll_event *events, int cap, size_t *count)
{
    int found = epoll_wait(epoll, events, cap, 0);
    *count = found > 0 ? (size_t)found : 0;
    return found >= 0;
}

static bool store(ssize_t result, size_t *n)
{
    *n = result > 0 ? (size_t)result : 0;
    return result >= 0;
}

bool floor_read(const floor_stream *stream, void *buf, size_t len, size_t *n)
{
    return stream->is_open && store(recv(stream->fd, buf, len, 0), n);
}

bool floor_write(const floor_stream *stream, const void *buf, size_t len, size_t *n)
{
    return stream->is_open && store(send(stream->fd, buf, len, MSG_NOSIGNAL), n);
}

static bool store_addr(const struct sockaddr_storage *from, floor_addr *out)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
    memset(out, 0, sizeof *out);
    out->family = from->ss_family;
    if (from->ss_family == AF_INET6) {
        out->port = ntohs(v6->sin6_port);
        memcpy(out->ip, &v6->sin6_addr, 16);
    } else if (from->ss_family == AF_INET) {
        out->port = ntohs(v4->sin_port);
        memcpy(out->ip, &v4->sin_addr, 4);
    }
    return out->family == AF_INET || out->family == AF_INET6;
}

bool floor_accept(int listener, floor_stream *out, floor_addr *peer)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    memset(out, 0, sizeof *out);
    out->fd = accept4(listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);
    out->is_open = out->fd >= 0 && store_addr(&from, peer);
    return out->is_open;
}

bool floor_send_to(const floor_stream *socket, const void *buf, size_t len, const floor_addr *to,
                   size_t *n)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    memcpy(&v4.sin_addr, to->ip, 4);
    return socket->is_open && to->family == AF_INET &&
           store(sendto(socket->fd, buf, len, MSG_NOSIGNAL, (struct sockaddr *)&v4, sizeof v4), n);
}

bool floor_receive(const floor_stream *socket, void *buf, size_t len, const floor_addr *peer,
                   size_t *n, floor_addr *from)
{
    struct sockaddr_storage sender;
    socklen_t size = sizeof sender;
    return socket->is_open &&
           store(recvfrom(socket->fd, buf, len, 0, (struct sockaddr *)&sender, &size), n) &&
           store_addr(&sender, from) && (peer == NULL || memcmp(from, peer, sizeof *peer) == 0);
}
