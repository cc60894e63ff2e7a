/* udp_model.c: each datagram that was sent, who may have it, and what each socket may be told. It
 * knows who sent what, and leaves open what only time tells: a datagram that was under way while
 * its receiver changed may come or not. */
#include "fuzz/models/udp_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/udp_addresses.h"

enum { SERIALS = UDP_SERIALS, GRAIN = 4000000 };

struct datagram {
    bool used;
    int sender;
    fer_socket_addr from;
    fer_socket_addr to;
    size_t len;
    int copies;   /* 0: lost; 2: doubled */
    int received; /* by anybody */
    int received_by[UDP_ENDS];
    bool is_expected[UDP_ENDS]; /* it is in that queue */
    unsigned epochs[UDP_ENDS];
    bool is_settled;
    bool in_order;      /* nothing overtakes it */
    bool was_connected; /* its sender was connected to where it went */
};

struct end {
    bool is_v6;
    fer_socket_addr local;
    int handles; /* that are open */
    bool is_connected;
    fer_socket_addr remote;
    fer_ip_addr source; /* of what it sends, once it was connected */
    bool has_source;    /* source is what it is bound to now */
    unsigned epoch;
    bool broadcast;
    bool loops[2]; /* of IPv4, of IPv6 */
    bool joined[2][3];
    bool has_ever_joined[2];
    bool nonblocking;
    uint64_t timeout;
    int refusals; /* told */
    bool refusal_is_expected;
    int peeked;
    int newest[UDP_ENDS]; /* received of each sender */
};

static struct {
    fer_sim_dialect dialect;
    struct datagram datagrams[SERIALS];
    struct end ends[UDP_ENDS];
    int sockets;
    unsigned epochs;
} model;

void udp_print_record(const char *name, const struct udp_record *r)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP] = "";
    (void)fer_socket_addr_format(&r->addr, text, sizeof text);
    fprintf(stderr,
            "  %-8s %-12s handle %d socket %d fault %d%s%s: %s, asked %zu n %zu%s serial %d %s "
            "value %llu, %llu ns\n",
            name, udp_op_name(r->op), r->handle, r->socket, r->fault, r->fault_hit ? " struck" : "",
            r->after_pause ? "" : " hasty", fer_error_kind_name(r->error.kind), r->requested, r->n,
            r->truncated ? " cut" : "", r->serial, text, (unsigned long long)r->value,
            (unsigned long long)r->elapsed);
}

static void must(bool holds, const char *rule, const struct udp_record *record)
{
    if (!holds) {
        fprintf(stderr, "udp: dialect %d: %s\n", (int)model.dialect, rule);
        udp_print_record("record", record);
        abort();
    }
}

/* ---- Addresses */

static fer_ip_addr source_of(const struct end *end, const fer_ip_addr *to)
{
    if (end->has_source || !fer_ip_addr_is_unspecified(&end->local.ip)) {
        return end->has_source ? end->source : end->local.ip;
    }
    if (fer_ip_addr_is_loopback(to)) {
        return ip(to->family == FER_IP_V4 ? "127.0.0.1" : "::1");
    }
    return ip(to->family == FER_IP_V4 ? "10.0.0.1" : "fd00::1");
}

/* ---- Who may have what */

/* By its address; whether it was connected then is another matter. */
static bool may_reach(const struct datagram *datagram, const struct end *end)
{
    const fer_ip_addr *to = &datagram->to.ip;
    bool family = to->family == (end->is_v6 ? FER_IP_V6 : FER_IP_V4) || end->is_v6;
    bool wildcard = fer_ip_addr_is_unspecified(&end->local.ip);
    if (datagram->to.port != end->local.port || !family) {
        return false;
    }
    if (fer_ip_addr_is_multicast(to)) {
        return end->has_ever_joined[to->family == FER_IP_V6];
    }
    return wildcard || fer_ip_addr_eq(&end->local.ip, to);
}

static bool must_reach(const struct datagram *datagram, int number)
{
    const struct end *end = &model.ends[number];
    bool is_from_peer = !end->is_connected || is_same(&end->remote, &datagram->from);
    bool is_to_source = !end->has_source || fer_ip_addr_eq(&end->source, &datagram->to.ip);
    return datagram->copies > 0 && datagram->epochs[number] == end->epoch && end->epoch != 0 &&
           !is_group_or_broadcast(&datagram->to.ip) && is_from_peer && is_to_source &&
           may_reach(datagram, end);
}

