/* afd_sources.c: the sockets that a poller registers with the driver: when each request begins, and
 * when its memory can be freed. */
#include "platform/winsock/afd_sources.h"

#include <string.h>

/* The maximum number of requests on one handle of the driver. The cost of a cancel grows with their
 * number (trio, issue 1280: negligible below a thousand). */
enum { GROUP_MAX = 500 };

/* How many stale close requests may wait to be freed. */
enum { STALE_CLOSES_MAX = 64 };

static const fer_error no_memory = {FER_OUT_OF_MEMORY, 0};

/* ---- Handles of the driver */

static fer_error open_group(const ferp_afd_poller *poller, ferp_afd_group *group)
{
    FER_TRY(ferp_afd_open(poller->readiness_port, &group->readiness_driver));
    fer_error err = ferp_afd_open(poller->close_port, &group->close_driver);
    if (err.kind != FER_OK) {
        CloseHandle(group->readiness_driver);
    }
    return err;
}

static fer_error add_group(ferp_afd_poller *poller)
{
    ferp_afd_group *group = ferp_memory_new(sizeof *group);
    if (group == NULL) {
        return no_memory;
    }
    *group = (ferp_afd_group){NULL, NULL, 0, poller->groups, NULL};
    fer_error err = open_group(poller, group);
    if (err.kind != FER_OK) {
        ferp_memory_free(group);
        return err;
    }
    poller->groups = group;
    poller->with_room = group;
    return FERP_WINSOCK_OK;
}

static fer_error join_group(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (poller->with_room == NULL) {
        FER_TRY(add_group(poller));
    }
    ferp_afd_group *group = poller->with_room;
    source->group = group;
    group->count++;
    if (group->count == GROUP_MAX) {
        poller->with_room = group->next_with_room;
    }
    return FERP_WINSOCK_OK;
}

static void leave_group(ferp_afd_poller *poller, const ferp_afd_source *source)
{
    ferp_afd_group *group = source->group;
    if (group->count == GROUP_MAX) {
        group->next_with_room = poller->with_room;
        poller->with_room = group;
    }
    group->count--;
}

static void end_groups(ferp_afd_poller *poller)
{
    while (poller->groups != NULL) {
        ferp_afd_group *group = poller->groups;
        poller->groups = group->next;
        CloseHandle(group->readiness_driver);
        CloseHandle(group->close_driver);
        ferp_memory_free(group);
    }
}

/* ---- The queue of sources whose requests must begin again */

void ferp_afd_source_enqueue(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (source->is_queued || source->events == 0) {
        return;
    }
    source->is_queued = true;
    source->before = poller->last;
    source->after = NULL;
    if (poller->last != NULL) {
        poller->last->after = source;
    } else {
        poller->first = source;
    }
    poller->last = source;
}

void ferp_afd_source_dequeue(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (!source->is_queued) {
        return;
    }
    source->is_queued = false;
    if (source->before != NULL) {
        source->before->after = source->after;
    } else {
        poller->first = source->after;
    }
    if (source->after != NULL) {
        source->after->before = source->before;
    } else {
        poller->last = source->before;
    }
}

/* ---- Sources */

fer_error ferp_afd_source_new(ferp_afd_poller *poller, fer_raw_socket raw, ferp_afd_source **out)
{
    ferp_afd_source *source = ferp_memory_new(sizeof *source);
    if (source == NULL) {
        return no_memory;
    }
    memset(source, 0, sizeof *source);
    source->raw = raw;
    fer_error err = join_group(poller, source);
    if (err.kind != FER_OK) {
        ferp_memory_free(source);
        return err;
    }
    if (!ferp_sources_insert(&poller->sources, raw, source)) {
        leave_group(poller, source);
        ferp_memory_free(source);
        return no_memory;
    }
    *out = source;
    return FERP_WINSOCK_OK;
}

void ferp_afd_source_release(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (!source->is_registered && source->readiness.state == FERP_AFD_IDLE &&
        source->close.state == FERP_AFD_IDLE) {
        ferp_sources_remove(&poller->sources, source->raw);
        leave_group(poller, source);
        ferp_memory_free(source);
    }
}

static void cancel_close(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (source->close.state == FERP_AFD_PENDING) {
        ferp_afd_cancel(source->group->close_driver, &source->close);
        poller->close_stale++;
    }
}

/* A failure is ignored: without a close request, the poller only loses the certainty whether the
 * number was closed. */
void ferp_afd_source_request_close(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (source->close.state == FERP_AFD_IDLE &&
        ferp_afd_begin(source->group->close_driver, &source->close, source->base, 0, source).kind ==
            FER_OK) {
        poller->close_pending++;
    }
}

void ferp_afd_source_unregister(ferp_afd_poller *poller, ferp_afd_source *source)
{
    source->is_registered = false;
    ferp_afd_source_dequeue(poller, source);
    ferp_afd_cancel(source->group->readiness_driver, &source->readiness);
    cancel_close(poller, source);
}

/* A close request that reports nothing was cancelled, by other code or because its source was
 * unregistered. Such a source may be registered again by now. */
