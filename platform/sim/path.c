/* path.c: the network between the program's machine and the other hosts: paths that lose packets,
 * routes and addresses that go and come, translation, and what TCP does meanwhile: it retransmits,
 * keeps a soft error, and ends at last. */
#include "platform/sim/path.h"

#define MILLI FERP_NANOS_PER_MILLI
#define SECOND (1000 * MILLI)

/* ---- The paths. A row has the errors of the program's calls and those of ICMP messages. */

typedef struct path_row {
    ferp_sim_code calls[3]; /* by dialect */
    ferp_sim_code reports[3];
    ferp_sim_code report_v6; /* on Linux */
    bool is_hard;            /* the message also ends or fails something without IP_RECVERR */
} path_row;

/* The calls: run on Linux 6.18, of both IP versions. The BSDs have -reject and -blackhole
 * (route(8)), Windows no such routes. The messages: Linux, icmp_err_convert and tab_unreach, whose
 * member fatal is is_hard; FreeBSD, ip_input.c, inetctlerrmap. */
static const path_row rows[] = {
    [FER_SIM_PATH_HOST_UNREACHABLE] = {.reports = {FERP_SIM_EHOSTUNREACH, FERP_SIM_EHOSTUNREACH,
                                                   FERP_SIM_EHOSTUNREACH},
                                       .report_v6 = FERP_SIM_EHOSTUNREACH},
    [FER_SIM_PATH_NETWORK_UNREACHABLE] = {.reports = {FERP_SIM_ENETUNREACH, FERP_SIM_ENETUNREACH,
                                                      FERP_SIM_EHOSTUNREACH},
                                          .report_v6 = FERP_SIM_ENETUNREACH},
    [FER_SIM_PATH_PORT_UNREACHABLE] = {.reports = {FERP_SIM_ECONNREFUSED, FERP_SIM_ECONNREFUSED,
                                                   FERP_SIM_ECONNREFUSED},
                                       .report_v6 = FERP_SIM_ECONNREFUSED,
                                       .is_hard = true},
    [FER_SIM_PATH_PROHIBITED] = {.reports = {FERP_SIM_EHOSTUNREACH, FERP_SIM_EHOSTUNREACH,
                                             FERP_SIM_ECONNREFUSED},
                                 .report_v6 = FERP_SIM_EACCES,
                                 .is_hard = true},
    [FER_SIM_PATH_NO_ROUTE] = {.calls = {FERP_SIM_ENETUNREACH, FERP_SIM_ENETUNREACH,
                                         FERP_SIM_ENETUNREACH}},
    [FER_SIM_PATH_ROUTE_UNREACHABLE] = {.calls = {FERP_SIM_EHOSTUNREACH, FERP_SIM_EHOSTUNREACH,
                                                  FERP_SIM_EHOSTUNREACH}},
    [FER_SIM_PATH_ROUTE_PROHIBIT] = {.calls = {FERP_SIM_EACCES, FERP_SIM_EHOSTUNREACH,
                                               FERP_SIM_EHOSTUNREACH}},
    [FER_SIM_PATH_ROUTE_BLACKHOLE] = {.calls = {FERP_SIM_EINVAL}},
};

static bool was_own(const ferp_sim_network *network, const fer_ip_addr *ip)
{
    for (size_t i = 0; i < FERP_SIM_FORMER_MAX; i++) {
        if (network->former[i].family != 0 && fer_ip_addr_eq(network->former[i], *ip)) {
            return true;
        }
    }
    return false;
}

static const fer_ip_addr *own_of(const ferp_sim_network *network, fer_ip_family family)
{
    return &network->own[family == FER_IP_V6];
}

/* The path from the program's machine. */
static fer_sim_path path_to(const ferp_sim_network *network, const fer_ip_addr *host)
{
    if (!network->has_paths || ferp_sim_is_local(host) || ferp_sim_has_many_receivers(host)) {
        return FER_SIM_PATH_OPEN;
    }
    if (ferp_sim_is_wildcard(own_of(network, host->family))) {
        return FER_SIM_PATH_NO_ROUTE;
    }
    if (network->link_path != FER_SIM_PATH_OPEN) {
        return network->link_path;
    }
    for (size_t i = 0; i < network->path_count; i++) {
        if (fer_ip_addr_eq(network->paths[i].host, *host)) {
            return network->paths[i].path;
        }
    }
    return FER_SIM_PATH_OPEN;
}

