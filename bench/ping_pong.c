/* ping_pong.c: blocking reads and writes over loopback, beside raw recv and send and the peers.
 * The peer is a thread that echoes with raw calls. It runs on the same processor if the system can
 * bind it, because wakeups across processors would dominate the measurement. "turn" cases have no
 * peer: one thread writes and reads back, which resolves differences of one percent. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define BENCH_CLOCK CLOCK_PROCESS_CPUTIME_ID
#include "bench/bench.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "ferrule.h"

enum { BLOCK_MAX = 65536, ROUND_TRIPS = 200 };

/* The input of a body: a connection whose peer echoes, or is read by the same thread. */
typedef struct bench_pair {
    bench_ends ends; /* first: what a body of a peer reads */
    fer_tcp_stream stream;
    fer_tcp_stream other;
    const fer_tcp_stream *to;
} bench_pair;

static unsigned char outgoing[BLOCK_MAX];
static unsigned char incoming[BLOCK_MAX];

static int descriptor(const fer_tcp_stream *stream)
{
    return (int)fer_tcp_stream_as_raw(stream);
}

/* ---- raw: hand-written system calls */

static uint64_t raw_send_all(int fd, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t moved = send(fd, outgoing + done, len - done, MSG_NOSIGNAL);
        bench_must(moved > 0, "send");
        done += (size_t)moved;
    }
    return done;
}

static uint64_t raw_recv_all(int fd, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t moved = recv(fd, incoming + done, len - done, 0);
        bench_must(moved > 0, "recv");
        done += (size_t)moved;
    }
    return done;
}

static uint64_t raw_turns(const void *input, size_t count)
{
    const bench_pair *pair = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send_all(pair->ends.from, pair->ends.block);
        sum += raw_recv_all(pair->ends.to, pair->ends.block);
    }
    return sum;
}

/* ---- ferrule */

static uint64_t write_all(const fer_tcp_stream *stream, size_t len)
{
    size_t moved = 0;
    MUST(fer_tcp_stream_write_all((fer_tcp_stream *)(uintptr_t)stream, outgoing, len, &moved));
    return moved;
}

static uint64_t read_exact(const fer_tcp_stream *stream, size_t len)
{
    size_t moved = 0;
    MUST(fer_tcp_stream_read_exact((fer_tcp_stream *)(uintptr_t)stream, incoming, len, &moved));
    return moved;
}

static uint64_t ferrule_turns(const void *input, size_t count)
{
    const bench_pair *pair = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += write_all(&pair->stream, pair->ends.block);
        sum += read_exact(pair->to, pair->ends.block);
    }
    return sum;
}

/* ---- The peer */

static void *echo(void *argument)
{
    static unsigned char buffer[BLOCK_MAX];
    int fd = *(const int *)argument;
    ssize_t got;
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0) {
        for (ssize_t done = 0; done < got;) {
            ssize_t moved = send(fd, buffer + done, (size_t)(got - done), MSG_NOSIGNAL);
            if (moved <= 0) {
                return NULL;
            }
            done += moved;
        }
    }
    return NULL;
}

static void open_pair(bench_pair *pair)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr address;
    MUST(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    MUST(fer_tcp_listener_local_addr(&listener, &address));
    MUST(fer_tcp_stream_connect_addr(&pair->stream, &address));
    MUST(fer_tcp_listener_accept(&listener, &pair->other, NULL));
    MUST(fer_tcp_stream_set_nodelay(&pair->stream, true));
    MUST(fer_tcp_stream_set_nodelay(&pair->other, true));
    fer_tcp_listener_close(&listener);
}

static void run_case(const char *name, size_t block, bool echoes)
{
    const bench_contender contenders[] = {
        {"raw", raw_turns}, {"raw-again", raw_turns}, {"ferrule", ferrule_turns}};
    bench_pair pair = {.ends.block = block};
    pthread_t thread;
    open_pair(&pair);
    int other = descriptor(&pair.other);
    pair.ends.from = descriptor(&pair.stream);
    pair.ends.to = echoes ? pair.ends.from : other;
    pair.to = echoes ? &pair.stream : &pair.other;
    pair.ends.outgoing = outgoing;
    pair.ends.incoming = incoming;
    if (echoes) {
        bench_must(pthread_create(&thread, NULL, echo, &other) == 0, "pthread_create");
    }
    bench_run_beside_peers(name, &pair, ROUND_TRIPS, contenders, 3,
                           echoes ? offsetof(bench_peer, round_trip) : offsetof(bench_peer, turn));
    if (echoes) {
        MUST(fer_tcp_stream_shutdown(&pair.stream, FER_SHUTDOWN_BOTH));
        pthread_join(thread, NULL);
    }
    fer_tcp_stream_close(&pair.stream);
    fer_tcp_stream_close(&pair.other);
}

int main(int argc, char **argv)
{
    bench_options("ping_pong", argc, argv);
    bench_print_absent_peers();
    bench_use_one_processor();
    run_case("turn_1", 1, false);
    run_case("turn_64", 64, false);
    run_case("turn_4096", 4096, false);
    run_case("turn_65536", 65536, false);
    run_case("round_trip_1", 1, true);
    run_case("round_trip_4096", 4096, true);
    return 0;
}
