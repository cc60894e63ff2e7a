/* ended.h: the failures of calls that the system refuses because the connection has ended. */
#ifndef FERI_ENDED_H
#define FERI_ENDED_H

#include <stdbool.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"

/* Whether a stream that was connected has no peer any more, because the connection has ended. A
 * Windows socket may keep its peer. */
bool feri_has_lost_its_peer(fer_raw_socket raw);

/* Whether a call on a connected stream failed because the connection has ended, and not by a
 * mistake of the caller. */
bool feri_connection_has_ended(fer_raw_socket raw, fer_error error);

/* The result of setting an option or a mode. A stream whose connection has ended needs none (rule
 * O7): FER_OK. */
fer_error feri_set_result(const fer_handle *handle, fer_error error);

#endif