/* Two other hosts reach each other. */
static fer_sim_path path_between(const ferp_sim_network *network, const fer_ip_addr *one,
                                 const fer_ip_addr *other)
{
    if (!network->has_paths) {
        return FER_SIM_PATH_OPEN;
    }
    if (was_own(network, one) || was_own(network, other)) {
        return FER_SIM_PATH_SILENT;
    }
    return ferp_sim_is_local(one)     ? path_to(network, other)
           : ferp_sim_is_local(other) ? path_to(network, one)
                                      : FER_SIM_PATH_OPEN;
}

bool ferp_sim_is_cut(const ferp_sim_network *network, const fer_ip_addr *one,
                     const fer_ip_addr *other)
{
    return path_between(network, one, other) != FER_SIM_PATH_OPEN;
}

/* Linux finds no route from an address of IPv4 that is gone, and does not check one of IPv6 (run on
 * 6.18). */
ferp_sim_code ferp_sim_path_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                   const fer_socket_addr *to)
{
    if (socket->is_peer) {
        return FERP_SIM_NO_ERROR;
    }
    bool lacks_source = network->has_paths && network->config.dialect == FER_SIM_DIALECT_POSIX &&
                        socket->has_local && to->ip.family == FER_IP_V4 &&
                        was_own(network, &socket->local.ip) && !ferp_sim_is_local(&to->ip);
    return lacks_source ? FERP_SIM_ENETUNREACH
                        : rows[path_to(network, &to->ip)].calls[network->config.dialect];
}

static ferp_sim_code report_of(const ferp_sim_network *network, fer_sim_path path,
                               fer_ip_family family)
{
    bool is_linux_v6 = network->config.dialect == FER_SIM_DIALECT_POSIX && family == FER_IP_V6;
    return is_linux_v6 ? rows[path].report_v6 : rows[path].reports[network->config.dialect];
}

/* Without IP_RECVERR Linux reports only the messages that are hard (__udp4_lib_err). Windows
 * reports that the port is unreachable (WSAECONNRESET). The BSDs report each (udp_notify). */
ferp_sim_code ferp_sim_datagram_report(const ferp_sim_network *network, const fer_ip_addr *from,
                                       const fer_ip_addr *to)
{
    fer_sim_path path = path_between(network, from, to);
    ferp_sim_code code = report_of(network, path, to->family);
    bool is_reported =
        network->config.dialect == FER_SIM_DIALECT_BSD ||
        (rows[path].is_hard && (!ferp_sim_is_winsock(network) || code == FERP_SIM_ECONNREFUSED));
    return is_reported && ferp_sim_is_local(from) ? code : FERP_SIM_NO_ERROR;
}

/* ---- Soft errors (RFC 1122, 4.2.3.9) */

/* A message about a segment. Linux keeps it as a soft error (tcp_v4_err). The BSDs ignore that a
 * host is unreachable (tcp_notify), Windows all. */
static void note_of_connected(const ferp_sim_network *network, ferp_sim_socket *socket,
                              ferp_sim_code code)
{
    bool is_ignored = ferp_sim_is_winsock(network) ||
                      (network->config.dialect == FER_SIM_DIALECT_BSD &&
                       (code == FERP_SIM_EHOSTUNREACH || code == FERP_SIM_ENETUNREACH));
    socket->soft = is_ignored ? socket->soft : code;
}

/* A message about a SYN, which ends the connect (Linux, tcp_v4_err; the BSDs, tcp_drop_syn_sent, of
 * the port), or is a soft error. After four retransmissions another one ends the connect (FreeBSD,
 * XNU: tcp_notify), or is stored for SO_ERROR although the connect goes on (NetBSD, OpenBSD). */
static void note_of_connecting(ferp_sim_network *network, ferp_sim_socket *socket,
                               ferp_sim_code code)
{
    enum { BSD_SHIFTS = 3 };
    bool is_linux = network->config.dialect == FER_SIM_DIALECT_POSIX || socket->is_peer;
    bool is_bsd = network->config.dialect == FER_SIM_DIALECT_BSD && !socket->is_peer;
    bool is_late = is_bsd && socket->attempts > BSD_SHIFTS + 1 && socket->soft != FERP_SIM_NO_ERROR;
    bool is_drop = is_late && ferp_sim_switches_for(network, socket)->second_report_ends_connect;
    /* ip_icmp_error queues it in any case, ipv6_icmp_error only with IPV6_RECVERR */
    socket->keeps_report = is_linux && socket->remote.ip.family == FER_IP_V4;
    if (is_linux || is_drop || (is_bsd && code == FERP_SIM_ECONNREFUSED)) {
        ferp_sim_fail_connect(network, socket, code);
    } else if (is_late) {
        socket->pending = code;
        socket->changes++;
    } else {
        socket->soft = code;
    }
}

