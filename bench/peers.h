/* peers.h: the libraries with which ferrule is compared, and the operations that each has. A body
 * of a peer does the same work as the raw body of its case, over the descriptors that the case has
 * opened. The peers that the build did not find are printed as skipped. C11 and C++17. */
#ifndef FERRULE_BENCH_PEERS_H
#define FERRULE_BENCH_PEERS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"

/* The input of parse bodies: text i begins at pool[at[i]]. Format bodies get an array of addresses
 * of 4 or 16 bytes. */
typedef struct bench_texts {
    const char *pool;
    const uint32_t *at;
} bench_texts;

/* The input of turns: each operation sends a block from one descriptor and receives it at the
 * other. In a round trip they are the same, and its peer echoes. */
typedef struct bench_ends {
    int from;
    int to;
    size_t block;
    const unsigned char *outgoing;
    unsigned char *incoming;
    struct sockaddr_in address; /* of `to`, for datagrams */
} bench_ends;

/* The input of connects: each operation connects, accepts, and closes both, the connecting end
 * first and with a reset (bench_reset_on_close), so that no port stays in use. */
typedef struct bench_target {
    int listener;
    struct sockaddr_in address;
} bench_target;

/* Accepts `count` connections that stand in the queue of the listener, and stores them, or -1 for
 * those that bench_peer.close_accepted closes. */
typedef void (*bench_accept)(int listener, int *fds, size_t count);

/* A poller. begin makes it, and registers the sockets for reading, level-triggered. wake: one
 * notify and the wait that it ends. add_delete: of a socket that is not registered. modify: of one
 * that is. wait_nothing: a wait with a timeout of 0. */
typedef struct bench_loop {
    void (*begin)(const int *sockets, size_t count, int free_socket);
    void (*end)(void);
    bench_body wake;
    bench_body add_delete;
    bench_body modify;
    bench_body wait_nothing;
} bench_loop;

/* Bursts of datagrams over the sockets of bench_ends. begin makes the library's handles. send sends
 * `count` datagrams to the address, or to the peer if its port is 0. receive takes datagrams until
 * it has at least one, and returns their number. */
typedef struct bench_bursts {
    void (*begin)(const bench_ends *ends);
    void (*send)(const bench_ends *ends, size_t count);
    size_t (*receive)(void);
    void (*end)(void);
} bench_bursts;

/* A member that is NULL: the library has no such operation. */
typedef struct bench_peer {
    const char *name;
    bench_body parse_v4;
    bench_body parse_v6;
    bench_body format_v4;
    bench_body format_v6;
    bench_body turn;
    bench_body round_trip;
    bench_body datagrams;           /* sends to an address */
    bench_body connected_datagrams; /* both ends are connected */
    bench_body connects;
    bench_accept accepts;
    void (*close_accepted)(void);
    bench_body lookups; /* the input is a host name */
    const bench_loop *loop;
    const bench_bursts *bursts;
} bench_peer;

#ifdef __cplusplus
extern "C" {
#endif
extern const bench_peer bench_peer_uv;
extern const bench_peer bench_peer_event;
extern const bench_peer bench_peer_apr;
extern const bench_peer bench_peer_nng;
extern const bench_peer bench_peer_sockpp;
extern const bench_peer bench_peer_rust;
extern const bench_peer bench_peer_mio;
extern const bench_peer bench_peer_quinn;
extern const bench_peer bench_peer_go;
/* Turns of a loop with timers that do not expire. */
void bench_uv_timers_begin(size_t count);
uint64_t bench_uv_waits(const void *input, size_t count);
void bench_uv_timers_end(void);
/* tokio is no peer of these operations. */
uint64_t bench_tokio_relay(int from, int to, bool is_unix);
void bench_tokio_serve(int listener);
#ifdef __cplusplus
}
#endif

static const bench_peer *const bench_peers[] = {
#ifdef HAVE_UV
    &bench_peer_uv,
#endif
#ifdef HAVE_EVENT
    &bench_peer_event,
#endif
#ifdef HAVE_APR
    &bench_peer_apr,
#endif
#ifdef HAVE_NNG
    &bench_peer_nng,
#endif
#ifdef HAVE_SOCKPP
    &bench_peer_sockpp,
#endif
#ifdef HAVE_RUST
    &bench_peer_rust,
#endif
#ifdef HAVE_MIO
    &bench_peer_mio,
#endif
#ifdef HAVE_QUINN
    &bench_peer_quinn,
#endif
#ifdef HAVE_GO
    &bench_peer_go,
#endif
    NULL,
};

static inline void bench_print_absent_peers(void)
{
    static const char *const absent[] = {
#ifndef HAVE_UV
        "libuv",
#endif
#ifndef HAVE_EVENT
        "libevent",
#endif
#ifndef HAVE_APR
        "apr",
#endif
#ifndef HAVE_NNG
        "nng",
#endif
#ifndef HAVE_SOCKPP
        "sockpp",
#endif
#ifndef HAVE_RUST
        "rust-std",
#endif
#ifndef HAVE_MIO
        "mio",
#endif
#ifndef HAVE_QUINN
        "quinn-udp",
#endif
#ifndef HAVE_TOKIO
        "tokio",
#endif
        NULL,
    };
    for (size_t i = 0; absent[i] != NULL; i++) {
        printf("skipped bench=%s impl=%s reason=not in this build\n", bench_program, absent[i]);
    }
}

/* Runs a case of the given contenders, and of each peer whose body at this place of bench_peer is
 * not NULL. */
static inline void bench_run_beside_peers(const char *name, const void *input, size_t count,
                                          const bench_contender *contenders, size_t own,
                                          size_t body_offset)
{
    bench_contender all[BENCH_CONTENDERS_MAX];
    memcpy(all, contenders, own * sizeof *contenders);
    for (size_t i = 0; bench_peers[i] != NULL; i++) {
        bench_body body;
        memcpy(&body, (const char *)bench_peers[i] + body_offset, sizeof body);
        if (body != NULL) {
            const bench_contender peer = {bench_peers[i]->name, body};
            all[own++] = peer;
        }
    }
    const bench_case c = {name, input, count, all, own};
    bench_run(&c);
}

/* Runs a function in four threads, each with a quarter of the operations. */
enum { BENCH_THREADS = 4 };

typedef struct bench_share {
    const char *host;
    size_t count;
} bench_share;

static inline uint64_t bench_in_threads(const char *host, size_t count, void *(*function)(void *))
{
    pthread_t threads[BENCH_THREADS];
    bench_share mine = {host, count / BENCH_THREADS};
    for (size_t i = 0; i < BENCH_THREADS; i++) {
        bench_must(pthread_create(&threads[i], NULL, function, &mine) == 0, "pthread_create");
    }
    for (size_t i = 0; i < BENCH_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return count;
}

/* Close then sends a reset. */
static inline void bench_reset_on_close(int fd)
{
    const struct linger at_once = {1, 0};
    bench_must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "SO_LINGER");
}

#endif
