/* stream_vectored.c: vectored reads and writes, which wait or never wait: selects the caller's
 * slices that fit into one system call. */
#include <stddef.h>
#include <string.h>

#include "core/base/compiler.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/transfer/stream_io.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* One function plans both kinds of slice, as fer_io_slice. */
_Static_assert(sizeof(fer_io_slice) == sizeof(fer_io_slice_mut), "slices differ in size");
_Static_assert(offsetof(fer_io_slice, base) == offsetof(fer_io_slice_mut, base),
               "slices differ in base");
_Static_assert(offsetof(fer_io_slice, len) == offsetof(fer_io_slice_mut, len),
               "slices differ in len");

/* The slices of one call: `count` from `first` on, after leading empty slices. `sum` is their sum,
 * which is within the OS's limit; if the last of them is above it, they are cut to the limit. A
 * count of 0 before the end of the array is a first slice above the limit. */
typedef struct slice_plan {
    bool valid;
    bool is_cut;
    size_t first;
    size_t count;
    size_t sum;
} slice_plan;

/* A cut call has copies of its slices, and so fewer of them. */
enum { CUT_SLICES_MAX = 16 };

static fer_io_slice slice_at(const void *slices, size_t index)
{
    fer_io_slice slice;
    memcpy(&slice, (const unsigned char *)slices + index * sizeof slice, sizeof slice);
    return slice;
}

static size_t count_leading_empty(const void *slices, size_t count)
{
    size_t first = 0;
    /*@ loop invariant BY_WP(first <= count);
        loop invariant BY_WP(\forall integer k; 0 <= k < first ==> slice_len(slices, k) == 0);
        loop assigns first;
        loop variant count - first; */
    while (first < count && slice_at(slices, first).len == 0) {
        first++;
    }
    return first;
}

