/* connect_wait.c: waits for the result of a started connect. */
#include "core/wait/connect_wait.h"

#include "core/base/cancel_token.h"
#include "core/handle/handle.h"
#include "core/handle/pending_connect.h"
#include "core/wait/false_hints.h"
#include "platform/platform.h"

/* The status after a wait. CONNECTION_REFUSED is the OS's hint that the connect failed, and the
 * result if no other error is known. */
static fer_error status_after(fer_raw_socket raw, fer_error hint)
{
    fer_error status = feri_connect_status(raw);
    if (status.kind == FER_WOULD_BLOCK && hint.kind == FER_CONNECTION_REFUSED) {
        return feri_own_error(FER_CONNECTION_REFUSED);
    }
    return status;
}

/* One wait. FER_OK: *hint is the OS's hint of the result. Any other error: the wait ended without a
 * result. */
static fer_error wait_for_hint(fer_raw_socket raw, const feri_limits *limits, fer_error *hint)
{
    ferp_wait wait;
    FER_TRY(ferp_wait_arm(&wait, raw, FERP_CONNECTED));
    wait.token = limits->token;
    *hint = ferp_wait_for(&wait, limits->deadline);
    return hint->kind == FER_CONNECTION_REFUSED ? feri_ok() : *hint;
}

/* FER_OK: *status is the status of the connect, WOULD_BLOCK while it is pending. Any other error:
 * the wait ended without a result. */
static fer_error wait_for_result(fer_raw_socket raw, const feri_limits *limits, fer_error *status)
{
    fer_error hint = feri_ok();
    FER_TRY(wait_for_hint(raw, limits, &hint));
    *status = status_after(raw, hint);
    return status->kind == FER_WOULD_BLOCK ? feri_limits_check(limits) : feri_ok();
}

/* A failure is taken from the hint only: reading SO_ERROR would clear it for the call that must
 * report it. */
fer_error feri_pending_connect_wait(fer_handle *handle, const feri_limits *limits, bool *failed)
{
    fer_error hint = feri_ok();
    FER_TRY(wait_for_hint(handle->raw_, limits, &hint));
    if (ferp_check_connected(handle->raw_).kind == FER_OK) {
        (void)feri_pending_connect_apply(handle, feri_ok());
        return feri_ok();
    }
    *failed = hint.kind != FER_OK;
    return *failed ? feri_ok() : feri_limits_check(limits);
}

fer_error feri_await_connect(fer_raw_socket raw, const feri_limits *limits)
{
    feri_false_hints false_hints = {0, 0};
    for (;;) {
        fer_error status = feri_ok();
        fer_error error = wait_for_result(raw, limits, &status);
        if (error.kind == FER_INTERRUPTED) {
            FER_TRY(feri_token_check(limits->token)); /* the signal's handler may have cancelled */
        } else if (error.kind != FER_OK) {
            return error;
        }
        if (error.kind == FER_OK && status.kind != FER_WOULD_BLOCK) {
            return status;
        }
        if (error.kind == FER_OK && false_hints.in_a_row > 0) {
            /* macOS is reported to have writable sockets that never connect (socket2, issue 652) */
            status = feri_connect_status_without_error(raw);
            if (status.kind != FER_WOULD_BLOCK) {
                return status;
            }
        }
        if (error.kind == FER_OK) {
            feri_pause_after_false_hint(&false_hints, limits->deadline, limits->token);
        }
    }
}
