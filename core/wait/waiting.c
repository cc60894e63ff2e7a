/* waiting.c: arm, check, wait: the waits of a call on one socket. The _ready calls (readiness.c),
 * several connects at once (connect_attempts.c), pollers and lookups have their own. */
#include "core/wait/waiting.h"

#include "core/base/cancel_token.h"
#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "platform/platform.h"

static ferp_direction direction_of(ferp_readiness readiness)
{
    return readiness == FERP_WRITABLE ? FERP_WRITING : FERP_READING;
}

/* Whether the socket has a timeout. Another handle or process may have set it. */
static fer_error direction_has_timeout(const fer_handle *handle, ferp_direction direction,
                                       bool *out)
{
    *out = feri_handle_has_flag(handle, FERI_FLAG_TIMEOUT_SET);
    if (*out) {
        return feri_ok();
    }
    fer_duration timeout;
    FER_TRY(feri_timeout(handle, direction, &timeout));
    *out = timeout.nanos != FER_DURATION_NONE_NANOS;
    return feri_ok();
}

fer_error feri_map_kernel_timeout(const fer_handle *handle, ferp_direction direction,
                                  fer_error error)
{
    bool nonblocking = false;
    bool may_expire = false;
    FER_TRY(feri_mode_after_try(handle, &nonblocking));
    if (!nonblocking) {
        FER_TRY(direction_has_timeout(handle, direction, &may_expire));
    }
    return may_expire ? feri_map_error(FERI_OPERATION_EXPIRED, error) : error;
}

/* Whether this handle's own halves now answer the call. *answer is then the result, or WOULD_BLOCK
 * if the call should be retried once: bytes may have arrived between its last try and the reset,
 * and they come before the saved error (rule S5). A retry that would block has found none. The
 * halves of a listener never answer. */
static bool half_has_answer(feri_waiting *waiting, fer_error *answer)
{
    feri_request request =
        waiting->readiness == FERP_WRITABLE ? FERI_REQUEST_WRITE : FERI_REQUEST_READ;
    feri_answer current = feri_handle_answer(waiting->handle, request);
    *answer = feri_handle_answer_error(waiting->handle, current);
    if (current == FERI_ANSWER_CHECK_QUEUED) {
        *answer = waiting->was_reset ? feri_handle_saved_error(waiting->handle)
                                     : feri_own_error(FER_WOULD_BLOCK);
        waiting->was_reset = true;
    }
    return current != FERI_ANSWER_CALL_OS;
}

/* Whether a clone has shut down the read half of a stream, which the OS does not report. */
static bool reading_has_ended(const feri_waiting *waiting)
{
    return waiting->readiness == FERP_READABLE && feri_read_shut_by_clone(waiting->handle);
}

/* Checks for a change by another thread. Returns true if the call has a result, or should be
 * retried: *answer is then WOULD_BLOCK. */
static bool state_has_answer(feri_waiting *waiting, fer_error *answer)
{
    if (half_has_answer(waiting, answer)) {
        return true;
    }
    *answer = feri_ok();
    return reading_has_ended(waiting);
}

/* Whether the token of the limits ends the call. *answer is then its result. */
static bool is_cancelled(const feri_waiting *waiting, fer_error *answer)
{
    fer_error cancelled = feri_token_check(waiting->limits.token);
    *answer = cancelled.kind != FER_OK ? cancelled : *answer;
    return cancelled.kind != FER_OK;
}

/* Whether the system lacks the memory for a stream's wait, perhaps only for a while. The call is
 * then retried as after a false hint, with a pause. */
static bool is_transient_shortage(const feri_waiting *waiting, fer_error error)
{
    bool is_stream = waiting->readiness == FERP_READABLE || waiting->readiness == FERP_WRITABLE;
    return is_stream && error.kind == FER_NO_BUFFER_SPACE &&
           ferp_traits()->no_buffer_space_is_transient;
}

