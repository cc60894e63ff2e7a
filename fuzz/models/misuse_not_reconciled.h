/* misuse_not_reconciled.h: the rows of docs/DIFFERENCES.md, "Not reconciled", by which a call of
 * fuzz_api_misuse.c may return different kinds in two dialects. */
#ifndef FUZZ_MISUSE_NOT_RECONCILED_H
#define FUZZ_MISUSE_NOT_RECONCILED_H

#include <string.h>

#include "fuzz/programs/misuse_calls.h"

static inline bool is_any_of(const char *name, const char *const *prefixes)
{
    for (; *prefixes != NULL; prefixes++) {
        if (strncmp(name, *prefixes, strlen(*prefixes)) == 0) {
            return true;
        }
    }
    return false;
}

/* The dialects differ in the kind and number of the resets that a Unix stream reports. After one
 * that one dialect reports, its halves differ too. No later step can be compared. */
static inline bool is_unix_reset(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const names[] = {"unix_", "copy_both_unix", "copy_both_same",
                                        "copy_file_unix", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), names) && posix != other &&
           (other == FER_CONNECTION_RESET || other == FER_NOT_CONNECTED);
}

/* Rows of "Not reconciled" for Unix sockets: Windows has no datagrams, and the dialects differ in
 * the kind of a missing path. */
static inline bool is_unix_row(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const datagrams[] = {"unix_datagram", NULL};
    static const char *const connects[] = {"unix_connect", "socket_connect_unix", NULL};
    const char *name = misuse_call_name(step[0], step[1]);
    return is_any_of(name, datagrams) ||
           (is_any_of(name, connects) && posix == FER_NOT_FOUND && other == FER_CONNECTION_REFUSED);
}

/* `ipv4_groups_of_ipv6`; a leave of a group that was not joined is ADDR_NOT_AVAILABLE elsewhere. */
static inline bool is_group_row(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const names[] = {
        "udp_join_v4",       "udp_leave_v4",          "udp_loop_v4", "udp_set_loop_v4",
        "udp_multicast_ttl", "udp_set_multicast_ttl", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), names) && posix != other &&
           other == FER_INVALID_INPUT;
}

/* `group_bind`. No later step can be compared. */
static inline bool is_group_bind(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const binding[] = {"udp_bind", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), binding) && posix != other &&
           other == FER_ADDR_NOT_AVAILABLE;
}

static inline bool is_unfinished(fer_error_kind kind)
{
    return kind == FER_WOULD_BLOCK || kind == FER_TIMED_OUT || kind == FER_CANCELLED;
}

/* Whether a call that has to wait has got nothing, neither now nor ever. */
static inline bool has_nothing(fer_error_kind kind)
{
    return is_unfinished(kind) || kind == FER_DEADLOCK;
}

/* `refusal_of_another` and `refusals_together`: which socket reports a refused datagram, and how
 * often. `clone_receives_on`: a clone receives the end of a shut down socket in no mode, or in
 * every one. `network_broadcast`: which error comes first. */
static inline bool is_udp_row(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const receiving[] = {"udp_send",     "udp_recv",  "udp_peek", "udp_try_send",
                                            "udp_try_recv", "udp_ready", NULL};
    bool is_refused = posix == FER_CONNECTION_REFUSED || other == FER_CONNECTION_REFUSED;
    static const char *const connecting[] = {"udp_connect", "udp_connect_addr", "socket_connect",
                                             NULL};
    bool is_denied = is_any_of(misuse_call_name(step[0], step[1]), connecting) &&
                     posix == FER_NETWORK_UNREACHABLE && other == FER_PERMISSION_DENIED;
    return is_denied || (is_any_of(misuse_call_name(step[0], step[1]), receiving) &&
                         (is_refused || (has_nothing(posix) && other == FER_OK)));
}

/* `send_to_connected` */
static inline bool is_connected_udp_row(const uint8_t *step, fer_error_kind other)
{
    static const char *const sending[] = {"udp_send_to", "udp_try_send_to", "udp_send_batch",
                                          "udp_try_send_batch", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), sending) && other == FER_ALREADY_CONNECTED;
}

