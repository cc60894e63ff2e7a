/* relay_server.c: a relay for many clients in one thread, around one fer_poller: a Tokio tutorial's
 * server, completed.
 *
 * A client is always registered for readability, and for writability only while bytes wait to be
 * sent, because a socket with room is always ready. Bytes that cannot be sent without waiting stay
 * in a queue for each client. The queue is bounded, and a client whose queue is full is
 * disconnected: a client that does not read must not delay the others or exhaust memory. */
#include "example_os.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"
#include "relay_state.h"

enum { EVENTS_CAP = 256, ACCEPTS_PER_EVENT = 64, SEND_THRESHOLD = 4096, LISTENER_KEY = 0 };
enum { RETRY_MILLISECONDS = 1000, STATUS_MILLISECONDS = 1000 };

/* Global, because the handler of Ctrl-C has no argument. */
static struct relay global_relay;
static atomic_bool is_interrupted;

static void on_interrupt(void)
{
    atomic_store(&is_interrupted, true);
    FER_IGNORE(fer_poller_notify(&global_relay.poller));
}

/* ---- Messages */

static void clear_status_line(struct relay *relay)
{
    if (relay->has_status_line) {
        fprintf(stderr, "\r%-78s\r", "");
        relay->has_status_line = false;
    }
}

static void show_status(struct relay *relay)
{
    if (!relay->settings.shows_status || relay->now < relay->status_at) {
        return;
    }
    relay->status_at = relay->now + STATUS_MILLISECONDS;
    relay->has_status_line = example_is_terminal();
    fprintf(stderr, "%s%zu clients, %zu in all, %llu bytes in, %llu out%s",
            relay->has_status_line ? "\r" : "", relay->count, relay->served,
            (unsigned long long)relay->bytes_in, (unsigned long long)relay->bytes_out,
            relay->has_status_line ? "   " : "\n");
    fflush(stderr);
}

static void report_end(struct relay *relay, const struct client *client, const char *reason)
{
    clear_status_line(relay);
    printf("Client %s: %s, read %llu bytes, wrote %llu bytes\n", reason, client->name,
           (unsigned long long)client->bytes_in, (unsigned long long)client->bytes_out);
}

static void complain_of(struct relay *relay, const char *what, fer_error error)
{
    clear_status_line(relay);
    relay_complain(what, error);
}

/* ---- Connecting and disconnecting clients */

static void append(struct relay *relay, struct client *client)
{
    client->previous = relay->last;
    client->next = NULL;
    *(relay->last != NULL ? &relay->last->next : &relay->first) = client;
    relay->last = client;
}

static void take_out(struct relay *relay, struct client *client)
{
    *(client->previous != NULL ? &client->previous->next : &relay->first) = client->next;
    *(client->next != NULL ? &client->next->previous : &relay->last) = client->previous;
}

/* Pending connections wait in the listener's accept queue. */
static void pause_accepting(struct relay *relay, uint64_t until)
{
    const fer_event nothing = {.key = LISTENER_KEY, .interest = 0};
    relay->accept_at = until;
    FER_IGNORE(fer_poller_modify(&relay->poller, fer_tcp_listener_as_raw(&relay->listener), nothing,
                                 FER_POLL_LEVEL));
}

static void resume_accepting(struct relay *relay)
{
    const fer_event connections = {.key = LISTENER_KEY, .interest = FER_READABLE};
    relay->accept_at = 0;
    FER_IGNORE(fer_poller_modify(&relay->poller, fer_tcp_listener_as_raw(&relay->listener),
                                 connections, FER_POLL_LEVEL));
}

static void disconnect(struct relay *relay, struct client *client)
{
    /* Delete before the close (rule P4). */
    FER_IGNORE(fer_poller_delete(&relay->poller, fer_tcp_stream_as_raw(&client->stream)));
    fer_tcp_stream_close(&client->stream);
    take_out(relay, client);
    client->state = CLOSED;
    client->next = relay->closed;
    relay->closed = client;
    relay->count--;
    if (relay->accept_at != 0 && !relay_has_served_all(relay)) {
        resume_accepting(relay);
    }
}

static fer_error register_client(struct relay *relay, struct client *client)
{
    const fer_event input = {.key = (uint64_t)(uintptr_t)client, .interest = FER_READABLE};
    FER_TRY(relay_keep_alive(&client->stream));
    return fer_poller_add(&relay->poller, fer_tcp_stream_as_raw(&client->stream), input,
                          FER_POLL_LEVEL);
}

