/* tls_mbedtls.c: tls.h with Mbed TLS 2.28 or 3, whose callbacks are the _try_ calls of a stream. */
#include "tls.h"

#include <limits.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

struct tls_session {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt authorities;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    fer_ip_addr address; /* if the host is one */
    int failure;         /* Mbed TLS's number of the last failure */
};

/* Reports a transfer of n bytes, or its error, to Mbed TLS. */
static int callback_result(struct tls_transport *transport, fer_error error, size_t n, int retry)
{
    if (error.kind == FER_OK) {
        return (int)n;
    }
    return tls_transport_can_retry(transport, error) ? retry : MBEDTLS_ERR_NET_CONN_RESET;
}

/* A result is an int, so the lengths are too. */
static size_t int_len(size_t len)
{
    return len < INT_MAX ? len : INT_MAX;
}

static int receive_callback(void *context, unsigned char *buf, size_t len)
{
    size_t n = 0;
    fer_error error = tls_transport_read(context, buf, int_len(len), &n);
    return callback_result(context, error, n, MBEDTLS_ERR_SSL_WANT_READ);
}

static int send_callback(void *context, const unsigned char *buf, size_t len)
{
    struct tls_transport *transport = context;
    size_t n = 0;
    fer_error error = fer_tcp_stream_try_write(&transport->stream, buf, int_len(len), &n);
    return callback_result(transport, error, n, MBEDTLS_ERR_SSL_WANT_WRITE);
}

/* Stores what a call returned: a failure is negative. */
static bool succeeds(struct tls_session *self, int returned)
{
    self->failure = returned < 0 ? returned : 0;
    return returned >= 0;
}

struct tls_session *tls_session_new(struct tls_transport *transport)
{
    struct tls_session *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    mbedtls_entropy_init(&self->entropy);
    mbedtls_ctr_drbg_init(&self->random);
    mbedtls_x509_crt_init(&self->authorities);
    mbedtls_ssl_config_init(&self->config);
    mbedtls_ssl_init(&self->ssl);
    mbedtls_ssl_set_bio(&self->ssl, transport, send_callback, receive_callback, NULL);
    return self;
}

void tls_session_free(struct tls_session *self)
{
    if (self != NULL) {
        mbedtls_ssl_free(&self->ssl);
        mbedtls_ssl_config_free(&self->config);
        mbedtls_x509_crt_free(&self->authorities);
        mbedtls_ctr_drbg_free(&self->random);
        mbedtls_entropy_free(&self->entropy);
        free(self);
    }
}

/* Mbed TLS has no default. */
static bool load_authorities(struct tls_session *self, const char *ca_file)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
        "/etc/ssl/cert.pem",                  /* Alpine, macOS, OpenBSD */
    };
    if (ca_file != NULL) {
        return succeeds(self, mbedtls_x509_crt_parse_file(&self->authorities, ca_file));
    }
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
        if (succeeds(self, mbedtls_x509_crt_parse_file(&self->authorities, bundles[i]))) {
            return true;
        }
    }
    return false;
}

/* Whether a name of the certificate is the address (RFC 5280, 4.2.1.6: iPAddress, tag 7). */
static bool names_address(const mbedtls_x509_crt *certificate, const fer_ip_addr *address)
{
    bool is_ipv4 = fer_ip_addr_is_ipv4(*address);
    const void *octets = is_ipv4 ? (const void *)address->u.v4.octets : address->u.v6.octets;
    size_t len = is_ipv4 ? sizeof address->u.v4.octets : sizeof address->u.v6.octets;
    const mbedtls_x509_sequence *name = &certificate->subject_alt_names;
    for (; name != NULL; name = name->next) {
        if (name->buf.tag == (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7) && name->buf.len == len &&
            memcmp(name->buf.p, octets, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Called for each certificate of the chain; the server's has depth 0. */
static int verify_address(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    const struct tls_session *self = context;
    if (depth == 0 && !names_address(certificate, &self->address)) {
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    return 0;
}

/* Before 3.5 Mbed TLS compares only the DNS names of a certificate. */
static bool verify_name(struct tls_session *self, const char *host)
{
    if (fer_ip_addr_parse(&self->address, host).kind == FER_OK) {
        mbedtls_ssl_conf_verify(&self->config, verify_address, self);
        host = NULL;
    }
    return succeeds(self, mbedtls_ssl_set_hostname(&self->ssl, host));
}

static bool start_cryptography(struct tls_session *self)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (psa_crypto_init() != PSA_SUCCESS) { /* for TLS 1.3 */
        return false;
    }
#endif
    return succeeds(
        self, mbedtls_ctr_drbg_seed(&self->random, mbedtls_entropy_func, &self->entropy, NULL, 0));
}

/* At least TLS 1.2, the oldest version of Mbed TLS 3. */
static bool configure(struct tls_session *self)
{
    mbedtls_ssl_config *config = &self->config;
    if (!succeeds(self, mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
                                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                                    MBEDTLS_SSL_PRESET_DEFAULT))) {
        return false;
    }
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &self->random);
    mbedtls_ssl_conf_ca_chain(config, &self->authorities, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    return true;
}

enum tls_result tls_session_verify(struct tls_session *self, const char *ca_file, const char *host)
{
    bool is_ready = start_cryptography(self) && load_authorities(self, ca_file) &&
                    configure(self) && verify_name(self, host) &&
                    succeeds(self, mbedtls_ssl_setup(&self->ssl, &self->config));
    return is_ready ? TLS_DONE : TLS_FAILED;
}

static enum tls_result result_of(struct tls_session *self, int returned)
{
    switch (returned) {
    case MBEDTLS_ERR_SSL_WANT_READ: return TLS_WANTS_READ;
    case MBEDTLS_ERR_SSL_WANT_WRITE: return TLS_WANTS_WRITE;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY: return TLS_CLOSED;
    default: return succeeds(self, returned) ? TLS_DONE : TLS_FAILED;
    }
}

enum tls_result tls_session_handshake(struct tls_session *self)
{
    return result_of(self, mbedtls_ssl_handshake(&self->ssl));
}

enum tls_result tls_session_write(struct tls_session *self, const char *buf, size_t len, size_t *n)
{
    int returned = mbedtls_ssl_write(&self->ssl, (const unsigned char *)buf, int_len(len));
    *n = returned > 0 ? (size_t)returned : 0;
    return result_of(self, returned);
}

enum tls_result tls_session_read(struct tls_session *self, char *buf, size_t len, size_t *n)
{
    int returned = mbedtls_ssl_read(&self->ssl, (unsigned char *)buf, int_len(len));
    *n = returned > 0 ? (size_t)returned : 0;
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    if (returned == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) { /* before data, with TLS 1.3 */
        return TLS_DONE;
    }
#endif
    return result_of(self, returned);
}

/* A certificate may have several faults; the first is a line of its own. */
void tls_session_reason(struct tls_session *self, char *text, size_t cap)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&self->ssl);
    text[0] = '\0';
    if (self->failure == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        mbedtls_x509_crt_verify_info(text, cap, "", flags);
        text[strcspn(text, "\n")] = '\0';
    } else if (self->failure != 0) {
        mbedtls_strerror(self->failure, text, cap);
    }
}
