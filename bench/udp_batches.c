/* udp_batches.c: bursts of datagrams of 1200 bytes over loopback: batches, segments and coalescing,
 * beside the system calls by hand, the calls of quinn-udp, and one call for each datagram. One
 * thread sends a burst and receives it. Linux only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* CMSG_NXTHDR of musl compares a size with a difference of pointers. */
#pragma GCC diagnostic ignored "-Wsign-compare"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BENCH_CLOCK CLOCK_PROCESS_CPUTIME_ID
#include "bench/bench.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "ferrule.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { SIZE = 1200, BATCH = 32, SEGMENTS = 44, LONGEST = 65535, BURSTS = 20, CONTROL = 256 };

#define MUST(call) bench_must((call).kind == FER_OK, #call)

/* The input of a body. A burst is one batch of single datagrams, or one message with segments. */
typedef struct bench_sockets {
    fer_udp_socket from;
    fer_udp_socket to;
    fer_socket_addr address;
    struct sockaddr_in raw_address;
    size_t burst; /* datagrams */
    bool has_segments;
} bench_sockets;

static unsigned char outgoing[LONGEST];
static unsigned char incoming[BATCH][LONGEST];

static int raw_of(const fer_udp_socket *socket)
{
    return (int)fer_udp_socket_as_raw(socket);
}

/* ---- One call for each datagram */

static uint64_t singles(const void *input, size_t count)
{
    bench_sockets *sockets = (bench_sockets *)(uintptr_t)input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t sent = 0; sent < sockets->burst; sent++) {
            MUST(fer_udp_socket_send_to(&sockets->from, outgoing, SIZE, &sockets->address, NULL));
        }
        for (size_t got = 0; got < sockets->burst; got++) {
            fer_udp_received received;
            MUST(fer_udp_socket_recv_from(&sockets->to, incoming[0], LONGEST, &received));
            sum += received.len;
        }
    }
    return sum;
}

/* ---- The system calls by hand */

static struct mmsghdr headers[BATCH];
static struct iovec slices[BATCH];
static struct sockaddr_storage names[BATCH];
static uint64_t controls[BATCH][CONTROL / sizeof(uint64_t)];

static void prepare_headers(bool sends, struct sockaddr_in *to, bool has_control)
{
    memset(headers, 0, sizeof headers);
    for (size_t i = 0; i < BATCH; i++) {
        struct msghdr *header = &headers[i].msg_hdr;
        slices[i] = (struct iovec){sends ? outgoing : incoming[i], sends ? SIZE : LONGEST};
        header->msg_iov = &slices[i];
        header->msg_iovlen = 1;
        header->msg_name = sends ? (void *)to : (void *)&names[i];
        header->msg_namelen = sends ? sizeof *to : sizeof names[i];
        header->msg_control = has_control ? controls[i] : NULL;
        header->msg_controllen = has_control ? CONTROL : 0;
    }
}

/* A message with segments, and as quinn-udp does it with a TOS. */
static void send_segments(const bench_sockets *sockets, bool has_tos)
{
    uint64_t control[CONTROL / sizeof(uint64_t)] = {0};
    struct iovec slice = {outgoing, sockets->burst * SIZE};
    struct msghdr header = {0};
    uint16_t size = SIZE;
    int tos = 2;
    header.msg_name = (void *)(uintptr_t)&sockets->raw_address;
    header.msg_namelen = sizeof sockets->raw_address;
    header.msg_iov = &slice;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof size) + (has_tos ? CMSG_SPACE(sizeof tos) : 0);
    struct cmsghdr *item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = IPPROTO_UDP;
    item->cmsg_type = UDP_SEGMENT;
    item->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(item), &size, sizeof size);
    if (has_tos) {
        item = CMSG_NXTHDR(&header, item);
        item->cmsg_level = IPPROTO_IP;
        item->cmsg_type = IP_TOS;
        item->cmsg_len = CMSG_LEN(sizeof tos);
        memcpy(CMSG_DATA(item), &tos, sizeof tos);
    }
    bench_must(sendmsg(raw_of(&sockets->from), &header, MSG_NOSIGNAL) ==
                   (ssize_t)(sockets->burst * SIZE),
               "sendmsg");
}

/* Reads the control messages as a program has to. */
static uint64_t read_controls(struct msghdr *header)
{
    uint64_t sum = 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL;
         item = CMSG_NXTHDR(header, item)) {
        sum += (uint64_t)item->cmsg_type;
    }
    return sum;
}

static uint64_t receive_burst(const bench_sockets *sockets)
{
    uint64_t sum = 0;
    size_t got = 0;
    while (got < sockets->burst * SIZE) {
        prepare_headers(false, NULL, true);
        int count = recvmmsg(raw_of(&sockets->to), headers, BATCH, MSG_WAITFORONE, NULL);
        bench_must(count > 0, "recvmmsg");
        for (int i = 0; i < count; i++) {
            got += headers[i].msg_len;
            sum += read_controls(&headers[i].msg_hdr);
        }
    }
    return sum;
}

