/* udp_batches.c: bursts of datagrams of 1200 bytes: batches, segments and coalescing, beside the
 * system calls by hand, the calls of quinn-udp, quinn-udp itself, libuv, and one call for each
 * datagram. One thread sends some bursts and receives them; both sides are measured, or one of
 * them. The cases threads_* have a thread for each side. --between PATH HERE THERE: the cases
 * veth_*, from the address HERE to THERE, which is in the network namespace of this path. Linux
 * only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* CMSG_NXTHDR of musl compares a size with a difference of pointers. */
#pragma GCC diagnostic ignored "-Wsign-compare"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <time.h>
static clockid_t bench_clock = CLOCK_PROCESS_CPUTIME_ID;
#define BENCH_CLOCK bench_clock
#include "bench/bench.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "bench/udp_by_hand.h"
#include "ferrule.h"

enum { SIZE = 1200, SEGMENTS = 44 };
/* The bursts of one run of a body, and those that are sent before they are received. */
enum { BURSTS = 21, GROUP = 3 };

typedef enum bench_side { BOTH, SENDS, RECEIVES, THREADS } bench_side;

/* A burst is one batch of single datagrams, or one message with segments. */
typedef struct bench_burst {
    const char *name;
    size_t burst; /* datagrams; segments if they are more than BATCH */
    bench_side side;
    bool is_connected;
    fer_udp_features features;
} bench_burst;

/* The input of a body. No single datagram can be received while datagrams are coalesced, so single
 * ones have a receiver of their own. */
typedef struct bench_sockets {
    bench_ends ends;
    const bench_burst *c;
    fer_udp_socket from;
    fer_udp_socket to;
    fer_udp_socket single_from;
    fer_udp_socket single_to;
    fer_udp_socket quinn_from; /* quinn-udp sets options of its sockets */
    fer_udp_socket quinn_to;
    bench_ends quinn_ends;
    const fer_socket_addr *address; /* NULL: from is connected */
    const fer_socket_addr *single_address;
    fer_socket_addr addresses[3];
    atomic_size_t got; /* bytes since the body began */
} bench_sockets;

typedef void send_burst(bench_sockets *sockets);
typedef uint64_t receive_some(bench_sockets *sockets); /* adds to got */

static unsigned char outgoing[LONGEST];
static unsigned char incoming[BATCH][LONGEST];

static void count_bytes(bench_sockets *sockets, size_t len)
{
    atomic_fetch_add_explicit(&sockets->got, len, memory_order_release);
}

static uint64_t receive_until(bench_sockets *sockets, receive_some *receive, size_t bytes)
{
    uint64_t sum = 0;
    while (atomic_load_explicit(&sockets->got, memory_order_acquire) < bytes) {
        sum += receive(sockets);
    }
    return sum;
}

/* ---- One call for each datagram */

static void send_singles(bench_sockets *sockets)
{
    for (size_t sent = 0; sent < sockets->c->burst; sent++) {
        if (sockets->c->is_connected) {
            MUST(fer_udp_socket_send(&sockets->single_from, outgoing, SIZE, NULL));
        } else {
            MUST(fer_udp_socket_send_to(&sockets->single_from, outgoing, SIZE,
                                        sockets->single_address, NULL));
        }
    }
}

static uint64_t receive_single(bench_sockets *sockets)
{
    fer_udp_received received;
    MUST(fer_udp_socket_recv_from(&sockets->single_to, incoming[0], LONGEST, &received));
    count_bytes(sockets, received.len);
    return received.len;
}

/* ---- The system calls by hand */

static void send_raw(bench_sockets *sockets)
{
    if (sockets->c->burst > BATCH) {
        by_hand_send_segments(&sockets->ends, sockets->c->burst, false);
    } else {
        by_hand_send_batch(&sockets->ends);
    }
}

static void send_as_quinn(bench_sockets *sockets)
{
    by_hand_send_segments(&sockets->ends, sockets->c->burst, true);
}

static uint64_t receive_raw(bench_sockets *sockets)
{
    size_t len = 0;
    uint64_t sum = by_hand_receive(&sockets->ends, &len);
    count_bytes(sockets, len);
    return sum;
}

/* ---- ferrule */

