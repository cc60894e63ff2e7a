/* echo_turn.c: one turn of an echo server. Some of many connections have sent 64 bytes; the server
 * waits, receives and sends back. The same thread drives the clients outside the measured time, so
 * a turn resolves one or two percent. The base is hand-written level-triggered epoll. With --count
 * CONTENDER N it does N turns, for count_calls.sh. With --serve CONTENDER N it is a server of N
 * connections, for scale.c. Linux only. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BENCH_CLOCK CLOCK_THREAD_CPUTIME_ID
#include "bench/bench.h"
#include "bench/echo_turn.h"
#include "bench/floor.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "ferrule.h"

enum { CONNECTIONS_MAX = 10000, MOST_OF_CASES = 8000, EVENTS = 128, LISTENER = 3 };

static int server_fds[CONNECTIONS_MAX];
static int client_fds[CONNECTIONS_MAX];
static unsigned char block[ECHO_BLOCK];
static size_t descriptors;

#define MUST(call) bench_must((call).kind == FER_OK, #call)

/* ---- raw epoll, level-triggered */

static int raw_epoll;

static void raw_begin(const echo_server *server)
{
    raw_epoll = epoll_create1(EPOLL_CLOEXEC);
    bench_must(raw_epoll >= 0, "epoll_create1");
    for (size_t i = 0; i < server->count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = server->fds[i]};
        bench_must(epoll_ctl(raw_epoll, EPOLL_CTL_ADD, server->fds[i], &event) == 0, "epoll_ctl");
    }
}

static void raw_serve(size_t requests)
{
    struct epoll_event events[EVENTS];
    while (requests > 0) {
        int found = epoll_wait(raw_epoll, events, EVENTS, -1);
        bench_must(found >= 0, "epoll_wait");
        for (int i = 0; i < found; i++) {
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                requests -= echo_answer(events[i].data.fd);
            }
        }
    }
}

static void raw_end(void)
{
    close(raw_epoll);
}

/* ---- floor.h: the same, with memory and two functions for each connection */

static floor_stream floor_streams[CONNECTIONS_MAX];

static void floor_begin(const echo_server *server)
{
    raw_epoll = epoll_create1(EPOLL_CLOEXEC);
    bench_must(raw_epoll >= 0, "epoll_create1");
    for (size_t i = 0; i < server->count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        floor_streams[i] = (floor_stream){.is_open = true, .fd = server->fds[i]};
        bench_must(epoll_ctl(raw_epoll, EPOLL_CTL_ADD, server->fds[i], &event) == 0, "epoll_ctl");
    }
}

static size_t floor_answer(const floor_stream *stream)
{
    unsigned char request[ECHO_BLOCK];
    size_t got;
    size_t sent;
    if (!floor_read(stream, request, sizeof request, &got)) {
        return 0;
    }
    bench_must(floor_write(stream, request, got, &sent) && sent == got, "floor_write");
    return 1;
}

static void floor_serve(size_t requests)
{
    struct epoll_event events[EVENTS];
    while (requests > 0) {
        int found = epoll_wait(raw_epoll, events, EVENTS, -1);
        bench_must(found >= 0, "epoll_wait");
        for (int i = 0; i < found; i++) {
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                requests -= floor_answer(&floor_streams[events[i].data.u64]);
            }
        }
    }
}

/* ---- fer_poller, with the same recv and send */

static fer_poller poller;

static void poller_begin(const echo_server *server)
{
    MUST(fer_poller_new(&poller));
    for (size_t i = 0; i < server->count; i++) {
        MUST(fer_poller_add(&poller, server->fds[i],
                            (fer_event){.key = (uint64_t)server->fds[i], .interest = FER_READABLE},
                            FER_POLL_LEVEL));
    }
}

static void poller_serve(size_t requests)
{
    fer_event events[EVENTS];
    while (requests > 0) {
        size_t found = 0;
        MUST(fer_poller_wait(&poller, FER_DURATION_NONE, events, EVENTS, &found, NULL));
        for (size_t i = 0; i < found; i++) {
            if ((events[i].interest & FER_READABLE) != 0) {
                requests -= echo_answer((int)events[i].key);
            }
        }
    }
}

static void poller_end(void)
{
    fer_poller_close(&poller);
}

/* ---- fer_poller and fer_tcp_stream */

static fer_tcp_stream streams[CONNECTIONS_MAX];
static size_t stream_count;

static void register_streams(const echo_server *server, fer_poll_mode mode)
{
    MUST(fer_poller_new(&poller));
    stream_count = server->count;
    for (size_t i = 0; i < server->count; i++) {
        MUST(fer_tcp_stream_from_raw(&streams[i], server->fds[i]));
        MUST(fer_tcp_stream_set_nonblocking(&streams[i], true));
        MUST(fer_poller_add(&poller, fer_tcp_stream_as_raw(&streams[i]),
                            (fer_event){.key = i, .interest = FER_READABLE}, mode));
    }
}

