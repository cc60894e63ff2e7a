/* shim_freebsd.c: the C library's functions over FreeBSD's kernel in this process. */
#define _GNU_SOURCE 1
#include "kernels/shim.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The kernel's entries, with its structures as pointers to void. They set errno. Their result is a
 * long, which here has the type of the C library's function. */
#define KERNEL(entry) fb_##entry
extern int fb_bind(int, const void *, unsigned);
extern int fb_listen(int, int);
extern int fb_accept(int, void *, unsigned *);
extern int fb_ppoll(void *, unsigned, const void *);
extern long fb_silent(int, int); /* no system call: silent ports */
extern void fb_init(void);

const int shim_process = -1;

const int shim_family_v6 = 28;

__attribute__((constructor)) static void start_kernel(void)
{
    fb_init();
}

void shim_enter(void)
{
}

void shim_leave(void)
{
}

/* ---- Calls that are the kernel's */

SHIM_CALLS
SHIM_CALL(int, socket, domain, (int domain, int type, int protocol), (domain, type, protocol))
SHIM_CALL(int, accept4, fd, (int fd, void *addr, unsigned *len, int flags), (fd, addr, len, flags))
SHIM_CALL(int, poll, count, (void *entries, unsigned count, int millis), (entries, count, millis))
SHIM_CALL_AS(kevent, int, kevent, fd,
             (int fd, const void *changes, int change_count, void *events, int event_count,
              const struct timespec *limit),
             (fd, changes, change_count, events, event_count, limit))
SHIM_CALL(int, stat, 0, (const char *path, void *status), (path, status))

#define MODE_OFFSET 24 /* FreeBSD 13: behind three members of 64 bits */
#include "kernels/shim_files.h"

/* ---- Files */

extern ssize_t kernel_sendto(int fd, const void *buf, size_t len, int flags, const void *addr,
                             unsigned size);

/* This kernel has no sendfile. As vn_sendfile (kern/kern_sendfile.c) it sends until all is sent,
 * the file ends or an error, and counts the bytes before it; the file is of this system. */
int kernel_sendfile(int file, int fd, off_t offset, size_t len, void *headers, off_t *sent,
                    int flags)
{
    static _Thread_local char bytes[16384];
    ssize_t moved = 0;
    (void)headers;
    (void)flags;
    for (*sent = 0; len > 0; len -= (size_t)moved) {
        size_t most = len < sizeof bytes ? len : sizeof bytes;
        moved = pread(file, bytes, most, offset + *sent);
        moved = moved > 0 ? kernel_sendto(fd, bytes, (size_t)moved, 0, NULL, 0) : moved;
        if (moved <= 0) {
            return (int)shim_traced("sendfile", fd, moved);
        }
        *sent += moved;
    }
    return (int)shim_traced("sendfile", fd, 0);
}

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

int kernel_bind(int fd, const void *addr, unsigned len)
{
    make_joined_folders(addr, len);
    SHIM_RETURN(int, "bind", fd, fb_bind(fd, addr, len));
}

int kernel_listen(int fd, int backlog)
{
    long result = fb_listen(fd, backlog);
    if (result == 0) {
        end_silence(fd);
    }
    SHIM_RETURN(int, "listen", fd, result);
}

int kernel_accept(int fd, void *addr, unsigned *len)
{
    long result = fb_accept(fd, addr, len);
    if (result >= 0) {
        end_silence(fd);
    }
    SHIM_RETURN(int, "accept", fd, result);
}

/* ---- Descriptors */

int kernel_ppoll(void *entries, unsigned count, const struct timespec *limit, const void *mask)
{
    (void)mask;
    SHIM_RETURN(int, "ppoll", count, fb_ppoll(entries, count, limit));
}

/* select asks the socket as poll does: selscan and select_flags in kern/sys_generic.c. A set is an
 * array of words of 64 bits on both systems. */
enum { EVENTS_IN = 0x1, EVENTS_PRI = 0x2, EVENTS_OUT = 0x4, EVENTS_ERR = 0x8, EVENTS_HUP = 0x10 };

struct kernel_pollfd {
    int fd;
    short events;
    short revents;
};

static bool is_in(const uint64_t *set, int fd)
{
    return set != NULL && (set[fd / 64] >> (fd % 64) & 1) != 0;
}

/* Leaves the descriptor in the set only if one of the events is there. Returns 1 or 0. */
static int keep_if(uint64_t *set, const struct kernel_pollfd *entry, int events)
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

int kernel_select(int count, uint64_t *readable, uint64_t *writable, uint64_t *failed,
                  const struct timeval *limit)
{
    struct kernel_pollfd entries[1024];
    unsigned used = 0;
    for (int fd = 0; fd < count && fd < 1024; fd++) {
        int events = (is_in(readable, fd) ? EVENTS_IN : 0) |
                     (is_in(writable, fd) ? EVENTS_OUT : 0) | (is_in(failed, fd) ? EVENTS_PRI : 0);
        if (events != 0) {
            entries[used++] = (struct kernel_pollfd){.fd = fd, .events = (short)events};
        }
    }
    int found = kernel_poll(entries, used, millis_of(limit));
    for (unsigned i = 0; found >= 0 && i < used; i++) {
        found = i == 0 ? 0 : found;
        found += keep_if(readable, &entries[i], EVENTS_IN | EVENTS_HUP);
        found += keep_if(writable, &entries[i], EVENTS_OUT | EVENTS_HUP);
        found += keep_if(failed, &entries[i], EVENTS_PRI);
    }
    return found;
}
