/* connecting.c: opens connections. Each try uses a new OS socket, and the OS's final status decides
 * (rules C1, C4). A datagram socket that has a peer is checked here before it is connected again;
 * datagram.c connects it. */
#include "core/open/connecting.h"

#include <stdbool.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/open/binding.h"
#include "core/wait/connect_wait.h"
#include "ferrule/ip.h"
#include "platform/platform.h"

fer_error feri_connect_raw(fer_raw_socket raw, feri_operation operation,
                           const fer_socket_addr *addr)
{
    /* A group or the broadcast address. Linux reports ENETUNREACH (ip_route_connect's callers),
     * macOS and FreeBSD EAFNOSUPPORT or EACCES, NetBSD EADDRNOTAVAIL. */
    fer_ip_addr ip = fer_ip_addr_to_canonical(addr->ip);
    uint8_t first = ip.u.v6.octets[0]; /* of IPv4 too. 255: reserved, or the broadcast */
    bool has_many_receivers = first == 0xff || (ip.family == FER_IP_V4 && first >> 4 == 0xe);
    FERI_REQUIRE(!has_many_receivers, FER_NETWORK_UNREACHABLE);
    fer_error error = ferp_connect(raw, addr);
    if (error.kind == FER_IN_PROGRESS) {
        return error; /* no operation maps it */
    }
    if (error.kind == FER_OK && ip.family == FER_IP_V4) {
        ferp_drop_reports(raw); /* about a SYN before the one that was answered */
    }
    /* The system may choose the destination's port for the connecting socket itself. Linux then
     * connects it to itself (RFC 9293, 3.5, simultaneous open). macOS reports EINVAL (libuv, issue
     * 2503), which is no mistake of the caller. */
    fer_socket_addr own;
    if (error.kind == FER_INVALID_INPUT && ferp_local_addr(raw, &own).kind == FER_OK &&
        own.port == addr->port &&
        (fer_ip_addr_is_unspecified(own.ip) || fer_ip_addr_eq(own.ip, addr->ip))) {
        error = feri_map_error(FERI_OPERATION_CONNECT_TO_ITSELF, error);
    }
    /* only START maps "would block", to IN_PROGRESS */
    feri_operation start = ferp_traits()->connect_would_block_means_started
                               ? FERI_OPERATION_START
                               : FERI_OPERATION_CONNECT;
    return feri_map_error(operation, feri_map_error(start, error));
}

fer_error feri_connect_within(fer_raw_socket raw, feri_operation operation,
                              const fer_socket_addr *addr, const feri_limits *limits)
{
    FER_TRY(feri_set_connect_mode(raw, true));
    fer_error error = feri_connect_raw(raw, operation, addr);
    return error.kind == FER_IN_PROGRESS ? feri_await_connect(raw, operation, limits) : error;
}

static bool is_mapped(const fer_socket_addr *addr)
{
    return fer_ip_addr_to_canonical(addr->ip).family != addr->ip.family;
}

/* No listener can use port 0, so the connect is refused (rule C2). Linux sends a SYN; Windows and
 * the BSDs report an invalid address. An IPv4-mapped address needs a dual-stack socket; Windows and
 * some BSDs create sockets for IPv6 only. If there is no dual stack, connect reports the error. */
static fer_error open_socket_for(const fer_socket_addr *addr, fer_raw_socket *out)
{
    FERI_REQUIRE(addr->port != 0, FER_CONNECTION_REFUSED);
    FER_TRY(ferp_socket_new(feri_domain_of(addr), FER_TYPE_STREAM, 0, out));
    if (is_mapped(addr)) {
        FER_IGNORE(ferp_set_option(*out, FERP_ONLY_V6, 0));
    }
    return feri_ok();
}

fer_error feri_connection_open(const fer_socket_addr *addr, const fer_bind_options *options,
                               fer_raw_socket *out)
{
    (void)options; /* a connect binds nothing */
    feri_operation operation = feri_connect_operation_if(false);
    FER_TRY(open_socket_for(addr, out));
    fer_error error = feri_connect_raw(*out, operation, addr);
    /* IN_PROGRESS: a signal has interrupted the wait in the kernel */
    return error.kind == FER_IN_PROGRESS ? feri_await_connect(*out, operation, &FERI_NO_LIMITS)
                                         : error;
}

/* The socket is nonblocking during the connect. */
static fer_error open_within(const fer_socket_addr *addr, fer_duration timeout, fer_raw_socket *out)
{
    const feri_limits limits = {feri_deadline_after(timeout), NULL, false};
    FER_TRY(open_socket_for(addr, out));
    FER_TRY(feri_connect_within(*out, feri_connect_operation_if(false), addr, &limits));
    return feri_set_connect_mode(*out, false);
}

