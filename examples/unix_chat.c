/* unix_chat.c: two people on one machine talk, line by line, over a Unix socket. Who comes first
 * waits at the path, and who comes second finds the first there.
 *
 * usage: unix_chat PATH
 *
 * Two threads share the stream: one sends what is typed, main prints what comes. The end of one's
 * input is told to the other. */
#include "example_os.h"

#include <stdio.h>
#include <string.h>

#include "ferrule.h"

enum { PIECE = 4096 };

/* ---- Coming together */

/* A path outlives its listener: one that refuses is a leftover, and in the way. Once somebody came
 * it is of no more use. */
static fer_error wait_for_somebody(const char *path, fer_unix_stream *stream)
{
    fer_unix_listener listener = {0};
    FER_TRY(fer_unix_listener_bind(&listener, path));
    fprintf(stderr, "Nobody is here yet\n");
    fer_error error = fer_unix_listener_accept(&listener, stream, NULL);
    fer_unix_listener_close(&listener);
    (void)remove(path);
    return error;
}

static fer_error meet(const char *path, fer_unix_stream *stream)
{
    fer_error error = fer_unix_stream_connect(stream, path);
    if (error.kind == FER_CONNECTION_REFUSED) {
        (void)remove(path);
    } else if (error.kind != FER_NOT_FOUND) {
        return error;
    }
    return wait_for_somebody(path, stream);
}

/* ---- Talking */

struct talk {
    fer_unix_stream stream;
    fer_error sent;
};

static void send_input(void *argument)
{
    struct talk *talk = argument;
    char piece[PIECE];
    size_t n = 0;
    while (talk->sent.kind == FER_OK && example_read_input(piece, sizeof piece, &n) && n > 0) {
        talk->sent = fer_unix_stream_write_all(&talk->stream, piece, n, NULL);
    }
    FER_IGNORE(fer_unix_stream_shutdown(&talk->stream, FER_SHUTDOWN_WRITE));
}

static fer_error print_what_comes(struct talk *talk)
{
    char piece[PIECE];
    size_t n = 0;
    do {
        FER_TRY(fer_unix_stream_read(&talk->stream, piece, sizeof piece, &n));
        (void)example_write_output(piece, n);
    } while (n > 0);
    return (fer_error){FER_OK, 0};
}

/* Also after the other's end one's own words may still go out. */
static fer_error converse(struct talk *talk)
{
    example_thread sender = {.run = send_input, .argument = talk};
    if (!example_start(&sender)) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    fer_error received = print_what_comes(talk);
    fprintf(stderr, "The other has nothing more to say\n");
    example_join(&sender);
    return received.kind != FER_OK ? received : talk->sent;
}

int main(int argc, char **argv)
{
    struct talk talk = {.sent = {FER_OK, 0}};
    if (argc != 2) {
        fprintf(stderr, "usage: unix_chat PATH\n");
        return 2;
    }
    fer_error error = meet(argv[1], &talk.stream);
    if (error.kind == FER_OK) {
        fprintf(stderr, "Somebody is here\n");
        error = converse(&talk);
    }
    fer_unix_stream_close(&talk.stream);
    if (error.kind == FER_UNSUPPORTED) {
        fprintf(stderr, "unix_chat: this system has no Unix sockets\n");
    } else if (error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        fer_error_format(error, text, sizeof text);
        fprintf(stderr, "unix_chat: %s: %s\n", argv[1], text);
    }
    return error.kind == FER_OK ? 0 : 1;
}
