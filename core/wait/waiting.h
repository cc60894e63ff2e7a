/* waiting.h: what a call does when the OS says that it would block: nothing where the kernel has
 * waited already, else arm, look, wait, and try again with the time that is left. */
#ifndef FERI_WAITING_H
#define FERI_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

/* How long a wait goes on before it looks at what another thread may have changed, where no wake-up
 * can reach it (rule S6). */
#define FERI_WAIT_SLICE_NANOS (UINT64_C(100) * 1000 * 1000)

/* Whether a call may wait, as the socket's mode and timeouts have it, or never does. */
typedef enum feri_wait_mode { FERI_WAIT_BY_MODE, FERI_WAIT_NEVER } feri_wait_mode;

/* One call's waiting, however often it tries. */
typedef struct feri_waiting {
    const fer_handle *handle;
    ferp_readiness readiness;
    feri_wait_mode wait_mode;
    bool started;
    uint64_t deadline;
} feri_waiting;

static inline feri_waiting feri_waiting_with(feri_wait_mode wait_mode, const fer_handle *handle,
                                             ferp_readiness readiness)
{
    return (feri_waiting){handle, readiness, wait_mode, false, FERP_NO_DEADLINE};
}

static inline feri_waiting feri_waiting_to(const fer_handle *handle, ferp_readiness readiness)
{
    return feri_waiting_with(FERI_WAIT_BY_MODE, handle, readiness);
}

/* After a try that gave WOULD_BLOCK: true when it is worth another try; false with the call's final
 * answer in *answer: WOULD_BLOCK (nonblocking), TIMED_OUT with os_code 0, INTERRUPTED, BROKEN_PIPE
 * (a write half shut meanwhile), or FER_OK for a read half that has ended meanwhile. */
bool feri_waiting_should_retry(feri_waiting *waiting, fer_error *answer);

#endif
