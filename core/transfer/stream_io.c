/* stream_io.c: the reads and writes of a stream. Each is one path: the check of the state, tries
 * with waits between them, and the effect of the result on the state. A read and a write of one
 * buffer, which the system can mostly complete at once, have their first try before that path. */
#include "core/transfer/stream_io.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* One read or write: of a buffer, or of the slices of a plan. */
typedef struct stream_call {
    feri_waiting waiting; /* READABLE: a read. WRITABLE: a write */
    void *buf;            /* only read by a write */
    const void *slices;   /* with a plan */
    const feri_slice_plan *plan;
    unsigned peek; /* FERP_PEEK, or 0 */
    size_t len;    /* the maximum that the next try moves */
    size_t moved;
} stream_call;

/* Whether the OS accepts the arguments as they are. A length of 0 is not usual: len - 1 is the
 * largest size_t. */
static inline bool are_usual(const fer_handle *handle, bool buffer_is_valid, size_t len)
{
    return feri_likely(handle != NULL) && feri_likely(buffer_is_valid) &&
           feri_likely(len - 1 < ferp_traits()->io_length_max);
}

/* FERP_UNIX, if a receive of the stream needs it. */
static inline unsigned unix_flag(const fer_handle *handle)
{
    bool needs_it =
        ferp_traits()->receive_leaks_handles && feri_handle_has_flag(handle, FERI_FLAG_UNIX);
    return needs_it ? FERP_UNIX : 0;
}

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

/* Copies the first slices, clipped to a sum of at most len. Returns their number. */
static size_t clip_slices(const void *slices, size_t count, size_t len, fer_io_slice_mut *out)
{
    size_t made = 0;
    while (made < count && made < FERI_CLIPPED_SLICES_MAX && len > 0) {
        fer_io_slice_mut slice = slice_at(slices, made);
        slice.len = slice.len < len ? slice.len : len;
        out[made] = slice;
        len -= slice.len;
        made++;
    }
    return made;
}

/* ---- One try */

/* The shortest length to which a try is halved. A system without the memory for that has none for
 * fewer bytes either. */
#define SHORTEST_TRY ((size_t)4096)

/* Called after a try. True: it lacked buffers, and a try of call->len bytes, which are fewer now,
 * may succeed. False: *error is the result of the try. If the shortest try lacked buffers that may
 * be free later, that is WOULD_BLOCK. */
