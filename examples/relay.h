/* relay.h: what the relay's server and client have in common: how a dead peer is found, and how an
 * error is told. */
#ifndef RELAY_H
#define RELAY_H

#include <stdio.h>

#include "ferrule.h"

/* After 10 s of silence the system asks the other machine every 5 s whether it is still there. Left
 * alone it asks after two hours, and a peer that was switched off is taken for a silent one until
 * then. */
enum { RELAY_KEEPALIVE_SECONDS = 10, RELAY_KEEPALIVE_INTERVAL_SECONDS = 5 };

static inline void relay_complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

static inline fer_error relay_keep_alive(fer_tcp_stream *stream)
{
    const fer_keepalive keepalive = {
        .enabled = true,
        .time = fer_duration_from_secs(RELAY_KEEPALIVE_SECONDS),
        .interval = fer_duration_from_secs(RELAY_KEEPALIVE_INTERVAL_SECONDS),
    };
    return fer_tcp_stream_set_keepalive(stream, &keepalive);
}

#endif
