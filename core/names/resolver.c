/* resolver.c: names looked up in the background: who may call what, how many lookups there may be,
 * and who owns what until when. Threads and the lookup itself are the backend's (platform.h).
 *
 * A lookup belongs to its handle, and is freed with it, whatever goes on. A worker is a thread and
 * what it works on: a copy of the question, and then the answer, for a lookup that it reaches only
 * inside the pool's monitor, and that may be gone by then. The pool is what they share. It goes
 * with the last of those who hold it: the resolver's handle, the lookups, the threads. */
#include "ferrule/resolve.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/atomic.h"
#include "core/base/deadline.h"
#include "core/handle/handle.h"
#include "core/names/address_source.h"
#include "core/wait/poller.h"
#include "platform/platform.h"

typedef struct answer {
    fer_error error;
    fer_socket_addr *addrs; /* from ferp_memory_new, count of them; NULL where there are none */
    size_t count;
} answer;

typedef enum lookup_stage { IN_LINE, UNDER_WAY, DONE } lookup_stage;

struct pool;
struct worker;

typedef struct lookup {
    struct pool *pool;
    lookup_stage stage;
    struct lookup *ahead; /* IN_LINE: its neighbours */
    struct lookup *behind;
    struct worker *worker; /* UNDER_WAY: whose it is */
    fer_poller *poller;    /* or NULL */
    feri_address_query query;
    answer answer; /* DONE */
} lookup;

typedef struct worker {
    ferp_thread thread;
    struct pool *pool;
    bool runs;      /* its thread does */
    bool is_busy;   /* with the query, and then the answer */
    lookup *lookup; /* whom the answer is for; NULL once that was abandoned */
    feri_address_query query;
    answer answer;
} worker;

typedef struct pool {
    ferp_monitor monitor; /* of all that follows but holders */
    uint32_t holders;
    uint32_t process; /* whose it is */
    size_t thread_count;
    size_t unfinished_max;
    size_t running;    /* workers whose threads run */
    size_t unfinished; /* lookups in line, and workers that are busy */
    lookup *first;
    lookup *last;
    worker workers[]; /* thread_count of them */
} pool;

static const fer_error fine = {FER_OK, 0};
static const fer_error misuse = {FER_INVALID_INPUT, 0};
static const fer_error no_memory = {FER_OUT_OF_MEMORY, 0};

/* ---- The pool's life */

static void hold(pool *shared)
{
    (void)feri_atomic_add(&shared->holders, 1);
}

/* After fork the child has a copy of the pool and none of its threads (fork(2)). One of them may
 * have been inside the monitor, or have waited for it, and is so for ever in the copy: the child
 * leaves that alone. */
static bool is_of_this_process(const pool *shared)
{
    return shared->process == ferp_process();
}

/* Outside the monitor, so that nobody is still inside when it ends. */
static void let_go(pool *shared)
{
    uint32_t left = feri_atomic_add(&shared->holders, UINT32_MAX);
    FERI_ASSERT(left != UINT32_MAX);
    if (left == 0) {
        ferp_monitor_end(&shared->monitor);
        ferp_memory_free(shared);
    }
}

static void forget_answer(answer *given)
{
    ferp_memory_free(given->addrs);
    *given = (answer){0};
}

/* ---- The line */

static void line_up(pool *shared, lookup *last)
{
    last->stage = IN_LINE;
    last->ahead = shared->last;
    last->behind = NULL;
    *(shared->last != NULL ? &shared->last->behind : &shared->first) = last;
    shared->last = last;
    shared->unfinished++;
}

static void leave_line(pool *shared, lookup *leaving)
{
    FERI_ASSERT(leaving->stage == IN_LINE);
    *(leaving->ahead != NULL ? &leaving->ahead->behind : &shared->first) = leaving->behind;
    *(leaving->behind != NULL ? &leaving->behind->ahead : &shared->last) = leaving->ahead;
    leaving->ahead = NULL;
    leaving->behind = NULL;
    shared->unfinished--;
}

/* ---- A lookup's end, inside the monitor: so nobody is told of it once fer_lookup_close is through
 * there (rule N5). A poller that cannot be notified, for lack of memory, is all that is lost: the
 * answer is there. */
static void finish(lookup *done, answer given)
{
    FERI_ASSERT(done->stage != DONE);
    done->stage = DONE;
    done->worker = NULL;
    done->answer = given;
    ferp_monitor_notify_all(&done->pool->monitor);
    if (done->poller != NULL) {
        FER_IGNORE(fer_poller_notify(done->poller));
    }
}

