/* tcp.c: the public functions of fer_tcp_stream and fer_tcp_listener. Those that other handle types
 * have too are rows of handle_functions.h. Names are in resolve.c, several addresses in
 * connect_with.c, the views as a fer_stream and a fer_socket in stream.c and socket.c, files in
 * send_file.c. */
#include "ferrule/tcp.h"

#include "core/api/handle_functions.h"
#include "core/api/socket.h"
#include "core/base/error.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"

/* ---- Streams */

FERI_HANDLE_FUNCTIONS(fer_tcp_stream, FERI_DOMAIN_IP, FERI_ADOPTED_STREAM)
FERI_TIMEOUT_FUNCTIONS(fer_tcp_stream)
FERI_STREAM_FUNCTIONS(fer_tcp_stream)

fer_error fer_tcp_stream_connect_addr(fer_tcp_stream *stream, const fer_socket_addr *addr)
{
    return feri_open_first(FERI_HANDLE(stream), addr, 1, feri_connection_open, 0);
}

FERI_FUNCTION(fer_tcp_stream_connect_timeout,
              feri_connect_timeout(FERI_HANDLE(stream), addr, timeout), fer_tcp_stream *stream,
              const fer_socket_addr *addr, fer_duration timeout)

FERI_FUNCTION(fer_tcp_stream_connect_start, feri_start_connect(FERI_HANDLE(stream), addr),
              fer_tcp_stream *stream, const fer_socket_addr *addr)

FERI_PEER_QUERY(fer_tcp_stream_peer_addr, fer_tcp_stream, fer_socket_addr, ferp_peer_addr)

FERI_FUNCTION(fer_tcp_stream_local_addr, feri_socket_local_addr(FERI_HANDLE(stream), out),
              const fer_tcp_stream *stream, fer_socket_addr *out)

FERI_OPTION(fer_tcp_stream, nodelay, bool, feri_set_bool_option(handle, FERP_NODELAY, value),
            feri_bool_option(handle, FERP_NODELAY, out))
FERI_OPTION(fer_tcp_stream, ttl, uint32_t, feri_set_ttl(handle, value),
            feri_option_of_family(handle, FERP_TTL_V4, FERP_HOPS_V6, out))
FERI_OPTION(fer_tcp_stream, linger, fer_duration, feri_set_linger(handle, value),
            feri_linger(handle, out))
FERI_CHECKED_OPTION(fer_tcp_stream, keepalive, feri_ok(), const fer_tcp_keepalive *,
                    fer_tcp_keepalive, feri_set_keepalive(handle, value),
                    feri_keepalive(handle, out))

/* ---- Listeners */

FERI_HANDLE_FUNCTIONS(fer_tcp_listener, FERI_DOMAIN_IP, FERI_ADOPTED_LISTENER)
FERI_NON_STREAM_FUNCTIONS(fer_tcp_listener)

fer_error fer_tcp_listener_bind_addr(fer_tcp_listener *listener, const fer_socket_addr *addr)
{
    return feri_open_first(FERI_HANDLE(listener), addr, 1, feri_listener_open, FERI_FLAG_LISTENING);
}

FERI_CALL_AND_TRY(fer_tcp_listener, accept, feri_accept(handle, flags, FERI_HANDLE(out), peer),
                  fer_tcp_stream *out, fer_socket_addr *peer)
FERI_QUERY(fer_tcp_listener_local_addr, const fer_tcp_listener, fer_socket_addr, ferp_local_addr)
FERI_OPTION(fer_tcp_listener, ttl, uint32_t, feri_set_ttl(handle, value),
            feri_option_of_family(handle, FERP_TTL_V4, FERP_HOPS_V6, out))
FERI_QUERY(fer_tcp_listener_take_error, fer_tcp_listener, fer_error, ferp_take_error)
