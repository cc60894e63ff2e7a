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
    if (feri_core_keeps_modes(handle)) {
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
    return feri_core_keeps_modes(handle) || feri_handle_has_flag(handle, FERI_FLAG_NONBLOCKING)
               ? feri_is_nonblocking(handle, out)
               : ferp_is_nonblocking(handle->p_.raw_, out);
}

fer_error feri_timeout(const fer_handle *handle, ferp_direction direction, fer_duration *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    if (feri_core_keeps_modes(handle)) {
        *out = feri_modes_timeout(handle, direction);
        return feri_ok();
    }
    return ferp_timeout(handle->p_.raw_, direction, out);
}

fer_error feri_timeout_if_set(const fer_handle *handle, ferp_direction direction, fer_duration *out)
{
    *out = FER_DURATION_NONE;
    bool may_be_set = feri_core_keeps_modes(handle) || feri_handle_is_shared(handle) ||
                      feri_handle_has_flag(handle, feri_timeout_flag(direction));
    return may_be_set ? feri_timeout(handle, direction, out) : feri_ok();
}

fer_error feri_map_kernel_timeout(const fer_handle *handle, ferp_direction direction,
                                  fer_error error)
{
    fer_duration timeout = FER_DURATION_NONE;
    bool nonblocking = false;
    FER_TRY(feri_was_nonblocking(handle, &nonblocking));
    FER_TRY(nonblocking ? feri_ok() : feri_timeout(handle, direction, &timeout));
    return timeout.nanos != FER_DURATION_NONE_NANOS ? feri_map_error(FERI_OPERATION_EXPIRED, error)
                                                    : error;
}

/* ---- Who waits */

unsigned feri_waiting_flags(const fer_handle *handle, ferp_readiness readiness)
{
    bool core_waits = readiness == FERP_WRITABLE
                          ? ferp_traits()->cut_send_loses_count &&
                                !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM)
                          : readiness == FERP_READABLE && ferp_traits()->io_waits_in_kernel &&
                                feri_marks_read_end(handle);
    return core_waits ? FERP_DONTWAIT : 0;
}

/* Whether a try by the mode, without limits, waits in the kernel, if the OS keeps a blocking
 * mode. */
static bool kernel_would_wait(const fer_handle *handle, ferp_readiness readiness)
{
    return feri_waiting_flags(handle, readiness) == 0 && !feri_core_keeps_modes(handle);
}

static ferp_direction direction_of(const feri_waiting *waiting)
{
    return waiting->readiness == FERP_WRITABLE ? FERP_WRITING : FERP_READING;
}

/* A call that never waits, or one by the mode of a handle without limits. */
static void begin_without_limits(feri_waiting *waiting)
{
    bool never_waits = (waiting->call_flags & FERP_DONTWAIT) != 0;
    bool kernel_waits = !never_waits && kernel_would_wait(waiting->handle, waiting->readiness);
    waiting->flags =
        never_waits ? FERP_DONTWAIT : feri_waiting_flags(waiting->handle, waiting->readiness);
    waiting->waiter = never_waits    ? FERI_WAITER_NONE
                      : kernel_waits ? FERI_WAITER_KERNEL
                                     : FERI_WAITER_UNDECIDED;
    waiting->limits = FERI_NO_LIMITS;
    waiting->deadline = FERP_NO_DEADLINE;
}

fer_error feri_waiting_begin(feri_waiting *waiting)
{
    fer_handle *handle = waiting->handle;
    bool never_waits = (waiting->call_flags & FERP_DONTWAIT) != 0;
    bool is_limited = feri_handle_is_limited(handle);
    bool has_own_deadline = waiting->mode == FERI_WAIT_UNTIL;
    bool nonblocking = false;
    if (never_waits || (waiting->mode == FERI_WAIT_BY_MODE && !is_limited)) {
        begin_without_limits(waiting);
        /* A system without the flag: the socket is made nonblocking again. Its mode may have been
         * changed outside of the library (rule T2). */
        return never_waits && !ferp_traits()->io_waits_in_kernel
                   ? ferp_set_nonblocking(feri_modes_raw(handle), true)
                   : feri_ok();
    }
    waiting->flags = FERP_DONTWAIT;
    waiting->limits = FERI_NO_LIMITS;
    waiting->deadline = has_own_deadline ? waiting->deadline : FERP_NO_DEADLINE;
    FER_TRY(is_limited && !has_own_deadline ? feri_is_nonblocking(handle, &nonblocking)
                                            : feri_ok());
    if (nonblocking) {
        return feri_ok(); /* FERI_WAITER_NONE, as with never_waits */
    }
    waiting->waiter = has_own_deadline ? FERI_WAITER_CORE : FERI_WAITER_UNDECIDED;
    waiting->limits = feri_limits_of(handle);
    waiting->deadline = feri_earlier(waiting->deadline, waiting->limits.deadline);
    return feri_limits_check(&waiting->limits);
}

