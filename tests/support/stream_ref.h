/* stream_ref.h: a reference to a TCP stream or to a Unix stream, and the functions that both types
 * have. They call the functions of the stream's own type, and a fer_stream does not. */
#ifndef TEST_STREAM_REF_H
#define TEST_STREAM_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/io.h"
#include "ferrule/tcp.h"
#include "ferrule/unix.h"

/* One of them is NULL. */
typedef struct stream_ref {
    fer_tcp_stream *tcp;
    fer_unix_stream *local;
} stream_ref;

static inline stream_ref tcp_ref(fer_tcp_stream *stream)
{
    return (stream_ref){stream, NULL};
}

static inline stream_ref unix_ref(fer_unix_stream *stream)
{
    return (stream_ref){NULL, stream};
}

#define STREAM_CALL(name, parameters, ...)                                   \
    static inline fer_error stream_##name parameters                         \
    {                                                                        \
        return s.tcp != NULL ? fer_tcp_stream_##name(s.tcp, __VA_ARGS__)     \
                             : fer_unix_stream_##name(s.local, __VA_ARGS__); \
    }

/* clang-format off */
STREAM_CALL(shutdown, (stream_ref s, fer_shutdown how), how)
STREAM_CALL(read, (stream_ref s, void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(peek, (stream_ref s, void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(try_peek, (stream_ref s, void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(try_read, (stream_ref s, void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(read_exact, (stream_ref s, void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(read_to_end, (stream_ref s, void *buf, size_t cap, size_t *n), buf, cap, n)
STREAM_CALL(read_vectored, (stream_ref s, const fer_io_slice_mut *in, size_t count, size_t *n),
            in, count, n)
STREAM_CALL(try_read_vectored, (stream_ref s, const fer_io_slice_mut *in, size_t count, size_t *n),
            in, count, n)
STREAM_CALL(write, (stream_ref s, const void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(try_write, (stream_ref s, const void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(write_all, (stream_ref s, const void *buf, size_t len, size_t *n), buf, len, n)
STREAM_CALL(write_vectored, (stream_ref s, const fer_io_slice *out, size_t count, size_t *n),
            out, count, n)
STREAM_CALL(try_write_vectored, (stream_ref s, const fer_io_slice *out, size_t count, size_t *n),
            out, count, n)
STREAM_CALL(set_read_timeout, (stream_ref s, fer_duration timeout), timeout)
STREAM_CALL(set_write_timeout, (stream_ref s, fer_duration timeout), timeout)
STREAM_CALL(read_timeout, (stream_ref s, fer_duration *out), out)
STREAM_CALL(write_timeout, (stream_ref s, fer_duration *out), out)
STREAM_CALL(set_nonblocking, (stream_ref s, bool nonblocking), nonblocking)
STREAM_CALL(take_error, (stream_ref s, fer_error *out), out)
STREAM_CALL(ready, (stream_ref s, fer_interest interest, fer_duration timeout, fer_interest *out),
            interest, timeout, out)
STREAM_CALL(from_raw, (stream_ref s, fer_raw_socket raw), raw)
/* clang-format on */

static inline fer_error stream_try_clone(stream_ref s, stream_ref out)
{
    return s.tcp != NULL ? fer_tcp_stream_try_clone(s.tcp, out.tcp)
                         : fer_unix_stream_try_clone(s.local, out.local);
}

static inline fer_raw_socket stream_as_raw(stream_ref s)
{
    return s.tcp != NULL ? fer_tcp_stream_as_raw(s.tcp) : fer_unix_stream_as_raw(s.local);
}

static inline fer_stream stream_as_stream(stream_ref s)
{
    return s.tcp != NULL ? fer_tcp_stream_as_stream(s.tcp) : fer_unix_stream_as_stream(s.local);
}

static inline fer_raw_socket stream_into_raw(stream_ref s)
{
    return s.tcp != NULL ? fer_tcp_stream_into_raw(s.tcp) : fer_unix_stream_into_raw(s.local);
}

static inline void stream_close(stream_ref s)
{
    if (s.tcp != NULL) {
        fer_tcp_stream_close(s.tcp);
    } else {
        fer_unix_stream_close(s.local);
    }
}

#endif
