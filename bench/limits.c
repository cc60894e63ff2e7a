/* limits.c: what limits cost, in one run. read_ready and write_ready: a call that need not wait;
 * the other end is used by raw calls of the same thread. write_read: both ends by ferrule.
 * read_blocked: a round trip, whose read waits for an echo. return: from a cancel until the blocked
 * read has returned, beside a byte in a pipe that a poll waits for, and beside a close by the peer.
 * connect: to one address, by connect_addr and by connect_addrs_with, with the accept and the
 * closes. With --count CASE CONTENDER N it does only N operations, for count_calls.sh. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* The calls are measured in processor time, of both ends: other programs then disturb less. The
 * returns are measured in time. */
#include <time.h>
static clockid_t bench_clock = CLOCK_PROCESS_CPUTIME_ID;
#define BENCH_CLOCK bench_clock
#include "bench/bench.h"
#include "bench/machine.h"
#include "ferrule.h"

enum { BLOCK = 64, OPERATIONS = 1000, CONNECTS = 100, RETURNS = 20, SETTLE_US = 300 };

static unsigned char block[BLOCK];
static fer_cancel_token token;

typedef struct bench_pair {
    fer_tcp_stream stream;
    fer_tcp_stream other;
} bench_pair;

static bench_pair *pair_of(const void *input)
{
    return (bench_pair *)(uintptr_t)input;
}

static int descriptor(const fer_tcp_stream *stream)
{
    return (int)fer_tcp_stream_as_raw(stream);
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

static void close_pair(bench_pair *pair)
{
    fer_tcp_stream_close(&pair->stream);
    fer_tcp_stream_close(&pair->other);
}

static void limit(fer_tcp_stream *stream, bool has_token, bool has_deadline)
{
    fer_limits limits = {.token = has_token ? &token : NULL};
    limits.deadline =
        has_deadline ? fer_instant_after(fer_duration_from_secs(86400)) : FER_INSTANT_NONE;
    MUST(fer_tcp_stream_set_limits(stream, &limits));
}

/* ---- Calls that need not wait, and a round trip: raw_ and ferrule_ on the given ends */

static uint64_t raw_send(int fd)
{
    bench_must(send(fd, block, BLOCK, MSG_NOSIGNAL) == BLOCK, "send");
    return BLOCK;
}

static uint64_t raw_recv(int fd)
{
    bench_must(recv(fd, block, BLOCK, 0) == BLOCK, "recv");
    return BLOCK;
}

static uint64_t ferrule_read(fer_tcp_stream *stream)
{
    size_t n; /* always stored */
    MUST(fer_tcp_stream_read(stream, block, BLOCK, &n));
    return n;
}

static uint64_t ferrule_write(fer_tcp_stream *stream)
{
    size_t n; /* always stored */
    MUST(fer_tcp_stream_write(stream, block, BLOCK, &n));
    return n;
}

/* A send and a receive: of one end each, or both of `stream`, whose other end echoes. */
static uint64_t raw_reads(const void *input, size_t count)
{
    bench_pair *pair = pair_of(input);
    const int from = descriptor(&pair->other);
    const int to = descriptor(&pair->stream);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send(from);
        sum += raw_recv(to);
    }
    return sum;
}

static uint64_t ferrule_reads(const void *input, size_t count)
{
    bench_pair *pair = pair_of(input);
    const int from = descriptor(&pair->other);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send(from);
        sum += ferrule_read(&pair->stream);
    }
    return sum;
}

static uint64_t raw_writes(const void *input, size_t count)
{
    bench_pair *pair = pair_of(input);
    const int from = descriptor(&pair->stream);
    const int to = descriptor(&pair->other);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send(from);
        sum += raw_recv(to);
    }
    return sum;
}

static uint64_t ferrule_writes(const void *input, size_t count)
{
    bench_pair *pair = pair_of(input);
    const int to = descriptor(&pair->other);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += ferrule_write(&pair->stream);
        sum += raw_recv(to);
    }
    return sum;
}

/* Both by ferrule. With limits: those of the writer. */
static uint64_t ferrule_pairs(const void *input, size_t count)
{
    bench_pair *pair = pair_of(input);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += ferrule_write(&pair->stream);
        sum += ferrule_read(&pair->other);
    }
    return sum;
}

static uint64_t raw_round_trips(const void *input, size_t count)
{
    bench_pair *pair = pair_of(input);
    const int fd = descriptor(&pair->stream);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send(fd);
        sum += raw_recv(fd);
    }
    return sum;
}

static uint64_t ferrule_round_trips(const void *input, size_t count)
{
    bench_pair *pair = pair_of(input);
    const int fd = descriptor(&pair->stream);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += raw_send(fd);
        sum += ferrule_read(&pair->stream);
    }
    return sum;
}

