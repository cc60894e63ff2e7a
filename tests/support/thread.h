/* thread.h: one thread for a test: start it, join it. No locks and no sleeps: threads communicate
 * by atomics, sockets or the join. */
#ifndef TEST_THREAD_H
#define TEST_THREAD_H

#include <stdint.h>

/* Caller-owned; it must not move before the join. The members are private. */
typedef struct test_thread {
    void (*run)(void *argument);
    void *argument;
    uintptr_t native[2];
} test_thread;

/* Runs run(argument) on a new thread. Ends the program with a message if the system creates no
 * thread. */
void test_thread_start(test_thread *thread, void (*run)(void *argument), void *argument);

/* Waits for the end of the thread. Called exactly once for each start. */
void test_thread_join(test_thread *thread);

/* Yields to another thread, for a loop that polls an atomic. */
void test_thread_yield(void);

#endif
