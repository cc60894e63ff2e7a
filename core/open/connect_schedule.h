/* connect_schedule.h: when connection attempts to several addresses are started, timed out and
 * closed (RFC 8305, 5), defined by tables. No socket, no clock, no address. */
#ifndef FERI_CONNECT_SCHEDULE_H
#define FERI_CONNECT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An attempt that is open has a slot, 0 to 15. */
#define FERI_ATTEMPTS_MAX 16

/* All times are nanoseconds of ferp_now. This one is never reached. */
#define FERI_NEVER UINT64_MAX

/* The delay of an application that chooses none (RFC 8305, 8). The RFC also has a minimum of 10 ms
 * and a maximum of 2 s (section 5). They are not enforced here: the caller's delay is used. */
#define FERI_ATTEMPT_DELAY_DEFAULT_NANOS UINT64_C(250000000)

/* X(name, text for docs/STATE.md). */
#define FERI_SCHEDULE_PHASES(X)                                                                  \
    X(READY, "the next attempt is started at once")                                              \
    X(DELAYED, "the next attempt is started when the delay is over, or when the latest attempt " \
               "fails")                                                                          \
    X(FULL, "16 attempts are open; the next attempt needs the slot of one that fails")           \
    X(ALL_STARTED, "the attempt to the last address was started; the open attempts decide")      \
    X(CONNECTED, "an attempt has connected; all others are closed")                              \
    X(FAILED, "the attempts to all addresses have failed")                                       \
    X(LATE, "the deadline was reached; all attempts are closed")                                 \
    X(CANCELLED, "the call was cancelled; all attempts are closed")

/* "latest" is the attempt that was started last. */
#define FERI_SCHEDULE_EVENTS(X)                                                                \
    X(START, "an attempt was started; addresses and slots are left")                           \
    X(START_IN_LAST_SLOT, "an attempt was started, and now 16 are open; addresses are left")   \
    X(START_LAST, "the attempt to the last address was started")                               \
    X(DELAY_OVER, "the delay since the latest start is over")                                  \
    X(LATEST_FAILED, "the latest attempt failed or timed out; another is open, or addresses "  \
                     "are left")                                                               \
    X(EARLIER_FAILED, "an attempt before the latest failed or timed out; another is open, or " \
                      "addresses are left")                                                    \
    X(LAST_FAILED, "an attempt failed or timed out; no other is open, and no address is left") \
    X(CONNECT, "an attempt connected")                                                         \
    X(DEADLINE, "the deadline was reached")                                                    \
    X(CANCEL, "the call was cancelled")

/* What the caller does next. */
#define FERI_SCHEDULE_ACTIONS(X)                                                                 \
    X(START, "open a socket in `slot` and start to connect it to the next address")              \
    X(TIME_OUT, "close the socket in `slot`: its attempt failed with TIMED_OUT")                 \
    X(CLOSE, "close the socket in `slot`, with a reset: another attempt or a limit has decided") \
    X(WAIT,                                                                                      \
      "wait until an open attempt ends, or until the time `until` (if it is not FERI_NEVER)")    \
    X(CONNECTED, "use the connection in `slot`; nothing else is open")                           \
    X(FAILED, "report the error of the last address; nothing is open")                           \
    X(LATE, "report TIMED_OUT; nothing is open")                                                 \
    X(CANCELLED, "report CANCELLED; nothing is open")

#define FERI_SCHEDULE_PHASE_ENUMERATOR(name, text) FERI_SCHEDULE_##name,
#define FERI_SCHEDULE_EVENT_ENUMERATOR(name, text) FERI_SCHEDULE_EVENT_##name,
#define FERI_SCHEDULE_ACTION_ENUMERATOR(name, text) FERI_SCHEDULE_DO_##name,