static void send_ferrule_with(bench_sockets *sockets, fer_ecn ecn)
{
    fer_datagram_send out[BATCH];
    size_t burst = sockets->c->burst;
    size_t messages = burst > BATCH ? 1 : burst;
    for (size_t k = 0; k < messages; k++) {
        out[k] = (fer_datagram_send){.buf = outgoing,
                                     .len = burst / messages * SIZE,
                                     .segment_size = burst > BATCH ? SIZE : 0,
                                     .to = sockets->address,
                                     /* as quinn-udp: the codepoint, and no class of the socket */
                                     .has_traffic_class = ecn != FER_ECN_NOT_ECT,
                                     .ecn = ecn};
    }
    MUST(fer_udp_socket_send_batch(&sockets->from, out, messages, NULL));
}

static void send_ferrule(bench_sockets *sockets)
{
    send_ferrule_with(sockets, FER_ECN_NOT_ECT);
}

static void send_ferrule_ecn(bench_sockets *sockets)
{
    send_ferrule_with(sockets, FER_ECN_ECT0);
}

static uint64_t receive_ferrule(bench_sockets *sockets)
{
    fer_datagram_recv in[BATCH];
    uint64_t sum = 0;
    size_t n = 0;
    size_t len = 0;
    for (size_t k = 0; k < BATCH; k++) {
        in[k].buf = incoming[k];
        in[k].cap = LONGEST;
    }
    MUST(fer_udp_socket_recv_batch(&sockets->to, in, BATCH, &n));
    for (size_t k = 0; k < n; k++) {
        len += in[k].len;
        sum += in[k].interface_index;
    }
    count_bytes(sockets, len);
    return sum;
}

/* ---- libuv */

#ifdef HAVE_UV
static void send_uv(bench_sockets *sockets)
{
    bench_peer_uv.bursts->send(&sockets->ends, sockets->c->burst);
}

static uint64_t receive_uv(bench_sockets *sockets)
{
    size_t received = bench_peer_uv.bursts->receive();
    count_bytes(sockets, received * SIZE);
    return received;
}
#endif

/* ---- quinn-udp */

#ifdef HAVE_QUINN
static void send_quinn_udp(bench_sockets *sockets)
{
    bench_peer_quinn.bursts->send(&sockets->quinn_ends, sockets->c->burst);
}

static uint64_t receive_quinn_udp(bench_sockets *sockets)
{
    size_t received = bench_peer_quinn.bursts->receive();
    count_bytes(sockets, received * SIZE);
    return received;
}

static void switch_off(const fer_udp_socket *socket, int level, int option)
{
    const int off = 0;
    bench_must(setsockopt((int)fer_udp_socket_as_raw(socket), level, option, &off, sizeof off) == 0,
               "setsockopt");
}

/* quinn-udp enables all features. Its receiver keeps those of the case, as the other receivers. */
static void begin_quinn_udp(bench_sockets *sockets)
{
    const fer_udp_features features = sockets->c->features;
    bench_peer_quinn.bursts->begin(&sockets->quinn_ends);
    if ((features & FER_UDP_COALESCING) == 0) {
        switch_off(&sockets->quinn_to, IPPROTO_UDP, UDP_GRO);
    }
    if ((features & FER_UDP_LOCAL_ADDR) == 0) {
        switch_off(&sockets->quinn_to, IPPROTO_IP, IP_PKTINFO);
    }
    if ((features & FER_UDP_ECN) == 0) {
        switch_off(&sockets->quinn_to, IPPROTO_IP, IP_RECVTOS);
    }
}
#endif

/* ---- Bodies */

typedef struct receiver {
    bench_sockets *sockets;
    receive_some *receive;
    size_t bytes;
    uint64_t sum;
} receiver;

static void *receive_in_thread(void *argument)
{
    receiver *r = argument;
    r->sum = receive_until(r->sockets, r->receive, r->bytes);
    return NULL;
}

/* The sender waits while more than GROUP bursts are in flight, so no datagram is dropped. */
static uint64_t threads(bench_sockets *sockets, size_t count, send_burst *send,
                        receive_some *receive)
{
    const size_t burst = sockets->c->burst * SIZE;
    receiver r = {sockets, receive, count * burst, 0};
    pthread_t thread;
    bench_must(pthread_create(&thread, NULL, receive_in_thread, &r) == 0, "pthread_create");
    for (size_t i = 0; i < count; i++) {
        while (i * burst >=
               GROUP * burst + atomic_load_explicit(&sockets->got, memory_order_acquire)) {
            sched_yield();
        }
        send(sockets);
    }
    pthread_join(thread, NULL);
    return r.sum;
}

