/* datagram.c: sends and receives datagrams, and checks their senders. */
#include "core/transfer/datagram.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/transfer/stream_shutdown.h"
#include "core/wait/waiting.h"
#include "ferrule/ip.h"
#include "platform/platform.h"

/* ---- Addresses */

/* Whether two addresses are the same end. A link-local address can be given with its scope or
 * without. */
static bool is_same_address(const fer_socket_addr *one, const fer_socket_addr *other)
{
    bool same_scope =
        one->scope_id == other->scope_id || one->scope_id == 0 || other->scope_id == 0;
    return one->port == other->port && same_scope && fer_ip_addr_eq(one->ip, other->ip);
}

fer_error feri_datagram_peer(const fer_handle *handle, fer_socket_addr *out)
{
    bool has_ports = !feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS);
    if (feri_handle_is_shared(handle) && has_ports) {
        return ferp_peer_addr(handle->p_.raw_, out);
    }
    *out = handle->p_.peer_;
    return handle->p_.peer_.ip.family != 0 ? feri_ok() : feri_own_error(FER_NOT_CONNECTED);
}

/* Whether a datagram may be returned: a connected socket returns only the datagrams of its peer.
 * The system filters what arrives after connect, but not what was queued before (measured; Linux
 * udp(7) and the BSDs do not document it). Only a shared handle queries the OS for the peer. */
static bool is_from_peer(const fer_handle *handle, const fer_socket_addr *from)
{
    fer_socket_addr peer;
    return feri_datagram_peer(handle, &peer).kind != FER_OK || is_same_address(&peer, from);
}

/* The form that an IPv6 socket has for an IPv4 address on every system. */
static void map_to_v6(fer_socket_addr *addr)
{
    fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(addr->ip.u.v4);
    *addr = fer_socket_addr_v6_new(mapped, addr->port, 0, 0);
}

/* Converts addr to the form that this socket can send to. Port 0 is invalid. */
static fer_error destination_for(const fer_handle *handle, const fer_socket_addr *addr,
                                 fer_socket_addr *out)
{
    bool is_v6 = feri_handle_has_flag(handle, FERI_FLAG_V6);
    bool has_ports = !feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS);
    *out = *addr;
    /* raw(7): the port must be 0 or the protocol */
    out->port = has_ports ? addr->port : 0;
    if ((addr->port == 0 && has_ports) || (addr->ip.family == FER_IP_V6 && !is_v6)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    if (addr->ip.family == FER_IP_V4 && is_v6) {
        map_to_v6(out);
    }
    return feri_ok();
}

/* ---- Receiving */

static bool removes(feri_recv_mode recv_mode)
{
    return recv_mode == FERI_RECV || recv_mode == FERI_TRY_RECV;
}

static ferp_protocol protocol_of(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS) ? FERP_OTHER_PROTOCOL : FERP_UDP;
}

/* An IPv6 socket that is connected to an IPv4 address receives from an IPv4 address on FreeBSD and
 * macOS: connect removes INP_IPV6 (sys/netinet6/udp6_usrreq.c, udp6_connect), so the sender is not
 * mapped (sys/netinet/udp_usrreq.c, udp_append). */
static void map_sender(const fer_handle *handle, fer_socket_addr *from)
{
    if (from->ip.family == FER_IP_V4 && feri_handle_has_flag(handle, FERI_FLAG_V6)) {
        map_to_v6(from);
    }
}

static fer_error receive_once(const feri_waiting *waiting, void *buf, size_t len,
                              feri_recv_mode recv_mode, struct ferp_datagram *out)
{
    fer_raw_socket raw = waiting->handle->p_.raw_;
    ferp_protocol protocol = protocol_of(waiting->handle);
    if (!feri_waiting_tries_may_wait(waiting)) {
        return removes(recv_mode) ? ferp_try_recv_from(raw, buf, len, protocol, out)
                                  : ferp_try_peek_from(raw, buf, len, out);
    }
    return removes(recv_mode) ? ferp_recv_from(raw, buf, len, protocol, out)
                              : ferp_peek_from(raw, buf, len, out);
}

/* A peeked datagram of another sender is removed from the queue, so that the next one can be
 * peeked. */
static fer_error drop_from_other(const feri_waiting *waiting, feri_recv_mode recv_mode)
{
    struct ferp_datagram dropped;
    return removes(recv_mode) ? feri_ok() : receive_once(waiting, NULL, 0, FERI_RECV, &dropped);
}

