/* test_atomic.c: the effect of each access to a shared word or pointer. The thread sanitizer checks
 * that the accesses are atomic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/compiler.h"

static void a_word_is_replaced_only_where_it_is_still_what_was_expected(void **state)
{
    (void)state;
    uint32_t word = 5;
    assert_false(feri_atomic_replace(&word, 4, 9));
    assert_int_equal(feri_atomic_load(&word), 5);
    assert_true(feri_atomic_replace(&word, 5, UINT32_MAX));
    assert_int_equal(feri_atomic_load(&word), UINT32_MAX);
}

static void bits_are_set_and_cleared_and_the_others_stay(void **state)
{
    (void)state;
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

static void a_bit_that_is_both_set_and_cleared_is_set(void **state)
{
    (void)state;
    uint32_t word = 0;
    feri_atomic_change_bits(&word, 2, 2);
    assert_int_equal(word, 2);
}

static void a_pointer_is_replaced_only_where_it_is_still_what_was_expected(void **state)
{
    (void)state;
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

static void a_sum_wraps_around(void **state)
{
    (void)state;
    uint32_t word = 1;
    assert_int_equal(feri_atomic_add(&word, 2), 3);
    assert_int_equal(feri_atomic_add(&word, UINT32_MAX), 2);
    assert_int_equal(word, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_replaced_only_where_it_is_still_what_was_expected),
        cmocka_unit_test(bits_are_set_and_cleared_and_the_others_stay),
        cmocka_unit_test(a_bit_that_is_both_set_and_cleared_is_set),
        cmocka_unit_test(a_pointer_is_replaced_only_where_it_is_still_what_was_expected),
        cmocka_unit_test(a_sum_wraps_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
