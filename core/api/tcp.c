/* tcp.c: the public functions of fer_tcp_stream and fer_tcp_listener. Each function of a stream
 * calls the function for any stream handle. Names are in resolve.c, several addresses in
 * connect_with.c, the views as a fer_stream and a fer_socket in stream.c and socket.c, files in
 * send_file.c. */
#include "ferrule/tcp.h"

#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/socket_building.h"
#include "core/transfer/stream_io.h"
#include "core/wait/blocking.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* ---- Streams */

fer_error fer_tcp_stream_connect_addr(fer_tcp_stream *stream, const fer_socket_addr *addr)
{
    return feri_open_first(FERI_HANDLE(stream), addr, 1, feri_connection_open, 0);
}

fer_error fer_tcp_stream_connect_timeout(fer_tcp_stream *stream, const fer_socket_addr *addr,
                                         fer_duration timeout)
{
    return feri_connect_timeout(FERI_HANDLE(stream), addr, timeout);
}

fer_error fer_tcp_stream_connect_start(fer_tcp_stream *stream, const fer_socket_addr *addr)
{
    return feri_start_connect(FERI_HANDLE(stream), addr);
}

fer_error fer_tcp_stream_peer_addr(const fer_tcp_stream *stream, fer_socket_addr *out)
{
    FERI_REQUIRE(out != NULL, FER_MISUSE);
    FER_TRY(feri_stream_check(FERI_HANDLE(stream), FERI_REQUEST_PEER_ADDR));
    return ferp_peer_addr(stream->handle_.p_.raw_, out);
}

fer_error fer_tcp_stream_local_addr(const fer_tcp_stream *stream, fer_socket_addr *out)
{
    return feri_socket_local_addr(FERI_HANDLE(stream), out);
}

fer_error fer_tcp_stream_shutdown(fer_tcp_stream *stream, fer_shutdown how)
{
    return feri_stream_shutdown(FERI_HANDLE(stream), how);
}

fer_error fer_tcp_stream_try_clone(fer_tcp_stream *stream, fer_tcp_stream *out)
{
    return feri_try_clone(FERI_HANDLE(stream), FERI_HANDLE(out));
}

fer_error fer_tcp_stream_set_read_timeout(fer_tcp_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(FERI_HANDLE(stream), FERP_READING, timeout);
}

fer_error fer_tcp_stream_read_timeout(const fer_tcp_stream *stream, fer_duration *out)
{
    return feri_timeout(FERI_HANDLE(stream), FERP_READING, out);
}

fer_error fer_tcp_stream_set_write_timeout(fer_tcp_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(FERI_HANDLE(stream), FERP_WRITING, timeout);
}

fer_error fer_tcp_stream_write_timeout(const fer_tcp_stream *stream, fer_duration *out)
{
    return feri_timeout(FERI_HANDLE(stream), FERP_WRITING, out);
}

fer_error fer_tcp_stream_set_limits(fer_tcp_stream *stream, const fer_limits *limits)
{
    return feri_set_limits(FERI_HANDLE(stream), limits);
}

fer_error fer_tcp_stream_set_nonblocking(fer_tcp_stream *stream, bool nonblocking)
{
    return feri_set_nonblocking(FERI_HANDLE(stream), nonblocking);
}

fer_error fer_tcp_stream_read(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_tcp_stream_peek(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_move(FERI_HANDLE(stream), FERP_READABLE, buf, len, FERP_PEEK, n);
}

fer_error fer_tcp_stream_try_read(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_move(FERI_HANDLE(stream), FERP_READABLE, buf, len, FERP_DONTWAIT, n);
}

fer_error fer_tcp_stream_try_peek(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_move(FERI_HANDLE(stream), FERP_READABLE, buf, len, FERP_PEEK | FERP_DONTWAIT,
                            n);
}

fer_error fer_tcp_stream_try_write(fer_tcp_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_move(FERI_HANDLE(stream), FERP_WRITABLE, buf, len, FERP_DONTWAIT, n);
}

fer_error fer_tcp_stream_try_read_vectored(fer_tcp_stream *stream, const fer_io_slice_mut *slices,
                                           size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_READABLE, slices, count, FERP_DONTWAIT,
                                   n);
}

fer_error fer_tcp_stream_try_write_vectored(fer_tcp_stream *stream, const fer_io_slice *slices,
                                            size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_WRITABLE, slices, count, FERP_DONTWAIT,
                                   n);
}

fer_error fer_tcp_stream_ready(const fer_tcp_stream *stream, fer_interest interest,
                               fer_duration timeout, fer_interest *ready)
{
    return feri_stream_ready(FERI_HANDLE(stream), interest, timeout, ready);
}

fer_error fer_tcp_stream_read_vectored(fer_tcp_stream *stream, const fer_io_slice_mut *slices,
                                       size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_READABLE, slices, count, 0, n);
}

