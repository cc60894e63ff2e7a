/* datagram_peer.c: the datagram sockets of the other hosts, which the test controls. */
#include "platform/sim/network.h"

enum { LONGEST = 65507 };

static fer_error error_of_kind(fer_error_kind kind)
{
    return (fer_error){kind, 0};
}

static bool is_ip(const fer_socket_addr *addr)
{
    return addr != NULL && (addr->ip.family == FER_IP_V4 || addr->ip.family == FER_IP_V6);
}

/* Returns NULL for any other number. */
static ferp_sim_socket *datagram_peer_of(ferp_sim_network *network, fer_sim_peer peer)
{
    ferp_sim_socket *socket = ferp_sim_socket_of(network, peer);
    return socket != NULL && socket->is_peer && socket->kind == FERP_SIM_DATAGRAM ? socket : NULL;
}

fer_error fer_sim_peer_bind(const fer_socket_addr *addr, fer_sim_peer *out)
{
    FERP_SIM_REQUIRE(network)
    if (out == NULL || !is_ip(addr)) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    fer_raw_socket raw = ferp_sim_make_peer(FERP_SIM_DATAGRAM, addr->ip.family);
    if (raw == FER_RAW_SOCKET_NONE) {
        return error_of_kind(FER_TOO_MANY_OPEN_FILES);
    }
    ferp_sim_socket *socket = ferp_sim_socket_of(network, raw);
    socket->settings.options[FERP_ONLY_V6] = false;
    socket->settings.options[FERP_BROADCAST] = true;
    if (ferp_sim_claim_port(network, socket, addr).kind != FER_OK) {
        fer_sim_peer_close(raw);
        return error_of_kind(FER_ADDR_IN_USE);
    }
    *out = raw;
    return ferp_sim_trace_call(network, "peer binds", socket, FERP_SIM_OK);
}

fer_error fer_sim_peer_send_to(fer_sim_peer peer, const void *buf, size_t len,
                               const fer_socket_addr *to)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_run_due_events(network);
    ferp_sim_socket *socket = datagram_peer_of(network, peer);
    if (socket == NULL || !is_ip(to) || to->port == 0 || (buf == NULL && len > 0)) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    fer_socket_addr canonical = ferp_sim_canonical(to);
    bool is_bound_to_address = !ferp_sim_is_wildcard(&socket->local.ip);
    bool is_other_family = canonical.ip.family == FER_IP_V6 && socket->family == FER_IP_V4;
    if (is_other_family ||
        (is_bound_to_address && socket->local.ip.family != canonical.ip.family)) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    if (len > LONGEST) {
        return error_of_kind(FER_MESSAGE_TOO_LONG);
    }
    ferp_sim_record record = {.verb = "peer sends a datagram",
                              .socket = socket,
                              .has_bytes = true,
                              .requested = len,
                              .moved = len,
                              .addr = &canonical};
    ferp_sim_trace(network, &record);
    ferp_sim_sending sending = {&canonical, NULL, FERP_SIM_NONE, 0, 0};
    ferp_sim_send_datagrams(network, socket, buf, len, &sending);
    return FERP_SIM_OK;
}

fer_error fer_sim_peer_recv_from(fer_sim_peer peer, void *buf, size_t len, fer_udp_received *out)
{
    fer_udp_received received;
    FERP_SIM_REQUIRE(network)
    ferp_sim_run_due_events(network);
    ferp_sim_socket *socket = datagram_peer_of(network, peer);
    if (socket == NULL || out == NULL || (buf == NULL && len > 0)) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    if (socket->datagram_count == 0) {
        return error_of_kind(FER_WOULD_BLOCK);
    }
    ferp_sim_copy_datagram(network, socket, buf, len, &received);
    ferp_sim_drop_first_datagram(network, socket);
    ferp_sim_record record = {.verb = "peer receives a datagram",
                              .socket = socket,
                              .has_bytes = true,
                              .requested = len,
                              .moved = received.len,
                              .addr = &received.from};
    ferp_sim_trace(network, &record);
    *out = (fer_udp_received){received.len, received.truncated, received.from};
    return FERP_SIM_OK;
}

fer_error fer_sim_peer_tos(fer_sim_peer peer, uint32_t *out)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_run_due_events(network);
    ferp_sim_socket *socket = datagram_peer_of(network, peer);
    if (socket == NULL || out == NULL) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    const ferp_sim_datagram *first = ferp_sim_first_datagram(network, socket);
    if (first == NULL) {
        return error_of_kind(FER_WOULD_BLOCK);
    }
    *out = first->traffic_class;
    return FERP_SIM_OK;
}
