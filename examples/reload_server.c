/* reload_server.c: a server that is replaced without a refused connection: the new process gets the
 * listener of the old one over a Unix socket, as in a reload of HAProxy or with systemd's sockets.
 *
 * usage: reload_server PATH ADDR:PORT    the first: listens at the address
 *        reload_server PATH              a successor: takes over from the server at PATH
 * Tells each client its generation, which counts the takeovers, and ends when it is replaced. */
#include <stdio.h>

#include "ferrule.h"

enum { SECONDS = 10 };

struct server {
    fer_tcp_listener clients;
    fer_unix_listener successors;
    unsigned char generation;
    bool is_replaced;
};

/* ---- Taking over, and handing over */

/* The listener comes with one byte, the generation. The path is free once it has come. */
static fer_error take_over(struct server *server, const char *path)
{
    fer_unix_stream old = {0};
    fer_raw_socket handle = FER_RAW_SOCKET_NONE;
    fer_unix_received_handles got = {0};
    FER_TRY(fer_unix_stream_connect(&old, path));
    fer_error error = fer_unix_stream_set_read_timeout(&old, fer_duration_from_secs(SECONDS));
    if (error.kind == FER_OK) {
        error = fer_unix_stream_recv_handles(&old, &server->generation, 1, &handle, 1, &got);
    }
    fer_unix_stream_close(&old);
    FER_TRY(error);
    if (got.count == 0) {
        return (fer_error){FER_UNEXPECTED_EOF, 0};
    }
    server->generation++;
    return fer_tcp_listener_from_raw(&server->clients, handle);
}

/* Connections that arrive meanwhile stay in the queue of the listener, which both have. */
static fer_error hand_over(struct server *server, const char *path)
{
    fer_unix_stream successor = {0};
    FER_TRY(fer_unix_listener_accept(&server->successors, &successor, NULL));
    fer_raw_socket handle = fer_tcp_listener_as_raw(&server->clients);
    fer_unix_listener_close(&server->successors);
    (void)remove(path);
    fer_error error =
        fer_unix_stream_send_handles(&successor, &server->generation, 1, &handle, 1, NULL);
    fer_unix_stream_close(&successor);
    server->is_replaced = error.kind == FER_OK;
    return error;
}

/* ---- Serving */

static fer_error serve_client(struct server *server)
{
    fer_tcp_stream stream = {0};
    char text[32];
    fer_error error = fer_tcp_listener_try_accept(&server->clients, &stream, NULL);
    if (error.kind == FER_WOULD_BLOCK) {
        return FER_ERROR_OK; /* another process has accepted it */
    }
    FER_TRY(error);
    int len = snprintf(text, sizeof text, "generation %d\n", server->generation);
    FER_IGNORE(fer_tcp_stream_write_all(&stream, text, (size_t)len, NULL));
    FER_IGNORE(fer_tcp_stream_close_gracefully(&stream, fer_duration_from_secs(SECONDS)));
    return FER_ERROR_OK;
}

static fer_error serve(struct server *server, fer_poller *poller, const char *path)
{
    const fer_event clients = {.key = 0, .interest = FER_READABLE};
    const fer_event successors = {.key = 1, .interest = FER_READABLE};
    FER_TRY(
        fer_poller_add(poller, fer_tcp_listener_as_raw(&server->clients), clients, FER_POLL_LEVEL));
    FER_TRY(fer_poller_add(poller, fer_unix_listener_as_raw(&server->successors), successors,
                           FER_POLL_LEVEL));
    while (!server->is_replaced) {
        fer_event events[2];
        size_t count = 0;
        FER_TRY(fer_poller_wait(poller, FER_DURATION_NONE, events, 2, &count, NULL));
        for (size_t i = 0; i < count; i++) {
            FER_TRY(events[i].key == 0 ? serve_client(server) : hand_over(server, path));
        }
    }
    return FER_ERROR_OK;
}

static fer_error run(struct server *server, const char *path, const char *address)
{
    fer_socket_addr local;
    fer_poller poller = {0};
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    FER_TRY(address != NULL ? fer_tcp_listener_bind(&server->clients, address)
                            : take_over(server, path));
    FER_TRY(fer_tcp_listener_local_addr(&server->clients, &local));
    FER_TRY(fer_unix_listener_bind(&server->successors, path));
    FER_TRY(fer_poller_new(&poller));
    fer_socket_addr_format(&local, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);
    fer_error error = serve(server, &poller, path);
    fer_poller_close(&poller);
    return error;
}

int main(int argc, char **argv)
{
    struct server server = {.generation = 1};
    if ((argc != 2 && argc != 3) || argv[1][0] == '-') {
        fprintf(stderr, "usage: reload_server PATH [ADDR:PORT]\n");
        return 2;
    }
    fer_error error = run(&server, argv[1], argc == 3 ? argv[2] : NULL);
    fer_tcp_listener_close(&server.clients);
    fer_unix_listener_close(&server.successors);
    if (error.kind == FER_UNSUPPORTED) {
        fprintf(stderr, "reload_server: this system passes no sockets\n");
    } else if (error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        fer_error_format(error, text, sizeof text);
        fprintf(stderr, "reload_server: %s: %s\n", argv[1], text);
    }
    return error.kind == FER_OK ? 0 : 1;
}
