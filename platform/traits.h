/* traits.h: facts of this system, true of every installation. core tries everything that depends on
 * a version or a configuration, and handles the error. */
#ifndef FERP_TRAITS_H
#define FERP_TRAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ferp_traits {
    /* A blocking recv, send, accept or connect waits inside the call, timeouts included (POSIX). If
     * false, every socket is nonblocking from its creation and core waits (Windows: a call that
     * times out or is cancelled in the kernel loses its count). */
    bool io_waits_in_kernel;
    /* After shutdown of the read half, queued or arriving data resets a connection of IP (Windows:
     * "shutdown function", MSDN), or arriving data alone (macOS: tcp_input, SS_CANTRCVMORE). core
     * then marks the end of the read half, and waits for input in slices. */
    bool shutdown_read_resets_on_data;
    bool receive_leaks_handles; /* without FERP_UNIX, those that a Unix stream receives (macOS) */
    /* close with unread input closes the connection without a reset, so the peer cannot detect the
     * discarded bytes (the BSDs: soclose discards them and sends FIN). Linux, Windows and macOS
     * since 10.13.2 (XNU, tcp_disconnect) send a reset, as RFC 1122, 4.2.2.13, requires. */
    bool close_hides_unread_input;
    /* A send that is cut off while it waits fails without the count of the bytes it moved, unless a
     * signal or its timeout ended it (FreeBSD, sys/kern/uipc_syscalls.c, kern_sendit; NetBSD,
     * do_sys_sendmsg_so; XNU, sendit). A stream's sends then never wait in the kernel: core makes
     * them with FERP_DONTWAIT and waits. A send that fails otherwise may have moved bytes too:
     * these systems queue them before tcp_output, which returns the EPERM or EACCES of a firewall
     * (tcp_usr_send, tcp_output): PERMISSION_DENIED ends the stream. Needs io_waits_in_kernel. */
    bool cut_send_loses_count;
    /* shutdown does not wake a thread that waits to write (Windows: select does not return). */
    bool write_wait_misses_shutdown;
    /* The same of Unix sockets, and of the peer's shutdown of its read half, while the peer's queue
     * is full (Linux: unix_poll, unix_dgram_poll). */
    bool unix_write_wait_misses_end;
    /* accept inherits the listener's nonblocking mode (macOS, the BSDs: accept(2); Windows). */
    bool accept_inherits_nonblocking;
    /* An accepted socket inherits the listener's linger time, but 120 seconds instead of zero
     * (macOS, NetBSD, OpenBSD: tcp_usr_attach, sys/netinet/tcp_usrreq.c). FreeBSD inherits
     * SO_LINGER after that (sonewconn). */
    bool accept_loses_zero_linger;
    /* With SO_REUSEADDR another socket can bind a port that is in use, so exclusive use must be set
     * (Windows: "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE", MSDN). */
    bool reuse_address_steals_ports;
    /* SO_REUSEADDR does not let datagram sockets share an address: each needs SO_REUSEPORT as well
     * (macOS and the BSDs: in_pcbbind, sys/netinet/in_pcb.c). */
    bool datagrams_share_by_reuse_port;
    /* bind reports "access denied" if a wildcard socket holds the port exclusively (Windows: same
     * page). */
    bool bind_denied_can_mean_in_use;
    /* A nonblocking connect that has started reports "would block", not "in progress" (Windows:
     * connect, WSAEWOULDBLOCK). */
    bool connect_would_block_means_started;
    /* After a failed connect SO_ERROR "is not always immediately set" (Windows: "SOL_SOCKET Socket
     * Options", MSDN), and then stays until a connect succeeds (Wine's test_select). */
    bool connect_error_comes_late;
    /* SO_ERROR also reports, and takes, the soft error of a connection or a connect that goes on
     * (RFC 1122, 4.2.3.9). Linux: net/core/sock.c, sk_getsockopt, sk_err_soft. NetBSD and OpenBSD:
     * tcp_subr.c, tcp_notify, of a connect that was sent again. FreeBSD and XNU end that connect,
     * and Windows reports the end alone. */
    bool reports_soft_errors;
    /* A second connect of a datagram socket makes the local address the wildcard, if it fails, and
     * else that of the route (macOS and the BSDs: udp_disconnect, sys/netinet/udp_usrreq.c). Linux
     * and Windows keep the address that was bound. */
    bool reconnect_drops_bound_addr;
    /* A second connect replaces the local address that the first one chose, for the same reason.
     * Linux and Windows keep it. */
    bool reconnect_chooses_addr_again;
    /* A connect to the broadcast address needs no SO_BROADCAST (macOS and the BSDs: in_pcbconnect;
     * Windows: Wine's test_broadcast). Linux refuses it (ip4_datagram_connect). */
    bool connect_ignores_broadcast;
    /* The longest path of a Unix socket address, without its NUL (sun_path). */
    size_t unix_path_max;
    /* The address of a Unix socket can be a name, no path (Linux: unix(7), "abstract"). */
    bool has_abstract_unix_names;
    /* A recv, a send or a wait of a stream that fails with NO_BUFFER_SPACE may succeed with fewer
     * bytes, or later (Windows: libzmq, pull requests 1471 and 3297). core retries it with half the
     * length, and then waits. With cut_send_loses_count a send only, and only a short one, which
     * moved nothing (macOS: ponyc, pull request 5823). */
    bool no_buffer_space_is_transient;
    /* The maximum length, and sum of lengths, of one recv or send of a stream, the maximum length
     * of one datagram's, and the maximum number of slices. */
    size_t io_length_max;
    size_t datagram_length_max;
    size_t io_slices_max;
    /* The maximum linger and keepalive values that the options can hold. */
    uint32_t linger_seconds_max;
    uint32_t keepalive_seconds_max;
    uint32_t keepalive_retries_max;
};

/* The facts of this OS. Constant in a real backend. */
const struct ferp_traits *ferp_traits(void);

#endif
