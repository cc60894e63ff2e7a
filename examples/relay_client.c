/* relay_client.c: copies standard input to a relay and the relay's bytes to standard output, and
 * reconnects when the connection is lost.
 *
 * The main thread owns the socket, in a loop around one fer_poller. A second thread reads standard
 * input, because not every system can wait for it and for sockets together. It wakes the loop with
 * fer_poller_notify.
 *
 * Bytes that were written before a connection was lost may have arrived or not: a successful write
 * means only that the system accepted them. A program that must know needs acknowledgements from
 * the peer. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconnect.h"
#include "relay.h"

enum {
    INPUT_CAP = 4096,
    OUTPUT_CAP = 16384,
    LOOKUP_THREADS = 2,
    CONNECT_SECONDS = 5,
    SILENCE_MILLISECONDS = 5000,
    STREAM_KEY = 1
};

static const char usage[] =
    "usage: relay_client [--attempts N] HOST:PORT [MESSAGE...]\n"
    "\n"
    "Sends the messages, one a line, or else standard input, and writes the replies to standard "
    "output. Reconnects when the connection\n"
    "is lost, until N attempts in a row have failed (default 5; 0: no limit). Exits after the end "
    "of its input and of the host's.\n"
    "A host that accepts no bytes, or does not end its own sending, for 5 seconds has timed out.\n";

/* Shared by the two threads. It is never freed, because the reader may still wait for standard
 * input when main returns. */
static struct {
    example_lock lock;
    fer_poller poller;
    char **messages;
    int message_count;
    /* The lock guards the members below. */
    char bytes[INPUT_CAP];
    size_t len; /* 0: the reader may put its next bytes here */
    bool has_ended;
} input = {.lock = EXAMPLE_LOCK_INIT};

struct client {
    reconnect retry;
    fer_tcp_stream stream;
    fer_instant moved_at; /* when bytes last moved in either direction */
    size_t begin;         /* of the input that is to be sent */
    size_t end;
    bool input_has_ended;
    bool has_shut; /* the write half is shut down */
    char bytes[INPUT_CAP];
};

/* ---- The reader's thread */

/* Passes bytes to the main thread. Waits until it has taken the previous ones. */
static void pass_to_main(const char *bytes, size_t len, bool is_end)
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

static void pass_all_to_main(const char *bytes, size_t len)
{
    while (len > 0) {
        size_t piece = len < INPUT_CAP ? len : INPUT_CAP;
        pass_to_main(bytes, piece, false);
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
        pass_all_to_main(input.messages[i], strlen(input.messages[i]));
        pass_all_to_main("\n", 1);
    }
    while (input.message_count == 0 && example_read_input(bytes, sizeof bytes, &n) && n > 0) {
        pass_to_main(bytes, n, false);
    }
    pass_to_main(NULL, 0, true);
}

/* ---- The main thread */

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
        client->moved_at = fer_instant_now();
    }
}

/* *is_end: end of file. */
static fer_error receive(struct client *client, bool *is_end)
{
    static char bytes[OUTPUT_CAP];
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_read(&client->stream, bytes, sizeof bytes, &n);
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return FER_ERROR_OK; /* an event is a hint (rule P1) */
    }
    FER_TRY(error);
    *is_end = n == 0;
    if (n > 0) {
        reconnect_succeeded(&client->retry);
    }
    bool is_written = example_write_output(bytes, n);
    /* After the write: a slow standard output is not the host's delay. */
    client->moved_at = fer_instant_now();
    return (fer_error){is_written ? FER_OK : FER_BROKEN_PIPE, 0};
}

static fer_error send_some(struct client *client)
{
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_write(&client->stream, client->bytes + client->begin,
                                               client->end - client->begin, &n);
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return FER_ERROR_OK;
    }
    client->begin += n;
    client->moved_at = fer_instant_now();
    return error;
}

/* The timeout applies only while the host must act: accept bytes, or end its sending after ours. */
static fer_duration time_to_wait(const struct client *client)
{
    if (!has_output(client) && !client->has_shut) {
        return FER_DURATION_NONE;
    }
    fer_duration limit = fer_duration_from_millis(SILENCE_MILLISECONDS);
    uint64_t silence = fer_instant_duration_since(fer_instant_now(), client->moved_at).nanos;
    return fer_duration_from_nanos(silence < limit.nanos ? limit.nanos - silence : 0);
}

/* Waits for the stream, the reader's thread or the timeout, and transfers what is ready. */
static fer_error transfer_once(struct client *client, bool *is_end)
{
    const fer_event interest = {.key = STREAM_KEY,
                                .interest = FER_READABLE | (has_output(client) ? FER_WRITABLE : 0)};
    fer_event events[2];
    size_t count = 0;
    fer_duration limit = time_to_wait(client);
    FER_TRY(fer_poller_modify(&input.poller, fer_tcp_stream_as_raw(&client->stream), interest,
                              FER_POLL_LEVEL));
    FER_TRY(fer_poller_wait(&input.poller, limit, events, sizeof events / sizeof events[0], &count,
                            NULL));
    for (size_t i = 0; i < count && !*is_end; i++) {
        if ((events[i].interest & FER_WRITABLE) != 0 && has_output(client)) {
            FER_TRY(send_some(client));
        }
        if ((events[i].interest & FER_READABLE) != 0) {
            FER_TRY(receive(client, is_end));
        }
    }
    return (fer_error){count == 0 && limit.nanos == 0 ? FER_TIMED_OUT : FER_OK, 0};
}

