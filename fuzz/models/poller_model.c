/* poller_model.c: who is to be told of what, and whether a wait was right; see poller_model.h. */
#include "fuzz/programs/poller_sockets.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

#define NEVER UINT64_MAX
#define TICK UINT64_C(1000) /* what a look that finds nothing takes */

enum { WATCHES_MAX = 96 };

static struct watch {
    bool used;
    int poller;
    int socket;
    fer_raw_socket raw;
    fer_event interest;
    fer_poll_mode mode;
    bool is_armed;
    bool is_stale; /* its number was closed, and a clone keeps the socket */
    bool rose;     /* edges: became ready since it was told of */
    poller_readiness before;
    uint64_t due;       /* since when it must be told of, or NEVER */
    unsigned due_wait;  /* the first wait that began so */
    unsigned told_wait; /* the last one that told of it, or 0 */
} watches[WATCHES_MAX];

static struct model_poller {
    bool is_open;
    bool is_notified;
    bool
        /* by one that came to a wait which does not wait: this one took it, or the next one does */
        may_be_notified;
    bool notified_within; /* the wait that is under way, which was woken before */
    uint64_t notified;    /* when */
    bool is_waiting;
    bool only_looks; /* its timeout is 0 */
    uint64_t began;
    unsigned waits;
} pollers[POLLER_POLLERS];

static int socket_of[POLLER_NUMBERS_MAX];
static bool windows;

void poller_model_begin(fer_sim_dialect dialect)
{
    poller_sockets_begin();
    memset(watches, 0, sizeof watches);
    memset(pollers, 0, sizeof pollers);
    for (size_t i = 0; i < POLLER_NUMBERS_MAX; i++) {
        socket_of[i] = POLLER_NOBODY;
    }
    windows = dialect == FER_SIM_WINSOCK;
}

/* ---- Who is to be told */

static bool is_quiet(const struct watch *watch)
{
    return !watch->interest.readable && !watch->interest.writable;
}

static bool concerns(const struct watch *watch, poller_readiness ready)
{
    return (watch->interest.readable && ready.readable) ||
           (watch->interest.writable && ready.writable) || ready.over;
}

static bool is_due(const struct watch *watch)
{
    bool is_awake = watch->is_armed && !watch->is_stale && !is_quiet(watch) &&
                    (watch->mode != FER_POLL_EDGE || watch->rose);
    return is_awake && concerns(watch, poller_socket_must(watch->socket));
}

/* Its socket, or it itself, changed at that time. */
static void reconsider(struct watch *watch, uint64_t time)
{
    poller_readiness must = poller_socket_must(watch->socket);
    poller_readiness may = poller_socket_may(watch->socket);
    bool rises = (must.readable && !watch->before.readable && watch->interest.readable) ||
                 (must.writable && !watch->before.writable && watch->interest.writable) ||
                 (must.over && !watch->before.over);
    watch->rose = watch->rose || rises;
    watch->before = may;
    if (!is_due(watch)) {
        watch->due = NEVER;
    } else if (watch->due == NEVER) {
        watch->due = time;
        watch->due_wait = pollers[watch->poller].waits + 1;
    }
}

void poller_watches_touch(int socket, uint64_t time)
{
    for (int i = 0; i < WATCHES_MAX; i++) {
        if (watches[i].used && watches[i].socket == socket) {
            reconsider(&watches[i], time);
        }
    }
}

/* ---- Numbers */

/* epoll knows a registration by number and socket: a new clone that gets the number of one that was
 * closed has the old one's (epoll(7), "Will closing a file descriptor cause it to be removed"). */
static void revive(fer_raw_socket raw, int socket)
{
    for (int i = 0; i < WATCHES_MAX; i++) {
        struct watch *watch = &watches[i];
        if (watch->used && watch->is_stale && watch->socket == socket && watch->raw == raw &&
            !windows) {
            watch->is_stale = false;
            reconsider(watch, poller_now());
        }
    }
}

