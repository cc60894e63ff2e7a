/* unix_stream.c: the public functions of fer_unix_stream and fer_unix_listener. Those that other
 * handle types have too are rows of handle_functions.h. The views as a fer_stream and a fer_socket
 * are in stream.c and socket.c. */
#include "core/api/handle_functions.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/open/binding.h"
#include "core/open/unix_opening.h"
#include "core/transfer/handles.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

/* ---- Streams */

FERI_HANDLE_FUNCTIONS(fer_unix_stream, FERI_DOMAIN_UNIX, FERI_ADOPTED_STREAM)
FERI_TIMEOUT_FUNCTIONS(fer_unix_stream)
FERI_STREAM_FUNCTIONS(fer_unix_stream)

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

FERI_QUERY(fer_unix_stream_local_addr, const fer_unix_stream, fer_unix_addr, ferp_unix_local_addr)

fer_error fer_unix_stream_send_handles(fer_unix_stream *stream, const void *buf, size_t len,
                                       const fer_raw_socket *handles, size_t count, size_t *n)
{
    const struct ferp_sent_handles message = {buf, len, handles, count, NULL};
    return feri_stream_send_handles(FERI_HANDLE(stream), &message, 0, n);
}

fer_error fer_unix_stream_try_send_handles(fer_unix_stream *stream, const void *buf, size_t len,
                                           const fer_raw_socket *handles, size_t count, size_t *n)
{
    const struct ferp_sent_handles message = {buf, len, handles, count, NULL};
    return feri_stream_send_handles(FERI_HANDLE(stream), &message, FERP_DONTWAIT, n);
}

fer_error fer_unix_stream_recv_handles(fer_unix_stream *stream, void *buf, size_t len,
                                       fer_raw_socket *handles, size_t cap,
                                       fer_unix_received_handles *out)
{
    struct ferp_received_handles message = {.buf = buf, .len = len, .handles = handles, .cap = cap};
    return feri_stream_recv_handles(FERI_HANDLE(stream), &message, 0, out);
}

fer_error fer_unix_stream_try_recv_handles(fer_unix_stream *stream, void *buf, size_t len,
                                           fer_raw_socket *handles, size_t cap,
                                           fer_unix_received_handles *out)
{
    struct ferp_received_handles message = {.buf = buf, .len = len, .handles = handles, .cap = cap};
    return feri_stream_recv_handles(FERI_HANDLE(stream), &message, FERP_DONTWAIT, out);
}

/* ---- Listeners */

FERI_HANDLE_FUNCTIONS(fer_unix_listener, FERI_DOMAIN_UNIX, FERI_ADOPTED_LISTENER)
FERI_NON_STREAM_FUNCTIONS(fer_unix_listener)

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

FERI_QUERY(fer_unix_listener_local_addr, const fer_unix_listener, fer_unix_addr,
           ferp_unix_local_addr)
FERI_QUERY(fer_unix_listener_take_error, fer_unix_listener, fer_error, ferp_take_error)
