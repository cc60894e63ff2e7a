/* errors_posix.h: the errno values that have a kind. Data only, usable on every system: for
 * platform/posix/error.c, which uses the names, for the simulated network, which uses the numbers,
 * and for the tests. error.c checks the numbers on the systems that have them.
 *
 * X(name, number on Linux, number on macOS and the BSDs, kind). Linux: asm-generic/errno-base.h and
 * errno.h; MIPS, SPARC, Alpha and PA-RISC have numbers of their own. macOS, FreeBSD, NetBSD and
 * OpenBSD share those of 4.4BSD; on macOS 45 is ENOTSUP, with the same kind, and EOPNOTSUPP is 102.
 * If Rust 1.95's decode_error_kind maps a name, the kind is Rust's. A name that is not listed is
 * FER_UNCATEGORIZED. So is EPROTOTYPE, because its meaning depends on the operation (a macOS send
 * during a teardown). */
#ifndef FERP_ERRORS_POSIX_H
#define FERP_ERRORS_POSIX_H

/* Not aligned, so that a new row leaves the others unchanged. */
/* clang-format off */
#define FERP_POSIX_ERRORS(X) \
    X(EPERM, 1, 1, FER_PERMISSION_DENIED) \
    X(ENOENT, 2, 2, FER_NOT_FOUND) \
    X(EINTR, 4, 4, FER_INTERRUPTED) \
    X(EBADF, 9, 9, FER_BAD_HANDLE) \
    X(EAGAIN, 11, 35, FER_WOULD_BLOCK) \
    X(ENOMEM, 12, 12, FER_OUT_OF_MEMORY) \
    X(EACCES, 13, 13, FER_PERMISSION_DENIED) \
    X(EFAULT, 14, 14, FER_INVALID_INPUT) \
    X(EBUSY, 16, 16, FER_RESOURCE_BUSY) \
    X(EEXIST, 17, 17, FER_ALREADY_EXISTS) \
    X(ENODEV, 19, 19, FER_NOT_FOUND) \
    X(ENOTDIR, 20, 20, FER_NOT_A_DIRECTORY) \
    X(EINVAL, 22, 22, FER_INVALID_INPUT) \
    X(ENFILE, 23, 23, FER_TOO_MANY_OPEN_FILES) \
    X(EMFILE, 24, 24, FER_TOO_MANY_OPEN_FILES) \
    X(ENOSPC, 28, 28, FER_STORAGE_FULL) \
    X(EROFS, 30, 30, FER_READ_ONLY_FILESYSTEM) \
    X(EPIPE, 32, 32, FER_BROKEN_PIPE) \
    X(EDEADLK, 35, 11, FER_DEADLOCK) \
    X(ENAMETOOLONG, 36, 63, FER_INVALID_FILENAME) \
    X(ENOSYS, 38, 78, FER_UNSUPPORTED) \
    X(ELOOP, 40, 62, FER_FILESYSTEM_LOOP) \
    X(ENOTSOCK, 88, 38, FER_BAD_HANDLE) \
    X(EDESTADDRREQ, 89, 39, FER_NOT_CONNECTED) \
    X(EMSGSIZE, 90, 40, FER_MESSAGE_TOO_LONG) \
    X(EPROTOTYPE, 91, 41, FER_UNCATEGORIZED) \
    X(ENOPROTOOPT, 92, 42, FER_UNSUPPORTED) \
    X(EPROTONOSUPPORT, 93, 43, FER_UNSUPPORTED) \
    X(ESOCKTNOSUPPORT, 94, 44, FER_UNSUPPORTED) \
    X(EOPNOTSUPP, 95, 45, FER_UNSUPPORTED) \
    X(EPFNOSUPPORT, 96, 46, FER_UNSUPPORTED) \
    X(EAFNOSUPPORT, 97, 47, FER_UNSUPPORTED) \
    X(EADDRINUSE, 98, 48, FER_ADDR_IN_USE) \
    X(EADDRNOTAVAIL, 99, 49, FER_ADDR_NOT_AVAILABLE) \
    X(ENETDOWN, 100, 50, FER_NETWORK_DOWN) \
    X(ENETUNREACH, 101, 51, FER_NETWORK_UNREACHABLE) \
    X(ENETRESET, 102, 52, FER_CONNECTION_RESET) \
    X(ECONNABORTED, 103, 53, FER_CONNECTION_ABORTED) \
    X(ECONNRESET, 104, 54, FER_CONNECTION_RESET) \
    X(ENOBUFS, 105, 55, FER_NO_BUFFER_SPACE) \
    X(EISCONN, 106, 56, FER_ALREADY_CONNECTED) \
    X(ENOTCONN, 107, 57, FER_NOT_CONNECTED) \
    X(ESHUTDOWN, 108, 58, FER_BROKEN_PIPE) \
    X(ETIMEDOUT, 110, 60, FER_CONNECTION_TIMED_OUT) \
    X(ECONNREFUSED, 111, 61, FER_CONNECTION_REFUSED) \
    X(EHOSTDOWN, 112, 64, FER_HOST_UNREACHABLE) \
    X(EHOSTUNREACH, 113, 65, FER_HOST_UNREACHABLE) \
    X(EALREADY, 114, 37, FER_IN_PROGRESS) \
    X(EINPROGRESS, 115, 36, FER_IN_PROGRESS)

/* Those whose numbers differ between macOS and the BSDs. */
#define FERP_POSIX_OTHER_ERRORS(X) X(ECANCELED, 125, 0, FER_CANCELLED)
/* clang-format on */

#endif
