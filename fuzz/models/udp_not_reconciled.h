/* udp_not_reconciled.h: the cases of "Not reconciled" in which a step of a program of datagrams
 * differs between Linux and another system in the simulation. */
#ifndef FUZZ_UDP_NOT_RECONCILED_H
#define FUZZ_UDP_NOT_RECONCILED_H

#include "fuzz/driver/windows.h"
#include "fuzz/models/difference.h"
#include "fuzz/programs/udp_program.h"

/* ---- The history of the run on Linux */

struct socket_history {
    bool sent_to_another, sent_together, refusal_is_left;
    int sent_since_pause;
    bool is_narrowed; /* bound to an address, or connected */
    bool is_member;
    bool is_connected;
};

static struct {
    struct socket_history sockets[UDP_SOCKETS + 1]; /* the last: of a call on none of them */
    int count;
    bool sent_to_group;     /* since the last pause */
    bool sent_to_broadcast; /* the same */
    bool has_loop_off[2];   /* the loop of some socket is off: IPv4's, IPv6's */
    /* some wait has ended later on the other system, or a fault, which may be a jump of the clock,
     * has hit a call on Linux only */
    bool was_late;
} history;

#define CALL(op) (UINT64_C(1) << UDP_##op)
#define SENDS (CALL(SEND) | CALL(SEND_TO) | CALL(PEER_SEND))

static struct socket_history *history_of(const struct udp_record *p)
{
    bool has_one = p->socket >= 0 && p->socket < UDP_SOCKETS;
    return &history.sockets[has_one ? p->socket : UDP_SOCKETS];
}

/* The kind of the result, or of the pending error that the call has taken. */
static fer_error_kind kind_of(const struct udp_record *record)
{
    return record->op == UDP_TAKE_ERROR ? (fer_error_kind)record->value : record->error.kind;
}

/* An IPv4-mapped address is one of IPv4, with its groups. */
static fer_ip_addr destination(const struct udp_record *p)
{
    return fer_ip_addr_to_canonical(p->addr.ip);
}

static bool is_sent_to_group(const struct udp_record *p)
{
    return (SENDS >> p->op & 1) != 0 && fer_ip_addr_is_multicast(destination(p));
}

static bool is_to_broadcast(const struct udp_record *p)
{
    fer_ip_addr to = destination(p);
    return to.family == FER_IP_V4 && fer_ipv4_addr_is_broadcast(to.u.v4);
}

static bool is_sent_to_broadcast(const struct udp_record *p)
{
    return (SENDS >> p->op & 1) != 0 && is_to_broadcast(p);
}

static void note_socket(const struct udp_record *p, struct socket_history *socket)
{
    socket->is_connected |= p->op == UDP_CONNECT;
    socket->is_narrowed |= p->op == UDP_CONNECT;
    socket->is_member |= p->op == UDP_JOIN;
    if (p->op == UDP_SEND || p->op == UDP_SEND_TO) {
        socket->sent_since_pause += p->fault_hit ? 2 : 1;
        socket->sent_together |= socket->sent_since_pause > 1;
    }
    socket->sent_to_another |=
        p->op == UDP_SEND_TO || (p->op == UDP_CONNECT && socket->sent_since_pause > 0);
}

static void note_record(const struct udp_record *p)
{
    for (int i = 0; i < UDP_SOCKETS && p->after_pause; i++) {
        history.sockets[i].sent_since_pause = 0;
    }
    history.sent_to_group = (history.sent_to_group && !p->after_pause) || is_sent_to_group(p);
    history.sent_to_broadcast =
        (history.sent_to_broadcast && !p->after_pause) || is_sent_to_broadcast(p);
    if (p->error.kind == FER_OK) {
        note_socket(p, history_of(p));
    }
    if (p->error.kind == FER_OK && p->op == UDP_BIND && p->addr.port != 0) {
        history.sockets[history.count++].is_narrowed = !fer_ip_addr_is_unspecified(p->addr.ip);
    }
    history_of(p)->refusal_is_left |=
        (p->op == UDP_PEEK || p->op == UDP_TAKE_ERROR) && is_kind_of(kind_of(p), REFUSED);
    history.has_loop_off[p->requested == 0] |= p->op == UDP_LOOP && p->value == 0;
}

/* ---- What the conditions need */

