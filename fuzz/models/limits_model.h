/* limits_model.h: the results that a call within limits may have, by rules K1 to K3 (cancel.h). */
#ifndef FUZZ_LIMITS_MODEL_H
#define FUZZ_LIMITS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz/programs/limits.h"

/* A call that may wait, on a handle with limits. */
struct limited_call {
    struct call_limits limits; /* when it began */
    fer_error error;
    size_t n;
    uint64_t elapsed;
    /* The handle's state may answer, or the call transfers nothing: it need not look at the
     * limits. */
    bool may_be_answered;
    bool time_jumps; /* a fault: the clock jumps during the call */
    uint64_t late;   /* the system may notice the end of the limits so much later */
};

/* How late a call may notice the end of its limits: the tries and pauses of its waits, on Windows a
 * slice (`cancel_is_late`), and a pause until there are buffers. */
static inline uint64_t limits_lateness(bool is_winsock, bool lacks_buffers)
{
    return ((is_winsock ? 30u : 10u) + (lacks_buffers ? 20u : 0u)) * LIMITS_MILLI;
}

static inline bool limits_are_over(const struct call_limits *limits)
{
    return limits->is_cancelled || limits->deadline_in == 0;
}

/* When the limits end, from the beginning of the call. */
static inline uint64_t limits_end_in(const struct call_limits *limits)
{
    return limits->cancel_in < limits->deadline_in ? limits->cancel_in : limits->deadline_in;
}

static inline const char *limits_begin_violation(const struct limited_call *call)
{
    fer_error_kind wanted = call->limits.is_cancelled ? FER_CANCELLED : FER_TIMED_OUT;
    if (!limits_are_over(&call->limits) || call->may_be_answered) {
        return NULL;
    }
    if (call->error.kind != wanted || call->error.os_code != 0) {
        return "K1: a call does not begin with a look at its limits";
    }
    return call->n != 0 || call->elapsed != 0 ? "K1: a call whose limits are over does something"
                                              : NULL;
}

/* The rule that the call's result breaks, or NULL. */
static inline const char *limits_violation(const struct limited_call *call)
{
    fer_error_kind kind = call->error.kind;
    uint64_t end = limits_end_in(&call->limits);
    const char *at_begin = limits_begin_violation(call);
    if (at_begin != NULL) {
        return at_begin;
    }
    if (kind == FER_CANCELLED &&
        (call->error.os_code != 0 ||
         (!call->limits.is_cancelled && call->elapsed < call->limits.cancel_in))) {
        return "K2: CANCELLED without a cancel";
    }
    if (kind == FER_DEADLOCK && (limits_are_over(&call->limits) || end != LIMITS_NEVER)) {
        return "K2: a call within limits waits without end";
    }
    if (end != LIMITS_NEVER && !call->time_jumps && call->elapsed > end + call->late) {
        return "K2: a call within limits ends too late";
    }
    return NULL;
}

#endif
