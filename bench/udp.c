/* udp.c: datagrams over loopback, beside raw sendto and recvfrom and the peers. One thread sends a
 * datagram and receives it at the other socket, which resolves differences of one percent. Linux
 * only. */
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

enum { BLOCK_MAX = 1400, DATAGRAMS = 1000 };

/* The input of a body. */
typedef struct bench_sockets {
    bench_ends ends; /* first: what a body of a peer reads */
    fer_udp_socket from;
    fer_udp_socket to;
    fer_socket_addr address;
} bench_sockets;

static unsigned char outgoing[BLOCK_MAX];
static unsigned char incoming[BLOCK_MAX];

static uint64_t raw_datagrams(const void *input, size_t count)
{
    const bench_ends *ends = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_storage sender;
        socklen_t size = sizeof sender;
        bench_must(sendto(ends->from, outgoing, ends->block, MSG_NOSIGNAL,
                          (const struct sockaddr *)&ends->address,
                          sizeof ends->address) == (ssize_t)ends->block,
                   "sendto");
        ssize_t got =
            recvfrom(ends->to, incoming, sizeof incoming, 0, (struct sockaddr *)&sender, &size);
        bench_must(got == (ssize_t)ends->block, "recvfrom");
        sum += (uint64_t)got;
    }
    return sum;
}

static uint64_t ferrule_datagrams(const void *input, size_t count)
{
    bench_sockets *sockets = (bench_sockets *)(uintptr_t)input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_udp_received datagram;
        size_t sent = 0;
        MUST(fer_udp_socket_send_to(&sockets->from, outgoing, sockets->ends.block,
                                    &sockets->address, &sent));
        MUST(fer_udp_socket_recv_from(&sockets->to, incoming, sizeof incoming, &datagram));
        sum += sent;
    }
    return sum;
}

static uint64_t raw_connected(const void *input, size_t count)
{
    const bench_ends *ends = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        bench_must(send(ends->from, outgoing, ends->block, MSG_NOSIGNAL) == (ssize_t)ends->block,
                   "send");
        ssize_t got = recv(ends->to, incoming, sizeof incoming, 0);
        bench_must(got == (ssize_t)ends->block, "recv");
        sum += (uint64_t)got;
    }
    return sum;
}

static uint64_t ferrule_connected(const void *input, size_t count)
{
    bench_sockets *sockets = (bench_sockets *)(uintptr_t)input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_udp_received datagram;
        size_t sent = 0;
        MUST(fer_udp_socket_send(&sockets->from, outgoing, sockets->ends.block, &sent));
        MUST(fer_udp_socket_recv(&sockets->to, incoming, sizeof incoming, &datagram));
        sum += sent;
    }
    return sum;
}

/* ---- floor.h: the same, with memory for each socket */

static struct {
    floor_stream from;
    floor_stream to;
    floor_addr address;
    floor_addr peer; /* of `to` */
} least;

static floor_addr floor_address(const fer_socket_addr *addr)
{
    floor_addr out = {.family = AF_INET, .port = addr->port};
    memcpy(out.ip, addr->ip.u.v4.octets, 4);
    return out;
}

/* to: NULL if the sockets are connected; then peer is the only sender. */
static uint64_t floor_turns(const bench_ends *ends, size_t count, const floor_addr *to,
                            const floor_addr *peer)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t sent = 0;
        size_t got = 0;
        floor_addr sender;
        bench_must((to == NULL ? floor_write(&least.from, outgoing, ends->block, &sent)
                               : floor_send_to(&least.from, outgoing, ends->block, to, &sent)) &&
                       floor_receive(&least.to, incoming, sizeof incoming, peer, &got, &sender) &&
                       got == ends->block,
                   "floor_receive");
        sum += sent;
    }
    return sum;
}

static uint64_t floor_datagrams(const void *input, size_t count)
{
    return floor_turns(input, count, &least.address, NULL);
}

static uint64_t floor_connected(const void *input, size_t count)
{
    return floor_turns(input, count, NULL, &least.peer);
}

static void open_sockets(bench_sockets *sockets, size_t block, bool connected)
{
    fer_socket_addr from;
    MUST(fer_udp_socket_bind(&sockets->from, "127.0.0.1:0"));
    MUST(fer_udp_socket_bind(&sockets->to, "127.0.0.1:0"));
    MUST(fer_udp_socket_local_addr(&sockets->from, &from));
    MUST(fer_udp_socket_local_addr(&sockets->to, &sockets->address));
    if (connected) {
        MUST(fer_udp_socket_connect_addr(&sockets->from, &sockets->address));
        MUST(fer_udp_socket_connect_addr(&sockets->to, &from));
    }
    sockets->ends = (bench_ends){.from = (int)fer_udp_socket_as_raw(&sockets->from),
                                 .to = (int)fer_udp_socket_as_raw(&sockets->to),
                                 .block = block,
                                 .outgoing = outgoing,
                                 .incoming = incoming,
                                 .address = {.sin_family = AF_INET,
                                             .sin_port = htons(sockets->address.port),
                                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    least.from = (floor_stream){.is_open = true, .fd = sockets->ends.from};
    least.to = (floor_stream){.is_open = true, .fd = sockets->ends.to};
    least.address = floor_address(&sockets->address);
    least.peer = floor_address(&from);
}

static void run_case(const char *name, size_t block, bool connected)
{
    const bench_body raw = connected ? raw_connected : raw_datagrams;
    const bench_contender contenders[] = {
        {"raw", raw},
        {"raw-again", raw},
        {"ferrule", connected ? ferrule_connected : ferrule_datagrams},
        {"floor", connected ? floor_connected : floor_datagrams}};
    bench_sockets sockets = {.ends.block = block};
    open_sockets(&sockets, block, connected);
    bench_run_beside_peers(name, &sockets, DATAGRAMS, contenders, 4,
                           connected ? offsetof(bench_peer, connected_datagrams)
                                     : offsetof(bench_peer, datagrams));
    fer_udp_socket_close(&sockets.from);
    fer_udp_socket_close(&sockets.to);
}

int main(int argc, char **argv)
{
    bench_options("udp", argc, argv);
    bench_print_absent_peers();
    bench_use_one_processor();
    run_case("datagram_64", 64, false);
    run_case("datagram_1400", BLOCK_MAX, false);
    run_case("connected_datagram_64", 64, true);
    return 0;
}