static void ferrule_begin(const echo_server *server)
{
    register_streams(server, FER_POLL_LEVEL);
}

/* A connection has one request at a time, so an edge needs one read, as mio has. */
static void edges_begin(const echo_server *server)
{
    register_streams(server, FER_POLL_EDGE);
}

static size_t ferrule_answer(fer_tcp_stream *stream)
{
    unsigned char request[ECHO_BLOCK];
    size_t got = 0;
    size_t sent = 0;
    if (fer_tcp_stream_read(stream, request, sizeof request, &got).kind != FER_OK) {
        return 0;
    }
    MUST(fer_tcp_stream_write(stream, request, got, &sent));
    bench_must(sent == got, "write");
    return 1;
}

static void ferrule_serve(size_t requests)
{
    fer_event events[EVENTS];
    while (requests > 0) {
        size_t found = 0;
        MUST(fer_poller_wait(&poller, FER_DURATION_NONE, events, EVENTS, &found, NULL));
        for (size_t i = 0; i < found; i++) {
            if ((events[i].interest & FER_READABLE) != 0) {
                requests -= ferrule_answer(&streams[events[i].key]);
            }
        }
    }
}

static void ferrule_end(void)
{
    for (size_t i = 0; i < stream_count; i++) {
        MUST(fer_poller_delete(&poller, fer_tcp_stream_as_raw(&streams[i])));
        bench_must(fer_tcp_stream_into_raw(&streams[i]) == server_fds[i], "into_raw");
    }
    fer_poller_close(&poller);
}

static const echo_contender raw = {"raw", raw_begin, raw_serve, raw_end, 0, false};
static const echo_contender raw_again = {"raw-again", raw_begin, raw_serve, raw_end, 0, false};
static const echo_contender floor_of_raw = {"floor", floor_begin, floor_serve, raw_end, 0, false};
static const echo_contender ferrule_poller = {
    "ferrule-poller", poller_begin, poller_serve, poller_end, 0, false};
static const echo_contender ferrule_all = {"ferrule", ferrule_begin, ferrule_serve, ferrule_end,
                                           0,         false};
static const echo_contender ferrule_edges = {"ferrule-edges", edges_begin, ferrule_serve,
                                             ferrule_end,     0,           false};

static const echo_contender *const contenders[] = {
    &raw,
    &raw_again,
    &floor_of_raw,
    &ferrule_poller,
    &ferrule_all,
    &ferrule_edges,
#ifdef HAVE_UV
    &echo_uv_stream,
    &echo_uv_poll,
#endif
#ifdef HAVE_EVENT
    &echo_event,
#endif
#ifdef HAVE_APR
    &echo_apr,
#endif
#ifdef HAVE_MIO
    &echo_mio,
#endif
};
enum { CONTENDERS = sizeof contenders / sizeof *contenders };

/* ---- The connections. Each thousand has a listener of its own, because the ports between two
 * addresses are limited. */

