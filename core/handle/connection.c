/* connection.c: what the state of a connection allows, what the result of a call says of the state,
 * a connect that is pending, and a connection that has ended. */
#include "core/handle/connection.h"

#include <stdint.h>

/* ---- The state's answer to a request, before any system call. */

/* The state's answer, after the status of a pending connect was queried and applied (rule C5).
 * *error is the caller's result: WOULD_BLOCK while the connect is pending, its error if it has just
 * failed. */
static feri_answer stream_answer(fer_handle *handle, feri_request request, fer_error *error)
{
    feri_answer answer = feri_handle_answer(handle, request);
    *error = feri_handle_answer_error(handle, answer);
    if (answer != FERI_ANSWER_CHECK_CONNECT) {
        return answer;
    }
    *error = feri_pending_connect_status(handle);
    if (error->kind == FER_OK) {
        answer = feri_handle_answer(handle, request);
        *error = feri_handle_answer_error(handle, answer);
    }
    return answer;
}

fer_error feri_stream_check(const fer_handle *handle, feri_request request)
{
    fer_error error;
    (void)stream_answer((fer_handle *)(uintptr_t)handle, request, &error);
    return error;
}

fer_error feri_stream_check_misuse(const fer_handle *handle, feri_request request)
{
    feri_answer answer = feri_handle_answer(handle, request);
    bool is_misuse = answer == FERI_ANSWER_MISUSE || answer == FERI_ANSWER_UNCONNECTED;
    return is_misuse ? feri_handle_answer_error(handle, answer) : feri_ok();
}

fer_error feri_stream_check_transfer(fer_handle *handle, feri_request request, bool buffer_is_valid,
                                     size_t *len, bool *needs_os)
{
    const size_t len_max = ferp_traits()->io_length_max;
    fer_error error;
    feri_answer answer = stream_answer(handle, request, &error);
    *needs_os = false;
    *len = *len < len_max ? *len : len_max;
    /* precedes the answer of a write half that has ended, and follows that of a read half */
    bool is_misuse = request == FERI_REQUEST_WRITE
                         ? handle != NULL && error.kind != FER_NOT_CONNECTED
                         : error.kind == FER_OK;
    if (!buffer_is_valid && is_misuse) {
        return feri_own_error(FER_MISUSE);
    }
    if (error.kind != FER_OK || *len == 0 || answer == FERI_ANSWER_END) {
        return error;
    }
    if (answer == FERI_ANSWER_CHECK_QUEUED) {
        /* after a fatal error on the read half only queued bytes can be read */
        size_t queued = 0;
        if (ferp_bytes_queued(handle->p_.raw_, &queued).kind != FER_OK || queued == 0) {
            return feri_handle_saved_error(handle);
        }
    }
    *needs_os = true;
    return error;
}

/* ---- After a receive or a send of a stream: the effect of the result on the state. */

/* A router's report and the loss of a route do not end a connection, which retransmits (RFC 1122,
 * 4.2.3.9). The kinds of an end are never soft. The order of the two queries matters: getpeername
 * waits for a thread that is about to end the connection (Linux: inet_getname locks the socket),
 * and TCP_INFO reads the state without a lock (tcp_get_info). */
bool feri_error_is_soft(fer_raw_socket raw, fer_error error)
{
    switch (error.kind) {
    case FER_OK:
    case FER_CONNECTION_RESET:
    case FER_CONNECTION_ABORTED:
    case FER_CONNECTION_TIMED_OUT:
    case FER_BROKEN_PIPE: return false;
    default: break;
    }
    return ferp_traits()->reports_soft_errors && (ferp_check_connected(raw).kind == FER_OK ||
                                                  ferp_connect_is_pending(raw) == FERP_PENDING);
}

/* Whether a stream that was connected has no peer any more, because the connection has ended. A
 * Windows socket may keep its peer. A failure of the query itself, for example without buffers,
 * says nothing. */
static bool has_lost_its_peer(fer_raw_socket raw)
{
    fer_error_kind kind = ferp_check_connected(raw).kind;
    return kind == FER_NOT_CONNECTED || kind == FER_INVALID_INPUT;
}

static bool ends_stream(const fer_handle *handle, fer_error error)
{
    fer_raw_socket raw = handle->p_.raw_;
    return feri_error_is_fatal(error)
               ? !feri_error_is_soft(raw, error)
               : feri_error_is_fatal_without_peer(error) && has_lost_its_peer(raw);
}

/* The result of a receive with this event: that of the first end of the read half. */
static fer_error result_of_end(fer_handle *handle, feri_event event, fer_error error)
{
    feri_state before = feri_handle_step(handle, event, error);
    if (before == FERI_STATE_MISUSE) {
        return error;
    }
    switch (feri_state_answer(before, FERI_REQUEST_READ)) {
    case FERI_ANSWER_END: return feri_ok();
    case FERI_ANSWER_CHECK_QUEUED: return feri_handle_saved_error(handle);
    default: return error;
    }
}

fer_error feri_stream_after_end(fer_handle *handle)
{
    return result_of_end(handle, FERI_EVENT_GOT_EOF, feri_ok());
}

