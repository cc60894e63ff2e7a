/* connecting.c: connecting: SYNs, their answers, a listener's queue. */
#include <string.h>

#include "platform/sim/path.h"

#define SECOND UINT64_C(1000000000)
#define MILLI UINT64_C(1000000)

/* Without an answer Linux sends 7 SYNs, with waits of 1, 2, 4 ... s after them, and times out after
 * 127 s (tcp_syn_retries 6). Windows sends 3, with waits of 3, 6 and 12 s, and times out after
 * 21 s. */
enum { LINUX_ATTEMPTS = 7, WINDOWS_ATTEMPTS = 3 };
#define LINUX_FIRST_RETRY SECOND
#define WINDOWS_FIRST_RETRY (3 * SECOND)
/* 75 s without the waits after the first six SYNs. */
enum { ACCEPTED_LINGER = 120 }; /* TCP_LINGERTIME */
#define BSD_LAST_WAIT (12 * SECOND)

/* Windows retries a refused connect 4 times, for about 2 s in all. */
enum { REFUSALS_RETRIED = 4 };
#define REFUSED_RETRY (SECOND / 2)

const ferp_sim_answer *ferp_sim_answer_of(const ferp_sim_network *network,
                                          const fer_socket_addr *to)
{
    const ferp_sim_answer *host_answer = NULL;
    for (size_t i = 0; i < network->answer_count; i++) {
        const ferp_sim_answer *answer = &network->answers[i];
        if (!fer_ip_addr_eq(answer->addr.ip, to->ip)) {
            continue;
        }
        if (answer->addr.port == to->port) {
            return answer;
        }
        host_answer = answer->addr.port == 0 ? answer : host_answer;
    }
    return host_answer;
}

ferp_sim_code ferp_sim_route_to(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                const fer_socket_addr *to)
{
    const ferp_sim_answer *answer = ferp_sim_answer_of(network, to);
    bool is_other_loopback = fer_ip_addr_is_loopback(to->ip) && !ferp_sim_is_host(network, &to->ip);
    if (answer != NULL && answer->answer == FER_SIM_ANSWER_NO_ROUTE) {
        return FERP_SIM_ENETUNREACH;
    }
    return is_other_loopback ? ferp_sim_switches_for(network, socket)->other_loopback_status
                             : ferp_sim_path_status(network, socket, to);
}

/* A link-local address without its scope: Linux, __inet6_connect; macOS, FreeBSD and NetBSD report
 * that there is no route (run). */
ferp_sim_code ferp_sim_route_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                    const fer_socket_addr *to)
{
    bool lacks_scope = to->ip.family == FER_IP_V6 && to->scope_id == 0 &&
                       fer_ipv6_addr_is_unicast_link_local(to->ip.u.v6);
    if (lacks_scope && !ferp_sim_is_winsock(network)) {
        bool is_bsd = ferp_sim_switches_for(network, socket)->scopeless_bind_is_unavailable;
        return is_bsd ? FERP_SIM_EHOSTUNREACH : FERP_SIM_EINVAL;
    }
    /* Linux: tcp_v4_connect. The BSDs: ip_output, without SO_BROADCAST. */
    if (ferp_sim_is_network_broadcast(&to->ip) && !ferp_sim_acts_as_windows(network, socket)) {
        bool is_bsd = ferp_sim_switches_for(network, socket)->binds_by_address;
        return is_bsd ? FERP_SIM_EACCES : FERP_SIM_ENETUNREACH;
    }
    return ferp_sim_route_to(network, socket, to);
}

static bool is_loopback(const ferp_sim_socket *socket)
{
    return fer_ip_addr_eq(socket->local.ip, socket->remote.ip) ||
           fer_ip_addr_is_loopback(socket->remote.ip);
}

/* When the user timeout ends the connect, or never. Linux observes it from the second SYN on
 * (tcp_write_timeout, tcp_clamp_rto_to_user_timeout). Of the others nothing is known. */
static uint64_t user_limit(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    uint32_t millis = socket->settings.options[FERP_USER_TIMEOUT];
    bool is_observed = network->config.dialect == FER_SIM_DIALECT_POSIX && !socket->is_peer &&
                       millis > 0 && socket->attempts > 1;
    return is_observed ? socket->connect_began + millis * MILLI : UINT64_MAX;
}

