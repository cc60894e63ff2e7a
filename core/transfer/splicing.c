/* splicing.c: the part of a long copy whose bytes the system moves through a pipe (Linux: splice).
 *
 * The pipe is empty before each fill. It therefore never contains more than the buffer can hold,
 * and no fill waits for space in it. A splice is a try: unless its error belongs to the connection,
 * or is a timeout that another handle has set meanwhile, the copy continues through the buffer,
 * whose read or write waits, times out or reports. */
#include "core/transfer/copy.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/wait/waiting.h"
#include "platform/copying.h"
#include "platform/platform.h"

/* ---- Which streams allow it */

bool feri_waits_by_system(const fer_handle *handle, ferp_direction direction, bool *nonblocking)
{
    fer_duration timeout = FER_DURATION_NONE;
    if (feri_mode_before_try(handle, nonblocking).kind != FER_OK) {
        return false;
    }
    fer_error error = *nonblocking ? feri_ok() : feri_timeout_if_set(handle, direction, &timeout);
    return error.kind == FER_OK && timeout.nanos == FER_DURATION_NONE_NANOS;
}

/* Both streams wait, without a timeout, or neither waits. */
static bool modes_allow(const fer_handle *from, const fer_handle *to, bool *waits)
{
    bool from_is_nonblocking = false;
    bool to_is_nonblocking = false;
    bool is_allowed = feri_waits_by_system(from, FERP_READING, &from_is_nonblocking) &&
                      feri_waits_by_system(to, FERP_WRITING, &to_is_nonblocking);
    *waits = !from_is_nonblocking;
    return is_allowed && from_is_nonblocking == to_is_nonblocking;
}

static bool halves_allow(const fer_handle *from, const fer_handle *to)
{
    return feri_handle_answer(from, FERI_REQUEST_READ) == FERI_ANSWER_CALL_OS &&
           feri_handle_answer(to, FERI_REQUEST_WRITE) == FERI_ANSWER_CALL_OS;
}

/* Another thread may change both at any time. */
static bool states_allow(const fer_handle *from, const fer_handle *to)
{
    return halves_allow(from, to) && !feri_handle_is_limited(from) && !feri_handle_is_limited(to);
}

/* ---- The pipe */

/* One splicing part of a copy. */
typedef struct splicing {
    fer_handle *from;
    fer_handle *to;
    ferp_pipe pipe;
    size_t held; /* the bytes in the pipe */
    bool waits;  /* in the system */
    bool is_refused;
} splicing;

/* A signal does not end the copy, if neither stream has limits (rule I4). */
static bool was_interrupted(const splicing *part, fer_error error)
{
    return error.kind == FER_INTERRUPTED && states_allow(part->from, part->to);
}

/* A splice that waits would block: its timeout has expired in the system. */
static fer_error map_wait(const splicing *part, const fer_handle *handle, ferp_direction direction,
                          fer_error error)
{
    bool may_expire = part->waits && error.kind == FER_WOULD_BLOCK;
    return may_expire ? feri_map_kernel_timeout(handle, direction, error) : error;
}

/* FER_OK with nothing in the pipe: the copy continues through the buffer. */
static fer_error fill_pipe(splicing *part, size_t len)
{
    fer_error error;
    do {
        error = ferp_pipe_fill(&part->pipe, part->from->p_.raw_, len, &part->held);
    } while (was_interrupted(part, error));
    part->is_refused = error.kind == FER_UNSUPPORTED;
    error = map_wait(part, part->from, FERP_READING, error);
    return feri_is_for_the_buffer(error) ? feri_ok()
                                         : feri_stream_after_failed_read(part->from, error);
}

/* Moves bytes until the pipe is empty, or an error other than a signal's. A splice that moves
 * nothing without an error ends it too. */
static fer_error drain_pipe(splicing *part, uint64_t *copied)
{
    fer_error error;
    size_t moved;
    do {
        error = ferp_pipe_drain(&part->pipe, part->to->p_.raw_, part->held, &moved);
        FERI_ASSERT(moved <= part->held);
        part->held -= moved;
        *copied += moved;
    } while (part->held > 0 && (moved > 0 || was_interrupted(part, error)));
    part->is_refused = error.kind == FER_UNSUPPORTED;
    error = map_wait(part, part->to, FERP_WRITING, error);
    return feri_is_for_the_buffer(error) ? feri_ok()
                                         : feri_stream_after_failed_write(part->to, error);
}

/* One fill and its drain. The bytes that the pipe then contains return to the buffer. */
static fer_error splice_once(splicing *part, fer_copy_buffer *buffer, uint64_t *copied)
{
    FER_TRY(fill_pipe(part, feri_clamp_length(buffer->cap)));
    fer_error error = part->held > 0 ? drain_pipe(part, copied) : feri_ok();
    if (part->held > 0) {
        buffer->start = 0;
        FER_TRY(ferp_pipe_read(&part->pipe, buffer->base, part->held, &buffer->len));
    }
    return error;
}

/* Moves bytes while the pipe gets some and passes all of them on, which is no failure. */
static fer_error splice_until_end(splicing *part, fer_copy_buffer *buffer, uint64_t *copied)
{
    fer_error error;
    uint64_t before;
    do {
        before = *copied;
        error = splice_once(part, buffer, copied);
    } while (error.kind == FER_OK && *copied > before && buffer->len == 0 &&
             states_allow(part->from, part->to));
    return error;
}

fer_error feri_splice(fer_handle *from, fer_handle *to, fer_copy_buffer *buffer, uint64_t *copied)
{
    FERI_ASSERT(buffer->len == 0);
    splicing part = {.from = from, .to = to};
    if (buffer->cap < FERI_SPLICE_CAP_MIN || !states_allow(from, to) ||
        !modes_allow(from, to, &part.waits) ||
        ferp_pipe_open(buffer->cap, part.waits, &part.pipe).kind != FER_OK) {
        return feri_ok();
    }
    fer_error error = splice_until_end(&part, buffer, copied);
    ferp_pipe_close(&part.pipe);
    return error;
}

/* ---- One splice of a call that must not wait */

/* Whether the pipe exists or could be made. */
static bool has_pipe(feri_shared_pipe *shared, size_t cap)
{
    if (!shared->is_open && !shared->is_over) {
        shared->is_open = ferp_pipe_open(cap, false, &shared->pipe).kind == FER_OK;
        shared->is_over = !shared->is_open;
    }
    return !shared->is_over;
}

fer_error feri_splice_once(feri_shared_pipe *shared, fer_handle *from, fer_handle *to,
                           fer_copy_buffer *buffer, uint64_t *copied)
{
    FERI_ASSERT(buffer->len == 0);
    splicing part = {.from = from, .to = to};
    bool waits = false;
    if (shared->is_over || buffer->cap < FERI_SPLICE_CAP_MIN || !halves_allow(from, to)) {
        return feri_ok();
    }
    shared->is_over = !modes_allow(from, to, &waits) || waits;
    if (!has_pipe(shared, buffer->cap)) {
        return feri_ok();
    }
    part.pipe = shared->pipe;
    fer_error error = splice_once(&part, buffer, copied);
    shared->is_over = part.is_refused;
    return error;
}

void feri_shared_pipe_close(const feri_shared_pipe *shared)
{
    if (shared->is_open) {
        ferp_pipe_close(&shared->pipe);
    }
}