fer_error feri_connect_timeout(fer_handle *handle, const fer_socket_addr *addr,
                               fer_duration timeout)
{
    FER_TRY(feri_handle_claim(handle));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    if (!feri_addresses_are_valid(addr, 1) || timeout.nanos == 0) {
        return feri_finish_opening(handle, feri_refuse(addr == NULL), raw, 0);
    }
    fer_error error = timeout.nanos == FER_DURATION_NONE_NANOS
                          ? feri_connection_open(addr, NULL, &raw)
                          : open_within(addr, timeout, &raw);
    return feri_finish_opening(handle, error, raw, feri_family_flag(addr));
}

/* ---- Starting a connect */

fer_error feri_finish_connect_start(fer_handle *handle, fer_error started, fer_raw_socket raw,
                                    uint32_t flags)
{
    if (started.kind == FER_IN_PROGRESS) {
        FER_TRY(feri_handle_fill_unconnected(handle, raw, flags));
        /* fails if another thread has closed the handle */
        (void)feri_handle_apply(handle, FERI_EVENT_CONNECT_BEGIN);
        return feri_ok();
    }
    return feri_finish_opening(handle, started, raw, flags);
}

/* The local address has the form of the peer's: IPv4, IPv6 or IPv4-mapped. [::] is IPv4-mapped too.
 * Otherwise the system fails with an error of its own: Linux with ENETUNREACH or EAFNOSUPPORT. */
bool feri_can_connect_from(const fer_socket_addr *local, const fer_socket_addr *addr)
{
    return local->ip.family == addr->ip.family &&
           (is_mapped(local) == is_mapped(addr) || fer_ip_addr_is_unspecified(local->ip));
}

/* A fixed port is bound as every bind of the library does it (rule L1). Port 0 is not: with
 * SO_REUSEADDR the system could choose the port of another socket. On Linux the connect chooses a
 * port that is free for the pair of addresses. The bind would take one from all pairs (ip(7),
 * IP_BIND_ADDRESS_NO_PORT). */
fer_error feri_start_attempt(const fer_socket_addr *addr, const fer_connect_options *options,
                             fer_raw_socket *out, fer_connect_step *step)
{
    const fer_socket_addr *local = options->local;
    *step = FER_CONNECT_STEP_BIND;
    if (local != NULL && !feri_can_connect_from(local, addr)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    *step = addr->port == 0 ? FER_CONNECT_STEP_CONNECT : FER_CONNECT_STEP_SOCKET;
    FER_TRY(open_socket_for(addr, out));
    if (options->nodelay) {
        FER_TRY(ferp_set_option(*out, FERP_NODELAY, 1));
    }
    *step = FER_CONNECT_STEP_BIND;
    if (local != NULL) {
        if (local->port != 0) {
            FER_TRY(feri_set_port_options(FER_TYPE_STREAM, *out));
        } else {
            FER_IGNORE(ferp_set_option(*out, FERP_CONNECT_CHOOSES_PORT, 1));
        }
        FER_TRY(feri_map_bind_error(FER_TYPE_STREAM, local, ferp_bind(*out, local)));
    }
    *step = FER_CONNECT_STEP_CONNECT;
    FER_TRY(feri_set_connect_mode(*out, true));
    return feri_connect_raw(*out, feri_connect_operation_if(local != NULL), addr);
}

fer_error feri_start_connect(fer_handle *handle, const fer_socket_addr *addr)
{
    FER_TRY(feri_handle_claim(handle));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    if (!feri_addresses_are_valid(addr, 1)) {
        return feri_finish_opening(handle, feri_refuse(addr == NULL), raw, 0);
    }
    fer_error error = open_socket_for(addr, &raw);
    error = error.kind == FER_OK ? feri_set_connect_mode(raw, true) : error;
    error = error.kind == FER_OK ? feri_connect_raw(raw, feri_connect_operation_if(false), addr)
                                 : error;
    return feri_finish_connect_start(handle, error, raw,
                                     feri_family_flag(addr) | FERI_STARTED_FLAGS);
}

/* ---- A datagram socket that has a peer is connected to another (rule U5) */

fer_error feri_connect_datagram_raw(fer_raw_socket raw, const fer_socket_addr *addr)
{
    fer_error error;
    do {
        error = ferp_connect(raw, addr);
    } while (error.kind == FER_INTERRUPTED);
    return error;
}

/* The local address that the route to addr chooses. Nothing is sent. The probe may broadcast if the
 * socket may, so that it fails where the socket would. The kernels of FreeBSD and NetBSD check that
 * in the send only (ip_output). */
static fer_error source_of_route(const fer_handle *handle, const fer_socket_addr *addr,
                                 fer_socket_addr *out)
{
    bool is_v6 = feri_handle_has_flag(handle, FERI_FLAG_V6);
    uint32_t broadcasts = 0;
    fer_raw_socket probe = FER_RAW_SOCKET_NONE;
    FER_TRY(ferp_socket_new(is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &probe));
    if (is_v6) {
        FER_IGNORE(ferp_set_option(probe, FERP_ONLY_V6, 0));
    }
    FER_IGNORE(ferp_option_value(handle->p_.raw_, FERP_BROADCAST, &broadcasts));
    FER_IGNORE(ferp_set_option(probe, FERP_BROADCAST, broadcasts));
    fer_error error = feri_connect_datagram_raw(probe, addr);
    error = error.kind == FER_OK ? ferp_local_addr(probe, out) : error;
    ferp_close(probe);
    return error;
}

static fer_error check_source(const fer_socket_addr *local, const fer_socket_addr *source)
{
    return fer_ip_addr_eq(local->ip, source->ip) ? feri_ok()
                                                 : feri_own_error(FER_ADDR_NOT_AVAILABLE);
}

/* A raw socket of Linux that loses its peer receives nothing afterwards (net/ipv4/raw.c,
 * raw_unhash_sk; seen on 6.18). */
static bool can_disconnect(const fer_handle *handle)
{
    ferp_description description;
    return !feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS) ||
           (ferp_describe(feri_modes_raw(handle), &description).kind == FER_OK &&
            !description.is_raw);
}

