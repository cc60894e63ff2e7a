/* datagram.c: sends and receives datagrams, and checks their senders. */
#include "core/transfer/datagram.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/unix_opening.h"
#include "core/wait/waiting.h"
#include "ferrule/ip.h"
#include "platform/platform.h"

/* ---- Addresses */

/* As numbers: gcc calls memcmp for four octets if it compiles for size. */
static inline bool is_same_v4(fer_ipv4_addr one, fer_ipv4_addr other)
{
    uint32_t octets;
    uint32_t others;
    memcpy(&octets, one.octets, sizeof octets);
    memcpy(&others, other.octets, sizeof others);
    return octets == others;
}

static bool is_same_v6(const fer_socket_addr *one, const fer_socket_addr *other)
{
    bool same_scope =
        one->scope_id == other->scope_id || one->scope_id == 0 || other->scope_id == 0;
    return same_scope &&
           memcmp(one->ip.u.v6.octets, other->ip.u.v6.octets, sizeof one->ip.u.v6) == 0;
}

bool feri_datagram_is_same_end(const fer_socket_addr *one, const fer_socket_addr *other)
{
    return one->ip.family == other->ip.family && one->port == other->port &&
           (one->ip.family == FER_IP_V4 ? is_same_v4(one->ip.u.v4, other->ip.u.v4)
                                        : is_same_v6(one, other));
}

fer_error feri_datagram_peer(const fer_handle *handle, fer_socket_addr *out)
{
    bool has_ports = !feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS);
    if (feri_handle_is_shared(handle) && has_ports) {
        return ferp_peer_addr(feri_modes_raw(handle), out);
    }
    *out = handle->p_.peer_;
    return handle->p_.peer_.ip.family != 0 ? feri_ok() : feri_own_error(FER_NOT_CONNECTED);
}

FERI_NOINLINE static void map_to_v6(fer_socket_addr *addr)
{
    fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(addr->ip.u.v4);
    *addr = fer_socket_addr_v6_new(mapped, addr->port, 0, 0);
}

/* Senders need it too: an IPv6 socket that is connected to an IPv4 address receives from an IPv4
 * address on FreeBSD and macOS. connect removes INP_IPV6 (sys/netinet6/udp6_usrreq.c,
 * udp6_connect), so the sender is not mapped (sys/netinet/udp_usrreq.c, udp_append). */
void feri_datagram_map_to_family(const fer_handle *handle, fer_socket_addr *addr)
{
    if (addr->ip.family == FER_IP_V4 && feri_rare(feri_handle_has_flag(handle, FERI_FLAG_V6))) {
        map_to_v6(addr);
    }
}

