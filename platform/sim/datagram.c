/* datagram.c: datagrams under way and in queues. One that finds no room, on its way or where it
 * arrives, is lost, as in any network. */
#include <string.h>

#include "platform/sim/network.h"

/* Over IPv4 and IPv6: 65535 without the headers (RFC 791, RFC 768, RFC 8200). */
enum { LONGEST_V4 = 65507, LONGEST_V6 = 65527, LATE_LATENCIES_MAX = 10 };

/* ---- Slots and their bytes: in one piece, each at its place, moved together when one goes */

static ferp_sim_datagram *slot_new(ferp_sim_world *world, const void *buf, size_t len)
{
    for (int i = 0; i < FERP_SIM_DATAGRAMS_MAX; i++) {
        ferp_sim_datagram *datagram = &world->datagrams[i];
        if (!datagram->used && len <= FERP_SIM_DATAGRAM_BYTES - world->datagram_bytes) {
            *datagram = (ferp_sim_datagram){.used = true,
                                            .at = world->datagram_bytes,
                                            .len = len,
                                            .next = FERP_SIM_NONE,
                                            .from_name = FERP_SIM_NONE};
            if (len > 0) {
                memcpy(world->payloads + datagram->at, buf, len);
            }
            world->datagram_bytes += len;
            return datagram;
        }
    }
    return NULL;
}

static void slot_free(ferp_sim_world *world, ferp_sim_datagram *gone)
{
    size_t behind = gone->at + gone->len;
    memmove(world->payloads + gone->at, world->payloads + behind, world->datagram_bytes - behind);
    world->datagram_bytes -= gone->len;
    gone->used = false;
    for (int i = 0; i < FERP_SIM_DATAGRAMS_MAX; i++) {
        ferp_sim_datagram *datagram = &world->datagrams[i];
        if (datagram->used && datagram->at >= behind) {
            datagram->at -= gone->len;
        }
    }
}

static ferp_sim_datagram *copy_of(ferp_sim_world *world, const ferp_sim_datagram *datagram)
{
    ferp_sim_datagram *copy = slot_new(world, world->payloads + datagram->at, datagram->len);
    if (copy != NULL) {
        size_t at = copy->at;
        *copy = *datagram;
        copy->at = at;
        copy->next = FERP_SIM_NONE;
    }
    return copy;
}

static ferp_sim_datagram *first_of(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    return socket->datagram_count > 0 ? &world->datagrams[socket->queue_first] : NULL;
}

/* There is room again, in a queue and in the table, for those who may have found none. */
static void stir_unix_senders(ferp_sim_world *world)
{
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        world->sockets[i].stirs +=
            world->sockets[i].is_unix && world->sockets[i].kind == FERP_SIM_DATAGRAM;
    }
}

void ferp_sim_drop_first_datagram(ferp_sim_world *world, ferp_sim_socket *socket)
{
    ferp_sim_datagram *first = first_of(world, socket);
    socket->queue_first = first->next;
    socket->datagram_count--;
    socket->datagram_bytes -= first->len;
    slot_free(world, first);
    stir_unix_senders(world);
}

void ferp_sim_drop_datagrams(ferp_sim_world *world, ferp_sim_socket *socket)
{
    while (socket->datagram_count > 0) {
        ferp_sim_drop_first_datagram(world, socket);
    }
}

/* ---- Arriving */

static bool is_broadcast(const fer_ip_addr *ip)
{
    return ip->family == FER_IP_V4 && fer_ipv4_addr_is_broadcast(&ip->v4);
}

static bool is_for_many(const fer_ip_addr *ip)
{
    return is_broadcast(ip) || fer_ip_addr_is_multicast(ip);
}

/* Whether a multicast datagram comes back to the machine that it left: the sender's word on POSIX,
 * the receiver's on Windows ("IP_MULTICAST_LOOP" in "IPPROTO_IP socket options", MSDN). */
