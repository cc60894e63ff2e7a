/* seam_poller.c: the simulated system's poller: one set of registrations, one notification. And the
 * system below platform/posix/poller_list.c: poll(2) with a pipe, of which there is one too. */
#include <string.h>

#include "platform/posix/poller_list.h"
#include "tests/interleave/memory.h"
#include "tests/interleave/seam_socket.h"

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
    bool is_notified, is_open;
} poll_set;

/* A poll in progress. */
typedef struct poll_call {
    struct pollfd *entries; /* NULL: the thread is in no poll */
    size_t count;
} poll_call;

/* How often each reason was sent and not yet taken. */
typedef struct waker_pipe {
    unsigned notified, changed;
    bool is_open;
} waker_pipe;

static const fer_error success = {FER_OK, 0};
static poll_set only_set;
static waker_pipe only_pipe;
static poll_call polls[INTER_THREADS_MAX];
const char inter_readiness;

void inter_poller_begin(void)
{
    memset(&only_set, 0, sizeof only_set);
    memset(&only_pipe, 0, sizeof only_pipe);
    memset(polls, 0, sizeof polls);
}

void inter_poller_end(void)
{
    INTER_CHECK(!only_set.is_open && !only_pipe.is_open);
}

bool inter_poller_is_open(void)
{
    return only_set.is_open || only_pipe.is_open;
}

fer_error ferp_poller_open(fer_poller *poller)
{
    INTER_CHECK(!only_set.is_open);
    only_set = (poll_set){.is_open = true};
    poller->p_.system_[0] = (uintptr_t)&only_set;
    return success;
}

static poll_set *set_of(const fer_poller *poller)
{
    poll_set *set = (poll_set *)poller->p_.system_[0];
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
    inter_system_step_on(name, &only_set, true);
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
    inter_system_step_on("poller notify", &only_set, true);
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

fer_raw_socket ferp_poller_raw(const fer_poller *poller)
{
    (void)poller;
    return 1;
}

/* ---- Waiting */

static bool is_once(fer_poll_mode mode)
{
    return mode == FER_POLL_ONESHOT || mode == FER_POLL_EDGE_ONESHOT;
}

static fer_event event_of(const registration *entry)
{
    inter_ready ready = inter_readiness_of(entry->raw);
    fer_interest found = (ready.readable ? FER_READABLE : 0) | (ready.writable ? FER_WRITABLE : 0);
    return (fer_event){.key = entry->interest.key,
                       .interest = entry->is_armed ? entry->interest.interest & found : 0};
}

static bool has_any(fer_event event)
{
    return event.interest != 0;
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

void inter_wait_for_poller_raw(void)
{
    inter_operation operation = inter_operation_on("wait for raw", &only_set, false);
    inter_add_touch(&operation, &inter_readiness, false);
    operation.is_ready = has_result;
    operation.argument = &only_set;
    (void)inter_wait(&operation, FERP_NO_DEADLINE);
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
        ended = inter_wait(&operation, timeout.nanos == FER_DURATION_NONE_NANOS
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

/* ---- poll(2), for platform/posix/poller_list.c */

enum { PIPE_FD = 1000 };

fer_error ferp_list_waker_open(ferp_list_waker *waker)
{
    INTER_CHECK(!only_pipe.is_open);
    only_pipe = (waker_pipe){.is_open = true};
    *waker = (ferp_list_waker){PIPE_FD, PIPE_FD};
    return success;
}

void ferp_list_waker_close(ferp_list_waker *waker)
{
    (void)waker;
    INTER_CHECK(only_pipe.is_open);
    only_pipe.is_open = false;
}

int ferp_list_waker_fd(const ferp_list_waker *waker)
{
    return waker->reader;
}

static void pipe_step(const char *name)
{
    inter_system_step_on(name, &only_pipe, true);
    INTER_CHECK(only_pipe.is_open);
}

/* poller_list.h: "at most one of each reason" is sent before they are taken. */
fer_error ferp_list_waker_send(ferp_list_waker *waker, ferp_list_reason reason)
{
    (void)waker;
    pipe_step(reason == FERP_LIST_NOTIFIED ? "send: notified" : "send: changed");
    unsigned *sent = reason == FERP_LIST_NOTIFIED ? &only_pipe.notified : &only_pipe.changed;
    INTER_CHECK(*sent == 0);
    ++*sent;
    return success;
}

bool ferp_list_waker_take(const ferp_list_waker *waker)
{
    (void)waker;
    pipe_step("take what was sent");
    bool notified = only_pipe.notified > 0;
    inter_note("%s%s", notified ? "notified " : "", only_pipe.changed > 0 ? "changed" : "");
    only_pipe.notified = 0;
    only_pipe.changed = 0;
    return notified;
}

fer_error ferp_list_identity_of(fer_raw_socket raw, ferp_list_identity *out)
{
    inter_system_step_on("identity", inter_raw_of(raw)->socket, false);
    *out = (ferp_list_identity){.inode = (uint64_t)raw};
    return inter_is_open(raw) ? success : (fer_error){FER_BAD_HANDLE, 9};
}

bool ferp_list_identity_fits(const ferp_list_identity *then, const ferp_list_identity *now)
{
    return then->inode == now->inode;
}

bool ferp_list_hides_end(const struct pollfd *entry)
{
    (void)entry;
    return false;
}

static short revents_of(const struct pollfd *entry)
{
    if (entry->fd == PIPE_FD) {
        return only_pipe.notified + only_pipe.changed > 0 ? POLLIN : 0;
    }
    inter_ready ready = inter_readiness_of(entry->fd);
    int revents = (ready.readable ? POLLIN : 0) | (ready.writable ? POLLOUT : 0);
    return (short)(inter_is_open(entry->fd) ? revents & entry->events : POLLNVAL);
}

static bool has_revents(const void *argument)
{
    const poll_call *call = argument;
    for (size_t i = 0; i < call->count; i++) {
        if (revents_of(&call->entries[i]) != 0) {
            return true;
        }
    }
    return false;
}

bool inter_is_polled(fer_raw_socket raw)
{
    inter_system_step_on("is it polled", &polls, false);
    for (unsigned thread = 0; thread < INTER_THREADS_MAX; thread++) {
        for (size_t i = 0; polls[thread].entries != NULL && i < polls[thread].count; i++) {
            if (polls[thread].entries[i].fd == raw) {
                return true;
            }
        }
    }
    return false;
}

/* The system reads the entries when the poll begins, and writes them when it ends. */
fer_error ferp_list_poll(struct pollfd *entries, size_t count, fer_duration timeout)
{
    poll_call *call = &polls[inter_self()];
    inter_operation operation = inter_operation_on("poll", &only_pipe, false);
    fer_error ended = success;
    inter_add_touch(&operation, &inter_readiness, false);
    inter_add_touch(&operation, &polls, true);
    inter_plain_read((uintptr_t)entries, count * sizeof *entries);
    inter_check_wait(timeout);
    *call = (poll_call){entries, count};
    if (timeout.nanos == 0) {
        (void)inter_system_step(&operation);
    } else {
        operation.is_ready = has_revents;
        operation.argument = call;
        ended = inter_wait(&operation, timeout.nanos == FER_DURATION_NONE_NANOS
                                           ? FERP_NO_DEADLINE
                                           : inter_clock_after(timeout.nanos));
    }
    *call = (poll_call){NULL, 0};
    inter_plain_write((uintptr_t)entries, count * sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        entries[i].revents = ended.kind == FER_OK ? revents_of(&entries[i]) : 0;
    }
    return ended.kind == FER_INTERRUPTED ? ended : success;
}
