/* udp_model_datagrams.c: each datagram that was sent, which sockets may receive it, and which
 * refusals may be reported. The outcome of a race stays open: a datagram in flight while its
 * receiver changed may arrive or not. */
#include "fuzz/models/udp_model_state.h"

/* ---- Addresses */

fer_ip_addr udp_source_of(const struct udp_end *end, const fer_ip_addr *to)
{
    if (end->has_source || !fer_ip_addr_is_unspecified(end->local.ip)) {
        return end->has_source ? end->source : end->local.ip;
    }
    if (fer_ip_addr_is_loopback(*to)) {
        return to->family == FER_IP_V4 ? ipv4(127, 0, 0, 1) : ipv6(0, 1);
    }
    return to->family == FER_IP_V4 ? ipv4(10, 0, 0, 1) : ipv6(0xfd, 1);
}

/* ---- Receivers */

static bool has_ever_joined(const struct udp_end *end)
{
    return end->has_ever_joined[0] || end->has_ever_joined[1];
}

/* By its address alone. Whether the socket was connected then is checked elsewhere. Row
 * group_of_another: on Linux also to a socket that has joined no group, on NetBSD and OpenBSD to
 * every one. */
static bool may_reach(const struct udp_datagram *datagram, const struct udp_end *end)
{
    const fer_ip_addr *to = &datagram->to.ip;
    bool is_family = to->family == (end->is_v6 ? FER_IP_V6 : FER_IP_V4) || end->is_v6;
    bool wildcard = fer_ip_addr_is_unspecified(end->local.ip);
    if (datagram->to.port != end->local.port || !is_family) {
        return false;
    }
    if (fer_ip_addr_is_multicast(*to)) {
        bool receives_all = udp_model.dialect == FER_SIM_DIALECT_BSD ||
                            (udp_model.dialect == FER_SIM_DIALECT_POSIX && !has_ever_joined(end));
        return end->has_ever_joined[to->family == FER_IP_V6] || receives_all;
    }
    /* row broadcast_at_an_address */
    bool is_any_broadcast = udp_model.dialect == FER_SIM_DIALECT_WINSOCK && is_broadcast(to);
    return wildcard || is_any_broadcast || fer_ip_addr_eq(end->local.ip, *to);
}

static bool is_group_datagram(const struct udp_datagram *datagram)
{
    return is_group_or_broadcast(&datagram->to.ip);
}

/* Nothing has changed since the datagram was sent, and the socket receives it unless another one
 * precedes. */
static bool is_receiver(const struct udp_datagram *datagram, int number)
{
    const struct udp_end *end = &udp_model.ends[number];
    bool is_from_peer = !end->is_connected || is_same(&end->remote, &datagram->from);
    bool is_to_source = !end->has_source || fer_ip_addr_eq(end->source, datagram->to.ip);
    return datagram->epochs[number] == end->epoch && end->epoch != 0 && is_from_peer &&
           is_to_source && may_reach(datagram, end);
}

/* A connected socket precedes, then one with the address, then one of the IP version. */
static int precedence_of(const struct udp_datagram *datagram, const struct udp_end *end)
{
    bool has_address = end->has_source || !fer_ip_addr_is_unspecified(end->local.ip);
    bool is_of_version = end->is_v6 == (datagram->to.ip.family == FER_IP_V6);
    return (end->is_connected ? 4 : 0) + (has_address ? 2 : 0) + (is_of_version ? 1 : 0);
}

/* Another socket may have received the datagram in place of this one. */
static bool may_be_preceded(const struct udp_datagram *datagram, int number)
{
    for (int e = 0; e < UDP_ENDS; e++) {
        const struct udp_end *other = &udp_model.ends[e];
        bool was_open = datagram->epochs[e] != 0 || udp_is_open(e);
        bool changed = datagram->epochs[e] != other->epoch;
        bool precedes =
            precedence_of(datagram, other) >= precedence_of(datagram, &udp_model.ends[number]);
        if (e != number && was_open && may_reach(datagram, other) && (changed || precedes)) {
            return true;
        }
    }
    return false;
}

/* Another socket must have received the datagram. */
static bool is_preceded(const struct udp_datagram *datagram, int number)
{
    for (int e = 0; e < UDP_ENDS; e++) {
        bool precedes = precedence_of(datagram, &udp_model.ends[e]) >
                        precedence_of(datagram, &udp_model.ends[number]);
        if (e != number && udp_is_open(e) && precedes && is_receiver(datagram, e)) {
            return !is_group_datagram(datagram);
        }
    }
    return false;
}

static bool must_reach(const struct udp_datagram *datagram, int number)
{
    return datagram->copies > 0 && !is_group_datagram(datagram) && is_receiver(datagram, number) &&
           !may_be_preceded(datagram, number);
}

