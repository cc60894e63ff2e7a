/* pipes.c: steps of several calls: many connections at once, and a full pipe. A pipe's capacity
 * depends on the system: these counts are not compared, but all bytes must arrive. */
#include <string.h>

#include "fidelity/fidelity.h"

enum { BURST_MAX = 50, CHUNK = 65536 };

static int own_listener(struct program *program)
{
    for (int i = 0; i < LISTENERS; i++) {
        struct listening *listening = program->listeners[i].listening == NONE
                                          ? NULL
                                          : &program->listenings[program->listeners[i].listening];
        if (listening != NULL && listening->queued == 0 && listening->addr.ip.family == FER_IP_V4 &&
            !fer_ipv4_addr_is_unspecified(listening->addr.ip.u.v4)) {
            return i;
        }
    }
    return NONE;
}

static void wait_for_one(fer_tcp_listener *listener)
{
    for (unsigned attempts = 0;
         !os_is_acceptable(fer_tcp_listener_as_raw(listener)) && os_yield(attempts); attempts++) {
    }
}

/* ---- Many at once */

static bool are_joined(const fer_tcp_stream *client, const fer_tcp_stream *server)
{
    fer_socket_addr one;
    fer_socket_addr other;
    return fer_tcp_stream_local_addr(client, &one).kind == FER_OK &&
           fer_tcp_stream_peer_addr(server, &other).kind == FER_OK &&
           fer_socket_addr_eq(&one, &other);
}

void step_burst(struct program *program)
{
    static fer_tcp_stream clients[BURST_MAX];
    static fer_tcp_stream servers[BURST_MAX];
    int listener = own_listener(program);
    int count = 2 + (int)below(program, BURST_MAX - 1);
    int ok = 0;
    int joined = 0;
    if (listener == NONE) {
        return;
    }
    struct listener *from = &program->listeners[listener];
    memset(clients, 0, sizeof clients);
    memset(servers, 0, sizeof servers);
    print_step(program, "burst", listener);
    for (int i = 0; i < count; i++) {
        ok += fer_tcp_stream_connect_addr(&clients[i], &program->listenings[from->listening].addr)
                  .kind == FER_OK;
    }
    for (int i = 0; i < ok; i++) {
        wait_for_one(&from->handle);
        joined += fer_tcp_listener_accept(&from->handle, &servers[i], NULL).kind == FER_OK &&
                  are_joined(&clients[i], &servers[i]);
    }
    print_text(" of %d %d connected %d joined", count, ok, joined);
    for (int i = 0; i < count; i++) {
        FER_IGNORE(fer_tcp_stream_set_linger(&clients[i], (fer_duration){0}));
        fer_tcp_stream_close(&clients[i]);
        fer_tcp_stream_close(&servers[i]);
    }
}

/* ---- More connections than a backlog holds: 128 and, on Linux, one more. Windows refuses further
 * connections; Wine lets them wait. On the BSDs a backlog holds half as many more, and each answers
 * further connects differently ("full_backlog"). */

void step_full_backlog(struct program *program)
{
    enum { BACKLOG = 129 };
    static fer_tcp_stream clients[BACKLOG];
    fer_tcp_listener listener = {0};
    fer_tcp_stream late = {0};
    fer_socket_addr addr;
    int ok = 0;
    if (program->winsock || program->bsd ||
        fer_tcp_listener_bind(&listener, "127.0.0.1:0").kind != FER_OK ||
        fer_tcp_listener_local_addr(&listener, &addr).kind != FER_OK) {
        return;
    }
    memset(clients, 0, sizeof clients);
    print_step(program, "full_backlog", NONE);
    for (int i = 0; i < BACKLOG; i++) {
        ok += fer_tcp_stream_connect_addr(&clients[i], &addr).kind == FER_OK;
    }
    for (unsigned attempts = 0;
         !os_is_queued(fer_tcp_listener_as_raw(&listener), BACKLOG) && os_yield(attempts);
         attempts++) {
    }
    print_text(" %d connected", ok);
    print_kind(fer_tcp_stream_connect_timeout(&late, &addr, fer_duration_from_millis(4)), NULL);
    fer_tcp_listener_close(&listener);
    for (int i = 0; i < BACKLOG; i++) {
        fer_tcp_stream_close(&clients[i]);
    }
    fer_tcp_stream_close(&late);
}