/* Two kinds differ, or the times after which the same came, of a socket that still has its
 * history. */
static bool has_differed(const struct udp_record *p, const struct udp_record *o)
{
    bool is_same = kind_of(p) == kind_of(o) && p->elapsed == o->elapsed;
    return !is_same && history_of(p) != &history.sockets[UDP_SOCKETS];
}

static bool is_group_in_flight(const struct udp_record *p)
{
    return history.sent_to_group || (p->error.kind == FER_OK && is_sent_to_group(p));
}

/* A socket that is a member, or is none, and perhaps is bound to an address. */
static bool has_socket(bool is_member, bool is_narrowed)
{
    for (int i = 0; i < history.count; i++) {
        const struct socket_history *socket = &history.sockets[i];
        if (socket->is_member == is_member && (!is_narrowed || socket->is_narrowed)) {
            return true;
        }
    }
    return false;
}

static bool is_broadcast_in_flight(const struct udp_record *p)
{
    return history.sent_to_broadcast || (p->error.kind == FER_OK && is_sent_to_broadcast(p));
}

/* ---- The table */

/* X(tag, systems, calls, kinds on Linux, kinds on the other system, and a condition of the step on
 * Linux, p, and there, o). Nothing after a case can be compared, also if the results are equal. */
/* clang-format off */
#define UDP_NOT_RECONCILED(X)                                                                      \
    /* For POSIX the wildcard is the loopback address, for Windows it is no destination. */        \
    X(wildcard_destination, ON_ALL, CALL(CONNECT) | CALL(SEND_TO), ANY, ANY,                       \
      fer_ip_addr_is_unspecified(p->addr.ip))                                                      \
    /* A connected Windows socket reports refusals of datagrams to other addresses, too. */        \
    X(refusal_of_another, ON_ALL, ANY, ANY, REFUSED,                                               \
      has_differed(p, o) && history_of(p)->sent_to_another)                                        \
    /* Refusals that arrive at one moment are reported once, or each to a call between. */         \
    X(refusals_together, ON_ALL, ANY, ANY, REFUSED,                                                \
      has_differed(p, o) && history_of(p)->sent_together)                                          \
    X(refusals_together, ON_ALL, ANY, REFUSED, ANY,                                                \
      has_differed(p, o) && history_of(p)->sent_together)                                          \
    /* No send reports a refusal on Windows, and only a receive takes it. */                       \
    X(send_after_refusal, ON_WINDOWS, SENDS, REFUSED, BUT(REFUSED), true)                          \
    X(refusal_is_left, ON_WINDOWS, ANY, ANY, REFUSED,                                              \
      has_differed(p, o) && history_of(p)->refusal_is_left)                                        \
    /* The sender's option decides on POSIX, the receiver's on Windows: the queues differ. */      \
    X(multicast_loop, ON_ALL, CALL(LOOP), ANY, ANY,                                                \
      p->value == 0 && history.sent_to_group && !p->after_pause)                                   \
    X(multicast_loop, ON_ALL, SENDS, K(OK), ANY,                                                   \
      is_sent_to_group(p) && history.has_loop_off[destination(p).family == FER_IP_V6])             \
    /* A member that is bound to an address receives the group's datagrams only on Windows, also   \
     * those that were in flight when it became one. */                                            \
    X(member_at_an_address, ON_ALL, ANY, ANY, ANY,                                                 \
      is_group_in_flight(p) && has_socket(true, true))                                             \
    /* So is a socket that is bound to an address, or connected, and a broadcast. */               \
    X(broadcast_at_an_address, ON_WINDOWS, ANY, ANY, ANY,                                          \
      is_broadcast_in_flight(p) && (has_socket(true, true) || has_socket(false, true)))            \
    /* A socket that has joined no group receives those of others on Linux, NetBSD and OpenBSD,    \
     * and on the latter two every socket does. */                                                 \
    X(group_of_another, ON_ALL, ANY, ANY, ANY,                                                     \
      is_group_in_flight(p) && has_socket(true, false) && (is_bsd || has_socket(false, false)))    \
    /* Also the loops of IPv4 and of IPv6, which are read after either is set. */                  \
    X(ipv4_groups_of_ipv6, ON_BSD, CALL(JOIN) | CALL(LEAVE) | CALL(LOOP), BUT(K(INVALID_INPUT)),   \
      K(INVALID_INPUT), true)                                                                      \
    X(ipv4_groups_of_ipv6, ON_BSD, CALL(LOOP), ANY, ANY, (p->n & ~o->n) == 1)                      \
    X(second_join_out_of_handles, ON_WINDOWS, CALL(JOIN), K(ADDR_IN_USE), K(ADDR_NOT_AVAILABLE),   \
      o->fault_hit)                                                                                \
    X(clone_out_of_memory, ON_WINDOWS, CALL(CLONE), K(OK), K(OUT_OF_MEMORY), true)                 \
    /* The duplicate that into_raw of a handle that was shared returns. */                         \
    X(raw_mode, ON_WINDOWS, CALL(THROUGH_RAW), ANY, ANY, p->is_adopted && !o->is_adopted)          \
    /* After a late wait the limits of a call are nearer there, or over, and a datagram or a       \
     * refusal has arrived there that is still in flight on Linux, or after a wait that was the    \
     * shorter for it, the other way round. */                                                     \
    X(late_event, ON_ALL, ANY, ANY, ANY, history.was_late && p->limits.are_set)                    \
    X(late_event, ON_ALL, ANY, K(WOULD_BLOCK) | K(OK) | REFUSED, K(WOULD_BLOCK) | K(OK) | REFUSED, \
      history.was_late && kind_of(p) != kind_of(o))                                                \
    /* K2: a wait without a request may end in another way until it notices its cancel. */         \
    X(cancel_is_late, ON_ALL, ANY, ANY, ANY,                                                       \
      p->limits.are_set && o->elapsed > p->elapsed &&                                              \
      o->elapsed <= p->elapsed + 20 * LIMITS_MILLI)                                                \
    /* The getter's answer is the destination of a send, also of one that fails. */                \
    X(peer_addr_after_end, ON_BSD, CALL(PEER_ADDR), K(OK), K(NOT_CONNECTED), true)                 \
    X(peer_addr_after_end, ON_BSD, CALL(SEND), ANY, ANY,                                           \
      p->addr.ip.family != 0 && o->addr.ip.family == 0)                                            \
    X(send_to_when_connected, ON_BSD, CALL(SEND_TO), ANY, K(ALREADY_CONNECTED), true)              \
    X(udp_reconnect_unbinds, ON_BSD, CALL(CONNECT), ANY, ANY, history_of(p)->is_connected)         \
    X(udp_reconnect_keeps_source, ON_WINDOWS, CALL(CONNECT), ANY, ANY,                             \
      history_of(p)->is_connected)                                                                 \
    X(send_beside_source, ON_ALL, CALL(SEND_TO), BUT(K(NETWORK_UNREACHABLE)),                      \
      K(NETWORK_UNREACHABLE), history_of(p)->is_connected)                                         \
    /* On NetBSD sockets of the two IP versions share a port. */                                   \
    X(dual_stack_beside_ipv4, ON_BSD, CALL(BIND), K(ADDR_IN_USE), K(OK), true)                     \
    X(no_dual_stack, ON_BSD, ANY, K(NETWORK_UNREACHABLE), K(ADDR_NOT_AVAILABLE), true)             \
    X(no_dual_stack, ON_BSD, CALL(BIND), K(OK) | K(ADDR_IN_USE), K(UNSUPPORTED),                   \
      fuzz_needs_dual_stack(&p->addr.ip))                                                          \
    /* The option is asked for before a socket of IPv6 that reaches no address of IPv4. */         \
    X(network_broadcast, ON_ALL, CALL(CONNECT), K(NETWORK_UNREACHABLE), K(PERMISSION_DENIED),      \
      is_to_broadcast(p))                                                                     \
    X(network_broadcast, ON_BSD, CALL(SEND), K(OK) | K(MESSAGE_TOO_LONG), K(PERMISSION_DENIED),    \
      is_to_broadcast(p))                                                                     \
    /* Buffers that lack are MESSAGE_TOO_LONG on Linux if the datagram exceeds the send buffer. */ \
    X(no_buffer_space_datagram, ON_ALL, SENDS, K(MESSAGE_TOO_LONG), K(NO_BUFFER_SPACE),            \
      p->fault_hit)
/* clang-format on */

#endif
