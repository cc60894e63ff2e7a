/* address_space.c: addresses and ports: which socket has which, and which sockets may share one.
 * Addresses are stored in canonical form: an IPv4-mapped address as IPv4. */
#include <string.h>

#include "ferrule/ip.h"
#include "platform/sim/network.h"

/* Linux: ip_local_port_range; Windows: RFC 6335's dynamic ports. */
enum {
    LINUX_PORT_FIRST = 32768,
    LINUX_PORT_LAST = 60999,
    WINDOWS_PORT_FIRST = 49152,
    WINDOWS_PORT_LAST = 65535
};

/* Linux: TCP_TIMEWAIT_LEN. */
#define TIME_WAIT_NANOS (UINT64_C(60) * 1000000000)

static const fer_ipv4_addr own_v4 = {{10, 0, 0, 1}};
static const uint8_t network_broadcast[] = {10, 0, 0, 255}; /* of its network, 10.0.0.0/24 */
static const fer_ipv6_addr own_v6 = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
static const fer_ipv6_addr own_link_local = {
    {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 1}};
enum { LINK_LOCAL_SCOPE = 2 }; /* its network interface, "eth0" (resolve.c) */

bool ferp_sim_is_wildcard(const fer_ip_addr *ip)
{
    return fer_ip_addr_is_unspecified(*ip);
}

fer_socket_addr ferp_sim_canonical(const fer_socket_addr *addr)
{
    fer_socket_addr canonical = *addr;
    canonical.ip = fer_ip_addr_to_canonical(addr->ip);
    if (canonical.ip.family == FER_IP_V4) {
        canonical.flowinfo = 0;
        canonical.scope_id = 0;
    }
    return canonical;
}

fer_socket_addr ferp_sim_in_family_of(const ferp_sim_socket *socket, const fer_socket_addr *addr)
{
    fer_socket_addr converted = *addr;
    if (socket->family == FER_IP_V6 && addr->ip.family == FER_IP_V4) {
        fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(addr->ip.u.v4);
        converted.ip = fer_ip_addr_from_v6(mapped);
    }
    return converted;
}

fer_socket_addr ferp_sim_sender_for(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                    const fer_socket_addr *from)
{
    bool is_plain = socket->remote.ip.family == FER_IP_V4 &&
                    ferp_sim_switches_for(network, socket)->mapped_peer_is_plain;
    return is_plain ? *from : ferp_sim_in_family_of(socket, from);
}

void ferp_sim_set_own_addresses(ferp_sim_network *network)
{
    network->own[0] = fer_ip_addr_from_v4(own_v4);
    network->own[1] = fer_ip_addr_from_v6(own_v6);
}

bool ferp_sim_is_local(const fer_ip_addr *ip)
{
    const ferp_sim_network *network = ferp_sim_current();
    fer_ipv4_addr first = FER_IPV4_ADDR_LOCALHOST;
    if (fer_ip_addr_eq(*ip, network->own[ip->family == FER_IP_V6])) {
        return true;
    }
    bool is_loopback = fer_ip_addr_is_loopback(*ip) &&
                       (ip->family == FER_IP_V6 || !network->switches->owns_one_loopback_address ||
                        fer_ip_addr_eq(*ip, fer_ip_addr_from_v4(first)));
    return is_loopback || ferp_sim_is_wildcard(ip) ||
           fer_ip_addr_eq(*ip, fer_ip_addr_from_v6(own_link_local));
}

bool ferp_sim_is_network_broadcast(const fer_ip_addr *ip)
{
    return ip->family == FER_IP_V4 && memcmp(ip->u.v4.octets, network_broadcast, 4) == 0;
}

/* ---- Two sockets and one port */

/* A wildcard includes only this machine's addresses, even if a peer is bound to it. */
bool ferp_sim_covers(const ferp_sim_socket *one, const fer_ip_addr *other)
{
    const fer_ip_addr *ip = &one->local.ip;
    if (!ferp_sim_is_wildcard(ip)) {
        return fer_ip_addr_eq(*ip, *other);
    }
    bool reaches = ip->family == other->family ||
                   (ip->family == FER_IP_V6 && !one->settings.options[FERP_ONLY_V6]);
    return reaches && ferp_sim_is_local(other);
}

static bool is_bound_to(const ferp_sim_socket *socket, ferp_sim_kind kind, uint16_t port)
{
    return socket->kind == kind && !socket->is_unix && socket->has_local &&
           socket->local.port == port;
}

bool ferp_sim_is_same_end(const fer_socket_addr *one, const fer_socket_addr *other)
{
    return one->port == other->port && fer_ip_addr_eq(one->ip, other->ip);
}

