/* stream.c: the bytes, FINs and resets of a connection. Each direction is one ring: the bytes that
 * the reader can read, then those in flight, then those that wait in the sender's buffer until the
 * reader has room. */
#include <string.h>

#include "core/base/compiler.h"
#include "platform/sim/path.h"

static ferp_sim_link *link_of(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->link == FERP_SIM_NONE ? NULL : &network->links[socket->link];
}

/* A send finds room below this number of bytes. The ring is larger if a send that finds any room is
 * accepted as a whole. */
static size_t buffer_size(const ferp_sim_network *network)
{
    return network->config.send_buffer + network->config.receive_buffer;
}

/* Returns the ring from the connection's end `side` to the other end. */
static unsigned char *ring_of(ferp_sim_network *network, const ferp_sim_socket *socket, int side)
{
    return network->bytes + (2 * (size_t)socket->link + (size_t)side) * network->ring_size;
}

/* The offset in a ring of one that is less than twice its size: a division costs as much as the
 * rest of an event. */
static size_t offset_of(const ferp_sim_network *network, size_t at)
{
    return at < network->ring_size ? at : at - network->ring_size;
}

ferp_sim_pipe *ferp_sim_pipe_in(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(network, socket);
    return link == NULL ? NULL : &link->pipes[1 - socket->side];
}

ferp_sim_pipe *ferp_sim_pipe_out(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(network, socket);
    return link == NULL ? NULL : &link->pipes[socket->side];
}

size_t ferp_sim_readable(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    return in == NULL ? 0 : ferp_sim_limit_to_mark(network, socket, in->arrived);
}

size_t ferp_sim_space(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *out = ferp_sim_pipe_out(network, socket);
    size_t size = buffer_size(network);
    return out == NULL || out->count >= size ? 0 : size - out->count;
}

size_t ferp_sim_acceptable(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    size_t room = ferp_sim_space(network, socket);
    bool whole =
        ferp_sim_acts_as_windows(network, socket) && !network->config.windows.partial_sends;
    return room > 0 && whole ? network->ring_size - ferp_sim_pipe_out(network, socket)->count
                             : room;
}

bool ferp_sim_both_ended(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    const ferp_sim_pipe *out = ferp_sim_pipe_out(network, socket);
    return in != NULL && in->fin_arrived && out->fin_arrived;
}

bool ferp_sim_has_reader(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_link *link = link_of(network, socket);
    int other = link == NULL ? FERP_SIM_NONE : link->ends[1 - socket->side];
    return other != FERP_SIM_NONE &&
           (!network->sockets[other].shut_read ||
            ferp_sim_switches_for(network, socket)->unix_shut_read_is_hidden);
}

/* ---- In flight */

uint64_t ferp_sim_latency(ferp_sim_network *network, bool is_loopback)
{
    if (is_loopback) {
        return network->config.loopback_latency.nanos;
    }
    uint64_t jitter = network->config.jitter.nanos;
    uint32_t part = jitter == 0 ? 0 : ferp_sim_choose(network, 256);
    return network->config.latency.nanos + jitter / 256 * part;
}

/* Events of one direction arrive in the order of sending. */
static uint64_t delay_of(ferp_sim_network *network, const ferp_sim_link *link, int side)
{
    if (link->is_unix) {
        return 0; /* a written byte is readable immediately */
    }
    uint64_t last = link->pipes[side].last_arrival;
    uint64_t latency = ferp_sim_latency(network, link->is_loopback);
    uint64_t earliest = last > network->now ? last - network->now : 0;
    return latency > earliest ? latency : earliest;
}

static void dispatch_after(ferp_sim_network *network, ferp_sim_link *link, ferp_sim_event event,
                           uint64_t delay)
{
    link->pipes[event.side].last_arrival = ferp_sim_time_after(network, delay);
    event.index = (int)(link - network->links);
    event.owner = link->sequence;
    ferp_sim_schedule(network, event, delay);
}

static void dispatch(ferp_sim_network *network, ferp_sim_link *link, ferp_sim_event event)
{
    dispatch_after(network, link, event, delay_of(network, link, event.side));
}

/* Bytes join the last arrival in flight if they would arrive at the same time, or if the number of
 * arrivals has reached its limit. */
static void dispatch_data(ferp_sim_network *network, ferp_sim_link *link, int side, size_t bytes)
{
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_DATA, .side = side, .bytes = bytes};
    uint64_t delay = delay_of(network, link, side);
    bool joins = delay > 0 && link->pipes[side].in_flight > bytes;
    ferp_sim_event *last = joins ? ferp_sim_last_arrival(network, link->sequence, side) : NULL;
    if (last != NULL &&
        (last->time == ferp_sim_time_after(network, delay) ||
         network->arrivals >= FERP_SIM_ARRIVALS_PER_SOCKET * network->config.max_sockets)) {
        last->bytes += bytes;
        return;
    }
    dispatch_after(network, link, event, delay);
}

