/* program.c: the main function of a program with many tests; runs the test that its argument names.
 * CMake generates PROGRAM_TESTS, with a row X(NAME) for each test; the test's main is NAME_main. */
#include <stdio.h>
#include <string.h>

#define X(name) int name##_main(void);
#include PROGRAM_TESTS
#undef X

static const struct {
    const char *name;
    int (*run)(void);
} tests[] = {
#define X(name) {#name, name##_main},
#include PROGRAM_TESTS
#undef X
};

int main(int count, char **arguments)
{
    for (size_t i = 0; count == 2 && i < sizeof tests / sizeof tests[0]; i++) {
        if (strcmp(arguments[1], tests[i].name) == 0) {
            return tests[i].run();
        }
    }
    fprintf(stderr, "usage: %s TEST\nTEST is one of:\n", arguments[0]);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        fprintf(stderr, "  %s\n", tests[i].name);
    }
    return 2;
}
