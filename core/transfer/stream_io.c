/* stream_io.c: the reads and writes of a stream. Each is one path: the check of the state, tries
 * with waits between them, and the effect of the result on the state. A read and a write of one
 * buffer, which the system can mostly complete at once, have their first try before that path. */
#include "core/transfer/stream_io.h"

#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* One read or write: of a buffer, or of the slices of a plan. */
typedef struct stream_call stream_call;
struct stream_call {
    /* one try. A pointer, so that a program without vectored calls does not link them */
    fer_error (*move)(stream_call *call, unsigned flags);
    fer_handle *handle;
    ferp_readiness readiness; /* READABLE: a read. WRITABLE: a write */
    union {
        void *in;
        const void *out;
    } buf;
    const void *slices; /* with a plan */
    const feri_slice_plan *plan;
    bool is_valid;   /* the buffers can hold len bytes */
    unsigned flags;  /* FERP_PEEK; FERP_UNIX; FERP_DONTWAIT: the call never waits; TRIED */
    size_t len;      /* the maximum that the next try moves */
    fer_error first; /* with TRIED: the result of the first try */
    size_t moved;
};

/* A flag beside those of platform.h: the first try was already made. */
#define TRIED 16u

/* FERP_UNIX, if a receive of the stream needs it. */
static inline unsigned unix_flag(const fer_handle *handle)
{
    bool needs_it = ferp_traits()->receive_leaks_handles && handle != NULL &&
                    feri_handle_has_flag(handle, FERI_FLAG_UNIX);
    return needs_it ? FERP_UNIX : 0;
}

/* ---- One try */

static fer_error move_slices(stream_call *call, unsigned flags)
{
    union {
        fer_io_slice_mut in[FERI_CLIPPED_SLICES_MAX];
        fer_io_slice out[FERI_CLIPPED_SLICES_MAX];
    } clipped;
    const feri_slice_plan *plan = call->plan;
    fer_raw_socket raw = call->handle->p_.raw_;
    bool reads = call->readiness == FERP_READABLE;
    const fer_io_slice_mut *in =
        reads ? (const fer_io_slice_mut *)call->slices + plan->first : NULL;
    const fer_io_slice *out = reads ? NULL : (const fer_io_slice *)call->slices + plan->first;
    size_t count = plan->count;
    if (plan->is_clipped || call->len < plan->sum) {
        count = feri_clip_slices(reads ? (const void *)in : out, count, call->len, clipped.in);
        in = clipped.in;
        out = clipped.out;
    }
    return reads
               ? ferp_recv_vectored(raw, in, count, flags | (call->flags & FERP_UNIX), &call->moved)
               : ferp_send_vectored(raw, out, count, flags, &call->moved);
}

static fer_error move_buffer(stream_call *call, unsigned flags)
{
    fer_raw_socket raw = call->handle->p_.raw_;
    if (call->readiness == FERP_READABLE) {
        flags |= call->flags & (FERP_PEEK | FERP_UNIX);
        return ferp_recv(raw, call->buf.in, call->len, flags, &call->moved);
    }
    return ferp_send(raw, call->buf.out, call->len, flags, &call->moved);
}

/* The shortest length to which a try is halved. A system without the memory for that has none for
 * fewer bytes either. */
#define SHORTEST_TRY ((size_t)4096)

/* Whether a try that lacked buffers moved nothing and may be repeated. */
static bool shortage_is_transient(const stream_call *call)
{
    if (!ferp_traits()->cut_send_loses_count) {
        return ferp_traits()->no_buffer_space_is_transient;
    }
    return ferp_traits()->no_buffer_space_is_transient && call->readiness == FERP_WRITABLE &&
           call->len <= FERI_WHOLE_SEND_MAX;
}

/* Called after a try. True: it lacked buffers, and a try of call->len bytes, which are fewer now,
 * may succeed. False: *error is the result of the try. If the shortest try lacked buffers that may
 * be free later, that is WOULD_BLOCK. */
