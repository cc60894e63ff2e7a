/* readiness.h: which of a handle's calls may go on now: what the handle itself knows first, then
 * the OS. */
#ifndef FERI_READINESS_H
#define FERI_READINESS_H

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* As fer_tcp_stream_ready: of any stream, one whose connect is under way or has failed too. */
fer_error feri_stream_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                            fer_interest *ready);

/* The same of what neither connects nor has halves: a listener, a datagram socket. */
fer_error feri_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                     fer_interest *ready);

#endif
