/* slices.c: selects the caller's slices that fit into one system call. */
#include <stddef.h>
#include <string.h>

#include "core/base/compiler.h"
#include "core/transfer/stream_io.h"
#include "platform/platform.h"

/* One function plans both kinds of slice, as fer_io_slice. */
_Static_assert(sizeof(fer_io_slice) == sizeof(fer_io_slice_mut), "slices differ in size");
_Static_assert(offsetof(fer_io_slice, base) == offsetof(fer_io_slice_mut, base),
               "slices differ in base");
_Static_assert(offsetof(fer_io_slice, len) == offsetof(fer_io_slice_mut, len),
               "slices differ in len");

fer_io_slice_mut feri_slice_at(const void *slices, size_t index)
{
    fer_io_slice_mut slice;
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
    while (first < count && feri_slice_at(slices, first).len == 0) {
        first++;
    }
    return first;
}

/* The sum never overflows, and slices after the planned ones are not read. */
feri_slice_plan feri_plan_slices(const void *slices, size_t count)
{
    feri_slice_plan plan = {slices != NULL || count == 0, false, 0, 0, 0};
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
        fer_io_slice_mut slice = feri_slice_at(slices, plan.first + plan.count);
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

size_t feri_clip_slices(const void *slices, size_t count, size_t len, fer_io_slice_mut *out)
{
    size_t made = 0;
    /*@ loop invariant BY_WP(made <= count && made <= FERI_CLIPPED_SLICES_MAX);
        loop invariant BY_WP(made == 0 ==> len == \at(len, Pre));
        loop invariant BY_WP(len > 0 ==> total(slices, 0, made) + len == \at(len, Pre));
        loop invariant BY_WP(made > 0 ==>
                             total(slices, 0, made - 1) + out[made - 1].len + len == \at(len, Pre));
        loop invariant BY_WP(\forall integer k; 0 <= k < made ==>
                             out[k].base == slice_base(slices, k) &&
                             out[k].len <= slice_len(slices, k));
        loop invariant BY_WP(\forall integer k; 0 <= k < made && (k < made - 1 || len > 0) ==>
                             out[k].len == slice_len(slices, k));
        loop assigns made, len, out[0 .. FERI_CLIPPED_SLICES_MAX - 1];
        loop variant count - made; */
    while (made < count && made < FERI_CLIPPED_SLICES_MAX && len > 0) {
        fer_io_slice_mut slice = feri_slice_at(slices, made);
        slice.len = slice.len < len ? slice.len : len;
        out[made] = slice;
        len -= slice.len;
        made++;
    }
    return made;
}
