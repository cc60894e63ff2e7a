/* relay_server.c: a relay for many clients in one thread, around one fer_poller: a Tokio tutorial's
 * server, grown up.
 *
 * Each client is always watched for what it sends, and for room to send to only while something is
 * to be sent: a socket that has room is always ready. What cannot be sent at once waits in a queue
 * of the client's own. The queue is bounded, and a client that lets it get full is disconnected:
 * one that does not read must not cost the others their time or the server its memory. */
#include "example_os.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"
#include "relay_queue.h"
#include "relay_settings.h"

enum {
    INPUT_CAP = RELAY_LEAST_QUEUE,
    EVENTS_CAP = 256,
    ACCEPTS_IN_A_TURN = 64,
    ENOUGH_TO_SEND = 4096,
    LISTENER_KEY = 0
};
enum { RETRY_MILLISECONDS = 1000, STATUS_MILLISECONDS = 1000 };

/* How a client stands with us. */
enum standing {
    RELAYING,
    ENDING, /* its end has come: it is sent what is in its queue, then closed */
    CLOSED  /* its memory stays until the events that may still name it are done with */
};

struct client {
    fer_tcp_stream stream;
    char name[FER_SOCKET_ADDR_TEXT_CAP]; /* its address */
    enum standing standing;
    struct client *
        before; /* in the list of clients, whose first has been silent longest; or of closed ones */
    struct client *after;
    struct client *next_unsent;
    bool is_unsent; /* something came into its queue that was not tried yet */
    bool is_watched_for_room;
    uint64_t heard_at;
    uint64_t bytes_in;
    uint64_t bytes_out;
    size_t input_len;
    struct relay_queue queue;
    char input[INPUT_CAP]; /* of a line that has not ended yet */
    char queue_bytes[];
};

struct relay {
    struct relay_settings settings;
    fer_poller poller;
    fer_tcp_listener listener;
    struct client *first; /* silent longest */
    struct client *last;
    struct client *closed;
    struct client *unsent;
    size_t count;
    size_t served;
    uint64_t now;          /* milliseconds, when the last wait returned */
    uint64_t accept_again; /* when the listener is watched again; 0: it is */
    uint64_t status_at;
    uint64_t bytes_in;
    uint64_t bytes_out;
    bool has_status_line;
};

/* The handler of Ctrl-C has no argument. */
static struct relay relay_of_all;
static atomic_bool is_interrupted;

static void be_interrupted(void)
{
    atomic_store(&is_interrupted, true);
    FER_IGNORE(fer_poller_notify(&relay_of_all.poller));
}

/* ---- what is told */

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
    relay->has_status_line = example_is_watched();
    fprintf(stderr, "%s%zu clients, %zu in all, %llu bytes in, %llu out%s",
            relay->has_status_line ? "\r" : "", relay->count, relay->served,
            (unsigned long long)relay->bytes_in, (unsigned long long)relay->bytes_out,
            relay->has_status_line ? "   " : "\n");
    fflush(stderr);
}

static void tell_end(struct relay *relay, const struct client *client, const char *reason)
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

/* ---- clients come and go */

static void append(struct relay *relay, struct client *client)
{
    client->before = relay->last;
    client->after = NULL;
    *(relay->last != NULL ? &relay->last->after : &relay->first) = client;
    relay->last = client;
}

static void take_out(struct relay *relay, struct client *client)
{
    *(client->before != NULL ? &client->before->after : &relay->first) = client->after;
    *(client->after != NULL ? &client->after->before : &relay->last) = client->before;
}

/* The others wait in the system's own queue meanwhile. */
static void stop_accepting(struct relay *relay, uint64_t again)
{
    const fer_event nothing = {LISTENER_KEY, false, false};
    relay->accept_again = again;
    FER_IGNORE(fer_poller_modify(&relay->poller, fer_tcp_listener_as_raw(&relay->listener), nothing,
                                 FER_POLL_LEVEL));
}

static void accept_again(struct relay *relay)
{
    const fer_event connections = {LISTENER_KEY, true, false};
    relay->accept_again = 0;
    FER_IGNORE(fer_poller_modify(&relay->poller, fer_tcp_listener_as_raw(&relay->listener),
                                 connections, FER_POLL_LEVEL));
}

static bool is_last_client_served(const struct relay *relay)
{
    return relay->settings.clients > 0 && relay->served >= relay->settings.clients;
}

static void disconnect(struct relay *relay, struct client *client)
{
    FER_IGNORE(fer_poller_delete(
        &relay->poller, fer_tcp_stream_as_raw(&client->stream))); /* before the close (rule P4) */
    fer_tcp_stream_close(&client->stream);
    take_out(relay, client);
    client->standing = CLOSED;
    client->after = relay->closed;
    relay->closed = client;
    relay->count--;
    if (relay->accept_again != 0 && !is_last_client_served(relay)) {
        accept_again(relay);
    }
}

