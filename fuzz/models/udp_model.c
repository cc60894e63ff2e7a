/* udp_model.c: the calls of the model of datagram sockets; see udp_model.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver/windows.h"
#include "fuzz/models/limits_model.h"
#include "fuzz/models/udp_model_state.h"

/* Nanoseconds that a wait may take beyond its timeout. */
enum { GRAIN = 4000000 };

struct udp_model udp_model;

void udp_print_record(const char *name, const struct udp_record *r)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP] = "";
    (void)fer_socket_addr_format(&r->addr, text, sizeof text);
    fprintf(stderr,
            "  %-8s %-12s handle %d socket %d fault %d%s%s: %s, requested %zu n %zu%s serial %d %s "
            "value %llu, %llu ns\n",
            name, udp_op_name(r->op), r->handle, r->socket, r->fault, r->fault_hit ? " hit" : "",
            r->after_pause ? "" : " no pause", fer_error_kind_name(r->error.kind), r->requested,
            r->n, r->truncated ? " truncated" : "", r->serial, text, (unsigned long long)r->value,
            (unsigned long long)r->elapsed);
    limits_print(&r->limits);
}

void udp_must(bool holds, const char *rule, const struct udp_record *record)
{
    if (!holds) {
        fprintf(stderr, "udp: dialect %d: %s\n", (int)udp_model.dialect, rule);
        udp_print_record("record", record);
        abort();
    }
}

/* ---- Calls */

static bool is_fault(const struct udp_record *record)
{
    fer_error_kind kind = record->error.kind;
    /* U2: longer than the send buffer, and the buffers lack. */
    bool lacks_route = record->fault == FER_SIM_FAULT_NO_ROUTE && kind == FER_NETWORK_UNREACHABLE;
    bool is_too_long = kind == FER_MESSAGE_TOO_LONG && record->requested > 32768;
    return record->fault_hit && (kind == FER_INTERRUPTED || kind == FER_NO_BUFFER_SPACE ||
                                 kind == FER_TOO_MANY_OPEN_FILES || is_too_long || lacks_route);
}

/* The timeout or the deadline, whichever is earlier (rule K3), of a call that may wait. */
static uint64_t time_of(const struct udp_end *end, const struct udp_record *record)
{
    uint64_t deadline = end->nonblocking ? LIMITS_NEVER : record->limits.deadline_in;
    return end->timeout < deadline ? end->timeout : deadline;
}

/* K1 to K3: whether the limits have answered the call. */
static bool limits_answer(const struct udp_end *end, const struct udp_record *record)
{
    struct limited_call call = {
        .limits = record->limits,
        .error = record->error,
        .n = record->n,
        .elapsed = record->elapsed,
        .may_be_answered =
            record->error.kind == FER_MISUSE || record->error.kind == FER_INVALID_INPUT,
        .time_jumps = record->fault_hit && record->fault == FER_SIM_FAULT_TIME_JUMP,
        .late = (udp_model.dialect == FER_SIM_DIALECT_WINSOCK ? 30u : 10u) * LIMITS_MILLI};
    bool waits = !end->nonblocking && record->socket < UDP_SOCKETS;
    const char *violation = waits ? limits_violation(&call) : NULL;
    udp_must(violation == NULL, violation, record);
    udp_must(waits || record->error.kind != FER_CANCELLED, "K1: a nonblocking call is cancelled",
             record);
    return record->error.kind == FER_CANCELLED || (waits && limits_are_over(&record->limits));
}

static bool is_on_time(const struct udp_end *end, const struct udp_record *record)
{
    bool waits = !end->nonblocking && end->timeout != UINT64_MAX;
    return (record->fault_hit && record->fault == FER_SIM_FAULT_TIME_JUMP) ||
           end->timeout == UINT64_MAX || record->elapsed <= (waits ? end->timeout + GRAIN : GRAIN);
}

