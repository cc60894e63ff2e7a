/* stream_shutdown.h: shutdown of every stream type. */
#ifndef FERI_STREAM_SHUTDOWN_H
#define FERI_STREAM_SHUTDOWN_H

#include "ferrule/error.h"
#include "ferrule/handle.h"

/* As fer_tcp_stream_shutdown, with all its checks. */
fer_error feri_stream_shutdown(fer_handle *handle, fer_shutdown how);

#endif
