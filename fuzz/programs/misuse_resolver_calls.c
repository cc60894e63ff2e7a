/* misuse_resolver_calls.c: names in the background: resolvers, lookups and pollers in any state,
 * closed in any order but that of the rule: a lookup is closed before its poller. */
#include "fuzz/programs/misuse_calls.h"

static const char *const call_names[] = {"resolver_new", "resolver_start", "lookup_wait",
                                         "resolver_close"};
enum { CALLS = sizeof call_names / sizeof *call_names };

const char *misuse_resolver_call_name(uint8_t call)
{
    return call_names[call % CALLS];
}

static fer_error call_new(fer_resolver *resolver, uint8_t arg)
{
    static const size_t counts[] = {
        1, 2, 0, FER_RESOLVER_THREADS_MAX, FER_RESOLVER_THREADS_MAX + 1, SIZE_MAX, SIZE_MAX - 1, 3};
    return fer_resolver_new(resolver, counts[arg % 8], counts[(arg >> 3) % 8]);
}

static fer_error call_start(struct misuse_background *background, fer_resolver *resolver,
                            fer_lookup *lookup, uint8_t nulls, uint8_t arg)
{
    static const char *const texts[] = {
        "localhost:80", "127.0.0.1:80",    "",        "nowhere.test:1",
        "[::1]:0",      "localhost:99999", "127.1:5", ":"};
    fer_poller *poller = nulls & 16 ? NULL : &background->pollers[(arg >> 3) % 3];
    return fer_resolver_start(resolver, nulls & 4 ? NULL : texts[arg % 8], poller, lookup);
}

/* A wait for what is not there to be waited for leaves the count alone. */
static fer_error call_wait(fer_lookup *lookup, uint8_t nulls, uint8_t arg)
{
    static const uint64_t nanos[] = {0, 1, 1000000, UINT64_MAX};
    fer_socket_addr addrs[2];
    size_t count = 77;
    fer_error error =
        fer_lookup_wait(lookup, (fer_duration){nanos[arg % 4]}, nulls & 4 ? NULL : addrs,
                        (arg >> 2) % 3u, nulls & 8 ? NULL : &count);
    bool is_told = (nulls & 8) == 0;
    return is_told && (error.kind == FER_OK) == (count == 77)
               ? (fer_error){(fer_error_kind)0x7FFF, 0}
               : error;
}

/* Bits of nulls: resolver, lookup, text or addresses, count, poller. */
fer_error misuse_resolver_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                               uint8_t arg)
{
    struct misuse_background *background = &world->background;
    fer_resolver *resolver = nulls & 1 ? NULL : &background->resolvers[who % 3];
    fer_lookup *lookup = nulls & 2 ? NULL : &background->lookups[(who >> 2) % MISUSE_LOOKUPS];
    switch (call % CALLS) {
    case 0: return call_new(resolver, arg);
    case 1: return call_start(background, resolver, lookup, nulls, arg);
    case 2: return call_wait(lookup, nulls, arg);
    default:
        if (arg % 2 == 0) {
            fer_lookup_close(lookup);
        } else {
            fer_resolver_close(resolver);
        }
        return (fer_error){FER_OK, 0};
    }
}

void misuse_resolver_begin(struct misuse_world *world)
{
    struct misuse_background *background = &world->background;
    for (size_t i = 0; i < 3; i += 2) {
        FER_IGNORE(fer_poller_new(&background->pollers[i]));
        FER_IGNORE(fer_resolver_new(&background->resolvers[i], 1, 1));
    }
    FER_IGNORE(fer_resolver_start(&background->resolvers[0], "127.0.0.1:80",
                                  &background->pollers[0], &background->lookups[0]));
    FER_IGNORE(fer_resolver_start(&background->resolvers[0], "nowhere.test:1",
                                  &background->pollers[0], &background->lookups[3]));
    fer_resolver_close(&background->resolvers[2]);
    fer_poller_close(&background->pollers[2]);
}

void misuse_resolver_end(struct misuse_world *world)
{
    struct misuse_background *background = &world->background;
    for (size_t i = 0; i < MISUSE_LOOKUPS; i++) {
        fer_lookup_close(&background->lookups[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        fer_resolver_close(&background->resolvers[i]);
        fer_poller_close(&background->pollers[i]);
    }
}