static void check_receive(int number, const struct udp_record *record)
{
    const struct udp_end *end = &udp_model.ends[number];
    fer_error_kind kind = record->error.kind;
    if (end->is_shut[0]) {
        fer_socket_addr from = canonical(&record->addr);
        udp_must(kind == FER_OK && record->n == 0 && !record->truncated && record->elapsed == 0 &&
                     is_same(&end->remote, &from),
                 "U7: a receive after a shutdown", record);
        return;
    }
    udp_must(is_on_time(end, record), "T2: it lasts longer than its timeout", record);
    if (limits_answer(end, record)) {
        return;
    }
    if (kind == FER_OK) {
        udp_must(record->fault_hit || !end->refusal_is_expected, "U3: a refusal is not reported",
                 record);
        udp_check_received(number, record);
    } else if (udp_is_refusal(kind)) {
        udp_check_refusal(number, record);
    } else if (!is_fault(record)) {
        bool waits = !end->nonblocking && number < UDP_SOCKETS;
        bool is_allowed = kind == FER_WOULD_BLOCK ? !waits
                          : kind == FER_TIMED_OUT
                              ? waits && time_of(end, record) != UINT64_MAX
                              : kind == FER_DEADLOCK && waits && time_of(end, record) == UINT64_MAX;
        udp_must(is_allowed, "T2: the result belongs to another mode", record);
        udp_must(kind != FER_TIMED_OUT || record->elapsed >= time_of(end, record) ||
                     record->fault_hit,
                 "T2: the timeout expires too early", record);
        udp_must(record->fault_hit || !udp_has_expected_datagram(number), "a datagram was lost",
                 record);
        udp_must(record->fault_hit || !end->refusal_is_expected, "U3: a refusal is not reported",
                 record);
    }
}

/* The result of a send or connect to this address, by its arguments alone; FER_OK if nothing
 * forbids it. */
static fer_error_kind expected_send_kind(const struct udp_end *end, bool is_peer,
                                         const fer_socket_addr *addr)
{
    fer_socket_addr to = canonical(addr);
    bool is_narrowed = end->has_source || !fer_ip_addr_is_unspecified(end->local.ip);
    fer_ip_family narrowed_family = end->has_source ? end->source.family : end->local.ip.family;
    /* Linux sends to IPv4 from the IPv6 address that connect has chosen. */
    bool is_chosen = udp_model.dialect == FER_SIM_DIALECT_POSIX && end->has_source &&
                     fer_ip_addr_is_unspecified(end->local.ip) && narrowed_family == FER_IP_V6;
    bool unreachable = is_narrowed && !is_chosen && end->is_v6 && narrowed_family != to.ip.family;
    if (addr->port == 0 || (addr->ip.family == FER_IP_V6 && !end->is_v6) ||
        (is_peer && unreachable)) {
        return FER_INVALID_INPUT;
    }
    if (udp_model.lacks_dual_stack && end->is_v6 && to.ip.family == FER_IP_V4) {
        return FER_ADDR_NOT_AVAILABLE;
    }
    if (unreachable) {
        return FER_NETWORK_UNREACHABLE;
    }
    if (is_broadcast(&to.ip) && !end->broadcast) {
        return FER_PERMISSION_DENIED;
    }
    return udp_model.dialect == FER_SIM_DIALECT_WINSOCK && fer_ip_addr_is_unspecified(to.ip)
               ? FER_ADDR_NOT_AVAILABLE
               : FER_OK;
}

static void record_sent(int number, const struct udp_record *record)
{
    const struct udp_end *end = &udp_model.ends[number];
    struct udp_datagram *datagram = &udp_model.datagrams[record->serial];
    bool late = record->fault_hit && record->fault == FER_SIM_FAULT_DATAGRAM_LATE;
    bool doubled = record->fault_hit && record->fault == FER_SIM_FAULT_DATAGRAM_DOUBLED;
    *datagram = (struct udp_datagram){.used = true,
                                      .sender = number,
                                      .to = effective_destination(&record->addr),
                                      .len = record->n};
    datagram->from =
        (fer_socket_addr){.ip = udp_source_of(end, &datagram->to.ip), .port = end->local.port};
    if (record->fault_hit && record->fault == FER_SIM_FAULT_PEER_TRANSLATED) {
        datagram->from.port = translated_port(datagram->from.port);
    }
    datagram->copies = record->fault_hit && record->fault == FER_SIM_FAULT_DATAGRAM_LOST ? 0
                       : doubled                                                         ? 2
                                                                                         : 1;
    datagram->in_order =
        !late && !doubled && !is_group_or_broadcast(&datagram->to.ip) && record->after_pause;
    datagram->was_connected = end->is_connected && is_same(&end->remote, &datagram->to);
    for (int e = 0; e < UDP_ENDS; e++) {
        datagram->epochs[e] = udp_is_open(e) ? udp_model.ends[e].epoch : 0;
    }
}