static bool loops(const ferp_sim_world *world, const ferp_sim_socket *socket,
                  const ferp_sim_datagram *datagram)
{
    if (!ferp_sim_is_local(&datagram->from.ip)) {
        return true; /* another host's */
    }
    bool to_v6 = datagram->to.ip.family == FER_IP_V6;
    const ferp_sim_settings *own = &socket->settings;
    return ferp_sim_acts_as_windows(world, socket)
               ? (to_v6 ? own->multicast_loop_v6 : own->multicast_loop_v4)
               : datagram->loops;
}

/* Linux hands a group's datagrams to none that is bound to an address (udp_v4_mcast_deliver);
 * Windows does. */
static bool is_member(const ferp_sim_world *world, const ferp_sim_socket *socket,
                      const fer_ip_addr *group)
{
    if (!ferp_sim_is_winsock(world) && !ferp_sim_is_wildcard(&socket->local.ip)) {
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
static bool takes(const ferp_sim_world *world, const ferp_sim_socket *socket,
                  const ferp_sim_datagram *datagram)
{
    if (socket->kind != FERP_SIM_DATAGRAM || socket->is_unix || !socket->has_local ||
        socket->local.port != datagram->to.port) {
        return false;
    }
    if (socket->life == FERP_SIM_CONNECTED &&
        !ferp_sim_is_same_end(&socket->remote, &datagram->from)) {
        return false;
    }
    bool reaches = socket->family == datagram->to.ip.family ||
                   (socket->family == FER_IP_V6 && !socket->settings.only_v6);
    if (is_broadcast(&datagram->to.ip)) {
        return reaches && ferp_sim_is_wildcard(&socket->local.ip);
    }
    if (fer_ip_addr_is_multicast(&datagram->to.ip)) {
        return is_member(world, socket, &datagram->to.ip) && loops(world, socket, datagram);
    }
    return ferp_sim_takes_in(socket, &datagram->to.ip);
}

static void enqueue(ferp_sim_world *world, ferp_sim_socket *socket, ferp_sim_datagram *datagram)
{
    int index = (int)(datagram - world->datagrams);
    if (socket->datagram_count == 0) {
        socket->queue_first = index;
    } else {
        world->datagrams[socket->queue_last].next = index;
    }
    socket->queue_last = index;
    socket->datagram_count++;
    socket->datagram_bytes += datagram->len;
    ferp_sim_news(world, socket, FERP_SIM_NEWS_READABLE);
}

bool ferp_sim_queue_datagram(ferp_sim_world *world, const ferp_sim_socket *sender,
                             ferp_sim_socket *receiver, const void *buf, size_t len)
{
    ferp_sim_datagram *datagram = slot_new(world, buf, len);
    if (datagram != NULL) {
        datagram->from_name = sender->unix_name;
        enqueue(world, receiver, datagram);
    }
    return datagram != NULL;
}

/* The first socket that takes it has the datagram itself, others a copy. False: nobody is there. */
static bool hand_out(ferp_sim_world *world, ferp_sim_datagram *datagram)
{
    bool is_taken = false;
    bool is_queued = false;
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        ferp_sim_socket *socket = &world->sockets[i];
        if ((is_taken && !is_for_many(&datagram->to.ip)) || !takes(world, socket, datagram)) {
            continue;
        }
        is_taken = true;
        bool has_room = socket->datagram_count == 0 ||
                        socket->datagram_bytes + datagram->len <= world->config.receive_buffer;
        ferp_sim_datagram *given = is_queued && has_room ? copy_of(world, datagram) : datagram;
        if (!has_room || given == NULL) {
            ferp_sim_happens(world, "a datagram finds no room", socket);
            continue;
        }
        enqueue(world, socket, given);
        is_queued = true;
    }
    if (is_taken && !is_queued) {
        slot_free(world, datagram);
    }
    return is_taken;
}

/* ICMP "port unreachable" goes back, in the datagram's own slot (RFC 1122, 3.2.2.1). */
static void refuse(ferp_sim_world *world, ferp_sim_datagram *datagram, ferp_sim_code code,
                   const ferp_sim_answer *rule)
{
    ferp_sim_event event = {
        .kind = FERP_SIM_EVENT_REFUSAL, .code = code, .index = (int)(datagram - world->datagrams)};
    ferp_sim_schedule(world, event,
                      ferp_sim_latency(world, datagram->is_loopback) +
                          (rule == NULL ? 0 : rule->delay));
}

void ferp_sim_on_datagram(ferp_sim_world *world, const ferp_sim_event *event)
{
    ferp_sim_datagram *datagram = &world->datagrams[event->index];
    const ferp_sim_answer *rule = ferp_sim_answer_of(world, &datagram->to);
    fer_sim_answer how = rule == NULL ? FER_SIM_ANSWER_AS_IS : rule->answer;
    bool nobody = how == FER_SIM_ANSWER_AS_IS && !hand_out(world, datagram);
    if (how == FER_SIM_ANSWER_AS_IS && !nobody) {
        return;
    }
    bool may_refuse = !is_for_many(&datagram->to.ip) && ferp_sim_is_host(world, &datagram->to.ip);
    if (how == FER_SIM_ANSWER_REFUSES || (nobody && may_refuse)) {
        refuse(world, datagram, FERP_SIM_ECONNREFUSED, rule);
    } else if (how == FER_SIM_ANSWER_HOST_UNREACHABLE) {
        refuse(world, datagram, FERP_SIM_EHOSTUNREACH, rule);
    } else if (how == FER_SIM_ANSWER_NETWORK_UNREACHABLE) {
        refuse(world, datagram, FERP_SIM_ENETUNREACH, rule);
    } else {
        slot_free(world, datagram);
    }
}

/* Linux tells a connected socket, which sent to its peer, alone (ip(7), IP_RECVERR); Windows any
 * that was not told to keep quiet. */
static bool hears(const ferp_sim_world *world, const ferp_sim_socket *socket,
                  const ferp_sim_datagram *datagram)
{
    if (socket->kind != FERP_SIM_DATAGRAM || socket->sequence != datagram->sender ||
        socket->is_peer) {
        return false;
    }
    if (ferp_sim_is_winsock(world)) {
        return socket->tells_refusals;
    }
    return socket->life == FERP_SIM_CONNECTED &&
           ferp_sim_is_same_end(&socket->remote, &datagram->to);
}

void ferp_sim_on_refusal(ferp_sim_world *world, const ferp_sim_event *event)
{
    ferp_sim_datagram *datagram = &world->datagrams[event->index];
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        ferp_sim_socket *socket = &world->sockets[i];
        if (hears(world, socket, datagram)) {
            bool refused = event->code == FERP_SIM_ECONNREFUSED;
            socket->pending =
                refused && ferp_sim_is_winsock(world) ? FERP_SIM_ECONNRESET : event->code;
            socket->stirs++;
            ferp_sim_happens(world, "a datagram was refused", socket);
        }
    }
    slot_free(world, datagram);
}

