/* stream_transfer.c: complete transfers: read_exact, read_to_end, write_all. They continue after a
 * signal (rule I1) unless the limits forbid it (rule I4), and a timeout applies to each read or
 * write. */
#include <stdint.h>

#include "core/base/assert.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/transfer/stream_io.h"

/* Reads until the buffer is full, end of file (*ended) or an error. */
static fer_error read_until_full(fer_handle *handle, uint8_t *buf, size_t len, size_t *done,
                                 bool *ended)
{
    *done = 0;
    *ended = false;
    while (*done < len && !*ended) {
        size_t moved = 0;
        fer_error error = feri_stream_read(handle, buf + *done, len - *done, &moved);
        if (feri_ends_transfer(handle, error)) {
            return error;
        }
        FERI_ASSERT(moved <= len - *done);
        *done += moved;
        *ended = error.kind == FER_OK && moved == 0;
    }
    return feri_ok();
}

fer_error feri_stream_read_exact(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    if (buf == NULL || len == 0) {
        return feri_stream_read(handle, buf, len, n);
    }
    size_t done;
    bool ended;
    fer_error error = read_until_full(handle, buf, len, &done, &ended);
    feri_store_count(n, done);
    return ended ? feri_own_error(FER_UNEXPECTED_EOF) : error;
}

/* Checks for end of file after the buffer is full. */
static fer_error expect_end(fer_handle *handle)
{
    uint8_t next;
    size_t peeked = 0;
    fer_error error;
    do {
        error = feri_stream_peek(handle, &next, 1, &peeked);
    } while (error.kind == FER_INTERRUPTED && !feri_ends_transfer(handle, error));
    return peeked > 0 ? feri_own_error(FER_BUFFER_TOO_SMALL) : error;
}

fer_error feri_stream_read_to_end(fer_handle *handle, void *buf, size_t cap, size_t *n)
{
    if (buf == NULL && cap > 0) {
        return feri_stream_read(handle, buf, cap, n);
    }
    size_t done = 0;
    bool ended = false;
    fer_error error = read_until_full(handle, buf, cap, &done, &ended);
    feri_store_count(n, done);
    if (error.kind != FER_OK || ended) {
        return error;
    }
    return expect_end(handle);
}

fer_error feri_stream_write_all(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    if (buf == NULL || len == 0) {
        return feri_stream_write(handle, buf, len, n);
    }
    size_t done = 0;
    fer_error error = feri_ok();
    while (done < len && error.kind == FER_OK) {
        size_t moved = 0;
        error = feri_stream_write(handle, (const uint8_t *)buf + done, len - done, &moved);
        FERI_ASSERT(moved <= len - done);
        done += moved;
        if (error.kind == FER_INTERRUPTED && !feri_ends_transfer(handle, error)) {
            error = feri_ok();
        } else if (error.kind == FER_OK && moved == 0) {
            error = feri_own_error(FER_WRITE_ZERO);
        }
    }
    feri_store_count(n, done);
    return error;
}
