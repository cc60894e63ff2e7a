/* pending_connect.h: the status of a started connect, and what it means for the state (rule C5).
 * Nothing here waits. */
#ifndef FERI_PENDING_CONNECT_H
#define FERI_PENDING_CONNECT_H

#include "ferrule/error.h"
#include "ferrule/handle.h"

/* The status of a started connect. FER_OK: connected; WOULD_BLOCK: pending; any other error:
 * failed. SO_ERROR loses its value. */
fer_error feri_connect_status(fer_raw_socket raw);

/* Applies a status to a CONNECTING handle. Another thread may have applied it already. Returns
 * FER_OK where the handle is OPEN, though it may have seen the end of the connection as well;
 * WOULD_BLOCK: not yet; else it has failed, and is CONNECT_FAILED. */
fer_error feri_pending_connect_apply(fer_handle *handle, fer_error status);

/* Both: asks, and applies the answer. */
fer_error feri_pending_connect_status(fer_handle *handle);

#endif
