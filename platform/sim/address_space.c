/* address_space.c: who is where: addresses, ports, and which of two sockets may have one. The
 * network knows IPv4-mapped addresses as IPv4. */
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
#define OLD_PORT_NANOS (UINT64_C(60) * 1000000000)

static const fer_ipv4_addr own_v4 = {{10, 0, 0, 1}};
static const fer_ipv6_addr own_v6 = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

bool ferp_sim_is_wildcard(const fer_ip_addr *ip)
{
    return fer_ip_addr_is_unspecified(ip);
}

fer_socket_addr ferp_sim_plain(const fer_socket_addr *addr)
{
    fer_socket_addr plain = *addr;
    plain.ip = fer_ip_addr_to_canonical(&addr->ip);
    if (plain.ip.family == FER_IP_V4) {
        plain.flowinfo = 0;
        plain.scope_id = 0;
    }
    return plain;
}

fer_socket_addr ferp_sim_shown(const ferp_sim_socket *socket, const fer_socket_addr *addr)
{
    fer_socket_addr shown = *addr;
    if (socket->family == FER_IP_V6 && addr->ip.family == FER_IP_V4) {
        fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(&addr->ip.v4);
        shown.ip = fer_ip_addr_from_v6(&mapped);
    }
    return shown;
}

bool ferp_sim_is_local(const fer_ip_addr *ip)
{
    fer_ip_addr v4 = fer_ip_addr_from_v4(&own_v4);
    fer_ip_addr v6 = fer_ip_addr_from_v6(&own_v6);
    return fer_ip_addr_is_loopback(ip) || ferp_sim_is_wildcard(ip) || fer_ip_addr_eq(ip, &v4) ||
           fer_ip_addr_eq(ip, &v6);
}

/* ---- Two sockets and one port */

/* Whether an address that one is bound to takes in the other's. A wildcard is this machine's,
 * whoever else is bound to it. */
bool ferp_sim_takes_in(const ferp_sim_socket *one, const fer_ip_addr *other)
{
    const fer_ip_addr *ip = &one->local.ip;
    if (!ferp_sim_is_wildcard(ip)) {
        return fer_ip_addr_eq(ip, other);
    }
    bool reaches =
        ip->family == other->family || (ip->family == FER_IP_V6 && !one->settings.only_v6);
    return reaches && ferp_sim_is_local(other);
}

static bool is_bound_to(const ferp_sim_socket *socket, ferp_sim_kind kind, uint16_t port)
{
    return socket->kind == kind && !socket->is_unix && socket->has_local &&
           socket->local.port == port;
}

bool ferp_sim_is_same_end(const fer_socket_addr *one, const fer_socket_addr *other)
{
    return one->port == other->port && fer_ip_addr_eq(&one->ip, &other->ip);
}

static bool overlap(const ferp_sim_socket *one, const ferp_sim_socket *other)
{
    return ferp_sim_takes_in(one, &other->local.ip) || ferp_sim_takes_in(other, &one->local.ip);
}

/* Linux, inet_csk_get_port: two that both have SO_REUSEADDR may share while neither listens; two
 * that both have SO_REUSEPORT always. */
static ferp_sim_code linux_verdict(const ferp_sim_socket *first, const ferp_sim_socket *second)
{
    if (first->settings.reuse_port && second->settings.reuse_port) {
        return FERP_SIM_NO_ERROR;
    }
    bool shared =
        first->settings.reuse && second->settings.reuse && first->life != FERP_SIM_LISTENING;
    return shared ? FERP_SIM_NO_ERROR : FERP_SIM_EADDRINUSE;
}

/* "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" (MSDN), its table for Windows Server 2003 and later:
 * the first socket's line, the second one's column; default, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE,
 * each on the wildcard and on a specific address. */
