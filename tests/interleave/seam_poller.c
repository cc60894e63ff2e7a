/* seam_poller.c: the simulated system's poller: one set of registrations, one notification. */
#include <string.h>

#include "tests/interleave/seam.h"

enum { REGISTRATIONS_MAX = 4 };

typedef struct registration {
    fer_raw_socket raw;
    fer_event interest;
    fer_poll_mode mode;
    bool is_armed;
} registration;

typedef struct poll_set {
    registration entries[REGISTRATIONS_MAX];
    size_t count;
    bool is_notified;
    bool is_open;
} poll_set;

static const fer_error success = {FER_OK, 0};
static poll_set only_set;
const char inter_readiness;

void inter_poller_begin(void)
{
    memset(&only_set, 0, sizeof only_set);
}

void inter_poller_end(void)
{
    INTER_CHECK(!only_set.is_open);
}

bool inter_poller_is_open(void)
{
    return only_set.is_open;
}

fer_error ferp_poller_open(fer_poller *poller)
{
    INTER_CHECK(!only_set.is_open);
    only_set = (poll_set){.is_open = true};
    poller->words_[0] = (uintptr_t)&only_set;
    return success;
}

static poll_set *set_of(const fer_poller *poller)
{
    poll_set *set = (poll_set *)poller->words_[0];
    INTER_CHECK(set == &only_set && set->is_open);
    return set;
}

void ferp_poller_close(fer_poller *poller)
{
    set_of(poller)->is_open = false;
}

static registration *find(poll_set *set, fer_raw_socket raw)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->entries[i].raw == raw) {
            return &set->entries[i];
        }
    }
    return NULL;
}

static registration *find_in_step(const char *name, fer_poller *poller, fer_raw_socket raw)
{
    inter_operation operation = inter_operation_on(name, &only_set, true);
    (void)inter_system_step(&operation);
    INTER_CHECK(inter_is_open(raw));
    return find(set_of(poller), raw);
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    if (find_in_step("poller add", poller, raw) != NULL) {
        return (fer_error){FER_ALREADY_EXISTS, 17};
    }
    poll_set *set = set_of(poller);
    INTER_CHECK(set->count < REGISTRATIONS_MAX);
    set->entries[set->count++] = (registration){raw, interest, mode, true};
    return success;
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    registration *found = find_in_step("poller modify", poller, raw);
    if (found == NULL) {
        return (fer_error){FER_NOT_FOUND, 2};
    }
    *found = (registration){raw, interest, mode, true};
    return success;
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    registration *found = find_in_step("poller delete", poller, raw);
    if (found == NULL) {
        return (fer_error){FER_NOT_FOUND, 2};
    }
    poll_set *set = set_of(poller);
    *found = set->entries[--set->count];
    return success;
}

fer_error ferp_poller_notify(fer_poller *poller)
{
    inter_operation operation = inter_operation_on("poller notify", &only_set, true);
    (void)inter_system_step(&operation);
    /* platform.h: "again only after a wait has reported it" */
    INTER_CHECK(!set_of(poller)->is_notified);
    if (inter_sky.notify_failures > 0 && inter_choose(2) == 1) {
        inter_note("fails");
        inter_sky.notify_failures--;
        return (fer_error){FER_OUT_OF_MEMORY, 12};
    }
    set_of(poller)->is_notified = true;
    return success;
}

/* ---- Waiting */

static bool is_once(fer_poll_mode mode)
{
    return mode == FER_POLL_ONESHOT || mode == FER_POLL_EDGE_ONESHOT;
}

static fer_event event_of(const registration *entry)
{
    inter_ready ready = inter_readiness_of(entry->raw);
    return (fer_event){entry->interest.key,
                       entry->is_armed && entry->interest.readable && ready.readable,
                       entry->is_armed && entry->interest.writable && ready.writable};
}

static bool has_any(fer_event event)
{
    return event.readable || event.writable;
}

static bool has_result(const void *argument)
{
    const poll_set *set = argument;
    for (size_t i = 0; i < set->count; i++) {
        if (has_any(event_of(&set->entries[i]))) {
            return true;
        }
    }
    return set->is_notified;
}

static size_t collect(poll_set *set, fer_event *events, size_t cap)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count && count < cap; i++) {
        fer_event event = event_of(&set->entries[i]);
        if (has_any(event)) {
            set->entries[i].is_armed = !is_once(set->entries[i].mode);
            events[count++] = event;
        }
    }
    return count;
}

/* The clock stands still unless a wait expires, so a deadline is a time after 0. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    poll_set *set = set_of(poller);
    inter_operation operation = inter_operation_on("poller wait", set, true);
    inter_add_touch(&operation, &inter_readiness, false);
    *count = 0;
    *notified = false;
    fer_error ended = success;
    if (timeout.nanos == 0) {
        (void)inter_system_step(&operation);
    } else {
        operation.is_ready = has_result;
        operation.argument = set;
        ended = inter_wait(&operation, fer_duration_is_none(timeout)
                                           ? FERP_NO_DEADLINE
                                           : inter_clock_after(timeout.nanos));
    }
    if (ended.kind == FER_INTERRUPTED) {
        return ended;
    }
    bool fails = inter_sky.poller_failures > 0 && inter_choose(2) == 1;
    *count = fails ? 0 : collect(set, events, cap);
    /* A wait that has events may leave the notification to the next one (rule P6). */
    *notified = set->is_notified && (*count == 0 || inter_choose(2) == 0);
    set->is_notified = set->is_notified && !*notified;
    inter_note("%zu events%s%s", *count, *notified ? ", notified" : "", fails ? ", fails" : "");
    if (fails) {
        inter_sky.poller_failures--;
        return (fer_error){FER_OUT_OF_MEMORY, 12};
    }
    return success;
}
