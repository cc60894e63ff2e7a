/* error_codes_posix.h: error codes of POSIX systems, their numbers on generic Linux and on 4.4BSD,
 * and their kinds, for process.h. */
#ifndef TEST_ERROR_CODES_POSIX_H
#define TEST_ERROR_CODES_POSIX_H

/* Rust 1.95, library/std/src/sys/io/error/unix.rs, decode_error_kind. */
#define RUST_ERROR_CODES(X)                          \
    X(E2BIG, 7, 7, FER_UNCATEGORIZED)                \
    X(EACCES, 13, 13, FER_PERMISSION_DENIED)         \
    X(EADDRINUSE, 98, 48, FER_ADDR_IN_USE)           \
    X(EADDRNOTAVAIL, 99, 49, FER_ADDR_NOT_AVAILABLE) \
    X(EAGAIN, 11, 35, FER_WOULD_BLOCK)               \
    X(EBUSY, 16, 16, FER_RESOURCE_BUSY)              \
    X(ECONNABORTED, 103, 53, FER_CONNECTION_ABORTED) \
    X(ECONNREFUSED, 111, 61, FER_CONNECTION_REFUSED) \
    X(ECONNRESET, 104, 54, FER_CONNECTION_RESET)     \
    X(EDEADLK, 35, 11, FER_DEADLOCK)                 \
    X(EDQUOT, 122, 69, FER_UNCATEGORIZED)            \
    X(EEXIST, 17, 17, FER_ALREADY_EXISTS)            \
    X(EFBIG, 27, 27, FER_UNCATEGORIZED)              \
    X(EHOSTUNREACH, 113, 65, FER_HOST_UNREACHABLE)   \
    X(EINPROGRESS, 115, 36, FER_IN_PROGRESS)         \
    X(EINTR, 4, 4, FER_INTERRUPTED)                  \
    X(EINVAL, 22, 22, FER_INVALID_INPUT)             \
    X(EISDIR, 21, 21, FER_UNCATEGORIZED)             \
    X(ELOOP, 40, 62, FER_FILESYSTEM_LOOP)            \
    X(EMLINK, 31, 31, FER_UNCATEGORIZED)             \
    X(ENAMETOOLONG, 36, 63, FER_INVALID_FILENAME)    \
    X(ENETDOWN, 100, 50, FER_NETWORK_DOWN)           \
    X(ENETUNREACH, 101, 51, FER_NETWORK_UNREACHABLE) \
    X(ENOENT, 2, 2, FER_NOT_FOUND)                   \
    X(ENOMEM, 12, 12, FER_OUT_OF_MEMORY)             \
    X(ENOSPC, 28, 28, FER_STORAGE_FULL)              \
    X(ENOSYS, 38, 78, FER_UNSUPPORTED)               \
    X(ENOTCONN, 107, 57, FER_NOT_CONNECTED)          \
    X(ENOTDIR, 20, 20, FER_NOT_A_DIRECTORY)          \
    X(ENOTEMPTY, 39, 66, FER_UNCATEGORIZED)          \
    X(EOPNOTSUPP, 95, 45, FER_UNSUPPORTED)           \
    X(EPERM, 1, 1, FER_PERMISSION_DENIED)            \
    X(EPIPE, 32, 32, FER_BROKEN_PIPE)                \
    X(EROFS, 30, 30, FER_READ_ONLY_FILESYSTEM)       \
    X(ESPIPE, 29, 29, FER_UNCATEGORIZED)             \
    X(ESTALE, 116, 70, FER_UNCATEGORIZED)            \
    X(ETIMEDOUT, 110, 60, FER_CONNECTION_TIMED_OUT)  \
    X(ETXTBSY, 26, 26, FER_UNCATEGORIZED)            \
    X(EXDEV, 18, 18, FER_UNCATEGORIZED)

#endif