static ferp_sim_code windows_verdict(const ferp_sim_socket *first, const ferp_sim_socket *second)
{
    enum { FINE, INUSE, ACCESS };
    static const unsigned char table[6][6] = {
        {INUSE, FINE, FINE, FINE, INUSE, FINE},         {FINE, INUSE, FINE, FINE, INUSE, INUSE},
        {INUSE, FINE, FINE, FINE, INUSE, FINE},         {FINE, INUSE, FINE, FINE, INUSE, INUSE},
        {INUSE, ACCESS, ACCESS, ACCESS, INUSE, ACCESS}, {FINE, INUSE, FINE, ACCESS, INUSE, INUSE},
    };
    static const ferp_sim_code codes[] = {FERP_SIM_NO_ERROR, FERP_SIM_EADDRINUSE, FERP_SIM_EACCES};
    int line = (first->settings.exclusive ? 4
                : first->settings.reuse   ? 2
                                          : 0) +
               !ferp_sim_is_wildcard(&first->local.ip);
    int column = (second->settings.exclusive ? 4
                  : second->settings.reuse   ? 2
                                             : 0) +
                 !ferp_sim_is_wildcard(&second->local.ip);
    return codes[table[line][column]];
}

static ferp_sim_code verdict_on(const ferp_sim_world *world, const ferp_sim_socket *wanting)
{
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        const ferp_sim_socket *other = &world->sockets[i];
        if (other == wanting || !is_bound_to(other, wanting->kind, wanting->local.port) ||
            !overlap(other, wanting)) {
            continue;
        }
        bool windows = ferp_sim_acts_as_windows(world, wanting);
        ferp_sim_code code =
            windows ? windows_verdict(other, wanting) : linux_verdict(other, wanting);
        if (code != FERP_SIM_NO_ERROR) {
            return code;
        }
    }
    return FERP_SIM_NO_ERROR;
}

/* ---- Ports of ended connections: TIME_WAIT, which Linux' SO_REUSEADDR is for, and which Windows
 * does not mind */

void ferp_sim_remember_port(ferp_sim_world *world, const fer_socket_addr *addr)
{
    world->old_ports[world->old_port_next] =
        (ferp_sim_old_port){*addr, world->now + OLD_PORT_NANOS};
    world->old_port_next = (world->old_port_next + 1) % FERP_SIM_OLD_PORTS_MAX;
    world->old_port_count += world->old_port_count < FERP_SIM_OLD_PORTS_MAX;
}

static bool is_old(const ferp_sim_world *world, const ferp_sim_socket *wanting)
{
    if (wanting->kind != FERP_SIM_STREAM) {
        return false;
    }
    for (size_t i = 0; i < world->old_port_count; i++) {
        const ferp_sim_old_port *old = &world->old_ports[i];
        if (old->until > world->now && old->addr.port == wanting->local.port &&
            ferp_sim_takes_in(wanting, &old->addr.ip)) {
            return true;
        }
    }
    return false;
}

/* ---- Claims */

static bool port_is_free(const ferp_sim_world *world, const ferp_sim_socket *wanting)
{
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        const ferp_sim_socket *other = &world->sockets[i];
        if (other != wanting && is_bound_to(other, wanting->kind, wanting->local.port) &&
            overlap(other, wanting)) {
            return false;
        }
    }
    return !is_old(world, wanting);
}

fer_error ferp_sim_claim_any_port(ferp_sim_world *world, ferp_sim_socket *socket,
                                  const fer_ip_addr *ip)
{
    uint32_t first = ferp_sim_is_winsock(world) ? WINDOWS_PORT_FIRST : LINUX_PORT_FIRST;
    uint32_t count = (ferp_sim_is_winsock(world) ? WINDOWS_PORT_LAST : LINUX_PORT_LAST) - first + 1;
    uint32_t start = ferp_sim_choose(world, count);
    socket->local = (fer_socket_addr){.ip = *ip};
    for (uint32_t i = 0; i < count; i++) {
        socket->local.port = (uint16_t)(first + (start + i) % count);
        if (port_is_free(world, socket)) {
            socket->has_local = true;
            return FERP_SIM_OK;
        }
    }
    return ferp_sim_error(world, FERP_SIM_EADDRINUSE);
}

static bool is_link_local_without_scope(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V6 && fer_ipv6_addr_is_unicast_link_local(&addr->ip.v6) &&
           addr->scope_id == 0;
}

