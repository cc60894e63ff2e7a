/* not_reconciled.h: one predicate for each row of docs/DIFFERENCES.md, "Not reconciled", by which
 * Linux and another system differ in the simulation. Each recognizes its difference in one step,
 * and no other. Those of the BSDs alone are in not_reconciled_bsd.h. */
#ifndef FUZZ_NOT_RECONCILED_H
#define FUZZ_NOT_RECONCILED_H

#include "fuzz/models/not_reconciled_bsd.h"
#include "fuzz/models/races.h"

/* The systems whose difference from Linux a row is. */
#define ON(system) (1u << SYSTEM_##system)
#define ON_WINDOWS ON(WINDOWS)
#define ON_BSD (ON(MACOS) | ON(FREEBSD) | ON(NETBSD) | ON(OPENBSD))
#define ON_ALL (ON_WINDOWS | ON_BSD)
/* The library marks the end of a read half (feri_marks_read_end). */
#define ON_MARKS (ON_WINDOWS | ON(MACOS))

/* X(tag, systems, whether nothing after it can be compared): the positions in a stream differ then,
 * or it is closed in one dialect only. The first row that recognizes a difference counts. */
#define NOT_RECONCILED(X)                         \
    X(clone_reads_on, ON_ALL, true)               \
    X(reset_loses_input, ON_WINDOWS, false)       \
    X(saw_reset_second, ON_ALL, false)            \
    X(end_then_reset, ON_ALL, false)              \
    X(one_write_takes, ON_ALL, true)              \
    X(no_buffer_space, ON_WINDOWS, true)          \
    X(failed_send_may_have_sent, ON(MACOS), true) \
    X(write_after_peer_gone, ON_ALL, false)       \
    X(peer_addr_after_end, ON_ALL, true)          \
    X(close_with_unread_input, ON_BSD, false)     \
    X(early_close_loses, ON_WINDOWS, false)       \
    X(linger_expires, ON_WINDOWS, false)          \
    X(full_backlog, ON_WINDOWS, false)            \
    X(reset_in_queue, ON_ALL, true)               \
    X(bracketed_name, ON_WINDOWS, true)           \
    X(rebind_under_connections, ON_WINDOWS, true) \
    X(wildcard_beside_specific, ON_BSD, true)     \
    X(no_dual_stack, ON(OPENBSD), true)           \
    X(link_local_without_scope, ON_ALL, false)    \
    X(keepalive_fields, ON_BSD, false)            \
    X(grain, ON_ALL, false)                       \
    X(system_defaults, ON_ALL, false)             \
    X(listener_timeout, ON_BSD, true)             \
    X(raw_mode, ON_MARKS, true)                   \
    X(input_after_both, ON_ALL, true)             \
    X(poller_hints, ON_ALL, false)                \
    X(number_of_a_clone, ON_ALL, true)            \
    X(clone_out_of_memory, ON_MARKS, true)        \
    X(ended_option, ON_ALL, false)                \
    X(late_event, ON_MARKS, true)                 \
    X(cancel_is_late, ON_WINDOWS, true)           \
    X(limits_after_the_end, ON_ALL, false)

static inline bool reports_reset(const struct record *record)
{
    return record->error.kind == FER_CONNECTION_RESET ||
           (record->op == OP_TAKE_ERROR && record->value == (uint64_t)FER_CONNECTION_RESET);
}

/* After another row's difference, a different call reports the reset first in each system, and a
 * later take_error returns OK. */
static inline bool is_reset_reported_elsewhere(const struct record *posix,
                                               const struct record *winsock)
{
    const struct record *both[] = {posix, winsock};
    for (int i = 0; i < 2; i++) {
        uint64_t reported = both[i]->value;
        if (both[i]->op != OP_TAKE_ERROR || both[i]->error.kind != FER_OK ||
            (reported != FER_OK && reported != FER_CONNECTION_RESET &&
             reported != FER_BROKEN_PIPE)) {
            return false;
        }
    }
    return posix->was_forgiven && (posix->facts_after & FACT_RESET) != 0;
}

/* A fault is injected into the call in one system. In the other the handle returns a saved answer,
 * and no bytes. */
static inline bool is_failed_by_fault(const struct record *record)
{
    fer_error_kind kind = record->error.kind;
    return record->fault >= 0 &&
           (kind == FER_INTERRUPTED || kind == FER_NO_BUFFER_SPACE || kind == FER_WOULD_BLOCK);
}