void ferp_sim_on_report(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_socket *socket = &network->sockets[event->index];
    socket->awaits_report = false;
    ferp_sim_trace_event(network, "a router reports", socket);
    if (socket->state == FERP_SIM_CONNECTING) {
        note_of_connecting(network, socket, event->code);
    } else if (socket->state == FERP_SIM_CONNECTED) {
        note_of_connected(network, socket, event->code);
    }
}

/* A packet of the socket is lost on the path. Without a route IPv6 on Linux, and the BSDs, have the
 * call's error as a soft error (inet6_csk_xmit, run; tcp_output). */
void ferp_sim_lose_packet(ferp_sim_network *network, ferp_sim_socket *socket)
{
    fer_sim_path path = path_between(network, &socket->local.ip, &socket->remote.ip);
    ferp_sim_code code = report_of(network, path, socket->remote.ip.family);
    ferp_sim_code lacks_route = rows[path].calls[network->config.dialect];
    bool keeps =
        network->config.dialect == FER_SIM_DIALECT_BSD ||
        (network->config.dialect == FER_SIM_DIALECT_POSIX && socket->remote.ip.family == FER_IP_V6);
    if (socket->is_peer) {
        return;
    }
    if (lacks_route != FERP_SIM_NO_ERROR && keeps) {
        socket->soft = lacks_route;
    }
    if (code != FERP_SIM_NO_ERROR && !socket->awaits_report) {
        socket->awaits_report = true;
        ferp_sim_event event = {.kind = FERP_SIM_EVENT_REPORT,
                                .code = code,
                                .index = ferp_sim_index_of(network, socket),
                                .owner = socket->sequence};
        ferp_sim_schedule(network, event, 2 * ferp_sim_latency(network, false));
    }
}

ferp_sim_code ferp_sim_cause_of_end(const ferp_sim_socket *socket)
{
    return socket->soft != FERP_SIM_NO_ERROR ? socket->soft : FERP_SIM_ETIMEDOUT;
}

/* ---- Retransmission */

/* Linux: TCP_RTO_MIN, TCP_RTO_MAX, tcp_retries2. 4.4BSD: tcp_backoff, TCP_MAXRXTSHIFT. Windows:
 * "TcpMaxDataRetransmissions", MSDN, from 300 ms on. */
static const struct timing {
    uint64_t first, longest;
    uint32_t tries;
} timings[] = {
    [FER_SIM_DIALECT_POSIX] = {200 * MILLI, 120 * SECOND, 15},
    [FER_SIM_DIALECT_WINSOCK] = {300 * MILLI, 120 * SECOND, 5},
    [FER_SIM_DIALECT_BSD] = {SECOND, 64 * SECOND, 12},
};

/* NULL if the end is closed. */
static ferp_sim_socket *sender_of(ferp_sim_network *network, const ferp_sim_link *link, int side)
{
    return link->ends[side] == FERP_SIM_NONE ? NULL : &network->sockets[link->ends[side]];
}

static const struct timing *timing_of(const ferp_sim_network *network,
                                      const ferp_sim_socket *sender)
{
    bool is_linux = sender == NULL || sender->is_peer;
    return &timings[is_linux ? FER_SIM_DIALECT_POSIX : network->config.dialect];
}

/* When the user timeout of the sender ends the connection, or never. */
static uint64_t user_limit(const ferp_sim_socket *sender, const ferp_sim_pipe *pipe)
{
    uint32_t millis = sender == NULL ? 0 : sender->settings.options[FERP_USER_TIMEOUT];
    return millis == 0 ? UINT64_MAX : pipe->stalled_since + millis * MILLI;
}

static void schedule_retry(ferp_sim_network *network, const ferp_sim_link *link, int side)
{
    const ferp_sim_pipe *pipe = &link->pipes[side];
    const ferp_sim_socket *sender = sender_of(network, link, side);
    const struct timing *timing = timing_of(network, sender);
    uint64_t delay = timing->first << (pipe->retries < 20 ? pipe->retries : 20);
    uint64_t limit = user_limit(sender, pipe);
    uint64_t left = limit > network->now ? limit - network->now : 0;
    delay = delay < timing->longest ? delay : timing->longest;
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_RETRANSMIT,
                            .index = (int)(link - network->links),
                            .owner = link->sequence,
                            .side = side};
    ferp_sim_schedule(network, event, delay < left ? delay : left);
}

