/* peer_rust.c: the operations of bench/peers.h over Rust's std::net, mio and quinn-udp, and
 * those of tokio, which bench/rust has as C functions. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <poll.h>

#include "bench/echo_turn.h"
#include "bench/peers.h"

uint64_t bench_rust_parse_v4(const void *input, size_t count);
uint64_t bench_rust_parse_v6(const void *input, size_t count);
uint64_t bench_rust_format_v4(const void *input, size_t count);
uint64_t bench_rust_format_v6(const void *input, size_t count);
uint64_t bench_rust_turn(const void *input, size_t count);
uint64_t bench_rust_datagrams(const void *input, size_t count);
uint64_t bench_rust_connected_datagrams(const void *input, size_t count);
uint64_t bench_rust_connects(const void *input, size_t count);
void bench_rust_accepts(int listener, int *fds, size_t count);
uint64_t bench_rust_lookups(const void *input, size_t count);

/* std::net cannot set this option in its stable form. */
void bench_reset_on_close_of(int fd);
void bench_reset_on_close_of(int fd)
{
    bench_reset_on_close(fd);
}

const bench_peer bench_peer_rust = {
    .name = "rust-std",
    .parse_v4 = bench_rust_parse_v4,
    .parse_v6 = bench_rust_parse_v6,
    .format_v4 = bench_rust_format_v4,
    .format_v6 = bench_rust_format_v6,
    .turn = bench_rust_turn,
    .round_trip = bench_rust_turn,
    .datagrams = bench_rust_datagrams,
    .connected_datagrams = bench_rust_connected_datagrams,
    .connects = bench_rust_connects,
    .accepts = bench_rust_accepts,
    .lookups = bench_rust_lookups,
};

#ifdef HAVE_MIO

enum { EVENTS = 128 };

void bench_mio_begin(const int *sockets, size_t count, int free_socket);
void bench_mio_end(void);
uint64_t bench_mio_wakes(const void *input, size_t count);
uint64_t bench_mio_adds(const void *input, size_t count);
uint64_t bench_mio_modifies(const void *input, size_t count);
uint64_t bench_mio_empty_waits(const void *input, size_t count);
size_t bench_mio_wait(int *fds);

static const bench_loop loop = {bench_mio_begin, bench_mio_end,      bench_mio_wakes,
                                bench_mio_adds,  bench_mio_modifies, bench_mio_empty_waits};

uint64_t bench_mio_datagrams(const void *input, size_t count);
uint64_t bench_mio_connected_datagrams(const void *input, size_t count);
uint64_t bench_mio_connects(const void *input, size_t count);
void bench_mio_accepts(int listener, int *fds, size_t count);

const bench_peer bench_peer_mio = {.name = "mio",
                                   .datagrams = bench_mio_datagrams,
                                   .connected_datagrams = bench_mio_connected_datagrams,
                                   .connects = bench_mio_connects,
                                   .accepts = bench_mio_accepts,
                                   .loop = &loop};

static void echo_begin(const echo_server *server)
{
    bench_mio_begin(server->fds, server->count, -1);
}

static void echo_serve(size_t requests)
{
    while (requests > 0) {
        int fds[EVENTS];
        const size_t found = bench_mio_wait(fds);
        for (size_t i = 0; i < found; i++) {
            requests -= echo_answer(fds[i]);
        }
    }
}

const echo_contender echo_mio = {"mio", echo_begin, echo_serve, bench_mio_end, 0, false};

#endif

#ifdef HAVE_QUINN

void bench_quinn_begin(const bench_ends *ends);
void bench_quinn_send(const bench_ends *ends, size_t count);
size_t bench_quinn_receive(void);
void bench_quinn_end(void);

/* std has no wait for one descriptor. */
void bench_wait_until_ready(int fd, bool is_write);
void bench_wait_until_ready(int fd, bool is_write)
{
    struct pollfd waited = {.fd = fd, .events = is_write ? POLLOUT : POLLIN};
    bench_must(poll(&waited, 1, -1) == 1, "poll");
}

static const bench_bursts bursts = {bench_quinn_begin, bench_quinn_send, bench_quinn_receive,
                                    bench_quinn_end};

const bench_peer bench_peer_quinn = {.name = "quinn-udp", .bursts = &bursts};

#endif

#ifdef HAVE_TOKIO

uint64_t bench_rust_tokio_relay(int from, int to, bool is_unix);
void bench_rust_tokio_serve(int listener);

uint64_t bench_tokio_relay(int from, int to, bool is_unix)
{
    return bench_rust_tokio_relay(from, to, is_unix);
}

void bench_tokio_serve(int listener)
{
    bench_rust_tokio_serve(listener);
}

#endif