fer_error feri_stream_after_failed_read(fer_handle *handle, fer_error error)
{
    FERI_ASSERT(error.kind != FER_OK);
    fer_error mapped = feri_map_failure(FERI_OPERATION_READ, error);
    return ends_stream(handle, mapped) ? result_of_end(handle, FERI_EVENT_GOT_RESET, mapped)
                                       : mapped;
}

/* Bytes may be queued although the send failed (ferp_traits, cut_send_loses_count). If the caller
 * sent them again, the peer would receive them twice. So the error ends the stream. The lack of
 * buffers that reaches this is one of a send too long to be repeated (stream_io.c). */
fer_error feri_stream_after_failed_write(fer_handle *handle, fer_error error)
{
    FERI_ASSERT(error.kind != FER_OK);
    fer_error mapped = feri_map_failure(FERI_OPERATION_WRITE, error);
    if (mapped.kind == FER_BROKEN_PIPE) {
        (void)feri_handle_step(handle, FERI_EVENT_GOT_PIPE, feri_ok());
        return mapped;
    }
    bool may_have_sent =
        ferp_traits()->cut_send_loses_count &&
        (mapped.kind == FER_PERMISSION_DENIED ||
         (mapped.kind == FER_NO_BUFFER_SPACE && ferp_traits()->no_buffer_space_is_transient));
    bool is_fatal = may_have_sent || ends_stream(handle, mapped);
    if (!is_fatal || feri_handle_step(handle, FERI_EVENT_GOT_RESET, mapped) == FERI_STATE_MISUSE) {
        return mapped;
    }
    return feri_handle_check(handle, FERI_REQUEST_WRITE);
}

/* ---- The status of a started connect, and its effect on the state (rule C5). Nothing here
 * waits. */

/* Only Windows has codes of its own for the lack of a port, and only for one that the system was to
 * choose. On other systems an unbound socket has CONNECT_BOUND too, which maps nothing. */
feri_operation feri_connect_operation_if(bool is_bound)
{
    bool has_codes = ferp_traits()->connect_would_block_means_started;
    return has_codes && !is_bound ? FERI_OPERATION_CONNECT_UNBOUND : FERI_OPERATION_CONNECT_BOUND;
}

/* An adopted socket may be bound without the flag. */
feri_operation feri_connect_operation(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_UNIX)
               ? FERI_OPERATION_UNIX_NAME
               : feri_connect_operation_if(
                     feri_handle_has_flag(handle, FERI_FLAG_BOUND | FERI_FLAG_ADOPTED));
}

/* SO_ERROR, then whether the socket is connected: *status is FER_OK if it is, `unconnected` if not.
 * After a soft error the connect continues. A failure of the second query means "not yet", whatever
 * its code, unless a sandbox refuses it: macOS may report EINVAL (heph, PR 336). macOS is reported
 * to refuse the first query of a connect that has failed, with EBADF (ccan, pull request 128).
 * Another failure of it says nothing about the connect. */
static fer_error query_status(fer_raw_socket raw, feri_operation operation,
                              fer_error_kind unconnected, fer_error *status)
{
    fer_error error = ferp_take_error(raw, status);
    if (error.kind == FER_BAD_HANDLE) {
        *status = (fer_error){FER_CONNECTION_ABORTED, error.os_code};
        return feri_ok();
    }
    FER_TRY(error);
    *status = feri_map_error(operation, *status);
    if (status->kind != FER_OK && !feri_error_is_soft(raw, *status)) {
        return feri_ok();
    }
    error = ferp_check_started(raw);
    if (error.kind == FER_PERMISSION_DENIED || error.kind == FER_UNSUPPORTED) {
        return error;
    }
    *status = error.kind == FER_OK ? error : feri_own_error(unconnected);
    return feri_ok();
}

/* A second query, if the first can be too early. An error of a pending connect is that of an
 * earlier one. */
fer_error feri_connect_status(fer_raw_socket raw, feri_operation operation, fer_error *status)
{
    FER_TRY(query_status(raw, operation, FER_WOULD_BLOCK, status));
    if (!ferp_traits()->connect_error_comes_late || status->kind == FER_OK) {
        return feri_ok();
    }
    if (status->kind == FER_WOULD_BLOCK) {
        return query_status(raw, operation, FER_WOULD_BLOCK, status);
    }
    *status = ferp_connect_is_pending(raw) != FERP_NOT_PENDING ? feri_own_error(FER_WOULD_BLOCK)
                                                               : *status;
    return feri_ok();
}

/* The connect may end between the two queries. */
fer_error feri_connect_status_without_error(fer_raw_socket raw, feri_operation operation,
                                            fer_error *status)
{
    *status = feri_own_error(FER_WOULD_BLOCK);
    return ferp_connect_is_pending(raw) != FERP_NOT_PENDING
               ? feri_ok()
               : query_status(raw, operation, FER_CONNECTION_ABORTED, status);
}

/* Another thread may have applied the event already. A connect that is answered by a reset is
 * refused (RFC 9293, 3.10.7.3), and a broken pipe requires a connection. */
