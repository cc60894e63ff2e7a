/* poller_model.c: who is to be told of what, and whether a wait was right; see poller_model.h. */
#include "fuzz/models/poller_sockets.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

#define NEVER UINT64_MAX
#define TICK UINT64_C(1000) /* what a look that finds nothing takes */

enum { REGISTRATIONS_MAX = 96 };

static struct registration {
    bool used;
    int poller;
    int socket;
    fer_raw_socket raw;
    fer_event interest;
    fer_poll_mode mode;
    bool is_armed;
    bool is_stale;  /* its number was closed, and a clone keeps the socket */
    bool has_risen; /* edges: became ready since it was told of */
    poller_readiness before;
    uint64_t expected_since; /* since when it must be told of, or NEVER */
    unsigned expected_wait;  /* the first wait that began so */
    unsigned reported_wait;  /* the last one that told of it, or 0 */
} registrations[REGISTRATIONS_MAX];

static struct model_poller {
    bool is_open;
    bool is_notified;
    bool
        /* by one that came to a wait which does not wait: this one took it, or the next one does */
        may_be_notified;
    bool notified_during; /* the wait that is under way, which was woken before */
    uint64_t notified;    /* when */
    bool is_waiting;
    bool never_waits; /* its timeout is 0 */
    uint64_t began;
    unsigned waits;
} pollers[POLLER_POLLERS];

static int socket_of[POLLER_NUMBERS_MAX];
static bool windows;

void poller_model_begin(fer_sim_dialect dialect)
{
    poller_sockets_begin();
    memset(registrations, 0, sizeof registrations);
    memset(pollers, 0, sizeof pollers);
    for (size_t i = 0; i < POLLER_NUMBERS_MAX; i++) {
        socket_of[i] = POLLER_NO_SOCKET;
    }
    windows = dialect == FER_SIM_WINSOCK;
}

/* ---- Who is to be told */

static bool has_no_interest(const struct registration *registration)
{
    return !registration->interest.readable && !registration->interest.writable;
}

static bool concerns(const struct registration *registration, poller_readiness ready)
{
    return (registration->interest.readable && ready.readable) ||
           (registration->interest.writable && ready.writable) || ready.over;
}

static bool is_expected(const struct registration *registration)
{
    bool is_active = registration->is_armed && !registration->is_stale &&
                     !has_no_interest(registration) &&
                     (registration->mode != FER_POLL_EDGE || registration->has_risen);
    return is_active && concerns(registration, poller_socket_must(registration->socket));
}

/* Its socket, or it itself, changed at that time. */
static void update(struct registration *registration, uint64_t time)
{
    poller_readiness must = poller_socket_must(registration->socket);
    poller_readiness may = poller_socket_may(registration->socket);
    bool rises =
        (must.readable && !registration->before.readable && registration->interest.readable) ||
        (must.writable && !registration->before.writable && registration->interest.writable) ||
        (must.over && !registration->before.over);
    registration->has_risen = registration->has_risen || rises;
    registration->before = may;
    if (!is_expected(registration)) {
        registration->expected_since = NEVER;
    } else if (registration->expected_since == NEVER) {
        registration->expected_since = time;
        registration->expected_wait = pollers[registration->poller].waits + 1;
    }
}

void poller_registrations_update(int socket, uint64_t time)
{
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        if (registrations[i].used && registrations[i].socket == socket) {
            update(&registrations[i], time);
        }
    }
}

/* ---- Numbers */

/* epoll knows a registration by number and socket: a new clone that gets the number of one that was
 * closed has the old one's (epoll(7), "Will closing a file descriptor cause it to be removed"). */
static void restore_registration(fer_raw_socket raw, int socket)
{
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        struct registration *registration = &registrations[i];
        if (registration->used && registration->is_stale && registration->socket == socket &&
            registration->raw == raw && !windows) {
            registration->is_stale = false;
            update(registration, poller_now());
        }
    }
}

void poller_model_assign_raw(fer_raw_socket raw, int socket)
{
    FUZZ_CHECK(raw >= 0 && raw < POLLER_NUMBERS_MAX && socket_of[raw] == POLLER_NO_SOCKET);
    socket_of[raw] = socket;
    poller_socket_ref(socket);
    restore_registration(raw, socket);
}