static inline bool is_one_failed_by_fault(const struct record *posix, const struct record *winsock)
{
    return (posix->was_forgiven || posix->unread > 0) && winsock->n == 0 &&
           is_failed_by_fault(posix) != is_failed_by_fault(winsock);
}

/* Linux still delivers the bytes that arrived before the reset. */
static inline bool reset_loses_input(const struct record *posix, const struct record *winsock)
{
    bool has_more = is_read(posix) && reports_reset(winsock) && posix->unread > 0 &&
                    (posix->n > winsock->n || posix->error.kind == FER_BUFFER_TOO_SMALL);
    return (posix->facts_after & FACT_RESET) != 0 &&
           (has_more || is_reset_reported_elsewhere(posix, winsock) ||
            is_one_failed_by_fault(posix, winsock));
}

/* A second handle of a cloned or adopted socket, after another handle has reported the reset: Linux
 * reports nothing, Windows the reset. On macOS and the BSDs a write leaves the reset to the next
 * call. */
static inline bool saw_reset_second(const struct record *posix, const struct record *winsock)
{
    bool ended =
        is_read(posix) && (posix->error.kind == FER_OK || posix->error.kind == FER_UNEXPECTED_EOF);
    bool broken = is_write(posix) && posix->error.kind == FER_BROKEN_PIPE;
    bool silent = posix->op == OP_TAKE_ERROR && posix->error.kind == FER_OK &&
                  posix->value == (uint64_t)FER_OK;
    bool is_second =
        reports_reset(winsock) && posix->n >= winsock->n && (ended || broken || silent);
    return (posix->facts & (FACT_CLONED | FACT_ADOPTED)) != 0 &&
           (posix->facts_after & FACT_RESET) != 0 &&
           (is_second || (is_bsd(winsock) && is_reset_of_another_clone(posix, winsock)));
}

/* The peer closed, and then a reset arrived: Linux reports the bytes and the end of file, Windows
 * the reset, the BSDs the bytes and the reset. */
static inline bool end_then_reset(const struct record *posix, const struct record *winsock)
{
    bool ended =
        is_read(posix) && (posix->error.kind == FER_OK || posix->error.kind == FER_UNEXPECTED_EOF);
    bool piped = posix->op == OP_TAKE_ERROR && posix->error.kind == FER_OK &&
                 posix->value != (uint64_t)FER_CONNECTION_RESET;
    bool was_reset =
        (posix->facts_after & FACT_PEER_SHUT) != 0 && (posix->facts_after & FACT_RESET) != 0;
    bool may_have_fewer = !is_bsd(winsock) && posix->n >= winsock->n;
    return (was_reset && reports_reset(winsock) && (ended || piped) &&
            (may_have_fewer || posix->n == winsock->n)) ||
           (was_reset && is_bsd(winsock) &&
            (is_one_failed_by_fault(posix, winsock) ||
             is_reset_reported_elsewhere(posix, winsock)));
}

/* A clone of a socket whose read half was shut down: on Windows and macOS the library reports the
 * end as soon as a receive finds nothing, or lacks buffers. */
static inline bool marked_end_is_read(const struct record *posix, const struct record *winsock)
{
    unsigned facts = FACT_CLONED | FACT_SHUT_READ;
    bool finds_nothing = winsock->fault == FER_SIM_FAULT_WOULD_BLOCK ||
                         winsock->fault == FER_SIM_FAULT_NO_BUFFERS ||
                         (winsock->facts & FACT_LACKS_BUFFERS) != 0;
    return (winsock->facts & facts) == facts && is_read(posix) && finds_nothing &&
           (posix->n > winsock->n || posix->error.kind == FER_BUFFER_TOO_SMALL ||
            is_failed_by_fault(posix));
}

static inline bool clone_reads_on(const struct record *posix, const struct record *other)
{
    return (is_bsd(other) && shut_read_discards(posix, other)) ||
           ((ON_MARKS >> other->system & 1) != 0 && marked_end_is_read(posix, other));
}

static inline bool are_writes_after_peer_gone(const struct record *posix,
                                              const struct record *winsock)
{
    const struct record *both[] = {posix, winsock};
    for (int i = 0; i < 2; i++) {
        fer_error_kind kind = both[i]->error.kind;
        if (!is_write(both[i]) ||
            (kind != FER_OK && kind != FER_CONNECTION_RESET && kind != FER_BROKEN_PIPE)) {
            return false;
        }
    }
    return (posix->facts_after & (FACT_PEER_CLOSED | FACT_RESET)) != 0;
}

