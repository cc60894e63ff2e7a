/* test_scripted_poller.c: */
#include "unit/winsock_script.h"

TEST(nothing)
{
}

TEST_MAIN("scripted_poller")
