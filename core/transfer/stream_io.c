/* stream_io.c: the reads and writes of a stream: the check of the state, tries with waits between
 * them (feri_run), and the effect of the result on the state. */
#include "core/transfer/stream_io.h"

#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/wait/waiting.h"

/* One read or write: of a buffer, or of slices. */
typedef struct stream_call {
    feri_call call;   /* READABLE: a read. WRITABLE: a write */
    const void *data; /* the buffer, which a write only reads, or the slices */
    size_t count;     /* of the slices */
    size_t whole;     /* their sum */
    size_t len;       /* the maximum that the next try moves */
    size_t moved;
} stream_call;

/* ---- The slices of one vectored call */

/* One function plans both kinds of slice, as fer_io_slice. */
_Static_assert(sizeof(fer_io_slice) == sizeof(fer_io_slice_mut), "slices differ in size");
_Static_assert(offsetof(fer_io_slice, base) == offsetof(fer_io_slice_mut, base),
               "slices differ in base");
_Static_assert(offsetof(fer_io_slice, len) == offsetof(fer_io_slice_mut, len),
               "slices differ in len");

static fer_io_slice_mut slice_at(const void *slices, size_t index)
{
    fer_io_slice_mut slice;
    memcpy(&slice, (const unsigned char *)slices + index * sizeof slice, sizeof slice);
    return slice;
}

/* The sum never overflows, and slices after the planned ones are not read. */
feri_slice_plan feri_plan_slices(const void *slices, size_t count)
{
    feri_slice_plan plan = {slices != NULL || count == 0, false, 0, 0, 0};
    if (!plan.valid) {
        return plan;
    }
    while (plan.first < count && slice_at(slices, plan.first).len == 0) {
        plan.first++;
    }
    size_t left = count - plan.first;
    const size_t count_max = ferp_traits()->io_slices_max;
    const size_t sum_max = ferp_traits()->io_length_max;
    const size_t limit = left < count_max ? left : count_max;
    while (plan.count < limit) {
        fer_io_slice_mut slice = slice_at(slices, plan.first + plan.count);
        if (slice.base == NULL && slice.len > 0) {
            plan.valid = false;
            return plan;
        }
        if (slice.len > sum_max - plan.sum) {
            break;
        }
        plan.sum += slice.len;
        plan.count++;
    }
    FERI_ASSERT(plan.sum <= sum_max);
    /* Else a short slice before a long one would be sent alone. */
    if (plan.count > 0 && plan.count < limit && plan.count < FERI_CLIPPED_SLICES_MAX &&
        plan.sum < sum_max) {
        plan.is_clipped = true;
        plan.count++;
        plan.sum = sum_max;
    }
    return plan;
}

/* ---- One try */

/* The shortest length to which a try is halved. A system without the memory for that has none for
 * fewer bytes either. */
#define SHORTEST_TRY ((size_t)4096)

/* Called after a try that failed. True: it lacked buffers, and a try of call->len bytes, fewer now,
 * may succeed. False: *error is the result of the try. If the shortest try lacked buffers that may
 * be free later, that is WOULD_BLOCK. */
static bool can_be_shorter(stream_call *call, fer_error *error)
{
    if (error->kind != FER_NO_BUFFER_SPACE || !ferp_traits()->no_buffer_space_is_transient) {
        return false;
    }
    bool may_have_moved =
        ferp_traits()->cut_send_loses_count &&
        (call->call.readiness != FERP_WRITABLE || call->len > FERI_WHOLE_SEND_MAX);
    if (may_have_moved) {
        return false;
    }
    if (call->len <= SHORTEST_TRY) {
        *error = feri_map_error(FERI_OPERATION_SHORTAGE, *error);
        return false;
    }
    call->len = call->len / 2 > SHORTEST_TRY ? call->len / 2 : SHORTEST_TRY;
    return true;
}

/* The flag of a receive, if that of the stream needs it. */
static inline unsigned unix_flag(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_UNIX) ? FERP_UNIX : 0;
}