/* On the BSDs the write that fails leaves the pending error to a later call. */
static inline bool write_after_peer_gone(const struct record *posix, const struct record *other)
{
    return are_writes_after_peer_gone(posix, other) ||
           (is_bsd(other) &&
            (is_reset_reported_elsewhere(posix, other) || is_one_failed_by_fault(posix, other)));
}

static inline bool peer_addr_after_end(const struct record *posix, const struct record *winsock)
{
    bool reported = posix->op == OP_PEER_ADDR && posix->error.kind == FER_NOT_CONNECTED;
    bool refused = posix->op == OP_THROUGH_RAW && posix->error.kind == FER_INVALID_INPUT;
    bool by_others = (posix->facts_after & (FACT_RESET | FACT_PEER_SHUT)) != 0;
    return (by_others && winsock->error.kind == FER_OK && (reported || refused)) ||
           peer_addr_after_own_end(posix, winsock) || local_addr_after_end(posix, winsock);
}

/* The peer reads while write_all waits: on Linux the waiting write counts as progress when its
 * timeout expires, so that write_all waits once more, and ends later. */
static inline bool waits_once_more(const struct record *posix, const struct record *winsock)
{
    fer_error_kind kind = posix->error.kind;
    bool may_follow = kind == FER_OK || kind == FER_TIMED_OUT || kind == FER_CONNECTION_RESET ||
                      kind == FER_BROKEN_PIPE;
    return posix->op == OP_WRITE_ALL && (posix->facts & FACT_DEFERRED) != 0 &&
           winsock->error.kind == FER_TIMED_OUT && winsock->n > 0 && may_follow &&
           posix->n >= winsock->n && posix->elapsed > winsock->elapsed;
}

/* A blocking write on Linux waits until all bytes are taken or the timeout expires. On the
 * simulated Windows with partial_sends it takes the bytes that fit. */
static inline bool waits_for_all(const struct record *posix, const struct record *winsock)
{
    return is_write(posix) && posix->op != OP_WRITE_ALL && (posix->facts & FACT_DEFERRED) != 0 &&
           posix->error.kind == FER_OK && winsock->error.kind == FER_OK && posix->n > winsock->n &&
           winsock->n > 0;
}

/* A partial write cuts the send of Linux that waits. A write of the BSDs has tried once in vain
 * before it waits, and that send has met the fault. */
static inline bool is_partial_once(const struct record *posix, const struct record *other)
{
    return is_bsd(other) && is_write(posix) && posix->op != OP_WRITE_ALL &&
           posix->fault == FER_SIM_FAULT_PARTIAL_WRITE && (posix->facts & FACT_DEFERRED) != 0 &&
           posix->error.kind == FER_OK && other->error.kind == FER_OK && posix->n > 0 &&
           posix->n < other->n;
}

/* One write: the simulated Windows takes all bytes at once if there is any room. Linux and the BSDs
 * take those that fit, and a blocking call on Linux waits until all are taken. If it cannot be
 * continued, a write returns the count, and write_all the error of the next write. */
static inline bool one_write_takes(const struct record *posix, const struct record *winsock)
{
    fer_error_kind kind = posix->error.kind;
    bool is_stopped = kind == FER_WOULD_BLOCK || kind == FER_TIMED_OUT || kind == FER_DEADLOCK ||
                      kind == FER_CONNECTION_RESET || kind == FER_BROKEN_PIPE ||
                      kind == FER_CANCELLED;
    bool takes_all = is_write(posix) && (posix->op == OP_WRITE_ALL ? is_stopped : kind == FER_OK) &&
                     (winsock->error.kind == FER_OK || winsock->error.kind == kind) &&
                     posix->n > 0 && posix->n < winsock->n;
    return (takes_all && !is_bsd(winsock)) || waits_for_all(posix, winsock) ||
           waits_once_more(posix, winsock) || is_partial_once(posix, winsock);
}

