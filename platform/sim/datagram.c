/* datagram.c: datagrams in flight and in queues. A datagram without room, in flight or in the
 * receiver's queue, is lost, as in any network. The seam's functions are in datagram_calls.c. */
#include <string.h>

#include "platform/sim/path.h"

enum { LATE_LATENCIES_MAX = 10, LOOPBACK_INTERFACE = 1, OTHER_INTERFACE = 2 };

/* ---- Slots and their bytes. The bytes of all slots are contiguous: freeing one moves the later
 * ones. */

static ferp_sim_datagram *slot_new(ferp_sim_network *network, const void *buf, size_t len)
{
    for (size_t i = 0; i < FERP_SIM_DATAGRAMS_MAX; i++) {
        ferp_sim_datagram *datagram = &network->datagrams[i];
        if (!datagram->used && len <= FERP_SIM_DATAGRAM_BYTES - network->datagram_bytes) {
            *datagram = (ferp_sim_datagram){.used = true,
                                            .at = network->datagram_bytes,
                                            .len = len,
                                            .next = FERP_SIM_NONE,
                                            .from_name = FERP_SIM_NONE,
                                            .passed = FERP_SIM_NONE};
            if (len > 0) {
                memcpy(network->payloads + datagram->at, buf, len);
            }
            network->datagram_bytes += len;
            network->datagram_end += i == network->datagram_end;
            return datagram;
        }
    }
    return NULL;
}

static void slot_free(ferp_sim_network *network, ferp_sim_datagram *freed)
{
    size_t end = freed->at + freed->len;
    memmove(network->payloads + freed->at, network->payloads + end, network->datagram_bytes - end);
    network->datagram_bytes -= freed->len;
    freed->used = false;
    ferp_sim_drop_passed(network, freed->passed);
    for (size_t i = 0; i < network->datagram_end; i++) {
        ferp_sim_datagram *datagram = &network->datagrams[i];
        if (datagram->used && datagram->at >= end) {
            datagram->at -= freed->len;
        }
    }
}

static ferp_sim_datagram *copy_of(ferp_sim_network *network, const ferp_sim_datagram *datagram)
{
    ferp_sim_datagram *copy = slot_new(network, network->payloads + datagram->at, datagram->len);
    if (copy != NULL) {
        size_t at = copy->at;
        *copy = *datagram;
        copy->at = at;
        copy->next = FERP_SIM_NONE;
    }
    return copy;
}

ferp_sim_datagram *ferp_sim_first_datagram(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->datagram_count > 0 ? &network->datagrams[socket->queue_first] : NULL;
}

/* A queue and the table have room again, so that Unix senders may have become writable. */
static void mark_unix_senders_changed(ferp_sim_network *network)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        network->sockets[i].changes +=
            network->sockets[i].is_unix && network->sockets[i].kind == FERP_SIM_DATAGRAM;
    }
}

void ferp_sim_drop_first_datagram(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_datagram *first = ferp_sim_first_datagram(network, socket);
    socket->queue_first = first->next;
    socket->datagram_count--;
    socket->datagram_bytes -= first->len;
    slot_free(network, first);
    mark_unix_senders_changed(network);
}

void ferp_sim_drop_datagrams(ferp_sim_network *network, ferp_sim_socket *socket)
{
    while (socket->datagram_count > 0) {
        ferp_sim_drop_first_datagram(network, socket);
    }
}

/* Windows: WSAESHUTDOWN ("shutdown function", MSDN), and a later datagram is dropped. */
bool ferp_sim_shut_read_discards(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_acts_as_windows(network, socket) ||
           ferp_sim_switches_for(network, socket)->shut_read_discards_input;
}

/* ---- Arriving */

bool ferp_sim_is_broadcast(const fer_ip_addr *ip)
{
    return ferp_sim_is_network_broadcast(ip) ||
           (ip->family == FER_IP_V4 && fer_ipv4_addr_is_broadcast(ip->u.v4));
}

bool ferp_sim_has_many_receivers(const fer_ip_addr *ip)
{
    return ferp_sim_is_broadcast(ip) || fer_ip_addr_is_multicast(*ip);
}

