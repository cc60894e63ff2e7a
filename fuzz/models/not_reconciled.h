/* not_reconciled.h: the cases of "Not reconciled" in which a step of a program of streams differs
 * between Linux and another system in the simulation. */
#ifndef FUZZ_NOT_RECONCILED_H
#define FUZZ_NOT_RECONCILED_H

#include "fuzz/models/difference.h"
#include "fuzz/models/races.h"

/* ---- The columns of the table */

#define CALL(op) (UINT64_C(1) << OP_##op)
#define READS (CALL(READ) | CALL(PEEK) | CALL(READ_VECTORED) | CALL(READ_EXACT) | CALL(READ_TO_END))
#define WRITES_ONCE (CALL(WRITE) | CALL(WRITE_VECTORED))
#define WRITES (WRITES_ONCE | CALL(WRITE_ALL))
#define TIMEOUTS (CALL(READ_TIMEOUT) | CALL(WRITE_TIMEOUT))
#define GETS (TIMEOUTS | CALL(NODELAY) | CALL(TTL) | CALL(LINGER) | CALL(KEEPALIVE))
#define OF_PEERS BUT(CALL(PEER_SEND) - 1)

enum { SHARED = FACT_CLONED | FACT_ADOPTED, SHUT = FACT_SHUT_READ | FACT_SHUT_WRITE };

static inline bool reports_reset(const struct record *record)
{
    return record->error.kind == FER_CONNECTION_RESET ||
           (record->op == OP_TAKE_ERROR && record->value == (uint64_t)FER_CONNECTION_RESET);
}

/* Both halves have ended, whichever end ended them, or the connection was reset. */
static inline bool has_ended(const struct record *record)
{
    return has(record, FACT_RESET) ||
           (had(record, FACT_PEER_SHUT | FACT_SHUT_READ) && had(record, FACT_SHUT_WRITE));
}

/* After another row's difference, a different call reports the reset first in each system, and a
 * later take_error returns none. */
static inline bool is_reported_elsewhere(const struct record *p, const struct record *o)
{
    uint64_t ends = K(OK) | RESET | BROKEN;
    return p->was_forgiven && has(p, FACT_RESET) && is_kind_of((fer_error_kind)p->value, ends) &&
           is_kind_of((fer_error_kind)o->value, ends);
}

static inline bool is_failed_by_fault(const struct record *record)
{
    uint64_t kinds = K(INTERRUPTED) | K(WOULD_BLOCK) | K(NO_BUFFER_SPACE);
    return record->fault >= 0 && is_kind_of(record->error.kind, kinds);
}

/* A fault is injected into the call in one system. In the other the handle returns a saved answer,
 * and no bytes. */
static inline bool is_one_failed(const struct record *p, const struct record *o)
{
    return (p->was_forgiven || p->unread > 0) && o->n == 0 &&
           is_failed_by_fault(p) != is_failed_by_fault(o);
}

/* The library marks the end of a read half that is shared (feri_marks_read_end), and reports it as
 * soon as a receive finds nothing, or lacks buffers. */
static inline bool is_marked_end(const struct record *p, const struct record *o)
{
    bool finds_nothing = o->fault == FER_SIM_FAULT_WOULD_BLOCK ||
                         o->fault == FER_SIM_FAULT_NO_BUFFERS || had(o, FACT_LACKS_BUFFERS);
    return had(o, FACT_CLONED) && had(o, FACT_SHUT_READ) && finds_nothing &&
           (p->n > o->n || p->error.kind == FER_BUFFER_TOO_SMALL || is_failed_by_fault(p));
}

/* The fields of a keepalive, as program_do_option packs them, are equal, except for those at Linux'
 * maximum and above it on the other system, and, with `defaults`, those that were never set. */