fer_error feri_datagram_destination(const fer_handle *handle, const fer_socket_addr *addr,
                                    fer_socket_addr *out)
{
    uint32_t flags = feri_handle_flags(handle);
    bool is_v6 = (flags & FERI_FLAG_V6) != 0;
    bool has_ports = (flags & FERI_FLAG_NO_PORTS) == 0;
    *out = *addr;
    /* raw(7): the port must be 0 or the protocol */
    out->port = has_ports ? addr->port : 0;
    if ((addr->port == 0 && has_ports) || (addr->ip.family == FER_IP_V6 && !is_v6)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    feri_datagram_map_to_family(handle, out);
    return feri_ok();
}

/* ---- Receiving */

/* One receive. On success *out is the datagram, or the end of a shut down read half. */
typedef struct receive_call {
    fer_handle *handle;
    void *buf;
    size_t len;
    unsigned flags;
    fer_udp_received *out;
    feri_waiting *waiting;
    uint64_t began; /* feri_waiting_start */
    bool has_received;
    bool was_retried; /* feri_datagram_receives_again */
} receive_call;

/* Windows reports a refusal as a reset. */
static bool is_refusal(fer_error error)
{
    return error.kind == FER_CONNECTION_RESET || error.kind == FER_CONNECTION_REFUSED;
}

/* Linux stores a router's "too big" for an earlier datagram in a connected socket
 * (net/ipv4/udp.c, __udp4_lib_err; net/ipv6/udp.c, __udp6_lib_err), and the next call takes it. */
bool feri_datagram_is_report(fer_error error)
{
    return error.kind == FER_MESSAGE_TOO_LONG;
}

/* A datagram that is too long itself fails every time, and never waits. */
#define TOO_LONG_TRIES_MAX 4

bool feri_datagram_sends_again(unsigned *reports, fer_error error)
{
    bool is_again = feri_datagram_is_report(error) && *reports + 1 < TOO_LONG_TRIES_MAX;
    *reports = is_again ? *reports + 1 : 0;
    return is_again;
}

/* A socket that is not bound: Windows reports WSAEINVAL. Other systems wait (Linux: inet_recvmsg
 * binds nothing), perhaps until another thread's send has bound the socket. A bind here would make
 * the program's own bind fail. If the socket is bound now, a send has perhaps bound it after the
 * receive failed, so the receive is tried once more. */
bool feri_datagram_receives_again(const fer_handle *handle, fer_error *error, bool *was_retried)
{
    fer_socket_addr addr;
    if (is_refusal(*error)) {
        return feri_datagram_peer(handle, &addr).kind != FER_OK; /* that of an earlier peer */
    }
    if (error->kind != FER_INVALID_INPUT) {
        return feri_datagram_is_report(*error);
    }
    if (ferp_local_addr(feri_modes_raw(handle), &addr).kind != FER_OK) {
        *error = feri_own_error(FER_WOULD_BLOCK);
        return false;
    }
    bool tries = !*was_retried;
    *was_retried = true;
    return tries;
}

/* The address that connect was given is the peer that the handle stores. After the connect of a
 * clone that one is no longer the peer, but the system does not tell what its peer is translated
 * from. */
bool feri_datagram_is_translated(const fer_handle *handle, const fer_socket_addr *from)
{
    fer_socket_addr peer;
    return feri_handle_has_flag(handle, FERI_FLAG_TRANSLATED) &&
           (feri_datagram_is_same_end(&handle->p_.peer_, from) ||
            (ferp_peer_addr(feri_modes_raw(handle), &peer).kind == FER_OK &&
             feri_datagram_is_same_end(&peer, from)));
}

/* Whether a datagram is the peer's, or there is no peer. The sender gets the form of the family. */
FERI_NOINLINE static bool is_from_peer(const fer_handle *handle, fer_socket_addr *from)
{
    fer_socket_addr peer;
    feri_datagram_map_to_family(handle, from);
    return feri_datagram_peer(handle, &peer).kind != FER_OK ||
           feri_datagram_is_same_end(&peer, from) || feri_datagram_is_translated(handle, from);
}

/* Removes what a peek has left, a datagram or a report, without its bytes. */
static fer_error drop_peeked(const receive_call *call)
{
    fer_udp_received dropped;
    unsigned flags = (call->flags & FERP_NOT_UDP) | FERP_DONTWAIT;
    return ferp_recv_from(feri_modes_raw(call->handle), NULL, 0, flags, &dropped);
}

/* Receives until a datagram is the peer's, or the read half has ended. A failure that was saved
 * (rule B3) precedes them. The system filters what arrives after connect, but not what was queued
 * before (measured; Linux udp(7) and the BSDs do not document it). Only a shared handle queries the
 * OS for the peer. A peeked datagram of another sender is removed from the queue, so that the next
 * one can be peeked, and so is an earlier peer's refusal if a second peek reports it too
 * (`refusal_is_left`; where the first peek has taken it, no second one follows without a peer).
 * Only the first receive may wait in the kernel (rule T2). */
static fer_error try_to_receive(void *context, unsigned flags)
{
    receive_call *call = context;
    bool peeks = (call->flags & FERP_PEEK) != 0;
    unsigned refusals = 0;
    FER_TRY(feri_datagram_take_failure(call->handle));
    for (;; flags = call->waiting->flags) {
        fer_error error = ferp_recv_from(feri_modes_raw(call->handle), call->buf, call->len,
                                         call->flags | flags, call->out);
        if (error.kind != FER_OK) {
            if (!feri_datagram_receives_again(call->handle, &error, &call->was_retried)) {
                return error;
            }
            if (peeks && !feri_datagram_is_report(error) && ++refusals > 1) {
                FER_IGNORE(drop_peeked(call));
            }
            FER_TRY(feri_waiting_after_discard(call->waiting, call->began));
            continue;
        }
        bool is_end = call->out->from.ip.family == 0; /* no sender: the read half is shut down */
        if (is_end || is_from_peer(call->handle, &call->out->from)) {
            call->has_received = !is_end;
            return feri_ok();
        }
        if (peeks) {
            error = drop_peeked(call); /* WOULD_BLOCK: another thread has received it */
            bool is_kept = error.kind == FER_WOULD_BLOCK || feri_datagram_is_report(error);
            FER_TRY(is_kept ? feri_ok() : error);
        }
        FER_TRY(feri_waiting_after_discard(call->waiting, call->began));
    }
}

/* The word of the OS code, which a datagram socket has no other use for, has the kind above it: a
 * call may give a code another kind than the code has alone. */
#define SAVED_KIND_SHIFT 24
#define SAVED_CODE_MASK ((UINT32_C(1) << SAVED_KIND_SHIFT) - 1)

void feri_datagram_save_failure(fer_handle *handle, fer_error failure)
{
    FERI_ASSERT(failure.kind != FER_OK);
    feri_atomic_store((uint32_t *)&handle->p_.saved_os_code_,
                      (uint32_t)failure.kind << SAVED_KIND_SHIFT |
                          ((uint32_t)failure.os_code & SAVED_CODE_MASK));
}

static inline bool has_saved_failure(const fer_handle *handle)
{
    return feri_atomic_load((const uint32_t *)&handle->p_.saved_os_code_) != 0;
}

fer_error feri_datagram_take_failure(fer_handle *handle)
{
    uint32_t *saved = (uint32_t *)&handle->p_.saved_os_code_;
    uint32_t word = feri_atomic_load(saved);
    if (word == 0 || !feri_atomic_replace(saved, word, 0)) {
        return feri_ok();
    }
    return (fer_error){(fer_error_kind)(word >> SAVED_KIND_SHIFT),
                       (int32_t)(word & SAVED_CODE_MASK)};
}

/* The end of the read half, also during a wait, is FER_OK with no bytes, from the peer. XNU reports
 * no peer once both halves are shut down (uipc_syscalls.c, getpeername): a clone then knows the
 * peer that the socket had when the clone was made. given: the arguments of the call. first: the
 * result of a first try, which after FER_OK is made again, or NULL. */
FERI_NOINLINE static fer_error receive_on(const receive_call *given, const fer_error *first)
{
    fer_udp_received received; /* set if has_received */
    fer_handle *handle = given->handle;
    size_t max = ferp_traits()->datagram_length_max;
    FER_TRY(feri_handle_check_use(handle));
    FERI_REQUIRE(given->out != NULL, FER_MISUSE);
    FERI_REQUIRE(feri_is_buffer(given->buf, given->len), FER_MISUSE);
    receive_call call = *given;
    call.len = call.len < max ? call.len : max;
    call.flags |= feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS) ? FERP_NOT_UDP : 0;
    call.out = &received;
    feri_waiting waiting = {
        .handle = handle, .readiness = FERP_RECEIVABLE, .call_flags = call.flags};
    call.waiting = &waiting;
    call.began = feri_waiting_start(&waiting);
    if (feri_handle_answer(handle, FERI_REQUEST_READ) != FERI_ANSWER_END) {
        FERI_REQUIRE(!feri_handle_has_flag(handle, FERI_FLAG_COALESCING), FER_INVALID_INPUT);
        fer_error error = first != NULL ? *first : feri_ok();
        bool is_discarded =
            first != NULL && (error.kind == FER_OK ||
                              feri_datagram_receives_again(handle, &error, &call.was_retried));
        error = is_discarded /* no limits, as the first try (rule K3) */
                    ? feri_waiting_run_after_discard(&waiting, try_to_receive, &call, call.began)
                    : feri_waiting_run_after(&waiting, try_to_receive, &call,
                                             first != NULL ? &error : NULL);
        FER_TRY(waiting.is_socket_error ? feri_map_error(FERI_OPERATION_DATAGRAM, error) : error);
    }
    if (!call.has_received) {
        received = (fer_udp_received){.from = handle->p_.peer_};
        FER_IGNORE(feri_datagram_peer(handle, &received.from));
    }
    FERI_ASSERT(received.len <= call.len);
    *given->out = (fer_udp_received){received.len, received.truncated, received.from};
    return feri_ok();
}