/* Whether a multicast datagram is delivered to its sender's own machine. The sender's option
 * decides on POSIX, the receiver's on Windows ("IP_MULTICAST_LOOP" in "IPPROTO_IP socket options",
 * MSDN). */
static bool loops(const ferp_sim_network *network, const ferp_sim_socket *socket,
                  const ferp_sim_datagram *datagram)
{
    if (!ferp_sim_is_local(&datagram->from.ip)) {
        return true; /* from another host */
    }
    bool to_v6 = datagram->to.ip.family == FER_IP_V6;
    const ferp_sim_settings *receiver_settings = &socket->settings;
    return ferp_sim_acts_as_windows(network, socket)
               ? (to_v6 ? receiver_settings->options[FERP_MULTICAST_LOOP_V6]
                        : receiver_settings->options[FERP_MULTICAST_LOOP_V4])
               : datagram->loops;
}

/* Bound to the wildcard address or to this one. */
static bool is_bound_for(const ferp_sim_socket *socket, const fer_ip_addr *ip)
{
    return ferp_sim_is_wildcard(&socket->local.ip) || fer_ip_addr_eq(socket->local.ip, *ip);
}

/* Whether the socket has joined the group of the datagram, from its sender. */
static bool is_member(const ferp_sim_socket *socket, const ferp_sim_datagram *datagram)
{
    for (int i = 0; i < socket->group_count; i++) {
        const ferp_sim_group *group = &socket->groups[i];
        if (fer_ip_addr_eq(group->group, datagram->to.ip) &&
            (group->source.family == 0 || fer_ip_addr_eq(group->source, datagram->from.ip))) {
            return true;
        }
    }
    return false;
}

static bool has_member(const ferp_sim_network *network, const ferp_sim_datagram *datagram)
{
    bool found = false;
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        const ferp_sim_socket *socket = &network->sockets[i];
        found = found || (socket->kind == FERP_SIM_DATAGRAM && is_member(socket, datagram));
    }
    return found;
}

/* Linux delivers a group's datagrams only to sockets that are bound to the wildcard or to the group
 * (__udp_is_mcast_sock), also to those that have joined no group (IP_MULTICAST_ALL, ip(7)). NetBSD
 * and OpenBSD never check the membership. Windows also delivers them to sockets that are bound to
 * an address. */
static bool receives_group(const ferp_sim_network *network, const ferp_sim_socket *socket,
                           const ferp_sim_datagram *datagram)
{
    bool is_linux = network->config.dialect == FER_SIM_DIALECT_POSIX && !socket->is_peer;
    bool receives_all = (is_linux && !socket->has_joined) ||
                        ferp_sim_switches_for(network, socket)->group_reaches_all;
    if (!ferp_sim_is_winsock(network) && !is_bound_for(socket, &datagram->to.ip)) {
        return false;
    }
    return receives_all ? has_member(network, datagram) : is_member(socket, datagram);
}

/* Windows delivers broadcasts also to sockets that are bound to an address of the network
 * (dotnet/runtime#83525). */
static bool receives_broadcasts_at(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_acts_as_windows(network, socket) &&
           !fer_ip_addr_is_loopback(socket->local.ip) &&
           !ferp_sim_has_many_receivers(&socket->local.ip);
}

/* A connected socket receives only its peer's datagrams. */
static bool accepts(const ferp_sim_network *network, const ferp_sim_socket *socket,
                    const ferp_sim_datagram *datagram)
{
    if (socket->kind == FERP_SIM_DATAGRAM && socket->seen.ip.family != 0 &&
        ferp_sim_is_same_end(&socket->seen, &datagram->to)) {
        return true;
    }
    if (socket->kind != FERP_SIM_DATAGRAM || socket->is_unix || !socket->has_local ||
        socket->local.port != datagram->to.port) {
        return false;
    }
    if (socket->state == FERP_SIM_CONNECTED &&
        !ferp_sim_is_same_end(&socket->remote, &datagram->from)) {
        return false;
    }
    /* compute_score of net/ipv6/udp.c compares sk_v6_daddr. */
    if (socket->former_peer.family != 0 && datagram->from.ip.family == FER_IP_V6 &&
        !fer_ip_addr_eq(socket->former_peer, datagram->from.ip)) {
        return false;
    }
    bool reaches = socket->family == datagram->to.ip.family ||
                   (socket->family == FER_IP_V6 && !socket->settings.options[FERP_ONLY_V6]);
    if (ferp_sim_is_broadcast(&datagram->to.ip)) {
        return reaches &&
               (is_bound_for(socket, &datagram->to.ip) || receives_broadcasts_at(network, socket));
    }
    if (fer_ip_addr_is_multicast(datagram->to.ip)) {
        return reaches && receives_group(network, socket, datagram) &&
               loops(network, socket, datagram);
    }
    return ferp_sim_covers(socket, &datagram->to.ip);
}

