/* datagram.c: datagrams under way and in queues. One that finds no room, on its way or where it
 * arrives, is lost, as in any network. */
#include <string.h>

#include "platform/sim/network.h"

/* Over IPv4 and IPv6: 65535 without the headers (RFC 791, RFC 768, RFC 8200). */
enum { LONGEST_V4 = 65507, LONGEST_V6 = 65527, LATE_LATENCIES_MAX = 10 };

/* ---- Slots and their bytes: in one piece, each at its place, moved together when one goes */

static ferp_sim_datagram *slot_new(ferp_sim_network *network, const void *buf, size_t len)
{
    for (int i = 0; i < FERP_SIM_DATAGRAMS_MAX; i++) {
        ferp_sim_datagram *datagram = &network->datagrams[i];
        if (!datagram->used && len <= FERP_SIM_DATAGRAM_BYTES - network->datagram_bytes) {
            *datagram = (ferp_sim_datagram){.used = true,
                                            .at = network->datagram_bytes,
                                            .len = len,
                                            .next = FERP_SIM_NONE,
                                            .from_name = FERP_SIM_NONE};
            if (len > 0) {
                memcpy(network->payloads + datagram->at, buf, len);
            }
            network->datagram_bytes += len;
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
    for (int i = 0; i < FERP_SIM_DATAGRAMS_MAX; i++) {
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

static ferp_sim_datagram *first_of(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->datagram_count > 0 ? &network->datagrams[socket->queue_first] : NULL;
}

/* There is room again, in a queue and in the table, for those who may have found none. */
static void mark_unix_senders_changed(ferp_sim_network *network)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        network->sockets[i].changes +=
            network->sockets[i].is_unix && network->sockets[i].kind == FERP_SIM_DATAGRAM;
    }
}

void ferp_sim_drop_first_datagram(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_datagram *first = first_of(network, socket);
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

/* ---- Arriving */

static bool is_broadcast(const fer_ip_addr *ip)
{
    return ip->family == FER_IP_V4 && fer_ipv4_addr_is_broadcast(&ip->v4);
}

static bool has_many_receivers(const fer_ip_addr *ip)
{
    return is_broadcast(ip) || fer_ip_addr_is_multicast(ip);
}

/* Whether a multicast datagram comes back to the machine that it left: the sender's word on POSIX,
 * the receiver's on Windows ("IP_MULTICAST_LOOP" in "IPPROTO_IP socket options", MSDN). */
static bool loops(const ferp_sim_network *network, const ferp_sim_socket *socket,
                  const ferp_sim_datagram *datagram)
{
    if (!ferp_sim_is_local(&datagram->from.ip)) {
        return true; /* another host's */
    }
    bool to_v6 = datagram->to.ip.family == FER_IP_V6;
    const ferp_sim_settings *receiver_settings = &socket->settings;
    return ferp_sim_acts_as_windows(network, socket)
               ? (to_v6 ? receiver_settings->multicast_loop_v6
                        : receiver_settings->multicast_loop_v4)
               : datagram->loops;
}

/* Linux hands a group's datagrams to none that is bound to an address (udp_v4_mcast_deliver);
 * Windows does. */
static bool is_member(const ferp_sim_network *network, const ferp_sim_socket *socket,
                      const fer_ip_addr *group)
{
    if (!ferp_sim_is_winsock(network) && !ferp_sim_is_wildcard(&socket->local.ip)) {
        return false;
    }
    for (int i = 0; i < socket->group_count; i++) {
        if (fer_ip_addr_eq(&socket->groups[i].group, group)) {
            return true;
        }
    }
    return false;
}

/* A connected socket takes its peer's alone. */
static bool accepts(const ferp_sim_network *network, const ferp_sim_socket *socket,
                    const ferp_sim_datagram *datagram)
{
    if (socket->kind != FERP_SIM_DATAGRAM || socket->is_unix || !socket->has_local ||
        socket->local.port != datagram->to.port) {
        return false;
    }
    if (socket->state == FERP_SIM_CONNECTED &&
        !ferp_sim_is_same_end(&socket->remote, &datagram->from)) {
        return false;
    }
    bool reaches = socket->family == datagram->to.ip.family ||
                   (socket->family == FER_IP_V6 && !socket->settings.only_v6);
    if (is_broadcast(&datagram->to.ip)) {
        return reaches && ferp_sim_is_wildcard(&socket->local.ip);
    }
    if (fer_ip_addr_is_multicast(&datagram->to.ip)) {
        return is_member(network, socket, &datagram->to.ip) && loops(network, socket, datagram);
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
    ferp_sim_post_peer_events(network, socket, FERP_SIM_PEER_READABLE);
}

bool ferp_sim_queue_datagram(ferp_sim_network *network, const ferp_sim_socket *sender,
                             ferp_sim_socket *receiver, const void *buf, size_t len)
{
    ferp_sim_datagram *datagram = slot_new(network, buf, len);
    if (datagram != NULL) {
        datagram->from_name = sender->unix_name;
        enqueue(network, receiver, datagram);
    }
    return datagram != NULL;
}

/* The first socket that takes it has the datagram itself, others a copy. False: nobody is there. */
static bool deliver(ferp_sim_network *network, ferp_sim_datagram *datagram)
{
    bool is_accepted = false;
    bool is_queued = false;
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if ((is_accepted && !has_many_receivers(&datagram->to.ip)) ||
            !accepts(network, socket, datagram)) {
            continue;
        }
        is_accepted = true;
        bool has_room = socket->datagram_count == 0 ||
                        socket->datagram_bytes + datagram->len <= network->config.receive_buffer;
        ferp_sim_datagram *delivered =
            is_queued && has_room ? copy_of(network, datagram) : datagram;
        if (!has_room || delivered == NULL) {
            ferp_sim_trace_event(network, "a datagram finds no room", socket);
            continue;
        }
        enqueue(network, socket, delivered);
        is_queued = true;
    }
    if (is_accepted && !is_queued) {
        slot_free(network, datagram);
    }
    return is_accepted;
}

/* ICMP "port unreachable" goes back, in the datagram's own slot (RFC 1122, 3.2.2.1). */
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

void ferp_sim_on_datagram(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_datagram *datagram = &network->datagrams[event->index];
    const ferp_sim_answer *rule = ferp_sim_answer_of(network, &datagram->to);
    fer_sim_answer action = rule == NULL ? FER_SIM_ANSWER_AS_IS : rule->answer;
    bool no_receiver = action == FER_SIM_ANSWER_AS_IS && !deliver(network, datagram);
    if (action == FER_SIM_ANSWER_AS_IS && !no_receiver) {
        return;
    }
    bool may_refuse =
        !has_many_receivers(&datagram->to.ip) && ferp_sim_is_host(network, &datagram->to.ip);
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

/* Linux tells a connected socket, which sent to its peer, alone (ip(7), IP_RECVERR); Windows any
 * that was not told to keep quiet. */
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

void ferp_sim_send_datagram(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *to)
{
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_DATAGRAM_LOST)) {
        return;
    }
    ferp_sim_datagram *datagram = slot_new(network, buf, len);
    ferp_sim_datagram *duplicate = NULL;
    if (datagram != NULL) {
        datagram->to = *to;
        datagram->from = socket->local;
        datagram->from.ip = ferp_sim_is_wildcard(&socket->local.ip)
                                ? ferp_sim_source_for(socket, &to->ip)
                                : socket->local.ip;
        datagram->sender = socket->sequence;
        datagram->is_loopback =
            fer_ip_addr_is_loopback(&to->ip) || fer_ip_addr_eq(&to->ip, &datagram->from.ip);
        datagram->loops = to->ip.family == FER_IP_V6 ? socket->settings.multicast_loop_v6
                                                     : socket->settings.multicast_loop_v4;
        bool is_duplicated = ferp_sim_injects(network, socket, FER_SIM_FAULT_DATAGRAM_DOUBLED);
        duplicate = is_duplicated ? copy_of(network, datagram) : NULL;
    }
    dispatch(network, socket, datagram);
    if (duplicate != NULL) {
        dispatch(network, socket, duplicate);
    }
}

/* ---- The seam: connecting */

static ferp_sim_code destination_status(const ferp_sim_network *network,
                                        const ferp_sim_socket *socket, const fer_socket_addr *addr)
{
    if (ferp_sim_is_winsock(network) && addr->ip.family != socket->family) {
        return FERP_SIM_EAFNOSUPPORT; /* Linux takes an IPv4 address on an IPv6 socket as it is */
    }
    fer_socket_addr canonical = ferp_sim_canonical(addr);
    const fer_socket_addr *to = &canonical;
    bool is_bound_to_address = socket->has_local && !ferp_sim_is_wildcard(&socket->local.ip);
    bool is_other_family = to->ip.family != socket->family &&
                           (socket->family == FER_IP_V4 || socket->settings.only_v6);
    if (is_other_family || (is_bound_to_address && socket->local.ip.family != to->ip.family)) {
        return FERP_SIM_ENETUNREACH; /* measured on Linux, and under Wine: 10051 */
    }
    if (is_broadcast(&to->ip) && !socket->settings.broadcast) {
        return FERP_SIM_EACCES;
    }
    return ferp_sim_is_winsock(network) && ferp_sim_is_wildcard(&to->ip) ? FERP_SIM_EADDRNOTAVAIL
                                                                         : FERP_SIM_NO_ERROR;
}

static fer_error ensure_port(ferp_sim_network *network, ferp_sim_socket *socket,
                             const fer_ip_addr *ip)
{
    return socket->has_local ? FERP_SIM_OK : ferp_sim_claim_any_port(network, socket, ip);
}

fer_error ferp_sim_connect_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                    const fer_socket_addr *addr)
{
    FER_TRY(ferp_sim_error(network, destination_status(network, socket, addr)));
    fer_socket_addr to = ferp_sim_destination(addr);
    fer_ip_addr source = ferp_sim_source_for(socket, &to.ip);
    FER_TRY(ensure_port(network, socket, &source));
    socket->local.ip = ferp_sim_is_wildcard(&socket->local.ip) ? source : socket->local.ip;
    socket->remote = to;
    socket->state = FERP_SIM_CONNECTED;
    return FERP_SIM_OK;
}

void ferp_report_refusals(fer_raw_socket raw, bool reported)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = network == NULL ? NULL : ferp_sim_socket_of(network, raw);
    if (socket != NULL) {
        socket->reports_refusals = reported;
    }
}

