/* waiting.h: who waits for a call that would block, and its waits (waiting.c); the _ready calls
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

/* Whether so many waits have reported the end of a connect without a result that its error does not
 * come any more. Where it comes late, the pauses until then are 15 ms. A loaded machine puts more
 * than a pause between two of these hints, so all of them count. */
static inline bool feri_error_is_overdue(const feri_false_hints *hints)
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
 * A cancel of one of the tokens, which may be NULL, ends a pause: FER_OK. So does a signal:
 * INTERRUPTED, as of the wait that the pause precedes. */
fer_error feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                      const fer_cancel_token *token, const fer_cancel_token *other);

/* ---- The waits of a call on one socket. */

/* The length of a slice: the longest wait without a check for changes by other threads, if no
 * wakeup can reach the wait (rule S6). */
#define FERI_WAIT_SLICE_NANOS (100 * FERP_NANOS_PER_MILLI)

/* What follows a try, a check or a wait. */
typedef enum feri_next {
    FERI_NEXT_WAIT,  /* the call waits */
    FERI_NEXT_TRY,   /* it is tried again */
    FERI_NEXT_RESULT /* it ends */
} feri_next;

/* How a call waits that may wait. */
typedef enum feri_wait_mode {
    FERI_WAIT_BY_MODE, /* according to the socket's mode and timeouts */
    FERI_WAIT_UNTIL,   /* in every mode, until its own deadline */
    /* by the mode, in core, after a signal that does not end the call (rule I1): its timeout begins
     * anew, and further signals do not end it either */
    FERI_WAIT_AGAIN
} feri_wait_mode;

/* Who waits after a try that would block. */
typedef enum feri_waiter {
    FERI_WAITER_NONE,      /* nobody */
    FERI_WAITER_KERNEL,    /* the OS, in the try: by its mode and timeout; nonblocking: nobody */
    FERI_WAITER_UNDECIDED, /* core or nobody: choose_by_mode decides after the first try */
    FERI_WAITER_CORE       /* core, until the deadline */
} feri_waiter;

/* The waits of one call, for all its retries. The caller sets the first members, the others are
 * 0. */
typedef struct feri_waiting {
    fer_handle *handle;
    ferp_readiness readiness;
    /* FERP_DONTWAIT: WOULD_BLOCK in every mode. Otherwise by `mode`; no other flag is read here */
    unsigned call_flags;
    feri_wait_mode mode;
    uint64_t deadline; /* that of the call (UNTIL). Later that of all its waits */
    /* NULL, or feri_waiting_after_accept: a pointer, so that a program without accepts does not
     * link it */
    feri_next (*after_try)(struct feri_waiting *waiting, fer_error *result);

    feri_waiter waiter;
    unsigned flags; /* of each try: FERP_DONTWAIT, unless the kernel waits */
    feri_limits limits;
    bool has_waited;
    bool is_retry_after_reset; /* the last try: a read whose read half was reset before it */
    /* The result is an error of a try, or of the socket in a wait (failure of ferp_wait). The
     * caller maps it by its operation. Any other result says nothing about the socket. */
    bool is_socket_error;
    uint32_t skips; /* rule L3 */
    feri_false_hints false_hints;
} feri_waiting;

/* A call by the mode. feri_waiting_begin sets the other members. If gcc compiles for size, it
 * clears a whole struct with "rep stos", which is slow to begin. */
FERI_INLINE void feri_waiting_init(feri_waiting *waiting, fer_handle *handle,
                                   ferp_readiness readiness, unsigned call_flags)
{
    waiting->handle = handle;
    waiting->readiness = readiness;
    waiting->call_flags = call_flags;
    waiting->mode = FERI_WAIT_BY_MODE;
    waiting->after_try = NULL;
    waiting->waiter = FERI_WAITER_NONE;
    waiting->has_waited = false;
    waiting->is_retry_after_reset = false;
    waiting->is_socket_error = false;
    waiting->skips = 0;
    waiting->false_hints.count = 0;
    waiting->false_hints.in_a_row = 0;
    waiting->false_hints.last = 0;
}

/* The flags of a try by the mode, for a handle without limits: FERP_DONTWAIT if core waits although
 * calls could wait in the kernel, else 0. No shutdown wakes a receive of macOS (rule S6), and a
 * send may lose its count (rule E3). Datagrams move complete or not at all. */
unsigned feri_waiting_flags(const fer_handle *handle, ferp_readiness readiness);

/* Decides before the first try whether the kernel waits, and so how the tries are made. Any error
 * is the call's result: limits that are reached precede data that is ready (rule K1). On a
 * nonblocking socket they do not apply, except to a call with a deadline of its own. */
