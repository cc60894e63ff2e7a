/* redis_ping.c: sends PING or another command to a Redis server, in its protocol (RESP2). One
 * deadline holds from the lookup to the answer, and Ctrl-C cancels it. No length of the server is
 * trusted: an answer is limited to one line or one string that fits in the buffer.
 *
 * usage: redis_ping [-w SECONDS] HOST:PORT [COMMAND [ARGUMENT]...]
 * The answer goes to standard output. The exit code is 1 if there is none, or if it is an error. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum { DEFAULT_SECONDS = 5, REQUEST_CAP = 4096, ANSWER_CAP = 4096 };

struct request {
    char bytes[REQUEST_CAP];
    size_t len;
};

/* The bytes received; the answer's text is len bytes from start on. */
struct answer {
    char bytes[ANSWER_CAP];
    size_t received;
    size_t start;
    size_t len;
};

static const fer_error bad_answer = {FER_INVALID_DATA, 0};
static fer_cancel_token stop;

/* Runs in a signal handler on POSIX systems. */
static void cancel(void)
{
    FER_IGNORE(fer_cancel_token_cancel(&stop));
}

static bool append(struct request *request, const void *bytes, size_t len)
{
    if (len > sizeof request->bytes - request->len) {
        return false;
    }
    memcpy(request->bytes + request->len, bytes, len);
    request->len += len;
    return true;
}

static bool append_number(struct request *request, char type, size_t number)
{
    char line[32];
    int len = snprintf(line, sizeof line, "%c%lu\r\n", type, (unsigned long)number);
    return len > 0 && append(request, line, (size_t)len);
}

/* A command is an array of strings with their lengths, so an argument may have any bytes. */
static bool write_command(struct request *request, char **words, size_t count)
{
    bool fits = append_number(request, '*', count);
    for (size_t i = 0; fits && i < count; i++) {
        size_t len = strlen(words[i]);
        fits = append_number(request, '$', len) && append(request, words[i], len) &&
               append(request, "\r\n", 2);
    }
    return fits;
}

static fer_error receive_more(fer_tcp_stream *stream, struct answer *answer)
{
    size_t n = 0;
    if (answer->received == sizeof answer->bytes) {
        return (fer_error){FER_BUFFER_TOO_SMALL, 0};
    }
    FER_TRY(fer_tcp_stream_read(stream, answer->bytes + answer->received,
                                sizeof answer->bytes - answer->received, &n));
    answer->received += n;
    return (fer_error){n == 0 ? FER_UNEXPECTED_EOF : FER_OK, 0};
}

/* Receives the first line. Its length is that of the text without the line end. */
static fer_error receive_line(fer_tcp_stream *stream, struct answer *answer, size_t *len)
{
    size_t seen = 0;
    for (;;) {
        for (; seen < answer->received; seen++) {
            if (answer->bytes[seen] == '\n') {
                *len = seen == 0 ? 0 : seen - 1;
                return seen > 1 && answer->bytes[seen - 1] == '\r' ? FER_ERROR_OK : bad_answer;
            }
        }
        FER_TRY(receive_more(stream, answer));
    }
}

/* Parses the digits of a length. A length above limit is refused before it can overflow. */
static fer_error parse_length(const char *digits, size_t count, size_t limit, size_t *out)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return bad_answer;
        }
        length = length * 10 + (size_t)(digits[i] - '0');
        if (length > limit) {
            return (fer_error){FER_BUFFER_TOO_SMALL, 0};
        }
    }
    *out = length;
    return count == 0 ? bad_answer : FER_ERROR_OK;
}

/* Receives the text of a string, after its line of line_len bytes, and its line end. */
static fer_error receive_string(fer_tcp_stream *stream, struct answer *answer, size_t line_len)
{
    size_t start = line_len + 2;
    size_t len = 0;
    if (line_len == 3 && memcmp(answer->bytes, "$-1", 3) == 0) {
        return (fer_error){FER_NOT_FOUND, 0};
    }
    if (sizeof answer->bytes < start + 2) {
        return (fer_error){FER_BUFFER_TOO_SMALL, 0};
    }
    FER_TRY(parse_length(answer->bytes + 1, line_len - 1, sizeof answer->bytes - start - 2, &len));
    while (answer->received < start + len + 2) {
        FER_TRY(receive_more(stream, answer));
    }
    answer->start = start;
    answer->len = len;
    bool is_ended = memcmp(answer->bytes + start + len, "\r\n", 2) == 0;
    return is_ended ? FER_ERROR_OK : bad_answer;
}

static fer_error receive_answer(fer_tcp_stream *stream, struct answer *answer)
{
    size_t line_len = 0;
    FER_TRY(receive_line(stream, answer, &line_len));
    switch (answer->bytes[0]) {
    case '+':
    case '-':
    case ':':
        answer->start = 1;
        answer->len = line_len - 1;
        return FER_ERROR_OK;
    case '$': return receive_string(stream, answer, line_len);
    case '*': return (fer_error){FER_UNSUPPORTED, 0};
    default: return bad_answer;
    }
}

static fer_error exchange(fer_tcp_stream *stream, const char *host_port, fer_duration limit,
                          const struct request *request, struct answer *answer)
{
    fer_connect_options options = {0};
    options.limits = (fer_limits){.deadline = fer_instant_after(limit), .token = &stop};
    FER_TRY(fer_tcp_stream_connect_with(stream, host_port, &options));
    FER_TRY(fer_tcp_stream_set_limits(stream, &options.limits));
    FER_TRY(fer_tcp_stream_write_all(stream, request->bytes, request->len, NULL));
    return receive_answer(stream, answer);
}

static fer_error ask(const char *host_port, fer_duration limit, const struct request *request,
                     struct answer *answer)
{
    fer_tcp_stream stream = {0};
    FER_TRY(fer_cancel_token_new(&stop));
    fer_error error = {FER_OTHER, 0};
    if (example_catch_interrupt(cancel)) {
        error = exchange(&stream, host_port, limit, request, answer);
        example_restore_interrupt();
    }
    fer_tcp_stream_close(&stream);
    fer_cancel_token_close(&stop);
    return error;
}

static int wrong_usage(void)
{
    fprintf(stderr, "usage: redis_ping [-w SECONDS] HOST:PORT [COMMAND [ARGUMENT]...]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static struct request request;
    static struct answer answer;
    static char ping_word[] = "PING";
    char *ping[] = {ping_word};
    fer_duration limit = fer_duration_from_secs(DEFAULT_SECONDS);
    int next = 1;
    if (argc > 2 && strcmp(argv[1], "-w") == 0) {
        limit = fer_duration_from_secs(strtoul(argv[2], NULL, 10));
        next = 3;
    }
    if (next >= argc || argv[next][0] == '-' || limit.nanos == 0) {
        return wrong_usage();
    }
    bool has_command = argc > next + 1;
    if (!write_command(&request, has_command ? argv + next + 1 : ping,
                       has_command ? (size_t)(argc - next - 1) : 1)) {
        return wrong_usage();
    }
    fer_error error = ask(argv[next], limit, &request, &answer);
    if (error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        fer_error_format(error, text, sizeof text);
        fprintf(stderr, "%s: %s\n", argv[next], text);
        return 1;
    }
    bool is_printed = example_write_output(answer.bytes + answer.start, answer.len) &&
                      example_write_output("\n", 1);
    return is_printed && answer.bytes[0] != '-' ? 0 : 1;
}
