/* switches.c: the switches of the BSD and Winsock dialects. Sources: XNU 11417 (macOS 15.4),
 * FreeBSD 13, NetBSD 7 and OpenBSD 7, each by file and function at its switch in switches.h. */
#include "platform/sim/network.h"

/* The features of datagram sockets that the systems of the BSD dialect lack. */
#define LACKED (FER_UDP_COALESCING | FER_UDP_DROPS | FER_UDP_SEGMENTING)

/* The switches that the systems of the BSD dialect share, and then those of one system. */
#define BSD_SWITCHES(...)                                                                         \
    {                                                                                             \
        .error_precedes_end = true, .send_after_reset_is_epipe = true,                            \
        .reset_after_end_is_econnreset = true, .peek_keeps_error = true,                          \
        .shut_read_discards_input = true, .unix_close_is_orderly = true,                          \
        .unix_closed_peer_has_no_name = true, .unix_shut_read_is_hidden = true,                   \
        .unix_write_end_is_polled = true, .unix_read_ends_before_handles = true,                  \
        .shut_both_disconnects = true, .failed_connect_is_final = true,                           \
        .port_0_is_unavailable = true, .connect_ends_after_75_s = true, .binds_by_address = true, \
        .broadcast_bind_is_unavailable = true, .scopeless_bind_is_unavailable = true,             \
        .owns_one_loopback_address = true, .backlog_max = 128,                                    \
        .send_to_connected_is_eisconn = true, .udp_reconnect_unbinds = true,                      \
        .udp_send_buffer_is_limit = true, .lacks_path_mtu_v4 = true, .lacks_sent_ttl = true,      \
        .unix_full_datagrams = true, .unix_peer_close_is_econnreset = true,                       \
        .unix_connected_hears_all = true, .unix_reconnect_keeps_queue = true,                     \
        .unix_full_queue_refuses = true, .poller_ignores_never_connected = true,                  \
        .poller_errors_without_code = true, .poller_forgets_closed_numbers = true, __VA_ARGS__    \
    }

/* The switches that macOS does not share with the others. */
#define OTHER_BSD_SWITCHES(...)                                                        \
    BSD_SWITCHES(.close_discards_input = true, .queued_reset_is_aborted = true,        \
                 .lacks_user_timeout = true, .unix_datagram_to_shut_is_enobufs = true, \
                 __VA_ARGS__)