static inline bool is_keepalive_alike(const struct record *p, const struct record *o, bool defaults)
{
    static const struct {
        int shift;
        uint64_t mask, longest, linux_own, windows_own, bsd_own;
    } fields[] = {{40, UINT64_MAX, 32767, 7200, 7200, 7200},
                  {16, 0xFFFFFF, 32767, 75, 1, 75},
                  {1, 0x7FFF, 127, 9, 10, 8}};
    for (int i = 0; i < 3; i++) {
        uint64_t one = p->value >> fields[i].shift & fields[i].mask;
        uint64_t other = o->value >> fields[i].shift & fields[i].mask;
        uint64_t own = o->system == SYSTEM_WINDOWS ? fields[i].windows_own : fields[i].bsd_own;
        bool is_above = one == fields[i].longest && other > one;
        bool is_unset = defaults && one == fields[i].linux_own && other == own;
        if (one != other && !is_above && !is_unset) {
            return false;
        }
    }
    return (p->value & 1) == (o->value & 1);
}

/* Both return the value that was set, or less than 10 ms more. */
static inline bool is_a_grain_apart(const struct record *p, const struct record *o)
{
    return (p->value > o->value ? p->value - o->value : o->value - p->value) < 10 * LIMITS_MILLI;
}

/* Of linger, in seconds: 65535 on Windows, 327 on macOS, 32767 on the BSDs. */
static inline bool is_longest_linger(const struct record *o)
{
    uint64_t second = 1000 * LIMITS_MILLI;
    return o->system == SYSTEM_WINDOWS ? o->value == 65535 * second
                                       : o->value == 327 * second || o->value == 32767 * second;
}

/* A race in which a wait on Windows noticed an event, a shutdown or space late, or one on macOS a
 * shutdown of READ. */
static inline bool is_late(const struct record *p, const struct record *o)
{
    bool may_be_late = o->system == SYSTEM_MACOS ? has(o, FACT_SHUT_READ) && !had(o, FACT_SHUT_READ)
                                                 : had(o, FACT_NOTICES_LATE);
    return may_be_late && (race_explains(p, o) || connect_race_explains(p, o));
}

/* After another row's difference the handle's state answers in one system only, before the limits
 * (rule K1): after a reset only Linux still has the input, for example, or a _ready of a clone has
 * met the reset on Windows only. */
static inline bool is_one_over(const struct record *p, const struct record *o)
{
    fer_error_kind ended = p->limits.is_cancelled ? FER_CANCELLED : FER_TIMED_OUT;
    return limits_are_over(&p->limits) && (p->error.kind == ended) != (o->error.kind == ended) &&
           (p->was_forgiven ||
            (has(p, FACT_RESET) && (p->unread > 0 || (had(p, FACT_CLONED) && reports_reset(o)))));
}

/* ---- The table */

/* X(tag, or the rule, systems, whether the comparison ends, calls, kinds on Linux, kinds on the
 * other system, and a condition of the step on Linux, p, and there, o). The first case counts. */
