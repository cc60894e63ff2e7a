/* example_os.h: what the examples need of a system besides sockets: standard input and output as
 * bytes, threads, a lock to wait with, a pause, a clock, Ctrl-C and a number that nobody can guess.
 * The one place of the examples that asks which OS this is. Include it first. */
#ifndef EXAMPLE_OS_H
#define EXAMPLE_OS_H

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define _CRT_RAND_S /* asks <stdlib.h> for rand_s (MSDN, rand_s) */
#include <stdlib.h>
#include <windows.h>
#else
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
typedef HANDLE example_native_thread;
#else
typedef pthread_t example_native_thread;
#endif

/* A thread and what it runs. It must stay in place while the thread runs. */
typedef struct example_thread {
    void (*run)(void *argument);
    void *argument;
    example_native_thread native;
} example_thread;

#if defined(_WIN32)

typedef struct example_lock {
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
} example_lock;

#define EXAMPLE_LOCK_INIT                     \
    {                                         \
        SRWLOCK_INIT, CONDITION_VARIABLE_INIT \
    }

static inline void example_acquire(example_lock *lock)
{
    AcquireSRWLockExclusive(&lock->lock);
}
static inline void example_release(example_lock *lock)
{
    ReleaseSRWLockExclusive(&lock->lock);
}
static inline void example_wake(example_lock *lock)
{
    WakeAllConditionVariable(&lock->changed);
}

/* Lets the lock go until example_wake, or for that long; false when the time is over. */
static inline bool example_wait(example_lock *lock, unsigned seconds)
{
    return SleepConditionVariableSRW(&lock->changed, &lock->lock, seconds * 1000, 0) != 0;
}

static inline DWORD WINAPI example_run_thread(void *argument)
{
    example_thread *thread = argument;
    thread->run(thread->argument);
    return 0;
}

static inline bool example_start(example_thread *thread)
{
    thread->native = CreateThread(NULL, 0, example_run_thread, thread, 0, NULL);
    return thread->native != NULL;
}

static inline void example_join(example_thread *thread)
{
    (void)WaitForSingleObject(thread->native, INFINITE);
    (void)CloseHandle(thread->native);
}

/* Leaves a thread to end with the program. */
static inline void example_leave(example_thread *thread)
{
    (void)CloseHandle(thread->native);
}

static inline void example_pause(unsigned milliseconds)
{
    Sleep(milliseconds);
}

/* A clock that nobody sets, from some moment in the past on. */
static inline uint64_t example_milliseconds(void)
{
    return GetTickCount64();
}

/* A number that nobody can guess. */
static inline bool example_random(uint16_t *number)
{
    unsigned drawn = 0;
    bool is_drawn = rand_s(&drawn) == 0;
    *number = (uint16_t)drawn;
    return is_drawn;
}

/* Reads what standard input has; *n == 0 is its end. The C library is passed by, for it would
 * translate line ends. */
static inline bool example_read_input(void *buf, size_t len, size_t *n)
{
    DWORD got = 0;
    if (!ReadFile(GetStdHandle(STD_INPUT_HANDLE), buf, (DWORD)len, &got, NULL) &&
        GetLastError() != ERROR_BROKEN_PIPE) {
        return false;
    }
    *n = got;
    return true;
}

static inline bool example_write_output(const void *buf, size_t len)
{
    const char *bytes = buf;
    for (size_t done = 0; done < len;) {
        DWORD put = 0;
        if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes + done, (DWORD)(len - done), &put,
                       NULL)) {
            return false;
        }
        done += put;
    }
    return true;
}

/* Whether somebody looks at standard error as it is written. */
static inline bool example_is_watched(void)
{
    DWORD mode = 0;
    return GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) != 0;
}

/* The system calls its handlers on a thread of their own (MSDN, SetConsoleCtrlHandler), so this one
 * has a lock. */
static SRWLOCK example_interrupt_lock = SRWLOCK_INIT;
static void (*example_interrupt)(void);

static inline BOOL WINAPI example_on_control(DWORD control)
{
    AcquireSRWLockExclusive(&example_interrupt_lock);
    bool is_ours =
        example_interrupt != NULL && (control == CTRL_C_EVENT || control == CTRL_BREAK_EVENT);
    if (is_ours) {
        example_interrupt();
    }
    ReleaseSRWLockExclusive(&example_interrupt_lock);
    return is_ours;
}

