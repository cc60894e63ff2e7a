/* resolver_fixture.h: a new resolver, its lookups and a poller for each test of
 * core/names/resolver.c, and a teardown that checks for leaks. */
#ifndef TEST_RESOLVER_FIXTURE_H
#define TEST_RESOLVER_FIXTURE_H

#include "unit/scripted_background.h"

#include "ferrule/resolve.h"

enum { LOOKUPS = 8, CAP = 4 };

static fer_resolver resolver;
static fer_lookup lookups[LOOKUPS];
static fer_poller poller;

/* The system's resolver can take a long time, so the mutex must not be held during the call. */
static inline void assert_mutex_is_free(script_call call)
{
    if (call == SCRIPT_LOOKUP_BEGIN) {
        assert_false(background.is_locked);
    }
}

static inline void begin(uint32_t threads, uint32_t waiting)
{
    script_begin(&script_posix);
    script_background_begin();
    memset(&resolver, 0, sizeof resolver);
    memset(lookups, 0, sizeof lookups);
    memset(&poller, 0, sizeof poller);
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(
        &resolver,
        &(fer_resolver_options){.threads = threads,
                                .queue_cap = waiting == 0 ? FER_RESOLVER_NO_QUEUE : waiting}));
    script.on_call = assert_mutex_is_free;
    script.log[0] = '\0';
}

static inline int resolver_teardown(void **state)
{
    for (size_t i = 0; i < LOOKUPS; i++) {
        fer_lookup_close(&lookups[i]);
    }
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
    assert_int_equal(background.threads_running, 0);
    assert_int_equal(background.threads_joined + background.threads_detached,
                     background.threads_started);
    assert_int_equal(background.memory_live, 0);
    assert_int_equal(background.mutexes_live, 0);
    assert_false(background.is_locked);
    return script_teardown(state);
}

/* The addresses are read twice: the first pass counts them, the second copies them. */
static inline void script_addresses(size_t count)
{
    for (size_t walk = 0; walk < 2; walk++) {
        for (size_t i = 0; i < count; i++) {
            script_then(SCRIPT_LOOKUP_NEXT)->addr =
                script_addr(i == 0 ? "192.0.2.1:0" : "[2001:db8::2]:0");
        }
        if (walk == 0) {
            script_then_fail(SCRIPT_LOOKUP_NEXT, FER_NOT_FOUND, 0);
        }
    }
}

static inline void start(size_t at, const char *text)
{
    assert_ok(fer_resolver_start(&resolver, text, NULL, NULL, 0, &lookups[at]));
}

static inline fer_error poll_lookup(size_t at)
{
    size_t count = 99;
    fer_error error = fer_lookup_wait(&lookups[at], (fer_duration){0}, NULL, 0, &count);
    assert_true(error.kind == FER_OK ? count != 99 : count == 99);
    return error;
}

/* A RESOLVING_TEST has a resolver with one thread and without a queue. */
#define RESOLVER_TEST(function) TEST_WITH(function, NULL, resolver_teardown)
#define RESOLVER_TEST_AFTER(begin, function)       \
    TEST_BY(function, (void), (begin, function()), \
            TEST_ROW(#function, function, NULL, resolver_teardown, NULL))
#define RESOLVING_TEST(function) RESOLVER_TEST_AFTER(begin(1, 0), function)

#endif