static bool can_be_shorter(stream_call *call, fer_error *error)
{
    if (error->kind != FER_NO_BUFFER_SPACE || !ferp_traits()->no_buffer_space_is_transient) {
        return false;
    }
    bool may_have_moved =
        ferp_traits()->cut_send_loses_count &&
        (call->waiting.readiness != FERP_WRITABLE || call->len > FERI_WHOLE_SEND_MAX);
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

static fer_error try_slices(void *context, unsigned flags)
{
    stream_call *call = context;
    union {
        fer_io_slice_mut in[FERI_CLIPPED_SLICES_MAX];
        fer_io_slice out[FERI_CLIPPED_SLICES_MAX];
    } clipped;
    const feri_slice_plan *plan = call->plan;
    const fer_handle *handle = call->waiting.handle;
    bool reads = call->waiting.readiness == FERP_READABLE;
    const fer_io_slice_mut *in =
        reads ? (const fer_io_slice_mut *)call->slices + plan->first : NULL;
    const fer_io_slice *out = reads ? NULL : (const fer_io_slice *)call->slices + plan->first;
    const void *planned = reads ? (const void *)in : out;
    size_t count = plan->count;
    fer_error error;
    do {
        if (plan->is_clipped || call->len < plan->sum) {
            count = clip_slices(planned, plan->count, call->len, clipped.in);
            in = clipped.in;
            out = clipped.out;
        }
        error = reads ? ferp_recv_vectored(handle->p_.raw_, in, count, flags | unix_flag(handle),
                                           &call->moved)
                      : ferp_send_vectored(handle->p_.raw_, out, count, flags, &call->moved);
    } while (can_be_shorter(call, &error));
    return error;
}

static fer_error try_buffer(void *context, unsigned flags)
{
    stream_call *call = context;
    const fer_handle *handle = call->waiting.handle;
    fer_error error;
    do {
        error = call->waiting.readiness == FERP_READABLE
                    ? ferp_recv(handle->p_.raw_, call->buf, call->len,
                                flags | call->peek | unix_flag(handle), &call->moved)
                    : ferp_send(handle->p_.raw_, call->buf, call->len, flags, &call->moved);
    } while (can_be_shorter(call, &error));
    return error;
}

/* ---- The path of every call: the check of the state, tries and waits, and the effect of the
 * result on the state. */

/* The end of the input changes the state, and so does an error of the socket. A read of 0 bytes is
 * the end, because its callers have excluded a length of 0. */
static fer_error finish(stream_call *call, fer_error error, size_t *n)
{
    if (feri_likely(error.kind == FER_OK) && feri_likely(call->moved > 0)) {
        feri_store_count(n, call->moved);
        return error;
    }
    fer_handle *handle = call->waiting.handle;
    bool reads = call->waiting.readiness == FERP_READABLE;
    if (call->waiting.is_socket_error) {
        error = reads ? feri_stream_after_failed_read(handle, error)
                      : feri_stream_after_failed_write(handle, error);
    }
    if (reads && error.kind == FER_OK && call->moved == 0) {
        error = feri_stream_after_end(handle);
    }
    feri_store_count(n, call->moved);
    return error;
}

/* attempt: a pointer, so that a program without vectored calls does not link them. */
static fer_error transfer(stream_call *call, feri_try *attempt, bool is_valid, size_t *n)
{
    fer_handle *handle = call->waiting.handle;
    bool needs_os = are_usual(handle, is_valid, call->len) &&
                    feri_likely(feri_handle_state(handle) == FERI_STATE_FULLY_OPEN);
    if (!needs_os) {
        feri_request request =
            call->waiting.readiness == FERP_WRITABLE ? FERI_REQUEST_WRITE : FERI_REQUEST_READ;
        fer_error answer =
            feri_stream_check_transfer(handle, request, is_valid, call->len, &needs_os);
        if (!needs_os) {
            feri_store_count(n, 0);
            return answer;
        }
        call->len = feri_clamp_length(call->len);
    }
    return finish(call, feri_waiting_run(&call->waiting, attempt, call), n);
}

/* ---- Reads and writes of one buffer */

FERI_NOINLINE static fer_error move_bytes(fer_handle *handle, ferp_readiness readiness,
                                          const void *buf, size_t len, unsigned flags, size_t *n)
{
    stream_call call; /* without slices */
    feri_waiting_init(&call.waiting, handle, readiness, flags);
    call.buf = (void *)(uintptr_t)buf;
    call.peek = flags & FERP_PEEK;
    call.len = len;
    call.moved = 0;
    return transfer(&call, try_buffer, feri_is_buffer(buf, len), n);
}

/* The arguments of a call. The common case needs them after its try only if that failed. In memory
 * they need no registers that must be saved. */
typedef struct arguments {
    fer_handle *handle;
    const void *buf;
    size_t len;
    size_t *n;
} arguments;

/* Continues after a first try that has moved nothing, with its result: FER_OK is the end. */
static fer_error continue_transfer(stream_call *call, feri_try *attempt, fer_error first, size_t *n)
{
    if (can_be_shorter(call, &first)) {
        return transfer(call, attempt, true, n);
    }
    return finish(call, feri_waiting_run_on(&call->waiting, attempt, call, first), n);
}

FERI_NOINLINE static fer_error continue_call(const arguments *of, ferp_readiness readiness,
                                             unsigned flags, fer_error first)
{
    stream_call call = {
        .waiting = {.handle = of->handle, .readiness = readiness, .call_flags = flags},
        .buf = (void *)(uintptr_t)of->buf,
        .len = of->len};
    return continue_transfer(&call, try_buffer, first, of->n);
}

fer_error feri_stream_peek(fer_handle *handle, void *buf, size_t len, unsigned flags, size_t *n)
{
    return move_bytes(handle, FERP_READABLE, buf, len, FERP_PEEK | flags, n);
}

#define IS_COMMON(call_flags) \
    (are_usual(handle, buf != NULL, len) && feri_waiting_is_common(handle, call_flags))

/* In the common case a receive of POSIX waits in the kernel, if a shutdown can wake it there. Every
 * other case is for the path of every call (move_bytes), and so is every result but bytes, after
 * which that path continues. A macro, because a function that is inlined here costs five
 * instructions more. */
#define DEFINE_READ(name, call_flags)                                                     \
    FERI_HOT fer_error name(fer_handle *handle, void *buf, size_t len, size_t *n)         \
    {                                                                                     \
        if (!IS_COMMON(call_flags)) {                                                     \
            return move_bytes(handle, FERP_READABLE, buf, len, call_flags, n);            \
        }                                                                                 \
        const arguments given = {handle, buf, len, n};                                    \
        size_t moved = 0;                                                                 \
        unsigned flags =                                                                  \
            (call_flags) | unix_flag(handle) | feri_waiting_flags(handle, FERP_READABLE); \
        fer_error error = ferp_recv(handle->p_.raw_, buf, len, flags, &moved);            \
        if (feri_rare(error.kind != FER_OK) || feri_rare(moved == 0)) {                   \
            return continue_call(&given, FERP_READABLE, call_flags, error);               \
        }                                                                                 \
        feri_store_count(n, moved);                                                       \
        return error;                                                                     \
    }
DEFINE_READ(feri_stream_read, 0)
DEFINE_READ(feri_stream_try_read, FERP_DONTWAIT)

/* The first try may wait in the system, if that reports the count of a send that is cut off. */
#define DEFINE_WRITE(name, call_flags)                                                  \
    FERI_HOT fer_error name(fer_handle *handle, const void *buf, size_t len, size_t *n) \
    {                                                                                   \
        if (!IS_COMMON(call_flags)) {                                                   \
            return move_bytes(handle, FERP_WRITABLE, buf, len, call_flags, n);          \
        }                                                                               \
        const arguments given = {handle, buf, len, n};                                  \
        size_t moved = 0;                                                               \
        unsigned flags = (call_flags) | feri_waiting_flags(handle, FERP_WRITABLE);      \
        fer_error error = ferp_send(handle->p_.raw_, buf, len, flags, &moved);          \
        if (feri_rare(error.kind != FER_OK)) {                                          \
            return continue_call(&given, FERP_WRITABLE, call_flags, error);             \
        }                                                                               \
        feri_store_count(n, moved);                                                     \
        return error;                                                                   \
    }
DEFINE_WRITE(feri_stream_write, 0)
DEFINE_WRITE(feri_stream_try_write, FERP_DONTWAIT)

fer_error feri_stream_discard(fer_handle *handle, void *buf, size_t len, uint64_t deadline,
                              size_t *n)
{
    stream_call call = {.waiting = {.handle = handle,
                                    .readiness = FERP_READABLE,
                                    .mode = FERI_WAIT_UNTIL,
                                    .deadline = deadline},
                        .buf = buf,
                        .len = len};
    return transfer(&call, try_buffer, feri_is_buffer(buf, len), n);
}

/* Goes on with a read or a write of a complete transfer that a signal has interrupted (rule I1),
 * unless the limits forbid it (rule I4). */
static fer_error move_after_signal(fer_handle *handle, ferp_readiness readiness, const void *buf,
                                   size_t len, unsigned flags, fer_error error, size_t *n)
{
    stream_call call = {
        .waiting = {.handle = handle, .readiness = readiness, .mode = FERI_WAIT_AGAIN},
        .buf = (void *)(uintptr_t)buf,
        .peek = flags,
        .len = len};
    return feri_limits_of(handle).interruptible ? error : transfer(&call, try_buffer, true, n);
}

/* ---- Vectored reads and writes */

/* With the result of a first try that has moved nothing, or NULL. */
FERI_NOINLINE static fer_error move_slices(fer_handle *handle, ferp_readiness readiness,
                                           const void *slices, size_t count, unsigned flags,
                                           const fer_error *first, size_t *n)
{
    feri_slice_plan plan = feri_plan_slices(slices, count);
    stream_call call = {.waiting = {.handle = handle, .readiness = readiness, .call_flags = flags},
                        .slices = slices,
                        .plan = &plan,
                        .len = plan.sum};
    if (first != NULL) {
        return continue_transfer(&call, try_slices, *first, n);
    }
    if (plan.valid && plan.count == 0 && plan.first < count) {
        /* the first slice is too long for one call */
        fer_io_slice_mut long_one = slice_at(slices, plan.first);
        call.buf = long_one.base;
        call.len = long_one.len;
        return transfer(&call, try_buffer, long_one.base != NULL, n);
    }
    return transfer(&call, try_slices, plan.valid, n);
}

/* Whether the OS takes the slices as they are: none is empty, and they fit into one call. */
FERI_INLINE bool slices_are_usual(const void *slices, size_t count)
{
    size_t left = ferp_traits()->io_length_max;
    if (slices == NULL || count - 1 >= ferp_traits()->io_slices_max) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        fer_io_slice_mut slice = slice_at(slices, i);
        if (slice.base == NULL || slice.len - 1 >= left) {
            return false;
        }
        left -= slice.len;
    }
    return true;
}

