/* copy.c: copies from one stream to another through the caller's buffer. The bytes that were read
 * stay in the buffer until they are written. Long copies go on in splicing.c. */
#include "core/transfer/copy.h"

#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/transfer/splicing.h"
#include "core/transfer/stream_io.h"
#include "ferrule/io.h"

static bool is_usable(const fer_copy_buffer *buffer)
{
    return buffer->cap > 0 && buffer->start <= buffer->cap &&
           buffer->len <= buffer->cap - buffer->start;
}

fer_error feri_copy_check_buffer(const fer_copy_buffer *buffer)
{
    if (buffer == NULL || buffer->base == NULL) {
        return feri_own_error(FER_MISUSE);
    }
    FERI_REQUIRE(is_usable(buffer), FER_INVALID_INPUT);
    return feri_ok();
}

/* Before any byte is moved only misuse is an error: after a failure the source can still have bytes
 * in the buffer or in its queue. */
static fer_error check_source(const fer_handle *from)
{
    feri_answer answer = feri_handle_answer(from, FERI_REQUEST_READ);
    bool is_misuse = answer == FERI_ANSWER_MISUSE || answer == FERI_ANSWER_UNCONNECTED;
    return is_misuse ? feri_handle_answer_error(from, answer) : feri_ok();
}

/* Also called for an empty buffer: if the destination cannot be written, the error is returned
 * before the source is read. */
static fer_error write_buffer(fer_handle *to, fer_copy_buffer *buffer, uint64_t *copied)
{
    size_t written = 0;
    fer_error error = feri_stream_write_all(to, (const uint8_t *)buffer->base + buffer->start,
                                            buffer->len, &written);
    FERI_ASSERT(written <= buffer->len);
    buffer->start += written;
    buffer->len -= written;
    *copied += written;
    return error;
}

/* Reads into an empty buffer, which stays empty at end of file. */
static fer_error read_into_buffer(fer_handle *from, fer_copy_buffer *buffer)
{
    FERI_ASSERT(buffer->len == 0);
    buffer->start = 0;
    fer_error error;
    do {
        error = feri_stream_read(from, buffer->base, buffer->cap, &buffer->len);
    } while (error.kind == FER_INTERRUPTED && !feri_ends_transfer(from, error));
    return error;
}

static fer_error copy_until_end(fer_handle *from, fer_handle *to, fer_copy_buffer *buffer,
                                uint64_t *copied)
{
    bool has_spliced = false;
    do {
        FER_TRY(write_buffer(to, buffer, copied));
        if (!has_spliced && *copied >= FERI_SPLICE_AFTER) {
            has_spliced = true;
            FER_TRY(feri_splice(from, to, buffer, copied));
            FER_TRY(write_buffer(to, buffer, copied));
        }
        FER_TRY(read_into_buffer(from, buffer));
    } while (buffer->len > 0);
    return feri_ok();
}

fer_error fer_copy(fer_stream from, fer_stream to, fer_copy_buffer *buffer, uint64_t *n)
{
    uint64_t copied = 0;
    fer_error error = feri_copy_check_buffer(buffer);
    error = error.kind == FER_OK ? check_source(from.handle_) : error;
    if (error.kind == FER_OK) {
        error = copy_until_end(from.handle_, to.handle_, buffer, &copied);
    }
    feri_store_total(n, copied);
    return error;
}
