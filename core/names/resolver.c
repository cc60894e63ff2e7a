/* resolver.c: lookups in the background: argument checks, the limits of the queue and the threads,
 * and ownership. The backend has the threads and the lookup itself (platform.h).
 *
 * A lookup belongs to its handle and is freed with it at any time. A worker is a thread with a copy
 * of the query and then the result. It reaches its lookup only inside the pool's monitor, where the
 * lookup may already be gone. The pool is shared. It is freed with its last reference, which the
 * resolver's handle, the lookups and the threads hold. */
#include "core/names/resolver.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/atomic.h"
#include "core/base/cancel_token.h"
#include "core/base/deadline.h"
#include "core/handle/handle.h"
#include "core/names/address_list.h"
#include "core/names/address_source.h"
#include "core/wait/poller.h"
#include "platform/platform.h"

typedef struct lookup_result {
    fer_error error;
    feri_address_list found;
} lookup_result;

typedef enum lookup_stage { QUEUED, RUNNING, DONE } lookup_stage;

struct pool;
struct worker;

typedef struct lookup {
    struct pool *pool;
    lookup_stage stage;
    struct lookup *previous; /* QUEUED: the neighbours in the queue */
    struct lookup *next;
    struct worker *worker;   /* RUNNING: its worker */
    fer_poller *poller;      /* or NULL */
    fer_cancel_token *event; /* or NULL */
    feri_address_query query;
    lookup_result result; /* DONE */
} lookup;

typedef struct worker {
    ferp_thread thread;
    struct pool *pool;
    bool is_running; /* has a thread */
    bool is_busy;    /* has a query or a result */
    lookup *lookup;  /* NULL after the lookup was abandoned */
    feri_address_query query;
    lookup_result result;
} worker;

typedef struct pool {
    ferp_monitor monitor; /* for all members below but references */
    uint32_t references;
    uint32_t process; /* the process that created the pool */
    size_t thread_count;
    size_t unfinished_max;
    size_t running;    /* workers with a thread */
    size_t unfinished; /* queued lookups and busy workers */
    lookup *first;
    lookup *last;
    worker workers[]; /* thread_count of them */
} pool;

static const fer_error success = {FER_OK, 0};
static const fer_error misuse = {FER_INVALID_INPUT, 0};
static const fer_error no_memory = {FER_OUT_OF_MEMORY, 0};

/* ---- References to the pool */

static void add_reference(pool *shared)
{
    (void)feri_atomic_add(&shared->references, 1);
}

/* After fork the child has a copy of the pool, but none of its threads (fork(2)). In the copy a
 * thread can be inside the monitor or wait for it forever, so the child does not use the pool. */
static bool belongs_to_process(const pool *shared)
{
    return shared->process == ferp_process();
}

/* Called outside the monitor, so that no thread is inside when it ends. */
static void release(pool *shared)
{
    uint32_t left = feri_atomic_add(&shared->references, UINT32_MAX);
    FERI_ASSERT(left != UINT32_MAX);
    if (left == 0) {
        ferp_monitor_end(&shared->monitor);
        ferp_memory_free(shared);
    }
}

/* ---- The queue */

static void queue_append(pool *shared, lookup *last)
{
    last->stage = QUEUED;
    last->previous = shared->last;
    last->next = NULL;
    *(shared->last != NULL ? &shared->last->next : &shared->first) = last;
    shared->last = last;
    shared->unfinished++;
}

static void queue_remove(pool *shared, lookup *removed)
{
    FERI_ASSERT(removed->stage == QUEUED);
    *(removed->previous != NULL ? &removed->previous->next : &shared->first) = removed->next;
    *(removed->next != NULL ? &removed->next->previous : &shared->last) = removed->previous;
    removed->previous = NULL;
    removed->next = NULL;
    shared->unfinished--;
}

/* ---- The end of a lookup */

/* The caller of feri_lookup_start closes the event after the lookup. */
static void signal_event(fer_cancel_token *event)
{
    if (event != NULL) {
        FERI_ASSERT(feri_token_is_open(event));
        FER_IGNORE(fer_cancel_token_cancel(event));
    }
}

/* Called inside the monitor: after fer_lookup_close has left it, there is no notification for the
 * lookup (rule N5), and no signal. If the poller cannot be notified because memory is exhausted,
 * only the notification is lost, not the result. */
static void complete(lookup *done, lookup_result result)
{
    FERI_ASSERT(done->stage != DONE);
    done->stage = DONE;
    done->worker = NULL;
    done->result = result;
    ferp_monitor_notify_all(&done->pool->monitor);
    if (done->poller != NULL) {
        FER_IGNORE(fer_poller_notify(done->poller));
    }
    signal_event(done->event);
}

/* ---- Workers */

