/* waiting.h: a call that may wait: its tries, and who waits between them (waiting.c); the _ready
 * calls (readiness.c). */
#ifndef FERI_WAITING_H
#define FERI_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/poller.h"
#include "platform/platform.h"

/* The length of a slice: the longest wait without a check for changes by other threads, if no
 * wakeup can reach the wait (rule S6). */
#define FERI_WAIT_SLICE_NANOS (100 * FERP_NANOS_PER_MILLI)

/* How long a call waits. */
enum {
    FERI_BY_MODE, /* by the socket's mode and timeout */
    FERI_SINCE,   /* the same; the timeout began at `time` */
    FERI_WITHIN,  /* the same, in core; the first try was within the limits of the handle */
    FERI_UNTIL,   /* in every mode, until `time` */
    /* by the mode, in core, after a signal that does not end the call (rule I1): its timeout begins
     * anew, and further signals do not end it either */
    FERI_AGAIN
};

/* A call on one socket: the first member of a struct with its arguments, which its tries use. */
typedef struct feri_call {
    fer_handle *handle;
    uint64_t time;
    ferp_readiness readiness; /* what it waits for */
    /* of each try. With FERP_DONTWAIT the call never waits, whatever the mode and the timeouts:
     * WOULD_BLOCK. With FERP_PEEK the bytes or the datagram stay in the queue */
    unsigned flags;
    uint8_t waits;     /* FERI_BY_MODE and so on */
    bool is_discarded; /* what the last try has received: another one is made at once */
    /* The result is an error of a try, or of the socket in a wait (failure of ferp_wait). The
     * caller maps it by its operation. Any other result says nothing about the socket. */
    bool is_socket_error;
    bool is_marked; /* the caller's own, here because one store then clears all four */
} feri_call;

/* One try of a call. */
typedef fer_error feri_try(feri_call *call, unsigned flags);

/* The flags of a try by the mode, for a handle without limits: FERP_DONTWAIT if core waits although
 * calls could wait in the kernel, else 0. No shutdown wakes a receive of macOS (rule S6), and a
 * send may lose its count (rule E3). Datagrams move complete or not at all. */
unsigned feri_try_flags(const fer_handle *handle, ferp_readiness readiness);

/* What follows the first try of a call, or all of it: first is NULL. */
typedef fer_error feri_rest(feri_call *call, feri_try *attempt, const fer_error *first);

/* The first try of a call whose handle has limits, if they are not reached. */
FERI_NOINLINE fer_error feri_run_within_limits(feri_call *call, feri_try *attempt, feri_rest *rest);

/* Runs a call by the mode: its first try here, if there is a handle and the OS takes the arguments
 * as they are (is_usual), the handle has no end that was met, and no mode must be set first. If
 * that succeeds, its result is the call's. The members are stored one by one: if gcc compiles for
 * size, it clears a whole struct with "rep stos", which is slow to begin. */
FERI_INLINE fer_error feri_run(feri_call *call, fer_handle *handle, ferp_readiness readiness,
                               bool is_usual, unsigned flags, feri_try *attempt, feri_rest *rest)
{
    call->handle = handle;
    call->readiness = readiness;
    call->flags = flags;
    call->waits = FERI_BY_MODE;
    call->is_discarded = false;
    call->is_socket_error = false;
    call->is_marked = false;
    if (is_usual && ((flags & FERP_DONTWAIT) == 0 || ferp_traits()->io_waits_in_kernel)) {
        if (!feri_handle_is_fast_path(handle)) {
            return feri_run_within_limits(call, attempt, rest);
        }
        const fer_error first = attempt(call, flags | feri_try_flags(handle, readiness));
        return first.kind == FER_OK ? first : rest(call, attempt, &first);
    }
    return rest(call, attempt, NULL);
}

/* Makes tries until one has a result, with waits between them. first: the result of a first try by
 * feri_run, or NULL. After WOULD_BLOCK the result is FER_OK for a read half that ended meanwhile,
 * WOULD_BLOCK (nonblocking), TIMED_OUT with os_code 0, INTERRUPTED, CANCELLED, BROKEN_PIPE (the
 * write half was shut down meanwhile), or an error of the wait or of a query. Limits that are
 * reached precede data that is ready (rule K1). On a nonblocking socket they do not apply, except
 * to a call with a time of its own. */
FERI_NOINLINE fer_error feri_run_on(feri_call *call, feri_try *attempt, const fer_error *first);

/* ---- Calls that discard what a try has received. Another try in the kernel would wait for the
 * whole timeout again, so core waits, and all tries last no longer than the timeout (rule T2). */

/* The flags of a handle whose timeout may be set in this direction. */
static inline uint32_t feri_may_expire(ferp_direction direction)
{
    return FERI_SHARED | feri_timeout_flag(direction);
}

/* The timeout of a call whose tries discard begins now. One that was set outside of the library
 * begins with the first discard. */
void feri_call_start(feri_call *call);

/* The result of a try that has discarded something. */
static inline fer_error feri_discard(feri_call *call)
{
    call->is_discarded = true;
    return feri_own_error(FER_WOULD_BLOCK);
}

/* ---- Readiness: readiness.c. The handle's own state first, then the OS. */

/* As fer_tcp_stream_ready, for any stream, also with a pending or failed connect. */
fer_error feri_stream_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                            fer_interest *ready);

/* As feri_stream_ready, for handles without a connect or halves: a listener, a datagram socket. */
fer_error feri_ready(const fer_handle *handle, fer_interest interest, fer_duration timeout,
                     fer_interest *ready);

#endif
