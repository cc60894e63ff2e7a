/* traits.c: the facts of Windows. */
#include "platform/winsock/winsock.h"

#include <limits.h>

static const struct ferp_traits winsock_traits = {
    .io_waits_in_kernel = false,
    .shutdown_read_resets_on_data = true,
    .close_hides_unread_input = false,
    .write_wait_misses_shutdown = true,
    .accept_inherits_nonblocking = true,
    .reuse_address_steals_ports = true,
    .bind_denied_can_mean_in_use = true,
    .connect_would_block_means_started = true,
    .refused_connect_is_retried = true,
    .connect_error_comes_late = true,
    .buffer_sizes_are_doubled = false,
    .datagram_limit_is_send_buffer = false,
    .poller_has_edges = false,
    /* <afunix.h>: UNIX_PATH_MAX is 108. */
    .unix_path_max = 107,
    .has_abstract_unix_names = false,
    /* recv and send take an int. WSARecv has no documented limit of buffers; 1024 is IOV_MAX on
     * other systems, and Wine's limit. */
    .io_length_max = INT_MAX,
    .io_slices_max = 1024,
    /* struct linger stores a u_short. */
    .linger_seconds_max = USHRT_MAX,
    /* SIO_KEEPALIVE_VALS takes milliseconds in a ULONG ("SIO_KEEPALIVE_VALS control code",
     * MSDN). */
    .keepalive_seconds_max = UINT32_MAX / 1000,
    /* "It is illegal to set TCP_KEEPCNT to a value greater than 255" ("IPPROTO_TCP socket options",
     * MSDN). */
    .keepalive_retries_max = 255};

const struct ferp_traits *ferp_traits(void)
{
    return &winsock_traits;
}