static uint64_t run(const void *input, size_t count, send_burst *send, receive_some *receive)
{
    bench_sockets *sockets = (bench_sockets *)(uintptr_t)input;
    const bench_side side = sockets->c->side;
    uint64_t sum = 0;
    atomic_store(&sockets->got, 0);
    if (side == THREADS) {
        return threads(sockets, count, send, receive);
    }
    for (size_t done = 0; done < count; done += GROUP) {
        if (side == RECEIVES) {
            bench_pause();
        }
        for (size_t i = 0; i < GROUP; i++) {
            send(sockets);
        }
        if (side == RECEIVES) {
            bench_resume();
        } else if (side == SENDS) {
            bench_pause();
        }
        sum += receive_until(sockets, receive, (done + GROUP) * sockets->c->burst * SIZE);
        if (side == SENDS) {
            bench_resume();
        }
    }
    return sum;
}

#define BODY(name, send, receive)                         \
    static uint64_t name(const void *input, size_t count) \
    {                                                     \
        return run(input, count, send, receive);          \
    }
BODY(raw, send_raw, receive_raw)
BODY(ferrule, send_ferrule, receive_ferrule)
BODY(ferrule_ecn, send_ferrule_ecn, receive_ferrule)
BODY(quinn, send_as_quinn, receive_raw)
BODY(singles, send_singles, receive_single)
#ifdef HAVE_QUINN
BODY(quinn_udp, send_quinn_udp, receive_quinn_udp)
#endif
#ifdef HAVE_UV
static uint64_t uv(const void *input, size_t count)
{
    const bench_sockets *sockets = input;
    bench_pause();
    bench_peer_uv.bursts->begin(&sockets->ends);
    bench_resume();
    uint64_t sum = run(input, count, send_uv, receive_uv);
    bench_pause();
    bench_peer_uv.bursts->end();
    bench_resume();
    return sum;
}
#endif

/* ---- Cases */

/* Of --between. */
static const char *namespace_path = NULL;
static const char *here = "127.0.0.1:0";
static const char *there = "127.0.0.1:0";

static void bind_there(fer_udp_socket *socket)
{
    int home = bench_enter_namespace(namespace_path);
    MUST(fer_udp_socket_bind(socket, there));
    bench_leave_namespace(home);
}

/* Enough space for the datagrams of a group. */
static void open_pair(fer_udp_socket *from, fer_udp_socket *to, bool is_connected,
                      fer_socket_addr *address)
{
    const int space = 4 * 1024 * 1024;
    fer_socket_addr sender;
    MUST(fer_udp_socket_bind(from, here));
    bind_there(to);
    MUST(fer_udp_socket_local_addr(from, &sender));
    MUST(fer_udp_socket_local_addr(to, address));
    if (is_connected) {
        MUST(fer_udp_socket_connect_addr(from, address));
        MUST(fer_udp_socket_connect_addr(to, &sender));
    }
    int raw = (int)fer_udp_socket_as_raw(to);
    if (setsockopt(raw, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof space) != 0) {
        (void)setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &space, sizeof space);
    }
}

static bench_ends ends_of(const fer_udp_socket *from, const fer_udp_socket *to,
                          const fer_socket_addr *address)
{
    bench_ends ends = {.from = (int)fer_udp_socket_as_raw(from),
                       .to = (int)fer_udp_socket_as_raw(to),
                       .block = SIZE,
                       .outgoing = outgoing,
                       .incoming = incoming[0]};
    if (address != NULL) {
        ends.address.sin_family = AF_INET;
        ends.address.sin_port = htons(address->port);
        memcpy(&ends.address.sin_addr, address->ip.u.v4.octets, sizeof ends.address.sin_addr);
    }
    return ends;
}

