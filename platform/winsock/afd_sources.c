/* afd_sources.c: the sockets that a poller registers with the driver: when their requests begin and
 * are cancelled, and the owner of their memory. */
#include "platform/winsock/afd_sources.h"

#include <string.h>

/* The length of a period in milliseconds. */
enum { PERIOD_MILLIS = 1000 };

/* The maximum number of requests on one handle of the driver. The cost of a cancel grows with their
 * number (trio, issue 1280: negligible below a thousand). */
enum { GROUP_MAX = 500 };

/* A request that completes without a wanted event, though it was not cancelled, begins again
 * immediately at most this often. Then it waits for the next period. */
enum { EMPTY_COMPLETIONS_MAX = 2 };

/* Each period rearms this many of the requests that are older than a period, oldest first: at least
 * REARMED_MIN, and one in REARMED_SHARE. A source is thus examined again within
 * REARMED_SHARE + 1 periods, with up to 16 sources within 2. A rearm is two system calls and a
 * packet. If it takes 5 microseconds (an estimate), 10,000 idle sources cost 0.2 % of a processor.
 * Under Wine 8, 1,000 of them cost the program 0.3 % (measured). */
enum { REARMED_MIN = 16, REARMED_SHARE = 32 };

/* A cancelled request whose packet is still missing after this many periods is abandoned: its
 * memory stays with the system, and the source gets a new request. */
enum { ABANDON_PERIODS = 4 };

/* The number of periods that the end of a poller waits for a packet. */
enum { END_PERIODS = 2 };

static const fer_error source_no_memory = {FER_OUT_OF_MEMORY, 0};

/* ---- Rings */

#define SOURCE_OF(place, member) \
    ((ferp_afd_source *)(void *)((char *)(place)-offsetof(ferp_afd_source, member)))

static void append(ferp_afd_link *head, ferp_afd_link *link)
{
    *link = (ferp_afd_link){head->before, head};
    link->before->after = link;
    head->before = link;
}

/* Does nothing outside of a ring. */
static void unlink_from_ring(ferp_afd_link *link)
{
    if (link->after != NULL) {
        link->before->after = link->after;
        link->after->before = link->before;
        *link = (ferp_afd_link){NULL, NULL};
    }
}

/* The source begins in the next wait, or in the next period. */
static void move_to(ferp_afd_link *head, ferp_afd_source *source)
{
    unlink_from_ring(&source->link);
    append(head, &source->link);
}

/* ---- Handles of the driver */

static fer_error add_group(ferp_afd_poller *poller)
{
    ferp_afd_group *group = ferp_alloc(sizeof *group);
    if (group == NULL) {
        return source_no_memory;
    }
    *group = (ferp_afd_group){NULL, 0, poller->groups, NULL};
    fer_error err = ferp_afd_open(poller->port, &group->driver);
    if (err.kind != FER_OK) {
        ferp_free(group);
        return err;
    }
    poller->groups = group;
    poller->not_full = group;
    return FERP_WINSOCK_OK;
}

static fer_error join_group(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (poller->not_full == NULL) {
        FER_TRY(add_group(poller));
    }
    ferp_afd_group *group = poller->not_full;
    source->group = group;
    group->count++;
    if (group->count == GROUP_MAX) {
        poller->not_full = group->next_not_full;
    }
    return FERP_WINSOCK_OK;
}

static void leave_group(ferp_afd_poller *poller, const ferp_afd_source *source)
{
    ferp_afd_group *group = source->group;
    if (group->count == GROUP_MAX) {
        group->next_not_full = poller->not_full;
        poller->not_full = group;
    }
    group->count--;
}

static void end_groups(ferp_afd_poller *poller)
{
    while (poller->groups != NULL) {
        ferp_afd_group *group = poller->groups;
        poller->groups = group->next;
        CloseHandle(group->driver);
        ferp_free(group);
    }
}

/* ---- Requests */

static void set_phase(ferp_afd_poller *poller, ferp_afd_source *source, ferp_afd_phase phase)
{
    if (source->phase >= FERP_AFD_PENDING) {
        unlink_from_ring(&source->age);
        poller->outstanding_count--;
    }
    if (phase >= FERP_AFD_PENDING) {
        append(&poller->outstanding, &source->age);
        poller->outstanding_count++;
        source->since = GetTickCount64();
    }
    source->phase = phase;
}

