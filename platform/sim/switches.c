/* switches.c: the table of the BSD dialect's switches. Sources: XNU 11417 (macOS 15.4), FreeBSD 13,
 * NetBSD 7 and OpenBSD 7, each by file and function at its switch in switches.h. */
#include "platform/sim/network.h"

static const ferp_sim_switches bsd_switches[] = {
    [FER_SIM_MACOS] =
        {
            .error_precedes_end = true,
            .send_after_reset_is_epipe = true,
            .reset_after_end_is_econnreset = true,
            .peek_keeps_error = true,
            .unix_close_is_orderly = true,
            .unix_shut_read_is_hidden = true,
            .unix_shut_read_discards = true,
            .ended_options_fail = true,
            .failed_connect_is_final = true,
            .port_0_is_unavailable = true,
            .bound_port_drops_syn = true,
            .connect_ends_after_75_s = true,
            .dual_stack_beside_ipv4 = true,
            .scopeless_bind_is_unavailable = true,
            .backlog_0_is_largest = true,
            .backlog_max = 128,
            .queue_halves = 2,
            .queue_is_exact = true,
            .accept_inherits_nonblocking = true,
            .accept_drops_timeouts = true,
            .accepted_linger_zero_is_120s = true,
            .accept_drops_on_emfile = true,
            .queued_reset_v6_is_aborted = true,
            .unix_full_queue_refuses = true,
            .poller_errors_without_code = true,
        },
    [FER_SIM_FREEBSD] =
        {
            .error_precedes_end = true,
            .send_after_reset_is_epipe = true,
            .reset_after_end_is_econnreset = true,
            .peek_keeps_error = true,
            .close_discards_input = true,
            .unix_close_is_orderly = true,
            .unix_shut_read_is_hidden = true,
            .failed_connect_is_final = true,
            .failed_connect_is_refused = true,
            .port_0_is_unavailable = true,
            .connect_ends_after_75_s = true,
            .dual_stack_beside_ipv4 = true,
            .scopeless_bind_is_unavailable = true,
            .backlog_max = 128,
            .queue_halves = 3,
            .accepted_linger_zero_is_120s = true,
            .queued_reset_is_aborted = true,
            .unix_full_queue_refuses = true,
            .poller_errors_without_code = true,
        },
    [FER_SIM_NETBSD] =
        {
            .error_precedes_end = true,
            .send_after_reset_is_epipe = true,
            .reset_after_end_is_econnreset = true,
            .peek_keeps_error = true,
            .close_discards_input = true,
            .unix_close_is_orderly = true,
            .unix_shut_read_is_hidden = true,
            .shutdown_dead_is_einval = true,
            .failed_connect_is_final = true,
            .port_0_is_unavailable = true,
            .bound_port_drops_syn = true,
            .connect_ends_after_75_s = true,
            .scopeless_bind_is_unavailable = true,
            .backlog_max = 128,
            .queue_halves = 3,
            .accepted_linger_zero_is_120s = true,
            .queued_reset_is_aborted = true,
            .unix_full_queue_refuses = true,
            .poller_errors_without_code = true,
        },
    [FER_SIM_OPENBSD] =
        {
            .error_precedes_end = true,
            .send_after_reset_is_epipe = true,
            .reset_after_end_is_econnreset = true,
            .peek_keeps_error = true,
            .close_discards_input = true,
            .unix_close_is_orderly = true,
            .unix_shut_read_is_hidden = true,
            .shutdown_dead_is_einval = true,
            .failed_connect_is_final = true,
            .port_0_is_unavailable = true,
            .wildcard_destination_is_einval = true,
            .bound_port_drops_syn = true,
            .connect_ends_after_75_s = true,
            .no_dual_stack = true,
            .scopeless_bind_is_unavailable = true,
            .backlog_min = 80,
            .backlog_max = 128,
            .queue_halves = 6,
            .accepted_linger_zero_is_120s = true,
            .queued_reset_is_aborted = true,
            .unix_full_queue_refuses = true,
            .poller_errors_without_code = true,
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
