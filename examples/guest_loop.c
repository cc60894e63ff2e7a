/* guest_loop.c: ferrule as a guest in an event loop that is not ferrule's. The loop here is a poll
 * over an array, as GLib, Qt, libuv and libevent have one inside: a program tells them the two raw
 * sockets and the timeout by their own calls (g_unix_fd_add, QSocketNotifier, uv_poll_start,
 * event_new). A lookup wakes a waker, and a connector runs in a poller, which is the loop's guest.
 *
 * usage: guest_loop HOST:PORT
 * Prints the number of addresses of the name, and the connection or its failure, after at most
 * 10 s. The exit code is 0 if both were made. */
#include <stdio.h>

#include "ferrule.h"

enum { SECONDS = 10, WITHOUT_RAW_MS = 10, WAKER = 0, POLLER = 1 };

typedef struct guest {
    fer_waker waker;
    fer_poller poller;
    fer_resolver resolver;
    fer_lookup lookup;
    fer_connector connector;
    int left;
    int failed;
} guest;

static void print_end(guest *self, const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    self->left--;
    if (error.kind != FER_OK) {
        fer_error_format(error, text, sizeof text);
        printf("%s: %s\n", what, text);
        self->failed++;
    }
}

/* The waker's raw socket is readable. Clear first: a wake after that is reported again. */
static fer_error on_waker(guest *self)
{
    uint64_t key;
    size_t count = 0;
    FER_TRY(fer_waker_clear(&self->waker));
    FER_TRY(fer_resolver_take_completed(&self->resolver, NULL, &key, 1, &count));
    if (count > 0) {
        size_t found = 0;
        fer_error error =
            fer_lookup_wait(&self->lookup, fer_duration_from_nanos(0), NULL, 0, &found);
        if (error.kind == FER_OK) {
            printf("lookup: %u addresses\n", (unsigned)found);
        }
        print_end(self, "lookup", error);
    }
    return FER_ERROR_OK;
}

/* The poller's raw socket is readable, or its timeout has passed. */
static fer_error on_poller(guest *self)
{
    fer_event event;
    size_t count = 0;
    FER_TRY(fer_poller_wait(&self->poller, fer_duration_from_nanos(0), &event, 1, &count, NULL));
    if (count > 0) {
        fer_tcp_stream stream = {0};
        fer_socket_addr peer;
        fer_error error = fer_connector_take(&self->connector, &stream);
        if (error.kind == FER_OK && fer_tcp_stream_peer_addr(&stream, &peer).kind == FER_OK) {
            char text[FER_SOCKET_ADDR_TEXT_CAP];
            fer_socket_addr_format(&peer, text, sizeof text);
            printf("connect: %s\n", text);
        }
        fer_tcp_stream_close(&stream);
        print_end(self, "connect", error);
    }
    return FER_ERROR_OK;
}

/* Pollers of Windows have no raw socket. Here the loop makes a round every 10 ms then. Without
 * rounds, a thread waits on the poller, takes its connections and wakes a waker. */
static fer_duration limit_of(const guest *self, bool has_raw)
{
    fer_duration next = FER_DURATION_NONE;
    FER_IGNORE(fer_poller_next_timeout(&self->poller, &next));
    fer_duration round = fer_duration_from_millis(WITHOUT_RAW_MS);
    return has_raw || next.nanos < round.nanos ? next : round;
}

/* The loop of the other library. */
static fer_error run(guest *self)
{
    fer_poll_entry entries[2] = {
        [WAKER] = {.raw = fer_waker_as_raw(&self->waker), .interest = FER_READABLE},
        [POLLER] = {.raw = fer_poller_as_raw(&self->poller), .interest = FER_READABLE}};
    bool has_raw = entries[POLLER].raw != FER_RAW_SOCKET_NONE;
    while (self->left > 0) {
        FER_TRY(fer_poll(entries, 2, limit_of(self, has_raw), NULL, NULL));
        if (entries[WAKER].ready != 0) {
            FER_TRY(on_waker(self));
        }
        FER_TRY(on_poller(self));
    }
    return FER_ERROR_OK;
}

static fer_error start(guest *self, const char *name)
{
    const fer_lookup_options lookup = {.waker = &self->waker};
    const fer_connect_options connect = {
        .limits = {.deadline = fer_instant_after(fer_duration_from_secs(SECONDS))}};
    FER_TRY(fer_waker_new(&self->waker));
    FER_TRY(fer_poller_new(&self->poller));
    FER_TRY(fer_resolver_new(&self->resolver, NULL));
    FER_TRY(fer_resolver_start(&self->resolver, name, &lookup, NULL, 0, &self->lookup));
    self->left++;
    FER_TRY(
        fer_connector_start(&self->connector, name, &connect, &self->resolver, &self->poller, 0));
    self->left++;
    return run(self);
}

int main(int argc, char **argv)
{
    static guest self;
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: guest_loop HOST:PORT\n");
        return 2;
    }
    fer_error error = start(&self, argv[1]);
    fer_connector_close(&self.connector);
    fer_lookup_close(&self.lookup);
    fer_resolver_close(&self.resolver);
    fer_poller_close(&self.poller);
    fer_waker_close(&self.waker);
    if (error.kind != FER_OK) {
        print_end(&self, "guest_loop", error);
    }
    return self.failed > 0;
}
