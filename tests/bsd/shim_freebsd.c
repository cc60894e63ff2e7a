/* shim_freebsd.c: the C library's functions over FreeBSD's kernel in this process. */
#define _GNU_SOURCE 1
#include "bsd/shim.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

/* The kernel's entries, with its structures as pointers to void. They set errno. */
#define ENTRY(name, ...) extern long fb_##name(__VA_ARGS__)
ENTRY(socket, int, int, int);
ENTRY(bind, int, const void *, unsigned);
ENTRY(close, int);
ENTRY(connect, int, const void *, unsigned);
ENTRY(dup, int);
ENTRY(fcntl, int, int, long);
ENTRY(fstat, int, void *);
ENTRY(getpeername, int, void *, void *);
ENTRY(getsockname, int, void *, void *);
ENTRY(getsockopt, int, int, int, void *, void *);
ENTRY(setsockopt, int, int, int, const void *, unsigned);
ENTRY(ioctl, int, unsigned long, void *);
ENTRY(listen, int, int);
ENTRY(accept, int, void *, void *);
ENTRY(accept4, int, void *, void *, int);
ENTRY(pipe2, int *, int);
ENTRY(poll, void *, unsigned, int);
ENTRY(ppoll, void *, unsigned, const void *);
ENTRY(read, int, void *, unsigned long);
ENTRY(write, int, const void *, unsigned long);
ENTRY(recvfrom, int, void *, unsigned long, int, void *, void *);
ENTRY(sendto, int, const void *, unsigned long, int, const void *, int);
ENTRY(recvmsg, int, void *, int);
ENTRY(sendmsg, int, const void *, int);
ENTRY(shutdown, int, int);
ENTRY(socketpair, int, int, int, int *);
ENTRY(kqueue, void);
ENTRY(kevent, int, const void *, int, void *, int, const void *);
/* These are no system calls: a file system of names, silent ports, the limit of descriptors. */
ENTRY(make, const char *, int);
ENTRY(unlink, const char *, int);
ENTRY(stat, const char *, void *);
ENTRY(silent, int, int);
ENTRY(limit, long);
extern void fb_init(void);

const int shim_family_v6 = 28;

__attribute__((constructor)) static void start_kernel(void)
{
    fb_init();
}

#define TRACED(call, argument, ...) return (int)shim_traced(call, argument, __VA_ARGS__)
#define TRACED_SIZE(call, argument, ...) return shim_traced(call, argument, __VA_ARGS__)

/* ---- Sockets */

/* A port that listens or has accepted answers again (silent_ports.c). */
static void end_silence(int listener)
{
    unsigned char addr[128];
    unsigned len = sizeof addr;
    if (fb_getsockname(listener, addr, &len) == 0 && (addr[1] == 2 || addr[1] == shim_family_v6)) {
        (void)fb_silent(addr[2] << 8 | addr[3], 0);
    }
}

int bsd_socket(int domain, int type, int protocol)
{
    TRACED("socket", domain, fb_socket(domain, type, protocol));
}

int bsd_socketpair(int domain, int type, int protocol, int *pair)
{
    TRACED("socketpair", domain, fb_socketpair(domain, type, protocol, pair));
}

/* The kernel's file system does not join slashes, so each prefix that ends with one is a name. */
static void make_joined_folders(const unsigned char *addr, unsigned len)
{
    char path[128];
    if (len < 3 || len > sizeof path || addr[1] != 1) {
        return;
    }
    (void)snprintf(path, sizeof path, "%.*s", (int)len - 2, (const char *)addr + 2);
    for (size_t i = 1; path[i - 1] != 0 && path[i] != 0; i++) {
        if (path[i - 1] == '/' && path[i] == '/') {
            path[i] = 0;
            (void)fb_make(path, 1);
            path[i] = '/';
        }
    }
}

int bsd_bind(int fd, const void *addr, unsigned len)
{
    make_joined_folders(addr, len);
    TRACED("bind", fd, fb_bind(fd, addr, len));
}

int bsd_connect(int fd, const void *addr, unsigned len)
{
    TRACED("connect", fd, fb_connect(fd, addr, len));
}

int bsd_listen(int fd, int backlog)
{
    long result = fb_listen(fd, backlog);
    if (result == 0) {
        end_silence(fd);
    }
    TRACED("listen", fd, result);
}

