/* shim_netbsd.c: the C library's functions over NetBSD's kernel, a rump kernel in this process
 * (rump(7)). A symbol such as __socket30 is the version that NetBSD's headers call. */
#define _GNU_SOURCE 1
#include "kernels/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The kernel's entries: rump_syscalls.h of NetBSD, with the structures as pointers to void. */
#define KERNEL(entry) rump___sysimpl_##entry
extern int rump___sysimpl_paccept(int, void *, unsigned *, const void *, int);
extern int rump___sysimpl_poll(void *, unsigned, int);
extern int rump___sysimpl_getrlimit(int, void *);
extern int rump___sysimpl_setrlimit(int, const void *);
extern int rump___sysimpl_mkdir(const char *, unsigned);
extern int rump_init(void);
extern int rumpns_maxfiles; /* the kernel's limit of open files */
/* Packets per second, at first 100 (netinet/tcp_subr.c, ip_icmp.c, netinet6/in6_proto.c). */
extern int rumpns_tcp_rst_ppslim, rumpns_tcp_ackdrop_ppslim;
extern int rumpns_icmperrppslim, rumpns_icmp6errppslim;

const int shim_process = 1;

const int shim_family_v6 = 24;

/* ---- Signals. A kernel ends a call with EINTR when a signal arrives while the call sleeps, and
 * the handler runs at the end of the call. In this process, calls block the signals, and a sleep
 * looks for pending ones. Handlers with SA_RESTART are not supported. */

static atomic_bool has_handlers;

static void enter(sigset_t *before)
{
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGABRT);
    (void)sigdelset(&all, SIGSEGV);
    (void)sigdelset(&all, SIGBUS);
    (void)sigdelset(&all, SIGILL);
    (void)sigdelset(&all, SIGFPE);
    (void)pthread_sigmask(SIG_BLOCK, &all, before);
}

static void leave(const sigset_t *before)
{
    int code = errno;
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
    errno = code;
}

/* The mask of the thread outside of its call. */
static __thread sigset_t outside;

void shim_enter(void)
{
    enter(&outside);
}

void shim_leave(void)
{
    leave(&outside);
}

static bool is_interrupted(void)
{
    sigset_t pending;
    (void)sigpending(&pending);
    for (int number = 1; number < 32; number++) {
        if (sigismember(&pending, number) == 1 && sigismember(&outside, number) == 0) {
            return true;
        }
    }
    return false;
}

/* process_posix.c installs its handlers with this function. */
int kernel_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (action != NULL && action->sa_handler != SIG_IGN && action->sa_handler != SIG_DFL) {
        atomic_store(&has_handlers, true);
    }
    return sigaction(number, action, old);
}

/* The kernel's interruptible sleeps: condvar(9). These definitions replace those of its
 * libraries. */
enum { EWOULDBLOCK_OF_NETBSD = 35, TICK_MS = 10 };
static int (*wait_for_ticks)(void *condition, void *mutex, int ticks);
static int (*wait_for_ever)(void *condition, void *mutex);
static void (*wake_one)(void *condition);
static void (*wake_all)(void *condition);

static void find_waits(void)
{
    *(void **)&wait_for_ticks = dlsym(RTLD_NEXT, "rumpns_cv_timedwait_sig");
    *(void **)&wait_for_ever = dlsym(RTLD_NEXT, "rumpns_cv_wait_sig");
    *(void **)&wake_one = dlsym(RTLD_NEXT, "rumpns_cv_signal");
    *(void **)&wake_all = dlsym(RTLD_NEXT, "rumpns_cv_broadcast");
}

/* The number of wakes of a condition. kcondvar_t has three words (sys/condvar.h), of which a rump
 * kernel uses the first (rumpkern/locks.c). */
static atomic_uintptr_t *wakes_of(void *condition)
{
    return (atomic_uintptr_t *)condition + 1;
}

void rumpns_cv_signal(void *condition)
{
    (void)atomic_fetch_add(wakes_of(condition), 1);
    wake_one(condition);
}

void rumpns_cv_broadcast(void *condition)
{
    (void)atomic_fetch_add(wakes_of(condition), 1);
    wake_all(condition);
}

/* Sleeps of one tick, so that a signal ends the wait in time. 0: no limit. A wake may come after
 * the end of a sleep and before the mutex is locked again. That sleep has expired, so the number
 * of wakes is compared. */
static int wait_in_slices(void *condition, void *mutex, int ticks)
{
    uintptr_t wakes = atomic_load(wakes_of(condition));
    int left = ticks;
    do {
        int code = wait_for_ticks(condition, mutex, 1);
        if (code != EWOULDBLOCK_OF_NETBSD) {
            return code;
        }
        if (atomic_load(wakes_of(condition)) != wakes) {
            return 0;
        }
        if (is_interrupted()) {
            return EINTR;
        }
    } while (ticks == 0 || --left > 0);
    return EWOULDBLOCK_OF_NETBSD;
}

int rumpns_cv_timedwait_sig(void *condition, void *mutex, int ticks)
{
    return atomic_load(&has_handlers) ? wait_in_slices(condition, mutex, ticks)
                                      : wait_for_ticks(condition, mutex, ticks);
}

