/* readiness.c: which calls on a handle would not wait. */
#include "core/wait/readiness.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/deadline.h"
#include "core/base/facts.h"
#include "core/handle/handle.h"
#include "core/handle/ownership.h"
#include "core/handle/stream_result.h"
#include "core/wait/connect_wait.h"
#include "core/wait/false_hints.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

#define ALL_INTERESTS (FER_READABLE | FER_WRITABLE)

static fer_error check(fer_interest interest, const fer_interest *ready)
{
    bool is_known = interest != 0 && (interest & ~ALL_INTERESTS) == 0;
    return is_known && ready != NULL ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

/* True after a signal, or if nothing is ready and time remains: after a slice, a wakeup or a false
 * hint. After the first of these the last look may have been no look, even at the deadline. */
static bool should_retry(fer_error error, fer_interest found, feri_false_hints *hints,
                         uint64_t deadline)
{
    if (error.kind != FER_OK || found != 0) {
        return error.kind == FER_INTERRUPTED;
    }
    if (hints->in_a_row > 0 && ferp_now() >= deadline) {
        return false;
    }
    feri_pause_after_false_hint(hints, deadline);
    return true;
}

/* An expired timeout is no error (rule T1). */
static fer_error report(fer_error error, fer_interest found, fer_interest *ready)
{
    bool is_expired = error.kind == FER_TIMED_OUT && error.os_code == 0;
    if (error.kind == FER_OK || is_expired) {
        *ready = is_expired ? 0 : found;
        return feri_ok();
    }
    return error;
}

fer_error feri_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                     fer_interest *ready)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FER_TRY(check(interest, ready));
    uint64_t deadline = feri_deadline_after(timeout);
    fer_interest found = 0;
    feri_false_hints false_hints = {0, 0};
    fer_error error;
    do {
        error = ferp_ready(handle->raw_, interest, deadline, deadline, &found);
    } while (should_retry(error, found, &false_hints, deadline));
    return report(error, found, ready);
}

/* ---- Streams */

/* A half that has ended, for this handle or for all, is ready without a system call. */
static fer_interest ready_by_state(const fer_handle *handle, fer_interest interest)
{
    bool reads = feri_handle_answer(handle, FERI_REQUEST_READ) != FERI_ANSWER_CALL_OS;
    bool writes = feri_handle_answer(handle, FERI_REQUEST_WRITE) != FERI_ANSWER_CALL_OS;
    reads = (interest & FER_READABLE) != 0 && (reads || feri_read_shut_by_clone(handle));
    return (reads ? FER_READABLE : 0) | (writes ? interest & FER_WRITABLE : 0);
}

/* Whether a clone has shut down the write half, if waits do not report that. A send of zero bytes
 * reports it ("send function", MSDN: a length of zero is permissible). Any other error it returns
 * ends the stream and is applied to the state (rule S5). */
static bool write_shut_by_clone(fer_handle *handle)
{
    size_t n = 0;
    if (!feri_write_wait_misses_shutdown() || !feri_handle_is_shared(handle)) {
        return false;
    }
    fer_error error = ferp_send(handle->raw_, "", 0, &n);
    if (error.kind == FER_OK || error.kind == FER_BROKEN_PIPE) {
        return error.kind != FER_OK;
    }
    (void)feri_stream_after_failed_write(handle, error);
    return feri_handle_answer(handle, FERI_REQUEST_WRITE) != FERI_ANSWER_CALL_OS;
}

/* Polls the OS. TIMED_OUT: nothing is ready. */
static fer_error poll_stream(fer_handle *handle, fer_interest interest, uint64_t until,
                             uint64_t deadline, fer_interest *seen)
{
    fer_error error = ferp_ready(handle->raw_, interest, until, deadline, seen);
    bool is_expired = error.kind == FER_TIMED_OUT && (interest & FER_WRITABLE) != 0;
    if (is_expired && write_shut_by_clone(handle)) {
        *seen = FER_WRITABLE;
        return feri_ok();
    }
    return error;
}

/* The wait is cut into slices if a shutdown may not wake it (rule S6). */
static uint64_t end_of_slice(fer_interest interest, uint64_t deadline)
{
    bool misses_reading = (interest & FER_READABLE) != 0 && feri_shutdown_read_resets_on_data();
    bool misses_writing = (interest & FER_WRITABLE) != 0 && feri_write_wait_misses_shutdown();
    uint64_t slice = misses_reading || misses_writing
                         ? feri_deadline_after((fer_duration){FERI_WAIT_SLICE_NANOS})
                         : deadline;
    return slice < deadline ? slice : deadline;
}

/* One wait of an OPEN stream. If one interest is known to be ready, the others are polled without
 * waiting. */
static fer_error check_or_wait(fer_handle *handle, fer_interest interest, uint64_t deadline,
                               fer_interest *found)
{
    *found = ready_by_state(handle, interest);
    if (*found == interest) {
        return feri_ok();
    }
    uint64_t until = *found != 0 ? ferp_now() : end_of_slice(interest, deadline);
    fer_interest seen = 0;
    fer_error error =
        poll_stream(handle, interest & ~*found, until, *found != 0 ? until : deadline, &seen);
    bool continues = *found != 0 || (error.kind == FER_TIMED_OUT && until < deadline);
    *found |= seen;
    if (error.kind == FER_TIMED_OUT && *found == 0) {
        *found = ready_by_state(handle, interest); /* a shutdown that woke nothing */
        continues = continues || *found != 0;
    }
    return continues ? feri_ok() : error;
}

/* One wait while the connect is pending. The next call reports the error of a failure (rule C5). */
static fer_error wait_for_connect(fer_handle *handle, fer_interest interest, uint64_t deadline,
                                  fer_interest *found)
{
    bool failed = false;
    FER_TRY(feri_pending_connect_wait(handle, deadline, &failed));
    *found = failed ? interest : 0;
    return feri_ok();
}

/* One wait, chosen by the state of the stream. */
static fer_error wait_once(fer_handle *handle, fer_interest interest, uint64_t deadline,
                           fer_interest *found)
{
    if (feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR) == FERI_ANSWER_SAVED_ERROR) {
        *found = interest;
        return feri_ok();
    }
    feri_answer reading = feri_handle_answer(handle, FERI_REQUEST_READ);
    if (reading == FERI_ANSWER_CHECK_CONNECT) {
        return wait_for_connect(handle, interest, deadline, found);
    }
    FER_TRY(feri_handle_answer_error(handle, reading));
    return check_or_wait(handle, interest, deadline, found);
}

fer_error feri_stream_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                            fer_interest *ready)
{
    FER_TRY(check(interest, ready));
    uint64_t deadline = feri_deadline_after(timeout);
    fer_interest found = 0;
    feri_false_hints false_hints = {0, 0};
    fer_error error;
    do {
        error = wait_once((fer_handle *)(uintptr_t)handle, interest, deadline, &found);
    } while (should_retry(error, found, &false_hints, deadline));
    FERI_ASSERT((found & ~interest) == 0);
    return report(error, found, ready);
}