fer_error fer_tcp_stream_read_exact(fer_tcp_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read_exact(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_tcp_stream_read_to_end(fer_tcp_stream *stream, void *buf, size_t cap, size_t *n)
{
    return feri_stream_read_to_end(FERI_HANDLE(stream), buf, cap, n);
}

fer_error fer_tcp_stream_write(fer_tcp_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_tcp_stream_write_vectored(fer_tcp_stream *stream, const fer_io_slice *slices,
                                        size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_WRITABLE, slices, count, 0, n);
}

fer_error fer_tcp_stream_write_all(fer_tcp_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write_all(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_tcp_stream_set_nodelay(fer_tcp_stream *stream, bool nodelay)
{
    return feri_set_bool_option(FERI_HANDLE(stream), FERP_NODELAY, nodelay);
}

fer_error fer_tcp_stream_nodelay(const fer_tcp_stream *stream, bool *out)
{
    return feri_bool_option(FERI_HANDLE(stream), FERP_NODELAY, out);
}

fer_error fer_tcp_stream_set_ttl(fer_tcp_stream *stream, uint32_t ttl)
{
    return feri_set_ttl(FERI_HANDLE(stream), ttl);
}

fer_error fer_tcp_stream_ttl(const fer_tcp_stream *stream, uint32_t *out)
{
    return feri_ttl(FERI_HANDLE(stream), out);
}

fer_error fer_tcp_stream_set_linger(fer_tcp_stream *stream, fer_duration linger)
{
    return feri_set_linger(FERI_HANDLE(stream), linger);
}

fer_error fer_tcp_stream_linger(const fer_tcp_stream *stream, fer_duration *out)
{
    return feri_linger(FERI_HANDLE(stream), out);
}

fer_error fer_tcp_stream_set_keepalive(fer_tcp_stream *stream, const fer_tcp_keepalive *keepalive)
{
    return feri_set_keepalive(FERI_HANDLE(stream), keepalive);
}

fer_error fer_tcp_stream_keepalive(const fer_tcp_stream *stream, fer_tcp_keepalive *out)
{
    return feri_keepalive(FERI_HANDLE(stream), out);
}

fer_error fer_tcp_stream_take_error(fer_tcp_stream *stream, fer_error *out)
{
    return feri_stream_take_error(FERI_HANDLE(stream), out);
}

void fer_tcp_stream_close(fer_tcp_stream *stream)
{
    feri_stream_close(FERI_HANDLE(stream));
}

fer_error fer_tcp_stream_close_gracefully(fer_tcp_stream *stream, fer_duration timeout)
{
    return feri_stream_close_gracefully(FERI_HANDLE(stream), timeout);
}

fer_raw_socket fer_tcp_stream_as_raw(const fer_tcp_stream *stream)
{
    return feri_handle_as_raw(FERI_HANDLE(stream));
}

fer_error fer_tcp_stream_from_raw(fer_tcp_stream *stream, fer_raw_socket raw)
{
    return feri_adopt(FERI_HANDLE(stream), raw, FERI_DOMAIN_IP, FERI_ADOPTED_STREAM);
}

fer_raw_socket fer_tcp_stream_into_raw(fer_tcp_stream *stream)
{
    return feri_into_raw(FERI_HANDLE(stream));
}

/* ---- Listeners */

fer_error fer_tcp_listener_bind_addr(fer_tcp_listener *listener, const fer_socket_addr *addr)
{
    return feri_open_first(FERI_HANDLE(listener), addr, 1, feri_listener_open, FERI_FLAG_LISTENING);
}

fer_error fer_tcp_listener_accept(fer_tcp_listener *listener, fer_tcp_stream *out,
                                  fer_socket_addr *peer)
{
    return feri_accept(FERI_HANDLE(listener), 0, FERI_HANDLE(out), peer);
}

fer_error fer_tcp_listener_try_accept(fer_tcp_listener *listener, fer_tcp_stream *out,
                                      fer_socket_addr *peer)
{
    return feri_accept(FERI_HANDLE(listener), FERP_DONTWAIT, FERI_HANDLE(out), peer);
}

fer_error fer_tcp_listener_ready(const fer_tcp_listener *listener, fer_interest interest,
                                 fer_duration timeout, fer_interest *ready)
{
    return feri_ready(FERI_HANDLE(listener), interest, timeout, ready);
}

fer_error fer_tcp_listener_local_addr(const fer_tcp_listener *listener, fer_socket_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_local_addr(listener->handle_.p_.raw_, out);
}

fer_error fer_tcp_listener_try_clone(fer_tcp_listener *listener, fer_tcp_listener *out)
{
    return feri_try_clone(FERI_HANDLE(listener), FERI_HANDLE(out));
}

fer_error fer_tcp_listener_set_ttl(fer_tcp_listener *listener, uint32_t ttl)
{
    return feri_set_ttl(FERI_HANDLE(listener), ttl);
}

fer_error fer_tcp_listener_ttl(const fer_tcp_listener *listener, uint32_t *out)
{
    return feri_ttl(FERI_HANDLE(listener), out);
}

fer_error fer_tcp_listener_take_error(fer_tcp_listener *listener, fer_error *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_take_error(listener->handle_.p_.raw_, out);
}

fer_error fer_tcp_listener_set_limits(fer_tcp_listener *listener, const fer_limits *limits)
{
    return feri_set_limits(FERI_HANDLE(listener), limits);
}

fer_error fer_tcp_listener_set_nonblocking(fer_tcp_listener *listener, bool nonblocking)
{
    return feri_set_nonblocking(FERI_HANDLE(listener), nonblocking);
}

void fer_tcp_listener_close(fer_tcp_listener *listener)
{
    feri_handle_close(FERI_HANDLE(listener));
}

fer_raw_socket fer_tcp_listener_as_raw(const fer_tcp_listener *listener)
{
    return feri_handle_as_raw(FERI_HANDLE(listener));
}

fer_error fer_tcp_listener_from_raw(fer_tcp_listener *listener, fer_raw_socket raw)
{
    return feri_adopt(FERI_HANDLE(listener), raw, FERI_DOMAIN_IP, FERI_ADOPTED_LISTENER);
}

fer_raw_socket fer_tcp_listener_into_raw(fer_tcp_listener *listener)
{
    return feri_into_raw(FERI_HANDLE(listener));
}