void poller_model_close(fer_raw_socket raw)
{
    int socket = socket_of[raw];
    socket_of[raw] = POLLER_NO_SOCKET;
    bool is_gone = poller_socket_unref(socket);
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        struct registration *registration = &registrations[i];
        if (registration->used && registration->socket == socket &&
            (is_gone || registration->raw == raw)) {
            registration->used = !is_gone;
            registration->is_stale = true;
            registration->expected_since = NEVER;
        }
    }
}

/* ---- What is watched */

static int socket_of_raw(fer_raw_socket raw)
{
    return raw >= 0 && raw < POLLER_NUMBERS_MAX ? socket_of[raw] : POLLER_NO_SOCKET;
}

static struct registration *find_registration(int poller, fer_raw_socket raw)
{
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        if (registrations[i].used && !registrations[i].is_stale &&
            registrations[i].poller == poller && registrations[i].raw == raw) {
            return &registrations[i];
        }
    }
    return NULL;
}

static struct registration *free_registration(void)
{
    int at = 0;
    while (at < REGISTRATIONS_MAX && registrations[at].used) {
        at++;
    }
    FUZZ_CHECK(at < REGISTRATIONS_MAX);
    return &registrations[at];
}

static void arm(struct registration *registration, fer_event interest, fer_poll_mode mode)
{
    registration->interest = interest;
    registration->mode = mode;
    registration->is_armed = true;
    registration->has_risen = true;
    registration->expected_since = NEVER;
    registration->before = (poller_readiness){0};
    update(registration, poller_now());
}

/* What every call on a watched number answers before it looks whether it is one; FER_OK where it
 * may go on. */
static fer_error_kind check_arguments(int poller, fer_raw_socket raw, fer_poll_mode mode)
{
    if (!pollers[poller].is_open || raw == FER_RAW_SOCKET_NONE) {
        return FER_INVALID_INPUT;
    }
    if (mode == FER_POLL_EDGE && windows) {
        return FER_UNSUPPORTED;
    }
    return socket_of_raw(raw) == POLLER_NO_SOCKET ? FER_BAD_HANDLE : FER_OK;
}

bool poller_model_added(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                        fer_error_kind kind, bool lacks_memory)
{
    fer_error_kind expected = check_arguments(poller, raw, mode);
    if (expected == FER_OK && find_registration(poller, raw) != NULL) {
        expected = FER_ALREADY_EXISTS;
    }
    if (expected != FER_OK) {
        return kind == expected;
    }
    if (lacks_memory) {
        return kind == FER_OUT_OF_MEMORY;
    }
    struct registration *registration = free_registration();
    *registration = (struct registration){
        .used = true, .poller = poller, .socket = socket_of_raw(raw), .raw = raw};
    arm(registration, interest, mode);
    return kind == FER_OK;
}

/* A number that is closed may have been forgotten already, or not. */
static bool is_closed_socket(fer_error_kind expected, fer_error_kind kind)
{
    return expected == FER_BAD_HANDLE && (kind == FER_BAD_HANDLE || kind == FER_NOT_FOUND);
}

bool poller_model_modified(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                           fer_error_kind kind)
{
    fer_error_kind expected = check_arguments(poller, raw, mode);
    struct registration *registration = find_registration(poller, raw);
    if (expected != FER_OK) {
        return kind == expected || is_closed_socket(expected, kind);
    }
    if (registration == NULL) {
        return kind == FER_NOT_FOUND;
    }
    arm(registration, interest, mode);
    return kind == FER_OK;
}

static bool delete_stale(int poller, fer_raw_socket raw)
{
    bool found = false;
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        if (registrations[i].used && registrations[i].is_stale &&
            registrations[i].poller == poller && registrations[i].raw == raw) {
            registrations[i].used = false;
            found = true;
        }
    }
    return found;
}

bool poller_model_deleted(int poller, fer_raw_socket raw, fer_error_kind kind)
{
    fer_error_kind expected = check_arguments(poller, raw, FER_POLL_LEVEL);
    struct registration *registration = find_registration(poller, raw);
    if (expected == FER_BAD_HANDLE && kind == FER_OK) {
        return delete_stale(poller, raw);
    }
    if (expected != FER_OK) {
        return kind == expected || is_closed_socket(expected, kind);
    }
    if (registration == NULL) {
        return kind == FER_NOT_FOUND;
    }
    registration->used = false;
    return kind == FER_OK;
}

