/* send_file.c: sends a part of a file to a stream: inside the system if it can (Linux, FreeBSD and
 * macOS: sendfile), else by reads and writes through the caller's buffer. */
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/transfer/copy.h"
#include "core/transfer/stream_io.h"
#include "ferrule/io.h"
#include "platform/copying.h"

/* The longest part of one call of the system. Linux sends at most 2 GiB less a page
 * (sendfile(2)). */
#define PART_MAX ((uint64_t)1 << 30)

/* The part of a file that is sent, and how far it was. */
typedef struct file_part {
    fer_handle *to;
    fer_raw_file file;
    uint64_t offset;
    uint64_t len;
    uint64_t sent;
    bool is_sent_by_system; /* until that is refused */
    bool waits;             /* in the system */
} file_part;

static size_t next_length(const file_part *part, uint64_t most)
{
    uint64_t left = part->len - part->sent;
    return (size_t)(left < most ? left : most);
}

/* The system sends some bytes. After an error that says nothing about the connection the rest is
 * sent through the buffer, unless a signal was the reason. An error of the file can have any code
 * (FUSE; ENODEV of sysfs): then a read of the same bytes fails too. WOULD_BLOCK is the result of a
 * stream that does not wait, unless no byte is left: XNU checks for room after the last one too. If
 * the call has sent nothing, the buffer's path decides: the caller may repeat a call that poll
 * reports as ready, and a sendfile may lack memory that a send does not need. Otherwise a timeout
 * that another handle has set has expired in the system. If the mode of the stream has changed
 * instead, the buffer's path has the answer. */
static fer_error send_by_system(file_part *part, const fer_copy_buffer *buffer)
{
    size_t moved = 0;
    fer_error error = ferp_send_file(part->to->p_.raw_, part->file, part->offset + part->sent,
                                     next_length(part, PART_MAX), &moved);
    part->sent += moved;
    if (error.kind == FER_OK) {
        FERI_REQUIRE(moved > 0, FER_UNEXPECTED_EOF);
        return error;
    }
    part->is_sent_by_system = error.kind == FER_INTERRUPTED;
    if (error.kind == FER_WOULD_BLOCK && part->sent == part->len) {
        return feri_ok();
    }
    if (error.kind == FER_WOULD_BLOCK && !part->waits) {
        return part->sent > 0 ? error : feri_ok();
    }
    if (error.kind == FER_WOULD_BLOCK) {
        error = feri_map_kernel_timeout(part->to, FERP_WRITING, error);
        return feri_is_for_the_buffer(error) ? feri_ok() : error;
    }
    size_t read = 0;
    /* UNCATEGORIZED: ESPIPE, EISDIR or EIO of the file */
    bool is_of_the_file =
        error.kind == FER_UNCATEGORIZED || feri_is_for_the_buffer(error) ||
        ferp_read_file(part->file, part->offset + part->sent, buffer->base, 1, &read).kind !=
            FER_OK;
    return is_of_the_file ? feri_ok() : feri_stream_after_failed_write(part->to, error);
}

/* An error of the file says nothing about the stream. A signal ends no read of a file, unless the
 * limits have ended or are interruptible. */
static fer_error send_by_buffer(file_part *part, const fer_copy_buffer *buffer)
{
    size_t read = 0;
    size_t moved = 0;
    fer_error error = ferp_read_file(part->file, part->offset + part->sent, buffer->base,
                                     next_length(part, buffer->cap), &read);
    if (error.kind == FER_INTERRUPTED) {
        const feri_limits limits = feri_limits_of(part->to);
        return limits.interruptible ? error : feri_limits_check(&limits);
    }
    FER_TRY(error);
    FERI_REQUIRE(read > 0, FER_UNEXPECTED_EOF);
    error = feri_stream_write_all(part->to, buffer->base, read, &moved);
    part->sent += moved;
    return error;
}

/* The state is checked before each part, and also if there is none. After the last byte it is the
 * next call's. */
static fer_error send_parts(file_part *part, const fer_copy_buffer *buffer)
{
    FERI_REQUIRE(buffer != NULL && buffer->base != NULL, FER_MISUSE);
    bool is_usable = buffer->cap > 0 && buffer->len == 0 && part->offset <= INT64_MAX;
    FERI_REQUIRE(is_usable, FER_INVALID_INPUT);
    FER_TRY(feri_stream_write(part->to, buffer->base, 0, 0, NULL));
    part->is_sent_by_system = !feri_handle_is_limited(part->to) &&
                              feri_waits_by_system(part->to, FERP_WRITING, &part->waits);
    while (part->sent < part->len) {
        FER_TRY(part->is_sent_by_system ? send_by_system(part, buffer)
                                        : send_by_buffer(part, buffer));
        if (part->sent < part->len) {
            FER_TRY(feri_stream_write(part->to, buffer->base, 0, 0, NULL));
        }
    }
    return feri_ok();
}

fer_error fer_stream_send_file(fer_stream stream, fer_raw_file file, uint64_t offset, uint64_t len,
                               const fer_copy_buffer *buffer, uint64_t *n)
{
    uint64_t longest = offset <= INT64_MAX ? (uint64_t)INT64_MAX - offset : 0;
    file_part part = {.to = feri_handle_of_stream(stream.handle_),
                      .file = file,
                      .offset = offset,
                      .len = len < longest ? len : longest};
    fer_error error = send_parts(&part, buffer);
    if (error.kind == FER_OK && part.len < len) {
        error = feri_own_error(FER_UNEXPECTED_EOF); /* no file is longer than INT64_MAX */
    }
    feri_store_total(n, part.sent);
    return error;
}

fer_error fer_tcp_stream_send_file(fer_tcp_stream *stream, fer_raw_file file, uint64_t offset,
                                   uint64_t len, const fer_copy_buffer *buffer, uint64_t *n)
{
    return fer_stream_send_file(fer_tcp_stream_as_stream(stream), file, offset, len, buffer, n);
}