/* A lack of buffers for a read or write: Windows retries it with fewer bytes, and then later. */
static inline bool no_buffer_space(const struct record *posix, const struct record *winsock)
{
    bool is_fault =
        posix->fault == FER_SIM_FAULT_NO_BUFFERS && posix->error.kind == FER_NO_BUFFER_SPACE;
    bool would_wait = winsock->buffers_in > 0 && winsock->error.kind == FER_WOULD_BLOCK;
    bool waits = winsock->buffers_in > 0 && race_explains(posix, winsock);
    return (is_read(posix) || is_write(posix)) && (is_fault || would_wait || waits) &&
           winsock->error.kind != FER_NO_BUFFER_SPACE;
}

/* The program closed first, over a loopback address: on Windows the peer may get a reset instead of
 * the bytes that it had not received. */
static inline bool early_close_loses(const struct record *posix, const struct record *winsock)
{
    return posix->op == OP_CLOSE && posix->has_value && (posix->facts & FACT_LOOPBACK) != 0 &&
           (posix->facts_after & FACT_PEER_SHUT) == 0 && posix->error.kind == FER_OK &&
           posix->n > 0 && winsock->error.kind == FER_CONNECTION_RESET && winsock->n == 0;
}

/* A close waited for the linger time in vain. Windows then resets the connection. */
static inline bool linger_expires(const struct record *posix, const struct record *winsock)
{
    const uint64_t second = UINT64_C(1000000000);
    return posix->op == OP_CLOSE && posix->has_value && posix->error.kind == FER_OK &&
           winsock->error.kind == FER_CONNECTION_RESET && posix->n >= winsock->n &&
           winsock->elapsed >= second;
}

static inline bool full_backlog(const struct record *posix, const struct record *winsock)
{
    return posix->op == OP_CONNECT_FULL && posix->error.kind == FER_TIMED_OUT &&
           winsock->error.kind == FER_CONNECTION_REFUSED;
}

/* Linux returns the reset connection, Windows skips it. */
static inline bool reset_in_queue(const struct record *posix, const struct record *winsock)
{
    return posix->op == OP_ACCEPT_SECOND && posix->error.kind == FER_OK && posix->value == 0 &&
           winsock->error.kind == FER_OK && winsock->value == 1;
}

static inline bool bracketed_name(const struct record *posix, const struct record *winsock)
{
    return posix->op == OP_CONNECT_NAME && posix->expected == 0 &&
           posix->error.kind == FER_HOST_NOT_FOUND && winsock->error.kind != FER_HOST_NOT_FOUND;
}

static inline bool rebind_under_connections(const struct record *posix,
                                            const struct record *winsock)
{
    return posix->op == OP_BIND && (posix->facts & FACT_PORT_IN_USE) != 0 &&
           posix->error.kind == FER_OK && winsock->error.kind == FER_ADDR_IN_USE;
}

static inline bool link_local_without_scope(const struct record *posix,
                                            const struct record *winsock)
{
    return posix->op == OP_BIND && posix->expected == 0 && posix->error.kind == FER_INVALID_INPUT &&
           winsock->error.kind == FER_ADDR_NOT_AVAILABLE;
}

/* The fields of a keepalive, as program_do_option packs them. */
struct keepalive_values {
    bool enabled;
    uint64_t fields[3];
};

static inline struct keepalive_values unpacked(uint64_t value)
{
    return (struct keepalive_values){(value & 1) != 0,
                                     {value >> 40, value >> 16 & 0xFFFFFF, value >> 1 & 0x7FFF}};
}

/* OpenBSD has no fields, and NetBSD returns none. A value that OpenBSD refused is set on Linux from
 * then on. */
static inline bool keepalive_fields(const struct record *posix, const struct record *bsd)
{
    struct keepalive_values one = unpacked(posix->value);
    struct keepalive_values other = unpacked(bsd->value);
    bool zeros = other.fields[0] == 0 && other.fields[1] == 0 && other.fields[2] == 0;
    bool reported =
        bsd->error.kind == FER_OK && zeros && (one.enabled == other.enabled || posix->was_forgiven);
    return posix->op == OP_KEEPALIVE && posix->error.kind == FER_OK &&
           (bsd->error.kind == FER_UNSUPPORTED || reported);
}

/* The fields are equal, except for those at Linux' maximum and above it on Windows, and, with
 * `defaults`, those that were never set. */
