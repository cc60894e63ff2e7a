/* waiting.c: who waits for a call on one socket, and the waits of core: arm, check, wait. The
 * _ready calls (readiness.c), several connects at once (connect_attempts.c), pollers and lookups
 * have their own. */
#include "core/wait/waiting.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "platform/platform.h"

/* ---- The mode and the timeouts */

fer_error feri_is_nonblocking(const fer_handle *handle, bool *out)
{
    if (feri_modes_are_kept(handle)) {
        *out = feri_modes_is_nonblocking(handle);
        return feri_ok();
    }
    if (feri_handle_is_shared(handle)) {
        return ferp_is_nonblocking(handle->p_.raw_, out);
    }
    *out = feri_handle_has_flag(handle, FERI_FLAG_NONBLOCKING);
    return feri_ok();
}

fer_error feri_was_nonblocking(const fer_handle *handle, bool *out)
{
    return feri_modes_are_kept(handle) || feri_handle_has_flag(handle, FERI_FLAG_NONBLOCKING)
               ? feri_is_nonblocking(handle, out)
               : ferp_is_nonblocking(handle->p_.raw_, out);
}

fer_error feri_timeout(const fer_handle *handle, ferp_direction direction, fer_duration *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    if (feri_modes_are_kept(handle)) {
        *out = feri_modes_timeout(handle, direction);
        return feri_ok();
    }
    return ferp_timeout(handle->p_.raw_, direction, out);
}

fer_error feri_timeout_if_set(const fer_handle *handle, ferp_direction direction, fer_duration *out)
{
    *out = FER_DURATION_NONE;
    bool may_be_set = feri_modes_are_kept(handle) || feri_handle_is_shared(handle) ||
                      feri_handle_has_flag(handle, feri_timeout_flag(direction));
    return may_be_set ? feri_timeout(handle, direction, out) : feri_ok();
}

fer_error feri_map_kernel_timeout(const fer_handle *handle, ferp_direction direction,
                                  fer_error error)
{
    fer_duration timeout = {0};
    bool nonblocking = false;
    FER_TRY(feri_was_nonblocking(handle, &nonblocking));
    if (nonblocking) {
        return error;
    }
    if (!feri_handle_has_flag(handle, feri_timeout_flag(direction))) {
        /* another handle or process may have set it */
        FER_TRY(feri_timeout(handle, direction, &timeout));
    }
    return timeout.nanos != FER_DURATION_NONE_NANOS ? feri_map_error(FERI_OPERATION_EXPIRED, error)
                                                    : error;
}

/* ---- Who waits */

unsigned feri_flags_by_mode(const fer_handle *handle, ferp_readiness readiness)
{
    bool core_waits = readiness == FERP_WRITABLE
                          ? ferp_traits()->cut_send_loses_count &&
                                !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM)
                          : readiness == FERP_READABLE && ferp_traits()->io_waits_in_kernel &&
                                feri_marks_read_end(handle);
    return core_waits ? FERP_DONTWAIT : 0;
}

