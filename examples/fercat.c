/* fercat.c: a small netcat: connects or listens, and copies standard input and output over TCP in
 * both directions at once.
 *
 * Two threads share one stream: the sender reads standard input and writes the stream, main reads
 * the stream and writes standard output. fercat -h shows the usage. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TIMEOUT = 3, EXIT_CANCELLED = 130 };
enum { BUFFER_SIZE = 64 * 1024, MAX_ADDRS = 16, GRACE_SECONDS = 1, MAX_SECONDS = 1000000 };

static const char help[] =
    "usage: fercat [-v] [-w SECONDS] HOST PORT | HOST:PORT\n"
    "       fercat -l [-kv] [-w SECONDS] [HOST] PORT | HOST:PORT\n"
    "\n"
    "Connects, or with -l listens for one connection, sends standard input "
    "and writes the received bytes to standard output.\n"
    "The end of standard input shuts down only the write half. HOST is a "
    "name or an address; HOST:PORT needs brackets around\n"
    "an IPv6 address. PORT is a number. With -l, port 0 is an ephemeral "
    "port, and the default HOST is all local addresses.\n"
    "\n"
    "  -l          listen\n"
    "  -k          with -l: continue to listen; the first connection gets "
    "standard input, later ones are only received from\n"
    "  -w SECONDS  the timeout of the lookup and the connect together, and of "
    "a connection that is idle in both directions;\n"
    "              accepting a connection has no timeout\n"
    "  -v          report each connection on standard error; -l with port 0 "
    "always reports its address\n"
    "  -h          show this help\n"
    "\n"
    "fercat exits after the peer's end of file, when standard input has "
    "been sent or has been silent for one second\n"
    "(with -w: for SECONDS).\n"
    "\n"
    "exit code: 0 success, 1 a network, input or output failure, 2 wrong "
    "usage or no address, 3 timed out,\n"
    "130 ended by Ctrl-C\n";

/* The command line. */
struct request {
    bool listens;
    bool keeps_listening;
    bool verbose;
    bool any_host;    /* listen on all local addresses */
    unsigned idle;    /* seconds; 0: no timeout */
    char target[300]; /* "host:port" */
};

/* Shared by the two threads. It is never freed, because the sender may still wait for standard
 * input when main returns. */
struct session {
    fer_tcp_stream stream;
    example_lock lock;
    /* The lock guards the members below; only the sender changes them. */
    uint64_t steps;  /* counts the sender's steps; unchanged while it waits */
    bool is_writing; /* has bytes and waits until the network accepts them */
    bool is_done;
    bool input_failed;
    fer_error error;
};

static struct session session = {.lock = EXAMPLE_LOCK_INIT};

/* Cancelled by Ctrl-C. It limits every call that waits for the network, the lookup included. */
static fer_cancel_token stop;

static void cancel(void)
{
    FER_IGNORE(fer_cancel_token_cancel(&stop));
}

/* ---- Messages */

static int exit_code_of(fer_error error)
{
    switch (error.kind) {
    case FER_OK: return EXIT_OK;
    case FER_TIMED_OUT: return EXIT_TIMEOUT;
    case FER_CANCELLED: return EXIT_CANCELLED;
    default: return EXIT_FAILED;
    }
}

/* Reports a failure by the kind's name and the OS code, and returns the exit code. */
static int complain(const char *what, const char *where, fer_error error)
{
    fprintf(stderr, "fercat: %s %s: %s", what, where, fer_error_kind_name(error.kind));
    if (error.os_code != 0) {
        fprintf(stderr, " (os error %ld)", (long)error.os_code);
    }
    fprintf(stderr, "\n");
    return exit_code_of(error);
}

static int complain_usage(const char *problem)
{
    fprintf(stderr, "fercat: %s\nTry fercat -h.\n", problem);
    return EXIT_USAGE;
}

static fer_duration duration_of(unsigned seconds)
{
    return seconds == 0 ? FER_DURATION_NONE : fer_duration_from_secs(seconds);
}

/* ---- Standard input to the stream: the sender's thread */

static void note_progress(bool is_writing)
{
    example_acquire(&session.lock);
    session.steps++;
    session.is_writing = is_writing;
    example_release(&session.lock);
}

