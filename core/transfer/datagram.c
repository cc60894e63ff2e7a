/* datagram.c: the addresses and the peer of a datagram socket: its connect and its shutdown. */
#include "core/transfer/datagram.h"

#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/open/opening.h"
#include "core/open/unix_opening.h"
#include "core/transfer/reconnecting.h"
#include "core/wait/waiting.h"
#include "ferrule/ip.h"

/* ---- Addresses */

/* IPv4 as numbers: gcc calls memcmp for four octets if it compiles for size. */
bool feri_datagram_is_same_end(const fer_socket_addr *one, const fer_socket_addr *other)
{
    if (one->ip.family != other->ip.family || one->port != other->port) {
        return false;
    }
    if (one->ip.family == FER_IP_V4) {
        uint32_t octets;
        uint32_t others;
        memcpy(&octets, one->ip.u.v4.octets, sizeof octets);
        memcpy(&others, other->ip.u.v4.octets, sizeof others);
        return octets == others;
    }
    bool same_scope =
        one->scope_id == other->scope_id || one->scope_id == 0 || other->scope_id == 0;
    return same_scope &&
           memcmp(one->ip.u.v6.octets, other->ip.u.v6.octets, sizeof one->ip.u.v6) == 0;
}

fer_error feri_datagram_peer(const fer_handle *handle, fer_socket_addr *out)
{
    bool has_ports = !feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS);
    if (feri_handle_has_flag(handle, FERI_SHARED) && has_ports) {
        return ferp_peer_addr(feri_modes_raw(handle), out);
    }
    *out = handle->p_.peer_;
    return handle->p_.peer_.ip.family != 0 ? feri_ok() : feri_own_error(FER_NOT_CONNECTED);
}

/* Senders need it too: an IPv6 socket that is connected to an IPv4 address receives from an IPv4
 * address on FreeBSD and macOS. connect removes INP_IPV6 (sys/netinet6/udp6_usrreq.c,
 * udp6_connect), so the sender is not mapped (sys/netinet/udp_usrreq.c, udp_append). */
void feri_datagram_map_to_family(const fer_handle *handle, fer_socket_addr *addr)
{
    if (addr->ip.family == FER_IP_V4 && feri_handle_has_flag(handle, FERI_FLAG_V6)) {
        fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(addr->ip.u.v4);
        *addr = fer_socket_addr_v6_new(mapped, addr->port, 0, 0);
    }
}

fer_error feri_datagram_destination(const fer_handle *handle, const fer_socket_addr *addr,
                                    fer_socket_addr *out)
{
    bool is_v6 = feri_handle_has_flag(handle, FERI_FLAG_V6);
    bool has_ports = !feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS);
    *out = *addr;
    /* raw(7): the port must be 0 or the protocol */
    out->port = has_ports ? addr->port : 0;
    FERI_REQUIRE(addr->port != 0 || !has_ports, FER_INVALID_INPUT);
    FERI_REQUIRE(addr->ip.family != FER_IP_V6 || is_v6, FER_INVALID_INPUT);
    feri_datagram_map_to_family(handle, out);
    return feri_ok();
}

/* ---- Failures that wait for the next call */

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

/* ---- Errors */

/* Windows reports a refusal as a reset. */
bool feri_datagram_is_refusal(fer_error error)
{
    return error.kind == FER_CONNECTION_RESET || error.kind == FER_CONNECTION_REFUSED;
}

/* Linux stores a router's "too big" for an earlier datagram in a connected socket
 * (net/ipv4/udp.c, __udp4_lib_err; net/ipv6/udp.c, __udp6_lib_err), and the next call takes it. */
bool feri_datagram_is_report(fer_error error)
{
    return error.kind == FER_MESSAGE_TOO_LONG;
}

/* Linux reports EAFNOSUPPORT for an IPv6 destination of a socket at an IPv4-mapped address, and
 * ENETUNREACH for the reverse (seen on 6.18). */
fer_error feri_datagram_map_other_version(const fer_handle *handle, const fer_socket_addr *to,
                                          fer_error error)
{
    fer_socket_addr local;
    if (error.kind == FER_UNSUPPORTED && feri_handle_has_flag(handle, FERI_FLAG_V6) &&
        !feri_is_ipv4(to) && ferp_local_addr(feri_modes_raw(handle), &local).kind == FER_OK &&
        feri_is_ipv4(&local)) {
        error.kind = FER_NETWORK_UNREACHABLE;
    }
    return error;
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
    return feri_datagram_is_refusal(error) || error.kind == FER_HOST_UNREACHABLE ||
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
    if (error.kind == FER_UNSUPPORTED && had_peer &&
        feri_is_ipv4(&old) != feri_is_ipv4(&destination)) {
        error.kind = FER_NETWORK_UNREACHABLE; /* FreeBSD: netinet6/udp6_usrreq.c, udp6_connect */
    }
    return feri_datagram_map_other_version(handle, &destination, error);
}

/* Only the system knows the peer of an adopted socket. getpeername does not return one without a
 * port. */
fer_error feri_datagram_disconnect(fer_handle *handle)
{
    fer_socket_addr local;
    fer_socket_addr peer;
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    fer_raw_socket raw = feri_modes_raw(handle);
    bool is_adopted = feri_handle_has_flag(handle, FERI_FLAG_ADOPTED);
    bool may_have_peer = is_adopted ? feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS) ||
                                          ferp_peer_addr(raw, &peer).kind != FER_NOT_CONNECTED
                                    : feri_datagram_peer(handle, &peer).kind == FER_OK;
    fer_error error = may_have_peer ? ferp_disconnect(raw) : feri_ok();
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
        (void)feri_handle_step(handle, FERI_EVENT_SHUT_WRITE, feri_ok());
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
    /* fails if another thread has closed the handle */
    (void)feri_handle_step(handle, event, feri_ok());
    if (how != FER_SHUTDOWN_WRITE && feri_marks_read_end(handle)) {
        feri_modes_mark(handle, FERI_MARK_READ_ENDED, true); /* for the _ready of a clone */
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