/* No bytes, from the peer. */
static fer_error store_end(const fer_handle *handle, struct ferp_datagram *out)
{
    *out = (struct ferp_datagram){0};
    FER_IGNORE(feri_datagram_peer(handle, &out->from));
    return feri_ok();
}

static fer_error receive(fer_handle *handle, void *buf, size_t len, feri_recv_mode recv_mode,
                         struct ferp_datagram *out)
{
    bool never_waits = recv_mode == FERI_TRY_RECV || recv_mode == FERI_TRY_PEEK;
    feri_waiting waiting = feri_waiting_with(never_waits ? FERI_WAIT_NEVER : FERI_WAIT_BY_MODE,
                                             handle, FERP_RECEIVABLE);
    FER_TRY(feri_waiting_begin(&waiting));
    for (;;) {
        fer_error error = receive_once(&waiting, buf, len, recv_mode, out);
        if (error.kind == FER_OK && out->from.ip.family == 0) {
            return store_end(handle, out);
        }
        if (error.kind == FER_OK) {
            map_sender(handle, &out->from);
            if (is_from_peer(handle, &out->from)) {
                return error;
            }
            error = drop_from_other(&waiting, recv_mode);
        }
        feri_after_try after =
            error.kind == FER_OK ? FERI_TRY_AGAIN : feri_waiting_after_try(&waiting, &error);
        if (after == FERI_TRY_FAILED) {
            return feri_map_error(FERI_OPERATION_DATAGRAM, error);
        }
        if (after == FERI_TRY_DONE) {
            return error.kind == FER_OK ? store_end(handle, out) : error;
        }
    }
}

fer_error feri_datagram_receive(fer_handle *handle, void *buf, size_t len, feri_recv_mode recv_mode,
                                fer_udp_received *out)
{
    struct ferp_datagram received = {0};
    FER_TRY(feri_handle_check_use(handle));
    if (out == NULL || (buf == NULL && len > 0)) {
        return feri_own_error(FER_MISUSE);
    }
    len = len < ferp_traits()->datagram_length_max ? len : ferp_traits()->datagram_length_max;
    bool is_shut = !feri_handle_is_plain(handle) &&
                   feri_handle_answer(handle, FERI_REQUEST_READ) == FERI_ANSWER_END;
    FER_TRY(is_shut ? store_end(handle, &received)
                    : receive(handle, buf, len, recv_mode, &received));
    FERI_ASSERT(received.len <= len);
    *out = (fer_udp_received){received.len, received.truncated, received.from};
    return feri_ok();
}

/* ---- Sending */

fer_error feri_datagram_check_send(const fer_handle *handle, const void *buf, size_t len)
{
    FER_TRY(feri_handle_check_use(handle));
    if (buf == NULL && len > 0) {
        return feri_own_error(FER_MISUSE);
    }
    return len > ferp_traits()->datagram_length_max ? feri_own_error(FER_MESSAGE_TOO_LONG)
                                                    : feri_ok();
}

fer_error feri_datagram_send_once(const feri_waiting *waiting, const void *buf, size_t len,
                                  const fer_socket_addr *to, const fer_unix_addr *path, size_t *n)
{
    fer_raw_socket raw = waiting->handle->p_.raw_;
    bool may_wait = feri_waiting_tries_may_wait(waiting);
    if (to != NULL) {
        return may_wait ? ferp_send_to(raw, buf, len, to, n)
                        : ferp_try_send_to(raw, buf, len, to, n);
    }
    if (path != NULL) {
        return may_wait ? ferp_unix_send_to(raw, buf, len, path, n)
                        : ferp_try_unix_send_to(raw, buf, len, path, n);
    }
    return may_wait ? ferp_send(raw, buf, len, n) : ferp_try_send(raw, buf, len, n);
}

/* The error of a send. Some systems report a missing peer as an invalid argument. */
static fer_error map_send_error(const fer_handle *handle, const fer_socket_addr *to,
                                fer_error error)
{
    fer_socket_addr peer;
    if (to == NULL && error.kind == FER_INVALID_INPUT &&
        feri_datagram_peer(handle, &peer).kind != FER_OK) {
        return feri_map_error(FERI_OPERATION_UNADDRESSED, error);
    }
    return feri_map_error(FERI_OPERATION_DATAGRAM, error);
}

static fer_error send_datagram(fer_handle *handle, const void *buf, size_t len,
                               const fer_socket_addr *to, feri_wait_mode wait_mode, size_t *n)
{
    feri_waiting waiting = feri_waiting_with(wait_mode, handle, FERP_WRITABLE);
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error;
    feri_after_try after;
    do {
        error = feri_datagram_send_once(&waiting, buf, len, to, NULL, n);
        after = feri_waiting_after_try(&waiting, &error);
    } while (after == FERI_TRY_AGAIN);
    return after == FERI_TRY_FAILED ? map_send_error(handle, to, error) : error;
}

