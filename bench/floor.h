/* floor.h: the least that a function of a library costs beside the system call that it makes: the
 * call in a function of another translation unit, which checks and stores the result. The contender
 * "floor" of poller.c and echo_turn.c calls these, in ferrule's place. */
#ifndef FERRULE_BENCH_FLOOR_H
#define FERRULE_BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* A stream's own memory, of the size of a fer_tcp_stream. */
typedef struct floor_stream {
    bool is_open;
    int fd;
    char rest[56];
} floor_stream;

/* Each returns false after a failure. */
bool floor_control(int epoll, int operation, int fd, uint32_t events);
bool floor_poll(int epoll, struct epoll_event *events, int cap, size_t *count);
bool floor_read(const floor_stream *stream, void *buf, size_t len, size_t *n);
bool floor_write(const floor_stream *stream, const void *buf, size_t len, size_t *n);

#endif
