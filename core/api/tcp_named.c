/* tcp_named.c: connect and bind by "host:port" text. Apart from the rest, for these link the system's resolver. */
#include "core/open/connecting.h"
#include "core/open/listening.h"
#include "core/open/opening.h"
#include "ferrule/tcp.h"

fer_error fer_tcp_stream_connect(fer_tcp_stream *stream, const char *host_port)
{
    return feri_open_first_named(stream == NULL ? NULL : &stream->handle_, host_port, feri_connection_open);
}

fer_error fer_tcp_listener_bind(fer_tcp_listener *listener, const char *host_port)
{
    return feri_open_first_named(listener == NULL ? NULL : &listener->handle_, host_port, feri_listener_open);
}
