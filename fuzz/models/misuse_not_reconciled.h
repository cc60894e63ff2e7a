/* misuse_not_reconciled.h: the cases of "Not reconciled" in which a call of fuzz_api_misuse.c may
 * return different kinds on Linux and on another system. */
#ifndef FUZZ_MISUSE_NOT_RECONCILED_H
#define FUZZ_MISUSE_NOT_RECONCILED_H

#include <string.h>

#include "fuzz/models/difference.h"
#include "fuzz/programs/misuse_calls.h"

/* Groups of calls: the beginnings of their names. */
#define MOVING "read peek write try_ copy unix_"
#define UDP_RECEIVING "udp_recv udp_peek udp_try_recv udp_ready"
#define UDP_SENDING "udp_send udp_try_send"
#define UDP_MOVING UDP_SENDING " " UDP_RECEIVING
#define BACKGROUND "resolver_start lookup_wait connector_"

static inline bool is_call_of(const char *name, const char *beginnings)
{
    for (;;) {
        size_t len = strcspn(beginnings, " ");
        if (strncmp(name, beginnings, len) == 0) {
            return true;
        }
        if (beginnings[len] == '\0') {
            return false;
        }
        beginnings += len + 1;
    }
}

/* X(tag, or the rule, systems, whether the comparison ends, calls, kinds on Linux, kinds on the
 * other system), of calls whose kinds differ. The first case counts. */