/* ---- What a worker does */

static size_t count_addresses(feri_address_source source)
{
    fer_socket_addr addr;
    size_t count = 0;
    while (feri_address_source_next(&source, &addr)) {
        count++;
    }
    return count;
}

static answer collect(feri_address_source *source)
{
    answer found = {fine, NULL, count_addresses(*source)};
    if (found.count == 0) {
        return found;
    }
    if (found.count <= SIZE_MAX / sizeof *found.addrs) {
        found.addrs = ferp_memory_new(found.count * sizeof *found.addrs);
    }
    if (found.addrs == NULL) {
        return (answer){no_memory, NULL, 0};
    }
    for (size_t i = 0; i < found.count; i++) {
        (void)feri_address_source_next(source, &found.addrs[i]);
    }
    return found;
}

/* May block for as long as the system's resolver likes. */
static answer answer_to(const feri_address_query *query)
{
    feri_address_source source;
    fer_error err = feri_address_source_of_query(&source, query);
    if (err.kind != FER_OK) {
        return (answer){err, NULL, 0};
    }
    answer found = collect(&source);
    feri_address_source_end(&source);
    return found;
}

/* The answer goes to its lookup, or to nobody. */
static void give_answer(worker *self)
{
    if (!self->is_busy) {
        return;
    }
    if (self->lookup != NULL) {
        finish(self->lookup, self->answer);
    } else {
        forget_answer(&self->answer);
    }
    self->is_busy = false;
    self->lookup = NULL;
    self->pool->unfinished--;
}

/* Whether there is more to do. Where there is not, the thread is no longer counted as running
 * before anybody can line up anew. */
static bool take_next(worker *self)
{
    pool *shared = self->pool;
    lookup *next = shared->first;
    if (next == NULL) {
        self->runs = false;
        shared->running--;
        return false;
    }
    leave_line(shared, next);
    next->stage = UNDER_WAY;
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
    give_answer(self);
    bool has_more = take_next(self);
    ferp_monitor_leave(&shared->monitor);
    if (!has_more) {
        let_go(shared);
        return false;
    }
    self->answer = answer_to(&self->query);
    return true;
}

/* ---- Starting */

static worker *resting_worker(pool *shared)
{
    size_t at = 0;
    while (shared->workers[at].runs) {
        at++;
        FERI_ASSERT(at < shared->thread_count);
    }
    return &shared->workers[at];
}

/* One thread more, where there is something for it to do. That it cannot be had is no failure while
 * others run: they come to it later. */
static fer_error call_worker(pool *shared)
{
    if (shared->running == shared->thread_count || shared->running >= shared->unfinished) {
        return fine;
    }
    worker *called = resting_worker(shared);
    called->thread = (ferp_thread){step, called};
    called->pool = shared;
    called->runs = true;
    shared->running++;
    fer_error err = ferp_thread_start(&called->thread);
    if (err.kind == FER_OK) {
        hold(shared); /* for the thread, which cannot let go before it was in the monitor */
        return fine;
    }
    called->runs = false;
    shared->running--;
    return shared->running > 0 ? fine : err;
}

/* Inside the monitor. */
static fer_error enqueue(pool *shared, lookup *begun)
{
    if (shared->unfinished >= shared->unfinished_max) {
        return feri_own_error(FER_WOULD_BLOCK);
    }
    line_up(shared, begun);
    fer_error err = call_worker(shared);
    if (err.kind != FER_OK) {
        leave_line(shared, begun);
    }
    return err;
}

/* An address text: nobody has to be asked. */
static fer_error answer_at_once(lookup *begun)
{
    answer found = answer_to(&begun->query);
    if (found.error.kind == FER_OK) {
        finish(begun, found);
    }
    return found.error;
}

static fer_error begin(pool *shared, lookup *begun)
{
    ferp_monitor_enter(&shared->monitor);
    fer_error err = begun->query.is_literal ? answer_at_once(begun) : enqueue(shared, begun);
    ferp_monitor_leave(&shared->monitor);
    return err;
}

static lookup *lookup_new(pool *shared, const feri_address_query *query, fer_poller *poller)
{
    lookup *made = ferp_memory_new(sizeof *made);
    if (made != NULL) {
        *made = (lookup){.pool = shared, .poller = poller, .query = *query};
    }
    return made;
}

