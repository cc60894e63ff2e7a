/* floor.c: see floor.h. Linux only. */
#include "bench/floor.h"

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
