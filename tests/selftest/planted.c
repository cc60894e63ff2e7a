/* planted.c: tests that pass, fail, crash, hang and are skipped: ferrule_selftest --check-runner
 * runs them, and CMakeLists.txt has the report that is expected. */
#include <stdlib.h>

#include "support/fixture.h"

RULE_TEST("X1", passes)
{
}

RULE_TEST("X1", fails)
{
    print_message("the user ada, /home-of/ada/x/file.c and C:\\ada\\other.c, core/*/a.c\n");
    assert_int_equal(1, 2);
}

/* cmocka catches the signal. */
RULE_TEST("X2", reads_the_null_pointer)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

RULE_TEST("X2", aborts)
{
    abort();
}

RULE_TEST("X3", hangs)
{
    for (;;) {
        peer_pause(1000);
    }
}

RULE_TEST("X3", leaves)
{
    exit(0);
}

RULE_TEST("X4", is_skipped)
{
    skip_because("it lacks something");
}

RULE_TEST("X5", aborts_at_the_end)
{
    abort();
}

RULE_TESTS("planted")
