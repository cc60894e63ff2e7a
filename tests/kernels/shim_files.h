/* shim_files.h: descriptors, limits and files over a kernel whose file system has names, and no
 * contents (FreeBSD, macOS). The shim of such a kernel includes it, and defines before KERNEL, and
 * MODE_OFFSET: where the kernel's struct stat has st_mode, of 16 bits. */
#ifndef TEST_KERNELS_SHIM_FILES_H
#define TEST_KERNELS_SHIM_FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "kernels/shim.h"

extern int KERNEL(close)(int);
extern int KERNEL(fstat)(int, void *);
/* These are no system calls: the names of files, the limit of descriptors. */
extern long KERNEL(make)(const char *, int);
extern long KERNEL(unlink)(const char *, int);
extern long KERNEL(limit)(long);

/* The descriptor of the last opened file, which is a kqueue's and says that it is a device. */
static atomic_int device = -1;

int kernel_close(int fd)
{
    int closed = fd;
    (void)atomic_compare_exchange_strong(&device, &closed, -1);
    SHIM_RETURN(int, "close", fd, KERNEL(close)(fd));
}

int kernel_fstat(int fd, void *status)
{
    enum { S_IFCHR_OF_BSD = 0020000 };
    const uint16_t mode = S_IFCHR_OF_BSD;
    long result = KERNEL(fstat)(fd, status);
    if (result == 0 && fd == atomic_load(&device)) {
        memcpy((unsigned char *)status + MODE_OFFSET, &mode, sizeof mode);
    }
    SHIM_RETURN(int, "fstat", fd, result);
}

/* RLIMIT_NOFILE is the only limit that the tests use. */
enum { DESCRIPTORS_MAX = 1 << 20 };

int kernel_getrlimit(int resource, struct rlimit *limit)
{
    (void)resource;
    *limit = (struct rlimit){.rlim_cur = (rlim_t)KERNEL(limit)(-1), .rlim_max = DESCRIPTORS_MAX};
    return 0;
}

int kernel_setrlimit(int resource, const struct rlimit *limit)
{
    (void)resource;
    (void)KERNEL(limit)((long)limit->rlim_cur);
    return 0;
}

/* The descriptor of a file is a kqueue's: one that is no socket. */
int kernel_open(const char *path, int flags, unsigned mode)
{
    enum { O_CREAT_OF_BSD = 0x200 };
    (void)mode;
    if ((flags & O_CREAT_OF_BSD) != 0 && KERNEL(make)(path, 0) < 0) {
        return -1;
    }
    int fd = (int)KERNEL(kqueue)();
    atomic_store(&device, fd);
    SHIM_RETURN(int, "open", flags, fd);
}

int kernel_unlink(const char *path)
{
    SHIM_RETURN(int, "unlink", 0, KERNEL(unlink)(path, 0));
}

int kernel_rmdir(const char *path)
{
    SHIM_RETURN(int, "rmdir", 0, KERNEL(unlink)(path, 1));
}

bool shim_make_directory(const char *path)
{
    return KERNEL(make)(path, 1) == 0;
}

#endif
