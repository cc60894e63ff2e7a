/* eva_slices.c: the element of the caller's array that feri_slice_at returns, of both kinds of
 * slice, for Frama-C's Eva. wp_vectored.c builds on this. */
#include "core/transfer/slices.c"

enum { COUNT = 20 };

int main(void)
{
    static char bytes[COUNT];
    fer_io_slice from[COUNT];
    fer_io_slice_mut into[COUNT];
    //@ loop unroll COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        from[i] = (fer_io_slice){&bytes[i], SIZE_MAX - i};
        into[i] = (fer_io_slice_mut){&bytes[i], i};
    }
    //@ loop unroll COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        const fer_io_slice_mut one = feri_slice_at(from, i);
        const fer_io_slice_mut other = feri_slice_at(into, i);
        //@ check one.base == &bytes[i] && one.len == SIZE_MAX - i;
        //@ check other.base == &bytes[i] && other.len == i;
    }
    return 0;
}
