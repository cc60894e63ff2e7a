/* stream_result.h: after a receive or a send of a stream: the effect of the result on the state. */
#ifndef FERI_STREAM_RESULT_H
#define FERI_STREAM_RESULT_H

#include <stddef.h>

#include "core/handle/handle.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* error is the failure of a receive or of a send of the OS, and not the result of another call, for
 * example of a wait. Returns the call's result. FER_OK: a receive that has found the end of
 * file. */
fer_error feri_stream_after_failed_read(fer_handle *handle, fer_error error);
fer_error feri_stream_after_failed_write(fer_handle *handle, fer_error error);

/* After a receive that found the end of file. */
fer_error feri_stream_after_end(fer_handle *handle);

/* Takes the result of a read and the number of bytes moved, for a length above 0. Returns the
 * call's result. */
static inline fer_error feri_stream_after_read(fer_handle *handle, fer_error error, size_t moved)
{
    if (error.kind == FER_OK && moved == 0) {
        return feri_stream_after_end(handle);
    }
    return error;
}

#endif