fer_error feri_datagram_send(fer_handle *handle, const void *buf, size_t len,
                             feri_wait_mode wait_mode, size_t *n)
{
    size_t sent = 0;
    fer_error error = feri_datagram_check_send(handle, buf, len);
    if (error.kind == FER_OK) {
        error = send_datagram(handle, buf, len, NULL, wait_mode, &sent);
    }
    feri_store_count(n, sent);
    return error;
}

fer_error feri_datagram_send_to(fer_handle *handle, const void *buf, size_t len,
                                const fer_socket_addr *to, feri_wait_mode wait_mode, size_t *n)
{
    size_t sent = 0;
    fer_socket_addr destination;
    fer_error error = feri_datagram_check_send(handle, buf, len);
    if (error.kind == FER_OK) {
        error = feri_addresses_are_valid(to, 1) ? destination_for(handle, to, &destination)
                                                : feri_refuse(to == NULL);
    }
    if (error.kind == FER_OK) {
        error = send_datagram(handle, buf, len, &destination, wait_mode, &sent);
    }
    feri_store_count(n, sent);
    return error;
}

/* ---- Connecting */

/* Reads the peer from the system, whether connect succeeded or not. getpeername does not return a
 * peer without a port (Linux, inet_getname). */
static void update_peer(fer_handle *handle, const fer_socket_addr *destination, fer_error error)
{
    if (feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS)) {
        handle->p_.peer_ = error.kind == FER_OK ? *destination : handle->p_.peer_;
    } else if (ferp_peer_addr(handle->p_.raw_, &handle->p_.peer_).kind != FER_OK) {
        memset(&handle->p_.peer_, 0, sizeof handle->p_.peer_);
    }
}

fer_error feri_datagram_connect(fer_handle *handle, const fer_socket_addr *addr)
{
    FERI_ASSERT(handle != NULL && addr != NULL);
    fer_socket_addr destination;
    fer_socket_addr old;
    fer_raw_socket raw = handle->p_.raw_;
    FER_TRY(destination_for(handle, addr, &destination));
    FER_TRY(feri_check_reconnect(handle, &destination, &old));
    fer_error error;
    do {
        error = ferp_connect(raw, &destination);
    } while (error.kind == FER_INTERRUPTED);
    if (error.kind != FER_OK && old.port != 0) {
        /* the local address again, instead of the wildcard */
        FER_IGNORE(ferp_connect(raw, &old));
    }
    update_peer(handle, &destination, error);
    ferp_report_refusals(raw, handle->p_.peer_.ip.family != 0);
    return error;
}

/* ---- Shutdown */

fer_error feri_unix_datagram_shutdown(fer_handle *handle, fer_shutdown how)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if ((unsigned)how > FER_SHUTDOWN_BOTH) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    return ferp_shutdown(handle->p_.raw_, how);
}

/* Without a peer Linux shuts the socket down and reports ENOTCONN (net/ipv4/af_inet.c,
 * inet_shutdown), and Windows shuts it down. After a shutdown of the read half Linux still queues
 * datagrams (net/ipv4/udp.c), so this handle's state answers. */
static fer_error shut_connected(fer_handle *handle, fer_shutdown how, feri_event event)
{
    fer_socket_addr peer;
    FER_TRY(feri_datagram_peer(handle, &peer));
    (void)feri_handle_apply(handle, event); /* fails if another thread has closed the handle */
    fer_error error = ferp_shutdown(handle->p_.raw_, how);
    ferp_wake(handle->p_.raw_);
    return feri_map_error(FERI_OPERATION_SHUTDOWN, error);
}

fer_error feri_datagram_shutdown(fer_handle *handle, fer_shutdown how)
{
    feri_event event = FERI_EVENT_SHUT_BOTH;
    if (feri_handle_has_flag(handle, FERI_FLAG_UNIX)) {
        return feri_unix_datagram_shutdown(handle, how);
    }
    return feri_event_of_shutdown(how, &event) ? shut_connected(handle, how, event)
                                               : feri_own_error(FER_INVALID_INPUT);
}

fer_error feri_datagram_take_error(const fer_handle *handle, fer_error *out)
{
    fer_error pending = feri_ok();
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(ferp_take_error(handle->p_.raw_, &pending));
    *out = feri_map_error(FERI_OPERATION_DATAGRAM, pending);
    return feri_ok();
}