static uint64_t raw(const void *input, size_t count)
{
    const bench_sockets *sockets = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (sockets->has_segments) {
            send_segments(sockets, false);
        } else {
            prepare_headers(true, (struct sockaddr_in *)(uintptr_t)&sockets->raw_address, false);
            bench_must(sendmmsg(raw_of(&sockets->from), headers, BATCH, MSG_NOSIGNAL) == BATCH,
                       "sendmmsg");
        }
        sum += receive_burst(sockets);
    }
    return sum;
}

static uint64_t quinn(const void *input, size_t count)
{
    const bench_sockets *sockets = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        send_segments(sockets, true);
        sum += receive_burst(sockets);
    }
    return sum;
}

/* ---- ferrule */

static uint64_t ferrule_bursts(const void *input, size_t count, fer_ecn ecn)
{
    bench_sockets *sockets = (bench_sockets *)(uintptr_t)input;
    size_t messages = sockets->has_segments ? 1 : sockets->burst;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_datagram_send out[BATCH];
        fer_datagram_recv in[BATCH];
        for (size_t k = 0; k < messages; k++) {
            out[k] = (fer_datagram_send){.buf = outgoing,
                                         .len = sockets->burst / messages * SIZE,
                                         .segment_size = sockets->has_segments ? SIZE : 0,
                                         .to = &sockets->address,
                                         .ecn = ecn};
        }
        MUST(fer_udp_socket_send_batch(&sockets->from, out, messages, NULL));
        size_t got = 0;
        while (got < sockets->burst * SIZE) {
            size_t n = 0;
            for (size_t k = 0; k < BATCH; k++) {
                in[k].buf = incoming[k];
                in[k].cap = LONGEST;
            }
            MUST(fer_udp_socket_recv_batch(&sockets->to, in, BATCH, &n));
            for (size_t k = 0; k < n; k++) {
                got += in[k].len;
                sum += in[k].interface_index;
            }
        }
    }
    return sum;
}

static uint64_t ferrule(const void *input, size_t count)
{
    return ferrule_bursts(input, count, FER_ECN_NOT_ECT);
}

static uint64_t ferrule_ecn(const void *input, size_t count)
{
    return ferrule_bursts(input, count, FER_ECN_ECT0);
}

/* ---- Cases */

static void open_sockets(bench_sockets *sockets, fer_udp_features features)
{
    fer_udp_features enabled = 0;
    MUST(fer_udp_socket_bind(&sockets->from, "127.0.0.1:0"));
    MUST(fer_udp_socket_bind(&sockets->to, "127.0.0.1:0"));
    MUST(fer_udp_socket_local_addr(&sockets->to, &sockets->address));
    MUST(fer_udp_socket_enable(&sockets->to, features, &enabled));
    bench_must(enabled == features, "this kernel has the features");
    sockets->raw_address = (struct sockaddr_in){.sin_family = AF_INET,
                                                .sin_port = htons(sockets->address.port),
                                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Singles receive no coalesced datagrams, and only messages with segments are sent as quinn-udp
 * does. */
static void run_case(const char *name, size_t burst, fer_udp_features features)
{
    bench_contender contenders[BENCH_CONTENDERS_MAX] = {
        {"raw", raw}, {"raw-again", raw}, {"ferrule", ferrule}};
    size_t contender_count = 3;
    bench_sockets sockets = {.burst = burst, .has_segments = burst > BATCH};
    if ((features & FER_UDP_COALESCING) == 0) {
        contenders[contender_count++] = (bench_contender){"singles", singles};
    }
    if (sockets.has_segments) {
        contenders[contender_count++] = (bench_contender){"quinn", quinn};
        contenders[contender_count++] = (bench_contender){"ferrule-ecn", ferrule_ecn};
    }
    const bench_case c = {name, &sockets, BURSTS, contenders, contender_count};
    open_sockets(&sockets, features);
    bench_run(&c);
    fer_udp_socket_close(&sockets.from);
    fer_udp_socket_close(&sockets.to);
}

int main(int argc, char **argv)
{
    const fer_udp_features address = FER_UDP_LOCAL_ADDR | FER_UDP_ECN;
    bench_options("udp_batches", argc, argv);
    bench_use_one_processor();
    run_case("burst_32", BATCH, 0);
    run_case("burst_32_features", BATCH, address);
    run_case("segments_44", SEGMENTS, 0);
    run_case("segments_44_coalesced", SEGMENTS, address | FER_UDP_COALESCING);
    return 0;
}
