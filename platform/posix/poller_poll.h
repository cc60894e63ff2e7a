/* poller_poll.h: what platform/common/poller_list.h asks of a system, of POSIX. */
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

/* fstat's st_dev and st_ino. Systems that keep no number for sockets have the same for all, and
 * cannot tell them apart. */
typedef struct ferp_list_identity {
    uint64_t device;
    uint64_t inode;
} ferp_list_identity;

#endif