/* macOS and the BSDs: a connected socket sends to its peer only. Core refuses some addresses
 * before. */
static bool is_for_another(int number, const struct udp_record *record)
{
    const struct udp_end *end = &udp_model.ends[number];
    fer_socket_addr to = canonical(&record->addr);
    return udp_model.dialect == FER_SIM_DIALECT_BSD && number < UDP_SOCKETS &&
           record->op == UDP_SEND_TO && end->is_connected && !is_same(&end->remote, &to) &&
           record->addr.port != 0 && (record->addr.ip.family == FER_IP_V4 || end->is_v6);
}

static void check_send(int number, const struct udp_record *record)
{
    struct udp_end *end = &udp_model.ends[number];
    fer_error_kind kind = record->error.kind;
    if (record->serial == UDP_NONE) {
        return; /* the network was full: no call was made */
    }
    udp_must(record->n == (kind == FER_OK ? record->requested : 0), "E3: the count is wrong",
             record);
    if (limits_answer(end, record)) {
        return;
    }
    bool lacks_peer = record->op == UDP_SEND && !end->is_connected;
    /* Peers treat mapped addresses as IPv4. */
    fer_socket_addr plain = canonical(&record->addr);
    fer_error_kind expected =
        lacks_peer ? FER_NOT_CONNECTED
                   : expected_send_kind(end, number >= UDP_SOCKETS,
                                        number < UDP_SOCKETS ? &record->addr : &plain);
    expected = expected == FER_OK && record->requested > 65507 ? FER_MESSAGE_TOO_LONG : expected;
    if (is_for_another(number, record)) {
        expected = FER_ALREADY_CONNECTED;
    }
    if (expected == FER_PERMISSION_DENIED && record->op == UDP_SEND &&
        udp_model.dialect != FER_SIM_DIALECT_BSD) {
        expected = record->requested > 65507 ? FER_MESSAGE_TOO_LONG : FER_OK; /* O1 */
    }
    if (udp_is_refusal(kind)) {
        udp_check_refusal(number, record);
    } else if (!is_fault(record)) {
        bool is_shut = end->is_shut[1] && (kind == FER_BROKEN_PIPE || expected == FER_OK);
        expected = is_shut ? FER_BROKEN_PIPE : expected; /* U7; a bad argument may come before */
        /* between two tries, of which the first may have taken a router's report (rule U2) */
        bool is_late = kind == FER_TIMED_OUT && expected == FER_MESSAGE_TOO_LONG &&
                       !end->nonblocking && record->elapsed >= record->limits.deadline_in;
        udp_must(kind == expected || is_late ||
                     (kind == FER_WOULD_BLOCK && record->fault_hit && end->nonblocking),
                 "U2, E4: a send has a wrong result", record);
        bool reports = udp_model.dialect != FER_SIM_DIALECT_WINSOCK; /* send_after_refusal */
        udp_must(kind != FER_OK || record->fault_hit || !end->refusal_is_expected || !reports,
                 "U3: a refusal is not reported", record);
    }
    if (kind == FER_OK) {
        record_sent(number, record);
    }
}

/* The result of connecting a connected socket. On Linux the address that connect has chosen is
 * dropped, and on Windows it must be that of the new route. On macOS and the BSDs core first
 * connects another socket, and refuses a connect that would change the address that the socket is
 * bound to. That of an adopted socket is the address that it has, but on Linux. If neither an
 * adopted socket nor a new one can connect, the new one's error is the result. */
