/* relay.h: what the relay's server and client share: keepalive and error messages. */
#ifndef RELAY_H
#define RELAY_H

#include <stdio.h>

#include "ferrule.h"

/* After 10 s of silence the system sends a keepalive probe every 5 s. The system's default is two
 * hours, and until then a peer that was switched off looks like a silent one. */
enum { RELAY_KEEPALIVE_SECONDS = 10, RELAY_KEEPALIVE_INTERVAL_SECONDS = 5 };

static inline void relay_complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

/* OpenBSD and Wine 8 have no times of a single connection, and use the system's. */
static inline fer_error relay_keep_alive(fer_tcp_stream *stream)
{
    const fer_tcp_keepalive by_system = {.enabled = true};
    const fer_tcp_keepalive keepalive = {
        .enabled = true,
        .time = fer_duration_from_secs(RELAY_KEEPALIVE_SECONDS),
        .interval = fer_duration_from_secs(RELAY_KEEPALIVE_INTERVAL_SECONDS),
    };
    fer_error error = fer_tcp_stream_set_keepalive(stream, &keepalive);
    return error.kind == FER_UNSUPPORTED ? fer_tcp_stream_set_keepalive(stream, &by_system) : error;
}

#endif
