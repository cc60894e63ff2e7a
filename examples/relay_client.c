/* relay_client.c: sends messages to a relay, one at a time, and prints what comes back. A Tokio tutorial's client, blocking.
 *
 * usage: relay_client ADDR:PORT [MESSAGE...]
 * Sends "Hello!" unless told otherwise; gives up on a relay that is silent for 5 seconds. */
#include <stdio.h>
#include <string.h>

#include "ferrule.h"

/* Sends one message and reads as much back. A long one goes in pieces, so that neither side ever waits with full buffers. */
static fer_error exchange(fer_tcp_stream *stream, const char *message)
{
    size_t left = strlen(message);
    do {
        char reply[4096];
        size_t piece = left < sizeof reply ? left : sizeof reply;
        FER_TRY(fer_tcp_stream_write_all(stream, message, piece, NULL));
        printf("Wrote %zu bytes\n", piece);
        FER_TRY(fer_tcp_stream_read_exact(stream, reply, piece, NULL)); /* a reply may come in pieces too */
        printf("Got reply from host: %.*s\n", (int)piece, reply);
        message += piece;
        left -= piece;
    } while (left > 0);
    return (fer_error){FER_OK, 0};
}

/* Ends in good order: says that no more will come, then reads up to the host's end. */
static fer_error finish(fer_tcp_stream *stream)
{
    char rest[4096];
    size_t n = 0;
    FER_TRY(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    FER_TRY(fer_tcp_stream_read_to_end(stream, rest, sizeof rest, &n));
    if (n > 0) {
        printf("The host sent %zu bytes too many\n", n);
    }
    return (fer_error){FER_OK, 0};
}

static fer_error converse(fer_tcp_stream *stream, const char *address, char **messages, int count)
{
    fer_socket_addr peer;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    FER_TRY(fer_tcp_stream_connect(stream, address));
    FER_TRY(fer_tcp_stream_set_read_timeout(stream, fer_duration_from_secs(5)));
    FER_TRY(fer_tcp_stream_set_write_timeout(stream, fer_duration_from_secs(5)));
    FER_TRY(fer_tcp_stream_peer_addr(stream, &peer));
    fer_socket_addr_format(&peer, text, sizeof text);
    printf("Connected to %s\n", text);
    for (int i = 0; i < count; i++) {
        FER_TRY(exchange(stream, messages[i]));
    }
    return finish(stream);
}

int main(int argc, char **argv)
{
    char hello[] = "Hello!";
    char *default_messages[] = {hello};
    char **messages = argc > 2 ? argv + 2 : default_messages;
    int count = argc > 2 ? argc - 2 : 1;
    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: relay_client ADDR:PORT [MESSAGE...]\n");
        return 2;
    }
    fer_tcp_stream stream = {0};
    fer_error error = converse(&stream, argv[1], messages, count);
    fer_tcp_stream_close(&stream); /* harmless where nothing was connected */
    if (error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        fer_error_format(error, text, sizeof text);
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", argv[1], text);
        return 1;
    }
    return 0;
}
