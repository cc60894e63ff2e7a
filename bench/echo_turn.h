/* echo_turn.h: what the contenders of echo_turn.c share: connections of which some have a request
 * waiting, and a server's turn, which answers all of these. Each contender is a way to be told
 * which. */
#ifndef FERRULE_BENCH_ECHO_TURN_H
#define FERRULE_BENCH_ECHO_TURN_H

#include <stddef.h>

enum { ECHO_BLOCK = 64 };

/* The server's ends of the connections. */
typedef struct echo_server {
    const int *fds;
    size_t count;
} echo_server;

typedef struct echo_contender {
    const char *name;
    /* Watches all of them; answers until that many requests are answered; lets go of them. */
    void (*begin)(const echo_server *server);
    void (*serve)(size_t requests);
    void (*end)(void);
} echo_contender;

/* Receives a request and sends it back; 1, or 0 where there was none after all. */
size_t echo_answer(int fd);

void echo_must(int good, const char *what);

/* The peers, where they were found when this was built. */
extern const echo_contender echo_uv_stream;
extern const echo_contender echo_uv_poll;
extern const echo_contender echo_event;

#endif
