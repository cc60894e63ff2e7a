/* peer_uv.c: the operations of bench/peers.h over libuv, and the echo server's turn over it: as its
 * streams, which answer with uv_try_write, and as its uv_poll with recv and send. libuv's handles
 * close their descriptors, so they get duplicates. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "bench/echo_turn.h"
#include "bench/peers.h"

enum { TEXT_CAP = 64, IN_FLIGHT = 64 };

static uv_loop_t loop;
static size_t remaining;

static void serve(size_t requests)
{
    remaining = requests;
    while (remaining > 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void count_answer(size_t answers)
{
    remaining -= answers;
}

/* ---- uv_tcp */

static uv_tcp_t *streams;
static size_t stream_count;
static char shared[65536];

static void provide_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof shared);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    if (got > 0) {
        uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)got);
        bench_must(uv_try_write(stream, &answer, 1) == got, "uv_try_write");
        count_answer(1);
    }
}

static void stream_begin(const echo_server *server)
{
    bench_must(uv_loop_init(&loop) == 0, "uv_loop_init");
    stream_count = server->count;
    streams = calloc(stream_count, sizeof *streams);
    for (size_t i = 0; i < stream_count; i++) {
        bench_must(uv_tcp_init(&loop, &streams[i]) == 0 &&
                       uv_tcp_open(&streams[i],
                                   server->is_given ? server->fds[i] : dup(server->fds[i])) == 0 &&
                       uv_read_start((uv_stream_t *)&streams[i], provide_buffer, on_read) == 0,
                   "uv_tcp_open");
    }
}

