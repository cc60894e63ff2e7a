/* wp_vectored.c: contracts of the functions that select the slices of one vectored call, for
 * Frama-C's WP. Sums in the contracts are integers without a bound, so a sum that wraps in C would
 * violate them. The limits are any that a system may have. */
#include "core/transfer/stream_io.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

/*@ axiomatic Slices {
      // The caller's array, which does not change during a call.
      logic integer slice_count(void *slices);
      logic integer slice_len(void *slices, integer i);
      logic void *slice_base(void *slices, integer i);
      axiom a_length_is_a_size: \forall void *slices, integer i;
        0 <= slice_len(slices, i) <= SIZE_MAX;

      // The sum of the lengths from i to j - 1.
      logic integer total(void *slices, integer i, integer j);
      axiom total_of_none: \forall void *slices, integer i; total(slices, i, i) == 0;
      axiom total_of_more: \forall void *slices, integer i, j; i < j ==>
        total(slices, i, j) == total(slices, i, j - 1) + slice_len(slices, j - 1);

      logic integer length_max;
      logic integer slices_max;
      axiom a_limit_is_a_size: 0 < length_max <= SIZE_MAX && 0 < slices_max <= SIZE_MAX;
    }

    predicate is_usable(void *slices, integer i) =
      slice_base(slices, i) != \null || slice_len(slices, i) == 0;
*/

/*@ assigns \nothing;
    ensures \valid_read(\result);
    ensures \result->io_length_max == length_max && \result->io_slices_max == slices_max; */
const struct ferp_traits *ferp_traits(void);

/* eva_slices.c checks the element that it returns. */
/*@ requires index < slice_count(slices);
    assigns \nothing;
    ensures \result.len == slice_len(slices, index);
    ensures \result.base == slice_base(slices, index); */
fer_io_slice_mut feri_slice_at(const void *slices, size_t index);

/*@ requires count > 0 ==> count <= slice_count(slices);
    assigns \nothing;
    ensures \result <= count;
    ensures \forall integer k; 0 <= k < \result ==> slice_len(slices, k) == 0;
    ensures \result < count ==> slice_len(slices, \result) > 0; */
static size_t count_leading_empty(const void *slices, size_t count);

#include "core/transfer/slices.c"

/*@ requires slices != \null ==> count <= slice_count(slices);
    assigns \nothing;
    ensures a_plan_is_valid_or_says_why:
      \result.valid != 0 || (slices == \null && count > 0) ||
      \exists integer k; \result.first <= k < count && k - \result.first < slices_max &&
        !is_usable(slices, k) && total(slices, \result.first, k) <= length_max;
    ensures only_usable_slices: \result.valid != 0 ==> (slices != \null || count == 0) &&
      \forall integer k; \result.first <= k < \result.first + \result.count ==>
        is_usable(slices, k);
    ensures within_the_array: \result.first + \result.count <= count;
    ensures within_the_limits: \result.count <= slices_max && \result.sum <= length_max;
    ensures only_empty_ones_are_skipped:
      \forall integer k; 0 <= k < \result.first ==> slice_len(slices, k) == 0;
    ensures the_sum_is_exact: \result.valid != 0 && \result.is_clipped == 0 ==>
      \result.sum == total(slices, \result.first, \result.first + \result.count);
    ensures as_many_as_fit: \result.valid != 0 && \result.is_clipped == 0 &&
      \result.first + \result.count < count && \result.count < slices_max ==>
      slice_len(slices, \result.first + \result.count) > length_max - \result.sum;
    ensures a_cut_is_needed: \result.is_clipped != 0 ==>
      \result.valid != 0 && 1 < \result.count <= FERI_CLIPPED_SLICES_MAX &&
      \result.sum == length_max &&
      total(slices, \result.first, \result.first + \result.count - 1) < length_max &&
      total(slices, \result.first, \result.first + \result.count) > length_max;
    ensures none_is_a_long_first_one:
      \result.valid != 0 && \result.count == 0 && \result.first < count ==>
      slice_len(slices, \result.first) > length_max; */
feri_slice_plan feri_plan_slices(const void *slices, size_t count);

/*@ requires count <= slice_count(slices) && \valid(out + (0 .. FERI_CLIPPED_SLICES_MAX - 1));
    assigns out[0 .. FERI_CLIPPED_SLICES_MAX - 1];
    ensures \result <= count && \result <= FERI_CLIPPED_SLICES_MAX;
    ensures \forall integer k; 0 <= k < \result ==>
      out[k].base == slice_base(slices, k) && out[k].len <= slice_len(slices, k);
    ensures only_the_last_is_clipped:
      \forall integer k; 0 <= k < \result - 1 ==> out[k].len == slice_len(slices, k);
    ensures at_most_len: \result > 0 ==>
      total(slices, 0, \result - 1) + out[\result - 1].len <= len;
    ensures exactly_len_if_it_is_clipped:
      \result > 0 && out[\result - 1].len < slice_len(slices, \result - 1) ==>
      total(slices, 0, \result - 1) + out[\result - 1].len == len;
    ensures all_that_fit: \result < count && \result < FERI_CLIPPED_SLICES_MAX && len > 0 ==>
      \result > 0 && total(slices, 0, \result - 1) + out[\result - 1].len == len; */
size_t feri_clip_slices(const void *slices, size_t count, size_t len, fer_io_slice_mut *out);
