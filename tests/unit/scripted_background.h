/* scripted_background.h: the seam's memory, mutexes and threads, for tests of core. Memory is
 * counted and can be refused. A started thread does nothing until the test runs its next step. A
 * wait for a condition calls on_wait, which acts for the other threads. Violations of a caller's
 * duties fail the test: a mutex is locked once, unlocked once and destroyed once. */
#ifndef TEST_SCRIPTED_BACKGROUND_H
#define TEST_SCRIPTED_BACKGROUND_H

#include "unit/scripted_platform.h"

enum { SCRIPT_THREADS_MAX = 128 };

/* Tests set the first group and read the second. */
struct script_background {
    size_t memory_fails_at; /* the n-th allocation from now fails; 0 for none */
    fer_error mutex_result; /* result of ferp_mutex_init */
    void (*on_wait)(void);  /* runs during a wait in place of other threads */
    uint64_t process;       /* another number simulates a fork */

    size_t memory_live; /* blocks */
    size_t mutexes_live;
    size_t notified; /* calls of notify_all */
    size_t waits;
    uint64_t waited_until; /* the deadline of the last wait */
    size_t threads_started;
    size_t threads_running;
    size_t threads_joined, threads_detached;
    bool is_locked;
};
extern struct script_background background;

/* Resets everything. */
void script_background_begin(void);

/* Runs one step of the n-th thread that was started, counted from 0. Returns false if it was the
 * last. */
bool script_thread_step(size_t thread);

/* Runs all remaining steps of the thread. */
void script_thread_finish(size_t thread);

#endif