static fer_error_kind expected_reconnect_kind(const struct udp_end *end,
                                              const fer_socket_addr *addr)
{
    struct udp_end probe = {.is_v6 = end->is_v6,
                            .broadcast = end->broadcast,
                            .local.ip.family = end->is_v6 ? FER_IP_V6 : FER_IP_V4};
    fer_error_kind kind = expected_send_kind(&probe, false, addr);
    fer_socket_addr to = effective_destination(addr);
    fer_ip_addr source = udp_source_of(&probe, &to.ip);
    bool is_posix = udp_model.dialect == FER_SIM_DIALECT_POSIX;
    bool is_windows = udp_model.dialect == FER_SIM_DIALECT_WINSOCK;
    bool is_bound = !fer_ip_addr_is_unspecified(end->local.ip);
    bool has_kept = is_windows || (end->is_adopted && !is_posix);
    const fer_ip_addr *bound = has_kept ? &end->source : &end->local.ip;
    bool is_own = (is_posix && is_bound) || (is_windows && (is_bound || end->is_adopted));
    if (is_own && (kind == FER_OK || !end->is_adopted)) {
        return expected_send_kind(end, false, addr);
    }
    if (kind != FER_OK) {
        return kind;
    }
    bool changes = !fer_ip_addr_is_unspecified(*bound) && !fer_ip_addr_eq(*bound, source);
    return changes ? FER_ADDR_NOT_AVAILABLE : FER_OK;
}

/* U3: a connect to another peer, or one that has lost the peer, drops the refusals that have
 * arrived, unless a fault hits that. */
static void forget_refusals(int number, bool is_faulty)
{
    udp_model.ends[number].refusal_is_expected = false;
    udp_model.ends[number].refusals = is_faulty ? udp_model.ends[number].refusals : 0;
    for (int i = 0; i < UDP_SERIALS && !is_faulty; i++) {
        struct udp_datagram *datagram = &udp_model.datagrams[i];
        bool is_settled = datagram->used && datagram->sender == number && datagram->is_settled;
        datagram->is_forgotten = datagram->is_forgotten || is_settled;
    }
}

/* U5: after a failure the socket has its old peer, or none if that can no longer be connected to.
 * On Windows the address stays without a peer too (udp_reconnect_keeps_source). */
static void check_old_peer(struct udp_end *end, const struct udp_record *record)
{
    bool lacks_route = record->fault_hit && record->fault == FER_SIM_FAULT_NO_ROUTE;
    bool may_lose = lacks_route || (is_broadcast(&end->remote.ip) && !end->broadcast);
    udp_must(record->has_peer == end->is_connected || (end->is_connected && may_lose),
             "U5: a connect that failed has changed the peer", record);
    if (record->has_peer || !end->is_connected) {
        return;
    }
    forget_refusals((int)(end - udp_model.ends), record->fault_hit && !lacks_route);
    end->is_connected = false;
    end->has_source = udp_model.dialect == FER_SIM_DIALECT_WINSOCK;
}

static void check_connect(int number, const struct udp_record *record)
{
    struct udp_end *end = &udp_model.ends[number];
    bool is_again = end->is_connected;
    fer_error_kind expected = is_again ? expected_reconnect_kind(end, &record->addr)
                                       : expected_send_kind(end, false, &record->addr);
    bool failed = is_fault(record) && record->error.kind != FER_INTERRUPTED;
    fer_socket_addr to = canonical(&record->addr);
    bool is_denied = udp_model.dialect != FER_SIM_DIALECT_POSIX && is_broadcast(&to.ip) &&
                     !end->broadcast && record->error.kind == FER_PERMISSION_DENIED;
    udp_must(record->error.kind == expected || failed ||
                 (is_denied &&
                  (expected == FER_NETWORK_UNREACHABLE || expected == FER_ADDR_NOT_AVAILABLE)),
             "I1: a connect has a wrong result", record);
    end->epoch = ++udp_model.epochs;
    end->peeked = UDP_NONE;
    if (record->error.kind != FER_OK) {
        check_old_peer(end, record);
        return;
    }
    fer_socket_addr remote = effective_destination(&record->addr);
    if (is_again) {
        forget_refusals(number, record->fault_hit);
        end->has_source = udp_model.dialect == FER_SIM_DIALECT_WINSOCK && end->is_adopted;
    }
    end->source = udp_source_of(end, &remote.ip);
    end->has_source = true;
    end->is_connected = true;
    end->remote = remote;
    for (int i = 0; i < UDP_SERIALS; i++) {
        struct udp_datagram *datagram = &udp_model.datagrams[i];
        datagram->is_expected[number] =
            datagram->is_expected[number] && is_same(&datagram->from, &remote);
        datagram->was_connected = datagram->was_connected ||
                                  (datagram->sender == number && is_same(&datagram->to, &remote));
    }
}

