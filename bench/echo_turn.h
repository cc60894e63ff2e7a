/* echo_turn.h: what the contenders of echo_turn.c share: connections, some with a pending request,
 * and one turn of the server, which answers all pending requests. Each contender is one way to find
 * them. */
#ifndef FERRULE_BENCH_ECHO_TURN_H
#define FERRULE_BENCH_ECHO_TURN_H

#include <stddef.h>

enum { ECHO_BLOCK = 64 };

/* The server's sockets of the connections. */
typedef struct echo_server {
    const int *fds;
    size_t count;
} echo_server;

typedef struct echo_contender {
    const char *name;
    /* begin registers all sockets, serve answers the given number of requests, end deletes all
     * sockets. */
    void (*begin)(const echo_server *server);
    void (*serve)(size_t requests);
    void (*end)(void);
} echo_contender;

/* Receives a request and sends it back. Returns 1, or 0 if there was none. */
size_t echo_answer(int fd);

void echo_must(int good, const char *what);

/* The peers, if the build found their libraries. */
extern const echo_contender echo_uv_stream;
extern const echo_contender echo_uv_poll;
extern const echo_contender echo_event;

#endif
