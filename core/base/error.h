/* error.h: the library's own errors, and the table of the errors that an operation maps to another
 * kind. */
#ifndef FERI_ERROR_H
#define FERI_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"

static inline fer_error feri_ok(void)
{
    return (fer_error){FER_OK, 0};
}

/* An error that ferrule itself reports, without an OS code. */
static inline fer_error feri_own_error(fer_error_kind kind)
{
    return (fer_error){kind, 0};
}

/* Returns an error of this kind from the enclosing function unless the condition holds. */
#define FERI_REQUIRE(condition, kind)    \
    do {                                 \
        if (!(condition)) {              \
            return feri_own_error(kind); \
        }                                \
    } while (0)

/* The error for an argument: misuse if it is NULL, and else a value that is not allowed. */
static inline fer_error feri_refuse(bool is_null)
{
    return feri_own_error(is_null ? FER_MISUSE : FER_INVALID_INPUT);
}

/* Whether an error's code is the resolver's. */
static inline bool feri_is_lookup_failure(fer_error_kind kind)
{
    return kind == FER_HOST_NOT_FOUND || kind == FER_RESOLVE_TRY_AGAIN ||
           kind == FER_RESOLVE_FAILED;
}

/* Whether the reserved member of an options struct, an array of size bytes, is 0. */
static inline bool feri_are_zero(const uint64_t *reserved, size_t size)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size / sizeof *reserved; i++) {
        bits |= reserved[i];
    }
    return bits == 0;
}

/* Whether a buffer of the caller can have len bytes: NULL has none. */
static inline bool feri_is_buffer(const void *buf, size_t len)
{
    return buf != NULL || len == 0;
}

/* Stores the caller's count, if n is not NULL. */
static inline void feri_store_count(size_t *n, size_t moved)
{
    if (n != NULL) {
        *n = moved;
    }
}

/* ---- The errors that one operation maps to a more exact kind than the platform's plain map, and
 * the errors that end a stream. connection.c adds those of a send that may have moved bytes. */

typedef enum feri_operation {
    FERI_OPERATION_READ,  /* recv and its variants on a stream, SO_ERROR of a stream */
    FERI_OPERATION_WRITE, /* send and its variants on a stream */
    /* either of the two with few bytes, if the system's lack of buffers passes (ferp_traits) */
    FERI_OPERATION_SHORTAGE,
    FERI_OPERATION_EXPIRED, /* a call whose timeout expired, in the kernel or in core */
    FERI_OPERATION_CONNECT, /* connect */
    /* connect, if "would block" means that it has started (ferp_traits) */
    FERI_OPERATION_START,
    /* connect, the call and SO_ERROR. BOUND, which maps nothing: a socket that is or may be bound,
     * and on POSIX every socket. UNBOUND: on Windows a socket that is not bound */
    FERI_OPERATION_CONNECT_BOUND,
    FERI_OPERATION_CONNECT_UNBOUND,
    FERI_OPERATION_STARTED, /* connect of a nonblocking socket, after it has started */
    /* connect of a nonblocking Unix socket, before it has started */
    FERI_OPERATION_UNIX_START,
    FERI_OPERATION_UNIX_NAME, /* connect and bind of a Unix socket, and SO_ERROR of the connect */
    /* connect of a stream to its own address */
    FERI_OPERATION_CONNECT_TO_ITSELF,
    FERI_OPERATION_BIND_TAKEN, /* bind, after a second bind found the port in use */
    FERI_OPERATION_DUAL_STACK, /* clearing IPV6_V6ONLY */
    FERI_OPERATION_SHUTDOWN,   /* shutdown of a socket that was connected */
    /* setting an option of a stream whose connection has ended */
    FERI_OPERATION_SET_ENDED,
    /* preparing an accepted stream whose connection has ended */
    FERI_OPERATION_ACCEPTED_ENDED,
    FERI_OPERATION_DATAGRAM, /* receiving and sending datagrams, SO_ERROR of their sockets */
    /* joining and leaving a multicast group, after core has checked the arguments */
    FERI_OPERATION_GROUP,
    /* sending a datagram without an address on a socket that has no peer */
    FERI_OPERATION_UNADDRESSED
} feri_operation;

/* X(operation, kind from the plain map, kind for the caller, whether the OS code is kept,
 * reason) */
