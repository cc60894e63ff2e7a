/* errors_posix.h: the errno values that have a kind, by name, because the numbers differ between
 * CPUs and systems. Data only, for platform/posix/error.c. errors_linux.h has the numbers of
 * generic Linux.
 *
 * X(name, kind). Needs <errno.h>. If Rust 1.95's decode_error_kind maps a name, the kind is Rust's.
 * A name that is not listed is FER_UNCATEGORIZED. EPROTOTYPE is not listed because its meaning
 * depends on the operation (a macOS send during a teardown). */
#ifndef FERP_ERRORS_POSIX_H
#define FERP_ERRORS_POSIX_H

/* Names that Rust maps, in its order, without those of the kinds of files that ferrule lacks. */
#define FERP_POSIX_RUST_ERRORS(X)            \
    X(EADDRINUSE, FER_ADDR_IN_USE)           \
    X(EADDRNOTAVAIL, FER_ADDR_NOT_AVAILABLE) \
    X(EBUSY, FER_RESOURCE_BUSY)              \
    X(ECONNABORTED, FER_CONNECTION_ABORTED)  \
    X(ECONNREFUSED, FER_CONNECTION_REFUSED)  \
    X(ECONNRESET, FER_CONNECTION_RESET)      \
    X(EDEADLK, FER_DEADLOCK)                 \
    X(EEXIST, FER_ALREADY_EXISTS)            \
    X(EHOSTUNREACH, FER_HOST_UNREACHABLE)    \
    X(EINTR, FER_INTERRUPTED)                \
    X(EINVAL, FER_INVALID_INPUT)             \
    X(ELOOP, FER_FILESYSTEM_LOOP)            \
    X(ENOENT, FER_NOT_FOUND)                 \
    X(ENOMEM, FER_OUT_OF_MEMORY)             \
    X(ENOSPC, FER_STORAGE_FULL)              \
    X(ENOSYS, FER_UNSUPPORTED)               \
    X(ENAMETOOLONG, FER_INVALID_FILENAME)    \
    X(ENETDOWN, FER_NETWORK_DOWN)            \
    X(ENETUNREACH, FER_NETWORK_UNREACHABLE)  \
    X(ENOTCONN, FER_NOT_CONNECTED)           \
    X(ENOTDIR, FER_NOT_A_DIRECTORY)          \
    X(EPIPE, FER_BROKEN_PIPE)                \
    X(EROFS, FER_READ_ONLY_FILESYSTEM)       \
    X(ETIMEDOUT, FER_CONNECTION_TIMED_OUT)   \
    X(EINPROGRESS, FER_IN_PROGRESS)          \
    X(EOPNOTSUPP, FER_UNSUPPORTED)           \
    X(EACCES, FER_PERMISSION_DENIED)         \
    X(EPERM, FER_PERMISSION_DENIED)          \
    X(EAGAIN, FER_WOULD_BLOCK)

/* Names that Rust does not map and that POSIX.1-2008 requires. */
#define FERP_POSIX_OWN_ERRORS(X)       \
    X(EAFNOSUPPORT, FER_UNSUPPORTED)   \
    X(EALREADY, FER_IN_PROGRESS)       \
    X(EBADF, FER_BAD_HANDLE)           \
    X(ECANCELED, FER_CANCELLED)        \
    X(EDESTADDRREQ, FER_NOT_CONNECTED) \
    X(EFAULT, FER_INVALID_INPUT)       \
    X(EISCONN, FER_ALREADY_CONNECTED)  \
    X(EMFILE, FER_TOO_MANY_OPEN_FILES) \
    X(EMSGSIZE, FER_MESSAGE_TOO_LONG)  \
    X(ENETRESET, FER_CONNECTION_RESET) \
    X(ENFILE, FER_TOO_MANY_OPEN_FILES) \
    X(ENOBUFS, FER_NO_BUFFER_SPACE)    \
    X(ENODEV, FER_NOT_FOUND)           \
    X(ENOPROTOOPT, FER_UNSUPPORTED)    \
    X(ENOTSOCK, FER_BAD_HANDLE)        \
    X(EPROTONOSUPPORT, FER_UNSUPPORTED)

/* Names that a system may lack, or that may equal another name. */
#if EWOULDBLOCK != EAGAIN
#define FERP_POSIX_EWOULDBLOCK(X) X(EWOULDBLOCK, FER_WOULD_BLOCK)
#else
#define FERP_POSIX_EWOULDBLOCK(X)
#endif
#if ENOTSUP != EOPNOTSUPP
#define FERP_POSIX_ENOTSUP(X) X(ENOTSUP, FER_UNSUPPORTED)
#else
#define FERP_POSIX_ENOTSUP(X)
#endif
#if defined(ESHUTDOWN)
#define FERP_POSIX_ESHUTDOWN(X) X(ESHUTDOWN, FER_BROKEN_PIPE)
#else
#define FERP_POSIX_ESHUTDOWN(X)
#endif
#if defined(EHOSTDOWN)
#define FERP_POSIX_EHOSTDOWN(X) X(EHOSTDOWN, FER_HOST_UNREACHABLE)
#else
#define FERP_POSIX_EHOSTDOWN(X)
#endif
#if defined(ESOCKTNOSUPPORT)
#define FERP_POSIX_ESOCKTNOSUPPORT(X) X(ESOCKTNOSUPPORT, FER_UNSUPPORTED)
#else
#define FERP_POSIX_ESOCKTNOSUPPORT(X)
#endif
#if defined(EPFNOSUPPORT) && EPFNOSUPPORT != EAFNOSUPPORT
#define FERP_POSIX_EPFNOSUPPORT(X) X(EPFNOSUPPORT, FER_UNSUPPORTED)
#else
#define FERP_POSIX_EPFNOSUPPORT(X)
#endif

#define FERP_POSIX_ERRORS(X)      \
    FERP_POSIX_RUST_ERRORS(X)     \
    FERP_POSIX_OWN_ERRORS(X)      \
    FERP_POSIX_EWOULDBLOCK(X)     \
    FERP_POSIX_ENOTSUP(X)         \
    FERP_POSIX_ESHUTDOWN(X)       \
    FERP_POSIX_EHOSTDOWN(X)       \
    FERP_POSIX_ESOCKTNOSUPPORT(X) \
    FERP_POSIX_EPFNOSUPPORT(X)

#endif
