/* poller.c: waiting for many sockets: time passes until one of them is ready. What is told of a
 * socket is readiness.c's; here is what is watched, and what has been told of already.
 *
 * A registration is a number's and, in the POSIX dialect, that of the socket behind it, as epoll's
 * is the descriptor's and the file's (epoll(7), "Will closing a file descriptor cause it to be
 * removed from all epoll interest lists?"): a clone keeps it after the number was closed, and the
 * number may be given to another socket meanwhile. In the Windows dialect it ends with the handle
 * (AFD_POLL_LOCAL_CLOSE). */
#include "platform/common/sources.h"
#include "platform/sim/readiness.h"

/* In a ring: who was told of last comes last. */
typedef struct ferp_sim_source {
    struct ferp_sim_source *next;
    struct ferp_sim_source *previous;
    struct ferp_sim_source *namesake; /* another of the same number */
    fer_raw_socket raw;
    int socket;
    uint64_t birth; /* of the socket, or of the handle */
    fer_event interest;
    fer_poll_mode mode;
    bool is_armed;  /* FER_POLL_ONESHOT: not yet told of */
    bool is_due;    /* FER_POLL_EDGE: to be told of however long it has been ready, */
    uint32_t stirs; /* else when this has changed */
} ferp_sim_source;

typedef struct ferp_sim_watch {
    uint64_t run;         /* the simulation that it is of */
    ferp_sim_source ring; /* links alone */
    size_t count;
    ferp_sources numbers; /* each number's first source */
    bool is_notified;
} ferp_sim_watch;

/* A poller's words. */
enum { AT_WATCH };

static ferp_sim_watch *watch_of(const fer_poller *poller)
{
    return (ferp_sim_watch *)poller->words_[AT_WATCH];
}

/* The poller of a call, which is of this simulation and none before, or the call's end. */
#define NEED_WATCH(world, watch, poller)              \
    ferp_sim_watch *watch = watch_of(poller);         \
    if (watch->run != world->run) {                   \
        return ferp_sim_error(world, FERP_SIM_EBADF); \
    }

/* Linux has a code for it, AFD's users say it themselves. */
static fer_error refusal(const ferp_sim_world *world, fer_error_kind kind, int32_t linux_code)
{
    return (fer_error){kind, ferp_sim_is_winsock(world) ? 0 : linux_code};
}

static fer_error no_memory(const ferp_sim_world *world)
{
    return refusal(world, FER_OUT_OF_MEMORY, FERP_SIM_LINUX_ENOMEM);
}

/* ---- The sources */

static uint64_t birth_of(ferp_sim_world *world, fer_raw_socket raw)
{
    return ferp_sim_is_winsock(world) ? ferp_sim_handle_of(world, raw)->birth
                                      : ferp_sim_socket_of(world, raw)->sequence;
}

static bool is_alive(ferp_sim_world *world, const ferp_sim_source *source)
{
    if (!ferp_sim_is_winsock(world)) {
        return world->sockets[source->socket].sequence == source->birth;
    }
    const ferp_sim_handle *handle = ferp_sim_handle_of(world, source->raw);
    return handle != NULL && handle->birth == source->birth;
}

static ferp_sim_source *find(ferp_sim_world *world, const ferp_sim_watch *watch, fer_raw_socket raw)
{
    uint64_t birth = birth_of(world, raw);
    ferp_sim_source *at = ferp_sources_find(&watch->numbers, raw);
    while (at != NULL && at->birth != birth) {
        at = at->namesake;
    }
    return at;
}

static bool enter_number(ferp_sim_watch *watch, ferp_sim_source *made)
{
    ferp_sim_source *first = ferp_sources_find(&watch->numbers, made->raw);
    if (first == NULL) {
        return ferp_sources_insert(&watch->numbers, made->raw, made);
    }
    made->namesake = first->namesake;
    first->namesake = made;
    return true;
}

static void leave_number(ferp_sim_watch *watch, const ferp_sim_source *gone)
{
    ferp_sim_source *at = ferp_sources_find(&watch->numbers, gone->raw);
    if (at == gone) {
        ferp_sources_remove(&watch->numbers, gone->raw);
        if (gone->namesake != NULL) {
            (void)ferp_sources_insert(
                &watch->numbers, gone->raw,
                gone->namesake); /* where there is room now: it asks for no memory */
        }
        return;
    }
    while (at->namesake != gone) {
        at = at->namesake;
    }
    at->namesake = gone->namesake;
}

static void link_last(ferp_sim_watch *watch, ferp_sim_source *added)
{
    added->previous = watch->ring.previous;
    added->next = &watch->ring;
    added->previous->next = added;
    added->next->previous = added;
}

static void take_out(ferp_sim_source *taken)
{
    taken->previous->next = taken->next;
    taken->next->previous = taken->previous;
}

static void forget(ferp_sim_watch *watch, ferp_sim_source *gone)
{
    leave_number(watch, gone);
    take_out(gone);
    watch->count--;
    ferp_memory_free(gone);
}

/* Those that were closed without a delete are found in a wait; where there is none, when they have
 * become many. */
