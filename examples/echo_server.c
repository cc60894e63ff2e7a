/* echo_server.c: sends each client its own bytes back. Eight threads accept from one listener, and
 * each serves one client at a time. One cancel token ends them all. docs/PORTING.md shows the same
 * program in Rust.
 *
 * usage: echo_server [ADDR:PORT]
 * The default address is 127.0.0.1 with an ephemeral port. Runs until Ctrl-C or SIGTERM. */
#include "example_os.h"

#include <stdio.h>

#include "ferrule.h"

enum { WORKERS = 8, BUFFER_SIZE = 16384, SILENCE_SECONDS = 60 };

/* Limits every call that waits. Cancelled by Ctrl-C, and by the first worker that fails. */
static fer_cancel_token stop;

struct worker {
    fer_tcp_listener *listener;
    fer_error error;
    example_thread thread;
};

static void complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

static void cancel(void)
{
    FER_IGNORE(fer_cancel_token_cancel(&stop));
}

/* Until the client's end of file; the close ends our own sending. */
static fer_error echo(fer_tcp_stream *stream, uint64_t *n)
{
    char memory[BUFFER_SIZE];
    fer_copy_buffer buffer = {memory, sizeof memory, 0, 0};
    fer_stream both = fer_tcp_stream_as_stream(stream);
    fer_duration silence = fer_duration_from_secs(SILENCE_SECONDS);
    const fer_limits limits = {.token = &stop};
    FER_TRY(fer_tcp_stream_set_limits(stream, &limits));
    FER_TRY(fer_tcp_stream_set_read_timeout(stream, silence));
    FER_TRY(fer_tcp_stream_set_write_timeout(stream, silence));
    return fer_copy(both, both, &buffer, n);
}

/* A failure of one client is only reported. accept skips connections that failed in the queue, so
 * its errors are the machine's. */
static fer_error serve(fer_tcp_listener *listener)
{
    for (;;) {
        fer_tcp_stream stream = {0};
        fer_socket_addr peer;
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        uint64_t n = 0;
        FER_TRY(fer_tcp_listener_accept(listener, &stream, &peer));
        fer_error error = echo(&stream, &n);
        fer_tcp_stream_close(&stream);
        fer_socket_addr_format(&peer, text, sizeof text);
        if (error.kind == FER_OK) {
            printf("%s: %llu bytes\n", text, (unsigned long long)n);
            fflush(stdout);
        } else {
            complain(text, error);
        }
    }
}

static void run_worker(void *argument)
{
    struct worker *worker = argument;
    worker->error = serve(worker->listener);
    cancel();
}

/* Returns FER_CANCELLED after Ctrl-C, otherwise a worker's failure, which has ended the others. */
static fer_error serve_with_workers(fer_tcp_listener *listener)
{
    static struct worker workers[WORKERS];
    fer_error first = {FER_OK, 0};
    int started = 0;
    for (; started < WORKERS; started++) {
        workers[started] = (struct worker){
            .listener = listener, .thread = {.run = run_worker, .argument = &workers[started]}};
        if (!example_start(&workers[started].thread)) {
            first = (fer_error){FER_OUT_OF_MEMORY, 0};
            cancel();
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        example_join(&workers[i].thread);
        bool is_failure = workers[i].error.kind != FER_CANCELLED;
        first = is_failure || first.kind == FER_OK ? workers[i].error : first;
    }
    return first;
}

static fer_error listen_and_serve(fer_tcp_listener *listener, const char *address)
{
    fer_socket_addr local;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    const fer_limits limits = {.token = &stop};
    FER_TRY(fer_tcp_listener_bind(listener, address));
    FER_TRY(fer_tcp_listener_set_limits(listener, &limits));
    FER_TRY(fer_tcp_listener_local_addr(listener, &local));
    fer_socket_addr_format(&local, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);
    return serve_with_workers(listener);
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:0";
    fer_tcp_listener listener = {0};
    if (argc > 2 || address[0] == '-') {
        fprintf(stderr, "usage: echo_server [ADDR:PORT]\n");
        return 2;
    }
    fer_error error = fer_cancel_token_new(&stop);
    if (error.kind == FER_OK && example_catch_interrupt(cancel)) {
        error = listen_and_serve(&listener, address);
        example_restore_interrupt();
    }
    fer_tcp_listener_close(&listener);
    fer_cancel_token_close(&stop);
    if (error.kind != FER_CANCELLED) {
        complain(address, error);
        return 1;
    }
    printf("stopped\n");
    return 0;
}
