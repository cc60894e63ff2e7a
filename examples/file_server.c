/* file_server.c: serves one file over HTTP/1.1, whole or a range of it (RFC 9110, 14), with
 * fer_tcp_stream_send_file. It serves one client at a time; echo_server.c shows how to serve
 * several.
 *
 * usage: file_server [--clients N] ADDR:PORT FILE
 * Every path is the file. Exits after N clients; the default is no limit. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum { HEAD_CAP = 4096, BUFFER_SIZE = 65536, SECONDS = 10 };

static const char usage[] = "usage: file_server [--clients N] ADDR:PORT FILE\n";

struct server {
    const char *address;
    const char *path;
    unsigned long clients; /* 0: no limit */
    fer_raw_file file;
    uint64_t size;
};

/* What a request asks for. */
struct response {
    int status;
    bool has_body;
    uint64_t first;
    uint64_t len;
};

static void complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

/* ---- The request */

/* Reads up to the empty line. A client that sends nothing more has no request. */
static fer_error read_head(fer_tcp_stream *stream, char head[HEAD_CAP])
{
    size_t len = 0;
    do {
        size_t n = 0;
        FER_TRY(fer_tcp_stream_read(stream, head + len, HEAD_CAP - 1 - len, &n));
        len += n;
        head[len] = '\0';
        if (n == 0) {
            return (fer_error){len < HEAD_CAP - 1 ? FER_UNEXPECTED_EOF : FER_INVALID_DATA, 0};
        }
    } while (strstr(head, "\r\n\r\n") == NULL);
    return FER_ERROR_OK;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads a number of at least one digit. A number that is too large is the largest. */
static bool read_number(const char **text, uint64_t *number)
{
    bool has_digits = is_digit(**text);
    *number = 0;
    for (; is_digit(**text); ++*text) {
        uint64_t digit = (uint64_t)(**text - '0');
        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
    }
    return has_digits;
}

/* One range: "5-9", "5-" or "-5". False: it is none, and the response is the whole file. */
static bool read_range(const char *text, uint64_t size, struct response *response)
{
    uint64_t first;
    uint64_t last = UINT64_MAX;
    bool has_first = read_number(&text, &first);
    if (*text++ != '-') {
        return false;
    }
    bool has_last = read_number(&text, &last);
    last = has_last ? last : UINT64_MAX;
    if (*text != '\r' || (!has_first && !has_last) || (has_first && last < first)) {
        return false;
    }
    if (!has_first) {
        first = last < size ? size - last : 0;
        last = last == 0 ? 0 : UINT64_MAX;
        first = last == 0 ? size : first;
    }
    bool is_satisfiable = first < size;
    response->status = is_satisfiable ? 206 : 416;
    response->first = is_satisfiable ? first : 0;
    response->len = !is_satisfiable ? 0 : (last < size ? last + 1 : size) - first;
    return true;
}

/* The value of the field, or NULL. Field names are compared as they are sent by usual clients. */
static const char *field(const char *head, const char *name, const char *other)
{
    const char *found = strstr(head, name);
    found = found != NULL ? found : strstr(head, other);
    return found == NULL ? NULL : found + strlen(name);
}

static struct response response_to(const char *head, uint64_t size)
{
    bool is_get = strncmp(head, "GET /", 5) == 0;
    bool is_head = strncmp(head, "HEAD /", 6) == 0;
    struct response response = {200, is_get, 0, size};
    const char *range = field(head, "\r\nRange: bytes=", "\r\nrange: bytes=");
    if (!is_get && !is_head) {
        return (struct response){405, false, 0, 0};
    }
    if (is_get && range != NULL) {
        (void)read_range(range, size, &response);
    }
    return response;
}

/* ---- The response */

static const char *phrase_of(int status)
{
    switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 405: return "Method Not Allowed\r\nAllow: GET, HEAD";
    default: return "Range Not Satisfiable";
    }
}

static fer_error send_head(fer_tcp_stream *stream, const struct response *response, uint64_t size)
{
    char head[512];
    char range[96] = "";
    if (response->status == 206) {
        snprintf(range, sizeof range, "Content-Range: bytes %llu-%llu/%llu\r\n",
                 (unsigned long long)response->first,
                 (unsigned long long)(response->first + response->len - 1),
                 (unsigned long long)size);
    } else if (response->status == 416) {
        snprintf(range, sizeof range, "Content-Range: bytes */%llu\r\n", (unsigned long long)size);
    }
    snprintf(head, sizeof head,
             "HTTP/1.1 %d %s\r\nContent-Length: %llu\r\nAccept-Ranges: bytes\r\n%s"
             "Connection: close\r\n\r\n",
             response->status, phrase_of(response->status), (unsigned long long)response->len,
             range);
    return fer_tcp_stream_write_all(stream, head, strlen(head), NULL);
}

