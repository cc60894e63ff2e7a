/* probes_planted.c: the same for probes; see planted.c. */
#include "selftest/probe.h"

PROBE("X6", is_the_same, POSIX("a, 1"), "a, 1")
{
    answer("a");
    answer("%d", 1);
    note("not compared");
}

PROBE("X6", differs, POSIX("a"), "a")
{
    answer("b");
}

PROBE("X6", is_only_seen, NULL)
{
    answer("c");
}

PROBE("X6", is_absent, POSIX("a"), "a")
{
    answer("a");
    need(false, "there is no %s", "such thing");
}

PROBE("X6", fails, POSIX("a"), "a")
{
    fail();
}

RULE_TESTS("probes_planted")
