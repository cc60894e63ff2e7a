/* tls_get.c: fetches a page over HTTPS, with a TLS library behind tls.h: OpenSSL in the program
 * tls_get, Mbed TLS in tls_get_mbedtls. The library moves its bytes by the _try_ calls of a stream,
 * so one deadline and Ctrl-C end every wait, from the lookup to the last byte. The server's
 * certificate and its name are verified.
 *
 * usage: tls_get [-w SECONDS] [-a CA-FILE] HOST:PORT [PATH]
 * The response goes to standard output, its head included. The exit code is 1 after a failure, also
 * if the connection ends without TLS's close_notify. */
#include "example_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"
#include "tls.h"

enum { DEFAULT_SECONDS = 10, HEAD_CAP = 1024, HOST_CAP = 256, REASON_CAP = 128 };

struct page {
    const char *host_port;
    const char *ca_file; /* NULL: the system's certificates */
    char host[HOST_CAP];
    char head[HEAD_CAP];
    char reason[REASON_CAP]; /* of the TLS library, after a failure */
    fer_limits limits;
};

static fer_cancel_token stop;

/* Runs in a signal handler on POSIX systems. */
static void cancel(void)
{
    FER_IGNORE(fer_cancel_token_cancel(&stop));
}

/* Prepares the next call of the library: waits if the last one requires it. The try calls do not
 * check the limits, and the peer might never stop sending. */
static fer_error wait_for(enum tls_result last, struct tls_transport *transport,
                          const fer_limits *limits)
{
    fer_interest interest = last == TLS_WANTS_WRITE ? FER_WRITABLE : FER_READABLE;
    fer_interest ready = 0;
    switch (last) {
    case TLS_DONE: break;
    case TLS_WANTS_READ:
    case TLS_WANTS_WRITE:
        FER_TRY(fer_tcp_stream_ready(&transport->stream, interest, FER_DURATION_NONE, &ready));
        break;
    case TLS_CLOSED: return (fer_error){FER_UNEXPECTED_EOF, 0};
    case TLS_FAILED:
        return transport->error.kind != FER_OK ? transport->error
                                               : (fer_error){FER_INVALID_DATA, 0};
    }
    if (fer_cancel_token_is_cancelled(limits->token)) {
        return (fer_error){FER_CANCELLED, 0};
    }
    bool is_late = fer_instant_remaining(limits->deadline).nanos == 0;
    return (fer_error){is_late ? FER_TIMED_OUT : FER_OK, 0};
}

static fer_error shake_hands(struct tls_session *session, struct tls_transport *transport,
                             const fer_limits *limits)
{
    enum tls_result result = TLS_WANTS_WRITE;
    while (result != TLS_DONE) {
        FER_TRY(wait_for(result, transport, limits));
        result = tls_session_handshake(session);
    }
    return FER_ERROR_OK;
}

static fer_error send_head(struct tls_session *session, struct tls_transport *transport,
                           const struct page *page)
{
    enum tls_result result = TLS_DONE;
    size_t len = strlen(page->head);
    size_t sent = 0;
    while (sent < len) {
        size_t n = 0;
        FER_TRY(wait_for(result, transport, &page->limits));
        result = tls_session_write(session, page->head + sent, len - sent, &n);
        sent += n;
    }
    return FER_ERROR_OK;
}

/* Until close_notify. An end of file without it may be an attacker's. */
static fer_error print_response(struct tls_session *session, struct tls_transport *transport,
                                const fer_limits *limits)
{
    enum tls_result result = TLS_DONE;
    while (result != TLS_CLOSED) {
        char buf[4096];
        size_t n = 0;
        FER_TRY(wait_for(result, transport, limits));
        result = tls_session_read(session, buf, sizeof buf, &n);
        if (n > 0 && !example_write_output(buf, n)) {
            return (fer_error){FER_BROKEN_PIPE, 0};
        }
    }
    return FER_ERROR_OK;
}

static fer_error exchange(struct tls_session *session, struct tls_transport *transport,
                          const struct page *page)
{
    fer_connect_options options = {0};
    options.limits = page->limits;
    if (tls_session_verify(session, page->ca_file, page->host) != TLS_DONE) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    FER_TRY(fer_tcp_stream_connect_with(&transport->stream, page->host_port, &options));
    FER_TRY(fer_tcp_stream_set_limits(&transport->stream, &page->limits));
    FER_TRY(shake_hands(session, transport, &page->limits));
    FER_TRY(send_head(session, transport, page));
    return print_response(session, transport, &page->limits);
}

static fer_error fetch(struct page *page)
{
    struct tls_transport transport = {0};
    struct tls_session *session = tls_session_new(&transport);
    fer_error error = {FER_OUT_OF_MEMORY, 0};
    if (session != NULL) {
        error = exchange(session, &transport, page);
        if (error.kind == FER_INVALID_DATA || error.kind == FER_INVALID_INPUT) {
            tls_session_reason(session, page->reason, sizeof page->reason);
        }
    }
    tls_session_free(session);
    fer_tcp_stream_close(&transport.stream);
    return error;
}

/* Copies the host, without brackets, and writes the request. */
static bool write_page(struct page *page, const char *path)
{
    const char *colon = strrchr(page->host_port, ':');
    bool is_bracketed = page->host_port[0] == '[';
    const char *host = page->host_port + is_bracketed;
    if (colon == NULL || colon - host < 1 + is_bracketed ||
        (size_t)(colon - host) >= sizeof page->host) {
        return false;
    }
    memcpy(page->host, host, (size_t)(colon - host) - is_bracketed);
    int len = snprintf(page->head, sizeof page->head, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path,
                       page->host_port);
    return len > 0 && (size_t)len < sizeof page->head && path[0] == '/' &&
           strpbrk(path, " \r\n") == NULL && strpbrk(page->host_port, " \r\n") == NULL;
}

static void complain(const struct page *page, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", page->host_port, page->reason[0] != '\0' ? page->reason : text);
}

int main(int argc, char **argv)
{
    static struct page page;
    fer_duration limit = fer_duration_from_secs(DEFAULT_SECONDS);
    int next = 1;
    for (; argc > next + 1 && argv[next][0] == '-'; next += 2) {
        if (strcmp(argv[next], "-w") == 0) {
            limit = fer_duration_from_secs(strtoul(argv[next + 1], NULL, 10));
        } else if (strcmp(argv[next], "-a") == 0) {
            page.ca_file = argv[next + 1];
        } else {
            break;
        }
    }
    page.host_port = next < argc ? argv[next] : "";
    if (argc > next + 2 || limit.nanos == 0 ||
        !write_page(&page, argc > next + 1 ? argv[next + 1] : "/")) {
        fprintf(stderr, "usage: tls_get [-w SECONDS] [-a CA-FILE] HOST:PORT [PATH]\n");
        return 2;
    }
    fer_error error = fer_cancel_token_new(&stop);
    if (error.kind == FER_OK && example_catch_interrupt(cancel)) {
        page.limits = (fer_limits){.deadline = fer_instant_after(limit), .token = &stop};
        error = fetch(&page);
        example_restore_interrupt();
    }
    if (error.kind != FER_OK) {
        complain(&page, error);
    }
    fer_cancel_token_close(&stop);
    return error.kind == FER_OK ? 0 : 1;
}
