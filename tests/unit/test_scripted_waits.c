/* test_scripted_waits.c: */
#include "unit/winsock_script.h"

TEST(nothing)
{
}

TEST_MAIN("scripted_waits")