/* ---- A full pipe */

static uint8_t chunk[CHUNK];

/* Writes until the call would block. Returns the number of bytes written. */
static uint64_t fill(struct program *program, fer_tcp_stream *stream, fer_error *error)
{
    uint64_t sent = 0;
    for (;;) {
        size_t n = 0;
        byte_pattern(program, 0, sent, chunk, CHUNK);
        *error = fer_tcp_stream_write(stream, chunk, CHUNK, &n);
        sent += n;
        if (error->kind != FER_OK) {
            return sent;
        }
    }
}

/* Reads until the end or a failure. */
static uint64_t drain(struct program *program, fer_tcp_stream *stream, fer_error *error,
                      bool *is_right)
{
    static uint8_t wanted[CHUNK];
    uint64_t received = 0;
    *is_right = true;
    for (;;) {
        size_t n = 0;
        *error = fer_tcp_stream_read(stream, chunk, CHUNK, &n);
        byte_pattern(program, 0, received, wanted, n);
        *is_right = *is_right && memcmp(chunk, wanted, n) == 0;
        received += n;
        if (error->kind != FER_OK || n == 0) {
            return received;
        }
    }
}

/* A full pipe may still get room for a chunk, so that OK, WOULD_BLOCK and TIMED_OUT are equal here.
 * Returns the number of bytes written. */
static uint64_t write_into_full(struct program *program, fer_tcp_stream *client, uint64_t sent)
{
    size_t n = 0;
    if (chance(program, 50)) {
        print_kind(fer_tcp_stream_set_nonblocking(client, false), NULL);
        print_kind(fer_tcp_stream_set_write_timeout(client, fer_duration_from_millis(4)), NULL);
    }
    byte_pattern(program, 0, sent, chunk, CHUNK);
    print_kind(fer_tcp_stream_write(client, chunk, CHUNK, &n), "full_pipe");
    return n;
}

static void end_full(struct program *program, fer_tcp_stream *client, fer_tcp_stream *server,
                     uint64_t sent)
{
    fer_error error = {FER_OK, 0};
    bool is_right = true;
    switch (below(program, 3)) {
    case 0:
        print_kind(fer_tcp_stream_shutdown(client, FER_SHUTDOWN_WRITE), NULL);
        print_text(drain(program, server, &error, &is_right) == sent ? " all" : " not all");
        break;
    case 1:
        fer_tcp_stream_close(client);
        print_text(drain(program, server, &error, &is_right) == sent ? " all" : " not all");
        break;
    default:
        FER_IGNORE(fer_tcp_stream_set_linger(client, (fer_duration){0}));
        fer_tcp_stream_close(client);
        print_text(drain(program, server, &error, &is_right) <= sent ? " some" : " more");
        break;
    }
    print_kind(error, NULL);
    print_text(is_right ? "" : " WRONG BYTES");
}

void step_full_pipe(struct program *program)
{
    int listener = own_listener(program);
    fer_tcp_stream client = {0};
    fer_tcp_stream server = {0};
    fer_error error = {FER_OK, 0};
    if (listener == NONE) {
        return;
    }
    struct listener *from = &program->listeners[listener];
    print_step(program, "full_pipe", listener);
    print_kind(fer_tcp_stream_connect_addr(&client, &program->listenings[from->listening].addr),
               NULL);
    wait_for_one(&from->handle);
    print_kind(fer_tcp_listener_accept(&from->handle, &server, NULL), NULL);
    print_kind(fer_tcp_stream_set_nonblocking(&client, true), NULL);
    uint64_t sent = fill(program, &client, &error);
    print_kind(error, NULL);
    sent += write_into_full(program, &client, sent);
    end_full(program, &client, &server, sent);
    fer_tcp_stream_close(&client);
    fer_tcp_stream_close(&server);
}
