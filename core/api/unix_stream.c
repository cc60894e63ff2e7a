/* unix_stream.c: the public functions of fer_unix_stream and fer_unix_listener. Each function of a
 * stream calls the function for any stream handle. The views as a fer_stream and a fer_socket are
 * in stream.c and socket.c. */
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/open/binding.h"
#include "core/open/unix_opening.h"
#include "core/transfer/handles.h"
#include "core/transfer/stream_io.h"
#include "core/wait/blocking.h"
#include "core/wait/waiting.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

/* ---- Streams */

fer_error fer_unix_stream_connect(fer_unix_stream *stream, const char *path)
{
    return feri_unix_open_path(FERI_HANDLE(stream), path, feri_unix_connection_open, 0);
}

fer_error fer_unix_stream_connect_addr(fer_unix_stream *stream, const fer_unix_addr *addr)
{
    return feri_unix_open(FERI_HANDLE(stream), addr, feri_unix_connection_open, 0);
}

fer_error fer_unix_stream_connect_start(fer_unix_stream *stream, const fer_unix_addr *addr)
{
    return feri_unix_start_connect(FERI_HANDLE(stream), addr);
}

fer_error fer_unix_stream_pair(fer_unix_stream *one, fer_unix_stream *other)
{
    return feri_unix_open_pair(FERI_HANDLE(one), FERI_HANDLE(other), FER_TYPE_STREAM);
}

fer_error fer_unix_stream_peer_addr(const fer_unix_stream *stream, fer_unix_addr *out)
{
    FERI_REQUIRE(out != NULL, FER_MISUSE);
    FER_TRY(feri_stream_check(FERI_HANDLE(stream), FERI_REQUEST_PEER_ADDR));
    return ferp_unix_peer_addr(stream->handle_.p_.raw_, out);
}

fer_error fer_unix_stream_peer_cred(const fer_unix_stream *stream, fer_unix_cred *out)
{
    FERI_REQUIRE(out != NULL, FER_MISUSE);
    FER_TRY(feri_stream_check(FERI_HANDLE(stream), FERI_REQUEST_PEER_ADDR));
    return ferp_unix_peer_cred(stream->handle_.p_.raw_, out);
}

fer_error fer_unix_stream_local_addr(const fer_unix_stream *stream, fer_unix_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(stream), out));
    return ferp_unix_local_addr(stream->handle_.p_.raw_, out);
}

fer_error fer_unix_stream_shutdown(fer_unix_stream *stream, fer_shutdown how)
{
    return feri_stream_shutdown(FERI_HANDLE(stream), how);
}

fer_error fer_unix_stream_try_clone(fer_unix_stream *stream, fer_unix_stream *out)
{
    return feri_try_clone(FERI_HANDLE(stream), FERI_HANDLE(out));
}

fer_error fer_unix_stream_set_read_timeout(fer_unix_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(FERI_HANDLE(stream), FERP_READING, timeout);
}

fer_error fer_unix_stream_read_timeout(const fer_unix_stream *stream, fer_duration *out)
{
    return feri_timeout(FERI_HANDLE(stream), FERP_READING, out);
}

fer_error fer_unix_stream_set_write_timeout(fer_unix_stream *stream, fer_duration timeout)
{
    return feri_set_timeout(FERI_HANDLE(stream), FERP_WRITING, timeout);
}

fer_error fer_unix_stream_write_timeout(const fer_unix_stream *stream, fer_duration *out)
{
    return feri_timeout(FERI_HANDLE(stream), FERP_WRITING, out);
}

fer_error fer_unix_stream_set_limits(fer_unix_stream *stream, const fer_limits *limits)
{
    return feri_set_limits(FERI_HANDLE(stream), limits);
}

fer_error fer_unix_stream_set_nonblocking(fer_unix_stream *stream, bool nonblocking)
{
    return feri_set_nonblocking(FERI_HANDLE(stream), nonblocking);
}

fer_error fer_unix_stream_read(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_unix_stream_peek(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_move(FERI_HANDLE(stream), FERP_READABLE, buf, len, FERP_PEEK, n);
}

fer_error fer_unix_stream_try_read(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_move(FERI_HANDLE(stream), FERP_READABLE, buf, len, FERP_DONTWAIT, n);
}

fer_error fer_unix_stream_try_write(fer_unix_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_move(FERI_HANDLE(stream), FERP_WRITABLE, buf, len, FERP_DONTWAIT, n);
}

fer_error fer_unix_stream_try_read_vectored(fer_unix_stream *stream, const fer_io_slice_mut *slices,
                                            size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_READABLE, slices, count, FERP_DONTWAIT,
                                   n);
}

fer_error fer_unix_stream_try_write_vectored(fer_unix_stream *stream, const fer_io_slice *slices,
                                             size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_WRITABLE, slices, count, FERP_DONTWAIT,
                                   n);
}

fer_error fer_unix_stream_ready(const fer_unix_stream *stream, fer_interest interest,
                                fer_duration timeout, fer_interest *ready)
{
    return feri_stream_ready(FERI_HANDLE(stream), interest, timeout, ready);
}

fer_error fer_unix_stream_read_vectored(fer_unix_stream *stream, const fer_io_slice_mut *slices,
                                        size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_READABLE, slices, count, 0, n);
}