/* Whether the first try of a call with a buffer can come before its other checks. */
static inline bool is_common(const fer_handle *handle, const void *buf, size_t len, unsigned flags)
{
    return feri_likely(handle != NULL) && feri_likely(buf != NULL) &&
           feri_likely(len - 1 < ferp_traits()->datagram_length_max) &&
           feri_waiting_is_common(handle, flags);
}

/* Those without ports and those that coalesce have other receives. Of a shared one the OS knows the
 * peer. For a timeout the clock is read before the first try. */
#define NOT_RECEIVED_AT_ONCE                                                            \
    (FERI_FLAG_NO_PORTS | FERI_FLAG_COALESCING | FERI_FLAG_CLONED | FERI_FLAG_ADOPTED | \
     FERI_FLAG_READ_TIMEOUT_SET)

/* Whether a datagram that the handle has received, which is not shared, is the caller's as it is.
 * The peer is compared also after the queue was empty. Linux finds the socket of a datagram and
 * then queues it, without a lock in between (net/ipv4/udp.c, __udp4_lib_rcv). So another sender's
 * may be queued after connect has returned and a receive has found nothing (rule U5). */
FERI_INLINE bool is_result(const fer_handle *handle, fer_socket_addr *from)
{
    const fer_socket_addr *peer = &handle->p_.peer_;
    if (peer->ip.family == 0) {
        feri_datagram_map_to_family(handle, from);
        return feri_likely(from->ip.family != 0);
    }
    return feri_likely(feri_datagram_is_same_end(peer, from)) || is_from_peer(handle, from);
}