/* As DEFINE_READ and DEFINE_WRITE. */
#define DEFINE_SLICES(name, slice, readiness, call_flags, unix_flag, move)                    \
    FERI_HOT fer_error name(fer_handle *handle, const slice *slices, size_t count, size_t *n) \
    {                                                                                         \
        if (!feri_likely(handle != NULL) || !feri_waiting_is_common(handle, call_flags) ||    \
            !slices_are_usual(slices, count)) {                                               \
            return move_slices(handle, readiness, slices, count, call_flags, NULL, n);        \
        }                                                                                     \
        size_t moved = 0;                                                                     \
        unsigned flags = (call_flags) | (unix_flag) | feri_waiting_flags(handle, readiness);  \
        fer_error error = move(handle->p_.raw_, slices, count, flags, &moved);                \
        if (feri_rare(error.kind != FER_OK) || feri_rare(moved == 0)) {                       \
            return move_slices(handle, readiness, slices, count, call_flags, &error, n);      \
        }                                                                                     \
        feri_store_count(n, moved);                                                           \
        return error;                                                                         \
    }
DEFINE_SLICES(feri_stream_read_vectored, fer_io_slice_mut, FERP_READABLE, 0, unix_flag(handle),
              ferp_recv_vectored)
DEFINE_SLICES(feri_stream_try_read_vectored, fer_io_slice_mut, FERP_READABLE, FERP_DONTWAIT,
              unix_flag(handle), ferp_recv_vectored)
