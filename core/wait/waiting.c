/* waiting.c: who waits for a call on one socket, the kernel or core, and the waits of core: arm,
 * check, wait. The _ready calls (readiness.c), connects (connect_wait.c, connect_attempts.c),
 * pollers and lookups have their own. */
#include "core/wait/waiting.h"

#include "core/base/time.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/wait/pause.h"

static ferp_direction direction_of(const feri_call *call)
{
    return call->readiness == FERP_WRITABLE ? FERP_WRITING : FERP_READING;
}

unsigned feri_try_flags(const fer_handle *handle, ferp_readiness readiness)
{
    bool core_waits = readiness == FERP_WRITABLE
                          ? ferp_traits()->cut_send_loses_count &&
                                !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM)
                          : readiness == FERP_READABLE && ferp_traits()->io_waits_in_kernel &&
                                feri_marks_read_end(handle);
    return core_waits ? FERP_DONTWAIT : 0;
}

void feri_call_start(feri_call *call)
{
    if ((call->flags & FERP_DONTWAIT) == 0 && call->waits == FERI_BY_MODE &&
        feri_handle_has_flag(call->handle, feri_may_expire(direction_of(call)))) {
        call->time = ferp_now();
        call->waits = FERI_SINCE;
    }
}

/* ---- The waits of core */

typedef enum feri_next {
    FERI_NEXT_WAIT,  /* the call waits */
    FERI_NEXT_TRY,   /* it is tried again */
    FERI_NEXT_RESULT /* it ends */
} feri_next;

/* The waits of one call, for all its tries. */
typedef struct feri_waits {
    feri_call *call;
    feri_limits limits; /* and the deadline of the timeout or of the call, if it is earlier */
    bool may_wait;      /* otherwise nobody waits */
    bool is_decided;    /* the mode and the timeout are known */
    bool has_waited;
    bool is_retry_after_reset; /* the last try: a read whose read half was reset before it */
    feri_false_hints false_hints;
} feri_waits;

/* After a try: whether the socket's mode lets core wait, and until when its timeout. */
static fer_error decide(feri_waits *w)
{
    const feri_call *call = w->call;
    fer_duration timeout = FER_DURATION_NONE;
    if (w->is_decided || !w->may_wait) {
        return feri_ok();
    }
    w->is_decided = true;
    w->may_wait = feri_may_wait(call->handle, FERI_OTHERS);
    if (w->may_wait) {
        FER_TRY(feri_timeout(call->handle, direction_of(call), false, &timeout));
    }
    if (timeout.nanos != FER_DURATION_NONE_NANOS) {
        uint64_t start = call->waits == FERI_SINCE ? call->time : ferp_now();
        w->limits.deadline = feri_earlier(w->limits.deadline, feri_deadline_from(start, timeout));
    }
    return feri_ok();
}

/* Checks for a change by another thread: WAIT if there is none. TRY: after a reset, once, because
 * bytes may have arrived between the last try and the reset, and they come before the saved error
 * (rule S5). If that try would block, there were none, and check_before_next_wait checks again,
 * which ends the call. An open listener has no halves: its answer is CALL_OS. */
static feri_next check_changes(feri_waits *w, fer_error *result)
{
    fer_handle *handle = w->call->handle;
    feri_request request =
        w->call->readiness == FERP_WRITABLE ? FERI_REQUEST_WRITE : FERI_REQUEST_READ;
    feri_answer answer = feri_handle_state(handle) == FERI_STATE_FULLY_OPEN
                             ? FERI_ANSWER_CALL_OS
                             : feri_handle_answer(handle, request);
    if (answer == FERI_ANSWER_CHECK_QUEUED) {
        if (!w->is_retry_after_reset) {
            w->is_retry_after_reset = true;
            return FERI_NEXT_TRY;
        }
        answer = FERI_ANSWER_SAVED_ERROR;
    }
    if (answer != FERI_ANSWER_CALL_OS ||
        (request == FERI_REQUEST_READ && feri_read_has_ended(handle))) {
        *result = feri_handle_answer_error(handle, answer);
        return FERI_NEXT_RESULT;
    }
    *result = feri_token_check(w->limits.token);
    return result->kind == FER_OK ? FERI_NEXT_WAIT : FERI_NEXT_RESULT;
}

/* The deadline was reached after the last try. A shutdown or a cancel that woke no wait is noticed
 * now. */
static feri_next expire(feri_waits *w, fer_error *result)
{
    feri_next found = check_changes(w, result);
    if (found == FERI_NEXT_WAIT) {
        *result = feri_own_error(FER_TIMED_OUT);
        found = FERI_NEXT_RESULT;
    }
    return found;
}