FERI_HOT fer_error feri_datagram_receive(fer_handle *handle, void *buf, size_t len, unsigned flags,
                                         fer_udp_received *out)
{
    const receive_call given = {handle, buf, len, flags, out, NULL, 0, false, false};
    if (!is_common(handle, buf, len, flags) || out == NULL ||
        feri_handle_has_flag(handle, NOT_RECEIVED_AT_ONCE) ||
        feri_rare(has_saved_failure(handle)) || feri_rare((flags & FERP_PEEK) != 0)) {
        return receive_on(&given, NULL);
    }
    fer_udp_received received;
    fer_error error = ferp_recv_from(handle->p_.raw_, buf, len, flags & FERP_DONTWAIT, &received);
    if (feri_rare(error.kind != FER_OK) || !is_result(handle, &received.from)) {
        const fer_error first = error;
        return receive_on(&given, &first);
    }
    *out = (fer_udp_received){received.len, received.truncated, received.from};
    return feri_ok();
}

/* ---- Receiving from a Unix socket */

typedef struct unix_receive_call {
    fer_handle *handle;
    void *buf;
    size_t len;
    unsigned flags;
    fer_unix_received *out;
} unix_receive_call;

static fer_error try_to_receive_unix(void *context, unsigned flags)
{
    const unix_receive_call *call = context;
    return ferp_unix_recv_from(call->handle->p_.raw_, call->buf, call->len, flags, call->out);
}

/* first: the error of a first try, or NULL. */
FERI_NOINLINE static fer_error receive_unix_on(unix_receive_call *call, const fer_error *first)
{
    FER_TRY(feri_handle_check_getter(call->handle, call->out));
    FERI_REQUIRE(feri_is_buffer(call->buf, call->len), FER_MISUSE);
    size_t max = ferp_traits()->datagram_length_max;
    call->len = call->len < max ? call->len : max;
    feri_waiting waiting = {
        .handle = call->handle, .readiness = FERP_RECEIVABLE, .call_flags = call->flags};
    return feri_waiting_run_after(&waiting, try_to_receive_unix, call, first);
}

fer_error feri_unix_datagram_receive(fer_handle *handle, void *buf, size_t len, unsigned flags,
                                     fer_unix_received *out)
{
    unix_receive_call call = {handle, buf, len, flags, out};
    if (!is_common(handle, buf, len, flags) || out == NULL) {
        return receive_unix_on(&call, NULL);
    }
    fer_error error = ferp_unix_recv_from(handle->p_.raw_, buf, len, flags, out);
    if (feri_rare(error.kind != FER_OK)) {
        const fer_error first = error;
        return receive_unix_on(&call, &first);
    }
    return feri_ok();
}

/* ---- Sending */

/* One send: to an IP address, to the name of a Unix socket, or if both are NULL to the peer. */
typedef struct send_call {
    fer_handle *handle;
    const void *buf;
    size_t len;
    const fer_socket_addr *addr;
    const fer_unix_addr *name;
    unsigned flags; /* FERP_UNIX: of fer_unix_datagram */
} send_call;

typedef struct send_tries {
    const send_call *call;
    feri_waiting *waiting;
    uint64_t began; /* feri_waiting_start */
    size_t sent;
    unsigned reports; /* feri_datagram_sends_again */
} send_tries;