static bool shortens(stream_call *call, fer_error *error)
{
    if (error->kind != FER_NO_BUFFER_SPACE || !shortage_is_transient(call)) {
        return false;
    }
    if (call->len <= SHORTEST_TRY) {
        *error = feri_map_error(FERI_OPERATION_SHORTAGE, *error);
        return false;
    }
    call->len = call->len / 2 > SHORTEST_TRY ? call->len / 2 : SHORTEST_TRY;
    return true;
}

static fer_error try_to_move(void *context, unsigned flags)
{
    stream_call *call = context;
    fer_error error = (call->flags & TRIED) != 0 ? call->first : call->move(call, flags);
    call->flags &= ~TRIED;
    while (shortens(call, &error)) {
        error = call->move(call, flags);
    }
    return error;
}

/* ---- The path of every call */

/* Tries and waits. Only an error of a try changes the state of the stream, or one of the socket
 * that ended the wait. The wait's own failure does not. */
static fer_error move_with_waits(stream_call *call, feri_waiting *waiting)
{
    if ((call->flags & TRIED) == 0) {
        FER_TRY(feri_waiting_begin(waiting));
    }
    fer_error error = feri_waiting_run(waiting, try_to_move, call);
    if (waiting->has_failed) {
        return call->readiness == FERP_WRITABLE
                   ? feri_stream_after_failed_write(call->handle, error)
                   : feri_stream_after_failed_read(call->handle, error);
    }
    return error;
}

/* *needs_os == false: the return value is the call's result, without a system call. */
static fer_error check_call(const stream_call *call, bool *needs_os)
{
    *needs_os = (call->flags & TRIED) != 0 ||
                feri_stream_is_ready_for_os(call->handle, call->is_valid, call->len);
    if (*needs_os) {
        return feri_ok();
    }
    return feri_stream_check_transfer(
        call->handle, call->readiness == FERP_WRITABLE ? FERI_REQUEST_WRITE : FERI_REQUEST_READ,
        call->is_valid, call->len, needs_os);
}

static fer_error transfer(stream_call *call, feri_waiting *waiting, size_t *n)
{
    bool needs_os;
    fer_error error = check_call(call, &needs_os);
    if (needs_os) {
        call->len = feri_clamp_length(call->len);
        error = move_with_waits(call, waiting);
        if (call->readiness == FERP_READABLE) {
            error = feri_stream_after_read(call->handle, error, call->moved);
        }
    }
    feri_store_count(n, call->moved);
    return error;
}

/* ---- Reads and writes of one buffer */

/* buf is the caller's buffer for input if the call reads. */
static fer_error move_bytes(feri_waiting *waiting, const void *buf, size_t len, unsigned flags,
                            fer_error first, size_t *n)
{
    stream_call call = {.move = move_buffer,
                        .handle = waiting->handle,
                        .readiness = waiting->readiness,
                        .buf.out = buf,
                        .is_valid = feri_is_buffer(buf, len),
                        .flags = flags | unix_flag(waiting->handle),
                        .len = len,
                        .first = first};
    return transfer(&call, waiting, n);
}

FERI_NOINLINE static fer_error read_stream(fer_handle *handle, void *buf, size_t len,
                                           unsigned flags, fer_error first, size_t *n)
{
    feri_waiting waiting = feri_waiting_with_flags(handle, FERP_READABLE, flags);
    return move_bytes(&waiting, buf, len, flags, first, n);
}

/* The common case. On POSIX its receive waits in the kernel, if a shutdown can wake it there. Every
 * result but bytes is for read_stream, which continues after this try. */
FERI_HOT fer_error feri_stream_read(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    if (!feri_stream_is_ready_for_os(handle, buf != NULL, len)) {
        return read_stream(handle, buf, len, 0, feri_ok(), n);
    }
    size_t moved = 0;
    unsigned flags = unix_flag(handle) | (feri_reads_in_core(handle) ? FERP_DONTWAIT : 0);
    fer_error error = ferp_recv(handle->p_.raw_, buf, len, flags, &moved);
    if (feri_rare(error.kind != FER_OK) || feri_rare(moved == 0)) {
        return read_stream(handle, buf, len, TRIED, error, n);
    }
    feri_store_count(n, moved);
    return error;
}

