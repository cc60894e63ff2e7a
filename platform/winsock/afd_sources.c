/* afd_sources.c: the sockets that one poller has the driver watch: when which request begins, and
 * when its memory may be freed. */
#include "platform/winsock/afd_sources.h"

#include <string.h>

/* Requests of one handle of the driver: what one cancel costs grows with them (trio, issue 1280:
 * not to be felt below a thousand). */
enum { GROUP_MAX = 500 };

/* How many requests for forgotten sockets' ends may wait to be freed. */
enum { STALE_LIVES_MAX = 64 };

static const fer_error no_memory = {FER_OUT_OF_MEMORY, 0};

/* ---- Handles of the driver */

static fer_error open_group(const ferp_afd_poller *poller, ferp_afd_group *group)
{
    FER_TRY(ferp_afd_open(poller->looks, &group->looks));
    fer_error err = ferp_afd_open(poller->lives, &group->lives);
    if (err.kind != FER_OK) {
        CloseHandle(group->looks);
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
        CloseHandle(group->looks);
        CloseHandle(group->lives);
        ferp_memory_free(group);
    }
}

/* ---- What is to be asked for again */

void ferp_afd_source_enqueue(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (source->is_queued || source->wanted == 0) {
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
    if (!source->is_watched && source->look.state == FERP_AFD_IDLE &&
        source->life.state == FERP_AFD_IDLE) {
        ferp_sources_remove(&poller->sources, source->raw);
        leave_group(poller, source);
        ferp_memory_free(source);
    }
}

static void cancel_life(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (source->life.state == FERP_AFD_UNDER_WAY) {
        ferp_afd_cancel(source->group->lives, &source->life);
        poller->lives_stale++;
    }
}

/* Without it all that is lost is the certainty whether a number was closed: its failure is
 * nobody's. */
void ferp_afd_source_ask_for_end(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (source->life.state == FERP_AFD_IDLE &&
        ferp_afd_begin(source->group->lives, &source->life, source->base, 0, source).kind ==
            FER_OK) {
        poller->lives_out++;
    }
}

void ferp_afd_source_forget(ferp_afd_poller *poller, ferp_afd_source *source)
{
    source->is_watched = false;
    ferp_afd_source_dequeue(poller, source);
    ferp_afd_cancel(source->group->looks, &source->look);
    cancel_life(poller, source);
}

/* A request that tells of nothing was cancelled: because its source was forgotten, which may be
 * watched again by now, or by somebody else. */
static void take_life(ferp_afd_poller *poller, ferp_afd_source *source)
{
    poller->lives_out--;
    poller->lives_stale -= source->life.state == FERP_AFD_STALE;
    ULONG told = ferp_afd_end(&source->life);
    if ((told & FERP_AFD_LOCAL_CLOSE) != 0) {
        ferp_afd_source_forget(poller, source);
    }
    if (told == 0 && source->is_watched) {
        ferp_afd_source_ask_for_end(poller, source);
    }
    ferp_afd_source_release(poller, source);
}

/* What a close or a cancel tells is in the port when it returns. */
void ferp_afd_sources_learn_ends(ferp_afd_poller *poller)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ULONG found = 0;
    while (poller->lives_out > 0 &&
           GetQueuedCompletionStatusEx(poller->lives, packets, FERP_AFD_BATCH, &found, 0, FALSE)) {
        for (ULONG i = 0; i < found; i++) {
            take_life(poller, (ferp_afd_source *)packets[i].lpOverlapped);
        }
    }
}

void ferp_afd_sources_tidy(ferp_afd_poller *poller)
{
    if (poller->lives_stale >= STALE_LIVES_MAX) {
        ferp_afd_sources_learn_ends(poller);
    }
}

ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw)
{
    if (ferp_sources_find(&poller->sources, raw) != NULL) {
        ferp_afd_sources_learn_ends(poller);
    }
    return ferp_sources_find(&poller->sources, raw);
}

/* ---- Asking */

/* A request under way that asks for enough stays: what it tells is compared with what is wanted
 * then. One that is stale is followed by another. */
fer_error ferp_afd_source_ask(ferp_afd_poller *poller, ferp_afd_source *source, ULONG wanted)
{
    if (source->look.state == FERP_AFD_UNDER_WAY && (wanted & ~source->look.asked) != 0) {
        ferp_afd_cancel(source->group->looks, &source->look);
    }
    if (source->look.state != FERP_AFD_IDLE) {
        return FERP_WINSOCK_OK;
    }
    FER_TRY(ferp_afd_begin(source->group->looks, &source->look, source->base, wanted, source));
    poller->looks_out++;
    return FERP_WINSOCK_OK;
}

/* One that was closed and not deleted is forgotten here, unless a new socket has its number: then
 * before anything is told of that. */
fer_error ferp_afd_sources_ask_queued(ferp_afd_poller *poller)
{
    while (poller->first != NULL) {
        ferp_afd_source *source = poller->first;
        fer_error err = ferp_afd_source_ask(poller, source, source->wanted);
        if (err.kind == FER_BAD_HANDLE) {
            ferp_afd_source_forget(poller, source);
            ferp_afd_source_release(poller, source);
            continue;
        }
        FER_TRY(err);
        ferp_afd_source_dequeue(poller, source);
    }
    return FERP_WINSOCK_OK;
}

/* ---- All of them */

/* As many threads as like may run with what they got: the default, one for each processor, would
 * let others wait for them ("CreateIoCompletionPort function", MSDN). */
static HANDLE new_port(void)
{
    return CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, INT32_MAX);
}

static fer_error open_ports(ferp_afd_poller *poller)
{
    poller->looks = new_port();
    if (poller->looks == NULL) {
        return ferp_winsock_last_error();
    }
    poller->lives = new_port();
    return poller->lives != NULL ? FERP_WINSOCK_OK : ferp_winsock_last_error();
}

static void close_ports(ferp_afd_poller *poller)
{
    if (poller->lives != NULL) {
        CloseHandle(poller->lives);
    }
    if (poller->looks != NULL) {
        CloseHandle(poller->looks);
    }
}

/* The first group shows whether there is an AFD. */
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
            ferp_afd_cancel(source->group->looks, &source->look);
            ferp_afd_cancel(source->group->lives, &source->life);
        }
    }
}

/* Takes the packets of as many requests as are out. Of a port that is open, that cannot fail. */
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
    drain(poller->looks, poller->looks_out);
    drain(poller->lives, poller->lives_out);
    for (size_t i = 0; i < poller->sources.capacity; i++) {
        ferp_memory_free(poller->sources.slots[i].record);
    }
    ferp_sources_end(&poller->sources);
    end_groups(poller);
    close_ports(poller);
}