static void enqueue(ferp_sim_network *network, ferp_sim_socket *socket, ferp_sim_datagram *datagram)
{
    int index = (int)(datagram - network->datagrams);
    if (socket->datagram_count == 0) {
        socket->queue_first = index;
    } else {
        network->datagrams[socket->queue_last].next = index;
    }
    socket->queue_last = index;
    socket->datagram_count++;
    socket->datagram_bytes += datagram->len;
    datagram->arrived = network->now;
    datagram->dropped = socket->dropped;
    ferp_sim_post_peer_events(network, socket, FERP_SIM_PEER_READABLE);
}

bool ferp_sim_queue_datagram(ferp_sim_network *network, const ferp_sim_socket *sender,
                             ferp_sim_socket *receiver, const void *buf, size_t len)
{
    int count = 0;
    for (size_t i = 0; i < network->datagram_end; i++) {
        count += network->datagrams[i].used;
    }
    ferp_sim_datagram *datagram =
        count < FERP_SIM_UNIX_DATAGRAMS_MAX ? slot_new(network, buf, len) : NULL;
    if (datagram != NULL) {
        datagram->from_name = sender->unix_name;
        ferp_sim_attach_passed(network, sender, datagram);
        enqueue(network, receiver, datagram);
    }
    return datagram != NULL;
}

/* Returns NULL if no socket accepts the datagram. */
static ferp_sim_socket *receiver_of(ferp_sim_network *network, const ferp_sim_datagram *datagram)
{
    const fer_ip_addr *to = &datagram->to.ip;
    ferp_sim_socket *found = NULL;
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if (accepts(network, socket, datagram) &&
            (found == NULL || ferp_sim_precedence(socket, to) > ferp_sim_precedence(found, to))) {
            found = socket;
        }
    }
    return found;
}

/* The datagram, or a copy if another socket has it, joins the socket's queue. Returns false if
 * there is no room. */
static bool deliver_to(ferp_sim_network *network, ferp_sim_socket *socket,
                       ferp_sim_datagram *datagram, bool is_queued)
{
    bool is_shut = socket->shut_read && ferp_sim_shut_read_discards(network, socket);
    bool has_space =
        !is_shut && (socket->datagram_count == 0 ||
                     socket->datagram_bytes + datagram->len <= network->config.receive_buffer);
    ferp_sim_datagram *delivered = is_queued && has_space ? copy_of(network, datagram) : datagram;
    if (!has_space || delivered == NULL) {
        socket->dropped++;
        ferp_sim_trace_event(network, "a datagram finds no room", socket);
        return false;
    }
    enqueue(network, socket, delivered);
    return true;
}

/* Returns false if no socket accepts the datagram. */
static bool deliver(ferp_sim_network *network, ferp_sim_datagram *datagram)
{
    ferp_sim_socket *receiver = receiver_of(network, datagram);
    bool has_many = ferp_sim_has_many_receivers(&datagram->to.ip);
    bool is_queued = false;
    for (size_t i = 0; receiver != NULL && i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if (has_many ? accepts(network, socket, datagram) : socket == receiver) {
            is_queued = deliver_to(network, socket, datagram, is_queued) || is_queued;
        }
    }
    if (receiver != NULL && !is_queued) {
        slot_free(network, datagram);
    }
    return receiver != NULL;
}

