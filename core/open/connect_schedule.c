/* connect_schedule.c: the tables of the schedule, and the functions that read them. A section of
 * docs/STATE.md is generated from here. */
#include "core/open/connect_schedule.h"

#include "core/base/compiler.h"
#include "core/base/time.h"

static const uint8_t phase_actions[FERI_SCHEDULE_PHASE_COUNT] = {
    [FERI_SCHEDULE_READY] = FERI_SCHEDULE_DO_START,
    [FERI_SCHEDULE_DELAYED] = FERI_SCHEDULE_DO_WAIT,
    [FERI_SCHEDULE_FULL] = FERI_SCHEDULE_DO_WAIT,
    [FERI_SCHEDULE_ALL_STARTED] = FERI_SCHEDULE_DO_WAIT,
    [FERI_SCHEDULE_CONNECTED] = FERI_SCHEDULE_DO_CONNECTED,
    [FERI_SCHEDULE_FAILED] = FERI_SCHEDULE_DO_FAILED,
    [FERI_SCHEDULE_LATE] = FERI_SCHEDULE_DO_LATE,
    [FERI_SCHEDULE_CANCELLED] = FERI_SCHEDULE_DO_CANCELLED,
};

/* The columns are the events, in the order of FERI_SCHEDULE_EVENTS: START, START_IN_LAST_SLOT,
 * START_LAST, DELAY_OVER, LATEST_FAILED, EARLIER_FAILED, LAST_FAILED, CONNECT, DEADLINE, CANCEL. A
 * row is a phase, a cell the next phase; M is misuse. */
feri_schedule_phase feri_schedule_next_phase(feri_schedule_phase phase, feri_schedule_event event)
{
    /* clang-format off */
    enum { M = FERI_SCHEDULE_MISUSE, R = FERI_SCHEDULE_READY, D = FERI_SCHEDULE_DELAYED,
           U = FERI_SCHEDULE_FULL, S = FERI_SCHEDULE_ALL_STARTED, C = FERI_SCHEDULE_CONNECTED,
           F = FERI_SCHEDULE_FAILED, L = FERI_SCHEDULE_LATE, X = FERI_SCHEDULE_CANCELLED };
    static const uint8_t next_phases[FERI_SCHEDULE_PHASE_COUNT][FERI_SCHEDULE_EVENT_COUNT] = {
        /*                            ST SLOT SLA DEL LAT EAR ALL CON DEA CAN */
        [FERI_SCHEDULE_READY]       = {D, U,  S,  M,  M,  R,  M,  C,  L,  X},
        [FERI_SCHEDULE_DELAYED]     = {M, M,  M,  R,  R,  D,  M,  C,  L,  X},
        [FERI_SCHEDULE_FULL]        = {M, M,  M,  M,  R,  D,  M,  C,  L,  X},
        [FERI_SCHEDULE_ALL_STARTED] = {M, M,  M,  M,  S,  S,  F,  C,  L,  X},
        [FERI_SCHEDULE_CONNECTED]   = {M, M,  M,  M,  C,  C,  M,  C,  C,  C},
        [FERI_SCHEDULE_FAILED]      = {M, M,  M,  M,  M,  M,  M,  M,  F,  F},
        [FERI_SCHEDULE_LATE]        = {M, M,  M,  M,  L,  L,  L,  L,  L,  L},
        [FERI_SCHEDULE_CANCELLED]   = {M, M,  M,  M,  X,  X,  X,  X,  X,  X},
    };
    /* clang-format on */
    FERI_ASSERT((unsigned)phase < FERI_SCHEDULE_PHASE_COUNT);
    FERI_ASSERT((unsigned)event < FERI_SCHEDULE_EVENT_COUNT);
    return (feri_schedule_phase)next_phases[phase][event];
}

feri_schedule_action feri_schedule_action_of(feri_schedule_phase phase)
{
    FERI_ASSERT((unsigned)phase < FERI_SCHEDULE_PHASE_COUNT);
    return (feri_schedule_action)phase_actions[phase];
}

/* In every other phase a timer of the delay would wake the caller for nothing (curl, issue
 * 18767). */
bool feri_schedule_delay_runs(feri_schedule_phase phase)
{
    return phase == FERI_SCHEDULE_DELAYED;
}

/* Until a phase has a result. */
bool feri_schedule_limits_run(feri_schedule_phase phase)
{
    feri_schedule_action action = feri_schedule_action_of(phase);
    return action == FERI_SCHEDULE_DO_START || action == FERI_SCHEDULE_DO_WAIT;
}

_Static_assert(FERI_NEVER == FERP_NO_DEADLINE, "the times of core/base/time.h");

static bool is_reached(uint64_t at, uint64_t now)
{
    return at != FERI_NEVER && at <= now;
}

