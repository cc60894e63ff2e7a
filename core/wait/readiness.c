/* readiness.c: which calls on a handle would not wait. */
#include "core/wait/waiting.h"

#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/wait/connect_wait.h"
#include "core/wait/pause.h"
#include <stddef.h>

#define ALL_INTERESTS (FER_READABLE | FER_WRITABLE)

/* One poll, or one wait for a connect, until *found is not 0. own: the limits of the handle or of
 * the call, which apply in every mode, because the call waits in every mode. all: with the
 * timeout. */
typedef fer_error poll_once(const void *of, const feri_limits *own, const feri_limits *all,
                            size_t *found);

/* Polls until something is found: again after a signal, a slice, a wakeup or a false hint. The
 * first poll that finds nothing is always repeated, even at the deadline, because a wakeup may have
 * ended it before the socket was polled; and one that a signal ends, because another thread's
 * shutdown may have come before the deadline. An expired timeout is no error (rule T1), but the end
 * of the limits is one (rule K3). */
static fer_error poll_again(poll_once *once, const void *of, const feri_limits *own,
                            fer_duration timeout, size_t *found)
{
    feri_limits all = *own;
    all.deadline = feri_earlier(feri_deadline_after(timeout), own->deadline);
    feri_false_hints false_hints = {0, 0, 0};
    fer_error error;
    bool is_signal;
    do {
        *found = 0;
        error = once(of, own, &all, found);
        if (error.kind == FER_OK) {
            if (*found != 0) {
                return error;
            }
            if (false_hints.in_a_row > 0 && ferp_now() >= all.deadline) {
                break;
            }
            error = feri_pause_after_false_hint(&false_hints, all.deadline, all.token, NULL);
        }
        is_signal = error.kind == FER_INTERRUPTED;
    } while (error.kind == FER_OK || feri_retries_after_signal(&all, &error) ||
             (is_signal && error.kind == FER_TIMED_OUT));
    *found = 0;
    bool ends_by_limits = own->deadline != FERP_NO_DEADLINE && own->deadline == all.deadline;
    if (error.kind != FER_OK && error.kind != FER_TIMED_OUT) {
        return error;
    }
    return ends_by_limits ? feri_own_error(FER_TIMED_OUT) : feri_ok();
}

/* ---- One socket */

/* The arguments of a _ready call: in memory, they need no registers that must be saved. */
typedef struct ready_call {
    const fer_handle *handle;
    feri_request request; /* READ: a stream, with a connect. USE: a listener, a datagram socket */
    fer_interest interest;
    fer_duration timeout;
    fer_interest *ready;
} ready_call;

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
    return feri_read_has_ended(handle) ? interest & FER_READABLE : 0;
}

/* Whether a clone has shut down the write half, or the peer of a Unix stream its read half, if
 * waits do not report that. A send of zero bytes reports it ("send function", MSDN: a length of
 * zero is permissible; Linux: unix_stream_sendmsg). Any other error it returns ends the stream and
 * is applied to the state (rule S5). On a datagram socket it would send: nothing is noticed. */
static bool write_end_was_missed(fer_handle *handle)
{
    size_t n = 0;
    if (!feri_write_wait_misses_end(handle) ||
        (ferp_traits()->write_wait_misses_shutdown && !feri_handle_has_flag(handle, FERI_SHARED))) {
        return false;
    }
    fer_error error = ferp_send(handle->p_.raw_, "", 0, 0, &n);
    if (error.kind == FER_OK || error.kind == FER_BROKEN_PIPE) {
        return error.kind != FER_OK;
    }
    (void)feri_stream_after_failed_write(handle, error);
    return feri_handle_answer(handle, FERI_REQUEST_WRITE) != FERI_ANSWER_CALL_OS;
}

/* The wait is cut into slices if a shutdown may not wake it (rule S6). */
static uint64_t end_of_ready_slice(const ready_call *call, uint64_t deadline)
{
    const fer_handle *handle = call->handle;
    bool misses_reading = (call->interest & FER_READABLE) != 0 && feri_marks_read_end(handle);
    bool misses_writing =
        (call->interest & FER_WRITABLE) != 0 && feri_write_wait_misses_end(handle);
    return (misses_reading || misses_writing) && !feri_handle_has_flag(handle, FERI_FLAG_LISTENING)
               ? feri_earlier(feri_deadline_after((fer_duration){FERI_WAIT_SLICE_NANOS}), deadline)
               : deadline;
}

/* What the state and clones say, then the OS. The answer of the state comes before the limits (rule
 * K1). Of a stream with one half that is ready the other half is polled too. */
static fer_error poll_open(const ready_call *call, const feri_limits *own, const feri_limits *all,
                           size_t *found)
{
    fer_handle *handle = (fer_handle *)(uintptr_t)call->handle;
    bool is_stream = call->request == FERI_REQUEST_READ;
    fer_interest known = ready_by_state(handle, call->interest);
    if (known == 0) {
        FER_TRY(feri_limits_check(own));
    }
    known |= ready_by_clone(handle, call->interest);
    *found = known;
    fer_interest polled = call->interest & ~known;
    if (polled == 0 || (known != 0 && !is_stream)) {
        return feri_ok();
    }
    fer_interest seen = 0;
    uint64_t until = known != 0 ? ferp_now() : end_of_ready_slice(call, all->deadline);
    fer_error error = ferp_ready(handle->p_.raw_, polled, until, known != 0 ? until : all->deadline,
                                 known != 0 ? NULL : all->token, &seen);
    if (error.kind == FER_TIMED_OUT && is_stream && (polled & FER_WRITABLE) != 0 &&
        write_end_was_missed(handle)) {
        seen = FER_WRITABLE;
        error = feri_ok();
    }
    if (known == 0 && error.kind == FER_TIMED_OUT) {
        /* another thread's shutdown that did not wake the wait */
        seen = ready_by_state(handle, polled) | ready_by_clone(handle, polled);
        error = seen != 0 || until < all->deadline ? feri_ok() : error;
    }
    *found |= seen;
    return known != 0 ? feri_ok() : error;
}