bool ferp_sim_link_is_cut(const ferp_sim_network *network, const ferp_sim_link *link)
{
    return !link->is_unix && (link->forgotten != FERP_SIM_KNOWN || network->now < link->cut_until ||
                              ferp_sim_is_cut(network, &link->addrs[0], &link->addrs[1]));
}

/* What a sender has in flight, or sends now, is lost. A router that has forgotten the connection
 * may reset it. */
void ferp_sim_hold(ferp_sim_network *network, ferp_sim_link *link, int side)
{
    ferp_sim_pipe *pipe = &link->pipes[side];
    ferp_sim_socket *sender = sender_of(network, link, side);
    if (sender != NULL) {
        ferp_sim_lose_packet(network, sender);
    }
    if (link->forgotten == FERP_SIM_FORGOTTEN_RESETS) {
        ferp_sim_reset_by_router(network, link, side);
    } else if (!pipe->is_stalled) {
        pipe->is_stalled = true;
        pipe->stalled_since = network->now;
        schedule_retry(network, link, side);
    }
}

/* Linux, tcp_write_err; 4.4BSD, tcp_drop with t_softerror. */
static void give_up(ferp_sim_network *network, ferp_sim_link *link, int side)
{
    ferp_sim_socket *sender = sender_of(network, link, side);
    link->has_lost_reset = true; /* what comes later is answered by a reset */
    if (sender == NULL) {
        link->pipes[side].was_reset = true; /* nothing is sent any more */
    } else if (sender->state == FERP_SIM_CONNECTED) {
        sender->has_timed_out = true;
        ferp_sim_end_connection(network, sender,
                                ferp_sim_is_winsock(network) ? FERP_SIM_ETIMEDOUT
                                                             : ferp_sim_cause_of_end(sender));
    }
}

void ferp_sim_on_retransmit(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_link *link = &network->links[event->index];
    ferp_sim_pipe *pipe = &link->pipes[event->side];
    ferp_sim_socket *sender = sender_of(network, link, event->side);
    pipe->is_stalled = false;
    if (!ferp_sim_is_due(network, link, event->side) || !ferp_sim_link_is_cut(network, link)) {
        pipe->retries = 0;
        ferp_sim_transmit(network, link, event->side);
        return;
    }
    pipe->retries++;
    if (pipe->retries > timing_of(network, sender)->tries ||
        network->now >= user_limit(sender, pipe)) {
        give_up(network, link, event->side);
        return;
    }
    if (sender != NULL) {
        ferp_sim_lose_packet(network, sender);
    }
    pipe->is_stalled = true;
    schedule_retry(network, link, event->side);
}

/* ---- The faults */

/* A choice of the messages' errors. */
static ferp_sim_code chosen_report(ferp_sim_network *network, fer_ip_family family)
{
    uint32_t chosen = ferp_sim_choose(network, 4);
    return report_of(network, (fer_sim_path)(FER_SIM_PATH_HOST_UNREACHABLE + chosen), family);
}

bool ferp_sim_injects_soft_error(ferp_sim_network *network, ferp_sim_socket *socket)
{
    if (socket->is_peer || !ferp_sim_injects(network, socket, FER_SIM_FAULT_SOFT_ERROR)) {
        return false;
    }
    ferp_sim_code code = chosen_report(network, socket->remote.ip.family);
    if (socket->state == FERP_SIM_CONNECTING) {
        socket->soft = ferp_sim_is_winsock(network) ? socket->soft : code;
    } else {
        note_of_connected(network, socket, code);
    }
    return true;
}

bool ferp_sim_injects_no_route(ferp_sim_network *network, const ferp_sim_socket *socket,
                               const fer_ip_addr *to)
{
    return !socket->is_peer && !ferp_sim_is_local(to) && !ferp_sim_has_many_receivers(to) &&
           ferp_sim_injects(network, socket, FER_SIM_FAULT_NO_ROUTE);
}

/* The connection transmits nothing for some time. */
static void cut_for_a_while(ferp_sim_network *network, ferp_sim_link *link)
{
    enum { CUT_MILLIS_MAX = 1000 };
    uint64_t length = (1 + ferp_sim_choose(network, CUT_MILLIS_MAX)) * MILLI;
    link->cut_until = ferp_sim_time_after(network, length);
}

