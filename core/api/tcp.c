/* tcp.c: the public functions of fer_tcp_stream and fer_tcp_listener. Those that other handle types
 * have too are rows of handle_functions.h. Names are in resolve.c, several addresses in
 * connect_with.c, the views as a fer_stream and a fer_socket in stream.c and socket.c, files in
 * send_file.c. */
#include "ferrule/tcp.h"

#include "core/api/handle_functions.h"
#include "core/api/socket.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "platform/platform.h"

/* ---- Streams */

FERI_HANDLE_FUNCTIONS(fer_tcp_stream)
FERI_TIMEOUT_FUNCTIONS(fer_tcp_stream)
FERI_STREAM_FUNCTIONS(fer_tcp_stream)

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

fer_error fer_tcp_stream_from_raw(fer_tcp_stream *stream, fer_raw_socket raw)
{
    return feri_adopt(FERI_HANDLE(stream), raw, FERI_DOMAIN_IP, FERI_ADOPTED_STREAM);
}

/* ---- Listeners */

FERI_HANDLE_FUNCTIONS(fer_tcp_listener)
FERI_NON_STREAM_FUNCTIONS(fer_tcp_listener)

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

fer_error fer_tcp_listener_local_addr(const fer_tcp_listener *listener, fer_socket_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_local_addr(listener->handle_.p_.raw_, out);
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

fer_error fer_tcp_listener_from_raw(fer_tcp_listener *listener, fer_raw_socket raw)
{
    return feri_adopt(FERI_HANDLE(listener), raw, FERI_DOMAIN_IP, FERI_ADOPTED_LISTENER);
}
