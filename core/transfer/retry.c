/* retry.c: whether a try of a stream's read or write is repeated. */
#include "core/transfer/retry.h"

#include "core/base/facts.h"
#include "core/base/operation_error.h"

/* A shortage of buffers. Returns true if a shorter try remains; else *error is WOULD_BLOCK. */
static bool shortens(fer_error *error, size_t *len)
{
    if (error->kind != FER_NO_BUFFER_SPACE || !feri_no_buffer_space_passes()) {
        return false;
    }
    if (*len <= FERI_SHORTEST_TRY) {
        *error = feri_map_error(FERI_OPERATION_SHORTAGE, *error);
        return false;
    }
    *len = *len / 2 > FERI_SHORTEST_TRY ? *len / 2 : FERI_SHORTEST_TRY;
    return true;
}

bool feri_should_retry(feri_waiting *waiting, fer_error *error, size_t *len)
{
    return shortens(error, len) ||
           (error->kind == FER_WOULD_BLOCK && feri_waiting_should_retry(waiting, error));
}
