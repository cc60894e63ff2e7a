/* lookup_pool.c: lookups in the background: the limits of the queue and the threads, and the list
 * of completed lookups. The backend has the threads and the lookup itself (background.h). */
#include "core/names/lookup_pool.h"

#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/limits.h"
#include "core/wait/poller.h"

/* ---- References to the pool */

bool feri_pool_belongs_to_process(const feri_pool *pool)
{
    return pool->process == ferp_process();
}

/* No thread holds the mutex when it is destroyed. */
void feri_pool_release(feri_pool *pool)
{
    uint32_t left = feri_atomic_add(&pool->references, UINT32_MAX);
    FERI_ASSERT(left != UINT32_MAX);
    if (left == 0) {
        ferp_mutex_destroy(&pool->mutex);
        ferp_free(pool);
    }
}

/* ---- The queue, and the list of completed lookups */

static void list_append(feri_lookup_list *list, feri_lookup *last)
{
    last->previous = list->last;
    last->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = last;
    list->last = last;
}

static void list_remove(feri_lookup_list *list, feri_lookup *removed)
{
    *(removed->previous != NULL ? &removed->previous->next : &list->first) = removed->next;
    *(removed->next != NULL ? &removed->next->previous : &list->last) = removed->previous;
    removed->previous = NULL;
    removed->next = NULL;
}

static void queue_remove(feri_pool *pool, feri_lookup *removed)
{
    FERI_ASSERT(removed->stage == FERI_LOOKUP_QUEUED);
    list_remove(&pool->queue, removed);
    pool->unfinished--;
}

static void remove_completed(feri_lookup *removed)
{
    FERI_ASSERT(removed->stage == FERI_LOOKUP_DONE && removed->is_listed);
    list_remove(&removed->pool->completed, removed);
    removed->is_listed = false;
}

/* ---- The end of a lookup */

/* Called with the mutex locked: after fer_lookup_close has unlocked it, there is no notification
 * for the lookup (rule N5), and no signal. The key is in the list before the poller is notified
 * (rule N9). */
static void complete(feri_lookup *done, feri_lookup_result result)
{
    FERI_ASSERT(done->stage != FERI_LOOKUP_DONE);
    done->stage = FERI_LOOKUP_DONE;
    done->worker = NULL;
    done->result = result;
    if (done->notice.has_key) {
        list_append(&done->pool->completed, done);
        done->is_listed = true;
    }
    ferp_cond_broadcast(&done->pool->mutex);
    if (done->notice.poller != NULL) {
        feri_poller_notify(done->notice.poller);
    }
    if (done->notice.event != NULL) {
        /* the caller of feri_lookup_start closes the event after the lookup */
        FERI_ASSERT(feri_token_is_open(done->notice.event));
        FER_IGNORE(fer_cancel_token_cancel(done->notice.event));
    }
}

/* ---- Workers */

/* May block, with no limit but the system resolver's. */
static feri_lookup_result run_query(const feri_address_query *query)
{
    feri_lookup_result result = {feri_ok(), {NULL, 0}};
    result.error = feri_address_list_of_query(&result.found, query);
    return result;
}

/* Moves the result to its lookup, or frees it if the lookup was abandoned. */
static void deliver_result(feri_worker *worker)
{
    if (!worker->is_busy) {
        return;
    }
    if (worker->lookup != NULL) {
        complete(worker->lookup, worker->result);
    } else {
        feri_address_list_free(&worker->result.found);
    }
    worker->is_busy = false;
    worker->lookup = NULL;
    worker->pool->unfinished--;
}

/* Takes the next lookup from the queue. False: the queue is empty, and the worker is no longer
 * counted as running before another lookup can be queued. */
static bool take_queued(feri_worker *worker)
{
    feri_pool *pool = worker->pool;
    feri_lookup *next = pool->queue.first;
    if (next == NULL) {
        worker->is_running = false;
        pool->running--;
        return false;
    }
    queue_remove(pool, next);
    next->stage = FERI_LOOKUP_RUNNING;
    next->worker = worker;
    worker->query = next->query;
    worker->lookup = next;
    worker->is_busy = true;
    pool->unfinished++;
    return true;
}

static bool step(void *argument)
{
    feri_worker *worker = argument;
    feri_pool *pool = worker->pool;
    ferp_mutex_lock(&pool->mutex);
    deliver_result(worker);
    bool has_more = take_queued(worker);
    ferp_mutex_unlock(&pool->mutex);
    if (!has_more) {
        feri_pool_release(pool);
        return false;
    }
    worker->result = run_query(&worker->query);
    return true;
}

/* ---- Starting */

/* Starts one more thread if there is work for it. A failure is no error while other threads run,
 * because they will run the lookup later. */