static void set_pending(ferp_afd_poller *poller, ferp_afd_source *source, ULONG requested,
                        fer_error failure)
{
    source->requested = requested;
    source->accepted = ~(ULONG)0;
    source->failure = failure;
    set_phase(poller, source, FERP_AFD_PENDING);
}

static fer_error begin_request(ferp_afd_poller *poller, ferp_afd_source *source, ULONG events)
{
    FER_TRY(ferp_afd_begin(source->group->driver, &source->request, source->base, events, source));
    set_pending(poller, source, events, FERP_WINSOCK_OK);
    return FERP_WINSOCK_OK;
}

/* Queues a packet that reports the failure. False: out of memory. */
static bool post_failure(ferp_afd_poller *poller, ferp_afd_source *source, fer_error failure)
{
    if (!PostQueuedCompletionStatus(poller->port, 0, 0, (OVERLAPPED *)(void *)source)) {
        return false;
    }
    set_pending(poller, source, ~(ULONG)0, failure);
    return true;
}

/* Of what the request reports, only the accepted events remain. */
static void cancel_request(ferp_afd_poller *poller, ferp_afd_source *source, ULONG accepted)
{
    source->accepted &= accepted;
    if (source->phase == FERP_AFD_PENDING) {
        if (source->failure.kind == FER_OK) {
            ferp_afd_cancel(source->group->driver, &source->request);
        }
        source->drain_count = poller->drain_count;
        set_phase(poller, source, FERP_AFD_CANCELLED);
    }
}

/* ---- Sources */

static fer_error new_source(ferp_afd_poller *poller, fer_raw_socket raw, ferp_afd_source **out)
{
    ferp_afd_source *source = ferp_alloc(sizeof *source);
    if (source == NULL) {
        return source_no_memory;
    }
    memset(source, 0, sizeof *source);
    source->raw = raw;
    fer_error err = join_group(poller, source);
    if (err.kind == FER_OK && !ferp_sources_insert(&poller->sources, raw, source)) {
        leave_group(poller, source);
        err = source_no_memory;
    }
    if (err.kind != FER_OK) {
        ferp_free(source);
        return err;
    }
    *out = source;
    return FERP_WINSOCK_OK;
}

void ferp_afd_source_remove(ferp_afd_poller *poller, ferp_afd_source *source)
{
    source->is_registered = false;
    unlink_from_ring(&source->link);
    cancel_request(poller, source, 0);
    if (source->phase == FERP_AFD_IDLE) {
        ferp_sources_remove(&poller->sources, source->raw);
        leave_group(poller, source);
        ferp_free(source);
    }
}

fer_error ferp_afd_source_add(ferp_afd_poller *poller, fer_raw_socket raw, SOCKET base,
                              ULONG events, ferp_afd_source **out)
{
    ferp_afd_source *source = ferp_sources_find(&poller->sources, raw);
    bool is_new = source == NULL;
    if (is_new) {
        FER_TRY(new_source(poller, raw, &source));
    }
    source->base = base;
    fer_error err = is_new ? begin_request(poller, source, events) : FERP_WINSOCK_OK;
    if (err.kind != FER_OK) {
        ferp_afd_source_remove(poller, source);
        return err;
    }
    source->is_registered = true;
    *out = source;
    return FERP_WINSOCK_OK;
}

ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw)
{
    ferp_afd_source *source = ferp_sources_find(&poller->sources, raw);
    if (source == NULL || !source->is_registered) {
        return NULL;
    }
    if (ferp_winsock_was_closed(&source->identity)) {
        ferp_afd_source_remove(poller, source);
        return NULL;
    }
    return source;
}

/* ---- The queue */

void ferp_afd_source_change(ferp_afd_poller *poller, ferp_afd_source *source)
{
    source->empty_completions = 0;
    move_to(&poller->queued, source);
}

void ferp_afd_source_arm_again(ferp_afd_poller *poller, ferp_afd_source *source, bool was_empty)
{
    bool is_repeated = was_empty && source->empty_completions == EMPTY_COMPLETIONS_MAX;
    source->empty_completions = was_empty && !is_repeated ? source->empty_completions + 1 : 0;
    if (source->events != 0) {
        move_to(is_repeated ? &poller->deferred : &poller->queued, source);
    }
}

