/* datagram_peer.c: the other hosts' datagram sockets, as the test plays them. */
#include "platform/sim/network.h"

enum { LONGEST = 65507 };

static fer_error plain_error(fer_error_kind kind)
{
    return (fer_error){kind, 0};
}

static bool is_of_ip(const fer_socket_addr *addr)
{
    return addr != NULL && (addr->ip.family == FER_IP_V4 || addr->ip.family == FER_IP_V6);
}

/* NULL for anything else. */
static ferp_sim_socket *datagram_peer_of(ferp_sim_world *world, fer_sim_peer peer)
{
    ferp_sim_socket *socket = ferp_sim_socket_of(world, peer);
    return socket != NULL && socket->is_peer && socket->kind == FERP_SIM_DATAGRAM ? socket : NULL;
}

fer_error fer_sim_peer_bind(const fer_socket_addr *addr, fer_sim_peer *out)
{
    FERP_SIM_NEED(world)
    if (out == NULL || !is_of_ip(addr)) {
        return plain_error(FER_INVALID_INPUT);
    }
    fer_raw_socket raw = ferp_sim_make(FERP_SIM_DATAGRAM, addr->ip.family);
    if (raw == FER_RAW_SOCKET_NONE) {
        return plain_error(FER_TOO_MANY_OPEN_FILES);
    }
    ferp_sim_socket *socket = ferp_sim_socket_of(world, raw);
    socket->settings.only_v6 = false;
    socket->settings.broadcast = true;
    if (ferp_sim_claim_port(world, socket, addr).kind != FER_OK) {
        fer_sim_peer_close(raw);
        return plain_error(FER_ADDR_IN_USE);
    }
    *out = raw;
    return ferp_sim_told(world, "peer binds", socket, FERP_SIM_OK);
}

fer_error fer_sim_peer_send_to(fer_sim_peer peer, const void *buf, size_t len,
                               const fer_socket_addr *to)
{
    FERP_SIM_NEED(world)
    ferp_sim_settle(world);
    ferp_sim_socket *socket = datagram_peer_of(world, peer);
    if (socket == NULL || !is_of_ip(to) || to->port == 0 || (buf == NULL && len > 0)) {
        return plain_error(FER_INVALID_INPUT);
    }
    fer_socket_addr plain = ferp_sim_plain(to);
    bool is_tied = !ferp_sim_is_wildcard(&socket->local.ip);
    bool is_foreign = plain.ip.family == FER_IP_V6 && socket->family == FER_IP_V4;
    if (is_foreign || (is_tied && socket->local.ip.family != plain.ip.family)) {
        return plain_error(FER_INVALID_INPUT);
    }
    if (len > LONGEST) {
        return plain_error(FER_MESSAGE_TOO_LONG);
    }
    ferp_sim_record record = {.verb = "peer sends a datagram",
                              .socket = socket,
                              .has_bytes = true,
                              .asked = len,
                              .moved = len,
                              .addr = &plain};
    ferp_sim_trace(world, &record);
    ferp_sim_send_datagram(world, socket, buf, len, &plain);
    return FERP_SIM_OK;
}

fer_error fer_sim_peer_receive_from(fer_sim_peer peer, void *buf, size_t len, fer_datagram *out)
{
    struct ferp_datagram got;
    FERP_SIM_NEED(world)
    ferp_sim_settle(world);
    ferp_sim_socket *socket = datagram_peer_of(world, peer);
    if (socket == NULL || out == NULL || (buf == NULL && len > 0)) {
        return plain_error(FER_INVALID_INPUT);
    }
    if (socket->datagram_count == 0) {
        return plain_error(FER_WOULD_BLOCK);
    }
    ferp_sim_copy_datagram(world, socket, buf, len, &got);
    ferp_sim_drop_first_datagram(world, socket);
    ferp_sim_record record = {.verb = "peer receives a datagram",
                              .socket = socket,
                              .has_bytes = true,
                              .asked = len,
                              .moved = got.len,
                              .addr = &got.from};
    ferp_sim_trace(world, &record);
    *out = (fer_datagram){got.len, got.truncated, got.from};
    return FERP_SIM_OK;
}
