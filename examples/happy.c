/* happy.c: connects to a host as RFC 8305 describes ("happy eyeballs"), and prints what became of
 * each address: curl -v for connections alone.
 *
 * usage: happy [-w SECONDS] [-t MILLISECONDS] [-d MILLISECONDS] HOST:PORT
 *   -w  the limit of everything together, from the lookup to the connection (default 10)
 *   -t  the limit of one attempt (default: the system's)
 *   -d  the time until the next attempt starts beside the previous one (default 250)
 * Ctrl-C ends it in any phase. The exit code is 0 if a connection was made. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum { FAILURES_CAP = 64, DEFAULT_SECONDS = 10, MAX_NUMBER = 1000000 };

static fer_cancel_token stop;

static void cancel(void)
{
    FER_IGNORE(fer_cancel_token_cancel(&stop));
}

static unsigned long millis_of(fer_duration duration)
{
    return (unsigned long)(duration.nanos / 1000000);
}

static void print_failures(const fer_connect_failure *failures, size_t count)
{
    char addr[FER_SOCKET_ADDR_TEXT_CAP];
    char text[FER_ERROR_TEXT_CAP];
    for (size_t i = 0; i < count && i < FAILURES_CAP; i++) {
        fer_socket_addr_format(&failures[i].addr, addr, sizeof addr);
        fer_error_format(failures[i].error, text, sizeof text);
        printf("%s: failed after %lu ms: %s\n", addr, millis_of(failures[i].elapsed), text);
    }
    if (count > FAILURES_CAP) {
        printf("and %lu more\n", (unsigned long)(count - FAILURES_CAP));
    }
}

static fer_error print_connection(const fer_tcp_stream *stream, fer_duration elapsed)
{
    char texts[2][FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr peer;
    fer_socket_addr local;
    FER_TRY(fer_tcp_stream_peer_addr(stream, &peer));
    FER_TRY(fer_tcp_stream_local_addr(stream, &local));
    fer_socket_addr_format(&peer, texts[0], sizeof texts[0]);
    fer_socket_addr_format(&local, texts[1], sizeof texts[1]);
    printf("%s: connected from %s, %lu ms after the start\n", texts[0], texts[1],
           millis_of(elapsed));
    return FER_ERROR_OK;
}

static fer_error connect_and_print(const char *host_port, fer_connect_options *options)
{
    static fer_connect_failure failures[FAILURES_CAP];
    fer_tcp_stream stream = {0};
    size_t count = 0;
    fer_instant start = fer_instant_now();
    options->failures = failures;
    options->failures_cap = FAILURES_CAP;
    options->failures_count = &count;
    fer_error error = fer_tcp_stream_connect_with(&stream, host_port, options);
    fer_duration elapsed = fer_instant_duration_since(fer_instant_now(), start);
    print_failures(failures, count);
    if (error.kind == FER_OK) {
        error = print_connection(&stream, elapsed);
    }
    fer_tcp_stream_close(&stream);
    return error;
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end = NULL;
    *number = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number > 0 && *number <= MAX_NUMBER;
}

/* Reads the options. Returns the index of the first argument after them, or 0. */
static int parse(fer_connect_options *options, int argc, char **argv)
{
    uint64_t number = 0;
    int next = 1;
    options->limits.deadline = fer_instant_after(fer_duration_from_secs(DEFAULT_SECONDS));
    for (; next + 1 < argc && argv[next][0] == '-'; next += 2) {
        if (strlen(argv[next]) != 2 || !parse_number(argv[next + 1], &number)) {
            return 0;
        }
        switch (argv[next][1]) {
        case 'w':
            options->limits.deadline = fer_instant_after(fer_duration_from_secs(number));
            break;
        case 't': options->attempt_timeout = fer_duration_from_millis(number); break;
        case 'd': options->attempt_delay = fer_duration_from_millis(number); break;
        default: return 0;
        }
    }
    return next + 1 == argc && argv[next][0] != '-' ? next : 0;
}

int main(int argc, char **argv)
{
    fer_connect_options options = {0};
    char text[FER_ERROR_TEXT_CAP];
    int at = parse(&options, argc, argv);
    if (at == 0) {
        fprintf(stderr, "usage: happy [-w SECONDS] [-t MILLISECONDS] [-d MILLISECONDS] "
                        "HOST:PORT\n");
        return 2;
    }
    fer_error error = fer_cancel_token_new(&stop);
    if (error.kind == FER_OK && example_catch_interrupt(cancel)) {
        options.limits.token = &stop;
        error = connect_and_print(argv[at], &options);
        example_restore_interrupt();
    }
    fer_cancel_token_close(&stop);
    if (error.kind != FER_OK) {
        fer_error_format(error, text, sizeof text);
        fprintf(stderr, "%s: %s\n", argv[at], text);
    }
    return error.kind != FER_OK;
}
