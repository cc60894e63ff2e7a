/* poller.c: waiting for many sockets: registrations, and the events already reported. readiness.c
 * computes a socket's readiness.
 *
 * In the POSIX dialect a registration belongs to a number and to its socket, as in epoll it belongs
 * to a descriptor and a file (epoll(7), "Will closing a file descriptor cause it to be removed from
 * all epoll interest lists?"). A clone keeps it after the number is closed, and the number can then
 * belong to another socket. In the other dialects it ends with the handle (Windows:
 * AFD_POLL_LOCAL_CLOSE). */
#include "core/base/compiler.h"
#include "platform/common/sources.h"
#include "platform/sim/readiness.h"

/* A registration, in a ring: the last reported one is the last. */
typedef struct ferp_sim_source {
    struct ferp_sim_source *next;
    struct ferp_sim_source *previous;
    struct ferp_sim_source *next_same_raw; /* another registration of the same number */
    fer_raw_socket raw;
    int socket;
    uint64_t sequence; /* of the socket (POSIX) or of the handle (the other dialects) */
    fer_event interest;
    fer_poll_mode mode;
    bool is_armed;      /* a one-shot mode: not reported yet */
    bool is_unreported; /* FER_POLL_EDGE: not reported since it was armed */
    uint32_t changes;   /* FER_POLL_EDGE: the socket's changes when it was last reported */
} ferp_sim_source;

typedef struct ferp_sim_poll_set {
    uint64_t run;         /* its simulation */
    ferp_sim_source ring; /* only the links are used */
    size_t count;
    ferp_sources numbers; /* each number's first registration */
    bool is_notified;
    bool is_closed;
    size_t waits; /* that run: one, and those of its callbacks */
} ferp_sim_poll_set;

/* The words of a fer_poller. */
enum { AT_SET };

static ferp_sim_poll_set *set_of(const fer_poller *poller)
{
    return (ferp_sim_poll_set *)poller->p_.system_[AT_SET];
}

/* A callback of a wait may close the poller. The last wait that runs then frees the set. */
static void leave(const fer_poller *poller, ferp_sim_poll_set *set)
{
    set->waits--;
    if (set->waits == 0 && set->is_closed) {
        ((fer_poller *)(uintptr_t)poller)->p_.system_[AT_SET] = 0;
        ferp_free(set);
    }
}

/* Defines the poller of a call, or returns EBADF from it if an earlier simulation created the
 * poller. */
#define REQUIRE_POLL_SET(network, set, poller)          \
    ferp_sim_poll_set *set = set_of(poller);            \
    if (set->run != network->run) {                     \
        return ferp_sim_error(network, FERP_SIM_EBADF); \
    }

/* epoll has an OS code for the error. With AFD, kqueue and poll the backend makes the error,
 * without a code. */
static fer_error error_on(const ferp_sim_network *network, fer_error_kind kind, int32_t linux_code)
{
    bool is_own = ferp_sim_is_winsock(network) || network->switches->poller_errors_without_code;
    return (fer_error){kind, is_own ? 0 : linux_code};
}

static fer_error no_memory(const ferp_sim_network *network)
{
    return error_on(network, FER_OUT_OF_MEMORY, FERP_SIM_LINUX_ENOMEM);
}

/* ---- Registrations */

static bool ends_with_handle(const ferp_sim_network *network)
{
    return ferp_sim_is_winsock(network) || network->switches->poller_forgets_closed_numbers;
}

static uint64_t sequence_of(ferp_sim_network *network, fer_raw_socket raw)
{
    return ends_with_handle(network) ? ferp_sim_handle_of(network, raw)->sequence
                                     : ferp_sim_socket_of(network, raw)->sequence;
}

static bool is_current(ferp_sim_network *network, const ferp_sim_source *source)
{
    if (!ends_with_handle(network)) {
        return network->sockets[source->socket].sequence == source->sequence;
    }
    const ferp_sim_handle *handle = ferp_sim_handle_of(network, source->raw);
    return handle != NULL && handle->sequence == source->sequence;
}

static ferp_sim_source *find(ferp_sim_network *network, const ferp_sim_poll_set *set,
                             fer_raw_socket raw)
{
    uint64_t sequence = sequence_of(network, raw);
    ferp_sim_source *at = ferp_sources_find(&set->numbers, raw);
    while (at != NULL && at->sequence != sequence) {
        at = at->next_same_raw;
    }
    return at;
}

