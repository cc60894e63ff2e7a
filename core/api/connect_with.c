/* connect_with.c: the public function that connects to the first of several addresses that answers.
 * A program that does not call it does not link the attempts and their schedule. */
#include "core/open/connect_attempts.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "ferrule/tcp.h"

fer_error fer_tcp_stream_connect_addrs(fer_tcp_stream *stream, const fer_socket_addr *addrs,
                                       size_t count, const fer_connect_options *options)
{
    fer_handle *handle = stream == NULL ? NULL : &stream->handle_;
    return options == NULL ? feri_open_first(handle, addrs, count, feri_connection_open)
                           : feri_connect_addrs_with(handle, addrs, count, options);
}
