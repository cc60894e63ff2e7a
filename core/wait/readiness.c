/* readiness.c: which calls on a handle would not wait. */
#include "core/wait/waiting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/wait/connect_wait.h"
#include "core/wait/pause.h"
#include "ferrule/poller.h"
#include "platform/platform.h"

#define ALL_INTERESTS (FER_READABLE | FER_WRITABLE)

static fer_error check(fer_interest interest, const fer_interest *ready)
{
    bool is_known = interest != 0 && (interest & ~ALL_INTERESTS) == 0;
    if (is_known && ready != NULL) {
        return feri_ok();
    }
    return feri_refuse(ready == NULL);
}

/* What ends a _ready call: the limits of the handle, and the timeout. deadline is the earlier time
 * (rule K3). The limits apply in every mode, because the call waits in every mode. */
typedef struct bounds {
    feri_limits limits;
    uint64_t deadline;
} bounds;

/* True after a signal, or if nothing is ready and time remains: after a slice, a wakeup or a false
 * hint. The first wait that finds nothing is always repeated, even at the deadline, because a
 * wakeup may have ended it before the socket was polled; and one that a signal ends, because
 * another thread's shutdown may have come before the deadline. */
static bool should_retry(fer_error *error, bool has_found, feri_false_hints *hints,
                         const bounds *within)
{
    const feri_limits limits = {within->deadline, within->limits.token,
                                within->limits.interruptible};
    if (error->kind == FER_OK && !has_found) {
        if (hints->in_a_row > 0 && ferp_now() >= within->deadline) {
            return false;
        }
        *error = feri_pause_after_false_hint(hints, within->deadline, within->limits.token, NULL);
        if (error->kind == FER_OK) {
            return true;
        }
    }
    bool was_interrupted = error->kind == FER_INTERRUPTED;
    return feri_retries_after_signal(&limits, error) ||
           (was_interrupted && error->kind == FER_TIMED_OUT);
}

static bounds bounds_within(feri_limits limits, fer_duration timeout)
{
    return (bounds){limits, feri_earlier(feri_deadline_after(timeout), limits.deadline)};
}

/* An expired timeout is no error (rule T1), but the end of the limits is one (rule K3). */
static fer_error end_of(fer_error error, bool has_found, const bounds *within)
{
    bool ends_by_limits =
        within->limits.deadline != FERP_NO_DEADLINE && within->limits.deadline == within->deadline;
    bool is_over = error.kind == FER_TIMED_OUT || (error.kind == FER_OK && !has_found);
    return !is_over ? error : ends_by_limits ? feri_own_error(FER_TIMED_OUT) : feri_ok();
}

static fer_error report(fer_error error, fer_interest found, const bounds *within,
                        fer_interest *ready)
{
    fer_error result = end_of(error, found != 0, within);
    if (result.kind == FER_OK) {
        *ready = error.kind == FER_OK ? found : 0;
    }
    return result;
}

/* The arguments of a _ready call: in memory, they need no registers that must be saved. */
typedef struct ready_call {
    const fer_handle *handle;
    fer_interest interest;
    fer_duration timeout;
    fer_interest *ready;
} ready_call;

/* A check without a wait, of a handle of which only the OS knows something: open, without limits,
 * and no end that waits miss. False: *ready has not changed, and the path of every call decides. */
FERI_HOT static bool is_known_at_once(const ready_call *call)
{
    const fer_handle *handle = call->handle;
    fer_interest interest = call->interest;
    if (handle == NULL || interest - 1 >= ALL_INTERESTS || call->ready == NULL ||
        call->timeout.nanos != 0 || !feri_handle_is_fast_path(handle) ||
        ((interest & FER_WRITABLE) != 0 && feri_write_wait_misses_end(handle))) {
        return false;
    }
    fer_interest found = 0;
    fer_error error = ferp_ready(handle->p_.raw_, interest, 0, 0, NULL, &found);
    bool is_over = error.kind == FER_TIMED_OUT || (error.kind == FER_OK && found != 0);
    if (!is_over || !feri_handle_is_fast_path(handle) || feri_read_end_is_marked(handle)) {
        return false; /* an end of another handle, or of another thread meanwhile */
    }
    *call->ready = found;
    return true;
}

/* ---- Streams */

/* A half that has ended for this handle is ready, without a system call. */
static fer_interest ready_by_state(const fer_handle *handle, fer_interest interest)
{
    bool reads = feri_handle_answer(handle, FERI_REQUEST_READ) != FERI_ANSWER_CALL_OS;
    bool writes = feri_handle_answer(handle, FERI_REQUEST_WRITE) != FERI_ANSWER_CALL_OS;
    return ((reads ? FER_READABLE : 0) | (writes ? FER_WRITABLE : 0)) & interest;
}

/* A read half that a clone has shut down is ready too. Not every system reports that, so the limits
 * come first (rule K1). */