static const ferp_sim_switches bsd_switches[] = {
    [FER_SIM_BSD_MACOS] =
        BSD_SWITCHES(.lacks_udp_features = LACKED | FER_UDP_BATCHING, .lacks_protocol = true,
                     .poller_is_kqueue = true, .second_report_ends_connect = true,
                     .lacks_mapped_ttl = true, .mapped_peer_is_plain = true,
                     .lacks_ipv4_groups_of_ipv6 = true, .keeps_filter_mode = true,
                     .sends_files_until_an_error = true, .user_timeout_is_in_seconds = true,
                     .multicast_if_v6_stays = true, .urgent_is_not_polled = true,
                     .shut_read_is_once_and_drops_timeout = true, .shut_read_resets_on_input = true,
                     .receive_leaks_handles = true, .full_queue_drops_unfinished = true,
                     .unix_full_datagrams_are_polled = true, .unix_shut_read_discards = true,
                     .shutdown_dead_does_nothing = true, .ended_options_fail = true,
                     .self_connect_is_einval = true, .group_stream_is_eafnosupport = true,
                     .eai_noname_is_8 = true, .keepalive_retries = 8, .bound_port_drops_syn = true,
                     .dual_stack_beside_ipv4 = true, .backlog_0_is_largest = true,
                     .queue_halves = 2, .unix_queue_halves = 2, .queue_is_exact = true,
                     .accept_inherits_nonblocking = true, .accept_drops_timeouts = true,
                     .accepted_linger_zero_is_120s = true, .queued_reset_v6_is_aborted = true,
                     .unix_datagram_to_shut_is_einval = true,
                     .unconnected_shutdown_is_enotconn = true, .unconnected_shutdown_fails = true),
    [FER_SIM_BSD_FREEBSD] =
        OTHER_BSD_SWITCHES(.lacks_udp_features = LACKED | FER_UDP_BATCHING,
                           .poller_is_kqueue = true, .second_report_ends_connect = true,
                           .lacks_interface_v4 = true, .bound_source_is_einval = true,
                           .mapped_peer_is_plain = true, .lacks_ipv4_groups_of_ipv6 = true,
                           .keeps_filter_mode = true, .sends_files_until_an_error = true,
                           .other_loopback_status = FERP_SIM_EADDRNOTAVAIL, .eai_noname_is_8 = true,
                           .shutdown_dead_does_nothing = true, .dead_tcp_options_fail = true,
                           .time_wait_is_dead = true, .keepalive_retries = 8,
                           .failed_connect_is_refused = true, .group_stream_is_eafnosupport = true,
                           .dual_stack_beside_ipv4 = true, .queue_halves = 3,
                           .unix_queue_halves = 3, .full_queue_resets = true,
                           .unconnected_shutdown_is_enotconn = true),
    [FER_SIM_BSD_NETBSD] =
        OTHER_BSD_SWITCHES(.lacks_udp_features = LACKED | FER_UDP_BATCHING, .lacks_ecn_v4 = true,
                           .lacks_dont_fragment_v4 = true, .lacks_protocol = true,
                           .group_reaches_all = true, .lacks_sources = true,
                           .other_loopback_status = FERP_SIM_ENETUNREACH, .eai_noname_is_8 = true,
                           .shutdown_dead_is_einval = true, .dead_options_fail = true,
                           .local_name_of_dead_is_einval = true, .hides_keepalive_fields = true,
                           .keepalive_retries = 8, .bound_port_drops_syn = true,
                           .dual_stack_beside_ipv4 = true, .separates_ip_versions = true,
                           .queue_halves = 2, .unix_queue_halves = 3,
                           .accepted_linger_zero_is_120s = true),
    [FER_SIM_BSD_OPENBSD] =
        OTHER_BSD_SWITCHES(.lacks_udp_features = LACKED | FER_UDP_BATCHING,
                           .lacks_interface_v4 = true, .connected_source_is_einval = true,
                           .lacks_ecn_v4 = true, .lacks_dont_fragment_v4 = true,
                           .shutdown_dead_is_einval = true, .dead_tcp_options_fail = true,
                           .dead_ip_options_fail = true, .lacks_dual_stack = true,
                           .local_name_of_dead_is_einval = true, .lacks_keepalive_fields = true,
                           .wildcard_destination_is_einval = true, .broadcast_datagrams_bind = true,
                           .network_broadcast_binds_datagrams_only = true,
                           .other_loopback_status = FERP_SIM_ENETUNREACH, .group_reaches_all = true,
                           .lacks_sources = true, .lacks_ipv4_groups_of_ipv6 = true,
                           .bound_port_drops_syn = true, .buffer_of_ended_half_is_einval = true,
                           .backlog_min = 80, .queue_halves = 2, .unix_queue_halves = 6,
                           .accepted_linger_zero_is_120s = true),
};

static const ferp_sim_switches winsock_switches = {.lacks_interface_v4 = true};
static const ferp_sim_switches none;

const ferp_sim_switches *ferp_sim_switches_of(const fer_sim_config *config)
{
    switch (config->dialect) {
    case FER_SIM_DIALECT_BSD: return &bsd_switches[config->bsd];
    case FER_SIM_DIALECT_WINSOCK: return &winsock_switches;
    default: return &none;
    }
}

const ferp_sim_switches *ferp_sim_switches_for(const ferp_sim_network *network,
                                               const ferp_sim_socket *socket)
{
    return socket->is_peer ? &none : network->switches;
}
