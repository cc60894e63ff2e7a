/* datagram_calls.c: the seam's functions for datagrams over IP: connecting, sending and receiving.
 * datagram.c delivers the datagrams. */
#include <string.h>

#include "platform/sim/path.h"

/* Over IPv4 and IPv6: 65535 without the headers (RFC 791, RFC 768, RFC 8200). */
enum { LONGEST_V4 = 65507, LONGEST_V6 = 65527 };

/* ---- Connecting */

/* A call that has a destination. */
typedef enum address_use { CONNECTING, SENDING_TO_PEER, SENDING_TO } address_use;

/* Whether the call needs SO_BROADCAST for a broadcast address. On Linux a connect and a send to an
 * address (ip4_datagram_connect, udp_sendmsg, which keeps the route of a connected socket), on the
 * BSDs each send (ip_output), and on Windows a send to an address (Wine's test_broadcast). */
static bool needs_broadcast(const ferp_sim_network *network, const ferp_sim_socket *socket,
                            address_use use)
{
    bool ignored_by_connect = ferp_traits()->connect_ignores_broadcast && !socket->is_peer;
    return use == SENDING_TO || (!ferp_sim_acts_as_windows(network, socket) &&
                                 (use == CONNECTING) != ignored_by_connect);
}

/* A socket at an address, and a destination of the other IP version. Linux: ENETUNREACH from IPv6
 * that the program has bound (net/ipv6/af_inet6.c, inet6_bind, sets ipv6only), EAFNOSUPPORT from
 * IPv4-mapped. The IPv6 source that connect has chosen is none of IPv4: measured on 6.18. Others:
 * measured under Wine, 10051. */
static ferp_sim_code version_status(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    if (ferp_sim_is_winsock(network) || switches->udp_reconnect_unbinds || socket->is_peer) {
        return FERP_SIM_ENETUNREACH;
    }
    if (socket->local.ip.family == FER_IP_V4) {
        return FERP_SIM_EAFNOSUPPORT;
    }
    return socket->connect_chose_address ? FERP_SIM_NO_ERROR : FERP_SIM_ENETUNREACH;
}

static ferp_sim_code destination_status(ferp_sim_network *network, const ferp_sim_socket *socket,
                                        const fer_socket_addr *addr, address_use use)
{
    if (ferp_sim_is_winsock(network) && addr->ip.family != socket->family) {
        return FERP_SIM_EAFNOSUPPORT; /* Linux accepts an IPv4 address on an IPv6 socket */
    }
    fer_socket_addr canonical = ferp_sim_canonical(addr);
    const fer_socket_addr *to = &canonical;
    bool is_bound_to_address = socket->has_local && !ferp_sim_is_wildcard(&socket->local.ip);
    bool is_other_family = to->ip.family != socket->family &&
                           (socket->family == FER_IP_V4 || socket->settings.options[FERP_ONLY_V6]);
    if (to->ip.family != socket->family &&
        ferp_sim_switches_for(network, socket)->lacks_dual_stack) {
        return FERP_SIM_EADDRNOTAVAIL; /* OpenBSD, udp6_output.c and in6_pcb.c, in6_pcbconnect */
    }
    if (is_other_family) {
        return FERP_SIM_ENETUNREACH;
    }
    if (is_bound_to_address && socket->local.ip.family != to->ip.family) {
        ferp_sim_code status = version_status(network, socket);
        if (status != FERP_SIM_NO_ERROR) {
            return status;
        }
    }
    if (ferp_sim_is_broadcast(&to->ip) && !socket->settings.options[FERP_BROADCAST] &&
        needs_broadcast(network, socket, use)) {
        return FERP_SIM_EACCES;
    }
    if (ferp_sim_is_winsock(network) && ferp_sim_is_wildcard(&to->ip)) {
        return FERP_SIM_EADDRNOTAVAIL;
    }
    return ferp_sim_injects_no_route(network, socket, &to->ip)
               ? FERP_SIM_ENETUNREACH
               : ferp_sim_route_to(network, socket, to);
}

static fer_error ensure_port(ferp_sim_network *network, ferp_sim_socket *socket,
                             const fer_ip_addr *ip)
{
    return socket->has_local ? FERP_SIM_OK : ferp_sim_claim_any_port(network, socket, ip);
}

static void disconnect(ferp_sim_socket *socket)
{
    socket->state = FERP_SIM_UNCONNECTED;
    socket->connect_chose_address = false;
    socket->remote = (fer_socket_addr){0};
    socket->local.ip = (fer_ip_addr){.family = socket->family};
}

fer_error ferp_sim_connect_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                    fer_raw_socket raw, const fer_socket_addr *addr)
{
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    FER_TRY(ferp_sim_check_known(network, raw, false));
    if (socket->state == FERP_SIM_CONNECTED &&
        ferp_sim_switches_for(network, socket)->udp_reconnect_unbinds) {
        disconnect(socket);
    }
    FER_TRY(ferp_sim_error(network, destination_status(network, socket, addr, CONNECTING)));
    fer_socket_addr to = ferp_sim_destination(addr);
    fer_ip_addr source = ferp_sim_source_for(socket, &to.ip);
    FER_TRY(ensure_port(network, socket, &source));
    if (ferp_sim_is_wildcard(&socket->local.ip)) {
        socket->connect_chose_address = true;
        socket->local.ip = source;
    }
    socket->remote = to;
    socket->former_peer.family = (fer_ip_family)0;
    socket->state = FERP_SIM_CONNECTED;
    ferp_sim_keep_addresses(network, raw);
    return FERP_SIM_OK;
}