/* Returns ICMP "port unreachable" to the sender, in the datagram's slot (RFC 1122, 3.2.2.1). */
static void send_refusal(ferp_sim_network *network, ferp_sim_datagram *datagram, ferp_sim_code code,
                         const ferp_sim_answer *rule)
{
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_REFUSAL,
                            .code = code,
                            .index = (int)(datagram - network->datagrams)};
    ferp_sim_schedule(network, event,
                      ferp_sim_latency(network, datagram->is_loopback) +
                          (rule == NULL ? 0 : rule->delay));
}

/* On a path that loses it. A router may report that. */
static void lose(ferp_sim_network *network, ferp_sim_datagram *datagram)
{
    ferp_sim_code code = ferp_sim_datagram_report(network, &datagram->from.ip, &datagram->to.ip);
    ferp_sim_trace_event(network, "a datagram is lost on its path", NULL);
    if (code == FERP_SIM_NO_ERROR) {
        slot_free(network, datagram);
    } else {
        send_refusal(network, datagram, code, NULL);
    }
}

void ferp_sim_on_datagram(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_datagram *datagram = &network->datagrams[event->index];
    const ferp_sim_answer *rule = ferp_sim_answer_of(network, &datagram->to);
    fer_sim_answer action = rule == NULL ? FER_SIM_ANSWER_AS_IS : rule->answer;
    if (ferp_sim_is_cut(network, &datagram->from.ip, &datagram->to.ip)) {
        lose(network, datagram);
        return;
    }
    bool no_receiver = action == FER_SIM_ANSWER_AS_IS && !deliver(network, datagram);
    if (action == FER_SIM_ANSWER_AS_IS && !no_receiver) {
        return;
    }
    bool may_refuse = !ferp_sim_has_many_receivers(&datagram->to.ip) &&
                      ferp_sim_is_host(network, &datagram->to.ip);
    if (action == FER_SIM_ANSWER_REFUSES || (no_receiver && may_refuse)) {
        send_refusal(network, datagram, FERP_SIM_ECONNREFUSED, rule);
    } else if (action == FER_SIM_ANSWER_HOST_UNREACHABLE) {
        send_refusal(network, datagram, FERP_SIM_EHOSTUNREACH, rule);
    } else if (action == FER_SIM_ANSWER_NETWORK_UNREACHABLE) {
        send_refusal(network, datagram, FERP_SIM_ENETUNREACH, rule);
    } else {
        slot_free(network, datagram);
    }
}

/* Linux reports a refusal only to a connected socket that sent to its peer (ip(7), IP_RECVERR).
 * Windows reports it to any socket unless SIO_UDP_CONNRESET is off. */
static bool receives_refusal(const ferp_sim_network *network, const ferp_sim_socket *socket,
                             const ferp_sim_datagram *datagram)
{
    if (socket->kind != FERP_SIM_DATAGRAM || socket->sequence != datagram->sender ||
        socket->is_peer) {
        return false;
    }
    if (ferp_sim_is_winsock(network)) {
        return socket->reports_refusals;
    }
    return socket->state == FERP_SIM_CONNECTED &&
           ferp_sim_is_same_end(&socket->remote, &datagram->to);
}

void ferp_sim_on_refusal(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_datagram *datagram = &network->datagrams[event->index];
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if (receives_refusal(network, socket, datagram)) {
            bool refused = event->code == FERP_SIM_ECONNREFUSED;
            socket->pending =
                refused && ferp_sim_is_winsock(network) ? FERP_SIM_ECONNRESET : event->code;
            socket->changes++;
            ferp_sim_trace_event(network, "a datagram was refused", socket);
        }
    }
    slot_free(network, datagram);
}

/* ---- Sending */

static uint64_t delay_of(ferp_sim_network *network, const ferp_sim_socket *socket, bool is_loopback)
{
    uint64_t delay = ferp_sim_latency(network, is_loopback);
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_DATAGRAM_LATE)) {
        delay += (1 + ferp_sim_choose(network, LATE_LATENCIES_MAX)) * network->config.latency.nanos;
    }
    return delay;
}

static void dispatch(ferp_sim_network *network, const ferp_sim_socket *socket,
                     ferp_sim_datagram *datagram)
{
    if (datagram == NULL) {
        ferp_sim_trace_event(network, "a datagram finds no room", socket);
        return;
    }
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_DATAGRAM,
                            .index = (int)(datagram - network->datagrams)};
    ferp_sim_schedule(network, event, delay_of(network, socket, datagram->is_loopback));
}

