/* scripted_background.c: the seam's memory, mutexes and threads, controlled by the test. */
#include "unit/scripted_background.h"

#include <stdlib.h>
#include <string.h>

#define ALIVE UINT64_C(0xA11FE)

struct script_background background;

static struct {
    ferp_thread thread;
    bool runs;
} threads[SCRIPT_THREADS_MAX];

void script_background_begin(void)
{
    memset(&background, 0, sizeof background);
    memset(threads, 0, sizeof threads);
}

void *ferp_alloc(size_t size)
{
    if (script.has_no_memory ||
        (background.memory_fails_at > 0 && --background.memory_fails_at == 0)) {
        return NULL;
    }
    void *memory = malloc(size);
    assert_non_null(memory);
    memset(memory, 0xA5, size);
    background.memory_live++;
    return memory;
}

void ferp_free(void *memory)
{
    background.memory_live -= memory != NULL;
    free(memory);
}

fer_error ferp_mutex_init(ferp_mutex *mutex)
{
    if (background.mutex_result.kind == FER_OK) {
        mutex->words[0] = ALIVE;
        background.mutexes_live++;
    }
    return background.mutex_result;
}

void ferp_mutex_destroy(ferp_mutex *mutex)
{
    assert_false(background.is_locked);
    assert_true(mutex->words[0] == ALIVE);
    mutex->words[0] = 0;
    background.mutexes_live--;
}

void ferp_mutex_lock(ferp_mutex *mutex)
{
    assert_true(mutex->words[0] == ALIVE);
    assert_false(background.is_locked);
    background.is_locked = true;
}

void ferp_mutex_unlock(ferp_mutex *mutex)
{
    assert_true(mutex->words[0] == ALIVE);
    assert_true(background.is_locked);
    background.is_locked = false;
}

void ferp_cond_broadcast(ferp_mutex *mutex)
{
    assert_true(mutex->words[0] == ALIVE);
    assert_true(background.is_locked);
    background.notified++;
}

fer_error ferp_cond_wait(ferp_mutex *mutex, uint64_t deadline)
{
    background.waits++;
    background.waited_until = deadline;
    ferp_mutex_unlock(mutex);
    if (background.on_wait != NULL) {
        background.on_wait();
    }
    ferp_mutex_lock(mutex);
    if (script.now < deadline && deadline != FERP_NO_DEADLINE) {
        script.now = deadline;
    }
    return (fer_error){FER_TIMED_OUT, 0};
}

fer_error ferp_thread_start(ferp_thread *thread)
{
    assert_true(background.threads_started < SCRIPT_THREADS_MAX);
    threads[background.threads_started].thread = *thread;
    threads[background.threads_started++].runs = true;
    background.threads_running++;
    return (fer_error){FER_OK, 0};
}

void ferp_thread_release(ferp_thread *thread, bool waits)
{
    background.threads_joined += waits;
    background.threads_detached += !waits;
    (void)thread;
}

bool script_thread_step(size_t thread)
{
    assert_true(thread < background.threads_started && threads[thread].runs);
    threads[thread].runs = threads[thread].thread.step(threads[thread].thread.argument);
    background.threads_running -= !threads[thread].runs;
    return threads[thread].runs;
}

void script_thread_finish(size_t thread)
{
    while (script_thread_step(thread)) {
    }
}

uint64_t ferp_process(void)
{
    return background.process;
}

/* ---- Texts */

/* No numbers of <errno.h>. */
void ferp_error_text(fer_error error, char *buf, size_t cap)
{
    buf[0] = '\0';
}

int ferp_errno(fer_error error)
{
    return error.kind == FER_OK ? 0 : -1;
}