/* ---- The seam: sending */

/* A refusal is told once, by whichever call comes next. */
static fer_error take_pending(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_code code = socket->pending;
    socket->pending = FERP_SIM_NO_ERROR;
    return ferp_sim_error(network, code);
}

static fer_error send_checked(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                              size_t len, const fer_socket_addr *addr)
{
    static const fer_ip_addr wildcard_v4 = {.family = FER_IP_V4};
    static const fer_ip_addr wildcard_v6 = {.family = FER_IP_V6};
    FER_TRY(ferp_sim_enter(network, socket, FERP_WRITING));
    FER_TRY(take_pending(network, socket));
    if (addr == NULL && socket->state != FERP_SIM_CONNECTED) {
        return ferp_sim_error(network, FERP_SIM_EDESTADDRREQ);
    }
    fer_socket_addr peer = ferp_sim_in_family_of(socket, &socket->remote);
    fer_socket_addr to = addr == NULL ? socket->remote : ferp_sim_destination(addr);
    FER_TRY(
        ferp_sim_error(network, destination_status(network, socket, addr == NULL ? &peer : addr)));
    if (len > (size_t)(to.ip.family == FER_IP_V4 ? LONGEST_V4 : LONGEST_V6)) {
        return ferp_sim_error(network, FERP_SIM_EMSGSIZE);
    }
    FER_TRY(
        ensure_port(network, socket, socket->family == FER_IP_V4 ? &wildcard_v4 : &wildcard_v6));
    ferp_sim_send_datagram(network, socket, buf, len, &to);
    return FERP_SIM_OK;
}

