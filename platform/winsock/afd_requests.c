/* afd_requests.c: when the requests of a poller's sources begin and are cancelled, and who owns
 * their memory. */
#include "platform/winsock/afd_sources.h"

#include <string.h>

/* A turn renews this many of the requests that are older than a turn, oldest first: at least
 * RENEWED_MIN, and one in RENEWED_SHARE. A source is thus looked at again within
 * RENEWED_SHARE + 1 turns, with up to 16 sources within 2. A renewal is two system calls and a
 * packet. If it takes 5 microseconds (an estimate), 10,000 idle sources cost 0.2 % of a processor.
 * Under Wine 8, 1,000 of them cost the program 0.3 % (measured). */
enum { RENEWED_MIN = 16, RENEWED_SHARE = 32 };

/* A cancelled request whose packet is still missing after this many turns is abandoned: its memory
 * stays with the system, and the source gets a new request. */
enum { ABANDON_TURNS = 4 };

/* The number of turns that the end of a poller waits for a packet. */
enum { END_TURNS = 2 };

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
        operation->emptied = poller->emptied;
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

static fer_error result_of(const ferp_afd_operation *operation, ULONG *reported)
{
    *reported = 0;
    fer_error err = operation->failure.kind != FER_OK
                        ? operation->failure
                        : ferp_afd_result(&operation->request, reported);
    *reported &= operation->accepted;
    return (operation->accepted & FERP_AFD_ABORT) != 0 ? err : FERP_WINSOCK_OK;
}

ferp_afd_source *ferp_afd_operation_end(ferp_afd_poller *poller, ferp_afd_operation *operation,
                                        ULONG *reported, bool *was_cancelled, fer_error *failure)
{
    if (operation->source == NULL) {
        ferp_free(operation);
        return NULL;
    }
    remove_outstanding(poller, operation);
    *was_cancelled = operation->is_cancelled;
    *failure = result_of(operation, reported);
    return operation->source;
}

/* ---- Turns */

/* Without memory, the next turn tries again. */
static void abandon_operation(ferp_afd_poller *poller, ferp_afd_operation *operation)
{
    ferp_afd_source *source = operation->source;
    ferp_afd_operation *made = source->is_registered ? ferp_afd_operation_new(source) : NULL;
    if (source->is_registered && made == NULL) {
        return;
    }
    remove_outstanding(poller, operation);
    operation->source = NULL;
    source->operation = made;
    ferp_afd_source_enqueue(poller, source);
    ferp_afd_source_release(poller, source);
}

/* A packet that is still in the port is not missing. */
static bool is_missing(const ferp_afd_poller *poller, const ferp_afd_operation *operation,
                       ULONGLONG now)
{
    return operation->is_cancelled && poller->emptied - operation->emptied >= ABANDON_TURNS &&
           now - operation->since >= (ULONGLONG)ABANDON_TURNS * poller->turn_millis;
}

/* A request that has waited for a turn is cancelled and then begins again. If its socket is ready,
 * and its completion was lost, the new one completes immediately. If it completes before it is
 * cancelled, its result remains valid. */
static void renew(ferp_afd_poller *poller, ULONGLONG now)
{
    size_t budget = poller->outstanding_count / RENEWED_SHARE + RENEWED_MIN;
    ferp_afd_link *link = poller->outstanding.after;
    while (link != &poller->outstanding && budget > 0) {
        ferp_afd_operation *operation = (ferp_afd_operation *)(void *)link;
        link = link->after;
        if (now - operation->since < poller->turn_millis) {
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

void ferp_afd_requests_turn(ferp_afd_poller *poller)
{
    ULONGLONG now = GetTickCount64();
    if (now - poller->turn_since >= poller->turn_millis) {
        poller->turn_since = now;
        requeue_deferred(poller);
        renew(poller, now);
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
    while (poller->outstanding_count > 0 && drop_packets(poller, END_TURNS * poller->turn_millis)) {
    }
}