static fer_error send_once(send_tries *tries, unsigned flags)
{
    const send_call *call = tries->call;
    fer_raw_socket raw = feri_modes_raw(call->handle);
    if (call->addr != NULL) {
        return ferp_send_to(raw, call->buf, call->len, flags, call->addr, &tries->sent);
    }
    if (call->name != NULL) {
        return ferp_unix_send_to(raw, call->buf, call->len, flags, call->name, &tries->sent);
    }
    return ferp_send(raw, call->buf, call->len, flags | (call->flags & FERP_UNIX), &tries->sent);
}

static bool sends_again(send_tries *tries, fer_error error)
{
    return (tries->call->flags & FERP_UNIX) == 0 &&
           feri_datagram_sends_again(&tries->reports, error);
}

static fer_error try_to_send(void *context, unsigned flags)
{
    send_tries *tries = context;
    fer_error error = send_once(tries, flags);
    while (sends_again(tries, error)) {
        FER_TRY(feri_waiting_after_discard(tries->waiting, tries->began));
        error = send_once(tries, tries->waiting->flags);
    }
    return error;
}

static bool is_v4(const fer_socket_addr *addr)
{
    return fer_ip_addr_to_canonical(addr->ip).family == FER_IP_V4;
}

/* Linux reports EAFNOSUPPORT for an IPv6 destination of a socket at an IPv4-mapped address, and
 * ENETUNREACH for the reverse (seen on 6.18). */
static fer_error map_other_version(const fer_handle *handle, const fer_socket_addr *to,
                                   fer_error error)
{
    fer_socket_addr local;
    if (error.kind == FER_UNSUPPORTED && feri_handle_has_flag(handle, FERI_FLAG_V6) && !is_v4(to) &&
        ferp_local_addr(feri_modes_raw(handle), &local).kind == FER_OK && is_v4(&local)) {
        error.kind = FER_NETWORK_UNREACHABLE;
    }
    return error;
}

/* Some systems report a missing peer as an invalid argument. Linux reports ENOBUFS every time for
 * fragments that do not fit into the send buffer (net/ipv4/ip_output.c, __ip_append_data). */
fer_error feri_datagram_map_send_error(const fer_handle *handle, const fer_socket_addr *to,
                                       size_t len, fer_error error)
{
    fer_socket_addr peer;
    size_t size = 0;
    if (error.kind == FER_NO_BUFFER_SPACE && ferp_traits()->io_waits_in_kernel &&
        feri_buffer_size(handle, FERP_SEND_BUFFER, &size).kind == FER_OK && len > size) {
        error.kind = FER_MESSAGE_TOO_LONG;
    }
    if (to == NULL && error.kind == FER_INVALID_INPUT &&
        feri_datagram_peer(handle, &peer).kind != FER_OK) {
        return feri_map_error(FERI_OPERATION_UNADDRESSED, error);
    }
    error = to != NULL ? map_other_version(handle, to, error) : error;
    return feri_map_error(FERI_OPERATION_DATAGRAM, error);
}

/* checked: the result of the checks of the arguments. first: the error of a first try, or NULL. */
static fer_error send_on(const send_call *call, fer_error checked, const fer_error *first,
                         size_t *n)
{
    feri_waiting waiting = {
        .handle = call->handle, .readiness = FERP_WRITABLE, .call_flags = call->flags};
    send_tries tries = {.call = call, .waiting = &waiting};
    fer_error error = checked;
    if (checked.kind == FER_OK) {
        tries.began = feri_waiting_start(&waiting);
        error = first != NULL && sends_again(&tries, *first)
                    /* no limits, as the first try (rule K3) */
                    ? feri_waiting_run_after_discard(&waiting, try_to_send, &tries, tries.began)
                    : feri_waiting_run_after(&waiting, try_to_send, &tries, first);
    }
    if (waiting.is_socket_error && (call->flags & FERP_UNIX) == 0) {
        error = feri_datagram_map_send_error(call->handle, call->addr, call->len, error);
    }
    feri_store_count(n, tries.sent);
    return error;
}

fer_error feri_datagram_check_send(const fer_handle *handle, const void *buf, size_t len)
{
    FER_TRY(feri_handle_check_use(handle));
    FERI_REQUIRE(feri_is_buffer(buf, len), FER_MISUSE);
    return len > ferp_traits()->datagram_length_max ? feri_own_error(FER_MESSAGE_TOO_LONG)
                                                    : feri_ok();
}