/* The sum never overflows, and slices after the planned ones are not read. */
static slice_plan plan_slices(const void *slices, size_t count)
{
    slice_plan plan = {slices != NULL || count == 0, false, 0, 0, 0};
    if (!plan.valid) {
        return plan;
    }
    plan.first = count_leading_empty(slices, count);
    size_t left = count - plan.first;
    const size_t count_max = ferp_traits()->io_slices_max;
    const size_t sum_max = ferp_traits()->io_length_max;
    const size_t limit = left < count_max ? left : count_max;
    /*@ loop invariant BY_WP(plan.count <= limit && plan.sum <= length_max);
        loop invariant BY_WP(plan.sum == total(slices, plan.first, plan.first + plan.count));
        loop invariant BY_WP(\forall integer k; plan.first <= k < plan.first + plan.count ==>
                             is_usable(slices, k));
        loop invariant BY_WP(plan.valid == 1);
        loop assigns plan.valid, plan.count, plan.sum;
        loop variant limit - plan.count; */
    while (plan.count < limit) {
        fer_io_slice slice = slice_at(slices, plan.first + plan.count);
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
    if (plan.count > 0 && plan.count < limit && plan.count < CUT_SLICES_MAX &&
        plan.sum < sum_max) {
        plan.is_cut = true;
        plan.count++;
        plan.sum = sum_max;
    }
    return plan;
}

/* Copies the first slices, cut to a sum of at most len. Returns their number. */
static size_t cut_slices(const void *slices, size_t count, size_t len, fer_io_slice *out)
{
    size_t made = 0;
    /*@ loop invariant BY_WP(made <= count && made <= CUT_SLICES_MAX);
        loop invariant BY_WP(made == 0 ==> len == \at(len, Pre));
        loop invariant BY_WP(len > 0 ==> total(slices, 0, made) + len == \at(len, Pre));
        loop invariant BY_WP(made > 0 ==>
                             total(slices, 0, made - 1) + out[made - 1].len + len == \at(len, Pre));
        loop invariant BY_WP(\forall integer k; 0 <= k < made ==>
                             out[k].base == slice_base(slices, k) &&
                             out[k].len <= slice_len(slices, k));
        loop invariant BY_WP(\forall integer k; 0 <= k < made && (k < made - 1 || len > 0) ==>
                             out[k].len == slice_len(slices, k));
        loop assigns made, len, out[0 .. CUT_SLICES_MAX - 1];
        loop variant count - made; */
    while (made < count && made < CUT_SLICES_MAX && len > 0) {
        fer_io_slice slice = slice_at(slices, made);
        slice.len = slice.len < len ? slice.len : len;
        out[made] = slice;
        len -= slice.len;
        made++;
    }
    return made;
}

static bool is_too_long_for_one_call(const slice_plan *plan, size_t count)
{
    return plan->valid && plan->count == 0 && plan->first < count;
}

static fer_error receive_vectored(const feri_waiting *waiting, const fer_io_slice_mut *slices,
                                  size_t count, size_t *moved)
{
    fer_raw_socket raw = waiting->handle->p_.raw_;
    return feri_waiting_tries_may_wait(waiting) ? ferp_recv_vectored(raw, slices, count, moved)
                                                : ferp_try_recv_vectored(raw, slices, count, moved);
}

/* Receives into the slices of a plan, or into their first len bytes. */
static fer_error receive_slices(const feri_waiting *waiting, const fer_io_slice_mut *slices,
                                const slice_plan *plan, size_t len, size_t *moved)
{
    fer_io_slice cut[CUT_SLICES_MAX];
    fer_io_slice_mut into[CUT_SLICES_MAX];
    if (!plan->is_cut && len == plan->sum) {
        return receive_vectored(waiting, slices + plan->first, plan->count, moved);
    }
    size_t count = cut_slices(slices + plan->first, plan->count, len, cut);
    for (size_t i = 0; i < count; i++) {
        into[i] = (fer_io_slice_mut){slices[plan->first + i].base, cut[i].len};
    }
    return receive_vectored(waiting, into, count, moved);
}

static fer_error read_slices(fer_handle *handle, const fer_io_slice_mut *slices,
                             const slice_plan *plan, feri_wait_mode wait_mode, size_t *moved)
{
    size_t len = plan->sum;
    feri_waiting waiting = feri_waiting_with(wait_mode, handle, FERP_READABLE);
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error = receive_slices(&waiting, slices, plan, len, moved);
    while (feri_should_retry(&waiting, &error, &len)) {
        error = receive_slices(&waiting, slices, plan, len, moved);
    }
    return error;
}

/* After a first try that moved nothing. */
FERI_COLD static fer_error read_slices_again(fer_handle *handle, const fer_io_slice_mut *slices,
                                             const slice_plan *plan, size_t *n, fer_error error)
{
    size_t moved = 0;
    size_t len = plan->sum;
    feri_waiting waiting = feri_waiting_to(handle, FERP_READABLE);
    while (feri_should_retry(&waiting, &error, &len)) {
        error = receive_slices(&waiting, slices, plan, len, &moved);
    }
    error = feri_stream_after_read(handle, error, moved);
    feri_store_count(n, moved);
    return error;
}

FERI_COLD static fer_error read_planned(fer_handle *handle, const fer_io_slice_mut *slices,
                                        size_t count, const slice_plan *plan,
                                        feri_wait_mode wait_mode, size_t *n)
{
    if (is_too_long_for_one_call(plan, count)) {
        const fer_io_slice_mut *first = &slices[plan->first];
        return wait_mode == FERI_WAIT_BY_MODE
                   ? feri_stream_read(handle, first->base, first->len, n)
                   : feri_stream_try_read(handle, first->base, first->len, n);
    }
    size_t moved = 0;
    bool needs_os;
    fer_error error = feri_stream_check_read(handle, plan->valid, plan->sum, &needs_os);
    if (needs_os) {
        error = read_slices(handle, slices, plan, wait_mode, &moved);
        error = feri_stream_after_read(handle, error, moved);
    }
    feri_store_count(n, moved);
    return error;
}

/* The common case shares no code with the others, as in stream_io.c. */
fer_error feri_stream_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                    size_t count, size_t *n)
{
    slice_plan plan = plan_slices(slices, count);
    if (plan.is_cut || !feri_stream_is_ready_for_os(handle, plan.valid, plan.sum)) {
        return read_planned(handle, slices, count, &plan, FERI_WAIT_BY_MODE, n);
    }
    size_t moved = 0;
    fer_error error = ferp_recv_vectored(handle->p_.raw_, slices + plan.first, plan.count, &moved);
    if (error.kind != FER_OK || moved == 0) {
        return read_slices_again(handle, slices, &plan, n, error);
    }
    feri_store_count(n, moved);
    return error;
}

