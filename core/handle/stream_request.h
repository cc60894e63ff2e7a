/* stream_request.h: before a read or a write of a stream: what the state answers before the OS is
 * asked. */
#ifndef FERI_STREAM_REQUEST_H
#define FERI_STREAM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/facts.h"
#include "core/handle/handle.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* What one call of the OS takes. */
static inline size_t feri_clamp_length(size_t len)
{
    size_t max = feri_io_length_max();
    return len < max ? len : max;
}

static inline bool feri_is_valid_buffer(const void *buf, size_t len)
{
    return buf != NULL || len == 0;
}

/* What the state answers, once the OS was asked how a connect under way stands (rule C5). *error is
 * the answer to the caller, WOULD_BLOCK where it has not ended, its reason where it has just
 * failed. */
feri_answer feri_stream_answer(fer_handle *handle, feri_request request, fer_error *error);

/* FER_OK where a request may go to the OS. handle may be a const stream's, as it is in Rust's
 * getters, which look and change nothing but what has come of a connect. */
fer_error feri_stream_check(const fer_handle *handle, feri_request request);

/* Before. The common case, which needs no table and no call: true where the OS is to be asked at
 * once. */
static inline bool feri_stream_is_ready_for_os(const fer_handle *handle, bool buffer_is_valid,
                                               size_t len)
{
    return handle != NULL && buffer_is_valid && len > 0 &&
           feri_state_is_fully_open(feri_handle_state(handle));
}

/* Before, in every case. buffer_is_valid: whether the caller's buffers can hold len bytes. *proceed
 * where the OS is to be asked, else the result is the call's answer. */
fer_error feri_stream_check_read(fer_handle *handle, bool buffer_is_valid, size_t len,
                                 bool *proceed);
fer_error feri_stream_check_write(fer_handle *handle, bool buffer_is_valid, size_t len,
                                  bool *proceed);

static inline fer_error feri_stream_before_read(fer_handle *handle, bool buffer_is_valid,
                                                size_t len, bool *proceed)
{
    *proceed = feri_stream_is_ready_for_os(handle, buffer_is_valid, len);
    return *proceed ? feri_ok() : feri_stream_check_read(handle, buffer_is_valid, len, proceed);
}

static inline fer_error feri_stream_before_write(fer_handle *handle, bool buffer_is_valid,
                                                 size_t len, bool *proceed)
{
    *proceed = feri_stream_is_ready_for_os(handle, buffer_is_valid, len);
    return *proceed ? feri_ok() : feri_stream_check_write(handle, buffer_is_valid, len, proceed);
}

#endif