/* Other events of the same wait, or the list of the unsent, may have named the closed ones. They
 * are done with now. */
static void free_closed(struct relay *relay)
{
    while (relay->closed != NULL) {
        struct client *client = relay->closed;
        relay->closed = client->after;
        free(client);
    }
}

static fer_error welcome(struct relay *relay, struct client *client)
{
    const fer_event input = {(uint64_t)(uintptr_t)client, true, false};
    FER_TRY(relay_keep_alive(&client->stream));
    return fer_poller_add(&relay->poller, fer_tcp_stream_as_raw(&client->stream), input,
                          FER_POLL_LEVEL);
}

static fer_error enroll(struct relay *relay, fer_tcp_stream stream, const fer_socket_addr *peer)
{
    struct client *client =
        malloc(sizeof *client +
               relay->settings.queue_cap); /* the queue takes memory only once it is used */
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
    fer_error error = welcome(relay, client);
    if (error.kind != FER_OK) {
        complain_of(relay, client->name, error);
        disconnect(relay, client);
    }
    return (fer_error){FER_OK, 0};
}

/* Fails for the machine's reasons alone: what is wrong with one client is told. */
static fer_error accept_one(struct relay *relay)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr peer;
    FER_TRY(fer_tcp_listener_try_accept(&relay->listener, &stream, &peer));
    relay->served++;
    return enroll(relay, stream, &peer);
}

/* Where the machine has no descriptor or no memory left for one more, the connection stays in the
 * queue, and the listener stays ready: to try again at once would be to spin. A client that goes
 * gives something back; where it was another program's, time has to help. */
static void accept_some(struct relay *relay)
{
    for (int i = 0; i < ACCEPTS_IN_A_TURN; i++) {
        if (relay->count >= relay->settings.connections || is_last_client_served(relay)) {
            stop_accepting(relay, UINT64_MAX);
            return;
        }
        fer_error error = accept_one(relay);
        if (error.kind == FER_WOULD_BLOCK) {
            return; /* all are taken, or there was none: an event is a hint (rule P1) */
        }
        if (error.kind != FER_OK) {
            complain_of(relay, "accepting no more for now", error);
            stop_accepting(relay, relay->now + RETRY_MILLISECONDS);
            return;
        }
    }
}

/* ---- sending */