/* ---- Sending */

static uint64_t delay_of(ferp_sim_world *world, const ferp_sim_socket *socket, bool is_loopback)
{
    uint64_t delay = ferp_sim_latency(world, is_loopback);
    if (ferp_sim_strikes(world, socket, FER_SIM_FAULT_DATAGRAM_LATE)) {
        delay += (1 + ferp_sim_choose(world, LATE_LATENCIES_MAX)) * world->config.latency.nanos;
    }
    return delay;
}

static void dispatch(ferp_sim_world *world, const ferp_sim_socket *socket,
                     ferp_sim_datagram *datagram)
{
    if (datagram == NULL) {
        ferp_sim_happens(world, "a datagram finds no room", socket);
        return;
    }
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_DATAGRAM,
                            .index = (int)(datagram - world->datagrams)};
    ferp_sim_schedule(world, event, delay_of(world, socket, datagram->is_loopback));
}

void ferp_sim_send_datagram(ferp_sim_world *world, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *to)
{
    if (ferp_sim_strikes(world, socket, FER_SIM_FAULT_DATAGRAM_LOST)) {
        return;
    }
    ferp_sim_datagram *datagram = slot_new(world, buf, len);
    ferp_sim_datagram *twin = NULL;
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
        bool doubled = ferp_sim_strikes(world, socket, FER_SIM_FAULT_DATAGRAM_DOUBLED);
        twin = doubled ? copy_of(world, datagram) : NULL;
    }
    dispatch(world, socket, datagram);
    if (twin != NULL) {
        dispatch(world, socket, twin);
    }
}