fer_error feri_stream_try_read_vectored(fer_handle *handle, const fer_io_slice_mut *slices,
                                        size_t count, size_t *n)
{
    slice_plan plan = plan_slices(slices, count);
    return read_planned(handle, slices, count, &plan, FERI_WAIT_NEVER, n);
}

static fer_error send_vectored(const feri_waiting *waiting, const fer_io_slice *slices,
                               size_t count, size_t *moved)
{
    fer_raw_socket raw = waiting->handle->p_.raw_;
    return feri_waiting_tries_may_wait(waiting) ? ferp_send_vectored(raw, slices, count, moved)
                                                : ferp_try_send_vectored(raw, slices, count, moved);
}

/* Sends the slices of a plan, or their first len bytes. */
static fer_error send_slices(const feri_waiting *waiting, const fer_io_slice *slices,
                             const slice_plan *plan, size_t len, size_t *moved)
{
    fer_io_slice cut[CUT_SLICES_MAX];
    if (!plan->is_cut && len == plan->sum) {
        return send_vectored(waiting, slices + plan->first, plan->count, moved);
    }
    size_t count = cut_slices(slices + plan->first, plan->count, len, cut);
    return send_vectored(waiting, cut, count, moved);
}

static fer_error write_slices(fer_handle *handle, const fer_io_slice *slices,
                              const slice_plan *plan, feri_wait_mode wait_mode, size_t *moved)
{
    size_t len = plan->sum;
    feri_waiting waiting = feri_waiting_with(wait_mode, handle, FERP_WRITABLE);
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error = send_slices(&waiting, slices, plan, len, moved);
    while (feri_should_retry(&waiting, &error, &len)) {
        error = send_slices(&waiting, slices, plan, len, moved);
    }
    return error;
}

/* After a first try that failed. */
FERI_COLD static fer_error write_slices_again(fer_handle *handle, const fer_io_slice *slices,
                                              const slice_plan *plan, size_t *n, fer_error error)
{
    size_t moved = 0;
    size_t len = plan->sum;
    feri_waiting waiting = feri_waiting_to(handle, FERP_WRITABLE);
    while (feri_should_retry(&waiting, &error, &len)) {
        error = send_slices(&waiting, slices, plan, len, &moved);
    }
    feri_store_count(n, moved);
    return error;
}

FERI_COLD static fer_error write_planned(fer_handle *handle, const fer_io_slice *slices,
                                         size_t count, const slice_plan *plan,
                                         feri_wait_mode wait_mode, size_t *n)
{
    if (is_too_long_for_one_call(plan, count)) {
        const fer_io_slice *first = &slices[plan->first];
        return wait_mode == FERI_WAIT_BY_MODE
                   ? feri_stream_write(handle, first->base, first->len, n)
                   : feri_stream_try_write(handle, first->base, first->len, n);
    }
    size_t moved = 0;
    bool needs_os;
    fer_error error = feri_stream_check_write(handle, plan->valid, plan->sum, &needs_os);
    if (needs_os) {
        error = write_slices(handle, slices, plan, wait_mode, &moved);
    }
    feri_store_count(n, moved);
    return error;
}

fer_error feri_stream_write_vectored(fer_handle *handle, const fer_io_slice *slices, size_t count,
                                     size_t *n)
{
    slice_plan plan = plan_slices(slices, count);
    if (plan.is_cut || !feri_stream_is_ready_for_os(handle, plan.valid, plan.sum)) {
        return write_planned(handle, slices, count, &plan, FERI_WAIT_BY_MODE, n);
    }
    size_t moved = 0;
    const fer_io_slice *first = slices + plan.first;
    fer_error error = ferp_traits()->cut_send_loses_count
                          ? ferp_try_send_vectored(handle->p_.raw_, first, plan.count, &moved)
                          : ferp_send_vectored(handle->p_.raw_, first, plan.count, &moved);
    if (error.kind != FER_OK) {
        return write_slices_again(handle, slices, &plan, n, error);
    }
    feri_store_count(n, moved);
    return error;
}

fer_error feri_stream_try_write_vectored(fer_handle *handle, const fer_io_slice *slices,
                                         size_t count, size_t *n)
{
    slice_plan plan = plan_slices(slices, count);
    return write_planned(handle, slices, count, &plan, FERI_WAIT_NEVER, n);
}
