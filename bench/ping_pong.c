/* ping_pong.c: blocking reads and writes over loopback beside raw recv and send in the same run.
 * The other side is a thread that echoes with raw calls, on the same processor where the system can
 * be told so: wake-ups across processors would drown what is measured. "turn" cases have no other
 * side at all: one thread writes and reads back, which resolves differences of a percent. */
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

/* What a body works on: a connection whose other end echoes, or is read by the same thread. */
typedef struct line {
    fer_tcp_stream stream;
    fer_tcp_stream other;
    size_t block;
} line;

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

/* ---- raw: what a careful user of the system calls writes */

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
    const line *l = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send_all(descriptor(&l->stream), l->block);
        sum += raw_recv_all(descriptor(&l->stream), l->block);
    }
    return sum;
}

static uint64_t raw_turns(const void *input, size_t count)
{
    const line *l = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send_all(descriptor(&l->stream), l->block);
        sum += raw_recv_all(descriptor(&l->other), l->block);
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
    const line *l = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += write_all(&l->stream, l->block);
        sum += read_exact(&l->stream, l->block);
    }
    return sum;
}

static uint64_t ferrule_turns(const void *input, size_t count)
{
    const line *l = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += write_all(&l->stream, l->block);
        sum += read_exact(&l->other, l->block);
    }
    return sum;
}

/* ---- the other side */

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

static void connect_line(line *l)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr address;
    must(fer_tcp_listener_bind(&listener, "127.0.0.1:0").kind == FER_OK, "bind");
    must(fer_tcp_listener_local_addr(&listener, &address).kind == FER_OK, "local_addr");
    must(fer_tcp_stream_connect_addr(&l->stream, &address).kind == FER_OK, "connect");
    must(fer_tcp_listener_accept(&listener, &l->other, NULL).kind == FER_OK, "accept");
    must(fer_tcp_stream_set_nodelay(&l->stream, true).kind == FER_OK, "set_nodelay");
    must(fer_tcp_stream_set_nodelay(&l->other, true).kind == FER_OK, "set_nodelay");
    fer_tcp_listener_close(&listener);
}

static void run_round_trips(const char *name, size_t block)
{
    static const bench_contender contenders[] = {
        {"raw", raw_round_trips}, {"raw-again", raw_round_trips}, {"ferrule", ferrule_round_trips}};
    line l = {.block = block};
    pthread_t thread;
    connect_line(&l);
    int fd = descriptor(&l.other);
    must(pthread_create(&thread, NULL, echo, &fd) == 0, "pthread_create");
    const bench_case c = {name, &l, ROUND_TRIPS, contenders, 3};
    bench_run(&c);
    must(fer_tcp_stream_shutdown(&l.stream, FER_SHUTDOWN_BOTH).kind == FER_OK, "shutdown");
    pthread_join(thread, NULL);
    fer_tcp_stream_close(&l.stream);
    fer_tcp_stream_close(&l.other);
}

static void run_turns(const char *name, size_t block)
{
    static const bench_contender contenders[] = {
        {"raw", raw_turns}, {"raw-again", raw_turns}, {"ferrule", ferrule_turns}};
    line l = {.block = block};
    connect_line(&l);
    const bench_case c = {name, &l, ROUND_TRIPS, contenders, 3};
    bench_run(&c);
    fer_tcp_stream_close(&l.stream);
    fer_tcp_stream_close(&l.other);
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
