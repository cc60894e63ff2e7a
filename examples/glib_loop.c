/* glib_loop.c: a connector in GLib's main loop, which is GTK's too. The poller is a source of the
 * loop: GLib waits for its raw socket and for its timeout. One poller has any number of connectors.
 * Pollers of Windows have no raw socket (guest_loop.c).
 *
 * usage: glib_loop HOST:PORT
 * Prints the connection or its failure, after at most 10 s. The exit code is 0 if it was made. */
#include <glib.h>
#include <stdio.h>

#include "ferrule.h"

enum { SECONDS = 10, EVENTS = 16, CONNECTOR_KEY = 1 };

/* A source of GLib begins with a GSource. */
typedef struct poller_source {
    GSource source;
    fer_poller poller;
    fer_resolver resolver;
    fer_connector connector;
    GMainLoop *loop;
    bool has_failed;
} poller_source;

static void print_failure(poller_source *self, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    printf("%s\n", text);
    self->has_failed = true;
}

/* After each call that uses the poller. GLib's clock is in microseconds; -1: no time. */
static void set_ready_time(poller_source *self)
{
    fer_duration next = FER_DURATION_NONE;
    FER_IGNORE(fer_poller_next_timeout(&self->poller, &next));
    gint64 micros = (gint64)(next.nanos / 1000) + 1;
    g_source_set_ready_time(&self->source, next.nanos == FER_DURATION_NONE_NANOS
                                               ? -1
                                               : g_get_monotonic_time() + micros);
}

/* The stream is nonblocking. g_unix_fd_add of fer_tcp_stream_as_raw waits for its bytes. */
static void on_connector(poller_source *self)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_tcp_stream stream = {0};
    fer_socket_addr peer;
    fer_error error = fer_connector_take(&self->connector, &stream);
    if (error.kind == FER_OK) {
        error = fer_tcp_stream_peer_addr(&stream, &peer);
    }
    if (error.kind == FER_OK) {
        fer_socket_addr_format(&peer, text, sizeof text);
        printf("connected to %s\n", text);
    } else {
        print_failure(self, error);
    }
    fer_tcp_stream_close(&stream);
    g_main_loop_quit(self->loop);
}

/* The raw socket is readable, or the time has come. */
static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    poller_source *self = (poller_source *)source;
    fer_event events[EVENTS];
    size_t count = 0;
    (void)callback;
    (void)data;
    fer_error error =
        fer_poller_wait(&self->poller, fer_duration_from_nanos(0), events, EVENTS, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        if (events[i].key == CONNECTOR_KEY) {
            on_connector(self);
        }
    }
    if (error.kind != FER_OK) {
        print_failure(self, error);
        g_main_loop_quit(self->loop);
    }
    set_ready_time(self);
    return G_SOURCE_CONTINUE;
}

static fer_error start(poller_source *self, const char *name)
{
    const fer_connect_options options = {
        .limits = {.deadline = fer_instant_after(fer_duration_from_secs(SECONDS))}};
    FER_TRY(fer_poller_new(&self->poller));
    FER_TRY(fer_resolver_new(&self->resolver, NULL));
    FER_TRY(fer_connector_start(&self->connector, name, &options, &self->resolver, &self->poller,
                                CONNECTOR_KEY));
    fer_raw_socket raw = fer_poller_as_raw(&self->poller);
    if (raw == FER_RAW_SOCKET_NONE) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    (void)g_source_add_unix_fd(&self->source, (gint)raw, G_IO_IN);
    set_ready_time(self);
    g_source_attach(&self->source, NULL);
    g_main_loop_run(self->loop);
    return FER_ERROR_OK;
}

int main(int argc, char **argv)
{
    /* A source without `check` is ready when its descriptor or its time is. */
    static GSourceFuncs functions = {.dispatch = dispatch};
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: glib_loop HOST:PORT\n");
        return 2;
    }
    poller_source *self = (poller_source *)g_source_new(&functions, sizeof *self);
    self->loop = g_main_loop_new(NULL, FALSE);
    fer_error error = start(self, argv[1]);
    if (error.kind != FER_OK) {
        print_failure(self, error);
    }
    bool has_failed = self->has_failed;
    g_source_destroy(&self->source);
    fer_connector_close(&self->connector);
    fer_resolver_close(&self->resolver);
    fer_poller_close(&self->poller);
    g_main_loop_unref(self->loop);
    g_source_unref(&self->source);
    return has_failed;
}
