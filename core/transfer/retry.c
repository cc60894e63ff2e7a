/* retry.c: whether a try of a stream's read or write is repeated. */
#include "core/transfer/retry.h"

#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/stream_result.h"

/* The longest send that XNU moves complete or not at all. It waits for room for the whole length,
 * if that is not above the low-water mark of the send buffer, MCLBYTES (uipc_socket2.c, soreserve;
 * uipc_socket.c, sosendcheck). A longer send may lack buffers after it has moved some bytes. */
#define WHOLE_SEND_MAX 2048

/* Whether a try that lacked buffers moved nothing and may be repeated. */
static bool shortage_passes(const feri_waiting *waiting, size_t len)
{
    if (!feri_cut_send_loses_count()) {
        return feri_no_buffer_space_passes();
    }
    return feri_no_buffer_space_passes() && waiting->readiness == FERP_WRITABLE &&
           len <= WHOLE_SEND_MAX;
}

/* A shortage of buffers. Returns true if a shorter try remains; else *error is WOULD_BLOCK. */
static bool shortens(const feri_waiting *waiting, fer_error *error, size_t *len)
{
    if (error->kind != FER_NO_BUFFER_SPACE || !shortage_passes(waiting, *len)) {
        return false;
    }
    if (*len <= FERI_SHORTEST_TRY) {
        *error = feri_map_error(FERI_OPERATION_SHORTAGE, *error);
        return false;
    }
    *len = *len / 2 > FERI_SHORTEST_TRY ? *len / 2 : FERI_SHORTEST_TRY;
    return true;
}

static fer_error after_failure(const feri_waiting *waiting, fer_error error)
{
    return waiting->readiness == FERP_WRITABLE
               ? feri_stream_after_failed_write(waiting->handle, error)
               : feri_stream_after_failed_read(waiting->handle, error);
}

bool feri_should_retry(feri_waiting *waiting, fer_error *error, size_t *len)
{
    if (error->kind == FER_OK) {
        return false;
    }
    if (shortens(waiting, error, len)) {
        return true;
    }
    feri_after_try after = feri_waiting_after_try(waiting, error);
    if (after == FERI_TRY_FAILED) {
        *error = after_failure(waiting, *error);
    }
    return after == FERI_TRY_AGAIN;
}