static void stream_end(void)
{
    for (size_t i = 0; i < stream_count; i++) {
        uv_close((uv_handle_t *)&streams[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    free(streams);
}

const echo_contender echo_uv_stream = {"libuv-try", stream_begin, serve, stream_end, 1, false};

/* ---- uv_poll */

static uv_poll_t *polls;
static int *poll_fds;

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    count_answer(echo_answer(poll_fds[poll - polls]));
}

static void poll_begin(const echo_server *server)
{
    bench_must(uv_loop_init(&loop) == 0, "uv_loop_init");
    stream_count = server->count;
    polls = calloc(stream_count, sizeof *polls);
    poll_fds = (int *)(uintptr_t)server->fds;
    for (size_t i = 0; i < stream_count; i++) {
        bench_must(uv_poll_init(&loop, &polls[i], server->fds[i]) == 0 &&
                       uv_poll_start(&polls[i], UV_READABLE, on_ready) == 0,
                   "uv_poll_start");
    }
}

static void poll_end(void)
{
    for (size_t i = 0; i < stream_count; i++) {
        uv_close((uv_handle_t *)&polls[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    free(polls);
}

const echo_contender echo_uv_poll = {"libuv-poll", poll_begin, serve, poll_end, 0, false};

/* ---- Address text */

static uint64_t parse(const void *input, size_t count, int family)
{
    const bench_texts *texts = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned char addr[16];
        sum += uv_inet_pton(family, &texts->pool[texts->at[i]], addr) == 0 ? addr[0] : 0U;
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
        sum += uv_inet_ntop(family, values + i * size, text, sizeof text) == 0;
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

/* ---- Datagrams */

static size_t datagrams_received;

static void on_datagram(uv_udp_t *socket, ssize_t got, const uv_buf_t *buffer,
                        const struct sockaddr *sender, unsigned flags)
{
    (void)socket;
    (void)buffer;
    (void)flags;
    datagrams_received += got > 0 && sender != NULL;
}

static uint64_t datagrams_to(const bench_ends *ends, const struct sockaddr *address, size_t count)
{
    uv_udp_t from;
    uv_udp_t to;
    bench_must(uv_loop_init(&loop) == 0 && uv_udp_init(&loop, &from) == 0 &&
                   uv_udp_init(&loop, &to) == 0 && uv_udp_open(&from, dup(ends->from)) == 0 &&
                   uv_udp_open(&to, dup(ends->to)) == 0 &&
                   uv_udp_recv_start(&to, provide_buffer, on_datagram) == 0,
               "uv_udp_open");
    datagrams_received = 0;
    for (size_t i = 0; i < count; i++) {
        uv_buf_t datagram = uv_buf_init((char *)(uintptr_t)ends->outgoing, (unsigned)ends->block);
        bench_must(uv_udp_try_send(&from, &datagram, 1, address) == (int)ends->block,
                   "uv_udp_try_send");
        while (datagrams_received <= i) {
            uv_run(&loop, UV_RUN_ONCE);
        }
    }
    uv_close((uv_handle_t *)&from, NULL);
    uv_close((uv_handle_t *)&to, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    return count;
}

static uint64_t datagrams(const void *input, size_t count)
{
    const bench_ends *ends = input;
    return datagrams_to(ends, (const struct sockaddr *)&ends->address, count);
}

static uint64_t connected_datagrams(const void *input, size_t count)
{
    return datagrams_to(input, NULL, count);
}

/* ---- Bursts. libuv sends a batch since 1.50; before, this is one send for each datagram. */

enum { CHUNKS = 20, CHUNK = 65536, BATCH = 64 };

static uv_udp_t burst_from;
static uv_udp_t burst_to;
static char chunks[CHUNKS * CHUNK];

static void provide_chunks(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(chunks, sizeof chunks);
}

static void bursts_begin(const bench_ends *ends)
{
    bench_must(uv_loop_init(&loop) == 0 && uv_udp_init(&loop, &burst_from) == 0 &&
                   uv_udp_init_ex(&loop, &burst_to, AF_UNSPEC | UV_UDP_RECVMMSG) == 0 &&
                   uv_udp_open(&burst_from, dup(ends->from)) == 0 &&
                   uv_udp_open(&burst_to, dup(ends->to)) == 0 &&
                   uv_udp_recv_start(&burst_to, provide_chunks, on_datagram) == 0,
               "uv_udp_open");
}

static void bursts_send(const bench_ends *ends, size_t count)
{
    struct sockaddr *to =
        ends->address.sin_port != 0 ? (struct sockaddr *)(uintptr_t)&ends->address : NULL;
#if UV_VERSION_HEX >= 0x013200
    uv_buf_t datagram = uv_buf_init((char *)(uintptr_t)ends->outgoing, (unsigned)ends->block);
    uv_buf_t *datagrams[BATCH];
    unsigned counts[BATCH];
    struct sockaddr *addresses[BATCH];
    for (size_t i = 0; i < BATCH; i++) {
        datagrams[i] = &datagram;
        counts[i] = 1;
        addresses[i] = to;
    }
    for (size_t sent = 0; sent < count;) {
        const int n = uv_udp_try_send2(&burst_from, (unsigned)(count - sent), datagrams, counts,
                                       addresses, 0);
        bench_must(n > 0 && count <= BATCH, "uv_udp_try_send2");
        sent += (size_t)n;
    }
#else
    for (size_t i = 0; i < count; i++) {
        uv_buf_t datagram = uv_buf_init((char *)(uintptr_t)ends->outgoing, (unsigned)ends->block);
        bench_must(uv_udp_try_send(&burst_from, &datagram, 1, to) == (int)ends->block,
                   "uv_udp_try_send");
    }
#endif
}

static size_t bursts_receive(void)
{
    datagrams_received = 0;
    while (datagrams_received == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    return datagrams_received;
}

static void bursts_end(void)
{
    uv_close((uv_handle_t *)&burst_from, NULL);
    uv_close((uv_handle_t *)&burst_to, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_must(uv_loop_close(&loop) == 0, "uv_loop_close");
}

static const bench_bursts uv_bursts = {bursts_begin, bursts_send, bursts_receive, bursts_end};

/* ---- Connects, one at a time */

static uv_tcp_t accepted;
static unsigned connect_steps; /* connected, accepted, and both closed */

static void count_step(void)
{
    connect_steps++;
}

static void on_connected(uv_connect_t *request, int status)
{
    (void)request;
    bench_must(status == 0, "uv_tcp_connect");
    count_step();
}

static void on_connection(uv_stream_t *listener, int status)
{
    bench_must(status == 0 && uv_tcp_init(&loop, &accepted) == 0 &&
                   uv_accept(listener, (uv_stream_t *)&accepted) == 0,
               "uv_accept");
    count_step();
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
    count_step();
}

static void run_until(unsigned steps)
{
    while (connect_steps < steps) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static uint64_t connects(const void *input, size_t count)
{
    const bench_target *target = input;
    uv_tcp_t listener;
    uv_tcp_t client;
    bench_must(uv_loop_init(&loop) == 0 && uv_tcp_init(&loop, &listener) == 0 &&
                   uv_tcp_open(&listener, dup(target->listener)) == 0 &&
                   uv_listen((uv_stream_t *)&listener, 128, on_connection) == 0,
               "uv_listen");
    for (size_t i = 0; i < count; i++) {
        uv_connect_t request;
        connect_steps = 0;
        bench_must(uv_tcp_init(&loop, &client) == 0 &&
                       uv_tcp_connect(&request, &client, (const struct sockaddr *)&target->address,
                                      on_connected) == 0,
                   "uv_tcp_connect");
        run_until(2);
        bench_must(uv_tcp_close_reset(&client, on_closed) == 0, "uv_tcp_close_reset");
        uv_close((uv_handle_t *)&accepted, on_closed);
        run_until(4);
    }
    uv_close((uv_handle_t *)&listener, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    return count;
}

/* ---- Accepts: the listener stays in a loop of its own */

static uv_loop_t accept_loop;
static uv_tcp_t accept_listener;
static uv_tcp_t queue[IN_FLIGHT];
static size_t queue_count;

static void on_queued(uv_stream_t *listener, int status)
{
    uv_tcp_t *next = &queue[queue_count++];
    bench_must(status == 0 && uv_tcp_init(&accept_loop, next) == 0 &&
                   uv_accept(listener, (uv_stream_t *)next) == 0,
               "uv_accept");
}

static void accepts(int listener, int *fds, size_t count)
{
    static bool has_loop;
    if (!has_loop) {
        bench_must(uv_loop_init(&accept_loop) == 0 &&
                       uv_tcp_init(&accept_loop, &accept_listener) == 0 &&
                       uv_tcp_open(&accept_listener, dup(listener)) == 0 &&
                       uv_listen((uv_stream_t *)&accept_listener, 128, on_queued) == 0,
                   "uv_listen");
        has_loop = true;
    }
    while (queue_count < count) {
        uv_run(&accept_loop, UV_RUN_ONCE);
    }
    for (size_t i = 0; i < count; i++) {
        fds[i] = -1;
    }
}

static void close_accepted(void)
{
    for (; queue_count > 0; queue_count--) {
        uv_close((uv_handle_t *)&queue[queue_count - 1], NULL);
    }
    uv_run(&accept_loop, UV_RUN_NOWAIT);
}

/* ---- Lookups: libuv has four threads for them */

static size_t lookups_done;

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    (void)request;
    bench_must(status == 0, "uv_getaddrinfo");
    uv_freeaddrinfo(found);
    lookups_done++;
}

static uint64_t lookups(const void *input, size_t count)
{
    static uv_getaddrinfo_t requests[IN_FLIGHT];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    bench_must(uv_loop_init(&loop) == 0, "uv_loop_init");
    for (size_t done = 0; done < count;) {
        const size_t batch = count - done < IN_FLIGHT ? count - done : IN_FLIGHT;
        lookups_done = 0;
        for (size_t i = 0; i < batch; i++) {
            bench_must(uv_getaddrinfo(&loop, &requests[i], on_lookup, input, "80", &hints) == 0,
                       "uv_getaddrinfo");
        }
        while (lookups_done < batch) {
            uv_run(&loop, UV_RUN_ONCE);
        }
        done += batch;
    }
    bench_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    return count;
}

/* ---- The loop. A change of interest takes effect in the next turn, so add_delete has two. */

static uv_async_t waker;
static uv_poll_t free_poll;
static size_t wake_count;

static void on_wake(uv_async_t *async)
{
    (void)async;
    wake_count++;
}

static void on_nothing(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void loop_begin(const int *sockets, size_t count, int free_socket)
{
    bench_must(uv_loop_init(&loop) == 0 && uv_async_init(&loop, &waker, on_wake) == 0 &&
                   uv_poll_init(&loop, &free_poll, free_socket) == 0,
               "uv_loop_init");
    stream_count = count;
    polls = calloc(count + 1, sizeof *polls);
    bench_must(polls != NULL, "calloc");
    for (size_t i = 0; i < count; i++) {
        bench_must(uv_poll_init(&loop, &polls[i], sockets[i]) == 0 &&
                       uv_poll_start(&polls[i], UV_READABLE, on_nothing) == 0,
                   "uv_poll_start");
    }
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void loop_end(void)
{
    uv_close((uv_handle_t *)&waker, NULL);
    uv_close((uv_handle_t *)&free_poll, NULL);
    poll_end();
}

static uint64_t loop_wakes(const void *input, size_t count)
{
    const size_t before = wake_count;
    (void)input;
    for (size_t i = 0; i < count; i++) {
        bench_must(uv_async_send(&waker) == 0, "uv_async_send");
        uv_run(&loop, UV_RUN_ONCE);
    }
    bench_must(wake_count - before == count, "uv_async_send");
    return count;
}

static uint64_t loop_adds(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        bench_must(uv_poll_start(&free_poll, UV_READABLE, on_nothing) == 0, "uv_poll_start");
        uv_run(&loop, UV_RUN_NOWAIT);
        bench_must(uv_poll_stop(&free_poll) == 0, "uv_poll_stop");
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    return count;
}

/* libuv changes nothing if the events are the same. */
static uint64_t loop_modifies(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        const int events = i % 2 == 0 ? UV_READABLE | UV_DISCONNECT : UV_READABLE;
        bench_must(uv_poll_start(&free_poll, events, on_nothing) == 0, "uv_poll_start");
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    return count;
}

uint64_t bench_uv_waits(const void *input, size_t count)
{
    (void)input;
    for (size_t i = 0; i < count; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    return count;
}

static const bench_loop uv_loop = {loop_begin, loop_end,      loop_wakes,
                                   loop_adds,  loop_modifies, bench_uv_waits};

/* ---- Timers */

static uv_timer_t *timers;
static size_t timer_count;

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    bench_must(false, "a timer of an hour");
}

void bench_uv_timers_begin(size_t count)
{
    timers = calloc(count, sizeof *timers);
    timer_count = count;
    bench_must(timers != NULL && uv_loop_init(&loop) == 0, "uv_loop_init");
    for (size_t i = 0; i < count; i++) {
        bench_must(uv_timer_init(&loop, &timers[i]) == 0 &&
                       uv_timer_start(&timers[i], on_timer, 3600 * 1000, 0) == 0,
                   "uv_timer_start");
    }
}

void bench_uv_timers_end(void)
{
    for (size_t i = 0; i < timer_count; i++) {
        uv_close((uv_handle_t *)&timers[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_must(uv_loop_close(&loop) == 0, "uv_loop_close");
    free(timers);
}

const bench_peer bench_peer_uv = {
    .name = "libuv",
    .parse_v4 = parse_v4,
    .parse_v6 = parse_v6,
    .format_v4 = format_v4,
    .format_v6 = format_v6,
    .datagrams = datagrams,
    .connected_datagrams = connected_datagrams,
    .connects = connects,
    .accepts = accepts,
    .close_accepted = close_accepted,
    .lookups = lookups,
    .loop = &uv_loop,
    .bursts = &uv_bursts,
};
