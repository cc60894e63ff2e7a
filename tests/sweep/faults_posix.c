/* faults_posix.c: the replaced system calls (ld(1), --wrap). A planned failure makes no call, but
 * close has closed its descriptor, as on Linux (close(2)). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "sweep/faults.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sweep/world.h"

static bool fails(int call)
{
    int code = sweep_failure_of(call);
    if (code != 0) {
        errno = code;
    }
    return code != 0;
}

/* A replacement; its body follows. */
#define WRAPPED(type, name, parameters) \
    type __real_##name parameters;      \
    type __wrap_##name parameters;      \
    type __wrap_##name parameters

/* Calls that return -1 and store errno. row: the row of the call, which may depend on its
 * arguments. */
#define WRAP_AS(row, type, name, parameters, arguments)         \
    WRAPPED(type, name, parameters)                             \
    {                                                           \
        return fails(row) ? (type)-1 : __real_##name arguments; \
    }
#define WRAP(type, name, parameters, arguments) \
    WRAP_AS(SWEEP_##name, type, name, parameters, arguments)
#define WRAP_TRANSFER(name, parameters, arguments) \
    WRAP_AS(SWEEP_##name + kind_of(fd), ssize_t, name, parameters, arguments)

/* Calls that return their error. */
#define WRAP_CODE(name, parameters, arguments)             \
    WRAPPED(int, name, parameters)                         \
    {                                                      \
        int code = sweep_failure_of(SWEEP_##name);         \
        return code != 0 ? code : __real_##name arguments; \
    }

WRAP(int, getsockopt, (int fd, int a, int b, void *v, socklen_t *len), (fd, a, b, v, len))

static int kind_of(int fd)
{
    int domain = AF_INET, type = SOCK_STREAM;
    socklen_t len = sizeof domain;
    (void)__real_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
    (void)__real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
    return (domain == AF_UNIX ? SWEEP_UNIX_KIND : SWEEP_TCP_KIND) +
           (type == SOCK_STREAM ? SWEEP_TCP_KIND : SWEEP_GRAM_KIND);
}

static int row_of_connect(int fd, const struct sockaddr *to)
{
    int of_ip = kind_of(fd) == SWEEP_TCP_KIND ? SWEEP_connect : SWEEP_connect_gram;
    return to->sa_family == AF_UNIX ? SWEEP_connect_unix : of_ip;
}

static int row_of_option(int level, int name)
{
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        return SWEEP_setsockopt_device;
    }
    bool is_v6 = level == IPPROTO_IPV6;
    if (level == IPPROTO_IP
            ? name == IP_ADD_MEMBERSHIP || name == IP_ADD_SOURCE_MEMBERSHIP
            : is_v6 && (name == IPV6_JOIN_GROUP || name == MCAST_JOIN_SOURCE_GROUP)) {
        return SWEEP_setsockopt_join;
    }
    bool leaves = level == IPPROTO_IP
                      ? name == IP_DROP_MEMBERSHIP || name == IP_DROP_SOURCE_MEMBERSHIP
                      : is_v6 && (name == IPV6_LEAVE_GROUP || name == MCAST_LEAVE_SOURCE_GROUP);
    return leaves ? SWEEP_setsockopt_leave : SWEEP_setsockopt;
}

typedef struct sockaddr *address;
typedef const struct sockaddr *const_address;

WRAP(int, socket, (int a, int b, int c), (a, b, c))
WRAP(int, socketpair, (int a, int b, int c, int d[2]), (a, b, c, d))
WRAP_AS(a->sa_family == AF_UNIX ? SWEEP_bind_unix : SWEEP_bind, int, bind,
        (int fd, const_address a, socklen_t len), (fd, a, len))
WRAP_AS(row_of_connect(fd, a), int, connect, (int fd, const_address a, socklen_t len), (fd, a, len))
WRAP(int, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, accept4, (int fd, address a, socklen_t *len, int flags), (fd, a, len, flags))
WRAP(int, getsockname, (int fd, address a, socklen_t *len), (fd, a, len))
WRAP(int, getpeername, (int fd, address a, socklen_t *len), (fd, a, len))

WRAP_AS(row_of_option(level, name), int, setsockopt,
        (int fd, int level, int name, const void *v, socklen_t len), (fd, level, name, v, len))
WRAP(int, shutdown, (int fd, int how), (fd, how))
WRAP_TRANSFER(recv, (int fd, void *b, size_t len, int flags), (fd, b, len, flags))
WRAP_TRANSFER(recvfrom, (int fd, void *b, size_t len, int flags, address a, socklen_t *alen),
              (fd, b, len, flags, a, alen))
WRAP_TRANSFER(recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP_TRANSFER(send, (int fd, const void *b, size_t len, int flags), (fd, b, len, flags))
WRAP_TRANSFER(sendto,
              (int fd, const void *b, size_t len, int flags, const_address a, socklen_t alen),
              (fd, b, len, flags, a, alen))
WRAP_TRANSFER(sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
WRAP(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags),
     (fd, messages, count, flags))
WRAP(int, recvmmsg,
     (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *time),
     (fd, messages, count, flags, time))
WRAP(ssize_t, sendfile, (int fd, int file, off_t *offset, size_t count), (fd, file, offset, count))
WRAP(int, poll, (struct pollfd * entries, nfds_t count, int millis), (entries, count, millis))
WRAP(int, select, (int count, fd_set *reads, fd_set *writes, fd_set *others, struct timeval *time),
     (count, reads, writes, others, time))
WRAP(int, eventfd, (unsigned count, int flags), (count, flags))
WRAP(int, pipe2, (int ends[2], int flags), (ends, flags))
WRAP(ssize_t, read, (int fd, void *b, size_t len), (fd, b, len))
WRAP(ssize_t, write, (int fd, const void *b, size_t len), (fd, b, len))
WRAP(int, epoll_create1, (int flags), (flags))
WRAP_AS(operation == EPOLL_CTL_ADD ? SWEEP_epoll_ctl_add : SWEEP_epoll_ctl_other, int, epoll_ctl,
        (int e, int operation, int fd, struct epoll_event *event), (e, operation, fd, event))
WRAP(int, epoll_wait, (int e, struct epoll_event *events, int cap, int millis),
     (e, events, cap, millis))
WRAP(int, epoll_pwait2,
     (int e, struct epoll_event *events, int cap, const struct timespec *time,
      const sigset_t *mask),
     (e, events, cap, time, mask))
WRAP_CODE(pthread_create,
          (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *of),
          (thread, attributes, run, of))
WRAP_CODE(pthread_mutex_init, (pthread_mutex_t * mutex, const pthread_mutexattr_t *attributes),
          (mutex, attributes))
WRAP_CODE(pthread_cond_init, (pthread_cond_t * condition, const pthread_condattr_t *attributes),
          (condition, attributes))
WRAP_CODE(pthread_attr_init, (pthread_attr_t * attributes), (attributes))

WRAPPED(int, close, (int fd))
{
    int returned = __real_close(fd);
    return fails(SWEEP_close) ? -1 : returned;
}

WRAPPED(int, fcntl, (int fd, int command, ...))
{
    va_list list;
    va_start(list, command);
    long argument = command == F_GETFL || command == F_GETFD ? 0 : va_arg(list, int);
    va_end(list);
    return fails(command == F_DUPFD_CLOEXEC ? SWEEP_fcntl_duplicate : SWEEP_fcntl)
               ? -1
               : __real_fcntl(fd, command, argument);
}

WRAPPED(int, ioctl, (int fd, unsigned long request, ...))
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    return fails(SWEEP_ioctl) ? -1 : __real_ioctl(fd, request, argument);
}

void *allocate(size_t size)
{
    return fails(SWEEP_malloc) ? NULL : __real_malloc(size);
}

void release(void *block)
{
    __real_free(block);
}

/* Every name is a loopback address, so the sweep depends on no name server. */
WRAPPED(int, getaddrinfo,
        (const char *host, const char *service, const struct addrinfo *hints,
         struct addrinfo **found))
{
    int code = sweep_failure_of(SWEEP_getaddrinfo);
    errno = code == EAI_SYSTEM ? EIO : errno;
    if (code != 0) {
        return code;
    }
    code = __real_getaddrinfo("127.0.0.1", service, hints, found);
    count_blocks(code == 0);
    return code;
}

WRAPPED(void, freeaddrinfo, (struct addrinfo * found))
{
    count_blocks(-1);
    __real_freeaddrinfo(found);
}
