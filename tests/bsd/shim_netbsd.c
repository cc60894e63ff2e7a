/* shim_netbsd.c: the C library's functions over NetBSD's kernel, a rump kernel in this process
 * (rump(7)). A symbol such as __socket30 is the version that NetBSD's headers call. */
#define _GNU_SOURCE 1
#include "bsd/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* The kernel's entries: rump_syscalls.h of NetBSD, with the structures as pointers to void. */
#define ENTRY(type, name, ...) extern type rump___sysimpl_##name(__VA_ARGS__)
ENTRY(int, socket30, int, int, int);
ENTRY(int, bind, int, const void *, unsigned);
ENTRY(int, close, int);
ENTRY(int, connect, int, const void *, unsigned);
ENTRY(int, dup, int);
ENTRY(int, fcntl, int, int, void *);
ENTRY(int, fstat50, int, void *);
ENTRY(int, getpeername, int, void *, unsigned *);
ENTRY(int, getsockname, int, void *, unsigned *);
ENTRY(int, getsockopt, int, int, int, void *, unsigned *);
ENTRY(int, setsockopt, int, int, int, const void *, unsigned);
ENTRY(int, getrlimit, int, void *);
ENTRY(int, setrlimit, int, const void *);
ENTRY(int, ioctl, int, unsigned long, void *);
ENTRY(int, listen, int, int);
ENTRY(int, accept, int, void *, unsigned *);
ENTRY(int, paccept, int, void *, unsigned *, const void *, int);
ENTRY(int, pipe2, int *, int);
ENTRY(int, poll, void *, unsigned, int);
ENTRY(int, select50, int, void *, void *, void *, void *);
ENTRY(int, kqueue, void);
ENTRY(int, kevent50, int, const void *, size_t, void *, size_t, const void *);
ENTRY(ssize_t, read, int, void *, size_t);
ENTRY(ssize_t, write, int, const void *, size_t);
ENTRY(ssize_t, recvfrom, int, void *, size_t, int, void *, unsigned *);
ENTRY(ssize_t, sendto, int, const void *, size_t, int, const void *, unsigned);
ENTRY(ssize_t, recvmsg, int, void *, int);
ENTRY(ssize_t, sendmsg, int, const void *, int);
ENTRY(int, shutdown, int, int);
ENTRY(int, socketpair, int, int, int, int *);
ENTRY(int, open, const char *, int, unsigned);
ENTRY(int, stat50, const char *, void *);
ENTRY(int, mkdir, const char *, unsigned);
ENTRY(int, rmdir, const char *);
ENTRY(int, unlink, const char *);
extern int rump_init(void);
extern int rumpns_maxfiles; /* the kernel's limit of open files */

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
int bsd_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (action != NULL && action->sa_handler != SIG_IGN && action->sa_handler != SIG_DFL) {
        atomic_store(&has_handlers, true);
    }
    return sigaction(number, action, old);
}

/* The kernel's interruptible sleeps: condvar(9). These definitions replace those of its
 * libraries. */
enum { EWOULDBLOCK_OF_NETBSD = 35 };
static int (*wait_for_ticks)(void *condition, void *mutex, int ticks);
static int (*wait_for_ever)(void *condition, void *mutex);

static void find_waits(void)
{
    *(void **)&wait_for_ticks = dlsym(RTLD_NEXT, "rumpns_cv_timedwait_sig");
    *(void **)&wait_for_ever = dlsym(RTLD_NEXT, "rumpns_cv_wait_sig");
}

/* Sleeps of one tick, so that a signal ends the wait in time. 0: no limit. The first sleep comes
 * before the first look, because sleepq_block (rumpkern/sleepq.c) relies on a sleep. */
