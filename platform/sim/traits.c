/* traits.c: the facts of the current dialect. They equal those of platform/posix/traits.c on Linux
 * and on each system of the BSD dialect, and of platform/winsock/traits.c, so that core takes the
 * same branches as there. */
#include "platform/sim/network.h"

static const struct ferp_traits linux_traits = {
    .io_waits_in_kernel = true,
    .shutdown_read_resets_on_data = false,
    .receive_leaks_handles = false,
    .close_hides_unread_input = false,
    .cut_send_loses_count = false,
    .write_wait_misses_shutdown = false,
    .unix_write_wait_misses_end = true,
    .accept_inherits_nonblocking = false,
    .accept_loses_zero_linger = false,
    .reuse_address_steals_ports = false,
    .datagrams_share_by_reuse_port = false,
    .bind_denied_can_mean_in_use = false,
    .connect_would_block_means_started = false,
    .connect_error_comes_late = false,
    .reports_soft_errors = true,
    .reconnect_drops_bound_addr = false,
    .reconnect_chooses_addr_again = false,
    .connect_ignores_broadcast = false,
    .unix_path_max = 107,
    .has_abstract_unix_names = true,
    .no_buffer_space_is_transient = false,
    .io_length_max = 0x7ffff000,
    .datagram_length_max = 0x7ffff000,
    .io_slices_max = 1024,
    .linger_seconds_max = INT32_MAX,
    .keepalive_seconds_max = 32767,
    .keepalive_retries_max = 127,
};

static const struct ferp_traits windows_traits = {
    .io_waits_in_kernel = false,
    .shutdown_read_resets_on_data = true,
    .receive_leaks_handles = false,
    .close_hides_unread_input = false,
    .cut_send_loses_count = false,
    .write_wait_misses_shutdown = true,
    .unix_write_wait_misses_end = false,
    .accept_inherits_nonblocking = true,
    .accept_loses_zero_linger = false,
    .reuse_address_steals_ports = true,
    .datagrams_share_by_reuse_port = false,
    .bind_denied_can_mean_in_use = true,
    .connect_would_block_means_started = true,
    .connect_error_comes_late = true,
    .reports_soft_errors = false,
    .reconnect_drops_bound_addr = false,
    .reconnect_chooses_addr_again = false,
    .connect_ignores_broadcast = true,
    .unix_path_max = 107,
    .has_abstract_unix_names = false,
    .no_buffer_space_is_transient = true,
    .io_length_max = FERP_SIM_WINDOWS_IO_LENGTH_MAX,
    .datagram_length_max = INT32_MAX,
    .io_slices_max = 1024,
    .linger_seconds_max = UINT16_MAX,
    .keepalive_seconds_max = UINT32_MAX / 1000,
    .keepalive_retries_max = 255,
};

/* The facts that the systems of the BSD dialect share, and then those of one system. */
#define BSD_TRAITS(...)                                                                           \
    {                                                                                             \
        .io_waits_in_kernel = true, .cut_send_loses_count = true,                                 \
        .write_wait_misses_shutdown = false, .unix_write_wait_misses_end = false,                 \
        .accept_inherits_nonblocking = true, .reuse_address_steals_ports = false,                 \
        .datagrams_share_by_reuse_port = true, .bind_denied_can_mean_in_use = false,              \
        .connect_would_block_means_started = false, .connect_error_comes_late = false,            \
        .reports_soft_errors = true, .reconnect_drops_bound_addr = true,                          \
        .reconnect_chooses_addr_again = true, .connect_ignores_broadcast = true,                  \
        .unix_path_max = 103, .has_abstract_unix_names = false, .datagram_length_max = INT32_MAX, \
        .io_slices_max = 1024, .keepalive_seconds_max = 32767, .keepalive_retries_max = 127,      \
        __VA_ARGS__                                                                               \
    }

/* The facts that macOS does not share with the others. */
#define OTHER_BSD_TRAITS(...)                                                           \
    BSD_TRAITS(.shutdown_read_resets_on_data = false, .receive_leaks_handles = false,   \
               .close_hides_unread_input = true, .no_buffer_space_is_transient = false, \
               .io_length_max = INT32_MAX, .linger_seconds_max = INT16_MAX, __VA_ARGS__)

static const struct ferp_traits bsd_traits[] = {
    [FER_SIM_BSD_MACOS] =
        BSD_TRAITS(.shutdown_read_resets_on_data = true, .receive_leaks_handles = true,
                   .close_hides_unread_input = false, .no_buffer_space_is_transient = true,
                   .io_length_max = (size_t)128 * 1024, .linger_seconds_max = 327,
                   .accept_loses_zero_linger = true),
    [FER_SIM_BSD_FREEBSD] = OTHER_BSD_TRAITS(.accept_loses_zero_linger = false),
    [FER_SIM_BSD_NETBSD] = OTHER_BSD_TRAITS(.accept_loses_zero_linger = true),
    [FER_SIM_BSD_OPENBSD] = OTHER_BSD_TRAITS(.accept_loses_zero_linger = true),
};

const struct ferp_traits *ferp_traits(void)
{
    const ferp_sim_network *network = ferp_sim_current();
    switch (network != NULL ? network->config.dialect : FER_SIM_DIALECT_POSIX) {
    case FER_SIM_DIALECT_WINSOCK: return &windows_traits;
    case FER_SIM_DIALECT_BSD: return &bsd_traits[network->config.bsd];
    case FER_SIM_DIALECT_POSIX:
    default: return &linux_traits;
    }
}
