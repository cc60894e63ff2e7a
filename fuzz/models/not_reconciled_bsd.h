/* not_reconciled_bsd.h: the rows of docs/DIFFERENCES.md, "Not reconciled", by which macOS and the
 * BSDs differ from Linux in the simulation. */
#ifndef FUZZ_NOT_RECONCILED_BSD_H
#define FUZZ_NOT_RECONCILED_BSD_H

#include "fuzz/models/races.h"

static inline bool is_bsd(const struct record *record)
{
    return record->system >= SYSTEM_MACOS;
}

/* Both halves have ended, whichever end ended them, or the connection was reset. */
static inline bool has_ended(const struct record *record)
{
    bool reads_end = (record->facts & (FACT_PEER_SHUT | FACT_SHUT_READ)) != 0;
    return (record->facts_after & FACT_RESET) != 0 ||
           (reads_end && (record->facts & FACT_SHUT_WRITE) != 0);
}

/* saw_reset_second: after a write that left the error pending another clone is the one that reads
 * the reset, and the first one the end. */
static inline bool is_reset_of_another_clone(const struct record *posix, const struct record *bsd)
{
    bool ended = bsd->error.kind == FER_OK || bsd->error.kind == FER_UNEXPECTED_EOF;
    return posix->was_forgiven && is_read(bsd) && bsd->n == posix->n && ended &&
           posix->error.kind == FER_CONNECTION_RESET;
}

/* clone_reads_on: a shut down read half discards what is queued and what still arrives. A clone, or
 * the handle after a raw socket, reads the end or a reset, and the peer never fills the buffers.
 * input_after_both: macOS resets the connection when what it would have filled arrives. */
static inline bool shut_read_discards(const struct record *posix, const struct record *bsd)
{
    fer_error_kind kind = bsd->error.kind;
    bool forgets = (bsd->facts & (FACT_CLONED | FACT_ADOPTED)) != 0;
    bool ends = kind == FER_OK || kind == FER_UNEXPECTED_EOF ||
                (kind == FER_CONNECTION_RESET && (bsd->facts_after & FACT_RESET) != 0);
    bool reads_end = is_read(bsd) && forgets && ends && bsd->n <= posix->n;
    bool sends_more = bsd->op == OP_PEER_SEND && kind == FER_OK && bsd->n > posix->n;
    bool may_be_reset = (bsd->op == OP_PEER_SEND || bsd->op == OP_PEER_RECEIVE) &&
                        bsd->system == SYSTEM_MACOS && has_ended(bsd);
    bool is_reset = may_be_reset && kind == FER_CONNECTION_RESET &&
                    (posix->error.kind == FER_OK || posix->error.kind == FER_WOULD_BLOCK ||
                     posix->error.kind == FER_BROKEN_PIPE); /* the peer has shut down sending */
    bool lost_bytes = may_be_reset && bsd->op == OP_PEER_RECEIVE && bsd->n < posix->n;
    return (bsd->facts_after & FACT_SHUT_READ) != 0 &&
           (reads_end || sends_more || is_reset || lost_bytes);
}

/* macOS: a long send that fails for lack of buffers may have queued bytes, so that its error ends
 * the stream. A short one waits for buffers. */
static inline bool failed_send_may_have_sent(const struct record *posix, const struct record *bsd)
{
    bool is_reported = bsd->error.kind == FER_NO_BUFFER_SPACE || bsd->op == OP_TAKE_ERROR ||
                       bsd->op == OP_READY ||
                       (bsd->op == OP_PEER_ADDR && bsd->error.kind == FER_NOT_CONNECTED);
    bool is_kept = (bsd->facts & FACT_SEND_FAILED) != 0 && is_reported;
    bool waits = is_write(bsd) && bsd->fault == FER_SIM_FAULT_NO_BUFFERS &&
                 posix->error.kind == FER_NO_BUFFER_SPACE;
    return bsd->system == SYSTEM_MACOS && (is_kept || waits);
}

/* A close with unread input is an orderly end if an earlier shutdown discarded the input, or if the
 * handle is shared. */
static inline bool close_with_unread_input(const struct record *posix, const struct record *bsd)
{
    bool may_keep = (bsd->facts & (FACT_SHUT_READ | FACT_CLONED | FACT_ADOPTED)) != 0;
    return bsd->op == OP_CLOSE && bsd->has_value && may_keep && posix->unread > 0 &&
           posix->error.kind == FER_CONNECTION_RESET && bsd->error.kind == FER_OK &&
           bsd->n >= posix->n;
}

/* A stream has no peer once both halves have ended, by whichever end. */
static inline bool peer_addr_after_own_end(const struct record *posix, const struct record *bsd)
{
    bool reported = bsd->op == OP_PEER_ADDR && bsd->error.kind == FER_NOT_CONNECTED;
    bool refused = bsd->op == OP_THROUGH_RAW && bsd->error.kind == FER_INVALID_INPUT;
    return is_bsd(bsd) && has_ended(bsd) && posix->error.kind == FER_OK && (reported || refused);
}

/* NetBSD, OpenBSD: a connection that has ended has no local address. */
static inline bool local_addr_after_end(const struct record *posix, const struct record *bsd)
{
    bool is_one = bsd->system == SYSTEM_NETBSD || bsd->system == SYSTEM_OPENBSD;
    bool ended = (bsd->facts_after & (FACT_RESET | FACT_PEER_SHUT)) != 0;
    return is_one && ended && bsd->op == OP_LOCAL_ADDR && posix->error.kind == FER_OK &&
           bsd->error.kind == FER_NOT_CONNECTED;
}

/* FreeBSD, NetBSD, OpenBSD: TCP's options of a connection that has ended cannot be read, on NetBSD
 * and OpenBSD those of IP neither. */
static inline bool hides_option(const struct record *posix, const struct record *bsd)
{
    bool is_one = bsd->op == OP_NODELAY || bsd->op == OP_KEEPALIVE ||
                  (bsd->op == OP_TTL && bsd->system != SYSTEM_FREEBSD);
    return is_bsd(bsd) && bsd->system != SYSTEM_MACOS && is_one && has_ended(bsd) &&
           posix->error.kind == FER_OK && bsd->error.kind == FER_CONNECTION_RESET;
}

/* accept has no receive timeout. */
static inline bool listener_timeout(const struct record *posix, const struct record *bsd)
{
    return bsd->op == OP_ACCEPT && posix->error.kind == FER_TIMED_OUT &&
           bsd->error.kind == FER_DEADLOCK;
}

/* A wildcard address and a specific one share a port, or (dual_stack_beside_ipv4) [::] and 0.0.0.0
 * do. */
static inline bool wildcard_beside_specific(const struct record *posix, const struct record *bsd)
{
    return bsd->op == OP_BIND && posix->error.kind == FER_ADDR_IN_USE && bsd->error.kind == FER_OK;
}

/* OpenBSD: a bind to [::] is refused. */
static inline bool no_dual_stack(const struct record *posix, const struct record *bsd)
{
    bool would_bind = posix->error.kind == FER_OK || posix->error.kind == FER_ADDR_IN_USE;
    return bsd->system == SYSTEM_OPENBSD && bsd->op == OP_BIND && would_bind &&
           bsd->error.kind == FER_UNSUPPORTED;
}

/* The longest linger times: of macOS, and of the others. */
static inline bool is_longest_linger(const struct record *bsd)
{
    return bsd->value == UINT64_C(327) * 1000000000 || bsd->value == UINT64_C(32767) * 1000000000;
}

#endif