static int wait_in_slices(void *condition, void *mutex, int ticks)
{
    int left = ticks;
    do {
        int code = wait_for_ticks(condition, mutex, 1);
        if (code != EWOULDBLOCK_OF_NETBSD) {
            return code;
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

/* poll sleeps with this function in a rump kernel. */
static __thread bool is_in_poll;

int rumpns_cv_timedwait(void *condition, void *mutex, int ticks)
{
    return is_in_poll ? rumpns_cv_timedwait_sig(condition, mutex, ticks)
                      : wait_for_ticks(condition, mutex, ticks);
}

/* ---- The start */

enum { RLIMIT_NOFILE_OF_NETBSD = 8, DESCRIPTORS = 1024, DESCRIPTORS_MAX = 20000 };

/* The limits are those of a Linux process. The kernel's threads take none of the signals. */
__attribute__((constructor)) static void start_kernel(void)
{
    sigset_t before;
    const struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS_MAX};
    (void)setenv("RUMP_VERBOSE", "0", 0);
    find_waits();
    enter(&before);
    rumpns_maxfiles = DESCRIPTORS_MAX;
    int code = rump_init();
    if (code != 0) {
        (void)fprintf(stderr, "NetBSD's kernel does not start: %d\n", code);
        _exit(99);
    }
    (void)rump___sysimpl_mkdir("/tmp", 0777);
    (void)rump___sysimpl_setrlimit(RLIMIT_NOFILE_OF_NETBSD, &limit);
    leave(&before);
}

#define TRACED_SIZE(call, argument, ...)            \
    do {                                            \
        enter(&outside);                            \
        long result = (__VA_ARGS__);                \
        leave(&outside);                            \
        return shim_traced(call, argument, result); \
    } while (0)
#define TRACED(call, argument, ...)                      \
    do {                                                 \
        enter(&outside);                                 \
        long result = (__VA_ARGS__);                     \
        leave(&outside);                                 \
        return (int)shim_traced(call, argument, result); \
    } while (0)

/* ---- Sockets */

int __socket30(int domain, int type, int protocol)
{
    TRACED("socket", domain, rump___sysimpl_socket30(domain, type, protocol));
}

int bsd_socketpair(int domain, int type, int protocol, int *pair)
{
    TRACED("socketpair", domain, rump___sysimpl_socketpair(domain, type, protocol, pair));
}

int bsd_bind(int fd, const void *addr, unsigned len)
{
    TRACED("bind", fd, rump___sysimpl_bind(fd, addr, len));
}

int bsd_connect(int fd, const void *addr, unsigned len)
{
    TRACED("connect", fd, rump___sysimpl_connect(fd, addr, len));
}

int bsd_listen(int fd, int backlog)
{
    TRACED("listen", fd, rump___sysimpl_listen(fd, backlog));
}

int bsd_accept(int fd, void *addr, unsigned *len)
{
    TRACED("accept", fd, rump___sysimpl_accept(fd, addr, len));
}

/* accept4 of NetBSD 8 and later is paccept with the caller's signal mask. */
int bsd_accept4(int fd, void *addr, unsigned *len, int flags)
{
    TRACED("accept4", fd, rump___sysimpl_paccept(fd, addr, len, NULL, flags));
}

int bsd_getsockname(int fd, void *addr, unsigned *len)
{
    TRACED("getsockname", fd, rump___sysimpl_getsockname(fd, addr, len));
}

int bsd_getpeername(int fd, void *addr, unsigned *len)
{
    TRACED("getpeername", fd, rump___sysimpl_getpeername(fd, addr, len));
}

int bsd_getsockopt(int fd, int level, int name, void *value, unsigned *len)
{
    TRACED("getsockopt", fd, rump___sysimpl_getsockopt(fd, level, name, value, len));
}

int bsd_setsockopt(int fd, int level, int name, const void *value, unsigned len)
{
    TRACED("setsockopt", fd, rump___sysimpl_setsockopt(fd, level, name, value, len));
}

int bsd_shutdown(int fd, int how)
{
    TRACED("shutdown", fd, rump___sysimpl_shutdown(fd, how));
}

/* ---- Bytes */

ssize_t bsd_send(int fd, const void *buf, size_t len, int flags)
{
    TRACED_SIZE("send", fd, rump___sysimpl_sendto(fd, buf, len, flags, NULL, 0));
}

ssize_t bsd_sendto(int fd, const void *buf, size_t len, int flags, const void *addr, unsigned size)
{
    TRACED_SIZE("sendto", fd, rump___sysimpl_sendto(fd, buf, len, flags, addr, size));
}

ssize_t bsd_sendmsg(int fd, const void *message, int flags)
{
    TRACED_SIZE("sendmsg", fd, rump___sysimpl_sendmsg(fd, message, flags));
}

ssize_t bsd_recv(int fd, void *buf, size_t len, int flags)
{
    TRACED_SIZE("recv", fd, rump___sysimpl_recvfrom(fd, buf, len, flags, NULL, NULL));
}

ssize_t bsd_recvfrom(int fd, void *buf, size_t len, int flags, void *addr, unsigned *size)
{
    TRACED_SIZE("recvfrom", fd, rump___sysimpl_recvfrom(fd, buf, len, flags, addr, size));
}

ssize_t bsd_recvmsg(int fd, void *message, int flags)
{
    TRACED_SIZE("recvmsg", fd, rump___sysimpl_recvmsg(fd, message, flags));
}

ssize_t bsd_read(int fd, void *buf, size_t len)
{
    TRACED_SIZE("read", fd, rump___sysimpl_read(fd, buf, len));
}

ssize_t bsd_write(int fd, const void *buf, size_t len)
{
    TRACED_SIZE("write", fd, rump___sysimpl_write(fd, buf, len));
}

/* ---- Descriptors */

int bsd_close(int fd)
{
    TRACED("close", fd, rump___sysimpl_close(fd));
}

int bsd_dup(int fd)
{
    TRACED("dup", fd, rump___sysimpl_dup(fd));
}

int bsd_fcntl(int fd, int command, long argument)
{
    TRACED("fcntl", fd, rump___sysimpl_fcntl(fd, command, (void *)(intptr_t)argument));
}

int bsd_ioctl(int fd, unsigned long request, void *argument)
{
    TRACED("ioctl", fd, rump___sysimpl_ioctl(fd, request, argument));
}

int __fstat50(int fd, void *status)
{
    TRACED("fstat", fd, rump___sysimpl_fstat50(fd, status));
}

int bsd_pipe(int *ends)
{
    TRACED("pipe", 0, rump___sysimpl_pipe2(ends, 0));
}

int bsd_pipe2(int *ends, int flags)
{
    TRACED("pipe2", flags, rump___sysimpl_pipe2(ends, flags));
}

static int poll_in_kernel(void *entries, unsigned count, int millis)
{
    TRACED("poll", count, rump___sysimpl_poll(entries, count, millis));
}

/* Under load this kernel's poll sometimes misses the event that it sleeps for, so a long wait asks
 * again in time. */
enum { POLL_SLICE_MS = 200 };

int bsd_poll(void *entries, unsigned count, int millis)
{
    int left = millis;
    int result = 0;
    is_in_poll = true;
    do {
        int slice = left < 0 || left > POLL_SLICE_MS ? POLL_SLICE_MS : left;
        result = poll_in_kernel(entries, count, slice);
        left -= left < 0 ? 0 : slice;
    } while (result == 0 && left != 0);
    is_in_poll = false;
    return result;
}

int __select50(int count, void *readable, void *writable, void *failed, void *limit)
{
    TRACED("select", count, rump___sysimpl_select50(count, readable, writable, failed, limit));
}

int kqueue(void)
{
    TRACED("kqueue", 0, rump___sysimpl_kqueue());
}

int __kevent50(int fd, const void *changes, size_t change_count, void *events, size_t event_count,
               const void *limit)
{
    TRACED("kevent", fd,
           rump___sysimpl_kevent50(fd, changes, change_count, events, event_count, limit));
}

/* RLIMIT_NOFILE is the only limit that the tests use. struct rlimit has the same members. */
int bsd_getrlimit(int resource, struct rlimit *limit)
{
    TRACED("getrlimit", resource, rump___sysimpl_getrlimit(RLIMIT_NOFILE_OF_NETBSD, limit));
}

int bsd_setrlimit(int resource, const struct rlimit *limit)
{
    TRACED("setrlimit", resource, rump___sysimpl_setrlimit(RLIMIT_NOFILE_OF_NETBSD, limit));
}

/* ---- Files */

int bsd_open(const char *path, int flags, unsigned mode)
{
    TRACED("open", flags, rump___sysimpl_open(path, flags, mode));
}

int __stat50(const char *path, void *status)
{
    TRACED("stat", 0, rump___sysimpl_stat50(path, status));
}

int bsd_unlink(const char *path)
{
    TRACED("unlink", 0, rump___sysimpl_unlink(path));
}

int bsd_rmdir(const char *path)
{
    TRACED("rmdir", 0, rump___sysimpl_rmdir(path));
}

bool shim_make_directory(const char *path)
{
    return rump___sysimpl_mkdir(path, 0700) == 0;
}
