/* connect_wait.c: waits for the end of a started connect. */
#include "core/wait/connect_wait.h"

#include "core/handle/handle.h"
#include "core/handle/pending_connect.h"
#include "platform/platform.h"

/* After a wait: the OS hints at the end of the connect, or (CONNECTION_REFUSED) at a bad end. That
 * stands where nothing else is known. */
static fer_error status_after(fer_raw_socket raw, fer_error hint)
{
    fer_error status = feri_connect_status(raw);
    return status.kind == FER_WOULD_BLOCK && hint.kind == FER_CONNECTION_REFUSED
               ? feri_own_error(FER_CONNECTION_REFUSED)
               : status;
}

/* One wait. FER_OK: *hint is how the connect seems to have ended; else why the wait ended without
 * one. */
static fer_error wait_for_hint(fer_raw_socket raw, uint64_t deadline, fer_error *hint)
{
    ferp_wait wait;
    FER_TRY(ferp_wait_arm(&wait, raw, FERP_CONNECTED));
    *hint = ferp_wait_for(&wait, deadline);
    return hint->kind == FER_CONNECTION_REFUSED ? feri_ok() : *hint;
}

/* After a hint that was false: whether there is time for another wait. */
static fer_error check_deadline(uint64_t deadline)
{
    return ferp_now() >= deadline ? feri_own_error(FER_TIMED_OUT) : feri_ok();
}

/* FER_OK: *said is the verdict, WOULD_BLOCK where there is none yet; else why the wait ended
 * without one. */
static fer_error wait_once(fer_raw_socket raw, uint64_t deadline, fer_error *status)
{
    fer_error hint = feri_ok();
    FER_TRY(wait_for_hint(raw, deadline, &hint));
    *status = status_after(raw, hint);
    return status->kind == FER_WOULD_BLOCK ? check_deadline(deadline) : feri_ok();
}

/* Of a failure only the hint is asked for: who reads SO_ERROR takes it from whoever is to be
 * told. */
fer_error feri_pending_connect_wait(fer_handle *handle, uint64_t deadline, bool *failed)
{
    fer_error hint = feri_ok();
    FER_TRY(wait_for_hint(handle->raw_, deadline, &hint));
    if (ferp_check_connected(handle->raw_).kind == FER_OK) {
        (void)feri_pending_connect_apply(handle, feri_ok());
        return feri_ok();
    }
    *failed = hint.kind != FER_OK;
    return *failed ? feri_ok() : check_deadline(deadline);
}

fer_error feri_await_connect(fer_raw_socket raw, uint64_t deadline)
{
    for (;;) {
        fer_error status = feri_ok();
        fer_error error = wait_once(raw, deadline, &status);
        if (error.kind != FER_OK && error.kind != FER_INTERRUPTED) {
            return error;
        }
        if (error.kind == FER_OK && status.kind != FER_WOULD_BLOCK) {
            return status;
        }
    }
}