fer_error ferp_sim_send_one(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *addr, size_t *n)
{
    fer_error error = send_checked(network, socket, buf, len, addr);
    *n = error.kind == FER_OK ? len : 0;
    ferp_sim_record record = {.verb = "send a datagram",
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .requested = len,
                              .moved = *n,
                              .addr = addr};
    ferp_sim_trace(network, &record);
    return error;
}

fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, const fer_socket_addr *addr,
                       size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EISCONN);
    }
    return ferp_sim_send_one(network, socket, buf, len, addr, n);
}

/* ---- The seam: receiving */

static fer_error check_datagram(ferp_sim_network *network, ferp_sim_socket *socket, size_t *count)
{
    *count = (size_t)socket->datagram_count;
    FER_TRY(take_pending(network, socket));
    if (socket->datagram_count == 0 && socket->shut_read && !socket->settings.nonblocking) {
        /* Unix sockets' end; Linux tells it to who waits (__skb_wait_for_more_packets), and to no
         * others */
        return FERP_SIM_OK;
    }
    return socket->datagram_count > 0 ? FERP_SIM_OK : ferp_sim_error(network, FERP_SIM_EAGAIN);
}

void ferp_sim_copy_datagram(ferp_sim_network *network, const ferp_sim_socket *socket, void *buf,
                            size_t len, struct ferp_datagram *out)
{
    const ferp_sim_datagram *first = first_of(network, socket);
    if (first == NULL) {
        *out = (struct ferp_datagram){0};
        return;
    }
    out->len = first->len < len ? first->len : len;
    out->truncated = first->len > len;
    out->from = ferp_sim_in_family_of(socket, &first->from);
    if (out->len > 0) {
        memcpy(buf, network->payloads + first->at, out->len);
        ferp_sim_trace_bytes(network, network->payloads + first->at, out->len);
    }
}

