/* stream_lingering.c: a close that waits for the peer's end of file (rule K11). nginx and the
 * Apache HTTP server call it a lingering close; see also RFC 9112, 9.6. */
#include <stdint.h>

#include "core/base/deadline.h"
#include "core/handle/handle.h"
#include "core/handle/stream_request.h"
#include "core/handle/stream_result.h"
#include "core/transfer/retry.h"
#include "core/transfer/stream_shutdown.h"
#include "core/wait/waiting.h"

/* The input that one try discards. */
#define DISCARD_LENGTH 8192

/* Discards some input, until the deadline in every mode. FER_OK with *moved == 0 is the end. */
static fer_error discard_some(fer_handle *handle, uint64_t deadline, size_t *moved)
{
    uint8_t discarded[DISCARD_LENGTH];
    size_t len = sizeof discarded;
    bool needs_os;
    *moved = 0;
    fer_error error = feri_stream_check_read(handle, true, len, &needs_os);
    if (!needs_os) {
        return error;
    }
    feri_waiting waiting = feri_waiting_until(handle, FERP_READABLE, deadline);
    FER_TRY(feri_waiting_begin(&waiting));
    do {
        error = ferp_try_recv(handle->p_.raw_, discarded, len, FERP_RECV, moved);
    } while (feri_should_retry(&waiting, &error, &len));
    return feri_stream_after_read(handle, error, *moved);
}

/* As discard_some, also after a signal (rule I1). A signal's handler may cancel, and the next try
 * begins with the look at the handle's limits. */
static fer_error discard_more(fer_handle *handle, uint64_t deadline, size_t *moved)
{
    const feri_limits limits = {deadline, NULL, false};
    fer_error error;
    do {
        error = discard_some(handle, deadline, moved);
    } while (feri_retries_after_signal(&limits, &error));
    return error;
}

/* After the deadline only the input that is queued then is discarded, so that a peer that sends
 * without end does not extend the call. */
static fer_error discard_queued(fer_handle *handle, size_t *moved)
{
    size_t queued = 0;
    FER_TRY(ferp_bytes_queued(handle->p_.raw_, &queued));
    fer_error error = feri_ok();
    while (error.kind == FER_OK && *moved > 0) {
        error = discard_more(handle, ferp_now(), moved);
        if (*moved > queued) {
            return feri_own_error(FER_TIMED_OUT);
        }
        queued -= *moved;
    }
    return error;
}

static fer_error discard_until(fer_handle *handle, uint64_t deadline)
{
    size_t moved = 0;
    fer_error error;
    do {
        error = discard_more(handle, deadline, &moved);
    } while (error.kind == FER_OK && moved > 0 && ferp_now() < deadline);
    if (error.kind == FER_OK && moved > 0) {
        return discard_queued(handle, &moved);
    }
    return error;
}

/* If this handle had shut the read half down before it saw the end, nothing reports the peer's
 * end. */
static fer_error end_was_seen(const fer_handle *handle)
{
    return feri_state_ending(feri_handle_state(handle)) == FERI_ENDING_SEEN
               ? feri_ok()
               : feri_own_error(FER_MISUSE);
}

fer_error feri_stream_close_gracefully(fer_handle *handle, fer_duration timeout)
{
    if (feri_handle_as_raw(handle) == FER_RAW_SOCKET_NONE) {
        return feri_own_error(FER_MISUSE);
    }
    uint64_t deadline = feri_deadline_after(timeout);
    fer_error error = feri_stream_shutdown(handle, FER_SHUTDOWN_WRITE);
    error = error.kind == FER_OK ? discard_until(handle, deadline) : error;
    error = error.kind == FER_OK ? end_was_seen(handle) : error;
    feri_stream_close(handle);
    return error;
}