static void open_sockets(bench_sockets *sockets)
{
    const bench_burst *c = sockets->c;
    fer_udp_features enabled = 0;
    open_pair(&sockets->from, &sockets->to, c->is_connected, &sockets->addresses[0]);
    open_pair(&sockets->single_from, &sockets->single_to, c->is_connected, &sockets->addresses[1]);
    open_pair(&sockets->quinn_from, &sockets->quinn_to, false, &sockets->addresses[2]);
    sockets->address = c->is_connected ? NULL : &sockets->addresses[0];
    sockets->single_address = c->is_connected ? NULL : &sockets->addresses[1];
    MUST(fer_udp_socket_enable(&sockets->to, c->features, &enabled));
    bench_must(enabled == c->features, "this kernel has the features");
    sockets->ends = ends_of(&sockets->from, &sockets->to, sockets->address);
    sockets->quinn_ends = ends_of(&sockets->quinn_from, &sockets->quinn_to, &sockets->addresses[2]);
}

/* Only messages with segments are sent as quinn-udp does. libuv receives no coalesced datagrams,
 * and its loop waits in one thread with its sends. quinn-udp sends to an address only. */
static void run_case(const bench_burst *burst)
{
    static bench_sockets sockets;
    bench_contender contenders[BENCH_CONTENDERS_MAX] = {
        {"raw", raw}, {"raw-again", raw}, {"ferrule", ferrule}, {"singles", singles}};
    size_t count = 4;
    if (!bench_wants(burst->name)) {
        return;
    }
    if (burst->burst > BATCH) {
        contenders[count++] = (bench_contender){"quinn", quinn};
        contenders[count++] = (bench_contender){"ferrule-ecn", ferrule_ecn};
    }
#ifdef HAVE_UV
    if (burst->features == 0 && burst->side != THREADS) {
        contenders[count++] = (bench_contender){"libuv", uv};
    }
#endif
#ifdef HAVE_QUINN
    if (!burst->is_connected) {
        contenders[count++] = (bench_contender){bench_peer_quinn.name, quinn_udp};
    }
#endif
    memset(&sockets, 0, sizeof sockets);
    sockets.c = burst;
    open_sockets(&sockets);
#ifdef HAVE_QUINN
    begin_quinn_udp(&sockets);
#endif
    bench_clock = burst->side == THREADS ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
    const size_t bursts = burst->side == THREADS ? 10 * BURSTS : BURSTS;
    bench_run(&(bench_case){burst->name, &sockets, bursts, contenders, count});
#ifdef HAVE_QUINN
    bench_peer_quinn.bursts->end();
#endif
    fer_udp_socket_close(&sockets.from);
    fer_udp_socket_close(&sockets.to);
    fer_udp_socket_close(&sockets.single_from);
    fer_udp_socket_close(&sockets.single_to);
    fer_udp_socket_close(&sockets.quinn_from);
    fer_udp_socket_close(&sockets.quinn_to);
}

#define ADDRESSES (FER_UDP_LOCAL_ADDR | FER_UDP_ECN)
#define COALESCED (ADDRESSES | FER_UDP_COALESCING)

/* Those of threads first: the others use one processor. */
static const bench_burst cases[] = {
    {"threads_32", BATCH, THREADS, false, 0},
    {"threads_44_coalesced", SEGMENTS, THREADS, false, COALESCED},
    {"burst_32", BATCH, BOTH, false, 0},
    {"burst_32_send", BATCH, SENDS, false, 0},
    {"burst_32_receive", BATCH, RECEIVES, false, 0},
    {"burst_32_features", BATCH, BOTH, false, ADDRESSES},
    {"connected_32", BATCH, BOTH, true, 0},
    {"connected_32_send", BATCH, SENDS, true, 0},
    {"segments_44", SEGMENTS, BOTH, false, 0},
    {"segments_44_send", SEGMENTS, SENDS, false, 0},
    {"coalesced_44", SEGMENTS, BOTH, false, COALESCED},
    {"coalesced_44_receive", SEGMENTS, RECEIVES, false, COALESCED},
    {"veth_32", BATCH, BOTH, false, 0},
    {"veth_segments_44", SEGMENTS, BOTH, false, 0},
    {"veth_coalesced_44", SEGMENTS, BOTH, false, COALESCED},
};

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "--between") == 0) {
        namespace_path = argv[2];
        here = argv[3];
        there = argv[4];
        argc -= 4;
        argv += 4;
    }
    bench_options("udp_batches", argc, argv);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool is_between = strncmp(cases[i].name, "veth", 4) == 0;
        if (cases[i].side != THREADS) {
            bench_use_one_processor();
        }
        if (is_between == (namespace_path != NULL)) {
            run_case(&cases[i]);
        }
    }
    return 0;
}