static void complete_close(ferp_afd_poller *poller, ferp_afd_source *source)
{
    poller->close_pending--;
    poller->close_stale -= source->close.state == FERP_AFD_STALE;
    ULONG reported = ferp_afd_end(&source->close);
    if ((reported & FERP_AFD_LOCAL_CLOSE) != 0) {
        ferp_afd_source_unregister(poller, source);
    }
    if (reported == 0 && source->is_registered) {
        ferp_afd_source_request_close(poller, source);
    }
    ferp_afd_source_release(poller, source);
}

/* The packet of a close or a cancel is in the port when that call returns. */
void ferp_afd_sources_collect_closed(ferp_afd_poller *poller)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ULONG found = 0;
    while (poller->close_pending > 0 &&
           GetQueuedCompletionStatusEx(poller->close_port, packets, FERP_AFD_BATCH, &found, 0,
                                       FALSE)) {
        for (ULONG i = 0; i < found; i++) {
            complete_close(poller, (ferp_afd_source *)packets[i].lpOverlapped);
        }
    }
}

void ferp_afd_sources_trim(ferp_afd_poller *poller)
{
    if (poller->close_stale >= STALE_CLOSES_MAX) {
        ferp_afd_sources_collect_closed(poller);
    }
}

ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw)
{
    if (ferp_sources_find(&poller->sources, raw) != NULL) {
        ferp_afd_sources_collect_closed(poller);
    }
    return ferp_sources_find(&poller->sources, raw);
}

/* ---- Requests */

/* A pending request for enough events remains; its result is masked with the events that are needed
 * then. A stale one is followed by a new one. */
fer_error ferp_afd_source_request(ferp_afd_poller *poller, ferp_afd_source *source, ULONG events)
{
    if (source->readiness.state == FERP_AFD_PENDING &&
        (events & ~source->readiness.requested) != 0) {
        ferp_afd_cancel(source->group->readiness_driver, &source->readiness);
    }
    if (source->readiness.state != FERP_AFD_IDLE) {
        return FERP_WINSOCK_OK;
    }
    FER_TRY(ferp_afd_begin(source->group->readiness_driver, &source->readiness, source->base,
                           events, source));
    poller->readiness_pending++;
    return FERP_WINSOCK_OK;
}

/* Unregisters a source whose socket was closed without a delete. If a new socket has the number,
 * the close request's packet unregisters it before any event of the new socket is reported. */
fer_error ferp_afd_sources_request_queued(ferp_afd_poller *poller)
{
    while (poller->first != NULL) {
        ferp_afd_source *source = poller->first;
        fer_error err = ferp_afd_source_request(poller, source, source->events);
        if (err.kind == FER_BAD_HANDLE) {
            ferp_afd_source_unregister(poller, source);
            ferp_afd_source_release(poller, source);
            continue;
        }
        FER_TRY(err);
        ferp_afd_source_dequeue(poller, source);
    }
    return FERP_WINSOCK_OK;
}

/* ---- The poller */

/* Any number of threads may run after a wait. The default, one for each processor, would make
 * others wait for them ("CreateIoCompletionPort function", MSDN). */
static HANDLE new_port(void)
{
    return CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, INT32_MAX);
}

static fer_error open_ports(ferp_afd_poller *poller)
{
    poller->readiness_port = new_port();
    if (poller->readiness_port == NULL) {
        return ferp_winsock_last_error();
    }
    poller->close_port = new_port();
    return poller->close_port != NULL ? FERP_WINSOCK_OK : ferp_winsock_last_error();
}

static void close_ports(ferp_afd_poller *poller)
{
    if (poller->close_port != NULL) {
        CloseHandle(poller->close_port);
    }
    if (poller->readiness_port != NULL) {
        CloseHandle(poller->readiness_port);
    }
}

/* Adding the first group shows whether there is an AFD. */
fer_error ferp_afd_sources_open(ferp_afd_poller *poller)
{
    memset(poller, 0, sizeof *poller);
    InitializeSRWLock(&poller->lock);
    fer_error err = open_ports(poller);
    if (err.kind == FER_OK) {
        err = add_group(poller);
    }
    if (err.kind != FER_OK) {
        close_ports(poller);
    }
    return err;
}

static void cancel_all(const ferp_afd_poller *poller)
{
    for (size_t i = 0; i < poller->sources.capacity; i++) {
        ferp_afd_source *source = poller->sources.slots[i].record;
        if (source != NULL) {
            ferp_afd_cancel(source->group->readiness_driver, &source->readiness);
            ferp_afd_cancel(source->group->close_driver, &source->close);
        }
    }
}

/* Takes the packets of all pending requests. This cannot fail while the port is open. */
static void drain(HANDLE port, size_t out)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ULONG found = 0;
    while (out > 0 &&
           GetQueuedCompletionStatusEx(port, packets, FERP_AFD_BATCH, &found, INFINITE, FALSE)) {
        for (ULONG i = 0; i < found; i++) {
            out -= packets[i].lpOverlapped != NULL;
        }
    }
}

void ferp_afd_sources_end(ferp_afd_poller *poller)
{
    cancel_all(poller);
    drain(poller->readiness_port, poller->readiness_pending);
    drain(poller->close_port, poller->close_pending);
    for (size_t i = 0; i < poller->sources.capacity; i++) {
        ferp_memory_free(poller->sources.slots[i].record);
    }
    ferp_sources_end(&poller->sources);
    end_groups(poller);
    close_ports(poller);
}
