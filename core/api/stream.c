/* stream.c: the public functions of fer_stream, a stream of any type. fer_copy is in
 * core/transfer/. */
#include "core/api/handle_functions.h"
#include "ferrule/io.h"

#define AS_STREAM(type)                         \
    fer_stream type##_as_stream(type *self)     \
    {                                           \
        return (fer_stream){FERI_HANDLE(self)}; \
    }
AS_STREAM(fer_tcp_stream)
AS_STREAM(fer_unix_stream)
AS_STREAM(fer_socket)

#define HANDLE_OF(stream) feri_handle_of_stream((stream).handle_)

FERI_MODE_FUNCTIONS_OF(fer_stream, fer_stream, fer_stream, HANDLE_OF)
FERI_TIMEOUT_FUNCTIONS_OF(fer_stream, fer_stream, fer_stream, HANDLE_OF)
FERI_TRANSFER_FUNCTIONS_OF(fer_stream, fer_stream, fer_stream, HANDLE_OF)

fer_socket *fer_stream_as_socket(fer_stream stream)
{
    return (fer_socket *)stream.handle_;
}
