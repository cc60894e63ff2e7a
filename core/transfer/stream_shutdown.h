/* stream_shutdown.h: shutdown and close of every stream type. */
#ifndef FERI_STREAM_SHUTDOWN_H
#define FERI_STREAM_SHUTDOWN_H

#include <stdbool.h>

#include "core/handle/stream_state.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* The event of a shutdown. False: how is invalid. */
bool feri_event_of_shutdown(fer_shutdown how, feri_event *event);

/* As fer_tcp_stream_shutdown, with all its checks. */
fer_error feri_stream_shutdown(fer_handle *handle, fer_shutdown how);

/* Closes the handle. Unread input resets the connection on every OS (rule S7), if this is the
 * socket's only handle. */
void feri_stream_close(fer_handle *handle);

/* As fer_tcp_stream_close_gracefully, with all its checks. Defined in stream_lingering.c. */
fer_error feri_stream_close_gracefully(fer_handle *handle, fer_duration timeout);

#endif