/* ---- Attempts. FERI_ATTEMPTS_MAX is no slot. */

static size_t find_free_slot(const feri_connect_schedule *schedule)
{
    /*@ loop invariant i <= FERI_ATTEMPTS_MAX;
        loop invariant \forall integer k; 0 <= k < i ==> is_open(schedule, k);
        loop assigns i;
        loop variant FERI_ATTEMPTS_MAX - i; */
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        if (!schedule->attempts[i].is_open) {
            return i;
        }
    }
    return FERI_ATTEMPTS_MAX;
}

/* An open attempt; not that of the slot `except`. */
static size_t find_open_slot(const feri_connect_schedule *schedule, size_t except)
{
    /*@ loop invariant i <= FERI_ATTEMPTS_MAX;
        loop invariant \forall integer k; 0 <= k < i && k != except ==> !is_open(schedule, k);
        loop assigns i;
        loop variant FERI_ATTEMPTS_MAX - i; */
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        if (schedule->attempts[i].is_open && i != except) {
            return i;
        }
    }
    return FERI_ATTEMPTS_MAX;
}

static bool ends_before(const feri_attempt *attempt, const feri_attempt *other)
{
    return attempt->ends_at < other->ends_at ||
           (attempt->ends_at == other->ends_at && attempt->number < other->number);
}

/* The open attempt that times out first. */
static size_t find_first_to_end(const feri_connect_schedule *schedule)
{
    size_t first = FERI_ATTEMPTS_MAX;
    /*@ loop invariant i <= FERI_ATTEMPTS_MAX && (first < i || first == FERI_ATTEMPTS_MAX);
        loop invariant first < FERI_ATTEMPTS_MAX ==> is_open(schedule, first);
        loop invariant \forall integer k; 0 <= k < i && is_open(schedule, k) ==>
          first < FERI_ATTEMPTS_MAX && ends_first(schedule, first, k);
        loop assigns i, first;
        loop variant FERI_ATTEMPTS_MAX - i; */
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        if (schedule->attempts[i].is_open &&
            (first == FERI_ATTEMPTS_MAX ||
             ends_before(&schedule->attempts[i], &schedule->attempts[first]))) {
            first = i;
        }
    }
    return first;
}

/* The attempt that times out now, or first of all that do. */
static size_t find_expired(const feri_connect_schedule *schedule, uint64_t now)
{
    size_t first = find_first_to_end(schedule);
    return first < FERI_ATTEMPTS_MAX && is_reached(schedule->attempts[first].ends_at, now)
               ? first
               : FERI_ATTEMPTS_MAX;
}

/* The time at which the first open attempt times out. */
static uint64_t first_end(const feri_connect_schedule *schedule)
{
    size_t first = find_first_to_end(schedule);
    return first < FERI_ATTEMPTS_MAX ? schedule->attempts[first].ends_at : FERI_NEVER;
}

/* ---- Events */

static void apply(feri_connect_schedule *schedule, feri_schedule_event event)
{
    schedule->phase = feri_schedule_next_phase(schedule->phase, event);
    FERI_ASSERT(schedule->phase != FERI_SCHEDULE_MISUSE);
}

static feri_schedule_event event_of_failure(const feri_connect_schedule *schedule, size_t slot)
{
    if (schedule->started == schedule->addresses &&
        find_open_slot(schedule, FERI_ATTEMPTS_MAX) == FERI_ATTEMPTS_MAX) {
        return FERI_SCHEDULE_EVENT_LAST_FAILED;
    }
    return schedule->attempts[slot].number + 1 == schedule->started
               ? FERI_SCHEDULE_EVENT_LATEST_FAILED
               : FERI_SCHEDULE_EVENT_EARLIER_FAILED;
}

static void fail_attempt(feri_connect_schedule *schedule, size_t slot)
{
    schedule->attempts[slot].is_open = false;
    /*@ assert !is_open(schedule, slot) && !all_open(schedule); */
    /*@ assert are_numbered(schedule); */
    /*@ assert is_latest(schedule, slot) ==> !latest_is_open(schedule); */
    /*@ assert !is_latest(schedule, slot) && \at(latest_is_open(schedule), Pre) ==>
          latest_is_open(schedule); */
    apply(schedule, event_of_failure(schedule, slot));
}

static feri_schedule_event event_of_start(const feri_connect_schedule *schedule)
{
    if (schedule->started == schedule->addresses) {
        return FERI_SCHEDULE_EVENT_START_LAST;
    }
    return find_free_slot(schedule) < FERI_ATTEMPTS_MAX ? FERI_SCHEDULE_EVENT_START
                                                        : FERI_SCHEDULE_EVENT_START_IN_LAST_SLOT;
}

/* ---- Steps */