static void connect_some(size_t first, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(bind(listener, (struct sockaddr *)&address, size) == 0 &&
                   listen(listener, 128) == 0 &&
                   getsockname(listener, (struct sockaddr *)&address, &size) == 0,
               "listen");
    for (size_t i = first; i < first + count; i++) {
        client_fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bench_must(connect(client_fds[i], (struct sockaddr *)&address, size) == 0, "connect");
        server_fds[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        bench_must(server_fds[i] >= 0, "accept4");
        setsockopt(client_fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(server_fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    close(listener);
}

static void connect_all(size_t count)
{
    for (size_t first = 0; first < count; first += 1000) {
        connect_some(first, count - first < 1000 ? count - first : 1000);
    }
}

static void close_all(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        close(client_fds[i]);
        close(server_fds[i]);
    }
}

/* ---- One turn. The clients that send are spread over all connections. */

static size_t client_at(size_t turn, size_t i, size_t ready, size_t count)
{
    return (i * (count / ready) + turn) % count;
}

static double timed_turn(const echo_contender *contender, size_t turn, size_t ready, size_t count)
{
    for (size_t i = 0; i < ready; i++) {
        bench_must(send(client_fds[client_at(turn, i, ready, count)], block, sizeof block,
                        MSG_NOSIGNAL) == sizeof block,
                   "send");
    }
    const double from = bench_now_ns();
    contender->serve(ready);
    const double took = bench_now_ns() - from;
    for (size_t i = 0; i < ready; i++) {
        unsigned char answer[ECHO_BLOCK];
        bench_must(recv(client_fds[client_at(turn, i, ready, count)], answer, sizeof answer,
                        MSG_WAITALL) == sizeof answer,
                   "recv");
    }
    return took;
}

static double turns(const echo_contender *contender, size_t repeats, size_t ready, size_t count)
{
    const echo_server server = {server_fds, count, false};
    double sum = 0;
    contender->begin(&server);
    for (size_t i = 0; i < repeats + 2; i++) {
        const double took = timed_turn(contender, i, ready, count);
        sum += i < 2 ? 0 : took;
    }
    contender->end();
    return sum / (double)(repeats * ready);
}

/* The contenders for which there are enough descriptors. */
static size_t choose(const char *name, size_t count, const echo_contender **chosen)
{
    size_t used = 0;
    for (size_t i = 0; i < CONTENDERS; i++) {
        if ((2 + contenders[i]->more_descriptors) * count + 100 > descriptors) {
            printf("skipped bench=%s case=%s impl=%s reason=the limit of descriptors is too low\n",
                   bench_program, name, contenders[i]->name);
        } else {
            chosen[used++] = contenders[i];
        }
    }
    return used;
}

static void run_case(size_t count, size_t ready)
{
    static bench_times ns;
    const echo_contender *chosen[CONTENDERS];
    bench_contender names[CONTENDERS];
    char name[64];
    (void)snprintf(name, sizeof name, "echo_turn_%zu_%zu", count, ready);
    if (!bench_wants(name)) {
        return;
    }
    const size_t used = choose(name, count, chosen);
    if (used == 0) {
        return;
    }
    connect_all(count);
    const size_t repeats = 2000 / ready;
    const double begin = bench_time();
    size_t round = 0;
    for (; bench_continues(begin, round); round++) {
        const size_t *order = bench_order(used);
        for (size_t i = 0; i < used; i++) {
            const size_t which = order[i];
            ns[which][round] = turns(chosen[which], repeats, ready, count);
            names[which] = (bench_contender){chosen[which]->name, NULL};
        }
    }
    const bench_case c = {name, NULL, ready, names, used};
    bench_report(&c, ns, round);
    close_all(count);
}

/* ---- Memory: the heap bytes that each library uses for a registered connection */

#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 33)
#define HAS_MALLINFO2 1
#endif
#endif

#ifdef HAS_MALLINFO2

#include <malloc.h>

static size_t heap_in_use(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void print_memory(size_t count)
{
    const echo_server server = {server_fds, count, false};
    connect_all(count);
    for (size_t i = 0; i < CONTENDERS; i++) {
        if (contenders[i]->has_other_heap) {
            printf("skipped bench=%s case=heap_bytes_%zu impl=%s reason=it has a heap of its own\n",
                   bench_program, count, contenders[i]->name);
            continue;
        }
        const size_t before = heap_in_use();
        contenders[i]->begin(&server);
        printf("bench=%s case=heap_bytes_%zu impl=%s ops=%zu runs=1 bytes_op=%.1f\n", bench_program,
               count, contenders[i]->name, count, (double)(heap_in_use() - before) / (double)count);
        contenders[i]->end();
    }
    close_all(count);
}

#else

/* Other C libraries do not report it. */
static void print_memory(size_t count)
{
    (void)count;
    bench_skip("heap_bytes", "the C library does not report its heap");
}

#endif

static int count_turns(const char *name, size_t amount)
{
    enum { COUNT = 1000, READY = 100 };
    for (size_t i = 0; i < CONTENDERS; i++) {
        if (strcmp(contenders[i]->name, name) == 0) {
            connect_all(COUNT);
            (void)turns(contenders[i], amount, READY, COUNT);
            return 0;
        }
    }
    return 2;
}

/* Accepts so many connections, and serves them until the process is ended. */
static int serve_connections(const char *name, size_t count)
{
#ifdef HAVE_TOKIO
    if (strcmp(name, "tokio") == 0) {
        bench_tokio_serve(LISTENER);
    }
#endif
    for (size_t i = 0; i < CONTENDERS; i++) {
        if (strcmp(contenders[i]->name, name) == 0 && count <= CONNECTIONS_MAX) {
            const echo_server server = {server_fds, count, true};
            for (size_t j = 0; j < count; j++) {
                server_fds[j] = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                bench_must(server_fds[j] >= 0, "accept4");
            }
            contenders[i]->begin(&server);
            contenders[i]->serve(SIZE_MAX);
        }
    }
    return 2;
}

int main(int argc, char **argv)
{
    descriptors = bench_raise_descriptors(3 * MOST_OF_CASES + 200);
    bench_use_one_processor();
    if (argc == 4 && strcmp(argv[1], "--serve") == 0) {
        return serve_connections(argv[2], (size_t)strtoul(argv[3], NULL, 10));
    }
    if (argc == 4 && strcmp(argv[1], "--count") == 0) {
        return count_turns(argv[2], (size_t)strtoul(argv[3], NULL, 10));
    }
    bench_options("echo_turn", argc, argv);
    bench_print_absent_peers();
    /* First: some libraries keep what a case has returned. */
    if (bench_wants("heap_bytes")) {
        print_memory(1000);
    }
    run_case(1, 1);
    run_case(100, 1);
    run_case(1000, 1);
    run_case(8000, 1);
    run_case(100, 100);
    run_case(1000, 100);
    run_case(8000, 100);
    return 0;
}