static fer_interest ready_by_clone(const fer_handle *handle, fer_interest interest)
{
    bool reads = (interest & FER_READABLE) != 0 && feri_read_end_is_marked(handle);
    return reads ? FER_READABLE : 0;
}

/* Whether a clone has shut down the write half, or the peer of a Unix stream its read half, if
 * waits do not report that. A send of zero bytes reports it ("send function", MSDN: a length of
 * zero is permissible; Linux: unix_stream_sendmsg). Any other error it returns ends the stream and
 * is applied to the state (rule S5). */
static bool write_end_was_missed(fer_handle *handle)
{
    size_t n = 0;
    if (!feri_write_wait_misses_end(handle) ||
        (ferp_traits()->write_wait_misses_shutdown && !feri_handle_is_shared(handle))) {
        return false;
    }
    fer_error error = ferp_send(handle->p_.raw_, "", 0, 0, &n);
    if (error.kind == FER_OK || error.kind == FER_BROKEN_PIPE) {
        return error.kind != FER_OK;
    }
    (void)feri_stream_after_failed_write(handle, error);
    return feri_handle_answer(handle, FERI_REQUEST_WRITE) != FERI_ANSWER_CALL_OS;
}

/* Polls the OS. TIMED_OUT: nothing is ready. */
static fer_error poll_stream(fer_handle *handle, fer_interest interest, uint64_t until,
                             uint64_t deadline, const fer_cancel_token *token, fer_interest *seen)
{
    fer_error error = ferp_ready(handle->p_.raw_, interest, until, deadline, token, seen);
    bool is_expired = error.kind == FER_TIMED_OUT && (interest & FER_WRITABLE) != 0;
    if (is_expired && write_end_was_missed(handle)) {
        *seen = FER_WRITABLE;
        return feri_ok();
    }
    return error;
}

/* The wait is cut into slices if a shutdown may not wake it (rule S6). */
static uint64_t end_of_ready_slice(const fer_handle *handle, fer_interest interest,
                                   uint64_t deadline)
{
    bool misses_reading = (interest & FER_READABLE) != 0 && feri_marks_read_end(handle);
    bool misses_writing = (interest & FER_WRITABLE) != 0 && feri_write_wait_misses_end(handle);
    uint64_t slice = misses_reading || misses_writing
                         ? feri_deadline_after((fer_duration){FERI_WAIT_SLICE_NANOS})
                         : deadline;
    return feri_earlier(slice, deadline);
}

/* One wait of an OPEN stream. The answer of the state comes before the limits (rule K1). */
static fer_error check_or_wait(fer_handle *handle, fer_interest interest, const bounds *within,
                               fer_interest *found)
{
    *found = ready_by_state(handle, interest);
    if (*found == 0) {
        FER_TRY(feri_limits_check(&within->limits));
    }
    *found |= ready_by_clone(handle, interest);
    if (*found != 0) {
        if (*found != interest) {
            /* the other half may be ready too */
            uint64_t now = ferp_now();
            fer_interest seen = 0;
            (void)poll_stream(handle, interest & ~*found, now, now, NULL, &seen);
            *found |= seen;
        }
        return feri_ok();
    }
    uint64_t until = end_of_ready_slice(handle, interest, within->deadline);
    fer_error error =
        poll_stream(handle, interest, until, within->deadline, within->limits.token, found);
    if (error.kind != FER_TIMED_OUT) {
        return error;
    }
    /* another thread's shutdown that did not wake the wait */
    *found = ready_by_state(handle, interest) | ready_by_clone(handle, interest);
    if (*found != 0 || until < within->deadline) {
        return feri_ok();
    }
    return error;
}

/* One wait, chosen by the state of the stream. If the connect fails during the wait, the next call
 * reports the error (rule C5). */
static fer_error wait_for_readiness(fer_handle *handle, fer_interest interest, const bounds *within,
                                    fer_interest *found)
{
    if (feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR) == FERI_ANSWER_SAVED_ERROR) {
        *found = interest;
        return feri_ok();
    }
    feri_answer reading = feri_handle_answer(handle, FERI_REQUEST_READ);
    if (reading == FERI_ANSWER_CHECK_CONNECT) {
        bool failed = false;
        const feri_limits limits = {within->deadline, within->limits.token, false};
        FER_TRY(feri_limits_check(&within->limits));
        FER_TRY(feri_pending_connect_wait(handle, &limits, &failed));
        *found = failed ? interest : 0;
        return feri_ok();
    }
    FER_TRY(feri_handle_answer_error(handle, reading));
    return check_or_wait(handle, interest, within, found);
}