static fer_error start_worker(feri_pool *pool)
{
    if (pool->running == pool->thread_count || pool->running >= pool->unfinished) {
        return feri_ok();
    }
    feri_worker *idle = pool->workers;
    while (idle->is_running) {
        idle++;
        FERI_ASSERT(idle < pool->workers + pool->thread_count);
    }
    idle->thread = (ferp_thread){step, idle};
    idle->pool = pool;
    idle->is_running = true;
    pool->running++;
    fer_error error = ferp_thread_start(&idle->thread);
    if (error.kind == FER_OK) {
        /* for the thread, which cannot release it before it has locked the mutex */
        (void)feri_atomic_add(&pool->references, 1);
        return feri_ok();
    }
    idle->is_running = false;
    pool->running--;
    return pool->running > 0 ? feri_ok() : error;
}

/* Called with the mutex locked. */
static fer_error enqueue(feri_pool *pool, feri_lookup *started)
{
    FERI_REQUIRE(pool->unfinished < pool->unfinished_max, FER_WOULD_BLOCK);
    started->stage = FERI_LOOKUP_QUEUED;
    list_append(&pool->queue, started);
    pool->unfinished++;
    fer_error error = start_worker(pool);
    if (error.kind != FER_OK) {
        queue_remove(pool, started);
    }
    return error;
}

/* Runs the query of an address text, without the resolver. */
static fer_error run_literal(feri_lookup *started)
{
    feri_lookup_result found = run_query(&started->query);
    if (found.error.kind == FER_OUT_OF_MEMORY) {
        return found.error;
    }
    complete(started, found);
    return feri_ok();
}

fer_error feri_pool_start(feri_pool *pool, feri_lookup *started, fer_lookup *out)
{
    ferp_mutex_lock(&pool->mutex);
    out->p_.block_ = started;
    fer_error error = started->query.is_literal ? run_literal(started) : enqueue(pool, started);
    if (error.kind == FER_OK) {
        /* for the lookup, which another thread closes with the mutex locked */
        (void)feri_atomic_add(&pool->references, 1);
    } else {
        out->p_.block_ = NULL;
    }
    ferp_mutex_unlock(&pool->mutex);
    return error;
}

/* ---- Keys of completed lookups */

static size_t take_keys(feri_pool *pool, const fer_poller *poller, uint64_t *keys, size_t cap)
{
    size_t count = 0;
    feri_lookup *at = pool->completed.first;
    while (at != NULL && count < cap) {
        feri_lookup *next = at->next;
        if (at->notice.poller == poller) {
            keys[count] = at->notice.key;
            count++;
            remove_completed(at);
        }
        at = next;
    }
    return count;
}

/* A call that finds nothing waits without time left, as fer_lookup_wait does. Virtual time advances
 * then, so that a program that only polls makes progress. A callback of the simulation may close
 * the resolver in the meantime; its mutexes need no unlock. */
size_t feri_pool_take_completed(const fer_resolver *resolver, const fer_poller *poller,
                                uint64_t *keys, size_t cap)
{
    feri_pool *pool = resolver->p_.pool_;
    ferp_mutex_lock(&pool->mutex);
    size_t count = take_keys(pool, poller, keys, cap);
    if (count == 0) {
        FER_IGNORE(ferp_cond_wait(&pool->mutex, 0));
        if (resolver->p_.pool_ != pool) {
            return 0;
        }
        count = take_keys(pool, poller, keys, cap);
    }
    ferp_mutex_unlock(&pool->mutex);
    return count;
}

/* ---- Closing, and a new pool */

/* A busy worker continues, and frees its result. */
void feri_pool_abandon(feri_lookup *abandoned)
{
    feri_pool *pool = abandoned->pool;
    ferp_mutex_lock(&pool->mutex);
    if (abandoned->stage == FERI_LOOKUP_QUEUED) {
        queue_remove(pool, abandoned);
    } else if (abandoned->stage == FERI_LOOKUP_RUNNING) {
        abandoned->worker->lookup = NULL;
    } else if (abandoned->is_listed) {
        remove_completed(abandoned);
    }
    ferp_mutex_unlock(&pool->mutex);
}

static const feri_lookup_result cancelled = {{FER_CANCELLED, 0}, {NULL, 0}};

void feri_pool_cancel_all(feri_pool *pool)
{
    ferp_mutex_lock(&pool->mutex);
    while (pool->queue.first != NULL) {
        feri_lookup *first = pool->queue.first;
        queue_remove(pool, first);
        complete(first, cancelled);
    }
    for (size_t i = 0; i < pool->thread_count; i++) {
        feri_lookup *running_lookup = pool->workers[i].lookup;
        pool->workers[i].lookup = NULL;
        if (running_lookup != NULL) {
            complete(running_lookup, cancelled);
        }
    }
    ferp_mutex_unlock(&pool->mutex);
}

fer_error feri_pool_new(size_t threads, size_t waiting, feri_pool **out)
{
    size_t size = sizeof(feri_pool) + threads * sizeof(feri_worker);
    feri_pool *made = ferp_alloc(size);
    FERI_REQUIRE(made != NULL, FER_OUT_OF_MEMORY);
    memset(made, 0, size);
    made->references = 1;
    made->process = ferp_process();
    made->thread_count = threads;
    made->unfinished_max = (uint64_t)threads + waiting;
    fer_error error = ferp_mutex_init(&made->mutex);
    if (error.kind != FER_OK) {
        ferp_free(made);
        return error;
    }
    *out = made;
    return feri_ok();
}