/* The wildcard address, beside a group or the broadcast address (Linux, inet_rcv_saddr_equal). */
static bool includes_group(const ferp_sim_socket *one, const ferp_sim_socket *other)
{
    bool reaches = one->local.ip.family == other->local.ip.family ||
                   (one->family == FER_IP_V6 && !one->settings.options[FERP_ONLY_V6]);
    return ferp_sim_is_wildcard(&one->local.ip) && reaches &&
           ferp_sim_has_many_receivers(&other->local.ip);
}

static bool overlap(const ferp_sim_socket *one, const ferp_sim_socket *other)
{
    return ferp_sim_covers(one, &other->local.ip) || ferp_sim_covers(other, &one->local.ip) ||
           includes_group(one, other) || includes_group(other, one);
}

/* Linux, inet_csk_get_port: two sockets with SO_REUSEADDR may share a port while neither listens.
 * Two sockets with SO_REUSEPORT may always share it. */
static ferp_sim_code linux_bind_status(const ferp_sim_socket *first, const ferp_sim_socket *second)
{
    if (first->settings.options[FERP_REUSE_PORT] && second->settings.options[FERP_REUSE_PORT]) {
        return FERP_SIM_NO_ERROR;
    }
    bool shared = first->settings.options[FERP_REUSE_ADDRESS] &&
                  second->settings.options[FERP_REUSE_ADDRESS] &&
                  first->state != FERP_SIM_LISTENING;
    return shared ? FERP_SIM_NO_ERROR : FERP_SIM_EADDRINUSE;
}

/* in_pcbbind looks for a socket with the same address and no peer, or without SO_REUSEADDR and
 * SO_REUSEPORT for any overlap. */
static ferp_sim_code bsd_bind_status(const ferp_sim_switches *switches,
                                     const ferp_sim_socket *first, const ferp_sim_socket *second)
{
    bool is_same_family = first->family == second->family;
    bool is_equal = is_same_family ? fer_ip_addr_eq(first->local.ip, second->local.ip)
                                   : ferp_sim_is_wildcard(&first->local.ip) &&
                                         ferp_sim_is_wildcard(&second->local.ip);
    bool has_peer = first->kind == FERP_SIM_STREAM && first->state != FERP_SIM_UNCONNECTED &&
                    first->state != FERP_SIM_LISTENING;
    if ((first->settings.options[FERP_REUSE_PORT] && second->settings.options[FERP_REUSE_PORT]) ||
        (switches->separates_ip_versions && !is_same_family)) {
        return FERP_SIM_NO_ERROR;
    }
    if (switches->dual_stack_beside_ipv4 && !is_same_family && second->family == FER_IP_V6 &&
        ferp_sim_is_wildcard(&first->local.ip)) {
        return FERP_SIM_NO_ERROR;
    }
    if (second->settings.options[FERP_REUSE_ADDRESS] || second->settings.options[FERP_REUSE_PORT]) {
        return is_equal && !has_peer ? FERP_SIM_EADDRINUSE : FERP_SIM_NO_ERROR;
    }
    return FERP_SIM_EADDRINUSE;
}

/* Beside [::] with IPv4, 0.0.0.0 is a specific address (Wine's test_reuseaddr, which Windows
 * passes). */
static bool is_specific(const fer_socket_addr *one, const fer_socket_addr *beside)
{
    return !ferp_sim_is_wildcard(&one->ip) ||
           (one->ip.family == FER_IP_V4 && beside->ip.family == FER_IP_V6);
}

static int bind_class(const ferp_sim_socket *socket, const ferp_sim_socket *beside)
{
    int option = socket->settings.options[FERP_EXCLUSIVE_ADDRESS] ? 2
                 : socket->settings.options[FERP_REUSE_ADDRESS]   ? 1
                                                                  : 0;
    return 2 * option + is_specific(&socket->local, &beside->local);
}

/* The table for Windows Server 2003 and later in "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"
 * (MSDN), except that SO_REUSEADDR does not take an address from a socket that is not exclusive
 * (Wine's test_reuseaddr). The line is the first socket's, the column the second's. Both are
 * ordered: default, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE, each on the wildcard and on a specific
 * address. */
