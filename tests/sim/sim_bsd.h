/* sim_bsd.h: the tests of the BSD dialect: each runs on the four systems, with the system as its
 * state. */
#ifndef SIM_BSD_H
#define SIM_BSD_H

#include "sim/sim_raw.h"

static fer_sim_bsd bsd_macos = FER_SIM_BSD_MACOS;
static fer_sim_bsd bsd_freebsd = FER_SIM_BSD_FREEBSD;
static fer_sim_bsd bsd_netbsd = FER_SIM_BSD_NETBSD;
static fer_sim_bsd bsd_openbsd = FER_SIM_BSD_OPENBSD;
static fer_sim_bsd bsd_system;

#define BSD_ROW(function, words, begin, system) \
    TEST_ROW(#function " " words, function, begin, sim_end, system)
/* On the four systems, in a simulation that is started, or that the body starts. */
#define BSD_TEST(function) BSD_TEST_OF(function, (void), (), bsd_start)
#define BSD_CONFIG_TEST(function) BSD_TEST_OF(function, (void), (), bsd_choose)
#define BSD_TEST_OF(function, parameters, arguments, begin)                                   \
    TEST_OF(function, parameters, arguments, BSD_ROW(function, "[macOS]", begin, &bsd_macos), \
            BSD_ROW(function, "[FreeBSD]", begin, &bsd_freebsd),                              \
            BSD_ROW(function, "[NetBSD]", begin, &bsd_netbsd),                                \
            BSD_ROW(function, "[OpenBSD]", begin, &bsd_openbsd))

/* Sets of systems, for what is true of some of them. */
enum {
    ON_MACOS = 1 << FER_SIM_BSD_MACOS,
    ON_FREEBSD = 1 << FER_SIM_BSD_FREEBSD,
    ON_NETBSD = 1 << FER_SIM_BSD_NETBSD,
    ON_OPENBSD = 1 << FER_SIM_BSD_OPENBSD,
    ON_ALL_BSD = ON_MACOS | ON_FREEBSD | ON_NETBSD | ON_OPENBSD
};

static inline int bsd_choose(void **state)
{
    bsd_system = *(const fer_sim_bsd *)*state;
    has_raw_sockets = true;
    return 0;
}

static inline bool is_on(int systems)
{
    return (systems >> bsd_system & 1) != 0;
}

static inline fer_sim_config bsd_config(void)
{
    return (fer_sim_config){.dialect = FER_SIM_DIALECT_BSD, .bsd = bsd_system};
}

#define bsd_begin_of(...) \
    sim_begin_with((fer_sim_config){.dialect = FER_SIM_DIALECT_BSD, .bsd = bsd_system, __VA_ARGS__})

static inline void bsd_begin(void)
{
    sim_begin_with(bsd_config());
}

static inline int bsd_start(void **state)
{
    (void)bsd_choose(state);
    bsd_begin();
    return 0;
}

#endif
