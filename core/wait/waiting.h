/* waiting.h: what a call does after "would block". If the kernel has waited, it maps the error.
 * Otherwise core arms, looks, waits, and retries with the remaining time. */
#ifndef FERI_WAITING_H
#define FERI_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wait/false_hints.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

/* The length of a slice: the longest wait without a look for changes by other threads, if no wakeup
 * can reach the wait (rule S6). */
#define FERI_WAIT_SLICE_NANOS (UINT64_C(100) * 1000 * 1000)

/* Whether a call waits according to the socket's mode and timeouts, or never. */
typedef enum feri_wait_mode { FERI_WAIT_BY_MODE, FERI_WAIT_NEVER } feri_wait_mode;

/* The waits of one call, for all its retries. */
typedef struct feri_waiting {
    const fer_handle *handle;
    ferp_readiness readiness;
    feri_wait_mode wait_mode;
    bool started;
    uint64_t deadline;
    feri_false_hints false_hints;
} feri_waiting;

static inline feri_waiting feri_waiting_with(feri_wait_mode wait_mode, const fer_handle *handle,
                                             ferp_readiness readiness)
{
    return (feri_waiting){handle, readiness, wait_mode, false, FERP_NO_DEADLINE, {0, 0}};
}

static inline feri_waiting feri_waiting_to(const fer_handle *handle, ferp_readiness readiness)
{
    return feri_waiting_with(FERI_WAIT_BY_MODE, handle, readiness);
}

/* Called after a try that returned WOULD_BLOCK. True: retry. False: *answer is the call's result:
 * WOULD_BLOCK (nonblocking), TIMED_OUT with os_code 0, INTERRUPTED, BROKEN_PIPE (the write half was
 * shut down meanwhile), or FER_OK for a read half that ended meanwhile. */
bool feri_waiting_should_retry(feri_waiting *waiting, fer_error *answer);

#endif
