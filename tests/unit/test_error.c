/* test_error.c: errors from OS codes, the names of the kinds, the text of errors, and the version.
 * The maps: test_error_maps.c. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ferrule/error.h"
#include "ferrule/version.h"

struct kind_row {
    fer_error_kind kind;
    int value;
    const char *name;
    const char *phrase;
};

static const struct kind_row kinds[] = {
#define ROW(name, value, rust_name, phrase) {name, value, rust_name, phrase},
    FER_ERROR_KINDS(ROW)
#undef ROW
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static void zero_is_ok_with_no_code(void **state)
{
    (void)state;
    fer_error err = fer_error_from_raw_os_error(0);
    assert_int_equal(err.kind, FER_OK);
    assert_int_equal(err.os_code, 0);
}

static void from_os_keeps_the_code_of_an_unknown_error(void **state)
{
    (void)state;
    const int32_t codes[] = {INT32_MIN, -1, 999999, INT32_MAX};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fer_error err = fer_error_from_raw_os_error(codes[i]);
        assert_int_equal(err.kind, FER_UNCATEGORIZED);
        assert_int_equal(err.os_code, codes[i]);
    }
}

static void a_kind_is_named_as_rust_names_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        assert_int_equal(kinds[i].kind, kinds[i].value);
        assert_string_equal(fer_error_kind_name(kinds[i].kind), kinds[i].name);
    }
    assert_string_equal(fer_error_kind_name(FER_OK), "Ok");
    assert_string_equal(fer_error_kind_name(FER_CONNECTION_REFUSED), "ConnectionRefused");
}

static void a_value_that_is_no_kind_is_named_unknown(void **state)
{
    (void)state;
    const int values[] = {-1, 42, 63, 73, 126, 128, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        fer_error_kind kind = (fer_error_kind)values[i];
        assert_string_equal(fer_error_kind_name(kind), "Unknown");
        char text[96];
        assert_true(fer_error_format((fer_error){kind, 5}, text, sizeof text) < sizeof text);
        assert_string_equal(text, "unknown error (os error 5)");
    }
}

static void no_two_kinds_share_a_value_or_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t j = i + 1; j < KIND_COUNT; j++) {
            assert_int_not_equal(kinds[i].value, kinds[j].value);
            assert_string_not_equal(kinds[i].name, kinds[j].name);
            assert_string_not_equal(kinds[i].phrase, kinds[j].phrase);
        }
    }
}

/* Checks one error's text with every capacity, with a guard byte after the buffer. */
static void check_format(fer_error error, const char *phrase)
{
    char want[128];
    if (error.os_code == 0) {
        snprintf(want, sizeof want, "%s", phrase);
    } else {
        snprintf(want, sizeof want, "%s (os error %ld)", phrase, (long)error.os_code);
    }
    size_t len = strlen(want);
    assert_true(len < FER_ERROR_TEXT_CAP);
    assert_int_equal(fer_error_format(error, NULL, 0), len);
    assert_int_equal(fer_error_format(error, NULL, 10), 0);
    for (size_t cap = 0; cap <= len + 2; cap++) {
        char got[160];
        memset(got, '#', sizeof got);
        assert_int_equal(fer_error_format(error, got, cap), len);
        if (cap > 0) {
            size_t kept = cap - 1 < len ? cap - 1 : len;
            assert_memory_equal(got, want, kept);
            assert_int_equal(got[kept], '\0');
        }
        assert_int_equal(got[cap], '#');
    }
}

static void text_is_phrase_and_code_at_every_capacity(void **state)
{
    (void)state;
    const int32_t codes[] = {0, 1, -2, 9, 10, 111, 10061, -2147483647, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t j = 0; j < sizeof codes / sizeof codes[0]; j++) {
            check_format((fer_error){kinds[i].kind, codes[j]}, kinds[i].phrase);
        }
    }
}

static void text_reads_as_documented(void **state)
{
    (void)state;
    char text[96];
    fer_error_format((fer_error){FER_CONNECTION_REFUSED, 111}, text, sizeof text);
    assert_string_equal(text, "connection refused (os error 111)");
    fer_error_format((fer_error){FER_TIMED_OUT, 0}, text, sizeof text);
    assert_string_equal(text, "timed out");
}

static fer_error try_it(fer_error first, int *reached)
{
    FER_TRY(first);
    *reached = 1;
    return (fer_error){FER_OTHER, 0};
}

static void try_returns_a_failure_and_passes_success(void **state)
{
    (void)state;
    int reached = 0;
    fer_error err = try_it((fer_error){FER_NOT_FOUND, 2}, &reached);
    assert_int_equal(err.kind, FER_NOT_FOUND);
    assert_int_equal(err.os_code, 2);
    assert_int_equal(reached, 0);
    err = try_it((fer_error){FER_OK, 0}, &reached);
    assert_int_equal(err.kind, FER_OTHER);
    assert_int_equal(reached, 1);
}

static void the_version_is_the_header_s(void **state)
{
    (void)state;
    char want[64];
    snprintf(want, sizeof want, "%d.%d.%d", FER_VERSION_MAJOR, FER_VERSION_MINOR,
             FER_VERSION_PATCH);
    assert_string_equal(fer_version(), want);
    assert_string_equal(fer_version(), FER_VERSION_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_is_ok_with_no_code),
        cmocka_unit_test(from_os_keeps_the_code_of_an_unknown_error),
        cmocka_unit_test(a_kind_is_named_as_rust_names_it),
        cmocka_unit_test(a_value_that_is_no_kind_is_named_unknown),
        cmocka_unit_test(no_two_kinds_share_a_value_or_a_name),
        cmocka_unit_test(text_is_phrase_and_code_at_every_capacity),
        cmocka_unit_test(text_reads_as_documented),
        cmocka_unit_test(try_returns_a_failure_and_passes_success),
        cmocka_unit_test(the_version_is_the_header_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
