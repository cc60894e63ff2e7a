/* udp_not_reconciled.h: one predicate for each row of docs/DIFFERENCES.md, "Not reconciled", by
 * which datagrams differ in the simulation. */
#ifndef FUZZ_UDP_NOT_RECONCILED_H
#define FUZZ_UDP_NOT_RECONCILED_H

#include <string.h>

#include "fuzz/driver/windows.h"
#include "fuzz/programs/udp_program.h"

/* X(tag): nothing after a hit can be compared. */
/* clang-format off */
#define UDP_NOT_RECONCILED(X)                                                            \
    X(wildcard_destination) X(refusal_of_another) X(refusals_together) X(multicast_loop) \
    X(member_at_an_address) X(group_of_another) X(clone_out_of_memory) X(late_event)      \
    X(send_to_connected) X(udp_reconnect_unbinds) X(dual_stack_beside_ipv4) \
    X(no_dual_stack) X(cancel_is_late) X(send_after_refusal) X(refusal_is_left) \
    X(network_broadcast) X(ipv4_groups_of_ipv6) X(no_buffer_space_datagram)
/* clang-format on */

/* The history of the sockets that the predicates need. */
static struct {
    bool sent_to_another[UDP_SOCKETS];
    bool sent_together[UDP_SOCKETS];
    bool refusal_is_left[UDP_SOCKETS];
    int sent_since_pause[UDP_SOCKETS];
    bool sent_to_group;   /* since the last pause */
    bool has_loop_off[2]; /* the loop of some socket is off: IPv4's, IPv6's */
    bool was_late;        /* some wait has ended later on Windows */
    int sockets;
    bool is_narrowed[UDP_SOCKETS];
    bool is_member[UDP_SOCKETS];
    bool is_connected[UDP_SOCKETS];
    bool is_bsd; /* the other run is that of the BSD dialect */
} history;

/* An IPv4-mapped address is one of IPv4, with its groups. */
static fer_ip_addr destination(const struct udp_record *record)
{
    return fer_ip_addr_to_canonical(record->addr.ip);
}

static bool is_sent_to_group(const struct udp_record *record)
{
    fer_ip_addr to = destination(record);
    return fer_ip_addr_is_multicast(to);
}

static bool is_send(const struct udp_record *record)
{
    return record->op == UDP_SEND || record->op == UDP_SEND_TO || record->op == UDP_PEER_SEND;
}

/* For POSIX the wildcard is the loopback address, for Windows it is no destination. */
static bool wildcard_destination(const struct udp_record *posix, const struct udp_record *winsock)
{
    (void)winsock;
    return (posix->op == UDP_CONNECT || posix->op == UDP_SEND_TO) &&
           fer_ip_addr_is_unspecified(posix->addr.ip);
}

static fer_error_kind reported_kind(const struct udp_record *record)
{
    return record->op == UDP_TAKE_ERROR ? (fer_error_kind)record->value : record->error.kind;
}

static bool is_refusal(const struct udp_record *record)
{
    return reported_kind(record) == FER_CONNECTION_REFUSED ||
           reported_kind(record) == FER_HOST_UNREACHABLE;
}

static bool is_reported_differently(const struct udp_record *posix,
                                    const struct udp_record *winsock)
{
    return posix->socket >= 0 && posix->socket < UDP_SOCKETS &&
           reported_kind(posix) != reported_kind(winsock);
}

/* A connected Windows socket reports refusals of datagrams to other addresses, too. */
static bool refusal_of_another(const struct udp_record *posix, const struct udp_record *winsock)
{
    return is_reported_differently(posix, winsock) && is_refusal(winsock) &&
           history.sent_to_another[posix->socket];
}

/* Refusals that arrive at one moment are reported once or several times, depending on the calls
 * between. */
static bool refusals_together(const struct udp_record *posix, const struct udp_record *winsock)
{
    return is_reported_differently(posix, winsock) && (is_refusal(winsock) || is_refusal(posix)) &&
           history.sent_together[posix->socket];
}

/* No send reports a refusal on Windows: it has its own result, which the model checks. */
static bool send_after_refusal(const struct udp_record *posix, const struct udp_record *winsock)
{
    return !history.is_bsd && is_send(posix) && is_refusal(posix) && !is_refusal(winsock);
}