/* An accept continues after a signal, and a call that another signal has interrupted before. */
static bool continues_after_signal(const feri_call *call)
{
    return call->readiness == FERP_ACCEPTABLE || call->waits == FERI_AGAIN;
}

/* Unless the limits are interruptible (rules I1, I4). The handler may have cancelled the call. */
static feri_next after_signal(feri_waits *w, fer_error *result)
{
    /* a call that does not continue ends like one with interruptible limits */
    const feri_limits limits = {w->limits.deadline, w->limits.token,
                                !continues_after_signal(w->call) || w->limits.interruptible};
    if (feri_retries_after_signal(&limits, result)) {
        return FERI_NEXT_TRY;
    }
    return result->kind == FER_TIMED_OUT ? expire(w, result) : FERI_NEXT_RESULT;
}

/* If a shutdown may not wake the wait, it is cut into slices. */
static uint64_t end_of_slice(const feri_waits *w)
{
    const fer_handle *handle = w->call->handle;
    bool wake_may_be_missed =
        w->call->readiness == FERP_WRITABLE
            ? feri_write_wait_misses_end(handle)
            : w->call->readiness == FERP_READABLE && feri_marks_read_end(handle) &&
                  (ferp_traits()->io_waits_in_kernel || feri_handle_has_flag(handle, FERI_SHARED));
    return wake_may_be_missed
               ? feri_earlier(feri_deadline_after((fer_duration){FERI_WAIT_SLICE_NANOS}),
                              w->limits.deadline)
               : w->limits.deadline;
}

/* One wait. The call is tried again if the socket is ready, the token is signalled, a slice has
 * expired, memory is short for a while, or a signal interrupted a call that continues. The try
 * after a cancel may still succeed. */
static feri_next wait_once(feri_waits *w, fer_error *result)
{
    ferp_wait wait;
    feri_call *call = w->call;
    if (!w->has_waited) {
        w->has_waited = true;
        w->false_hints = (feri_false_hints){0, 0, 0};
    }
    *result = ferp_wait_arm(&wait, call->handle->p_.raw_, call->readiness);
    if (result->kind == FER_OK) {
        /* after the arm: feri_try_clone sets CLONED and then wakes, so a clone that end_of_slice
         * does not see ends the armed wait */
        uint64_t end = end_of_slice(w);
        wait.call_deadline = w->limits.deadline;
        wait.token = w->limits.token;
        feri_next found = check_changes(w, result);
        if (found == FERI_NEXT_WAIT) {
            *result = ferp_wait_for(&wait, end);
        } else {
            ferp_wait_disarm(&wait);
        }
        if (wait.failure.kind != FER_OK) {
            *result = wait.failure;
            call->is_socket_error = true;
            return FERI_NEXT_RESULT;
        }
        if (found != FERI_NEXT_WAIT) {
            return found;
        }
        switch (result->kind) {
        case FER_OK: return FERI_NEXT_TRY;
        case FER_INTERRUPTED: return after_signal(w, result);
        case FER_TIMED_OUT: /* a slice of core or of the backend leaves time */
            return end < w->limits.deadline || ferp_now() < w->limits.deadline ? FERI_NEXT_TRY
                                                                               : expire(w, result);
        default: break;
        }
    }
    /* The system may lack the memory for a stream's wait only for a while: the call is tried again
     * as after a false hint, with a pause. */
    bool is_stream = call->readiness == FERP_READABLE || call->readiness == FERP_WRITABLE;
    return is_stream && result->kind == FER_NO_BUFFER_SPACE &&
                   ferp_traits()->no_buffer_space_is_transient
               ? FERI_NEXT_TRY
               : FERI_NEXT_RESULT;
}

/* Before each wait but the first: the one before was a slice, or its hint was false. Pauses after
 * several false hints in a row. WAIT: nothing has changed. */
static feri_next check_before_next_wait(feri_waits *w, fer_error *result)
{
    if (ferp_now() >= w->limits.deadline) {
        return expire(w, result);
    }
    feri_next found = check_changes(w, result);
    if (found != FERI_NEXT_WAIT) {
        return found;
    }
    *result =
        feri_pause_after_false_hint(&w->false_hints, w->limits.deadline, w->limits.token, NULL);
    return result->kind == FER_OK ? FERI_NEXT_WAIT : after_signal(w, result);
}

/* ---- The tries */

