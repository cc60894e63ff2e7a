/* os_sim.c: the simulated loopback, with no latency or a short one. */
#include <string.h>

#include "ferrule/sim.h"
#include "fidelity/fidelity.h"
#include "platform/platform.h"

enum { SIM_SOCKETS = 1024 };

/* Wine loses nothing by an early close. */
void os_start(enum fidelity_system system, uint64_t seed)
{
    bool winsock = system == FIDELITY_WINSOCK;
    fer_sim_config config;
    memset(&config, 0, sizeof config);
    config.dialect = winsock                    ? FER_SIM_DIALECT_WINSOCK
                     : system == FIDELITY_LINUX ? FER_SIM_DIALECT_POSIX
                                                : FER_SIM_DIALECT_BSD;
    config.bsd = system == FIDELITY_NETBSD  ? FER_SIM_BSD_NETBSD
                 : system == FIDELITY_MACOS ? FER_SIM_BSD_MACOS
                                            : FER_SIM_BSD_FREEBSD;
    config.seed = seed;
    config.max_sockets = SIM_SOCKETS;
    config.loopback_latency = fer_duration_from_micros(seed % 2 * 50);
    config.windows.partial_sends = winsock; /* Wine 8 */
    config.windows.keeps_early_closed_input = true;
    FER_IGNORE(fer_sim_start(&config));
}

const char *os_stop(void)
{
    fer_sim_report report;
    FER_IGNORE(fer_sim_stop(&report));
    return report.leaked_handles + report.leaked_waits + report.leaked_lookups > 0
               ? "something is left open"
               : NULL;
}

void os_wait_for_arrival(void)
{
    FER_IGNORE(fer_sim_advance(fer_duration_from_millis(1)));
}

bool os_is_simulated(void)
{
    return true;
}

bool os_has(enum fidelity_system system)
{
    return true;
}

bool os_has_arrived(fer_raw_socket raw, struct end *end, bool is_over)
{
    return true;
}

/* Uses the seam, because ferrule/sim.h has no function for it. */
void os_close(fer_raw_socket raw)
{
    ferp_close(raw);
}

bool os_is_queued(fer_raw_socket raw, int count)
{
    return true;
}

bool os_is_acceptable(fer_raw_socket raw)
{
    os_wait_for_arrival();
    return true;
}

bool os_yield(unsigned attempts)
{
    return false;
}
