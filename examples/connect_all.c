/* connect_all.c: connects to several names at the same time, in one event loop and one thread. Each
 * connect is that of RFC 8305 ("happy eyeballs").
 *
 * usage: connect_all HOST:PORT...     at most 64
 * Prints a line for each name when its connection is there or has failed, after at most 10 s. The
 * exit code is 0 if all were made. */
#include <stdio.h>
#include <string.h>

#include "ferrule.h"

enum { NAMES_MAX = 64, EVENTS = 16, SECONDS = 10 };

static fer_connector connectors[NAMES_MAX];

static void print_failure(const char *name, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    printf("%s: %s\n", name, text);
}

static void print_connection(const char *name, const fer_tcp_stream *stream)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr peer;
    fer_error error = fer_tcp_stream_peer_addr(stream, &peer);
    if (error.kind != FER_OK) {
        print_failure(name, error);
        return;
    }
    fer_socket_addr_format(&peer, text, sizeof text);
    printf("%s: connected to %s\n", name, text);
}

/* A program would register the stream in the poller here, and go on with its protocol. */
static bool take(const char *name, fer_connector *connector)
{
    fer_tcp_stream stream = {0};
    fer_error error = fer_connector_take(connector, &stream);
    if (error.kind == FER_OK) {
        print_connection(name, &stream);
    } else {
        print_failure(name, error);
    }
    fer_tcp_stream_close(&stream);
    return error.kind == FER_OK;
}

/* The events of connectors arrive like those of sockets. */
static fer_error run(fer_poller *poller, char **names, size_t waiting, size_t *failed)
{
    while (waiting > 0) {
        fer_event events[EVENTS];
        size_t count = 0;
        FER_TRY(fer_poller_wait(poller, FER_DURATION_NONE, events, EVENTS, &count, NULL));
        for (size_t i = 0; i < count; i++) {
            *failed += !take(names[events[i].key], &connectors[events[i].key]);
        }
        waiting -= count;
    }
    return FER_ERROR_OK;
}

/* A name that cannot be started has failed already. */
static fer_error connect_all(fer_poller *poller, fer_resolver *resolver, char **names, size_t count,
                             size_t *failed)
{
    const fer_resolver_options lookups = {.queue_cap = NAMES_MAX};
    const fer_connect_options options = {
        .limits = {.deadline = fer_instant_after(fer_duration_from_secs(SECONDS))}};
    size_t waiting = 0;
    FER_TRY(fer_poller_new(poller));
    FER_TRY(fer_resolver_new(resolver, &lookups));
    for (size_t i = 0; i < count; i++) {
        fer_error error =
            fer_connector_start(&connectors[i], names[i], &options, resolver, poller, i);
        if (error.kind == FER_OK) {
            waiting++;
        } else {
            print_failure(names[i], error);
            (*failed)++;
        }
    }
    return run(poller, names, waiting, failed);
}

int main(int argc, char **argv)
{
    fer_poller poller = {0};
    fer_resolver resolver = {0};
    size_t failed = 0;
    if (argc < 2 || argc > 1 + NAMES_MAX || argv[1][0] == '-') {
        fprintf(stderr, "usage: connect_all HOST:PORT...\n");
        return 2;
    }
    fer_error error = connect_all(&poller, &resolver, argv + 1, (size_t)argc - 1, &failed);
    for (size_t i = 0; i < NAMES_MAX; i++) {
        fer_connector_close(&connectors[i]);
    }
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
    if (error.kind != FER_OK) {
        print_failure("connect_all", error);
    }
    return error.kind != FER_OK || failed > 0;
}
