/* groups.c: the multicast groups that a socket has joined. */
#include "platform/sim/network.h"

bool ferp_sim_lacks_ipv4_groups(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->family == FER_IP_V6 &&
           ferp_sim_switches_for(network, socket)->lacks_ipv4_groups_of_ipv6;
}

static bool has_source(const ferp_sim_group *group)
{
    return group->source.family != 0;
}

static bool is_same_membership(const ferp_sim_group *one, const ferp_sim_group *other)
{
    return fer_ip_addr_eq(one->group, other->group) && fer_ip_addr_eq(one->local, other->local) &&
           one->interface_index == other->interface_index;
}

static bool is_same(const ferp_sim_group *one, const ferp_sim_group *other)
{
    return is_same_membership(one, other) && has_source(one) == has_source(other) &&
           (!has_source(one) || fer_ip_addr_eq(one->source, other->source));
}

/* What is found of a requested group: its membership, one entry of several; the source itself. */
typedef struct found_group {
    ferp_sim_group *membership; /* or NULL */
    ferp_sim_group *same;       /* or NULL */
    int count;                  /* of the membership's entries */
} found_group;

static found_group find(ferp_sim_socket *socket, const ferp_sim_group *requested)
{
    found_group found = {NULL, NULL, 0};
    for (int i = 0; i < socket->group_count; i++) {
        ferp_sim_group *group = &socket->groups[i];
        if (is_same_membership(group, requested)) {
            found.membership = group;
            found.count++;
            found.same = is_same(group, requested) ? group : found.same;
        }
    }
    return found;
}

static ferp_sim_group without_source(const ferp_sim_group *group)
{
    ferp_sim_group none = *group;
    none.source = (fer_ip_addr){.family = group->group.family};
    return none;
}

/* The code of a second join. platform/posix makes EINVAL of IPv6 EADDRINUSE. Windows: "Multicast
 * Socket Option Behavior", MSDN. */
static ferp_sim_code repeated_join(const ferp_sim_network *network, const ferp_sim_group *requested,
                                   const found_group *found)
{
    if (ferp_sim_is_winsock(network) || (has_source(requested) && found->same != NULL)) {
        return FERP_SIM_EADDRNOTAVAIL;
    }
    if (!has_source(requested) && !has_source(found->membership)) {
        return FERP_SIM_EADDRINUSE;
    }
    return network->switches->keeps_filter_mode && requested->group.family == FER_IP_V4
               ? FERP_SIM_EINVAL
               : FERP_SIM_EADDRINUSE;
}

static ferp_sim_code join(const ferp_sim_network *network, ferp_sim_socket *socket,
                          const ferp_sim_group *requested)
{
    found_group found = find(socket, requested);
    if (found.membership != NULL) {
        ferp_sim_group none = without_source(requested);
        bool narrows = !ferp_sim_is_winsock(network) && !network->switches->keeps_filter_mode;
        if (!has_source(requested) || found.same != NULL ||
            (!has_source(found.membership) && !narrows)) {
            return repeated_join(network, requested, &found);
        }
        if (!has_source(found.membership) || is_same(found.membership, &none)) {
            *found.membership = *requested;
            return FERP_SIM_NO_ERROR;
        }
    }
    if (socket->group_count == FERP_SIM_GROUPS_MAX) {
        return FERP_SIM_ENOBUFS;
    }
    socket->groups[socket->group_count++] = *requested;
    return FERP_SIM_NO_ERROR;
}

/* Linux takes every sender from a membership of which a source is left (ip_mc_source, which changes
 * the mode of an empty list). Windows: as above. */
static ferp_sim_code leave(const ferp_sim_network *network, ferp_sim_socket *socket,
                           const ferp_sim_group *requested)
{
    found_group found = find(socket, requested);
    ferp_sim_code not_joined =
        ferp_sim_is_winsock(network) ? FERP_SIM_EINVAL : FERP_SIM_EADDRNOTAVAIL;
    if (has_source(requested)) {
        bool is_linux = network->config.dialect == FER_SIM_DIALECT_POSIX;
        if (found.membership != NULL && !has_source(found.membership) && is_linux) {
            *found.membership = without_source(requested);
        }
        if (found.same != NULL && found.count == 1 && network->switches->keeps_filter_mode) {
            *found.same = without_source(requested);
        } else if (found.same != NULL) {
            *found.same = socket->groups[--socket->group_count];
        }
        return found.same != NULL                     ? FERP_SIM_NO_ERROR
               : found.membership == NULL && is_linux ? FERP_SIM_EINVAL
                                                      : not_joined;
    }
    if (found.membership == NULL) {
        return not_joined;
    }
    for (; found.membership != NULL; found = find(socket, requested)) {
        *found.membership = socket->groups[--socket->group_count];
    }
    return FERP_SIM_NO_ERROR;
}

static fer_error change(ferp_sim_network *network, ferp_sim_socket *socket, ferp_membership change,
                        const ferp_sim_group *requested)
{
    ferp_sim_code code =
        change == FERP_JOIN ? join(network, socket, requested) : leave(network, socket, requested);
    return ferp_sim_trace_call(network, change == FERP_JOIN ? "join a group" : "leave a group",
                               socket, ferp_sim_error(network, code));
}

fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership membership,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                               const fer_ipv4_addr *local)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_group requested = {.group = fer_ip_addr_from_v4(*group),
                                .local = fer_ip_addr_from_v4(*local)};
    socket->has_joined = socket->has_joined || membership == FERP_JOIN;
    if (source != NULL) {
        if (network->switches->lacks_sources) {
            return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
        }
        requested.source = fer_ip_addr_from_v4(*source);
    }
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
                               const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                               uint32_t interface_index)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_group requested = {.group = fer_ip_addr_from_v6(*group),
                                .local = {.family = FER_IP_V6},
                                .interface_index = interface_index};
    socket->has_joined = socket->has_joined || membership == FERP_JOIN;
    if (socket->family != FER_IP_V6 || (source != NULL && network->switches->lacks_sources)) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    if (source != NULL) {
        requested.source = fer_ip_addr_from_v6(*source);
        if (interface_index == 0 && network->switches->keeps_filter_mode) {
            return ferp_sim_error(network, FERP_SIM_EADDRNOTAVAIL);
        }
    }
    if (interface_index > FERP_SIM_INTERFACES) {
        return ferp_sim_error(network, ferp_sim_is_winsock(network) ? FERP_SIM_EADDRNOTAVAIL
                                                                    : FERP_SIM_ENODEV);
    }
    return change(network, socket, membership, &requested);
}