FERI_NOINLINE static fer_error send_to_peer(const send_call *call, const fer_error *first,
                                            size_t *n)
{
    return send_on(call, feri_datagram_check_send(call->handle, call->buf, call->len), first, n);
}

/* given: with the caller's address, which is not checked yet. */
FERI_NOINLINE static fer_error send_to(const send_call *given, const fer_error *first, size_t *n)
{
    fer_socket_addr converted;
    send_call call = *given;
    call.addr = &converted;
    fer_error error = feri_datagram_check_send(call.handle, call.buf, call.len);
    if (error.kind == FER_OK) {
        error = feri_addresses_are_valid(given->addr, 1)
                    ? feri_datagram_destination(call.handle, given->addr, &converted)
                    : feri_refuse(given->addr == NULL);
    }
    return send_on(&call, error, first, n);
}

/* In the common case a call is in memory only for a try that fails: its members need no registers
 * that must be saved. */
FERI_HOT fer_error feri_datagram_send(fer_handle *handle, const void *buf, size_t len,
                                      unsigned flags, size_t *n)
{
    send_call call = {handle, buf, len, NULL, NULL, flags};
    if (!is_common(handle, buf, len, flags) ||
        feri_handle_has_flag(handle, FERI_FLAG_WRITE_TIMEOUT_SET)) {
        return send_to_peer(&call, NULL, n);
    }
    size_t sent = 0;
    unsigned os_flags = flags | feri_waiting_flags(handle, FERP_WRITABLE);
    fer_error error = ferp_send(feri_modes_raw(handle), buf, len, os_flags, &sent);
    if (feri_rare(error.kind != FER_OK)) {
        const fer_error first = error;
        return send_to_peer(&call, &first, n);
    }
    feri_store_count(n, sent);
    return feri_ok();
}

/* Whether feri_datagram_destination would not change the address, and no timeout was set, for which
 * the clock is read before the first try. */
static inline bool is_as_sent(const fer_handle *handle, const fer_socket_addr *to)
{
    uint32_t flags = feri_handle_flags(handle);
    return to != NULL && to->port != 0 &&
           (flags & (FERI_FLAG_NO_PORTS | FERI_FLAG_WRITE_TIMEOUT_SET)) == 0 &&
           to->ip.family == ((flags & FERI_FLAG_V6) != 0 ? FER_IP_V6 : FER_IP_V4);
}

FERI_HOT fer_error feri_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                         const fer_socket_addr *to, unsigned flags, size_t *n)
{
    send_call call = {handle, buf, len, to, NULL, flags};
    if (!is_common(handle, buf, len, flags) || !is_as_sent(handle, to)) {
        return send_to(&call, NULL, n);
    }
    size_t sent = 0;
    unsigned os_flags = flags | feri_waiting_flags(handle, FERP_WRITABLE);
    fer_error error = ferp_send_to(feri_modes_raw(handle), buf, len, os_flags, to, &sent);
    if (feri_rare(error.kind != FER_OK)) {
        const fer_error first = error;
        return send_to(&call, &first, n);
    }
    feri_store_count(n, sent);
    return feri_ok();
}

/* A foreign socket has SOCK_SEQPACKET. Linux would send to its peer, whatever the address is
 * (af_unix.c, unix_seqpacket_sendmsg). */
fer_error feri_unix_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                     const fer_unix_addr *to, unsigned flags, size_t *n)
{
    send_call call = {handle, buf, len, NULL, to, flags | FERP_UNIX};
    fer_error error = feri_datagram_check_send(handle, buf, len);
    error = error.kind == FER_OK ? feri_check_unix_name(to) : error;
    if (error.kind == FER_OK && feri_handle_has_flag(handle, FERI_FLAG_FOREIGN)) {
        error = feri_own_error(FER_INVALID_INPUT);
    }
    return send_on(&call, error, NULL, n);
}

/* ---- Connecting */

/* Rule O1. */
static fer_error check_broadcast(const fer_handle *handle, const fer_socket_addr *destination)
{
    fer_ip_addr ip = fer_ip_addr_to_canonical(destination->ip);
    uint32_t is_allowed = 0;
    if (!ferp_traits()->connect_ignores_broadcast || ip.family != FER_IP_V4 ||
        !fer_ipv4_addr_is_broadcast(ip.u.v4)) {
        return feri_ok();
    }
    FER_TRY(ferp_option_value(feri_modes_raw(handle), FERP_BROADCAST, &is_allowed));
    return is_allowed != 0 ? feri_ok() : feri_own_error(FER_PERMISSION_DENIED);
}

