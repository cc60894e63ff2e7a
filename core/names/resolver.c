/* resolver.c: resolvers, and lookups in the background. */
#include "core/names/resolver.h"

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/limits.h"
#include "core/names/lookup_pool.h"
#include "core/wait/pause.h"
#include "core/wait/poller.h"
#include "core/wait/waker.h"

_Static_assert(sizeof(fer_resolver) == 32 && sizeof(fer_lookup) == 32, "sizes do not change");

/* ---- A wait for an event, within limits */

/* A result that is available is returned even if the limits are reached. */
static fer_error await_event(const fer_cancel_token *event, const feri_limits *limits)
{
    feri_false_hints false_hints = {0, 0, 0};
    for (;;) {
        fer_error error = ferp_token_wait(event, limits->token, limits->deadline);
        if (fer_cancel_token_is_cancelled(event)) {
            return feri_ok();
        }
        FER_TRY(feri_limits_check(limits));
        if (error.kind == FER_OK) {
            error =
                feri_pause_after_false_hint(&false_hints, limits->deadline, event, limits->token);
        }
        if (error.kind != FER_OK && (error.kind != FER_INTERRUPTED || limits->interruptible)) {
            return error;
        }
    }
}

/* ---- Resolvers */

bool feri_resolver_is_usable(fer_resolver *resolver)
{
    const feri_pool *pool = resolver == NULL ? NULL : resolver->p_.pool_;
    return pool != NULL && feri_pool_is_usable(pool);
}

/* limits: NULL if the call does not wait for the threads. */
static fer_error close_pool(fer_resolver *resolver, const feri_limits *limits)
{
    fer_cancel_token no_thread = {0};
    feri_pool *pool = resolver->p_.pool_;
    resolver->p_.pool_ = NULL;
    if (!feri_pool_is_usable(pool)) {
        return feri_ok();
    }
    ferp_mutex_lock(&pool->mutex);
    feri_pool_cancel_all(pool);
    fer_error error = limits != NULL ? feri_limits_check(limits) : feri_ok();
    if (error.kind == FER_OK && limits != NULL && pool->running > 0) {
        error = fer_cancel_token_new(&no_thread);
        if (error.kind == FER_OK) {
            pool->no_thread = &no_thread;
            ferp_mutex_unlock(&pool->mutex);
            error = await_event(&no_thread, limits);
            ferp_mutex_lock(&pool->mutex);
            pool->no_thread = NULL;
            fer_cancel_token_close(&no_thread);
        }
    }
    for (feri_worker *worker = pool->workers; worker != NULL; worker = worker->next) {
        if (worker->has_thread) {
            ferp_thread_release(&worker->thread, limits != NULL && !worker->is_running);
            worker->has_thread = false;
        }
    }
    ferp_mutex_unlock(&pool->mutex);
    feri_pool_release(pool);
    return error;
}

void fer_resolver_close(fer_resolver *resolver)
{
    if (resolver != NULL && resolver->p_.pool_ != NULL) {
        (void)close_pool(resolver, NULL);
    }
}

fer_error fer_resolver_close_gracefully(fer_resolver *resolver, const fer_limits *limits)
{
    FERI_REQUIRE(resolver != NULL && resolver->p_.pool_ != NULL, FER_MISUSE);
    FERI_REQUIRE(limits == NULL || feri_limits_are_valid(limits), FER_INVALID_INPUT);
    const feri_limits within = feri_limits_from(limits);
    FERI_REQUIRE(within.token == NULL || feri_token_is_open(within.token), FER_MISUSE);
    return close_pool(resolver, &within);
}

fer_error fer_resolver_new(fer_resolver *resolver, const fer_resolver_options *options)
{
    static const fer_resolver_options defaults = {.threads = 0};
    const fer_resolver_options *chosen = options == NULL ? &defaults : options;
    FERI_REQUIRE(resolver != NULL && resolver->p_.pool_ == NULL, FER_MISUSE);
    uint32_t threads = chosen->threads == 0 ? 4 : chosen->threads;
    uint32_t queue_cap = chosen->queue_cap == 0 ? 64 : chosen->queue_cap;
    FERI_REQUIRE(feri_are_zero(chosen->reserved_, sizeof chosen->reserved_), FER_INVALID_INPUT);
    feri_pool *made = ferp_alloc(sizeof *made);
    FERI_REQUIRE(made != NULL, FER_OUT_OF_MEMORY);
    *made = (feri_pool){.references = 1, .process = ferp_process(), .threads_max = threads};
    made->unfinished_max = (uint64_t)threads + (queue_cap == FER_RESOLVER_NO_QUEUE ? 0 : queue_cap);
    fer_error error = ferp_mutex_init(&made->mutex);
    if (error.kind != FER_OK) {
        ferp_free(made);
        return error;
    }
    resolver->p_.pool_ = made;
    return feri_ok();
}

/* ---- Options */

const fer_lookup_options *feri_lookup_options_or_default(const fer_lookup_options *options)
{
    static const fer_lookup_options defaults = {.family = FERP_ANY_FAMILY};
    return options == NULL ? &defaults : options;
}

