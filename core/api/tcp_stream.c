/* tcp_stream.c: the public functions of fer_tcp_stream, except those that resolve names. Each calls
 * the function for any stream handle. */
#include "core/base/operation_error.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/handle/ownership.h"
#include "core/handle/stream_request.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "core/open/socket_building.h"
#include "core/transfer/stream_io.h"
#include "core/transfer/stream_shutdown.h"
#include "core/wait/readiness.h"
#include "ferrule/tcp.h"
#include "platform/platform.h"

/* NULL for NULL, which the called functions refuse. */
static fer_handle *handle_of(fer_tcp_stream *stream)
{
    return stream == NULL ? NULL : &stream->handle_;
}

static const fer_handle *const_handle_of(const fer_tcp_stream *stream)
{
    return stream == NULL ? NULL : &stream->handle_;
}

fer_error fer_tcp_stream_connect_addr(fer_tcp_stream *stream, const fer_socket_addr *addr)
{
    return feri_open_first(handle_of(stream), addr, 1, feri_connection_open);
}

fer_error fer_tcp_stream_connect_addrs(fer_tcp_stream *stream, const fer_socket_addr *addrs,
                                       size_t count)
{
    return feri_open_first(handle_of(stream), addrs, count, feri_connection_open);
}

fer_error fer_tcp_stream_connect_timeout(fer_tcp_stream *stream, const fer_socket_addr *addr,
                                         fer_duration timeout)
{
    return feri_connect_timeout(handle_of(stream), addr, timeout);
}

fer_error fer_tcp_stream_connect_start(fer_tcp_stream *stream, const fer_socket_addr *addr)
{
    return feri_start_connect(handle_of(stream), addr);
}

fer_error fer_tcp_stream_peer_addr(const fer_tcp_stream *stream, fer_socket_addr *out)
{
    FER_TRY(out == NULL ? feri_own_error(FER_INVALID_INPUT)
                        : feri_stream_check(const_handle_of(stream), FERI_REQUEST_PEER_ADDR));
    return feri_map_error(FERI_OPERATION_PEER_ADDR, ferp_peer_addr(stream->handle_.raw_, out));
}

fer_error fer_tcp_stream_local_addr(const fer_tcp_stream *stream, fer_socket_addr *out)
{
    return feri_socket_local_addr(const_handle_of(stream), out);
}

fer_error fer_tcp_stream_shutdown(fer_tcp_stream *stream, fer_shutdown how)
{
    return feri_stream_shutdown(handle_of(stream), how);
}

fer_error fer_tcp_stream_try_clone(fer_tcp_stream *stream, fer_tcp_stream *out)
{
    return feri_try_clone(handle_of(stream), handle_of(out));
}

fer_error fer_tcp_stream_set_read_timeout(fer_tcp_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(handle_of(stream), FERP_READING, timeout);
}

fer_error fer_tcp_stream_read_timeout(const fer_tcp_stream *stream, fer_duration *out)
{
    return feri_timeout(const_handle_of(stream), FERP_READING, out);
}

fer_error fer_tcp_stream_set_write_timeout(fer_tcp_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(handle_of(stream), FERP_WRITING, timeout);
}

fer_error fer_tcp_stream_write_timeout(const fer_tcp_stream *stream, fer_duration *out)
{
    return feri_timeout(const_handle_of(stream), FERP_WRITING, out);
}

fer_error fer_tcp_stream_set_limits(fer_tcp_stream *stream, const fer_limits *limits)
{
    return feri_set_limits(handle_of(stream), limits);
}

fer_error fer_tcp_stream_set_nonblocking(fer_tcp_stream *stream, bool nonblocking)
{
    return feri_set_nonblocking(handle_of(stream), nonblocking);
}

