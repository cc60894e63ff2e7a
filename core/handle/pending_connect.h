/* pending_connect.h: the status of a started connect, and its effect on the state (rule C5).
 * Nothing here waits. */
#ifndef FERI_PENDING_CONNECT_H
#define FERI_PENDING_CONNECT_H

#include "core/base/operation_error.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* The operation whose errors a connect has: the call and, if it has started, SO_ERROR. */
feri_operation feri_connect_operation(const fer_handle *handle);
feri_operation feri_unbound_connect_operation(void);

/* Queries the status of a started connect. FER_OK: *status is FER_OK if it is connected,
 * WOULD_BLOCK if it is pending, and any other error if it has failed. Any other error: the query
 * failed, and the connect is as before. Clears SO_ERROR. */
fer_error feri_connect_status(fer_raw_socket raw, feri_operation operation, fer_error *status);

/* The same for a connect that feri_connect_status takes for pending, although a second hint says
 * that it has ended or another handle of the socket may have taken its error: *status is
 * CONNECTION_ABORTED if it has failed without an error. */
fer_error feri_connect_status_without_error(fer_raw_socket raw, feri_operation operation,
                                            fer_error *status);

/* Applies a status to a CONNECTING handle. Another thread may have applied it already. FER_OK: the
 * handle is OPEN, and may have seen the end of the connection as well. WOULD_BLOCK: the connect is
 * pending. Any other error: the connect failed, and the handle is CONNECT_FAILED. */
fer_error feri_pending_connect_apply(fer_handle *handle, fer_error status);

/* Queries the status and applies it. A failure of the query is returned and changes nothing. */
fer_error feri_pending_connect_status(fer_handle *handle);

#endif
