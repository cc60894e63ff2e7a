/* stress_limits.c: rules K2, K4 and K7 under load. Many threads block in calls of all kinds, each
 * on handles of its own and on a listener of all, and one cancel ends all of them: CALLS calls in
 * each round.
 * usage: stress_limits [ROUNDS] */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "conformance/peer.h"
#include "ferrule.h"
#include "support/thread.h"

enum { THREADS = 64, WAVES = 16, CALLS = THREADS * WAVES, BUF = 8 };

/* The handles of one thread. Nothing arrives, and `full` has no room. */
struct ends {
    fer_tcp_stream idle;
    fer_tcp_stream idle_other;
    fer_tcp_stream full;
    fer_tcp_stream full_other;
    fer_udp_socket udp;
};

struct caller {
    struct ends ends;
    test_thread thread;
    int call;
    fer_error error;
};

static struct caller callers[THREADS];
static fer_tcp_listener shared; /* by all threads */
static fer_cancel_token token;
static atomic_int started;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "stress_limits: %s\n", what);
        exit(1);
    }
}

static void must_ok(fer_error error, const char *what)
{
    if (error.kind != FER_OK) {
        fprintf(stderr, "stress_limits: %s: %s (%ld)\n", what, fer_error_kind_name(error.kind),
                (long)error.os_code);
        exit(1);
    }
}

/* ---- The calls */

static const unsigned char zeros[65536];

static fer_error ready_to_write(struct ends *ends)
{
    fer_interest ready;
    fer_error error = fer_tcp_stream_ready(&ends->full, FER_WRITABLE, FER_DURATION_NONE, &ready);
    FER_IGNORE(fer_tcp_stream_try_write(&ends->full, zeros, sizeof zeros, NULL));
    return error;
}

/* clang-format off */
#define CALLS_OF(X)                                                                                \
    X("read", fer_tcp_stream_read(&ends->idle, buf, BUF, NULL))                                    \
    X("accept", fer_tcp_listener_accept(&shared, &accepted, NULL))                                 \
    X("write", fer_tcp_stream_write(&ends->full, zeros, sizeof zeros, NULL))                       \
    X("recv_from", fer_udp_socket_recv_from(&ends->udp, buf, BUF, &got))                           \
    X("ready", fer_tcp_stream_ready(&ends->idle, FER_READABLE, FER_DURATION_NONE, &ready))         \
    X("peek", fer_tcp_stream_peek(&ends->idle, buf, BUF, NULL))                                    \
    X("write_vectored", fer_tcp_stream_write_vectored(&ends->full, from, 2, NULL))                 \
    X("peek_from", fer_udp_socket_peek_from(&ends->udp, buf, BUF, &got))                           \
    X("ready to write", ready_to_write(ends))                                                      \
    X("read_vectored", fer_tcp_stream_read_vectored(&ends->idle, into, 2, NULL))                   \
    X("write_all", fer_tcp_stream_write_all(&ends->full, zeros, sizeof zeros, NULL))               \
    X("read_exact", fer_tcp_stream_read_exact(&ends->idle, buf, BUF, NULL))                        \
    X("listener ready", fer_tcp_listener_ready(&shared, FER_READABLE, FER_DURATION_NONE, &ready))  \
    X("udp ready", fer_udp_socket_ready(&ends->udp, FER_READABLE, FER_DURATION_NONE, &ready))      \
    X("read_to_end", fer_tcp_stream_read_to_end(&ends->idle, buf, BUF, NULL))                      \
    X("copy", fer_copy(fer_tcp_stream_as_stream(&ends->idle),                                      \
                       fer_tcp_stream_as_stream(&ends->full), &between, NULL))
/* clang-format on */
#define NAME(name, call) name,
static const char *const call_names[] = {CALLS_OF(NAME)};
enum { CALL_KINDS = sizeof call_names / sizeof call_names[0] };

static fer_error make_call(int number, struct ends *ends)
{
    char buf[BUF];
    const fer_io_slice_mut into[2] = {{buf, 4}, {buf + 4, 4}};
    const fer_io_slice from[2] = {{zeros, 30000}, {zeros, 30000}};
    fer_copy_buffer between = {buf, BUF, 0, 0};
    fer_tcp_stream accepted = {0};
    fer_udp_received got;
    fer_interest ready;
    int at = 0;
#define RUN(name, call)   \
    if (at++ == number) { \
        return call;      \
    }
    CALLS_OF(RUN)
    abort();
}

/* Room returns for a moment after a stream was full, so a call that succeeds is made again. */
static void run_call(void *argument)
{
    struct caller *caller = argument;
    atomic_fetch_add(&started, 1);
    do {
        caller->error = make_call(caller->call, &caller->ends);
    } while (caller->error.kind == FER_OK);
}

