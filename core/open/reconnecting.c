/* reconnecting.c: a datagram socket that has a peer is connected to another. If the system drops
 * the address that the socket is bound to, a socket that is bound to the loopback address would be
 * reachable from the network afterwards. Another socket tries the connect first. */
#include "core/open/reconnecting.h"

#include <stdbool.h>

#include "core/base/facts.h"
#include "core/base/result.h"
#include "core/handle/handle.h"
#include "platform/platform.h"

/* The local address that the route to addr chooses. Nothing is sent. The probe may broadcast,
 * because it must not fail where the socket itself would not. The kernels of FreeBSD and NetBSD
 * check that in the send only (ip_output). */
static fer_error source_of_route(const fer_handle *handle, const fer_socket_addr *addr,
                                 fer_socket_addr *out)
{
    bool is_v6 = feri_handle_has_flag(handle, FERI_FLAG_V6);
    fer_raw_socket probe = FER_RAW_SOCKET_NONE;
    FER_TRY(ferp_socket_new(is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &probe));
    if (is_v6) {
        FER_IGNORE(ferp_set_option(probe, FERP_ONLY_V6, 0));
    }
    FER_IGNORE(ferp_set_option(probe, FERP_BROADCAST, 1));
    fer_error error;
    do {
        error = ferp_connect(probe, addr);
    } while (error.kind == FER_INTERRUPTED);
    error = error.kind == FER_OK ? ferp_local_addr(probe, out) : error;
    ferp_close(probe);
    return error;
}

fer_error feri_check_reconnect(const fer_handle *handle, const fer_socket_addr *addr,
                               fer_socket_addr *old)
{
    fer_socket_addr local;
    fer_socket_addr source;
    *old = (fer_socket_addr){.port = 0};
    if (!feri_reconnect_drops_bound_addr() || feri_handle_has_flag(handle, FERI_FLAG_NO_PORTS) ||
        ferp_peer_addr(handle->p_.raw_, old).kind != FER_OK) {
        return feri_ok();
    }
    FER_TRY(source_of_route(handle, addr, &source));
    if (feri_handle_has_flag(handle, FERI_FLAG_ANY_ADDR)) {
        return feri_ok();
    }
    FER_TRY(ferp_local_addr(handle->p_.raw_, &local));
    return fer_ip_addr_eq(local.ip, source.ip) ? feri_ok() : feri_own_error(FER_ADDR_NOT_AVAILABLE);
}
