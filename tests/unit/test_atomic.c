/* test_atomic.c: the effect of each access to a shared word or pointer. The thread sanitizer checks
 * that the accesses are atomic. */
#include <stdbool.h>

#include "core/base/compiler.h"
#include "support/group.h"

TEST(a_word_is_replaced_only_if_it_has_the_expected_value)
{
    uint32_t word = 5;
    assert_false(feri_atomic_replace(&word, 4, 9));
    assert_int_equal(feri_atomic_load(&word), 5);
    assert_true(feri_atomic_replace(&word, 5, UINT32_MAX));
    assert_int_equal(feri_atomic_load(&word), UINT32_MAX);
}

TEST(bits_are_set_and_cleared_and_the_others_stay)
{
    uint32_t word = 0xF0F0;
    feri_atomic_change_bits(&word, 0x0001, 0x8000);
    assert_int_equal(word, 0x70F1);
    feri_atomic_change_bits(&word, 0, 0);
    assert_int_equal(word, 0x70F1);
    feri_atomic_change_bits(&word, 0x0001, 0);
    assert_int_equal(word, 0x70F1);
    feri_atomic_change_bits(&word, 0, UINT32_MAX);
    assert_int_equal(word, 0);
}

TEST(a_bit_that_is_both_set_and_cleared_is_set)
{
    uint32_t word = 0;
    feri_atomic_change_bits(&word, 2, 2);
    assert_int_equal(word, 2);
}

TEST(a_pointer_is_replaced_only_if_it_has_the_expected_value)
{
    int one = 1;
    int other = 2;
    void *pointer = NULL;
    assert_null(feri_atomic_load_pointer(&pointer));
    assert_true(feri_atomic_replace_pointer(&pointer, NULL, &one));
    assert_false(feri_atomic_replace_pointer(&pointer, NULL, &other));
    assert_ptr_equal(feri_atomic_load_pointer(&pointer), &one);
    assert_true(feri_atomic_replace_pointer(&pointer, &one, &other));
    assert_ptr_equal(feri_atomic_load_pointer(&pointer), &other);
}

TEST(a_sum_wraps_around)
{
    uint32_t word = 1;
    assert_int_equal(feri_atomic_add(&word, 2), 3);
    assert_int_equal(feri_atomic_add(&word, UINT32_MAX), 2);
    assert_int_equal(word, 2);
}

TEST_MAIN("atomic")
