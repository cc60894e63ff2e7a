/* readiness.h: which calls on a handle would not wait: the handle's own state first, then the
 * OS. */
#ifndef FERI_READINESS_H
#define FERI_READINESS_H

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* As fer_tcp_stream_ready, for any stream, also with a pending or failed connect. */
fer_error feri_stream_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                            fer_interest *ready);

/* As feri_stream_ready, for handles without a connect or halves: a listener, a datagram socket. */
fer_error feri_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                     fer_interest *ready);

#endif