int bsd_accept(int fd, void *addr, unsigned *len)
{
    long result = fb_accept(fd, addr, len);
    if (result >= 0) {
        end_silence(fd);
    }
    TRACED("accept", fd, result);
}

int bsd_accept4(int fd, void *addr, unsigned *len, int flags)
{
    TRACED("accept4", fd, fb_accept4(fd, addr, len, flags));
}

int bsd_getsockname(int fd, void *addr, unsigned *len)
{
    TRACED("getsockname", fd, fb_getsockname(fd, addr, len));
}

int bsd_getpeername(int fd, void *addr, unsigned *len)
{
    TRACED("getpeername", fd, fb_getpeername(fd, addr, len));
}

int bsd_getsockopt(int fd, int level, int name, void *value, unsigned *len)
{
    TRACED("getsockopt", fd, fb_getsockopt(fd, level, name, value, len));
}

int bsd_setsockopt(int fd, int level, int name, const void *value, unsigned len)
{
    TRACED("setsockopt", fd, fb_setsockopt(fd, level, name, value, len));
}

int bsd_shutdown(int fd, int how)
{
    TRACED("shutdown", fd, fb_shutdown(fd, how));
}

/* ---- Bytes */

ssize_t bsd_send(int fd, const void *buf, size_t len, int flags)
{
    TRACED_SIZE("send", fd, fb_sendto(fd, buf, len, flags, NULL, 0));
}

ssize_t bsd_sendto(int fd, const void *buf, size_t len, int flags, const void *addr, unsigned size)
{
    TRACED_SIZE("sendto", fd, fb_sendto(fd, buf, len, flags, addr, (int)size));
}

ssize_t bsd_sendmsg(int fd, const void *message, int flags)
{
    TRACED_SIZE("sendmsg", fd, fb_sendmsg(fd, message, flags));
}

ssize_t bsd_recv(int fd, void *buf, size_t len, int flags)
{
    TRACED_SIZE("recv", fd, fb_recvfrom(fd, buf, len, flags, NULL, NULL));
}

ssize_t bsd_recvfrom(int fd, void *buf, size_t len, int flags, void *addr, unsigned *size)
{
    TRACED_SIZE("recvfrom", fd, fb_recvfrom(fd, buf, len, flags, addr, size));
}

ssize_t bsd_recvmsg(int fd, void *message, int flags)
{
    TRACED_SIZE("recvmsg", fd, fb_recvmsg(fd, message, flags));
}

ssize_t bsd_read(int fd, void *buf, size_t len)
{
    TRACED_SIZE("read", fd, fb_read(fd, buf, len));
}

ssize_t bsd_write(int fd, const void *buf, size_t len)
{
    TRACED_SIZE("write", fd, fb_write(fd, buf, len));
}

/* ---- Descriptors */

/* The descriptor of the last opened file, which is a kqueue's and says that it is a device. */
static atomic_int device = -1;

int bsd_close(int fd)
{
    int closed = fd;
    (void)atomic_compare_exchange_strong(&device, &closed, -1);
    TRACED("close", fd, fb_close(fd));
}

int bsd_dup(int fd)
{
    TRACED("dup", fd, fb_dup(fd));
}

int bsd_fcntl(int fd, int command, long argument)
{
    TRACED("fcntl", fd, fb_fcntl(fd, command, argument));
}

int bsd_ioctl(int fd, unsigned long request, void *argument)
{
    TRACED("ioctl", fd, fb_ioctl(fd, request, argument));
}

/* FreeBSD 13's struct stat has st_mode, of 16 bits, behind three members of 64 bits. */
int bsd_fstat(int fd, void *status)
{
    enum { MODE_OFFSET = 24, S_IFCHR_OF_FREEBSD = 0020000 };
    const uint16_t mode = S_IFCHR_OF_FREEBSD;
    long result = fb_fstat(fd, status);
    if (result == 0 && fd == atomic_load(&device)) {
        memcpy((unsigned char *)status + MODE_OFFSET, &mode, sizeof mode);
    }
    TRACED("fstat", fd, result);
}

int bsd_pipe(int *ends)
{
    TRACED("pipe", 0, fb_pipe2(ends, 0));
}

int bsd_pipe2(int *ends, int flags)
{
    TRACED("pipe2", flags, fb_pipe2(ends, flags));
}

int bsd_poll(void *entries, unsigned count, int millis)
{
    TRACED("poll", count, fb_poll(entries, count, millis));
}