static inline bool are_alike_but_for(const struct record *posix, const struct record *winsock,
                                     bool defaults)
{
    static const uint64_t longest[] = {32767, 32767, 127};
    static const uint64_t linux_own[] = {7200, 75, 9};
    static const uint64_t windows_own[] = {7200, 1, 10};
    static const uint64_t bsd_own[] = {7200, 75, 8};
    const uint64_t *own = is_bsd(winsock) ? bsd_own : windows_own;
    struct keepalive_values one = unpacked(posix->value);
    struct keepalive_values other = unpacked(winsock->value);
    for (int i = 0; i < 3; i++) {
        bool above = one.fields[i] == longest[i] && other.fields[i] > longest[i];
        bool unset = defaults && one.fields[i] == linux_own[i] && other.fields[i] == own[i];
        if (one.fields[i] != other.fields[i] && !above && !unset) {
            return false;
        }
    }
    return one.enabled == other.enabled;
}

static inline bool both_succeed(const struct record *posix, const struct record *winsock)
{
    return posix->error.kind == FER_OK && winsock->error.kind == FER_OK;
}

static inline bool system_defaults(const struct record *posix, const struct record *winsock)
{
    bool ttl = (posix->op == OP_TTL || posix->op == OP_LISTENER) && posix->value == 64 &&
               winsock->value == 128;
    bool keepalive = posix->op == OP_KEEPALIVE && are_alike_but_for(posix, winsock, true);
    return both_succeed(posix, winsock) && (ttl || keepalive);
}

/* Both return the value that was set, or a grain more: 10 ms for timeouts, one second for linger;
 * or the maximum. */
static inline bool grain(const struct record *posix, const struct record *winsock)
{
    const uint64_t longest = UINT64_C(65535) * 1000000000;
    uint64_t apart = posix->value > winsock->value ? posix->value - winsock->value
                                                   : winsock->value - posix->value;
    bool times =
        (posix->op == OP_READ_TIMEOUT || posix->op == OP_WRITE_TIMEOUT) && apart < 10000000;
    bool linger = posix->op == OP_LINGER && posix->expected > winsock->value &&
                  (is_bsd(winsock) ? is_longest_linger(winsock) : winsock->value == longest);
    bool keepalive = posix->op == OP_KEEPALIVE && are_alike_but_for(posix, winsock, false);
    return both_succeed(posix, winsock) && (times || linger || keepalive);
}

/* On Windows and macOS only the library knows a lone shutdown of reading, and into_raw loses it. On
 * Linux the socket keeps it. A timeout that the raw socket of one clone gets is the others' on
 * Linux only. */
static inline bool raw_mode(const struct record *posix, const struct record *winsock)
{
    unsigned facts = FACT_ADOPTED | FACT_SHUT_READ;
    bool has_foreign_timeout = (posix->facts & FACT_CLONE_TIMED) != 0 &&
                               posix->error.kind == FER_TIMED_OUT &&
                               winsock->error.kind == FER_DEADLOCK;
    return has_foreign_timeout ||
           ((posix->facts & facts) == facts && (is_read(posix) || posix->op >= OP_PEER_SEND));
}

/* Both halves are shut down while input is queued, and more arrives. Linux resets; Windows shut
 * only the write half down, keeps the input, and receives what was still to be sent. Its close then
 * resets. */
static inline bool input_after_both(const struct record *posix, const struct record *winsock)
{
    unsigned facts = FACT_SHUT_READ | FACT_SHUT_WRITE;
    bool receives = is_read(posix) || posix->op == OP_PEER_RECEIVE || posix->op == OP_CLOSE;
    bool has_less = receives && posix->n < winsock->n;
    bool is_open = !reports_reset(winsock) && reports_reset(posix);
    return (posix->facts_after & facts) == facts && (is_open || has_less);
}

/* Events of halves that this end shut down, or of a connection whose state differs since another
 * row's difference. */
static inline bool poller_hints(const struct record *posix, const struct record *winsock)
{
    bool is_shut = (posix->facts & (FACT_SHUT_READ | FACT_SHUT_WRITE)) != 0;
    return posix->op == OP_POLLER_WAIT && both_succeed(posix, winsock) &&
           (is_shut || posix->was_forgiven);
}

/* A registered clone was closed, and a new clone has its number: on Linux it is registered. */
static inline bool number_of_a_clone(const struct record *posix, const struct record *winsock)
{
    bool adds = posix->op == OP_POLLER_ADD && posix->error.kind == FER_ALREADY_EXISTS &&
                winsock->error.kind == FER_OK;
    bool is_known = (posix->op == OP_POLLER_MODIFY || posix->op == OP_POLLER_DELETE) &&
                    posix->error.kind == FER_OK && winsock->error.kind == FER_NOT_FOUND;
    return (posix->facts & FACT_CLONED) != 0 && (adds || is_known);
}

