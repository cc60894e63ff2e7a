/* traits.c: the facts of this POSIX system, a row for each that is known. */
#include "platform/posix/posix.h"

#include <sys/un.h>

/* What no other kernel than those of 4.4BSD's code does. */
#define ROW_OF_BSD                                                                 \
    .cut_send_loses_count = FERP_POSIX_DONTWAIT != 0, .reports_soft_errors = true, \
    .accept_inherits_nonblocking = true, /* accept(2); accept4(2) does not */      \
        .datagrams_share_by_reuse_port = true, .reconnect_drops_bound_addr = true, \
    .reconnect_chooses_addr_again = true, .connect_ignores_broadcast = true

#if FERP_FOUND_ON_LINUX

/* io_length_max: MAX_RW_COUNT; recv(2) and send(2) move no more. */
#define ROW                                                               \
    .reports_soft_errors = true, .unix_write_wait_misses_end = true,      \
    .has_abstract_unix_names = true, .io_length_max = (size_t)0x7ffff000, \
    .datagram_length_max = (size_t)0x7ffff000, .linger_seconds_max = INT_MAX

#elif FERP_FOUND && defined(__APPLE__)

/* io_length_max: a send of macOS' loopback is reported to wait for buffers of the interface, also
 * on a nonblocking socket, if more than about 256 KiB are in flight (ponyc, pull requests 5826 and
 * 5842). So a call of a stream moves as much as one on Windows. datagram_length_max: XNU, EINVAL
 * for more. linger_seconds_max: XNU stores ticks, 100 a second, in a short. */
#define ROW                                                                                  \
    ROW_OF_BSD, .shutdown_read_resets_on_data = true, .receive_leaks_handles = true,         \
                .accept_loses_zero_linger = true, .no_buffer_space_is_transient = true,      \
                .io_length_max = (size_t)128 * 1024, .datagram_length_max = (size_t)INT_MAX, \
                .linger_seconds_max = 327

#elif FERP_FOUND && defined(FERP_POSIX_BSD)

/* linger_seconds_max: FreeBSD, EDOM above USHRT_MAX. */
#ifdef __FreeBSD__
#define LOSES_ZERO_LINGER false
#else
#define LOSES_ZERO_LINGER true
#endif
#define ROW                                                                                      \
    ROW_OF_BSD, .close_hides_unread_input = true, .accept_loses_zero_linger = LOSES_ZERO_LINGER, \
                .io_length_max = (size_t)INT_MAX, .datagram_length_max = (size_t)INT_MAX,        \
                .linger_seconds_max = SHRT_MAX

#else

/* plain: a system that nobody here knows. Each fact is the one that is safe under both answers: it
 * costs calls, or a call fails where another system would succeed. Not so with those of a known
 * kernel, and with NO_BUFFER_SPACE, which is an error, and a shutdown, which wakes a poll. */
#define ROW                                                                         \
    .cut_send_loses_count = FERP_POSIX_DONTWAIT != 0, .reports_soft_errors = true,  \
    .accept_inherits_nonblocking = true, .accept_loses_zero_linger = true,          \
    .shutdown_read_resets_on_data = FERP_POSIX_IS_APPLE,                            \
    .receive_leaks_handles = FERP_POSIX_IS_APPLE, .close_hides_unread_input = true, \
    .reconnect_drops_bound_addr = true, .connect_ignores_broadcast = true,          \
    .unix_write_wait_misses_end = true, .io_length_max = (size_t)INT_MAX,           \
    .datagram_length_max = (size_t)INT_MAX, .linger_seconds_max = SHRT_MAX

#endif

/* 107; macOS and the BSDs: 103. Haiku's 125 and AIX' 1022 are more than a fer_unix_addr holds. */
#define SUN_PATH_CAP sizeof(((struct sockaddr_un *)0)->sun_path)
#define UNIX_PATH_MAX \
    ((SUN_PATH_CAP < FER_UNIX_ADDR_NAME_MAX ? SUN_PATH_CAP : FER_UNIX_ADDR_NAME_MAX) - 1)

const struct ferp_traits *ferp_traits(void)
{
    static const struct ferp_traits traits = {
        ROW, .io_waits_in_kernel = FERP_POSIX_DONTWAIT != 0, .unix_path_max = UNIX_PATH_MAX,
        .io_slices_max = FERP_POSIX_SLICES_MAX,
        /* Linux: tcp(7), MAX_TCP_KEEPIDLE. The other systems allow at least as much. */
        .keepalive_seconds_max = 32767, .keepalive_retries_max = 127, /* Linux: MAX_TCP_KEEPCNT */
    };
    return &traits;
}