void poller_model_name(fer_raw_socket raw, int socket)
{
    FUZZ_CHECK(raw >= 0 && raw < POLLER_NUMBERS_MAX && socket_of[raw] == POLLER_NOBODY);
    socket_of[raw] = socket;
    poller_socket_hold(socket);
    revive(raw, socket);
}

void poller_model_close(fer_raw_socket raw)
{
    int socket = socket_of[raw];
    socket_of[raw] = POLLER_NOBODY;
    bool is_gone = poller_socket_let_go(socket);
    for (int i = 0; i < WATCHES_MAX; i++) {
        struct watch *watch = &watches[i];
        if (watch->used && watch->socket == socket && (is_gone || watch->raw == raw)) {
            watch->used = !is_gone;
            watch->is_stale = true;
            watch->due = NEVER;
        }
    }
}

/* ---- What is watched */

static int socket_named(fer_raw_socket raw)
{
    return raw >= 0 && raw < POLLER_NUMBERS_MAX ? socket_of[raw] : POLLER_NOBODY;
}

static struct watch *watch_of(int poller, fer_raw_socket raw)
{
    for (int i = 0; i < WATCHES_MAX; i++) {
        if (watches[i].used && !watches[i].is_stale && watches[i].poller == poller &&
            watches[i].raw == raw) {
            return &watches[i];
        }
    }
    return NULL;
}

static struct watch *free_watch(void)
{
    int at = 0;
    while (at < WATCHES_MAX && watches[at].used) {
        at++;
    }
    FUZZ_CHECK(at < WATCHES_MAX);
    return &watches[at];
}

static void arm(struct watch *watch, fer_event interest, fer_poll_mode mode)
{
    watch->interest = interest;
    watch->mode = mode;
    watch->is_armed = true;
    watch->rose = true;
    watch->due = NEVER;
    watch->before = (poller_readiness){0};
    reconsider(watch, poller_now());
}

/* What every call on a watched number answers before it looks whether it is one; FER_OK where it
 * may go on. */
static fer_error_kind verdict_on(int poller, fer_raw_socket raw, fer_poll_mode mode)
{
    if (!pollers[poller].is_open || raw == FER_RAW_SOCKET_NONE) {
        return FER_INVALID_INPUT;
    }
    if (mode == FER_POLL_EDGE && windows) {
        return FER_UNSUPPORTED;
    }
    return socket_named(raw) == POLLER_NOBODY ? FER_BAD_HANDLE : FER_OK;
}

bool poller_model_added(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                        fer_error_kind kind, bool lacks_memory)
{
    fer_error_kind verdict = verdict_on(poller, raw, mode);
    if (verdict == FER_OK && watch_of(poller, raw) != NULL) {
        verdict = FER_ALREADY_EXISTS;
    }
    if (verdict != FER_OK) {
        return kind == verdict;
    }
    if (lacks_memory) {
        return kind == FER_OUT_OF_MEMORY;
    }
    struct watch *watch = free_watch();
    *watch =
        (struct watch){.used = true, .poller = poller, .socket = socket_named(raw), .raw = raw};
    arm(watch, interest, mode);
    return kind == FER_OK;
}

/* A number that is closed may have been forgotten already, or not. */
static bool is_of_no_socket(fer_error_kind verdict, fer_error_kind kind)
{
    return verdict == FER_BAD_HANDLE && (kind == FER_BAD_HANDLE || kind == FER_NOT_FOUND);
}

bool poller_model_modified(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                           fer_error_kind kind)
{
    fer_error_kind verdict = verdict_on(poller, raw, mode);
    struct watch *watch = watch_of(poller, raw);
    if (verdict != FER_OK) {
        return kind == verdict || is_of_no_socket(verdict, kind);
    }
    if (watch == NULL) {
        return kind == FER_NOT_FOUND;
    }
    arm(watch, interest, mode);
    return kind == FER_OK;
}

static bool forget_stale(int poller, fer_raw_socket raw)
{
    bool found = false;
    for (int i = 0; i < WATCHES_MAX; i++) {
        if (watches[i].used && watches[i].is_stale && watches[i].poller == poller &&
            watches[i].raw == raw) {
            watches[i].used = false;
            found = true;
        }
    }
    return found;
}