void ferp_sim_inject_path_faults(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_link *link = socket->link == FERP_SIM_NONE ? NULL : &network->links[socket->link];
    if (socket->state != FERP_SIM_CONNECTED || link == NULL || link->is_unix) {
        return;
    }
    if (ferp_sim_injects_soft_error(network, socket)) {
        cut_for_a_while(network, link);
    }
    if (ferp_sim_is_local(&socket->remote.ip)) {
        return;
    }
    if (!socket->is_peer && ferp_sim_injects(network, socket, FER_SIM_FAULT_NO_ROUTE)) {
        bool keeps = network->config.dialect == FER_SIM_DIALECT_POSIX &&
                     socket->remote.ip.family == FER_IP_V6;
        socket->soft = keeps ? FERP_SIM_ENETUNREACH : socket->soft;
        cut_for_a_while(network, link);
    }
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_MAPPING_LOST)) {
        link->forgotten =
            ferp_sim_choose(network, 2) == 0 ? FERP_SIM_FORGOTTEN : FERP_SIM_FORGOTTEN_RESETS;
    }
}

/* ---- The calls of a test */

static fer_error invalid_input(void)
{
    return (fer_error){FER_INVALID_INPUT, 0};
}

static bool is_ip(const fer_ip_addr *ip)
{
    return ip->family == FER_IP_V4 || ip->family == FER_IP_V6;
}

fer_error fer_sim_set_path(const fer_ip_addr *peer, fer_sim_path path)
{
    FERP_SIM_REQUIRE(network)
    if ((unsigned)path > FER_SIM_PATH_ROUTE_BLACKHOLE || (peer != NULL && !is_ip(peer))) {
        return invalid_input();
    }
    network->has_paths = true;
    if (peer == NULL) {
        network->link_path = path;
        return FERP_SIM_OK;
    }
    ferp_sim_host_path entry = {fer_ip_addr_to_canonical(*peer), path};
    for (size_t i = 0; i < network->path_count; i++) {
        if (fer_ip_addr_eq(network->paths[i].host, entry.host)) {
            network->paths[i].path = path;
            return FERP_SIM_OK;
        }
    }
    if (network->path_count == FERP_SIM_PATHS_MAX) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    network->paths[network->path_count++] = entry;
    return FERP_SIM_OK;
}

fer_error fer_sim_set_address(fer_ip_addr ip)
{
    FERP_SIM_REQUIRE(network)
    if (!is_ip(&ip) || fer_ip_addr_is_loopback(ip) || ferp_sim_has_many_receivers(&ip)) {
        return invalid_input();
    }
    fer_ip_addr *own = &network->own[ip.family == FER_IP_V6];
    for (size_t i = 0; i < FERP_SIM_FORMER_MAX; i++) {
        fer_ip_addr *former = &network->former[i];
        former->family = fer_ip_addr_eq(*former, ip) ? (fer_ip_family)0 : former->family;
    }
    if (!ferp_sim_is_wildcard(own) && !fer_ip_addr_eq(*own, ip)) {
        network->former[network->former_next++ % FERP_SIM_FORMER_MAX] = *own;
    }
    *own = ip;
    network->has_paths = true;
    return FERP_SIM_OK;
}

fer_error fer_sim_forget(const fer_ip_addr *peer, bool resets)
{
    FERP_SIM_REQUIRE(network)
    if (peer != NULL && !is_ip(peer)) {
        return invalid_input();
    }
    for (size_t i = 0; i < network->link_max; i++) {
        ferp_sim_link *link = &network->links[i];
        bool is_local = ferp_sim_is_local(&link->addrs[0]) && ferp_sim_is_local(&link->addrs[1]);
        bool has_host = peer == NULL || fer_ip_addr_eq(link->addrs[0], *peer) ||
                        fer_ip_addr_eq(link->addrs[1], *peer);
        if (link->used && !link->is_unix && !is_local && has_host) {
            link->forgotten = resets ? FERP_SIM_FORGOTTEN_RESETS : FERP_SIM_FORGOTTEN;
        }
    }
    return FERP_SIM_OK;
}

fer_error fer_sim_peer_set_source(fer_sim_peer peer, const fer_socket_addr *from)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_socket *socket = ferp_sim_peer_of(network, peer);
    if (socket == NULL || socket->kind != FERP_SIM_DATAGRAM ||
        (from != NULL && (!is_ip(&from->ip) || from->port == 0))) {
        return invalid_input();
    }
    socket->seen = from == NULL ? (fer_socket_addr){0} : ferp_sim_canonical(from);
    return FERP_SIM_OK;
}