/* The two rows above: a datagram was sent in one dialect only, and is later received there only. */
static inline bool has_sent_less(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const sending[] = {"udp_send", "udp_try_send", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), sending) && posix != other;
}

static inline bool receives_less(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const receiving[] = {"udp_recv", "udp_peek", "udp_try_recv", "udp_ready",
                                            NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), receiving) && posix == FER_OK &&
           has_nothing(other);
}

/* For built sockets: options that Windows lacks, and `reuse_after_bind`. */
static inline bool is_socket_row(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const rows[] = {"socket_reuse_port", "socket_bind_device", NULL};
    static const char *const reuse[] = {"socket_reuse_address", NULL};
    const char *name = misuse_call_name(step[0], step[1]);
    return is_any_of(name, rows) ||
           (is_any_of(name, reuse) && posix == FER_OK && other == FER_INVALID_INPUT);
}

/* Windows passes no handles (rule X7). */
static inline bool is_handles_row(const uint8_t *step)
{
    static const char *const handles[] = {"handles_", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), handles);
}

/* `keepalive_fields`: OpenBSD has none. */
static inline bool is_keepalive_row(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const setters[] = {"set_keepalive", "socket_keepalive", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), setters) && posix == FER_OK &&
           other == FER_UNSUPPORTED;
}

/* `peer_addr_after_end`: macOS reports no peer once both halves have ended, NetBSD and OpenBSD no
 * local address. `ended_option`: the BSDs return no option of TCP then, and NetBSD and OpenBSD
 * none of IP. */
static inline bool is_ended_row(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const names[] = {"peer_addr", "local_addr", NULL};
    static const char *const options[] = {"nodelay", "keepalive", "ttl", NULL};
    const char *name = misuse_call_name(step[0], step[1]);
    return posix == FER_OK && ((is_any_of(name, names) && other == FER_NOT_CONNECTED) ||
                               (is_any_of(name, options) && other == FER_CONNECTION_RESET));
}

/* `clone_reads_on`: macOS and the BSDs discard the input of a shut down read half, so the call
 * moves fewer bytes, a close has nothing to wait for, and a peer never fills the buffers. Only
 * Linux refuses a write to a Unix stream with a shut down read half. No later step can be
 * compared. */
static inline bool may_have_discarded(const uint8_t *step, fer_error_kind posix,
                                      fer_error_kind other)
{
    static const char *const moving[] = {"read",     "peek",
                                         "write",    "try_",
                                         "copy",     "unix_write_copy",
                                         "handles_", "stream_close_gracefully",
                                         NULL};
    bool has_moved_less = other == FER_OK || other == FER_UNEXPECTED_EOF ||
                          (posix == FER_DEADLOCK && other == FER_BROKEN_PIPE);
    return is_any_of(misuse_call_name(step[0], step[1]), moving) && posix != other &&
           has_moved_less;
}

/* `clone_reads_on`: a copy in both directions passes the end of discarded input on. It may end with
 * the same error as on Linux, and with one more half ended. No later step can be compared. */
static inline bool has_ended_early(const uint8_t *step, fer_error_kind posix)
{
    static const char *const copies[] = {"copy_both", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), copies) && posix != FER_OK &&
           posix != FER_MISUSE && posix != FER_INVALID_INPUT;
}

/* `one_write_takes`: Windows accepts a write as a whole if there is any room. No later step can be
 * compared. */
static inline bool may_have_taken_all(const uint8_t *step, fer_error_kind posix,
                                      fer_error_kind other)
{
    static const char *const writes[] = {"write",     "try_write", "unix_write", "unix_try_write",
                                         "copy_file", "copy_both", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), writes) && has_nothing(posix) &&
           (other == FER_OK || other == FER_UNEXPECTED_EOF);
}

/* Rule X7: on macOS and the BSDs a read of a Unix stream ends before a message with handles, so the
 * peer may lack space that it has on Linux. It does not end after one, so a later read may lack the
 * bytes that it has on Linux. No later step can be compared. */
