/* error.h: the error type of most calls: a kind that is the same on every OS, and the OS's own
 * number; its texts, and its errno.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: none.
 * Threads: any number of concurrent calls. */
#ifndef FERRULE_ERROR_H
#define FERRULE_ERROR_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/version.h"

FER_BEGIN_DECLS

/* The error kinds. After FER_OK come the names of Rust 1.95's std::io::ErrorKind, in its order.
 * ferrule's own names for errors that Rust leaves Uncategorized follow. FER_UNCATEGORIZED is the
 * last. The entries are X(name, value, Rust's name, phrase). Released values never change, and a
 * minor version may add entries, so a switch needs a default. The numbers 16, 17, 20, 26 to 28, 30,
 * 32, 33 and 35 are reserved: Rust's kinds of files that no socket call reports.
 *
 * The lists below say what the kinds mean that ferrule's functions report. The Errors: slot of a
 * function lists the kinds that it reports. "Other errors of the OS" there are
 * FER_ALREADY_CONNECTED, FER_BAD_HANDLE, FER_INVALID_INPUT, FER_NETWORK_DOWN, FER_NO_BUFFER_SPACE,
 * FER_OUT_OF_MEMORY, FER_PERMISSION_DENIED, FER_RESOURCE_BUSY, FER_UNCATEGORIZED and
 * FER_UNSUPPORTED, with the code of the OS. A system call fails with one of them if memory is
 * short, if a sandbox forbids the call, if another part of the program has closed the socket, or if
 * Windows' network subsystem has failed (FER_NETWORK_DOWN). They say nothing about the peer, unless
 * the slot names them too. On Linux some do: an ICMP message can make a connect, a call of a
 * connected datagram socket, or the end of a stream FER_UNSUPPORTED, FER_UNCATEGORIZED or, over
 * IPv6, FER_PERMISSION_DENIED, and a blackhole route a connect, a send or the end of a stream
 * FER_INVALID_INPUT. If a call returns a kind that its slot lists in neither way, the OS has
 * reported an error that ferrule does not expect there: the call has failed, and os_code says why.
 *
 * After the following kinds the connection is as before, and the call can be repeated. Repeat a
 * transfer of many bytes from the count that it has stored. A function that opens, connects or
 * closes a handle says what it leaves.
 *
 * - FER_INTERRUPTED: repeat it immediately. A signal arrived before the first byte. A single read,
 *   a single write and the sends and receives of datagram sockets report it; all others continue,
 *   unless the limits are interruptible (rule I4, cancel.h). An accept that never waits continues
 *   at most 65535 times.
 * - FER_WOULD_BLOCK: repeat it after a _ready call or a wait of a poller. The call would have to
 *   wait, and the handle is in nonblocking mode, or the call is a _try_ call, or its timeout is 0.
 *   Also: a connect is pending (rule C5), or a resolver has as many lookups as its options allow.
 * - FER_TIMED_OUT: a timeout, a deadline or an attempt_timeout of the program has expired. After a
 *   deadline every call that can wait is FER_TIMED_OUT until the limits are set again.
 * - FER_CANCELLED: every call that can wait is FER_CANCELLED until the token of the limits is
 *   reset, or limits without this token are set. Of a lookup: its resolver was closed, and there
 *   will be no other result.
 * - FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY, FER_NO_BUFFER_SPACE, FER_RESOURCE_BUSY: repeat it
 *   after something was closed or freed. On macOS FER_NO_BUFFER_SPACE of a write ends the stream,
 *   and is returned again (`failed_send_may_have_sent`). FER_RESOURCE_BUSY is the full queue of a
 *   Unix listener (Linux), or a system call that does not wait was interrupted or temporarily
 *   refused. FER_TOO_MANY_OPEN_FILES is also the result of a call that waits, if the raw socket is
 *   1024 or more and the process has lowered its limit of open files below 2 (Linux, OpenBSD).
 *
 * Kinds that say something about the connection:
 *
 * - FER_CONNECTION_REFUSED: nothing listens at the address. For a datagram socket: an earlier
 *   datagram was refused.
 * - FER_HOST_UNREACHABLE, FER_NETWORK_UNREACHABLE, FER_NETWORK_DOWN: there is no route to the
 *   address. On macOS 15 and later also: the user has not permitted the program to reach the local
 *   network.
 * - FER_CONNECTION_RESET: the peer has ended the connection, and bytes may be lost.
 * - FER_CONNECTION_TIMED_OUT: the peer no longer answers, and the connection has ended, or a
 *   connect has reached the limit of the OS. Rust has one kind for this and for an expired timeout.
 * - FER_BROKEN_PIPE: a write after this end has shut down writing, or after the peer has closed.
 * - FER_NOT_CONNECTED: the socket has no peer. Of accept: the listener was shut down.
 * - FER_CONNECTION_ABORTED: accept found nothing but connections that had ended already, or a
 *   connect failed and the OS does not tell the cause, for example because another handle of the
 *   socket has taken it.
 * - FER_ALREADY_CONNECTED: a connected datagram socket can send to its peer's address only (macOS,
 *   the BSDs).
 * - FER_UNEXPECTED_EOF: the stream ended before a read_exact had all bytes, or the file before
 *   fer_stream_send_file had sent all.
 * - FER_WRITE_ZERO: the OS accepted no byte of a write_all.
 * - FER_MESSAGE_TOO_LONG: the datagram is longer than the protocol or the OS allows.
 *
 * Kinds that say something about addresses and names:
 *
 * - FER_ADDR_IN_USE: another socket has the address, the path of a Unix socket exists, or the
 *   socket has already joined the multicast group.
 * - FER_ADDR_NOT_AVAILABLE: no interface of this host has the address, or no local port is left for
 *   a connect, or for a datagram of a socket that is not bound. Of a multicast group: it was not
 *   joined, or there is no such interface.
 * - FER_HOST_NOT_FOUND: the name does not exist, or has no address.
 * - FER_RESOLVE_TRY_AGAIN: the name server did not answer, for example without a network.
 * - FER_RESOLVE_FAILED: any other failure of a lookup.
 * - FER_NOT_FOUND: no such path of a Unix socket; no such network interface; the socket is not
 *   registered with the poller; no anonymous inodes (Linux: fer_cancel_token_new).
 * - FER_ALREADY_EXISTS: the socket is registered with the poller already. Of a bind to a path on
 *   macOS: the path was created during the call. Of fer_sim_start: some calls of the program use
 *   the system's sockets (docs/SIMULATION.md, "A library of yours").
 * - FER_FILESYSTEM_LOOP, FER_INVALID_FILENAME, FER_NOT_A_DIRECTORY,
 *   FER_READ_ONLY_FILESYSTEM: the path of a Unix socket cannot be used, for this reason.
 *
 * Kinds that mean that the call is wrong, or not possible here:
 *
 * - FER_MISUSE: NULL, a handle in the wrong state, for example an open one that a call should open,
 *   or a token, poller or resolver that is not open. It is a mistake in the program, which Rust's
 *   types exclude.
 * - FER_INVALID_INPUT: text that is not an address, an argument out of range, a timeout of 0, or
 *   EINVAL of the OS.
 * - FER_BUFFER_TOO_SMALL: the caller's buffer does not hold everything up to the end of file, or
 *   the name of a network interface.
 * - FER_STORAGE_FULL: a limit of Linux' epoll, or a file system without room for the path of a Unix
 *   socket.
 * - FER_PERMISSION_DENIED: the OS or a firewall does not allow it, for example a port below 1024.
 * - FER_UNSUPPORTED: this OS, or this kind of socket, has no such operation.
 * - FER_BAD_HANDLE: the raw value is not an open socket.
 * - FER_DEADLOCK: on the simulated network, the call would wait forever.
 * - FER_UNCATEGORIZED: ferrule does not know the code of the OS, which is in os_code. */