static ferp_sim_code windows_bind_status(const fer_sim_windows *windows,
                                         const ferp_sim_socket *first,
                                         const ferp_sim_socket *second)
{
    enum { FREE, IN_USE, ACCESS, TAKEN };
    static const unsigned char table[6][6] = {
        {IN_USE, FREE, FREE, FREE, IN_USE, FREE},
        {FREE, IN_USE, FREE, TAKEN, IN_USE, IN_USE},
        {IN_USE, FREE, FREE, FREE, IN_USE, FREE},
        {FREE, IN_USE, FREE, FREE, IN_USE, IN_USE},
        {IN_USE, ACCESS, ACCESS, ACCESS, IN_USE, ACCESS},
        {FREE, IN_USE, FREE, ACCESS, IN_USE, IN_USE},
    };
    const ferp_sim_code codes[] = {
        [FREE] = FERP_SIM_NO_ERROR,
        [IN_USE] = FERP_SIM_EADDRINUSE,
        [ACCESS] = FERP_SIM_EACCES,
        [TAKEN] = windows->reuse_takes_address ? FERP_SIM_NO_ERROR : FERP_SIM_EACCES,
    };
    ferp_sim_code code = codes[table[bind_class(first, second)][bind_class(second, first)]];
    bool is_denied = windows->denies_held_wildcard && ferp_sim_is_wildcard(&first->local.ip) &&
                     first->settings.options[FERP_EXCLUSIVE_ADDRESS];
    return code == FERP_SIM_EADDRINUSE && is_denied ? FERP_SIM_EACCES : code;
}

static ferp_sim_code status_beside(const ferp_sim_network *network, const ferp_sim_socket *other,
                                   const ferp_sim_socket *requester)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, requester);
    const fer_sim_windows *windows = &network->config.windows;
    if (ferp_sim_acts_as_windows(network, requester)) {
        return other->is_accepted && !windows->connections_hold_ports
                   ? FERP_SIM_NO_ERROR
                   : windows_bind_status(windows, other, requester);
    }
    return switches->binds_by_address ? bsd_bind_status(switches, other, requester)
                                      : linux_bind_status(other, requester);
}

static ferp_sim_code bind_status(const ferp_sim_network *network, const ferp_sim_socket *requester)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        const ferp_sim_socket *other = &network->sockets[i];
        if (other == requester || !is_bound_to(other, requester->kind, requester->local.port) ||
            !overlap(other, requester)) {
            continue;
        }
        ferp_sim_code code = status_beside(network, other, requester);
        if (code != FERP_SIM_NO_ERROR) {
            return code;
        }
    }
    return FERP_SIM_NO_ERROR;
}

/* ---- Ports in TIME_WAIT. On Linux a bind to one needs SO_REUSEADDR; Windows ignores TIME_WAIT. */

void ferp_sim_add_time_wait(ferp_sim_network *network, const fer_socket_addr *addr)
{
    network->time_waits[network->time_wait_next] =
        (ferp_sim_time_wait){*addr, network->now + TIME_WAIT_NANOS};
    network->time_wait_next = (network->time_wait_next + 1) % FERP_SIM_TIME_WAITS_MAX;
    network->time_wait_count += network->time_wait_count < FERP_SIM_TIME_WAITS_MAX;
}

static bool is_in_time_wait(const ferp_sim_network *network, const ferp_sim_socket *requester)
{
    size_t count = requester->kind == FERP_SIM_STREAM ? network->time_wait_count : 0;
    for (size_t i = 0; i < count; i++) {
        const ferp_sim_time_wait *time_wait = &network->time_waits[i];
        if (time_wait->until > network->now && time_wait->addr.port == requester->local.port &&
            ferp_sim_covers(requester, &time_wait->addr.ip)) {
            return true;
        }
    }
    return false;
}

/* ---- Hosts: a host exists from the moment when a peer is placed on it. */

static bool is_remembered(const ferp_sim_network *network, const fer_ip_addr *ip)
{
    for (size_t i = 0; i < network->host_count; i++) {
        if (fer_ip_addr_eq(network->hosts[i], *ip)) {
            return true;
        }
    }
    return false;
}

/* The newest host replaces the oldest one if there are too many. */
static void remember_host(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const fer_ip_addr *ip = &socket->local.ip;
    if (!socket->is_peer || ferp_sim_is_local(ip) || is_remembered(network, ip)) {
        return;
    }
    network->hosts[network->host_next] = *ip;
    network->host_next = (network->host_next + 1) % FERP_SIM_HOSTS_MAX;
    network->host_count += network->host_count < FERP_SIM_HOSTS_MAX;
}

/* ---- Binding */

static bool port_is_free(const ferp_sim_network *network, const ferp_sim_socket *requester)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        const ferp_sim_socket *other = &network->sockets[i];
        if (other != requester && is_bound_to(other, requester->kind, requester->local.port) &&
            overlap(other, requester)) {
            return false;
        }
    }
    return !is_in_time_wait(network, requester);
}