/* Transfers bytes in both directions until end of file. */
static fer_error transfer(struct client *client)
{
    bool is_end = false;
    while (!is_end) {
        take_input(client);
        if (client->input_has_ended && !has_output(client) && !client->has_shut) {
            FER_TRY(fer_tcp_stream_shutdown(&client->stream, FER_SHUTDOWN_WRITE));
            client->has_shut = true;
            client->moved_at = fer_instant_now();
        }
        FER_TRY(transfer_once(client, &is_end));
    }
    return (fer_error){client->has_shut ? FER_OK : FER_UNEXPECTED_EOF, 0};
}

static fer_error connect_once(struct client *client)
{
    const fer_event interest = {.key = STREAM_KEY, .interest = FER_READABLE};
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr peer;
    FER_TRY(reconnect_attempt(&client->retry, &client->stream));
    FER_TRY(fer_tcp_stream_peer_addr(&client->stream, &peer));
    FER_TRY(relay_keep_alive(&client->stream));
    fer_socket_addr_format(&peer, text, sizeof text);
    fprintf(stderr, "Connected to %s\n", text);
    client->moved_at = fer_instant_now();
    return fer_poller_add(&input.poller, fer_tcp_stream_as_raw(&client->stream), interest,
                          FER_POLL_LEVEL);
}

/* One connection, from connect to close. */
static fer_error connect_and_transfer(struct client *client)
{
    fer_error error = connect_once(client);
    if (error.kind == FER_OK) {
        error = transfer(client);
    }
    FER_IGNORE(fer_poller_delete(&input.poller, fer_tcp_stream_as_raw(&client->stream)));
    fer_tcp_stream_close(&client->stream);
    return error;
}

/* Reconnects until the transfer is complete. A piece of input that was sent only in part is sent
 * again whole: a line may arrive twice, but none begins in its middle. After the end of the input
 * nothing is sent again, because only the host's reply is missing. */
static fer_error run(struct client *client)
{
    for (;;) {
        fer_error error = connect_and_transfer(client);
        if (error.kind == FER_OK || client->has_shut || reconnect_gives_up(&client->retry, error)) {
            return error;
        }
        fer_duration pause = reconnect_pause(&client->retry);
        relay_complain(client->retry.host_port, error);
        fprintf(stderr, "again in %u ms\n", (unsigned)(pause.nanos / 1000000));
        example_pause((unsigned)(pause.nanos / 1000000));
        client->begin = has_output(client) ? 0 : client->end;
    }
}

static bool parse(reconnect *retry, int argc, char **argv)
{
    int next = 1;
    if (argc > 2 && strcmp(argv[1], "--attempts") == 0) {
        char *end = argv[2];
        retry->attempts = (unsigned)strtoul(argv[2], &end, 10);
        if (argv[2][0] < '0' || argv[2][0] > '9' || *end != '\0') {
            return false;
        }
        next = 3;
    }
    if (next >= argc || argv[next][0] == '-') {
        return false;
    }
    retry->host_port = argv[next];
    input.messages = argv + next + 1;
    input.message_count = argc - next - 1;
    return true;
}

static fer_error start_and_run(struct client *client)
{
    static example_thread reader = {.run = read_input};
    FER_TRY(fer_poller_new(&input.poller));
    /* Two workers, so that an abandoned lookup does not delay the next one. */
    FER_TRY(fer_resolver_new(
        client->retry.resolver,
        &(fer_resolver_options){.threads = LOOKUP_THREADS, .queue_cap = FER_RESOLVER_NO_QUEUE}));
    if (!example_start(&reader)) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    /* The reader may wait for standard input without end, so its poller is never closed. */
    example_detach(&reader);
    return run(client);
}

int main(int argc, char **argv)
{
    static struct client client;
    fer_resolver resolver = {0};
    uint16_t seed[2] = {0, 0};
    client.retry.resolver = &resolver;
    client.retry.first_pause = fer_duration_from_millis(200);
    client.retry.longest_pause = fer_duration_from_secs(30);
    client.retry.limit = fer_duration_from_secs(CONNECT_SECONDS);
    client.retry.attempts = 5;
    if (!parse(&client.retry, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (example_random(&seed[0]) && example_random(&seed[1])) {
        client.retry.random = ((uint64_t)seed[0] << 16) | seed[1];
    }
    fer_error error = start_and_run(&client);
    fer_resolver_close(&resolver);
    if (error.kind != FER_OK) {
        relay_complain(client.retry.host_port, error);
    }
    return error.kind != FER_OK;
}
