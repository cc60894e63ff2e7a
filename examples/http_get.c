/* http_get.c: fetches a page over HTTP/1.0 (RFC 1945). Each try has one deadline, from the lookup
 * of the name to the last byte, and transient failures are retried. docs/PORTING.md shows the same
 * program in Rust.
 *
 * usage: http_get [-w SECONDS] HOST:PORT [PATH]
 * The body goes to standard output. The exit code is 1 if there is no response or its status is not
 * 2xx. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum {
    TRIES = 3,
    FIRST_PAUSE_MS = 100,
    DEFAULT_SECONDS = 5,
    RESPONSE_CAP = 1 << 20,
    HEAD_CAP = 1024
};

struct request {
    const char *host_port;
    fer_duration limit; /* of each try */
    char head[HEAD_CAP];
    size_t head_len;
};

struct response {
    char bytes[RESPONSE_CAP];
    size_t len;
};

static void complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

/* The end of the stream is the end of the response. */
static fer_error exchange(fer_tcp_stream *stream, const struct request *request,
                          struct response *response)
{
    fer_connect_options options = {0};
    options.limits.deadline = fer_instant_after(request->limit);
    FER_TRY(fer_tcp_stream_connect_with(stream, request->host_port, &options));
    FER_TRY(fer_tcp_stream_set_limits(stream, &options.limits));
    FER_TRY(fer_tcp_stream_write_all(stream, request->head, request->head_len, NULL));
    return fer_tcp_stream_read_to_end(stream, response->bytes, sizeof response->bytes,
                                      &response->len);
}

static fer_error fetch_once(const struct request *request, struct response *response)
{
    fer_tcp_stream stream = {0};
    fer_error error = exchange(&stream, request, response);
    fer_tcp_stream_close(&stream);
    return error;
}

static bool may_pass(fer_error_kind kind)
{
    switch (kind) {
    case FER_TIMED_OUT:
    case FER_CONNECTION_TIMED_OUT:
    case FER_CONNECTION_REFUSED:
    case FER_CONNECTION_RESET:
    case FER_BROKEN_PIPE:
    case FER_RESOLVE_TRY_AGAIN: return true;
    default: return false;
    }
}

/* A GET may be retried (RFC 9110, 9.2.2). */
static fer_error fetch(const struct request *request, struct response *response)
{
    unsigned pause = FIRST_PAUSE_MS;
    fer_error error = fetch_once(request, response);
    for (int again = 1; again < TRIES && may_pass(error.kind); again++) {
        complain("trying again", error);
        example_pause(pause);
        pause *= 2;
        error = fetch_once(request, response);
    }
    return error;
}

/* The status, or 0 if the response is not HTTP. */
static int status_of(const struct response *response)
{
    const char *text = response->bytes;
    bool is_http = response->len >= 12 && memcmp(text, "HTTP/1.", 7) == 0 && text[8] == ' ';
    int status = 0;
    for (int i = 9; is_http && i < 12; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        status = status * 10 + (text[i] - '0');
    }
    return status;
}

/* The body begins after the first empty line. */
static size_t body_of(const struct response *response)
{
    for (size_t i = 4; i <= response->len; i++) {
        if (memcmp(response->bytes + i - 4, "\r\n\r\n", 4) == 0) {
            return i;
        }
    }
    return response->len;
}

static bool print_body(const struct response *response)
{
    size_t body = body_of(response);
    return example_write_output(response->bytes + body, response->len - body);
}

/* Rejects line ends, which would end the request early. */
static bool write_head(struct request *request, const char *path)
{
    int len = snprintf(request->head, sizeof request->head, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n",
                       path, request->host_port);
    request->head_len = len > 0 ? (size_t)len : 0;
    return len > 0 && (size_t)len < sizeof request->head && path[0] == '/' &&
           strpbrk(path, " \r\n") == NULL && strpbrk(request->host_port, " \r\n") == NULL;
}

static int wrong_usage(void)
{
    fprintf(stderr, "usage: http_get [-w SECONDS] HOST:PORT [PATH]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static struct response response;
    struct request request = {.limit = fer_duration_from_secs(DEFAULT_SECONDS)};
    int next = 1;
    if (argc > 2 && strcmp(argv[1], "-w") == 0) {
        request.limit = fer_duration_from_secs(strtoul(argv[2], NULL, 10));
        next = 3;
    }
    request.host_port = next < argc ? argv[next] : "-";
    if (request.host_port[0] == '-' || argc > next + 2 || request.limit.nanos == 0 ||
        !write_head(&request, argc > next + 1 ? argv[next + 1] : "/")) {
        return wrong_usage();
    }
    fer_error error = fetch(&request, &response);
    if (error.kind != FER_OK) {
        complain(request.host_port, error);
        return 1;
    }
    int status = status_of(&response);
    if (status < 200 || status > 299) {
        fprintf(stderr, "%s: status %d\n", request.host_port, status);
        return 1;
    }
    return print_body(&response) ? 0 : 1;
}
