/* handle_types.c: the table of handle_types.h. */
#include "interop/handle_types.h"

#define COMMON(type)                                                         \
    static fer_error type##_from_raw(any_handle *handle, fer_raw_socket raw) \
    {                                                                        \
        return fer_##type##_from_raw(&handle->type, raw);                    \
    }                                                                        \
    static fer_raw_socket type##_as_raw(const any_handle *handle)            \
    {                                                                        \
        return fer_##type##_as_raw(&handle->type);                           \
    }                                                                        \
    static fer_raw_socket type##_into_raw(any_handle *handle)                \
    {                                                                        \
        return fer_##type##_into_raw(&handle->type);                         \
    }                                                                        \
    static fer_error type##_set_nonblocking(any_handle *handle, bool on)     \
    {                                                                        \
        return fer_##type##_set_nonblocking(&handle->type, on);              \
    }                                                                        \
    static fer_error type##_try_clone(any_handle *handle, any_handle *out)   \
    {                                                                        \
        return fer_##type##_try_clone(&handle->type, &out->type);            \
    }                                                                        \
    static void type##_close(any_handle *handle)                             \
    {                                                                        \
        fer_##type##_close(&handle->type);                                   \
    }

#define TIMEOUTS(type)                                                                 \
    static fer_error type##_set_read_timeout(any_handle *handle, fer_duration timeout) \
    {                                                                                  \
        return fer_##type##_set_read_timeout(&handle->type, timeout);                  \
    }                                                                                  \
    static fer_error type##_read_timeout(const any_handle *handle, fer_duration *out)  \
    {                                                                                  \
        return fer_##type##_read_timeout(&handle->type, out);                          \
    }                                                                                  \
    static fer_error type##_write_timeout(const any_handle *handle, fer_duration *out) \
    {                                                                                  \
        return fer_##type##_write_timeout(&handle->type, out);                         \
    }

#define STREAM(type)                                                                      \
    COMMON(type)                                                                          \
    TIMEOUTS(type)                                                                        \
    static fer_error type##_receive(any_handle *handle, void *buf, size_t len, size_t *n) \
    {                                                                                     \
        return fer_##type##_read(&handle->type, buf, len, n);                             \
    }

#define DATAGRAMS(type, received)                                                         \
    COMMON(type)                                                                          \
    TIMEOUTS(type)                                                                        \
    static fer_error type##_receive(any_handle *handle, void *buf, size_t len, size_t *n) \
    {                                                                                     \
        received got = {0};                                                               \
        fer_error error = fer_##type##_recv(&handle->type, buf, len, &got);               \
        *n = got.len;                                                                     \
        return error;                                                                     \
    }

STREAM(tcp_stream)
STREAM(unix_stream)
COMMON(tcp_listener)
COMMON(unix_listener)
DATAGRAMS(udp_socket, fer_udp_received)
DATAGRAMS(unix_datagram, fer_unix_received)

#define ROW_COMMON(type)                                                            \
#type, type##_from_raw, type##_as_raw, type##_into_raw, type##_set_nonblocking, \
        type##_try_clone, type##_close
#define ROW(type)                                                                             \
    {                                                                                         \
        ROW_COMMON(type), type##_set_read_timeout, type##_read_timeout, type##_write_timeout, \
            type##_receive                                                                    \
    }
#define LISTENER_ROW(type)                       \
    {                                            \
        ROW_COMMON(type), NULL, NULL, NULL, NULL \
    }

const struct handle_type handle_types[HANDLE_TYPE_COUNT] = {
    [TCP_STREAM] = ROW(tcp_stream),
    [TCP_LISTENER] = LISTENER_ROW(tcp_listener),
    [UDP_SOCKET] = ROW(udp_socket),
    [UNIX_STREAM] = ROW(unix_stream),
    [UNIX_LISTENER] = LISTENER_ROW(unix_listener),
    [UNIX_DATAGRAM] = ROW(unix_datagram),
};