static void attempt(ferp_sim_network *network, ferp_sim_socket *socket)
{
    const ferp_sim_answer *answer = ferp_sim_answer_of(network, &socket->remote);
    uint64_t delay =
        ferp_sim_latency(network, is_loopback(socket)) + (answer == NULL ? 0 : answer->delay);
    bool is_last = socket->attempts + 1 == LINUX_ATTEMPTS &&
                   ferp_sim_switches_for(network, socket)->connect_ends_after_75_s;
    uint64_t retry_delay = (ferp_sim_is_winsock(network) ? WINDOWS_FIRST_RETRY : LINUX_FIRST_RETRY)
                           << socket->attempts;
    retry_delay = is_last ? BSD_LAST_WAIT : retry_delay;
    int index = ferp_sim_index_of(network, socket);
    socket->attempts++;
    uint64_t limit = user_limit(network, socket);
    uint64_t left = limit > network->now ? limit - network->now : 0;
    retry_delay = retry_delay < left ? retry_delay : left;
    ferp_sim_event retry = {
        .kind = FERP_SIM_EVENT_RETRY, .index = index, .owner = socket->sequence};
    ferp_sim_event syn = {.kind = FERP_SIM_EVENT_SYN, .index = index, .owner = socket->sequence};
    ferp_sim_schedule(network, retry, retry_delay);
    if (!socket->syn_is_lost) {
        ferp_sim_schedule(network, syn, delay);
    }
    socket->syn_is_lost = false;
}

void ferp_sim_begin_connect(ferp_sim_network *network, ferp_sim_socket *socket,
                            const fer_socket_addr *to)
{
    socket->remote = *to;
    socket->state = FERP_SIM_CONNECTING;
    socket->error_is_late = false;
    socket->attempts = 0;
    socket->connect_began = network->now;
    socket->keeps_report = false;
    socket->refusals = 0;
    socket->soft = FERP_SIM_NO_ERROR;
    socket->answer_is_lost = false;
    socket->syn_is_lost = ferp_sim_injects_soft_error(network, socket);
    attempt(network, socket);
}

/* ---- At the other host */

static void answer(ferp_sim_network *network, ferp_sim_socket *socket, ferp_sim_code code)
{
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_ANSWER,
                            .code = code,
                            .index = ferp_sim_index_of(network, socket),
                            .owner = socket->sequence};
    ferp_sim_schedule(network, event, ferp_sim_latency(network, is_loopback(socket)));
}

static void enqueue(ferp_sim_network *network, ferp_sim_socket *listener, ferp_sim_socket *child)
{
    int index = ferp_sim_index_of(network, child);
    if (listener->queue_last == FERP_SIM_NONE) {
        listener->queue_first = index;
    } else {
        network->sockets[listener->queue_last].queue_next = index;
    }
    listener->queue_last = index;
    listener->queue_count++;
    child->listener = ferp_sim_index_of(network, listener);
}

static ferp_sim_settings inherited_settings(const ferp_sim_network *network,
                                            const ferp_sim_socket *listener)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, listener);
    ferp_sim_settings settings = listener->settings;
    if (switches->accept_drops_timeouts) {
        settings.timeouts[FERP_READING] = FER_DURATION_NONE;
        settings.timeouts[FERP_WRITING] = FER_DURATION_NONE;
    }
    if (switches->accepted_linger_zero_is_120s && !listener->is_unix && settings.linger.on &&
        settings.linger.seconds == 0) {
        settings.linger.seconds = ACCEPTED_LINGER;
    }
    return settings;
}

static ferp_sim_socket *child_of(ferp_sim_network *network, const ferp_sim_socket *listener,
                                 const ferp_sim_socket *client)
{
    ferp_sim_socket *child = ferp_sim_socket_new(network, FERP_SIM_STREAM, listener->family);
    if (child != NULL) {
        child->is_peer = listener->is_peer;
        child->is_accepted = true;
        child->state = FERP_SIM_CONNECTED;
        child->has_local = true;
        child->local = client->remote;
        child->remote = client->local;
        child->settings = inherited_settings(network, listener);
        child->is_unix = listener->is_unix;
        child->unix_name = listener->unix_name;
        child->unix_peer_name = client->unix_name;
    }
    return child;
}

bool ferp_sim_join_ends(ferp_sim_network *network, ferp_sim_socket *one, ferp_sim_socket *other)
{
    int index = FERP_SIM_NONE;
    ferp_sim_link *link = ferp_sim_link_new(network, &index);
    if (link == NULL) {
        return false;
    }
    link->ends[0] = ferp_sim_index_of(network, one);
    link->ends[1] = ferp_sim_index_of(network, other);
    link->addrs[0] = one->local.ip;
    link->addrs[1] = one->remote.ip;
    link->is_unix = one->is_unix;
    link->is_loopback = is_loopback(one);
    one->link = index;
    one->side = 0;
    other->link = index;
    other->side = 1;
    return true;
}