fer_error feri_waiting_begin(feri_waiting *waiting)
{
    fer_handle *handle = waiting->handle;
    bool is_limited = !waiting->was_tried && feri_handle_is_limited(handle);
    bool nonblocking = false;
    fer_duration timeout = FER_DURATION_NONE;
    waiting->direction = waiting->readiness == FERP_WRITABLE ? FERP_WRITING : FERP_READING;
    waiting->limits = FERI_NO_LIMITS;
    waiting->never_waits = (waiting->flags & FERP_DONTWAIT) != 0;
    waiting->flags = FERP_DONTWAIT;
    if (waiting->never_waits) {
        /* A system without the flag: the socket is made nonblocking again. Its mode may have been
         * changed outside of the library (rule T2). */
        return ferp_traits()->io_waits_in_kernel
                   ? feri_ok()
                   : ferp_set_nonblocking(feri_modes_raw(handle), true);
    }
    switch (waiting->wait_mode) {
    case FERI_WAIT_BY_MODE:
        waiting->deadline = FERP_NO_DEADLINE;
        if (!is_limited) {
            waiting->flags = feri_flags_by_mode(handle, waiting->readiness);
            bool kernel_waits = waiting->flags == 0 && !feri_modes_are_kept(handle);
            waiting->waiter = kernel_waits ? FERI_WAITER_KERNEL : FERI_WAITER_CORE;
            return feri_ok();
        }
        waiting->knows_mode = true;
        FER_TRY(feri_is_nonblocking(handle, &nonblocking));
        break;
    case FERI_WAIT_AGAIN:
        /* The mode was read for the try that a signal has interrupted. */
        FER_TRY(feri_was_nonblocking(handle, &nonblocking));
        FER_TRY(feri_timeout_if_set(handle, waiting->direction, &timeout));
        waiting->deadline = feri_deadline_after(timeout);
        break;
    default: break;
    }
    waiting->waiter = nonblocking ? FERI_WAITER_NONE : FERI_WAITER_CORE;
    if (nonblocking || !is_limited) {
        return feri_ok();
    }
    waiting->limits = feri_limits_of(handle);
    if (waiting->limits.deadline < waiting->deadline) {
        waiting->deadline = waiting->limits.deadline;
    }
    return feri_limits_check(&waiting->limits);
}

/* ---- The waits of core */

/* Whether a clone has shut down the read half of a stream, which the OS does not report. */
static bool reading_has_ended(const feri_waiting *waiting)
{
    return waiting->readiness == FERP_READABLE && feri_marks_read_end(waiting->handle) &&
           feri_modes_has_ended_reading(waiting->handle);
}

/* Checks for a change by another thread. Returns true if the call has a result, or should be
 * retried: *answer is then WOULD_BLOCK. It is retried once after a reset: bytes may have arrived
 * between its last try and the reset, and they come before the saved error (rule S5). A retry that
 * would block has found none. The halves of a listener never answer. */