static feri_schedule_step start_next(feri_connect_schedule *schedule, uint64_t now)
{
    size_t slot = find_free_slot(schedule);
    FERI_ASSERT(slot < FERI_ATTEMPTS_MAX && schedule->started < schedule->addresses);
    schedule->attempts[slot].is_open = true;
    schedule->attempts[slot].number = schedule->started;
    schedule->attempts[slot].ends_at =
        feri_deadline_from(now, (fer_duration){schedule->attempt_timeout});
    schedule->started++;
    schedule->delayed_until = feri_deadline_from(now, (fer_duration){schedule->delay});
    /*@ assert is_open(schedule, slot) && is_latest(schedule, slot); */
    /*@ assert are_numbered(schedule) && latest_is_open(schedule); */
    apply(schedule, event_of_start(schedule));
    return (feri_schedule_step){FERI_SCHEDULE_DO_START, slot, 0};
}

uint64_t feri_connect_schedule_limit(const feri_connect_schedule *schedule)
{
    return feri_schedule_limits_run(schedule->phase)
               ? feri_earlier(schedule->deadline, first_end(schedule))
               : FERI_NEVER;
}

static feri_schedule_step wait_for_end(const feri_connect_schedule *schedule)
{
    uint64_t until = feri_connect_schedule_limit(schedule);
    if (feri_schedule_delay_runs(schedule->phase)) {
        until = feri_earlier(until, schedule->delayed_until);
    }
    return (feri_schedule_step){FERI_SCHEDULE_DO_WAIT, 0, until};
}

/* Closes every attempt but the winner; then the result. */
static feri_schedule_step close_rest(feri_connect_schedule *schedule)
{
    size_t slot = find_open_slot(schedule, schedule->winner);
    if (slot < FERI_ATTEMPTS_MAX) {
        schedule->attempts[slot].is_open = false;
        return (feri_schedule_step){FERI_SCHEDULE_DO_CLOSE, slot, 0};
    }
    bool has_winner = schedule->phase == FERI_SCHEDULE_CONNECTED;
    return (feri_schedule_step){feri_schedule_action_of(schedule->phase),
                                has_winner ? schedule->winner : 0, 0};
}

feri_schedule_step feri_connect_schedule_next(feri_connect_schedule *schedule, uint64_t now)
{
    if (is_reached(schedule->deadline, now)) {
        apply(schedule, FERI_SCHEDULE_EVENT_DEADLINE);
    }
    if (!feri_schedule_limits_run(schedule->phase)) {
        return close_rest(schedule);
    }
    size_t expired = find_expired(schedule, now);
    if (expired < FERI_ATTEMPTS_MAX) {
        fail_attempt(schedule, expired);
        return (feri_schedule_step){FERI_SCHEDULE_DO_TIME_OUT, expired, 0};
    }
    if (feri_schedule_delay_runs(schedule->phase) && is_reached(schedule->delayed_until, now)) {
        apply(schedule, FERI_SCHEDULE_EVENT_DELAY_OVER);
    }
    return feri_schedule_action_of(schedule->phase) == FERI_SCHEDULE_DO_START
               ? start_next(schedule, now)
               : wait_for_end(schedule);
}

/* ---- The caller's part */

void feri_connect_schedule_begin(feri_connect_schedule *schedule, size_t addresses, uint64_t delay,
                                 uint64_t attempt_timeout, uint64_t deadline)
{
    FERI_ASSERT(addresses > 0);
    schedule->phase = FERI_SCHEDULE_READY;
    schedule->addresses = addresses;
    schedule->started = 0;
    schedule->winner = FERI_ATTEMPTS_MAX;
    schedule->delay = delay;
    schedule->attempt_timeout = attempt_timeout;
    schedule->deadline = deadline;
    /*@ loop invariant i <= FERI_ATTEMPTS_MAX;
        loop invariant \forall integer k; 0 <= k < i ==> !is_open(schedule, k);
        loop assigns i, schedule->attempts[0 .. FERI_ATTEMPTS_MAX - 1].is_open;
        loop variant FERI_ATTEMPTS_MAX - i; */
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        schedule->attempts[i].is_open = false;
    }
    /*@ assert !is_open(schedule, 0); */
}

void feri_connect_schedule_ended(feri_connect_schedule *schedule, size_t slot, bool connected)
{
    FERI_ASSERT(slot < FERI_ATTEMPTS_MAX && slot != schedule->winner);
    FERI_ASSERT(schedule->attempts[slot].is_open);
    if (!connected) {
        fail_attempt(schedule, slot);
        return;
    }
    if (feri_schedule_limits_run(schedule->phase)) {
        schedule->winner = slot;
    }
    apply(schedule, FERI_SCHEDULE_EVENT_CONNECT);
}

void feri_connect_schedule_cancel(feri_connect_schedule *schedule)
{
    apply(schedule, FERI_SCHEDULE_EVENT_CANCEL);
}
