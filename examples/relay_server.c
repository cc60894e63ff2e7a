/* relay_server.c: sends back to each client what it sent, in order; one client at a time. A Tokio tutorial's relay, blocking.
 *
 * usage: relay_server [--clients N] [ADDR:PORT]
 * Listens on 127.0.0.1 and a free port unless told otherwise; ends after N clients, else never. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

static void complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

/* Relays until the client's end. What goes wrong here is this client's affair alone. */
static fer_error relay(fer_tcp_stream *client)
{
    char buf[1024];
    for (;;) {
        size_t n;
        fflush(stdout); /* what was told is seen before the next wait, also through a pipe */
        fer_error error = fer_tcp_stream_read(client, buf, sizeof buf, &n);
        if (error.kind == FER_INTERRUPTED) {
            continue;
        }
        if (error.kind != FER_OK) {
            return error;
        }
        if (n == 0) {
            printf("Client disconnected\n");
            return error;
        }
        printf("read %zu bytes\n", n);
        FER_TRY(fer_tcp_stream_write_all(client, buf, n, NULL));
        printf("wrote %zu bytes\n", n);
    }
}

/* Accepts one client after the other; limit 0 is no limit. accept skips connections that died: its errors are the machine's. */
static fer_error serve(fer_tcp_listener *listener, unsigned long limit)
{
    for (unsigned long served = 0; limit == 0 || served < limit; served++) {
        fer_tcp_stream client = {0};
        fer_socket_addr peer;
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        fflush(stdout);
        FER_TRY(fer_tcp_listener_accept(listener, &client, &peer));
        fer_socket_addr_format(&peer, text, sizeof text);
        printf("Connection from %s\n", text);
        fer_error error = relay(&client);
        if (error.kind != FER_OK) {
            complain(text, error);
        }
        fer_tcp_stream_close(&client);
    }
    return (fer_error){FER_OK, 0};
}

static fer_error listen_and_serve(const char *address, unsigned long limit)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr local;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    FER_TRY(fer_tcp_listener_bind(&listener, address));
    fer_error error = fer_tcp_listener_local_addr(&listener, &local);
    if (error.kind == FER_OK) {
        fer_socket_addr_format(&local, text, sizeof text);
        printf("listening on %s\n", text);
        error = serve(&listener, limit);
    }
    fer_tcp_listener_close(&listener);
    return error;
}

int main(int argc, char **argv)
{
    const char *address = "127.0.0.1:0";
    unsigned long limit = 0;
    int next = 1;
    if (next + 1 < argc && strcmp(argv[next], "--clients") == 0) {
        limit = strtoul(argv[next + 1], NULL, 10);
        next += limit > 0 ? 2 : 0;
    }
    if (next < argc && argv[next][0] != '-') {
        address = argv[next++];
    }
    if (next < argc) {
        fprintf(stderr, "usage: relay_server [--clients N] [ADDR:PORT]\n");
        return 2;
    }
    fer_error error = listen_and_serve(address, limit);
    if (error.kind != FER_OK) {
        complain(address, error);
    }
    return error.kind != FER_OK;
}
