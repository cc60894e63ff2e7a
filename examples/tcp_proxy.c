/* tcp_proxy.c: forwards TCP connections to a server with fer_copy_bidirectional: both directions in
 * one thread. It serves one client at a time; echo_server.c shows how to serve several.
 *
 * usage: tcp_proxy [--clients N] ADDR:PORT HOST:PORT
 * Listens on ADDR:PORT and connects to HOST:PORT for each client. Exits after N clients; the
 * default is no limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum { BUFFER_SIZE = 65536, WRITE_SECONDS = 60 };

static const char usage[] = "usage: tcp_proxy [--clients N] ADDR:PORT HOST:PORT\n";

/* The command line. */
struct request {
    const char *address;
    const char *server;
    unsigned long clients; /* 0: no limit */
};

struct relay {
    fer_tcp_stream client;
    fer_tcp_stream server;
};

static void complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

/* Makes the close a reset. After an orderly end the peer would take a part of the data for all of
 * it. */
static void abort_stream(fer_tcp_stream *stream)
{
    FER_IGNORE(fer_tcp_stream_set_linger(stream, fer_duration_from_secs(0)));
}

/* A peer that reads nothing for so long ends the relay. The copy waits in nonblocking mode too, and
 * moves long streams with less processor time (rule M2). */
static fer_error prepare(fer_tcp_stream *stream)
{
    FER_TRY(fer_tcp_stream_set_write_timeout(stream, fer_duration_from_secs(WRITE_SECONDS)));
    return fer_tcp_stream_set_nonblocking(stream, true);
}

/* Each end of file is passed on, and ends one direction. */
static fer_error relay_client(struct relay *relay, const char *name)
{
    static char memory[2][BUFFER_SIZE];
    fer_copy_buffer up = {memory[0], BUFFER_SIZE, 0, 0};
    fer_copy_buffer down = {memory[1], BUFFER_SIZE, 0, 0};
    uint64_t there = 0;
    uint64_t back = 0;
    FER_TRY(prepare(&relay->client));
    FER_TRY(prepare(&relay->server));
    fer_error error =
        fer_copy_bidirectional(fer_tcp_stream_as_stream(&relay->client),
                               fer_tcp_stream_as_stream(&relay->server), &up, &down, &there, &back);
    if (error.kind != FER_OK) {
        abort_stream(&relay->client);
        abort_stream(&relay->server);
        return error;
    }
    printf("%s: %llu bytes there, %llu bytes back\n", name, (unsigned long long)there,
           (unsigned long long)back);
    return error;
}

/* A failure affects only this client, and is reported. */
static void serve_client(struct relay *relay, const char *name, const char *server)
{
    fer_error error = fer_tcp_stream_connect(&relay->server, server);
    if (error.kind != FER_OK) {
        complain(server, error);
        return;
    }
    error = relay_client(relay, name);
    fer_tcp_stream_close(&relay->server);
    if (error.kind != FER_OK) {
        complain(name, error);
    }
}

/* accept skips connections that failed in the queue, so its errors are the machine's. */
static fer_error serve(fer_tcp_listener *listener, const struct request *request)
{
    for (unsigned long served = 0; request->clients == 0 || served < request->clients; served++) {
        struct relay relay = {0};
        fer_socket_addr peer;
        char name[FER_SOCKET_ADDR_TEXT_CAP];
        FER_TRY(fer_tcp_listener_accept(listener, &relay.client, &peer));
        fer_socket_addr_format(&peer, name, sizeof name);
        serve_client(&relay, name, request->server);
        fer_tcp_stream_close(&relay.client);
        fflush(stdout);
    }
    return FER_ERROR_OK;
}

static fer_error listen_and_serve(fer_tcp_listener *listener, const struct request *request)
{
    fer_socket_addr local;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    FER_TRY(fer_tcp_listener_bind(listener, request->address));
    FER_TRY(fer_tcp_listener_local_addr(listener, &local));
    fer_socket_addr_format(&local, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);
    return serve(listener, request);
}

static bool parse_request(int argc, char **argv, struct request *request)
{
    int next = 1;
    if (argc > 2 && strcmp(argv[1], "--clients") == 0) {
        char *end = NULL;
        request->clients = strtoul(argv[2], &end, 10);
        if (request->clients == 0 || argv[2][0] == '-' || *end != '\0') {
            return false;
        }
        next = 3;
    }
    if (argc != next + 2 || argv[next][0] == '-' || argv[next + 1][0] == '-') {
        return false;
    }
    request->address = argv[next];
    request->server = argv[next + 1];
    return true;
}

int main(int argc, char **argv)
{
    struct request request = {0};
    fer_tcp_listener listener = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (!parse_request(argc, argv, &request)) {
        fputs(usage, stderr);
        return 2;
    }
    fer_error error = listen_and_serve(&listener, &request);
    fer_tcp_listener_close(&listener);
    if (error.kind != FER_OK) {
        complain(request.address, error);
    }
    return error.kind != FER_OK;
}