bool poller_model_deleted(int poller, fer_raw_socket raw, fer_error_kind kind)
{
    fer_error_kind verdict = verdict_on(poller, raw, FER_POLL_LEVEL);
    struct watch *watch = watch_of(poller, raw);
    if (verdict == FER_BAD_HANDLE && kind == FER_OK) {
        return forget_stale(poller, raw);
    }
    if (verdict != FER_OK) {
        return kind == verdict || is_of_no_socket(verdict, kind);
    }
    if (watch == NULL) {
        return kind == FER_NOT_FOUND;
    }
    watch->used = false;
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
    for (int i = 0; i < WATCHES_MAX; i++) {
        watches[i].used = watches[i].used && watches[i].poller != poller;
    }
    pollers[poller].is_open = false;
}

void poller_model_notified(int poller)
{
    struct model_poller *notified = &pollers[poller];
    bool was_notified = notified->is_notified || notified->may_be_notified;
    notified->notified_within = notified->is_waiting && (was_notified || notified->only_looks);
    if (!notified->is_notified) {
        notified->notified = poller_now();
    }
    notified->is_notified = true;
}

/* ---- Waits */

bool poller_model_waits(int poller, fer_duration timeout)
{
    pollers[poller].only_looks = timeout.nanos == 0;
    pollers[poller].notified_within = false;
    pollers[poller].is_waiting = pollers[poller].is_open;
    pollers[poller].began = poller_now();
    pollers[poller].waits++;
    return pollers[poller].is_open;
}

static bool is_dues(const struct watch *watch, int poller)
{
    return watch->used && watch->poller == poller && watch->due != NEVER;
}

/* When there was something that the wait had to return for, or NEVER. */
static uint64_t due_of(int poller)
{
    uint64_t due = pollers[poller].is_notified ? pollers[poller].notified : NEVER;
    for (int i = 0; i < WATCHES_MAX; i++) {
        if (is_dues(&watches[i], poller) && watches[i].due < due) {
            due = watches[i].due;
        }
    }
    return due;
}

/* A look that finds nothing takes a tick, in which something may come. */
static bool is_late(int poller)
{
    uint64_t due = due_of(poller);
    uint64_t began = pollers[poller].began;
    return due != NEVER && poller_now() > (due > began ? due : began) + TICK;
}

const char *poller_model_overslept(void)
{
    for (int i = 0; i < POLLER_POLLERS; i++) {
        if (pollers[i].is_waiting && is_late(i)) {
            return "P5, P6: a wait goes on though there was something to tell";
        }
    }
    return NULL;
}

static struct watch *watch_with_key(int poller, uint64_t key)
{
    for (int i = 0; i < WATCHES_MAX; i++) {
        if (watches[i].used && watches[i].poller == poller && watches[i].interest.key == key) {
            return &watches[i];
        }
    }
    return NULL;
}

/* An event that only a planted false readiness explains. */
static bool is_false(const struct watch *watch, const fer_event *event)
{
    bool is_asked = (event->readable && watch->interest.readable) ||
                    (event->writable && watch->interest.writable);
    return is_asked && watch->is_armed;
}

static const char *judge_flags(const struct watch *watch, const fer_event *event)
{
    poller_readiness may = poller_socket_may(watch->socket);
    poller_readiness must = poller_socket_must(watch->socket);
    bool may_read = may.over || (may.readable && watch->interest.readable);
    bool may_write = may.over || (may.writable && watch->interest.writable);
    if (!event->readable && !event->writable) {
        return "an event of nothing";
    }
    if ((event->readable && !may_read) || (event->writable && !may_write)) {
        return "P1, P2: told of what is not ready, or was not asked for";
    }
    if (!watch->is_stale && must.over && (!event->readable || !event->writable)) {
        return "P2: a hang-up or failure that is not both";
    }
    bool lacks = (must.readable && watch->interest.readable && !event->readable) ||
                 (must.writable && watch->interest.writable && !event->writable);
    return lacks && !watch->is_stale ? "P2: told of half of what is ready" : NULL;
}