/* Returns NULL if a table is full. */
static ferp_sim_socket *joined_child(ferp_sim_network *network, const ferp_sim_socket *listener,
                                     ferp_sim_socket *client)
{
    ferp_sim_socket *child = child_of(network, listener, client);
    if (child == NULL || !ferp_sim_join_ends(network, client, child)) {
        if (child != NULL) {
            ferp_sim_socket_free(network, child);
        }
        ferp_sim_trace_event(network, "no room for another connection", listener);
        return NULL;
    }
    return child;
}

bool ferp_sim_join(ferp_sim_network *network, ferp_sim_socket *listener, ferp_sim_socket *client)
{
    ferp_sim_socket *child = joined_child(network, listener, client);
    if (child != NULL) {
        enqueue(network, listener, child);
        ferp_sim_post_peer_events(network, listener, FERP_SIM_PEER_ACCEPTABLE);
    }
    return child != NULL;
}

/* Linux queues one connection more than the backlog. */
static int queue_capacity(const ferp_sim_network *network, const ferp_sim_socket *listener)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, listener);
    int wanted = listener->is_unix ? switches->unix_queue_halves : switches->queue_halves;
    int halves = wanted > 0 ? wanted : 2;
    return listener->backlog * halves / 2 + !switches->queue_is_exact;
}

bool ferp_sim_queue_is_full(const ferp_sim_network *network, const ferp_sim_socket *listener)
{
    return listener->queue_count >= queue_capacity(network, listener);
}

/* FreeBSD answers the SYN, and resets the connection when the client's acknowledgement finds the
 * queue full. */
static void reset_unqueued(ferp_sim_network *network, ferp_sim_socket *listener,
                           ferp_sim_socket *client)
{
    ferp_sim_socket *child = joined_child(network, listener, client);
    if (child != NULL) {
        answer(network, client, FERP_SIM_NO_ERROR);
        ferp_sim_send_reset(network, child);
        ferp_sim_close_socket(network, child);
    }
}

/* Resets the last connection of a full queue, if its handshake has not ended: the answer to its SYN
 * is in flight. */
static bool drop_unfinished(ferp_sim_network *network, ferp_sim_socket *listener)
{
    ferp_sim_socket *child = &network->sockets[listener->queue_last];
    int client = network->links[child->link].ends[1 - child->side];
    if (client == FERP_SIM_NONE || network->sockets[client].state != FERP_SIM_CONNECTING) {
        return false;
    }
    for (int left = listener->queue_count; left > 0; left--) {
        ferp_sim_socket *first = ferp_sim_take_queued(network, listener);
        if (first != child) {
            enqueue(network, listener, first);
        }
    }
    ferp_sim_cancel(network, network->sockets[client].sequence);
    ferp_sim_send_reset(network, child);
    ferp_sim_close_socket(network, child);
    return true;
}

/* A listener with a full queue ignores further SYNs, which the clients repeat. In the Windows
 * dialect the program's machine refuses further connections, FreeBSD resets them, and macOS resets
 * one whose handshake has not ended. */
static void handle_syn(ferp_sim_network *network, ferp_sim_socket *listener,
                       ferp_sim_socket *client)
{
    bool refuses = ferp_sim_is_winsock(network) && ferp_sim_is_local(&client->remote.ip);
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, listener);
    bool has_place = refuses ? listener->queue_count < listener->backlog
                             : !ferp_sim_queue_is_full(network, listener);
    if (has_place ||
        (switches->full_queue_drops_unfinished && drop_unfinished(network, listener))) {
        if (ferp_sim_join(network, listener, client)) {
            answer(network, client, FERP_SIM_NO_ERROR);
        }
    } else if (refuses) {
        answer(network, client, FERP_SIM_ECONNREFUSED);
    } else if (switches->full_queue_resets) {
        reset_unqueued(network, listener, client);
    }
}

static bool is_dropped_by_bound_port(ferp_sim_network *network, const fer_socket_addr *to)
{
    return network->switches->bound_port_drops_syn && ferp_sim_is_local(&to->ip) &&
           ferp_sim_is_bound_only(network, to);
}

