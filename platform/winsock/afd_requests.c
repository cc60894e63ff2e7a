/* afd_requests.c: when the requests of a poller's sources begin and are cancelled, and the owner of
 * their memory. */
#include "platform/winsock/afd_sources.h"

#include <string.h>

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

/* ---- Rings */

void ferp_afd_ring_begin(ferp_afd_link *head)
{
    *head = (ferp_afd_link){head, head};
}

bool ferp_afd_ring_is_empty(const ferp_afd_link *head)
{
    return head->after == head;
}

void ferp_afd_ring_append(ferp_afd_link *head, ferp_afd_link *link)
{
    *link = (ferp_afd_link){head->before, head};
    link->before->after = link;
    head->before = link;
}

void ferp_afd_ring_remove(ferp_afd_link *link)
{
    if (link->after != NULL) {
        link->before->after = link->after;
        link->after->before = link->before;
        *link = (ferp_afd_link){NULL, NULL};
    }
}

/* ---- Operations */

ferp_afd_operation *ferp_afd_operation_new(ferp_afd_source *source)
{
    ferp_afd_operation *operation = ferp_alloc(sizeof *operation);
    if (operation != NULL) {
        memset(operation, 0, sizeof *operation);
        operation->source = source;
    }
    return operation;
}

static void move_to_the_end(ferp_afd_poller *poller, ferp_afd_operation *operation)
{
    operation->since = GetTickCount64();
    ferp_afd_ring_remove(&operation->link);
    ferp_afd_ring_append(&poller->outstanding, &operation->link);
}

static void set_outstanding(ferp_afd_poller *poller, ferp_afd_operation *operation,
                            fer_error failure)
{
    operation->failure = failure;
    operation->accepted = ~(ULONG)0;
    operation->is_outstanding = true;
    operation->is_cancelled = false;
    poller->outstanding_count++;
    move_to_the_end(poller, operation);
}

static void remove_outstanding(ferp_afd_poller *poller, ferp_afd_operation *operation)
{
    operation->is_outstanding = false;
    poller->outstanding_count--;
    ferp_afd_ring_remove(&operation->link);
}

static void cancel(ferp_afd_poller *poller, ferp_afd_operation *operation)
{
    if (operation->is_outstanding && !operation->is_cancelled) {
        if (operation->failure.kind == FER_OK) {
            ferp_afd_cancel(operation->source->group->driver, &operation->request);
        }
        operation->is_cancelled = true;
        operation->drain_count = poller->drain_count;
        move_to_the_end(poller, operation);
    }
}

/* ---- Requests of a source */

void ferp_afd_source_cancel(ferp_afd_poller *poller, ferp_afd_source *source, ULONG accepted)
{
    source->operation->accepted &= accepted;
    cancel(poller, source->operation);
}

/* A pending request for enough events remains; its result is masked with the events that are needed
 * then. */
fer_error ferp_afd_source_request(ferp_afd_poller *poller, ferp_afd_source *source, ULONG events)
{
    ferp_afd_operation *operation = source->operation;
    if (operation->is_outstanding) {
        if ((events & ~operation->requested) != 0) {
            ferp_afd_source_cancel(poller, source, FERP_AFD_LOCAL_CLOSE);
        }
        return FERP_WINSOCK_OK;
    }
    FER_TRY(ferp_afd_begin(source->group->driver, &operation->request, source->base, events,
                           operation));
    operation->requested = events;
    set_outstanding(poller, operation, FERP_WINSOCK_OK);
    return FERP_WINSOCK_OK;
}

bool ferp_afd_source_fail(ferp_afd_poller *poller, ferp_afd_source *source, fer_error failure)
{
    ferp_afd_operation *operation = source->operation;
    if (!PostQueuedCompletionStatus(poller->port, 0, 0, (OVERLAPPED *)(void *)operation)) {
        return false;
    }
    operation->requested = ~(ULONG)0;
    set_outstanding(poller, operation, failure);
    return true;
}

ferp_afd_completion ferp_afd_operation_end(ferp_afd_poller *poller, ferp_afd_operation *operation)
{
    ferp_afd_completion completion = {.source = operation->source,
                                      .was_cancelled = operation->is_cancelled,
                                      .failure = operation->failure};
    if (operation->source == NULL) {
        ferp_free(operation);
        return completion;
    }
    remove_outstanding(poller, operation);
    if (completion.failure.kind == FER_OK) {
        completion.failure = ferp_afd_result(&operation->request, &completion.reported);
    }
    completion.reported &= operation->accepted;
    if ((operation->accepted & FERP_AFD_ABORT) == 0) {
        completion.failure = FERP_WINSOCK_OK;
    }
    return completion;
}