static bool add_to_number(ferp_sim_poll_set *set, ferp_sim_source *created)
{
    ferp_sim_source *first = ferp_sources_find(&set->numbers, created->raw);
    if (first == NULL) {
        return ferp_sources_insert(&set->numbers, created->raw, created);
    }
    created->next_same_raw = first->next_same_raw;
    first->next_same_raw = created;
    return true;
}

static void remove_from_number(ferp_sim_poll_set *set, const ferp_sim_source *removed)
{
    ferp_sim_source *at = ferp_sources_find(&set->numbers, removed->raw);
    if (at == removed) {
        ferp_sources_remove(&set->numbers, removed->raw);
        if (removed->next_same_raw != NULL) {
            /* The removal has made room, so that this allocates nothing and cannot fail. */
            (void)ferp_sources_insert(&set->numbers, removed->raw, removed->next_same_raw);
        }
        return;
    }
    while (at->next_same_raw != removed) {
        at = at->next_same_raw;
    }
    at->next_same_raw = removed->next_same_raw;
}

static void link_last(ferp_sim_poll_set *set, ferp_sim_source *added)
{
    added->previous = set->ring.previous;
    added->next = &set->ring;
    added->previous->next = added;
    added->next->previous = added;
}

static void unlink_source(ferp_sim_source *unlinked)
{
    unlinked->previous->next = unlinked->next;
    unlinked->next->previous = unlinked->previous;
}

static void remove_source(ferp_sim_poll_set *set, ferp_sim_source *removed)
{
    remove_from_number(set, removed);
    unlink_source(removed);
    set->count--;
    ferp_free(removed);
}

/* Removes the registrations of closed handles. A wait does this too; without waits this bounds
 * their number. */
static void remove_closed(ferp_sim_network *network, ferp_sim_poll_set *set)
{
    for (ferp_sim_source *at = set->ring.next, *next = at->next; at != &set->ring;
         at = next, next = at->next) {
        if (!is_current(network, at)) {
            remove_source(set, at);
        }
    }
}

static void arm(ferp_sim_source *source, fer_event interest, fer_poll_mode mode)
{
    source->interest = interest;
    source->mode = mode;
    source->is_armed = true;
    source->is_unreported = true;
}

static fer_error add(ferp_sim_network *network, ferp_sim_poll_set *set, fer_raw_socket raw,
                     fer_event interest, fer_poll_mode mode)
{
    if (find(network, set, raw) != NULL) {
        return error_on(network, FER_ALREADY_EXISTS, FERP_SIM_LINUX_EEXIST);
    }
    if (set->count >= 2 * network->config.max_sockets) {
        remove_closed(network, set);
    }
    ferp_sim_source *created = ferp_alloc(sizeof *created);
    if (created == NULL) {
        return no_memory(network);
    }
    *created = (ferp_sim_source){.raw = raw,
                                 .socket = ferp_sim_handle_of(network, raw)->socket,
                                 .sequence = sequence_of(network, raw)};
    if (!add_to_number(set, created)) {
        ferp_free(created);
        return no_memory(network);
    }
    arm(created, interest, mode);
    link_last(set, created);
    set->count++;
    return FERP_SIM_OK;
}

/* As the backends: epoll has all, and AFD no edges. */
static bool is_supported(fer_event interest, fer_poll_mode mode)
{
    const ferp_sim_network *network = ferp_sim_current();
    if (network == NULL || network->config.dialect == FER_SIM_DIALECT_POSIX) {
        return true;
    }
    bool is_kqueue = network->switches->poller_is_kqueue;
    fer_interest reads = interest.interest & (FER_READABLE | FER_READ_CLOSED);
    return (is_kqueue ? (interest.interest & FER_PRIORITY) == 0 : mode <= FER_POLL_LEVEL) &&
           (ferp_sim_is_winsock(network) || reads != FER_READ_CLOSED);
}

FERI_NOINLINE fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                                        fer_poll_mode mode)
{
    if (!is_supported(interest, mode)) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    REQUIRE_POLL_SET(network, set, poller)
    return ferp_sim_trace_call(network, "poller add", socket,
                               add(network, set, raw, interest, mode));
}

static fer_error not_found(const ferp_sim_network *network)
{
    return error_on(network, FER_NOT_FOUND, FERP_SIM_LINUX_ENOENT);
}

FERI_NOINLINE fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw,
                                           fer_event interest, fer_poll_mode mode)
{
    if (!is_supported(interest, mode)) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    REQUIRE_POLL_SET(network, set, poller)
    ferp_sim_source *found = find(network, set, raw);
    if (found != NULL) {
        arm(found, interest, mode);
    }
    return ferp_sim_trace_call(network, "poller modify", socket,
                               found != NULL ? FERP_SIM_OK : not_found(network));
}

