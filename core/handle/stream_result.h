/* stream_result.h: after a read or a write of a stream: the effect of the result on the state. */
#ifndef FERI_STREAM_RESULT_H
#define FERI_STREAM_RESULT_H

#include <stddef.h>

#include "core/handle/handle.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* After a read that moved no bytes, and after a write that failed. */
fer_error feri_stream_after_empty_read(fer_handle *handle, fer_error error);
fer_error feri_stream_after_failed_write(fer_handle *handle, fer_error error);

/* Takes the OS's result and the number of bytes moved, for a length above 0. Returns the call's
 * result. */
static inline fer_error feri_stream_after_read(fer_handle *handle, fer_error error, size_t moved)
{
    return moved > 0 ? error : feri_stream_after_empty_read(handle, error);
}

static inline fer_error feri_stream_after_write(fer_handle *handle, fer_error error)
{
    return error.kind == FER_OK ? error : feri_stream_after_failed_write(handle, error);
}

#endif
