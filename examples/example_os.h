/* example_os.h: what the examples need from the system besides sockets: standard input and output
 * as bytes, threads, a lock with a condition, a pause, a clock, Ctrl-C and a random number. It is
 * the only example file with code for single systems. Include it first. */
#ifndef EXAMPLE_OS_H
#define EXAMPLE_OS_H

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define _CRT_RAND_S /* makes <stdlib.h> declare rand_s (MSDN, rand_s) */
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

/* A thread and its function. It must stay in place while the thread runs. */
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

/* Releases the lock until example_wake or the timeout, then acquires it again. False: expired. */
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

/* Detaches a thread, which ends with the program at the latest. */
static inline void example_detach(example_thread *thread)
{
    (void)CloseHandle(thread->native);
}

static inline void example_pause(unsigned milliseconds)
{
    Sleep(milliseconds);
}

/* A monotonic clock, from an unspecified origin. */
static inline uint64_t example_milliseconds(void)
{
    return GetTickCount64();
}

/* An unpredictable number. */
static inline bool example_random(uint16_t *number)
{
    unsigned drawn = 0;
    bool is_drawn = rand_s(&drawn) == 0;
    *number = (uint16_t)drawn;
    return is_drawn;
}

/* Reads standard input; *n == 0 is end of file. Avoids the C library, which would translate line
 * ends. */
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

/* Whether standard error is a terminal. */
/* Opens a file to read it. Returns false if it cannot. */
static inline bool example_open_file(const char *path, intptr_t *file, uint64_t *size)
{
    LARGE_INTEGER length;
    HANDLE opened = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (opened == INVALID_HANDLE_VALUE || !GetFileSizeEx(opened, &length)) {
        return false;
    }
    *file = (intptr_t)opened;
    *size = (uint64_t)length.QuadPart;
    return true;
}

static inline bool example_is_terminal(void)
{
    DWORD mode = 0;
    return GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) != 0;
}

/* The system calls handlers on a thread of their own (MSDN, SetConsoleCtrlHandler), so the handler
 * needs a lock. */
static SRWLOCK example_interrupt_lock = SRWLOCK_INIT;
static void (*example_interrupt)(void);

static inline BOOL WINAPI example_on_control(DWORD control)
{
    AcquireSRWLockExclusive(&example_interrupt_lock);
    bool is_handled =
        example_interrupt != NULL && (control == CTRL_C_EVENT || control == CTRL_BREAK_EVENT);
    if (is_handled) {
        example_interrupt();
    }
    ReleaseSRWLockExclusive(&example_interrupt_lock);
    return is_handled;
}

/* Calls function at Ctrl-C and Ctrl-Break, on another thread, instead of ending the program. */
static inline bool example_catch_interrupt(void (*function)(void))
{
    AcquireSRWLockExclusive(&example_interrupt_lock);
    example_interrupt = function;
    ReleaseSRWLockExclusive(&example_interrupt_lock);
    return SetConsoleCtrlHandler(example_on_control, TRUE) != 0;
}

/* Restores the default action. On return the function is not running and will not be called. */
static inline void example_restore_interrupt(void)
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

/* Releases the lock until example_wake or the timeout, then acquires it again. False: expired. */
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

/* Detaches a thread, which ends with the program at the latest. */
static inline void example_detach(example_thread *thread)
{
    (void)pthread_detach(thread->native);
}

/* A signal may shorten it. */
static inline void example_pause(unsigned milliseconds)
{
    struct timespec pause = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* A monotonic clock, from an unspecified origin. */
static inline uint64_t example_milliseconds(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* An unpredictable number. */
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

/* Reads standard input; *n == 0 is end of file. */
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

/* Whether standard error is a terminal. */
static inline bool example_open_file(const char *path, intptr_t *file, uint64_t *size)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC);
    off_t length = opened < 0 ? -1 : lseek(opened, 0, SEEK_END);
    *file = opened;
    *size = length < 0 ? 0 : (uint64_t)length;
    return length >= 0;
}

static inline bool example_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

static void (*volatile example_interrupt)(void);

/* The function may set errno, which belongs to the interrupted code. */
static inline void example_on_signal(int number)
{
    int saved = errno;
    (void)number;
    if (example_interrupt != NULL) {
        example_interrupt();
    }
    errno = saved;
}

/* Calls function at Ctrl-C and SIGTERM instead of ending the program. function runs in a signal
 * handler, so it may make only async-signal-safe calls. */
static inline bool example_catch_interrupt(void (*function)(void))
{
    struct sigaction action = {.sa_handler = example_on_signal};
    (void)sigemptyset(&action.sa_mask);
    example_interrupt = function;
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

/* Restores the default action. In a program with one thread, the function is then not running and
 * will not be called. */
static inline void example_restore_interrupt(void)
{
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    example_interrupt = NULL;
}

#endif

#endif