/* The number of bytes for which the reader has room. A closed reader receives everything, and
 * answers with a reset. */
static size_t sendable(const ferp_sim_network *network, const ferp_sim_link *link, int side)
{
    const ferp_sim_pipe *pipe = &link->pipes[side];
    size_t waiting = pipe->count - pipe->arrived - pipe->in_flight;
    size_t held = pipe->arrived + pipe->in_flight;
    size_t window =
        network->config.receive_buffer > held ? network->config.receive_buffer - held : 0;
    return waiting < window || link->is_unix || link->ends[1 - side] == FERP_SIM_NONE ? waiting
                                                                                      : window;
}

static bool is_fin_due(const ferp_sim_pipe *pipe)
{
    return pipe->fin_sent && !pipe->fin_in_flight && !pipe->was_reset &&
           pipe->count == pipe->arrived + pipe->in_flight;
}

bool ferp_sim_is_due(const ferp_sim_network *network, const ferp_sim_link *link, int side)
{
    return sendable(network, link, side) > 0 || is_fin_due(&link->pipes[side]);
}

/* Sends what the reader has room for, and then the FIN. */
void ferp_sim_transmit(ferp_sim_network *network, ferp_sim_link *link, int side)
{
    ferp_sim_pipe *pipe = &link->pipes[side];
    size_t sent = sendable(network, link, side);
    if (ferp_sim_link_is_cut(network, link)) {
        if (ferp_sim_is_due(network, link, side)) {
            ferp_sim_hold(network, link, side);
        }
        return;
    }
    if (sent > 0) {
        pipe->in_flight += sent;
        dispatch_data(network, link, side, sent);
    }
    if (is_fin_due(pipe)) {
        pipe->fin_in_flight = true;
        dispatch(network, link, (ferp_sim_event){.kind = FERP_SIM_EVENT_FIN, .side = side});
    }
}

/* ---- The ring */

void ferp_sim_put(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf, size_t len)
{
    ferp_sim_link *link = link_of(network, socket);
    ferp_sim_pipe *pipe = &link->pipes[socket->side];
    unsigned char *ring = ring_of(network, socket, socket->side);
    size_t size = network->ring_size;
    size_t begin = offset_of(network, pipe->first + pipe->count);
    size_t until_wrap = len < size - begin ? len : size - begin;
    FERI_ASSERT(len <= size - pipe->count);
    if (len == 0) {
        return;
    }
    memcpy(ring + begin, buf, until_wrap);
    memcpy(ring, (const unsigned char *)buf + until_wrap, len - until_wrap);
    pipe->count += len;
    network->no_progress = false;
    ferp_sim_trace_bytes(network, buf, len);
}

void ferp_sim_push(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_transmit(network, link_of(network, socket), socket->side);
}

size_t ferp_sim_copy(ferp_sim_network *network, const ferp_sim_socket *socket, size_t from,
                     void *buf, size_t len)
{
    const ferp_sim_pipe *pipe = ferp_sim_pipe_in(network, socket);
    size_t size = network->ring_size;
    size_t left = pipe == NULL || from > pipe->arrived ? 0 : pipe->arrived - from;
    size_t copied = len < left ? len : left;
    if (copied == 0) {
        return 0;
    }
    const unsigned char *ring = ring_of(network, socket, 1 - socket->side);
    size_t begin = offset_of(network, pipe->first + from);
    size_t until_wrap = copied < size - begin ? copied : size - begin;
    memcpy(buf, ring + begin, until_wrap);
    memcpy((unsigned char *)buf + until_wrap, ring, copied - until_wrap);
    return copied;
}

static void drop_from(ferp_sim_network *network, ferp_sim_pipe *pipe, size_t len)
{
    ferp_sim_move_mark(pipe, len);
    pipe->first = offset_of(network, pipe->first + len);
    pipe->count -= len;
    pipe->arrived -= len;
}