fer_error feri_stream_peek(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    return read_stream(handle, buf, len, FERP_PEEK, feri_ok(), n);
}

fer_error feri_stream_try_read(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    return read_stream(handle, buf, len, FERP_DONTWAIT, feri_ok(), n);
}

fer_error feri_stream_try_peek(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    return read_stream(handle, buf, len, FERP_PEEK | FERP_DONTWAIT, feri_ok(), n);
}

FERI_NOINLINE static fer_error write_stream(fer_handle *handle, const void *buf, size_t len,
                                            unsigned flags, fer_error first, size_t *n)
{
    feri_waiting waiting = feri_waiting_with_flags(handle, FERP_WRITABLE, flags);
    return move_bytes(&waiting, buf, len, flags, first, n);
}

/* The first try may wait in the system, if that reports the count of a send that is cut off. */
FERI_HOT fer_error feri_stream_write(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    if (!feri_stream_is_ready_for_os(handle, buf != NULL, len)) {
        return write_stream(handle, buf, len, 0, feri_ok(), n);
    }
    size_t moved = 0;
    unsigned flags = ferp_traits()->cut_send_loses_count ? FERP_DONTWAIT : 0;
    fer_error error = ferp_send(handle->p_.raw_, buf, len, flags, &moved);
    if (feri_rare(error.kind != FER_OK)) {
        return write_stream(handle, buf, len, TRIED, error, n);
    }
    feri_store_count(n, moved);
    return error;
}

fer_error feri_stream_try_write(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    return write_stream(handle, buf, len, FERP_DONTWAIT, feri_ok(), n);
}

fer_error feri_stream_discard(fer_handle *handle, void *buf, size_t len, uint64_t deadline,
                              size_t *n)
{
    feri_waiting waiting = feri_waiting_until(handle, FERP_READABLE, deadline);
    return move_bytes(&waiting, buf, len, 0, feri_ok(), n);
}

/* Goes on with a read or a write of a complete transfer that a signal has interrupted (rule I1),
 * unless the limits forbid it (rule I4). Its timeout begins once more, and then ends the call
 * whatever signals come. */
FERI_NOINLINE static fer_error move_after_signal(fer_handle *handle, ferp_readiness readiness,
                                                 const void *buf, size_t len, unsigned flags,
                                                 fer_error error, size_t *n)
{
    fer_duration timeout;
    bool nonblocking;
    if (feri_limits_of(handle).interruptible) {
        return error;
    }
    FER_TRY(feri_mode_after_try(handle, &nonblocking));
    FER_TRY(feri_timeout_if_set(handle, readiness == FERP_WRITABLE ? FERP_WRITING : FERP_READING,
                                &timeout));
    uint64_t deadline = feri_deadline_after(timeout);
    do {
        feri_waiting waiting = nonblocking ? feri_waiting_with(FERI_WAIT_NEVER, handle, readiness)
                                           : feri_waiting_until(handle, readiness, deadline);
        error = move_bytes(&waiting, buf, len, flags, feri_ok(), n);
    } while (error.kind == FER_INTERRUPTED);
    return error;
}

/* ---- Vectored reads and writes */

static fer_error transfer_slices(fer_handle *handle, ferp_readiness readiness, const void *slices,
                                 size_t count, unsigned flags, size_t *n)
{
    feri_slice_plan plan = feri_plan_slices(slices, count);
    stream_call call = {.move = move_slices,
                        .handle = handle,
                        .readiness = readiness,
                        .slices = slices,
                        .plan = &plan,
                        .is_valid = plan.valid,
                        .flags = flags | unix_flag(handle),
                        .len = plan.sum};
    if (plan.valid && plan.count == 0 && plan.first < count) {
        /* the first slice is too long for one call */
        fer_io_slice_mut first = feri_slice_at(slices, plan.first);
        call.move = move_buffer;
        call.buf.in = first.base;
        call.is_valid = first.base != NULL;
        call.len = first.len;
    }
    feri_waiting waiting = feri_waiting_with_flags(handle, readiness, flags);
    return transfer(&call, &waiting, n);
}

