/* thread.h: one thread for a test: start it, join it. No locks and no sleeping: what threads must
 * tell each other goes through atomics, sockets or the join. */
#ifndef TEST_THREAD_H
#define TEST_THREAD_H

#include <stdint.h>

/* The caller's storage; it must stay in place until the join. Its members are the helper's. */
typedef struct test_thread {
    void (*run)(void *argument);
    void *argument;
    uintptr_t native[2];
} test_thread;

/* Runs run(argument) on a new thread. Ends the program with a message when the system gives
 * none. */
void test_thread_start(test_thread *thread, void (*run)(void *argument), void *argument);

/* Waits for the thread's end. Exactly once for each start. */
void test_thread_join(test_thread *thread);

/* Lets another thread run first: for a loop that looks at an atomic. */
void test_thread_yield(void);

#endif
