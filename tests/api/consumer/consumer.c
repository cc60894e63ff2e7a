/* consumer.c: a user's program that sends a greeting to itself over ferrule. */
#include <stdio.h>
#include <string.h>

#include <ferrule.h>

static fer_error say_hello(fer_tcp_listener *listener, fer_tcp_stream *client,
                           fer_tcp_stream *server)
{
    fer_socket_addr addr;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    char heard[5];

    FER_TRY(fer_tcp_listener_bind(listener, "127.0.0.1:0"));
    FER_TRY(fer_tcp_listener_local_addr(listener, &addr));
    (void)fer_socket_addr_format(&addr, text, sizeof text);
    FER_TRY(fer_tcp_stream_connect(client, text));
    FER_TRY(fer_tcp_listener_accept(listener, server, NULL));
    FER_TRY(fer_tcp_stream_write_all(client, "hello", 5, NULL));
    FER_TRY(fer_tcp_stream_read_exact(server, heard, sizeof heard, NULL));
    return (fer_error){memcmp(heard, "hello", sizeof heard) == 0 ? FER_OK : FER_INVALID_DATA, 0};
}

int main(void)
{
    fer_tcp_listener listener = {0};
    fer_tcp_stream client = {0};
    fer_tcp_stream server = {0};
    char text[96];

    fer_error err = say_hello(&listener, &client, &server);
    fer_tcp_stream_close(&server);
    fer_tcp_stream_close(&client);
    fer_tcp_listener_close(&listener);
    (void)fer_error_format(err, text, sizeof text);
    printf("ferrule %s: %s\n", fer_version(), text);
    return err.kind == FER_OK && strcmp(fer_version(), FER_VERSION_TEXT) == 0 ? 0 : 1;
}