fer_error fer_unix_stream_read_exact(fer_unix_stream *stream, void *buf, size_t len, size_t *n)
{
    return feri_stream_read_exact(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_unix_stream_read_to_end(fer_unix_stream *stream, void *buf, size_t cap, size_t *n)
{
    return feri_stream_read_to_end(FERI_HANDLE(stream), buf, cap, n);
}

fer_error fer_unix_stream_write(fer_unix_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_unix_stream_write_vectored(fer_unix_stream *stream, const fer_io_slice *slices,
                                         size_t count, size_t *n)
{
    return feri_stream_move_slices(FERI_HANDLE(stream), FERP_WRITABLE, slices, count, 0, n);
}

fer_error fer_unix_stream_write_all(fer_unix_stream *stream, const void *buf, size_t len, size_t *n)
{
    return feri_stream_write_all(FERI_HANDLE(stream), buf, len, n);
}

fer_error fer_unix_stream_send_handles(fer_unix_stream *stream, const void *buf, size_t len,
                                       const fer_raw_socket *handles, size_t count, size_t *n)
{
    const struct ferp_sent_handles message = {buf, len, handles, count, NULL};
    return feri_stream_send_handles(FERI_HANDLE(stream), &message, n);
}

fer_error fer_unix_stream_recv_handles(fer_unix_stream *stream, void *buf, size_t len,
                                       fer_raw_socket *handles, size_t cap,
                                       fer_unix_received_handles *out)
{
    struct ferp_received_handles message = {.buf = buf, .len = len, .handles = handles, .cap = cap};
    return feri_stream_recv_handles(FERI_HANDLE(stream), &message, out);
}

fer_error fer_unix_stream_take_error(fer_unix_stream *stream, fer_error *out)
{
    return feri_stream_take_error(FERI_HANDLE(stream), out);
}

void fer_unix_stream_close(fer_unix_stream *stream)
{
    feri_stream_close(FERI_HANDLE(stream));
}

fer_error fer_unix_stream_close_gracefully(fer_unix_stream *stream, fer_duration timeout)
{
    return feri_stream_close_gracefully(FERI_HANDLE(stream), timeout);
}

fer_raw_socket fer_unix_stream_as_raw(const fer_unix_stream *stream)
{
    return feri_handle_as_raw(FERI_HANDLE(stream));
}

fer_error fer_unix_stream_from_raw(fer_unix_stream *stream, fer_raw_socket raw)
{
    return feri_adopt(FERI_HANDLE(stream), raw, FERI_DOMAIN_UNIX, FERI_ADOPTED_STREAM);
}

fer_raw_socket fer_unix_stream_into_raw(fer_unix_stream *stream)
{
    return feri_into_raw(FERI_HANDLE(stream));
}

/* ---- Listeners */

fer_error fer_unix_listener_bind(fer_unix_listener *listener, const char *path)
{
    return feri_unix_open_path(FERI_HANDLE(listener), path, feri_unix_listener_open,
                               FERI_FLAG_LISTENING);
}

fer_error fer_unix_listener_bind_addr(fer_unix_listener *listener, const fer_unix_addr *addr)
{
    return feri_unix_open(FERI_HANDLE(listener), addr, feri_unix_listener_open,
                          FERI_FLAG_LISTENING);
}

/* The peer's name is queried only if the caller requests it. If the peer has closed, the address is
 * unnamed. */
static void store_peer_addr(const fer_unix_stream *stream, fer_unix_addr *peer)
{
    if (peer != NULL &&
        ferp_unix_peer_addr(feri_handle_as_raw(&stream->handle_), peer).kind != FER_OK) {
        *peer = (fer_unix_addr){0};
    }
}

fer_error fer_unix_listener_accept(fer_unix_listener *listener, fer_unix_stream *out,
                                   fer_unix_addr *peer)
{
    FER_TRY(feri_accept(FERI_HANDLE(listener), 0, FERI_HANDLE(out), NULL));
    store_peer_addr(out, peer);
    return feri_ok();
}

fer_error fer_unix_listener_try_accept(fer_unix_listener *listener, fer_unix_stream *out,
                                       fer_unix_addr *peer)
{
    FER_TRY(feri_accept(FERI_HANDLE(listener), FERP_DONTWAIT, FERI_HANDLE(out), NULL));
    store_peer_addr(out, peer);
    return feri_ok();
}

fer_error fer_unix_listener_ready(const fer_unix_listener *listener, fer_interest interest,
                                  fer_duration timeout, fer_interest *ready)
{
    return feri_ready(FERI_HANDLE(listener), interest, timeout, ready);
}

fer_error fer_unix_listener_local_addr(const fer_unix_listener *listener, fer_unix_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_unix_local_addr(listener->handle_.p_.raw_, out);
}

fer_error fer_unix_listener_try_clone(fer_unix_listener *listener, fer_unix_listener *out)
{
    return feri_try_clone(FERI_HANDLE(listener), FERI_HANDLE(out));
}

fer_error fer_unix_listener_set_limits(fer_unix_listener *listener, const fer_limits *limits)
{
    return feri_set_limits(FERI_HANDLE(listener), limits);
}

fer_error fer_unix_listener_set_nonblocking(fer_unix_listener *listener, bool nonblocking)
{
    return feri_set_nonblocking(FERI_HANDLE(listener), nonblocking);
}

fer_error fer_unix_listener_take_error(fer_unix_listener *listener, fer_error *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_take_error(listener->handle_.p_.raw_, out);
}

void fer_unix_listener_close(fer_unix_listener *listener)
{
    feri_handle_close(FERI_HANDLE(listener));
}

fer_raw_socket fer_unix_listener_as_raw(const fer_unix_listener *listener)
{
    return feri_handle_as_raw(FERI_HANDLE(listener));
}

fer_error fer_unix_listener_from_raw(fer_unix_listener *listener, fer_raw_socket raw)
{
    return feri_adopt(FERI_HANDLE(listener), raw, FERI_DOMAIN_UNIX, FERI_ADOPTED_LISTENER);
}

fer_raw_socket fer_unix_listener_into_raw(fer_unix_listener *listener)
{
    return feri_into_raw(FERI_HANDLE(listener));
}
