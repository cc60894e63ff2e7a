/* test_resolver_threads.c: the resolver on threads of this system, with a getaddrinfo that answers
 * only when the test allows it. POSIX only. Rules N3, N4, N7 to N9, T8; and many threads on one
 * resolver, for the thread sanitizer. Every order of the steps: tests/interleave/resolver.c. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_getname_np */
#endif

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "ferrule/cancel.h"
#include "ferrule/poller.h"
#include "ferrule/resolve.h"
#include "support/group.h"
#include "support/thread.h"

enum { LOOKUPS = 100, THREADS = 3, STRESS_THREADS = 4, STRESS_ROUNDS = 300 };

static const fer_resolver_options one_thread = {.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE};

/* ---- The system's resolver. It answers a name that starts with "slow" only when the test allows
 * it. */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t inside, answered;
    bool holds, signal_is_unblocked;
    char thread_name[32];
} system_resolver = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* A program can have a lot of thread-local storage, which glibc allocates on the threads'
 * stacks. */
static _Thread_local unsigned char thread_storage[1024 * 1024];

/* Uses as much stack as a system's resolver modules may use. */
static void use_stack(void)
{
    thread_storage[sizeof thread_storage - 1] = 1;
    volatile unsigned char stack[200 * 1024];
    for (size_t i = 0; i < sizeof stack; i += 1024) {
        stack[i] = (unsigned char)i;
    }
    assert_true(stack[1024] == 0);
}

static void record_thread(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGALRM, SIGCHLD, SIGHUP};
    sigset_t blocked;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        system_resolver.signal_is_unblocked |= sigismember(&blocked, signals[i]) != 1;
    }
#if defined(__linux__)
    (void)prctl(PR_GET_NAME, system_resolver.thread_name); /* not each bionic has a function */
#endif
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    use_stack();
    pthread_mutex_lock(&system_resolver.mutex);
    record_thread();
    system_resolver.inside++;
    pthread_cond_broadcast(&system_resolver.changed);
    while (system_resolver.holds && strncmp(node, "slow", 4) == 0) {
        pthread_cond_wait(&system_resolver.changed, &system_resolver.mutex);
    }
    system_resolver.inside--;
    system_resolver.answered++;
    pthread_cond_broadcast(&system_resolver.changed);
    pthread_mutex_unlock(&system_resolver.mutex);
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *answer = calloc(1, sizeof *answer);
    if (answer == NULL || strncmp(node, "none", 4) == 0) {
        free(answer);
        return EAI_NONAME;
    }
    answer->address.sin_family = AF_INET;
    answer->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    answer->info.ai_family = AF_INET;
    answer->info.ai_addr = (struct sockaddr *)&answer->address;
    answer->info.ai_addrlen = sizeof answer->address;
    *out = &answer->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *first)
{
    free(first);
}

/* ---- Control of the system's resolver */

static fer_resolver resolver;
static fer_lookup lookups[LOOKUPS];
static fer_poller poller;

#define assert_kind(call, want) \
    assert_string_equal(fer_error_kind_name((call).kind), fer_error_kind_name(want))
#define assert_ok(call) assert_kind(call, FER_OK)

static void hold(bool holds)
{
    pthread_mutex_lock(&system_resolver.mutex);
    system_resolver.holds = holds;
    pthread_cond_broadcast(&system_resolver.changed);
    pthread_mutex_unlock(&system_resolver.mutex);
}

/* Waits until as many lookups are inside, or none if the count is 0. */
static void wait_until_inside(size_t count)
{
    pthread_mutex_lock(&system_resolver.mutex);
    while (count > 0 ? system_resolver.inside < count : system_resolver.inside > 0) {
        pthread_cond_wait(&system_resolver.changed, &system_resolver.mutex);
    }
    pthread_mutex_unlock(&system_resolver.mutex);
}