static void forget_closed(ferp_sim_world *world, ferp_sim_watch *watch)
{
    for (ferp_sim_source *at = watch->ring.next, *next = at->next; at != &watch->ring;
         at = next, next = at->next) {
        if (!is_alive(world, at)) {
            forget(watch, at);
        }
    }
}

static void arm(ferp_sim_source *source, fer_event interest, fer_poll_mode mode)
{
    source->interest = interest;
    source->mode = mode;
    source->is_armed = true;
    source->is_due = true;
}

static fer_error add(ferp_sim_world *world, ferp_sim_watch *watch, fer_raw_socket raw,
                     fer_event interest, fer_poll_mode mode)
{
    if (find(world, watch, raw) != NULL) {
        return refusal(world, FER_ALREADY_EXISTS, FERP_SIM_LINUX_EEXIST);
    }
    if (watch->count >= 2 * world->config.max_sockets) {
        forget_closed(world, watch);
    }
    ferp_sim_source *made = ferp_memory_new(sizeof *made);
    if (made == NULL) {
        return no_memory(world);
    }
    *made = (ferp_sim_source){.raw = raw,
                              .socket = ferp_sim_handle_of(world, raw)->socket,
                              .birth = birth_of(world, raw)};
    if (!enter_number(watch, made)) {
        ferp_memory_free(made);
        return no_memory(world);
    }
    arm(made, interest, mode);
    link_last(watch, made);
    watch->count++;
    return FERP_SIM_OK;
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    NEED_WATCH(world, watch, poller)
    return ferp_sim_told(world, "poller add", socket, add(world, watch, raw, interest, mode));
}

static fer_error not_found(const ferp_sim_world *world)
{
    return refusal(world, FER_NOT_FOUND, FERP_SIM_LINUX_ENOENT);
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    NEED_WATCH(world, watch, poller)
    ferp_sim_source *found = find(world, watch, raw);
    if (found != NULL) {
        arm(found, interest, mode);
    }
    return ferp_sim_told(world, "poller modify", socket,
                         found != NULL ? FERP_SIM_OK : not_found(world));
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    NEED_WATCH(world, watch, poller)
    ferp_sim_source *found = find(world, watch, raw);
    if (found != NULL) {
        forget(watch, found);
    }
    return ferp_sim_told(world, "poller delete", socket,
                         found != NULL ? FERP_SIM_OK : not_found(world));
}

/* ---- The poller */

fer_error ferp_poller_open(fer_poller *poller)
{
    FERP_SIM_NEED(world)
    if (ferp_sim_strikes(world, NULL, FER_SIM_FAULT_TOO_MANY_HANDLES)) {
        return ferp_sim_told(world, "poller", NULL, ferp_sim_error(world, FERP_SIM_EMFILE));
    }
    ferp_sim_watch *made = ferp_memory_new(sizeof *made);
    if (made == NULL) {
        return ferp_sim_told(world, "poller", NULL, no_memory(world));
    }
    *made = (ferp_sim_watch){.run = world->run};
    made->ring.next = &made->ring;
    made->ring.previous = &made->ring;
    poller->words_[AT_WATCH] = (uintptr_t)made;
    world->pollers_open++;
    return ferp_sim_told(world, "poller", NULL, FERP_SIM_OK);
}

void ferp_poller_close(fer_poller *poller)
{
    ferp_sim_world *world = ferp_sim_here();
    ferp_sim_watch *closed = watch_of(poller);
    if (world != NULL && closed->run == world->run) {
        world->pollers_open--;
        ferp_sim_happens(world, "poller close", NULL);
    }
    while (closed->ring.next != &closed->ring) {
        forget(closed, closed->ring.next);
    }
    ferp_sources_end(&closed->numbers);
    ferp_memory_free(closed);
}

fer_error ferp_poller_notify(fer_poller *poller)
{
    FERP_SIM_NEED(world)
    NEED_WATCH(world, watch, poller)
    watch->is_notified = true;
    return ferp_sim_told(world, "poller notify", NULL, FERP_SIM_OK);
}

/* ---- Waiting */

static const ferp_sim_socket *socket_of(const ferp_sim_world *world, const ferp_sim_source *source)
{
    return &world->sockets[source->socket];
}

static bool is_something(fer_event event)
{
    return event.readable || event.writable;
}

/* An edge is a change, of whatever the socket tells: more edges than needed, but none too few. */
static fer_event due(ferp_sim_world *world, const ferp_sim_source *source)
{
    bool is_edge = source->mode == FER_POLL_EDGE;
    if (!source->is_armed ||
        (is_edge && !source->is_due && source->stirs == socket_of(world, source)->stirs)) {
        return (fer_event){0};
    }
    return ferp_sim_readiness(world, socket_of(world, source), source->interest);
}

static void trace_event(ferp_sim_world *world, const ferp_sim_socket *socket, fer_event event)
{
    static const char *const verbs[] = {"poller: writable", "poller: readable",
                                        "poller: readable, writable"};
    unsigned char key[8];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (unsigned char)(event.key >> (8 * i));
    }
    ferp_sim_trace_bytes(world, key, sizeof key);
    ferp_sim_happens(world, verbs[event.readable + (event.readable && event.writable)], socket);
}

