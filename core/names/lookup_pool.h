/* lookup_pool.h: what a resolver and its lookups share.
 *
 * A lookup belongs to its handle and is freed with it at any time. A worker is a thread with a copy
 * of the query and then the result. It reaches its lookup only with the pool's mutex locked, when
 * the lookup may already be gone. The pool is shared. It is freed with its last reference, which
 * the resolver's handle, the lookups and the threads hold. */
#ifndef FERI_LOOKUP_POOL_H
#define FERI_LOOKUP_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/names/address_source.h"
#include "core/names/resolver.h"

typedef struct feri_lookup_result {
    fer_error error;
    feri_address_list found;
} feri_lookup_result;

typedef enum feri_lookup_stage {
    FERI_LOOKUP_QUEUED,
    FERI_LOOKUP_RUNNING,
    FERI_LOOKUP_DONE
} feri_lookup_stage;

typedef struct feri_lookup {
    struct feri_pool *pool;
    feri_lookup_stage stage;
    /* QUEUED: the neighbours in the queue; DONE with a key: in the list of completed lookups */
    struct feri_lookup *previous;
    struct feri_lookup *next;
    struct feri_worker *worker; /* RUNNING: its worker */
    feri_lookup_notice notice;  /* has_key ends when the key is taken */
    feri_address_query query;
    feri_lookup_result result; /* DONE */
} feri_lookup;

typedef struct feri_lookup_list {
    feri_lookup *first;
    feri_lookup *last;
} feri_lookup_list;

/* Made for the first thread that needs one, used again, and freed with the pool. */
typedef struct feri_worker {
    ferp_thread thread;
    struct feri_pool *pool;
    struct feri_worker *next;
    bool has_thread;     /* one that was not released, running or not */
    bool is_running;     /* its thread runs */
    bool is_busy;        /* has a query or a result */
    feri_lookup *lookup; /* NULL after the lookup was abandoned */
    feri_address_query query;
    feri_lookup_result result;
} feri_worker;

typedef struct feri_pool {
    ferp_mutex mutex; /* for all members below but references */
    uint32_t references;
    uint64_t process; /* the process that created the pool */
    uint32_t threads_max;
    uint64_t unfinished_max;
    size_t running;    /* workers whose thread runs */
    size_t unfinished; /* queued lookups and busy workers */
    feri_lookup_list queue;
    feri_lookup_list completed; /* oldest first */
    feri_worker *workers;
    fer_cancel_token *no_thread; /* cancelled when the last thread ends; or NULL */
} feri_pool;

/* False in the child after fork. */
bool feri_pool_is_usable(const feri_pool *pool);

/* Releases a reference. */
void feri_pool_release(feri_pool *pool);

/* ---- The mutex is locked in each of these. */

/* Queues a lookup. WOULD_BLOCK: the queue is full. After a failure the lookup is not in the pool.
 */
fer_error feri_pool_enqueue(feri_pool *pool, feri_lookup *started);

/* Ends a lookup that is in no queue, and reports its end. */
void feri_pool_complete(feri_lookup *done, feri_lookup_result result);

/* Stores up to cap keys of completed lookups with this poller, or without one for NULL, and returns
 * their number. */
size_t feri_pool_take_keys(feri_pool *pool, const fer_poller *poller, uint64_t *keys, size_t cap);

/* The lookups that are not done end with FER_CANCELLED. */
void feri_pool_cancel_all(feri_pool *pool);

/* The lookup is in no list afterwards, and no thread has its address. A busy worker continues, and
 * frees its result. */
void feri_pool_abandon(feri_lookup *closed);

#endif