/* An option that was set after both halves had ended: macOS has refused it. A linger time decides
 * how the close ends for the peer. On the BSDs some cannot be read. */
static inline bool ended_option(const struct record *posix, const struct record *winsock)
{
    bool gets = posix->op == OP_READ_TIMEOUT || posix->op == OP_WRITE_TIMEOUT ||
                (posix->op >= OP_NODELAY && posix->op <= OP_KEEPALIVE);
    bool closes = posix->op == OP_CLOSE && posix->was_forgiven;
    bool is_refused = is_bsd(winsock) && has_ended(winsock);
    bool is_lost = is_refused && ((gets && both_succeed(posix, winsock)) || closes);
    return is_lost || hides_option(posix, winsock);
}

/* A read that noticed its shutdown late has met a reset too, which is then no longer pending. */
static inline bool has_met_reset(const struct record *posix, const struct record *winsock)
{
    unsigned facts = FACT_NOTICES_LATE | FACT_SHUT_READ;
    return (winsock->facts & facts) == facts && (winsock->facts_after & FACT_RESET) != 0 &&
           posix->op == OP_TAKE_ERROR && both_succeed(posix, winsock) && reports_reset(posix) &&
           winsock->value == (uint64_t)FER_OK;
}

/* WSAPoll's hang-up (hangup_ends_write_waits) is a readiness to write. */
static inline bool is_ready_at_hangup(const struct record *posix, const struct record *winsock)
{
    unsigned facts = FACT_PEER_SHUT | FACT_NOTICES_LATE;
    return posix->op == OP_READY && (winsock->facts & facts) == facts &&
           winsock->error.kind == FER_OK && winsock->elapsed <= posix->elapsed;
}

/* A wait on Windows noticed an event, a shutdown or space late, or on macOS a shutdown of READ. */
static inline bool late_event(const struct record *posix, const struct record *winsock)
{
    bool is_raced = race_explains(posix, winsock) || connect_race_explains(posix, winsock);
    bool is_shut = (winsock->facts_after & ~winsock->facts & FACT_SHUT_READ) != 0;
    bool may_be_late =
        winsock->system == SYSTEM_MACOS ? is_shut : (winsock->facts & FACT_NOTICES_LATE) != 0;
    bool is_late = may_be_late && is_raced;
    return is_late || has_met_reset(posix, winsock) || is_ready_at_hangup(posix, winsock);
}

/* K2: on Windows a wait that is no request notices a cancel up to 20 ms late. It may end in another
 * way until then. */
static inline bool cancel_is_late(const struct record *posix, const struct record *winsock)
{
    bool is_raced = race_explains(posix, winsock) || connect_race_explains(posix, winsock);
    return is_raced && posix->error.kind == FER_CANCELLED && !posix->limits.is_cancelled;
}

/* After another row's difference the handle's state answers in one system only, before the limits
 * (rule K1): after a reset only Linux still has the input, for example, or a _ready of a clone has
 * met the reset on Windows only. */
static inline bool limits_after_the_end(const struct record *posix, const struct record *winsock)
{
    bool is_over = posix->limits.is_cancelled || posix->limits.deadline_in == 0;
    fer_error_kind ended = posix->limits.is_cancelled ? FER_CANCELLED : FER_TIMED_OUT;
    bool calls = is_read(posix) || is_write(posix) || posix->op == OP_READY;
    bool is_reset = (posix->facts_after & FACT_RESET) != 0;
    bool has_more = is_reset && posix->unread > 0;
    bool has_met = is_reset && (posix->facts & FACT_CLONED) != 0 && reports_reset(winsock);
    return calls && is_over && (posix->was_forgiven || has_more || has_met) &&
           (posix->error.kind == ended) != (winsock->error.kind == ended);
}

/* The first clone of a socket allocates on Windows only. */
static inline bool clone_out_of_memory(const struct record *posix, const struct record *winsock)
{
    bool clones = posix->op == OP_CLONE || posix->op == OP_LISTENER;
    return clones && posix->error.kind == FER_OK && winsock->error.kind == FER_OUT_OF_MEMORY;
}

#endif