static const char *judge_event(const poller_waited *wait, const fer_event *event, bool *is_struck)
{
    struct watch *watch = watch_with_key(wait->poller, event->key);
    unsigned waits = pollers[wait->poller].waits;
    if (watch == NULL) {
        return "P3, P4: a key that nobody waits for";
    }
    if (watch->told_wait == waits && !wait->is_struck) {
        return "P7: told of twice in one wait";
    }
    if (!watch->is_armed) {
        return "P7, P11: told again, though once was all";
    }
    const char *broken = judge_flags(watch, event);
    if (broken != NULL && *is_struck && is_false(watch, event)) {
        *is_struck = false;
        broken = NULL;
    }
    watch->told_wait = waits;
    return broken;
}

/* P10: who was told of before, and is again, has come before somebody who was ready then
 * already. */
static const char *judge_turns(const poller_waited *wait, const unsigned *told_before)
{
    unsigned waits = pollers[wait->poller].waits;
    for (int a = 0; a < WATCHES_MAX; a++) {
        bool is_again = watches[a].used && watches[a].poller == wait->poller &&
                        watches[a].told_wait == waits && told_before[a] > 0;
        for (int b = 0; is_again && b < WATCHES_MAX; b++) {
            bool is_passed_over =
                is_dues(&watches[b], wait->poller) && watches[b].told_wait != waits &&
                watches[b].due_wait <= told_before[a] && told_before[b] < told_before[a];
            if (is_passed_over) {
                return "P10: one comes again before another's turn";
            }
        }
    }
    return NULL;
}

/* Who was ready when the wait began, and was not told of though there was room. */
static const char *judge_silence(const poller_waited *wait)
{
    const struct model_poller *poller = &pollers[wait->poller];
    for (int i = 0; wait->count < wait->cap && i < WATCHES_MAX; i++) {
        if (is_dues(&watches[i], wait->poller) && watches[i].told_wait != poller->waits &&
            watches[i].due <= poller->began) {
            return "P7: what is ready is not told";
        }
    }
    return NULL;
}

static const char *judge_time(const poller_waited *wait)
{
    const struct model_poller *poller = &pollers[wait->poller];
    uint64_t elapsed = poller_now() - poller->began;
    bool is_notified = poller->is_notified || poller->may_be_notified;
    if (wait->error.kind == FER_DEADLOCK) {
        bool fits = fer_duration_is_none(wait->timeout) && due_of(wait->poller) == NEVER &&
                    wait->count == 0;
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
static void note_told(const poller_waited *wait)
{
    struct model_poller *poller = &pollers[wait->poller];
    for (int i = 0; i < WATCHES_MAX; i++) {
        struct watch *watch = &watches[i];
        if (!watch->used || watch->poller != wait->poller || watch->told_wait != poller->waits) {
            continue;
        }
        watch->is_armed = watch->mode != FER_POLL_ONESHOT && !is_quiet(watch);
        watch->rose = false;
        watch->due = NEVER;
        reconsider(watch, poller_now());
    }
    poller->may_be_notified = poller->notified_within;
    poller->is_notified = false;
    poller->is_waiting = false;
}

const char *poller_model_waited(const poller_waited *wait)
{
    unsigned told_before[WATCHES_MAX];
    bool is_struck = wait->is_struck;
    const char *broken = judge_time(wait);
    for (int i = 0; i < WATCHES_MAX; i++) {
        told_before[i] = watches[i].told_wait;
    }
    for (size_t i = 0; broken == NULL && i < wait->count; i++) {
        broken = judge_event(wait, &wait->events[i], &is_struck);
    }
    broken = broken == NULL ? judge_silence(wait) : broken;
    broken = broken == NULL && !wait->is_struck ? judge_turns(wait, told_before) : broken;
    note_told(wait);
    return broken;
}