/* A failure that does not pass is the event of its source, and other sources are not concerned. But
 * a number that is no socket any more was closed. */
static void begin_again(ferp_afd_poller *poller, ferp_afd_source *source)
{
    DWORD type = 0;
    fer_error err = begin_request(poller, source, source->events);
    if (err.kind == FER_OK) {
        return;
    }
    bool is_transient = ferp_afd_is_transient(err);
    if (!is_transient &&
        ferp_winsock_type_of(ferp_winsock_socket(source->raw), &type).kind != FER_OK) {
        ferp_afd_source_remove(poller, source);
    } else if (is_transient || !post_failure(poller, source, err)) {
        move_to(&poller->deferred, source);
    }
}

/* An outstanding request for enough events remains; its result is masked with the events that are
 * needed then. */
void ferp_afd_sources_begin_queued(ferp_afd_poller *poller)
{
    while (poller->queued.after != &poller->queued) {
        ferp_afd_source *source = SOURCE_OF(poller->queued.after, link);
        unlink_from_ring(&source->link);
        if (ferp_winsock_was_closed(&source->identity)) {
            ferp_afd_source_remove(poller, source);
        } else if (source->phase == FERP_AFD_IDLE) {
            begin_again(poller, source);
        } else if ((source->events & ~source->requested) != 0) {
            cancel_request(poller, source, FERP_AFD_LOCAL_CLOSE);
        }
    }
}

bool ferp_afd_source_complete(ferp_afd_poller *poller, ferp_afd_source *source,
                              ferp_afd_completion *out)
{
    fer_error failure = source->failure;
    if (source->phase == FERP_AFD_ABANDONED) {
        ferp_free(source);
        return false;
    }
    *out = (ferp_afd_completion){.was_cancelled = source->phase == FERP_AFD_CANCELLED};
    set_phase(poller, source, FERP_AFD_IDLE);
    if (failure.kind == FER_OK) {
        failure = ferp_afd_result(&source->request, &out->reported);
    }
    out->reported &= source->accepted;
    if (!source->is_registered || (out->reported & FERP_AFD_LOCAL_CLOSE) != 0 ||
        ferp_winsock_was_closed(&source->identity)) {
        ferp_afd_source_remove(poller, source);
        return false;
    }
    out->has_failed = failure.kind != FER_OK && (source->accepted & FERP_AFD_ABORT) != 0;
    if (out->has_failed && ferp_afd_is_transient(failure)) {
        move_to(&poller->deferred, source);
        return false;
    }
    return true;
}

/* ---- Periods. The life of a request whose completion the driver loses, by the poller's periods
 * (PERIOD_MILLIS). drain_count counts the waits that found the port empty: a packet that is still
 * in the port is not missing.
 *
 *  period  0         1          2            3            4            5
 *          |         |          |            |            |            |
 *          begins    rearm: cancelled, moves to the end of the ring
 *                    |          |            |            |            |
 *                    the cancel's packet arrives, mostly at once: the request begins again,
 *                    and completes at once if the socket is ready, so the event is found here
 *                    |                                                 |
 *                    no packet for ABANDON_PERIODS, and as many waits that drained the port:
 *                    abandoned. The system keeps the memory; a new source takes its place.
 *                    A packet that arrives later frees the memory (ferp_afd_source_complete). */

static bool is_missing(const ferp_afd_poller *poller, const ferp_afd_source *source, ULONGLONG now)
{
    return source->phase == FERP_AFD_CANCELLED &&
           poller->drain_count - source->drain_count >= ABANDON_PERIODS &&
           now - source->since >= (ULONGLONG)ABANDON_PERIODS * poller->period_millis;
}

/* A registered source has a successor, which is queued. Without memory, the next period tries
 * again. */
static void abandon(ferp_afd_poller *poller, ferp_afd_source *source)
{
    ferp_afd_source *successor = source->is_registered ? ferp_alloc(sizeof *successor) : NULL;
    if (source->is_registered && successor == NULL) {
        return;
    }
    unlink_from_ring(&source->link);
    set_phase(poller, source, FERP_AFD_ABANDONED);
    ferp_sources_remove(&poller->sources, source->raw);
    if (successor == NULL) {
        leave_group(poller, source);
        return;
    }
    *successor = *source;
    successor->phase = FERP_AFD_IDLE;
    (void)ferp_sources_insert(&poller->sources, successor->raw, successor); /* in the free slot */
    move_to(&poller->queued, successor);
}