fer_error feri_pending_connect_apply(fer_handle *handle, fer_error status)
{
    if (status.kind == FER_WOULD_BLOCK) {
        return status;
    }
    bool has_connected = status.kind == FER_OK || status.kind == FER_CONNECTION_RESET ||
                         status.kind == FER_BROKEN_PIPE;
    if (!has_connected) {
        (void)feri_handle_step(handle, FERI_EVENT_CONNECT_FAIL, status);
        return status;
    }
    (void)feri_handle_step(handle, FERI_EVENT_CONNECT_OK, feri_ok());
    if (status.kind != FER_OK) {
        (void)feri_stream_after_failed_write(handle, status);
    }
    return feri_ok();
}

fer_error feri_pending_connect_status(fer_handle *handle)
{
    feri_operation operation = feri_connect_operation(handle);
    fer_error status = feri_ok();
    FER_TRY(feri_connect_status(handle->p_.raw_, operation, &status));
    if (status.kind == FER_WOULD_BLOCK && feri_handle_has_flag(handle, FERI_SHARED)) {
        FER_TRY(feri_connect_status_without_error(handle->p_.raw_, operation, &status));
    }
    return feri_pending_connect_apply(handle, status);
}

/* ---- The failures of calls that the system refuses because the connection has ended. */

/* XNU refuses every setsockopt and getpeername with EINVAL once both halves have ended
 * (uipc_socket.c, sosetoptlock; uipc_syscalls.c, getpeername). FreeBSD's TCP options are ECONNRESET
 * then (tcp_ctloutput). The second call shows that the first one's error is no mistake of the
 * caller, and of no other origin. Windows documents WSAENOTCONN and WSAENETRESET ("setsockopt
 * function", MSDN), and getpeername may still succeed (row peer_addr_after_end). */
bool feri_connection_has_ended(fer_raw_socket raw, fer_error error)
{
    switch (error.kind) {
    case FER_CONNECTION_RESET:
    case FER_CONNECTION_ABORTED:
    case FER_NOT_CONNECTED: return !ferp_traits()->io_waits_in_kernel || has_lost_its_peer(raw);
    case FER_INVALID_INPUT: return has_lost_its_peer(raw);
    default: return false;
    }
}

/* Setting an option fails with EINVAL once both halves have ended. A stream that was never
 * connected has ENOTCONN of getpeername, on XNU too.
 *
 * A connection that had ended before its socket was adopted is taken for a socket that was never
 * connected, which never has ECONNRESET (FreeBSD, NetBSD, OpenBSD: tcp_ctloutput). A connect may
 * have failed although no call has reported it yet (rule C5). SO_ERROR is not read, so that the
 * call that detects the failure returns its cause. XNU refuses the options of a datagram socket
 * too, once both halves are shut down. */
fer_error feri_forgive_ended(const fer_handle *handle, fer_error error)
{
    feri_phase phase = feri_state_phase(feri_handle_state(handle));
    bool is_datagram = feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM);
    bool is_connection = error.kind != FER_OK && phase == FERI_PHASE_OPEN &&
                         !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM | FERI_FLAG_LISTENING);
    bool is_adopted =
        phase == FERI_PHASE_UNCONNECTED && feri_handle_has_flag(handle, FERI_FLAG_ADOPTED);
    bool has_ended = (is_connection && feri_connection_has_ended(handle->p_.raw_, error)) ||
                     (is_adopted && error.kind == FER_CONNECTION_RESET) ||
                     ((is_datagram || is_adopted || phase == FERI_PHASE_CONNECTING) &&
                      error.kind == FER_INVALID_INPUT &&
                      ferp_check_connected(handle->p_.raw_).kind == FER_INVALID_INPUT);
    return has_ended ? feri_map_error(FERI_OPERATION_SET_ENDED, error) : error;
}

/* ---- The pending error */

fer_error feri_stream_take_error(fer_handle *handle, fer_error *out)
{
    FERI_REQUIRE(out != NULL, FER_MISUSE);
    fer_error error;
    bool was_connecting =
        feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR) == FERI_ANSWER_CHECK_CONNECT;
    feri_answer answer = stream_answer(handle, FERI_REQUEST_TAKE_ERROR, &error);
    if (answer == FERI_ANSWER_CHECK_CONNECT) {
        answer = feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR);
    }
    if (answer == FERI_ANSWER_SAVED_ERROR || (answer == FERI_ANSWER_END && was_connecting)) {
        /* the connect has just failed, or the connection was reset before any call */
        *out = feri_handle_saved_error(handle);
        return feri_ok();
    }
    FER_TRY(error);
    fer_error pending = feri_ok();
    if (answer == FERI_ANSWER_END || was_connecting) {
        /* the query that has found the connection has found no error */
        *out = pending;
        return pending;
    }
    FER_TRY(ferp_take_error(handle->p_.raw_, &pending));
    pending = feri_map_error(FERI_OPERATION_WRITE, pending);
    if (feri_error_is_soft(handle->p_.raw_, pending)) {
        pending = feri_ok();
    } else if (pending.kind != FER_OK) {
        (void)feri_stream_after_failed_write(handle, pending);
    }
    *out = pending;
    return feri_ok();
}