static void send_input(void *unused)
{
    static char buf[BUFFER_SIZE];
    fer_error error = {FER_OK, 0};
    bool input_failed = false;
    (void)unused;
    while (error.kind == FER_OK) {
        size_t n = 0;
        input_failed = !example_read_input(buf, sizeof buf, &n);
        if (input_failed || n == 0) {
            break;
        }
        note_progress(true);
        error = fer_tcp_stream_write_all(&session.stream, buf, n, NULL);
        note_progress(false);
    }
    /* Also after a failure: the peer waits for our end of file, and may still send the cause. */
    fer_error ended = fer_tcp_stream_shutdown(&session.stream, FER_SHUTDOWN_WRITE);
    example_acquire(&session.lock);
    session.error = error.kind == FER_OK ? ended : error;
    session.input_failed = input_failed;
    session.is_done = true;
    example_wake(&session.lock);
    example_release(&session.lock);
}

/* Whether the sender has made progress since *seen. */
static bool sender_progressed(uint64_t *seen)
{
    example_acquire(&session.lock);
    bool progressed = session.steps != *seen;
    *seen = session.steps;
    example_release(&session.lock);
    return progressed;
}

/* After the peer's end of file: waits until the sender has sent the available input. Ctrl-C then
 * ends the program at once: a lock has no limits. */
static fer_error wait_for_sender(unsigned idle)
{
    fer_error error = {FER_OK, 0};
    example_restore_interrupt();
    example_acquire(&session.lock);
    while (!session.is_done) {
        uint64_t seen = session.steps;
        if (example_wait(&session.lock, idle == 0 ? GRACE_SECONDS : idle) ||
            session.steps != seen) {
            continue;
        }
        if (!session.is_writing) {
            break; /* standard input is silent */
        }
        if (idle != 0) {
            error.kind = FER_TIMED_OUT;
            break;
        }
    }
    if (session.is_done) {
        error = session.error;
    }
    example_release(&session.lock);
    return error;
}

/* ---- The stream to standard output */

/* Reads until end of file. A read that timed out has lost nothing, and is retried while the other
 * direction makes progress. */
static fer_error receive(fer_tcp_stream *stream, bool *output_failed)
{
    static char buf[BUFFER_SIZE];
    uint64_t seen = 0;
    for (;;) {
        size_t n = 0;
        fer_error error = fer_tcp_stream_read(stream, buf, sizeof buf, &n);
        bool expired = error.kind == FER_TIMED_OUT;
        if (error.kind == FER_INTERRUPTED || (expired && sender_progressed(&seen))) {
            continue;
        }
        if (error.kind != FER_OK || n == 0) {
            return error;
        }
        if (!example_write_output(buf, n)) {
            *output_failed = true;
            return error;
        }
    }
}

static int complain_output(void)
{
    fprintf(stderr, "fercat: cannot write standard output\n");
    return EXIT_FAILED;
}

/* The first connection, in both directions. If the sender still waits for standard input, it is
 * detached and the stream stays open, because the sender uses it. */