/* The octet of the IP header, from the socket's options. */
static uint8_t traffic_class_of(const ferp_sim_socket *socket, const fer_ip_addr *to)
{
    ferp_option option = to->family == FER_IP_V4 ? FERP_TOS_V4 : FERP_TCLASS_V6;
    return (uint8_t)socket->settings.options[option];
}

static uint8_t hop_limit_of(const ferp_sim_socket *socket, const fer_ip_addr *to)
{
    bool is_v4 = to->family == FER_IP_V4;
    ferp_option option = fer_ip_addr_is_multicast(*to)
                             ? (is_v4 ? FERP_MULTICAST_TTL_V4 : FERP_MULTICAST_HOPS_V6)
                             : (is_v4 ? FERP_TTL_V4 : FERP_HOPS_V6);
    return (uint8_t)socket->settings.options[option];
}

static void fill(const ferp_sim_socket *socket, const ferp_sim_sending *sending,
                 ferp_sim_datagram *datagram)
{
    const fer_ip_addr *to = &sending->to->ip;
    bool is_unbound = ferp_sim_is_wildcard(&socket->local.ip) ||
                      ferp_sim_has_many_receivers(&socket->local.ip) ||
                      socket->local.ip.family != to->family;
    datagram->to = *sending->to;
    datagram->from = socket->local;
    datagram->from.ip = sending->from != NULL ? *sending->from
                        : is_unbound          ? ferp_sim_source_for(socket, to)
                                              : socket->local.ip;
    datagram->from = socket->seen.ip.family != 0 ? socket->seen : datagram->from;
    datagram->sender = socket->sequence;
    datagram->is_loopback = fer_ip_addr_is_loopback(*to) || fer_ip_addr_eq(*to, datagram->from.ip);
    datagram->loops = to->family == FER_IP_V6 ? socket->settings.options[FERP_MULTICAST_LOOP_V6]
                                              : socket->settings.options[FERP_MULTICAST_LOOP_V4];
    datagram->interface_index = datagram->is_loopback ? LOOPBACK_INTERFACE : OTHER_INTERFACE;
    datagram->traffic_class = sending->traffic_class != FERP_SIM_NONE
                                  ? (uint8_t)sending->traffic_class
                                  : traffic_class_of(socket, to);
    datagram->hop_limit = sending->hop_limit != 0 ? sending->hop_limit : hop_limit_of(socket, to);
}

/* Far from the sender's, where its neighbours may be. */
static uint16_t translated_port(uint16_t port)
{
    enum { FAR = 0x4000 };
    return port == FAR ? FAR + 1 : port ^ FAR;
}

static void send_datagram(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                          size_t len, const ferp_sim_sending *sending)
{
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_DATAGRAM_LOST)) {
        return;
    }
    ferp_sim_datagram *datagram = slot_new(network, buf, len);
    ferp_sim_datagram *duplicate = NULL;
    if (datagram != NULL) {
        fill(socket, sending, datagram);
        if (ferp_sim_injects(network, socket, FER_SIM_FAULT_PEER_TRANSLATED)) {
            datagram->from.port = translated_port(datagram->from.port);
        }
        bool is_duplicated = ferp_sim_injects(network, socket, FER_SIM_FAULT_DATAGRAM_DOUBLED);
        duplicate = is_duplicated ? copy_of(network, datagram) : NULL;
    }
    dispatch(network, socket, datagram);
    if (duplicate != NULL) {
        dispatch(network, socket, duplicate);
    }
}

void ferp_sim_send_datagrams(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                             size_t len, const ferp_sim_sending *sending)
{
    size_t size = sending->segment_size != 0 ? sending->segment_size : socket->segment_size;
    size_t at = 0;
    do {
        size_t part = size != 0 && size < len - at ? size : len - at;
        const unsigned char *from = part > 0 ? (const unsigned char *)buf + at : NULL;
        send_datagram(network, socket, from, part, sending);
        at += part;
    } while (at < len);
}
