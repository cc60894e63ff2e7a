/* stream_steps.h: the steps that every read and write of a stream is made of: what the state answers before the OS is asked, and what
 * the OS's answer means for the state. */
#ifndef FERI_STREAM_STEPS_H
#define FERI_STREAM_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"

static inline void feri_store_count(size_t *n, size_t moved)
{
    if (n != NULL) {
        *n = moved;
    }
}

/* Before. buffer_is_valid: whether the caller's buffers can hold len bytes. *due where the OS is to be asked, else the result is the
 * call's answer. */
fer_error feri_stream_may_read(const fer_handle *handle, bool buffer_is_valid, size_t len, bool *due);
fer_error feri_stream_may_write(const fer_handle *handle, bool buffer_is_valid, size_t len, bool *due);

/* After, with the OS's answer and how many bytes of more than 0 were moved: the call's answer. */
fer_error feri_stream_after_read(fer_handle *handle, fer_error error, size_t moved);
fer_error feri_stream_after_write(fer_handle *handle, fer_error error, size_t moved);

#endif
