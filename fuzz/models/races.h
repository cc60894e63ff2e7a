/* races.h: the one place that decides about a call during which events race: a cancel, a deadline,
 * a timeout, an action of a peer, the end of a shortage. Which of them comes first can depend on
 * the resolution of a system's waits. Then each system's result must be one that the rules allow
 * after the events of its own call. Without such a race the results must be equal. */
#ifndef FUZZ_RACES_H
#define FUZZ_RACES_H

#include "fuzz/models/limits_model.h"
#include "fuzz/programs/stream_program.h"

static inline bool is_read(const struct record *record)
{
    return record->op >= OP_READ && record->op <= OP_READ_TO_END;
}

static inline bool is_write(const struct record *record)
{
    return record->op >= OP_WRITE && record->op <= OP_WRITE_ALL;
}

/* A call that makes several reads or writes. */
static inline bool is_whole(const struct record *record)
{
    return record->op == OP_READ_EXACT || record->op == OP_READ_TO_END ||
           record->op == OP_WRITE_ALL;
}

/* ---- What the rules allow after the events of one call */

static inline uint64_t earlier_of(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* K3: the earlier of timeout and deadline. */
static inline uint64_t expiry_of(const struct record *record)
{
    return earlier_of(record->timeout_in, record->limits.deadline_in);
}

/* K1 to K3, by the model that the other harnesses have. The simulated Windows may be late. */
static inline bool limits_allow(const struct record *record)
{
    struct limited_call call = {.limits = record->limits,
                                .error = record->error,
                                .n = record->n,
                                .elapsed = record->elapsed,
                                .time_jumps = record->fault == FER_SIM_FAULT_TIME_JUMP,
                                .late = limits_lateness(true, record->buffers_in > 0)};
    return limits_violation(&call) == NULL;
}

/* T2: not before the timeout. S6: nor after the half was shut down; of a write that holds only if
 * no clone did it. K2: a call that finds both is CANCELLED. K3a: _ready keeps its own timeout. */
static inline bool may_time_out(const struct record *record)
{
    unsigned half = is_read(record) ? FACT_SHUT_READ : FACT_SHUT_WRITE;
    bool is_clones = is_write(record) && (record->facts & FACT_CLONED) != 0;
    bool is_answered = (record->facts_after & half) != 0 && !is_clones && record->op != OP_READY;
    return expiry_of(record) <= record->elapsed && !is_answered &&
           record->limits.cancel_in > record->elapsed;
}

static inline bool may_be_reset(const struct record *record)
{
    unsigned both = FACT_SHUT_READ | FACT_SHUT_WRITE;
    unsigned causes = FACT_RESET | (is_read(record) ? 0u : FACT_PEER_CLOSED);
    return (record->facts_after & causes) != 0 || (record->facts_after & both) == both;
}

static inline bool may_read_end(const struct record *record)
{
    return is_read(record) && (record->facts_after & (FACT_PEER_SHUT | FACT_SHUT_READ)) != 0;
}

static inline bool may_succeed(const struct record *record)
{
    switch (record->op) {
    case OP_READ_EXACT:
    case OP_WRITE_ALL: return record->n == record->requested;
    case OP_READ_TO_END: return may_read_end(record);
    case OP_READY: return true;
    default: return record->n > 0 || record->requested == 0 || may_read_end(record);
    }
}

/* Within the bytes that there were. A single read or write that fails has transferred nothing. */
static inline bool count_is_possible(const struct record *record)
{
    bool lacks_input = is_read(record) && record->could_read < record->requested;
    size_t most = lacks_input ? record->could_read : record->requested;
    bool is_partial = record->error.kind == FER_OK || is_whole(record);
    return record->bytes_are_right && record->n <= (is_partial ? most : 0);
}

static inline bool rules_allow(const struct record *record)
{
    bool is_possible = count_is_possible(record) && limits_allow(record);
    switch (record->error.kind) {
    case FER_OK: return is_possible && may_succeed(record);
    case FER_CANCELLED: return is_possible;
    case FER_TIMED_OUT: return is_possible && may_time_out(record);
    case FER_DEADLOCK: return is_possible && expiry_of(record) == LIMITS_NEVER;
    case FER_CONNECTION_RESET: return is_possible && may_be_reset(record);
    case FER_BROKEN_PIPE:
        return is_possible && is_write(record) &&
               (may_be_reset(record) || (record->facts_after & FACT_SHUT_WRITE) != 0);
    case FER_UNEXPECTED_EOF: return is_possible && may_read_end(record);
    case FER_BUFFER_TOO_SMALL:
        return is_possible && record->op == OP_READ_TO_END && record->n == record->requested;
    default: return false;
    }
}

/* ---- Whether events race */

/* How late one wait of the simulated Windows may notice an event: `late_event`, `cancel_is_late`,
 * and the longest pause between two tries while there are no buffers (T2 false readiness). macOS
 * may notice a shutdown of READ late (S6). */
static inline uint64_t resolution_of(const struct record *winsock)
{
    bool is_late = (winsock->facts & FACT_NOTICES_LATE) != 0;
    if (winsock->system == SYSTEM_MACOS) {
        return 100 * LIMITS_MILLI;
    }
    uint64_t millis = !is_late ? 20u : is_read(winsock) ? 1000u : 100u;
    return millis * LIMITS_MILLI;
}

/* Whether anything happened that could end the call, or a read or write of it. */
static inline bool has_event(const struct record *record)
{
    uint64_t own = record->op == OP_READY ? record->expected : LIMITS_NEVER;
    uint64_t limit = earlier_of(record->limits.cancel_in, expiry_of(record));
    return earlier_of(earlier_of(record->action_in, own), limit) <= record->elapsed;
}

/* A call of several waits may be late in each of them, and each needs an event. */
static inline uint64_t latest_end(const struct record *posix, const struct record *winsock)
{
    uint64_t waits = is_whole(winsock) ? 1 + (uint64_t)winsock->actions : 1;
    uint64_t from = posix->elapsed > winsock->buffers_in ? posix->elapsed : winsock->buffers_in;
    return from + waits * resolution_of(winsock);
}

/* A wait looks once more when it expires (T2), so that TIMED_OUT instead of another result needs a
 * deadline that is over before the next read or write (K1), or a write that a clone's shutdown did
 * not wake (S6). */
static inline bool timeout_is_explained(const struct record *posix, const struct record *winsock)
{
    bool is_over = is_whole(winsock) && winsock->n > 0 && winsock->n <= posix->n &&
                   winsock->elapsed >= winsock->limits.deadline_in;
    return winsock->error.kind != FER_TIMED_OUT || posix->error.kind == FER_TIMED_OUT || is_over ||
           posix->error.kind == FER_BROKEN_PIPE;
}

/* An action of the peer may meet buffers that the later call has not emptied, or filled, yet: if
 * something was in flight before, by an earlier action, by the steps before, or by the write. */
static inline bool meets_other_buffers(const struct record *winsock)
{
    bool was_in_flight = winsock->actions > 1 || is_write(winsock) || winsock->unread > 0;
    return is_whole(winsock) && winsock->actions > 0 && was_in_flight;
}

/* A later look finds no fewer bytes and no less room, until a reset or a shutdown of the half. */
static inline bool count_is_explained(const struct record *posix, const struct record *winsock)
{
    bool may_transfer_less = meets_other_buffers(winsock);
    bool is_same = posix->error.kind == winsock->error.kind;
    unsigned half = is_read(winsock) ? FACT_SHUT_READ : FACT_SHUT_WRITE;
    bool continues = winsock->error.kind != FER_CONNECTION_RESET &&
                     (winsock->facts_after & half) == 0 &&
                     (is_same || posix->error.kind == FER_CANCELLED);
    return winsock->n >= posix->n || !continues || may_transfer_less;
}

/* The call noticed later on Windows what ended it on POSIX, or what happened meanwhile. */
static inline bool notices_late(const struct record *posix, const struct record *winsock)
{
    return winsock->elapsed > posix->elapsed && winsock->elapsed <= latest_end(posix, winsock) &&
           has_event(winsock);
}

/* The limits ended the call on Windows before it noticed an event, which on POSIX came first or at
 * the same time. */
static inline bool is_ended_before(const struct record *posix, const struct record *winsock)
{
    bool is_cancelled =
        winsock->error.kind == FER_CANCELLED && winsock->limits.cancel_in == winsock->elapsed;
    bool is_over =
        winsock->error.kind == FER_TIMED_OUT && winsock->limits.deadline_in == winsock->elapsed;
    return (winsock->facts & FACT_NOTICES_LATE) != 0 && (is_cancelled || is_over) &&
           winsock->elapsed == posix->elapsed && winsock->n <= posix->n;
}

/* The call waited on Windows, as if the buffers were full, until there were buffers again, or
 * something else ended it. */
static inline bool lacks_buffers(const struct record *posix, const struct record *winsock)
{
    return winsock->buffers_in > 0 && (is_read(winsock) || is_write(winsock)) &&
           winsock->elapsed <= latest_end(posix, winsock);
}

/* The only judgement about races. */
static inline bool race_explains(const struct record *posix, const struct record *winsock)
{
    bool waits = is_read(posix) || is_write(posix) || posix->op == OP_READY;
    bool is_late = notices_late(posix, winsock) && timeout_is_explained(posix, winsock) &&
                   count_is_explained(posix, winsock);
    bool is_raced = is_late || is_ended_before(posix, winsock) || lacks_buffers(posix, winsock);
    return waits && is_raced && rules_allow(posix) && rules_allow(winsock);
}

/* Several events happened in the instant in which the call ended: actions, a cancel, a timeout. No
 * rule decides which of them the call notices first, on any system. */
static inline bool ends_by_several(const struct record *record)
{
    int limits = (record->timeout_in == record->elapsed) +
                 (record->limits.deadline_in == record->elapsed) +
                 (record->limits.cancel_in == record->elapsed);
    return record->elapsed > 0 && record->actions_at_end + limits > 1;
}

/* A race that no difference between systems explains: nothing after it can be compared. */
static inline bool instant_explains(const struct record *posix, const struct record *other)
{
    bool waits = is_read(posix) || is_write(posix) || posix->op == OP_READY;
    return waits && posix->elapsed == other->elapsed && ends_by_several(posix) &&
           ends_by_several(other) && rules_allow(posix) && rules_allow(other);
}

/* ---- A connect to several addresses (K8 to K10), whose attempts race too */

static inline bool is_ended_by_limits(const struct record *record)
{
    fer_error_kind kind = record->error.kind;
    return kind == FER_CANCELLED ||
           (kind == FER_TIMED_OUT && record->limits.deadline_in <= record->elapsed);
}

/* How often the kind is among the failures, which are packed in the value. */
static inline int failures_of(const struct record *record, uint64_t kind)
{
    int count = 0;
    for (uint64_t left = record->value; left != 0; left >>= 8) {
        count += (left & 0xFF) == kind;
    }
    return count;
}

/* An attempt whose end is noticed late starts the next one late, or never before the limits, and
 * the failures come in another order. Which ones there are, and the connection, do not change. */
static inline bool connects_agree(const struct record *posix, const struct record *winsock)
{
    if (is_ended_by_limits(posix) || is_ended_by_limits(winsock)) {
        return true;
    }
    if (posix->error.kind != winsock->error.kind || posix->error.kind == FER_OK) {
        return posix->error.kind == winsock->error.kind;
    }
    for (uint64_t left = posix->value; left != 0 && posix->fault < 0; left >>= 8) {
        if (failures_of(posix, left & 0xFF) != failures_of(winsock, left & 0xFF)) {
            return false;
        }
    }
    return posix->n == winsock->n;
}

static inline bool connect_race_explains(const struct record *posix, const struct record *winsock)
{
    return posix->op == OP_CONNECT_WITH && posix->bytes_are_right && winsock->bytes_are_right &&
           limits_allow(posix) && limits_allow(winsock) && connects_agree(posix, winsock);
}

/* Both had the same result, but after different actions of the peer, or a reset was injected into a
 * call below core that only one system makes: nothing after it can be compared. */
static inline bool histories_differ(const struct record *posix, const struct record *winsock)
{
    bool has_one_reset = posix->was_reset != winsock->was_reset;
    bool are_some = posix->actions > 0 || winsock->actions > 0;
    return has_one_reset || posix->actions != winsock->actions ||
           (are_some && posix->elapsed != winsock->elapsed);
}

#endif
