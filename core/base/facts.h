/* facts.h: the operating system's facts (platform.h, ferp_traits), each read by one function with
 * the name of the fact. core branches on facts and never on a system. */
#ifndef FERI_FACTS_H
#define FERI_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/platform.h"

static inline bool feri_io_waits_in_kernel(void)
{
    return ferp_traits()->io_waits_in_kernel;
}

static inline bool feri_shutdown_read_resets_on_data(void)
{
    return ferp_traits()->shutdown_read_resets_on_data;
}

static inline bool feri_close_hides_unread_input(void)
{
    return ferp_traits()->close_hides_unread_input;
}

static inline bool feri_cut_send_loses_count(void)
{
    return ferp_traits()->cut_send_loses_count;
}

static inline bool feri_write_wait_misses_shutdown(void)
{
    return ferp_traits()->write_wait_misses_shutdown;
}

static inline bool feri_accept_inherits_nonblocking(void)
{
    return ferp_traits()->accept_inherits_nonblocking;
}

static inline bool feri_accept_loses_zero_linger(void)
{
    return ferp_traits()->accept_loses_zero_linger;
}

static inline bool feri_reuse_address_steals_ports(void)
{
    return ferp_traits()->reuse_address_steals_ports;
}

static inline bool feri_datagrams_share_by_reuse_port(void)
{
    return ferp_traits()->datagrams_share_by_reuse_port;
}

static inline bool feri_bind_denied_can_mean_in_use(void)
{
    return ferp_traits()->bind_denied_can_mean_in_use;
}

static inline bool feri_connect_would_block_means_started(void)
{
    return ferp_traits()->connect_would_block_means_started;
}

static inline bool feri_refused_connect_is_retried(void)
{
    return ferp_traits()->refused_connect_is_retried;
}

static inline bool feri_connect_error_comes_late(void)
{
    return ferp_traits()->connect_error_comes_late;
}

static inline bool feri_buffer_sizes_are_doubled(void)
{
    return ferp_traits()->buffer_sizes_are_doubled;
}

static inline bool feri_reconnect_drops_bound_addr(void)
{
    return ferp_traits()->reconnect_drops_bound_addr;
}

static inline bool feri_datagram_limit_is_send_buffer(void)
{
    return ferp_traits()->datagram_limit_is_send_buffer;
}

static inline bool feri_poller_has_edges(void)
{
    return ferp_traits()->poller_has_edges;
}

static inline size_t feri_unix_path_max(void)
{
    return ferp_traits()->unix_path_max;
}

static inline bool feri_has_abstract_unix_names(void)
{
    return ferp_traits()->has_abstract_unix_names;
}

static inline bool feri_no_buffer_space_passes(void)
{
    return ferp_traits()->no_buffer_space_passes;
}

static inline size_t feri_io_length_max(void)
{
    return ferp_traits()->io_length_max;
}

static inline size_t feri_datagram_length_max(void)
{
    return ferp_traits()->datagram_length_max;
}

static inline size_t feri_io_slices_max(void)
{
    return ferp_traits()->io_slices_max;
}

static inline uint32_t feri_linger_seconds_max(void)
{
    return ferp_traits()->linger_seconds_max;
}

static inline uint32_t feri_keepalive_seconds_max(void)
{
    return ferp_traits()->keepalive_seconds_max;
}

static inline uint32_t feri_keepalive_retries_max(void)
{
    return ferp_traits()->keepalive_retries_max;
}

#endif
