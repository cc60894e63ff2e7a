/* tls.h: a TLS client over a stream, for tls_get. tls_openssl.c and tls_mbedtls.c implement it,
 * each with its library.
 *
 * No function waits. After TLS_WANTS_READ or TLS_WANTS_WRITE the caller waits until the stream is
 * readable or writable, and repeats the call with the same arguments. */
#ifndef EXAMPLE_TLS_H
#define EXAMPLE_TLS_H

#include <stddef.h>

#include "ferrule.h"

enum tls_result { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_CLOSED, TLS_FAILED };

/* A session's stream, and the first error of it, which the libraries do not report. */
struct tls_transport {
    fer_tcp_stream stream;
    fer_error error;
};

/* One call of the session's library for received bytes. An end of file is an error, because
 * close_notify comes before it (RFC 8446, 6.1). */
static inline fer_error tls_transport_read(struct tls_transport *self, void *buf, size_t len,
                                           size_t *n)
{
    fer_error error = fer_tcp_stream_try_read(&self->stream, buf, len, n);
    if (error.kind == FER_OK && *n == 0) {
        error.kind = FER_UNEXPECTED_EOF;
    }
    return error;
}

/* True if the library can repeat the call. Otherwise saves the error. */
static inline bool tls_transport_can_retry(struct tls_transport *self, fer_error error)
{
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return true;
    }
    self->error = error;
    return false;
}

struct tls_session;

/* A client's session over a transport, which stays in place. Returns NULL if there is no memory. */
struct tls_session *tls_session_new(struct tls_transport *transport);
void tls_session_free(struct tls_session *self);

/* Requires a certificate of an authority in ca_file, or if it is NULL of the system's, for this
 * host, a name or an address. Call it before the handshake. */
enum tls_result tls_session_verify(struct tls_session *self, const char *ca_file, const char *host);

enum tls_result tls_session_handshake(struct tls_session *self);
enum tls_result tls_session_write(struct tls_session *self, const char *buf, size_t len, size_t *n);

/* TLS_DONE may have read nothing. TLS_CLOSED: the server has sent close_notify. */
enum tls_result tls_session_read(struct tls_session *self, char *buf, size_t len, size_t *n);

/* Stores the library's reason of the last TLS_FAILED; an empty text if it has none. */
void tls_session_reason(struct tls_session *self, char *text, size_t cap);

#endif
