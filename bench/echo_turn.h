/* echo_turn.h: what the contenders of echo_turn.c share: connections, some with a pending request,
 * and one turn of the server, which answers all pending requests. Each contender is one way to find
 * them. */
#ifndef FERRULE_BENCH_ECHO_TURN_H
#define FERRULE_BENCH_ECHO_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "bench/peers.h"

enum { ECHO_BLOCK = 64 };

/* The server's sockets of the connections. */
typedef struct echo_server {
    const int *fds;
    size_t count;
    bool is_given; /* the contender may close them; end is not called */
} echo_server;

typedef struct echo_contender {
    const char *name;
    /* begin registers all sockets, serve answers the given number of requests, end deletes all
     * sockets. */
    void (*begin)(const echo_server *server);
    void (*serve)(size_t requests);
    void (*end)(void);
    size_t more_descriptors; /* for each connection, besides its two sockets */
    bool has_other_heap;     /* not the C library's, so its bytes are not known */
} echo_contender;

/* Receives a request and sends it back. Returns 1, or 0 if there was none. */
static inline size_t echo_answer(int fd)
{
    unsigned char request[ECHO_BLOCK];
    ssize_t got = recv(fd, request, sizeof request, 0);
    if (got <= 0) {
        return 0;
    }
    bench_must(send(fd, request, (size_t)got, MSG_NOSIGNAL) == got, "send");
    return 1;
}

/* The peers, if the build found their libraries. */
extern const echo_contender echo_uv_stream;
extern const echo_contender echo_uv_poll;
extern const echo_contender echo_event;
extern const echo_contender echo_apr;
extern const echo_contender echo_mio;

#endif