/* Whether a shutdown may not wake the wait. It is then cut into slices. */
static bool wake_may_be_missed(const feri_waiting *waiting)
{
    if (waiting->readiness == FERP_WRITABLE) {
        return feri_write_wait_misses_end(waiting->handle);
    }
    return feri_waiting_is_in_core(waiting) ||
           (waiting->readiness == FERP_READABLE && feri_marks_read_end(waiting->handle) &&
            feri_handle_is_shared(waiting->handle));
}

/* The timeout expired after the last try. Spurious wakeups do not extend it. A shutdown or a cancel
 * that woke no wait is noticed now. Returns true if the call should be retried. */
static bool expire(feri_waiting *waiting, fer_error *answer)
{
    fer_error expired = *answer;
    if (!state_has_answer(waiting, answer) && !is_cancelled(waiting, answer)) {
        *answer = feri_map_error(FERI_OPERATION_EXPIRED, expired);
    }
    return answer->kind == FER_WOULD_BLOCK;
}

/* Whether time remains after a slice of core or of the backend. */
static bool has_time_left(const feri_waiting *waiting, uint64_t end)
{
    return end < waiting->deadline || ferp_now() < waiting->deadline;
}

static uint64_t end_of_slice(const feri_waiting *waiting)
{
    if (!wake_may_be_missed(waiting)) {
        return waiting->deadline;
    }
    uint64_t slice = feri_deadline_after((fer_duration){FERI_WAIT_SLICE_NANOS});
    return feri_earlier(slice, waiting->deadline);
}

/* Whether a call continues after a signal. If not, *answer is its result: CANCELLED, if the handler
 * has cancelled it; else TIMED_OUT for an accept or an interruptible call whose deadline is
 * reached; else INTERRUPTED. Only an accept that is not interruptible continues (rules I1, I4). */
static bool continues_after_signal(const feri_waiting *waiting, fer_error *answer)
{
    const feri_limits limits = {waiting->deadline, waiting->limits.token,
                                waiting->limits.interruptible};
    bool checks_limits = waiting->readiness == FERP_ACCEPTABLE || limits.interruptible;
    return !is_cancelled(waiting, answer) && checks_limits &&
           feri_retries_after_signal(&limits, answer);
}

/* One wait. Returns true if the call should be retried: the socket is ready, the token is
 * signalled, a slice expired, memory is short for a while, a signal interrupted an accept (rule
 * I1), or another call has met a reset. The last try after a cancel may still succeed (rule K2).
 * False: *answer is the call's result, an error of the socket if has_failed is set. */
static bool wait_once(feri_waiting *waiting, fer_error *answer)
{
    ferp_wait wait;
    *answer = ferp_wait_arm(&wait, waiting->handle->p_.raw_, waiting->readiness);
    if (answer->kind != FER_OK) {
        return is_transient_shortage(waiting, *answer) &&
               (!state_has_answer(waiting, answer) || answer->kind == FER_WOULD_BLOCK);
    }
    /* A clone that is made from now on wakes the armed wait. */
    uint64_t end = end_of_slice(waiting);
    wait.call_deadline = waiting->deadline;
    wait.token = waiting->limits.token;
    if (state_has_answer(waiting, answer) || is_cancelled(waiting, answer)) {
        ferp_wait_disarm(&wait);
        return answer->kind == FER_WOULD_BLOCK;
    }
    *answer = ferp_wait_for(&wait, end);
    if (wait.failure.kind != FER_OK) {
        *answer = wait.failure;
        waiting->has_failed = true;
        return false;
    }
    if (answer->kind == FER_TIMED_OUT) {
        if (has_time_left(waiting, end)) {
            return true;
        }
        return expire(waiting, answer);
    }
    return answer->kind == FER_OK || is_transient_shortage(waiting, *answer) ||
           (answer->kind == FER_INTERRUPTED && continues_after_signal(waiting, answer));
}

/* The mode after a try. With limits feri_waiting_begin_with_limits has queried the mode of a shared
 * handle, which was blocking. Only a mode that core keeps is then read again: the handle's words
 * stay 0 if the OS keeps it. No try waits in the system if core waits, so the mode of a handle that
 * is not shared is the one that it has set. */
