/* faults_posix.h: the system calls of the POSIX backend that the sweep makes fail, and the errors
 * that their manual pages list. faults_posix.c replaces them at link time. Data only. */
#ifndef SWEEP_FAULTS_POSIX_H
#define SWEEP_FAULTS_POSIX_H

#include <errno.h>
#include <netdb.h>

/* X(call, errors): the errors of Linux (man-pages 5.14: section 2, and ip(7), tcp(7), udp(7),
 * unix(7)), FreeBSD and macOS (XNU) for that call, besides SWEEP_ANY. The pages do not separate
 * kinds of sockets, so a call has a row for each kind: TCP, Unix streams, UDP and Unix datagrams.
 * An error whose text is about another kind, or about arguments that core never passes, is left
 * out: rights in messages, TCP Fast Open, one epoll descriptor in another. So is EDESTADDRREQ of a
 * Unix socket without a path (listen, the BSDs), which platform/posix maps there alone. */
#define SWEEP_FAULTS(X)                                                                           \
    X(socket, EACCES, EAFNOSUPPORT, EMFILE, ENFILE, EPROTONOSUPPORT, EPROTOTYPE)                  \
    X(socketpair, EACCES, EAFNOSUPPORT, EFAULT, EMFILE, ENFILE, EOPNOTSUPP, EPROTONOSUPPORT,      \
      EPROTOTYPE)                                                                                 \
    X(bind, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EBADF, EFAULT, ENOTSOCK, EOPNOTSUPP) \
    X(bind_unix, EACCES, EADDRINUSE, EAFNOSUPPORT, EBADF, EEXIST, EFAULT, EISDIR, ELOOP,          \
      ENAMETOOLONG, ENOENT, ENOTDIR, ENOTSOCK, EOPNOTSUPP, EROFS)                                 \
    X(connect, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EALREADY, EBADF, ECONNREFUSED,    \
      ECONNRESET, EFAULT, EHOSTUNREACH, EINPROGRESS, EISCONN, ENETDOWN, ENETUNREACH, ENOTSOCK,    \
      EOPNOTSUPP, ETIMEDOUT)                                                                      \
    X(connect_gram, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EBADF, EFAULT, EHOSTUNREACH, \
      EISCONN, ENETDOWN, ENETUNREACH, ENOTSOCK, EOPNOTSUPP)                                       \
    X(connect_unix, EACCES, EAFNOSUPPORT, EBADF, ECONNREFUSED, EFAULT, EISCONN, ELOOP,            \
      ENAMETOOLONG, ENOENT, ENOTDIR, ENOTSOCK, EOPNOTSUPP, EPROTOTYPE)                            \
    X(listen, EACCES, EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP)                                    \
    X(accept4, EBADF, ECONNABORTED, EFAULT, EHOSTDOWN, EHOSTUNREACH, EMFILE, ENETDOWN,            \
      ENETUNREACH, ENFILE, ENONET, ENOPROTOOPT, ENOSR, ENOTSOCK, EOPNOTSUPP, EPROTO,              \
      EPROTONOSUPPORT, ESOCKTNOSUPPORT, ETIMEDOUT, ECONNRESET)                                    \
    X(getsockname, EBADF, EFAULT, ENOTSOCK, EOPNOTSUPP)                                           \
    X(getpeername, EBADF, EFAULT, ENOTCONN, ENOTSOCK, EOPNOTSUPP)                                 \
    X(getsockopt, EBADF, EFAULT, ENOPROTOOPT, ENOTSOCK)                                           \
    X(setsockopt, EBADF, EDOM, EFAULT, EISCONN, ENOPROTOOPT, ENOTSOCK)                            \
    X(setsockopt_join, EADDRINUSE, EADDRNOTAVAIL, EBADF, EFAULT, ENODEV, ENOPROTOOPT, ENOTSOCK)   \
    X(setsockopt_leave, EADDRNOTAVAIL, EBADF, EFAULT, ENODEV, ENOPROTOOPT, ENOTSOCK)              \
    X(setsockopt_device, EBADF, EFAULT, ENODEV, ENOPROTOOPT, ENOTSOCK)                            \
    X(shutdown, EBADF, ENOTCONN, ENOTSOCK)                                                        \
    X(close, EBADF, ENOSPC)                                                                       \
    X(fcntl, EACCES, EBADF, ENOTSUP)                                                              \
    X(fcntl_duplicate, EBADF, EMFILE)                                                             \
    X(ioctl, EBADF, EFAULT, ENOTTY)                                                               \
    SWEEP_TRANSFER(X, recv, SWEEP_STREAM_RECEIVES, SWEEP_UDP_RECEIVES, SWEEP_UNIX_RECEIVES)       \
    SWEEP_TRANSFER(X, recvfrom, SWEEP_STREAM_RECEIVES, SWEEP_UDP_RECEIVES, SWEEP_UNIX_RECEIVES)   \
    SWEEP_TRANSFER(X, recvmsg, SWEEP_STREAM_RECEIVES, SWEEP_UDP_RECEIVES, SWEEP_UNIX_RECEIVES)    \
    SWEEP_TRANSFER(X, send, SWEEP_STREAM_SENDS, SWEEP_UDP_SENDS, SWEEP_UNIX_SENDS)                \
    SWEEP_TRANSFER(X, sendto, SWEEP_STREAM_SENDS, SWEEP_UDP_SENDS_TO, SWEEP_UNIX_SENDS_TO)        \
    SWEEP_TRANSFER(X, sendmsg, SWEEP_STREAM_SENDS, SWEEP_UDP_SENDS, SWEEP_UNIX_SENDS)             \
    X(sendmmsg, SWEEP_UDP_SENDS_TO)                                                               \
    X(recvmmsg, SWEEP_UDP_RECEIVES)                                                               \
    X(sendfile, SWEEP_STREAM_SENDS, EOVERFLOW, ESPIPE)                                            \
    X(poll, EFAULT)                                                                               \
    X(select, EBADF, EFAULT)                                                                      \
    X(eventfd, EMFILE, ENFILE, ENODEV)                                                            \
    X(pipe2, EFAULT, EMFILE, ENFILE)                                                              \
    X(read, EBADF, EFAULT, EISDIR)                                                                \
    X(write, EBADF, EFAULT, ENOSPC, EPIPE)                                                        \
    X(epoll_create1, EMFILE, ENFILE)                                                              \
    X(epoll_ctl_add, EBADF, ENOSPC)                                                               \
    X(epoll_ctl_other, EBADF, ENOENT)                                                             \
    X(epoll_wait, EBADF, EFAULT)                                                                  \
    X(epoll_pwait2, EBADF, EFAULT)                                                                \
    X(pthread_create, EAGAIN)                                                                     \
    X(pthread_mutex_init, EBUSY)                                                                  \
    X(pthread_cond_init, EBUSY)                                                                   \
    X(pthread_attr_init, ENOMEM)                                                                  \
    X(malloc, ENOMEM)                                                                             \
    X(getaddrinfo, EAI_ADDRFAMILY, EAI_AGAIN, EAI_BADFLAGS, EAI_FAIL, EAI_FAMILY, EAI_MEMORY,     \
      EAI_NODATA, EAI_NONAME, EAI_SERVICE, EAI_SOCKTYPE, EAI_SYSTEM, EAI_OVERFLOW)