fer_error fer_resolver_start(fer_resolver *resolver, const char *host_port, fer_poller *poller,
                             fer_lookup *out)
{
    if (resolver == NULL || resolver->pool_ == NULL || !is_of_this_process(resolver->pool_) ||
        out == NULL || out->block_ != NULL || (poller != NULL && !feri_poller_is_open(poller))) {
        return misuse;
    }
    feri_address_query query;
    FER_TRY(feri_address_query_of_text(&query, host_port));
    pool *shared = resolver->pool_;
    lookup *begun = lookup_new(shared, &query, poller);
    if (begun == NULL) {
        return no_memory;
    }
    fer_error err = begin(shared, begun);
    if (err.kind != FER_OK) {
        ferp_memory_free(begun);
        return err;
    }
    hold(shared);
    out->block_ = begun;
    return fine;
}

/* ---- Waiting */

static fer_error wait_until_done(const lookup *awaited, uint64_t deadline)
{
    fer_error err = fine;
    while (awaited->stage != DONE && err.kind == FER_OK) {
        err = ferp_monitor_wait(&awaited->pool->monitor, deadline);
    }
    return awaited->stage == DONE ? fine : err;
}

static fer_error tell(const answer *given, fer_socket_addr *addrs, size_t cap, size_t *count)
{
    if (given->error.kind != FER_OK) {
        return given->error;
    }
    for (size_t i = 0; i < given->count && i < cap; i++) {
        addrs[i] = given->addrs[i];
    }
    *count = given->count;
    return fine;
}

fer_error fer_lookup_wait(fer_lookup *lookup_handle, fer_duration timeout, fer_socket_addr *addrs,
                          size_t cap, size_t *count)
{
    if (lookup_handle == NULL || lookup_handle->block_ == NULL || count == NULL ||
        (addrs == NULL && cap > 0)) {
        return misuse;
    }
    const lookup *awaited = lookup_handle->block_;
    if (!is_of_this_process(awaited->pool)) {
        return feri_own_error(FER_CANCELLED);
    }
    bool only_asks = timeout.nanos == 0;
    uint64_t deadline = only_asks ? 0 : feri_deadline_after(timeout);
    ferp_monitor_enter(&awaited->pool->monitor);
    fer_error err = wait_until_done(awaited, deadline);
    if (err.kind == FER_OK) {
        err = tell(&awaited->answer, addrs, cap, count);
    } else if (err.kind == FER_TIMED_OUT && only_asks) {
        err = feri_own_error(FER_WOULD_BLOCK);
    }
    ferp_monitor_leave(&awaited->pool->monitor);
    return err;
}

/* ---- Ends */

/* A worker that is busy with it stays so, and finds nobody to tell. */
static void abandon(lookup *abandoned)
{
    if (abandoned->stage == IN_LINE) {
        leave_line(abandoned->pool, abandoned);
    } else if (abandoned->stage == UNDER_WAY) {
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
    if (!is_of_this_process(shared)) {
        return;
    }
    ferp_monitor_enter(&shared->monitor);
    abandon(closed);
    ferp_monitor_leave(&shared->monitor);
    forget_answer(&closed->answer);
    ferp_memory_free(closed);
    let_go(shared);
}

static void cancel_all(pool *shared)
{
    const answer cancelled = {{FER_CANCELLED, 0}, NULL, 0};
    while (shared->first != NULL) {
        lookup *first = shared->first;
        leave_line(shared, first);
        finish(first, cancelled);
    }
    for (size_t i = 0; i < shared->thread_count; i++) {
        lookup *under_way = shared->workers[i].lookup;
        shared->workers[i].lookup = NULL;
        if (under_way != NULL) {
            finish(under_way, cancelled);
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
    if (!is_of_this_process(shared)) {
        return;
    }
    ferp_monitor_enter(&shared->monitor);
    cancel_all(shared);
    ferp_monitor_leave(&shared->monitor);
    let_go(shared);
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
    made->holders = 1;
    made->process = ferp_process();
    made->thread_count = threads;
    made->unfinished_max = waiting < SIZE_MAX - threads ? threads + waiting : SIZE_MAX;
    fer_error err = ferp_monitor_begin(&made->monitor);
    if (err.kind != FER_OK) {
        ferp_memory_free(made);
        return err;
    }
    resolver->pool_ = made;
    return fine;
}
