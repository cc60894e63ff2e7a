/* errors_bsd.h: the errno numbers with a kind that macOS, FreeBSD, NetBSD and OpenBSD share: those
 * of 4.4BSD. Data only, usable on every system: for the simulated network's BSD dialect and the
 * tests. On these systems platform/posix/error.c checks each row against <errno.h>.
 *
 * X(number, name, kind). Not listed: names with other numbers on some of them (ECANCELED). On macOS
 * 45 is ENOTSUP, with the same kind, and EOPNOTSUPP is 102. */
#ifndef FERP_ERRORS_BSD_H
#define FERP_ERRORS_BSD_H

#define FERP_BSD_ERRORS(X)                       \
    X(1, EPERM, FER_PERMISSION_DENIED)           \
    X(2, ENOENT, FER_NOT_FOUND)                  \
    X(4, EINTR, FER_INTERRUPTED)                 \
    X(9, EBADF, FER_BAD_HANDLE)                  \
    X(11, EDEADLK, FER_DEADLOCK)                 \
    X(12, ENOMEM, FER_OUT_OF_MEMORY)             \
    X(13, EACCES, FER_PERMISSION_DENIED)         \
    X(14, EFAULT, FER_INVALID_INPUT)             \
    X(16, EBUSY, FER_RESOURCE_BUSY)              \
    X(17, EEXIST, FER_ALREADY_EXISTS)            \
    X(19, ENODEV, FER_NOT_FOUND)                 \
    X(20, ENOTDIR, FER_NOT_A_DIRECTORY)          \
    X(22, EINVAL, FER_INVALID_INPUT)             \
    X(23, ENFILE, FER_TOO_MANY_OPEN_FILES)       \
    X(24, EMFILE, FER_TOO_MANY_OPEN_FILES)       \
    X(28, ENOSPC, FER_STORAGE_FULL)              \
    X(30, EROFS, FER_READ_ONLY_FILESYSTEM)       \
    X(32, EPIPE, FER_BROKEN_PIPE)                \
    X(35, EAGAIN, FER_WOULD_BLOCK)               \
    X(36, EINPROGRESS, FER_IN_PROGRESS)          \
    X(37, EALREADY, FER_IN_PROGRESS)             \
    X(38, ENOTSOCK, FER_BAD_HANDLE)              \
    X(39, EDESTADDRREQ, FER_NOT_CONNECTED)       \
    X(40, EMSGSIZE, FER_MESSAGE_TOO_LONG)        \
    X(41, EPROTOTYPE, FER_UNCATEGORIZED)         \
    X(42, ENOPROTOOPT, FER_UNSUPPORTED)          \
    X(43, EPROTONOSUPPORT, FER_UNSUPPORTED)      \
    X(44, ESOCKTNOSUPPORT, FER_UNSUPPORTED)      \
    X(45, EOPNOTSUPP, FER_UNSUPPORTED)           \
    X(46, EPFNOSUPPORT, FER_UNSUPPORTED)         \
    X(47, EAFNOSUPPORT, FER_UNSUPPORTED)         \
    X(48, EADDRINUSE, FER_ADDR_IN_USE)           \
    X(49, EADDRNOTAVAIL, FER_ADDR_NOT_AVAILABLE) \
    X(50, ENETDOWN, FER_NETWORK_DOWN)            \
    X(51, ENETUNREACH, FER_NETWORK_UNREACHABLE)  \
    X(52, ENETRESET, FER_CONNECTION_RESET)       \
    X(53, ECONNABORTED, FER_CONNECTION_ABORTED)  \
    X(54, ECONNRESET, FER_CONNECTION_RESET)      \
    X(55, ENOBUFS, FER_NO_BUFFER_SPACE)          \
    X(56, EISCONN, FER_ALREADY_CONNECTED)        \
    X(57, ENOTCONN, FER_NOT_CONNECTED)           \
    X(58, ESHUTDOWN, FER_BROKEN_PIPE)            \
    X(60, ETIMEDOUT, FER_CONNECTION_TIMED_OUT)   \
    X(61, ECONNREFUSED, FER_CONNECTION_REFUSED)  \
    X(62, ELOOP, FER_FILESYSTEM_LOOP)            \
    X(63, ENAMETOOLONG, FER_INVALID_FILENAME)    \
    X(64, EHOSTDOWN, FER_HOST_UNREACHABLE)       \
    X(65, EHOSTUNREACH, FER_HOST_UNREACHABLE)    \
    X(78, ENOSYS, FER_UNSUPPORTED)

#endif
