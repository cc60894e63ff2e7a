/* stream_result.c: after a receive or a send of a stream: the effect of the result on the state. */
#include "core/handle/stream_result.h"

#include "core/base/assert.h"
#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/ended.h"

/* The read half's answer after an event. */
static fer_error read_half_error(const fer_handle *handle)
{
    feri_answer answer = feri_handle_answer(handle, FERI_REQUEST_READ);
    return feri_handle_answer_error(
        handle, answer == FERI_ANSWER_CHECK_QUEUED ? FERI_ANSWER_SAVED_ERROR : answer);
}

static bool ends_stream(const fer_handle *handle, fer_error error)
{
    return feri_error_is_fatal(error) ||
           (feri_error_is_fatal_without_peer(error) && feri_has_lost_its_peer(handle->p_.raw_));
}

fer_error feri_stream_after_end(fer_handle *handle)
{
    FERI_ASSERT(handle != NULL);
    return feri_handle_apply(handle, FERI_EVENT_GOT_EOF) ? read_half_error(handle) : feri_ok();
}

fer_error feri_stream_after_failed_read(fer_handle *handle, fer_error error)
{
    FERI_ASSERT(error.kind != FER_OK);
    fer_error mapped = feri_map_error(FERI_OPERATION_READ, error);
    if (!ends_stream(handle, mapped)) {
        return mapped;
    }
    return feri_handle_fail(handle, FERI_EVENT_GOT_RESET, mapped) ? read_half_error(handle)
                                                                  : mapped;
}

/* Whether bytes may be queued although the send failed (ferp_traits, cut_send_loses_count). If the
 * caller sent them again, the peer would receive them twice. So the error ends the stream. The lack
 * of buffers that reaches this is one of a send too long to be repeated (core/transfer/retry.c). */
static bool may_have_sent(fer_error error)
{
    return feri_cut_send_loses_count() &&
           (error.kind == FER_PERMISSION_DENIED ||
            (error.kind == FER_NO_BUFFER_SPACE && feri_no_buffer_space_passes()));
}

fer_error feri_stream_after_failed_write(fer_handle *handle, fer_error error)
{
    FERI_ASSERT(error.kind != FER_OK);
    fer_error mapped = feri_map_error(FERI_OPERATION_WRITE, error);
    if (mapped.kind == FER_BROKEN_PIPE) {
        (void)feri_handle_apply(handle, FERI_EVENT_GOT_PIPE);
        return mapped;
    }
    bool is_fatal = may_have_sent(mapped) || ends_stream(handle, mapped);
    if (!is_fatal || !feri_handle_fail(handle, FERI_EVENT_GOT_RESET, mapped)) {
        return mapped;
    }
    return feri_handle_check(handle, FERI_REQUEST_WRITE);
}
