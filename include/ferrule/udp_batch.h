/* udp_batch.h: many datagrams in one call, for QUIC, DNS, games and media: batches, segments that
 * the OS cuts, coalesced datagrams, the local address, ECN, the traffic class, the hop limit, drops
 * and times of arrival.
 *
 *     fer_datagram_recv in[32];
 *     fer_datagram_send out[32];
 *     size_t n = 0;
 *     FER_TRY(fer_udp_socket_enable(&socket, FER_UDP_LOCAL_ADDR, NULL));
 *     for (size_t i = 0; i < 32; i++) {
 *         in[i] = (fer_datagram_recv){.buf = buffers[i], .cap = sizeof buffers[i]};
 *     }
 *     FER_TRY(fer_udp_socket_recv_batch(&socket, in, 32, &n));
 *     for (size_t i = 0; i < n; i++) {
 *         out[i] = (fer_datagram_send){
 *             .buf = in[i].buf, .len = in[i].len, .to = &in[i].from, .from = in[i].local_ip};
 *     }
 *     FER_TRY(fer_udp_socket_send_batch(&socket, out, n, NULL));
 *
 * This server answers each datagram from the address that it was sent to, if the system has
 * FER_UDP_LOCAL_ADDR and FER_UDP_SOURCE. With a link-local address it also sets interface_index. A
 * server that lasts skips an answer that fails, for example to a datagram that was sent to a group
 * or a broadcast address: see fer_udp_socket_send_batch. Two sockets on [::] and 0.0.0.0 with one
 * port need fer_socket_set_only_v6.
 *
 * A system that cannot do something in one call does it in several: the datagrams on the network
 * are the same (rules B4, B5). The rules B1 to B13 (docs/RULES.md, ferrule_rules(7)) hold for all
 * functions: B1 order and resuming, B2 waits to send, B3 waits to receive, B4 segments, B5 refused
 * segments, B6 ECN, B7 local addresses, B8 and B9 coalescing, B10 the peer and refusals, B11
 * misuse, B12 signals, B13 the traffic class and the hop limit. udp.h has the socket, and what it
 * says of handles and threads holds here too. socket.h has the sizes of its buffers and its TOS
 * (fer_udp_socket_as_socket).
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE and other errors of the OS.
 * Rust: none in std; crate quinn_udp.
 * Threads: concurrent with any other call on the handle except close. */
#ifndef FERRULE_UDP_BATCH_H
#define FERRULE_UDP_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "ferrule/udp.h"

FER_BEGIN_DECLS

/* ---- Features */

/* Features of a datagram socket, joined by |. fer_udp_socket_features reports all of them.
 * fer_udp_socket_enable takes the first five and FER_UDP_HOP_LIMIT: the switches. */
typedef uint32_t fer_udp_features;
#define FER_UDP_LOCAL_ADDR 1u  /* receive: the local address and the interface */
#define FER_UDP_ECN 2u         /* receive: the ECN codepoint */
#define FER_UDP_COALESCING 4u  /* receive: several datagrams of one sender in one buffer (GRO) */
#define FER_UDP_DROPS 8u       /* receive: how many messages the full queue has dropped */
#define FER_UDP_TIMESTAMPS 16u /* receive: the time of arrival */
#define FER_UDP_SOURCE 32u     /* send from a given local address */
#define FER_UDP_SEGMENTING 64u /* the OS cuts a message into datagrams (GSO, USO) */
#define FER_UDP_BATCHING 128u  /* one system call for several messages */
#define FER_UDP_HOP_LIMIT 256u /* receive: the hop limit, over IPv4 the time to live */
/* FER_UDP_ECN is the whole traffic class, over IPv4 the TOS; and a message is sent with one */
#define FER_UDP_TRAFFIC_CLASS 512u
#define FER_UDP_SEND_HOP_LIMIT 1024u /* a message is sent with a hop limit */