/* Has a function called at Ctrl-C and Ctrl-Break, by another thread, instead of ending the
 * program. */
static inline bool example_catch_interrupt(void (*function)(void))
{
    AcquireSRWLockExclusive(&example_interrupt_lock);
    example_interrupt = function;
    ReleaseSRWLockExclusive(&example_interrupt_lock);
    return SetConsoleCtrlHandler(example_on_control, TRUE) != 0;
}

/* Ctrl-C ends the program again. The function is not called any more, and is not being called. */
static inline void example_leave_interrupt(void)
{
    (void)SetConsoleCtrlHandler(example_on_control, FALSE);
    AcquireSRWLockExclusive(&example_interrupt_lock);
    example_interrupt = NULL;
    ReleaseSRWLockExclusive(&example_interrupt_lock);
}

#else

typedef struct example_lock {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} example_lock;

#define EXAMPLE_LOCK_INIT                                   \
    {                                                       \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER \
    }

static inline void example_acquire(example_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}
static inline void example_release(example_lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}
static inline void example_wake(example_lock *lock)
{
    (void)pthread_cond_broadcast(&lock->changed);
}

/* Lets the lock go until example_wake, or for that long; false when the time is over. */
static inline bool example_wait(example_lock *lock, unsigned seconds)
{
    struct timespec until = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    return pthread_cond_timedwait(&lock->changed, &lock->mutex, &until) == 0;
}

static inline void *example_run_thread(void *argument)
{
    example_thread *thread = argument;
    thread->run(thread->argument);
    return NULL;
}

static inline bool example_start(example_thread *thread)
{
    return pthread_create(&thread->native, NULL, example_run_thread, thread) == 0;
}

static inline void example_join(example_thread *thread)
{
    (void)pthread_join(thread->native, NULL);
}

/* Leaves a thread to end with the program. */
static inline void example_leave(example_thread *thread)
{
    (void)pthread_detach(thread->native);
}

/* A signal may make it shorter. */
static inline void example_pause(unsigned milliseconds)
{
    struct timespec pause = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* A clock that nobody sets, from some moment in the past on. */
static inline uint64_t example_milliseconds(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A number that nobody can guess. */
static inline bool example_random(uint16_t *number)
{
    int device = open("/dev/urandom", O_RDONLY);
    if (device < 0) {
        return false;
    }
    bool is_drawn = read(device, number, sizeof *number) == (ssize_t)sizeof *number;
    (void)close(device);
    return is_drawn;
}

/* Reads what standard input has; *n == 0 is its end. */
static inline bool example_read_input(void *buf, size_t len, size_t *n)
{
    ssize_t got = 0;
    do {
        got = read(STDIN_FILENO, buf, len);
    } while (got < 0 && errno == EINTR);
    *n = got < 0 ? 0 : (size_t)got;
    return got >= 0;
}

static inline bool example_write_output(const void *buf, size_t len)
{
    const char *bytes = buf;
    for (size_t done = 0; done < len;) {
        ssize_t put = write(STDOUT_FILENO, bytes + done, len - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put < 0 ? 0 : (size_t)put;
    }
    return true;
}

/* Whether somebody looks at standard error as it is written. */
static inline bool example_is_watched(void)
{
    return isatty(STDERR_FILENO) == 1;
}

static void (*volatile example_interrupt)(void);

/* What it calls may set errno, which is the interrupted code's. */
static inline void example_on_signal(int number)
{
    int kept = errno;
    (void)number;
    if (example_interrupt != NULL) {
        example_interrupt();
    }
    errno = kept;
}

/* Has a function called at Ctrl-C, and at SIGTERM, instead of ending the program: by a signal
 * handler, so it may do next to nothing. */
static inline bool example_catch_interrupt(void (*function)(void))
{
    struct sigaction action = {.sa_handler = example_on_signal};
    (void)sigemptyset(&action.sa_mask);
    example_interrupt = function;
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

/* Ctrl-C ends the program again. The function is not called any more; what calls it runs on this
 * thread, where there is no other. */
static inline void example_leave_interrupt(void)
{
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    example_interrupt = NULL;
}

#endif

#endif
