/* misuse.h: shared by the tests of rule E4 on handles: tables of calls that fail with misuse, fill
 * no handle, and write no output except their count. */
#ifndef TEST_MISUSE_H
#define TEST_MISUSE_H

#include "ferrule/socket.h"
#include "ferrule/unix.h"
#include "support/fixture.h"

/* All outputs of the calls. They are filled with a pattern before each call and compared as bytes
 * after it. */
static struct outputs {
    unsigned char bytes[32];
    unsigned char flag[sizeof(bool)];
    unsigned char keepalive[sizeof(fer_tcp_keepalive)];
    unsigned char datagram[sizeof(fer_udp_received)];
    unsigned char received[sizeof(fer_unix_received)];
    unsigned char cred[sizeof(fer_unix_cred)];
    unsigned char handles[sizeof(fer_unix_received_handles)];
    fer_raw_socket raw;
    fer_socket_addr addr;
    fer_unix_addr name;
    fer_duration duration;
    fer_error error;
    fer_interest ready;
    uint32_t number;
    size_t size;
    size_t n;
} outputs;

#define FLAG ((bool *)(void *)outputs.flag)
#define KEEPALIVE ((fer_tcp_keepalive *)(void *)outputs.keepalive)
#define DATAGRAM ((fer_udp_received *)(void *)outputs.datagram)
#define RECEIVED ((fer_unix_received *)(void *)outputs.received)
#define CRED ((fer_unix_cred *)(void *)outputs.cred)
#define HANDLES ((fer_unix_received_handles *)(void *)outputs.handles)

static const fer_io_slice slices_out[2] = {{"ab", 2}, {"cd", 2}};
static const fer_io_slice_mut slices_in[2] = {{outputs.bytes, 4}, {outputs.bytes + 4, 4}};

/* The handles that a call could fill. All are NEW. */
static struct spares {
    fer_tcp_stream stream;
    fer_tcp_listener listener;
    fer_udp_socket udp;
    fer_unix_stream unix_stream;
    fer_unix_listener unix_listener;
    fer_unix_datagram unix_datagram;
    fer_socket socket;
} spares;

/* An address without a listener. */
static fer_socket_addr address;
static fer_unix_addr name;

/* A call on a handle of the type that it accepts. The handle may be NULL. */
struct misuse_row {
    const char *text;
    fer_error (*call)(void *handle);
    fer_error_kind on_new;
    bool counts; /* whether it writes a count, which must be 0 */
};

/* The result on a NEW handle, and whether the call writes a count. */
#define NOT_YET FER_NOT_CONNECTED, false
#define NOT_YET_N FER_NOT_CONNECTED, true
#define MISUSE FER_MISUSE, false
#define MISUSE_N FER_MISUSE, true

/* Arguments: a place for bytes, and with it the count. */
#define BYTES outputs.bytes, 8
#define BYTES_N outputs.bytes, 8, &outputs.n

/* A file lists its calls in an X-macro. The two macros below expand an entry of it to the function
 * that makes the call, and to its row. In the expression s is the handle. */
#define MISUSE_FUNCTION(type, name, expression) \
    static fer_error call_##name(void *handle)  \
    {                                           \
        type *s = handle;                       \
        return expression;                      \
    }
#define MISUSE_ROW(name, expression, ...) {#name, call_##name, __VA_ARGS__},

/* The same for entries whose result on a NEW handle is misuse. */
#define ALWAYS_MISUSE_ROW(name, expression, counts) MISUSE_ROW(name, expression, FER_MISUSE, counts)

/* The same for the entries of a list that has handles of several types. */
#define TYPED_FUNCTION(type, function, arguments, ...) \
    MISUSE_FUNCTION(type, function, function arguments)
#define TYPED_ROW(type, function, arguments, ...) MISUSE_ROW(function, arguments, __VA_ARGS__)

static inline void assert_touched_nothing(const struct misuse_row *row)
{
    struct outputs wanted;
    memset(&wanted, 0x5a, sizeof wanted);
    wanted.n = row->counts ? 0 : wanted.n;
    if (memcmp(&outputs, &wanted, sizeof outputs) != 0) {
        print_error("%s touched an output, or left its count\n", row->text);
        fail();
    }
    assert_true(fer_tcp_stream_as_raw(&spares.stream) == FER_RAW_SOCKET_NONE);
    assert_true(fer_tcp_listener_as_raw(&spares.listener) == FER_RAW_SOCKET_NONE);
    assert_true(fer_udp_socket_as_raw(&spares.udp) == FER_RAW_SOCKET_NONE);
    assert_true(fer_unix_stream_as_raw(&spares.unix_stream) == FER_RAW_SOCKET_NONE);
    assert_true(fer_unix_listener_as_raw(&spares.unix_listener) == FER_RAW_SOCKET_NONE);
    assert_true(fer_unix_datagram_as_raw(&spares.unix_datagram) == FER_RAW_SOCKET_NONE);
    assert_true(fer_socket_as_raw(&spares.socket) == FER_RAW_SOCKET_NONE);
}

/* handle may be NULL. Every type's storage is a fer_handle. */
static inline void check_rows(const struct misuse_row *rows, size_t count, void *handle,
                              bool is_new)
{
    const fer_handle none = {0};
    const void *seen = handle != NULL ? handle : &none;
    address = loopback(PEER_V4, 9);
    assert_ok(fer_unix_addr_from_pathname(&name, "a-name-that-is-never-bound"));
    for (size_t i = 0; i < count; i++) {
        fer_handle before;
        memcpy(&before, seen, sizeof before);
        memset(&spares, 0, sizeof spares);
        memset(&outputs, 0x5a, sizeof outputs);
        expect_own(rows[i].call(handle), is_new ? rows[i].on_new : FER_MISUSE, rows[i].text,
                   __FILE__, __LINE__);
        assert_touched_nothing(&rows[i]);
        assert_memory_equal(seen, &before, sizeof before);
    }
}

/* rows is an array. */
#define CHECK_ROWS(rows, handle, is_new) \
    check_rows(rows, sizeof rows / sizeof rows[0], handle, is_new)

#endif