static inline bool may_have_read_less(const uint8_t *step, fer_error_kind posix,
                                      fer_error_kind other)
{
    static const char *const moving[] = {"unix_write", "unix_try_write", "unix_ready",
                                         "handles_",   "copy",           NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), moving) &&
           (posix == FER_OK || posix == FER_UNEXPECTED_EOF) && has_nothing(other);
}

/* `udp_reconnect_unbinds`: a second connect of a socket whose bound address has no route to the
 * destination. There another socket tries it, and may not broadcast if this one may not. The
 * address of a socket's first peer is free once it has another. No later step can be compared. */
static inline bool may_be_unbound(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const binding[] = {"udp_bind", "socket_bind", NULL};
    static const char *const connecting[] = {"udp_connect", NULL};
    const char *name = misuse_call_name(step[0], step[1]);
    return (is_any_of(name, binding) && posix == FER_ADDR_IN_USE && other == FER_OK) ||
           (is_any_of(name, connecting) && posix != other &&
            (other == FER_ADDR_NOT_AVAILABLE ||
             (posix == FER_NETWORK_UNREACHABLE &&
              (other == FER_OK || other == FER_PERMISSION_DENIED))));
}

/* Only Linux coalesces (rule B9), so only there a call for one datagram is INVALID_INPUT (rule B8).
 * No later step can be compared. */
static inline bool may_coalesce(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const receiving[] = {"udp_recv", "udp_peek", "udp_try_recv", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), receiving) && posix == FER_INVALID_INPUT &&
           other != FER_INVALID_INPUT;
}

/* `no_dual_stack`: an IPv6 socket is for IPv6 only. No later step can be compared. */
static inline bool lacks_dual_stack(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const binding[] = {"bind", "udp_bind", "socket_bind", "socket_listen", NULL};
    const char *name = misuse_call_name(step[0], step[1]);
    return posix != other && ((is_any_of(name, binding) && other == FER_UNSUPPORTED) ||
                              (strcmp(name, "socket_only_v6") == 0 && other == FER_INVALID_INPUT) ||
                              other == FER_NETWORK_UNREACHABLE || other == FER_ADDR_NOT_AVAILABLE);
}

/* `grain`: a timeout of centuries never expires on one system; another cuts it to days, or reaches
 * the end of time with it. No later step can be compared. */
static inline bool is_grain(fer_error_kind posix, fer_error_kind other)
{
    return (posix == FER_DEADLOCK && other == FER_TIMED_OUT) ||
           (posix == FER_TIMED_OUT && other == FER_DEADLOCK);
}

/* `resolver_takes`: 127.1 is no host on Windows. No later step can be compared. */
static inline bool is_unusual_host(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const names[] = {"lookup_wait", "connector_", NULL};
    return is_any_of(misuse_call_name(step[0], step[1]), names) && posix != other &&
           other == FER_HOST_NOT_FOUND;
}

/* The progress of a lookup in the background and of a connector depends on time, and the calls
 * before it take a different time in each dialect. A call that only one dialect has may wait to the
 * end of time. No later step can be compared. */
static inline bool is_of_time(const uint8_t *step, fer_error_kind posix, fer_error_kind other)
{
    static const char *const timed[] = {"resolver_start", "lookup_wait", "connector_", NULL};
    static const char *const datagrams[] = {"unix_datagram", NULL};
    const char *name = misuse_call_name(step[0], step[1]);
    return (is_any_of(name, timed) && is_unfinished(posix) != is_unfinished(other)) ||
           (is_any_of(name, datagrams) && posix == FER_TIMED_OUT && other != FER_TIMED_OUT);
}

/* `no_buffer_space`, until a time, and `clone_reads_on`: the call may move no bytes in one dialect.
 * No later step can be compared. */
static inline bool may_lack_buffers(const fer_sim_windows *windows, const uint8_t *step)
{
    static const char *const moving[] = {"read", "peek", "write", "try_", "copy", "unix_", NULL};
    return windows->no_buffers_until.nanos > 0 &&
           is_any_of(misuse_call_name(step[0], step[1]), moving);
}

#endif