/* What follows a try that has not succeeded; never WAIT. */
static feri_next next_after_try(feri_waits *w, fer_error *result)
{
    feri_call *call = w->call;
    bool was_discarded = call->is_discarded;
    bool is_signal = result->kind == FER_INTERRUPTED && continues_after_signal(call);
    call->is_discarded = false;
    if (!was_discarded && !is_signal) {
        call->is_socket_error = result->kind != FER_WOULD_BLOCK;
        if (result->kind == FER_WOULD_BLOCK && call->readiness != FERP_WRITABLE &&
            feri_read_has_ended(call->handle)) {
            *result = feri_ok();
        }
        if (result->kind != FER_WOULD_BLOCK) {
            return FERI_NEXT_RESULT;
        }
    }
    fer_error decided = decide(w);
    if (decided.kind == FER_OK && was_discarded && w->may_wait) {
        decided = feri_limits_check(&w->limits);
    }
    if (decided.kind != FER_OK) {
        *result = decided;
        return FERI_NEXT_RESULT;
    }
    if (was_discarded) {
        return FERI_NEXT_TRY;
    }
    if (is_signal && (w->may_wait || call->waits == FERI_AGAIN)) {
        return after_signal(w, result);
    }
    if (!w->may_wait) {
        return FERI_NEXT_RESULT;
    }
    feri_next found = w->has_waited ? check_before_next_wait(w, result) : FERI_NEXT_WAIT;
    return found == FERI_NEXT_WAIT ? wait_once(w, result) : found;
}

static fer_error run_in_core(feri_call *call, feri_try *attempt, const fer_error *first)
{
    feri_waits w;
    w.call = call;
    w.limits = FERI_NO_LIMITS;
    w.may_wait = (call->flags & FERP_DONTWAIT) == 0;
    w.is_decided = call->waits == FERI_UNTIL;
    w.has_waited = false;
    w.is_retry_after_reset = false;
    if (first == NULL || call->waits == FERI_WITHIN) {
        if (!w.may_wait && !ferp_traits()->io_waits_in_kernel) {
            /* A system without the flag: the socket is made nonblocking again. Its mode may have
             * been changed outside of the library (rule T2). */
            FER_TRY(ferp_set_nonblocking(feri_modes_raw(call->handle), true));
        }
        if (w.may_wait && feri_handle_is_limited(call->handle)) {
            w.may_wait = w.is_decided || feri_may_wait(call->handle, FERI_SHARED);
            w.limits = w.may_wait ? feri_limits_of(call->handle) : w.limits;
            FER_TRY(first == NULL ? feri_limits_check(&w.limits) : feri_ok());
        }
        if (w.is_decided) {
            w.limits.deadline = feri_earlier(call->time, w.limits.deadline);
        }
    }
    unsigned flags = call->flags | FERP_DONTWAIT;
    fer_error result = first == NULL ? attempt(call, flags) : *first;
    while (result.kind != FER_OK && next_after_try(&w, &result) == FERI_NEXT_TRY) {
        result = attempt(call, flags);
    }
    return result;
}

/* One try, which waits by the mode and the timeout of the socket. If it discards something, core
 * waits for the rest of the timeout. */
static fer_error run_in_kernel(feri_call *call, feri_try *attempt, const fer_error *first)
{
    fer_error result = first == NULL ? attempt(call, call->flags) : *first;
    if (call->is_discarded) {
        return run_in_core(call, attempt, &result);
    }
    if (result.kind == FER_WOULD_BLOCK) {
        return feri_map_kernel_timeout(call->handle, direction_of(call), result);
    }
    call->is_socket_error = result.kind != FER_OK;
    return result;
}

fer_error feri_run_on(feri_call *call, feri_try *attempt, const fer_error *first)
{
    FERI_ASSERT(call->readiness != FERP_CONNECTED);
    bool is_by_mode =
        call->waits <= FERI_SINCE && (first != NULL || !feri_handle_is_limited(call->handle));
    bool kernel_waits = is_by_mode && (call->flags & FERP_DONTWAIT) == 0 &&
                        feri_try_flags(call->handle, call->readiness) == 0 &&
                        !feri_core_keeps_modes(call->handle);
    return kernel_waits ? run_in_kernel(call, attempt, first) : run_in_core(call, attempt, first);
}

fer_error feri_run_within_limits(feri_call *call, feri_try *attempt, feri_rest *rest)
{
    const feri_limits limits = feri_limits_of(call->handle);
    const fer_error *tried = NULL;
    fer_error first;
    if (feri_handle_state(call->handle) == FERI_STATE_FULLY_OPEN &&
        feri_limits_check(&limits).kind == FER_OK) {
        call->waits = FERI_WITHIN;
        first = attempt(call, call->flags | FERP_DONTWAIT);
        if (first.kind == FER_OK) {
            return first;
        }
        tried = &first;
    }
    return rest(call, attempt, tried);
}
