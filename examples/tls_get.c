/* tls_get.c: fetches a page over HTTPS with OpenSSL. A BIO on the _try_ calls connects OpenSSL to a
 * stream, so one deadline and Ctrl-C end every wait, from the lookup to the last byte. The server's
 * certificate and its name are verified.
 *
 * usage: tls_get [-w SECONDS] [-a CA-FILE] HOST:PORT [PATH]
 * The response goes to standard output, its head included. The exit code is 1 after a failure, also
 * if the connection ends without TLS's close_notify. */
#include "example_os.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum { DEFAULT_SECONDS = 10, HEAD_CAP = 1024, HOST_CAP = 256 };

struct page {
    const char *host_port;
    const char *ca_file; /* NULL: the system's certificates */
    char host[HOST_CAP];
    char head[HEAD_CAP];
    fer_limits limits;
};

/* The BIO's stream, and the first error of it, which OpenSSL does not report. */
struct transport {
    fer_tcp_stream stream;
    fer_error error;
};

static fer_cancel_token stop;

/* Runs in a signal handler on POSIX systems. */
static void cancel(void)
{
    FER_IGNORE(fer_cancel_token_cancel(&stop));
}

/* Reports a transfer of n bytes to OpenSSL; FER_WOULD_BLOCK becomes a retry. */
static int bio_result(BIO *bio, fer_error error, size_t n, size_t *done, int retry_flag)
{
    struct transport *transport = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *done = error.kind == FER_OK ? n : 0;
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    } else if (error.kind != FER_OK) {
        transport->error = error;
    }
    return *done > 0;
}

static int bio_read(BIO *bio, char *buf, size_t len, size_t *done)
{
    struct transport *transport = BIO_get_data(bio);
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_read(&transport->stream, buf, len, &n);
    if (error.kind == FER_OK && n == 0) {
        error.kind = FER_UNEXPECTED_EOF;
    }
    return bio_result(bio, error, n, done, BIO_FLAGS_READ);
}

static int bio_write(BIO *bio, const char *buf, size_t len, size_t *done)
{
    struct transport *transport = BIO_get_data(bio);
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_write(&transport->stream, buf, len, &n);
    return bio_result(bio, error, n, done, BIO_FLAGS_WRITE);
}

/* OpenSSL requires only that a flush succeeds. */
static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

/* Waits until a call of OpenSSL can be repeated. Otherwise returns the reason of its failure. */
static fer_error wait_for(SSL *ssl, struct transport *transport, int result)
{
    fer_interest interest = FER_READABLE;
    fer_interest ready = 0;
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_WANT_WRITE: interest = FER_WRITABLE; break;
    default:
        return transport->error.kind != FER_OK ? transport->error
                                               : (fer_error){FER_INVALID_DATA, 0};
    }
    return fer_tcp_stream_ready(&transport->stream, interest, FER_DURATION_NONE, &ready);
}

static fer_error shake_hands(SSL *ssl, struct transport *transport)
{
    for (;;) {
        int result = SSL_connect(ssl);
        if (result == 1) {
            return (fer_error){FER_OK, 0};
        }
        FER_TRY(wait_for(ssl, transport, result));
    }
}

static fer_error send_head(SSL *ssl, struct transport *transport, const char *head)
{
    size_t n = 0;
    for (;;) {
        int result = SSL_write_ex(ssl, head, strlen(head), &n); /* all bytes or none */
        if (result == 1) {
            return (fer_error){FER_OK, 0};
        }
        FER_TRY(wait_for(ssl, transport, result));
    }
}

/* The try calls do not check the limits, and the peer might never stop sending. */
static fer_error check_limits(const fer_limits *limits)
{
    if (fer_cancel_token_is_cancelled(limits->token)) {
        return (fer_error){FER_CANCELLED, 0};
    }
    bool is_late = fer_instant_remaining(limits->deadline).nanos == 0;
    return (fer_error){is_late ? FER_TIMED_OUT : FER_OK, 0};
}

/* Until close_notify. An end of file without it may be an attacker's. */
static fer_error print_response(SSL *ssl, struct transport *transport, const fer_limits *limits)
{
    char buf[4096];
    for (;;) {
        size_t n = 0;
        FER_TRY(check_limits(limits));
        int result = SSL_read_ex(ssl, buf, sizeof buf, &n);
        if (result == 1) {
            if (!example_write_output(buf, n)) {
                return (fer_error){FER_BROKEN_PIPE, 0};
            }
        } else if (SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN) {
            return (fer_error){FER_OK, 0};
        } else {
            FER_TRY(wait_for(ssl, transport, result));
        }
    }
}

/* A certificate names a host or an address. */
static bool verify_name(SSL *ssl, const char *host)
{
    fer_ip_addr ip;
    if (fer_ip_addr_parse(&ip, host).kind == FER_OK) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    }
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static fer_error exchange(SSL *ssl, struct transport *transport, const struct page *page)
{
    fer_connect_options options = {0};
    options.limits = page->limits;
    FER_TRY(fer_tcp_stream_connect_with(&transport->stream, page->host_port, &options, NULL));
    FER_TRY(fer_tcp_stream_set_limits(&transport->stream, &page->limits));
    ERR_clear_error(); /* SSL_get_error(3): the queue must be empty */
    FER_TRY(shake_hands(ssl, transport));
    FER_TRY(send_head(ssl, transport, page->head));
    return print_response(ssl, transport, &page->limits);
}

static fer_error fetch_with(SSL_CTX *context, BIO_METHOD *method, const struct page *page)
{
    struct transport transport = {0};
    fer_error error = {FER_OUT_OF_MEMORY, 0};
    SSL *ssl = SSL_new(context);
    BIO *bio = BIO_new(method);
    if (ssl != NULL && bio != NULL && verify_name(ssl, page->host)) {
        BIO_set_data(bio, &transport);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl, bio, bio);
        bio = NULL; /* ssl owns it */
        error = exchange(ssl, &transport, page);
    }
    BIO_free(bio);
    SSL_free(ssl);
    fer_tcp_stream_close(&transport.stream);
    return error;
}

static fer_error fetch(const struct page *page)
{
    fer_error error = {FER_OUT_OF_MEMORY, 0};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ferrule");
    if (context != NULL && method != NULL) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        bool has_authorities =
            page->ca_file != NULL ? SSL_CTX_load_verify_locations(context, page->ca_file, NULL) == 1
                                  : SSL_CTX_set_default_verify_paths(context) == 1;
        bool is_ready = has_authorities &&
                        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                        BIO_meth_set_read_ex(method, bio_read) == 1 &&
                        BIO_meth_set_write_ex(method, bio_write) == 1 &&
                        BIO_meth_set_ctrl(method, bio_control) == 1;
        error = is_ready ? fetch_with(context, method, page) : (fer_error){FER_INVALID_INPUT, 0};
    }
    BIO_meth_free(method);
    SSL_CTX_free(context);
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

static void complain(const char *host_port, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    unsigned long reason = ERR_get_error();
    const char *tls = reason != 0 ? ERR_reason_error_string(reason) : NULL;
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", host_port, tls != NULL ? tls : text);
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
        page.limits = (fer_limits){fer_instant_after(limit), &stop};
        error = fetch(&page);
        example_restore_interrupt();
    }
    if (error.kind != FER_OK) {
        complain(page.host_port, error);
    }
    fer_cancel_token_close(&stop);
    return error.kind == FER_OK ? 0 : 1;
}
