/* unix_stream.c: the public functions of fer_unix_stream. Each calls the function for any stream
 * handle. */
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/open/unix_opening.h"
#include "core/transfer/stream_io.h"
#include "core/transfer/stream_shutdown.h"
#include "core/wait/readiness.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

/* NULL for NULL, which the called functions refuse. */
static fer_handle *unix_handle(fer_unix_stream *stream)
{
    return stream == NULL ? NULL : &stream->handle_;
}

static const fer_handle *const_unix_handle(const fer_unix_stream *stream)
{
    return stream == NULL ? NULL : &stream->handle_;
}

fer_error fer_unix_stream_connect(fer_unix_stream *stream, const char *path)
{
    return feri_unix_open_path(unix_handle(stream), path, feri_unix_connection_open);
}

fer_error fer_unix_stream_connect_addr(fer_unix_stream *stream, const fer_unix_addr *addr)
{
    return feri_unix_open(unix_handle(stream), addr, feri_unix_connection_open);
}

fer_error fer_unix_stream_connect_start(fer_unix_stream *stream, const fer_unix_addr *addr)
{
    return feri_unix_start_connect(unix_handle(stream), addr);
}

fer_error fer_unix_stream_pair(fer_unix_stream *one, fer_unix_stream *other)
{
    return feri_unix_open_pair(unix_handle(one), unix_handle(other), FER_TYPE_STREAM);
}

fer_error fer_unix_stream_peer_addr(const fer_unix_stream *stream, fer_unix_addr *out)
{
    FER_TRY(out == NULL ? feri_own_error(FER_MISUSE)
                        : feri_stream_check(const_unix_handle(stream), FERI_REQUEST_PEER_ADDR));
    return ferp_unix_peer_addr(const_unix_handle(stream)->p_.raw_, out);
}

fer_error fer_unix_stream_peer_cred(const fer_unix_stream *stream, fer_unix_cred *out)
{
    FER_TRY(out == NULL ? feri_own_error(FER_MISUSE)
                        : feri_stream_check(const_unix_handle(stream), FERI_REQUEST_PEER_ADDR));
    return ferp_unix_peer_cred(const_unix_handle(stream)->p_.raw_, out);
}

fer_error fer_unix_stream_local_addr(const fer_unix_stream *stream, fer_unix_addr *out)
{
    FER_TRY(feri_handle_check_getter(const_unix_handle(stream), out));
    return ferp_unix_local_addr(const_unix_handle(stream)->p_.raw_, out);
}

fer_error fer_unix_stream_shutdown(fer_unix_stream *stream, fer_shutdown how)
{
    return feri_stream_shutdown(unix_handle(stream), how);
}

fer_error fer_unix_stream_try_clone(fer_unix_stream *stream, fer_unix_stream *out)
{
    return feri_try_clone(unix_handle(stream), unix_handle(out));
}

fer_error fer_unix_stream_set_read_timeout(fer_unix_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(unix_handle(stream), FERP_READING, timeout);
}

fer_error fer_unix_stream_read_timeout(const fer_unix_stream *stream, fer_duration *out)
{
    return feri_timeout(const_unix_handle(stream), FERP_READING, out);
}

fer_error fer_unix_stream_set_write_timeout(fer_unix_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(unix_handle(stream), FERP_WRITING, timeout);
}

fer_error fer_unix_stream_write_timeout(const fer_unix_stream *stream, fer_duration *out)
{
    return feri_timeout(const_unix_handle(stream), FERP_WRITING, out);
}

fer_error fer_unix_stream_set_limits(fer_unix_stream *stream, const fer_limits *limits)
{
    return feri_set_limits(unix_handle(stream), limits);
}

fer_error fer_unix_stream_set_nonblocking(fer_unix_stream *stream, bool nonblocking)
{
    return feri_set_nonblocking(unix_handle(stream), nonblocking);
}

fer_error fer_unix_stream_read(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read(unix_handle(stream), buf, len, n);
}

fer_error fer_unix_stream_peek(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_peek(unix_handle(stream), buf, len, n);
}

fer_error fer_unix_stream_try_read(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_try_read(unix_handle(stream), buf, len, n);
}

fer_error fer_unix_stream_try_write(fer_unix_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_try_write(unix_handle(stream), buf, len, n);
}

fer_error fer_unix_stream_try_read_vectored(fer_unix_stream *stream, const fer_io_slice_mut *slices,
                                            size_t count, size_t *n)
{
    return feri_stream_try_read_vectored(unix_handle(stream), slices, count, n);
}

fer_error fer_unix_stream_try_write_vectored(fer_unix_stream *stream, const fer_io_slice *slices,
                                             size_t count, size_t *n)
{
    return feri_stream_try_write_vectored(unix_handle(stream), slices, count, n);
}

fer_error fer_unix_stream_ready(const fer_unix_stream *stream, fer_interest interest,
                                fer_duration timeout, fer_interest *ready)
{
    return feri_stream_ready(const_unix_handle(stream), interest, timeout, ready);
}

fer_error fer_unix_stream_read_vectored(fer_unix_stream *stream, const fer_io_slice_mut *slices,
                                        size_t count, size_t *n)
{
    return feri_stream_read_vectored(unix_handle(stream), slices, count, n);
}

fer_error fer_unix_stream_read_exact(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read_exact(unix_handle(stream), buf, len, n);
}

fer_error fer_unix_stream_read_to_end(fer_unix_stream *stream, void *buf, size_t cap, size_t *n)
{
    return feri_stream_read_to_end(unix_handle(stream), buf, cap, n);
}

fer_error fer_unix_stream_write(fer_unix_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write(unix_handle(stream), buf, len, n);
}

fer_error fer_unix_stream_write_vectored(fer_unix_stream *stream, const fer_io_slice *slices,
                                         size_t count, size_t *n)
{
    return feri_stream_write_vectored(unix_handle(stream), slices, count, n);
}

fer_error fer_unix_stream_write_all(fer_unix_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write_all(unix_handle(stream), buf, len, n);
}

fer_error fer_unix_stream_take_error(fer_unix_stream *stream, fer_error *out)
{
    return feri_stream_take_error(unix_handle(stream), out);
}

void fer_unix_stream_close(fer_unix_stream *stream)
{
    feri_stream_close(unix_handle(stream));
}

fer_error fer_unix_stream_close_gracefully(fer_unix_stream *stream, fer_duration timeout)
{
    return feri_stream_close_gracefully(unix_handle(stream), timeout);
}

fer_raw_socket fer_unix_stream_as_raw(const fer_unix_stream *stream)
{
    return feri_handle_as_raw(const_unix_handle(stream));
}

fer_error fer_unix_stream_from_raw(fer_unix_stream *stream, fer_raw_socket raw)
{
    return feri_stream_from_raw(unix_handle(stream), raw, FERI_DOMAIN_UNIX);
}

fer_raw_socket fer_unix_stream_into_raw(fer_unix_stream *stream)
{
    return feri_into_raw(unix_handle(stream));
}
