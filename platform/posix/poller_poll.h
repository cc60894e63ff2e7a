/* poller_poll.h: the POSIX definitions that platform/common/poller_list.h needs. */
#ifndef FERP_POSIX_POLLER_POLL_H
#define FERP_POSIX_POLLER_POLL_H

#include "platform/posix/posix.h"

#include <poll.h>

typedef struct pollfd ferp_list_entry;
typedef int ferp_list_fd;

#define FERP_LIST_READABLE POLLIN
#define FERP_LIST_WRITABLE POLLOUT

typedef struct ferp_list_waker {
    int reader;
    int writer;
} ferp_list_waker;

/* fstat's st_dev and st_ino, and what identifies the socket of a descriptor on a system whose
 * sockets have no inode. port and peer are 0 if not set yet. */
typedef struct ferp_list_identity {
    uint64_t device;
    uint64_t inode;
    uint64_t port;
    uint64_t peer;
    int fd;
    uint32_t closes; /* by this library */
} ferp_list_identity;

/* poller_identity.c */
struct stat;
ferp_list_identity ferp_posix_identity_of(int fd, const struct stat *status);

#endif
