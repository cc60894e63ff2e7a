/* messages.h: the part of the seam for batches of datagrams: messages with a local address, an
 * interface, ECN and segments, several in one system call; features of the socket; fragmentation.
 * The rules of platform.h apply, which does not include this file. */
#ifndef FERP_MESSAGES_H
#define FERP_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "ferrule/udp_batch.h"
#include "platform/platform.h"

/* The most messages of one call here. A backend has their headers on its stack. */
#define FERP_MESSAGES_MAX 32

/* The most segments of one message, and the most bytes of one with segments: of an IPv4 datagram
 * before it is cut. Linux has 64 segments before 6.9, and 128 since (include/linux/udp.h,
 * UDP_MAX_SEGMENTS). */
#define FERP_SEGMENTS_MAX 64
#define FERP_SEGMENTED_LENGTH_MAX 65507

/* A message to send. family is that of the packets: IPv4 also if an IPv6 socket sends to an
 * IPv4-mapped address. It decides the control messages. */
struct ferp_send_message {
    const void *buf;
    size_t len;
    size_t segment_size;      /* 0: one datagram; otherwise less than len, and at most 65535 */
    fer_socket_addr to;       /* in the form of the socket's family; family 0: the peer */
    fer_ip_family family;     /* FER_IP_V4 or FER_IP_V6 */
    fer_ip_addr from;         /* the local address, of family; family 0: the OS chooses */
    uint32_t interface_index; /* 0: the OS chooses */
    uint8_t tos;              /* the whole byte: TOS of IPv4 or traffic class of IPv6 */
    bool has_tos;             /* false: the byte of the socket */
    bool needs_tos;           /* has_tos is not best effort */
    uint8_t hop_limit;        /* TTL of IPv4 or hop limit of IPv6; 0: that of the socket */
};

/* The messages that one call of the two functions below can move: FERP_MESSAGES_MAX (sendmmsg and
 * recvmmsg), or 1. It becomes 1 when the OS has refused one of them. */
size_t ferp_messages_per_call(void);

/* Sends messages in order, each complete or not at all, as far as one system call does. count is 1
 * to FERP_MESSAGES_MAX. flags is 0 or FERP_DONTWAIT. OK: the first *sent messages were sent, at
 * least one. If that is not all, the error of the next one is unknown: the caller sends the rest.
 * Any other result is the error of the first message; nothing was sent, and *sent is 0. A signal,
 * an expired timeout and a full buffer after the first message are OK too. If the OS would ignore
 * from, interface_index, needs_tos or hop_limit, the message is UNSUPPORTED; interface_index beside
 * from is best effort, and so is has_tos alone. A message with segment_size goes only to a socket
 * that has FER_UDP_SEGMENTING. INVALID_INPUT or UNSUPPORTED of a message with segment_size, or with
 * has_tos, may be a refusal of these: EIO is UNSUPPORTED then (Linux: no checksum offload).
 * ADDR_NOT_AVAILABLE: from is not an address of this machine; or as ferp_send_to. sendmmsg, or
 * sendmsg of the first message | WSASendMsg of the first message. */
fer_error ferp_send_messages(fer_raw_socket raw, const struct ferp_send_message *messages,
                             size_t count, unsigned flags, size_t *sent);

/* Receives messages, as far as one system call does: waits for the first one, by the mode of the
 * socket, and takes those that are queued behind it. count is 1 to FERP_MESSAGES_MAX. flags is 0 or
 * FERP_DONTWAIT. The caller has set buf and cap. OK: the other members of the first *received
 * messages are set, at least of one. A sender of family 0: the read half is shut down, and nothing
 * is queued. *received is less than count only if ferp_messages_per_call is 1, or if the queue was
 * empty after them or has a failure, which stays with the socket, or if a sender has no address of
 * IP: its message is lost, and no error if there are others. segment_size is len, for one that is
 * truncated len + 1, or for coalesced datagrams their length, and never 0 if len is not. A datagram
 * longer than cap is truncated on every OS. Any other result is as of ferp_recv_from, and *received
 * is 0. recvmmsg with MSG_WAITFORONE, or recvmsg of the first message | WSARecvMsg of the first
 * message. */
fer_error ferp_recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                             unsigned flags, size_t *received);

/* One feature of the socket of a family: one bit. Only the switches can be set, and
 * FER_UDP_SEGMENTING to false: then the segment size of the socket itself is 0. UNSUPPORTED: this
 * OS, this version or a sandbox does not have it for this socket. *on of a feature that cannot be
 * set is true. FER_UDP_BATCHING is that of ferp_messages_per_call, after the OS was tried.
 * COALESCING is UNSUPPORTED on Windows (rule B9). An IPv6 socket has both families' options, as far
 * as the OS has them; IPv6's decides. IP_PKTINFO or IP_RECVDSTADDR and IP_RECVIF, IPV6_RECVPKTINFO;
 * IP_RECVTOS, IPV6_RECVTCLASS; IP_RECVTTL, IPV6_RECVHOPLIMIT; UDP_GRO; SO_RXQ_OVFL; SO_TIMESTAMPNS,
 * SO_TIMESTAMP; UDP_SEGMENT | IP_PKTINFO, IPV6_PKTINFO; IP_RECVTOS, IPV6_RECVTCLASS, or IP_RECVECN,
 * IPV6_RECVECN; IP_RECVTTL, IPV6_HOPLIMIT; UDP_SEND_MSG_SIZE. */
fer_error ferp_set_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                               bool on);
fer_error ferp_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                           bool *on);

/* Whether datagrams may not be fragmented; false is the system's default. UNSUPPORTED: this OS, or
 * this version, does not have it for this family. An IPv6 socket has both families' options, as
 * far as the OS has them; IPv6's decides. IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IP_DONTFRAG,
 * IPV6_DONTFRAG | IP_DONTFRAGMENT, IPV6_DONTFRAG. */
fer_error ferp_set_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool on);
fer_error ferp_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool *on);

/* The MTU of the path to the peer. NOT_CONNECTED. UNSUPPORTED: this OS, or this version, does not
 * report it. IP_MTU, IPV6_MTU (Linux), IPV6_PATHMTU | IP_MTU, IPV6_MTU. */
fer_error ferp_path_mtu(fer_raw_socket raw, fer_ip_family family, uint32_t *out);

#endif
