/* handle_types.h: a table of the six handle types that can adopt a raw socket, so that a test can
 * try all of them. */
#ifndef INTEROP_HANDLE_TYPES_H
#define INTEROP_HANDLE_TYPES_H

#include "ferrule.h"

typedef enum handle_type_id {
    TCP_STREAM,
    TCP_LISTENER,
    UDP_SOCKET,
    UNIX_STREAM,
    UNIX_LISTENER,
    UNIX_DATAGRAM,
    HANDLE_TYPE_COUNT
} handle_type_id;

typedef union any_handle {
    fer_tcp_stream tcp_stream;
    fer_tcp_listener tcp_listener;
    fer_udp_socket udp_socket;
    fer_unix_stream unix_stream;
    fer_unix_listener unix_listener;
    fer_unix_datagram unix_datagram;
} any_handle;

struct handle_type {
    const char *name;
    fer_error (*from_raw)(any_handle *handle, fer_raw_socket raw);
    fer_raw_socket (*as_raw)(const any_handle *handle);
    fer_raw_socket (*into_raw)(any_handle *handle);
    fer_error (*set_nonblocking)(any_handle *handle, bool nonblocking);
    fer_error (*try_clone)(any_handle *handle, any_handle *out);
    void (*close)(any_handle *handle);
    /* NULL for listeners. */
    fer_error (*set_read_timeout)(any_handle *handle, fer_duration timeout);
    fer_error (*read_timeout)(const any_handle *handle, fer_duration *out);
    fer_error (*write_timeout)(const any_handle *handle, fer_duration *out);
    /* For streams and datagram sockets: receives up to len bytes and stores the number in *n. */
    fer_error (*receive)(any_handle *handle, void *buf, size_t len, size_t *n);
};

extern const struct handle_type handle_types[HANDLE_TYPE_COUNT];

#endif
