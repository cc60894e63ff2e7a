/* poller_wsapoll.h: the Windows definitions that platform/common/poller_list.h needs. */
#ifndef FERP_WINSOCK_POLLER_WSAPOLL_H
#define FERP_WINSOCK_POLLER_WSAPOLL_H

#include "platform/winsock/poller.h"

typedef WSAPOLLFD ferp_list_entry;
typedef SOCKET ferp_list_fd;

/* POLLIN would include urgent data. */
#define FERP_LIST_READABLE POLLRDNORM
#define FERP_LIST_WRITABLE POLLWRNORM

/* A datagram socket that is connected to itself. One thread at a time sends: under Wine 8 a
 * nonblocking send is WSAEWOULDBLOCK while another thread's is in progress. */
typedef struct ferp_list_waker {
    SOCKET socket;
    SRWLOCK sending;
} ferp_list_waker;

/* Cannot distinguish a new socket from one with the same number, port and peer that other code
 * closed. */
typedef ferp_winsock_names ferp_list_identity;

#endif
