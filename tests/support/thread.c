/* thread.c: the thread of thread.h, by pthreads or Windows threads. */
#include "support/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#endif

static void give_up(const char *what)
{
    fprintf(stderr, "test thread: %s failed\n", what);
    abort();
}

#if defined(_WIN32)

static DWORD WINAPI run_thread(void *argument)
{
    test_thread *thread = argument;
    thread->run(thread->argument);
    return 0;
}

void test_thread_start(test_thread *thread, void (*run)(void *argument), void *argument)
{
    thread->run = run;
    thread->argument = argument;
    HANDLE native = CreateThread(NULL, 0, run_thread, thread, 0, NULL);
    if (native == NULL) {
        give_up("CreateThread");
    }
    thread->native[0] = (uintptr_t)native;
}

void test_thread_join(test_thread *thread)
{
    HANDLE native = (HANDLE)thread->native[0];
    if (WaitForSingleObject(native, INFINITE) != WAIT_OBJECT_0) {
        give_up("WaitForSingleObject");
    }
    CloseHandle(native);
}

void test_thread_yield(void)
{
    if (!SwitchToThread()) {
        Sleep(0);
    }
}

#else

_Static_assert(sizeof(pthread_t) <= sizeof(((test_thread *)0)->native),
               "test_thread.native holds a pthread_t");

static void *run_thread(void *argument)
{
    test_thread *thread = argument;
    thread->run(thread->argument);
    return NULL;
}

void test_thread_start(test_thread *thread, void (*run)(void *argument), void *argument)
{
    thread->run = run;
    thread->argument = argument;
    pthread_t native;
    if (pthread_create(&native, NULL, run_thread, thread) != 0) {
        give_up("pthread_create");
    }
    memcpy(thread->native, &native, sizeof native);
}

void test_thread_join(test_thread *thread)
{
    pthread_t native;
    memcpy(&native, thread->native, sizeof native);
    if (pthread_join(native, NULL) != 0) {
        give_up("pthread_join");
    }
}

void test_thread_yield(void)
{
    sched_yield();
}

#endif