/* A read of 0 bytes is the end, because its callers have excluded a length of 0. */
static fer_error try_read(feri_call *of, unsigned flags)
{
    stream_call *call = (stream_call *)of;
    fer_error error;
    if (ferp_traits()->receive_leaks_handles) {
        flags |= unix_flag(of->handle);
    }
    do {
        error = ferp_recv(of->handle->p_.raw_, (void *)(uintptr_t)call->data, call->len, flags,
                          &call->moved);
    } while (error.kind != FER_OK && can_be_shorter(call, &error));
    return error.kind == FER_OK && call->moved == 0 ? feri_own_error(FER_UNEXPECTED_EOF) : error;
}

static fer_error try_write(feri_call *of, unsigned flags)
{
    stream_call *call = (stream_call *)of;
    fer_error error;
    do {
        error = ferp_send(of->handle->p_.raw_, call->data, call->len, flags, &call->moved);
    } while (error.kind != FER_OK && can_be_shorter(call, &error));
    return error;
}

static inline fer_error move_slices_once(stream_call *call, bool reads, const void *slices,
                                         size_t count, unsigned flags)
{
    fer_raw_socket raw = call->call.handle->p_.raw_;
    return reads ? ferp_recv_vectored(raw, slices, count, flags, &call->moved)
                 : ferp_send_vectored(raw, slices, count, flags, &call->moved);
}

/* With copies of the slices, clipped to a sum of at most len. */
FERI_NOINLINE static fer_error move_clipped(stream_call *call, bool reads, unsigned flags)
{
    union {
        fer_io_slice_mut in[FERI_CLIPPED_SLICES_MAX];
        fer_io_slice out[FERI_CLIPPED_SLICES_MAX];
    } clipped;
    size_t count = 0;
    for (size_t left = call->len;
         count < call->count && count < FERI_CLIPPED_SLICES_MAX && left > 0; count++) {
        fer_io_slice_mut slice = slice_at(call->data, count);
        slice.len = slice.len < left ? slice.len : left;
        clipped.in[count] = slice;
        left -= slice.len;
    }
    return move_slices_once(call, reads, &clipped, count, flags);
}

static inline fer_error try_slices(stream_call *call, bool reads, unsigned flags)
{
    fer_error error;
    do {
        error = call->len < call->whole
                    ? move_clipped(call, reads, flags)
                    : move_slices_once(call, reads, call->data, call->count, flags);
    } while (error.kind != FER_OK && can_be_shorter(call, &error));
    return error;
}

static fer_error try_read_slices(feri_call *of, unsigned flags)
{
    stream_call *call = (stream_call *)of;
    if (ferp_traits()->receive_leaks_handles) {
        flags |= unix_flag(of->handle);
    }
    fer_error error = try_slices(call, true, flags);
    return error.kind == FER_OK && call->moved == 0 ? feri_own_error(FER_UNEXPECTED_EOF) : error;
}

static fer_error try_write_slices(feri_call *of, unsigned flags)
{
    return try_slices((stream_call *)of, false, flags);
}

/* The check of the state, and the effect of the result on it. */
FERI_NOINLINE static fer_error check_and_run(feri_call *of, feri_try *attempt,
                                             const fer_error *first)
{
    stream_call *call = (stream_call *)of;
    fer_handle *handle = of->handle;
    bool reads = of->readiness == FERP_READABLE;
    bool needs_check =
        first == NULL && (call->data == NULL || call->len - 1 >= ferp_traits()->io_length_max ||
                          handle == NULL || feri_handle_state(handle) != FERI_STATE_FULLY_OPEN);
    if (needs_check) {
        bool needs_os;
        fer_error answer = feri_stream_check_transfer(
            handle, reads ? FERI_REQUEST_READ : FERI_REQUEST_WRITE,
            feri_is_buffer(call->data, call->len), &call->len, &needs_os);
        if (!needs_os) {
            return answer;
        }
    }
    fer_error error = feri_run_on(of, attempt, first);
    if (error.kind == FER_UNEXPECTED_EOF) {
        error = feri_ok();
    } else if (of->is_socket_error) {
        error = reads ? feri_stream_after_failed_read(handle, error)
                      : feri_stream_after_failed_write(handle, error);
    }
    return reads && error.kind == FER_OK && call->moved == 0 ? feri_stream_after_end(handle)
                                                             : error;
}