/* The cap of a message with which no coalesced datagram is lost. */
#define FER_UDP_COALESCED_MAX 65535u

/* The features of a socket: those that are enabled, and those that this system has for it. Those of
 * an IPv6 socket are for packets of IPv6; a message to an IPv4-mapped address may lack some.
 * max_segments is the number of datagrams that one step hands to the OS, 1 without
 * FER_UDP_SEGMENTING; a longer message takes several steps. max_batch is the number of messages of
 * one system call, 1 without FER_UDP_BATCHING. */
typedef struct fer_udp_capabilities {
    fer_udp_features enabled;
    fer_udp_features available;
    uint32_t max_segments;
    uint32_t max_batch;
} fer_udp_capabilities;

/** Enables the features in wanted that this system has, and disables the other switches, except
 * FER_UDP_COALESCING. Stores the features that are then enabled in *enabled, which may be NULL. A
 * missing feature is no error: its members of received messages are empty. All handles of the
 * socket share the features. They are set in the order of their bits. After an error of the OS
 * those before the failing one are set; fer_udp_socket_features returns them.
 *
 * FER_UDP_COALESCING needs buffers of FER_UDP_COALESCED_MAX bytes, and while it is enabled only the
 * batch calls can receive (rule B8). It cannot be disabled. On a handle that has been cloned, or
 * that is a clone, it cannot be enabled either: the call is FER_OK, and *enabled tells whether it
 * is on. So enable it before a clone is made. Enable the features before the socket receives: a
 * datagram that is queued already may lack them.
 * Errors: FER_INVALID_INPUT (wanted has a bit that is no switch), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_enable(fer_udp_socket *socket,
                                                     fer_udp_features wanted,
                                                     fer_udp_features *FER_NULLABLE enabled)
    FER_INOUT(1);

/** Stores the features of the socket in *out. A feature that a sandbox refuses is missing. What the
 * OS reports may still be refused by the driver of a network interface: rule B5. */
FER_MUST_USE FER_API fer_error fer_udp_socket_features(const fer_udp_socket *socket,
                                                       fer_udp_capabilities *out);

/* ---- Messages */

/* The ECN codepoint of a datagram (RFC 3168, section 5). */
typedef enum fer_ecn {
    FER_ECN_NOT_ECT = 0,
    FER_ECN_ECT1 = 1,
    FER_ECN_ECT0 = 2,
    FER_ECN_CE = 3
} fer_ecn;

/* A message to send: one datagram of len bytes, or datagrams of segment_size bytes each, of which
 * the last may be shorter. A member that is 0 or NULL is not used: initialize to all zero bytes and
 * set the members that you need. A call writes only sent. */
typedef struct fer_datagram_send {
    const void *FER_NULLABLE buf; /* may be NULL if len is 0, which is an empty datagram */
    size_t len;
    /* set it to 0 for a new message; a call adds the bytes of each datagram sent (rule B1), and
     * skips those of earlier calls: a message with a sent of len is done */
    size_t sent;
    size_t segment_size; /* if 0 or not less than len, the message is one datagram */
    const fer_socket_addr *FER_NULLABLE to; /* NULL: the socket's peer */
    fer_ip_addr from; /* the local address; family 0 or 0.0.0.0 or ::, the OS chooses (rule B7) */
    uint32_t interface_index; /* the network interface to send by; 0: the OS chooses (rule B7) */
    fer_ecn ecn;              /* FER_ECN_NOT_ECT: the ECN bits of the traffic class (rule B6) */
    bool has_traffic_class;   /* false: the socket's own traffic class or TOS */
    uint8_t traffic_class;    /* all eight bits; ecn replaces the lowest two (rule B13) */
    uint8_t hop_limit;        /* or time to live; 0: the socket's own (rule B13) */
} fer_datagram_send;

