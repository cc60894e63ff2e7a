/* test_text.c: how every format function stores its text in the caller's buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"

#define WHOLE "a text of 20 bytes.."
#define WHOLE_LEN (sizeof WHOLE - 1)

static void a_text_of_any_length_is_cut_to_any_room_and_ended(void **state)
{
    (void)state;
    for (size_t len = 0; len <= WHOLE_LEN; len++) {
        for (size_t cap = 1; cap <= WHOLE_LEN + 3; cap++) {
            char got[40];
            char untouched[40];
            size_t kept = len < cap ? len : cap - 1;
            memset(got, '#', sizeof got);
            memset(untouched, '#', sizeof untouched);
            assert_int_equal(feri_text_store(WHOLE, len, got, cap), len);
            assert_memory_equal(got, WHOLE, kept);
            assert_int_equal(got[kept], '\0');
            assert_memory_equal(got + kept + 1, untouched, sizeof got - kept - 1);
        }
    }
}

static void no_room_tells_the_length_and_writes_nothing(void **state)
{
    (void)state;
    char got = '#';
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, &got, 0), WHOLE_LEN);
    assert_int_equal(got, '#');
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, NULL, 0), WHOLE_LEN);
}

static void a_buffer_of_null_with_room_stores_nothing(void **state)
{
    (void)state;
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, NULL, 1), 0);
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, NULL, SIZE_MAX), 0);
}

static void the_greatest_room_is_room(void **state)
{
    (void)state;
    char got[40];
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, got, SIZE_MAX), WHOLE_LEN);
    assert_string_equal(got, WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_any_length_is_cut_to_any_room_and_ended),
        cmocka_unit_test(no_room_tells_the_length_and_writes_nothing),
        cmocka_unit_test(a_buffer_of_null_with_room_stores_nothing),
        cmocka_unit_test(the_greatest_room_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