/* ---- The seam: connecting */

static ferp_sim_code may_reach(const ferp_sim_world *world, const ferp_sim_socket *socket,
                               const fer_socket_addr *addr)
{
    if (ferp_sim_is_winsock(world) && addr->ip.family != socket->family) {
        return FERP_SIM_EAFNOSUPPORT; /* Linux takes an IPv4 address on an IPv6 socket as it is */
    }
    fer_socket_addr plain = ferp_sim_plain(addr);
    const fer_socket_addr *to = &plain;
    bool is_tied = socket->has_local && !ferp_sim_is_wildcard(&socket->local.ip);
    bool is_foreign = to->ip.family != socket->family &&
                      (socket->family == FER_IP_V4 || socket->settings.only_v6);
    if (is_foreign || (is_tied && socket->local.ip.family != to->ip.family)) {
        return FERP_SIM_ENETUNREACH; /* measured on Linux, and under Wine: 10051 */
    }
    if (is_broadcast(&to->ip) && !socket->settings.broadcast) {
        return FERP_SIM_EACCES;
    }
    return ferp_sim_is_winsock(world) && ferp_sim_is_wildcard(&to->ip) ? FERP_SIM_EADDRNOTAVAIL
                                                                       : FERP_SIM_NO_ERROR;
}

static fer_error place(ferp_sim_world *world, ferp_sim_socket *socket, const fer_ip_addr *ip)
{
    return socket->has_local ? FERP_SIM_OK : ferp_sim_claim_any_port(world, socket, ip);
}

fer_error ferp_sim_connect_datagram(ferp_sim_world *world, ferp_sim_socket *socket,
                                    const fer_socket_addr *addr)
{
    FER_TRY(ferp_sim_error(world, may_reach(world, socket, addr)));
    fer_socket_addr to = ferp_sim_destination(addr);
    fer_ip_addr source = ferp_sim_source_for(socket, &to.ip);
    FER_TRY(place(world, socket, &source));
    socket->local.ip = ferp_sim_is_wildcard(&socket->local.ip) ? source : socket->local.ip;
    socket->remote = to;
    socket->life = FERP_SIM_CONNECTED;
    return FERP_SIM_OK;
}

void ferp_report_refusals(fer_raw_socket raw, bool told)
{
    ferp_sim_world *world = ferp_sim_here();
    ferp_sim_socket *socket = world == NULL ? NULL : ferp_sim_socket_of(world, raw);
    if (socket != NULL) {
        socket->tells_refusals = told;
    }
}

/* ---- The seam: sending */

/* A refusal is told once, by whichever call comes next. */
static fer_error pending_of(ferp_sim_world *world, ferp_sim_socket *socket)
{
    ferp_sim_code code = socket->pending;
    socket->pending = FERP_SIM_NO_ERROR;
    return ferp_sim_error(world, code);
}

static fer_error send_checked(ferp_sim_world *world, ferp_sim_socket *socket, const void *buf,
                              size_t len, const fer_socket_addr *addr)
{
    static const fer_ip_addr wildcard_v4 = {.family = FER_IP_V4};
    static const fer_ip_addr wildcard_v6 = {.family = FER_IP_V6};
    FER_TRY(ferp_sim_enter(world, socket, FERP_WRITING));
    FER_TRY(pending_of(world, socket));
    if (addr == NULL && socket->life != FERP_SIM_CONNECTED) {
        return ferp_sim_error(world, FERP_SIM_EDESTADDRREQ);
    }
    fer_socket_addr peer = ferp_sim_shown(socket, &socket->remote);
    fer_socket_addr to = addr == NULL ? socket->remote : ferp_sim_destination(addr);
    FER_TRY(ferp_sim_error(world, may_reach(world, socket, addr == NULL ? &peer : addr)));
    if (len > (size_t)(to.ip.family == FER_IP_V4 ? LONGEST_V4 : LONGEST_V6)) {
        return ferp_sim_error(world, FERP_SIM_EMSGSIZE);
    }
    FER_TRY(place(world, socket, socket->family == FER_IP_V4 ? &wildcard_v4 : &wildcard_v6));
    ferp_sim_send_datagram(world, socket, buf, len, &to);
    return FERP_SIM_OK;
}