static fer_error read_mode(const feri_waiting *waiting, bool *nonblocking)
{
    if (waiting->has_limits && feri_handle_is_shared(waiting->handle)) {
        *nonblocking = feri_modes_is_nonblocking(waiting->handle);
        return feri_ok();
    }
    return feri_waiting_is_in_core(waiting) ? feri_mode_before_try(waiting->handle, nonblocking)
                                            : feri_mode_after_try(waiting->handle, nonblocking);
}

/* The timeout. Only a handle that is shared, or that has set one, can have it. */
static fer_error read_timeout(const feri_waiting *waiting, fer_duration *timeout)
{
    bool has_none = feri_waiting_is_in_core(waiting) && !feri_handle_is_shared(waiting->handle) &&
                    !feri_handle_has_flag(waiting->handle, FERI_FLAG_TIMEOUT_SET);
    *timeout = FER_DURATION_NONE;
    return has_none ? feri_ok()
                    : feri_timeout(waiting->handle, direction_of(waiting->readiness), timeout);
}

/* Reads the socket's mode and timeout, once for each call. Returns true if the call may wait. */
static bool begin_waits(feri_waiting *waiting, fer_error *answer)
{
    ferp_direction direction = direction_of(waiting->readiness);
    if (direction == FERP_READING && feri_read_shut_by_clone(waiting->handle)) {
        *answer = feri_ok();
        return false;
    }
    if (waiting->wait_mode == FERI_WAIT_BY_MODE) {
        fer_duration timeout = FER_DURATION_NONE;
        bool nonblocking = false;
        fer_error error = read_mode(waiting, &nonblocking);
        if (error.kind == FER_OK && nonblocking) {
            return false;
        }
        error = error.kind == FER_OK ? read_timeout(waiting, &timeout) : error;
        if (error.kind != FER_OK) {
            *answer = error;
            return false;
        }
        waiting->deadline = feri_deadline_after(timeout);
    }
    waiting->deadline = feri_earlier(waiting->deadline, waiting->limits.deadline);
    waiting->has_begun = true;
    return true;
}

fer_error feri_waiting_begin_with_limits(feri_waiting *waiting)
{
    bool nonblocking = false;
    if (waiting->wait_mode != FERI_WAIT_UNTIL) {
        FER_TRY(feri_mode_before_try(waiting->handle, &nonblocking));
    }
    if (nonblocking) {
        waiting->wait_mode = FERI_WAIT_NEVER;
        return feri_ok();
    }
    waiting->limits = feri_limits_of(waiting->handle);
    waiting->has_limits = true;
    return feri_limits_check(&waiting->limits);
}

/* Whether the try was a call that waits in the kernel, by the socket's mode and timeouts. Not for a
 * listener: core keeps both (modes.h). */
static bool kernel_has_waited(const feri_waiting *waiting)
{
    return feri_waiting_tries_may_wait(waiting) && !feri_modes_are_kept(waiting->handle);
}

/* Called after a try that returned WOULD_BLOCK. False: *answer is the call's result. */
static bool waits_and_retries(feri_waiting *waiting, fer_error *answer)
{
    FERI_ASSERT(waiting->readiness != FERP_CONNECTED);
    if (waiting->wait_mode == FERI_WAIT_NEVER) {
        *answer = reading_has_ended(waiting) ? feri_ok() : *answer;
        return false;
    }
    if (kernel_has_waited(waiting)) {
        *answer =
            feri_map_kernel_timeout(waiting->handle, direction_of(waiting->readiness), *answer);
        return false;
    }
    if (!waiting->has_begun) {
        return begin_waits(waiting, answer) && wait_once(waiting, answer);
    }
    if (ferp_now() >= waiting->deadline) {
        return expire(waiting, answer);
    }
    if (is_cancelled(waiting, answer)) {
        return false;
    }
    feri_pause_after_false_hint(&waiting->false_hints, waiting->deadline, waiting->limits.token);
    return wait_once(waiting, answer);
}

