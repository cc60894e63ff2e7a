/* shim_macos.c: the C library's functions over macOS' kernel (XNU) in this process. */
#define _GNU_SOURCE 1
#include "kernels/shim.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The kernel's entries, with its structures as pointers to void. They set errno. Their result is a
 * long, which here has the type of the C library's function. */
#define KERNEL(entry) xk_##entry
extern void xk_init(void);

const int shim_process = 500;

const int shim_family_v6 = 30;

/* The kernel keeps pointers in 42 bits (sys/event.h, kn_kq_packed), so all memory is that of the
 * heap behind the program, which is not position-independent. */
__attribute__((constructor)) static void start_kernel(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_MAX, 0);
    xk_init();
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
SHIM_CALL(int, bind, fd, (int fd, const void *addr, unsigned len), (fd, addr, len))
SHIM_CALL(int, listen, fd, (int fd, int backlog), (fd, backlog))
SHIM_CALL(int, accept, fd, (int fd, void *addr, unsigned *len), (fd, addr, len))
SHIM_CALL(int, poll, count, (void *entries, unsigned count, int millis), (entries, count, millis))
SHIM_CALL(int, select, count, (int count, void *reads, void *writes, void *failures, void *limit),
          (count, reads, writes, failures, limit))
SHIM_CALL_AS(kevent, int, kevent, fd,
             (int fd, const void *changes, int change_count, void *events, int event_count,
              const struct timespec *limit),
             (fd, changes, change_count, events, event_count, limit))
SHIM_CALL(int, stat, 0, (const char *path, void *status), (path, status))

#define MODE_OFFSET 4 /* behind st_dev */
#include "kernels/shim_files.h"

/* ---- Files */

extern ssize_t kernel_sendto(int fd, const void *buf, size_t len, int flags, const void *addr,
                             unsigned size);

/* The kernel's file system has no contents. As sendfile (uipc_syscalls.c) this sends until all is
 * sent, the file ends or an error, and stores the count in *len; the file is of this system. */
int kernel_sendfile(int file, int fd, off_t offset, off_t *len, void *headers, int flags)
{
    static _Thread_local char bytes[16384];
    off_t left = *len == 0 ? INT64_MAX : *len;
    off_t sent = 0;
    ssize_t moved = 0;
    (void)headers;
    (void)flags;
    for (; left > 0; left -= moved) {
        size_t most = left < (off_t)sizeof bytes ? (size_t)left : sizeof bytes;
        moved = pread(file, bytes, most, offset + sent);
        moved = moved > 0 ? kernel_sendto(fd, bytes, (size_t)moved, 0, NULL, 0) : moved;
        if (moved <= 0) {
            break;
        }
        sent += moved;
    }
    *len = sent;
    return (int)shim_traced("sendfile", fd, moved < 0 ? -1 : 0);
}

/* ---- Functions that only Darwin has. compile.sh does not rename them. */

uint64_t clock_gettime_nsec_np(int clock)
{
    struct timespec now;
    (void)clock;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* FD_SET calls it (sys/_types/_fd_def.h). */
int __darwin_check_fd_set_overflow(int fd, const void *set, int is_unlimited)
{
    (void)fd;
    (void)set;
    (void)is_unlimited;
    return 1;
}