FERI_NOINLINE fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    REQUIRE_POLL_SET(network, set, poller)
    ferp_sim_source *found = find(network, set, raw);
    if (found != NULL) {
        remove_source(set, found);
    }
    return ferp_sim_trace_call(network, "poller delete", socket,
                               found != NULL ? FERP_SIM_OK : not_found(network));
}

/* ---- The poller */

fer_error ferp_poller_open(fer_poller *poller)
{
    FERP_SIM_REQUIRE(network)
    if (set_of(poller) != NULL) {
        return (fer_error){FER_MISUSE, 0}; /* a wait of the closed poller still runs */
    }
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_TOO_MANY_HANDLES)) {
        return ferp_sim_trace_call(network, "poller", NULL,
                                   ferp_sim_error(network, FERP_SIM_EMFILE));
    }
    ferp_sim_poll_set *created = ferp_alloc(sizeof *created);
    if (created == NULL) {
        return ferp_sim_trace_call(network, "poller", NULL, no_memory(network));
    }
    *created = (ferp_sim_poll_set){.run = network->run};
    created->ring.next = &created->ring;
    created->ring.previous = &created->ring;
    poller->p_.system_[AT_SET] = (uintptr_t)created;
    network->pollers_open++;
    return ferp_sim_trace_call(network, "poller", NULL, FERP_SIM_OK);
}

void ferp_poller_close(fer_poller *poller)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_poll_set *closed = set_of(poller);
    if (network != NULL && closed->run == network->run) {
        network->pollers_open--;
        ferp_sim_trace_event(network, "poller close", NULL);
    }
    while (closed->ring.next != &closed->ring) {
        remove_source(closed, closed->ring.next);
    }
    ferp_sources_end(&closed->numbers);
    closed->is_closed = true;
    closed->waits++;
    leave(poller, closed);
}

fer_error ferp_poller_notify(fer_poller *poller)
{
    FERP_SIM_REQUIRE(network)
    REQUIRE_POLL_SET(network, set, poller)
    set->is_notified = true;
    return ferp_sim_trace_call(network, "poller notify", NULL, FERP_SIM_OK);
}

fer_raw_socket ferp_poller_raw(const fer_poller *poller)
{
    (void)poller;
    return FER_RAW_SOCKET_NONE;
}

/* ---- Waiting */

static const ferp_sim_socket *socket_of(const ferp_sim_network *network,
                                        const ferp_sim_source *source)
{
    return &network->sockets[source->socket];
}

static bool has_any(fer_event event)
{
    return event.interest != 0;
}

/* Any change of the socket's readiness is an edge. There can be spurious edges, but no edge is
 * lost. */
static fer_event event_of(ferp_sim_network *network, const ferp_sim_source *source)
{
    bool is_edge = source->mode == FER_POLL_EDGE;
    if (!source->is_armed || (is_edge && !source->is_unreported &&
                              source->changes == socket_of(network, source)->changes)) {
        return (fer_event){0};
    }
    return ferp_sim_readiness(network, socket_of(network, source), source->interest);
}

/* Without the key: it may be an address, which differs from run to run. */
static void trace_event(ferp_sim_network *network, const ferp_sim_socket *socket, fer_event event)
{
    static const char *const verbs[] = {"poller: closed", "poller: readable", "poller: writable",
                                        "poller: readable, writable"};
    ferp_sim_trace_event(network, verbs[event.interest & (FER_READABLE | FER_WRITABLE)], socket);
}

/* A registration without interest reports only a failure, once. */
static void report(ferp_sim_network *network, ferp_sim_poll_set *set, ferp_sim_source *reported,
                   fer_event event)
{
    bool is_once = reported->mode == FER_POLL_ONESHOT || reported->mode == FER_POLL_EDGE_ONESHOT;
    reported->is_armed = !is_once && has_any(reported->interest);
    reported->is_unreported = false;
    reported->changes = socket_of(network, reported)->changes;
    unlink_source(reported);
    link_last(set, reported);
    trace_event(network, socket_of(network, reported), event);
}

