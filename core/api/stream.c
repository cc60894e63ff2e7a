/* stream.c: the public functions of fer_stream, a stream of any type. Each calls the function for
 * any stream handle. fer_copy is in core/transfer/. */
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/transfer/stream_io.h"
#include "core/wait/waiting.h"
#include "ferrule/io.h"

fer_stream fer_tcp_stream_as_stream(fer_tcp_stream *stream)
{
    return (fer_stream){FERI_HANDLE(stream)};
}

fer_stream fer_unix_stream_as_stream(fer_unix_stream *stream)
{
    return (fer_stream){FERI_HANDLE(stream)};
}

fer_error fer_stream_shutdown(fer_stream stream, fer_shutdown how)
{
    return feri_stream_shutdown(stream.handle_, how);
}

fer_error fer_stream_read(fer_stream stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read(stream.handle_, buf, len, n);
}

fer_error fer_stream_try_read(fer_stream stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read_with(stream.handle_, buf, len, FERP_DONTWAIT, n);
}

fer_error fer_stream_read_exact(fer_stream stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read_exact(stream.handle_, buf, len, n);
}

fer_error fer_stream_write(fer_stream stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write(stream.handle_, buf, len, n);
}

fer_error fer_stream_try_write(fer_stream stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write_with(stream.handle_, buf, len, FERP_DONTWAIT, n);
}

fer_error fer_stream_write_all(fer_stream stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write_all(stream.handle_, buf, len, n);
}

fer_error fer_stream_ready(fer_stream stream, fer_interest interest, fer_duration timeout,
                           fer_interest *ready)
{
    return feri_stream_ready(stream.handle_, interest, timeout, ready);
}

fer_error fer_stream_set_limits(fer_stream stream, const fer_limits *limits)
{
    return feri_set_limits(stream.handle_, limits);
}