/* The option is asked for before a socket of IPv6 that reaches no address of IPv4. */
static bool network_broadcast(const struct udp_record *posix, const struct udp_record *other)
{
    fer_ip_addr to = destination(posix);
    return posix->op == UDP_CONNECT && to.family == FER_IP_V4 &&
           fer_ipv4_addr_is_broadcast(to.u.v4) && posix->error.kind == FER_NETWORK_UNREACHABLE &&
           other->error.kind == FER_PERMISSION_DENIED;
}

/* On Windows only a receive takes a refusal. */
static bool refusal_is_left(const struct udp_record *posix, const struct udp_record *winsock)
{
    return !history.is_bsd && is_reported_differently(posix, winsock) && is_refusal(winsock) &&
           history.refusal_is_left[posix->socket];
}

/* The sender's option decides on POSIX, the receiver's on Windows: from here on the queues
 * differ. */
static bool multicast_loop(const struct udp_record *posix, const struct udp_record *winsock)
{
    bool ends_in_flight =
        posix->op == UDP_LOOP && posix->value == 0 && history.sent_to_group && !posix->after_pause;
    (void)winsock;
    return ends_in_flight ||
           (is_send(posix) && posix->error.kind == FER_OK && is_sent_to_group(posix) &&
            history.has_loop_off[destination(posix).family == FER_IP_V6]);
}

/* A member that is bound to an address receives the group's datagrams only on Windows, also those
 * that were in flight when it became one. */
static bool member_at_an_address(const struct udp_record *posix, const struct udp_record *winsock)
{
    bool is_there = false;
    (void)winsock;
    for (int i = 0; i < UDP_SOCKETS; i++) {
        is_there = is_there || (history.is_narrowed[i] && history.is_member[i]);
    }
    bool sends = is_send(posix) && posix->error.kind == FER_OK && is_sent_to_group(posix);
    return is_there && (sends || history.sent_to_group);
}

/* A socket that has joined no group receives those of others on Linux, NetBSD and OpenBSD, and on
 * the latter two every socket does; also those that were in flight when it joined one. */
static bool group_of_another(const struct udp_record *posix, const struct udp_record *other)
{
    bool has_member = false;
    bool has_other = false;
    (void)other;
    for (int i = 0; i < history.sockets; i++) {
        has_member = has_member || history.is_member[i];
        has_other = has_other || !history.is_member[i] || history.is_bsd;
    }
    bool sends = is_send(posix) && posix->error.kind == FER_OK && is_sent_to_group(posix);
    bool joins = posix->op == UDP_JOIN && history.sent_to_group;
    return has_member && has_other && (sends || history.sent_to_group || joins);
}

/* Also the loops of IPv4 and of IPv6, which are read after either is set. */
static bool ipv4_groups_of_ipv6(const struct udp_record *posix, const struct udp_record *other)
{
    bool is_refused = posix->error.kind != other->error.kind &&
                      other->error.kind == FER_INVALID_INPUT &&
                      (posix->op == UDP_JOIN || posix->op == UDP_LEAVE || posix->op == UDP_LOOP);
    bool is_hidden = posix->op == UDP_LOOP && (posix->n & ~other->n) == 1;
    return history.is_bsd && (is_refused || is_hidden);
}

/* Buffers that lack are MESSAGE_TOO_LONG on POSIX if the datagram exceeds the send buffer. */
static bool no_buffer_space_datagram(const struct udp_record *posix, const struct udp_record *other)
{
    return is_send(posix) && posix->fault_hit && posix->error.kind == FER_MESSAGE_TOO_LONG &&
           other->error.kind == FER_NO_BUFFER_SPACE;
}

static void note_binding(const struct udp_record *record)
{
    if (record->error.kind != FER_OK) {
        return;
    }
    if (record->op == UDP_BIND && record->addr.port != 0) {
        history.is_narrowed[history.sockets++] = !fer_ip_addr_is_unspecified(record->addr.ip);
    } else if (record->socket >= 0 && record->socket < UDP_SOCKETS) {
        history.is_narrowed[record->socket] =
            history.is_narrowed[record->socket] || record->op == UDP_CONNECT;
        history.is_member[record->socket] =
            history.is_member[record->socket] || record->op == UDP_JOIN;
    }
}