/* ---- Periods. The life of a request whose completion the driver loses, by the poller's periods
 * (FERP_AFD_PERIOD_MILLIS). drain_count counts the waits that found the port empty: a packet that
 * is still in the port is not missing.
 *
 *  period  0         1          2            3            4            5
 *          |         |          |            |            |            |
 *          begins    rearm: cancelled, moves to the end of the ring
 *                    |          |            |            |            |
 *                    the cancel's packet arrives, mostly at once: the request begins again,
 *                    and completes at once if the socket is ready, so the event is found here
 *                    |                                                 |
 *                    no packet for ABANDON_PERIODS, and as many waits that drained the port:
 *                    abandoned. The system keeps the memory; the source gets a new request.
 *                    A packet that arrives later frees the memory (ferp_afd_operation_end). */

/* Without memory, the next period tries again. */
static void abandon_operation(ferp_afd_poller *poller, ferp_afd_operation *operation)
{
    ferp_afd_source *source = operation->source;
    ferp_afd_operation *successor = source->is_registered ? ferp_afd_operation_new(source) : NULL;
    if (source->is_registered && successor == NULL) {
        return;
    }
    remove_outstanding(poller, operation);
    operation->source = NULL;
    source->operation = successor;
    ferp_afd_source_enqueue(poller, source);
    ferp_afd_source_release(poller, source);
}

static bool is_missing(const ferp_afd_poller *poller, const ferp_afd_operation *operation,
                       ULONGLONG now)
{
    return operation->is_cancelled &&
           poller->drain_count - operation->drain_count >= ABANDON_PERIODS &&
           now - operation->since >= (ULONGLONG)ABANDON_PERIODS * poller->period_millis;
}

/* A request that has waited for a period is cancelled and then begins again. If its socket is
 * ready, and its completion was lost, the new one completes immediately. If it completes before it
 * is cancelled, its result remains valid. */
static void rearm(ferp_afd_poller *poller, ULONGLONG now)
{
    size_t budget = poller->outstanding_count / REARMED_SHARE + REARMED_MIN;
    ferp_afd_link *link = poller->outstanding.after;
    while (link != &poller->outstanding && budget > 0) {
        ferp_afd_operation *operation = (ferp_afd_operation *)(void *)link;
        link = link->after;
        if (now - operation->since < poller->period_millis) {
            return;
        }
        if (is_missing(poller, operation, now)) {
            abandon_operation(poller, operation);
            budget--;
        } else if (!operation->is_cancelled) {
            cancel(poller, operation);
            budget--;
        }
    }
}

static void requeue_deferred(ferp_afd_poller *poller)
{
    while (!ferp_afd_ring_is_empty(&poller->deferred)) {
        ferp_afd_link *link = poller->deferred.after;
        ferp_afd_ring_remove(link);
        ferp_afd_source_enqueue(poller, (ferp_afd_source *)(void *)link);
    }
}

void ferp_afd_requests_check_period(ferp_afd_poller *poller)
{
    ULONGLONG now = GetTickCount64();
    if (now - poller->period_start >= poller->period_millis) {
        poller->period_start = now;
        requeue_deferred(poller);
        rearm(poller, now);
    }
}

/* ---- The end */

/* Each cancelled one moves to the end once. */
static void cancel_operations(ferp_afd_poller *poller)
{
    ferp_afd_link *link = poller->outstanding.after;
    while (link != &poller->outstanding) {
        ferp_afd_operation *operation = (ferp_afd_operation *)(void *)link;
        link = link->after;
        operation->accepted = 0;
        cancel(poller, operation);
    }
}

/* A packet without an operation is a notification. Returns false if no packet comes in time. */
static bool drop_packets(ferp_afd_poller *poller, DWORD millis)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ULONG found = 0;
    if (!GetQueuedCompletionStatusEx(poller->port, packets, FERP_AFD_BATCH, &found, millis,
                                     FALSE)) {
        return false;
    }
    for (ULONG i = 0; i < found; i++) {
        ferp_afd_operation *operation = (ferp_afd_operation *)(void *)packets[i].lpOverlapped;
        if (operation != NULL && operation->source != NULL) {
            remove_outstanding(poller, operation);
        } else {
            ferp_free(operation);
        }
    }
    return true;
}

void ferp_afd_requests_end(ferp_afd_poller *poller)
{
    cancel_operations(poller);
    while (poller->outstanding_count > 0 &&
           drop_packets(poller, END_PERIODS * poller->period_millis)) {
    }
}
