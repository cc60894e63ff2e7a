/* connect_wait.c: waits for the result of a started connect. Several connects at once are in
 * connect_attempts.c. */
#include "core/wait/connect_wait.h"

#include "core/handle/connection.h"
#include "core/wait/pause.h"

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

/* A failure is taken from the hint only: reading SO_ERROR would clear it for the call that must
 * report it. */
fer_error feri_pending_connect_wait(fer_handle *handle, const feri_limits *limits, bool *failed)
{
    fer_raw_socket raw = handle->p_.raw_;
    FER_TRY(wait_for_hint(raw, limits, failed));
    if (ferp_check_started(raw).kind == FER_OK) {
        *failed = false;
        (void)feri_pending_connect_apply(handle, feri_ok());
        return feri_ok();
    }
    /* the hint of a soft error, after which the connect continues */
    *failed = *failed &&
              !(ferp_traits()->reports_soft_errors && ferp_connect_is_pending(raw) == FERP_PENDING);
    return *failed ? feri_ok() : feri_limits_check(limits);
}

/* A hint of failure is no proof: its cause may come late, or another thread has taken it. */
fer_error feri_await_connect(fer_raw_socket raw, feri_operation operation,
                             const feri_limits *limits)
{
    feri_false_hints false_hints = {0, 0, 0};
    for (;;) {
        bool failed = false;
        fer_error status = feri_ok();
        fer_error error = wait_for_hint(raw, limits, &failed);
        if (error.kind == FER_OK) {
            error = feri_connect_status(raw, operation, &status);
        }
        if (error.kind == FER_OK && status.kind == FER_WOULD_BLOCK) {
            error = feri_limits_check(limits);
        }
        if (feri_retries_after_signal(limits, &error)) {
            continue;
        }
        FER_TRY(error);
        if (status.kind != FER_WOULD_BLOCK) {
            return status;
        }
        if (feri_error_is_overdue(&false_hints)) {
            /* macOS is reported to have writable sockets that never connect (socket2, issue 652) */
            FER_TRY(feri_connect_status_without_error(raw, operation, &status));
            if (status.kind != FER_WOULD_BLOCK) {
                return status;
            }
        }
        error = feri_pause_after_false_hint(&false_hints, limits->deadline, limits->token, NULL);
        if (error.kind != FER_OK && !feri_retries_after_signal(limits, &error)) {
            return error;
        }
    }
}
