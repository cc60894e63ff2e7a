/* traits.c: the facts of this POSIX system. */
#include "platform/posix/posix.h"

#include <limits.h>
#include <sys/un.h>

#if defined(__linux__)
/* MAX_RW_COUNT: recv(2) and send(2) move no more. */
#define FERP_POSIX_IO_LENGTH_MAX ((size_t)0x7ffff000)
#define FERP_POSIX_LINGER_MAX INT_MAX
#elif defined(__APPLE__)
/* A send of macOS' loopback is reported to wait for buffers of the interface, also on a nonblocking
 * socket, if more than about 256 KiB are in flight (ponyc, pull requests 5826 and 5842). So a call
 * of a stream moves as much as one on Windows. */
#define FERP_POSIX_IO_LENGTH_MAX ((size_t)128 * 1024)
/* XNU: EINVAL for more. */
#define FERP_POSIX_DATAGRAM_LENGTH_MAX ((size_t)INT_MAX)
/* XNU stores ticks, 100 a second, in a short. */
#define FERP_POSIX_LINGER_MAX 327
#else
#define FERP_POSIX_IO_LENGTH_MAX ((size_t)INT_MAX)
/* FreeBSD: EDOM above USHRT_MAX. */
#define FERP_POSIX_LINGER_MAX SHRT_MAX
#endif

#ifndef FERP_POSIX_DATAGRAM_LENGTH_MAX
#define FERP_POSIX_DATAGRAM_LENGTH_MAX FERP_POSIX_IO_LENGTH_MAX
#endif

#ifdef __linux__
#define FERP_POSIX_HAS_ABSTRACT_NAMES true
#else
#define FERP_POSIX_HAS_ABSTRACT_NAMES false
#endif

#ifdef __linux__
#define FERP_POSIX_UNIX_POLL_MISSES_END true
#else
#define FERP_POSIX_UNIX_POLL_MISSES_END false
#endif

#if defined(FERP_POSIX_BSD) && !defined(__FreeBSD__)
#define FERP_POSIX_LOSES_ZERO_LINGER true
#else
#define FERP_POSIX_LOSES_ZERO_LINGER false
#endif

const struct ferp_traits *ferp_traits(void)
{
    static const struct ferp_traits traits = {
        .io_waits_in_kernel = true,
        .shutdown_read_resets_on_data = FERP_POSIX_IS_APPLE,
        .receive_leaks_handles = FERP_POSIX_IS_APPLE,
        .close_hides_unread_input = FERP_POSIX_IS_BSD && !FERP_POSIX_IS_APPLE,
        .cut_send_loses_count = FERP_POSIX_IS_BSD,
        .write_wait_misses_shutdown = false,
        .unix_write_wait_misses_end = FERP_POSIX_UNIX_POLL_MISSES_END,
        .accept_inherits_nonblocking = FERP_POSIX_IS_BSD, /* accept(2); accept4(2) does not */
        .accept_loses_zero_linger = FERP_POSIX_LOSES_ZERO_LINGER,
        .reuse_address_steals_ports = false,
        .datagrams_share_by_reuse_port = FERP_POSIX_IS_BSD,
        .bind_denied_can_mean_in_use = false,
        .connect_would_block_means_started = false,
        .connect_error_comes_late = false,
        .reports_soft_errors = true,
        .reconnect_drops_bound_addr = FERP_POSIX_IS_BSD,
        .connect_ignores_broadcast = FERP_POSIX_IS_BSD,
        /* macOS and FreeBSD: net.inet.udp.maxdgram, 9216. */
        .poller_has_edges = FERP_POSIX_POLLER != FERP_POSIX_POLLER_POLL,
        .poller_has_priority = FERP_POSIX_POLLER != FERP_POSIX_POLLER_KQUEUE,
        .poller_has_read_closed =
            FERP_POSIX_POLLER != FERP_POSIX_POLLER_KQUEUE && FERP_POSIX_POLLRDHUP != 0,
        /* 107; macOS and the BSDs: 103. */
        .unix_path_max = sizeof((struct sockaddr_un *)0)->sun_path - 1,
        .has_abstract_unix_names = FERP_POSIX_HAS_ABSTRACT_NAMES,
        .no_buffer_space_is_transient = FERP_POSIX_IS_APPLE,
        .io_length_max = FERP_POSIX_IO_LENGTH_MAX,
        .datagram_length_max = FERP_POSIX_DATAGRAM_LENGTH_MAX,
        .io_slices_max = FERP_POSIX_SLICES_MAX,
        .linger_seconds_max = FERP_POSIX_LINGER_MAX,
        /* Linux: tcp(7), MAX_TCP_KEEPIDLE. The other systems allow at least as much. */
        .keepalive_seconds_max = 32767,
        .keepalive_retries_max = 127, /* Linux: MAX_TCP_KEEPCNT */
    };
    return &traits;
}