/* A second has passed: every datagram in flight has arrived. */
void udp_settle(void)
{
    for (int i = 0; i < UDP_SERIALS; i++) {
        struct udp_datagram *datagram = &udp_model.datagrams[i];
        if (!datagram->used || datagram->is_settled) {
            continue;
        }
        datagram->is_settled = true;
        for (int e = 0; e < UDP_ENDS; e++) {
            datagram->is_expected[e] = must_reach(datagram, e);
        }
        struct udp_end *sender = &udp_model.ends[datagram->sender];
        if (sender->is_connected && is_same(&sender->remote, &datagram->to) &&
            datagram->epochs[datagram->sender] == sender->epoch && datagram->copies > 0 &&
            is_refused_address(&datagram->to)) {
            sender->refusal_is_expected = true;
        }
    }
}

bool udp_has_expected_datagram(int number)
{
    for (int i = 0; i < UDP_SERIALS; i++) {
        const struct udp_datagram *datagram = &udp_model.datagrams[i];
        if (datagram->used && datagram->is_expected[number] &&
            datagram->received_by[number] < datagram->copies) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct udp_datagram *datagram, int number,
                    const struct udp_record *record)
{
    fer_socket_addr from = canonical(&record->addr);
    bool is_length = record->truncated
                         ? datagram->len > record->requested && record->n == record->requested
                         : datagram->len == record->n;
    return datagram->used && is_length && is_same(&datagram->from, &from) &&
           may_reach(datagram, &udp_model.ends[number]) &&
           datagram->received_by[number] < datagram->copies;
}

/* The datagram is too short to identify: any that matches is no longer expected. */
static void receive_unknown(int number, const struct udp_record *record)
{
    int found = 0;
    for (int i = 0; i < UDP_SERIALS; i++) {
        if (matches(&udp_model.datagrams[i], number, record)) {
            udp_model.datagrams[i].is_expected[number] = false;
            udp_model.datagrams[i].epochs[number] = 0; /* nor later */
            found++;
        }
    }
    udp_must(found > 0, "U1, U4: it was never sent", record);
}

static void receive_known(int number, const struct udp_record *record)
{
    struct udp_end *end = &udp_model.ends[number];
    udp_must(record->serial < UDP_SERIALS, "U1: it was never sent", record);
    struct udp_datagram *datagram = &udp_model.datagrams[record->serial];
    udp_must(matches(datagram, number, record),
             "U1: not sent to this socket, or received too often", record);
    udp_must(!is_preceded(datagram, number), "U1: sent to a socket that precedes this one", record);
    udp_must(end->peeked == UDP_NONE || end->peeked == record->serial,
             "the next datagram is not the one that was peeked", record);
    end->peeked = record->op == UDP_PEEK ? record->serial : UDP_NONE;
    if (record->op == UDP_PEEK) {
        return;
    }
    if (datagram->in_order) {
        udp_must(end->newest[datagram->sender] <= record->serial, "out of order without a fault",
                 record);
        end->newest[datagram->sender] = record->serial;
    }
    datagram->received_by[number]++;
    datagram->received++;
}

void udp_check_received(int number, const struct udp_record *record)
{
    struct udp_end *end = &udp_model.ends[number];
    fer_socket_addr from = canonical(&record->addr);
    udp_must(record->bytes_are_right, "U1: the bytes differ from those sent", record);
    udp_must(record->n <= record->requested, "the datagram is longer than the buffer", record);
    udp_must((record->addr.ip.family == FER_IP_V6) == end->is_v6, "the sender has another family",
             record);
    udp_must(!end->is_connected || is_same(&end->remote, &from), "U5: not from the connected peer",
             record);
    if (record->serial == UDP_NONE) {
        end->peeked = record->op == UDP_PEEK ? end->peeked : UDP_NONE;
        receive_unknown(number, record);
    } else {
        receive_known(number, record);
    }
}

/* ---- Refusals */

void udp_check_refusal(int number, const struct udp_record *record)
{
    struct udp_end *end = &udp_model.ends[number];
    int possible = 0;
    bool is_left = udp_model.dialect == FER_SIM_DIALECT_WINSOCK &&
                   (record->op == UDP_PEEK || record->op == UDP_TAKE_ERROR);
    for (int i = 0; i < UDP_SERIALS; i++) {
        struct udp_datagram *datagram = &udp_model.datagrams[i];
        bool is_reported = udp_model.dialect == FER_SIM_DIALECT_WINSOCK || datagram->was_connected;
        if (datagram->used && datagram->sender == number && is_reported &&
            !is_group_or_broadcast(&datagram->to.ip) && !is_host(&datagram->to.ip, 9, 9, 9)) {
            possible += datagram->copies - datagram->received;
        }
        if (datagram->sender == number && !datagram->is_settled && !is_left) {
            datagram->epochs[number] = 0; /* this may be its refusal: no other is expected for it */
        }
    }
    udp_must(end->refusals < possible, "U3: more refusals than refused datagrams", record);
    if (!is_left) { /* refusal_is_left: the next receive reports it again */
        end->refusals++;
        end->refusal_is_expected = false;
    }
    udp_must(end->is_connected, "U3: an unconnected socket reports a refusal", record);
}
