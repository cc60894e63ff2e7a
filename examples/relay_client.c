/* relay_client.c: carries standard input to a relay and what the relay sends to standard output,
 * and comes back when the relay went away.
 *
 * The main thread has the socket, in a loop around one fer_poller. Standard input has a thread of
 * its own, for not every system can wait for it and for sockets together; that thread wakes the
 * loop with fer_poller_notify.
 *
 * What was handed to the system before a connection broke may have arrived or not: a write tells
 * that the bytes are on their way, no more. A program that must know has the other side acknowledge
 * its messages. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconnect.h"
#include "relay.h"

enum {
    INPUT_CAP = 4096,
    OUTPUT_CAP = 16384,
    LOOKUP_SECONDS = 5,
    LOOKUPS = 2,
    CONNECT_SECONDS = 5,
    SILENCE_MILLISECONDS = 5000,
    STREAM_KEY = 1
};

static const char usage[] =
    "usage: relay_client [--attempts N] HOST:PORT [MESSAGE...]\n"
    "\n"
    "Sends the messages, a line each, else standard input, and writes what comes back to standard "
    "output. Connects again when the\n"
    "connection is lost, and gives up after N attempts in a row that failed (5; 0: never). Ends "
    "after its input and the host's end.\n"
    "Who does not take what is sent, or does not end, for 5 seconds is given up.\n";

/* What the two threads share. It is never freed: the reader may still wait for standard input when
 * main returns. */
static struct {
    example_lock lock;
    fer_poller poller;
    char **messages;
    int message_count;
    /* From here on under the lock. */
    char bytes[INPUT_CAP];
    size_t len; /* 0: the reader may put its next bytes here */
    bool has_ended;
} input = {.lock = EXAMPLE_LOCK_INIT};

struct client {
    reconnect way;
    fer_tcp_stream stream;
    uint64_t moved_at; /* milliseconds, when bytes went either way */
    size_t begin;      /* of what was taken from the input and is to be sent */
    size_t end;
    bool input_has_ended;
    bool has_shut; /* its writing: the host knows that no more will come */
    char bytes[INPUT_CAP];
};

/* ---- the reader's thread */

/* Gives bytes to the main thread, once it has taken those before. */
static void hand_over(const char *bytes, size_t len, bool is_end)
{
    example_acquire(&input.lock);
    while (input.len > 0) {
        (void)example_wait(&input.lock, 60);
    }
    if (len > 0) {
        memcpy(input.bytes, bytes, len);
    }
    input.len = len;
    input.has_ended = is_end;
    example_release(&input.lock);
    FER_IGNORE(fer_poller_notify(&input.poller));
}

static void hand_over_all(const char *bytes, size_t len)
{
    while (len > 0) {
        size_t piece = len < INPUT_CAP ? len : INPUT_CAP;
        hand_over(bytes, piece, false);
        bytes += piece;
        len -= piece;
    }
}

static void read_input(void *unused)
{
    static char bytes[INPUT_CAP];
    size_t n = 0;
    (void)unused;
    for (int i = 0; i < input.message_count; i++) {
        hand_over_all(input.messages[i], strlen(input.messages[i]));
        hand_over_all("\n", 1);
    }
    while (input.message_count == 0 && example_read_input(bytes, sizeof bytes, &n) && n > 0) {
        hand_over(bytes, n, false);
    }
    hand_over(NULL, 0, true);
}

/* ---- the main thread */

static bool has_output(const struct client *client)
{
    return client->begin < client->end;
}

static void take_input(struct client *client)
{
    if (has_output(client)) {
        return;
    }
    example_acquire(&input.lock);
    memcpy(client->bytes, input.bytes, input.len);
    client->begin = 0;
    client->end = input.len;
    client->input_has_ended = input.has_ended;
    input.len = 0;
    example_wake(&input.lock);
    example_release(&input.lock);
    if (client->end > 0) {
        client->moved_at = example_milliseconds();
    }
}

/* *is_end: the host has ended. */
static fer_error receive(struct client *client, bool *is_end)
{
    static char bytes[OUTPUT_CAP];
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_read(&client->stream, bytes, sizeof bytes, &n);
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return (fer_error){FER_OK, 0}; /* an event is a hint (rule P1) */
    }
    FER_TRY(error);
    *is_end = n == 0;
    if (n > 0) {
        reconnect_succeeded(&client->way);
    }
    bool is_written = example_write_output(bytes, n);
    client->moved_at =
        /* afterwards: standard output may take its time, and that is not the host's fault */
        example_milliseconds();
    return (fer_error){is_written ? FER_OK : FER_BROKEN_PIPE, 0};
}

static fer_error send_some(struct client *client)
{
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_write(&client->stream, client->bytes + client->begin,
                                               client->end - client->begin, &n);
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return (fer_error){FER_OK, 0};
    }
    client->begin += n;
    client->moved_at = example_milliseconds();
    return error;
}

/* Only a host that owes us something can be late: room for what we send, or its end after ours. */
static fer_duration time_to_wait(const struct client *client)
{
    if (!has_output(client) && !client->has_shut) {
        return FER_DURATION_NONE;
    }
    uint64_t silence = example_milliseconds() - client->moved_at;
    return fer_duration_from_millis(silence < SILENCE_MILLISECONDS ? SILENCE_MILLISECONDS - silence
                                                                   : 0);
}