DEFINE_SLICES(feri_stream_write_vectored, fer_io_slice, FERP_WRITABLE, 0, 0u, ferp_send_vectored)
DEFINE_SLICES(feri_stream_try_write_vectored, fer_io_slice, FERP_WRITABLE, FERP_DONTWAIT, 0u,
              ferp_send_vectored)

/* ---- Complete transfers: read_exact, read_to_end, write_all. They continue after a signal (rule
 * I1) unless the limits forbid it (rule I4), and a timeout applies to each read or write. */

fer_error feri_stream_read_on(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    fer_error error = feri_stream_read(handle, buf, len, n);
    return error.kind == FER_INTERRUPTED
               ? move_after_signal(handle, FERP_READABLE, buf, len, 0, error, n)
               : error;
}

/* Reads until the buffer is full, end of file (*ended) or an error. first is the result of a read
 * that has moved *done bytes. */
static fer_error read_until_full(fer_handle *handle, uint8_t *buf, size_t len, fer_error first,
                                 size_t *done, bool *ended)
{
    fer_error error = first;
    size_t moved = *done;
    for (*done = 0;;) {
        if (error.kind == FER_INTERRUPTED) {
            error = move_after_signal(handle, FERP_READABLE, buf + *done, len - *done, 0, error,
                                      &moved);
        }
        FERI_ASSERT(moved <= len - *done);
        *done += moved;
        *ended = error.kind == FER_OK && moved == 0;
        if (error.kind != FER_OK || moved == 0 || *done == len) {
            return error;
        }
        error = feri_stream_read(handle, buf + *done, len - *done, &moved);
    }
}