void ferp_sim_consume(ferp_sim_network *network, ferp_sim_socket *socket, size_t len)
{
    ferp_sim_link *link = link_of(network, socket);
    int writer = 1 - socket->side;
    bool was_full = link->pipes[writer].count >= buffer_size(network);
    bool had_mark = link->pipes[writer].has_mark;
    network->no_progress = false;
    ferp_sim_take_passed_bytes(network, socket, len);
    drop_from(network, &link->pipes[writer], len);
    ferp_sim_transmit(network, link, writer);
    bool has_passed_mark = had_mark && !link->pipes[writer].has_mark;
    if (((was_full && len > 0) || has_passed_mark) && link->ends[writer] != FERP_SIM_NONE) {
        ferp_sim_post_peer_events(network, &network->sockets[link->ends[writer]],
                                  FERP_SIM_PEER_WRITABLE);
    }
}

void ferp_sim_end_writing(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(network, socket);
    socket->shut_write = true;
    if (link != NULL && !link->pipes[socket->side].fin_sent) {
        link->pipes[socket->side].fin_sent = true;
        socket->ended_last = link->pipes[1 - socket->side].fin_arrived;
        ferp_sim_transmit(network, link, socket->side);
    }
}

/* ---- Resets */

/* A second reset of one direction would change nothing, and each arrival at a closed end sends
 * one. */
static void dispatch_reset(ferp_sim_network *network, ferp_sim_link *link, int from)
{
    if (ferp_sim_has_reset_in_flight(network, link->sequence, from)) {
        return;
    }
    dispatch(network, link, (ferp_sim_event){.kind = FERP_SIM_EVENT_RST, .side = from});
}

/* Discards the bytes that this end has not sent yet, and its FIN. */
static void discard_unsent(ferp_sim_pipe *out)
{
    out->count = out->arrived + out->in_flight;
    out->was_reset = true;
}

/* Discards the bytes in flight to this end. Windows also discards the bytes that have arrived
 * ("reset_loses_input"). */
static void discard_input(ferp_sim_network *network, const ferp_sim_link *link, ferp_sim_pipe *in,
                          int writer, bool all)
{
    ferp_sim_cancel_direction(network, link->sequence, writer);
    in->in_flight = 0;
    in->arrived = all ? 0 : in->arrived;
    in->count = in->arrived;
    in->has_mark = in->has_mark && in->mark < in->arrived;
}

void ferp_sim_send_reset(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(network, socket);
    if (link == NULL || socket->state == FERP_SIM_CONNECTION_RESET) {
        return;
    }
    int side = socket->side;
    discard_unsent(&link->pipes[side]);
    discard_input(network, link, &link->pipes[1 - side], 1 - side,
                  ferp_sim_acts_as_windows(network, socket));
    socket->state = FERP_SIM_CONNECTION_RESET;
    socket->changes++;
    dispatch_reset(network, link, side);
}

/* Linux, tcp_reset: EPIPE if a FIN arrived before the reset, else ECONNRESET. */
static ferp_sim_code code_of_reset(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                   bool has_ended)
{
    bool is_epipe = has_ended && !ferp_sim_acts_as_windows(network, socket) && !socket->is_unix &&
                    !ferp_sim_switches_for(network, socket)->reset_after_end_is_econnreset;
    return is_epipe ? FERP_SIM_EPIPE : FERP_SIM_ECONNRESET;
}

void ferp_sim_reset_by_router(ferp_sim_network *network, ferp_sim_link *link, int side)
{
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_RST, .side = 1 - side, .bytes = 1};
    if (!ferp_sim_has_reset_in_flight(network, link->sequence, event.side)) {
        dispatch(network, link, event);
    }
}

void ferp_sim_end_connection(ferp_sim_network *network, ferp_sim_socket *socket, ferp_sim_code code)
{
    ferp_sim_link *link = link_of(network, socket);
    bool windows = ferp_sim_acts_as_windows(network, socket);
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    if (link != NULL) {
        discard_unsent(&link->pipes[socket->side]);
        discard_input(network, link, &link->pipes[1 - socket->side], 1 - socket->side,
                      windows || in->loses_input);
    }
    socket->state = FERP_SIM_CONNECTION_RESET;
    socket->pending = code;
    bool is_reset = code == FERP_SIM_ECONNRESET || code == FERP_SIM_EPIPE;
    ferp_sim_trace_event(network, is_reset ? "is reset" : "times out", socket);
    ferp_sim_post_peer_events(network, socket, FERP_SIM_PEER_WAS_RESET);
}

void ferp_sim_receive_reset(ferp_sim_network *network, ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    bool has_ended = in != NULL && in->fin_arrived;
    socket->got_reset = true;
    ferp_sim_end_connection(network, socket, code_of_reset(network, socket, has_ended));
}

/* ---- Arrivals. The event's side is the sender's. */

static void discard_arrival(ferp_sim_network *network, ferp_sim_link *link, int side, size_t bytes)
{
    ferp_sim_pipe *pipe = &link->pipes[side];
    pipe->arrived += bytes;
    drop_from(network, pipe, pipe->arrived);
    dispatch_reset(network, link, 1 - side);
}

