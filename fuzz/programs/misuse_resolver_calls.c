/* misuse_resolver_calls.c: lookups in the background: resolvers, lookups and pollers in any state.
 * They are closed in any order, but each lookup before its poller, as the rule demands. */
#include "fuzz/programs/misuse_calls.h"

/* Bits of nulls: resolver, lookup, text or addresses, count, poller. */
static fer_resolver *resolver_of(const struct misuse_arguments *a)
{
    return a->nulls & 1 ? NULL : &a->state->background.resolvers[a->which % 3];
}

static fer_lookup *lookup_of(const struct misuse_arguments *a)
{
    return a->nulls & 2 ? NULL : &a->state->background.lookups[(a->which >> 2) % MISUSE_LOOKUPS];
}

static fer_error do_new(const struct misuse_arguments *a)
{
    static const uint32_t counts[] = {
        1, 2, 0, FER_RESOLVER_THREADS_MAX, FER_RESOLVER_THREADS_MAX + 1, UINT32_MAX, UINT32_MAX - 1,
        3};
    return fer_resolver_new(resolver_of(a),
                            &(fer_resolver_options){.threads = counts[a->arg % 8],
                                                    .queue_cap = counts[(a->arg >> 3) % 8]});
}

static fer_error do_start(const struct misuse_arguments *a)
{
    static const char *const texts[] = {
        "localhost:80", "127.0.0.1:80",    "",        "nowhere.test:1",
        "[::1]:0",      "localhost:99999", "127.1:5", ":"};
    fer_poller *poller = a->nulls & 16 ? NULL : &a->state->background.pollers[(a->arg >> 3) % 3];
    const char *text = a->nulls & 4 ? NULL : texts[a->arg % 8];
    if (a->arg >= 128) {
        return fer_resolver_start(resolver_of(a), text, NULL, poller, a->arg, lookup_of(a));
    }
    return fer_resolver_start(resolver_of(a), text, NULL, poller, 0, lookup_of(a));
}

/* A call that fails leaves the keys and the count alone. */
static fer_error do_take(const struct misuse_arguments *a)
{
    uint64_t keys[3] = {MISUSE_UNTOUCHED, MISUSE_UNTOUCHED, MISUSE_UNTOUCHED};
    size_t cap = a->arg % 4;
    fer_poller *poller = a->nulls & 16 ? NULL : &a->state->background.pollers[(a->arg >> 3) % 3];
    fer_error error =
        fer_resolver_take_completed(resolver_of(a), poller, a->nulls & 4 ? NULL : keys, cap, a->n);
    size_t stored = a->n != NULL && error.kind == FER_OK ? *a->n : 0;
    bool is_right = a->n == NULL || (error.kind == FER_OK) == (*a->n != MISUSE_UNTOUCHED);
    is_right = is_right && stored <= cap;
    for (size_t i = stored; i < 3; i++) {
        is_right = is_right && keys[i] == MISUSE_UNTOUCHED;
    }
    return misuse_checked(is_right, error);
}

/* A wait that fails leaves the count alone. */
static fer_error do_wait(const struct misuse_arguments *a)
{
    if (a->nulls >= 128) {
        return do_take(a);
    }
    static const uint64_t nanos[] = {0, 1, 1000000, UINT64_MAX};
    fer_socket_addr addrs[2];
    fer_error error = fer_lookup_wait(lookup_of(a), (fer_duration){nanos[a->arg % 4]},
                                      a->nulls & 4 ? NULL : addrs, (a->arg >> 2) % 3u, a->n);
    bool is_right = a->n == NULL || (error.kind == FER_OK) == (*a->n != MISUSE_UNTOUCHED);
    return misuse_checked(is_right, error);
}

static fer_error do_close(const struct misuse_arguments *a)
{
    if (a->arg % 2 == 0) {
        fer_lookup_close(lookup_of(a));
    } else {
        fer_resolver_close(resolver_of(a));
    }
    return misuse_ok();
}

/* X(name, the call) */
#define CALLS(X)                   \
    X(resolver_new, do_new(a))     \
    X(resolver_start, do_start(a)) \
    X(lookup_wait, do_wait(a))     \
    X(resolver_close, do_close(a))

#include "fuzz/programs/misuse_table.h"

const struct misuse_family misuse_resolver_family = {calls, CALL_COUNT, false, NULL};

void misuse_resolver_begin(struct misuse_state *state)
{
    struct misuse_background *background = &state->background;
    for (size_t i = 0; i < 3; i += 2) {
        FER_IGNORE(fer_poller_new(&background->pollers[i]));
        FER_IGNORE(fer_resolver_new(&background->resolvers[i],
                                    &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    }
    FER_IGNORE(fer_resolver_start(&background->resolvers[0], "127.0.0.1:80", NULL,
                                  &background->pollers[0], 0, &background->lookups[0]));
    FER_IGNORE(fer_resolver_start(&background->resolvers[0], "nowhere.test:1", NULL,
                                  &background->pollers[0], 0, &background->lookups[3]));
    fer_resolver_close(&background->resolvers[2]);
    fer_poller_close(&background->pollers[2]);
}

void misuse_resolver_end(struct misuse_state *state)
{
    struct misuse_background *background = &state->background;
    for (size_t i = 0; i < MISUSE_LOOKUPS; i++) {
        fer_lookup_close(&background->lookups[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        fer_resolver_close(&background->resolvers[i]);
        fer_poller_close(&background->pollers[i]);
    }
}