/* The first clone of a socket allocates on Windows only. */
static bool clone_out_of_memory(const struct udp_record *posix, const struct udp_record *winsock)
{
    return posix->op == UDP_CLONE && posix->error.kind == FER_OK &&
           winsock->error.kind == FER_OUT_OF_MEMORY;
}

/* After a wait that noticed its event late on Windows, the limits of a call are nearer there, or
 * over, and a datagram has arrived there that is still in flight on POSIX. */
static bool late_event(const struct udp_record *posix, const struct udp_record *winsock)
{
    bool has_arrived = posix->error.kind == FER_WOULD_BLOCK && winsock->error.kind == FER_OK;
    return history.was_late && (posix->limits.are_set || has_arrived);
}

/* K2: on Windows a wait without a request notices a cancel up to 20 ms late, and may end in another
 * way until then. */
static bool cancel_is_late(const struct udp_record *posix, const struct udp_record *winsock)
{
    return posix->limits.are_set && winsock->elapsed > posix->elapsed &&
           winsock->elapsed <= posix->elapsed + 20 * LIMITS_MILLI;
}

/* On macOS and the BSDs a connected socket sends to no address but its peer's. */
static bool send_to_connected(const struct udp_record *posix, const struct udp_record *other)
{
    return posix->op == UDP_SEND_TO && other->error.kind == FER_ALREADY_CONNECTED;
}

/* On NetBSD sockets of the two IP versions share a port. */
static bool dual_stack_beside_ipv4(const struct udp_record *posix, const struct udp_record *other)
{
    return history.is_bsd && posix->op == UDP_BIND && posix->error.kind == FER_ADDR_IN_USE &&
           other->error.kind == FER_OK;
}

/* OpenBSD: a bind to [::] is refused, and IPv4-mapped addresses do not exist. */
static bool no_dual_stack(const struct udp_record *posix, const struct udp_record *other)
{
    if (history.is_bsd && posix->error.kind == FER_NETWORK_UNREACHABLE) {
        return other->error.kind == FER_ADDR_NOT_AVAILABLE;
    }
    bool would_bind = posix->error.kind == FER_OK || posix->error.kind == FER_ADDR_IN_USE;
    return history.is_bsd && posix->op == UDP_BIND && would_bind &&
           fuzz_needs_dual_stack(&posix->addr.ip) && other->error.kind == FER_UNSUPPORTED;
}

/* On macOS and the BSDs a second connect forgets the bound address. */
static bool udp_reconnect_unbinds(const struct udp_record *posix, const struct udp_record *other)
{
    (void)other;
    return history.is_bsd && posix->op == UDP_CONNECT && posix->socket >= 0 &&
           posix->socket < UDP_SOCKETS && history.is_connected[posix->socket];
}

static void note_record(const struct udp_record *record)
{
    int socket = record->socket;
    note_binding(record);
    bool is_allowed = socket >= 0 && socket < UDP_SOCKETS && record->error.kind == FER_OK;
    if (is_allowed && record->op == UDP_CONNECT) {
        history.is_connected[socket] = true;
    }
    if (record->after_pause) {
        memset(history.sent_since_pause, 0, sizeof history.sent_since_pause);
        history.sent_to_group = false;
    }
    if (is_allowed && (record->op == UDP_SEND || record->op == UDP_SEND_TO)) {
        history.sent_since_pause[socket] += record->fault_hit ? 2 : 1;
        history.sent_together[socket] =
            history.sent_together[socket] || history.sent_since_pause[socket] > 1;
    }
    history.sent_to_group = history.sent_to_group || (is_send(record) && is_sent_to_group(record));
    bool leaves = record->op == UDP_SEND_TO ||
                  (record->op == UDP_CONNECT && is_allowed && history.sent_since_pause[socket] > 0);
    if (is_allowed && leaves) {
        history.sent_to_another[socket] = true;
    }
    if (socket >= 0 && socket < UDP_SOCKETS && is_refusal(record) &&
        (record->op == UDP_PEEK || record->op == UDP_TAKE_ERROR)) {
        history.refusal_is_left[socket] = true;
    }
    if (record->op == UDP_LOOP && record->value == 0) {
        history.has_loop_off[record->requested == 0] = true;
    }
}

#endif