/* Called after a try of accept that a signal interrupted. A timeout begins with the first one.
 * False, with the same error, if accept never waits. */
static bool accepts_again(feri_waiting *waiting, fer_error *answer)
{
    if (waiting->wait_mode == FERI_WAIT_NEVER) {
        return false;
    }
    if (!waiting->has_begun && feri_modes_core_waits(waiting->handle) &&
        !begin_waits(waiting, answer)) {
        return false;
    }
    return continues_after_signal(waiting, answer);
}

feri_after_try feri_waiting_after_try(feri_waiting *waiting, fer_error *answer)
{
    if (answer->kind == FER_INTERRUPTED && waiting->readiness == FERP_ACCEPTABLE) {
        return accepts_again(waiting, answer) ? FERI_TRY_AGAIN : FERI_TRY_DONE;
    }
    if (answer->kind != FER_WOULD_BLOCK) {
        return answer->kind == FER_OK ? FERI_TRY_DONE : FERI_TRY_FAILED;
    }
    if (waits_and_retries(waiting, answer)) {
        return FERI_TRY_AGAIN;
    }
    return waiting->has_failed ? FERI_TRY_FAILED : FERI_TRY_DONE;
}

fer_error feri_waiting_run(feri_waiting *waiting, feri_try *attempt, void *call)
{
    unsigned flags = feri_waiting_tries_may_wait(waiting) ? 0 : FERP_DONTWAIT;
    fer_error error;
    feri_after_try after;
    do {
        error = attempt(call, flags);
        after = feri_waiting_after_try(waiting, &error);
    } while (after == FERI_TRY_AGAIN);
    waiting->has_failed = after == FERI_TRY_FAILED;
    return error;
}

/* ---- Waits for the result of a started connect. */

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
    feri_false_hints false_hints = {0, 0, 0};
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
        if (feri_lacks_error(&false_hints)) {
            /* macOS is reported to have writable sockets that never connect (socket2, issue 652) */
            FER_TRY(feri_connect_status_without_error(raw, operation, &status));
            if (status.kind != FER_WOULD_BLOCK) {
                return status;
            }
        }
        feri_pause_after_false_hint(&false_hints, limits->deadline, limits->token);
    }
}

/* ---- Pauses of a call for which waits report "ready" although it still would block.
 *
 * Known causes: WSAPoll reports a write as ready from the peer's half-close on (Wine,
 * dlls/ws2_32/tests/sock.c, poll tests); a system without memory for a send reports the socket as
 * writable; Darwin 22.6 reports some sockets as writable before they are connected (qore#4791). */

uint64_t feri_pause_length(uint32_t in_a_row)
{
    uint64_t length = FERI_PAUSE_MIN_NANOS;
    for (uint32_t i = 2; i < in_a_row && length < FERI_PAUSE_MAX_NANOS; i++) {
        length *= 2;
    }
    return length < FERI_PAUSE_MAX_NANOS ? length : FERI_PAUSE_MAX_NANOS;
}

/* A cancel ends the pause at once (rule K2), and so does a signal, whose handler may cancel. A
 * token that is signalled but not cancelled, as concurrent resets may leave it, does not. */
static void pause_until(uint64_t until, const fer_cancel_token *token)
{
    bool is_signalled = token != NULL && ferp_token_wait(token, NULL, until).kind == FER_OK;
    if (token == NULL || (is_signalled && feri_token_check(token).kind == FER_OK)) {
        ferp_pause(until);
    }
}

void feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                 const fer_cancel_token *token)
{
    uint64_t now = ferp_now();
    bool is_repeated = hints->in_a_row > 0 && now - hints->last < FERI_PAUSE_MIN_NANOS;
    hints->in_a_row = is_repeated ? hints->in_a_row + 1 : 1;
    hints->count++;
    if (is_repeated && now < deadline) {
        uint64_t left = deadline - now;
        uint64_t length = feri_pause_length(hints->in_a_row);
        pause_until(now + (length < left ? length : left), token);
        now = ferp_now();
    }
    hints->last = now;
}
