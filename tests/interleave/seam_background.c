/* seam_background.c: the simulated system's memory, mutexes, threads and names. */
#include "tests/interleave/memory.h"
#include "tests/interleave/seam.h"

static const fer_error success = {FER_OK, 0};

void *ferp_alloc(size_t size)
{
    return inter_block_new(size);
}

void ferp_free(void *memory)
{
    inter_block_free(memory);
}

/* ---- Mutexes. The words: whether a thread holds it, and the number of broadcasts. */

enum { IS_LOCKED, BROADCASTS };

static void use(const ferp_mutex *mutex)
{
    inter_plain_read((uintptr_t)mutex->words, sizeof mutex->words);
}

fer_error ferp_mutex_init(ferp_mutex *mutex)
{
    inter_plain_write((uintptr_t)mutex->words, sizeof mutex->words);
    mutex->words[IS_LOCKED] = 0;
    mutex->words[BROADCASTS] = 0;
    return success;
}

void ferp_mutex_destroy(ferp_mutex *mutex)
{
    inter_plain_write((uintptr_t)mutex->words, sizeof mutex->words);
    INTER_CHECK(mutex->words[IS_LOCKED] == 0);
}

static bool is_free(const void *argument)
{
    const ferp_mutex *mutex = argument;
    return mutex->words[IS_LOCKED] == 0;
}

static void lock(ferp_mutex *mutex, const char *name)
{
    inter_operation operation = inter_operation_on(name, mutex, true);
    operation.caller = __builtin_return_address(0);
    operation.is_ready = is_free;
    operation.argument = mutex;
    (void)inter_step(&operation);
    use(mutex);
    mutex->words[IS_LOCKED] = 1;
    inter_lock_acquired(inter_self(), mutex);
}

static void unlock(ferp_mutex *mutex, const char *name)
{
    inter_step_on(name, mutex, true);
    use(mutex);
    INTER_CHECK(mutex->words[IS_LOCKED] == 1);
    mutex->words[IS_LOCKED] = 0;
    inter_lock_released(inter_self(), mutex);
}

void ferp_mutex_lock(ferp_mutex *mutex)
{
    lock(mutex, "lock mutex");
}

void ferp_mutex_unlock(ferp_mutex *mutex)
{
    unlock(mutex, "unlock mutex");
}

typedef struct cond_wait {
    const ferp_mutex *mutex;
    uint64_t broadcasts;
} cond_wait;

static bool is_notified(const void *argument)
{
    const cond_wait *wait = argument;
    return wait->mutex->words[BROADCASTS] != wait->broadcasts || inter_sky.cond_wakes_spuriously;
}

fer_error ferp_cond_wait(ferp_mutex *mutex, uint64_t deadline)
{
    cond_wait wait = {mutex, mutex->words[BROADCASTS]};
    inter_check_deadline(deadline);
    unlock(mutex, "unlock to wait");
    inter_operation operation = inter_operation_on("wait for cond", mutex, false);
    operation.is_ready = is_notified;
    operation.argument = &wait;
    fer_error ended = inter_wait(&operation, deadline);
    inter_sky.cond_wakes_spuriously = false;
    lock(mutex, "lock after wait");
    return ended.kind == FER_INTERRUPTED ? success : ended;
}

void ferp_cond_broadcast(ferp_mutex *mutex)
{
    inter_step_on("broadcast cond", mutex, true);
    INTER_CHECK(mutex->words[IS_LOCKED] == 1);
    mutex->words[BROADCASTS]++;
}

/* ---- Threads */

static const char threads;

static void run_steps(void *argument)
{
    inter_plain_read((uintptr_t)argument, sizeof(ferp_thread));
    const ferp_thread thread = *(const ferp_thread *)argument;
    while (thread.step(thread.argument)) {
    }
    inter_step_on("end thread", &threads, true);
    inter_sky.threads_ended |= thread.id;
}

/* The number is a bit of its own. */
fer_error ferp_thread_start(ferp_thread *thread)
{
    inter_step_on("start thread", &threads, true);
    inter_sky.threads_started++;
    thread->id = UINT64_C(1) << inter_sky.threads_started;
    inter_thread_start(run_steps, thread);
    return success;
}

static bool has_ended(const void *argument)
{
    const ferp_thread *thread = argument;
    return (inter_sky.threads_ended & thread->id) != 0;
}

/* A thread is released once. */
void ferp_thread_release(ferp_thread *thread, bool waits)
{
    inter_operation operation = inter_operation_on("release thread", &threads, true);
    operation.is_ready = waits ? has_ended : NULL;
    operation.argument = thread;
    (void)inter_step(&operation);
    INTER_CHECK((inter_sky.threads_released & thread->id) == 0);
    inter_sky.threads_released |= thread->id;
}

uint64_t ferp_process(void)
{
    return 1;
}

/* ---- Names: each has one address. */

fer_error ferp_lookup_run(ferp_lookup *lookup, const char *host, fer_ip_family family)
{
    (void)family;
    (void)host;
    inter_operation operation = {.name = "look up"};
    (void)inter_step(&operation);
    if (inter_sky.lookup_failures > 0 && inter_choose(2) == 1) {
        inter_sky.lookup_failures--;
        return (fer_error){FER_HOST_NOT_FOUND, -2};
    }
    *lookup = (ferp_lookup){NULL, lookup};
    return success;
}

bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out)
{
    bool has_next = lookup->next != NULL;
    lookup->next = NULL;
    *out = (fer_socket_addr){0};
    return has_next;
}

void ferp_lookup_end(ferp_lookup *lookup)
{
    lookup->next = NULL;
}
