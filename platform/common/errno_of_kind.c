/* errno_of_kind.c: the number of <errno.h> for each kind, for all backends. Windows' C library has
 * these names too ("Errno constants", MSDN). */
#include "platform/platform.h"

#include <errno.h>

/* X(kind, name). EIO: there is none. */
#define FERP_ERRNO_OF_KINDS(X)               \
    X(FER_NOT_FOUND, ENOENT)                 \
    X(FER_PERMISSION_DENIED, EACCES)         \
    X(FER_CONNECTION_REFUSED, ECONNREFUSED)  \
    X(FER_CONNECTION_RESET, ECONNRESET)      \
    X(FER_HOST_UNREACHABLE, EHOSTUNREACH)    \
    X(FER_NETWORK_UNREACHABLE, ENETUNREACH)  \
    X(FER_CONNECTION_ABORTED, ECONNABORTED)  \
    X(FER_NOT_CONNECTED, ENOTCONN)           \
    X(FER_ADDR_IN_USE, EADDRINUSE)           \
    X(FER_ADDR_NOT_AVAILABLE, EADDRNOTAVAIL) \
    X(FER_NETWORK_DOWN, ENETDOWN)            \
    X(FER_BROKEN_PIPE, EPIPE)                \
    X(FER_ALREADY_EXISTS, EEXIST)            \
    X(FER_WOULD_BLOCK, EAGAIN)               \
    X(FER_NOT_A_DIRECTORY, ENOTDIR)          \
    X(FER_READ_ONLY_FILESYSTEM, EROFS)       \
    X(FER_FILESYSTEM_LOOP, ELOOP)            \
    X(FER_INVALID_INPUT, EINVAL)             \
    X(FER_TIMED_OUT, ETIMEDOUT)              \
    X(FER_STORAGE_FULL, ENOSPC)              \
    X(FER_RESOURCE_BUSY, EBUSY)              \
    X(FER_DEADLOCK, EDEADLK)                 \
    X(FER_INVALID_FILENAME, ENAMETOOLONG)    \
    X(FER_INTERRUPTED, EINTR)                \
    X(FER_UNSUPPORTED, EOPNOTSUPP)           \
    X(FER_OUT_OF_MEMORY, ENOMEM)             \
    X(FER_IN_PROGRESS, EINPROGRESS)          \
    X(FER_TOO_MANY_OPEN_FILES, EMFILE)       \
    X(FER_MESSAGE_TOO_LONG, EMSGSIZE)        \
    X(FER_NO_BUFFER_SPACE, ENOBUFS)          \
    X(FER_BAD_HANDLE, EBADF)                 \
    X(FER_ALREADY_CONNECTED, EISCONN)        \
    X(FER_CANCELLED, ECANCELED)              \
    X(FER_CONNECTION_TIMED_OUT, ETIMEDOUT)   \
    X(FER_MISUSE, EINVAL)                    \
    X(FER_BUFFER_TOO_SMALL, ERANGE)          \
    X(FER_HOST_NOT_FOUND, EIO)               \
    X(FER_RESOLVE_TRY_AGAIN, EIO)            \
    X(FER_RESOLVE_FAILED, EIO)               \
    X(FER_INVALID_DATA, EIO)                 \
    X(FER_UNEXPECTED_EOF, EIO)               \
    X(FER_WRITE_ZERO, EIO)                   \
    X(FER_OTHER, EIO)                        \
    X(FER_UNCATEGORIZED, EIO)

int ferp_errno_of_kind(fer_error_kind kind)
{
    switch (kind) {
    case FER_OK: return 0;
#define CASE(kind, name) \
    case kind: return name;
        FERP_ERRNO_OF_KINDS(CASE)
#undef CASE
    }
    return EIO;
}