/* May block, with no limit but the system resolver's. */
static lookup_result run_query(const feri_address_query *query)
{
    lookup_result result = {success, {NULL, 0}};
    result.error = feri_address_list_of_query(&result.found, query);
    return result;
}

/* Moves the result to its lookup, or frees it if the lookup was abandoned. */
static void deliver_result(worker *self)
{
    if (!self->is_busy) {
        return;
    }
    if (self->lookup != NULL) {
        complete(self->lookup, self->result);
    } else {
        feri_address_list_free(&self->result.found);
    }
    self->is_busy = false;
    self->lookup = NULL;
    self->pool->unfinished--;
}

/* Takes the next lookup from the queue. False: the queue is empty, and the worker is no longer
 * counted as running before another lookup can be queued. */
static bool take_queued(worker *self)
{
    pool *shared = self->pool;
    lookup *next = shared->first;
    if (next == NULL) {
        self->is_running = false;
        shared->running--;
        return false;
    }
    queue_remove(shared, next);
    next->stage = RUNNING;
    next->worker = self;
    self->query = next->query;
    self->lookup = next;
    self->is_busy = true;
    shared->unfinished++;
    return true;
}

static bool step(void *argument)
{
    worker *self = argument;
    pool *shared = self->pool;
    ferp_monitor_enter(&shared->monitor);
    deliver_result(self);
    bool has_more = take_queued(self);
    ferp_monitor_leave(&shared->monitor);
    if (!has_more) {
        release(shared);
        return false;
    }
    self->result = run_query(&self->query);
    return true;
}

/* ---- Starting */

static worker *idle_worker(pool *shared)
{
    size_t at = 0;
    while (shared->workers[at].is_running) {
        at++;
        FERI_ASSERT(at < shared->thread_count);
    }
    return &shared->workers[at];
}

/* Starts one more thread if there is work for it. A failure is no error while other threads run,
 * because they will run the lookup later. */
static fer_error start_worker(pool *shared)
{
    if (shared->running == shared->thread_count || shared->running >= shared->unfinished) {
        return success;
    }
    worker *idle = idle_worker(shared);
    idle->thread = (ferp_thread){step, idle};
    idle->pool = shared;
    idle->is_running = true;
    shared->running++;
    fer_error err = ferp_thread_start(&idle->thread);
    if (err.kind == FER_OK) {
        /* for the thread, which cannot release it before it has entered the monitor */
        add_reference(shared);
        return success;
    }
    idle->is_running = false;
    shared->running--;
    return shared->running > 0 ? success : err;
}

/* Called inside the monitor. */
static fer_error enqueue(pool *shared, lookup *started)
{
    if (shared->unfinished >= shared->unfinished_max) {
        return feri_own_error(FER_WOULD_BLOCK);
    }
    queue_append(shared, started);
    fer_error err = start_worker(shared);
    if (err.kind != FER_OK) {
        queue_remove(shared, started);
    }
    return err;
}

/* Runs the query of an address text, without the resolver. */
static fer_error run_literal(lookup *started)
{
    lookup_result found = run_query(&started->query);
    if (found.error.kind == FER_OK) {
        complete(started, found);
    }
    return found.error;
}

static fer_error begin(pool *shared, lookup *started)
{
    ferp_monitor_enter(&shared->monitor);
    fer_error err = started->query.is_literal ? run_literal(started) : enqueue(shared, started);
    ferp_monitor_leave(&shared->monitor);
    return err;
}

static lookup *lookup_new(pool *shared, const feri_address_query *query)
{
    lookup *made = ferp_memory_new(sizeof *made);
    if (made != NULL) {
        *made = (lookup){.pool = shared, .query = *query};
    }
    return made;
}

bool feri_resolver_is_usable(const fer_resolver *resolver)
{
    return resolver != NULL && resolver->pool_ != NULL && belongs_to_process(resolver->pool_);
}

fer_error feri_lookup_start(fer_resolver *resolver, const feri_address_query *query,
                            fer_poller *poller, fer_cancel_token *event, fer_lookup *out)
{
    FERI_ASSERT(feri_resolver_is_usable(resolver));
    pool *shared = resolver->pool_;
    lookup *started = lookup_new(shared, query);
    if (started == NULL) {
        return no_memory;
    }
    started->poller = poller;
    started->event = event;
    fer_error err = begin(shared, started);
    if (err.kind != FER_OK) {
        ferp_memory_free(started);
        return err;
    }
    add_reference(shared);
    out->block_ = started;
    return success;
}

fer_error fer_resolver_start(fer_resolver *resolver, const char *host_port, fer_poller *poller,
                             fer_lookup *out)
{
    if (!feri_resolver_is_usable(resolver) || out == NULL || out->block_ != NULL ||
        (poller != NULL && !feri_poller_is_open(poller))) {
        return misuse;
    }
    feri_address_query query;
    FER_TRY(feri_address_query_of_text(&query, host_port));
    return feri_lookup_start(resolver, &query, poller, NULL, out);
}