static bool is_report_of_peer(fer_error error)
{
    return is_refusal(error) || error.kind == FER_HOST_UNREACHABLE ||
           error.kind == FER_NETWORK_UNREACHABLE;
}

/* A system that reports a refusal without end must not keep the call. */
enum { REFUSALS_MAX = 1024 };

/* What an earlier peer has left: a pending error, also one of a batch (rule B3). On Windows a peek
 * reports the one that is the next in the queue, and leaves it to a receive (row
 * `refusal_is_left`). */
static void drop_refusals(fer_handle *handle)
{
    fer_error dropped;
    fer_udp_received next;
    fer_raw_socket raw = feri_modes_raw(handle);
    unsigned flags =
        FERP_DONTWAIT | (feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS) ? FERP_NOT_UDP : 0);
    FER_IGNORE(feri_datagram_take_failure(handle));
    FER_IGNORE(ferp_take_error(raw, &dropped));
    if (ferp_traits()->io_waits_in_kernel || ferp_set_nonblocking(raw, true).kind != FER_OK) {
        return;
    }
    for (int left = REFUSALS_MAX;
         left > 0 && is_report_of_peer(ferp_recv_from(raw, NULL, 0, flags | FERP_PEEK, &next)) &&
         is_report_of_peer(ferp_recv_from(raw, NULL, 0, flags, &next));
         left--) {
    }
}

/* After the system has removed the peer (rule U3). */
static void forget_peer(fer_handle *handle)
{
    feri_clear_addr(&handle->p_.peer_);
    feri_atomic_change_bits(&handle->p_.flags_, 0, FERI_FLAG_TRANSLATED);
    ferp_report_refusals(feri_modes_raw(handle), false);
    drop_refusals(handle);
}

/* After a connect. The system knows the peer, whether connect succeeded or not. getpeername does
 * not return a peer without a port (Linux, inet_getname). given: the peer of a connect that
 * succeeded, or NULL. */
static void store_peer(fer_handle *handle, const fer_socket_addr *given)
{
    fer_socket_addr peer;
    fer_socket_addr *stored = &handle->p_.peer_;
    if (feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS)) {
        *stored = given != NULL ? *given : *stored;
    } else if (ferp_peer_addr(feri_modes_raw(handle), &peer).kind != FER_OK) {
        feri_clear_addr(stored);
    } else if (given == NULL) {
        *stored = stored->ip.family != 0 ? *stored : peer; /* a clone has connected */
    } else {
        bool is_other = !fer_ip_addr_is_unspecified(fer_ip_addr_to_canonical(given->ip)) &&
                        !feri_datagram_is_same_end(given, &peer);
        *stored = is_other ? *given : peer;
        feri_atomic_change_bits(&handle->p_.flags_, is_other ? FERI_FLAG_TRANSLATED : 0,
                                is_other ? 0 : FERI_FLAG_TRANSLATED);
    }
}

fer_error feri_datagram_connect(fer_handle *handle, const fer_socket_addr *addr)
{
    FERI_ASSERT(handle != NULL && addr != NULL);
    fer_socket_addr destination;
    fer_socket_addr old;
    feri_reconnect reconnect = {false, false};
    fer_raw_socket raw = feri_modes_raw(handle);
    FER_TRY(feri_datagram_destination(handle, addr, &destination));
    FER_TRY(check_broadcast(handle, &destination));
    bool had_peer = feri_datagram_peer(handle, &old).kind == FER_OK;
    fer_error error =
        had_peer ? feri_prepare_reconnect(handle, &destination, &reconnect) : feri_ok();
    if (error.kind == FER_OK) {
        error = feri_connect_datagram_raw(raw, &destination);
        /* NetBSD (run) and macOS (XNU, kern/uipc_syscalls.c, connectit) connect, and return the
         * report about the earlier peer that waits. */
        if (had_peer && is_report_of_peer(error)) {
            error = feri_connect_datagram_raw(raw, &destination);
        }
        error =
            reconnect.keeps_source ? feri_check_reconnected(handle, &destination, error) : error;
    }
    bool is_connected = error.kind == FER_OK;
    if (is_connected && had_peer) {
        drop_refusals(handle);
    } else if (reconnect.is_dissolved && feri_connect_datagram_raw(raw, &old).kind != FER_OK) {
        FER_IGNORE(ferp_disconnect(raw)); /* after keeps_source it has the new peer */
        forget_peer(handle);
    }
    store_peer(handle, is_connected ? &destination : NULL);
    ferp_report_refusals(raw, handle->p_.peer_.ip.family != 0);
    if (error.kind == FER_UNSUPPORTED && had_peer && is_v4(&old) != is_v4(&destination)) {
        error.kind = FER_NETWORK_UNREACHABLE; /* FreeBSD: netinet6/udp6_usrreq.c, udp6_connect */
    }
    return map_other_version(handle, &destination, error);
}