/* If a connect fails during the wait, the next call reports the error (rule C5). */
static fer_error poll_socket(const void *of, const feri_limits *own, const feri_limits *all,
                             size_t *found)
{
    const ready_call *call = of;
    feri_answer answer = feri_handle_answer(call->handle, call->request);
    if (answer == FERI_ANSWER_CHECK_CONNECT) {
        bool failed = false;
        FER_TRY(feri_limits_check(own));
        FER_TRY(feri_pending_connect_wait((fer_handle *)(uintptr_t)call->handle, all, &failed));
        *found = failed ? call->interest : 0;
        return feri_ok();
    }
    if (feri_handle_answer(call->handle, FERI_REQUEST_TAKE_ERROR) == FERI_ANSWER_SAVED_ERROR) {
        *found = call->interest;
        return feri_ok();
    }
    FER_TRY(feri_handle_answer_error(call->handle, answer));
    return poll_open(call, own, all, found);
}

FERI_NOINLINE static fer_error run_ready(const ready_call *call)
{
    FERI_REQUIRE(call->handle != NULL, FER_MISUSE);
    if (call->ready == NULL || call->interest - 1 >= ALL_INTERESTS) {
        FER_TRY(feri_stream_check_misuse(call->handle, call->request));
        return feri_refuse(call->ready == NULL);
    }
    size_t found = 0;
    const feri_limits own = feri_limits_of(call->handle);
    FER_TRY(poll_again(poll_socket, call, &own, call->timeout, &found));
    FERI_ASSERT((found & ~(size_t)call->interest) == 0);
    *call->ready = (fer_interest)found;
    return feri_ok();
}

/* First a check without a wait, of a handle of which only the OS knows something: open, without
 * limits, and no end that waits miss, nor an end of another handle or thread meanwhile. */
FERI_HOT static fer_error check_or_run(const ready_call *call)
{
    const fer_handle *handle = call->handle;
    bool is_usual = handle != NULL && call->interest - 1 < ALL_INTERESTS && call->ready != NULL &&
                    call->timeout.nanos == 0 && feri_handle_is_fast_path(handle) &&
                    ((call->interest & FER_WRITABLE) == 0 || !feri_write_wait_misses_end(handle));
    if (is_usual) {
        fer_interest found = 0;
        fer_error error = ferp_ready(handle->p_.raw_, call->interest, 0, 0, NULL, &found);
        bool is_over = error.kind == FER_TIMED_OUT || (error.kind == FER_OK && found != 0);
        if (is_over && feri_handle_is_fast_path(handle) && !feri_read_has_ended(handle)) {
            *call->ready = found;
            return feri_ok();
        }
    }
    return run_ready(call);
}

fer_error feri_stream_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                            fer_interest *ready)
{
    const ready_call call = {handle, FERI_REQUEST_READ, interest, timeout, ready};
    return check_or_run(&call);
}

fer_error feri_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                     fer_interest *ready)
{
    const ready_call call = {handle, FERI_REQUEST_USE, interest, timeout, ready};
    return check_or_run(&call);
}

/* ---- An array of sockets */

typedef struct entries_call {
    fer_poll_entry *entries;
    size_t count;
} entries_call;

/* The limits come first (rule K1). */
static fer_error poll_entries(const void *of, const feri_limits *own, const feri_limits *all,
                              size_t *found)
{
    const entries_call *call = of;
    FER_TRY(feri_limits_check(own));
    return ferp_poll(call->entries, call->count, all->deadline, all->token, found);
}

fer_error fer_poll(fer_poll_entry *entries, size_t count, fer_duration timeout,
                   const fer_limits *limits, size_t *n)
{
    const entries_call call = {entries, count};
    fer_interest interests = 0;
    size_t found = 0;
    feri_store_count(n, 0);
    FERI_REQUIRE(entries != NULL || count == 0, FER_MISUSE);
    FERI_REQUIRE(count <= PTRDIFF_MAX / sizeof *entries, FER_MISUSE);
    for (size_t i = 0; i < count; i++) {
        interests |= entries[i].interest;
        entries[i].ready = 0; /* none is ready yet */
    }
    FERI_REQUIRE((interests & ~(ALL_INTERESTS | FER_PRIORITY)) == 0, FER_INVALID_INPUT);
    FERI_REQUIRE(limits == NULL || feri_limits_are_valid(limits), FER_INVALID_INPUT);
    const feri_limits own = feri_limits_from(limits);
    fer_error error = poll_again(poll_entries, &call, &own, timeout, &found);
    for (size_t i = 0; i < count && found == 0; i++) {
        entries[i].ready = 0;
    }
    feri_store_count(n, found);
    return error;
}