#define FERI_OPERATION_ERRORS(X)                                                                 \
    X(READ, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, true,                                  \
      "on Windows a reset is often reported as 10053")                                           \
    X(READ, FER_BROKEN_PIPE, FER_OK, false,                                                      \
      "Windows' 10058: another handle shut down the read half, end of file")                     \
    X(WRITE, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, true, "as for READ")                  \
    X(SHORTAGE, FER_NO_BUFFER_SPACE, FER_WOULD_BLOCK, true,                                      \
      "Windows' 10055 of a nonblocking call: a later one succeeds")                              \
    X(EXPIRED, FER_WOULD_BLOCK, FER_TIMED_OUT, false,                                            \
      "EAGAIN of a blocking socket is SO_RCVTIMEO or SO_SNDTIMEO")                               \
    X(CONNECT, FER_INTERRUPTED, FER_IN_PROGRESS, true,                                           \
      "connect(2): the connect continues after EINTR")                                           \
    X(START, FER_INTERRUPTED, FER_IN_PROGRESS, true, "as for CONNECT")                           \
    X(START, FER_WOULD_BLOCK, FER_IN_PROGRESS, true,                                             \
      "Windows' WSAEWOULDBLOCK; EAGAIN of AF_UNIX means a full backlog")                         \
    X(CONNECT_UNBOUND, FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE, true,                            \
      "Windows' 10048: no port is left (connect function, MSDN)")                                \
    X(CONNECT_UNBOUND, FER_NO_BUFFER_SPACE, FER_ADDR_NOT_AVAILABLE, true,                        \
      "Windows' 10055: no port is left (libuv, issue 823)")                                      \
    X(STARTED, FER_IN_PROGRESS, FER_WOULD_BLOCK, true,                                           \
      "a nonblocking call that would wait (rule C5)")                                            \
    X(UNIX_START, FER_WOULD_BLOCK, FER_RESOURCE_BUSY, true,                                      \
      "Linux' EAGAIN: the accept queue is full and no connect is pending")                       \
    X(UNIX_NAME, FER_NETWORK_DOWN, FER_NOT_FOUND, true,                                          \
      "Windows' 10050: the path, or its folder, does not exist")                                 \
    X(CONNECT_TO_ITSELF, FER_INVALID_INPUT, FER_CONNECTION_REFUSED, true,                        \
      "macOS: EINVAL; nothing listens at that port (rule C2)")                                   \
    X(SET_ENDED, FER_INVALID_INPUT, FER_OK, false,                                               \
      "macOS: EINVAL; nothing waits, is sent or lingers any more (rule O7)")                     \
    X(SET_ENDED, FER_CONNECTION_RESET, FER_OK, false, "as above: FreeBSD, Windows")              \
    X(SET_ENDED, FER_CONNECTION_ABORTED, FER_OK, false, "as above")                              \
    X(SET_ENDED, FER_NOT_CONNECTED, FER_OK, false, "as above")                                   \
    X(ACCEPTED_ENDED, FER_INVALID_INPUT, FER_CONNECTION_ABORTED, true,                           \
      "the connection ended in the accept queue (rule L3)")                                      \
    X(ACCEPTED_ENDED, FER_CONNECTION_RESET, FER_CONNECTION_ABORTED, true, "as above")            \
    X(ACCEPTED_ENDED, FER_NOT_CONNECTED, FER_CONNECTION_ABORTED, true, "as above")               \
    X(BIND_TAKEN, FER_PERMISSION_DENIED, FER_ADDR_IN_USE, true,                                  \
      "Windows' WSAEACCES of an exclusively held port")                                          \
    X(DUAL_STACK, FER_INVALID_INPUT, FER_UNSUPPORTED, true, "OpenBSD has no dual stack: ip6(4)") \
    X(SHUTDOWN, FER_NOT_CONNECTED, FER_OK, false,                                                \
      "both ends have finished, or a reset: nothing is left to shut down")                       \
    X(SHUTDOWN, FER_CONNECTION_RESET, FER_OK, false, "as above")                                 \
    X(SHUTDOWN, FER_CONNECTION_ABORTED, FER_OK, false, "as above")                               \
    X(SHUTDOWN, FER_BROKEN_PIPE, FER_OK, false, "as above: Windows' 10058")                      \
    X(SHUTDOWN, FER_INVALID_INPUT, FER_OK, false, "as above: NetBSD, OpenBSD (tcp_getpcb)")      \
    X(DATAGRAM, FER_CONNECTION_RESET, FER_CONNECTION_REFUSED, true,                              \
      "Windows' 10054: a port refused an earlier datagram")                                      \
    X(GROUP, FER_INVALID_INPUT, FER_ADDR_NOT_AVAILABLE, true,                                    \
      "Wine's 10022: not a member, or no such interface")                                        \
    X(GROUP, FER_NOT_FOUND, FER_ADDR_NOT_AVAILABLE, true, "Linux' ENODEV: no such interface")    \
    X(GROUP, FER_OUT_OF_MEMORY, FER_NO_BUFFER_SPACE, true,                                       \
      "Linux' ENOMEM: too many IPv6 groups; too many IPv4 groups are ENOBUFS")                   \
    X(UNADDRESSED, FER_INVALID_INPUT, FER_NOT_CONNECTED, true, "Wine reports 10022, Windows 10057")

/* Maps an error of an operation to the error for the caller. */
fer_error feri_map_failure(feri_operation operation, fer_error error);

/* The same for the result of a call. The table has no row for FER_OK, so a call that succeeds does
 * not search it. */
static inline fer_error feri_map_error(feri_operation operation, fer_error error)
{
    return error.kind == FER_OK ? error : feri_map_failure(operation, error);
}

/* Whether an error of a stream's read, write or SO_ERROR ends the stream. */
bool feri_error_is_fatal(fer_error error);

/* Whether it does if the stream has no peer any more. */
bool feri_error_is_fatal_without_peer(fer_error error);

#endif