void ferp_sim_on_syn(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_socket *client = &network->sockets[event->index];
    const ferp_sim_answer *rule = ferp_sim_answer_of(network, &client->remote);
    fer_sim_answer action = rule == NULL ? FER_SIM_ANSWER_AS_IS : rule->answer;
    if (ferp_sim_is_cut(network, &client->local.ip, &client->remote.ip)) {
        ferp_sim_lose_packet(network, client);
        return;
    }
    if (client->link != FERP_SIM_NONE) {
        if (client->answer_is_lost) {
            client->answer_is_lost = false;
            answer(network, client, FERP_SIM_NO_ERROR);
        }
        return; /* an earlier SYN has arrived, and its answer is in flight */
    }
    if (action == FER_SIM_ANSWER_REFUSES) {
        answer(network, client, FERP_SIM_ECONNREFUSED);
    } else if (action == FER_SIM_ANSWER_HOST_UNREACHABLE) {
        answer(network, client, FERP_SIM_EHOSTUNREACH);
    } else if (action == FER_SIM_ANSWER_NETWORK_UNREACHABLE) {
        answer(network, client, FERP_SIM_ENETUNREACH);
    } else if (action == FER_SIM_ANSWER_AS_IS) {
        ferp_sim_socket *listener = ferp_sim_listener_at(network, &client->remote);
        if (listener != NULL) {
            handle_syn(network, listener, client);
        } else if (ferp_sim_is_host(network, &client->remote.ip) &&
                   !is_dropped_by_bound_port(network, &client->remote)) {
            answer(network, client, FERP_SIM_ECONNREFUSED);
        }
    }
}

/* ---- At the connecting host */

void ferp_sim_fail_connect(ferp_sim_network *network, ferp_sim_socket *socket, ferp_sim_code code)
{
    ferp_sim_cancel(network, socket->sequence);
    socket->awaits_report = false;
    socket->state = FERP_SIM_FAILED;
    socket->pending = code;
    ferp_sim_keep_error(network, socket);
    /* "SO_ERROR is not always immediately set" ("SOL_SOCKET Socket Options", MSDN). */
    socket->error_is_late =
        ferp_sim_acts_as_windows(network, socket) && ferp_sim_choose_for_dialect(network);
    (void)ferp_sim_trace_call(network, "connect fails", socket, ferp_sim_error(network, code));
    ferp_sim_post_peer_events(network, socket, FERP_SIM_PEER_CONNECT_FAILED);
}

static bool retries_after_refusal(const ferp_sim_network *network, ferp_sim_socket *socket)
{
    return ferp_sim_acts_as_windows(network, socket) && !socket->connect_retry_disabled &&
           socket->refusals++ < REFUSALS_RETRIED;
}

void ferp_sim_on_answer(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_socket *socket = &network->sockets[event->index];
    if (socket->state != FERP_SIM_CONNECTING) {
        return;
    }
    if (ferp_sim_is_cut(network, &socket->local.ip, &socket->remote.ip)) {
        socket->answer_is_lost = true;
        return;
    }
    ferp_sim_cancel(network, socket->sequence);
    socket->awaits_report = false;
    if (event->code == FERP_SIM_ECONNREFUSED && retries_after_refusal(network, socket)) {
        socket->attempts = 0;
        ferp_sim_event retry = {
            .kind = FERP_SIM_EVENT_RETRY, .index = event->index, .owner = socket->sequence};
        ferp_sim_schedule(network, retry, REFUSED_RETRY);
    } else if (event->code != FERP_SIM_NO_ERROR) {
        ferp_sim_fail_connect(network, socket, event->code);
    } else {
        socket->state = FERP_SIM_CONNECTED;
        socket->pending = FERP_SIM_NO_ERROR;
        ferp_sim_trace_event(network, "connected", socket);
        ferp_sim_post_peer_events(network, socket, FERP_SIM_PEER_CONNECTED);
    }
}

void ferp_sim_on_retry(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_socket *socket = &network->sockets[event->index];
    uint32_t limit = ferp_sim_is_winsock(network) ? WINDOWS_ATTEMPTS : LINUX_ATTEMPTS;
    if (socket->attempts < limit && network->now < user_limit(network, socket)) {
        attempt(network, socket);
    } else {
        ferp_sim_fail_connect(network, socket, ferp_sim_cause_of_end(socket));
    }
}

/* ---- The accept queue */

ferp_sim_socket *ferp_sim_take_queued(ferp_sim_network *network, ferp_sim_socket *listener)
{
    if (listener->queue_first == FERP_SIM_NONE) {
        return NULL;
    }
    ferp_sim_socket *child = &network->sockets[listener->queue_first];
    listener->queue_first = child->queue_next;
    if (listener->queue_first == FERP_SIM_NONE) {
        listener->queue_last = FERP_SIM_NONE;
    }
    listener->queue_count--;
    child->queue_next = FERP_SIM_NONE;
    child->listener = FERP_SIM_NONE;
    return child;
}