/* ---- Pollers */

bool poller_model_opened(int poller, fer_error_kind kind)
{
    bool was_open = pollers[poller].is_open;
    if (kind == FER_OK && !was_open) {
        pollers[poller] = (struct model_poller){.is_open = true};
    }
    return kind == (was_open ? FER_INVALID_INPUT : FER_OK);
}

void poller_model_closed(int poller)
{
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        registrations[i].used = registrations[i].used && registrations[i].poller != poller;
    }
    pollers[poller].is_open = false;
}

void poller_model_notified(int poller)
{
    struct model_poller *notified = &pollers[poller];
    bool was_notified = notified->is_notified || notified->may_be_notified;
    notified->notified_during = notified->is_waiting && (was_notified || notified->never_waits);
    if (!notified->is_notified) {
        notified->notified = poller_now();
    }
    notified->is_notified = true;
}

/* ---- Waits */

bool poller_model_wait_begins(int poller, fer_duration timeout)
{
    pollers[poller].never_waits = timeout.nanos == 0;
    pollers[poller].notified_during = false;
    pollers[poller].is_waiting = pollers[poller].is_open;
    pollers[poller].began = poller_now();
    pollers[poller].waits++;
    return pollers[poller].is_open;
}

static bool is_expected_by(const struct registration *registration, int poller)
{
    return registration->used && registration->poller == poller &&
           registration->expected_since != NEVER;
}

/* When there was something that the wait had to return for, or NEVER. */
static uint64_t earliest_expected(int poller)
{
    uint64_t expected_since = pollers[poller].is_notified ? pollers[poller].notified : NEVER;
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        if (is_expected_by(&registrations[i], poller) &&
            registrations[i].expected_since < expected_since) {
            expected_since = registrations[i].expected_since;
        }
    }
    return expected_since;
}

/* A look that finds nothing takes a tick, in which something may come. */
static bool is_late(int poller)
{
    uint64_t expected_since = earliest_expected(poller);
    uint64_t began = pollers[poller].began;
    return expected_since != NEVER &&
           poller_now() > (expected_since > began ? expected_since : began) + TICK;
}

const char *poller_model_check_pending(void)
{
    for (int i = 0; i < POLLER_POLLERS; i++) {
        if (pollers[i].is_waiting && is_late(i)) {
            return "P5, P6: a wait goes on though there was something to tell";
        }
    }
    return NULL;
}

static struct registration *registration_with_key(int poller, uint64_t key)
{
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        if (registrations[i].used && registrations[i].poller == poller &&
            registrations[i].interest.key == key) {
            return &registrations[i];
        }
    }
    return NULL;
}

/* An event that only a planted false readiness explains. */
static bool is_explained_by_fault(const struct registration *registration, const fer_event *event)
{
    bool is_asked = (event->readable && registration->interest.readable) ||
                    (event->writable && registration->interest.writable);
    return is_asked && registration->is_armed;
}

static const char *check_flags(const struct registration *registration, const fer_event *event)
{
    poller_readiness may = poller_socket_may(registration->socket);
    poller_readiness must = poller_socket_must(registration->socket);
    bool may_read = may.over || (may.readable && registration->interest.readable);
    bool may_write = may.over || (may.writable && registration->interest.writable);
    if (!event->readable && !event->writable) {
        return "an event of nothing";
    }
    if ((event->readable && !may_read) || (event->writable && !may_write)) {
        return "P1, P2: told of what is not ready, or was not asked for";
    }
    if (!registration->is_stale && must.over && (!event->readable || !event->writable)) {
        return "P2: a hang-up or failure that is not both";
    }
    bool lacks = (must.readable && registration->interest.readable && !event->readable) ||
                 (must.writable && registration->interest.writable && !event->writable);
    return lacks && !registration->is_stale ? "P2: told of half of what is ready" : NULL;
}

static const char *check_event(const poller_wait_result *wait, const fer_event *event,
                               bool *is_fault_hit)
{
    struct registration *registration = registration_with_key(wait->poller, event->key);
    unsigned waits = pollers[wait->poller].waits;
    if (registration == NULL) {
        return "P3, P4: a key that nobody waits for";
    }
    if (registration->reported_wait == waits && !wait->is_fault_hit) {
        return "P7: told of twice in one wait";
    }
    if (!registration->is_armed) {
        return "P7, P11: told again, though once was all";
    }
    const char *broken = check_flags(registration, event);
    if (broken != NULL && *is_fault_hit && is_explained_by_fault(registration, event)) {
        *is_fault_hit = false;
        broken = NULL;
    }
    registration->reported_wait = waits;
    return broken;
}