/* clang-format off */
#define MISUSE_NOT_RECONCILED(X)                                                                   \
    /* A timeout of centuries never expires on one system; another cuts it to days, or reaches the \
     * end of time with it. */                                                                     \
    X(grain, ON_ALL, ENDS, "", K(DEADLOCK), K(TIMED_OUT))                                          \
    X(grain, ON_ALL, ENDS, "", K(TIMED_OUT), K(DEADLOCK))                                          \
    /* What happens in the background depends on time, and the calls before it take a different    \
     * time in each dialect. A call that only one dialect has may wait to the end of time. */      \
    X(late_event, ON_ALL, ENDS, BACKGROUND, UNFINISHED, BUT(UNFINISHED))                           \
    X(late_event, ON_ALL, ENDS, BACKGROUND, BUT(UNFINISHED), UNFINISHED)                           \
    X(late_event, ON_ALL, ENDS, "unix_datagram", K(TIMED_OUT), ANY)                                \
    /* Windows accepts a write as a whole if there is any space. */                                \
    X(one_write_takes, ON_ALL, ENDS,                                                               \
      "write try_write unix_write unix_try_write copy_file copy_both", NOTHING, END)               \
    X(group_bind, ON_ALL, ENDS, "udp_bind", ANY, K(ADDR_NOT_AVAILABLE))                            \
    /* 127.1 is no host on Windows. */                                                             \
    X(resolver_takes, ON_WINDOWS, ENDS, "lookup_wait connector_", ANY, K(HOST_NOT_FOUND))          \
    /* Only Linux coalesces, so only there a call for one datagram is INVALID_INPUT (rule B8). */  \
    X(B9, ON_ALL, ENDS, "udp_recv udp_peek udp_try_recv", K(INVALID_INPUT), ANY)                   \
    /* The kind and number of the resets that a Unix stream reports. After one that one dialect    \
     * reports, its halves differ too. */                                                          \
    X(unix_unread_input, ON_ALL, ENDS, "unix_ copy_both_unix copy_both_same copy_file_unix", ANY,  \
      RESET | K(NOT_CONNECTED))                                                                    \
    /* The input of a shut down read half is discarded, so the call moves fewer bytes, a close has \
     * nothing to wait for, and a peer never fills the buffers. Only Linux refuses a write to a    \
     * Unix stream with a shut down read half. */                                                  \
    X(clone_reads_on, ON_BSD, ENDS,                                                                \
      "read peek write try_ copy unix_write_copy handles_ stream_close_gracefully", ANY, END)      \
    X(clone_reads_on, ON_BSD, ENDS,                                                                \
      "read peek write try_ copy unix_write_copy handles_ stream_close_gracefully", K(DEADLOCK),   \
      BROKEN)                                                                                      \
    /* A read of a Unix stream ends before a message with handles, so the peer may lack space that \
     * it has on Linux. It does not end after one, so a later read may lack bytes. */              \
    X(X7, ON_BSD, ENDS, "unix_write unix_try_write unix_ready handles_ copy", END, NOTHING)        \
    /* A second connect of a socket whose bound address has no route to the destination. There     \
     * another socket tries it, and may not broadcast if this one may not. The address of a        \
     * socket's first peer is free once it has another. */                                         \
    X(udp_reconnect_unbinds, ON_BSD, ENDS, "udp_bind socket_bind", K(ADDR_IN_USE), K(OK))          \
    X(udp_reconnect_unbinds, ON_BSD, ENDS, "udp_connect", ANY, K(ADDR_NOT_AVAILABLE))              \
    X(udp_reconnect_unbinds, ON_BSD, ENDS, "udp_connect", K(NETWORK_UNREACHABLE),                  \
      K(OK) | K(PERMISSION_DENIED))                                                                \
    X(no_dual_stack, ON_OPENBSD, ENDS, "bind udp_bind socket_bind socket_listen", ANY,             \
      K(UNSUPPORTED))                                                                              \
    X(no_dual_stack, ON_OPENBSD, ENDS, "socket_only_v6", ANY, K(INVALID_INPUT))                    \
    X(no_dual_stack, ON_OPENBSD, ENDS, "", ANY, K(NETWORK_UNREACHABLE) | K(ADDR_NOT_AVAILABLE))    \
    /* Windows has no Unix datagrams. */                                                           \
    X(X4, ON_ALL, GOES_ON, "unix_datagram", ANY, ANY)                                              \
    X(unix_missing_path, ON_ALL, GOES_ON, "unix_connect socket_connect_unix", K(NOT_FOUND),        \
      K(CONNECTION_REFUSED))                                                                       \
    X(network_broadcast, ON_ALL, GOES_ON, "udp_connect socket_connect", K(NETWORK_UNREACHABLE),    \
      K(PERMISSION_DENIED))                                                                        \
    /* Which socket reports a refused datagram, and how often. */                                  \
    X(refusal_of_another, ON_ALL, GOES_ON, UDP_MOVING, K(CONNECTION_REFUSED), ANY)                 \
    X(refusals_together, ON_ALL, GOES_ON, UDP_MOVING, ANY, K(CONNECTION_REFUSED))                  \
    /* A clone receives the end of a shut down socket in no mode, or in every one. */              \
    X(clone_receives_on, ON_ALL, GOES_ON, UDP_MOVING, NOTHING, K(OK))                              \
    /* A leave of a group that was not joined is ADDR_NOT_AVAILABLE elsewhere. */                  \
    X(ipv4_groups_of_ipv6, ON_ALL, GOES_ON,                                                        \
      "udp_join_v4 udp_leave_v4 udp_loop_v4 udp_set_loop_v4 udp_multicast_ttl "                    \
      "udp_set_multicast_ttl", ANY, K(INVALID_INPUT))                                              \
    X(send_to_when_connected, ON_ALL, GOES_ON,                                                     \
      "udp_send_to udp_try_send_to udp_send_batch udp_try_send_batch", ANY, K(ALREADY_CONNECTED))  \
    X(reuse_port, ON_ALL, GOES_ON, "socket_reuse_port", ANY, ANY)                                  \
    X(bind_device, ON_ALL, GOES_ON, "socket_bind_device", ANY, ANY)                                \
    X(reuse_after_bind, ON_ALL, GOES_ON, "socket_reuse_address", K(OK), K(INVALID_INPUT))          \
    X(keepalive_fields, ON_ALL, GOES_ON, "set_keepalive socket_keepalive", K(OK), K(UNSUPPORTED))  \
    X(peer_addr_after_end, ON_ALL, GOES_ON, "peer_addr local_addr", K(OK), K(NOT_CONNECTED))       \
    X(ended_option, ON_ALL, GOES_ON, "nodelay keepalive ttl", K(OK), RESET)                        \
    X(X7, ON_WINDOWS, GOES_ON, "handles_", ANY, ANY)
/* clang-format on */

#endif
