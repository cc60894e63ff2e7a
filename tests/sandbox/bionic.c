/* bionic.c: functions that make the system calls of bionic instead of this C library's (bionic:
 * libc/bionic/accept.cpp, dup.cpp, pipe.cpp, poll.cpp, sys_epoll.cpp). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4, ppoll */
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* glibc declares the address as a union of pointers (__SOCKADDR_ARG). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    return accept4(fd, addr, len, 0);
}
#pragma GCC diagnostic pop

int dup2(int from, int to)
{
    return from != to ? dup3(from, to, 0) : fcntl(from, F_GETFD) < 0 ? -1 : to;
}

int epoll_create(int size)
{
    errno = EINVAL;
    return size <= 0 ? -1 : epoll_create1(0);
}

int epoll_wait(int epoll, struct epoll_event *events, int cap, int millis)
{
    return epoll_pwait(epoll, events, cap, millis, NULL);
}

#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request; /* musl */
#endif

/* EACCES: SELinux of Android permits an app no such ioctl of a Unix socket (domain.te). */
int ioctl(int fd, ioctl_request request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    int domain = 0;
    socklen_t len = sizeof domain;
    if ((request == SIOCGIFINDEX || request == SIOCGIFNAME) &&
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX) {
        errno = EACCES;
        return -1;
    }
    return (int)syscall(SYS_ioctl, fd, request, value);
}

int pipe(int ends[2])
{
    return pipe2(ends, 0);
}

int poll(struct pollfd *entries, nfds_t count, int millis)
{
    const struct timespec time = {millis / 1000, millis % 1000 * 1000000L};
    return ppoll(entries, count, millis < 0 ? NULL : &time, NULL);
}

int select(int count, fd_set *reads, fd_set *writes, fd_set *others, struct timeval *limit)
{
    struct timespec time = {0, 0};
    if (limit != NULL) {
        time = (struct timespec){limit->tv_sec, limit->tv_usec * 1000};
    }
    return pselect(count, reads, writes, others, limit == NULL ? NULL : &time, NULL);
}