static int begin(void **state)
{
    memset(&resolver, 0, sizeof resolver);
    memset(lookups, 0, sizeof lookups);
    memset(&poller, 0, sizeof poller);
    pthread_mutex_lock(&system_resolver.mutex);
    system_resolver.answered = 0;
    pthread_mutex_unlock(&system_resolver.mutex);
    hold(true);
    return 0;
}

static int end(void **state)
{
    for (size_t i = 0; i < LOOKUPS; i++) {
        fer_lookup_close(&lookups[i]);
    }
    hold(false);
    FER_IGNORE(fer_resolver_close_gracefully(&resolver, NULL)); /* no thread is left for the next */
    fer_poller_close(&poller);
    wait_until_inside(0);
    return 0;
}

#define RESOLVER_TEST(rule, function) \
    TEST_OF(function, (void), (), TEST_ROW(rule " " #function, function, begin, end, NULL))

static fer_error start(size_t at, const char *text)
{
    return fer_resolver_start(&resolver, text, NULL, NULL, 0, &lookups[at]);
}

static fer_error wait_for(size_t at, fer_duration timeout)
{
    size_t count = 0;
    return fer_lookup_wait(&lookups[at], timeout, NULL, 0, &count);
}

static int64_t nanos_of(clockid_t clock)
{
    struct timespec now;
    assert_int_equal(clock_gettime(clock, &now), 0);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* N4: "other timeouts never expire early". T8: less than 2 % of the time, here of a second. */
RESOLVER_TEST("N4", a_wait_has_its_time_and_no_processor_time)
{
    static const uint64_t micros[] = {1, 700, 5000, 20000, 1000000};
    assert_ok(fer_resolver_new(&resolver, &one_thread));
    assert_ok(start(0, "slow.test:80"));
    assert_kind(wait_for(0, (fer_duration){0}), FER_WOULD_BLOCK);
    for (size_t i = 0; i < sizeof micros / sizeof micros[0]; i++) {
        int64_t before = nanos_of(CLOCK_MONOTONIC);
        int64_t used_before = nanos_of(CLOCK_THREAD_CPUTIME_ID);
        fer_error error = wait_for(0, fer_duration_from_micros(micros[i]));
        assert_true(nanos_of(CLOCK_MONOTONIC) - before >= (int64_t)micros[i] * 1000);
        assert_in_range(nanos_of(CLOCK_THREAD_CPUTIME_ID) - used_before, 0, 20000000);
        assert_kind(error, FER_TIMED_OUT);
        assert_int_equal(error.os_code, 0);
    }
    wait_until_inside(1); /* its thread must not call getaddrinfo during the next test */
}

static void wait_without_timeout(void *argument)
{
    size_t at = *(const size_t *)argument;
    *(size_t *)argument = (size_t)wait_for(at, FER_DURATION_NONE).kind;
}

/* N3 with several waiting threads, and N5. */
RESOLVER_TEST("N3", every_waiting_thread_gets_the_result)
{
    test_thread threads[THREADS];
    size_t results[THREADS] = {0};
    fer_event event;
    size_t count = 99;
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(&resolver, &one_thread));
    assert_ok(fer_resolver_start(&resolver, "slow.test:80", NULL, &poller, 0, &lookups[0]));
    for (size_t i = 0; i < THREADS; i++) {
        test_thread_start(&threads[i], wait_without_timeout, &results[i]);
    }
    wait_until_inside(1);
    hold(false);
    assert_ok(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, NULL));
    assert_int_equal(count, 0);
    assert_ok(wait_for(0, (fer_duration){0}));
    for (size_t i = 0; i < THREADS; i++) {
        test_thread_join(&threads[i]);
        assert_int_equal(results[i], FER_OK);
    }
}

/* N2: "The resolver has a bound for running lookups": any number of them. */
RESOLVER_TEST("N2", as_many_lookups_run_as_the_resolver_has_threads)
{
    const uint32_t threads[] = {LOOKUPS, FER_RESOLVER_NO_LIMIT};
    for (size_t row = 0; row < 2; row++) {
        fer_resolver_close(&resolver);
        assert_ok(fer_resolver_new(
            &resolver,
            &(fer_resolver_options){.threads = threads[row], .queue_cap = FER_RESOLVER_NO_QUEUE}));
        hold(true);
        for (size_t i = 0; i < LOOKUPS; i++) {
            assert_ok(start(i, "slow.test:80"));
        }
        wait_until_inside(LOOKUPS);
        hold(false);
        for (size_t i = 0; i < LOOKUPS; i++) {
            assert_ok(wait_for(i, FER_DURATION_NONE));
            fer_lookup_close(&lookups[i]);
        }
        wait_until_inside(0);
    }
}

/* The threads of this process, or 0 if the system does not say. */
static size_t count_threads(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task = NULL; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        count += task->d_name[0] != '.';
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return count;
}

static void let_go(void *argument)
{
    (void)argument;
    wait_until_inside(2);
    hold(false);
}

/* N7: "fer_resolver_close_gracefully waits, within limits, until its threads have ended", those of
 * lookups that were closed too. */
RESOLVER_TEST("N7", a_graceful_close_waits_for_the_threads)
{
    test_thread thread;
    size_t before = count_threads();
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 3}));
    for (size_t i = 0; i < 3; i++) {
        assert_ok(start(i, i < 2 ? "slow.test:80" : "quick.test:80"));
    }
    assert_ok(wait_for(2, FER_DURATION_NONE));
    fer_lookup_close(&lookups[0]);
    test_thread_start(&thread, let_go, NULL);
    assert_ok(fer_resolver_close_gracefully(&resolver, NULL));
    assert_int_equal(system_resolver.inside, 0);
    test_thread_join(&thread);
    while (count_threads() > before) { /* the system removes a thread after its join */
        sched_yield();
    }
    fer_error_kind ended = wait_for(1, FER_DURATION_NONE).kind;
    assert_true(ended == FER_CANCELLED || ended == FER_OK); /* answered before the close */
    assert_kind(fer_resolver_close_gracefully(&resolver, NULL), FER_MISUSE);
}

