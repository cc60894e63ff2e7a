/* connect_wait.h: waits for the end of a started connect. */
#ifndef FERI_CONNECT_WAIT_H
#define FERI_CONNECT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"

/* Waits for the end of a started connect. Interruptions and false readiness only begin the wait
 * again. */
fer_error feri_await_connect(fer_raw_socket raw, uint64_t deadline);

/* One wait for the end of a CONNECTING handle's connect. FER_OK: look at the handle's state, though
 * it may be CONNECTING still; TIMED_OUT with os_code 0, INTERRUPTED. *failed: it has failed, which
 * is left for the next call to ask, and to tell. */
fer_error feri_pending_connect_wait(fer_handle *handle, uint64_t deadline, bool *failed);

#endif