/* A received message: one datagram, or with FER_UDP_COALESCING several of one sender. The caller
 * sets buf and cap, and the call the other members. This loop takes each datagram of a message
 * `in`, also an empty or a truncated one:
 *
 *     size_t at = 0;
 *     do {
 *         size_t left = in.len - at;
 *         size_t len = in.segment_size < left ? in.segment_size : left;
 *         bool is_whole = !in.truncated || len == in.segment_size;
 *         take((const char *)in.buf + at, len, is_whole);
 *         at += len;
 *     } while (at < in.len);
 *
 * buf may be NULL if cap is 0. A member stays unreported if the control messages of options that
 * other code has set on the socket take the buffer of 512 bytes. */
typedef struct fer_datagram_recv {
    void *FER_NULLABLE buf;
    size_t cap;
    size_t len;
    /* the length of each datagram in buf, of which the last may be shorter. Of a single datagram it
     * is len, or len + 1 if the datagram is truncated */
    size_t segment_size;
    bool truncated; /* bytes that did not fit are lost; the first len / segment_size datagrams are
                       whole */
    bool has_ecn;
    bool has_traffic_class; /* with FER_UDP_ECN */
    bool has_hop_limit;
    uint8_t traffic_class; /* over IPv4 the TOS, with the two bits of ecn; 0: not reported */
    uint8_t hop_limit;     /* over IPv4 the time to live; 0 if not reported */
    fer_ecn ecn;
    fer_socket_addr from;
    /* the address that it was sent to, perhaps a group's or a broadcast address; family 0: not
     * reported. An IPv4 address of an IPv6 socket is IPv4-mapped, as in from */
    fer_ip_addr local_ip;
    uint32_t interface_index; /* the network interface that it came by; 0: not reported */
    /* the messages dropped before it, since the socket was made; coalesced datagrams are one. 0 if
     * not reported */
    uint32_t drops;
    uint64_t unix_nanos; /* the time of arrival since 1970, by the system clock; 0: unknown */
} fer_datagram_recv;

/* ---- Sending and receiving
 *
 * messages must have count elements. n may be NULL. *n is the number of messages that are done,
 * from the first one on, also after a failure. With a count of 0 the call on an open handle is
 * FER_OK, and messages may be NULL. A _try_ call never waits, regardless of the blocking mode and
 * the timeouts. Otherwise it is the same as the call without _try_.
 *
 * Threads: one receive call and one send call at once, and any other call except close. */

/** Sends messages in order. FER_OK: all were sent. Otherwise the error is that of messages[*n]: the
 * messages before it were sent completely, and of this one messages[*n].sent bytes. Call again with
 * messages + *n and count - *n: no datagram is lost or sent twice (rule B1). To skip the failed
 * message, call with the next one. Only n tells whether an empty datagram was sent.
 * Blocks: while the socket's send buffer is full, for each message at most the write timeout. Never
 * in nonblocking mode. The handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: for a message without `to` same as fer_udp_socket_send, otherwise same as
 * fer_udp_socket_send_to. A refusal of an earlier datagram may be lost (rule B10). Also
 * FER_UNSUPPORTED (from, interface_index, traffic_class or hop_limit, which this system lacks),
 * FER_ADDR_NOT_AVAILABLE (from is not an address of this machine, is a group's, or is link-local,
 * and neither interface_index nor the scope of `to` is set; a broadcast address is another error of
 * the OS), FER_NOT_FOUND (no interface has this index), FER_INVALID_INPUT (from is of another
 * family than the destination; an IPv4-mapped address counts as IPv4; the interface has not this
 * address; sent is more than len; a bad family, or ecn is none of fer_ecn), FER_MISUSE (messages is
 * NULL; buf is NULL and len is not 0). */
FER_MUST_USE FER_API fer_error fer_udp_socket_send_batch(fer_udp_socket *socket,
                                                         fer_datagram_send *FER_NULLABLE messages,
                                                         size_t count, size_t *FER_NULLABLE n)
    FER_INOUT(1) FER_INOUT(2);

