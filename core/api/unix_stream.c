/* unix_stream.c: the public functions of fer_unix_stream and fer_unix_listener. Those that other
 * handle types have too are rows of handle_functions.h. The views as a fer_stream and a fer_socket
 * are in stream.c and socket.c. */
#include "core/api/handle_functions.h"
#include "core/base/error.h"
#include "core/open/binding.h"
#include "core/open/unix_opening.h"
#include "core/transfer/handles.h"
#include "ferrule/unix.h"

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

FERI_FUNCTION(fer_unix_stream_connect_start, feri_unix_start_connect(FERI_HANDLE(stream), addr),
              fer_unix_stream *stream, const fer_unix_addr *addr)

fer_error fer_unix_stream_pair(fer_unix_stream *one, fer_unix_stream *other)
{
    return feri_unix_open_pair(FERI_HANDLE(one), FERI_HANDLE(other), FER_TYPE_STREAM);
}

FERI_PEER_QUERY(fer_unix_stream_peer_addr, fer_unix_stream, fer_unix_addr, ferp_unix_peer_addr)
FERI_PEER_QUERY(fer_unix_stream_peer_cred, fer_unix_stream, fer_unix_cred, ferp_unix_peer_cred)
FERI_QUERY(fer_unix_stream_local_addr, const fer_unix_stream, fer_unix_addr, ferp_unix_local_addr)

FERI_CALL_AND_TRY(fer_unix_stream, send_handles,
                  feri_stream_send_handles(handle,
                                           &(const struct ferp_sent_handles){buf, len, handles,
                                                                             count, NULL},
                                           flags, n),
                  const void *buf, size_t len, const fer_raw_socket *handles, size_t count,
                  size_t *n)
FERI_CALL_AND_TRY(
    fer_unix_stream, recv_handles,
    feri_stream_recv_handles(handle,
                             &(struct ferp_received_handles){
                                 .buf = buf, .len = len, .handles = handles, .cap = cap},
                             flags, out),
    void *buf, size_t len, fer_raw_socket *handles, size_t cap, fer_unix_received_handles *out)

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
static fer_error accept_with_name(fer_handle *listener, unsigned flags, fer_handle *out,
                                  fer_unix_addr *peer)
{
    FER_TRY(feri_accept(listener, flags, out, NULL));
    if (peer != NULL && ferp_unix_peer_addr(feri_handle_as_raw(out), peer).kind != FER_OK) {
        *peer = (fer_unix_addr){0};
    }
    return feri_ok();
}

FERI_CALL_AND_TRY(fer_unix_listener, accept,
                  accept_with_name(handle, flags, FERI_HANDLE(out), peer), fer_unix_stream *out,
                  fer_unix_addr *peer)

FERI_QUERY(fer_unix_listener_local_addr, const fer_unix_listener, fer_unix_addr,
           ferp_unix_local_addr)
FERI_QUERY(fer_unix_listener_take_error, fer_unix_listener, fer_error, ferp_take_error)