/* Of one that nothing is asked of only its failure can be told, and that once. */
static void tell(ferp_sim_world *world, ferp_sim_watch *watch, ferp_sim_source *told,
                 fer_event event)
{
    told->is_armed = told->mode != FER_POLL_ONESHOT && is_something(told->interest);
    told->is_due = false;
    told->stirs = socket_of(world, told)->stirs;
    take_out(told);
    link_last(watch, told);
    trace_event(world, socket_of(world, told), event);
}

/* Who has waited longest for a turn comes first (rule P10). Returns how many events there are. */
static size_t collect(ferp_sim_world *world, ferp_sim_watch *watch, fer_event *events, size_t cap)
{
    size_t count = 0;
    size_t left = watch->count;
    for (ferp_sim_source *at = watch->ring.next, *next = at->next; left > 0 && count < cap;
         at = next, next = at->next, left--) {
        if (!is_alive(world, at)) {
            forget(watch, at);
            continue;
        }
        fer_event event = due(world, at);
        if (is_something(event)) {
            tell(world, watch, at, event);
            events[count++] = event;
        }
    }
    return count;
}

/* ---- What is not so: a socket is said to be ready and is not, or the wait ends for nothing */

/* What is asked of a socket and is not there. */
static fer_event missing(ferp_sim_world *world, const ferp_sim_source *source)
{
    if (!source->is_armed || !is_alive(world, source)) {
        return (fer_event){0};
    }
    fer_event ready = ferp_sim_readiness(world, socket_of(world, source), source->interest);
    fer_event asked = source->interest;
    return (fer_event){asked.key, asked.readable && !ready.readable,
                       asked.writable && !ready.writable};
}

static ferp_sim_source *nth_missing(ferp_sim_world *world, ferp_sim_watch *watch, uint32_t nth)
{
    ferp_sim_source *at = watch->ring.next;
    for (; !is_something(missing(world, at)) || nth-- > 0; at = at->next) {
    }
    return at;
}

static uint32_t count_missing(ferp_sim_world *world, const ferp_sim_watch *watch)
{
    uint32_t count = 0;
    for (const ferp_sim_source *at = watch->ring.next; at != &watch->ring; at = at->next) {
        count += is_something(missing(world, at));
    }
    return count;
}

/* Whether the fault strikes, of which one event more may come. */
static bool is_misled(ferp_sim_world *world, ferp_sim_watch *watch, fer_event *events, size_t cap,
                      size_t *count)
{
    uint32_t candidates = *count < cap ? count_missing(world, watch) : 0;
    bool has_chance = candidates > 0 || (*count == 0 && !watch->is_notified);
    if (!has_chance || !ferp_sim_strikes(world, NULL, FER_SIM_FAULT_SPURIOUS_READY)) {
        return false;
    }
    if (candidates > 0) {
        ferp_sim_source *told = nth_missing(world, watch, ferp_sim_choose(world, candidates));
        events[*count] = missing(world, told);
        tell(world, watch, told, events[(*count)++]);
    }
    return true;
}

/* ---- The wait */

static void take_notification(ferp_sim_watch *watch, bool *notified)
{
    *notified = watch->is_notified;
    watch->is_notified = false;
}

/* A while that the clock cannot hold is one without an end. */
static uint64_t deadline_after(const ferp_sim_world *world, fer_duration timeout)
{
    return timeout.nanos < FERP_NO_DEADLINE - world->now ? world->now + timeout.nanos
                                                         : FERP_NO_DEADLINE;
}

static fer_error wait_on(ferp_sim_world *world, ferp_sim_watch *watch, fer_event *events,
                         size_t cap, fer_duration timeout, size_t *count, bool *notified)
{
    uint64_t deadline = deadline_after(world, timeout);
    *count = collect(world, watch, events, cap);
    bool is_over = is_misled(world, watch, events, cap, count);
    take_notification(watch, notified);
    while (*count == 0 && !*notified && !is_over) {
        fer_error passed = ferp_sim_pass_time(world, deadline);
        if (passed.kind != FER_OK && passed.kind != FER_TIMED_OUT) {
            return passed;
        }
        is_over = passed.kind == FER_TIMED_OUT;
        *count = collect(world, watch, events, cap);
        take_notification(watch, notified);
    }
    if (*count == 0 && !*notified && timeout.nanos == 0) {
        ferp_sim_tick(world);
    }
    return FERP_SIM_OK;
}

fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    *count = 0;
    *notified = false;
    FERP_SIM_NEED(world)
    NEED_WATCH(world, watch, poller)
    ferp_sim_settle(world);
    if (ferp_sim_strikes(world, NULL, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_told(world, "poller wait", NULL, ferp_sim_error(world, FERP_SIM_EINTR));
    }
    fer_error error = wait_on(world, watch, events, cap, timeout, count, notified);
    ferp_sim_record record = {
        .verb = *notified ? "poller is woken" : "poller wait", .error = error, .moved = *count};
    ferp_sim_trace(world, &record);
    return error;
}
