/* waiting.h: the waits of a call after "would block" (waiting.c), and the _ready calls
 * (readiness.c). If the kernel has waited, the error is mapped. Otherwise core arms, checks, waits,
 * and retries with the remaining time. */
#ifndef FERI_WAITING_H
#define FERI_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "ferrule/cancel.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

/* ---- Pauses of a call for which waits report "ready" although it still would block. */

/* The shortest and the longest pause. Two false hints that are further apart than the shortest
 * pause are not "in a row": a wait lay between them. */
#define FERI_PAUSE_MIN_NANOS FERP_NANOS_PER_MILLI
#define FERI_PAUSE_MAX_NANOS (20 * FERP_NANOS_PER_MILLI)

/* The false hints of one call, those in a row, and the time at which the last one ended. All zeros:
 * none yet. */
typedef struct feri_false_hints {
    uint32_t count;
    uint32_t in_a_row;
    uint64_t last;
} feri_false_hints;

/* Whether so many waits have reported the end of a connect without a result that no error is to
 * come. Where it comes late, the pauses until then are 15 ms. A loaded machine puts more than a
 * pause between two of these hints, so all of them count. */
static inline bool feri_lacks_error(const feri_false_hints *hints)
{
    return hints->count > (ferp_traits()->connect_error_comes_late ? 5 : 0);
}

/* The length of the pause after so many false hints in a row: the shortest up to the second, then
 * twice as long each time, up to the longest. */
uint64_t feri_pause_length(uint32_t in_a_row);

/* Called after a false hint, before the next wait. The first in a row continues immediately,
 * because a wakeup is often spurious once: another reader took the bytes. From the second on it
 * pauses, 1 ms and then twice as long each time, at most 20 ms and never beyond the deadline.
 * Without pauses a wait that is false for as long as its cause lasts would use a whole processor.
 * The token, which may be NULL, ends a pause. */
void feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                 const fer_cancel_token *token);

/* ---- The waits of a call on one socket. */

/* The length of a slice: the longest wait without a check for changes by other threads, if no
 * wakeup can reach the wait (rule S6). */
#define FERI_WAIT_SLICE_NANOS (100 * FERP_NANOS_PER_MILLI)

/* Whether a call waits according to the socket's mode and timeouts, never, or in every mode until
 * its own deadline. */
typedef enum feri_wait_mode { FERI_WAIT_BY_MODE, FERI_WAIT_NEVER, FERI_WAIT_UNTIL } feri_wait_mode;

/* The waits of one call, for all its retries. deadline is at first the call's own (UNTIL), or none.
 * When the waits begin, a call by mode gets the deadline of the socket's timeout. If the deadline
 * of the limits is earlier, it replaces this one. */
typedef struct feri_waiting {
    fer_handle *handle;
    ferp_readiness readiness;
    feri_wait_mode wait_mode;
    bool has_limits; /* limits are in use: no try waits in the system */
    bool has_begun;  /* the waits have begun: deadline is final */
    bool was_reset;  /* a read: the read half was reset before the last try */
    bool has_failed; /* an error of the socket ended the call, or a wait (failure of ferp_wait) */
    uint64_t deadline;
    feri_false_hints false_hints;
    feri_limits limits;
} feri_waiting;

/* The members are set one by one: if gcc compiles for size, it clears a whole struct with "rep
 * stos", which is slow to begin. */
static inline feri_waiting feri_waiting_with(feri_wait_mode wait_mode, fer_handle *handle,
                                             ferp_readiness readiness)
{
    feri_waiting waiting;
    waiting.handle = handle;
    waiting.readiness = readiness;
    waiting.wait_mode = wait_mode;
    waiting.has_limits = false;
    waiting.has_begun = false;
    waiting.was_reset = false;
    waiting.has_failed = false;
    waiting.deadline = FERP_NO_DEADLINE;
    waiting.false_hints.in_a_row = 0;
    waiting.false_hints.last = 0;
    waiting.limits = FERI_NO_LIMITS;
    return waiting;
}

/* With FERP_DONTWAIT the call never waits. */
static inline feri_waiting feri_waiting_with_flags(fer_handle *handle, ferp_readiness readiness,
                                                   unsigned flags)
{
    return feri_waiting_with((flags & FERP_DONTWAIT) != 0 ? FERI_WAIT_NEVER : FERI_WAIT_BY_MODE,
                             handle, readiness);
}

/* For a call that waits until its own deadline. Its tries never wait in the system. */
static inline feri_waiting feri_waiting_until(fer_handle *handle, ferp_readiness readiness,
                                              uint64_t deadline)
{
    feri_waiting waiting = feri_waiting_with(FERI_WAIT_UNTIL, handle, readiness);
    waiting.deadline = deadline;
    return waiting;
}

