/* handles.h: sends and receives sockets and other files over Unix sockets (rules X7 and X8). */
#ifndef FERI_HANDLES_H
#define FERI_HANDLES_H

#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/unix.h"
#include "platform/handles.h"

/* As fer_unix_stream_send_handles and fer_unix_datagram_send_handles. flags: of feri_call. */
fer_error feri_stream_send_handles(fer_handle *handle, const struct ferp_sent_handles *message,
                                   unsigned flags, size_t *n);
fer_error feri_datagram_send_handles(fer_handle *handle, const struct ferp_sent_handles *message,
                                     size_t *n);

/* As fer_unix_stream_recv_handles and fer_unix_datagram_recv_handles. The message has the caller's
 * buffers. */
fer_error feri_stream_recv_handles(fer_handle *handle, struct ferp_received_handles *message,
                                   unsigned flags, fer_unix_received_handles *out);
fer_error feri_datagram_recv_handles(fer_handle *handle, struct ferp_received_handles *message,
                                     fer_unix_received_handles *out);

#endif