/* In the order of enum sweep_kind. */
#define SWEEP_TRANSFER(X, call, of_streams, of_udp, of_unix) \
    X(call, of_streams)                                      \
    X(call##_unix, of_streams)                               \
    X(call##_gram, of_udp)                                   \
    X(call##_unix_gram, of_unix)
#define SWEEP_STREAM_RECEIVES \
    EBADF, ECONNRESET, EFAULT, EHOSTUNREACH, ENOTCONN, ENOTSOCK, EOPNOTSUPP, ETIMEDOUT
#define SWEEP_UDP_RECEIVES EBADF, ECONNREFUSED, ECONNRESET, EFAULT, ENOTSOCK, EOPNOTSUPP
#define SWEEP_UNIX_RECEIVES EBADF, ECONNRESET, EFAULT, ENOTSOCK, EOPNOTSUPP
#define SWEEP_STREAM_SENDS                                                                         \
    EBADF, ECONNRESET, EFAULT, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ENOTCONN, ENOTSOCK, \
        EOPNOTSUPP, EPIPE, ETIMEDOUT
#define SWEEP_UDP_SENDS                                                                        \
    EACCES, EADDRNOTAVAIL, EBADF, ECONNREFUSED, EDESTADDRREQ, EFAULT, EHOSTDOWN, EHOSTUNREACH, \
        EMSGSIZE, ENETDOWN, ENETUNREACH, ENOTSOCK, EOPNOTSUPP, EPIPE
#define SWEEP_UDP_SENDS_TO                                                                     \
    EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, EBADF, ECONNREFUSED, EFAULT, EHOSTDOWN, EHOSTUNREACH, \
        EISCONN, EMSGSIZE, ENETDOWN, ENETUNREACH, ENOTSOCK, EOPNOTSUPP, EPIPE
#define SWEEP_UNIX_SENDS                                                                 \
    EBADF, ECONNREFUSED, ECONNRESET, EDESTADDRREQ, EFAULT, EMSGSIZE, ENOTCONN, ENOTSOCK, \
        EOPNOTSUPP, EPIPE
#define SWEEP_UNIX_SENDS_TO                                                                       \
    EACCES, EAFNOSUPPORT, EBADF, ECONNREFUSED, EFAULT, EISCONN, ELOOP, EMSGSIZE, ENOENT, ENOTDIR, \
        ENOTSOCK, EOPNOTSUPP, EPIPE

/* The kind of a socket, as an offset from the first row of its call. */
enum sweep_kind { SWEEP_TCP_KIND, SWEEP_UNIX_KIND, SWEEP_GRAM_KIND, SWEEP_UNIX_GRAM_KIND };

/* The errors that every system call has, whatever its page says. */
#define SWEEP_ANY EINTR, EAGAIN, ENOBUFS, ENOMEM, EPERM, ENOSYS, EINVAL, EIO

/* Those that pass if the call is made again. */
#define SWEEP_PASSING EINTR, EAGAIN

/* Those that stand for the others where two calls fail: one that is retried, one that has a
 * fallback (poll) and one that passes. */
#define SWEEP_FEW EINTR, EINVAL, ENOBUFS

/* The first and the last call that say whether a connection has ended. */
#define SWEEP_FIRST_TRANSFER SWEEP_recv
#define SWEEP_LAST_TRANSFER SWEEP_sendfile

/* From here on calls fail with the errors of their rows alone. */
#define SWEEP_FIRST_OTHER SWEEP_pthread_create

/* EINVAL of a transfer and then of getpeername: on XNU both halves have ended (core, connection.c,
 * feri_connection_has_ended). */
#define SWEEP_SHOWS_END(second) ((second).call == SWEEP_getpeername && (second).code == EINVAL)

/* No function is always UNSUPPORTED, unless nothing is found beyond POSIX.1-2008, and no memory
 * stays with the system. */
#ifdef FERRULE_PLAIN_POSIX
#define SWEEP_CAN_LACK true
#else
#define SWEEP_CAN_LACK false
#endif
#define SWEEP_KEEPS_MEMORY(call) false

#endif
