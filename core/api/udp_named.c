/* udp_named.c: bind and connect by "host:port" text. Apart from the rest, for these link the system's resolver. */
#include "core/names/address_source.h"
#include "core/transfer/datagram.h"
#include "core/handle/handle.h"
#include "core/open/opening.h"
#include "ferrule/udp.h"

fer_error fer_udp_socket_bind(fer_udp_socket *socket, const char *host_port)
{
    FER_TRY(feri_open_first_named(socket == NULL ? NULL : &socket->handle_, host_port, feri_datagram_open));
    socket->peer_ = (fer_socket_addr){0};
    return feri_ok();
}

fer_error fer_udp_socket_connect(fer_udp_socket *socket, const char *host_port)
{
    feri_address_source source;
    fer_socket_addr addr;
    FER_TRY(feri_handle_may(socket == NULL ? NULL : &socket->handle_, FERI_REQUEST_USE));
    FER_TRY(feri_address_source_of_text(&source, host_port));
    fer_error error = feri_own_error(FER_INVALID_INPUT); /* when there is no address at all */
    while (error.kind != FER_OK && feri_address_source_next(&source, &addr)) {
        error = feri_datagram_connect(socket, &addr);
    }
    feri_address_source_end(&source);
    return error;
}