#define FER_ERROR_KINDS(X)                                                               \
    X(FER_OK, 0, "Ok", "ok")                                                             \
    X(FER_NOT_FOUND, 1, "NotFound", "entity not found")                                  \
    X(FER_PERMISSION_DENIED, 2, "PermissionDenied", "permission denied")                 \
    X(FER_CONNECTION_REFUSED, 3, "ConnectionRefused", "connection refused")              \
    X(FER_CONNECTION_RESET, 4, "ConnectionReset", "connection reset")                    \
    X(FER_HOST_UNREACHABLE, 5, "HostUnreachable", "host unreachable")                    \
    X(FER_NETWORK_UNREACHABLE, 6, "NetworkUnreachable", "network unreachable")           \
    X(FER_CONNECTION_ABORTED, 7, "ConnectionAborted", "connection aborted")              \
    X(FER_NOT_CONNECTED, 8, "NotConnected", "not connected")                             \
    X(FER_ADDR_IN_USE, 9, "AddrInUse", "address in use")                                 \
    X(FER_ADDR_NOT_AVAILABLE, 10, "AddrNotAvailable", "address not available")           \
    X(FER_NETWORK_DOWN, 11, "NetworkDown", "network down")                               \
    X(FER_BROKEN_PIPE, 12, "BrokenPipe", "broken pipe")                                  \
    X(FER_ALREADY_EXISTS, 13, "AlreadyExists", "entity already exists")                  \
    X(FER_WOULD_BLOCK, 14, "WouldBlock", "operation would block")                        \
    X(FER_NOT_A_DIRECTORY, 15, "NotADirectory", "not a directory")                       \
    X(FER_READ_ONLY_FILESYSTEM, 18, "ReadOnlyFilesystem",                                \
      "read-only filesystem or storage medium")                                          \
    X(FER_FILESYSTEM_LOOP, 19, "FilesystemLoop", "filesystem loop or indirection limit") \
    X(FER_INVALID_INPUT, 21, "InvalidInput", "invalid input parameter")                  \
    X(FER_INVALID_DATA, 22, "InvalidData", "invalid data")                               \
    X(FER_TIMED_OUT, 23, "TimedOut", "timed out")                                        \
    X(FER_WRITE_ZERO, 24, "WriteZero", "write zero")                                     \
    X(FER_STORAGE_FULL, 25, "StorageFull", "no storage space")                           \
    X(FER_RESOURCE_BUSY, 29, "ResourceBusy", "resource busy")                            \
    X(FER_DEADLOCK, 31, "Deadlock", "deadlock")                                          \
    X(FER_INVALID_FILENAME, 34, "InvalidFilename", "invalid filename")                   \
    X(FER_INTERRUPTED, 36, "Interrupted", "operation interrupted")                       \
    X(FER_UNSUPPORTED, 37, "Unsupported", "unsupported")                                 \
    X(FER_UNEXPECTED_EOF, 38, "UnexpectedEof", "unexpected end of file")                 \
    X(FER_OUT_OF_MEMORY, 39, "OutOfMemory", "out of memory")                             \
    X(FER_IN_PROGRESS, 40, "InProgress", "in progress")                                  \
    X(FER_OTHER, 41, "Other", "other error")                                             \
    X(FER_TOO_MANY_OPEN_FILES, 64, "TooManyOpenFiles", "too many open files")            \
    X(FER_MESSAGE_TOO_LONG, 65, "MessageTooLong", "message too long")                    \
    X(FER_NO_BUFFER_SPACE, 66, "NoBufferSpace", "no buffer space")                       \
    X(FER_BAD_HANDLE, 67, "BadHandle", "bad handle")                                     \
    X(FER_ALREADY_CONNECTED, 68, "AlreadyConnected", "already connected")                \
    X(FER_CANCELLED, 69, "Cancelled", "cancelled")                                       \
    X(FER_HOST_NOT_FOUND, 70, "HostNotFound", "host not found")                          \
    X(FER_RESOLVE_TRY_AGAIN, 71, "ResolveTryAgain", "name lookup failed for now")        \
    X(FER_RESOLVE_FAILED, 72, "ResolveFailed", "name lookup failed")                     \
    X(FER_CONNECTION_TIMED_OUT, 73, "ConnectionTimedOut", "connection timed out")        \
    X(FER_MISUSE, 74, "Misuse", "misuse of the library")                                 \
    X(FER_BUFFER_TOO_SMALL, 75, "BufferTooSmall", "buffer too small")                    \
    X(FER_UNCATEGORIZED, 127, "Uncategorized", "uncategorized error")