static bool state_has_answer(feri_waiting *waiting, fer_error *answer)
{
    fer_handle *handle = waiting->handle;
    feri_request request =
        waiting->readiness == FERP_WRITABLE ? FERI_REQUEST_WRITE : FERI_REQUEST_READ;
    feri_answer current = feri_handle_state(handle) == FERI_STATE_FULLY_OPEN
                              ? FERI_ANSWER_CALL_OS
                              : feri_handle_answer(handle, request);
    if (current == FERI_ANSWER_CALL_OS) {
        *answer = feri_ok();
        return reading_has_ended(waiting);
    }
    *answer = feri_handle_answer_error(handle, current);
    if (current == FERI_ANSWER_CHECK_QUEUED) {
        *answer =
            waiting->was_reset ? feri_handle_saved_error(handle) : feri_own_error(FER_WOULD_BLOCK);
        waiting->was_reset = true;
    }
    return true;
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

/* If a shutdown may not wake the wait, it is cut into slices. */
static uint64_t end_of_slice(const feri_waiting *waiting)
{
    const fer_handle *handle = waiting->handle;
    bool wake_may_be_missed =
        waiting->readiness == FERP_WRITABLE
            ? feri_write_wait_misses_end(handle)
            : waiting->readiness == FERP_READABLE && feri_marks_read_end(handle) &&
                  (ferp_traits()->io_waits_in_kernel || feri_handle_is_shared(handle));
    return wake_may_be_missed
               ? feri_earlier(feri_deadline_after((fer_duration){FERI_WAIT_SLICE_NANOS}),
                              waiting->deadline)
               : waiting->deadline;
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

/* Whether a call continues after a signal. If not, *answer is its result: CANCELLED, if the handler
 * has cancelled it; else TIMED_OUT for an accept or an interruptible call whose deadline is
 * reached; else INTERRUPTED. Only an accept that is not interruptible continues, and a call that
 * another signal has interrupted before (rules I1, I4). */
static bool continues_after_signal(const feri_waiting *waiting, fer_error *answer)
{
    bool is_again = waiting->wait_mode == FERI_WAIT_AGAIN;
    const feri_limits limits = {is_again ? waiting->limits.deadline : waiting->deadline,
                                waiting->limits.token, waiting->limits.interruptible};
    bool checks_limits = waiting->readiness == FERP_ACCEPTABLE || is_again || limits.interruptible;
    return !is_cancelled(waiting, answer) && checks_limits &&
           feri_retries_after_signal(&limits, answer);
}

/* One wait. Returns true if the call should be retried: the socket is ready, the token is
 * signalled, a slice expired, memory is short for a while, a signal interrupted a call that
 * continues (rule I1), or another call has met a reset. The last try after a cancel may still
 * succeed (rule K2). False: *answer is the call's result. */
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
    bool has_answer = state_has_answer(waiting, answer) || is_cancelled(waiting, answer);
    if (has_answer) {
        ferp_wait_disarm(&wait);
    } else {
        *answer = ferp_wait_for(&wait, end);
    }
    if (wait.failure.kind != FER_OK) {
        *answer = wait.failure;
        waiting->has_failed = true;
        return false;
    }
    if (has_answer) {
        return answer->kind == FER_WOULD_BLOCK;
    }
    if (answer->kind == FER_TIMED_OUT) {
        /* a slice of core or of the backend leaves time */
        bool has_time_left = end < waiting->deadline || ferp_now() < waiting->deadline;
        return has_time_left || expire(waiting, answer);
    }
    return answer->kind == FER_OK || is_transient_shortage(waiting, *answer) ||
           (answer->kind == FER_INTERRUPTED && continues_after_signal(waiting, answer));
}

/* The mode and the timeout of a call by mode, after its first try. If only the limits keep it from
 * waiting in the kernel, the OS is queried, because another process may have set both (rule T6). */
static fer_error read_modes(const feri_waiting *waiting, bool *nonblocking, fer_duration *timeout)
{
    const fer_handle *handle = waiting->handle;
    ferp_direction direction = waiting->direction;
    if (!waiting->knows_mode) {
        FER_TRY(feri_is_nonblocking(handle, nonblocking));
        return *nonblocking ? feri_ok() : feri_timeout_if_set(handle, direction, timeout);
    }
    if (feri_modes_are_kept(handle) || feri_flags_by_mode(handle, waiting->readiness) != 0) {
        return feri_timeout_if_set(handle, direction, timeout);
    }
    if (!feri_handle_is_shared(handle)) {
        FER_TRY(ferp_is_nonblocking(handle->p_.raw_, nonblocking));
    }
    return *nonblocking ? feri_ok() : ferp_timeout(handle->p_.raw_, direction, timeout);
}

/* Returns true if the call may wait. */
static bool begin_waits(feri_waiting *waiting, fer_error *answer)
{
    if (waiting->readiness != FERP_WRITABLE && feri_marks_read_end(waiting->handle) &&
        feri_modes_has_ended_reading(waiting->handle)) {
        *answer = feri_ok();
        return false;
    }
    if (waiting->wait_mode == FERI_WAIT_BY_MODE) {
        fer_duration timeout = FER_DURATION_NONE;
        bool nonblocking = false;
        fer_error error = read_modes(waiting, &nonblocking, &timeout);
        if (error.kind != FER_OK || nonblocking) {
            *answer = nonblocking ? *answer : error;
            return false;
        }
        if (timeout.nanos != FER_DURATION_NONE_NANOS) {
            waiting->deadline = feri_earlier(waiting->deadline, feri_deadline_after(timeout));
        }
    }
    waiting->has_begun = true;
    return true;
}

/* ---- The loop */

bool feri_waiting_tries_again(feri_waiting *waiting, fer_error *answer)
{
    FERI_ASSERT(waiting->readiness != FERP_CONNECTED);
    if (answer->kind == FER_INTERRUPTED && waiting->wait_mode == FERI_WAIT_AGAIN) {
        return continues_after_signal(waiting, answer);
    }
    if (answer->kind != FER_WOULD_BLOCK) {
        waiting->has_failed = answer->kind != FER_OK;
        return false;
    }
    if (waiting->waiter == FERI_WAITER_KERNEL) {
        *answer = feri_map_kernel_timeout(waiting->handle, waiting->direction, *answer);
        return false;
    }
    if (waiting->waiter == FERI_WAITER_NONE) {
        *answer = reading_has_ended(waiting) ? feri_ok() : *answer;
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
    fer_error paused = feri_pause_after_false_hint(&waiting->false_hints, waiting->deadline,
                                                   waiting->limits.token, NULL);
    if (paused.kind != FER_OK) {
        *answer = paused;
        return continues_after_signal(waiting, answer);
    }
    return wait_once(waiting, answer);
}

fer_error feri_waiting_run(feri_waiting *waiting, feri_try *attempt, void *call)
{
    FER_TRY(feri_waiting_begin(waiting));
    fer_error error;
    do {
        error = attempt(call, waiting->flags);
    } while (feri_waiting_tries_again(waiting, &error));
    return error;
}

/* ---- The tries of accept */

/* The number of connections that failed in the queue, and of signals, that one accept skips. Then
 * the error is returned, because an OS that reports it endlessly (a sandbox that forbids accept,
 * for example) must not block the caller. */
#define FERI_ACCEPT_SKIPS_MAX 65536

/* Another process, a library or into_raw of a clone may have made a nonblocking socket blocking. */
fer_error feri_waiting_check_queue(const feri_waiting *waiting)
{
    if (!waiting->never_waits || !ferp_traits()->io_waits_in_kernel) {
        return feri_ok();
    }
    fer_interest ready = 0;
    uint64_t now = ferp_now();
    fer_error error = ferp_ready(waiting->handle->p_.raw_, FER_READABLE, now, now, NULL, &ready);
    return error.kind == FER_TIMED_OUT ? feri_own_error(FER_WOULD_BLOCK) : error;
}

/* The limits or the timeout must permit another try. A timeout begins with the first one. */
bool feri_waiting_accepts_again(feri_waiting *waiting, fer_error *answer)
{
    fer_error failure = *answer;
    if (failure.kind != FER_INTERRUPTED && failure.kind != FER_CONNECTION_ABORTED) {
        if (failure.kind == FER_WOULD_BLOCK && waiting->waiter == FERI_WAITER_CORE) {
            fer_error prepared = feri_modes_wait_in_core(waiting->handle, waiting->handle->p_.raw_);
            *answer = prepared.kind == FER_OK ? failure : prepared;
        }
        return false;
    }
    bool is_nonblocking = waiting->waiter == FERI_WAITER_NONE ||
                          (!waiting->has_begun && feri_modes_core_waits(waiting->handle) &&
                           !begin_waits(waiting, answer));
    if (failure.kind == FER_INTERRUPTED && !is_nonblocking) {
        return continues_after_signal(waiting, answer);
    }
    const feri_limits limits = {waiting->deadline, waiting->limits.token, false};
    fer_error ended = is_nonblocking ? feri_ok() : feri_limits_check(&limits);
    *answer = ended.kind == FER_OK ? failure : ended;
    return ended.kind == FER_OK && ++waiting->skips < FERI_ACCEPT_SKIPS_MAX;
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
        if (feri_lacks_error(&false_hints)) {
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

/* A cancel ends the pause at once (rule K2). A token that is signalled but not cancelled, as
 * concurrent resets may leave it, does not. */
fer_error feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                      const fer_cancel_token *token, const fer_cancel_token *other)
{
    fer_error error = feri_ok();
    uint64_t now = ferp_now();
    bool is_repeated = hints->in_a_row > 0 && now - hints->last < FERI_PAUSE_MIN_NANOS;
    hints->in_a_row = is_repeated ? hints->in_a_row + 1 : 1;
    hints->count++;
    if (is_repeated && now < deadline) {
        uint64_t left = deadline - now;
        uint64_t length = feri_pause_length(hints->in_a_row);
        uint64_t until = now + (length < left ? length : left);
        error = ferp_token_wait(token, other, until);
        if (error.kind == FER_OK && feri_token_check(token).kind == FER_OK &&
            feri_token_check(other).kind == FER_OK) {
            error = ferp_token_wait(NULL, NULL, until);
        }
        now = ferp_now();
    }
    hints->last = now;
    return error.kind == FER_INTERRUPTED ? error : feri_ok();
}
