/* schedule_model.h: the history of the connection attempts of one call, from which each step
 * follows by RFC 8305. It has no phases: every question is answered from the attempts. */
#ifndef FUZZ_SCHEDULE_MODEL_H
#define FUZZ_SCHEDULE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEDULE_ADDRESSES_MAX = 64, SCHEDULE_SLOTS = 16 };

typedef enum schedule_action {
    SCHEDULE_START,
    SCHEDULE_TIME_OUT,
    SCHEDULE_CLOSE,
    SCHEDULE_WAIT,
    SCHEDULE_CONNECTED,
    SCHEDULE_FAILED,
    SCHEDULE_LATE,
    SCHEDULE_CANCELLED
} schedule_action;

typedef enum attempt_state {
    ATTEMPT_OPEN,
    ATTEMPT_WON,
    ATTEMPT_FAILED, /* by a report */
    ATTEMPT_TIMED_OUT,
    ATTEMPT_CLOSED
} attempt_state;

/* Times are nanoseconds; UINT64_MAX is never. */
typedef struct schedule_model {
    size_t addresses;
    uint64_t delay, attempt_timeout, deadline;
    bool is_decided;
    schedule_action result;
    size_t tried; /* the number of addresses that were tried */
    struct model_attempt {
        attempt_state state;
        uint64_t started;
        size_t slot;
    } attempts[SCHEDULE_ADDRESSES_MAX];
} schedule_model;

void schedule_model_begin(schedule_model *model, size_t addresses, uint64_t delay,
                          uint64_t attempt_timeout, uint64_t deadline);

/* Stores the indices of the addresses in the order in which they are tried: the families in turns,
 * the first one's first. */
void schedule_model_order(const bool *is_ipv4, size_t count, size_t *order);

/* Returns the number of open attempts, without the winner. Stores the slot of the nth, if there are
 * more. */
size_t schedule_model_open(const schedule_model *model, size_t nth, size_t *slot);

/* Reports of the caller. */
void schedule_model_report(schedule_model *model, size_t slot, bool connected);
void schedule_model_cancel(schedule_model *model);

/* Checks a step that was returned at the time now, and applies it. */
void schedule_model_check(schedule_model *model, uint64_t now, schedule_action action, size_t slot,
                          uint64_t until);

#endif
