/* ping_pong.c: blocking reads and writes over loopback, beside raw recv and send in the same run.
 * The peer is a thread that echoes with raw calls. It runs on the same processor if the system can
 * bind it, because wakeups across processors would dominate the measurement. "turn" cases have no
 * peer: one thread writes and reads back, which resolves differences of one percent. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/machine.h"
#include "ferrule.h"

enum { BLOCK_MAX = 65536, ROUND_TRIPS = 200 };

/* The input of a body: a connection whose peer echoes, or is read by the same thread. */
typedef struct bench_pair {
    fer_tcp_stream stream;
    fer_tcp_stream other;
    size_t block;
} bench_pair;

static unsigned char outgoing[BLOCK_MAX];
static unsigned char incoming[BLOCK_MAX];

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "ping_pong: %s failed\n", what);
        exit(1);
    }
}

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
        must(moved > 0, "send");
        done += (size_t)moved;
    }
    return done;
}

static uint64_t raw_recv_all(int fd, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t moved = recv(fd, incoming + done, len - done, 0);
        must(moved > 0, "recv");
        done += (size_t)moved;
    }
    return done;
}

static uint64_t raw_round_trips(const void *input, size_t count)
{
    const bench_pair *pair = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send_all(descriptor(&pair->stream), pair->block);
        sum += raw_recv_all(descriptor(&pair->stream), pair->block);
    }
    return sum;
}

static uint64_t raw_turns(const void *input, size_t count)
{
    const bench_pair *pair = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send_all(descriptor(&pair->stream), pair->block);
        sum += raw_recv_all(descriptor(&pair->other), pair->block);
    }
    return sum;
}

/* ---- ferrule */

static uint64_t write_all(const fer_tcp_stream *stream, size_t len)
{
    size_t moved = 0;
    fer_error error =
        fer_tcp_stream_write_all((fer_tcp_stream *)(uintptr_t)stream, outgoing, len, &moved);
    must(error.kind == FER_OK, "write_all");
    return moved;
}

static uint64_t read_exact(const fer_tcp_stream *stream, size_t len)
{
    size_t moved = 0;
    fer_error error =
        fer_tcp_stream_read_exact((fer_tcp_stream *)(uintptr_t)stream, incoming, len, &moved);
    must(error.kind == FER_OK, "read_exact");
    return moved;
}

static uint64_t ferrule_round_trips(const void *input, size_t count)
{
    const bench_pair *pair = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += write_all(&pair->stream, pair->block);
        sum += read_exact(&pair->stream, pair->block);
    }
    return sum;
}

static uint64_t ferrule_turns(const void *input, size_t count)
{
    const bench_pair *pair = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += write_all(&pair->stream, pair->block);
        sum += read_exact(&pair->other, pair->block);
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
    must(fer_tcp_listener_bind(&listener, "127.0.0.1:0").kind == FER_OK, "bind");
    must(fer_tcp_listener_local_addr(&listener, &address).kind == FER_OK, "local_addr");
    must(fer_tcp_stream_connect_addr(&pair->stream, &address).kind == FER_OK, "connect");
    must(fer_tcp_listener_accept(&listener, &pair->other, NULL).kind == FER_OK, "accept");
    must(fer_tcp_stream_set_nodelay(&pair->stream, true).kind == FER_OK, "set_nodelay");
    must(fer_tcp_stream_set_nodelay(&pair->other, true).kind == FER_OK, "set_nodelay");
    fer_tcp_listener_close(&listener);
}

static void run_round_trips(const char *name, size_t block)
{
    static const bench_contender contenders[] = {
        {"raw", raw_round_trips}, {"raw-again", raw_round_trips}, {"ferrule", ferrule_round_trips}};
    bench_pair pair = {.block = block};
    pthread_t thread;
    open_pair(&pair);
    int fd = descriptor(&pair.other);
    must(pthread_create(&thread, NULL, echo, &fd) == 0, "pthread_create");
    const bench_case c = {name, &pair, ROUND_TRIPS, contenders, 3};
    bench_run(&c);
    must(fer_tcp_stream_shutdown(&pair.stream, FER_SHUTDOWN_BOTH).kind == FER_OK, "shutdown");
    pthread_join(thread, NULL);
    fer_tcp_stream_close(&pair.stream);
    fer_tcp_stream_close(&pair.other);
}

static void run_turns(const char *name, size_t block)
{
    static const bench_contender contenders[] = {
        {"raw", raw_turns}, {"raw-again", raw_turns}, {"ferrule", ferrule_turns}};
    bench_pair pair = {.block = block};
    open_pair(&pair);
    const bench_case c = {name, &pair, ROUND_TRIPS, contenders, 3};
    bench_run(&c);
    fer_tcp_stream_close(&pair.stream);
    fer_tcp_stream_close(&pair.other);
}

int main(void)
{
    bench_use_one_processor();
    run_turns("turn_64", 64);
    run_turns("turn_4096", 4096);
    run_turns("turn_65536", 65536);
    run_round_trips("round_trip_1", 1);
    run_round_trips("round_trip_4096", 4096);
    return 0;
}
