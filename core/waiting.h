/* waiting.h: what a call does when the OS says that it would block: nothing where the kernel has waited already, else arm, look,
 * wait, and try again with the time that is left. */
#ifndef FERI_WAITING_H
#define FERI_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

/* One call's waiting, however often it tries. */
typedef struct feri_waiting {
    const fer_handle *handle;
    ferp_readiness readiness;
    bool begun;
    uint64_t deadline;
} feri_waiting;

static inline feri_waiting feri_waiting_to(const fer_handle *handle, ferp_readiness readiness)
{
    return (feri_waiting){handle, readiness, false, FERP_NO_DEADLINE};
}

/* After a try that gave WOULD_BLOCK: true when it is worth another try; false with the call's final answer in *answer: WOULD_BLOCK
 * (nonblocking), TIMED_OUT with os_code 0, INTERRUPTED, BROKEN_PIPE (a write half shut meanwhile), or FER_OK for a read half that has
 * ended meanwhile. */
bool feri_waiting_goes_on(feri_waiting *waiting, fer_error *answer);

#endif
