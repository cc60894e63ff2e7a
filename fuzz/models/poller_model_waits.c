/* poller_model_waits.c: whether a wait returned in time, and what it had to report; see
 * poller_model.h. */
#include <stddef.h>

#include "fuzz/models/poller_model_state.h"

/* The time that a poll without a result takes in the simulation. */
#define TICK UINT64_C(1000)

bool poller_model_wait_begins(int poller, fer_duration timeout)
{
    poller_states[poller].never_waits = timeout.nanos == 0;
    poller_states[poller].notified_during = false;
    poller_states[poller].was_notified = poller_states[poller].is_notified;
    poller_states[poller].is_waiting = poller_states[poller].is_open;
    poller_states[poller].began = poller_now();
    poller_states[poller].waits++;
    return poller_states[poller].is_open;
}

static bool is_expected_by(const struct registration *registration, int poller)
{
    return registration->used && registration->poller == poller &&
           registration->expected_since != POLLER_NEVER;
}

/* The time since which the wait had to return, or POLLER_NEVER. */
static uint64_t earliest_expected(int poller)
{
    uint64_t expected_since =
        poller_states[poller].is_notified ? poller_states[poller].notified : POLLER_NEVER;
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        if (is_expected_by(&poller_registrations[i], poller) &&
            poller_registrations[i].expected_since < expected_since) {
            expected_since = poller_registrations[i].expected_since;
        }
    }
    return expected_since;
}

/* A poll without a result takes a tick, in which something may arrive. */
static bool is_late(int poller)
{
    uint64_t expected_since = earliest_expected(poller);
    uint64_t began = poller_states[poller].began;
    return expected_since != POLLER_NEVER &&
           poller_now() > (expected_since > began ? expected_since : began) + TICK;
}

const char *poller_model_check_pending(void)
{
    for (int i = 0; i < POLLER_POLLERS; i++) {
        if (poller_states[i].is_waiting && is_late(i)) {
            return "P5, P6: a wait continues although an event is ready";
        }
    }
    return NULL;
}

static struct registration *registration_with_key(int poller, uint64_t key)
{
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        if (poller_registrations[i].used && poller_registrations[i].poller == poller &&
            poller_registrations[i].interest.key == key) {
            return &poller_registrations[i];
        }
    }
    return NULL;
}

/* The event is explained only by an injected spurious readiness. */
static bool is_explained_by_fault(const struct registration *registration, const fer_event *event)
{
    bool has_interest = ((event->interest & FER_READABLE) != 0 &&
                         (registration->interest.interest & FER_READABLE) != 0) ||
                        ((event->interest & FER_WRITABLE) != 0 &&
                         (registration->interest.interest & FER_WRITABLE) != 0);
    return has_interest && registration->is_armed;
}

static const char *check_flags(const struct registration *registration, const fer_event *event)
{
    poller_readiness may = poller_socket_may(registration->socket);
    poller_readiness must = poller_socket_must(registration->socket);
    bool may_read =
        may.over || (may.readable && (registration->interest.interest & FER_READABLE) != 0);
    bool may_write =
        may.over || (may.writable && (registration->interest.interest & FER_WRITABLE) != 0);
    if (event->interest == 0) {
        return "an event without readiness";
    }
    if (((event->interest & FER_READABLE) != 0 && !may_read) ||
        ((event->interest & FER_WRITABLE) != 0 && !may_write)) {
        return "P1, P2: an event for something not ready, or without interest";
    }
    const fer_interest both_ended = FER_WRITE_CLOSED | FER_FAILED;
    if (((event->interest & FER_READ_CLOSED) != 0 && !may.ended) ||
        ((event->interest & both_ended) != 0 && !may.over)) {
        return "P16: an event for an end that there was not";
    }
    const fer_interest all = FER_READABLE | FER_WRITABLE | FER_READ_CLOSED | FER_WRITE_CLOSED;
    if (!registration->is_stale && must.over && (event->interest & all) != all) {
        return "P2, P16: a hang-up or failure is not readable, writable and closed";
    }
    bool lacks = (must.readable && (registration->interest.interest & FER_READABLE) != 0 &&
                  (event->interest & FER_READABLE) == 0) ||
                 (must.writable && (registration->interest.interest & FER_WRITABLE) != 0 &&
                  (event->interest & FER_WRITABLE) == 0) ||
                 (must.ended && registration->interest.interest == FER_READ_CLOSED &&
                  (event->interest & FER_READ_CLOSED) == 0);
    return lacks && !registration->is_stale ? "P2: an event lacks a ready direction" : NULL;
}

static const char *check_event(const poller_wait_result *wait, const fer_event *event,
                               bool *is_fault_hit)
{
    struct registration *registration = registration_with_key(wait->poller, event->key);
    unsigned waits = poller_states[wait->poller].waits;
    if (registration == NULL) {
        return "P3, P4: an event with the key of no registration";
    }
    if (registration->reported_wait == waits && !wait->is_fault_hit) {
        return "P7: two events of one registration in one wait";
    }
    if (!registration->is_armed) {
        return "P7, P11: an event of a disarmed registration";
    }
    const char *broken = check_flags(registration, event);
    if (broken != NULL && *is_fault_hit && is_explained_by_fault(registration, event)) {
        *is_fault_hit = false;
        broken = NULL;
    }
    registration->reported_wait = waits;
    return broken;
}

