/* tls_openssl.c: tls.h with OpenSSL, whose BIO is on the _try_ calls of a stream. */
#include "tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct tls_session {
    SSL_CTX *context;
    BIO_METHOD *method;
    SSL *ssl;
};

/* Reports a transfer of n bytes to OpenSSL. */
static int bio_result(BIO *bio, fer_error error, size_t n, size_t *done, int retry_flag)
{
    BIO_clear_retry_flags(bio);
    *done = error.kind == FER_OK ? n : 0;
    if (error.kind != FER_OK && tls_transport_can_retry(BIO_get_data(bio), error)) {
        BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    }
    return *done > 0;
}

static int bio_read(BIO *bio, char *buf, size_t len, size_t *done)
{
    size_t n = 0;
    fer_error error = tls_transport_read(BIO_get_data(bio), buf, len, &n);
    return bio_result(bio, error, n, done, BIO_FLAGS_READ);
}

static int bio_write(BIO *bio, const char *buf, size_t len, size_t *done)
{
    struct tls_transport *transport = BIO_get_data(bio);
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

static bool open_session(struct tls_session *self, struct tls_transport *transport)
{
    self->context = SSL_CTX_new(TLS_client_method());
    self->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ferrule");
    self->ssl = self->context != NULL ? SSL_new(self->context) : NULL;
    if (self->ssl == NULL || self->method == NULL ||
        BIO_meth_set_read_ex(self->method, bio_read) != 1 ||
        BIO_meth_set_write_ex(self->method, bio_write) != 1 ||
        BIO_meth_set_ctrl(self->method, bio_control) != 1) {
        return false;
    }
    BIO *bio = BIO_new(self->method);
    if (bio == NULL) {
        return false;
    }
    BIO_set_data(bio, transport);
    BIO_set_init(bio, 1);
    SSL_set_bio(self->ssl, bio, bio); /* ssl owns it */
    return true;
}

struct tls_session *tls_session_new(struct tls_transport *transport)
{
    struct tls_session *self = calloc(1, sizeof *self);
    if (self != NULL && !open_session(self, transport)) {
        tls_session_free(self);
        return NULL;
    }
    return self;
}

void tls_session_free(struct tls_session *self)
{
    if (self != NULL) {
        SSL_free(self->ssl);
        BIO_meth_free(self->method);
        SSL_CTX_free(self->context);
        free(self);
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

enum tls_result tls_session_verify(struct tls_session *self, const char *ca_file, const char *host)
{
    SSL_set_verify(self->ssl, SSL_VERIFY_PEER, NULL);
    bool has_authorities = ca_file != NULL
                               ? SSL_CTX_load_verify_locations(self->context, ca_file, NULL) == 1
                               : SSL_CTX_set_default_verify_paths(self->context) == 1;
    bool is_ready = has_authorities && SSL_set_min_proto_version(self->ssl, TLS1_2_VERSION) == 1 &&
                    verify_name(self->ssl, host);
    return is_ready ? TLS_DONE : TLS_FAILED;
}

static enum tls_result result_of(struct tls_session *self, int returned)
{
    switch (SSL_get_error(self->ssl, returned)) {
    case SSL_ERROR_NONE: return TLS_DONE;
    case SSL_ERROR_WANT_READ: return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN: return TLS_CLOSED;
    default: return TLS_FAILED;
    }
}

enum tls_result tls_session_handshake(struct tls_session *self)
{
    ERR_clear_error(); /* SSL_get_error(3): the queue must be empty */
    return result_of(self, SSL_connect(self->ssl));
}

enum tls_result tls_session_write(struct tls_session *self, const char *buf, size_t len, size_t *n)
{
    ERR_clear_error();
    return result_of(self, SSL_write_ex(self->ssl, buf, len, n));
}

enum tls_result tls_session_read(struct tls_session *self, char *buf, size_t len, size_t *n)
{
    ERR_clear_error();
    return result_of(self, SSL_read_ex(self->ssl, buf, len, n));
}

void tls_session_reason(struct tls_session *self, char *text, size_t cap)
{
    long verified = SSL_get_verify_result(self->ssl);
    unsigned long code = ERR_peek_error();
    const char *reason = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                         : code != 0           ? ERR_reason_error_string(code)
                                               : NULL;
    snprintf(text, cap, "%s", reason != NULL ? reason : "");
}