/* Windows and macOS reset if bytes arrive after a shutdown of the read half; Linux only if both
 * halves are shut down (tcp_rcv_state_process; RFC 1122, 4.2.2.13). */
static bool refuses_input(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    bool resets = switches->shut_read_resets_on_input && !socket->is_unix;
    return socket->shut_read &&
           (resets || ((socket->shut_write || ferp_sim_acts_as_windows(network, socket)) &&
                       !switches->shut_read_discards_input));
}

static bool discards_input(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    return socket->shut_read && (socket->is_unix ? switches->unix_shut_read_discards
                                                 : switches->shut_read_discards_input);
}

static ferp_sim_code code_of_refused_input(const ferp_sim_network *network,
                                           const ferp_sim_socket *socket)
{
    if (ferp_sim_acts_as_windows(network, socket)) {
        return FERP_SIM_ECONNABORTED;
    }
    return ferp_sim_switches_for(network, socket)->shut_read_resets_on_input ? FERP_SIM_NO_ERROR
                                                                             : FERP_SIM_ECONNRESET;
}

/* What arrives is acknowledged, which ends a soft error (Linux, tcp_ack; 4.4BSD,
 * tcp_xmit_timer). */
static void clear_soft_error(ferp_sim_network *network, const ferp_sim_link *link, int side)
{
    if (link->ends[side] != FERP_SIM_NONE) {
        network->sockets[link->ends[side]].soft = FERP_SIM_NO_ERROR;
    }
}

void ferp_sim_on_data(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_link *link = &network->links[event->index];
    ferp_sim_pipe *pipe = &link->pipes[event->side];
    int reader = link->ends[1 - event->side];
    pipe->in_flight -= event->bytes;
    if (ferp_sim_link_is_cut(network, link)) {
        pipe->count -= pipe->was_reset ? event->bytes : 0;
        ferp_sim_hold(network, link, event->side);
        return;
    }
    clear_soft_error(network, link, event->side);
    if (reader == FERP_SIM_NONE) {
        discard_arrival(network, link, event->side, event->bytes);
        return;
    }
    ferp_sim_socket *socket = &network->sockets[reader];
    if (socket->state == FERP_SIM_CONNECTION_RESET) {
        pipe->count -= event->bytes; /* sent before the reset arrived at the sender */
        if (link->has_lost_reset) {
            dispatch_reset(network, link, 1 - event->side);
        }
        return;
    }
    if (refuses_input(network, socket)) {
        pipe->count -= event->bytes;
        ferp_sim_trace_event(network, "bytes come after the shutdown", socket);
        ferp_sim_send_reset(network, socket);
        socket->pending = code_of_refused_input(network, socket);
        return;
    }
    pipe->arrived += event->bytes;
    if (discards_input(network, socket)) {
        ferp_sim_consume(network, socket, pipe->arrived);
        return;
    }
    ferp_sim_notice_urgent(network, socket, event->bytes);
    ferp_sim_post_peer_events(network, socket, FERP_SIM_PEER_READABLE);
}

void ferp_sim_on_fin(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_link *link = &network->links[event->index];
    int reader = link->ends[1 - event->side];
    int writer = link->ends[event->side];
    if (ferp_sim_link_is_cut(network, link)) {
        link->pipes[event->side].fin_in_flight = false;
        ferp_sim_hold(network, link, event->side);
        return;
    }
    clear_soft_error(network, link, event->side);
    link->pipes[event->side].fin_arrived = true;
    if (writer != FERP_SIM_NONE) {
        network->sockets[writer].shut_both_first = network->sockets[writer].shut_read;
    }
    if (reader != FERP_SIM_NONE) {
        ferp_sim_post_peer_events(network, &network->sockets[reader], FERP_SIM_PEER_ENDED);
    }
}

void ferp_sim_on_reset(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_link *link = &network->links[event->index];
    int end = link->ends[1 - event->side];
    bool is_of_router = event->bytes > 0;
    if (!is_of_router && ferp_sim_link_is_cut(network, link)) {
        link->has_lost_reset = true;
        return;
    }
    if (end == FERP_SIM_NONE) {
        return;
    }
    ferp_sim_socket *socket = &network->sockets[end];
    if (socket->state == FERP_SIM_CONNECTING) {
        ferp_sim_fail_connect(network, socket, FERP_SIM_ECONNRESET);
    } else if (socket->state == FERP_SIM_CONNECTED) {
        ferp_sim_receive_reset(network, socket);
    }
}