/* ---- Reads and writes of one buffer */

/* A length of 0 is not usual, and len - 1 is the largest size_t. */
FERI_HOT fer_error feri_stream_read(fer_handle *handle, void *buf, size_t len, unsigned flags,
                                    size_t *n)
{
    stream_call call; /* without slices */
    call.data = buf;
    call.len = len;
    call.moved = 0;
    bool is_usual = handle != NULL && buf != NULL && len - 1 < ferp_traits()->io_length_max;
    fer_error error =
        feri_run(&call.call, handle, FERP_READABLE, is_usual, flags, try_read, check_and_run);
    if (n != NULL) {
        *n = call.moved;
    }
    return error;
}

FERI_HOT fer_error feri_stream_write(fer_handle *handle, const void *buf, size_t len,
                                     unsigned flags, size_t *n)
{
    stream_call call; /* without slices */
    call.data = buf;
    call.len = len;
    call.moved = 0;
    bool is_usual = handle != NULL && buf != NULL && len - 1 < ferp_traits()->io_length_max;
    fer_error error =
        feri_run(&call.call, handle, FERP_WRITABLE, is_usual, flags, try_write, check_and_run);
    if (n != NULL) {
        *n = call.moved;
    }
    return error;
}

fer_error feri_stream_discard(fer_handle *handle, void *buf, size_t len, uint64_t deadline,
                              size_t *n)
{
    stream_call call = {.call = {.handle = handle,
                                 .readiness = FERP_READABLE,
                                 .waits = FERI_UNTIL,
                                 .time = deadline},
                        .data = buf,
                        .len = len};
    fer_error error = check_and_run(&call.call, try_read, NULL);
    *n = call.moved;
    return error;
}

/* Goes on with a read or a write of a complete transfer that a signal has interrupted (rule I1),
 * unless the limits forbid it (rule I4). */
static fer_error move_after_signal(fer_handle *handle, ferp_readiness readiness, const void *buf,
                                   size_t len, unsigned flags, fer_error error, size_t *n)
{
    stream_call call = {
        .call = {.handle = handle, .readiness = readiness, .flags = flags, .waits = FERI_AGAIN},
        .data = buf,
        .len = len};
    if (feri_limits_of(handle).interruptible) {
        return error;
    }
    error = check_and_run(&call.call, readiness == FERP_READABLE ? try_read : try_write, NULL);
    *n = call.moved;
    return error;
}

/* ---- Vectored reads and writes */

/* Slices that are invalid become a buffer that is, and those that are empty an empty one. */
FERI_NOINLINE static fer_error run_slices(feri_call *of, feri_try *attempt, const fer_error *first)
{
    stream_call *call = (stream_call *)of;
    if (first == NULL) {
        feri_slice_plan plan = feri_plan_slices(call->data, call->count);
        if (plan.valid && plan.count == 0 && plan.first < call->count) {
            fer_io_slice_mut long_one = slice_at(call->data, plan.first);
            call->data = long_one.base;
            call->len = long_one.len;
            return check_and_run(of, of->readiness == FERP_READABLE ? try_read : try_write, NULL);
        }
        bool has_slices = plan.valid && plan.count > 0;
        call->data = has_slices ? (const fer_io_slice *)call->data + plan.first : NULL;
        call->count = plan.count;
        call->len = plan.valid ? plan.sum : 1;
        call->whole = plan.is_clipped ? SIZE_MAX : plan.sum;
    }
    return check_and_run(of, attempt, first);
}

/* The sum of slices that the OS takes as they are: none is empty, and they fit into one call. 0:
 * they are not such slices. */
static inline size_t sum_of_usual(const void *slices, size_t count)
{
    const size_t max = ferp_traits()->io_length_max;
    size_t left = max;
    if (slices == NULL || count - 1 >= ferp_traits()->io_slices_max) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        fer_io_slice_mut slice = slice_at(slices, i);
        if (slice.base == NULL || slice.len - 1 >= left) {
            return 0;
        }
        left -= slice.len;
    }
    return max - left;
}