/* ---- Waiting */

static fer_error wait_until_done(const lookup *awaited, uint64_t deadline)
{
    fer_error err = success;
    while (awaited->stage != DONE && err.kind == FER_OK) {
        err = ferp_monitor_wait(&awaited->pool->monitor, deadline);
    }
    return awaited->stage == DONE ? success : err;
}

fer_error fer_lookup_wait(fer_lookup *lookup_handle, fer_duration timeout, fer_socket_addr *addrs,
                          size_t cap, size_t *count)
{
    if (lookup_handle == NULL || lookup_handle->block_ == NULL || count == NULL ||
        (addrs == NULL && cap > 0)) {
        return misuse;
    }
    const lookup *awaited = lookup_handle->block_;
    if (!belongs_to_process(awaited->pool)) {
        return feri_own_error(FER_CANCELLED);
    }
    bool is_poll = timeout.nanos == 0;
    uint64_t deadline = is_poll ? 0 : feri_deadline_after(timeout);
    ferp_monitor_enter(&awaited->pool->monitor);
    fer_error err = wait_until_done(awaited, deadline);
    if (err.kind == FER_OK) {
        err = awaited->result.error;
    } else if (err.kind == FER_TIMED_OUT && is_poll) {
        err = feri_own_error(FER_WOULD_BLOCK);
    }
    if (err.kind == FER_OK) {
        feri_address_list_copy(&awaited->result.found, addrs, cap, count);
    }
    ferp_monitor_leave(&awaited->pool->monitor);
    return err;
}

fer_error feri_lookup_take(fer_lookup *lookup_handle, feri_address_list *list)
{
    lookup *taken = lookup_handle->block_;
    ferp_monitor_enter(&taken->pool->monitor);
    FERI_ASSERT(taken->stage == DONE);
    fer_error err = taken->result.error;
    *list = taken->result.found;
    taken->result.found = (feri_address_list){NULL, 0};
    ferp_monitor_leave(&taken->pool->monitor);
    return err;
}

/* ---- Closing */

/* A busy worker continues, and frees its result. */
static void abandon(lookup *abandoned)
{
    if (abandoned->stage == QUEUED) {
        queue_remove(abandoned->pool, abandoned);
    } else if (abandoned->stage == RUNNING) {
        abandoned->worker->lookup = NULL;
    }
}

void fer_lookup_close(fer_lookup *lookup_handle)
{
    if (lookup_handle == NULL || lookup_handle->block_ == NULL) {
        return;
    }
    lookup *closed = lookup_handle->block_;
    pool *shared = closed->pool;
    lookup_handle->block_ = NULL;
    if (!belongs_to_process(shared)) {
        return;
    }
    ferp_monitor_enter(&shared->monitor);
    abandon(closed);
    ferp_monitor_leave(&shared->monitor);
    feri_address_list_free(&closed->result.found);
    ferp_memory_free(closed);
    release(shared);
}

static void cancel_all(pool *shared)
{
    const lookup_result cancelled = {{FER_CANCELLED, 0}, {NULL, 0}};
    while (shared->first != NULL) {
        lookup *first = shared->first;
        queue_remove(shared, first);
        complete(first, cancelled);
    }
    for (size_t i = 0; i < shared->thread_count; i++) {
        lookup *running_lookup = shared->workers[i].lookup;
        shared->workers[i].lookup = NULL;
        if (running_lookup != NULL) {
            complete(running_lookup, cancelled);
        }
    }
}

void fer_resolver_close(fer_resolver *resolver)
{
    if (resolver == NULL || resolver->pool_ == NULL) {
        return;
    }
    pool *shared = resolver->pool_;
    resolver->pool_ = NULL;
    if (!belongs_to_process(shared)) {
        return;
    }
    ferp_monitor_enter(&shared->monitor);
    cancel_all(shared);
    ferp_monitor_leave(&shared->monitor);
    release(shared);
}

fer_error fer_resolver_new(fer_resolver *resolver, size_t threads, size_t waiting)
{
    if (resolver == NULL || resolver->pool_ != NULL || threads == 0 ||
        threads > FER_RESOLVER_THREADS_MAX) {
        return misuse;
    }
    size_t size = sizeof(pool) + threads * sizeof(worker);
    pool *made = ferp_memory_new(size);
    if (made == NULL) {
        return no_memory;
    }
    memset(made, 0, size);
    made->references = 1;
    made->process = ferp_process();
    made->thread_count = threads;
    made->unfinished_max = waiting < SIZE_MAX - threads ? threads + waiting : SIZE_MAX;
    fer_error err = ferp_monitor_begin(&made->monitor);
    if (err.kind != FER_OK) {
        ferp_memory_free(made);
        return err;
    }
    resolver->pool_ = made;
    return success;
}