/* The rest of a read_exact whose first read, with this result, has moved *done bytes. */
FERI_NOINLINE static fer_error read_rest(fer_handle *handle, void *buf, size_t len, fer_error first,
                                         size_t *done)
{
    bool ended;
    fer_error error = read_until_full(handle, buf, len, first, done, &ended);
    return ended ? feri_own_error(FER_UNEXPECTED_EOF) : error;
}

fer_error feri_stream_read_exact(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    size_t ignored;
    size_t *done = n != NULL ? n : &ignored;
    fer_error error = feri_stream_read(handle, buf, len, done);
    return feri_rare(*done != len) ? read_rest(handle, buf, len, error, done) : error;
}

/* If the buffer is full, the next byte decides whether it was large enough. */
fer_error feri_stream_read_to_end(fer_handle *handle, void *buf, size_t cap, size_t *n)
{
    size_t done = 0;
    bool ended = false;
    fer_error error = cap > 0 ? feri_stream_read(handle, buf, cap, &done) : feri_ok();
    if (cap > 0 && buf != NULL) {
        error = read_until_full(handle, buf, cap, error, &done, &ended);
    }
    feri_store_count(n, done);
    if (error.kind != FER_OK || ended) {
        return error;
    }
    uint8_t next;
    size_t peeked = 0;
    error = feri_stream_peek(handle, &next, 1, 0, &peeked);
    if (error.kind == FER_INTERRUPTED) {
        error = move_after_signal(handle, FERP_READABLE, &next, 1, FERP_PEEK, error, &peeked);
    }
    return peeked > 0 ? feri_own_error(FER_BUFFER_TOO_SMALL) : error;
}

/* The rest of a write_all whose first write, with this result, has moved *done bytes. */
FERI_NOINLINE static fer_error write_rest(fer_handle *handle, const uint8_t *buf, size_t len,
                                          fer_error error, size_t *done)
{
    size_t moved = *done;
    for (*done = 0;;) {
        if (error.kind == FER_INTERRUPTED) {
            error = move_after_signal(handle, FERP_WRITABLE, buf + *done, len - *done, 0, error,
                                      &moved);
        }
        FERI_ASSERT(moved <= len - *done);
        *done += moved;
        if (error.kind != FER_OK || *done == len) {
            return error;
        }
        if (moved == 0) {
            return feri_own_error(FER_WRITE_ZERO);
        }
        error = feri_stream_write(handle, buf + *done, len - *done, &moved);
    }
}

fer_error feri_stream_write_all(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    size_t ignored;
    size_t *done = n != NULL ? n : &ignored;
    fer_error error = feri_stream_write(handle, buf, len, done);
    return feri_rare(*done != len) ? write_rest(handle, buf, len, error, done) : error;
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
    if (answer == FERI_ANSWER_END || was_connecting) {
        /* the query that has found the connection has found no error */
        *out = pending;
        return pending;
    }
    FER_TRY(ferp_take_error(handle->p_.raw_, &pending));
    pending = feri_map_error(FERI_OPERATION_WRITE, pending);
    if (feri_error_is_soft(handle->p_.raw_, pending)) {
        pending = feri_ok();
    } else if (pending.kind != FER_OK) {
        (void)feri_stream_after_failed_write(handle, pending);
    }
    *out = pending;
    return feri_ok();
}