/** Receives messages: waits for the first one, and takes those that are queued behind it, at most
 * count. After FER_OK with count above 0, *n is at least 1. If it is less than count, the queue was
 * empty, or a failure or a signal ended the call (rules B3, B12): a program that waits for
 * edge-triggered events calls again until FER_WOULD_BLOCK. The call fills in the first *n messages.
 * The others keep buf and cap; their other members and the bytes in their buffers are unspecified.
 * A connected socket drops the datagrams of other senders (rule B10), and then the call may
 * exchange buf and cap of two messages: use messages[i].buf.
 *
 * A datagram that is longer than cap is truncated. After a shutdown of receiving
 * (fer_socket_shutdown) the result is one message with a len of 0 from the peer, every time: a loop
 * until FER_WOULD_BLOCK must end there.
 * Blocks: until a datagram arrives, at most the read timeout. Never in nonblocking mode. The
 * handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: same as fer_udp_socket_recv_from, but none because of FER_UDP_COALESCING. Also FER_MISUSE
 * (messages is NULL; buf of any message is NULL and its cap is not 0), before anything is received.
 * *n is 0 then. A failure of the OS after the first datagram is the result of the handle's next
 * receive, or of fer_udp_socket_take_error. */
FER_MUST_USE FER_API fer_error fer_udp_socket_recv_batch(fer_udp_socket *socket,
                                                         fer_datagram_recv *FER_NULLABLE messages,
                                                         size_t count, size_t *FER_NULLABLE n)
    FER_INOUT(1) FER_INOUT(2);

/** Sends messages in order and never waits.
 * Errors: FER_WOULD_BLOCK (no room for messages[*n]); otherwise same as fer_udp_socket_send_batch
 * in nonblocking mode. */
FER_MUST_USE FER_API fer_error
fer_udp_socket_try_send_batch(fer_udp_socket *socket, fer_datagram_send *FER_NULLABLE messages,
                              size_t count, size_t *FER_NULLABLE n) FER_INOUT(1) FER_INOUT(2);

/** Receives queued messages and never waits.
 * Errors: FER_WOULD_BLOCK (no datagram is queued); otherwise same as fer_udp_socket_recv_batch in
 * nonblocking mode. */
FER_MUST_USE FER_API fer_error
fer_udp_socket_try_recv_batch(fer_udp_socket *socket, fer_datagram_recv *FER_NULLABLE messages,
                              size_t count, size_t *FER_NULLABLE n) FER_INOUT(1) FER_INOUT(2);

/* ---- The length of datagrams on the path */

/** Sets whether datagrams may not be fragmented, for path MTU discovery by the program (RFC 8899).
 * A datagram that is longer than the MTU of the network interface is then FER_MESSAGE_TOO_LONG, and
 * a router drops one that is too long for its next link. With false, the default, the system
 * decides: Linux does path MTU discovery, but not for messages with segments over IPv4, which a
 * router may cut into fragments (`fragments_and_mtu`).
 * Errors: FER_UNSUPPORTED (NetBSD and OpenBSD over IPv4; macOS before 11), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_dont_fragment(fer_udp_socket *socket,
                                                                bool dont_fragment) FER_INOUT(1);

/** Stores in *out whether datagrams may not be fragmented.
 * Errors: same as fer_udp_socket_set_dont_fragment. */
FER_MUST_USE FER_API fer_error fer_udp_socket_dont_fragment(const fer_udp_socket *socket,
                                                            bool *out);

/** Stores in *out the longest packet that the OS assumes for the path to the peer, with the headers
 * of IP and UDP. It is that of the network interface at first. It shrinks when a router reports
 * less, and such reports may be lost or forged. It does not limit what can be sent.
 * Errors: FER_NOT_CONNECTED, FER_UNSUPPORTED (the system does not report it), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_path_mtu(const fer_udp_socket *socket, uint32_t *out);

FER_END_DECLS

#endif