/* A second has passed: what was under way is where it goes. */
static void settle(void)
{
    for (int i = 0; i < SERIALS; i++) {
        struct datagram *datagram = &model.datagrams[i];
        if (!datagram->used || datagram->is_settled) {
            continue;
        }
        datagram->is_settled = true;
        for (int e = 0; e < UDP_ENDS; e++) {
            datagram->is_expected[e] = must_reach(datagram, e);
        }
        struct end *sender = &model.ends[datagram->sender];
        if (sender->is_connected && is_same(&sender->remote, &datagram->to) &&
            datagram->epochs[datagram->sender] == sender->epoch && datagram->copies > 0 &&
            is_refused_address(&datagram->to)) {
            sender->refusal_is_expected = true;
        }
    }
}

static bool has_expected_datagram(int number)
{
    for (int i = 0; i < SERIALS; i++) {
        const struct datagram *datagram = &model.datagrams[i];
        if (datagram->used && datagram->is_expected[number] &&
            datagram->received_by[number] < datagram->copies) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct datagram *datagram, int number, const struct udp_record *record)
{
    fer_socket_addr from = canonical(&record->addr);
    bool len = record->truncated
                   ? datagram->len > record->requested && record->n == record->requested
                   : datagram->len == record->n;
    return datagram->used && len && is_same(&datagram->from, &from) &&
           may_reach(datagram, &model.ends[number]) &&
           datagram->received_by[number] < datagram->copies;
}

/* Too short to tell its number: any that it can be is no longer sure. */
static void receive_unknown(int number, const struct udp_record *record)
{
    int found = 0;
    for (int i = 0; i < SERIALS; i++) {
        if (matches(&model.datagrams[i], number, record)) {
            model.datagrams[i].is_expected[number] = false;
            model.datagrams[i].epochs[number] = 0; /* nor will be */
            found++;
        }
    }
    must(found > 0, "U1, U4: nobody sent this", record);
}

static void receive_known(int number, const struct udp_record *record)
{
    struct end *end = &model.ends[number];
    must(record->serial < SERIALS, "U1: nobody sent this", record);
    struct datagram *datagram = &model.datagrams[record->serial];
    must(matches(datagram, number, record), "U1: not what was sent to it, or once too often",
         record);
    must(end->peeked == UDP_NONE || end->peeked == record->serial,
         "a datagram that was peeked at is not the next", record);
    end->peeked = record->op == UDP_PEEK ? record->serial : UDP_NONE;
    if (record->op == UDP_PEEK) {
        return;
    }
    if (datagram->in_order) {
        must(end->newest[datagram->sender] <= record->serial, "overtaken without a cause", record);
        end->newest[datagram->sender] = record->serial;
    }
    datagram->received_by[number]++;
    datagram->received++;
}

static void check_received(int number, const struct udp_record *record)
{
    struct end *end = &model.ends[number];
    fer_socket_addr from = canonical(&record->addr);
    must(record->bytes_are_right, "U1: other bytes than were sent", record);
    must(record->n <= record->requested, "longer than the buffer", record);
    must((record->addr.ip.family == FER_IP_V6) == end->is_v6, "a sender of another family", record);
    must(!end->is_connected || is_same(&end->remote, &from), "U5: a stranger's", record);
    if (record->serial == UDP_NONE) {
        end->peeked = record->op == UDP_PEEK ? end->peeked : UDP_NONE;
        receive_unknown(number, record);
    } else {
        receive_known(number, record);
    }
}

/* ---- Refusals */

static void check_refusal(int number, const struct udp_record *record)
{
    struct end *end = &model.ends[number];
    int possible = 0;
    for (int i = 0; i < SERIALS; i++) {
        struct datagram *datagram = &model.datagrams[i];
        bool is_reported = model.dialect == FER_SIM_WINSOCK || datagram->was_connected;
        if (datagram->used && datagram->sender == number && is_reported &&
            !is_group_or_broadcast(&datagram->to.ip) && !is_ip(&datagram->to.ip, "10.9.9.9")) {
            possible += datagram->copies - datagram->received;
        }
        if (datagram->sender == number && !datagram->is_settled) {
            datagram->epochs[number] = 0; /* it may be this one's: no other is due of it */
        }
    }
    end->refusals++;
    end->refusal_is_expected = false;
    must(end->is_connected, "U3: a refusal told to an unconnected socket", record);
    must(end->refusals <= possible, "U3: more refusals than refused datagrams", record);
}

static bool is_refusal(fer_error_kind kind)
{
    return kind == FER_CONNECTION_REFUSED || kind == FER_HOST_UNREACHABLE;
}

/* ---- Calls */

static bool is_fault(const struct udp_record *record)
{
    fer_error_kind kind = record->error.kind;
    return record->fault_hit && (kind == FER_INTERRUPTED || kind == FER_NO_BUFFER_SPACE ||
                                 kind == FER_TOO_MANY_OPEN_FILES);
}

static bool is_on_time(const struct end *end, const struct udp_record *record)
{
    bool waits = !end->nonblocking && end->timeout != UINT64_MAX;
    return (record->fault_hit && record->fault == FER_SIM_FAULT_TIME_JUMP) ||
           end->timeout == UINT64_MAX || record->elapsed <= (waits ? end->timeout + GRAIN : GRAIN);
}

static void check_receive(int number, const struct udp_record *record)
{
    const struct end *end = &model.ends[number];
    fer_error_kind kind = record->error.kind;
    must(is_on_time(end, record), "T2: longer than its timeout", record);
    if (kind == FER_OK) {
        must(record->fault_hit || !end->refusal_is_expected, "U3: a refusal is not told", record);
        check_received(number, record);
    } else if (is_refusal(kind)) {
        check_refusal(number, record);
    } else if (!is_fault(record)) {
        bool waits = !end->nonblocking && number < UDP_SOCKETS;
        bool is_allowed = kind == FER_WOULD_BLOCK ? !waits
                          : kind == FER_TIMED_OUT
                              ? waits && end->timeout != UINT64_MAX
                              : kind == FER_DEADLOCK && waits && end->timeout == UINT64_MAX;
        must(is_allowed, "T2: an answer of another mode", record);
        must(kind != FER_TIMED_OUT || record->elapsed >= end->timeout || record->fault_hit,
             "T2: too soon", record);
        must(record->fault_hit || !has_expected_datagram(number), "a datagram was lost", record);
        must(record->fault_hit || !end->refusal_is_expected, "U3: a refusal is not told", record);
    }
}

/* What a send or connect to there is answered, by its arguments alone; FER_OK where it may go
 * on. */
static fer_error_kind expected_send_kind(const struct end *end, bool is_peer,
                                         const fer_socket_addr *addr)
{
    fer_socket_addr to = canonical(addr);
    bool is_narrowed = end->has_source || !fer_ip_addr_is_unspecified(&end->local.ip);
    fer_ip_family narrowed_family = end->has_source ? end->source.family : end->local.ip.family;
    bool unreachable = is_narrowed && end->is_v6 && narrowed_family != to.ip.family;
    if (addr->port == 0 || (addr->ip.family == FER_IP_V6 && !end->is_v6) ||
        (is_peer && unreachable)) {
        return FER_INVALID_INPUT;
    }
    if (unreachable) {
        return FER_NETWORK_UNREACHABLE;
    }
    if (is_broadcast(&to.ip) && !end->broadcast) {
        return FER_PERMISSION_DENIED;
    }
    return model.dialect == FER_SIM_WINSOCK && fer_ip_addr_is_unspecified(&to.ip)
               ? FER_ADDR_NOT_AVAILABLE
               : FER_OK;
}

static void record_sent(int number, const struct udp_record *record)
{
    const struct end *end = &model.ends[number];
    struct datagram *datagram = &model.datagrams[record->serial];
    bool late = record->fault_hit && record->fault == FER_SIM_FAULT_DATAGRAM_LATE;
    bool doubled = record->fault_hit && record->fault == FER_SIM_FAULT_DATAGRAM_DOUBLED;
    *datagram = (struct datagram){.used = true,
                                  .sender = number,
                                  .to = effective_destination(&record->addr),
                                  .len = record->n};
    datagram->from =
        (fer_socket_addr){.ip = source_of(end, &datagram->to.ip), .port = end->local.port};
    datagram->copies = record->fault_hit && record->fault == FER_SIM_FAULT_DATAGRAM_LOST ? 0
                       : doubled                                                         ? 2
                                                                                         : 1;
    datagram->in_order =
        !late && !doubled && !is_group_or_broadcast(&datagram->to.ip) && record->after_pause;
    datagram->was_connected = end->is_connected && is_same(&end->remote, &datagram->to);
    for (int e = 0; e < UDP_ENDS; e++) {
        datagram->epochs[e] = model.ends[e].epoch;
    }
}

static void check_send(int number, const struct udp_record *record)
{
    struct end *end = &model.ends[number];
    fer_error_kind kind = record->error.kind;
    if (record->serial == UDP_NONE) {
        return; /* the network was full: nothing was done */
    }
    must(record->n == (kind == FER_OK ? record->requested : 0), "E3: a count that is not true",
         record);
    bool lacks_peer = record->op == UDP_SEND && !end->is_connected;
    fer_socket_addr plain =
        canonical(&record->addr); /* peers take mapped addresses for what they are */
    fer_error_kind expected =
        lacks_peer ? FER_NOT_CONNECTED
                   : expected_send_kind(end, number >= UDP_SOCKETS,
                                        number < UDP_SOCKETS ? &record->addr : &plain);
    expected = expected == FER_OK && record->requested > 65507 ? FER_MESSAGE_TOO_LONG : expected;
    if (is_refusal(kind)) {
        check_refusal(number, record);
    } else if (!is_fault(record)) {
        must(kind == expected || (kind == FER_WOULD_BLOCK && record->fault_hit && end->nonblocking),
             "U2, E4: another answer to a send", record);
        must(kind != FER_OK || record->fault_hit || !end->refusal_is_expected,
             "U3: a refusal is not told", record);
    }
    if (kind == FER_OK) {
        record_sent(number, record);
    }
}

static void check_connect(int number, const struct udp_record *record)
{
    struct end *end = &model.ends[number];
    fer_error_kind expected = expected_send_kind(end, false, &record->addr);
    bool failed = is_fault(record) && record->error.kind != FER_INTERRUPTED;
    must(record->error.kind == expected || failed, "I1: another answer to a connect", record);
    end->epoch = ++model.epochs;
    end->peeked = UDP_NONE;
    if (record->error.kind != FER_OK) {
        return;
    }
    fer_socket_addr remote = effective_destination(&record->addr);
    end->source = source_of(end, &remote.ip);
    end->has_source = true;
    end->is_connected = true;
    end->remote = remote;
    for (int i = 0; i < SERIALS; i++) {
        struct datagram *datagram = &model.datagrams[i];
        datagram->is_expected[number] =
            datagram->is_expected[number] && is_same(&datagram->from, &remote);
        datagram->was_connected = datagram->was_connected ||
                                  (datagram->sender == number && is_same(&datagram->to, &remote));
    }
}

/* Whether somebody is in the way of a bind to there. Where that is only a connected socket it
 * depends: connect may have narrowed what it takes. */
static bool has_conflict(const fer_socket_addr *addr, bool with_source)
{
    for (int i = 0; i < model.sockets; i++) {
        const struct end *end = &model.ends[i];
        if (end->handles > 0 && end->has_source == with_source &&
            conflicts_with(&end->local, addr)) {
            return true;
        }
    }
    return false;
}

static void check_bind(const struct udp_record *record)
{
    fer_error_kind kind = record->error.kind;
    fer_socket_addr local = canonical(&record->addr);
    fer_error_kind expected = record->socket != UDP_NONE     ? FER_INVALID_INPUT
                              : is_ip(&local.ip, "10.0.0.7") ? FER_ADDR_NOT_AVAILABLE
                              : has_conflict(&local, false)  ? FER_ADDR_IN_USE
                                                             : FER_OK;
    bool is_allowed = kind == expected || is_fault(record) ||
                      (expected == FER_OK && kind == FER_ADDR_IN_USE && has_conflict(&local, true));
    must(local.port == 0 || is_allowed, "C6, L1, L5: another answer to a bind", record);
    if (kind == FER_OK && local.port != 0) {
        struct end *end = &model.ends[model.sockets++];
        *end = (struct end){
            .is_v6 = local.ip.family == FER_IP_V6, .local = local, .timeout = UINT64_MAX};
        end->epoch = ++model.epochs;
        end->peeked = UDP_NONE;
        end->handles = 1;
        end->loops[0] = true;
        end->loops[1] = end->is_v6;
    }
}

static void check_group(struct end *end, const struct udp_record *record)
{
    bool *joined = &end->joined[record->value][record->requested];
    bool joins = record->op == UDP_JOIN;
    bool is_allowed = record->requested < 2 && *joined != joins;
    fer_error_kind expected = is_allowed                       ? FER_OK
                              : joins && record->requested < 2 ? FER_ADDR_IN_USE
                                                               : FER_ADDR_NOT_AVAILABLE;
    must(record->error.kind == (record->value == 1 && !end->is_v6 ? FER_INVALID_INPUT : expected),
         "another answer about a group", record);
    if (record->error.kind == FER_OK) {
        *joined = joins;
        end->has_ever_joined[record->value] = true;
        end->epoch = ++model.epochs;
    }
}

static void check_query(int number, const struct udp_record *record)
{
    struct end *end = &model.ends[number];
    fer_error_kind kind = record->error.kind;
    fer_socket_addr reported = canonical(&record->addr);
    if (record->op == UDP_PEER_ADDR) {
        must(kind == (end->is_connected ? FER_OK : FER_NOT_CONNECTED), "a peer that it has not",
             record);
        must(kind != FER_OK || is_same(&reported, &end->remote), "another peer", record);
    } else if (record->op == UDP_LOCAL_ADDR) {
        must(kind == FER_OK && reported.port == end->local.port, "L6: another address", record);
    } else if (is_refusal((fer_error_kind)record->value)) {
        check_refusal(number, record);
    } else {
        must(kind == FER_OK && record->value == FER_OK && !end->refusal_is_expected,
             "U3: take_error", record);
    }
}

static void check_mode(struct end *end, const struct udp_record *record)
{
    bool v6_on_v4 = record->op == UDP_LOOP && record->requested == 0 && !end->is_v6;
    must(record->error.kind == (v6_on_v4 ? FER_INVALID_INPUT : FER_OK), "a mode that cannot be set",
         record);
    must(record->bytes_are_right, "T5: another value is told than was set", record);
    if (record->op == UDP_LOOP && !v6_on_v4) {
        end->loops[record->requested == 0] = record->value != 0;
        must(record->n == (end->loops[0] ? 1u : 0) + (end->loops[1] ? 2u : 0),
             "one family's loopback is not the other's", record);
    }
    end->handles -= record->op == UDP_CLOSE ? 1 : 0;
    end->timeout = record->op == UDP_READ_TIMEOUT ? record->value : end->timeout;
    end->nonblocking = record->op == UDP_NONBLOCKING
                           ? record->value != 0
                           : end->nonblocking && record->op != UDP_THROUGH_RAW;
    end->broadcast = record->op == UDP_BROADCAST ? record->value != 0 : end->broadcast;
}

void udp_model_check(const struct udp_record *record)
{
    int number = record->socket;
    if (record->after_pause) {
        settle();
    }
    if (record->op == UDP_BIND) {
        check_bind(record);
    } else if (number == UDP_NONE) {
        bool idle =
            record->op == UDP_CLOSE || record->op == UDP_THROUGH_RAW ||
            ((record->op == UDP_SEND || record->op == UDP_SEND_TO) && record->serial == UDP_NONE);
        must(record->error.kind == (idle ? FER_OK : FER_INVALID_INPUT) && record->n == 0, "E4",
             record);
    } else if (record->op == UDP_SEND || record->op == UDP_SEND_TO || record->op == UDP_PEER_SEND) {
        check_send(number, record);
    } else if (record->op == UDP_RECV || record->op == UDP_RECV_FROM || record->op == UDP_PEEK ||
               record->op == UDP_PEER_RECEIVE) {
        check_receive(number, record);
    } else if (record->op == UDP_CONNECT) {
        check_connect(number, record);
    } else if (record->op == UDP_JOIN || record->op == UDP_LEAVE) {
        check_group(&model.ends[number], record);
    } else if (record->op == UDP_PEER_ADDR || record->op == UDP_LOCAL_ADDR ||
               record->op == UDP_TAKE_ERROR) {
        check_query(number, record);
    } else if (record->op == UDP_CLONE) {
        must(record->error.kind == FER_OK || record->error.kind == FER_INVALID_INPUT ||
                 is_fault(record),
             "another answer to a clone", record);
        model.ends[number].handles += record->error.kind == FER_OK ? 1 : 0;
    } else {
        check_mode(&model.ends[number], record);
    }
}

void udp_model_begin(fer_sim_dialect dialect)
{
    static const char *const peers[UDP_PEERS] = {"10.0.0.7:1000", "[fd00::7]:1001",
                                                 "127.0.0.1:1002", "10.0.0.8:1003"};
    memset(&model, 0, sizeof model);
    model.dialect = dialect;
    for (int i = 0; i < UDP_PEERS; i++) {
        struct end *end = &model.ends[UDP_SOCKETS + i];
        FER_IGNORE(fer_socket_addr_parse(&end->local, peers[i]));
        end->is_v6 = end->local.ip.family == FER_IP_V6;
        end->epoch = ++model.epochs;
        end->broadcast = true;
        end->timeout = UINT64_MAX;
        end->peeked = UDP_NONE;
    }
}

void udp_model_end(const fer_sim_report *report)
{
    struct udp_record none = {.serial = UDP_NONE};
    must(report->leaked_handles == 0 && report->leaked_waits == 0 && report->leaked_lookups == 0,
         "a leak", &none);
}
