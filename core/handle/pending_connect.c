/* pending_connect.c: the status of a started connect, and its effect on the state (rule C5).
 * Nothing here waits. */
#include "core/handle/pending_connect.h"

#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/handle.h"
#include "core/handle/stream_result.h"
#include "platform/platform.h"

/* Only Windows has codes of its own for the lack of a port, and only for one that the system was to
 * choose. */
feri_operation feri_unbound_connect_operation(void)
{
    return feri_connect_would_block_means_started() ? FERI_OPERATION_CONNECT_UNBOUND
                                                    : FERI_OPERATION_CONNECT_BOUND;
}

/* An adopted socket may be bound without the flag. */
feri_operation feri_connect_operation(const fer_handle *handle)
{
    if (feri_handle_has_flag(handle, FERI_FLAG_UNIX)) {
        return FERI_OPERATION_UNIX_NAME;
    }
    return feri_handle_has_flag(handle, FERI_FLAG_BOUND | FERI_FLAG_ADOPTED)
               ? FERI_OPERATION_CONNECT_BOUND
               : feri_unbound_connect_operation();
}

/* SO_ERROR, then whether the socket is connected: *status is FER_OK if it is, `unconnected` if not.
 * A failure of the second query means "not yet", whatever its code: macOS may report EINVAL (heph,
 * PR 336). macOS is reported to refuse the first query of a connect that has failed, with EBADF
 * (ccan, pull request 128). Another failure of it says nothing about the connect. */
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
    if (status->kind == FER_OK && ferp_check_connected(raw).kind != FER_OK) {
        *status = feri_own_error(unconnected);
    }
    return error;
}

/* A second query, if the first can be too early. */
fer_error feri_connect_status(fer_raw_socket raw, feri_operation operation, fer_error *status)
{
    FER_TRY(query_status(raw, operation, FER_WOULD_BLOCK, status));
    if (status->kind == FER_WOULD_BLOCK && feri_connect_error_comes_late()) {
        return query_status(raw, operation, FER_WOULD_BLOCK, status);
    }
    return feri_ok();
}

/* The connect may end between the two queries. */
fer_error feri_connect_status_without_error(fer_raw_socket raw, feri_operation operation,
                                            fer_error *status)
{
    *status = feri_own_error(FER_WOULD_BLOCK);
    return ferp_connect_is_pending(raw)
               ? feri_ok()
               : query_status(raw, operation, FER_CONNECTION_ABORTED, status);
}

/* Whether the connect succeeded and the connection has ended since. A connect that is answered by a
 * reset is refused (RFC 9293, 3.10.7.3), and a broken pipe requires a connection. */
static bool is_connection_error(fer_error status)
{
    return status.kind == FER_CONNECTION_RESET || status.kind == FER_BROKEN_PIPE;
}

/* Another thread may have applied the event already. */
fer_error feri_pending_connect_apply(fer_handle *handle, fer_error status)
{
    if (status.kind == FER_WOULD_BLOCK) {
        return status;
    }
    if (status.kind != FER_OK && !is_connection_error(status)) {
        (void)feri_handle_fail(handle, FERI_EVENT_CONNECT_FAIL, status);
        return status;
    }
    (void)feri_handle_apply(handle, FERI_EVENT_CONNECT_OK);
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
    if (status.kind == FER_WOULD_BLOCK && feri_handle_is_shared(handle)) {
        FER_TRY(feri_connect_status_without_error(handle->p_.raw_, operation, &status));
    }
    return feri_pending_connect_apply(handle, status);
}