typedef enum fer_error_kind {
#define FER_ERROR_KIND_ENUMERATOR(name, value, rust_name, phrase) name = value,
    FER_ERROR_KINDS(FER_ERROR_KIND_ENUMERATOR)
    /* private: C89 has no comma after the last enumerator */
    FER_ERROR_KIND_LAST_ = FER_UNCATEGORIZED
#undef FER_ERROR_KIND_ENUMERATOR
} fer_error_kind;

/* The result of a call. kind is FER_OK on success. os_code is the OS's own number: errno, the WSA
 * code or the resolver's code. os_code is 0 if ferrule itself made the error (an expired timeout,
 * misuse, a parse failure). Decide by kind: os_code is for a message or a log, and differs between
 * systems. A fer_error has 8 bytes and is passed by value. It does not name the call that failed:
 * the caller knows it, and prints it before the text. */
typedef struct fer_error {
    fer_error_kind kind;
    int32_t os_code;
} fer_error;
FER_STATIC_ASSERT(sizeof(fer_error) == 8, "the library was built with enums of 32 bits");

/* Success as a value, in C89 and C++ too: return FER_ERROR_OK; */
#if defined(__cplusplus)
#define FER_ERROR_OK (fer_error{FER_OK, 0})
#elif defined(__GNUC__)
#define FER_ERROR_OK (__extension__(fer_error){FER_OK, 0})
#else
#define FER_ERROR_OK ((fer_error){FER_OK, 0})
#endif

