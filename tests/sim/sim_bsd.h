/* sim_bsd.h: the tests of the BSD dialect: each runs on the four systems, with the system as its
 * state. */
#ifndef SIM_BSD_H
#define SIM_BSD_H

#include "sim/sim_raw.h"

static fer_sim_bsd bsd_macos = FER_SIM_BSD_MACOS;
static fer_sim_bsd bsd_freebsd = FER_SIM_BSD_FREEBSD;
static fer_sim_bsd bsd_netbsd = FER_SIM_BSD_NETBSD;
static fer_sim_bsd bsd_openbsd = FER_SIM_BSD_OPENBSD;

#define BSD_TEST(function, words, system)                      \
    {                                                          \
#function " " words, function, NULL, sim_end, (system) \
    }
#define BSD_TESTS(function)                                                                   \
    BSD_TEST(function, "[macOS]", &bsd_macos), BSD_TEST(function, "[FreeBSD]", &bsd_freebsd), \
        BSD_TEST(function, "[NetBSD]", &bsd_netbsd), BSD_TEST(function, "[OpenBSD]", &bsd_openbsd)

/* Sets of systems, for what is true of some of them. */
enum {
    ON_MACOS = 1 << FER_SIM_BSD_MACOS,
    ON_FREEBSD = 1 << FER_SIM_BSD_FREEBSD,
    ON_NETBSD = 1 << FER_SIM_BSD_NETBSD,
    ON_OPENBSD = 1 << FER_SIM_BSD_OPENBSD,
    ON_ALL_BSD = ON_MACOS | ON_FREEBSD | ON_NETBSD | ON_OPENBSD
};

static inline bool is_on(void **state, int systems)
{
    return (systems >> *(const fer_sim_bsd *)*state & 1) != 0;
}

static inline fer_sim_config bsd_config(void **state)
{
    fer_sim_config config;
    memset(&config, 0, sizeof config);
    config.dialect = FER_SIM_DIALECT_BSD;
    config.bsd = *(const fer_sim_bsd *)*state;
    return config;
}

static inline void bsd_begin(void **state)
{
    sim_begin_with(bsd_config(state));
}

#endif