/* clang-format off */
#define NOT_RECONCILED(X)                                                                          \
    /* A shut down read half discards what is queued and what still arrives. A clone, or the       \
     * handle after a raw socket, reads the end or a reset, and the peer never fills the buffers.  \
     * On macOS what it would have filled resets the connection (input_after_both). */             \
    X(clone_reads_on, ON_BSD, ENDS, READS, ANY, END,                                               \
      has(o, FACT_SHUT_READ) && had(o, SHARED) && o->n <= p->n)                                    \
    X(clone_reads_on, ON_BSD, ENDS, READS, ANY, RESET,                                             \
      has_both(o, FACT_SHUT_READ | FACT_RESET) && had(o, SHARED) && o->n <= p->n)                  \
    X(clone_reads_on, ON_BSD, ENDS, CALL(PEER_SEND), ANY, K(OK),                                   \
      has(o, FACT_SHUT_READ) && o->n > p->n)                                                       \
    X(clone_reads_on, ON_MACOS, ENDS, CALL(PEER_SEND) | CALL(PEER_RECEIVE),                        \
      K(OK) | K(WOULD_BLOCK) | BROKEN, RESET, has(o, FACT_SHUT_READ) && has_ended(o))              \
    X(clone_reads_on, ON_MACOS, ENDS, CALL(PEER_RECEIVE) | CALL(CLOSE), ANY, ANY,                  \
      has(o, FACT_SHUT_READ) && has_ended(o) && o->n < p->n)                                       \
    X(clone_reads_on, ON_WINDOWS | ON_MACOS, ENDS, READS, ANY, ANY, is_marked_end(p, o))           \
    /* Linux still delivers the bytes that arrived before the reset. */                            \
    X(reset_loses_input, ON_WINDOWS, GOES_ON, READS, ANY, RESET,                                   \
      has(p, FACT_RESET) && p->unread > 0 &&                                                       \
      (p->n > o->n || p->error.kind == FER_BUFFER_TOO_SMALL))                                      \
    X(reset_loses_input, ON_WINDOWS, GOES_ON, CALL(TAKE_ERROR), K(OK), K(OK),                      \
      is_reported_elsewhere(p, o))                                                                 \
    X(reset_loses_input, ON_WINDOWS, GOES_ON, ANY, ANY, ANY,                                       \
      has(p, FACT_RESET) && is_one_failed(p, o))                                                   \
    /* After another handle has reported the reset, Linux reports nothing, Windows the reset. On   \
     * the BSDs a write leaves the reset to the next call, which may be another clone's. */        \
    X(saw_reset_second, ON_ALL, GOES_ON, READS, END, RESET,                                        \
      had(p, SHARED) && has(p, FACT_RESET) && p->n >= o->n)                                        \
    X(saw_reset_second, ON_ALL, GOES_ON, WRITES, BROKEN, RESET,                                    \
      had(p, SHARED) && has(p, FACT_RESET) && p->n >= o->n)                                        \
    X(saw_reset_second, ON_ALL, GOES_ON, CALL(TAKE_ERROR), K(OK), ANY,                             \
      had(p, SHARED) && has(p, FACT_RESET) && p->value == FER_OK && reports_reset(o))              \
    X(saw_reset_second, ON_BSD, GOES_ON, READS, RESET, END,                                        \
      had(p, SHARED) && has(p, FACT_RESET) && p->was_forgiven && p->n == o->n)                     \
    /* The peer closed, and then a reset arrived: Linux reports the bytes and the end of file,     \
     * Windows the reset, the BSDs the bytes and the reset. */                                     \
    X(end_then_reset, ON_ALL, GOES_ON, READS, END, RESET,                                          \
      has_both(p, FACT_PEER_SHUT | FACT_RESET) &&                                                  \
      (p->n == o->n || (p->n > o->n && o->system == SYSTEM_WINDOWS)))                              \
    X(end_then_reset, ON_ALL, GOES_ON, CALL(TAKE_ERROR), K(OK), ANY,                               \
      has_both(p, FACT_PEER_SHUT | FACT_RESET) && !reports_reset(p) && reports_reset(o))           \
    X(end_then_reset, ON_BSD, GOES_ON, CALL(TAKE_ERROR), K(OK), K(OK),                             \
      has(p, FACT_PEER_SHUT) && is_reported_elsewhere(p, o))                                       \
    X(end_then_reset, ON_BSD, GOES_ON, ANY, ANY, ANY,                                              \
      has_both(p, FACT_PEER_SHUT | FACT_RESET) && is_one_failed(p, o))                             \
    /* The simulated Windows takes all bytes at once if there is any space. Linux and the BSDs     \
     * take those that fit, and a blocking call on Linux waits until all are taken. If it cannot   \
     * be continued, a write returns the count, and write_all the error of the next write. */      \
    X(one_write_takes, ON_WINDOWS, ENDS, WRITES_ONCE, K(OK), K(OK), p->n > 0 && p->n < o->n)       \
    X(one_write_takes, ON_WINDOWS, ENDS, CALL(WRITE_ALL),                                          \
      UNFINISHED | K(DEADLOCK) | RESET | BROKEN, ANY,                                              \
      p->n > 0 && p->n < o->n &&                                                                   \
      (o->error.kind == FER_OK || o->error.kind == p->error.kind))                                 \
    X(one_write_takes, ON_ALL, ENDS, WRITES_ONCE, K(OK), K(OK),                                    \
      had(p, FACT_DEFERRED) && p->n > o->n && o->n > 0)                                            \
    /* The peer reads while write_all waits: on Linux the waiting write counts as progress when    \
     * its timeout expires, so that write_all waits once more, and ends later. */                  \
    X(one_write_takes, ON_ALL, ENDS, CALL(WRITE_ALL), K(OK) | K(TIMED_OUT) | RESET | BROKEN,       \
      K(TIMED_OUT),                                                                                \
      had(p, FACT_DEFERRED) && o->n > 0 && p->elapsed > o->elapsed &&                              \
      (p->n >= o->n || (p->n > 0 && o->system == SYSTEM_WINDOWS)))                                 \
    /* A partial write cuts the send of Linux that waits. A write of the BSDs has tried once in    \
     * vain before it waits, and that send has met the fault. */                                   \
    X(one_write_takes, ON_BSD, ENDS, WRITES_ONCE, K(OK), K(OK),                                    \
      p->fault == FER_SIM_FAULT_PARTIAL_WRITE && had(p, FACT_DEFERRED) && p->n > 0 && p->n < o->n) \
    /* Windows retries it with fewer bytes, and then later. */                                     \
    X(no_buffer_space, ON_WINDOWS, ENDS, READS | WRITES, K(NO_BUFFER_SPACE),                       \
      BUT(K(NO_BUFFER_SPACE)), p->fault == FER_SIM_FAULT_NO_BUFFERS)                               \
    X(no_buffer_space, ON_WINDOWS, ENDS, READS | WRITES, ANY, K(WOULD_BLOCK), o->buffers_in > 0)   \
    X(no_buffer_space, ON_WINDOWS, ENDS, READS | WRITES, ANY, BUT(K(NO_BUFFER_SPACE)),             \
      o->buffers_in > 0 && race_explains(p, o))                                                    \
    /* A long send that fails for lack of buffers may have queued bytes, so that its error ends    \
     * the stream. A short one waits for buffers. */                                               \
    X(failed_send_may_have_sent, ON_MACOS, ENDS, ANY, ANY, K(NO_BUFFER_SPACE),                     \
      had(o, FACT_SEND_FAILED))                                                                    \
    X(failed_send_may_have_sent, ON_MACOS, ENDS, CALL(TAKE_ERROR) | CALL(READY), ANY, ANY,         \
      had(o, FACT_SEND_FAILED))                                                                    \
    X(failed_send_may_have_sent, ON_MACOS, ENDS, CALL(PEER_ADDR), ANY, K(NOT_CONNECTED),           \
      had(o, FACT_SEND_FAILED))                                                                    \
    X(failed_send_may_have_sent, ON_MACOS, ENDS, WRITES, K(NO_BUFFER_SPACE), ANY,                  \
      o->fault == FER_SIM_FAULT_NO_BUFFERS)                                                        \
    /* On the BSDs the write that fails leaves the pending error to a later call. */               \
    X(write_after_peer_gone, ON_ALL, GOES_ON, WRITES, K(OK) | RESET | BROKEN,                      \
      K(OK) | RESET | BROKEN, has(p, FACT_PEER_CLOSED | FACT_RESET))                               \
    X(write_after_peer_gone, ON_BSD, GOES_ON, CALL(TAKE_ERROR), K(OK), K(OK),                      \
      is_reported_elsewhere(p, o))                                                                 \
    X(write_after_peer_gone, ON_BSD, GOES_ON, ANY, ANY, ANY, is_one_failed(p, o))                  \
    /* A stream of the BSDs has no peer once both halves have ended, by whichever end. */          \
    X(peer_addr_after_end, ON_ALL, ENDS, CALL(PEER_ADDR), K(NOT_CONNECTED), K(OK),                 \
      has(p, FACT_RESET | FACT_PEER_SHUT))                                                         \
    X(peer_addr_after_end, ON_ALL, ENDS, CALL(THROUGH_RAW), K(INVALID_INPUT), K(OK),               \
      has(p, FACT_RESET | FACT_PEER_SHUT))                                                         \
    X(peer_addr_after_end, ON_BSD, ENDS, CALL(PEER_ADDR), K(OK), K(NOT_CONNECTED), has_ended(o))   \
    X(peer_addr_after_end, ON_BSD, ENDS, CALL(THROUGH_RAW), K(OK), K(INVALID_INPUT), has_ended(o)) \
    X(local_addr_after_end, ON_NETBSD | ON_OPENBSD, ENDS, CALL(LOCAL_ADDR), K(OK),                 \
      K(NOT_CONNECTED), has(o, FACT_RESET | FACT_PEER_SHUT))                                       \
    X(close_with_unread_input, ON_BSD, GOES_ON, CALL(CLOSE), RESET, K(OK),                         \
      o->has_value && had(o, SHARED | FACT_SHUT_READ) && p->unread > 0 && o->n >= p->n)            \
    /* The program closed first. Windows may reset instead of sending on. */                       \
    X(early_close_loses, ON_WINDOWS, GOES_ON, CALL(CLOSE), K(OK), RESET,                           \
      p->has_value && had(p, FACT_LOOPBACK) && !has(p, FACT_PEER_SHUT) && p->n > 0 && o->n == 0)   \
    X(linger_expires, ON_WINDOWS, GOES_ON, CALL(CLOSE), K(OK), RESET,                              \
      p->has_value && p->n >= o->n && o->elapsed >= 1000 * LIMITS_MILLI)                           \
    X(full_backlog, ON_WINDOWS, GOES_ON, CALL(CONNECT_FULL), K(TIMED_OUT),                         \
      K(CONNECTION_REFUSED), true)                                                                 \
    X(reset_in_queue, ON_ALL, ENDS, CALL(ACCEPT_SECOND), K(OK), K(OK),                             \
      p->value == 0 && o->value == 1)                                                              \
    X(bracketed_name, ON_WINDOWS, ENDS, CALL(CONNECT_NAME), K(HOST_NOT_FOUND),                     \
      BUT(K(HOST_NOT_FOUND)), p->expected == 0)                                                    \
    X(rebind_under_connections, ON_WINDOWS, ENDS, CALL(BIND), K(OK), K(ADDR_IN_USE),               \
      had(p, FACT_PORT_IN_USE))                                                                    \
    /* Or [::] and 0.0.0.0 share a port: dual_stack_beside_ipv4. */                                \
    X(wildcard_beside_specific, ON_BSD, ENDS, CALL(BIND), K(ADDR_IN_USE), K(OK), true)             \
    X(no_dual_stack, ON_OPENBSD, ENDS, CALL(BIND), K(OK) | K(ADDR_IN_USE), K(UNSUPPORTED), true)   \
    X(link_local_without_scope, ON_ALL, GOES_ON, CALL(BIND), K(INVALID_INPUT),                     \
      K(ADDR_NOT_AVAILABLE), p->expected == 0)                                                     \
    /* A value that OpenON_BSD refused is set on Linux from then on. */                            \
    X(keepalive_fields, ON_BSD, GOES_ON, CALL(KEEPALIVE), K(OK), K(UNSUPPORTED), true)             \
    X(keepalive_fields, ON_BSD, GOES_ON, CALL(KEEPALIVE), K(OK), K(OK),                            \
      o->value >> 1 == 0 && (p->was_forgiven || (p->value & 1) == o->value))                       \
    X(grain, ON_ALL, GOES_ON, TIMEOUTS, K(OK), K(OK), is_a_grain_apart(p, o))                      \
    X(grain, ON_ALL, GOES_ON, CALL(LINGER), K(OK), K(OK),                                          \
      p->expected > o->value && is_longest_linger(o))                                              \
    X(grain, ON_ALL, GOES_ON, CALL(KEEPALIVE), K(OK), K(OK), is_keepalive_alike(p, o, false))      \
    X(system_defaults, ON_ALL, GOES_ON, CALL(TTL) | CALL(LISTENER), K(OK), K(OK),                  \
      p->value == 64 && o->value == 128)                                                           \
    X(system_defaults, ON_ALL, GOES_ON, CALL(KEEPALIVE), K(OK), K(OK),                             \
      is_keepalive_alike(p, o, true))                                                              \
    X(listener_timeout, ON_BSD, ENDS, CALL(ACCEPT), K(TIMED_OUT), K(DEADLOCK), true)               \
    /* Only the library knows a lone shutdown of reading, and into_raw loses it. A timeout that    \
     * the raw socket of one clone gets is the others' on Linux only. */                           \
    X(raw_mode, ON_WINDOWS | ON_MACOS, ENDS, ANY, K(TIMED_OUT), K(DEADLOCK),                       \
      had(p, FACT_CLONE_TIMED))                                                                    \
    X(raw_mode, ON_WINDOWS | ON_MACOS, ENDS, READS | OF_PEERS, ANY, ANY,                           \
      had(p, FACT_ADOPTED) && had(p, FACT_SHUT_READ))                                              \
    /* Input is queued when both halves are shut down, and more arrives. Linux resets; Windows     \
     * keeps the input, and receives what was still to be sent. Its close then resets. */          \
    X(input_after_both, ON_ALL, ENDS, READS | CALL(PEER_RECEIVE) | CALL(CLOSE), ANY, ANY,          \
      has_both(p, SHUT) && p->n < o->n)                                                            \
    X(input_after_both, ON_ALL, ENDS, ANY, ANY, ANY,                                               \
      has_both(p, SHUT) && reports_reset(p) && !reports_reset(o))                                  \
    X(poller_hints, ON_ALL, GOES_ON, CALL(POLLER_WAIT), K(OK), K(OK),                              \
      had(p, SHUT) || p->was_forgiven)                                                             \
    /* A registered clone was closed, and a new one has its number: on Linux it is registered. */  \
    X(number_of_a_clone, ON_ALL, ENDS, CALL(POLLER_ADD), K(ALREADY_EXISTS), K(OK),                 \
      had(p, FACT_CLONED))                                                                         \
    X(number_of_a_clone, ON_ALL, ENDS, CALL(POLLER_MODIFY) | CALL(POLLER_DELETE), K(OK),           \
      K(NOT_FOUND), had(p, FACT_CLONED))                                                           \
    X(clone_out_of_memory, ON_WINDOWS | ON_MACOS, ENDS, CALL(CLONE) | CALL(LISTENER), K(OK),       \
      K(OUT_OF_MEMORY), true)                                                                      \
    /* An option was set after both halves had ended: macOS has refused it. A linger time decides  \
     * how the close ends for the peer. On the BSDs some options cannot be read. */                \
    X(ended_option, ON_BSD, GOES_ON, GETS, K(OK), K(OK), has_ended(o))                             \
    X(ended_option, ON_BSD, GOES_ON, CALL(CLOSE), ANY, ANY, has_ended(o) && p->was_forgiven)       \
    X(ended_option, ON_FREEBSD | ON_NETBSD | ON_OPENBSD, GOES_ON, CALL(NODELAY) | CALL(KEEPALIVE), \
      K(OK), RESET, has_ended(o))                                                                  \
    X(ended_option, ON_NETBSD | ON_OPENBSD, GOES_ON, CALL(TTL), K(OK), RESET, has_ended(o))        \
    /* A read that noticed its shutdown late has met a reset too, which is then no longer pending. \
     * WSAPoll's hang-up (hangup_ends_write_waits) is a readiness to write. */                     \
    X(late_event, ON_WINDOWS | ON_MACOS, ENDS, ANY, ANY, ANY, is_late(p, o))                       \
    X(late_event, ON_WINDOWS | ON_MACOS, ENDS, CALL(TAKE_ERROR), K(OK), K(OK),                     \
      had(o, FACT_NOTICES_LATE) && had(o, FACT_SHUT_READ) && has(o, FACT_RESET) &&                 \
      reports_reset(p) && o->value == FER_OK)                                                      \
    X(late_event, ON_WINDOWS | ON_MACOS, ENDS, CALL(READY), ANY, K(OK),                            \
      had(o, FACT_NOTICES_LATE) && had(o, FACT_PEER_SHUT) &&                                       \
      (o->elapsed <= p->elapsed || p->error.kind == FER_DEADLOCK))                                 \
    X(cancel_is_late, ON_WINDOWS, ENDS, ANY, K(CANCELLED), ANY,                                    \
      !p->limits.is_cancelled && (race_explains(p, o) || connect_race_explains(p, o)))             \
    X(K1, ON_ALL, GOES_ON, READS | WRITES | CALL(READY), ANY, ANY,                                 \
      is_one_over(p, o))
/* clang-format on */

#endif
