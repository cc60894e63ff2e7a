/* stream.c: the public functions of fer_stream, a stream of any type. fer_copy is in
 * core/transfer/. */
#include "core/api/handle_functions.h"
#include "core/handle/handle.h"
#include "ferrule/io.h"

fer_stream fer_tcp_stream_as_stream(fer_tcp_stream *stream)
{
    return (fer_stream){FERI_HANDLE(stream)};
}

fer_stream fer_unix_stream_as_stream(fer_unix_stream *stream)
{
    return (fer_stream){FERI_HANDLE(stream)};
}

fer_stream fer_socket_as_stream(fer_socket *socket)
{
    return (fer_stream){FERI_HANDLE(socket)};
}

#define HANDLE_OF(stream) feri_handle_of_stream((stream).handle_)

FERI_MODE_FUNCTIONS_OF(fer_stream, fer_stream, fer_stream, HANDLE_OF)
FERI_TIMEOUT_FUNCTIONS_OF(fer_stream, fer_stream, fer_stream, HANDLE_OF)
FERI_TRANSFER_FUNCTIONS_OF(fer_stream, fer_stream, fer_stream, HANDLE_OF)

fer_socket *fer_stream_as_socket(fer_stream stream)
{
    return (fer_socket *)stream.handle_;
}
