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
    fer_socket *(*as_socket)(any_handle *handle);
    fer_error (*try_clone)(any_handle *handle, any_handle *out);
    void (*close)(any_handle *handle);
    /* Receives up to len bytes and stores the number in *n. NULL for listeners. */
    fer_error (*receive)(any_handle *handle, void *buf, size_t len, size_t *n);
};

extern const struct handle_type handle_types[HANDLE_TYPE_COUNT];

/* A test that runs once for each kind of a table `connected_kinds`. The body has the handle type, a
 * zeroed handle, and a connected raw socket in ends[0] and its other end in ends[1], made by plain
 * calls. It leaves ends[0] to the handle, or closed. */
#define KINDS_TEST(rule, function, raw_type, close_raw)                                   \
    static void function##_of(const struct handle_type *type, any_handle *handle,         \
                              const raw_type ends[2]);                                    \
    RULE_TEST(rule, function)                                                             \
    {                                                                                     \
        for (size_t i = 0; i < sizeof connected_kinds / sizeof connected_kinds[0]; i++) { \
            const struct handle_type *type = &handle_types[connected_kinds[i].type];      \
            any_handle handle;                                                            \
            raw_type ends[2];                                                             \
            memset(&handle, 0, sizeof handle);                                            \
            ends[0] = connected_kinds[i].create(&ends[1]);                                \
            function##_of(type, &handle, ends);                                           \
            type->close(&handle);                                                         \
            assert_int_equal(close_raw(ends[1]), 0);                                      \
        }                                                                                 \
    }                                                                                     \
    static void function##_of(const struct handle_type *type, any_handle *handle,         \
                              const raw_type ends[2])

#endif
