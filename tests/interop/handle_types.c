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
    static fer_socket *type##_as_socket(any_handle *handle)                  \
    {                                                                        \
        return fer_##type##_as_socket(&handle->type);                        \
    }                                                                        \
    static fer_error type##_try_clone(any_handle *handle, any_handle *out)   \
    {                                                                        \
        return fer_##type##_try_clone(&handle->type, &out->type);            \
    }                                                                        \
    static void type##_close(any_handle *handle)                             \
    {                                                                        \
        fer_##type##_close(&handle->type);                                   \
    }

#define STREAM(type)                                                                      \
    COMMON(type)                                                                          \
    static fer_error type##_receive(any_handle *handle, void *buf, size_t len, size_t *n) \
    {                                                                                     \
        return fer_##type##_read(&handle->type, buf, len, n);                             \
    }

#define DATAGRAMS(type, received)                                                         \
    COMMON(type)                                                                          \
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

#define ROW(type, receive)                                                        \
    {                                                                             \
#type, type##_from_raw, type##_as_raw, type##_into_raw, type##_as_socket, \
            type##_try_clone, type##_close, receive                               \
    }

const struct handle_type handle_types[HANDLE_TYPE_COUNT] = {
    [TCP_STREAM] = ROW(tcp_stream, tcp_stream_receive),
    [TCP_LISTENER] = ROW(tcp_listener, NULL),
    [UDP_SOCKET] = ROW(udp_socket, udp_socket_receive),
    [UNIX_STREAM] = ROW(unix_stream, unix_stream_receive),
    [UNIX_LISTENER] = ROW(unix_listener, NULL),
    [UNIX_DATAGRAM] = ROW(unix_datagram, unix_datagram_receive),
};