/* A nonblocking stream, so that the system sends the file, and a client that accepts nothing for
 * some seconds is given up. A stream with a timeout or limits would copy through the buffer. */
static fer_error send_body(fer_tcp_stream *stream, const struct server *server,
                           const struct response *response)
{
    static char memory[BUFFER_SIZE];
    const fer_copy_buffer buffer = {memory, sizeof memory, 0, 0};
    uint64_t sent = 0;
    FER_TRY(fer_tcp_stream_set_limits(stream, NULL));
    FER_TRY(fer_tcp_stream_set_nonblocking(stream, true));
    for (;;) {
        uint64_t n = 0;
        fer_interest ready = 0;
        fer_error error = fer_tcp_stream_send_file(stream, server->file, response->first + sent,
                                                   response->len - sent, &buffer, &n);
        sent += n;
        if (error.kind != FER_WOULD_BLOCK) {
            return error;
        }
        FER_TRY(
            fer_tcp_stream_ready(stream, FER_WRITABLE, fer_duration_from_secs(SECONDS), &ready));
        if (ready == 0) {
            return (fer_error){FER_TIMED_OUT, 0};
        }
    }
}

/* The request and the head of the response have one deadline. */
static fer_error serve_client(const struct server *server, fer_tcp_stream *stream,
                              struct response *response)
{
    char head[HEAD_CAP];
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(SECONDS))};
    FER_TRY(fer_tcp_stream_set_limits(stream, &limits));
    FER_TRY(read_head(stream, head));
    *response = response_to(head, server->size);
    FER_TRY(send_head(stream, response, server->size));
    if (response->has_body && response->len > 0) {
        FER_TRY(send_body(stream, server, response));
    }
    return fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE);
}

/* A failure affects only this client, and is reported. */
static void report(const char *name, fer_error error, const struct response *response)
{
    if (error.kind != FER_OK) {
        complain(name, error);
        return;
    }
    printf("%s: %d, %llu bytes\n", name, response->status,
           (unsigned long long)(response->has_body ? response->len : 0));
    fflush(stdout);
}

static fer_error serve(fer_tcp_listener *listener, const struct server *server)
{
    for (unsigned long served = 0; server->clients == 0 || served < server->clients; served++) {
        fer_tcp_stream stream = {0};
        struct response response = {0};
        fer_socket_addr peer;
        char name[FER_SOCKET_ADDR_TEXT_CAP];
        FER_TRY(fer_tcp_listener_accept(listener, &stream, &peer));
        fer_socket_addr_format(&peer, name, sizeof name);
        report(name, serve_client(server, &stream, &response), &response);
        FER_IGNORE(fer_tcp_stream_close_gracefully(&stream, fer_duration_from_secs(1)));
    }
    return FER_ERROR_OK;
}

static fer_error listen_and_serve(fer_tcp_listener *listener, const struct server *server)
{
    fer_socket_addr local;
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    FER_TRY(fer_tcp_listener_bind(listener, server->address));
    FER_TRY(fer_tcp_listener_local_addr(listener, &local));
    fer_socket_addr_format(&local, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);
    return serve(listener, server);
}

static bool parse_command_line(int argc, char **argv, struct server *server)
{
    int next = 1;
    if (argc > 2 && strcmp(argv[1], "--clients") == 0) {
        char *end = NULL;
        server->clients = strtoul(argv[2], &end, 10);
        if (server->clients == 0 || argv[2][0] == '-' || *end != '\0') {
            return false;
        }
        next = 3;
    }
    if (argc != next + 2 || argv[next][0] == '-') {
        return false;
    }
    server->address = argv[next];
    server->path = argv[next + 1];
    return true;
}

int main(int argc, char **argv)
{
    struct server server = {0};
    fer_tcp_listener listener = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (!parse_command_line(argc, argv, &server)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!example_open_file(server.path, &server.file, &server.size)) {
        fprintf(stderr, "%s: cannot be opened\n", server.path);
        return 1;
    }
    fer_error error = listen_and_serve(&listener, &server);
    fer_tcp_listener_close(&listener);
    if (error.kind != FER_OK) {
        complain(server.address, error);
    }
    return error.kind != FER_OK;
}
