/* reconnecting.c: checks a datagram socket that has a peer before and after it is connected to
 * another (rule U5). datagram.c connects it. */
#include "core/transfer/reconnecting.h"

#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "ferrule/ip.h"
#include "platform/platform.h"

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

/* Whether the socket has the local address of the route. */
static fer_error check_source(const fer_handle *handle, const fer_socket_addr *source)
{
    fer_socket_addr local;
    FER_TRY(ferp_local_addr(feri_modes_raw(handle), &local));
    FERI_REQUIRE(fer_ip_addr_eq(local.ip, source->ip), FER_ADDR_NOT_AVAILABLE);
    return feri_ok();
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
    if (feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS)) {
        return feri_ok();
    }
    FER_TRY(source_of_route(handle, addr, &source));
    if (!feri_handle_has_flag(handle, FERI_FLAG_ANY_ADDR)) {
        FER_TRY(check_source(handle, &source));
    }
    reconnect->is_dissolved = true;
    return feri_ok();
}

fer_error feri_prepare_reconnect(const fer_handle *handle, const fer_socket_addr *addr,
                                 feri_reconnect *reconnect)
{
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
    FER_TRY(source_of_route(handle, addr, &source));
    FER_TRY(check_source(handle, &source));
    return connected;
}
