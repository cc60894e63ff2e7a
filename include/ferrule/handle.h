/* handle.h: the types that all sockets share: the raw socket, the handle's storage, slices,
 * interest, shutdown, keepalive. No functions. */
#ifndef FERRULE_HANDLE_H
#define FERRULE_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The OS's identifier of a socket: an int file descriptor or a SOCKET. FER_RAW_SOCKET_NONE is a
 * valid value of neither. */
typedef intptr_t fer_raw_socket;
#define FER_RAW_SOCKET_NONE ((fer_raw_socket)-1)

/* The storage of every socket handle. Its members are private: only the functions of its type read
 * and change them. All zero bytes are a NEW handle. Copying a handle moves it: use and close only
 * one copy. */
typedef struct fer_handle {
    fer_raw_socket raw_;
    uint32_t state_;
    uint32_t flags_;
    int32_t reason_;
    uint32_t reserved_;
    uintptr_t reserved_words_[3];
} fer_handle;

/* One piece of a vectored read or write: a buffer to fill (fer_io_slice_mut) or to send from
 * (fer_io_slice). base may be NULL if len is 0. */
typedef struct fer_io_slice_mut {
    void *base;
    size_t len;
} fer_io_slice_mut;

typedef struct fer_io_slice {
    const void *base;
    size_t len;
} fer_io_slice;

/* The readiness to wait for: FER_READABLE, FER_WRITABLE, or both joined by |. */
typedef uint32_t fer_interest;
#define FER_READABLE ((fer_interest)1)
#define FER_WRITABLE ((fer_interest)2)

/* The half of a connection to shut down: std::net::Shutdown. */
typedef enum fer_shutdown {
    FER_SHUTDOWN_READ = 0,
    FER_SHUTDOWN_WRITE = 1,
    FER_SHUTDOWN_BOTH = 2
} fer_shutdown;

/* TCP keepalive settings. enabled: whether idle connections are probed. time: the idle time before
 * the first probe. interval: the time between probes. retries: how many unanswered probes end the
 * connection. The OS counts time and interval in whole seconds, so they are rounded up. 0 leaves a
 * field unchanged. */
typedef struct fer_keepalive {
    bool enabled;
    fer_duration time;
    fer_duration interval;
    uint32_t retries;
} fer_keepalive;

#ifdef __cplusplus
}
#endif

#endif
