/* process_posix.c: process.h for POSIX systems. The error codes are in
 * conformance/peer_posix.c. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* ---- Limits */

static struct rlimit allowed_handles;

bool process_forbid_new_handles(void)
{
    int lowest_free = open("/dev/null", O_RDONLY);
    if (lowest_free < 0 || getrlimit(RLIMIT_NOFILE, &allowed_handles) != 0) {
        return false;
    }
    (void)close(lowest_free);
    struct rlimit none = {.rlim_cur = (rlim_t)lowest_free, .rlim_max = allowed_handles.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &none) == 0;
}

void process_allow_new_handles(void)
{
    (void)setrlimit(RLIMIT_NOFILE, &allowed_handles);
}

bool process_allow_handles(size_t count)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return false;
    }
    if (limit.rlim_cur >= (rlim_t)count) {
        return true;
    }
    limit.rlim_cur = (rlim_t)count;
    return limit.rlim_max >= limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* ---- Privileges */

enum { NOBODY = 65534 };

bool process_drop_privileges(void)
{
    return geteuid() != 0 || seteuid(NOBODY) == 0;
}

void process_regain_privileges(void)
{
    if (getuid() == 0) {
        (void)!seteuid(0);
    }
}

/* ---- Signals */

enum { SIGNAL_INTERVAL_US = 3000, SIGNALS_REMEMBERED = 32 };

static atomic_uint signals_caught;
static void (*signal_action)(void);
static struct sigaction remembered[SIGNALS_REMEMBERED];

static void count_signal(int number)
{
    atomic_fetch_add(&signals_caught, 1u);
    if (signal_action != NULL) {
        signal_action();
    }
}

static bool set_alarm(suseconds_t interval)
{
    struct itimerval timer;
    memset(&timer, 0, sizeof timer);
    timer.it_interval.tv_usec = interval;
    timer.it_value.tv_usec = interval;
    return setitimer(ITIMER_REAL, &timer, NULL) == 0;
}

bool process_signals_start(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_signal;
    (void)sigemptyset(&action.sa_mask);
    atomic_store(&signals_caught, 0u);
    return sigaction(SIGALRM, &action, NULL) == 0 && set_alarm(SIGNAL_INTERVAL_US);
}

void process_signals_stop(void)
{
    (void)set_alarm(0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGALRM, &action, NULL);
}

unsigned process_signals_caught(void)
{
    return atomic_load(&signals_caught);
}

void process_signals_call(void (*action)(void))
{
    signal_action = action;
}

void process_shield_thread(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGALRM);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool process_let_sigpipe_kill(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    return sigaction(SIGPIPE, &action, NULL) == 0;
}

bool process_remember_signal_handlers(void)
{
    memset(remembered, 0, sizeof remembered);
    for (int number = 1; number < SIGNALS_REMEMBERED; number++) {
        (void)sigaction(number, NULL, &remembered[number]);
    }
    return true;
}

bool process_signal_handlers_are_as_remembered(void)
{
    for (int number = 1; number < SIGNALS_REMEMBERED; number++) {
        struct sigaction now;
        memset(&now, 0, sizeof now);
        (void)sigaction(number, NULL, &now);
        if (now.sa_handler != remembered[number].sa_handler ||
            now.sa_flags != remembered[number].sa_flags) {
            return false;
        }
    }
    return true;
}

/* ---- Memory */

void *process_reserve(size_t len)
{
    void *area =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
    return area == MAP_FAILED ? NULL : area;
}

void process_unreserve(void *area, size_t len)
{
    (void)munmap(area, len);
}

uint64_t process_thread_time_us(void)
{
    struct timespec used = {0, 0};
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) {
        return 0;
    }
    return (uint64_t)used.tv_sec * 1000000u + (uint64_t)used.tv_nsec / 1000u;
}