static inline fer_error move_slices(fer_handle *handle, ferp_readiness readiness, feri_try *attempt,
                                    const void *slices, size_t count, unsigned flags, size_t *n)
{
    stream_call call;
    size_t sum = sum_of_usual(slices, count);
    call.data = slices;
    call.count = count;
    call.whole = sum;
    call.len = sum;
    call.moved = 0;
    bool is_usual = handle != NULL && sum != 0;
    fer_error error = feri_run(&call.call, handle, readiness, is_usual, flags, attempt, run_slices);
    feri_store_count(n, call.moved);
    return error;
}

FERI_HOT fer_error feri_stream_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                             size_t count, unsigned flags, size_t *n)
{
    return move_slices(handle, FERP_READABLE, try_read_slices, slices, count, flags, n);
}

FERI_HOT fer_error feri_stream_write_vectored(fer_handle *handle, const fer_io_slice *slices,
                                              size_t count, unsigned flags, size_t *n)
{
    return move_slices(handle, FERP_WRITABLE, try_write_slices, slices, count, flags, n);
}

/* ---- Complete transfers: read_exact, read_to_end, write_all. They continue after a signal (rule
 * I1) unless the limits forbid it (rule I4), and a timeout applies to each read or write. */

fer_error feri_stream_read_on(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    fer_error error = feri_stream_read(handle, buf, len, 0, n);
    return error.kind == FER_INTERRUPTED
               ? move_after_signal(handle, FERP_READABLE, buf, len, 0, error, n)
               : error;
}

/* The rest of a complete transfer whose first read or write, with this result, has moved *done
 * bytes. UNEXPECTED_EOF or WRITE_ZERO: nothing more is moved. */
FERI_NOINLINE static fer_error move_rest(fer_handle *handle, const uint8_t *buf, size_t len,
                                         fer_error error, size_t *done, ferp_readiness readiness)
{
    size_t moved = *done;
    for (*done = 0;;) {
        if (error.kind == FER_INTERRUPTED) {
            error =
                move_after_signal(handle, readiness, buf + *done, len - *done, 0, error, &moved);
        }
        FERI_ASSERT(moved <= len - *done);
        *done += moved;
        if (error.kind != FER_OK || *done == len) {
            return error;
        }
        if (moved == 0) {
            return feri_own_error(readiness == FERP_WRITABLE ? FER_WRITE_ZERO : FER_UNEXPECTED_EOF);
        }
        const uint8_t *rest = buf + *done;
        error = readiness == FERP_WRITABLE
                    ? feri_stream_write(handle, rest, len - *done, 0, &moved)
                    : feri_stream_read(handle, (void *)(uintptr_t)rest, len - *done, 0, &moved);
    }
}

fer_error feri_stream_read_exact(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    size_t ignored;
    size_t *done = n != NULL ? n : &ignored;
    fer_error error = feri_stream_read(handle, buf, len, 0, done);
    return *done != len ? move_rest(handle, buf, len, error, done, FERP_READABLE) : error;
}

/* If the buffer is full, the next byte decides whether it was large enough. */
fer_error feri_stream_read_to_end(fer_handle *handle, void *buf, size_t cap, size_t *n)
{
    size_t done = 0;
    fer_error error = cap > 0 ? feri_stream_read(handle, buf, cap, 0, &done) : feri_ok();
    if (cap > 0 && buf != NULL) {
        error = move_rest(handle, buf, cap, error, &done, FERP_READABLE);
    }
    feri_store_count(n, done);
    if (error.kind == FER_UNEXPECTED_EOF) {
        return feri_ok();
    }
    FER_TRY(error);
    uint8_t next;
    size_t peeked = 0;
    error = feri_stream_read(handle, &next, 1, FERP_PEEK, &peeked);
    if (error.kind == FER_INTERRUPTED) {
        error = move_after_signal(handle, FERP_READABLE, &next, 1, FERP_PEEK, error, &peeked);
    }
    return peeked > 0 ? feri_own_error(FER_BUFFER_TOO_SMALL) : error;
}

fer_error feri_stream_write_all(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    size_t ignored;
    size_t *done = n != NULL ? n : &ignored;
    fer_error error = feri_stream_write(handle, buf, len, 0, done);
    return *done != len ? move_rest(handle, buf, len, error, done, FERP_WRITABLE) : error;
}