static void watch(struct relay *relay, struct client *client, bool for_room)
{
    const fer_event interest = {(uint64_t)(uintptr_t)client, client->standing == RELAYING,
                                for_room};
    fer_error error = fer_poller_modify(&relay->poller, fer_tcp_stream_as_raw(&client->stream),
                                        interest, FER_POLL_LEVEL);
    client->is_watched_for_room = for_room;
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

/* Sends, and sees to it that the rest is sent when there is room. */
static void flush(struct relay *relay, struct client *client)
{
    fer_error error = send_queue(relay, client);
    bool has_more = error.kind == FER_WOULD_BLOCK;
    if (error.kind != FER_OK && !has_more) {
        complain_of(relay, client->name, error);
        disconnect(relay, client);
    } else if (!has_more && client->standing == ENDING) {
        tell_end(relay, client, "disconnected");
        disconnect(relay, client);
    } else if (has_more != client->is_watched_for_room) {
        watch(relay, client, has_more);
    }
}

/* What all the events of one wait have brought goes out together, but for what is much already: a
 * queue is deep only where it has to be. */
static void flush_unsent(struct relay *relay)
{
    while (relay->unsent != NULL) {
        struct client *client = relay->unsent;
        relay->unsent = client->next_unsent;
        client->is_unsent = false;
        if (client->standing != CLOSED) {
            flush(relay, client);
        }
    }
}

static void list_as_unsent(struct relay *relay, struct client *client)
{
    if (!client->is_unsent) {
        client->is_unsent = true;
        client->next_unsent = relay->unsent;
        relay->unsent = client;
    }
}

/* The policy for a client that does not keep up: once its queue is full, and the system takes
 * nothing more either, it is disconnected. */
static void enqueue(struct relay *relay, struct client *client, const char *bytes, size_t len)
{
    bool is_put = relay_queue_put(&client->queue, bytes, len);
    if (!is_put ||
        (relay_queue_len(&client->queue) >= ENOUGH_TO_SEND && !client->is_watched_for_room)) {
        FER_IGNORE(send_queue(relay, client)); /* a failure is met again by who flushes the queue */
    }
    if (!is_put && !relay_queue_put(&client->queue, bytes, len)) {
        tell_end(relay, client, "too slow");
        disconnect(relay, client);
        return;
    }
    list_as_unsent(relay, client);
}

/* ---- receiving */

/* Up to the end of the last line. One that is longer than the buffer goes on in pieces, so there is
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
    struct client *after;
    for (struct client *client = relay->first; client != NULL; client = after) {
        after = client->after;
        if (client->standing == RELAYING) {
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

/* A read of 0 bytes is the client's end. It may have ended its sending only, so it still gets what
 * is for it. */
static void end(struct relay *relay, struct client *client)
{
    if (relay->settings.broadcasts && client->input_len > 0) {
        client->input[client->input_len++] =
            '\n'; /* or the next client's line would go on with it */
    }
    relay_input(relay, client, client->input_len);
    if (client->standing != CLOSED) {
        client->standing = ENDING;
        list_as_unsent(relay, client);
        watch(relay, client,
              !relay_queue_is_empty(&client->queue)); /* an end that was read stays readable */
    }
}

static void receive(struct relay *relay, struct client *client)
{
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_read(&client->stream, client->input + client->input_len,
                                              INPUT_CAP - client->input_len, &n);
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return; /* an event is a hint (rule P1): the next wait tells more */
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

/* ---- the loop */

static void handle_event(struct relay *relay, fer_event event)
{
    if (event.key == LISTENER_KEY) {
        accept_some(relay);
        return;
    }
    struct client *client = (struct client *)(uintptr_t)event.key;
    if (event.writable && client->standing != CLOSED) {
        list_as_unsent(relay, client);
    }
    if (event.readable && client->standing == RELAYING) {
        receive(relay, client);
    }
}

static void disconnect_idle(struct relay *relay)
{
    uint64_t limit = (uint64_t)relay->settings.idle_seconds * 1000;
    while (limit > 0 && relay->first != NULL && relay->now - relay->first->heard_at >= limit) {
        tell_end(relay, relay->first, "idle");
        disconnect(relay, relay->first);
    }
}

/* Until the next thing that is due without an event. */
static fer_duration time_to_wait(const struct relay *relay)
{
    uint64_t due = relay->accept_again > 0 ? relay->accept_again : UINT64_MAX;
    uint64_t idle_at = relay->first != NULL
                           ? relay->first->heard_at + (uint64_t)relay->settings.idle_seconds * 1000
                           : 0;
    if (relay->settings.idle_seconds > 0 && relay->first != NULL && idle_at < due) {
        due = idle_at;
    }
    if (relay->settings.shows_status && relay->status_at < due) {
        due = relay->status_at;
    }
    if (due == UINT64_MAX) {
        return FER_DURATION_NONE;
    }
    return fer_duration_from_millis(due > relay->now ? due - relay->now : 0);
}

static fer_error serve(struct relay *relay)
{
    fer_event events[EVENTS_CAP];
    while (!atomic_load(&is_interrupted) && !(is_last_client_served(relay) && relay->count == 0)) {
        size_t count = 0;
        fflush(stdout); /* what was told is seen before the wait, also through a pipe */
        relay->now = example_milliseconds();
        FER_TRY(fer_poller_wait(&relay->poller, events, EVENTS_CAP, time_to_wait(relay), &count));
        relay->now = example_milliseconds();
        for (size_t i = 0; i < count; i++) {
            handle_event(relay, events[i]);
        }
        flush_unsent(relay);
        disconnect_idle(relay);
        if (relay->accept_again != 0 && relay->now >= relay->accept_again) {
            accept_again(relay);
        }
        free_closed(relay);
        show_status(relay);
    }
    return (fer_error){FER_OK, 0};
}

static fer_error listen_and_serve(struct relay *relay)
{
    const fer_event connections = {LISTENER_KEY, true, false};
    fer_socket_addr local;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    FER_TRY(fer_poller_new(&relay->poller));
    FER_TRY(fer_tcp_listener_bind(&relay->listener, relay->settings.address));
    FER_TRY(fer_tcp_listener_set_nonblocking(&relay->listener, true));
    FER_TRY(fer_tcp_listener_local_addr(&relay->listener, &local));
    FER_TRY(fer_poller_add(&relay->poller, fer_tcp_listener_as_raw(&relay->listener), connections,
                           FER_POLL_LEVEL));
    if (!example_catch_interrupt(be_interrupted)) {
        return (fer_error){FER_OTHER, 0};
    }
    fer_socket_addr_format(&local, text, sizeof text);
    printf("listening on %s\n", text);
    return serve(relay);
}

static void close_all(struct relay *relay)
{
    example_leave_interrupt(); /* before there is no poller to notify */
    clear_status_line(relay);
    if (atomic_load(&is_interrupted)) {
        printf("interrupted: %zu clients disconnected\n", relay->count);
    }
    while (relay->first != NULL) {
        disconnect(relay, relay->first);
    }
    relay->unsent = NULL;
    free_closed(relay);
    fer_tcp_listener_close(&relay->listener);
    fer_poller_close(&relay->poller);
}

int main(int argc, char **argv)
{
    struct relay *relay = &relay_of_all;
    relay->settings = relay_default_settings();
    relay->settings.shows_status = example_is_watched();
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