FERI_NOINLINE static fer_error stream_ready_on(const ready_call *call)
{
    fer_handle *handle = (fer_handle *)(uintptr_t)call->handle;
    fer_error error = check(call->interest, call->ready);
    if (error.kind != FER_OK) {
        FER_TRY(feri_stream_check_misuse(handle));
        return error;
    }
    feri_limits limits = handle == NULL ? FERI_NO_LIMITS : feri_limits_of(handle);
    const bounds within = bounds_within(limits, call->timeout);
    fer_interest found = 0;
    feri_false_hints false_hints = {0, 0, 0};
    do {
        error = wait_for_readiness(handle, call->interest, &within, &found);
    } while (should_retry(&error, found != 0, &false_hints, &within));
    FERI_ASSERT((found & ~call->interest) == 0);
    return report(error, found, &within, call->ready);
}

fer_error feri_stream_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                            fer_interest *ready)
{
    const ready_call call = {handle, interest, timeout, ready};
    return is_known_at_once(&call) ? feri_ok() : stream_ready_on(&call);
}

/* ---- Sockets that are no streams */

/* The halves of a datagram socket that this handle has shut down, or a clone the read half. The OS
 * does not always report them. A write half that only a clone or the peer has ended is not noticed,
 * because a send would send. */
static fer_interest ready_by_end(const fer_handle *handle, fer_interest interest)
{
    return feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM)
               ? ready_by_state(handle, interest) | ready_by_clone(handle, interest)
               : 0;
}

/* One wait. The answer of the state comes before the limits (rule K1). */
static fer_error wait_for_socket(const fer_handle *handle, fer_interest interest,
                                 const bounds *within, fer_interest *found)
{
    *found = ready_by_end(handle, interest);
    if (*found != 0) {
        return feri_ok();
    }
    FER_TRY(feri_limits_check(&within->limits));
    uint64_t until = feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM)
                         ? end_of_ready_slice(handle, interest, within->deadline)
                         : within->deadline;
    fer_error error =
        ferp_ready(handle->p_.raw_, interest, until, within->deadline, within->limits.token, found);
    if (error.kind != FER_TIMED_OUT) {
        return error;
    }
    *found = ready_by_end(handle, interest);
    bool is_whole = *found == 0 && until >= within->deadline;
    return is_whole ? error : feri_ok();
}

FERI_NOINLINE static fer_error ready_on(const ready_call *call)
{
    FER_TRY(feri_handle_check(call->handle, FERI_REQUEST_USE));
    FER_TRY(check(call->interest, call->ready));
    const bounds within = bounds_within(feri_limits_of(call->handle), call->timeout);
    fer_interest found = 0;
    feri_false_hints false_hints = {0, 0, 0};
    fer_error error;
    do {
        error = wait_for_socket(call->handle, call->interest, &within, &found);
    } while (should_retry(&error, found != 0, &false_hints, &within));
    return report(error, found, &within, call->ready);
}

fer_error feri_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                     fer_interest *ready)
{
    const ready_call call = {handle, interest, timeout, ready};
    return is_known_at_once(&call) ? feri_ok() : ready_on(&call);
}

/* ---- An array of sockets */

/* No element is ready yet. */
static fer_error check_entries(fer_poll_entry *entries, size_t count)
{
    fer_interest interests = 0;
    FERI_REQUIRE(entries != NULL || count == 0, FER_MISUSE);
    FERI_REQUIRE(count <= PTRDIFF_MAX / sizeof *entries, FER_MISUSE);
    for (size_t i = 0; i < count; i++) {
        interests |= entries[i].interest;
        entries[i].ready = 0;
    }
    FERI_REQUIRE((interests & ~(ALL_INTERESTS | FER_PRIORITY)) == 0, FER_INVALID_INPUT);
    return feri_ok();
}

/* The limits come first (rule K1). */
static fer_error poll_within(fer_poll_entry *entries, size_t count, const bounds *within,
                             size_t *found)
{
    *found = 0;
    FER_TRY(feri_limits_check(&within->limits));
    return ferp_poll(entries, count, within->deadline, within->limits.token, found);
}

fer_error fer_poll(fer_poll_entry *entries, size_t count, fer_duration timeout,
                   const fer_limits *limits, size_t *n)
{
    feri_store_count(n, 0);
    FER_TRY(check_entries(entries, count));
    FERI_REQUIRE(limits == NULL || feri_limits_are_valid(limits), FER_INVALID_INPUT);
    const bounds within = bounds_within(feri_limits_from(limits), timeout);
    size_t found = 0;
    feri_false_hints false_hints = {0, 0, 0};
    fer_error error;
    do {
        error = poll_within(entries, count, &within, &found);
    } while (should_retry(&error, found != 0, &false_hints, &within));
    for (size_t i = 0; i < count && (error.kind != FER_OK || found == 0); i++) {
        entries[i].ready = 0;
    }
    feri_store_count(n, error.kind == FER_OK ? found : 0);
    return end_of(error, found != 0, &within);
}