/* The first connect of a socket at the wildcard address chooses a local address, which the next
 * connect keeps, also if no answer of the new peer can arrive there, or the address has been
 * removed (Linux: net/ipv4/datagram.c, __ip4_datagram_connect; net/ipv6/datagram.c,
 * ip6_datagram_dst_update). So the peer is removed first, and with it the address (Linux:
 * net/ipv4/udp.c, __udp_disconnect). Only the system knows who chose the address of an adopted
 * socket. If there is no route, the peer stays, because it may have none either: a connect that
 * fails keeps it. If the socket's address has no route, that of another socket may have one. */
static fer_error drop_chosen_source(const fer_handle *handle, const fer_socket_addr *addr,
                                    feri_reconnect *reconnect)
{
    fer_socket_addr local;
    fer_raw_socket raw = feri_modes_raw(handle);
    if (!feri_handle_has_flag(handle, FERI_FLAG_ANY_ADDR | FERI_FLAG_ADOPTED) ||
        !can_disconnect(handle)) {
        return feri_ok();
    }
    if (feri_connect_datagram_raw(raw, addr).kind != FER_OK) {
        FER_TRY(source_of_route(handle, addr, &local));
    }
    reconnect->is_dissolved = true;
    FER_TRY(ferp_disconnect(raw));
    FER_TRY(ferp_local_addr(raw, &local));
    reconnect->keeps_source =
        feri_handle_has_flag(handle, FERI_FLAG_ANY_ADDR) && !fer_ip_addr_is_unspecified(local.ip);
    return feri_ok();
}

/* If the connect drops the address that the socket is bound to, a socket that is bound to the
 * loopback address would be reachable from the network afterwards. Another socket tries the connect
 * first. */
static fer_error keep_bound_source(const fer_handle *handle, const fer_socket_addr *addr,
                                   feri_reconnect *reconnect)
{
    fer_socket_addr source;
    fer_socket_addr local;
    if (feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS)) {
        return feri_ok();
    }
    FER_TRY(source_of_route(handle, addr, &source));
    if (!feri_handle_has_flag(handle, FERI_FLAG_ANY_ADDR)) {
        FER_TRY(ferp_local_addr(handle->p_.raw_, &local));
        FER_TRY(check_source(&local, &source));
    }
    reconnect->is_dissolved = true;
    return feri_ok();
}

fer_error feri_prepare_reconnect(const fer_handle *handle, const fer_socket_addr *addr,
                                 feri_reconnect *reconnect)
{
    *reconnect = (feri_reconnect){false, false};
    if (ferp_traits()->reconnect_drops_bound_addr) {
        FER_TRY(keep_bound_source(handle, addr, reconnect));
    }
    return ferp_traits()->reconnect_chooses_addr_again
               ? feri_ok()
               : drop_chosen_source(handle, addr, reconnect);
}

/* Wine 8 keeps the address (Windows: ?). */
fer_error feri_check_reconnected(const fer_handle *handle, const fer_socket_addr *addr,
                                 fer_error connected)
{
    fer_socket_addr source;
    fer_socket_addr local;
    FER_TRY(source_of_route(handle, addr, &source));
    FER_TRY(ferp_local_addr(feri_modes_raw(handle), &local));
    FER_TRY(check_source(&local, &source));
    return connected;
}