fer_error feri_lookup_options_check(const fer_lookup_options *options)
{
    bool is_known = feri_is_family_choice(options->family) && options->unused_ == 0 &&
                    feri_are_zero(options->reserved_, sizeof options->reserved_) &&
                    feri_limits_are_valid(&options->limits);
    return is_known ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

/* ---- Starting */

/* Runs the query of an address text, and queues any other lookup. out is OPEN before the key is
 * listed and the poller is notified, so another thread may use and close it before this call
 * returns. After a failure the lookup is not in the pool, and out is unchanged. */
fer_error feri_lookup_start(fer_resolver *resolver, const feri_address_query *query,
                            const feri_lookup_notice *notice, fer_lookup *out)
{
    feri_pool *pool = resolver->p_.pool_;
    feri_lookup *started = ferp_alloc(sizeof *started);
    FERI_REQUIRE(started != NULL, FER_OUT_OF_MEMORY);
    *started = (feri_lookup){.pool = pool, .notice = *notice, .query = *query};
    ferp_mutex_lock(&pool->mutex);
    out->p_.block_ = started;
    fer_error error = feri_ok();
    if (query->is_literal) {
        feri_lookup_result found;
        found.error = feri_address_list_of_query(&found.found, query);
        if (found.error.kind == FER_OUT_OF_MEMORY) {
            error = found.error;
        } else {
            feri_pool_complete(started, found);
        }
    } else {
        error = feri_pool_enqueue(pool, started);
    }
    if (error.kind == FER_OK) {
        /* for the lookup, which another thread closes with the mutex locked */
        (void)feri_atomic_add(&pool->references, 1);
    } else {
        out->p_.block_ = NULL;
        ferp_free(started);
    }
    ferp_mutex_unlock(&pool->mutex);
    return error;
}

static fer_error start_lookup(fer_resolver *resolver, const char *host, const uint16_t *port,
                              const fer_lookup_options *options, fer_poller *poller, uint64_t key,
                              fer_lookup *out)
{
    const fer_lookup_options *chosen = feri_lookup_options_or_default(options);
    feri_address_query query;
    FERI_REQUIRE(out != NULL && out->p_.block_ == NULL, FER_MISUSE);
    FERI_REQUIRE(poller == NULL || feri_poller_is_open(poller), FER_MISUSE);
    FERI_REQUIRE(chosen->waker == NULL || feri_waker_is_open(chosen->waker), FER_MISUSE);
    FERI_REQUIRE(feri_resolver_is_usable(resolver), FER_MISUSE);
    FER_TRY(feri_lookup_options_check(chosen));
    FER_TRY(feri_address_query_of(&query, host, port, chosen->family));
    const feri_lookup_notice notice = {
        .poller = poller, .waker = chosen->waker, .has_key = true, .key = key};
    return feri_lookup_start(resolver, &query, &notice, out);
}

fer_error fer_resolver_start(fer_resolver *resolver, const char *host_port,
                             const fer_lookup_options *options, fer_poller *poller, uint64_t key,
                             fer_lookup *out)
{
    return start_lookup(resolver, host_port, NULL, options, poller, key, out);
}

fer_error fer_resolver_start_host(fer_resolver *resolver, const char *host, uint16_t port,
                                  const fer_lookup_options *options, fer_poller *poller,
                                  uint64_t key, fer_lookup *out)
{
    return start_lookup(resolver, host, &port, options, poller, key, out);
}

/* A call that finds nothing waits without time left, as fer_lookup_wait does. Virtual time advances
 * then, so that a program that only polls makes progress. A callback of the simulation may close
 * the resolver in the meantime; its mutexes need no unlock. */
fer_error fer_resolver_take_completed(fer_resolver *resolver, const fer_poller *poller,
                                      uint64_t *keys, size_t cap, size_t *count)
{
    FERI_REQUIRE(feri_resolver_is_usable(resolver), FER_MISUSE);
    FERI_REQUIRE(poller == NULL || feri_poller_is_open(poller), FER_MISUSE);
    if (keys == NULL || cap == 0 || count == NULL) {
        return feri_refuse(cap != 0);
    }
    feri_pool *pool = resolver->p_.pool_;
    ferp_mutex_lock(&pool->mutex);
    *count = feri_pool_take_keys(pool, poller, keys, cap);
    if (*count == 0) {
        FER_IGNORE(ferp_cond_wait(&pool->mutex, 0));
        if (resolver->p_.pool_ != pool) {
            return feri_ok();
        }
        *count = feri_pool_take_keys(pool, poller, keys, cap);
    }
    ferp_mutex_unlock(&pool->mutex);
    return feri_ok();
}

/* ---- Waiting */

fer_error fer_lookup_wait(fer_lookup *lookup_handle, fer_duration timeout, fer_socket_addr *addrs,
                          size_t cap, size_t *count)
{
    FERI_REQUIRE(lookup_handle != NULL && lookup_handle->p_.block_ != NULL, FER_MISUSE);
    FERI_REQUIRE(count != NULL && feri_is_buffer(addrs, cap), FER_MISUSE);
    feri_lookup *awaited = lookup_handle->p_.block_;
    FERI_REQUIRE(feri_pool_is_usable(awaited->pool), FER_CANCELLED);
    bool is_poll = timeout.nanos == 0;
    uint64_t deadline = is_poll ? 0 : feri_deadline_after(timeout);
    ferp_mutex_lock(&awaited->pool->mutex);
    fer_error error = feri_ok();
    while (awaited->stage != FERI_LOOKUP_DONE && error.kind == FER_OK) {
        error = ferp_cond_wait(&awaited->pool->mutex, deadline);
        awaited = lookup_handle->p_.block_;
        /* a callback of the simulation has closed the handle */
        FERI_REQUIRE(awaited != NULL, FER_MISUSE);
    }
    if (awaited->stage == FERI_LOOKUP_DONE) {
        error = awaited->result.error;
    } else if (error.kind == FER_TIMED_OUT && is_poll) {
        error = feri_own_error(FER_WOULD_BLOCK);
    }
    if (error.kind == FER_OK) {
        feri_address_list_copy(&awaited->result.found, addrs, cap, count);
    }
    ferp_mutex_unlock(&awaited->pool->mutex);
    return error;
}

bool feri_lookup_is_done(const fer_lookup *lookup_handle)
{
    const feri_lookup *awaited = lookup_handle->p_.block_;
    if (!feri_pool_is_usable(awaited->pool)) {
        return false;
    }
    ferp_mutex_lock(&awaited->pool->mutex);
    bool is_done = awaited->stage == FERI_LOOKUP_DONE;
    ferp_mutex_unlock(&awaited->pool->mutex);
    return is_done;
}

fer_error feri_lookup_take(fer_lookup *lookup_handle, feri_address_list *list)
{
    feri_lookup *taken = lookup_handle->p_.block_;
    ferp_mutex_lock(&taken->pool->mutex);
    FERI_ASSERT(taken->stage == FERI_LOOKUP_DONE);
    fer_error error = taken->result.error;
    *list = taken->result.found;
    taken->result.found = (feri_address_list){NULL, 0};
    ferp_mutex_unlock(&taken->pool->mutex);
    return error;
}

/* ---- Closing */

void fer_lookup_close(fer_lookup *lookup_handle)
{
    if (lookup_handle == NULL || lookup_handle->p_.block_ == NULL) {
        return;
    }
    feri_lookup *closed = lookup_handle->p_.block_;
    feri_pool *pool = closed->pool;
    lookup_handle->p_.block_ = NULL;
    if (!feri_pool_is_usable(pool)) {
        return;
    }
    ferp_mutex_lock(&pool->mutex);
    feri_pool_abandon(closed);
    ferp_mutex_unlock(&pool->mutex);
    feri_address_list_free(&closed->result.found);
    ferp_free(closed);
    feri_pool_release(pool);
}

/* ---- Lookups within limits (rule K8). The system's lookup can neither be cancelled nor limited in
 * time (getaddrinfo(3)), so it runs in another thread, and the call waits for an event of the
 * lookup and for its limits. A lookup that is cancelled or late is abandoned. */

/* The event belongs to this call: no other thread uses it once the lookup is closed. */
static fer_error look_up_in_background(fer_resolver *resolver, const feri_address_query *query,
                                       const feri_limits *limits, feri_address_list *list)
{
    fer_cancel_token event = {0};
    fer_lookup lookup = {0};
    const feri_lookup_notice notice = {.event = &event};
    FER_TRY(fer_cancel_token_new(&event));
    fer_error error = feri_lookup_start(resolver, query, &notice, &lookup);
    if (error.kind == FER_OK) {
        error = await_event(&event, limits);
    }
    if (error.kind == FER_OK) {
        error = feri_lookup_take(&lookup, list);
    }
    fer_lookup_close(&lookup);
    fer_cancel_token_close(&event);
    return error;
}

fer_error feri_lookup_within(const char *host, const uint16_t *port, fer_ip_family family,
                             const fer_limits *limits, fer_resolver *resolver,
                             feri_address_list *list)
{
    const feri_limits within = feri_limits_from(limits);
    feri_address_query query;
    FERI_REQUIRE(resolver == NULL || feri_resolver_is_usable(resolver), FER_MISUSE);
    FER_TRY(feri_address_query_of(&query, host, port, family));
    FER_TRY(feri_limits_check(&within));
    bool is_limited =
        within.token != NULL || within.deadline != FERP_NO_DEADLINE || within.interruptible;
    if (query.is_literal || (resolver == NULL && !is_limited)) {
        return feri_address_list_of_query(list, &query);
    }
    if (resolver != NULL) {
        return look_up_in_background(resolver, &query, &within, list);
    }
    fer_resolver own = {0};
    static const fer_resolver_options one = {.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE};
    FER_TRY(fer_resolver_new(&own, &one));
    fer_error error = look_up_in_background(&own, &query, &within, list);
    fer_resolver_close(&own);
    return error;
}
