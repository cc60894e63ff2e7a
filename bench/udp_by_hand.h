/* udp_by_hand.h: bursts of datagrams by the system calls alone, the base of bench/udp_batches.c. A
 * port of 0 in bench_ends: its sockets are connected. Linux only. */
#ifndef FERRULE_BENCH_UDP_BY_HAND_H
#define FERRULE_BENCH_UDP_BY_HAND_H

#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/peers.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { BATCH = 32, LONGEST = 65535, CONTROL = 256 };

typedef struct by_hand_batch {
    struct mmsghdr headers[BATCH];
    struct iovec slices[BATCH];
    struct sockaddr_storage names[BATCH];
    uint64_t controls[BATCH][CONTROL / sizeof(uint64_t)];
} by_hand_batch;

static inline void by_hand_address(const bench_ends *ends, struct msghdr *header)
{
    if (ends->address.sin_port != 0) {
        header->msg_name = (void *)(uintptr_t)&ends->address;
        header->msg_namelen = sizeof ends->address;
    }
}

/* A message with segments, and as quinn-udp does it with a TOS. */
static inline void by_hand_send_segments(const bench_ends *ends, size_t count, bool has_tos)
{
    uint64_t control[CONTROL / sizeof(uint64_t)] = {0};
    struct iovec slice = {(void *)(uintptr_t)ends->outgoing, count * ends->block};
    struct msghdr header = {0};
    uint16_t size = (uint16_t)ends->block;
    int tos = 2;
    by_hand_address(ends, &header);
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
    bench_must(sendmsg(ends->from, &header, MSG_NOSIGNAL) == (ssize_t)(count * ends->block),
               "sendmsg");
}

/* BATCH single datagrams. */
static inline void by_hand_send_batch(const bench_ends *ends)
{
    static by_hand_batch batch;
    memset(batch.headers, 0, sizeof batch.headers);
    for (size_t i = 0; i < BATCH; i++) {
        struct msghdr *header = &batch.headers[i].msg_hdr;
        batch.slices[i] = (struct iovec){(void *)(uintptr_t)ends->outgoing, ends->block};
        header->msg_iov = &batch.slices[i];
        header->msg_iovlen = 1;
        by_hand_address(ends, header);
    }
    bench_must(sendmmsg(ends->from, batch.headers, BATCH, MSG_NOSIGNAL) == BATCH, "sendmmsg");
}

/* Reads the control messages as a program has to. */
static inline uint64_t by_hand_read_controls(struct msghdr *header)
{
    uint64_t sum = 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL;
         item = CMSG_NXTHDR(header, item)) {
        sum += (uint64_t)item->cmsg_type;
    }
    return sum;
}

/* Receives at most BATCH messages into `incoming`, BATCH buffers of LONGEST bytes. Returns a sum of
 * the control messages. */
static inline uint64_t by_hand_receive(const bench_ends *ends, size_t *len)
{
    static by_hand_batch batch;
    uint64_t sum = 0;
    memset(batch.headers, 0, sizeof batch.headers);
    for (size_t i = 0; i < BATCH; i++) {
        struct msghdr *header = &batch.headers[i].msg_hdr;
        batch.slices[i] = (struct iovec){ends->incoming + i * LONGEST, LONGEST};
        header->msg_iov = &batch.slices[i];
        header->msg_iovlen = 1;
        header->msg_name = &batch.names[i];
        header->msg_namelen = sizeof batch.names[i];
        header->msg_control = batch.controls[i];
        header->msg_controllen = CONTROL;
    }
    int count = recvmmsg(ends->to, batch.headers, BATCH, MSG_WAITFORONE, NULL);
    bench_must(count > 0, "recvmmsg");
    for (int i = 0; i < count; i++) {
        *len += batch.headers[i].msg_len;
        sum += by_hand_read_controls(&batch.headers[i].msg_hdr);
    }
    return sum;
}

#endif