static fer_error add_client(struct relay *relay, fer_tcp_stream stream, const fer_socket_addr *peer)
{
    /* The system provides the queue's memory when it is first used. */
    struct client *client = malloc(sizeof *client + relay->settings.queue_cap);
    if (client == NULL) {
        fer_tcp_stream_close(&stream);
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    memset(client, 0, sizeof *client);
    client->stream = stream; /* copying a handle moves it */
    client->queue.bytes = client->queue_bytes;
    client->queue.cap = relay->settings.queue_cap;
    client->heard_at = relay->now;
    fer_socket_addr_format(peer, client->name, sizeof client->name);
    append(relay, client);
    relay->count++;
    clear_status_line(relay);
    printf("Connection from %s\n", client->name);
    fer_error error = register_client(relay, client);
    if (error.kind != FER_OK) {
        complain_of(relay, client->name, error);
        disconnect(relay, client);
    }
    return FER_ERROR_OK;
}

/* Fails only if the machine lacks resources; a failure of one client is only reported. */
static fer_error accept_one(struct relay *relay)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr peer;
    FER_TRY(fer_tcp_listener_try_accept(&relay->listener, &stream, &peer));
    relay->served++;
    return add_client(relay, stream, &peer);
}

/* If the machine has no descriptor or memory left, the connection stays in the accept queue and the
 * listener stays ready, so retrying immediately would spin. A client that disconnects frees
 * resources; resources of other programs are retried after a pause. */
static void accept_some(struct relay *relay)
{
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        if (relay->count >= relay->settings.connections || relay_has_served_all(relay)) {
            pause_accepting(relay, UINT64_MAX);
            return;
        }
        fer_error error = accept_one(relay);
        if (error.kind == FER_WOULD_BLOCK) {
            return; /* the queue is empty; an event is only a hint (rule P1) */
        }
        if (error.kind != FER_OK) {
            complain_of(relay, "accepting no more for now", error);
            pause_accepting(relay, relay->now + RETRY_MILLISECONDS);
            return;
        }
    }
}

/* ---- Sending */

static void set_interest(struct relay *relay, struct client *client, bool for_space)
{
    const fer_event interest = {.key = (uint64_t)(uintptr_t)client,
                                .interest = (client->state == RELAYING ? FER_READABLE : 0) |
                                            (for_space ? FER_WRITABLE : 0)};
    fer_error error = fer_poller_modify(&relay->poller, fer_tcp_stream_as_raw(&client->stream),
                                        interest, FER_POLL_LEVEL);
    client->waits_for_space = for_space;
    if (error.kind != FER_OK) {
        complain_of(relay, client->name, error);
        disconnect(relay, client);
    }
}

static fer_error send_queue(struct relay *relay, struct client *client)
{
    size_t sent = 0;
    fer_error error = relay_queue_send(&client->queue, &client->stream, &sent);
    client->bytes_out += sent;
    relay->bytes_out += sent;
    return error;
}

/* Sends the queue, and registers for writability if bytes remain. */
static void flush(struct relay *relay, struct client *client)
{
    fer_error error = send_queue(relay, client);
    bool has_more = error.kind == FER_WOULD_BLOCK;
    if (error.kind != FER_OK && !has_more) {
        complain_of(relay, client->name, error);
        disconnect(relay, client);
    } else if (!has_more && client->state == ENDING) {
        report_end(relay, client, "disconnected");
        disconnect(relay, client);
    } else if (has_more != client->waits_for_space) {
        set_interest(relay, client, has_more);
    }
}

/* Sends once after all events of a wait, except from queues that have reached SEND_THRESHOLD. So a
 * queue grows only if its client does not keep up. */
static void flush_unsent(struct relay *relay)
{
    while (relay->unsent != NULL) {
        struct client *client = relay->unsent;
        relay->unsent = client->next_unsent;
        client->is_unsent = false;
        if (client->state != CLOSED) {
            flush(relay, client);
        }
    }
}

/* Disconnects a client that does not keep up: its queue is full and the system accepts no more
 * bytes. */
static void enqueue(struct relay *relay, struct client *client, const char *bytes, size_t len)
{
    bool is_put = relay_queue_put(&client->queue, bytes, len);
    if (!is_put ||
        (relay_queue_len(&client->queue) >= SEND_THRESHOLD && !client->waits_for_space)) {
        FER_IGNORE(send_queue(relay, client)); /* the next flush reports a failure */
    }
    if (!is_put && !relay_queue_put(&client->queue, bytes, len)) {
        report_end(relay, client, "too slow");
        disconnect(relay, client);
        return;
    }
    relay_mark_unsent(relay, client);
}

/* ---- Receiving */

/* The length of the complete lines. A line that fills the buffer is relayed in pieces, so there is
 * always room for a byte. */
static size_t measure_lines(const struct client *client)
{
    size_t len = client->input_len;
    while (len > 0 && client->input[len - 1] != '\n') {
        len--;
    }
    return len == 0 && client->input_len == INPUT_CAP ? INPUT_CAP : len;
}

static void deliver_back(struct relay *relay, struct client *sender, size_t len)
{
    enqueue(relay, sender, sender->input, len);
}

static void deliver_to_all(struct relay *relay, struct client *sender, size_t len)
{
    struct client *next;
    for (struct client *client = relay->first; client != NULL; client = next) {
        next = client->next;
        if (client->state == RELAYING) {
            enqueue(relay, client, sender->input, len);
        }
    }
}

static void relay_input(struct relay *relay, struct client *client, size_t len)
{
    if (len == 0) {
        return;
    }
    if (relay->settings.broadcasts) {
        deliver_to_all(relay, client, len);
    } else {
        deliver_back(relay, client, len);
    }
    client->input_len -= len;
    memmove(client->input, client->input + len, client->input_len);
}

