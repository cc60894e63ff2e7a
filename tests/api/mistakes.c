/* Twelve mistakes of a program. check_headers.sh compiles each alone. Behind the number stand the
 * warnings of gcc and of clang that report it; - is none. */
#include <stdint.h>

#include "ferrule.h"

static uint8_t request[64];

fer_error mistake(fer_tcp_stream *stream, fer_udp_socket *socket, fer_poller *poller);

fer_error mistake(fer_tcp_stream *stream, fer_udp_socket *socket, fer_poller *poller)
{
    fer_error error = {FER_OK, 0};
    size_t n = 0;
    (void)stream;
    (void)socket;
    (void)poller;
    (void)request;
    (void)n;

#if MISTAKE == 0
    uint8_t answer[8];
    fer_socket_addr found[2];
    fer_tcp_stream another = {0};
    FER_TRY(fer_tcp_stream_write_all(stream, request, sizeof request, &n));
    FER_TRY(fer_tcp_stream_read(stream, answer, sizeof answer, &n));
    FER_TRY(fer_to_socket_addrs("localhost:80", found, 2, &n));
    FER_TRY(fer_tcp_stream_connect_addr(&another, &found[0]));
    fer_tcp_stream_close(&another);

#elif MISTAKE == 1 /* -Wstringop-overflow - : the buffer is shorter than len */
    uint8_t answer[4];
    error = fer_tcp_stream_read(stream, answer, 8, &n);

#elif MISTAKE == 2 /* -Wstringop-overread - : the request is shorter than len */
    error = fer_tcp_stream_write_all(stream, request, 640, &n);

#elif MISTAKE == 3 /* -Wnonnull - : no buffer of 16 bytes */
    error = fer_udp_socket_send(socket, NULL, 16, &n);

#elif MISTAKE == 4 /* -Wuninitialized - : nothing was written into the buffer */
    uint8_t answer[8];
    error = fer_tcp_stream_write_all(stream, answer, sizeof answer, &n);

#elif MISTAKE == 5 /* -Wmaybe-uninitialized - : the handle is not initialized */
    fer_tcp_stream another;
    error = fer_tcp_stream_connect(&another, "localhost:80");

#elif MISTAKE == 6 /* -Wunused-result -Wunused-result : the released socket leaks */
    fer_tcp_stream_into_raw(stream);

#elif MISTAKE == 7 /* -Wunused-result -Wunused-result : the error is discarded */
    fer_tcp_stream_set_nodelay(stream, true);

#elif MISTAKE == 8 /* -Wstringop-overflow - : two elements, and a cap of four */
    fer_event events[2];
    error = fer_poller_wait(poller, FER_DURATION_NONE, events, 4, &n, NULL);

#elif MISTAKE == 9 /* -Wstringop-overflow - : half of the text's capacity */
    char text[FER_ERROR_TEXT_CAP / 2];
    n = fer_error_format(error, text, FER_ERROR_TEXT_CAP);

#elif MISTAKE == 10 /* -Wincompatible-pointer-types -Wincompatible-pointer-types : a wrong handle */
    error = fer_tcp_stream_read(socket, request, sizeof request, &n);

#elif MISTAKE == 11 /* - -Wnonnull : NULL where only clang knows that it is not allowed */
    error = fer_tcp_stream_local_addr(stream, NULL);

#elif MISTAKE == 12 /* - -Wuser-defined-warnings : a negative time, which becomes a long one */
    error = fer_tcp_stream_set_read_timeout(stream, fer_duration_from_millis(-1));
#endif
    return error;
}