/* True if a bind to this address conflicts with another socket. A connected socket may conflict or
 * not: connect may have narrowed its address. */
static bool has_conflict(const fer_socket_addr *addr, bool with_source)
{
    for (int i = 0; i < udp_model.sockets; i++) {
        const struct udp_end *end = &udp_model.ends[i];
        if (end->handles > 0 && end->has_source == with_source &&
            conflicts_with(&end->local, addr)) {
            return true;
        }
    }
    return false;
}

/* NetBSD: sockets of the two IP versions have no conflict. A connected one of the same version may
 * have none, as in has_conflict. */
static bool conflicts_by_version(const struct udp_record *record, const fer_socket_addr *addr)
{
    for (int i = 0; i < udp_model.sockets; i++) {
        const struct udp_end *end = &udp_model.ends[i];
        if (end->handles > 0 && !end->has_source &&
            end->is_v6 == (record->addr.ip.family == FER_IP_V6) &&
            conflicts_with(&end->local, addr)) {
            return false;
        }
    }
    return udp_model.dialect == FER_SIM_DIALECT_BSD;
}

static void check_bind(const struct udp_record *record)
{
    fer_error_kind kind = record->error.kind;
    fer_socket_addr local = canonical(&record->addr);
    fer_error_kind expected = record->socket != UDP_NONE    ? FER_MISUSE
                              : is_host(&local.ip, 0, 0, 7) ? FER_ADDR_NOT_AVAILABLE
                              : has_conflict(&local, false) ? FER_ADDR_IN_USE
                                                            : FER_OK;
    bool is_allowed =
        kind == expected || is_fault(record) ||
        (expected == FER_OK && kind == FER_ADDR_IN_USE && has_conflict(&local, true)) ||
        (expected == FER_ADDR_IN_USE && kind == FER_OK && conflicts_by_version(record, &local));
    /* OpenBSD has no dual stack: row no_dual_stack. */
    bool is_refused = udp_model.dialect == FER_SIM_DIALECT_BSD && kind == FER_UNSUPPORTED &&
                      record->socket == UDP_NONE && fuzz_needs_dual_stack(&record->addr.ip);
    udp_model.lacks_dual_stack = udp_model.lacks_dual_stack || is_refused;
    udp_must(local.port == 0 || is_allowed || is_refused, "C6, L1, L5: a bind has a wrong result",
             record);
    if (kind == FER_OK && local.port != 0) {
        struct udp_end *end = &udp_model.ends[udp_model.sockets++];
        *end = (struct udp_end){
            .is_v6 = local.ip.family == FER_IP_V6, .local = local, .timeout = UINT64_MAX};
        end->epoch = ++udp_model.epochs;
        end->peeked = UDP_NONE;
        end->handles = 1;
        end->loops[0] = true;
        end->loops[1] = end->is_v6;
    }
}

/* Row second_join_out_of_handles. */
static bool is_not_told_apart(fer_error_kind expected, const struct udp_record *record)
{
    return udp_model.dialect == FER_SIM_DIALECT_WINSOCK && expected == FER_ADDR_IN_USE &&
           record->error.kind == FER_ADDR_NOT_AVAILABLE && record->fault_hit;
}

/* Row ipv4_groups_of_ipv6. */
static bool lacks_ipv4_groups(const struct udp_end *end, const struct udp_record *record)
{
    return end->is_v6 && udp_model.dialect == FER_SIM_DIALECT_BSD &&
           record->error.kind == FER_INVALID_INPUT;
}

