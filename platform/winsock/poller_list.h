/* poller_list.h: what platform/common/poller_list.h asks of a system, of Windows. */
#ifndef FERP_WINSOCK_POLLER_LIST_H
#define FERP_WINSOCK_POLLER_LIST_H

#include "platform/winsock/poller.h"

typedef WSAPOLLFD ferp_list_entry;
typedef SOCKET ferp_list_fd;

/* POLLIN would ask for urgent data, too. */
#define FERP_LIST_READABLE POLLRDNORM
#define FERP_LIST_WRITABLE POLLWRNORM

/* A datagram socket whose peer it is itself. */
typedef struct ferp_list_waker {
    SOCKET socket;
} ferp_list_waker;

/* A new socket that has the number, the port and the peer of a closed one is not told from it. */
typedef ferp_winsock_names ferp_list_identity;

#endif