/* The least recently reported registration is first (rule P10). Returns the number of events. */
static size_t collect(ferp_sim_network *network, ferp_sim_poll_set *set, fer_event *events,
                      size_t cap)
{
    size_t count = 0;
    size_t left = set->count;
    for (ferp_sim_source *at = set->ring.next, *next = at->next; left > 0 && count < cap;
         at = next, next = at->next, left--) {
        if (!is_current(network, at)) {
            remove_source(set, at);
            continue;
        }
        fer_event event = event_of(network, at);
        if (has_any(event)) {
            report(network, set, at, event);
            events[count++] = event;
        }
    }
    return count;
}

/* ---- Injected faults: an event of a socket that is not ready, or a spurious wakeup */

/* The part of a registration's interest that is not ready. An end is never false. */
static fer_event missing_event(ferp_sim_network *network, const ferp_sim_source *source)
{
    if (!source->is_armed || !is_current(network, source)) {
        return (fer_event){0};
    }
    fer_event ready = ferp_sim_readiness(network, socket_of(network, source), source->interest);
    fer_event requested = source->interest;
    fer_interest hints = requested.interest & (FER_READABLE | FER_WRITABLE);
    return (fer_event){.key = requested.key, .interest = hints & ~ready.interest};
}

static ferp_sim_source *nth_not_ready(ferp_sim_network *network, ferp_sim_poll_set *set,
                                      uint32_t nth)
{
    ferp_sim_source *at = set->ring.next;
    for (; !has_any(missing_event(network, at)) || nth-- > 0; at = at->next) {
    }
    return at;
}

static uint32_t count_not_ready(ferp_sim_network *network, const ferp_sim_poll_set *set)
{
    uint32_t count = 0;
    for (const ferp_sim_source *at = set->ring.next; at != &set->ring; at = at->next) {
        count += has_any(missing_event(network, at));
    }
    return count;
}

/* Returns whether the fault is injected. Adds an event if there is a socket that is not ready. */
static bool injects_event(ferp_sim_network *network, ferp_sim_poll_set *set, fer_event *events,
                          size_t cap, size_t *count)
{
    uint32_t candidates = *count < cap ? count_not_ready(network, set) : 0;
    bool has_chance = candidates > 0 || (*count == 0 && !set->is_notified);
    if (!has_chance || !ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPURIOUS_READY)) {
        return false;
    }
    if (candidates > 0) {
        ferp_sim_source *reported =
            nth_not_ready(network, set, ferp_sim_choose(network, candidates));
        events[*count] = missing_event(network, reported);
        report(network, set, reported, events[(*count)++]);
    }
    return true;
}

/* ---- The wait */

static void consume_notification(ferp_sim_poll_set *set, bool *notified)
{
    *notified = set->is_notified;
    set->is_notified = false;
}

/* A timeout beyond the clock's range never expires. */
static uint64_t deadline_after(const ferp_sim_network *network, fer_duration timeout)
{
    return timeout.nanos < FERP_NO_DEADLINE - network->now ? network->now + timeout.nanos
                                                           : FERP_NO_DEADLINE;
}

static fer_error wait_on(ferp_sim_network *network, ferp_sim_poll_set *set, fer_event *events,
                         size_t cap, fer_duration timeout, size_t *count, bool *notified)
{
    uint64_t deadline = deadline_after(network, timeout);
    ferp_sim_run_due_events(network);
    if (set->is_closed) {
        return ferp_sim_error(network, FERP_SIM_EBADF);
    }
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    *count = collect(network, set, events, cap);
    bool is_over = injects_event(network, set, events, cap, count);
    consume_notification(set, notified);
    while (*count == 0 && !*notified && !is_over) {
        fer_error passed = ferp_sim_pass_time(network, deadline);
        if (passed.kind != FER_OK && passed.kind != FER_TIMED_OUT) {
            return passed;
        }
        if (set->is_closed) {
            return ferp_sim_error(network, FERP_SIM_EBADF);
        }
        is_over = passed.kind == FER_TIMED_OUT;
        *count = collect(network, set, events, cap);
        consume_notification(set, notified);
    }
    if (*count == 0 && !*notified && timeout.nanos == 0) {
        ferp_sim_tick(network);
    }
    return FERP_SIM_OK;
}

FERI_NOINLINE fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap,
                                         fer_duration timeout, size_t *count, bool *notified)
{
    *count = 0;
    *notified = false;
    FERP_SIM_REQUIRE(network)
    REQUIRE_POLL_SET(network, set, poller)
    set->waits++;
    fer_error error = wait_on(network, set, events, cap, timeout, count, notified);
    leave(poller, set);
    ferp_sim_record record = {
        .verb = *notified ? "poller is woken" : "poller wait", .error = error, .moved = *count};
    ferp_sim_trace(network, &record);
    return error;
}
