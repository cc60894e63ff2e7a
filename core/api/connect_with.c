/* connect_with.c: the public function that connects to the first of several addresses that answers.
 * A program that does not call it does not link the attempts and their schedule. */
#include "core/open/connect_attempts.h"
#include "ferrule/tcp.h"

fer_error fer_tcp_stream_connect_addrs_with(fer_tcp_stream *stream, const fer_socket_addr *addrs,
                                            size_t count, const fer_connect_options *options,
                                            size_t *failures)
{
    size_t ignored = 0;
    size_t *failed = failures == NULL ? &ignored : failures;
    *failed = 0;
    return feri_connect_addrs_with(stream == NULL ? NULL : &stream->handle_, addrs, count,
                                   feri_connect_options_or_default(options), failed);
}
