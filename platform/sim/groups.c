/* groups.c: the multicast groups that a socket has joined. */
#include "platform/sim/network.h"

bool ferp_sim_lacks_ipv4_groups(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->family == FER_IP_V6 &&
           ferp_sim_switches_for(network, socket)->lacks_ipv4_groups_of_ipv6;
}

static fer_error join(ferp_sim_network *network, ferp_sim_socket *socket,
                      const ferp_sim_group *requested, int found)
{
    if (found != FERP_SIM_NONE) {
        return ferp_sim_error(network, FERP_SIM_EADDRINUSE);
    }
    if (socket->group_count == FERP_SIM_GROUPS_MAX) {
        return ferp_sim_error(network, FERP_SIM_ENOBUFS);
    }
    socket->groups[socket->group_count++] = *requested;
    return FERP_SIM_OK;
}

static fer_error leave(ferp_sim_network *network, ferp_sim_socket *socket, int found)
{
    if (found == FERP_SIM_NONE) {
        return ferp_sim_error(network, FERP_SIM_EADDRNOTAVAIL);
    }
    socket->groups[found] = socket->groups[--socket->group_count];
    return FERP_SIM_OK;
}

static fer_error change(ferp_sim_network *network, ferp_sim_socket *socket, ferp_membership change,
                        const ferp_sim_group *requested)
{
    int found = FERP_SIM_NONE;
    for (int i = 0; i < socket->group_count; i++) {
        const ferp_sim_group *group = &socket->groups[i];
        if (fer_ip_addr_eq(group->group, requested->group) &&
            fer_ip_addr_eq(group->local, requested->local) &&
            group->interface_index == requested->interface_index) {
            found = i;
        }
    }
    fer_error error = change == FERP_JOIN ? join(network, socket, requested, found)
                                          : leave(network, socket, found);
    return ferp_sim_trace_call(network, change == FERP_JOIN ? "join a group" : "leave a group",
                               socket, error);
}

fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership membership,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *local)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_group requested = {fer_ip_addr_from_v4(*group), fer_ip_addr_from_v4(*local), 0};
    socket->has_joined = socket->has_joined || membership == FERP_JOIN;
    if (ferp_sim_lacks_ipv4_groups(network, socket)) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    if (!ferp_sim_is_local(&requested.local)) {
        return ferp_sim_error(network, ferp_sim_is_winsock(network) ? FERP_SIM_EADDRNOTAVAIL
                                                                    : FERP_SIM_ENODEV);
    }
    return change(network, socket, membership, &requested);
}

fer_error ferp_change_group_v6(fer_raw_socket raw, ferp_membership membership,
                               const fer_ipv6_addr *group, uint32_t interface_index)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_group requested = {
        fer_ip_addr_from_v6(*group), {.family = FER_IP_V6}, interface_index};
    socket->has_joined = socket->has_joined || membership == FERP_JOIN;
    if (socket->family != FER_IP_V6) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    if (interface_index > FERP_SIM_INTERFACES) {
        return ferp_sim_error(network, ferp_sim_is_winsock(network) ? FERP_SIM_EADDRNOTAVAIL
                                                                    : FERP_SIM_ENODEV);
    }
    return change(network, socket, membership, &requested);
}