/* Windows keeps the address (?). Linux: __udp_disconnect leaves sk_v6_daddr. */
fer_error ferp_disconnect(fer_raw_socket raw)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    fer_ip_addr local = socket->local.ip;
    bool unbinds = ferp_sim_switches_for(network, socket)->udp_reconnect_unbinds ||
                   (!ferp_sim_is_winsock(network) && socket->connect_chose_address);
    if (socket->state == FERP_SIM_CONNECTED) {
        bool keeps_filter =
            network->config.dialect == FER_SIM_DIALECT_POSIX && socket->family == FER_IP_V6;
        socket->former_peer = keeps_filter ? socket->remote.ip : socket->former_peer;
        disconnect(socket);
        socket->local.ip = unbinds ? socket->local.ip : local;
        ferp_sim_keep_addresses(network, raw);
    }
    return ferp_sim_trace_call(network, "disconnect", socket, FERP_SIM_OK);
}

void ferp_report_refusals(fer_raw_socket raw, bool reported)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = network == NULL ? NULL : ferp_sim_socket_of(network, raw);
    if (socket != NULL) {
        socket->reports_refusals = reported;
    }
}

/* ---- Sending */

static bool is_other_than_peer(const ferp_sim_network *network, const ferp_sim_socket *socket,
                               const fer_socket_addr *addr)
{
    fer_socket_addr to = ferp_sim_canonical(addr);
    return socket->state == FERP_SIM_CONNECTED &&
           ferp_sim_switches_for(network, socket)->send_to_connected_is_eisconn &&
           !ferp_sim_is_same_end(&socket->remote, &to);
}

static bool is_above_send_buffer(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                 size_t len)
{
    return network->switches->udp_send_buffer_is_limit && !socket->is_peer &&
           len > socket->settings.options[FERP_SEND_BUFFER];
}

fer_error ferp_sim_check_send(ferp_sim_network *network, ferp_sim_socket *socket, size_t len,
                              const fer_socket_addr *addr, fer_socket_addr *out)
{
    static const fer_ip_addr wildcard_v4 = {.family = FER_IP_V4};
    static const fer_ip_addr wildcard_v6 = {.family = FER_IP_V6};
    FER_TRY(ferp_sim_enter(network, socket, FERP_WRITING));
    if (!ferp_sim_acts_as_windows(network, socket)) {
        FER_TRY(ferp_sim_take_pending(network, socket)); /* Windows: only by a receive (test_UDP) */
    }
    if (socket->shut_write) {
        return ferp_sim_error(network, FERP_SIM_EPIPE);
    }
    if (addr == NULL && socket->state != FERP_SIM_CONNECTED) {
        return ferp_sim_error(network, FERP_SIM_EDESTADDRREQ);
    }
    if (addr != NULL && is_other_than_peer(network, socket, addr)) {
        return ferp_sim_error(network, FERP_SIM_EISCONN);
    }
    fer_socket_addr peer = ferp_sim_in_family_of(socket, &socket->remote);
    fer_socket_addr to = addr == NULL ? socket->remote : ferp_sim_destination(addr);
    address_use use = addr == NULL ? SENDING_TO_PEER : SENDING_TO;
    FER_TRY(ferp_sim_error(network,
                           destination_status(network, socket, addr == NULL ? &peer : addr, use)));
    if (len > (size_t)(to.ip.family == FER_IP_V4 ? LONGEST_V4 : LONGEST_V6) ||
        is_above_send_buffer(network, socket, len)) {
        return ferp_sim_error(network, FERP_SIM_EMSGSIZE);
    }
    *out = to;
    return ensure_port(network, socket, socket->family == FER_IP_V4 ? &wildcard_v4 : &wildcard_v6);
}

static fer_error send_checked(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                              size_t len, const fer_socket_addr *addr)
{
    fer_socket_addr to;
    ferp_sim_sending sending = {&to, NULL, FERP_SIM_NONE, 0, 0};
    FER_TRY(ferp_sim_check_send(network, socket, len, addr, &to));
    ferp_sim_send_datagrams(network, socket, buf, len, &sending);
    return FERP_SIM_OK;
}

fer_error ferp_sim_send_one(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *addr, size_t *n)
{
    fer_error error = send_checked(network, socket, buf, len, addr);
    *n = error.kind == FER_OK ? len : 0;
    ferp_sim_record record = {.verb = "send a datagram",
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .requested = len,
                              .moved = *n,
                              .addr = addr};
    ferp_sim_trace(network, &record);
    return error;
}

