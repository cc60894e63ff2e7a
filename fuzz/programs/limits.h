/* limits.h: the limits of a program's handles: one token for all, and a deadline for each handle.
 * They are part of a program only if a bit of its switches is set (driver/windows.h). */
#ifndef FUZZ_LIMITS_H
#define FUZZ_LIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ferrule.h"
#include "ferrule/sim.h"

/* A byte of a step is one of these faults, or a larger number: what it does to the limits. Faults
 * that came later are none of them, so that every input keeps its meaning. */
enum { LIMITS_FAULTS = FER_SIM_FAULT_NO_MEMORY + 1 };

#define LIMITS_NEVER UINT64_MAX
#define LIMITS_MILLI UINT64_C(1000000)

/* The limits of one call, relative to its beginning, in nanoseconds of virtual time. Without a
 * token no cancel is in it. */
struct call_limits {
    bool are_set, is_cancelled;
    uint64_t cancel_in;   /* or LIMITS_NEVER */
    uint64_t deadline_in; /* 0: reached; or LIMITS_NEVER */
};

static inline void limits_print(const struct call_limits *limits)
{
    if (limits->are_set) {
        fprintf(stderr, "  limits: %s, cancelled in %lld, deadline in %lld ns\n",
                limits->is_cancelled ? "cancelled" : "not cancelled", (long long)limits->cancel_in,
                (long long)limits->deadline_in);
    }
}

/* The limits of a handle. The deadline is a time of the simulation. */
struct handle_limits {
    bool has_token;
    uint64_t deadline; /* or LIMITS_NEVER */
};

struct program_limits {
    bool are_used, cancel_is_scheduled;
    uint64_t cancel_at;
    fer_cancel_token token;
};

#define LIMITS_NONE ((struct handle_limits){false, LIMITS_NEVER})

/* What a byte of a step does to the limits of the step's handle, and to the token. */
enum limits_action {
    LIMITS_KEEP,
    LIMITS_CLEAR,
    LIMITS_SET_TOKEN,
    LIMITS_SET_NEAR,
    LIMITS_SET_BOTH,
    LIMITS_SET_PAST,
    LIMITS_CANCEL_LATER,
    LIMITS_CANCEL_OR_RESET,
    LIMITS_ACTIONS
};

static inline void limits_cancel_now(void *context)
{
    struct program_limits *program = context;
    program->cancel_is_scheduled = false;
    FER_IGNORE(fer_cancel_token_cancel(&program->token));
}

/* Between the times of peers and those of timeouts. At most one cancel is scheduled. */
static inline void limits_cancel_later(struct program_limits *program, uint64_t steps)
{
    fer_duration delay = {steps * 4 * LIMITS_MILLI + LIMITS_MILLI};
    if (!program->cancel_is_scheduled) {
        program->cancel_is_scheduled = true;
        program->cancel_at = fer_sim_now().nanos + delay.nanos;
        FER_IGNORE(fer_sim_after(delay, limits_cancel_now, program));
    }
}

/* Does what the byte says to the token. Returns whether it sets the handle's limits, to *out. */
static inline bool limits_act(struct program_limits *program, uint8_t byte,
                              struct handle_limits *out)
{
    uint64_t number = byte / LIMITS_ACTIONS;
    uint64_t now = fer_sim_now().nanos;
    uint64_t nearby = now + (1 + number) * 4 * LIMITS_MILLI;
    enum limits_action action = (enum limits_action)(byte % LIMITS_ACTIONS);
    switch (action) {
    case LIMITS_CLEAR: *out = LIMITS_NONE; return true;
    case LIMITS_SET_TOKEN: *out = (struct handle_limits){true, LIMITS_NEVER}; return true;
    case LIMITS_SET_NEAR: *out = (struct handle_limits){false, nearby}; return true;
    case LIMITS_SET_BOTH: *out = (struct handle_limits){true, nearby}; return true;
    case LIMITS_SET_PAST: *out = (struct handle_limits){number % 2 == 1, now}; return true;
    case LIMITS_CANCEL_LATER:
        limits_cancel_later(program, number);
        *out = (struct handle_limits){true, LIMITS_NEVER};
        return true;
    case LIMITS_CANCEL_OR_RESET:
        FER_IGNORE(number % 2 == 0 ? fer_cancel_token_reset(&program->token)
                                   : fer_cancel_token_cancel(&program->token));
        return false;
    case LIMITS_KEEP:
    default: return false;
    }
}

static inline fer_limits limits_to_set(struct program_limits *program,
                                       const struct handle_limits *limits)
{
    uint64_t now = fer_sim_now().nanos;
    fer_instant deadline = FER_INSTANT_NONE;
    if (limits->deadline != LIMITS_NEVER) {
        deadline = fer_instant_after((fer_duration){limits->deadline - now});
    }
    return (fer_limits){.deadline = deadline, .token = limits->has_token ? &program->token : NULL};
}

/* After a jump of the clock a cancel may be due and not be done yet. */
static inline uint64_t limits_left(uint64_t time, uint64_t now)
{
    uint64_t left = time > now ? time - now : 0;
    return time == LIMITS_NEVER ? LIMITS_NEVER : left;
}

/* The limits of a call that begins now. */
static inline struct call_limits limits_of_call(const struct program_limits *program,
                                                const struct handle_limits *limits)
{
    uint64_t now = fer_sim_now().nanos;
    bool is_pending = limits->has_token && program->cancel_is_scheduled;
    return (struct call_limits){limits->has_token || limits->deadline != LIMITS_NEVER,
                                limits->has_token && fer_cancel_token_is_cancelled(&program->token),
                                limits_left(is_pending ? program->cancel_at : LIMITS_NEVER, now),
                                limits_left(limits->deadline, now)};
}

#endif