static void check_group(struct udp_end *end, const struct udp_record *record)
{
    if (record->value == 0 && lacks_ipv4_groups(end, record)) {
        return;
    }
    bool *joined = &end->joined[record->value][record->requested];
    bool joins = record->op == UDP_JOIN;
    bool is_allowed = record->requested < 2 && *joined != joins;
    fer_error_kind expected = is_allowed                       ? FER_OK
                              : joins && record->requested < 2 ? FER_ADDR_IN_USE
                                                               : FER_ADDR_NOT_AVAILABLE;
    expected = record->value == 1 && !end->is_v6 ? FER_INVALID_INPUT : expected;
    udp_must(record->error.kind == expected || is_not_told_apart(expected, record),
             "a join or leave has a wrong result", record);
    if (record->error.kind == FER_OK) {
        *joined = joins;
        end->has_ever_joined[record->value] = true;
        end->epoch = ++udp_model.epochs;
    }
}

/* Rows peer_addr_after_end and ended_option. */
static bool has_ended(const struct udp_end *end)
{
    return udp_model.dialect == FER_SIM_DIALECT_BSD && end->is_shut[0] && end->is_shut[1];
}

static void check_shutdown(struct udp_end *end, const struct udp_record *record)
{
    udp_must(record->error.kind == (end->is_connected ? FER_OK : FER_NOT_CONNECTED),
             "U7: a shutdown has a wrong result", record);
    if (record->error.kind == FER_OK) {
        end->is_shut[0] = end->is_shut[0] || record->value != FER_SHUTDOWN_WRITE;
        end->is_shut[1] = end->is_shut[1] || record->value != FER_SHUTDOWN_READ;
    }
}

static void check_query(int number, const struct udp_record *record)
{
    struct udp_end *end = &udp_model.ends[number];
    fer_error_kind kind = record->error.kind;
    fer_socket_addr reported = canonical(&record->addr);
    if (record->op == UDP_PEER_ADDR) {
        udp_must(kind == (end->is_connected ? FER_OK : FER_NOT_CONNECTED) ||
                     (has_ended(end) && kind == FER_NOT_CONNECTED),
                 "peer_addr has a wrong result", record);
        udp_must(kind != FER_OK || is_same(&reported, &end->remote), "the peer address is wrong",
                 record);
    } else if (record->op == UDP_LOCAL_ADDR) {
        udp_must(kind == FER_OK && reported.port == end->local.port,
                 "L6: the local address is wrong", record);
    } else if (udp_is_refusal((fer_error_kind)record->value)) {
        udp_check_refusal(number, record);
    } else {
        udp_must(kind == FER_OK && record->value == FER_OK && !end->refusal_is_expected,
                 "U3: take_error has a wrong result", record);
    }
}

/* A shared handle does not go through a raw socket. Row raw_mode: into_raw of a handle that was
 * shared returns a duplicate on Windows, and none if the system lacks handles. */
static void check_through_raw(const struct udp_end *end, const struct udp_record *record)
{
    bool is_expected = record->op == UDP_THROUGH_RAW && end->handles == 1;
    bool lacks_handles = udp_model.dialect == FER_SIM_DIALECT_WINSOCK && end->was_shared &&
                         record->fault_hit && record->fault == FER_SIM_FAULT_TOO_MANY_HANDLES;
    udp_must(record->is_adopted == is_expected || (is_expected && lacks_handles),
             "R1: into_raw has a wrong result", record);
}