static ferp_sim_code place_verdict(const ferp_sim_world *world, const ferp_sim_socket *socket,
                                   const fer_socket_addr *plain)
{
    if (socket->is_peer || ferp_sim_is_local(&plain->ip)) {
        return FERP_SIM_NO_ERROR;
    }
    bool odd = is_link_local_without_scope(plain) && !ferp_sim_is_winsock(world);
    return odd ? FERP_SIM_EINVAL : FERP_SIM_EADDRNOTAVAIL;
}

fer_error ferp_sim_claim_port(ferp_sim_world *world, ferp_sim_socket *socket,
                              const fer_socket_addr *addr)
{
    fer_socket_addr plain = ferp_sim_plain(addr);
    ferp_sim_code code = place_verdict(world, socket, &plain);
    if (code != FERP_SIM_NO_ERROR) {
        return ferp_sim_error(world, code);
    }
    if (plain.port == 0) {
        return ferp_sim_claim_any_port(world, socket, &plain.ip);
    }
    socket->local = plain;
    code = verdict_on(world, socket);
    if (code == FERP_SIM_NO_ERROR && !ferp_sim_is_winsock(world) && !socket->settings.reuse &&
        is_old(world, socket)) {
        code = FERP_SIM_EADDRINUSE;
    }
    socket->has_local = code == FERP_SIM_NO_ERROR;
    return ferp_sim_error(world, code);
}

/* Linux asks again when the second of two that share begins to listen. */
fer_error ferp_sim_may_listen(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    ferp_sim_code code = ferp_sim_is_winsock(world) ? FERP_SIM_NO_ERROR : verdict_on(world, socket);
    return ferp_sim_error(world, code);
}

/* ---- Who is there */

/* The more exact address wins; of listeners that share one, the seed chooses, as Linux' hash does
 * (socket(7), SO_REUSEPORT). */
static bool is_preferred(ferp_sim_world *world, const ferp_sim_socket *found,
                         const ferp_sim_socket *socket)
{
    if (found == NULL ||
        ferp_sim_is_wildcard(&found->local.ip) != ferp_sim_is_wildcard(&socket->local.ip)) {
        return found == NULL || ferp_sim_is_wildcard(&found->local.ip);
    }
    return found->settings.reuse_port && socket->settings.reuse_port &&
           ferp_sim_choose(world, 2) != 0;
}

ferp_sim_socket *ferp_sim_listener_at(ferp_sim_world *world, const fer_socket_addr *addr)
{
    ferp_sim_socket *found = NULL;
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        ferp_sim_socket *socket = &world->sockets[i];
        if (socket->life == FERP_SIM_LISTENING &&
            is_bound_to(socket, FERP_SIM_STREAM, addr->port) &&
            ferp_sim_takes_in(socket, &addr->ip) && is_preferred(world, found, socket)) {
            found = socket;
        }
    }
    return found;
}

bool ferp_sim_is_host(const ferp_sim_world *world, const fer_ip_addr *ip)
{
    if (ferp_sim_is_local(ip)) {
        return true;
    }
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        const ferp_sim_socket *socket = &world->sockets[i];
        if (socket->has_local && fer_ip_addr_eq(&socket->local.ip, ip)) {
            return true;
        }
    }
    for (size_t i = 0; i < world->answer_count; i++) {
        if (fer_ip_addr_eq(&world->answers[i].addr.ip, ip)) {
            return true;
        }
    }
    return false;
}

/* The address that a connect goes out from: the destination's own where it is this machine's. */
fer_ip_addr ferp_sim_source_for(const ferp_sim_socket *socket, const fer_ip_addr *to)
{
    fer_ipv4_addr loopback_v4 = FER_IPV4_ADDR_LOCALHOST;
    fer_ipv6_addr loopback_v6 = FER_IPV6_ADDR_LOCALHOST;
    if (fer_ip_addr_is_loopback(to)) {
        return to->family == FER_IP_V4 ? fer_ip_addr_from_v4(&loopback_v4)
                                       : fer_ip_addr_from_v6(&loopback_v6);
    }
    if (socket->is_peer) {
        return *to;
    }
    return to->family == FER_IP_V4 ? fer_ip_addr_from_v4(&own_v4) : fer_ip_addr_from_v6(&own_v6);
}