/* N7, K1. The resolver is closed after each of these failures. */
RESOLVER_TEST("N7", a_graceful_close_ends_with_its_limits)
{
    fer_cancel_token token = {0};
    assert_ok(fer_cancel_token_new(&token));
    for (int i = 0; i < 3; i++) {
        fer_limits limits = {0};
        assert_ok(fer_resolver_new(&resolver, &one_thread));
        assert_ok(start(0, "slow.test:80"));
        wait_until_inside(1);
        if (i == 0) {
            limits.deadline = fer_instant_after(fer_duration_from_millis(20));
        } else {
            limits.token = &token;
            assert_ok(fer_cancel_token_cancel(&token));
        }
        assert_kind(fer_resolver_close_gracefully(&resolver, &limits),
                    i == 0 ? FER_TIMED_OUT : FER_CANCELLED);
        assert_kind(fer_resolver_close_gracefully(&resolver, &limits), FER_MISUSE);
        assert_kind(wait_for(0, FER_DURATION_NONE), FER_CANCELLED);
        fer_lookup_close(&lookups[0]);
        hold(false);
        wait_until_inside(0);
        hold(true);
    }
    fer_cancel_token_close(&token);
}

/* N7: "Closing a resolver never waits". A thread that waits for one of its lookups is woken. */
RESOLVER_TEST("N7", a_resolver_is_closed_while_the_system_runs_a_lookup)
{
    test_thread thread;
    size_t result = 0;
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 4}));
    for (size_t i = 0; i < 4; i++) {
        assert_ok(start(i, "slow.test:80"));
    }
    wait_until_inside(1);
    test_thread_start(&thread, wait_without_timeout, &result);
    fer_resolver_close(&resolver);
    test_thread_join(&thread);
    assert_int_equal(result, FER_CANCELLED);
    for (size_t i = 0; i < 4; i++) {
        assert_kind(wait_for(i, FER_DURATION_NONE), FER_CANCELLED);
        fer_lookup_close(&lookups[i]);
    }
    hold(false);
    wait_until_inside(0);
    assert_int_equal(system_resolver.answered, 1);
}

