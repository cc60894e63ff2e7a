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
    while (made < count && made < FERI_CLIPPED_SLICES_MAX && len > 0) {
        fer_io_slice_mut slice = feri_slice_at(slices, made);
        slice.len = slice.len < len ? slice.len : len;
        out[made] = slice;
        len -= slice.len;
        made++;
    }
    return made;
}
