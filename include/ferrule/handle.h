/* handle.h: the types that every kind of socket shares: the raw socket, the handle's storage,
 * slices, interest, shutdown, keepalive. No functions. */
#ifndef FERRULE_HANDLE_H
#define FERRULE_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the OS calls a socket: an int file descriptor or a SOCKET. FER_RAW_SOCKET_NONE is neither's
 * valid value. */
typedef intptr_t fer_raw_socket;
#define FER_RAW_SOCKET_NONE ((fer_raw_socket)-1)

/* The storage of every socket handle. Its members are private: only the functions of its type read
 * and change them. All zero bytes are a NEW handle. Copying a handle moves it: use and close one
 * copy only. */
typedef struct fer_handle {
    fer_raw_socket raw_;
    uint32_t state_;
    uint32_t flags_;
    int32_t reason_;
    uint32_t reserved_;
    uintptr_t reserved_words_[3];
} fer_handle;

/* A buffer to fill, and a buffer to send from: one piece of a vectored read or write. base may be
 * NULL where len is 0. */
typedef struct fer_io_slice_mut {
    void *base;
    size_t len;
} fer_io_slice_mut;

typedef struct fer_io_slice {
    const void *base;
    size_t len;
} fer_io_slice;

/* What to wait for: FER_READABLE, FER_WRITABLE or both, joined by |. */
typedef uint32_t fer_interest;
#define FER_READABLE ((fer_interest)1)
#define FER_WRITABLE ((fer_interest)2)

/* Which half of a connection to shut down: std::net::Shutdown. */
typedef enum fer_shutdown {
    FER_SHUTDOWN_READ = 0,
    FER_SHUTDOWN_WRITE = 1,
    FER_SHUTDOWN_BOTH = 2
} fer_shutdown;

/* TCP keepalive: whether idle connections are probed, after how long idle, how far apart, and how
 * many unanswered probes end the connection. time and interval are whole seconds to the OS and are
 * rounded up; 0 leaves a field as the socket has it. */
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
