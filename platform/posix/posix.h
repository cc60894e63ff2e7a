/* posix.h: what the files of this backend share. Include it first: it says which of the system's
 * names are wanted. */
#ifndef FERP_POSIX_H
#define FERP_POSIX_H

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* accept4, SOCK_CLOEXEC */
#endif
#if defined(__APPLE__) && !defined(_DARWIN_C_SOURCE)
#define _DARWIN_C_SOURCE /* SO_NOSIGPIPE, SO_LINGER_SEC, TCP_KEEPALIVE */
#endif

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include "platform/platform.h"

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || \
    defined(__DragonFly__)
#define FERP_POSIX_BSD 1 /* addresses begin with their length; accept takes over O_NONBLOCK */
#endif

/* Which calls make a descriptor close-on-exec from its birth. macOS has neither: there fcntl
 * follows before the call returns, and a fork and exec in another thread may come between. */
#if defined(SOCK_CLOEXEC) && !defined(__APPLE__)
#define FERP_POSIX_BORN_CLOEXEC SOCK_CLOEXEC
#define FERP_POSIX_HAS_ACCEPT4 1
#else
#define FERP_POSIX_BORN_CLOEXEC 0
#endif

/* Which system call a poller waits with: each has a file of its own. FERP_POSIX_POLLER can be
 * chosen from outside: poll is what any system has. A poller's key is 64 bits, and kevent's udata a
 * pointer. Of what poller_kqueue.c needs, OpenBSD has but few user events for a process, and none
 * before 7.8; NetBSD has no filter to mark a socket's being there. */
#define FERP_POSIX_POLLER_POLL 0
#define FERP_POSIX_POLLER_EPOLL 1
#define FERP_POSIX_POLLER_KQUEUE 2
#ifndef FERP_POSIX_POLLER
#if defined(__linux__)
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_EPOLL
#elif UINTPTR_MAX >= UINT64_MAX && (defined(__APPLE__) || defined(__FreeBSD__))
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_KQUEUE
#else
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_POLL
#endif
#endif

/* Where MSG_NOSIGNAL is missing, SO_NOSIGPIPE was set at the socket's birth. */
#ifdef MSG_NOSIGNAL
#define FERP_POSIX_SEND_FLAGS MSG_NOSIGNAL
#else
#define FERP_POSIX_SEND_FLAGS 0
#endif

/* The flags of a receive and of a send that do not wait. XNU and NetBSD look at MSG_NBIO alone in a
 * send (sosend); XNU's headers keep its number to themselves (bsd/sys/socket.h). */
#define FERP_POSIX_RECV_AT_ONCE MSG_DONTWAIT
#if defined(MSG_NBIO)
#define FERP_POSIX_SEND_AT_ONCE (FERP_POSIX_SEND_FLAGS | MSG_DONTWAIT | MSG_NBIO)
#elif defined(__APPLE__)
#define FERP_POSIX_SEND_AT_ONCE (FERP_POSIX_SEND_FLAGS | MSG_DONTWAIT | 0x20000)
#else
#define FERP_POSIX_SEND_AT_ONCE (FERP_POSIX_SEND_FLAGS | MSG_DONTWAIT)
#endif

static inline fer_error ferp_posix_error_of(int code)
{
    return (fer_error){ferp_error_kind(code), code};
}

/* The error of the call that has just returned this: FER_OK unless it is -1. */
static inline fer_error ferp_posix_result(intptr_t returned)
{
    return returned < 0 ? ferp_posix_error_of(errno) : (fer_error){FER_OK, 0};
}

/* ioctl with an int to read or write. musl takes the request as an int, which not every request
 * number fits as it is. */
static inline fer_error ferp_posix_ioctl(fer_raw_socket raw, unsigned long request, int *value)
{
#if defined(__linux__) && !defined(__GLIBC__)
    return ferp_posix_result(ioctl((int)raw, (int)request, value));
#else
    return ferp_posix_result(ioctl((int)raw, request, value));
#endif
}

/* As poll and epoll_wait take a timeout: in milliseconds, rounded up, INT_MAX at the most; -1 where
 * it has no end. */
static inline int ferp_posix_millis(fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return -1;
    }
    uint64_t millis = timeout.nanos / 1000000 + (timeout.nanos % 1000000 != 0);
    return millis < INT_MAX ? (int)millis : INT_MAX;
}

/* Cut to what time_t holds where that has 32 bits. */
static inline struct timespec ferp_posix_timespec(uint64_t nanos)
{
    struct timespec time = {0, 0};
    uint64_t seconds = nanos / 1000000000;
    time.tv_sec = sizeof time.tv_sec < sizeof seconds && seconds > INT32_MAX ? (time_t)INT32_MAX
                                                                             : (time_t)seconds;
    time.tv_nsec = (long)(nanos % 1000000000);
    return time;
}

/* The system's type, with close-on-exec where a socket can be born so. socket.c */
int ferp_posix_type_of(fer_type type);

/* Gives a new descriptor what it could not be born with, or closes it. socket.c */
fer_error ferp_posix_finish_socket(int fd, fer_raw_socket *out);

/* The address as the system has it; returns its length. */
socklen_t ferp_posix_sockaddr(const fer_socket_addr *addr, struct sockaddr_storage *out);

/* And back: false where it is no IP address. */
bool ferp_posix_socket_addr(const struct sockaddr_storage *addr, fer_socket_addr *out);

#endif
