/* echo_event.c: the echo server's turn over libevent: a persistent read event for each connection,
 * with recv and send. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <event2/event.h>
#include <stdlib.h>

#include "bench/echo_turn.h"

static struct event_base *base;
static struct event **events;
static size_t event_count;
static size_t remaining;

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    (void)context;
    remaining -= echo_answer((int)fd);
}

static void begin(const echo_server *server)
{
    base = event_base_new();
    event_count = server->count;
    events = calloc(event_count, sizeof *events);
    for (size_t i = 0; i < event_count; i++) {
        events[i] = event_new(base, server->fds[i], EV_READ | EV_PERSIST, on_ready, NULL);
        echo_must(events[i] != NULL && event_add(events[i], NULL) == 0, "event_add");
    }
}

static void serve(size_t requests)
{
    remaining = requests;
    while (remaining > 0) {
        event_base_loop(base, EVLOOP_ONCE);
    }
}

static void end(void)
{
    for (size_t i = 0; i < event_count; i++) {
        event_free(events[i]);
    }
    free(events);
    event_base_free(base);
}

const echo_contender echo_event = {"libevent", begin, serve, end};