fer_error feri_waiting_begin(feri_waiting *waiting);

/* Called after each try; waits after WOULD_BLOCK. *result is that of the try, and with
 * FERI_NEXT_RESULT that of the call. After WOULD_BLOCK it is FER_OK for a read half that ended
 * meanwhile, WOULD_BLOCK (nonblocking), TIMED_OUT with os_code 0, INTERRUPTED, CANCELLED,
 * BROKEN_PIPE (the write half was shut down meanwhile), or an error of the wait or of a query. */
feri_next feri_waiting_wait_if_needed(feri_waiting *waiting, fer_error *result);

/* One try of a call, with the flags of the waits. */
typedef fer_error feri_try(void *call, unsigned flags);

/* Begins, and makes tries until one has a result, with waits between them. */
fer_error feri_waiting_run(feri_waiting *waiting, feri_try *attempt, void *call);

/* The same after a first try by the mode, which the caller has made with feri_waiting_flags, on a
 * handle that had no limits. result is that of the try. */
fer_error feri_waiting_run_on(feri_waiting *waiting, feri_try *attempt, void *call,
                              fer_error result);

/* ---- Calls that discard what a try has received. A further try in the kernel would wait for the
 * whole timeout again, so core waits, and all tries last no longer than the timeout (rule T2). */

/* The time at which the timeout of the call begins, for the next two. 0: it has none, or it was set
 * outside of the library and then begins with the first discard. Called before the first try. */
uint64_t feri_waiting_start(const feri_waiting *waiting);

/* Called by a try after a discard. FER_OK: it goes on, with waiting->flags. Otherwise the result of
 * the call: its time is over, or it was cancelled. */
fer_error feri_waiting_after_discard(feri_waiting *waiting, uint64_t began);

/* As feri_waiting_run_on, after a first try whose datagram was discarded. */
fer_error feri_waiting_run_after_discard(feri_waiting *waiting, feri_try *attempt, void *call,
                                         uint64_t began);

/* Whether the first try of a call can come before that path: the handle has no limits, no end that
 * was met, and no mode to be set before a call that never waits. Its flags are those of the call
 * and feri_waiting_flags. FER_OK is the call's result; any other one is for feri_waiting_run_after.
 */
FERI_INLINE bool feri_waiting_is_common(const fer_handle *handle, unsigned call_flags)
{
    return feri_likely(feri_handle_is_fast_path(handle)) &&
           ((call_flags & FERP_DONTWAIT) == 0 || ferp_traits()->io_waits_in_kernel);
}

/* Goes on after that first try, or begins if there was none: first is NULL. */
static inline fer_error feri_waiting_run_after(feri_waiting *waiting, feri_try *attempt, void *call,
                                               const fer_error *first)
{
    return first != NULL ? feri_waiting_run_on(waiting, attempt, call, *first)
                         : feri_waiting_run(waiting, attempt, call);
}

/* Before each try of accept, which has no flags. For a call that never waits the queue is polled:
 * WOULD_BLOCK. For one that limits or a timeout end the socket is nonblocking. */
fer_error feri_waiting_check_queue(const feri_waiting *waiting);

/* Called after each accept. TRY: another one is made at once, after a signal (rule I1), unless the
 * limits let it end the call (rule I4), or after a connection that failed in the queue (rule L3).
 * RESULT: *result is that of the accept. */
feri_next feri_waiting_after_accept(feri_waiting *waiting, fer_error *result);

/* ---- The mode and the timeouts of a socket, for calls that wait. blocking.h sets them. */

/* The user's mode. The OS is queried only if another handle may have set it. */
fer_error feri_is_nonblocking(const fer_handle *handle, bool *out);

/* The same after a try that has waited in the kernel, if at all. The OS is queried unless this
 * handle alone has set nonblocking mode, because another process may have set it since. */
fer_error feri_was_nonblocking(const fer_handle *handle, bool *out);

/* As fer_tcp_stream_read_timeout. */
fer_error feri_timeout(const fer_handle *handle, ferp_direction direction, fer_duration *out);

/* The timeout, without a system call if no handle can have set one. */
fer_error feri_timeout_if_set(const fer_handle *handle, ferp_direction direction,
                              fer_duration *out);

/* Maps WOULD_BLOCK of a try that may wait in the kernel: it is an expired timeout, unless the
 * socket is or was nonblocking. A blocking socket without a timeout was nonblocking during the try:
 * another thread or process has made it blocking since. */
fer_error feri_map_kernel_timeout(const fer_handle *handle, ferp_direction direction,
                                  fer_error error);

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