/* The contenders set the limits of the pair that they share: once for each run. */
#define WITH_LIMITS(name, body, has_token, has_deadline)                \
    static uint64_t name(const void *input, size_t count)               \
    {                                                                   \
        limit(&pair_of(input)->stream, has_token, has_deadline);        \
        uint64_t sum = body(input, count);                              \
        MUST(fer_tcp_stream_set_limits(&pair_of(input)->stream, NULL)); \
        return sum;                                                     \
    }
WITH_LIMITS(token_reads, ferrule_reads, true, false)
WITH_LIMITS(deadline_reads, ferrule_reads, false, true)
WITH_LIMITS(token_writes, ferrule_writes, true, false)
WITH_LIMITS(deadline_writes, ferrule_writes, false, true)
WITH_LIMITS(token_pairs, ferrule_pairs, true, false)
WITH_LIMITS(deadline_pairs, ferrule_pairs, false, true)
WITH_LIMITS(token_round_trips, ferrule_round_trips, true, false)
WITH_LIMITS(deadline_round_trips, ferrule_round_trips, false, true)

enum { CONTENDERS = 5 };
static const struct {
    const char *name;
    bool echoes;
    bench_contender contenders[CONTENDERS];
} cases[] = {
    {"read_ready",
     false,
     {{"raw", raw_reads},
      {"ferrule", ferrule_reads},
      {"ferrule-again", ferrule_reads},
      {"token", token_reads},
      {"deadline", deadline_reads}}},
    {"write_ready",
     false,
     {{"raw", raw_writes},
      {"ferrule", ferrule_writes},
      {"ferrule-again", ferrule_writes},
      {"token", token_writes},
      {"deadline", deadline_writes}}},
    {"write_read",
     false,
     {{"raw", raw_writes},
      {"ferrule", ferrule_pairs},
      {"ferrule-again", ferrule_pairs},
      {"token", token_pairs},
      {"deadline", deadline_pairs}}},
    {"read_blocked",
     true,
     {{"raw", raw_round_trips},
      {"ferrule", ferrule_round_trips},
      {"ferrule-again", ferrule_round_trips},
      {"token", token_round_trips},
      {"deadline", deadline_round_trips}}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void *echo(void *argument)
{
    unsigned char buffer[BLOCK];
    int fd = *(const int *)argument;
    ssize_t got;
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0 &&
           send(fd, buffer, (size_t)got, MSG_NOSIGNAL) == got) {
    }
    return NULL;
}

static void run_case(size_t at)
{
    bench_pair pair = {.stream = {{{0}}}};
    pthread_t thread;
    open_pair(&pair);
    int fd = descriptor(&pair.other);
    if (cases[at].echoes) {
        bench_must(pthread_create(&thread, NULL, echo, &fd) == 0, "pthread_create");
    }
    /* The base is ferrule without limits. */
    const bench_case c = {cases[at].name, &pair, OPERATIONS, cases[at].contenders + 1,
                          CONTENDERS - 1};
    bench_run(&c);
    if (cases[at].echoes) {
        MUST(fer_tcp_stream_shutdown(&pair.stream, FER_SHUTDOWN_BOTH));
        pthread_join(thread, NULL);
    }
    close_pair(&pair);
}

/* ---- connect: with its accept; the connecting end is reset, so that no port stays in use */

struct target {
    fer_tcp_listener listener;
    fer_socket_addr address;
};

static uint64_t take_connection(const struct target *target, fer_tcp_stream *stream)
{
    fer_tcp_stream other = {0};
    MUST(fer_tcp_listener_accept((fer_tcp_listener *)(uintptr_t)&target->listener, &other, NULL));
    MUST(fer_tcp_stream_set_linger(stream, (fer_duration){0}));
    fer_tcp_stream_close(stream);
    fer_tcp_stream_close(&other);
    return 1;
}

static uint64_t connect_addr(const void *input, size_t count)
{
    const struct target *target = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_tcp_stream stream = {0};
        MUST(fer_tcp_stream_connect_addr(&stream, &target->address));
        sum += take_connection(target, &stream);
    }
    return sum;
}

static uint64_t connect_with_options(const struct target *target, size_t count,
                                     const fer_connect_options *options)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_tcp_stream stream = {0};
        MUST(fer_tcp_stream_connect_addrs(&stream, &target->address, 1, options));
        sum += take_connection(target, &stream);
    }
    return sum;
}

static uint64_t connect_with(const void *input, size_t count)
{
    return connect_with_options(input, count, NULL);
}

static uint64_t connect_with_limits(const void *input, size_t count)
{
    fer_connect_options options = {0};
    options.limits.deadline = fer_instant_after(fer_duration_from_secs(86400));
    options.limits.token = &token;
    return connect_with_options(input, count, &options);
}

