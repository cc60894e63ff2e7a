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

/* fstat's st_dev and st_ino. A system without inode numbers for sockets reports the same for all,
 * and cannot distinguish them. */
typedef struct ferp_list_identity {
    uint64_t device;
    uint64_t inode;
} ferp_list_identity;

#endif
