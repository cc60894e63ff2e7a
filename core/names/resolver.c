/* resolver.c: the functions of resolvers and lookups: argument checks, starts, waits and closes.
 * The queue and the threads are in lookup_pool.c. */
#include "core/names/resolver.h"

#include "core/base/assert.h"
#include "core/base/deadline.h"
#include "core/base/result.h"
#include "core/names/address_list.h"
#include "core/names/address_source.h"
#include "core/names/lookup_pool.h"
#include "core/wait/poller.h"
#include "platform/platform.h"

static const fer_error success = {FER_OK, 0};
static const fer_error misuse = {FER_INVALID_INPUT, 0};
static const fer_error no_memory = {FER_OUT_OF_MEMORY, 0};

/* ---- Starting */

static feri_lookup *lookup_new(feri_pool *shared, const feri_address_query *query,
                               const feri_lookup_notice *notice)
{
    feri_lookup *made = ferp_memory_new(sizeof *made);
    if (made != NULL) {
        *made = (feri_lookup){.pool = shared, .notice = *notice, .query = *query};
    }
    return made;
}

bool feri_resolver_is_usable(const fer_resolver *resolver)
{
    return resolver != NULL && resolver->pool_ != NULL &&
           feri_pool_belongs_to_process(resolver->pool_);
}

fer_error feri_lookup_start(fer_resolver *resolver, const feri_address_query *query,
                            const feri_lookup_notice *notice, fer_lookup *out)
{
    FERI_ASSERT(feri_resolver_is_usable(resolver));
    feri_pool *shared = resolver->pool_;
    feri_lookup *started = lookup_new(shared, query, notice);
    if (started == NULL) {
        return no_memory;
    }
    feri_pool_add_reference(shared);
    fer_error err = feri_pool_start(shared, started, out);
    if (err.kind != FER_OK) {
        ferp_memory_free(started);
        feri_pool_release(shared);
    }
    return err;
}

static bool is_open_or_null(const fer_poller *poller)
{
    return poller == NULL || feri_poller_is_open(poller);
}

static fer_error start_text(fer_resolver *resolver, const char *host_port,
                            const feri_lookup_notice *notice, fer_lookup *out)
{
    if (!feri_resolver_is_usable(resolver) || out == NULL || out->block_ != NULL ||
        !is_open_or_null(notice->poller)) {
        return misuse;
    }
    feri_address_query query;
    FER_TRY(feri_address_query_of_text(&query, host_port));
    return feri_lookup_start(resolver, &query, notice, out);
}

fer_error fer_resolver_start(fer_resolver *resolver, const char *host_port, fer_poller *poller,
                             fer_lookup *out)
{
    return start_text(resolver, host_port, &(feri_lookup_notice){.poller = poller}, out);
}

fer_error fer_resolver_start_with_key(fer_resolver *resolver, const char *host_port,
                                      fer_poller *poller, uint64_t key, fer_lookup *out)
{
    const feri_lookup_notice notice = {.poller = poller, .has_key = true, .key = key};
    return start_text(resolver, host_port, &notice, out);
}

fer_error fer_resolver_take_completed(fer_resolver *resolver, const fer_poller *poller,
                                      uint64_t *keys, size_t cap, size_t *count)
{
    if (!feri_resolver_is_usable(resolver) || !is_open_or_null(poller) || keys == NULL ||
        cap == 0 || count == NULL) {
        return misuse;
    }
    *count = feri_pool_take_completed(resolver->pool_, poller, keys, cap);
    return success;
}

/* ---- Waiting */

static fer_error wait_until_done(const feri_lookup *awaited, uint64_t deadline)
{
    fer_error err = success;
    while (awaited->stage != FERI_LOOKUP_DONE && err.kind == FER_OK) {
        err = ferp_monitor_wait(&awaited->pool->monitor, deadline);
    }
    return awaited->stage == FERI_LOOKUP_DONE ? success : err;
}

fer_error fer_lookup_wait(fer_lookup *lookup_handle, fer_duration timeout, fer_socket_addr *addrs,
                          size_t cap, size_t *count)
{
    if (lookup_handle == NULL || lookup_handle->block_ == NULL || count == NULL ||
        (addrs == NULL && cap > 0)) {
        return misuse;
    }
    const feri_lookup *awaited = lookup_handle->block_;
    if (!feri_pool_belongs_to_process(awaited->pool)) {
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
    feri_lookup *taken = lookup_handle->block_;
    ferp_monitor_enter(&taken->pool->monitor);
    FERI_ASSERT(taken->stage == FERI_LOOKUP_DONE);
    fer_error err = taken->result.error;
    *list = taken->result.found;
    taken->result.found = (feri_address_list){NULL, 0};
    ferp_monitor_leave(&taken->pool->monitor);
    return err;
}

/* ---- Closing, and a new resolver */

void fer_lookup_close(fer_lookup *lookup_handle)
{
    if (lookup_handle == NULL || lookup_handle->block_ == NULL) {
        return;
    }
    feri_lookup *closed = lookup_handle->block_;
    feri_pool *shared = closed->pool;
    lookup_handle->block_ = NULL;
    if (!feri_pool_belongs_to_process(shared)) {
        return;
    }
    feri_pool_abandon(closed);
    feri_address_list_free(&closed->result.found);
    ferp_memory_free(closed);
    feri_pool_release(shared);
}

void fer_resolver_close(fer_resolver *resolver)
{
    if (resolver == NULL || resolver->pool_ == NULL) {
        return;
    }
    feri_pool *shared = resolver->pool_;
    resolver->pool_ = NULL;
    if (!feri_pool_belongs_to_process(shared)) {
        return;
    }
    feri_pool_cancel_all(shared);
    feri_pool_release(shared);
}

fer_error fer_resolver_new(fer_resolver *resolver, size_t threads, size_t waiting)
{
    if (resolver == NULL || resolver->pool_ != NULL || threads == 0 ||
        threads > FER_RESOLVER_THREADS_MAX) {
        return misuse;
    }
    feri_pool *made = NULL;
    FER_TRY(feri_pool_new(threads, waiting, &made));
    resolver->pool_ = made;
    return success;
}
