/* group.h: the tests of a file. Each registers itself where it is defined, and TEST_MAIN runs them
 * in the order of their definitions. */
#ifndef TEST_GROUP_H
#define TEST_GROUP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/before_main.h"

enum { TEST_GROUP_MAX = 256 };
struct test_group {
    size_t count;
    struct CMUnitTest tests[TEST_GROUP_MAX];
    int lines[TEST_GROUP_MAX];
};
static struct test_group test_group;

static inline void test_group_is_full(void **state)
{
    fail_msg("this file has more than %d tests", TEST_GROUP_MAX);
}

/* In the order of the lines, because MinGW's start-up code runs the functions from last to first.
 * If there is no place for a test, the last one fails instead. */
static inline void test_group_add(int line, const struct CMUnitTest *tests, size_t count)
{
    struct test_group *group = &test_group;
    size_t at = group->count;
    if (count > TEST_GROUP_MAX - at) {
        group->tests[at - 1].test_func = test_group_is_full;
        return;
    }
    for (; at > 0 && group->lines[at - 1] > line; at--) {
        group->tests[at - 1 + count] = group->tests[at - 1];
        group->lines[at - 1 + count] = group->lines[at - 1];
    }
    for (size_t i = 0; i < count; i++) {
        group->tests[at + i] = tests[i];
        group->lines[at + i] = line;
    }
    group->count += count;
}

/* Defines a test: its body follows. The body is a function with these parameters, which is called
 * with these arguments, expressions of cmocka's `void **state`. The rows are TEST_ROW. */
#define TEST_OF(function, parameters, arguments, ...) \
    TEST_BY(function, parameters, function arguments, __VA_ARGS__)
/* The same with any call of the function. */
#define TEST_BY(function, parameters, call, ...)                            \
    static void function parameters;                                        \
    static void function##_test(void **state)                               \
    {                                                                       \
        (void)state;                                                        \
        call;                                                               \
    }                                                                       \
    TEST_BEFORE_MAIN(function##_registers)                                  \
    {                                                                       \
        static const struct CMUnitTest function##_rows[] = {__VA_ARGS__};   \
        test_group_add(__LINE__, function##_rows,                           \
                       sizeof function##_rows / sizeof function##_rows[0]); \
    }                                                                       \
    static void function parameters

#define TEST_ROW(name, function, begin, end, initial) \
    {                                                 \
        name, function##_test, begin, end, initial    \
    }

/* A test without a fixture. */
#define TEST(function) \
    TEST_OF(function, (void), (), TEST_ROW(#function, function, NULL, NULL, NULL))
#define TEST_WITH(function, begin, end) \
    TEST_OF(function, (void), (), TEST_ROW(#function, function, begin, end, NULL))

/* The main function. */
#define TEST_MAIN(name)                                                                       \
    int main(void)                                                                            \
    {                                                                                         \
        return test_group.count == 0 ? 2                                                      \
                                     : _cmocka_run_group_tests(name, test_group.tests,        \
                                                               test_group.count, NULL, NULL); \
    }

#endif