int bsd_ppoll(void *entries, unsigned count, const struct timespec *limit, const void *mask)
{
    (void)mask;
    TRACED("ppoll", count, fb_ppoll(entries, count, limit));
}

/* select asks the socket as poll does: selscan and select_flags in kern/sys_generic.c. A set is an
 * array of words of 64 bits on both systems. */
enum { EVENTS_IN = 0x1, EVENTS_PRI = 0x2, EVENTS_OUT = 0x4, EVENTS_ERR = 0x8, EVENTS_HUP = 0x10 };

struct bsd_pollfd {
    int fd;
    short events;
    short revents;
};

static bool is_in(const uint64_t *set, int fd)
{
    return set != NULL && (set[fd / 64] >> (fd % 64) & 1) != 0;
}

/* Leaves the descriptor in the set only if one of the events is there. Returns 1 or 0. */
static int keep_if(uint64_t *set, const struct bsd_pollfd *entry, int events)
{
    if (!is_in(set, entry->fd)) {
        return 0;
    }
    if ((entry->revents & (events | EVENTS_ERR)) != 0) {
        return 1;
    }
    set[entry->fd / 64] &= ~(UINT64_C(1) << (entry->fd % 64));
    return 0;
}

static int millis_of(const struct timeval *limit)
{
    return limit == NULL ? -1 : (int)(limit->tv_sec * 1000 + (limit->tv_usec + 999) / 1000);
}

int bsd_select(int count, uint64_t *readable, uint64_t *writable, uint64_t *failed,
               const struct timeval *limit)
{
    struct bsd_pollfd entries[1024];
    unsigned used = 0;
    for (int fd = 0; fd < count && fd < 1024; fd++) {
        int events = (is_in(readable, fd) ? EVENTS_IN : 0) |
                     (is_in(writable, fd) ? EVENTS_OUT : 0) | (is_in(failed, fd) ? EVENTS_PRI : 0);
        if (events != 0) {
            entries[used++] = (struct bsd_pollfd){.fd = fd, .events = (short)events};
        }
    }
    int found = bsd_poll(entries, used, millis_of(limit));
    for (unsigned i = 0; found >= 0 && i < used; i++) {
        found = i == 0 ? 0 : found;
        found += keep_if(readable, &entries[i], EVENTS_IN | EVENTS_HUP);
        found += keep_if(writable, &entries[i], EVENTS_OUT | EVENTS_HUP);
        found += keep_if(failed, &entries[i], EVENTS_PRI);
    }
    return found;
}

int kqueue(void)
{
    TRACED("kqueue", 0, fb_kqueue());
}

int kevent(int fd, const void *changes, int change_count, void *events, int event_count,
           const struct timespec *limit)
{
    TRACED("kevent", fd, fb_kevent(fd, changes, change_count, events, event_count, limit));
}

/* RLIMIT_NOFILE is the only limit that the tests use. */
enum { DESCRIPTORS_MAX = 1 << 20 };

int bsd_getrlimit(int resource, struct rlimit *limit)
{
    (void)resource;
    *limit = (struct rlimit){.rlim_cur = (rlim_t)fb_limit(-1), .rlim_max = DESCRIPTORS_MAX};
    return 0;
}

int bsd_setrlimit(int resource, const struct rlimit *limit)
{
    (void)resource;
    (void)fb_limit((long)limit->rlim_cur);
    return 0;
}

/* ---- Files. The kernel's file system has names, and no contents. */

/* The descriptor of a file is a kqueue's: one that is no socket. */
int bsd_open(const char *path, int flags, unsigned mode)
{
    enum { O_CREAT_OF_FREEBSD = 0x200 };
    (void)mode;
    if ((flags & O_CREAT_OF_FREEBSD) != 0 && fb_make(path, 0) < 0) {
        return -1;
    }
    int fd = (int)fb_kqueue();
    atomic_store(&device, fd);
    TRACED("open", flags, fd);
}

int bsd_stat(const char *path, void *status)
{
    TRACED("stat", 0, fb_stat(path, status));
}

int bsd_unlink(const char *path)
{
    TRACED("unlink", 0, fb_unlink(path, 0));
}

int bsd_rmdir(const char *path)
{
    TRACED("rmdir", 0, fb_unlink(path, 1));
}

bool shim_make_directory(const char *path)
{
    return fb_make(path, 1) == 0;
}
