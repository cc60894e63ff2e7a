/* lookup_pool.c: the lookups of a resolver and its threads. The backend has the threads and the
 * lookup itself (background.h). */
#include "core/names/lookup_pool.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/limits.h"
#include "core/wait/poller.h"
#include "platform/platform.h"

/* ---- References to the pool */

/* After fork the child has a copy of the pool, but none of its threads (fork(2)). In the copy a
 * thread can hold the mutex or wait for it forever, so the child does not use the pool. */
bool feri_pool_is_usable(const feri_pool *pool)
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
        while (pool->workers != NULL) {
            feri_worker *first = pool->workers;
            pool->workers = first->next;
            ferp_free(first);
        }
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
}

static void queue_remove(feri_pool *pool, feri_lookup *removed)
{
    FERI_ASSERT(removed->stage == FERI_LOOKUP_QUEUED);
    list_remove(&pool->queue, removed);
    pool->unfinished--;
}

static void remove_completed(feri_lookup *removed)
{
    FERI_ASSERT(removed->stage == FERI_LOOKUP_DONE && removed->notice.has_key);
    list_remove(&removed->pool->completed, removed);
    removed->notice.has_key = false;
}

/* ---- The end of a lookup */

/* After fer_lookup_close has unlocked the mutex, there is no notification for the lookup (rule N5),
 * no wake and no signal. The key is in the list before the poller is
 * notified and the waker woken (rule N9). */
void feri_pool_complete(feri_lookup *done, feri_lookup_result result)
{
    FERI_ASSERT(done->stage != FERI_LOOKUP_DONE);
    done->stage = FERI_LOOKUP_DONE;
    done->result = result;
    if (done->notice.has_key) {
        list_append(&done->pool->completed, done);
    }
    (void)feri_atomic_add(&ferp_counts()->ends, 1);
    ferp_cond_broadcast(&done->pool->mutex);
    if (done->notice.poller != NULL) {
        feri_poller_notify(done->notice.poller);
    }
    if (done->notice.waker != NULL) {
        FER_IGNORE(fer_waker_wake(done->notice.waker));
    }
    if (done->notice.event != NULL) {
        /* the caller of feri_lookup_start closes the event after the lookup */
        FERI_ASSERT(feri_token_is_open(done->notice.event));
        FER_IGNORE(fer_cancel_token_cancel(done->notice.event));
    }
}

/* ---- Workers */

/* Moves the result to its lookup, or frees it if the lookup was abandoned. */
static void deliver_result(feri_worker *worker)
{
    if (!worker->is_busy) {
        return;
    }
    if (worker->lookup != NULL) {
        feri_pool_complete(worker->lookup, worker->result);
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
        if (pool->running == 0 && pool->no_thread != NULL) {
            FER_IGNORE(fer_cancel_token_cancel(pool->no_thread));
        }
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
    worker->result.error = feri_address_list_of_query(&worker->result.found, &worker->query);
    return true;
}

/* ---- Starting */

/* A worker without a running thread: one whose thread has ended, or a new one. NULL: there is no
 * memory. */
static feri_worker *idle_worker(feri_pool *pool)
{
    feri_worker *idle = pool->workers;
    while (idle != NULL && idle->is_running) {
        idle = idle->next;
    }
    if (idle == NULL) {
        idle = ferp_alloc(sizeof *idle);
        if (idle != NULL) {
            *idle = (feri_worker){.thread = {step, idle, 0}, .pool = pool, .next = pool->workers};
            pool->workers = idle;
        }
    } else if (idle->has_thread) {
        ferp_thread_release(&idle->thread, true);
        idle->has_thread = false;
    }
    return idle;
}

/* Starts one more thread if there is work for it. A failure is no error while other threads run,
 * because they will run the lookup later. */
fer_error feri_pool_enqueue(feri_pool *pool, feri_lookup *started)
{
    FERI_REQUIRE(pool->unfinished < pool->unfinished_max, FER_WOULD_BLOCK);
    started->stage = FERI_LOOKUP_QUEUED;
    list_append(&pool->queue, started);
    pool->unfinished++;
    if (pool->running == pool->threads_max || pool->running >= pool->unfinished) {
        return feri_ok();
    }
    feri_worker *idle = idle_worker(pool);
    fer_error error =
        idle != NULL ? ferp_thread_start(&idle->thread) : feri_own_error(FER_OUT_OF_MEMORY);
    if (error.kind == FER_OK) {
        /* before the thread, which locks the mutex first */
        idle->has_thread = true;
        idle->is_running = true;
        pool->running++;
        (void)feri_atomic_add(&pool->references, 1);
    } else if (pool->running == 0) {
        queue_remove(pool, started);
        return error;
    }
    return feri_ok();
}

/* ---- For the resolver */

size_t feri_pool_take_keys(feri_pool *pool, const fer_poller *poller, uint64_t *keys, size_t cap)
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

void feri_pool_cancel_all(feri_pool *pool)
{
    static const feri_lookup_result cancelled = {{FER_CANCELLED, 0}, {NULL, 0}};
    while (pool->queue.first != NULL) {
        feri_lookup *first = pool->queue.first;
        queue_remove(pool, first);
        feri_pool_complete(first, cancelled);
    }
    for (feri_worker *worker = pool->workers; worker != NULL; worker = worker->next) {
        feri_lookup *running_lookup = worker->lookup;
        worker->lookup = NULL;
        if (running_lookup != NULL) {
            feri_pool_complete(running_lookup, cancelled);
        }
    }
}

void feri_pool_abandon(feri_lookup *closed)
{
    feri_pool *pool = closed->pool;
    if (closed->stage == FERI_LOOKUP_QUEUED) {
        queue_remove(pool, closed);
    } else if (closed->stage == FERI_LOOKUP_RUNNING) {
        closed->worker->lookup = NULL;
    } else if (closed->notice.has_key) {
        remove_completed(closed);
    }
}