/* P10: who was told of before, and is again, has come before somebody who was ready then
 * already. */
static const char *check_fairness(const poller_wait_result *wait, const unsigned *reported_before)
{
    unsigned waits = pollers[wait->poller].waits;
    for (int a = 0; a < REGISTRATIONS_MAX; a++) {
        bool is_again = registrations[a].used && registrations[a].poller == wait->poller &&
                        registrations[a].reported_wait == waits && reported_before[a] > 0;
        for (int b = 0; is_again && b < REGISTRATIONS_MAX; b++) {
            bool is_passed_over = is_expected_by(&registrations[b], wait->poller) &&
                                  registrations[b].reported_wait != waits &&
                                  registrations[b].expected_wait <= reported_before[a] &&
                                  reported_before[b] < reported_before[a];
            if (is_passed_over) {
                return "P10: one comes again before another's turn";
            }
        }
    }
    return NULL;
}

/* Who was ready when the wait began, and was not told of though there was room. */
static const char *check_missing(const poller_wait_result *wait)
{
    const struct model_poller *poller = &pollers[wait->poller];
    for (int i = 0; wait->count < wait->cap && i < REGISTRATIONS_MAX; i++) {
        if (is_expected_by(&registrations[i], wait->poller) &&
            registrations[i].reported_wait != poller->waits &&
            registrations[i].expected_since <= poller->began) {
            return "P7: what is ready is not told";
        }
    }
    return NULL;
}

static const char *check_time(const poller_wait_result *wait)
{
    const struct model_poller *poller = &pollers[wait->poller];
    uint64_t elapsed = poller_now() - poller->began;
    bool is_notified = poller->is_notified || poller->may_be_notified;
    if (wait->error.kind == FER_DEADLOCK) {
        bool fits = fer_duration_is_none(wait->timeout) &&
                    earliest_expected(wait->poller) == NEVER && wait->count == 0;
        return fits ? NULL : "P5: waits for ever, though there is something to tell";
    }
    if (wait->error.kind != FER_OK) {
        return "P5, P9: a wait that fails";
    }
    if (is_late(wait->poller)) {
        return "P5, P6: returns too late";
    }
    if (wait->count > 0 || is_notified) {
        return NULL;
    }
    if (elapsed < wait->timeout.nanos) {
        return "P5, P6: ends early, for nothing";
    }
    return elapsed > (wait->timeout.nanos == 0 ? TICK : wait->timeout.nanos) ? "P5: ends late"
                                                                             : NULL;
}

/* What was told is told: one-shot and quiet ones are asleep, edges have to come again. */
static void note_reported(const poller_wait_result *wait)
{
    struct model_poller *poller = &pollers[wait->poller];
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        struct registration *registration = &registrations[i];
        if (!registration->used || registration->poller != wait->poller ||
            registration->reported_wait != poller->waits) {
            continue;
        }
        registration->is_armed =
            registration->mode != FER_POLL_ONESHOT && !has_no_interest(registration);
        registration->has_risen = false;
        registration->expected_since = NEVER;
        update(registration, poller_now());
    }
    poller->may_be_notified = poller->notified_during;
    poller->is_notified = false;
    poller->is_waiting = false;
}

const char *poller_model_wait_ends(const poller_wait_result *wait)
{
    unsigned reported_before[REGISTRATIONS_MAX];
    bool is_fault_hit = wait->is_fault_hit;
    const char *broken = check_time(wait);
    for (int i = 0; i < REGISTRATIONS_MAX; i++) {
        reported_before[i] = registrations[i].reported_wait;
    }
    for (size_t i = 0; broken == NULL && i < wait->count; i++) {
        broken = check_event(wait, &wait->events[i], &is_fault_hit);
    }
    broken = broken == NULL ? check_missing(wait) : broken;
    broken = broken == NULL && !wait->is_fault_hit ? check_fairness(wait, reported_before) : broken;
    note_reported(wait);
    return broken;
}
