/* refusals.h: what the sandbox of refuse.c refuses, a row for each case. Data only. */
#ifndef SANDBOX_REFUSALS_H
#define SANDBOX_REFUSALS_H

/* X(name, rules, suites): the name of the case; one or two rules, CALL(call), CALL_WITH(call,
 * argument, value), CALL_AND_WITH(call, call, argument, value), CALL_WITH_BIT(call, argument, bit)
 * or OPTION(level, name), which is both setsockopt and getsockopt; the conformance suites that run
 * in the sandbox. CMake reads the first word of a row, and its suites from the quoted text. A row
 * for each call and option of platform/posix that has another way.
 *
 * prlimit64 is no row: the library does not call it, and the tests do, to lower limits. */
#define REFUSALS(X)                                                                               \
    X(accept4, CALL(accept4), "interruption limits listening copying poller_events unix_streams") \
    X(close_on_exec, CALL_AND_WITH(accept4, fcntl, 1, F_SETFD),                                   \
      "connecting listening limits poller_events unix_streams")                                   \
    X(dup3, CALL(dup3), "raw_and_clones interruption")                                            \
    X(duplicate, CALL_WITH(fcntl, 1, F_DUPFD_CLOEXEC),                                            \
      "raw_and_clones interruption datagram_peers unix_handles")                                  \
    X(epoll_create1, FERRULE_EPOLL_CREATE1,                                                       \
      "poller_events poller_handles poller_waiting shutdown")                                     \
    X(epoll_pwait2, CALL(epoll_pwait2), "poller_events poller_waiting")                           \
    X(eventfd, CALL(eventfd2), "limits listening udp_batches")                                    \
    X(getrandom, CALL(getrandom), "resolving names")                                              \
    X(pipe2, CALL(pipe2),                                                                         \
      "bidirectional copying poller_events poller_handles poller_waiting shutdown")               \
    X(pipe_size, CALL_WITH(fcntl, 1, F_SETPIPE_SZ), "bidirectional copying")                      \
    X(ppoll, FERRULE_PPOLL, "bidirectional copying")                                              \
    X(prctl, CALL(prctl), "resolving")                                                            \
    X(receive_length, CALL_WITH_BIT(recvfrom, 3, MSG_TRUNC),                                      \
      "datagram_peers datagrams lengths socket_protocols")                                        \
    X(recvmmsg, CALL(recvmmsg), "poller_events udp_batches")                                      \
    X(sendfile, CALL(sendfile), "limits bidirectional interruption")                              \
    X(sendmmsg, CALL(sendmmsg), "poller_events udp_batches")                                      \
    X(socket_flag, CALL_WITH_BIT(socket, 1, SOCK_CLOEXEC),                                        \
      "connecting datagrams interruption listening socket_building unix_streams")                 \
    X(socketpair_flag, CALL_WITH_BIT(socketpair, 1, SOCK_CLOEXEC),                                \
      "interruption unix_datagrams unix_streams")                                                 \
    X(splice, CALL(splice), "bidirectional copying limits interruption")                          \
    X(coalescing, OPTION(IPPROTO_UDP, 104), "udp_batches")                                        \
    X(segments, OPTION(IPPROTO_UDP, 103), "udp_batches")                                          \
    X(local_addr_v4, OPTION(IPPROTO_IP, IP_PKTINFO), "udp_batches")                               \
    X(local_addr_v6, OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO), "udp_batches")                       \
    X(received_tos, OPTION(IPPROTO_IP, IP_RECVTOS), "udp_batches")                                \
    X(received_class, OPTION(IPPROTO_IPV6, IPV6_RECVTCLASS), "udp_batches")                       \
    X(drops, OPTION(SOL_SOCKET, SO_RXQ_OVFL), "udp_batches")                                      \
    X(timestamps, OPTION(SOL_SOCKET, SO_TIMESTAMPNS), "udp_batches")                              \
    X(protocol, OPTION(SOL_SOCKET, SO_PROTOCOL), "raw_and_clones socket_building")                \
    X(tcp_state, OPTION(IPPROTO_TCP, TCP_INFO),                                                   \
      "socket_connecting connecting raw_and_clones readiness shutdown")

/* Only some processors have epoll_create and poll, which are the other way. */
#ifdef SYS_epoll_create
#define FERRULE_EPOLL_CREATE1 CALL(epoll_create1)
#else
#define FERRULE_EPOLL_CREATE1 NO_OTHER_WAY
#endif
#ifdef SYS_poll
#define FERRULE_PPOLL CALL(ppoll)
#else
#define FERRULE_PPOLL NO_OTHER_WAY
#endif

#endif
