/* sim_bsd.h: the tests of the BSD dialect: each runs on the four systems, with the system as its
 * state. */
#ifndef SIM_BSD_H
#define SIM_BSD_H

#include "sim/sim_raw.h"

/* On the four systems, in a simulation that is started, or that the body starts. */
#define BSD_TEST(function) BSD_TEST_OF(function, (void), (), sim_start)
#define BSD_CONFIG_TEST(function) BSD_TEST_OF(function, (void), (), sim_choose)
#define BSD_TEST_OF(function, parameters, arguments, begin)                              \
    TEST_OF(function, parameters, arguments,                                             \
            TEST_ROW(#function " [macOS]", function, begin, sim_end, &sim_systems[2]),   \
            TEST_ROW(#function " [FreeBSD]", function, begin, sim_end, &sim_systems[3]), \
            TEST_ROW(#function " [NetBSD]", function, begin, sim_end, &sim_systems[4]),  \
            TEST_ROW(#function " [OpenBSD]", function, begin, sim_end, &sim_systems[5]))

/* Sets of systems, for what is true of some of them. */
enum {
    ON_MACOS = 1 << FER_SIM_BSD_MACOS,
    ON_FREEBSD = 1 << FER_SIM_BSD_FREEBSD,
    ON_NETBSD = 1 << FER_SIM_BSD_NETBSD,
    ON_OPENBSD = 1 << FER_SIM_BSD_OPENBSD
};

static inline bool is_on(int systems)
{
    return (systems >> sim_system.bsd & 1) != 0;
}

#endif