/* Only the system knows the peer of an adopted socket. getpeername does not return one without a
 * port. */
static bool may_have_peer(const fer_handle *handle)
{
    fer_socket_addr peer;
    if (!feri_handle_has_flag(handle, FERI_FLAG_ADOPTED)) {
        return feri_datagram_peer(handle, &peer).kind == FER_OK;
    }
    return feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS) ||
           ferp_peer_addr(feri_modes_raw(handle), &peer).kind != FER_NOT_CONNECTED;
}

fer_error feri_datagram_disconnect(fer_handle *handle)
{
    fer_socket_addr local;
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    fer_raw_socket raw = feri_modes_raw(handle);
    fer_error error = may_have_peer(handle) ? ferp_disconnect(raw) : feri_ok();
    if (error.kind != FER_OK) {
        store_peer(handle, NULL); /* it may be removed, and only the bind of the port failed */
        return error;
    }
    forget_peer(handle);
    if (ferp_local_addr(raw, &local).kind == FER_OK) {
        feri_atomic_change_bits(&handle->p_.flags_, feri_any_addr_flag(&local), 0);
    }
    return feri_ok();
}

/* ---- Shutdown */

fer_error feri_unix_datagram_shutdown(fer_handle *handle, fer_shutdown how)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE((unsigned)how <= FER_SHUTDOWN_BOTH, FER_INVALID_INPUT);
    FER_TRY(ferp_shutdown(handle->p_.raw_, how));
    if (how != FER_SHUTDOWN_READ) {
        /* for _ready, whose wait may miss it (unix_write_wait_misses_end) */
        (void)feri_handle_apply(handle, FERI_EVENT_SHUT_WRITE);
    }
    return feri_ok();
}

/* Without a peer Linux shuts the socket down and reports ENOTCONN (net/ipv4/af_inet.c,
 * inet_shutdown), and Windows shuts it down. After a shutdown of the read half Linux still queues
 * datagrams (net/ipv4/udp.c), so this handle's state answers. XNU's getpeername is EINVAL once both
 * halves are shut down (uipc_syscalls.c). */
fer_error feri_datagram_shutdown(fer_handle *handle, fer_shutdown how)
{
    fer_socket_addr peer;
    feri_event event = FERI_EVENT_SHUT_BOTH;
    if (feri_handle_has_flag(handle, FERI_FLAG_UNIX)) {
        return feri_unix_datagram_shutdown(handle, how);
    }
    FERI_REQUIRE(feri_event_of_shutdown(how, &event), FER_INVALID_INPUT);
    fer_raw_socket raw = feri_modes_raw(handle);
    fer_error error = feri_datagram_peer(handle, &peer);
    if (error.kind != FER_OK && ferp_check_connected(raw).kind != FER_INVALID_INPUT) {
        return error;
    }
    (void)feri_handle_apply(handle, event); /* fails if another thread has closed the handle */
    if (how != FER_SHUTDOWN_WRITE && feri_marks_read_end(handle)) {
        feri_modes_end_reading(handle); /* for the _ready of a clone */
    }
    error = ferp_shutdown(raw, how);
    ferp_wake(handle->p_.raw_);
    return feri_map_error(FERI_OPERATION_SHUTDOWN, error);
}

fer_error feri_datagram_take_error(fer_handle *handle, fer_error *out)
{
    fer_error pending = feri_ok();
    FER_TRY(feri_handle_check_getter(handle, out));
    fer_error saved = feri_datagram_take_failure(handle);
    if (saved.kind != FER_OK) {
        *out = saved;
        return feri_ok();
    }
    FER_TRY(ferp_take_error(feri_modes_raw(handle), &pending));
    *out = feri_map_error(FERI_OPERATION_DATAGRAM, pending);
    return feri_ok();
}
