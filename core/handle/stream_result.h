/* stream_result.h: after a read or a write of a stream: what the OS's answer means for the
 * state. */
#ifndef FERI_STREAM_RESULT_H
#define FERI_STREAM_RESULT_H

#include <stddef.h>

#include "core/handle/handle.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* After a read that moved nothing, and after a write that failed. */
fer_error feri_stream_after_empty_read(fer_handle *handle, fer_error error);
fer_error feri_stream_after_failed_write(fer_handle *handle, fer_error error);

/* After, with the OS's answer and how many bytes of more than 0 were moved: the call's answer. */
static inline fer_error feri_stream_after_read(fer_handle *handle, fer_error error, size_t moved)
{
    return moved > 0 ? error : feri_stream_after_empty_read(handle, error);
}

static inline fer_error feri_stream_after_write(fer_handle *handle, fer_error error)
{
    return error.kind == FER_OK ? error : feri_stream_after_failed_write(handle, error);
}

#endif