static void run_connects(void)
{
    static const bench_contender contenders[] = {{"connect", connect_addr},
                                                 {"connect-again", connect_addr},
                                                 {"connect_with", connect_with},
                                                 {"with-limits", connect_with_limits}};
    struct target target = {.listener = {{{0}}}};
    MUST(fer_tcp_listener_bind(&target.listener, "127.0.0.1:0"));
    MUST(fer_tcp_listener_local_addr(&target.listener, &target.address));
    const bench_case c = {"connect", &target, CONNECTS, contenders,
                          sizeof contenders / sizeof *contenders};
    bench_run(&c);
    fer_tcp_listener_close(&target.listener);
}

/* ---- return: until the blocked call of another thread has returned */

struct blocked {
    bench_pair pair;
    int pipe[2];
    bool polls;
    atomic_int started;
    double returned_ns;
};

static void *block_in_a_call(void *argument)
{
    struct blocked *blocked = argument;
    size_t n = 0;
    atomic_store(&blocked->started, 1);
    if (blocked->polls) {
        struct pollfd entries[] = {{descriptor(&blocked->pair.stream), POLLIN, 0},
                                   {blocked->pipe[0], POLLIN, 0}};
        bench_must(poll(entries, 2, -1) == 1, "poll");
    } else {
        FER_IGNORE(fer_tcp_stream_read(&blocked->pair.stream, block, BLOCK, &n));
    }
    blocked->returned_ns = bench_now_ns();
    return NULL;
}

static void end_by_pipe(struct blocked *blocked)
{
    bench_must(write(blocked->pipe[1], "x", 1) == 1, "write");
}

static void end_by_cancel(struct blocked *blocked)
{
    (void)blocked;
    MUST(fer_cancel_token_cancel(&token));
}

static void end_by_close(struct blocked *blocked)
{
    fer_tcp_stream_close(&blocked->pair.other);
}

static const struct {
    const char *name;
    void (*end)(struct blocked *blocked);
} ways[] = {{"pipe-poll", end_by_pipe},
            {"pipe-poll-again", end_by_pipe},
            {"cancel", end_by_cancel},
            {"peer-close", end_by_close}};
enum { WAYS = sizeof ways / sizeof *ways };

static double time_return(size_t way)
{
    struct blocked blocked = {.polls = ways[way].end == end_by_pipe};
    pthread_t thread;
    open_pair(&blocked.pair);
    bench_must(pipe(blocked.pipe) == 0, "pipe");
    MUST(fer_cancel_token_reset(&token));
    if (ways[way].end == end_by_cancel) {
        limit(&blocked.pair.stream, true, false);
    }
    bench_must(pthread_create(&thread, NULL, block_in_a_call, &blocked) == 0, "pthread_create");
    while (atomic_load(&blocked.started) == 0) {
        sched_yield();
    }
    usleep(SETTLE_US);
    double begin = bench_now_ns();
    ways[way].end(&blocked);
    pthread_join(thread, NULL);
    close_pair(&blocked.pair);
    close(blocked.pipe[0]);
    close(blocked.pipe[1]);
    return blocked.returned_ns - begin;
}

static void run_returns(void)
{
    if (!bench_wants("return")) {
        return;
    }
    static bench_times ns;
    bench_contender contenders[WAYS];
    bench_clock = CLOCK_MONOTONIC;
    for (size_t i = 0; i < WAYS; i++) {
        contenders[i] = (bench_contender){ways[i].name, NULL};
    }
    const double begin = bench_time();
    size_t round = 0;
    for (; bench_continues(begin, round); round++) {
        const size_t *order = bench_order(WAYS);
        for (size_t i = 0; i < WAYS; i++) {
            double times[RETURNS];
            const size_t way = order[i];
            for (size_t j = 0; j < RETURNS; j++) {
                times[j] = time_return(way);
            }
            ns[way][round] = bench_quantile(times, RETURNS, 0.5);
        }
    }
    const bench_case c = {"return", NULL, RETURNS, contenders, WAYS};
    bench_report(&c, ns, round);
}

static int count_case(const char *name, const char *contender, size_t operations)
{
    for (size_t i = 0; i < CASES * CONTENDERS; i++) {
        const bench_contender *found = &cases[i / CONTENDERS].contenders[i % CONTENDERS];
        if (strcmp(cases[i / CONTENDERS].name, name) == 0 && strcmp(found->name, contender) == 0) {
            bench_pair pair = {.stream = {{{0}}}};
            open_pair(&pair);
            bench_sink += found->body(&pair, operations);
            close_pair(&pair);
            return 0;
        }
    }
    fprintf(stderr, "bench_limits: no such case or contender\n");
    return 2;
}

int main(int argc, char **argv)
{
    bench_use_one_processor();
    MUST(fer_cancel_token_new(&token));
    if (argc == 5 && strcmp(argv[1], "--count") == 0) {
        return count_case(argv[2], argv[3], (size_t)strtoul(argv[4], NULL, 10));
    }
    bench_options("limits", argc, argv);
    for (size_t i = 0; i < CASES; i++) {
        run_case(i);
    }
    run_connects();
    run_returns();
    fer_cancel_token_close(&token);
    return 0;
}
