/* traits.c: the facts of Windows. */
#include "platform/winsock/winsock.h"

#include <limits.h>

/* The longest recv or send. Windows is reported to take a nonblocking send as a whole if any space
 * is free, or to fail with WSAENOBUFS (twisted#5094; pika#14: 100 MB; cherrypy#909: 18 MB; libzmq,
 * pull requests 1471: 5 to 7 MB, and 3297: recv too). Microsoft confirmed such failures of NT 4.0's
 * blocking sends of 3 MB, and recommends at most 64 KB (KB 201213). OpenJDK gives a WSASend or
 * WSARecv at most this length (libnio/ch/nio_util.h, MAX_BUFFER_SIZE), twisted 128 KiB
 * (FileDescriptor.SEND_LIMIT), Breezy 64 KiB (osutils.py, MAX_SOCKET_CHUNK). Of these the longest
 * needs the fewest calls, and core halves it after WSAENOBUFS (no_buffer_space_is_transient). */
#define IO_LENGTH_MAX ((size_t)128 * 1024 - 1)

static const struct ferp_traits winsock_traits = {
    .io_waits_in_kernel = false,
    .shutdown_read_resets_on_data = true,
    .close_hides_unread_input = false,
    .cut_send_loses_count = false, /* no send waits */
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
    /* <afunix.h>: UNIX_PATH_MAX is 108. */
    .unix_path_max = 107,
    .has_abstract_unix_names = false,
    .no_buffer_space_is_transient = true,
    /* recvfrom and sendto take an int. */
    .io_length_max = IO_LENGTH_MAX,
    .datagram_length_max = INT_MAX,
    .io_slices_max = FERP_WINSOCK_SLICES_MAX,
    /* struct linger stores a u_short. */
    .linger_seconds_max = USHRT_MAX,
    /* struct tcp_keepalive of <mstcpip.h> has milliseconds in a ULONG. */
    .keepalive_seconds_max = UINT32_MAX / 1000,
    /* "It is illegal to set TCP_KEEPCNT to a value greater than 255" ("IPPROTO_TCP socket options",
     * MSDN). */
    .keepalive_retries_max = 255};

const struct ferp_traits *ferp_traits(void)
{
    return &winsock_traits;
}
