#include "platform/common/message_source.h"

#include "platform/platform.h"

/* Whether a socket can be bound to the local address. A link-local address without an interface is
 * EINVAL on Linux (net/ipv6/af_inet6.c, __inet6_bind). */
static bool is_local(const struct ferp_send_message *message)
{
    bool is_v6 = message->from.family == FER_IP_V6;
    fer_socket_addr addr = fer_socket_addr_new(message->from, 0);
    fer_raw_socket raw;
    addr.scope_id = is_v6 ? message->interface_index : 0;
    if (ferp_socket_new(is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &raw).kind !=
        FER_OK) {
        return true;
    }
    fer_error error = ferp_bind(raw, &addr);
    ferp_close(raw);
    return error.kind != FER_ADDR_NOT_AVAILABLE && error.kind != FER_INVALID_INPUT;
}

/* Linux: EINVAL or ENETUNREACH (net/ipv4/route.c, ip_route_output_key_hash_rcu;
 * net/ipv6/datagram.c, ip6_datagram_send_ctl). Windows: WSAEINVAL (envoy, PR 12820;
 * foundation-sunshine, PR 693). */
fer_error ferp_message_source_error(const struct ferp_send_message *message, fer_error error)
{
    bool may_be_source = error.kind == FER_INVALID_INPUT || error.kind == FER_NETWORK_UNREACHABLE;
    if (message->from.family != 0 && may_be_source && !is_local(message)) {
        error.kind = FER_ADDR_NOT_AVAILABLE;
    }
    return error;
}
