/* switches.c: the table of the BSD dialect's switches. Sources: XNU 11417 (macOS 15.4), FreeBSD 13,
 * NetBSD 7 and OpenBSD 7, each by file and function at its switch in switches.h. */
#include "platform/sim/network.h"

static const ferp_sim_switches bsd_switches[] = {
    [FER_SIM_MACOS] =
        {
            .poller_errors_without_code = true,
            .unix_full_queue_refuses = true,
        },
    [FER_SIM_FREEBSD] =
        {
            .poller_errors_without_code = true,
            .unix_full_queue_refuses = true,
        },
    [FER_SIM_NETBSD] =
        {
            .poller_errors_without_code = true,
            .unix_full_queue_refuses = true,
        },
    [FER_SIM_OPENBSD] =
        {
            .poller_errors_without_code = true,
            .unix_full_queue_refuses = true,
        },
};

static const ferp_sim_switches none;

const ferp_sim_switches *ferp_sim_switches_of(const fer_sim_config *config)
{
    return config->dialect == FER_SIM_BSD ? &bsd_switches[config->bsd] : &none;
}

const ferp_sim_switches *ferp_sim_switches_for(const ferp_sim_network *network,
                                               const ferp_sim_socket *socket)
{
    return socket->is_peer ? &none : network->switches;
}