fer_error feri_stream_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                    size_t count, size_t *n)
{
    return transfer_slices(handle, FERP_READABLE, slices, count, 0, n);
}

fer_error feri_stream_try_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                        size_t count, size_t *n)
{
    return transfer_slices(handle, FERP_READABLE, slices, count, FERP_DONTWAIT, n);
}

fer_error feri_stream_write_vectored(fer_handle *handle, const fer_io_slice *slices, size_t count,
                                     size_t *n)
{
    return transfer_slices(handle, FERP_WRITABLE, slices, count, 0, n);
}

fer_error feri_stream_try_write_vectored(fer_handle *handle, const fer_io_slice *slices,
                                         size_t count, size_t *n)
{
    return transfer_slices(handle, FERP_WRITABLE, slices, count, FERP_DONTWAIT, n);
}

/* ---- Complete transfers: read_exact, read_to_end, write_all. They continue after a signal (rule
 * I1) unless the limits forbid it (rule I4), and a timeout applies to each read or write. */

fer_error feri_stream_read_on(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    fer_error error = feri_stream_read(handle, buf, len, n);
    return error.kind == FER_INTERRUPTED
               ? move_after_signal(handle, FERP_READABLE, buf, len, 0, error, n)
               : error;
}

/* Reads until the buffer is full, end of file (*ended) or an error. */
static fer_error read_until_full(fer_handle *handle, uint8_t *buf, size_t len, size_t *done,
                                 bool *ended)
{
    *done = 0;
    *ended = false;
    while (*done < len && !*ended) {
        size_t moved = 0;
        FER_TRY(feri_stream_read_on(handle, buf + *done, len - *done, &moved));
        FERI_ASSERT(moved <= len - *done);
        *done += moved;
        *ended = moved == 0;
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
    fer_error error = feri_stream_peek(handle, &next, 1, &peeked);
    if (error.kind == FER_INTERRUPTED) {
        error = move_after_signal(handle, FERP_READABLE, &next, 1, FERP_PEEK, error, &peeked);
    }
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
        const uint8_t *rest = (const uint8_t *)buf + done;
        error = feri_stream_write(handle, rest, len - done, &moved);
        if (error.kind == FER_INTERRUPTED) {
            error = move_after_signal(handle, FERP_WRITABLE, rest, len - done, 0, error, &moved);
        }
        FERI_ASSERT(moved <= len - done);
        done += moved;
        if (error.kind == FER_OK && moved == 0) {
            error = feri_own_error(FER_WRITE_ZERO);
        }
    }
    feri_store_count(n, done);
    return error;
}

fer_error feri_stream_take_error(fer_handle *handle, fer_error *out)
{
    FERI_REQUIRE(out != NULL, FER_MISUSE);
    fer_error error;
    bool was_connecting =
        feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR) == FERI_ANSWER_CHECK_CONNECT;
    feri_answer answer = feri_stream_answer(handle, FERI_REQUEST_TAKE_ERROR, &error);
    if (answer == FERI_ANSWER_CHECK_CONNECT) {
        answer = feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR);
    }
    if (answer == FERI_ANSWER_SAVED_ERROR || (answer == FERI_ANSWER_END && was_connecting)) {
        /* the connect has just failed, or the connection was reset before any call */
        *out = feri_handle_saved_error(handle);
        return feri_ok();
    }
    FER_TRY(error);
    fer_error pending = feri_ok();
    if (answer == FERI_ANSWER_END) {
        *out = pending;
        return pending;
    }
    FER_TRY(ferp_take_error(handle->p_.raw_, &pending));
    if (pending.kind != FER_OK) {
        pending = feri_map_error(FERI_OPERATION_WRITE, pending);
        (void)feri_stream_after_failed_write(handle, pending);
    }
    *out = pending;
    return feri_ok();
}