/* Reads the mode and the timeout after a try: afterwards core waits, or nobody. The mode of a
 * handle with limits is read again, because it may have changed. If only the limits or a signal
 * keep the call from waiting in the kernel, the OS keeps both, and another process may have set
 * them (rule T6). began: the time at which the timeout began, 0: now. */
static fer_error choose_by_mode(feri_waiting *waiting, uint64_t began)
{
    fer_handle *handle = waiting->handle;
    fer_raw_socket raw = handle->p_.raw_;
    ferp_direction direction = direction_of(waiting);
    bool os_keeps_both = kernel_would_wait(handle, waiting->readiness);
    bool nonblocking = false;
    fer_duration timeout = FER_DURATION_NONE;
    FER_TRY(os_keeps_both ? ferp_is_nonblocking(raw, &nonblocking)
                          : feri_is_nonblocking(handle, &nonblocking));
    if (nonblocking) {
        waiting->waiter = FERI_WAITER_NONE;
        return feri_ok();
    }
    FER_TRY(os_keeps_both ? ferp_timeout(raw, direction, &timeout)
                          : feri_timeout_if_set(handle, direction, &timeout));
    if (timeout.nanos != FER_DURATION_NONE_NANOS) {
        uint64_t start = began != 0 ? began : ferp_now();
        waiting->deadline = feri_earlier(waiting->deadline, feri_deadline_from(start, timeout));
    }
    waiting->waiter = FERI_WAITER_CORE;
    return feri_ok();
}

uint64_t feri_waiting_start(const feri_waiting *waiting)
{
    const fer_handle *handle = waiting->handle;
    bool has_timeout = feri_handle_is_shared(handle) ||
                       feri_handle_has_flag(handle, feri_timeout_flag(direction_of(waiting)));
    return has_timeout && (waiting->call_flags & FERP_DONTWAIT) == 0 ? ferp_now() : 0;
}

fer_error feri_waiting_after_discard(feri_waiting *waiting, uint64_t began)
{
    if (waiting->waiter == FERI_WAITER_KERNEL || waiting->waiter == FERI_WAITER_UNDECIDED) {
        waiting->flags = FERP_DONTWAIT;
        FER_TRY(choose_by_mode(waiting, began));
    }
    const feri_limits limits = {waiting->deadline, waiting->limits.token, false};
    return waiting->waiter == FERI_WAITER_CORE ? feri_limits_check(&limits) : feri_ok();
}

/* ---- The waits of core */

static bool reading_has_ended(const feri_waiting *waiting)
{
    return waiting->readiness != FERP_WRITABLE && feri_read_end_is_marked(waiting->handle);
}

/* Checks for a change by another thread: WAIT if there is none. TRY: after a reset, once, because
 * bytes may have arrived between the last try and the reset, and they come before the saved error
 * (rule S5). If that try would block, there were none, and check_before_next_wait checks again,
 * which ends the call. An open listener has no halves: its answer is CALL_OS. */