static void check_mode(struct udp_end *end, const struct udp_record *record)
{
    check_through_raw(end, record);
    bool v6_on_v4 = record->op == UDP_LOOP && record->requested == 0 && !end->is_v6;
    if (record->op == UDP_LOOP && record->requested == 1 && lacks_ipv4_groups(end, record)) {
        return;
    }
    udp_must(record->error.kind == (v6_on_v4 ? FER_INVALID_INPUT : FER_OK),
             "setting a mode has a wrong result", record);
    udp_must(record->bytes_are_right || has_ended(end),
             "T5: the getter returns another value than was set", record);
    if (record->op == UDP_LOOP && !v6_on_v4) {
        end->loops[record->requested == 0] = record->value != 0;
        bool hides_v4 = end->is_v6 && udp_model.dialect == FER_SIM_DIALECT_BSD;
        size_t expected = (end->loops[0] ? 1u : 0) + (end->loops[1] ? 2u : 0);
        udp_must(record->n == expected || (hides_v4 && record->n == (expected & 2)),
                 "the loop option of one family changed the other's", record);
    }
    end->handles -= record->op == UDP_CLOSE ? 1 : 0;
    end->timeout = record->op == UDP_READ_TIMEOUT ? record->value : end->timeout;
    end->nonblocking = record->op == UDP_NONBLOCKING
                           ? record->value != 0
                           : end->nonblocking && record->op != UDP_THROUGH_RAW;
    end->broadcast = record->op == UDP_BROADCAST ? record->value != 0 : end->broadcast;
    end->is_adopted = end->is_adopted || record->is_adopted;
}

void udp_model_check(const struct udp_record *record)
{
    int number = record->socket;
    if (record->after_pause) {
        udp_settle();
    }
    if (record->op == UDP_BIND) {
        check_bind(record);
    } else if (number == UDP_NONE) {
        bool idle =
            record->op == UDP_CLOSE || record->op == UDP_THROUGH_RAW ||
            ((record->op == UDP_SEND || record->op == UDP_SEND_TO) && record->serial == UDP_NONE);
        udp_must(record->error.kind == (idle ? FER_OK : FER_MISUSE) && record->n == 0,
                 "E4: a handle without a socket has a wrong result", record);
    } else if (record->op == UDP_SEND || record->op == UDP_SEND_TO || record->op == UDP_PEER_SEND) {
        check_send(number, record);
    } else if (record->op == UDP_RECV || record->op == UDP_RECV_FROM || record->op == UDP_PEEK ||
               record->op == UDP_PEER_RECEIVE) {
        check_receive(number, record);
    } else if (record->op == UDP_CONNECT) {
        check_connect(number, record);
    } else if (record->op == UDP_SHUTDOWN) {
        check_shutdown(&udp_model.ends[number], record);
    } else if (record->op == UDP_JOIN || record->op == UDP_LEAVE) {
        check_group(&udp_model.ends[number], record);
    } else if (record->op == UDP_PEER_ADDR || record->op == UDP_LOCAL_ADDR ||
               record->op == UDP_TAKE_ERROR) {
        check_query(number, record);
    } else if (record->op == UDP_CLONE) {
        udp_must(record->error.kind == FER_OK || record->error.kind == FER_MISUSE ||
                     is_fault(record) ||
                     (record->error.kind == FER_OUT_OF_MEMORY && record->fault_hit &&
                      udp_model.dialect == FER_SIM_DIALECT_WINSOCK),
                 "a clone has a wrong result", record);
        udp_model.ends[number].handles += record->error.kind == FER_OK ? 1 : 0;
        udp_model.ends[number].was_shared |= record->error.kind == FER_OK;
    } else {
        check_mode(&udp_model.ends[number], record);
    }
}

void udp_model_begin(fer_sim_dialect dialect)
{
    static const char *const peers[UDP_PEERS] = {"10.0.0.7:1000", "[fd00::7]:1001",
                                                 "127.0.0.1:1002", "10.0.0.8:1003"};
    memset(&udp_model, 0, sizeof udp_model);
    udp_model.dialect = dialect;
    for (int i = 0; i < UDP_PEERS; i++) {
        struct udp_end *end = &udp_model.ends[UDP_SOCKETS + i];
        FER_IGNORE(fer_socket_addr_parse(&end->local, peers[i]));
        end->is_v6 = end->local.ip.family == FER_IP_V6;
        end->epoch = ++udp_model.epochs;
        end->broadcast = true;
        end->timeout = UINT64_MAX;
        end->peeked = UDP_NONE;
    }
}

void udp_model_end(const fer_sim_report *report)
{
    struct udp_record none = {.serial = UDP_NONE};
    udp_must(report->leaked_handles == 0 && report->leaked_waits == 0 &&
                 report->leaked_lookups == 0,
             "a leak", &none);
}
