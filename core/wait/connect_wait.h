/* connect_wait.h: waits for the result of a started connect. */
#ifndef FERI_CONNECT_WAIT_H
#define FERI_CONNECT_WAIT_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/handle/limits.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* Waits for the result of a started connect, within limits. Signals and spurious wakeups restart
 * the wait. operation maps the result of the connect, and no other error. */
fer_error feri_await_connect(fer_raw_socket raw, feri_operation operation,
                             const feri_limits *limits);

/* One wait for the result of a CONNECTING handle's connect. FER_OK: check the handle's state, which
 * may still be CONNECTING. Otherwise TIMED_OUT with os_code 0, CANCELLED or INTERRUPTED. *failed:
 * the connect has failed; the next call queries and reports the error. */
fer_error feri_pending_connect_wait(fer_handle *handle, const feri_limits *limits, bool *failed);

#endif