static int run_session(const char *peer, unsigned idle)
{
    static example_thread sender = {.run = send_input};
    bool output_failed = false;
    if (!example_start(&sender)) {
        fprintf(stderr, "fercat: cannot start a thread\n");
        return EXIT_FAILED;
    }
    fer_error received = receive(&session.stream, &output_failed);
    if (output_failed || received.kind != FER_OK) {
        example_detach(&sender);
        return output_failed ? complain_output() : complain("receive from", peer, received);
    }
    fer_error sent = wait_for_sender(idle);
    example_acquire(&session.lock);
    bool is_done = session.is_done;
    bool input_failed = session.input_failed;
    example_release(&session.lock);
    if (is_done) {
        example_join(&sender);
        fer_tcp_stream_close(&session.stream);
    } else {
        example_detach(&sender);
        sent = sent.kind == FER_OK ? fer_tcp_stream_shutdown(&session.stream, FER_SHUTDOWN_WRITE)
                                   : sent;
    }
    if (sent.kind != FER_OK) {
        return complain("send to", peer, sent);
    }
    if (input_failed) {
        fprintf(stderr, "fercat: cannot read standard input\n");
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* A later connection of -k: standard input belongs to the first. */
static int receive_only(fer_tcp_stream *stream, const char *peer)
{
    bool output_failed = false;
    fer_error error = fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE);
    if (error.kind == FER_OK) {
        error = receive(stream, &output_failed);
    }
    fer_tcp_stream_close(stream);
    if (output_failed) {
        return complain_output();
    }
    return error.kind == FER_OK ? EXIT_OK : complain("receive from", peer, error);
}

/* ---- Connecting and listening */

/* The limits of a stream: Ctrl-C, and the timeout of each read. */
static fer_error limit_stream(fer_tcp_stream *stream, unsigned idle)
{
    const fer_limits limits = {.token = &stop};
    FER_TRY(fer_tcp_stream_set_limits(stream, &limits));
    return fer_tcp_stream_set_read_timeout(stream, duration_of(idle));
}

/* Looks the name up and connects, within one deadline. */
static fer_error connect_to_target(const struct request *request)
{
    fer_connect_failure failures[MAX_ADDRS];
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    size_t count = 0;
    fer_connect_options options = {0};
    options.limits.deadline = fer_instant_after(duration_of(request->idle));
    options.limits.token = &stop;
    options.failures = failures;
    options.failures_cap = MAX_ADDRS;
    options.failures_count = &count;
    fer_error error = fer_tcp_stream_connect_with(&session.stream, request->target, &options);
    for (size_t i = 0; request->verbose && i < count && i < MAX_ADDRS; i++) {
        fer_socket_addr_format(&failures[i].addr, text, sizeof text);
        (void)complain("connect to", text, failures[i].error);
    }
    FER_TRY(error);
    return limit_stream(&session.stream, request->idle);
}

static int run_connect(const struct request *request)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr peer;
    fer_error error = connect_to_target(request);
    if (error.kind == FER_OK) {
        error = fer_tcp_stream_peer_addr(&session.stream, &peer);
    }
    if (error.kind != FER_OK) {
        int code = complain("connect to", request->target, error);
        return error.kind == FER_INVALID_INPUT ? EXIT_USAGE : code;
    }
    fer_socket_addr_format(&peer, text, sizeof text);
    if (request->verbose) {
        fprintf(stderr, "connected to %s\n", text);
    }
    return run_session(text, request->idle);
}

/* Accepts one connection and formats its peer address. */
static fer_error accept_one(fer_tcp_listener *listener, fer_tcp_stream *stream,
                            const struct request *request, char *text)
{
    fer_socket_addr peer;
    FER_TRY(fer_tcp_listener_accept(listener, stream, &peer));
    FER_TRY(limit_stream(stream, request->idle));
    fer_socket_addr_format(&peer, text, FER_SOCKET_ADDR_TEXT_CAP);
    if (request->verbose) {
        fprintf(stderr, "connection from %s\n", text);
    }
    return FER_ERROR_OK;
}

/* The addresses of the target. For all local addresses IPv4's wildcard is added, for a machine
 * without IPv6. */
static fer_error find_addrs(const struct request *request, fer_socket_addr *addrs, size_t *count)
{
    const fer_limits limits = {.token = &stop};
    FER_TRY(fer_to_socket_addrs_with(request->target, &(fer_lookup_options){.limits = limits},
                                     addrs, MAX_ADDRS, count));
    if (*count > MAX_ADDRS) {
        *count = MAX_ADDRS;
    }
    if (request->any_host) {
        fer_ipv4_addr any = FER_IPV4_ADDR_UNSPECIFIED;
        addrs[1] = fer_socket_addr_v4_new(any, addrs[0].port);
        *count = 2;
    }
    return FER_ERROR_OK;
}