fer_error ferp_sim_claim_any_port(ferp_sim_network *network, ferp_sim_socket *socket,
                                  const fer_ip_addr *ip)
{
    bool windows = ferp_sim_is_winsock(network);
    uint32_t first = windows ? WINDOWS_PORT_FIRST : LINUX_PORT_FIRST;
    uint32_t count = (windows ? WINDOWS_PORT_LAST : LINUX_PORT_LAST) - first + 1;
    uint32_t start = ferp_sim_choose(network, count);
    socket->local = (fer_socket_addr){.ip = *ip};
    for (uint32_t i = 0; i < count; i++) {
        socket->local.port = (uint16_t)(first + (start + i) % count);
        if (port_is_free(network, socket)) {
            socket->has_local = true;
            remember_host(network, socket);
            return FERP_SIM_OK;
        }
    }
    return ferp_sim_error(network, FERP_SIM_EADDRINUSE);
}

static bool is_link_local(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V6 && fer_ipv6_addr_is_unicast_link_local(addr->ip.u.v6);
}

/* Windows checks the scope of every address, and none is that of the address's own interface
 * (Wine's test_bind, which Windows passes). Other systems ignore the scope of an address that is
 * not link-local (Linux: __inet6_bind). */
static bool has_its_scope(const ferp_sim_network *network, const fer_socket_addr *canonical)
{
    if (is_link_local(canonical)) {
        return canonical->scope_id == LINK_LOCAL_SCOPE ||
               (canonical->scope_id == 0 && ferp_sim_is_winsock(network));
    }
    return canonical->scope_id <= FERP_SIM_INTERFACES || !ferp_sim_is_winsock(network);
}

/* Linux binds every socket to broadcast addresses and to groups, except streams to groups of IPv6
 * (inet_bind, inet6_bind). Windows binds none (network-multicast, issue 12; ReactOS, bind.c;
 * CIPster, issue 21). */
static ferp_sim_code many_receivers_status(const ferp_sim_network *network,
                                           const ferp_sim_socket *socket, const fer_ip_addr *ip)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    bool is_stream = socket->kind == FERP_SIM_STREAM;
    if (ferp_sim_acts_as_windows(network, socket)) {
        return FERP_SIM_EADDRNOTAVAIL;
    }
    if (ferp_sim_is_network_broadcast(ip)) {
        bool binds = !is_stream || !switches->network_broadcast_binds_datagrams_only;
        return binds ? FERP_SIM_NO_ERROR : FERP_SIM_EADDRNOTAVAIL;
    }
    if (is_stream && switches->group_stream_is_eafnosupport) {
        return FERP_SIM_EAFNOSUPPORT;
    }
    if (ferp_sim_is_broadcast(ip)) {
        bool binds = !switches->broadcast_bind_is_unavailable ||
                     (switches->broadcast_datagrams_bind && !is_stream);
        return binds ? FERP_SIM_NO_ERROR : FERP_SIM_EADDRNOTAVAIL;
    }
    bool is_einval = is_stream && ip->family == FER_IP_V6 && !switches->binds_by_address;
    return is_einval ? FERP_SIM_EINVAL : FERP_SIM_NO_ERROR;
}

static ferp_sim_code address_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                    const fer_socket_addr *canonical)
{
    if (socket->is_peer ||
        (ferp_sim_is_local(&canonical->ip) && has_its_scope(network, canonical))) {
        return FERP_SIM_NO_ERROR;
    }
    if (ferp_sim_has_many_receivers(&canonical->ip)) {
        return many_receivers_status(network, socket, &canonical->ip);
    }
    bool lacks_scope =
        is_link_local(canonical) && canonical->scope_id == 0 && !ferp_sim_is_winsock(network);
    bool is_einval =
        lacks_scope && !ferp_sim_switches_for(network, socket)->scopeless_bind_is_unavailable;
    return is_einval ? FERP_SIM_EINVAL : FERP_SIM_EADDRNOTAVAIL;
}

fer_error ferp_sim_claim_port(ferp_sim_network *network, ferp_sim_socket *socket,
                              const fer_socket_addr *addr)
{
    fer_socket_addr canonical = ferp_sim_canonical(addr);
    ferp_sim_code code = address_status(network, socket, &canonical);
    if (code != FERP_SIM_NO_ERROR) {
        return ferp_sim_error(network, code);
    }
    if (!socket->is_peer) {
        canonical.scope_id = is_link_local(&canonical) ? LINK_LOCAL_SCOPE : 0;
    }
    if (canonical.port == 0) {
        FER_TRY(ferp_sim_claim_any_port(network, socket, &canonical.ip));
        socket->local.scope_id = canonical.scope_id;
        return FERP_SIM_OK;
    }
    socket->local = canonical;
    code = bind_status(network, socket);
    if (code == FERP_SIM_NO_ERROR && !ferp_sim_is_winsock(network) &&
        !socket->settings.options[FERP_REUSE_ADDRESS] && is_in_time_wait(network, socket)) {
        code = FERP_SIM_EADDRINUSE;
    }
    socket->has_local = code == FERP_SIM_NO_ERROR;
    if (socket->has_local) {
        remember_host(network, socket);
    }
    return ferp_sim_error(network, code);
}