typedef enum feri_schedule_phase {
    FERI_SCHEDULE_PHASES(FERI_SCHEDULE_PHASE_ENUMERATOR) FERI_SCHEDULE_PHASE_COUNT
} feri_schedule_phase;
typedef enum feri_schedule_event {
    FERI_SCHEDULE_EVENTS(FERI_SCHEDULE_EVENT_ENUMERATOR) FERI_SCHEDULE_EVENT_COUNT
} feri_schedule_event;
typedef enum feri_schedule_action {
    FERI_SCHEDULE_ACTIONS(FERI_SCHEDULE_ACTION_ENUMERATOR) FERI_SCHEDULE_ACTION_COUNT
} feri_schedule_action;

/* The fields that an action does not name are 0. */
typedef struct feri_schedule_step {
    feri_schedule_action action;
    size_t slot;
    uint64_t until;
} feri_schedule_step;

/* The other fields have values from the start of an attempt on. */
typedef struct feri_attempt {
    bool is_open;
    size_t number;    /* the attempts are numbered from 0 in the order of their starts */
    uint64_t ends_at; /* the time at which it times out */
} feri_attempt;

/* Filled by feri_connect_schedule_begin. Only the functions below change the fields. */
typedef struct feri_connect_schedule {
    feri_schedule_phase phase;
    size_t addresses;
    size_t started; /* the number of attempts that were started */
    size_t winner;  /* the slot of the connection, in the phase CONNECTED */
    uint64_t delay;
    uint64_t attempt_timeout;
    uint64_t deadline;
    uint64_t delayed_until; /* the latest start plus the delay; no value before the first */
    feri_attempt attempts[FERI_ATTEMPTS_MAX];
} feri_connect_schedule;

/* Begins the schedule of attempts to `addresses` addresses, at least one.
 * delay: from a start to the next. 0 starts 16 attempts at once; FERI_NEVER one after another.
 * attempt_timeout: from the start of an attempt to its end; FERI_NEVER for none.
 * deadline: the time at which all attempts end; FERI_NEVER for none. */
void feri_connect_schedule_begin(feri_connect_schedule *schedule, size_t addresses, uint64_t delay,
                                 uint64_t attempt_timeout, uint64_t deadline);

/* Returns the next action, which the caller performs: after START the slot is open, after TIME_OUT
 * and CLOSE it is free. The caller reports the ends that it has seen, reads the clock, and calls
 * this function again until the action is WAIT. CONNECTED, FAILED, LATE and CANCELLED are final:
 * later calls return them again.
 *
 * Of events that are seen together, the first of these decides: the reports before the call, in
 * their order (a connection wins although the deadline is reached); the deadline; the timeouts of
 * attempts, the earliest first; the delay. No time is reached before `now` is: if a wait returned
 * too early, WAIT is returned again with the same time (curl, PR 1928). */
feri_schedule_step feri_connect_schedule_next(feri_connect_schedule *schedule, uint64_t now);

/* The time at which the deadline or the first timeout ends an attempt; FERI_NEVER if none does. A
 * caller that may come after it first reports the attempts that have ended. */
uint64_t feri_connect_schedule_limit(const feri_connect_schedule *schedule);

/* Reports the end of the open attempt in this slot. If it connected and nothing has decided yet, it
 * is the winner; otherwise it stays open until CLOSE. If it failed, the caller has closed its
 * socket, or could not open one, and the slot is free. */
void feri_connect_schedule_ended(feri_connect_schedule *schedule, size_t slot, bool connected);

/* Cancels the schedule, if nothing has decided yet. */
void feri_connect_schedule_cancel(feri_connect_schedule *schedule);

/* The tables. The phase after an event, or FERI_SCHEDULE_MISUSE for an event that the phase
 * excludes. */
#define FERI_SCHEDULE_MISUSE FERI_SCHEDULE_PHASE_COUNT
feri_schedule_phase feri_schedule_next_phase(feri_schedule_phase phase, feri_schedule_event event);

/* The action of a phase when no attempt is to be timed out or closed. */
feri_schedule_action feri_schedule_action_of(feri_schedule_phase phase);

/* Whether the timer of the delay runs in a phase, and whether the timeouts of the attempts and the
 * deadline do. */
bool feri_schedule_delay_runs(feri_schedule_phase phase);
bool feri_schedule_limits_run(feri_schedule_phase phase);

#endif
