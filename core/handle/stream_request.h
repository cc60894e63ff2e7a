/* stream_request.h: before a read or a write of a stream: the state's answer to the request, before
 * any system call. */
#ifndef FERI_STREAM_REQUEST_H
#define FERI_STREAM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/cold.h"
#include "core/base/facts.h"
#include "core/handle/handle.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"

/* The length that one system call accepts. */
static inline size_t feri_clamp_length(size_t len)
{
    size_t max = feri_io_length_max();
    return len < max ? len : max;
}

static inline bool feri_is_valid_buffer(const void *buf, size_t len)
{
    return buf != NULL || len == 0;
}

/* The state's answer, after the status of a pending connect was queried and applied (rule C5).
 * *error is the caller's result: WOULD_BLOCK while the connect is pending, its error if it has just
 * failed. */
feri_answer feri_stream_answer(fer_handle *handle, feri_request request, fer_error *error);

/* FER_OK if a request may call the OS. handle may be that of a const stream, as in Rust's getters:
 * the call changes nothing except the result of a connect. */
fer_error feri_stream_check(const fer_handle *handle, feri_request request);

/* The common case, without a table or a call: true if the OS can be called directly, with len
 * bytes. False: one of the two checks below decides. */
static inline bool feri_stream_is_ready_for_os(const fer_handle *handle, bool buffer_is_valid,
                                               size_t len)
{
    /* Lengths from 1 on. */
    return feri_likely(handle != NULL) && feri_likely(buffer_is_valid) &&
           feri_likely(len - 1 < feri_io_length_max()) && feri_likely(feri_handle_is_plain(handle));
}

/* buffer_is_valid: the caller's buffers can hold len bytes. *needs_os: only a call of the OS has
 * the result. If it is false, the return value is the result. */
fer_error feri_stream_check_read(fer_handle *handle, bool buffer_is_valid, size_t len,
                                 bool *needs_os);
fer_error feri_stream_check_write(fer_handle *handle, bool buffer_is_valid, size_t len,
                                  bool *needs_os);

#endif