fer_error ferp_sim_send_one(ferp_sim_world *world, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *addr, size_t *n)
{
    fer_error error = send_checked(world, socket, buf, len, addr);
    *n = error.kind == FER_OK ? len : 0;
    ferp_sim_record record = {.verb = "send a datagram",
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .asked = len,
                              .moved = *n,
                              .addr = addr};
    ferp_sim_trace(world, &record);
    return error;
}

fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, const fer_socket_addr *addr,
                       size_t *n)
{
    *n = 0;
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(world, FERP_SIM_EISCONN);
    }
    return ferp_sim_send_one(world, socket, buf, len, addr, n);
}

/* ---- The seam: receiving */

static fer_error look_for_datagram(ferp_sim_world *world, ferp_sim_socket *socket, size_t *count)
{
    *count = (size_t)socket->datagram_count;
    FER_TRY(pending_of(world, socket));
    if (socket->datagram_count == 0 && socket->shut_read && !socket->settings.nonblocking) {
        /* Unix sockets' end; Linux tells it to who waits (__skb_wait_for_more_packets), and to no
         * others */
        return FERP_SIM_OK;
    }
    return socket->datagram_count > 0 ? FERP_SIM_OK : ferp_sim_error(world, FERP_SIM_EAGAIN);
}

void ferp_sim_copy_datagram(ferp_sim_world *world, const ferp_sim_socket *socket, void *buf,
                            size_t len, struct ferp_datagram *out)
{
    const ferp_sim_datagram *first = first_of(world, socket);
    if (first == NULL) {
        *out = (struct ferp_datagram){0};
        return;
    }
    out->len = first->len < len ? first->len : len;
    out->truncated = first->len > len;
    out->from = ferp_sim_shown(socket, &first->from);
    if (out->len > 0) {
        memcpy(buf, world->payloads + first->at, out->len);
        ferp_sim_trace_bytes(world, world->payloads + first->at, out->len);
    }
}

static fer_error look_at_first(ferp_sim_world *world, ferp_sim_socket *socket, const char *verb,
                               void *buf, size_t len, struct ferp_datagram *out)
{
    size_t count = 0;
    fer_error error = ferp_sim_enter(world, socket, FERP_READING);
    if (error.kind == FER_OK) {
        error =
            ferp_sim_look_patiently(world, socket, ferp_sim_deadline(world, socket, FERP_READING),
                                    look_for_datagram, &count);
    }
    if (error.kind != FER_OK) {
        return ferp_sim_told(world, verb, socket, error);
    }
    ferp_sim_copy_datagram(world, socket, buf, len, out);
    ferp_sim_record record = {.verb = verb,
                              .socket = socket,
                              .has_bytes = true,
                              .asked = len,
                              .moved = out->len,
                              .addr = &out->from};
    ferp_sim_trace(world, &record);
    return FERP_SIM_OK;
}

fer_error ferp_peek_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out)
{
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(world, FERP_SIM_EOPNOTSUPP);
    }
    return look_at_first(world, socket, "peek at a datagram", buf, len, out);
}

fer_error ferp_sim_receive_datagram(ferp_sim_world *world, ferp_sim_socket *socket, void *buf,
                                    size_t len, struct ferp_datagram *out, int *from_name)
{
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(world, FERP_SIM_EOPNOTSUPP);
    }
    FER_TRY(look_at_first(world, socket, "receive a datagram", buf, len, out));
    if (socket->datagram_count > 0) {
        *from_name = first_of(world, socket)->from_name;
        ferp_sim_drop_first_datagram(world, socket);
    }
    return FERP_SIM_OK;
}

fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out)
{
    int from_name = FERP_SIM_NONE;
    FERP_SIM_NEED_SOCKET(world, socket, raw)
    return ferp_sim_receive_datagram(world, socket, buf, len, out, &from_name);
}