static fer_error start_listening(fer_tcp_listener *listener, const struct request *request,
                                 const fer_socket_addr *addrs, size_t count)
{
    fer_socket_addr local;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    const fer_limits limits = {.token = &stop};
    fer_error error = fer_tcp_listener_bind_addr(listener, &addrs[0]);
    for (size_t i = 1; error.kind != FER_OK && i < count; i++) {
        error = fer_tcp_listener_bind_addr(listener, &addrs[i]);
    }
    FER_TRY(error);
    FER_TRY(fer_tcp_listener_set_limits(listener, &limits));
    FER_TRY(fer_tcp_listener_local_addr(listener, &local));
    fer_socket_addr_format(&local, text, sizeof text);
    if (request->verbose || addrs[0].port == 0) {
        fprintf(stderr, "listening on %s\n", text);
    }
    return FER_ERROR_OK;
}

static int run_listen(const struct request *request)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addrs[MAX_ADDRS];
    size_t count = 0;
    char peer[FER_SOCKET_ADDR_TEXT_CAP];
    fer_error error = find_addrs(request, addrs, &count);
    if (error.kind != FER_OK) {
        int code = complain("find", request->target, error);
        return error.kind == FER_INVALID_INPUT ? EXIT_USAGE : code;
    }
    error = start_listening(&listener, request, addrs, count);
    if (error.kind == FER_OK) {
        error = accept_one(&listener, &session.stream, request, peer);
    }
    if (error.kind != FER_OK) {
        return complain("listen on", request->target, error);
    }
    if (!request->keeps_listening) {
        fer_tcp_listener_close(&listener);
    }
    int code = run_session(peer, request->idle);
    while (request->keeps_listening) {
        fer_tcp_stream stream = {0};
        error = accept_one(&listener, &stream, request, peer);
        if (error.kind != FER_OK) {
            return complain("listen on", request->target, error);
        }
        (void)receive_only(&stream, peer);
    }
    return code;
}

/* ---- The command line */

static bool parse_seconds(const char *text, unsigned *seconds)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value == 0 || value > MAX_SECONDS) {
        return false;
    }
    *seconds = (unsigned)value;
    return true;
}

/* Reads the letters of argv[*next], such as -lkv or -w5. False for an unknown letter, or for -w
 * without a number. */
static bool parse_letters(struct request *request, char **argv, int argc, int *next)
{
    for (const char *letter = argv[*next] + 1; *letter != '\0'; letter++) {
        switch (*letter) {
        case 'l': request->listens = true; break;
        case 'k': request->keeps_listening = true; break;
        case 'v': request->verbose = true; break;
        case 'h': fputs(help, stdout); exit(EXIT_OK);
        case 'w':
            if (letter[1] != '\0') {
                return parse_seconds(letter + 1, &request->idle);
            }
            *next += 1;
            return *next < argc && parse_seconds(argv[*next], &request->idle);
        default: return false;
        }
    }
    return true;
}

/* Makes "host:port" from one argument or two. An address with colons gets brackets. */
static bool parse_target(struct request *request, char **argv, int count)
{
    int len = -1;
    if (count == 2) {
        bool needs_brackets = strchr(argv[0], ':') != NULL && argv[0][0] != '[';
        len = snprintf(request->target, sizeof request->target,
                       needs_brackets ? "[%s]:%s" : "%s:%s", argv[0], argv[1]);
    } else if (count == 1 && strchr(argv[0], ':') != NULL) {
        len = snprintf(request->target, sizeof request->target, "%s", argv[0]);
    } else if (count == 1 && request->listens) {
        request->any_host = true;
        len = snprintf(request->target, sizeof request->target, "[::]:%s", argv[0]);
    }
    return len > 0 && (size_t)len < sizeof request->target;
}

int main(int argc, char **argv)
{
    struct request request = {0};
    int next = 1;
    for (; next < argc && argv[next][0] == '-' && argv[next][1] != '\0'; next++) {
        if (!parse_letters(&request, argv, argc, &next)) {
            return complain_usage("an unknown option, or -w without a number of seconds");
        }
    }
    if (request.keeps_listening && !request.listens) {
        return complain_usage("-k needs -l");
    }
    if (!parse_target(&request, argv + next, argc - next)) {
        return complain_usage("HOST PORT or HOST:PORT is needed");
    }
    fer_error error = fer_cancel_token_new(&stop);
    if (error.kind != FER_OK || !example_catch_interrupt(cancel)) {
        return complain("prepare for", request.target, error);
    }
    return request.listens ? run_listen(&request) : run_connect(&request);
}