static fer_error copy_first(ferp_sim_network *network, ferp_sim_socket *socket, const char *verb,
                            void *buf, size_t len, struct ferp_datagram *out)
{
    size_t count = 0;
    fer_error error = ferp_sim_enter(network, socket, FERP_READING);
    if (error.kind == FER_OK) {
        error = ferp_sim_check_with_wait(network, socket,
                                         ferp_sim_deadline(network, socket, FERP_READING),
                                         check_datagram, &count);
    }
    if (error.kind != FER_OK) {
        return ferp_sim_trace_call(network, verb, socket, error);
    }
    ferp_sim_copy_datagram(network, socket, buf, len, out);
    ferp_sim_record record = {.verb = verb,
                              .socket = socket,
                              .has_bytes = true,
                              .requested = len,
                              .moved = out->len,
                              .addr = &out->from};
    ferp_sim_trace(network, &record);
    return FERP_SIM_OK;
}

fer_error ferp_peek_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    return copy_first(network, socket, "peek at a datagram", buf, len, out);
}

fer_error ferp_sim_receive_datagram(ferp_sim_network *network, ferp_sim_socket *socket, void *buf,
                                    size_t len, struct ferp_datagram *out, int *from_name)
{
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    FER_TRY(copy_first(network, socket, "receive a datagram", buf, len, out));
    if (socket->datagram_count > 0) {
        *from_name = first_of(network, socket)->from_name;
        ferp_sim_drop_first_datagram(network, socket);
    }
    return FERP_SIM_OK;
}

fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out)
{
    int from_name = FERP_SIM_NONE;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    return ferp_sim_receive_datagram(network, socket, buf, len, out, &from_name);
}