/* Stores the limits of the handle in waiting, and checks them (rule K1). On a nonblocking socket
 * they do not apply, except to a call with a deadline of its own. */
fer_error feri_waiting_begin_with_limits(feri_waiting *waiting);

/* Called before the first try. Any error is the call's result: limits that are reached precede data
 * that is ready (rule K1). If the system has no flag for a call that never waits, the socket is
 * made nonblocking again: its mode may have been changed outside of the library (rule T2). */
static inline fer_error feri_waiting_begin(feri_waiting *waiting)
{
    if (waiting->wait_mode == FERI_WAIT_NEVER) {
        return ferp_traits()->io_waits_in_kernel
                   ? feri_ok()
                   : ferp_set_nonblocking(feri_modes_raw(waiting->handle), true);
    }
    return feri_handle_is_limited(waiting->handle) ? feri_waiting_begin_with_limits(waiting)
                                                   : feri_ok();
}

/* Whether core waits for a stream in every mode, although calls could wait in the kernel: a send
 * there may lose its count, and no shutdown wakes a receive (feri_reads_in_core). Datagrams move
 * complete or not at all. */
static inline bool feri_waiting_is_in_core(const feri_waiting *waiting)
{
    if (waiting->readiness == FERP_WRITABLE) {
        return ferp_traits()->cut_send_loses_count &&
               !feri_handle_has_flag(waiting->handle, FERI_FLAG_DATAGRAM);
    }
    return waiting->readiness == FERP_READABLE && feri_reads_in_core(waiting->handle);
}

/* Whether a try may wait in the system. Otherwise it is made by a call that never waits. */
static inline bool feri_waiting_tries_may_wait(const feri_waiting *waiting)
{
    return waiting->wait_mode == FERI_WAIT_BY_MODE && !waiting->has_limits &&
           !feri_waiting_is_in_core(waiting);
}

/* Maps WOULD_BLOCK of a try that may wait in the kernel: it is an expired timeout, unless the
 * socket is or was nonblocking. A blocking socket without a timeout was nonblocking during the try:
 * another thread or process has made it blocking since. */
fer_error feri_map_kernel_timeout(const fer_handle *handle, ferp_direction direction,
                                  fer_error error);

/* What follows a try. */
typedef enum feri_after_try {
    FERI_TRY_AGAIN,
    FERI_TRY_DONE,  /* *answer is the call's result */
    FERI_TRY_FAILED /* *answer is an error of the socket, which the caller maps by its operation */
} feri_after_try;

/* Called after each try, with its error, and waits after WOULD_BLOCK. The result is then FER_OK for
 * a read half that ended meanwhile, WOULD_BLOCK (nonblocking), TIMED_OUT with os_code 0,
 * INTERRUPTED, CANCELLED, BROKEN_PIPE (the write half was shut down meanwhile), or an error of the
 * wait or of a query. The last two say nothing about the socket. */
feri_after_try feri_waiting_after_try(feri_waiting *waiting, fer_error *answer);

/* One try of a call. flags: FERP_DONTWAIT unless the try may wait in the system. */
typedef fer_error feri_try(void *call, unsigned flags);

/* Makes tries until one has a result, and waits between them. Returns the result. After an error of
 * the socket, which the caller maps by its operation, waiting->has_failed is true. Any other result
 * says nothing about the socket. */
fer_error feri_waiting_run(feri_waiting *waiting, feri_try *attempt, void *call);

/* ---- Waits for the result of a started connect. */

/* Waits for the result of a started connect, within limits. Signals and spurious wakeups restart
 * the wait. operation maps the result of the connect, and no other error. */
fer_error feri_await_connect(fer_raw_socket raw, feri_operation operation,
                             const feri_limits *limits);

/* One wait for the result of a CONNECTING handle's connect. FER_OK: check the handle's state, which
 * may still be CONNECTING. Otherwise TIMED_OUT with os_code 0, CANCELLED or INTERRUPTED. *failed:
 * the connect has failed; the next call queries and reports the error. */
fer_error feri_pending_connect_wait(fer_handle *handle, const feri_limits *limits, bool *failed);

/* ---- Readiness: readiness.c. The handle's own state first, then the OS. */

/* As fer_tcp_stream_ready, for any stream, also with a pending or failed connect. */
fer_error feri_stream_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                            fer_interest *ready);

/* As feri_stream_ready, for handles without a connect or halves: a listener, a datagram socket. */
fer_error feri_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                     fer_interest *ready);

#endif
