/* errors_linux.h: the errno numbers of generic Linux that have a kind. MIPS, SPARC, Alpha and
 * PA-RISC have numbers of their own. Data only, usable on every system: for the simulated network's
 * POSIX dialect and the tests. On generic Linux, platform/posix/error.c checks each row against
 * <errno.h> and errors_posix.h.
 *
 * X(number, name, kind). Numbers: the kernel's asm-generic/errno-base.h and errno.h. */
#ifndef FERP_ERRORS_LINUX_H
#define FERP_ERRORS_LINUX_H

#define FERP_LINUX_ERRORS(X)                     \
    X(1, EPERM, FER_PERMISSION_DENIED)           \
    X(2, ENOENT, FER_NOT_FOUND)                  \
    X(4, EINTR, FER_INTERRUPTED)                 \
    X(9, EBADF, FER_BAD_HANDLE)                  \
    X(11, EAGAIN, FER_WOULD_BLOCK)               \
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
    X(35, EDEADLK, FER_DEADLOCK)                 \
    X(36, ENAMETOOLONG, FER_INVALID_FILENAME)    \
    X(38, ENOSYS, FER_UNSUPPORTED)               \
    X(40, ELOOP, FER_FILESYSTEM_LOOP)            \
    X(88, ENOTSOCK, FER_BAD_HANDLE)              \
    X(89, EDESTADDRREQ, FER_NOT_CONNECTED)       \
    X(90, EMSGSIZE, FER_MESSAGE_TOO_LONG)        \
    X(91, EPROTOTYPE, FER_UNCATEGORIZED)         \
    X(92, ENOPROTOOPT, FER_UNSUPPORTED)          \
    X(93, EPROTONOSUPPORT, FER_UNSUPPORTED)      \
    X(94, ESOCKTNOSUPPORT, FER_UNSUPPORTED)      \
    X(95, EOPNOTSUPP, FER_UNSUPPORTED)           \
    X(96, EPFNOSUPPORT, FER_UNSUPPORTED)         \
    X(97, EAFNOSUPPORT, FER_UNSUPPORTED)         \
    X(98, EADDRINUSE, FER_ADDR_IN_USE)           \
    X(99, EADDRNOTAVAIL, FER_ADDR_NOT_AVAILABLE) \
    X(100, ENETDOWN, FER_NETWORK_DOWN)           \
    X(101, ENETUNREACH, FER_NETWORK_UNREACHABLE) \
    X(102, ENETRESET, FER_CONNECTION_RESET)      \
    X(103, ECONNABORTED, FER_CONNECTION_ABORTED) \
    X(104, ECONNRESET, FER_CONNECTION_RESET)     \
    X(105, ENOBUFS, FER_NO_BUFFER_SPACE)         \
    X(106, EISCONN, FER_ALREADY_CONNECTED)       \
    X(107, ENOTCONN, FER_NOT_CONNECTED)          \
    X(108, ESHUTDOWN, FER_BROKEN_PIPE)           \
    X(110, ETIMEDOUT, FER_CONNECTION_TIMED_OUT)  \
    X(111, ECONNREFUSED, FER_CONNECTION_REFUSED) \
    X(112, EHOSTDOWN, FER_HOST_UNREACHABLE)      \
    X(113, EHOSTUNREACH, FER_HOST_UNREACHABLE)   \
    X(114, EALREADY, FER_IN_PROGRESS)            \
    X(115, EINPROGRESS, FER_IN_PROGRESS)         \
    X(125, ECANCELED, FER_CANCELLED)

#endif