static feri_next check_changes(feri_waiting *waiting, fer_error *result)
{
    fer_handle *handle = waiting->handle;
    feri_request request =
        waiting->readiness == FERP_WRITABLE ? FERI_REQUEST_WRITE : FERI_REQUEST_READ;
    feri_answer answer = feri_handle_state(handle) == FERI_STATE_FULLY_OPEN
                             ? FERI_ANSWER_CALL_OS
                             : feri_handle_answer(handle, request);
    if (answer == FERI_ANSWER_CHECK_QUEUED) {
        if (!waiting->is_retry_after_reset) {
            waiting->is_retry_after_reset = true;
            return FERI_NEXT_TRY;
        }
        answer = FERI_ANSWER_SAVED_ERROR;
    }
    if (answer != FERI_ANSWER_CALL_OS || reading_has_ended(waiting)) {
        *result = feri_handle_answer_error(handle, answer);
        return FERI_NEXT_RESULT;
    }
    fer_error checked = feri_token_check(waiting->limits.token);
    if (checked.kind != FER_OK) {
        *result = checked;
        return FERI_NEXT_RESULT;
    }
    return FERI_NEXT_WAIT;
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

/* The deadline was reached after the last try. A shutdown or a cancel that woke no wait is noticed
 * now. */
static feri_next expire(feri_waiting *waiting, fer_error *result)
{
    feri_next next = check_changes(waiting, result);
    if (next == FERI_NEXT_WAIT) {
        *result = feri_own_error(FER_TIMED_OUT);
        next = FERI_NEXT_RESULT;
    }
    return next;
}

/* Only an accept continues after a signal, and a call that another signal has interrupted before,
 * unless the limits are interruptible (rules I1, I4). Its handler may have cancelled the call. */
static feri_next after_signal(feri_waiting *waiting, fer_error *result)
{
    bool continues = waiting->readiness == FERP_ACCEPTABLE || waiting->mode == FERI_WAIT_AGAIN;
    /* a call that does not continue ends like one with interruptible limits */
    const feri_limits limits = {waiting->deadline, waiting->limits.token,
                                !continues || waiting->limits.interruptible};
    if (feri_retries_after_signal(&limits, result)) {
        return FERI_NEXT_TRY;
    }
    return result->kind == FER_TIMED_OUT ? expire(waiting, result) : FERI_NEXT_RESULT;
}

/* One wait. The call is tried again if the socket is ready, the token is signalled, a slice has
 * expired, memory is short for a while, or a signal interrupted a call that continues. The try
 * after a cancel may still succeed. */
static feri_next wait_once(feri_waiting *waiting, fer_error *result)
{
    ferp_wait wait;
    waiting->has_waited = true;
    fer_error waited = ferp_wait_arm(&wait, waiting->handle->p_.raw_, waiting->readiness);
    if (waited.kind != FER_OK) {
        *result = waited;
        return is_transient_shortage(waiting, waited) ? FERI_NEXT_TRY : FERI_NEXT_RESULT;
    }
    /* after the arm: feri_try_clone sets CLONED and then wakes, so a clone that end_of_slice does
     * not see ends the armed wait */
    uint64_t end = end_of_slice(waiting);
    wait.call_deadline = waiting->deadline;
    wait.token = waiting->limits.token;
    feri_next next = check_changes(waiting, result);
    if (next == FERI_NEXT_WAIT) {
        waited = ferp_wait_for(&wait, end);
    } else {
        ferp_wait_disarm(&wait);
    }
    if (wait.failure.kind != FER_OK) {
        *result = wait.failure;
        waiting->is_socket_error = true;
        return FERI_NEXT_RESULT;
    }
    if (next != FERI_NEXT_WAIT) {
        return next;
    }
    *result = waited;
    switch (waited.kind) {
    case FER_OK: return FERI_NEXT_TRY;
    case FER_INTERRUPTED: return after_signal(waiting, result);
    case FER_TIMED_OUT: {
        /* a slice of core or of the backend leaves time */
        bool has_time_left = end < waiting->deadline || ferp_now() < waiting->deadline;
        return has_time_left ? FERI_NEXT_TRY : expire(waiting, result);
    }
    default: return is_transient_shortage(waiting, waited) ? FERI_NEXT_TRY : FERI_NEXT_RESULT;
    }
}

/* Before each wait but the first: the one before was a slice, or its hint was false. Pauses after
 * several false hints in a row. WAIT: nothing has changed. */
static feri_next check_before_next_wait(feri_waiting *waiting, fer_error *result)
{
    if (ferp_now() >= waiting->deadline) {
        return expire(waiting, result);
    }
    feri_next next = check_changes(waiting, result);
    if (next != FERI_NEXT_WAIT) {
        return next;
    }
    fer_error paused = feri_pause_after_false_hint(&waiting->false_hints, waiting->deadline,
                                                   waiting->limits.token, NULL);
    if (paused.kind != FER_OK) {
        *result = paused;
        next = after_signal(waiting, result);
    }
    return next;
}

/* ---- The tries of accept */

/* The number of connections that failed in the queue, and of signals if nobody waits, that one
 * accept skips. Then the error is returned, because an OS that reports it endlessly (a sandbox that
 * forbids accept, for example) must not block the caller. */
#define FERI_ACCEPT_SKIPS_MAX 65536

/* Another process, a library, into_raw of a clone or the end of a borrow may have made a
 * nonblocking socket blocking. If the listener has other handles, it is made nonblocking again for
 * an accept that limits or a timeout end (rule K7). */
static fer_error restore_nonblocking(const feri_waiting *waiting)
{
    fer_handle *handle = waiting->handle;
    bool core_waited = feri_modes_core_waits(handle);
    bool is_bounded = (waiting->flags & FERP_DONTWAIT) != 0 ||
                      feri_modes_timeout(handle, FERP_READING).nanos != FER_DURATION_NONE_NANOS;
    if (!is_bounded || !feri_handle_is_shared(handle)) {
        return feri_ok();
    }
    FER_TRY(feri_modes_wait_in_core(handle, handle->p_.raw_));
    return core_waited ? ferp_set_nonblocking(handle->p_.raw_, true) : feri_ok();
}

fer_error feri_waiting_check_queue(const feri_waiting *waiting)
{
    if (!ferp_traits()->io_waits_in_kernel) {
        return feri_ok();
    }
    if ((waiting->call_flags & FERP_DONTWAIT) == 0) {
        return restore_nonblocking(waiting);
    }
    fer_interest ready = 0;
    uint64_t now = ferp_now();
    fer_error error = ferp_ready(waiting->handle->p_.raw_, FER_READABLE, now, now, NULL, &ready);
    return error.kind == FER_TIMED_OUT ? feri_own_error(FER_WOULD_BLOCK) : error;
}

/* If a blocking accept would block, its socket is nonblocking: by the limits, a timeout or the mode
 * of this handle or of another one, perhaps in another process. From then on core waits for this
 * handle too. The limits or the timeout, which begins with the first accept that is skipped, must
 * permit another one. */
feri_next feri_waiting_after_accept(feri_waiting *waiting, fer_error *result)
{
    fer_error error = feri_ok();
    if (result->kind == FER_WOULD_BLOCK && waiting->waiter != FERI_WAITER_NONE) {
        error = feri_modes_wait_in_core(waiting->handle, waiting->handle->p_.raw_);
        *result = error.kind == FER_OK ? *result : error;
    }
    if (result->kind != FER_INTERRUPTED && result->kind != FER_CONNECTION_ABORTED) {
        return FERI_NEXT_RESULT;
    }
    if (waiting->waiter == FERI_WAITER_UNDECIDED && feri_modes_core_waits(waiting->handle)) {
        error = choose_by_mode(waiting, 0);
    }
    if (error.kind == FER_OK && result->kind == FER_INTERRUPTED &&
        waiting->waiter != FERI_WAITER_NONE) {
        return after_signal(waiting, result);
    }
    const feri_limits limits = {waiting->deadline, waiting->limits.token, false};
    error = error.kind == FER_OK ? feri_limits_check(&limits) : error;
    *result = error.kind == FER_OK ? *result : error;
    bool is_skipped = error.kind == FER_OK && ++waiting->skips < FERI_ACCEPT_SKIPS_MAX;
    return is_skipped ? FERI_NEXT_TRY : FERI_NEXT_RESULT;
}

/* ---- The loop */

feri_next feri_waiting_wait_if_needed(feri_waiting *waiting, fer_error *result)
{
    FERI_ASSERT(waiting->readiness != FERP_CONNECTED);
    if (waiting->after_try != NULL && waiting->after_try(waiting, result) == FERI_NEXT_TRY) {
        return FERI_NEXT_TRY;
    }
    if (result->kind == FER_INTERRUPTED && waiting->mode == FERI_WAIT_AGAIN) {
        return after_signal(waiting, result);
    }
    if (result->kind != FER_WOULD_BLOCK) {
        waiting->is_socket_error = result->kind != FER_OK;
        return FERI_NEXT_RESULT;
    }
    if (reading_has_ended(waiting)) {
        *result = feri_ok();
        return FERI_NEXT_RESULT;
    }
    if (waiting->waiter == FERI_WAITER_UNDECIDED) {
        fer_error chosen = choose_by_mode(waiting, 0);
        if (chosen.kind != FER_OK) {
            *result = chosen;
            return FERI_NEXT_RESULT;
        }
    }
    feri_next next = FERI_NEXT_WAIT;
    switch (waiting->waiter) {
    case FERI_WAITER_KERNEL:
        *result = feri_map_kernel_timeout(waiting->handle, direction_of(waiting), *result);
        return FERI_NEXT_RESULT;
    case FERI_WAITER_CORE:
        next = waiting->has_waited ? check_before_next_wait(waiting, result) : next;
        return next == FERI_NEXT_WAIT ? wait_once(waiting, result) : next;
    default: return FERI_NEXT_RESULT;
    }
}

/* Tries again, with waits, after a try with this result. */
FERI_INLINE fer_error run_after_try(feri_waiting *waiting, feri_try *attempt, void *call,
                                    fer_error result)
{
    while (feri_rare(result.kind != FER_OK) &&
           feri_waiting_wait_if_needed(waiting, &result) == FERI_NEXT_TRY) {
        result = attempt(call, waiting->flags);
    }
    return result;
}

fer_error feri_waiting_run(feri_waiting *waiting, feri_try *attempt, void *call)
{
    FER_TRY(feri_waiting_begin(waiting));
    return run_after_try(waiting, attempt, call, attempt(call, waiting->flags));
}

fer_error feri_waiting_run_on(feri_waiting *waiting, feri_try *attempt, void *call,
                              fer_error result)
{
    begin_without_limits(waiting);
    return run_after_try(waiting, attempt, call, result);
}

fer_error feri_waiting_run_after_discard(feri_waiting *waiting, feri_try *attempt, void *call,
                                         uint64_t began)
{
    begin_without_limits(waiting);
    fer_error result = feri_waiting_after_discard(waiting, began);
    result = result.kind == FER_OK ? attempt(call, waiting->flags) : result;
    return run_after_try(waiting, attempt, call, result);
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