/* P10: a registration that is reported again must not precede one that was ready at its last
 * report. */
static const char *check_fairness(const poller_wait_result *wait, const unsigned *reported_before)
{
    unsigned waits = poller_states[wait->poller].waits;
    for (int a = 0; a < POLLER_REGISTRATIONS_MAX; a++) {
        bool is_again = poller_registrations[a].used &&
                        poller_registrations[a].poller == wait->poller &&
                        poller_registrations[a].reported_wait == waits && reported_before[a] > 0;
        for (int b = 0; is_again && b < POLLER_REGISTRATIONS_MAX; b++) {
            bool is_passed_over = is_expected_by(&poller_registrations[b], wait->poller) &&
                                  poller_registrations[b].reported_wait != waits &&
                                  poller_registrations[b].expected_wait <= reported_before[a] &&
                                  reported_before[b] < reported_before[a];
            if (is_passed_over) {
                return "P10: a registration is reported again before another one";
            }
        }
    }
    return NULL;
}

/* A registration that was ready when the wait began must be reported if there was room. */
static const char *check_missing(const poller_wait_result *wait)
{
    const struct poller_state *poller = &poller_states[wait->poller];
    for (int i = 0; wait->count < wait->cap && i < POLLER_REGISTRATIONS_MAX; i++) {
        if (is_expected_by(&poller_registrations[i], wait->poller) &&
            poller_registrations[i].reported_wait != poller->waits &&
            poller_registrations[i].expected_since <= poller->began) {
            return "P7: a ready registration is not reported";
        }
    }
    return NULL;
}

static const char *check_time(const poller_wait_result *wait)
{
    const struct poller_state *poller = &poller_states[wait->poller];
    uint64_t elapsed = poller_now() - poller->began;
    bool is_notified = poller->is_notified || poller->may_be_notified;
    if (wait->error.kind == FER_DEADLOCK) {
        bool fits = wait->timeout.nanos == FER_DURATION_NONE_NANOS &&
                    earliest_expected(wait->poller) == POLLER_NEVER && wait->count == 0;
        return fits ? NULL : "P5: a deadlock although an event is ready";
    }
    if (wait->error.kind != FER_OK) {
        return "P5, P9: the wait fails";
    }
    if (is_late(wait->poller)) {
        return "P5, P6: the wait returns too late";
    }
    if (wait->count > 0 || is_notified) {
        return NULL;
    }
    if (elapsed < wait->timeout.nanos) {
        return "P5, P6: the wait ends early without an event";
    }
    return elapsed > (wait->timeout.nanos == 0 ? TICK : wait->timeout.nanos)
               ? "P5: the wait ends after its timeout"
               : NULL;
}

/* A notification that arrives while a wait polls, or takes an earlier one, may be for the next. */
static const char *check_notified(const poller_wait_result *wait)
{
    const struct poller_state *poller = &poller_states[wait->poller];
    bool may = poller->is_notified || poller->may_be_notified;
    bool must = poller->is_notified && (poller->was_notified || !poller->notified_during);
    if (!wait->saw_notified) {
        return NULL;
    }
    if (wait->notified && (!may || wait->error.kind != FER_OK)) {
        return "P6: a wait reports a notification that there was not";
    }
    return !wait->notified && must ? "P6: a wait does not report its notification" : NULL;
}

/* After its event a one-shot registration, or one without interest, is disarmed; an edge has to
 * rise again. A wait that began without a notification and reports one has all that came during it
 * (rule P6). */
static void note_reported(const poller_wait_result *wait)
{
    struct poller_state *poller = &poller_states[wait->poller];
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        struct registration *registration = &poller_registrations[i];
        if (!registration->used || registration->poller != wait->poller ||
            registration->reported_wait != poller->waits) {
            continue;
        }
        bool is_once =
            registration->mode == FER_POLL_ONESHOT || registration->mode == FER_POLL_EDGE_ONESHOT;
        registration->is_armed = !is_once && !has_no_interest(registration);
        registration->has_risen = false;
        registration->expected_since = POLLER_NEVER;
        poller_registration_update(registration, poller_now());
    }
    bool was_notified = poller->was_notified || poller->may_be_notified;
    bool merges = wait->notified && !was_notified && !poller->never_waits;
    poller->may_be_notified = poller->notified_during && !merges;
    poller->is_notified = false;
    poller->is_waiting = false;
}

const char *poller_model_wait_ends(const poller_wait_result *wait)
{
    unsigned reported_before[POLLER_REGISTRATIONS_MAX];
    bool is_fault_hit = wait->is_fault_hit;
    const char *broken = check_time(wait);
    for (int i = 0; i < POLLER_REGISTRATIONS_MAX; i++) {
        reported_before[i] = poller_registrations[i].reported_wait;
    }
    for (size_t i = 0; broken == NULL && i < wait->count; i++) {
        broken = check_event(wait, &wait->events[i], &is_fault_hit);
    }
    broken = broken == NULL ? check_notified(wait) : broken;
    broken = broken == NULL ? check_missing(wait) : broken;
    broken = broken == NULL && !wait->is_fault_hit ? check_fairness(wait, reported_before) : broken;
    note_reported(wait);
    return broken;
}
