/* stream_steps.c: what the state answers before the OS is asked, and what the OS's answer means for the state. */
#include "core/handle/stream_steps.h"

#include <stdint.h>

#include "core/base/assert.h"
#include "core/open/connecting.h"
#include "core/handle/handle.h"
#include "core/base/operation_error.h"
#include "platform/platform.h"

feri_answer feri_stream_answer(fer_handle *handle, feri_request request, fer_error *error)
{
    feri_answer answer = feri_handle_answer(handle, request);
    *error = feri_handle_answer_error(handle, answer);
    if (answer != FERI_ANSWER_ASK_CONNECT) {
        return answer;
    }
    *error = feri_connect_standing(handle);
    if (error->kind == FER_OK) {
        answer = feri_handle_answer(handle, request);
        *error = feri_handle_answer_error(handle, answer);
    }
    return answer;
}

fer_error feri_stream_may(const fer_handle *handle, feri_request request)
{
    fer_error error;
    (void)feri_stream_answer((fer_handle *)(uintptr_t)handle, request, &error);
    return error;
}

/* The read half saw a fatal error: only what is still queued can be read. */
static fer_error may_read_queue(const fer_handle *handle, bool *due)
{
    size_t queued = 0;
    fer_error asked = ferp_bytes_queued(handle->raw_, &queued);
    *due = asked.kind == FER_OK && queued > 0;
    return *due ? feri_ok() : feri_handle_reason(handle);
}

fer_error feri_stream_may_read(fer_handle *handle, bool buffer_is_valid, size_t len, bool *due)
{
    fer_error error;
    feri_answer answer = feri_stream_answer(handle, FERI_REQUEST_READ, &error);
    *due = false;
    if (error.kind == FER_OK && !buffer_is_valid) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    if (error.kind != FER_OK || len == 0 || answer == FERI_ANSWER_END) {
        return error;
    }
    if (answer == FERI_ANSWER_ASK_QUEUE) {
        return may_read_queue(handle, due);
    }
    *due = true;
    return error;
}

fer_error feri_stream_may_write(fer_handle *handle, bool buffer_is_valid, size_t len, bool *due)
{
    fer_error error;
    (void)feri_stream_answer(handle, FERI_REQUEST_WRITE, &error);
    if (handle != NULL && error.kind != FER_NOT_CONNECTED && !buffer_is_valid) {
        error = feri_own_error(FER_INVALID_INPUT);
    }
    *due = error.kind == FER_OK && len > 0;
    return error;
}

/* What the read half answers after an event. */
static fer_error read_verdict(const fer_handle *handle)
{
    feri_answer answer = feri_handle_answer(handle, FERI_REQUEST_READ);
    return feri_handle_answer_error(handle, answer == FERI_ANSWER_ASK_QUEUE ? FERI_ANSWER_REASON : answer);
}

fer_error feri_stream_after_empty_read(fer_handle *handle, fer_error error)
{
    FERI_ASSERT(handle != NULL);
    fer_error told = feri_error_told(FERI_OPERATION_READ, error);
    if (told.kind == FER_OK) {
        return feri_handle_apply(handle, FERI_EVENT_GOT_EOF) ? read_verdict(handle) : told;
    }
    if (!feri_error_is_fatal(told)) {
        return told;
    }
    return feri_handle_fail(handle, FERI_EVENT_GOT_RESET, told) ? read_verdict(handle) : told;
}

fer_error feri_stream_after_failed_write(fer_handle *handle, fer_error error)
{
    FERI_ASSERT(error.kind != FER_OK);
    fer_error told = feri_error_told(FERI_OPERATION_WRITE, error);
    if (told.kind == FER_BROKEN_PIPE) {
        (void)feri_handle_apply(handle, FERI_EVENT_GOT_PIPE);
        return told;
    }
    if (!feri_error_is_fatal(told) || !feri_handle_fail(handle, FERI_EVENT_GOT_RESET, told)) {
        return told;
    }
    return feri_handle_may(handle, FERI_REQUEST_WRITE);
}