/* A buffer of this size in bytes holds every text of fer_error_format, including the NUL. */
#define FER_ERROR_TEXT_CAP 128

/* Returns a failed fer_error from the enclosing function, as Rust's `?` does. */
#define FER_TRY(expr)                        \
    do {                                     \
        fer_error fer_try_error_ = (expr);   \
        if (fer_try_error_.kind != FER_OK) { \
            return fer_try_error_;           \
        }                                    \
    } while (0)

/* Discards a result on purpose. Some compilers warn even if the result is cast to (void). */
#define FER_IGNORE(expr)                       \
    do {                                       \
        fer_error fer_ignored_error_ = (expr); \
        (void)fer_ignored_error_;              \
    } while (0)

/** Maps this host's errno value or WSA code to an error, and keeps the code in os_code. Every code
 * has exactly one kind. 0 is FER_OK. A code that ferrule does not know is FER_UNCATEGORIZED.
 * Errors: none; every code is valid input.
 * Rust: std::io::Error::from_raw_os_error. The kind is Rust's if Rust names one. Differs: ETIMEDOUT
 * and Windows' codes of a timeout are FER_CONNECTION_TIMED_OUT, and the codes of files that no
 * socket call reports are FER_UNCATEGORIZED. */
FER_MUST_USE FER_API fer_error fer_error_from_raw_os_error(int32_t os_code);

/** Returns the name of a kind in Rust's spelling, for example "ConnectionRefused". FER_OK is "Ok".
 * The name of a value that is not a kind is "Unknown".
 * Owns: the returned string is static and never NULL; do not free it.
 * Rust: std::io::ErrorKind's Debug. */
FER_RETURNS_NONNULL FER_API const char *fer_error_kind_name(fer_error_kind kind);

/** Returns the phrase of a kind, for example "connection refused". It is the text of
 * fer_error_format without the code. For a value that is not a kind it is "unknown error".
 * Owns: the returned string is static and never NULL; do not free it.
 * Rust: std::io::ErrorKind's Display. */
FER_RETURNS_NONNULL FER_API const char *fer_error_kind_text(fer_error_kind kind);

/** Returns the number of <errno.h> for an error, for a program whose own callers expect errno.
 *
 * The result is 0 for FER_OK. On POSIX it is os_code if that is an errno of this kind, or an errno
 * that ferrule does not know (FER_UNCATEGORIZED). Otherwise it is the number of the kind:
 * ECONNREFUSED for FER_CONNECTION_REFUSED, EAGAIN for FER_WOULD_BLOCK, ETIMEDOUT for FER_TIMED_OUT
 * and FER_CONNECTION_TIMED_OUT, EINVAL for FER_INVALID_INPUT and FER_MISUSE, ERANGE for
 * FER_BUFFER_TOO_SMALL. It is EIO if no number has this meaning: FER_INVALID_DATA, FER_WRITE_ZERO,
 * FER_UNEXPECTED_EOF, FER_OTHER, FER_UNCATEGORIZED, and the kinds of lookups. Windows' C library
 * has these numbers too.
 * Errors: none; never negative.
 * Rust: none. */
FER_MUST_USE FER_API int fer_error_to_errno(fer_error error);

/** Writes an error as text, for example "connection refused (os error 111)".
 *
 * The part in parentheses is omitted if os_code is 0, and is "(resolver error -2)" for
 * FER_HOST_NOT_FOUND, FER_RESOLVE_TRY_AGAIN and FER_RESOLVE_FAILED, whose os_code is the resolver's
 * or a positive errno (resolve.h). FER_UNCATEGORIZED has the system's own text too, in the language
 * of the system, on one line and cut if it is long: "uncategorized error: Protocol error (os error
 * 71)". For a value that is not a kind the phrase is "unknown error". Follows snprintf: the text is
 * cut to cap - 1 bytes and NUL-terminated. buf may be NULL only if cap is 0. Returns the full
 * length without the NUL, so FER_ERROR_TEXT_CAP bytes always suffice. Returns 0 if buf is NULL and
 * cap is not 0.
 * Owns: buf is caller-owned, cap bytes.
 * Rust: std::io::Error's Display. Differs: the phrase is ferrule's and the same on every OS. Rust's
 * is always the system's. */
FER_API size_t fer_error_format(fer_error error, char *FER_NULLABLE buf, size_t cap)
    FER_OUT_WRITES(2, 3);

FER_END_DECLS

#endif