/* Linux checks again at listen, because a listening socket may share its port with fewer others. */
fer_error ferp_sim_may_listen(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool rechecks =
        !ferp_sim_is_winsock(network) && !ferp_sim_switches_for(network, socket)->binds_by_address;
    ferp_sim_code code = rechecks ? bind_status(network, socket) : FERP_SIM_NO_ERROR;
    return ferp_sim_error(network, code);
}

/* ---- Finding listeners and hosts */

/* A connected socket precedes one with the address, this one precedes a wildcard, and of two equal
 * ones the one of the address's IP version precedes (run on Linux, NetBSD and FreeBSD; Linux:
 * udp4_lib_lookup2, inet_lhash2_lookup; FreeBSD, XNU: in_pcblookup_hash). */
int ferp_sim_precedence(const ferp_sim_socket *socket, const fer_ip_addr *to)
{
    return 4 * (socket->state == FERP_SIM_CONNECTED) +
           2 * !ferp_sim_is_wildcard(&socket->local.ip) + (socket->family == to->family);
}

/* Of listeners with one precedence the seed chooses, in place of Linux' hash (socket(7),
 * SO_REUSEPORT). */
static bool is_preferred(ferp_sim_network *network, const ferp_sim_socket *found,
                         const ferp_sim_socket *socket, const fer_ip_addr *to)
{
    int difference =
        found == NULL ? 1 : ferp_sim_precedence(socket, to) - ferp_sim_precedence(found, to);
    if (difference != 0) {
        return difference > 0;
    }
    return found->settings.options[FERP_REUSE_PORT] && socket->settings.options[FERP_REUSE_PORT] &&
           ferp_sim_choose(network, 2) != 0;
}

ferp_sim_socket *ferp_sim_listener_at(ferp_sim_network *network, const fer_socket_addr *addr)
{
    ferp_sim_socket *found = NULL;
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if (socket->state == FERP_SIM_LISTENING &&
            is_bound_to(socket, FERP_SIM_STREAM, addr->port) &&
            ferp_sim_covers(socket, &addr->ip) && is_preferred(network, found, socket, &addr->ip)) {
            found = socket;
        }
    }
    return found;
}

bool ferp_sim_is_bound_only(ferp_sim_network *network, const fer_socket_addr *addr)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        const ferp_sim_socket *socket = &network->sockets[i];
        if ((socket->state == FERP_SIM_UNCONNECTED || socket->state == FERP_SIM_FAILED) &&
            is_bound_to(socket, FERP_SIM_STREAM, addr->port) &&
            ferp_sim_covers(socket, &addr->ip)) {
            return true;
        }
    }
    return false;
}

bool ferp_sim_is_host(const ferp_sim_network *network, const fer_ip_addr *ip)
{
    if (ferp_sim_is_local(ip) || is_remembered(network, ip)) {
        return true;
    }
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        const ferp_sim_socket *socket = &network->sockets[i];
        if (socket->has_local && fer_ip_addr_eq(socket->local.ip, *ip)) {
            return true;
        }
    }
    for (size_t i = 0; i < network->answer_count; i++) {
        if (fer_ip_addr_eq(network->answers[i].addr.ip, *ip)) {
            return true;
        }
    }
    return false;
}

/* Returns the local address of a connect: the loopback for a loopback destination, and for a peer
 * the destination's address. */
fer_ip_addr ferp_sim_source_for(const ferp_sim_socket *socket, const fer_ip_addr *to)
{
    fer_ipv4_addr loopback_v4 = FER_IPV4_ADDR_LOCALHOST;
    fer_ipv6_addr loopback_v6 = FER_IPV6_ADDR_LOCALHOST;
    if (fer_ip_addr_is_loopback(*to)) {
        return to->family == FER_IP_V4 ? fer_ip_addr_from_v4(loopback_v4)
                                       : fer_ip_addr_from_v6(loopback_v6);
    }
    return socket->is_peer ? *to : ferp_sim_current()->own[to->family == FER_IP_V6];
}
