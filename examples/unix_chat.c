/* unix_chat.c: a chat of two users on one machine, line by line, over a Unix socket. The first
 * listens at the path and the second connects to it.
 *
 * usage: unix_chat PATH
 *
 * Two threads share the stream: one sends standard input, main prints what is received. The end of
 * one user's input ends the other's output. */
#include "example_os.h"

#include <stdio.h>
#include <string.h>

#include "ferrule.h"

enum { BUFFER_SIZE = 4096 };

/* ---- Connecting */

/* The path remains after its listener is closed. One that refuses is stale and is removed. After
 * the accept it is no longer needed. */
static fer_error accept_peer(const char *path, fer_unix_stream *stream)
{
    fer_unix_listener listener = {0};
    FER_TRY(fer_unix_listener_bind(&listener, path));
    fprintf(stderr, "No peer is connected yet\n");
    fer_error error = fer_unix_listener_accept(&listener, stream, NULL);
    fer_unix_listener_close(&listener);
    (void)remove(path);
    return error;
}

static fer_error connect_or_accept(const char *path, fer_unix_stream *stream)
{
    fer_error error = fer_unix_stream_connect(stream, path);
    if (error.kind == FER_CONNECTION_REFUSED) {
        (void)remove(path);
    } else if (error.kind != FER_NOT_FOUND) {
        return error;
    }
    return accept_peer(path, stream);
}

/* ---- Chatting */

struct conversation {
    fer_unix_stream stream;
    fer_error sent;
};

static void send_input(void *argument)
{
    struct conversation *conversation = argument;
    char piece[BUFFER_SIZE];
    size_t n = 0;
    while (conversation->sent.kind == FER_OK && example_read_input(piece, sizeof piece, &n) &&
           n > 0) {
        conversation->sent = fer_unix_stream_write_all(&conversation->stream, piece, n, NULL);
    }
    FER_IGNORE(fer_unix_stream_shutdown(&conversation->stream, FER_SHUTDOWN_WRITE));
}

static fer_error print_received(struct conversation *conversation)
{
    char piece[BUFFER_SIZE];
    size_t n = 0;
    do {
        FER_TRY(fer_unix_stream_read(&conversation->stream, piece, sizeof piece, &n));
        (void)example_write_output(piece, n);
    } while (n > 0);
    return FER_ERROR_OK;
}

/* The user can still send after the other's end of file. */
static fer_error chat(struct conversation *conversation)
{
    example_thread sender = {.run = send_input, .argument = conversation};
    if (!example_start(&sender)) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    fer_error received = print_received(conversation);
    fprintf(stderr, "The other user has ended\n");
    example_join(&sender);
    return received.kind != FER_OK ? received : conversation->sent;
}

int main(int argc, char **argv)
{
    struct conversation conversation = {.sent = {FER_OK, 0}};
    if (argc != 2) {
        fprintf(stderr, "usage: unix_chat PATH\n");
        return 2;
    }
    fer_error error = connect_or_accept(argv[1], &conversation.stream);
    if (error.kind == FER_OK) {
        fprintf(stderr, "Connected\n");
        error = chat(&conversation);
    }
    fer_unix_stream_close(&conversation.stream);
    if (error.kind == FER_UNSUPPORTED) {
        fprintf(stderr, "unix_chat: this system has no Unix sockets\n");
    } else if (error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        fer_error_format(error, text, sizeof text);
        fprintf(stderr, "unix_chat: %s: %s\n", argv[1], text);
    }
    return error.kind == FER_OK ? 0 : 1;
}