/* ---- Rounds */

static void connect_pair(fer_tcp_listener *listener, const fer_socket_addr *addr,
                         fer_tcp_stream *one, fer_tcp_stream *other)
{
    must_ok(fer_tcp_stream_connect_addr(one, addr), "connect");
    must_ok(fer_tcp_listener_accept(listener, other, NULL), "accept");
}

static void open_ends(struct ends *ends, fer_tcp_listener *listener, const fer_socket_addr *addr)
{
    const fer_limits limits = {.token = &token};
    connect_pair(listener, addr, &ends->idle, &ends->idle_other);
    connect_pair(listener, addr, &ends->full, &ends->full_other);
    must_ok(fer_udp_socket_bind(&ends->udp, "127.0.0.1:0"), "bind");
    must_ok(fer_tcp_stream_set_limits(&ends->idle, &limits), "set_limits");
    must_ok(fer_tcp_stream_set_limits(&ends->full, &limits), "set_limits");
    must_ok(fer_udp_socket_set_limits(&ends->udp, &limits), "set_limits");
    while (fer_tcp_stream_try_write(&ends->full, zeros, sizeof zeros, NULL).kind == FER_OK) {
    }
}

static void close_ends(struct ends *ends)
{
    fer_tcp_stream_close(&ends->idle);
    fer_tcp_stream_close(&ends->idle_other);
    fer_tcp_stream_close(&ends->full);
    fer_tcp_stream_close(&ends->full_other);
    fer_udp_socket_close(&ends->udp);
}

/* All threads block in a call, each in that of another kind, and are cancelled. */
static void run_wave(int wave)
{
    atomic_store(&started, 0);
    for (int i = 0; i < THREADS; i++) {
        callers[i].call = (i + wave) % CALL_KINDS;
        test_thread_start(&callers[i].thread, run_call, &callers[i]);
    }
    while (atomic_load(&started) < THREADS) {
        test_thread_yield();
    }
    peer_pause((unsigned)wave % 4);
    must_ok(fer_cancel_token_cancel(&token), "cancel");
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(&callers[i].thread);
        if (callers[i].error.kind != FER_CANCELLED) {
            must_ok(callers[i].error, call_names[callers[i].call]);
        }
    }
    must_ok(fer_cancel_token_reset(&token), "reset");
}

static void run_round(int round)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addr;
    must_ok(fer_cancel_token_new(&token), "new");
    must_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:0"), "bind");
    must_ok(fer_tcp_listener_local_addr(&listener, &addr), "local_addr");
    for (int i = 0; i < THREADS; i++) {
        open_ends(&callers[i].ends, &listener, &addr);
    }
    fer_tcp_listener_close(&listener);
    const fer_limits limits = {.token = &token};
    must_ok(fer_tcp_listener_bind(&shared, "127.0.0.1:0"), "bind");
    must_ok(fer_tcp_listener_set_limits(&shared, &limits), "set_limits");
    for (int wave = 0; wave < WAVES; wave++) {
        run_wave(wave);
    }
    for (int i = 0; i < THREADS; i++) {
        close_ends(&callers[i].ends);
    }
    fer_tcp_listener_close(&shared);
    fer_cancel_token_close(&token);
    printf("round %d: %d calls cancelled\n", round, CALLS);
    fflush(stdout);
}

/* The number of a new socket: small, unless handles are left open. Windows counts in fours. */
static uint64_t new_number(void)
{
    fer_udp_socket socket = {0};
    must_ok(fer_udp_socket_bind(&socket, "127.0.0.1:0"), "bind");
    uint64_t number = (uint64_t)fer_udp_socket_as_raw(&socket);
    fer_udp_socket_close(&socket);
    return number;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 20;
    peer_start();
    run_round(0); /* what the system and the library keep is there afterwards */
    size_t before = peer_open_handles();
    uint64_t number_before = new_number();
    for (int round = 1; round <= rounds; round++) {
        run_round(round);
    }
    size_t after = peer_open_handles();
    uint64_t number_after = new_number();
    printf("open handles: %u before, %u after; a new socket: %" PRIu64 " before, %" PRIu64
           " after\n",
           (unsigned)before, (unsigned)after, number_before, number_after);
    /* Some systems count handles that come and go. A leak would be one for each call or each
     * thread. */
    size_t slack = peer_handle_count_is_exact() ? 0 : THREADS / 2;
    must(after <= before + slack, "handles are left open");
    must(number_after <= number_before + 4 * slack, "handles are left open: the numbers grow");
    return 0;
}