/* N8: "They handle no signal". They have a name, by which tools show them. */
RESOLVER_TEST("N8", threads_take_no_signal_and_have_a_name)
{
    sigset_t before;
    sigset_t after;
    assert_ok(fer_resolver_new(&resolver, &one_thread));
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_ok(start(0, "none.test:80"));
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_kind(wait_for(0, FER_DURATION_NONE), FER_HOST_NOT_FOUND);
    assert_false(system_resolver.signal_is_unblocked);
    assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
#if defined(__linux__) && !defined(FERRULE_PLAIN_POSIX)
    assert_string_equal(system_resolver.thread_name, "ferrule-resolve");
#endif
}

/* ---- Many threads at once */

static uint32_t choose(uint32_t *random, uint32_t bound)
{
    *random = *random * 1664525u + 1013904223u;
    return (*random >> 16) % bound;
}

static atomic_size_t starters; /* threads that still start lookups */
static atomic_uchar key_times[STRESS_THREADS * STRESS_ROUNDS];

/* Closes a quarter of its lookups at once, and the others when their key was returned. */
static void start_with_keys(void *argument)
{
    uint32_t random = *(const uint32_t *)argument;
    size_t base = random / 7919u * STRESS_ROUNDS;
    size_t failures = 0;
    for (size_t key = base; key < base + STRESS_ROUNDS; key++) {
        fer_lookup lookup = {0};
        const char *text = choose(&random, 4) == 0 ? "127.0.0.1:80" : "fast.test:80";
        fer_error error;
        do {
            test_thread_yield();
            error = fer_resolver_start(&resolver, text, NULL, &poller, key, &lookup);
        } while (error.kind == FER_WOULD_BLOCK);
        failures += error.kind != FER_OK;
        bool is_abandoned = choose(&random, 4) == 0;
        while (!is_abandoned && key_times[key] == 0) {
            test_thread_yield();
        }
        fer_lookup_close(&lookup);
    }
    starters--;
    *(uint32_t *)argument = (uint32_t)failures;
}

static void take_keys(void *argument)
{
    size_t failures = 0;
    while (starters > 0) {
        uint64_t keys[2];
        size_t count = 0;
        failures += fer_resolver_take_completed(&resolver, &poller, keys, 2, &count).kind != FER_OK;
        for (size_t i = 0; i < count; i++) {
            failures += key_times[keys[i]]++ != 0;
        }
        test_thread_yield();
    }
    *(uint32_t *)argument = (uint32_t)failures;
}

/* N9: "returns each listed key once", to any of several threads, while lookups are started,
 * finished and closed. The argument is a seed, 1 more than a multiple of 7919, and then the number
 * of failures. */
RESOLVER_TEST("N9", many_threads_take_each_key_once)
{
    test_thread threads[2 * STRESS_THREADS];
    uint32_t arguments[2 * STRESS_THREADS];
    hold(false);
    starters = STRESS_THREADS;
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 3, .queue_cap = 2}));
    for (size_t i = 0; i < 2 * (size_t)STRESS_THREADS; i++) {
        arguments[i] = (uint32_t)(i / 2) * 7919u + 1;
        test_thread_start(&threads[i], i % 2 == 0 ? start_with_keys : take_keys, &arguments[i]);
    }
    for (size_t i = 0; i < 2 * (size_t)STRESS_THREADS; i++) {
        test_thread_join(&threads[i]);
        assert_int_equal(arguments[i], 0);
    }
}

TEST_MAIN("resolver's threads")
