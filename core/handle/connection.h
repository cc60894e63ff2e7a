/* connection.h: the states of a connection that a call meets: requests and their results, a connect
 * that is pending, and a connection that has ended. */
#ifndef FERI_CONNECTION_H
#define FERI_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/handle/handle.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* ---- Before a read or a write of a stream: the state's answer to the request, before any system
 * call. */

/* FER_OK if a request may call the OS. handle may be that of a const stream, as in Rust's getters:
 * the call changes nothing except the result of a connect. */
fer_error feri_stream_check(const fer_handle *handle, feri_request request);

/* The misuse of a handle that is no stream yet or no more (READ), or has no socket (USE), before an
 * argument is checked. */
fer_error feri_stream_check_misuse(const fer_handle *handle, feri_request request);

/* Of a read or a write. buffer_is_valid: the caller's buffers can hold *len bytes, which becomes
 * the length that one system call accepts. *needs_os: only a call of the OS has the result. If it
 * is false, the return value is the result. */
fer_error feri_stream_check_transfer(fer_handle *handle, feri_request request, bool buffer_is_valid,
                                     size_t *len, bool *needs_os);

/* ---- After a receive or a send of a stream: the effect of the result on the state. */

/* error is the failure of a receive or of a send of the OS, and not the result of another call, for
 * example of a wait. Returns the call's result. FER_OK: a receive that has found the end of
 * file. */
fer_error feri_stream_after_failed_read(fer_handle *handle, fer_error error);
fer_error feri_stream_after_failed_write(fer_handle *handle, fer_error error);

/* After a receive that found the end of file. */
fer_error feri_stream_after_end(fer_handle *handle);

/* ---- The status of a started connect, and its effect on the state (rule C5). Nothing here
 * waits. */

/* The operation whose errors a connect has: the call and, if it has started, SO_ERROR. The second
 * is of an IP socket without a handle. */
feri_operation feri_connect_operation(const fer_handle *handle);
feri_operation feri_connect_operation_if(bool is_bound);

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

/* ---- The failures of calls that the system refuses because the connection has ended. */

/* Whether an error of a stream, of SO_ERROR too, is soft: its connection or its connect goes on. */
bool feri_error_is_soft(fer_raw_socket raw, fer_error error);

/* Whether a call on a connected stream failed because the connection has ended, and not by a
 * mistake of the caller. */
bool feri_connection_has_ended(fer_raw_socket raw, fer_error error);

/* The result of setting an option or a mode. A stream whose connection has ended needs none (rule
 * O7): FER_OK. */
fer_error feri_forgive_ended(const fer_handle *handle, fer_error error);

/* As fer_tcp_stream_take_error. */
fer_error feri_stream_take_error(fer_handle *handle, fer_error *out);

#endif
