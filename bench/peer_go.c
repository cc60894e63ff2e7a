/* peer_go.c: the operations of bench/peers.h over Go's net, which bench/go has as C functions. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "bench/peers.h"

uint64_t bench_go_datagrams(const void *input, size_t count);
uint64_t bench_go_connected_datagrams(const void *input, size_t count);
void bench_go_connects(int listener, size_t count);
void bench_go_accepts(int listener, size_t count);
void bench_go_close_accepted(void);

static uint64_t connects(const void *input, size_t count)
{
    const bench_target *target = input;
    bench_go_connects(target->listener, count);
    return count;
}

static void accepts(int listener, int *fds, size_t count)
{
    bench_go_accepts(listener, count);
    for (size_t i = 0; i < count; i++) {
        fds[i] = -1;
    }
}

const bench_peer bench_peer_go = {
    .name = "go",
    .datagrams = bench_go_datagrams,
    .connected_datagrams = bench_go_connected_datagrams,
    .connects = connects,
    .accepts = accepts,
    .close_accepted = bench_go_close_accepted,
};
