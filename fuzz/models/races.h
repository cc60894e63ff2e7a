/* races.h: the one place that decides about a call during which events race: a cancel, a deadline,
 * a timeout, an action of a peer, the end of a shortage. Which of them comes first can depend on
 * the resolution of a system's waits. Then each system's result must be one that the rules allow
 * after the events of its own call. Without such a race the results must be equal. */
#ifndef FUZZ_RACES_H
#define FUZZ_RACES_H

#include "fuzz/models/limits_model.h"
#include "fuzz/programs/stream_program.h"

/* ---- What the rules allow after the events of one call */

static inline uint64_t least_of(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* K3: the earlier of timeout and deadline. */
static inline uint64_t expiry_of(const struct record *record)
{
    return least_of(record->timeout_in, record->limits.deadline_in);
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

/* Whether the result is one that the rules allow after the events of the call. */
static inline bool rules_allow(const struct record *record)
{
    bool reads = is_read(record);
    bool has_all = record->n == record->requested;
    bool is_shut = has(record, reads ? FACT_SHUT_READ : FACT_SHUT_WRITE);
    bool may_end = reads && has(record, FACT_PEER_SHUT | FACT_SHUT_READ);
    bool may_be_reset = has(record, FACT_RESET | (reads ? 0u : FACT_PEER_CLOSED)) ||
                        has_both(record, FACT_SHUT_READ | FACT_SHUT_WRITE);
    /* S6: a shutdown of the half ends the call; of a write only if no clone did it. */
    bool is_answered = is_shut && (reads || !had(record, FACT_CLONED)) && record->op != OP_READY;
    bool is_partial = record->error.kind == FER_OK || is_whole(record);
    uint64_t most = reads ? least_of(record->could_read, record->requested) : record->requested;
    if (!limits_allow(record) || !record->bytes_are_right || record->n > (is_partial ? most : 0)) {
        return false;
    }
    switch (record->error.kind) {
    case FER_OK:
        if (record->op == OP_READ_EXACT || record->op == OP_WRITE_ALL) {
            return has_all;
        }
        return may_end || (record->op != OP_READ_TO_END &&
                           (record->op == OP_READY || record->n > 0 || record->requested == 0));
    case FER_CANCELLED: return true;
    /* T2: not before the timeout. K2: a call that finds both is CANCELLED. */
    case FER_TIMED_OUT:
        return expiry_of(record) <= record->elapsed && !is_answered &&
               record->limits.cancel_in > record->elapsed;
    case FER_DEADLOCK: return expiry_of(record) == LIMITS_NEVER;
    case FER_CONNECTION_RESET: return may_be_reset;
    case FER_BROKEN_PIPE: return is_write(record) && (may_be_reset || is_shut);
    case FER_UNEXPECTED_EOF: return may_end;
    case FER_BUFFER_TOO_SMALL: return record->op == OP_READ_TO_END && has_all;
    default: return false;
    }
}

/* ---- Whether events race */

/* How late one wait of the simulated Windows may notice an event: `late_event`, `cancel_is_late`,
 * and the longest pause between two tries while there are no buffers (T2 false readiness). macOS
 * may notice a shutdown of READ late (S6). */
static inline uint64_t resolution_of(const struct record *o)
{
    bool is_late = had(o, FACT_NOTICES_LATE) || o->system == SYSTEM_MACOS;
    bool is_received = is_read(o) && o->system != SYSTEM_MACOS;
    return (!is_late ? 20u : is_received ? 1000u : 100u) * LIMITS_MILLI;
}

/* Whether anything happened that could end the call, or a read or write of it. */
static inline bool has_event(const struct record *record)
{
    uint64_t own = record->op == OP_READY ? record->expected : LIMITS_NEVER;
    uint64_t limit = least_of(record->limits.cancel_in, expiry_of(record));
    return least_of(least_of(record->action_in, own), limit) <= record->elapsed;
}

/* A call of several waits may be late in each of them, and each needs an event. */
static inline uint64_t latest_end(const struct record *p, const struct record *o)
{
    uint64_t waits = is_whole(o) ? 1 + (uint64_t)o->actions : 1;
    uint64_t from = p->elapsed > o->buffers_in ? p->elapsed : o->buffers_in;
    return from + waits * resolution_of(o);
}

/* The call noticed later on Windows what ended it on Linux, or what happened meanwhile. */
static inline bool notices_late(const struct record *p, const struct record *o)
{
    bool is_same = p->error.kind == o->error.kind;
    /* A wait tries once more when it expires (T2), so that TIMED_OUT instead of another result
     * needs a deadline that is over before the next read or write (K1), or a write that a clone's
     * shutdown did not wake (S6). */
    bool is_over = is_whole(o) && o->n > 0 && o->n <= p->n && o->elapsed >= o->limits.deadline_in;
    bool may_time_out =
        o->error.kind != FER_TIMED_OUT || is_same || is_over || p->error.kind == FER_BROKEN_PIPE;
    /* A later try finds no fewer bytes and no less space, until a reset or a shutdown of the half.
     * But an action of the peer may meet buffers that it has not emptied, or filled, yet: if
     * something was in flight before, by an earlier action, the steps before, or the write. */
    bool goes_on = o->error.kind != FER_CONNECTION_RESET &&
                   !has(o, is_read(o) ? FACT_SHUT_READ : FACT_SHUT_WRITE) &&
                   (is_same || p->error.kind == FER_CANCELLED);
    bool meets_others =
        is_whole(o) && o->actions > 0 && (o->actions > 1 || is_write(o) || o->unread > 0);
    bool may_have_less = o->n >= p->n || !goes_on || meets_others;
    return o->elapsed > p->elapsed && o->elapsed <= latest_end(p, o) && has_event(o) &&
           may_time_out && may_have_less;
}

/* The limits ended the call on Windows before it noticed an event, which on Linux came first or at
 * the same time. A last try there that finds nothing takes a microsecond. */
static inline bool is_ended_before(const struct record *p, const struct record *o)
{
    bool is_cancelled = o->error.kind == FER_CANCELLED && o->limits.cancel_in == o->elapsed;
    bool is_over = o->error.kind == FER_TIMED_OUT && o->limits.deadline_in == o->elapsed;
    return (o->facts & FACT_NOTICES_LATE) != 0 && (is_cancelled || is_over) &&
           o->elapsed <= p->elapsed && p->elapsed - o->elapsed <= LIMITS_MILLI / 1000 &&
           o->n <= p->n;
}

/* The call waited on Windows, as if the buffers were full, until there were buffers again, or
 * something else ended it. */
static inline bool lacks_buffers(const struct record *p, const struct record *o)
{
    return o->buffers_in > 0 && (is_read(o) || is_write(o)) && o->elapsed <= latest_end(p, o);
}

static inline bool may_wait(const struct record *record)
{
    return is_read(record) || is_write(record) || record->op == OP_READY;
}

/* The only judgement about races. */
static inline bool race_explains(const struct record *p, const struct record *o)
{
    return may_wait(p) && (notices_late(p, o) || is_ended_before(p, o) || lacks_buffers(p, o)) &&
           rules_allow(p) && rules_allow(o);
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
static inline bool instant_explains(const struct record *p, const struct record *o)
{
    return may_wait(p) && p->elapsed == o->elapsed && ends_by_several(p) && ends_by_several(o) &&
           rules_allow(p) && rules_allow(o);
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
static inline bool connects_agree(const struct record *p, const struct record *o)
{
    if (is_ended_by_limits(p) || is_ended_by_limits(o)) {
        return true;
    }
    if (p->error.kind != o->error.kind || p->error.kind == FER_OK) {
        return p->error.kind == o->error.kind;
    }
    for (uint64_t left = p->value; left != 0 && p->fault < 0; left >>= 8) {
        if (failures_of(p, left & 0xFF) != failures_of(o, left & 0xFF)) {
            return false;
        }
    }
    return p->n == o->n;
}

static inline bool connect_race_explains(const struct record *p, const struct record *o)
{
    return p->op == OP_CONNECT_WITH && p->bytes_are_right && o->bytes_are_right &&
           limits_allow(p) && limits_allow(o) && connects_agree(p, o);
}

/* Both had the same result, but after different actions of the peer, or a reset was injected into a
 * call below core that only one system makes: nothing after it can be compared. */
static inline bool histories_differ(const struct record *p, const struct record *o)
{
    bool has_one_reset = p->was_reset != o->was_reset;
    bool are_some = p->actions > 0 || o->actions > 0;
    return has_one_reset || p->actions != o->actions || (are_some && p->elapsed != o->elapsed);
}

#endif
