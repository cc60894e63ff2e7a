/* connect_wait.c: waits for the result of a started connect. */
#include "core/wait/connect_wait.h"

#include "core/base/cancel_token.h"
#include "core/handle/handle.h"
#include "core/handle/pending_connect.h"
#include "core/wait/false_hints.h"
#include "platform/platform.h"

/* One wait. FER_OK: *failed is the OS's hint of the result. Any other error: the wait ended without
 * a result. */
static fer_error wait_for_hint(fer_raw_socket raw, const feri_limits *limits, bool *failed)
{
    ferp_wait wait;
    FER_TRY(ferp_wait_arm(&wait, raw, FERP_CONNECTED));
    wait.token = limits->token;
    fer_error hint = ferp_wait_for(&wait, limits->deadline);
    *failed = hint.kind == FER_CONNECTION_REFUSED;
    return *failed ? feri_ok() : hint;
}

/* FER_OK: *status is the status of the connect, WOULD_BLOCK while it is pending. Any other error:
 * the wait or the query ended without a result. A hint of failure is no proof: its cause may come
 * late, or another thread has taken it. */
static fer_error wait_for_result(fer_raw_socket raw, feri_operation operation,
                                 const feri_limits *limits, fer_error *status)
{
    bool failed = false;
    FER_TRY(wait_for_hint(raw, limits, &failed));
    FER_TRY(feri_connect_status(raw, operation, status));
    return status->kind == FER_WOULD_BLOCK ? feri_limits_check(limits) : feri_ok();
}

/* A failure is taken from the hint only: reading SO_ERROR would clear it for the call that must
 * report it. */
fer_error feri_pending_connect_wait(fer_handle *handle, const feri_limits *limits, bool *failed)
{
    FER_TRY(wait_for_hint(handle->p_.raw_, limits, failed));
    if (ferp_check_connected(handle->p_.raw_).kind == FER_OK) {
        *failed = false;
        (void)feri_pending_connect_apply(handle, feri_ok());
        return feri_ok();
    }
    return *failed ? feri_ok() : feri_limits_check(limits);
}

fer_error feri_await_connect(fer_raw_socket raw, feri_operation operation,
                             const feri_limits *limits)
{
    feri_false_hints false_hints = {0, 0};
    for (;;) {
        fer_error status = feri_ok();
        fer_error error = wait_for_result(raw, operation, limits, &status);
        if (feri_retries_after_signal(limits, &error)) {
            continue;
        }
        FER_TRY(error);
        if (status.kind != FER_WOULD_BLOCK) {
            return status;
        }
        if (false_hints.in_a_row > 0) {
            /* macOS is reported to have writable sockets that never connect (socket2, issue 652) */
            FER_TRY(feri_connect_status_without_error(raw, operation, &status));
            if (status.kind != FER_WOULD_BLOCK) {
                return status;
            }
        }
        feri_pause_after_false_hint(&false_hints, limits->deadline, limits->token);
    }
}
