/* connect.c: connections over loopback, beside the raw calls and the peers. connect_accept_close:
 * one thread connects, accepts, and closes both ends. accept_64: accepts of 64 connections that
 * stand in the queue; the connects are not measured. Linux only. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#define BENCH_CLOCK CLOCK_PROCESS_CPUTIME_ID
#include "bench/bench.h"
#include "bench/floor.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "ferrule.h"

enum { CONNECTS = 100, QUEUE = 64, BATCHES = 9 };

/* The input of a body. */
typedef struct bench_server {
    bench_target target; /* first: what a body of a peer reads */
    fer_tcp_listener listener;
    fer_socket_addr address;
} bench_server;

static int raw_connect(const bench_target *target)
{
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(connect(client, (const struct sockaddr *)&target->address, sizeof target->address) ==
                   0,
               "connect");
    return client;
}

static uint64_t raw_connects(const void *input, size_t count)
{
    const bench_target *target = input;
    for (size_t i = 0; i < count; i++) {
        const int client = raw_connect(target);
        const int server = accept4(target->listener, NULL, NULL, SOCK_CLOEXEC);
        bench_must(server >= 0, "accept4");
        bench_reset_on_close(client);
        close(client);
        close(server);
    }
    return count;
}

static uint64_t ferrule_connects(const void *input, size_t count)
{
    bench_server *server = (bench_server *)(uintptr_t)input;
    for (size_t i = 0; i < count; i++) {
        fer_tcp_stream client = {0};
        fer_tcp_stream accepted = {0};
        MUST(fer_tcp_stream_connect_addr(&client, &server->address));
        MUST(fer_tcp_listener_accept(&server->listener, &accepted, NULL));
        bench_reset_on_close((int)fer_tcp_stream_as_raw(&client));
        fer_tcp_stream_close(&client);
        fer_tcp_stream_close(&accepted);
    }
    return count;
}

/* ---- Accepts: all contenders get the address of the peer, because Rust always does. What is done
 * with the connections is not measured. */

static void raw_accepts(int listener, int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        fds[i] = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
        bench_must(fds[i] >= 0, "accept4");
    }
}

static fer_tcp_listener *accepting;

static void ferrule_accepts(int listener, int *fds, size_t count)
{
    (void)listener;
    for (size_t i = 0; i < count; i++) {
        fer_tcp_stream accepted = {0};
        fer_socket_addr peer;
        MUST(fer_tcp_listener_accept(accepting, &accepted, &peer));
        fds[i] = (int)fer_tcp_stream_as_raw(&accepted);
    }
}

static void floor_accepts(int listener, int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        floor_stream accepted;
        floor_addr peer;
        bench_must(floor_accept(listener, &accepted, &peer), "floor_accept");
        fds[i] = accepted.fd;
    }
}

/* The median of some batches. */

static double time_accepts(const bench_server *server, bench_accept accepts, void (*finish)(void))
{
    double times[BATCHES];
    for (size_t batch = 0; batch < BATCHES; batch++) {
        int clients[QUEUE];
        int accepted[QUEUE];
        for (size_t i = 0; i < QUEUE; i++) {
            clients[i] = raw_connect(&server->target);
            bench_reset_on_close(clients[i]);
        }
        const double begin = bench_now_ns();
        accepts(server->target.listener, accepted, QUEUE);
        times[batch] = bench_now_ns() - begin;
        for (size_t i = 0; i < QUEUE; i++) {
            close(clients[i]);
            if (accepted[i] >= 0) {
                close(accepted[i]);
            }
        }
        if (finish != NULL) {
            finish();
        }
    }
    return bench_quantile(times, BATCHES, 0.5) / QUEUE;
}

static void run_accepts(bench_server *server)
{
    static bench_times ns;
    bench_contender names[BENCH_CONTENDERS_MAX] = {
        {"raw", NULL}, {"raw-again", NULL}, {"ferrule", NULL}, {"floor", NULL}};
    bench_accept accepts[BENCH_CONTENDERS_MAX] = {raw_accepts, raw_accepts, ferrule_accepts,
                                                  floor_accepts};
    void (*finish[BENCH_CONTENDERS_MAX])(void) = {NULL};
    size_t count = 4;
    if (!bench_wants("accept_64")) {
        return;
    }
    accepting = &server->listener;
    for (size_t i = 0; bench_peers[i] != NULL; i++) {
        if (bench_peers[i]->accepts != NULL) {
            names[count].name = bench_peers[i]->name;
            finish[count] = bench_peers[i]->close_accepted;
            accepts[count++] = bench_peers[i]->accepts;
        }
    }
    const double begin = bench_time();
    size_t round = 0;
    for (; bench_continues(begin, round); round++) {
        const size_t *order = bench_order(count);
        for (size_t i = 0; i < count; i++) {
            const size_t which = order[i];
            ns[which][round] = time_accepts(server, accepts[which], finish[which]);
        }
    }
    const bench_case c = {"accept_64", server, QUEUE, names, count};
    bench_report(&c, ns, round);
}

int main(int argc, char **argv)
{
    static const bench_contender contenders[] = {
        {"raw", raw_connects}, {"raw-again", raw_connects}, {"ferrule", ferrule_connects}};
    bench_server server = {.listener = {{{0}}}};
    bench_options("connect", argc, argv);
    bench_print_absent_peers();
    bench_use_one_processor();
    MUST(fer_tcp_listener_bind(&server.listener, "127.0.0.1:0"));
    MUST(fer_tcp_listener_local_addr(&server.listener, &server.address));
    server.target = (bench_target){.listener = (int)fer_tcp_listener_as_raw(&server.listener),
                                   .address = {.sin_family = AF_INET,
                                               .sin_port = htons(server.address.port),
                                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    bench_run_beside_peers("connect_accept_close", &server, CONNECTS, contenders, 3,
                           offsetof(bench_peer, connects));
    run_accepts(&server);
    fer_tcp_listener_close(&server.listener);
    return 0;
}