/* Handles end of file. The client may have shut down only its write half, so the bytes that are
 * queued for it are still sent. */
static void end(struct relay *relay, struct client *client)
{
    if (relay->settings.broadcasts && client->input_len > 0) {
        /* Ends the line, so that the next client's line does not continue it. */
        client->input[client->input_len++] = '\n';
    }
    relay_input(relay, client, client->input_len);
    if (client->state != CLOSED) {
        client->state = ENDING;
        relay_mark_unsent(relay, client);
        /* No longer for readability: end of file stays readable after it was read. */
        set_interest(relay, client, !relay_queue_is_empty(&client->queue));
    }
}

static void receive(struct relay *relay, struct client *client)
{
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_read(&client->stream, client->input + client->input_len,
                                              INPUT_CAP - client->input_len, &n);
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return; /* an event is a hint (rule P1): the next wait reports more */
    }
    if (error.kind != FER_OK) {
        complain_of(relay, client->name, error);
        disconnect(relay, client);
        return;
    }
    if (n == 0) {
        end(relay, client);
        return;
    }
    client->input_len += n;
    client->bytes_in += n;
    relay->bytes_in += n;
    client->heard_at = relay->now;
    take_out(relay, client);
    append(relay, client);
    relay_input(relay, client,
                relay->settings.broadcasts ? measure_lines(client) : client->input_len);
}

/* ---- The event loop */

static void handle_event(struct relay *relay, fer_event event)
{
    if (event.key == LISTENER_KEY) {
        accept_some(relay);
        return;
    }
    struct client *client = (struct client *)(uintptr_t)event.key;
    if ((event.interest & FER_WRITABLE) != 0 && client->state != CLOSED) {
        relay_mark_unsent(relay, client);
    }
    if ((event.interest & FER_READABLE) != 0 && client->state == RELAYING) {
        receive(relay, client);
    }
}

static void disconnect_idle(struct relay *relay)
{
    uint64_t limit = (uint64_t)relay->settings.idle_seconds * 1000;
    while (limit > 0 && relay->first != NULL && relay->now - relay->first->heard_at >= limit) {
        report_end(relay, relay->first, "idle");
        disconnect(relay, relay->first);
    }
}

static fer_error serve(struct relay *relay)
{
    fer_event events[EVENTS_CAP];
    while (!atomic_load(&is_interrupted) && !(relay_has_served_all(relay) && relay->count == 0)) {
        size_t count = 0;
        fflush(stdout); /* standard output may be a pipe */
        relay->now = example_milliseconds();
        FER_TRY(fer_poller_wait(&relay->poller, relay_wait_time(relay), events, EVENTS_CAP, &count,
                                NULL));
        relay->now = example_milliseconds();
        for (size_t i = 0; i < count; i++) {
            handle_event(relay, events[i]);
        }
        flush_unsent(relay);
        disconnect_idle(relay);
        if (relay->accept_at != 0 && relay->now >= relay->accept_at) {
            resume_accepting(relay);
        }
        relay_free_closed(relay);
        show_status(relay);
    }
    return FER_ERROR_OK;
}

static fer_error listen_and_serve(struct relay *relay)
{
    const fer_event connections = {.key = LISTENER_KEY, .interest = FER_READABLE};
    fer_socket_addr local;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    FER_TRY(fer_poller_new(&relay->poller));
    FER_TRY(fer_tcp_listener_bind(&relay->listener, relay->settings.address));
    FER_TRY(fer_tcp_listener_set_nonblocking(&relay->listener, true));
    FER_TRY(fer_tcp_listener_local_addr(&relay->listener, &local));
    FER_TRY(fer_poller_add(&relay->poller, fer_tcp_listener_as_raw(&relay->listener), connections,
                           FER_POLL_LEVEL));
    if (!example_catch_interrupt(on_interrupt)) {
        return (fer_error){FER_OTHER, 0};
    }
    fer_socket_addr_format(&local, text, sizeof text);
    printf("listening on %s\n", text);
    return serve(relay);
}

static void close_all(struct relay *relay)
{
    example_restore_interrupt(); /* before the poller is closed */
    clear_status_line(relay);
    if (atomic_load(&is_interrupted)) {
        printf("interrupted: %zu clients disconnected\n", relay->count);
    }
    while (relay->first != NULL) {
        disconnect(relay, relay->first);
    }
    relay->unsent = NULL;
    relay_free_closed(relay);
    fer_tcp_listener_close(&relay->listener);
    fer_poller_close(&relay->poller);
}

int main(int argc, char **argv)
{
    struct relay *relay = &global_relay;
    relay->settings = relay_default_settings();
    relay->settings.shows_status = example_is_terminal();
    if (!relay_parse_settings(&relay->settings, argc, argv)) {
        fputs(relay_usage, stderr);
        return 2;
    }
    fer_error error = listen_and_serve(relay);
    close_all(relay);
    if (error.kind != FER_OK) {
        relay_complain(relay->settings.address, error);
    }
    return error.kind != FER_OK;
}
