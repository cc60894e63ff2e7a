/* thread.c: the resolver's lock, condition and threads, by pthreads. */
#include "platform/posix/posix.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#if defined(__FreeBSD__) || defined(__OpenBSD__)
#include <pthread_np.h>
#endif

#define STACK_SIZE_MIN ((size_t)512 * 1024)

/* At most 15 bytes on Linux (pthread_setname_np(3)). */
#define THREAD_NAME "ferrule-resolve"

typedef struct mutex_parts {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} mutex_parts;

_Static_assert(sizeof(mutex_parts) <= sizeof(ferp_mutex) &&
                   _Alignof(mutex_parts) <= _Alignof(ferp_mutex),
               "a ferp_mutex holds its parts");

static mutex_parts *parts_of(ferp_mutex *mutex)
{
    return (mutex_parts *)(void *)mutex->words;
}

/* pthread functions return an errno value. Here EAGAIN means a lack of resources, not a call that
 * would block (pthread_create(3)). */
static fer_error thread_error(int code)
{
    return code == EAGAIN ? (fer_error){FER_OUT_OF_MEMORY, code} : ferp_posix_error_of(code);
}

/* ---- The lock and its condition */

#if defined(__APPLE__)

/* macOS cannot change the clock of a condition; wait_until passes the time that remains. */
static int init_condition(pthread_cond_t *condition)
{
    return pthread_cond_init(condition, NULL);
}

#else

/* Deadlines are times of ferp_now. */
static int init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int code = pthread_condattr_init(&attributes);
    if (code != 0) {
        return code;
    }
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    code = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return code;
}

#endif

fer_error ferp_mutex_init(ferp_mutex *mutex)
{
    mutex_parts *parts = parts_of(mutex);
    int code = pthread_mutex_init(&parts->mutex, NULL);
    if (code != 0) {
        return thread_error(code);
    }
    code = init_condition(&parts->changed);
    if (code != 0) {
        pthread_mutex_destroy(&parts->mutex);
    }
    return thread_error(code);
}

void ferp_mutex_destroy(ferp_mutex *mutex)
{
    pthread_cond_destroy(&parts_of(mutex)->changed);
    pthread_mutex_destroy(&parts_of(mutex)->mutex);
}

/* Lock and unlock of a default mutex, in pairs, cannot fail. */
void ferp_mutex_lock(ferp_mutex *mutex)
{
    (void)pthread_mutex_lock(&parts_of(mutex)->mutex);
}

void ferp_mutex_unlock(ferp_mutex *mutex)
{
    (void)pthread_mutex_unlock(&parts_of(mutex)->mutex);
}

void ferp_cond_broadcast(ferp_mutex *mutex)
{
    (void)pthread_cond_broadcast(&parts_of(mutex)->changed);
}

#if defined(__APPLE__)

static int wait_until(mutex_parts *parts, uint64_t deadline)
{
    uint64_t now = ferp_now();
    struct timespec left = ferp_posix_timespec(deadline > now ? deadline - now : 0);
    return pthread_cond_timedwait_relative_np(&parts->changed, &parts->mutex, &left);
}

#else

static int wait_until(mutex_parts *parts, uint64_t deadline)
{
    struct timespec end = ferp_posix_timespec(deadline);
    return pthread_cond_timedwait(&parts->changed, &parts->mutex, &end);
}

#endif

static int wait_inside(mutex_parts *parts, uint64_t deadline)
{
    return deadline == FERP_NO_DEADLINE ? pthread_cond_wait(&parts->changed, &parts->mutex)
                                        : wait_until(parts, deadline);
}

/* A deadline that was clamped to time_t ends early, with FER_OK. For the deadline 0 no time is
 * left, but pthread_cond_timedwait would let the thread sleep for some microseconds. */
fer_error ferp_cond_wait(ferp_mutex *mutex, uint64_t deadline)
{
    int code = deadline == 0 ? ETIMEDOUT : wait_inside(parts_of(mutex), deadline);
    if (code != ETIMEDOUT) {
        return thread_error(code);
    }
    return (fer_error){ferp_now() >= deadline ? FER_TIMED_OUT : FER_OK, 0};
}

/* ---- Threads */

/* For debuggers. Best effort, by a different call on each system. */
static void name_this_thread(void)
{
#if defined(__APPLE__)
    (void)pthread_setname_np(THREAD_NAME);
#elif FERP_FOUND_ON_LINUX
    (void)pthread_setname_np(pthread_self(), THREAD_NAME);
#elif defined(__FreeBSD__) || defined(__OpenBSD__)
    pthread_set_name_np(pthread_self(), THREAD_NAME);
#elif defined(__NetBSD__)
    (void)pthread_setname_np(pthread_self(), "%s", (void *)(uintptr_t)THREAD_NAME);
#endif
}

static void *run_thread(void *argument)
{
    const ferp_thread *thread = argument;
    bool (*step)(void *) = thread->step; /* create still writes the number */
    void *of_step = thread->argument;
    name_this_thread();
    while (step(of_step)) {
    }
    return NULL;
}

_Static_assert(sizeof(pthread_t) <= sizeof(uint64_t), "a ferp_thread holds its number");

static int create(ferp_thread *thread, const pthread_attr_t *attributes)
{
    pthread_t created;
    sigset_t all;
    sigset_t before;
    memset(&created, 0, sizeof created);
    sigfillset(&all);
    /* The new thread inherits the mask (pthread_create(3)). */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&created, attributes, run_thread, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code == 0) {
        memcpy(&thread->id, &created, sizeof created);
    }
    return code;
}

/* Keeps the system's default stack size, unless it is small (musl: 128 KiB). glibc takes the
 * program's thread-local storage from the stack, so only glibc can compute a size that is enough.
 * getaddrinfo loads the system's name service modules, whose needs are unknown. A stack costs
 * address space, not memory. */
static void ensure_stack_size(pthread_attr_t *attributes)
{
    size_t size = 0;
    if (pthread_attr_getstacksize(attributes, &size) == 0 && size < STACK_SIZE_MIN) {
        /* On failure the default size remains. */
        (void)pthread_attr_setstacksize(attributes, STACK_SIZE_MIN);
    }
}

fer_error ferp_thread_start(ferp_thread *thread)
{
    pthread_attr_t attributes;
    int code = pthread_attr_init(&attributes);
    if (code != 0) {
        return thread_error(code);
    }
    ensure_stack_size(&attributes);
    code = create(thread, &attributes);
    pthread_attr_destroy(&attributes);
    return thread_error(code);
}

void ferp_thread_release(ferp_thread *thread, bool waits)
{
    pthread_t released;
    memcpy(&released, &thread->id, sizeof released);
    (void)(waits ? pthread_join(released, NULL) : pthread_detach(released));
}

/* The forks that led to this process. A child can have its parent's process id: both are process 1,
 * if the child is the first process of a new PID namespace (pid_namespaces(7)). */
static uint32_t forks;
static pthread_once_t forks_are_counted = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    forks++;
}

static void begin_to_count_forks(void)
{
    (void)pthread_atfork(NULL, NULL, count_fork); /* without memory the process id decides */
}

uint64_t ferp_process(void)
{
    (void)pthread_once(&forks_are_counted, begin_to_count_forks);
    return (uint64_t)forks << 32 | (uint32_t)getpid();
}
