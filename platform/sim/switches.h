/* switches.h: what distinguishes the systems of the BSD dialect from Linux and from each other. One
 * table has a row for each system, and the seam's functions ask a switch, never the system. Each
 * switch is false in the POSIX and the WINSOCK dialect, and for a peer. A fact of ferp_traits is no
 * switch, and neither is a difference that platform/posix ends.
 *
 * XNU is 11417 (macOS 15.4), FreeBSD is 13, NetBSD is 7, OpenBSD is 7. "all" are these four. */
#ifndef FERP_SIM_SWITCHES_H
#define FERP_SIM_SWITCHES_H

#include <stdbool.h>

#include "ferrule/sim.h"
#include "platform/sim/codes.h"

typedef struct ferp_sim_switches {
    /* ---- Streams: ends and resets */

    /* A receive reports the pending error before end of file (all: soreceive). Linux reports a
     * reset after end of file to no receive. */
    bool error_precedes_end;
    /* After a reset a send is EPIPE, and the pending error stays for a receive (all: sosend tests
     * SS_CANTSENDMORE before so_error). */
    bool send_after_reset_is_epipe;
    /* A reset that follows the peer's FIN is ECONNRESET too (all: tcp_input). Linux: EPIPE. */
    bool reset_after_end_is_econnreset;
    /* A peek of a stream leaves the pending error in place (all: soreceive clears so_error unless
     * MSG_PEEK). platform/posix ends this for datagrams. */
    bool peek_keeps_error;
    /* shutdown of the read half discards the queued input and every later byte (all: sorflush; the
     * BSDs: sbappendstream, SB_DROP). If there was queued input, platform/posix sets a linger time
     * of 0, so that the close resets. */
    bool shut_read_discards_input;
    /* It also removes the receive timeout, and neither happens after the peer's FIN (XNU: sorflush,
     * soshutdownlock_final; run). */
    bool shut_read_is_once_and_drops_timeout;
    /* A byte that arrives later resets the connection, and leaves no pending error (XNU: tcp_input,
     * SS_CANTRCVMORE; run). */
    bool shut_read_resets_on_input;
    /* There is a sendfile, which sends until all is sent or an error, and counts the bytes before
     * the error (FreeBSD: vn_sendfile; XNU: sendfile). Linux: no error after the first byte. */
    bool sends_files_until_an_error;
    /* A close with unread input discards it and sends a FIN (FreeBSD, NetBSD, OpenBSD:
     * tcp_disconnect). XNU resets, as RFC 1122 requires. */
    bool close_discards_input;
    /* A close of a Unix stream never resets it. Its peer reads to the end of file (all:
     * unp_disconnect). */
    bool unix_close_is_orderly;
    /* getpeername of a Unix stream is ENOTCONN once the peer has closed (all: unp_disconnect clears
     * SS_ISCONNECTED), or EINVAL with ended_options_fail. */
    bool unix_closed_peer_has_no_name;
    /* A Unix stream whose peer has shut down its read half can be written to. The peer may still
     * receive the bytes (all: uipc_send, before FreeBSD 15). */
    bool unix_shut_read_is_hidden;
    /* As above, and the bytes are discarded (XNU: sbappend, SB_DROP). */
    bool unix_shut_read_discards;
    /* poll and kqueue report that the write half of a Unix socket has ended while the peer's queue
     * is full (all: sowriteable, SS_CANTSENDMORE). Linux does not (unix_poll). */
    bool unix_write_end_is_polled;
    /* A receive of a Unix stream opens the handles that come, unless it has FERP_UNIX (XNU:
     * soreceive_ctl). */
    bool receive_leaks_handles;
    /* A read of a Unix stream ends before bytes that came with handles, and goes on after them
     * (all: soreceive, MT_CONTROL). Linux ends a read after these bytes. */
    bool unix_read_ends_before_handles;
    /* shutdown of a stream whose connection is over is EINVAL, except of its read half (NetBSD,
     * OpenBSD: tcp_shutdown finds no protocol control block). */
    bool shutdown_dead_is_einval;

    /* shutdown of a stream whose connection is over has no effect (XNU, FreeBSD: soshutdown,
     * ENOTCONN). NetBSD and OpenBSD discard the input. */
    bool shutdown_dead_does_nothing;

    /* A stream is unconnected once the peer has its FIN, if its read half was shut down before
     * (all: tcp_input, FIN_WAIT_1). */
    bool shut_both_disconnects;

    /* ---- Streams: options and names of an ended connection */

    /* Setting an option or a timeout, and getpeername, are EINVAL once both halves have ended, also
     * of a failed connect and of datagram sockets (XNU: sosetoptlock, getpeername; run). */
    bool ended_options_fail;
    /* Setting and reading TCP's options is ECONNRESET once the connection is over (FreeBSD,
     * OpenBSD: tcp_ctloutput). */
    bool dead_tcp_options_fail;
    /* And IP's (OpenBSD: tcp_ctloutput tests for the protocol control block before the level).
     * FreeBSD tests it for TCP's only. */
    bool dead_ip_options_fail;
    /* So is setting every option (NetBSD: sosetopt, which passes each to the protocol), and reading
     * those of TCP and IP. */
    bool dead_options_fail;
    /* Also in TIME_WAIT (FreeBSD: tcp_ctloutput, INP_TIMEWAIT). */
    bool time_wait_is_dead;
    /* A buffer size of a half that has ended is EINVAL (OpenBSD: sosetopt). */
    bool buffer_of_ended_half_is_einval;
    /* getsockname is EINVAL once the connection is over (NetBSD, OpenBSD: tcp_sockaddr).
     * platform/posix makes it NOT_CONNECTED. */
    bool local_name_of_dead_is_einval;

    /* There are no options for the fields of a keepalive (OpenBSD: tcp_ctloutput). */
    bool lacks_keepalive_fields;
    /* These options can be set and not be read (NetBSD: tcp_ctloutput). platform/posix reads 0. */
    bool hides_keepalive_fields;
    /* There is no SO_PROTOCOL (XNU, NetBSD: sys/socket.h). */
    bool lacks_protocol;
    /* There is no time limit of unacknowledged bytes (all but XNU: tcp_ctloutput). */
    bool lacks_user_timeout;
    /* It counts seconds (XNU: tcp_ctloutput, TCP_RXT_CONNDROPTIME). */
    bool user_timeout_is_in_seconds;
    /* The default number of a keepalive's retries (TCPTV_KEEPCNT). */
    unsigned keepalive_retries;

    /* ---- Connecting */

    /* A socket whose connect has failed cannot be connected again (all). It is EINVAL, or
     * ECONNREFUSED (FreeBSD: tcp_usr_connect, INP_DROPPED). */
    bool failed_connect_is_final;
    bool failed_connect_is_refused;
    /* A connect to port 0 is EADDRNOTAVAIL, without a SYN (all: in_pcbconnect). */
    bool port_0_is_unavailable;
    /* A stream's connect to the wildcard address is EINVAL (OpenBSD: tcp_connect). A datagram takes
     * the route for that address there (udp_output, in_pcbselsrc), which is not simulated. */
    bool wildcard_destination_is_einval;
    /* A connect of a socket to its own IPv4 address and port is EINVAL (XNU: tcp_connect). */
    bool self_connect_is_einval;
    /* A SYN to a port that is bound, and neither listens nor is connected, gets no answer (XNU,
     * NetBSD, OpenBSD: tcp_input, TCPS_CLOSED). */
    bool bound_port_drops_syn;
    /* A second report of a router ends a connect (FreeBSD, XNU: tcp_notify, tcp_drop). The others
     * store it for SO_ERROR, and the connect goes on. */
    bool second_report_ends_connect;
    /* A connect without an answer times out after 75 s (all: TCPTV_KEEP_INIT). */
    bool connect_ends_after_75_s;

    /* A datagram to a group that a socket has joined reaches every socket at the wildcard address
     * (NetBSD: udp4_realinput, udp6_realinput; OpenBSD: udp_input). */
    bool group_reaches_all;
    /* The groups and the multicast options of IPv4 are EINVAL for an IPv6 socket (XNU, FreeBSD:
     * run; OpenBSD: ip6_ctloutput). */
    bool lacks_ipv4_groups_of_ipv6;
    /* There are no sources of groups (NetBSD 7, OpenBSD: netinet/in.h). */
    bool lacks_sources;
    /* A group that was joined from every sender is not joined from one, nor the reverse (EINVAL);
     * it stays joined without its last source; and one of IPv6 needs an interface (XNU, FreeBSD:
     * inp_join_group, inp_leave_group, in6p_join_group). Linux narrows the membership, and leaves
     * the group (ip_mc_source). */
    bool keeps_filter_mode;
    /* The interface of the datagrams to IPv6 groups cannot be left to the system again (XNU,
     * in6p_set_multicast_if). */
    bool multicast_if_v6_stays;

    /* ---- Binding, listening and accepting */

    /* Two sockets share one address and port only if both have SO_REUSEPORT, datagram sockets too.
     * With SO_REUSEADDR a socket can be bound to a wildcard beside a specific address, and the
     * reverse, also if the other one listens (all: in_pcbbind). On Linux SO_REUSEADDR suffices for
     * either while neither listens. */
    bool binds_by_address;
    /* There is no dual stack: clearing IPV6_V6ONLY is EINVAL, and binding or connecting to an
     * IPv4-mapped address is EADDRNOTAVAIL (OpenBSD: ip6_ctloutput; in6_pcbaddrisavail,
     * in6_pcbconnect). A datagram to such an address takes the route, which netstart(8) rejects. */
    bool lacks_dual_stack;
    /* [::] can be bound beside 0.0.0.0, and gets none of its connections (XNU, FreeBSD:
     * in6_pcbbind; NetBSD by the next switch too). */
    bool dual_stack_beside_ipv4;
    /* Sockets of the two IP versions never share nor defend a port, so 0.0.0.0 can be bound beside
     * [::] (NetBSD: in_pcblookup_port). */
    bool separates_ip_versions;
    /* Binding a link-local address without a scope is EADDRNOTAVAIL (all: ifa_ifwithaddr). */
    bool scopeless_bind_is_unavailable;
    /* Of 127.0.0.0/8 the machine has 127.0.0.1 only, so that binding another one is EADDRNOTAVAIL
     * (all: ifa_ifwithaddr). A connect or a datagram to another one has this code: EADDRNOTAVAIL
     * (FreeBSD: ip_output, by the default route), ENETUNREACH (NetBSD: looutput, by the route of
     * rc.d/network; OpenBSD: that of netstart(8)); without a code there is no answer (XNU: the
     * route of lo0 leads to ip_input, which drops it). */
    bool owns_one_loopback_address;
    ferp_sim_code other_loopback_status;
    /* Binding a stream to the broadcast address of a network is EADDRNOTAVAIL (OpenBSD: in_pcbbind,
     * in_broadcast). The others bind every socket there (ifa_ifwithaddr, IFF_BROADCAST). */
    bool network_broadcast_binds_datagrams_only;
    /* Binding the broadcast address is EADDRNOTAVAIL (all: ifa_ifwithaddr), except of a datagram
     * socket (OpenBSD: in_pcbbind, in_broadcast). */
    bool broadcast_bind_is_unavailable;
    bool broadcast_datagrams_bind;
    /* Binding a stream to a group or to the broadcast address is EAFNOSUPPORT (XNU: tcp_usr_bind;
     * FreeBSD the same, of a group). */
    bool group_stream_is_eafnosupport;
    /* A backlog of 0 is the largest (XNU: solisten). */
    bool backlog_0_is_largest;
    /* The smallest and the largest backlog, and the length of the queue: backlog * queue_halves /
     * 2, and one more unless queue_is_exact (sonewconn; solisten; NetBSD, OpenBSD: tcp_input, and
     * sonewconn for a Unix socket). */
    int backlog_min;
    int backlog_max;
    int queue_halves;
    int unix_queue_halves;
    bool queue_is_exact;
    /* A connect that finds the queue full is established and then reset (FreeBSD:
     * syncache_socket; run). */
    bool full_queue_resets;
    /* A SYN that finds the queue full takes the place of a connection whose handshake has not
     * ended, which is reset (XNU: tcp_dropdropablreq; run). */
    bool full_queue_drops_unfinished;
    /* accept inherits O_NONBLOCK, but no timeout (XNU: accept_nocancel, sonewconn_internal). */
    bool accept_inherits_nonblocking;
    bool accept_drops_timeouts;
    /* A listener's linger time of 0 is 120 s for an accepted socket (XNU, NetBSD, OpenBSD:
     * tcp_usr_attach). On FreeBSD it stays 0 (run). Core ends this. */
    bool accepted_linger_zero_is_120s;
    /* A connection that was reset in the queue is ECONNABORTED (FreeBSD, NetBSD, OpenBSD:
     * soaccept), or only if it is of IPv6 (XNU: tcp6_usr_accept has no address). */
    bool queued_reset_is_aborted;
    bool queued_reset_v6_is_aborted;

    /* ---- Datagrams */

    /* Sending to an address is EISCONN on a connected socket (all: udp_output). platform/posix ends
     * this for the peer's own address. */
    bool send_to_connected_is_eisconn;
    /* Connecting a connected socket first disconnects it. The local address becomes the wildcard,
     * also if it was bound, and stays so if the connect fails (all: udp_disconnect). */
    bool udp_reconnect_unbinds;
    /* SO_SNDBUF limits a datagram (net.inet.udp.maxdgram). platform/posix raises it, and
     * SO_RCVBUF. */
    bool udp_send_buffer_is_limit;

    /* The features of datagram sockets that the system lacks (platform/posix/message_options.c).
     * FreeBSD's calls for batches are loops of its C library. */
    fer_udp_features lacks_udp_features;
    /* TOS is neither received nor sent with a message over IPv4 (NetBSD, OpenBSD:
     * ip_savecontrol, ip_setpktopts; udp_output). */
    bool lacks_ecn_v4;
    /* Nor is a time to live sent (all: udp_output). */
    bool lacks_sent_ttl;
    /* An IPv6 socket receives a datagram of IPv4 without it (XNU: ip6_savecontrol_v4; run). */
    bool lacks_mapped_ttl;
    /* An IPv6 socket that is connected to an IPv4-mapped address receives from an IPv4 address
     * (XNU: udp6_connect, udp_append; FreeBSD: udp6_connect, udp_append). */
    bool mapped_peer_is_plain;
    /* There is no option for these over IPv4: no fragmentation (NetBSD, OpenBSD: ip_ctloutput), the
     * MTU of the path (all). */
    bool lacks_dont_fragment_v4;
    bool lacks_path_mtu_v4;
    /* A message over IPv4 has a local address, and no interface alone (FreeBSD, OpenBSD: ip(4),
     * IP_SENDSRCADDR; Windows: multicast-socket, PR 5). */
    bool lacks_interface_v4;
    /* A socket that is bound to an address sends from no other one (FreeBSD: udp_output). */
    bool bound_source_is_einval;
    /* The same of a connected one (OpenBSD: udp_output, which ignores the other address). */
    bool connected_source_is_einval;

    /* ---- Unix sockets */

    /* A datagram that finds no room is ENOBUFS, and its sender never waits (all: uipc_send). */
    bool unix_full_datagrams;
    /* But poll and kqueue report no room meanwhile (XNU 11417; not 7195; run). */
    bool unix_full_datagrams_are_polled;
    /* A connected socket whose peer is closed gets a pending ECONNRESET, and is unconnected (all:
     * unp_drop). Linux' next send reports ECONNREFUSED. */
    bool unix_peer_close_is_econnreset;
    /* A connected socket receives from every sender (all: unp_connect). Linux: EPERM. */
    bool unix_connected_hears_all;
    /* A datagram socket that is connected to another peer keeps its queue, and the old peer gets no
     * error (all: unp_disconnect). Linux discards the queue. platform/posix ends that a failed
     * connect leaves no peer. */
    bool unix_reconnect_keeps_queue;
    /* A datagram for a socket that has shut down its read half is EINVAL (XNU: sbappendaddr; run;
     * platform/posix makes it BROKEN_PIPE) or ENOBUFS (the others: sorflush leaves no room). Linux:
     * EPIPE. */
    bool unix_datagram_to_shut_is_einval;
    bool unix_datagram_to_shut_is_enobufs;
    /* shutdown of an unconnected datagram socket is ENOTCONN, with an effect or without one
     * (FreeBSD, XNU: soshutdown). */
    bool unconnected_shutdown_is_enotconn;
    bool unconnected_shutdown_fails;

    /* A connect to a Unix listener whose queue is full is ECONNREFUSED, and does not wait
     * (all: unp_connect, sonewconn). */
    bool unix_full_queue_refuses;

    /* ---- Names */

    /* EAI_AGAIN is 2, EAI_FAIL 4 and EAI_NONAME 8 (macOS, FreeBSD, NetBSD: netdb.h). OpenBSD has
     * glibc's numbers. platform/posix makes them negative. */
    bool eai_noname_is_8;

    /* ---- Pollers */

    /* poll does not report urgent data (XNU: sys_generic.c, seltrue; run). */
    bool urgent_is_not_polled;
    /* Neither direction is reported of a stream that was never connected (all: soreadable,
     * sowriteable). epoll reports a hang-up. */
    bool poller_ignores_never_connected;

    /* A poller is over kqueue, which has edges and no urgent data (XNU, FreeBSD). Those of the
     * others are over poll. */
    bool poller_is_kqueue;

    /* The backend makes a poller's ALREADY_EXISTS and NOT_FOUND itself, without a code: kevent
     * reports a missing registration by ENOENT only, and poll has no registrations
     * (platform/posix/poller_kqueue.c, platform/posix/poller_list.c). */
    bool poller_errors_without_code;

    /* A poller's registration ends with its descriptor (XNU, FreeBSD: knote_fdclose; the others:
     * ferrule counts its closes of each number, platform/posix/poller_identity.c). epoll's ends
     * with the socket. */
    bool poller_forgets_closed_numbers;
} ferp_sim_switches;

/* Returns the switches of the config's dialect and system. */
const ferp_sim_switches *ferp_sim_switches_of(const fer_sim_config *config);

#endif
