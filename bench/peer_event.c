/* peer_event.c: the operations of bench/peers.h over libevent, and the echo server's turn over it:
 * a persistent read event for each connection, with recv and send. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bench/echo_turn.h"
#include "bench/peers.h"

enum { TEXT_CAP = 64 };

/* ---- Address text */

static uint64_t parse(const void *input, size_t count, int family)
{
    const bench_texts *texts = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned char addr[16];
        sum += evutil_inet_pton(family, &texts->pool[texts->at[i]], addr) == 1 ? addr[0] : 0U;
    }
    return sum;
}

static uint64_t parse_v4(const void *input, size_t count)
{
    return parse(input, count, AF_INET);
}

static uint64_t parse_v6(const void *input, size_t count)
{
    return parse(input, count, AF_INET6);
}

static uint64_t format(const void *input, size_t count, int family)
{
    const unsigned char *values = input;
    const size_t size = family == AF_INET ? 4 : 16;
    char text[TEXT_CAP];
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        evutil_inet_ntop(family, values + i * size, text, sizeof text);
        sum += (unsigned char)text[0];
    }
    return sum;
}

static uint64_t format_v4(const void *input, size_t count)
{
    return format(input, count, AF_INET);
}

static uint64_t format_v6(const void *input, size_t count)
{
    return format(input, count, AF_INET6);
}

/* ---- The loop */

static struct event_base *base;
static struct event **events;
static size_t event_count;
static struct event *wake_event;
static struct event *free_event;

static void on_nothing(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

static void add_all(const int *fds, size_t count, event_callback_fn callback)
{
    base = event_base_new();
    event_count = count;
    events = calloc(count + 1, sizeof *events);
    bench_must(base != NULL && events != NULL, "event_base_new");
    for (size_t i = 0; i < count; i++) {
        events[i] = event_new(base, fds[i], EV_READ | EV_PERSIST, callback, NULL);
        bench_must(events[i] != NULL && event_add(events[i], NULL) == 0, "event_add");
    }
}

static void free_all(void)
{
    for (size_t i = 0; i < event_count; i++) {
        event_free(events[i]);
    }
    free(events);
    event_base_free(base);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    *(uint64_t *)context += 1;
}

static uint64_t wake_count;

static void loop_begin(const int *sockets, size_t count, int free_socket)
{
    add_all(sockets, count, on_nothing);
    wake_event = event_new(base, -1, EV_PERSIST, on_wake, &wake_count);
    free_event = event_new(base, free_socket, EV_READ | EV_PERSIST, on_nothing, NULL);
    bench_must(wake_event != NULL && free_event != NULL, "event_new");
}

static void loop_end(void)
{
    event_free(wake_event);
    event_free(free_event);
    free_all();
}

/* By the thread of the loop itself: libevent then makes no system call for the wake. */
static uint64_t loop_wakes(const void *input, size_t count)
{
    const uint64_t before = wake_count;
    (void)input;
    for (size_t i = 0; i < count; i++) {
        event_active(wake_event, EV_READ, 0);
        event_base_loop(base, EVLOOP_ONCE);
    }
    bench_must(wake_count - before == count, "event_active");
    return count;
}

static uint64_t loop_adds(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        bench_must(event_add(free_event, NULL) == 0 && event_del(free_event) == 0, "event_add");
    }
    return count;
}

static uint64_t loop_empty_waits(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        bench_must(event_base_loop(base, EVLOOP_NONBLOCK) >= 0, "event_base_loop");
    }
    return count;
}

static const bench_loop loop = {loop_begin, loop_end, loop_wakes,
                                loop_adds,  NULL,     loop_empty_waits};

/* ---- Connects and accepts */

static struct event_base *connect_base;
static struct evconnlistener *connect_listener;
static int *accepted_fds;
static size_t accepted_count;

static void on_accepted(struct evconnlistener *listener, evutil_socket_t fd,
                        struct sockaddr *address, int size, void *context)
{
    (void)listener;
    (void)address;
    (void)size;
    (void)context;
    accepted_fds[accepted_count++] = (int)fd;
}

static void begin_accepts(int listener, int *fds)
{
    /* it accepts until there is no connection */
    bench_must(evutil_make_socket_nonblocking(listener) == 0, "evutil_make_socket_nonblocking");
    if (connect_base == NULL) {
        connect_base = event_base_new();
        bench_must(connect_base != NULL, "event_base_new");
        connect_listener = evconnlistener_new(
            connect_base, on_accepted, NULL, LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, 0, listener);
        bench_must(connect_listener != NULL, "evconnlistener_new");
    }
    accepted_fds = fds;
    accepted_count = 0;
    bench_must(evconnlistener_enable(connect_listener) == 0, "evconnlistener_enable");
}

/* A listener that stays in a poller would cost the other contenders time. */
static void end_accepts(void)
{
    bench_must(evconnlistener_disable(connect_listener) == 0, "evconnlistener_disable");
}

static void accepts(int listener, int *fds, size_t count)
{
    begin_accepts(listener, fds);
    while (accepted_count < count) {
        event_base_loop(connect_base, EVLOOP_ONCE);
    }
    end_accepts();
}

static void on_connected(struct bufferevent *client, short what, void *context)
{
    (void)client;
    *(bool *)context = (what & BEV_EVENT_CONNECTED) != 0;
}

static uint64_t connects(const void *input, size_t count)
{
    const bench_target *target = input;
    static int accepted;
    begin_accepts(target->listener, &accepted);
    for (size_t i = 0; i < count; i++) {
        bool is_connected = false;
        struct bufferevent *client =
            bufferevent_socket_new(connect_base, -1, BEV_OPT_CLOSE_ON_FREE);
        bench_must(client != NULL, "bufferevent_socket_new");
        bufferevent_setcb(client, NULL, NULL, on_connected, &is_connected);
        bench_must(bufferevent_socket_connect(client, (const struct sockaddr *)&target->address,
                                              sizeof target->address) == 0,
                   "bufferevent_socket_connect");
        for (accepted_count = 0; accepted_count == 0 || !is_connected;) {
            event_base_loop(connect_base, EVLOOP_ONCE);
        }
        bench_reset_on_close((int)bufferevent_getfd(client));
        bufferevent_free(client);
        evutil_closesocket(accepted);
    }
    end_accepts();
    return count;
}

/* ---- The echo server */

static size_t remaining;

static void on_request(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    (void)context;
    remaining -= echo_answer((int)fd);
}

static void echo_begin(const echo_server *server)
{
    add_all(server->fds, server->count, on_request);
}

static void echo_serve(size_t requests)
{
    remaining = requests;
    while (remaining > 0) {
        event_base_loop(base, EVLOOP_ONCE);
    }
}

const echo_contender echo_event = {"libevent", echo_begin, echo_serve, free_all, 0, false};

const bench_peer bench_peer_event = {
    .name = "libevent",
    .parse_v4 = parse_v4,
    .parse_v6 = parse_v6,
    .format_v4 = format_v4,
    .format_v6 = format_v6,
    .connects = connects,
    .accepts = accepts,
    .loop = &loop,
};