fer_error fer_tcp_stream_read(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_peek(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_peek(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_try_read(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_try_read(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_try_peek(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_try_peek(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_try_write(fer_tcp_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_try_write(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_try_read_vectored(fer_tcp_stream *stream, const fer_io_slice_mut *slices,
                                           size_t count, size_t *n)
{
    return feri_stream_try_read_vectored(handle_of(stream), slices, count, n);
}

fer_error fer_tcp_stream_try_write_vectored(fer_tcp_stream *stream, const fer_io_slice *slices,
                                            size_t count, size_t *n)
{
    return feri_stream_try_write_vectored(handle_of(stream), slices, count, n);
}

fer_error fer_tcp_stream_ready(const fer_tcp_stream *stream, fer_interest interest,
                               fer_duration timeout, fer_interest *ready)
{
    return feri_stream_ready(const_handle_of(stream), interest, timeout, ready);
}

fer_error fer_tcp_stream_read_vectored(fer_tcp_stream *stream, const fer_io_slice_mut *slices,
                                       size_t count, size_t *n)
{
    return feri_stream_read_vectored(handle_of(stream), slices, count, n);
}

fer_error fer_tcp_stream_read_exact(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read_exact(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_read_to_end(fer_tcp_stream *stream, void *buf, size_t cap, size_t *n)
{
    return feri_stream_read_to_end(handle_of(stream), buf, cap, n);
}

fer_error fer_tcp_stream_write(fer_tcp_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_write_vectored(fer_tcp_stream *stream, const fer_io_slice *slices,
                                        size_t count, size_t *n)
{
    return feri_stream_write_vectored(handle_of(stream), slices, count, n);
}

fer_error fer_tcp_stream_write_all(fer_tcp_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write_all(handle_of(stream), buf, len, n);
}

fer_error fer_tcp_stream_set_nodelay(fer_tcp_stream *stream, bool nodelay)
{
    return feri_set_switch(handle_of(stream), FERP_NODELAY, nodelay);
}

fer_error fer_tcp_stream_nodelay(const fer_tcp_stream *stream, bool *out)
{
    return feri_switch(const_handle_of(stream), FERP_NODELAY, out);
}

fer_error fer_tcp_stream_set_ttl(fer_tcp_stream *stream, uint32_t ttl)
{
    return feri_set_ttl(handle_of(stream), ttl);
}

fer_error fer_tcp_stream_ttl(const fer_tcp_stream *stream, uint32_t *out)
{
    return feri_ttl(const_handle_of(stream), out);
}

fer_error fer_tcp_stream_set_linger(fer_tcp_stream *stream, fer_duration linger)
{
    return feri_set_linger(handle_of(stream), linger);
}

fer_error fer_tcp_stream_linger(const fer_tcp_stream *stream, fer_duration *out)
{
    return feri_linger(const_handle_of(stream), out);
}

fer_error fer_tcp_stream_set_keepalive(fer_tcp_stream *stream, const fer_keepalive *keepalive)
{
    return feri_set_keepalive(handle_of(stream), keepalive);
}

fer_error fer_tcp_stream_keepalive(const fer_tcp_stream *stream, fer_keepalive *out)
{
    return feri_keepalive(const_handle_of(stream), out);
}

fer_error fer_tcp_stream_take_error(fer_tcp_stream *stream, fer_error *out)
{
    return feri_stream_take_error(handle_of(stream), out);
}

void fer_tcp_stream_close(fer_tcp_stream *stream)
{
    feri_stream_close(handle_of(stream));
}

fer_error fer_tcp_stream_close_lingering(fer_tcp_stream *stream, fer_duration timeout)
{
    return feri_stream_close_lingering(handle_of(stream), timeout);
}

fer_raw_socket fer_tcp_stream_as_raw(const fer_tcp_stream *stream)
{
    return feri_handle_as_raw(const_handle_of(stream));
}

fer_error fer_tcp_stream_from_raw(fer_tcp_stream *stream, fer_raw_socket raw)
{
    return feri_stream_from_raw(handle_of(stream), raw, FERI_DOMAIN_IP);
}

fer_raw_socket fer_tcp_stream_into_raw(fer_tcp_stream *stream)
{
    return feri_into_raw(handle_of(stream));
}
