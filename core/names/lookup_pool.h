/* lookup_pool.h: the shared state of a resolver, its lookups and its threads. Only for resolver.c,
 * which has the public functions.
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
#include "ferrule/error.h"
#include "ferrule/poller.h"
#include "platform/platform.h"

typedef struct feri_lookup_result {
    fer_error error;
    feri_address_list found;
} feri_lookup_result;

typedef enum feri_lookup_stage {
    FERI_LOOKUP_QUEUED,
    FERI_LOOKUP_RUNNING,
    FERI_LOOKUP_DONE
} feri_lookup_stage;

struct feri_pool;
struct feri_worker;

typedef struct feri_lookup {
    struct feri_pool *pool;
    feri_lookup_stage stage;
    /* QUEUED: the neighbours in the queue; is_listed: in the list of completed lookups */
    struct feri_lookup *previous;
    struct feri_lookup *next;
    struct feri_worker *worker; /* RUNNING: its worker */
    feri_lookup_notice notice;
    bool is_listed; /* DONE, with a key that was not taken yet */
    feri_address_query query;
    feri_lookup_result result; /* DONE */
} feri_lookup;

typedef struct feri_lookup_list {
    feri_lookup *first;
    feri_lookup *last;
} feri_lookup_list;

typedef struct feri_worker {
    ferp_thread thread;
    struct feri_pool *pool;
    bool is_running;     /* has a thread */
    bool is_busy;        /* has a query or a result */
    feri_lookup *lookup; /* NULL after the lookup was abandoned */
    feri_address_query query;
    feri_lookup_result result;
} feri_worker;

typedef struct feri_pool {
    ferp_mutex mutex; /* for all members below but references */
    uint32_t references;
    uint64_t process; /* the process that created the pool */
    size_t thread_count;
    uint64_t unfinished_max;
    size_t running;    /* workers with a thread */
    size_t unfinished; /* queued lookups and busy workers */
    feri_lookup_list queue;
    feri_lookup_list completed; /* oldest first */
    feri_worker workers[];      /* thread_count of them */
} feri_pool;

/* Creates a pool with one reference. */
fer_error feri_pool_new(size_t threads, size_t waiting, feri_pool **out);

/* Called without the mutex. */
void feri_pool_release(feri_pool *pool);

/* After fork the child has a copy of the pool, but none of its threads (fork(2)). In the copy a
 * thread can hold the mutex or wait for it forever, so the child does not use the pool. */
bool feri_pool_belongs_to_process(const feri_pool *pool);

/* Runs the query of an address text, and queues any other lookup. out is OPEN before the key is
 * listed and the poller is notified, so another thread may use and close it before this call
 * returns. After a failure the lookup is not in the pool, and out is unchanged. */
fer_error feri_pool_start(feri_pool *pool, feri_lookup *started, fer_lookup *out);

/* Removes the keys of up to cap completed lookups with this poller from the list, oldest first, and
 * stores them. Returns their number. */
size_t feri_pool_take_completed(const fer_resolver *resolver, const fer_poller *poller,
                                uint64_t *keys, size_t cap);

/* The lookup is in no list afterwards, and no thread has its address. */
void feri_pool_abandon(feri_lookup *abandoned);

/* Ends the lookups that are not done with FER_CANCELLED. No lookup is started afterwards. */
void feri_pool_cancel_all(feri_pool *pool);

#endif
