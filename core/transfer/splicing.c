/* splicing.c: the part of a long copy whose bytes the system moves through a pipe (Linux: splice).
 *
 * The pipe is empty before each fill. It therefore never contains more than the buffer can hold,
 * and no fill waits for space in it. A splice is a try: unless its error belongs to the connection,
 * or is a timeout that another handle has set meanwhile, the copy continues through the buffer,
 * whose read or write waits, times out or reports. */
#include "core/transfer/copy.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"

/* ---- Which streams allow it */

/* Another thread may change both at any time. */
static bool halves_allow(const fer_handle *from, const fer_handle *to)
{
    return feri_handle_answer(from, FERI_REQUEST_READ) == FERI_ANSWER_CALL_OS &&
           feri_handle_answer(to, FERI_REQUEST_WRITE) == FERI_ANSWER_CALL_OS;
}

/* Whether the pipe exists or could be made. A pipe for streams that wait is made once, by their
 * modes at that time: both streams wait, without a timeout, or neither waits. */
static bool has_pipe(feri_splicing *part, const fer_handle *from, const fer_handle *to, size_t cap)
{
    if (part->is_open && part->may_wait) {
        return true;
    }
    bool to_waits = false;
    bool is_allowed = feri_waits_by_system(from, FERP_READING, &part->waits) &&
                      feri_waits_by_system(to, FERP_WRITING, &to_waits) && part->waits == to_waits;
    part->is_over = !is_allowed || (part->waits && !part->may_wait);
    if (!part->is_over && !part->is_open) {
        part->is_open = ferp_pipe_open(cap, part->waits, &part->pipe).kind == FER_OK;
        part->is_over = !part->is_open;
    }
    return !part->is_over;
}

/* ---- The pipe */

/* A signal does not end the copy, if neither stream has limits (rule I4). */
static bool was_interrupted(const fer_handle *from, const fer_handle *to, fer_error error)
{
    return error.kind == FER_INTERRUPTED && halves_allow(from, to) &&
           !feri_handle_is_limited(from) && !feri_handle_is_limited(to);
}

/* A splice that waits would block: its timeout has expired in the system. */
static fer_error map_wait(feri_splicing *part, const fer_handle *handle, ferp_direction direction,
                          fer_error error)
{
    bool may_expire = part->waits && error.kind == FER_WOULD_BLOCK;
    part->would_block = error.kind == FER_WOULD_BLOCK && !part->waits;
    return may_expire ? feri_map_kernel_timeout(handle, direction, error) : error;
}

/* FER_OK with nothing in the pipe: the copy continues through the buffer. */
static fer_error fill_pipe(feri_splicing *part, fer_handle *from, const fer_handle *to, size_t len)
{
    fer_error error;
    do {
        error = ferp_pipe_fill(&part->pipe, from->p_.raw_, len, &part->held);
    } while (was_interrupted(from, to, error));
    part->is_over = error.kind == FER_UNSUPPORTED;
    error = map_wait(part, from, FERP_READING, error);
    return feri_is_for_the_buffer(error) ? feri_ok() : feri_stream_after_failed_read(from, error);
}

/* Moves bytes until the pipe is empty, or an error other than a signal's. A splice that moves
 * nothing without an error ends it too. */
static fer_error drain_pipe(feri_splicing *part, const fer_handle *from, fer_handle *to,
                            uint64_t *copied)
{
    fer_error error;
    size_t moved;
    do {
        error = ferp_pipe_drain(&part->pipe, to->p_.raw_, part->held, &moved);
        FERI_ASSERT(moved <= part->held);
        part->held -= moved;
        *copied += moved;
    } while (part->held > 0 && (moved > 0 || was_interrupted(from, to, error)));
    part->is_over = error.kind == FER_UNSUPPORTED;
    error = map_wait(part, to, FERP_WRITING, error);
    return feri_is_for_the_buffer(error) ? feri_ok() : feri_stream_after_failed_write(to, error);
}

fer_error feri_splice(feri_splicing *part, fer_handle *from, fer_handle *to,
                      fer_copy_buffer *buffer, uint64_t *copied)
{
    FERI_ASSERT(buffer->len == 0);
    uint64_t before = *copied;
    bool is_limited =
        part->may_wait && (feri_handle_is_limited(from) || feri_handle_is_limited(to));
    bool is_allowed = !part->is_over && buffer->cap >= FERI_SPLICE_CAP_MIN &&
                      halves_allow(from, to) && !is_limited &&
                      has_pipe(part, from, to, buffer->cap);
    fer_error error = feri_ok();
    part->would_block = false;
    if (is_allowed) {
        error = fill_pipe(part, from, to, buffer->cap);
        if (error.kind == FER_OK && part->held > 0) {
            error = drain_pipe(part, from, to, copied);
        }
        if (part->held > 0) {
            /* what the pipe still contains returns to the buffer */
            buffer->start = 0;
            fer_error failure = ferp_pipe_read(&part->pipe, buffer->base, part->held, &buffer->len);
            error = failure.kind == FER_OK ? error : failure;
        }
    }
    bool has_passed_all = *copied > before && buffer->len == 0;
    if (part->may_wait && !has_passed_all) {
        part->is_over = true;
        feri_splicing_end(part);
    }
    return error;
}

void feri_splicing_end(feri_splicing *part)
{
    if (part->is_open) {
        ferp_pipe_close(&part->pipe);
    }
    part->is_open = false;
}
