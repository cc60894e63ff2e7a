/* afd_sources.c: the sockets that a poller registers with the driver, and its handles of the
 * driver. */
#include "platform/winsock/afd_sources.h"

#include <string.h>

/* A request that completes without a wanted event, though it was not cancelled, begins again
 * immediately at most this often. Then it waits for the next period. */
enum { EMPTY_COMPLETIONS_MAX = 2 };

static const fer_error source_no_memory = {FER_OUT_OF_MEMORY, 0};

/* ---- Handles of the driver */

/* The maximum number of requests on one handle of the driver. The cost of a cancel grows with their
 * number (trio, issue 1280: negligible below a thousand). */
enum { GROUP_MAX = 500 };

static fer_error add_group(ferp_afd_poller *poller)
{
    ferp_afd_group *group = ferp_alloc(sizeof *group);
    if (group == NULL) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
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

/* ---- The queue of sources whose requests must begin */

void ferp_afd_source_enqueue(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (source->link.after == NULL && source->is_registered && source->events != 0) {
        ferp_afd_ring_append(&poller->queued, &source->link);
    }
}

void ferp_afd_source_defer(ferp_afd_poller *poller, ferp_afd_source *source)
{
    ferp_afd_ring_remove(&source->link);
    ferp_afd_ring_append(&poller->deferred, &source->link);
}

/* A failure that does not pass is the event of its source, and other sources are not concerned. But
 * a number that is no socket any more was closed. */
static void begin_request(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (ferp_afd_source_check_closed(poller, source)) {
        return;
    }
    DWORD type = 0;
    fer_error err = ferp_afd_source_request(poller, source, source->events);
    if (err.kind == FER_OK) {
        return;
    }
    if (!ferp_winsock_is_transient(err) &&
        ferp_winsock_type_of(ferp_winsock_socket(source->raw), &type).kind != FER_OK) {
        ferp_afd_source_unregister(poller, source);
        ferp_afd_source_release(poller, source);
        return;
    }
    if (ferp_winsock_is_transient(err) || !ferp_afd_source_fail(poller, source, err)) {
        ferp_afd_source_defer(poller, source);
    }
}

void ferp_afd_sources_request_queued(ferp_afd_poller *poller)
{
    while (!ferp_afd_ring_is_empty(&poller->queued)) {
        ferp_afd_source *source = (ferp_afd_source *)(void *)poller->queued.after;
        ferp_afd_ring_remove(&source->link);
        begin_request(poller, source);
    }
}

void ferp_afd_source_request_again(ferp_afd_poller *poller, ferp_afd_source *source, bool was_empty)
{
    source->empty_completions = was_empty ? source->empty_completions + 1 : 0;
    if (source->empty_completions <= EMPTY_COMPLETIONS_MAX) {
        ferp_afd_source_enqueue(poller, source);
    } else if (source->events != 0) {
        source->empty_completions = 0;
        ferp_afd_source_defer(poller, source);
    }
}

/* ---- Sources */

fer_error ferp_afd_source_new(ferp_afd_poller *poller, fer_raw_socket raw, ferp_afd_source **out)
{
    ferp_afd_source *source = ferp_alloc(sizeof *source);
    if (source == NULL) {
        return source_no_memory;
    }
    memset(source, 0, sizeof *source);
    source->raw = raw;
    source->operation = ferp_afd_operation_new(source);
    fer_error err = source->operation == NULL ? source_no_memory : join_group(poller, source);
    if (err.kind == FER_OK && !ferp_sources_insert(&poller->sources, raw, source)) {
        leave_group(poller, source);
        err = source_no_memory;
    }
    if (err.kind != FER_OK) {
        ferp_free(source->operation);
        ferp_free(source);
        return err;
    }
    *out = source;
    return FERP_WINSOCK_OK;
}

void ferp_afd_source_release(ferp_afd_poller *poller, ferp_afd_source *source)
{
    bool is_idle = source->operation == NULL || !source->operation->is_outstanding;
    if (!source->is_registered && is_idle) {
        ferp_sources_remove(&poller->sources, source->raw);
        leave_group(poller, source);
        ferp_free(source->operation);
        ferp_free(source);
    }
}

void ferp_afd_source_unregister(ferp_afd_poller *poller, ferp_afd_source *source)
{
    source->is_registered = false;
    ferp_afd_ring_remove(&source->link);
    ferp_afd_source_cancel(poller, source, 0);
}

bool ferp_afd_source_check_closed(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (!source->is_registered || !ferp_winsock_was_closed(&source->identity)) {
        return false;
    }
    ferp_afd_source_unregister(poller, source);
    ferp_afd_source_release(poller, source);
    return true;
}

ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw)
{
    ferp_afd_source *source = ferp_sources_find(&poller->sources, raw);
    if (source != NULL && ferp_afd_source_check_closed(poller, source)) {
        return ferp_sources_find(&poller->sources, raw);
    }
    return source;
}

/* ---- The poller */

/* Any number of threads may run after a wait. The default, one for each processor, would make
 * others wait for them ("CreateIoCompletionPort function", MSDN). Adding the first group shows
 * whether the driver can be opened. */
fer_error ferp_afd_sources_open(ferp_afd_poller *poller)
{
    memset(poller, 0, sizeof *poller);
    InitializeSRWLock(&poller->lock);
    ferp_afd_ring_begin(&poller->queued);
    ferp_afd_ring_begin(&poller->deferred);
    ferp_afd_ring_begin(&poller->outstanding);
    poller->period_millis = FERP_AFD_PERIOD_MILLIS;
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

/* The memory of a request that is still outstanding is never freed, because the system may write to
 * it. */
void ferp_afd_sources_end(ferp_afd_poller *poller)
{
    ferp_afd_requests_end(poller);
    for (size_t i = 0; i < poller->sources.capacity; i++) {
        ferp_afd_source *source = poller->sources.slots[i].record;
        if (source != NULL && source->operation != NULL && !source->operation->is_outstanding) {
            ferp_free(source->operation);
        }
        ferp_free(source);
    }
    ferp_sources_end(&poller->sources);
    end_groups(poller);
    CloseHandle(poller->port);
}