/* Waits for the stream, the reader's thread or the end of patience, and does what can be done. */
static fer_error take_turn(struct client *client, bool *is_end)
{
    const fer_event interest = {STREAM_KEY, true, has_output(client)};
    fer_event events[2];
    size_t count = 0;
    fer_duration limit = time_to_wait(client);
    FER_TRY(fer_poller_modify(&input.poller, fer_tcp_stream_as_raw(&client->stream), interest,
                              FER_POLL_LEVEL));
    FER_TRY(
        fer_poller_wait(&input.poller, events, sizeof events / sizeof events[0], limit, &count));
    for (size_t i = 0; i < count && !*is_end; i++) {
        if (events[i].writable && has_output(client)) {
            FER_TRY(send_some(client));
        }
        if (events[i].readable) {
            FER_TRY(receive(client, is_end));
        }
    }
    return (fer_error){count == 0 && limit.nanos == 0 ? FER_TIMED_OUT : FER_OK, 0};
}

/* Carries bytes both ways up to the host's end. */
static fer_error converse(struct client *client)
{
    bool is_end = false;
    while (!is_end) {
        take_input(client);
        if (client->input_has_ended && !has_output(client) && !client->has_shut) {
            FER_TRY(fer_tcp_stream_shutdown(&client->stream, FER_SHUTDOWN_WRITE));
            client->has_shut = true;
            client->moved_at = example_milliseconds();
        }
        FER_TRY(take_turn(client, &is_end));
    }
    return (fer_error){client->has_shut ? FER_OK : FER_UNEXPECTED_EOF, 0};
}

static fer_error connect_once(struct client *client)
{
    const fer_event interest = {STREAM_KEY, true, false};
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr peer;
    FER_TRY(reconnect_attempt(&client->way, &client->stream));
    FER_TRY(fer_tcp_stream_peer_addr(&client->stream, &peer));
    FER_TRY(relay_keep_alive(&client->stream));
    fer_socket_addr_format(&peer, text, sizeof text);
    fprintf(stderr, "Connected to %s\n", text);
    client->moved_at = example_milliseconds();
    return fer_poller_add(&input.poller, fer_tcp_stream_as_raw(&client->stream), interest,
                          FER_POLL_LEVEL);
}

/* One connection, from its beginning to its end. */
static fer_error connect_and_converse(struct client *client)
{
    fer_error error = connect_once(client);
    if (error.kind == FER_OK) {
        error = converse(client);
    }
    FER_IGNORE(fer_poller_delete(&input.poller, fer_tcp_stream_as_raw(&client->stream)));
    fer_tcp_stream_close(&client->stream);
    return error;
}

/* Connection after connection. A piece of input of which the system took a part only is sent again
 * whole: a line may come twice, but none begins in its middle. After the end of the input it is the
 * host's answer that is missing, and there is nothing left to send again. */
static fer_error run(struct client *client)
{
    for (;;) {
        fer_error error = connect_and_converse(client);
        if (error.kind == FER_OK || client->has_shut || reconnect_gives_up(&client->way, error)) {
            return error;
        }
        fer_duration pause = reconnect_pause(&client->way);
        relay_complain(client->way.host_port, error);
        fprintf(stderr, "again in %u ms\n", (unsigned)(pause.nanos / 1000000));
        example_pause((unsigned)(pause.nanos / 1000000));
        client->begin = has_output(client) ? 0 : client->end;
    }
}

static bool parse(reconnect *way, int argc, char **argv)
{
    int next = 1;
    if (argc > 2 && strcmp(argv[1], "--attempts") == 0) {
        char *end = argv[2];
        way->attempts = (unsigned)strtoul(argv[2], &end, 10);
        if (argv[2][0] < '0' || argv[2][0] > '9' || *end != '\0') {
            return false;
        }
        next = 3;
    }
    if (next >= argc || argv[next][0] == '-') {
        return false;
    }
    way->host_port = argv[next];
    input.messages = argv + next + 1;
    input.message_count = argc - next - 1;
    return true;
}

static fer_error start_and_run(struct client *client)
{
    static example_thread reader = {.run = read_input};
    FER_TRY(fer_poller_new(&input.poller));
    FER_TRY(fer_resolver_new(client->way.resolver, LOOKUPS,
                             0)); /* an abandoned lookup leaves room for another one */
    if (!example_start(&reader)) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    example_leave(
        /* it may wait for standard input for ever, so the poller that it wakes is never closed */
        &reader);
    return run(client);
}

int main(int argc, char **argv)
{
    static struct client client;
    fer_resolver resolver = {0};
    uint16_t seed[2] = {0, 0};
    client.way.resolver = &resolver;
    client.way.lookup_limit = fer_duration_from_secs(LOOKUP_SECONDS);
    client.way.first_pause = fer_duration_from_millis(200);
    client.way.longest_pause = fer_duration_from_secs(30);
    client.way.connect_limit = fer_duration_from_secs(CONNECT_SECONDS);
    client.way.attempts = 5;
    if (!parse(&client.way, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (example_random(&seed[0]) && example_random(&seed[1])) {
        client.way.random = ((uint64_t)seed[0] << 16) | seed[1];
    }
    fer_error error = start_and_run(&client);
    fer_resolver_close(&resolver);
    if (error.kind != FER_OK) {
        relay_complain(client.way.host_port, error);
    }
    return error.kind != FER_OK;
}