int rumpns_cv_wait_sig(void *condition, void *mutex)
{
    return atomic_load(&has_handlers) ? wait_in_slices(condition, mutex, 0)
                                      : wait_for_ever(condition, mutex);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A rump kernel's poll sleeps in sleepq_block (rumpkern/sleepq.c), which must not return to a
 * processor before its wake (start_kernel). Polls of one tick look for signals instead. */
static int poll_in_slices(void *entries, unsigned count, int millis)
{
    int64_t end = now_ms() + millis;
    int left = TICK_MS;
    do {
        if (millis >= 0) {
            int64_t rest = end - now_ms();
            left = rest > TICK_MS ? TICK_MS : rest > 0 ? (int)rest : 0;
        }
        int result = rump___sysimpl_poll(entries, count, left);
        if (result != 0) {
            return result;
        }
        if (is_interrupted()) {
            errno = EINTR;
            return -1;
        }
    } while (left > 0);
    return 0;
}

/* ---- The start */

enum { RLIMIT_NOFILE_OF_NETBSD = 8, DESCRIPTORS = 1024, DESCRIPTORS_MAX = 20000 };

/* The limits are those of a Linux process. The kernel's threads take none of the signals. With a
 * second processor, polls lose events: a thread that another's wake has woken gets a processor, and
 * with it another l_mutex (rumpkern/scheduler.c). Until it has locked its queue again, selnotify
 * (kern/sys_select.c) does not wake it, because its l_mutex is not the queue's. */
__attribute__((constructor)) static void start_kernel(void)
{
    sigset_t before;
    const struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS_MAX};
    (void)setenv("RUMP_VERBOSE", "0", 0);
    (void)setenv("RUMP_NCPU", "1", 1);
    find_waits();
    enter(&before);
    rumpns_maxfiles = DESCRIPTORS_MAX;
    /* No limit: a refusal that it discards costs a connect 6 s. */
    rumpns_tcp_rst_ppslim = rumpns_tcp_ackdrop_ppslim = -1;
    rumpns_icmperrppslim = rumpns_icmp6errppslim = -1;
    int code = rump_init();
    if (code != 0) {
        (void)fprintf(stderr, "NetBSD's kernel does not start: %d\n", code);
        _exit(99);
    }
    (void)rump___sysimpl_mkdir("/tmp", 0777);
    (void)rump___sysimpl_setrlimit(RLIMIT_NOFILE_OF_NETBSD, &limit);
    leave(&before);
}

/* ---- The calls */

SHIM_CALLS
SHIM_CALL_AS(__socket30, int, socket30, domain, (int domain, int type, int protocol),
             (domain, type, protocol))
SHIM_CALL(int, bind, fd, (int fd, const void *addr, unsigned len), (fd, addr, len))
SHIM_CALL(int, listen, fd, (int fd, int backlog), (fd, backlog))
SHIM_CALL(int, accept, fd, (int fd, void *addr, unsigned *len), (fd, addr, len))
SHIM_CALL(int, close, fd, (int fd), (fd))
SHIM_CALL_AS(__fstat50, int, fstat50, fd, (int fd, void *status), (fd, status))
SHIM_CALL_AS(__select50, int, select50, count,
             (int count, void *readable, void *writable, void *failed, void *limit),
             (count, readable, writable, failed, limit))
SHIM_CALL_AS(__kevent50, int, kevent50, fd,
             (int fd, const void *changes, size_t change_count, void *events, size_t event_count,
              const void *limit),
             (fd, changes, change_count, events, event_count, limit))
SHIM_CALL(int, open, flags, (const char *path, int flags, unsigned mode), (path, flags, mode))
SHIM_CALL_AS(__stat50, int, stat50, 0, (const char *path, void *status), (path, status))
SHIM_CALL(int, unlink, 0, (const char *path), (path))
SHIM_CALL(int, rmdir, 0, (const char *path), (path))

/* accept4 of NetBSD 8 and later is paccept with the caller's signal mask. */
int kernel_accept4(int fd, void *addr, unsigned *len, int flags)
{
    SHIM_RETURN(int, "accept4", fd, rump___sysimpl_paccept(fd, addr, len, NULL, flags));
}

int kernel_poll(void *entries, unsigned count, int millis)
{
    SHIM_RETURN(int, "poll", count,
                atomic_load(&has_handlers) ? poll_in_slices(entries, count, millis)
                                           : rump___sysimpl_poll(entries, count, millis));
}

/* RLIMIT_NOFILE is the only limit that the tests use. struct rlimit has the same members. */
int kernel_getrlimit(int resource, struct rlimit *limit)
{
    SHIM_RETURN(int, "getrlimit", resource,
                rump___sysimpl_getrlimit(RLIMIT_NOFILE_OF_NETBSD, limit));
}

int kernel_setrlimit(int resource, const struct rlimit *limit)
{
    SHIM_RETURN(int, "setrlimit", resource,
                rump___sysimpl_setrlimit(RLIMIT_NOFILE_OF_NETBSD, limit));
}

bool shim_make_directory(const char *path)
{
    return rump___sysimpl_mkdir(path, 0700) == 0;
}
