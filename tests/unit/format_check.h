/* format_check.h: checks a _format function against snprintf's rules with every buffer size. For
 * tests. */
#ifndef FORMAT_CHECK_H
#define FORMAT_CHECK_H

#include "tests/unit/address_check.h"

typedef size_t (*format_function)(const void *value, char *buf, size_t cap);

/* The buffer is a heap block of cap bytes, so that a sanitizer detects a write of one byte too
 * many. In a larger buffer, no byte after the NUL may change. */
static inline void check_format_with_cap(format_function format, const void *value,
                                         const char *wanted, size_t cap)
{
    const size_t len = strlen(wanted);
    const size_t stored = len < cap ? len : cap - 1;
    char *exact = malloc(cap);
    assert_non_null(exact);
    memset(exact, UNTOUCHED, cap);
    check_true(format(value, exact, cap) == len, "wrong length", wanted, len);
    check_true(memcmp(exact, wanted, stored) == 0 && exact[stored] == '\0', "wrong text", wanted,
               len);
    check_true(is_untouched(exact + stored + 1, cap - stored - 1),
               "bytes beyond the NUL were changed", wanted, len);
    free(exact);
}

static inline void check_format_at_every_cap(format_function format, const void *value,
                                             const char *wanted)
{
    char nothing = (char)UNTOUCHED;
    check_true(format(value, NULL, 0) == strlen(wanted), "wrong length for no buffer", wanted,
               strlen(wanted));
    check_true(format(value, &nothing, 0) == strlen(wanted), "wrong length for cap 0", wanted,
               strlen(wanted));
    check_true(is_untouched(&nothing, 1), "cap 0 was written to", wanted, strlen(wanted));
    check_true(format(value, NULL, 64) == 0, "no buffer, but a cap", wanted, strlen(wanted));
    for (size_t cap = 1; cap <= 66; cap++) {
        check_format_with_cap(format, value, wanted, cap);
    }
}

#endif
