/* by_name.c: the public functions that connect and bind by "host:port" text. They link the system's
 * resolver. */
#include "core/handle/handle.h"
#include "core/names/address_source.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/listening.h"
#include "core/transfer/datagram.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"

fer_error fer_tcp_stream_connect(fer_tcp_stream *stream, const char *host_port)
{
    return feri_open_by_name(stream == NULL ? NULL : &stream->handle_, host_port,
                             feri_connection_open);
}

fer_error fer_tcp_listener_bind(fer_tcp_listener *listener, const char *host_port)
{
    fer_handle *handle = listener == NULL ? NULL : &listener->handle_;
    return feri_listener_opened(handle, feri_open_by_name(handle, host_port, feri_listener_open));
}

fer_error fer_udp_socket_bind(fer_udp_socket *socket, const char *host_port)
{
    return feri_open_by_name(socket == NULL ? NULL : &socket->handle_, host_port,
                             feri_datagram_open);
}

fer_error fer_udp_socket_connect(fer_udp_socket *socket, const char *host_port)
{
    feri_address_source source;
    fer_socket_addr addr;
    FER_TRY(feri_handle_check(socket == NULL ? NULL : &socket->handle_, FERI_REQUEST_USE));
    FER_TRY(feri_address_source_of_text(&source, host_port));
    fer_error error = feri_own_error(FER_INVALID_INPUT); /* if there is no address */
    while (error.kind != FER_OK && feri_address_source_next(&source, &addr)) {
        error = feri_datagram_connect(&socket->handle_, &addr);
    }
    feri_address_source_end(&source);
    return error;
}
