/* handle.h: the types that all sockets share: the raw socket, the handle's storage, slices,
 * interest, shutdown, keepalive. No functions. */
#ifndef FERRULE_HANDLE_H
#define FERRULE_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/socket_addr.h"

FER_BEGIN_DECLS

/* The OS's identifier of a socket: an int file descriptor or a SOCKET. FER_RAW_SOCKET_NONE is not a
 * valid value of either. */
typedef intptr_t fer_raw_socket;
#define FER_RAW_SOCKET_NONE (-1)

/* The storage of every socket handle. Its members are private: only the functions of its type read
 * and change them. A handle of all zero bytes is NEW. Copying a handle moves it: use and close only
 * one copy.
 *
 * The size, 96 bytes on every system, and the alignment, that of uint64_t, do not change. The
 * members of p_ may change in any release. A binding to another language declares words_ alone.
 *
 * To initialize a handle, or another struct of ferrule, to all zero bytes, write {0} in C and {} in
 * C++. C has {} only since C23, and C++ compilers warn of the members that {0} does not name:
 *
 *     fer_tcp_stream stream = {0};    (C)
 *     fer_tcp_stream stream{};        (C++) */
typedef union fer_handle {
    uint64_t words_[12];
    struct fer_handle_p_ {
        fer_raw_socket raw_;
        uint32_t state_;
        uint32_t flags_;
        int32_t saved_os_code_;
        uint32_t modes_[3];
        void *shared_;
        void *token_;
        uint32_t deadline_[2];
        uint32_t lock_;
        uint32_t interruptible_;
        fer_socket_addr peer_;
    } p_;
} fer_handle;

/* One buffer of a vectored read (fer_io_slice_mut) or of a vectored write (fer_io_slice). base may
 * be NULL if len is 0. */
typedef struct fer_io_slice_mut {
    void *FER_NULLABLE base;
    size_t len;
} fer_io_slice_mut;

typedef struct fer_io_slice {
    const void *FER_NULLABLE base;
    size_t len;
} fer_io_slice;

/* The readiness to wait for: FER_READABLE, FER_WRITABLE, or both joined by |. Only pollers and
 * fer_poll (poller.h) know FER_PRIORITY, only pollers the others. */
typedef uint32_t fer_interest;
#define FER_READABLE 1u
#define FER_WRITABLE 2u
#define FER_PRIORITY 4u
#define FER_READ_CLOSED 8u
#define FER_WRITE_CLOSED 16u
#define FER_FAILED 32u

/* The half of a connection to shut down: std::net::Shutdown. */
typedef enum fer_shutdown {
    FER_SHUTDOWN_READ = 0,
    FER_SHUTDOWN_WRITE = 1,
    FER_SHUTDOWN_BOTH = 2
} fer_shutdown;

/* TCP keepalive settings. If enabled is true, the OS probes idle connections. time is the idle time
 * before the first probe, and interval the time between probes. retries is the number of unanswered
 * probes that ends the connection. The OS counts time and interval in whole seconds, so they are
 * rounded up. A time, interval or retries of 0 leaves that field unchanged. */
typedef struct fer_tcp_keepalive {
    bool enabled;
    fer_duration time;
    fer_duration interval;
    uint32_t retries;
} fer_tcp_keepalive;

/* The options of fer_tcp_listener_bind_with and fer_udp_socket_bind_with. All zero bytes are the
 * defaults. */
typedef struct fer_bind_options {
    /* The network interface that the socket is restricted to, by its name (fer_socket_bind_device);
     * NULL: all. Caller-owned, used during the call only. */
    const char *FER_NULLABLE device;
    /* The length of a listener's accept queue (fer_socket_listen); 0: 128. Not used for UDP. */
    int backlog;
    /* The family of the addresses to look up, FER_IP_V4 or FER_IP_V6; 0: both. */
    fer_ip_family family;
    /* True: a socket at [::] accepts no IPv4 (fer_socket_set_only_v6). */
    bool only_v6;
    /* True: other sockets with it may bind the same address (fer_socket_set_reuse_port). */
    bool reuse_port;
    /* 0, like reserved_; a later version may use both. Any other value is FER_INVALID_INPUT. */
    uint16_t unused_;
    uint64_t reserved_[6];
} fer_bind_options;

FER_END_DECLS

#endif
