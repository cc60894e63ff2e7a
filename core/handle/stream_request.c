/* stream_request.c: the state's answer to a request, before any system call. */
#include "core/handle/stream_request.h"

#include <stdint.h>

#include "core/base/assert.h"
#include "core/handle/handle.h"
#include "core/handle/pending_connect.h"
#include "platform/platform.h"

feri_answer feri_stream_answer(fer_handle *handle, feri_request request, fer_error *error)
{
    feri_answer answer = feri_handle_answer(handle, request);
    *error = feri_handle_answer_error(handle, answer);
    if (answer != FERI_ANSWER_CHECK_CONNECT) {
        return answer;
    }
    *error = feri_pending_connect_status(handle);
    if (error->kind == FER_OK) {
        answer = feri_handle_answer(handle, request);
        *error = feri_handle_answer_error(handle, answer);
    }
    return answer;
}

fer_error feri_stream_check(const fer_handle *handle, feri_request request)
{
    fer_error error;
    (void)feri_stream_answer((fer_handle *)(uintptr_t)handle, request, &error);
    return error;
}

/* After a fatal error on the read half only queued bytes can be read. */
static fer_error check_queued_input(const fer_handle *handle, bool *needs_os)
{
    size_t queued = 0;
    fer_error error = ferp_bytes_queued(handle->p_.raw_, &queued);
    if (error.kind != FER_OK || queued == 0) {
        return feri_handle_saved_error(handle);
    }
    *needs_os = true;
    return error;
}

fer_error feri_stream_check_read(fer_handle *handle, bool buffer_is_valid, size_t len,
                                 bool *needs_os)
{
    fer_error error;
    feri_answer answer = feri_stream_answer(handle, FERI_REQUEST_READ, &error);
    *needs_os = false;
    if (error.kind == FER_OK && !buffer_is_valid) {
        return feri_own_error(FER_MISUSE);
    }
    if (error.kind != FER_OK || len == 0 || answer == FERI_ANSWER_END) {
        return error;
    }
    if (answer == FERI_ANSWER_CHECK_QUEUED) {
        return check_queued_input(handle, needs_os);
    }
    *needs_os = true;
    return error;
}

fer_error feri_stream_check_write(fer_handle *handle, bool buffer_is_valid, size_t len,
                                  bool *needs_os)
{
    fer_error error;
    (void)feri_stream_answer(handle, FERI_REQUEST_WRITE, &error);
    *needs_os = false;
    if (handle != NULL && error.kind != FER_NOT_CONNECTED && !buffer_is_valid) {
        error = feri_own_error(FER_MISUSE);
    }
    if (error.kind == FER_OK && len > 0) {
        *needs_os = true;
    }
    return error;
}
