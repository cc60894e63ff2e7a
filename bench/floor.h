/* floor.h: the least that a function of a library costs beside the system call that it makes: the
 * call in a function of another translation unit, which checks and stores the result. The contender
 * "floor" of connect.c, echo_turn.c, poller.c and udp.c calls these, in ferrule's place. */
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

/* An address without the system's types, of IPv4 or IPv6. */
typedef struct floor_addr {
    uint16_t family;
    uint16_t port;
    unsigned char ip[16];
} floor_addr;

/* Each returns false after a failure. */
bool floor_accept(int listener, floor_stream *out, floor_addr *peer);
bool floor_control(int epoll, int operation, int fd, uint32_t events);
bool floor_poll(int epoll, struct epoll_event *events, int cap, size_t *count);
bool floor_read(const floor_stream *stream, void *buf, size_t len, size_t *n);
bool floor_write(const floor_stream *stream, const void *buf, size_t len, size_t *n);
bool floor_send_to(const floor_stream *socket, const void *buf, size_t len, const floor_addr *to,
                   size_t *n);
/* peer: if it is not NULL, a datagram of another sender is a failure. */
bool floor_receive(const floor_stream *socket, void *buf, size_t len, const floor_addr *peer,
                   size_t *n, floor_addr *from);

#endif
