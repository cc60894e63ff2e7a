/* operation_error.h: where an operation knows better than the plain error map what an OS's answer
 * means to the caller, and which errors end a stream. The whole list is the two tables here; the
 * plain map is the platform's. */
#ifndef FERI_OPERATION_ERROR_H
#define FERI_OPERATION_ERROR_H

#include <stdbool.h>

#include "ferrule/error.h"

typedef enum feri_operation {
    FERI_OPERATION_READ,  /* recv and its kin on a stream, SO_ERROR of a stream */
    FERI_OPERATION_WRITE, /* send and its kin on a stream */
    /* a call that gave up waiting, in the kernel or here, at the end of its timeout */
    FERI_OPERATION_EXPIRED,
    FERI_OPERATION_CONNECT, /* connect */
    FERI_OPERATION_START, /* connect, where "would block" means that it has started (ferp_traits) */
    FERI_OPERATION_STARTED,    /* connect of a nonblocking socket, where it has started */
    FERI_OPERATION_UNIX_START, /* the same of a Unix socket, where it has not */
    FERI_OPERATION_BIND_TAKEN, /* bind, where a second look found the port taken */
    FERI_OPERATION_DUAL_STACK, /* clearing IPV6_V6ONLY */
    FERI_OPERATION_SHUTDOWN,   /* shutdown of a stream that was connected */
    FERI_OPERATION_PEER_ADDR,  /* getpeername of a stream that was connected */
    FERI_OPERATION_DATAGRAM,   /* receiving and sending datagrams, SO_ERROR of their sockets */
    /* joining and leaving a multicast group, whose arguments core has checked */
    FERI_OPERATION_GROUP,
    /* sending a datagram without an address on a socket that has no peer */
    FERI_OPERATION_UNADDRESSED,
    FERI_OPERATION_ADOPT, /* asking what somebody else's raw socket is */
    FERI_OPERATION_WATCH  /* adding a socket to a poller, modifying and deleting it */
} feri_operation;

/* X(operation, what the plain map says, what the caller is told, whether the OS code is kept,
 * why) */
#define FERI_OPERATION_ERRORS(X)                                                                 \
    X(READ, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, true,                                  \
      "Windows' 10053 is a common face of a reset")                                              \
    X(READ, FER_BROKEN_PIPE, FER_OK, false,                                                      \
      "Windows' 10058: another handle shut the read half, the end")                              \
    X(WRITE, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, true, "as for READ")                  \
    X(EXPIRED, FER_WOULD_BLOCK, FER_TIMED_OUT, false,                                            \
      "EAGAIN of a blocking socket is SO_RCVTIMEO or SO_SNDTIMEO")                               \
    X(EXPIRED, FER_TIMED_OUT, FER_TIMED_OUT, false,                                              \
      "with an OS code it would mean a dead connection")                                         \
    X(CONNECT, FER_INTERRUPTED, FER_IN_PROGRESS, true, "connect(2): it goes on after EINTR")     \
    X(START, FER_INTERRUPTED, FER_IN_PROGRESS, true, "as for CONNECT")                           \
    X(START, FER_WOULD_BLOCK, FER_IN_PROGRESS, true,                                             \
      "Windows' WSAEWOULDBLOCK; AF_UNIX' EAGAIN means a full backlog")                           \
    X(STARTED, FER_IN_PROGRESS, FER_WOULD_BLOCK, true,                                           \
      "a nonblocking call that would wait (rule C5)")                                            \
    X(UNIX_START, FER_WOULD_BLOCK, FER_RESOURCE_BUSY, true,                                      \
      "Linux' EAGAIN: the listener's queue is full, and nothing is under way")                   \
    X(BIND_TAKEN, FER_PERMISSION_DENIED, FER_ADDR_IN_USE, true,                                  \
      "Windows' WSAEACCES of an exclusively held port")                                          \
    X(DUAL_STACK, FER_INVALID_INPUT, FER_UNSUPPORTED, true, "OpenBSD has no dual stack: ip6(4)") \
    X(SHUTDOWN, FER_NOT_CONNECTED, FER_OK, false,                                                \
      "both ends are done, or reset: nothing is left to shut")                                   \
    X(SHUTDOWN, FER_CONNECTION_RESET, FER_OK, false, "as above")                                 \
    X(SHUTDOWN, FER_CONNECTION_ABORTED, FER_OK, false, "as above")                               \
    X(SHUTDOWN, FER_BROKEN_PIPE, FER_OK, false, "as above: Windows' 10058")                      \
    X(PEER_ADDR, FER_INVALID_INPUT, FER_NOT_CONNECTED, true,                                     \
      "macOS: EINVAL once the connection is dead")                                               \
    X(DATAGRAM, FER_CONNECTION_RESET, FER_CONNECTION_REFUSED, true,                              \
      "Windows' 10054: a port refused an earlier datagram")                                      \
    X(GROUP, FER_INVALID_INPUT, FER_ADDR_NOT_AVAILABLE, true,                                    \
      "Wine's 10022: not a member, or no such interface")                                        \
    X(GROUP, FER_NOT_FOUND, FER_ADDR_NOT_AVAILABLE, true, "Linux' ENODEV: no such interface")    \
    X(UNADDRESSED, FER_INVALID_INPUT, FER_NOT_CONNECTED, true,                                   \
      "Wine's 10022 for what is 10057 on Windows")                                               \
    X(ADOPT, FER_BAD_HANDLE, FER_INVALID_INPUT, true,                                            \
      "not a socket, or none: misuse by the caller of from_raw")                                 \
    X(WATCH, FER_PERMISSION_DENIED, FER_UNSUPPORTED, true,                                       \
      "Linux' EPERM: a file that epoll cannot watch")

/* What the caller is told. */
fer_error feri_map_error(feri_operation operation, fer_error error);

/* The errors that leave a stream as it was. Every other one is fatal (rule S5): what is not known
 * to pass must never be followed by what looks like a clean end. BROKEN_PIPE, and TIMED_OUT by its
 * os_code, are decided in feri_error_is_fatal. */
#define FERI_PASSING_KINDS(X)  \
    X(FER_OK)                  \
    X(FER_WOULD_BLOCK)         \
    X(FER_INTERRUPTED)         \
    X(FER_INVALID_INPUT)       \
    X(FER_PERMISSION_DENIED)   \
    X(FER_OUT_OF_MEMORY)       \
    X(FER_NO_BUFFER_SPACE)     \
    X(FER_MESSAGE_TOO_LONG)    \
    X(FER_TOO_MANY_OPEN_FILES) \
    X(FER_BAD_HANDLE)          \
    X(FER_UNSUPPORTED)         \
    X(FER_CANCELLED)           \
    X(FER_DEADLOCK)            \
    X(FER_BROKEN_PIPE)

/* Whether an error of a stream's read, write or SO_ERROR ends the stream. */
bool feri_error_is_fatal(fer_error error);

#endif