fer_error ferp_sim_send_known(ferp_sim_network *network, ferp_sim_socket *socket,
                              fer_raw_socket raw, const void *buf, size_t len,
                              const fer_socket_addr *addr, size_t *n)
{
    FER_TRY(ferp_sim_check_known(network, raw, addr == NULL));
    return ferp_sim_send_one(network, socket, buf, len, addr, n);
}

static fer_error send_to(fer_raw_socket raw, const void *buf, size_t len,
                         const fer_socket_addr *addr, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EISCONN);
    }
    return ferp_sim_send_known(network, socket, raw, buf, len, addr, n);
}

fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                       const fer_socket_addr *addr, size_t *n)
{
    FERP_SIM_RETURN_CALL(raw, flags, send_to(raw, buf, len, addr, n));
}

/* ---- Receiving */

/* Linux does not report the end to a receive that never waits (net/core/datagram.c). platform/posix
 * reports that of a Unix socket in every mode. */
static bool reports_end(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->is_unix || !socket->settings.nonblocking ||
           ferp_sim_shut_read_discards(network, socket);
}

static fer_error check_datagram(ferp_sim_network *network, ferp_sim_socket *socket, size_t *count)
{
    *count = (size_t)socket->datagram_count;
    FER_TRY(ferp_sim_take_pending(network, socket));
    if (socket->datagram_count == 0 && socket->shut_read && reports_end(network, socket)) {
        return FERP_SIM_OK;
    }
    return socket->datagram_count > 0 ? FERP_SIM_OK : ferp_sim_error(network, FERP_SIM_EAGAIN);
}

void ferp_sim_copy_datagram(ferp_sim_network *network, const ferp_sim_socket *socket, void *buf,
                            size_t len, fer_udp_received *out)
{
    const ferp_sim_datagram *first = ferp_sim_first_datagram(network, socket);
    if (first == NULL) {
        *out = (fer_udp_received){0};
        return;
    }
    out->len = first->len < len ? first->len : len;
    out->truncated = first->len > len;
    out->from = ferp_sim_sender_for(network, socket, &first->from);
    if (out->len > 0) {
        memcpy(buf, network->payloads + first->at, out->len);
        ferp_sim_trace_bytes(network, network->payloads + first->at, out->len);
    }
}

fer_error ferp_sim_wait_for_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                     const char *verb)
{
    size_t count = 0;
    fer_error error = ferp_sim_enter(network, socket, FERP_READING);
    if (error.kind == FER_OK && ferp_sim_acts_as_windows(network, socket) && !socket->has_local) {
        error = ferp_sim_error(network, FERP_SIM_EINVAL); /* Wine's test_connect_udp */
    }
    if (error.kind == FER_OK) {
        error = ferp_sim_check_with_wait(network, socket,
                                         ferp_sim_deadline(network, socket, FERP_READING),
                                         check_datagram, &count);
    }
    return error.kind == FER_OK ? error : ferp_sim_trace_call(network, verb, socket, error);
}

static fer_error copy_first(ferp_sim_network *network, ferp_sim_socket *socket, const char *verb,
                            void *buf, size_t len, fer_udp_received *out)
{
    FER_TRY(ferp_sim_wait_for_datagram(network, socket, verb));
    ferp_sim_copy_datagram(network, socket, buf, len, out);
    ferp_sim_record record = {.verb = verb,
                              .socket = socket,
                              .has_bytes = true,
                              .requested = len,
                              .moved = out->len,
                              .addr = &out->from};
    ferp_sim_trace(network, &record);
    return FERP_SIM_OK;
}

static fer_error peek_from(fer_raw_socket raw, void *buf, size_t len, fer_udp_received *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    FER_TRY(ferp_sim_check_known(network, raw, false));
    socket->taken = FERP_SIM_NO_ERROR;
    fer_error error = copy_first(network, socket, "peek at a datagram", buf, len, out);
    if (ferp_sim_acts_as_windows(network, socket) && socket->pending == FERP_SIM_NO_ERROR) {
        socket->pending = socket->taken; /* libuv, src/win/udp.c */
    }
    return error;
}

fer_error ferp_sim_receive_datagram(ferp_sim_network *network, ferp_sim_socket *socket, void *buf,
                                    size_t len, fer_udp_received *out, int *from_name)
{
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    FER_TRY(copy_first(network, socket, "receive a datagram", buf, len, out));
    if (socket->datagram_count > 0) {
        ferp_sim_datagram *first = ferp_sim_first_datagram(network, socket);
        *from_name = first->from_name;
        ferp_sim_take_passed(network, socket, first->passed);
        first->passed = FERP_SIM_NONE;
        ferp_sim_drop_first_datagram(network, socket);
    }
    return FERP_SIM_OK;
}

static fer_error receive_from(fer_raw_socket raw, void *buf, size_t len, fer_udp_received *out)
{
    int from_name = FERP_SIM_NONE;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    FER_TRY(ferp_sim_check_known(network, raw, false));
    return ferp_sim_receive_datagram(network, socket, buf, len, out, &from_name);
}

fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                         fer_udp_received *out)
{
    FERP_SIM_RETURN_CALL(raw, flags,
                         (flags & FERP_PEEK) != 0 ? peek_from(raw, buf, len, out)
                                                  : receive_from(raw, buf, len, out));
}