/* A request that has waited for a period is cancelled and then begins again. If its socket is
 * ready, and its completion was lost, the new one completes immediately. If it completes before it
 * is cancelled, its result remains valid. */
static void rearm(ferp_afd_poller *poller, ULONGLONG now)
{
    size_t budget = poller->outstanding_count / REARMED_SHARE + REARMED_MIN;
    ferp_afd_link *link = poller->outstanding.after;
    while (link != &poller->outstanding && budget > 0) {
        ferp_afd_source *source = SOURCE_OF(link, age);
        link = link->after;
        if (now - source->since < poller->period_millis) {
            return;
        }
        if (is_missing(poller, source, now)) {
            abandon(poller, source);
            budget--;
        } else if (source->phase == FERP_AFD_PENDING) {
            cancel_request(poller, source, ~(ULONG)0);
            budget--;
        }
    }
}

void ferp_afd_sources_check_period(ferp_afd_poller *poller)
{
    ULONGLONG now = GetTickCount64();
    if (now - poller->period_start < poller->period_millis) {
        return;
    }
    poller->period_start = now;
    while (poller->deferred.after != &poller->deferred) {
        move_to(&poller->queued, SOURCE_OF(poller->deferred.after, link));
    }
    rearm(poller, now);
}

/* ---- The poller */

/* Any number of threads may run after a wait. The default, one for each processor, would make
 * others wait for them ("CreateIoCompletionPort function", MSDN). Adding the first group shows
 * whether the driver can be opened. */
fer_error ferp_afd_sources_open(ferp_afd_poller *poller)
{
    memset(poller, 0, sizeof *poller);
    InitializeSRWLock(&poller->lock);
    poller->queued = (ferp_afd_link){&poller->queued, &poller->queued};
    poller->deferred = (ferp_afd_link){&poller->deferred, &poller->deferred};
    poller->outstanding = (ferp_afd_link){&poller->outstanding, &poller->outstanding};
    poller->period_millis = PERIOD_MILLIS;
    poller->period_start = GetTickCount64();
    poller->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, INT32_MAX);
    if (poller->port == NULL) {
        return ferp_winsock_last_error();
    }
    fer_error err = add_group(poller);
    if (err.kind != FER_OK) {
        CloseHandle(poller->port);
    }
    return err;
}

/* A packet without a source is a notification. Returns false if no packet comes in time. */
static bool drop_packets(ferp_afd_poller *poller, DWORD millis)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ULONG found = 0;
    if (!GetQueuedCompletionStatusEx(poller->port, packets, FERP_AFD_BATCH, &found, millis,
                                     FALSE)) {
        return false;
    }
    for (ULONG i = 0; i < found; i++) {
        ferp_afd_source *source = (ferp_afd_source *)(void *)packets[i].lpOverlapped;
        if (source != NULL && source->phase != FERP_AFD_ABANDONED) {
            set_phase(poller, source, FERP_AFD_IDLE);
        } else {
            ferp_free(source);
        }
    }
    return true;
}

/* A cancelled request moves to the end of the ring once. The memory of one that is still
 * outstanding is never freed, because the system may write to it. */
void ferp_afd_sources_end(ferp_afd_poller *poller)
{
    ferp_afd_link *link = poller->outstanding.after;
    while (link != &poller->outstanding) {
        ferp_afd_source *source = SOURCE_OF(link, age);
        link = link->after;
        cancel_request(poller, source, 0);
    }
    while (poller->outstanding_count > 0 &&
           drop_packets(poller, END_PERIODS * poller->period_millis)) {
    }
    for (size_t i = 0; i < poller->sources.capacity; i++) {
        ferp_afd_source *source = poller->sources.slots[i].record;
        if (source != NULL && source->phase == FERP_AFD_IDLE) {
            ferp_free(source);
        }
    }
    ferp_sources_end(&poller->sources);
    end_groups(poller);
    CloseHandle(poller->port);
}
