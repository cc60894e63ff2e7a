/* stream.c: what goes through a connection: bytes, ends, resets. Each direction is one ring: the
 * reader's bytes first, then those under way, then those that wait in the sender's buffer until the
 * reader has room. */
#include <string.h>

#include "platform/sim/network.h"

static ferp_sim_link *link_of(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    return socket->link == FERP_SIM_NONE ? NULL : &world->links[socket->link];
}

static size_t ring_size(const ferp_sim_world *world)
{
    return world->config.send_buffer + world->config.receive_buffer;
}

/* The bytes that a socket's connection carries from one side to the other. */
static unsigned char *ring_of(ferp_sim_world *world, const ferp_sim_socket *socket, int side)
{
    return world->bytes + (2 * (size_t)socket->link + (size_t)side) * ring_size(world);
}

ferp_sim_pipe *ferp_sim_pipe_in(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(world, socket);
    return link == NULL ? NULL : &link->pipes[1 - socket->side];
}

ferp_sim_pipe *ferp_sim_pipe_out(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(world, socket);
    return link == NULL ? NULL : &link->pipes[socket->side];
}

size_t ferp_sim_readable(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world, socket);
    return in == NULL ? 0 : in->arrived;
}

size_t ferp_sim_room(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *out = ferp_sim_pipe_out(world, socket);
    return out == NULL ? 0 : ring_size(world) - out->count;
}

bool ferp_sim_is_over(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world, socket);
    const ferp_sim_pipe *out = ferp_sim_pipe_out(world, socket);
    return in != NULL && in->fin_arrived && out->fin_arrived;
}

bool ferp_sim_is_read(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    const ferp_sim_link *link = link_of(world, socket);
    int other = link == NULL ? FERP_SIM_NONE : link->ends[1 - socket->side];
    return other != FERP_SIM_NONE && !world->sockets[other].shut_read;
}

/* ---- Under way */

uint64_t ferp_sim_latency(ferp_sim_world *world, bool is_loopback)
{
    if (is_loopback) {
        return world->config.loopback_latency.nanos;
    }
    uint64_t jitter = world->config.jitter.nanos;
    uint32_t part = jitter == 0 ? 0 : ferp_sim_choose(world, 256);
    return world->config.latency.nanos + jitter / 256 * part;
}

/* Nothing overtakes what is under way in the same direction. */
static uint64_t delay_of(ferp_sim_world *world, const ferp_sim_link *link, int side)
{
    if (link->is_unix) {
        return 0; /* the reader's from the moment that it is written */
    }
    uint64_t last = link->pipes[side].last_arrival;
    uint64_t latency = ferp_sim_latency(world, link->is_loopback);
    uint64_t earliest = last > world->now ? last - world->now : 0;
    return latency > earliest ? latency : earliest;
}

static void dispatch_after(ferp_sim_world *world, ferp_sim_link *link, ferp_sim_event event,
                           uint64_t delay)
{
    link->pipes[event.side].last_arrival = world->now + delay;
    event.index = (int)(link - world->links);
    event.of = link->sequence;
    ferp_sim_schedule(world, event, delay);
}

static void dispatch(ferp_sim_world *world, ferp_sim_link *link, ferp_sim_event event)
{
    dispatch_after(world, link, event, delay_of(world, link, event.side));
}

/* Bytes that would arrive at one time, and those for which there is no event, join the last ones
 * that are under way. */
static void dispatch_data(ferp_sim_world *world, ferp_sim_link *link, int side, size_t bytes)
{
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_DATA, .side = side, .bytes = bytes};
    uint64_t delay = delay_of(world, link, side);
    bool follows = delay > 0 && link->pipes[side].flying > bytes;
    ferp_sim_event *last = follows ? ferp_sim_last_arrival(world, link->sequence, side) : NULL;
    if (last != NULL && (last->time == world->now + delay ||
                         world->arrivals >= FERP_SIM_ARRIVALS_EACH * world->config.max_sockets)) {
        last->bytes += bytes;
        return;
    }
    dispatch_after(world, link, event, delay);
}

/* Sends what the reader has room for, and then the end. A reader that is gone takes everything, and
 * answers with a reset. */
static void transmit(ferp_sim_world *world, ferp_sim_link *link, int side)
{
    ferp_sim_pipe *pipe = &link->pipes[side];
    size_t waiting = pipe->count - pipe->arrived - pipe->flying;
    size_t held = pipe->arrived + pipe->flying;
    size_t window = world->config.receive_buffer > held ? world->config.receive_buffer - held : 0;
    size_t going = waiting < window || link->is_unix || link->ends[1 - side] == FERP_SIM_NONE
                       ? waiting
                       : window;
    if (going > 0) {
        pipe->flying += going;
        dispatch_data(world, link, side, going);
    }
    if (pipe->fin_sent && !pipe->fin_flying && pipe->count == pipe->arrived + pipe->flying) {
        pipe->fin_flying = true;
        dispatch(world, link, (ferp_sim_event){.kind = FERP_SIM_EVENT_FIN, .side = side});
    }
}

/* ---- In and out */

size_t ferp_sim_put(ferp_sim_world *world, ferp_sim_socket *socket, const void *buf, size_t len)
{
    ferp_sim_link *link = link_of(world, socket);
    ferp_sim_pipe *pipe = &link->pipes[socket->side];
    unsigned char *ring = ring_of(world, socket, socket->side);
    size_t size = ring_size(world);
    size_t taken = len < size - pipe->count ? len : size - pipe->count;
    size_t begin = (pipe->first + pipe->count) % size;
    size_t straight = taken < size - begin ? taken : size - begin;
    if (taken == 0) {
        return 0;
    }
    memcpy(ring + begin, buf, straight);
    memcpy(ring, (const unsigned char *)buf + straight, taken - straight);
    pipe->count += taken;
    world->rests = false;
    ferp_sim_trace_bytes(world, buf, taken);
    return taken;
}

void ferp_sim_push(ferp_sim_world *world, ferp_sim_socket *socket)
{
    transmit(world, link_of(world, socket), socket->side);
}

size_t ferp_sim_copy(ferp_sim_world *world, const ferp_sim_socket *socket, size_t from, void *buf,
                     size_t len)
{
    const ferp_sim_pipe *pipe = ferp_sim_pipe_in(world, socket);
    size_t size = ring_size(world);
    size_t left = pipe == NULL || from > pipe->arrived ? 0 : pipe->arrived - from;
    size_t given = len < left ? len : left;
    if (given == 0) {
        return 0;
    }
    const unsigned char *ring = ring_of(world, socket, 1 - socket->side);
    size_t begin = (pipe->first + from) % size;
    size_t straight = given < size - begin ? given : size - begin;
    memcpy(buf, ring + begin, straight);
    memcpy((unsigned char *)buf + straight, ring, given - straight);
    return given;
}

static void drop_from(ferp_sim_world *world, ferp_sim_pipe *pipe, size_t len)
{
    pipe->first = (pipe->first + len) % ring_size(world);
    pipe->count -= len;
    pipe->arrived -= len;
}

void ferp_sim_drop(ferp_sim_world *world, ferp_sim_socket *socket, size_t len)
{
    ferp_sim_link *link = link_of(world, socket);
    int writer = 1 - socket->side;
    bool was_full = link->pipes[writer].count == ring_size(world);
    world->rests = false;
    drop_from(world, &link->pipes[writer], len);
    transmit(world, link, writer);
    if (was_full && len > 0 && link->ends[writer] != FERP_SIM_NONE) {
        ferp_sim_news(world, &world->sockets[link->ends[writer]], FERP_SIM_NEWS_WRITABLE);
    }
}

void ferp_sim_end_writing(ferp_sim_world *world, ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(world, socket);
    socket->shut_write = true;
    if (link != NULL && !link->pipes[socket->side].fin_sent) {
        link->pipes[socket->side].fin_sent = true;
        transmit(world, link, socket->side);
    }
}

/* ---- Resets */

static void dispatch_reset(ferp_sim_world *world, ferp_sim_link *link, int from)
{
    dispatch(world, link, (ferp_sim_event){.kind = FERP_SIM_EVENT_RST, .side = from});
}

/* What this end had not sent yet is lost. */
static void forget_unsent(ferp_sim_pipe *out)
{
    out->count = out->arrived + out->flying;
}

/* What is under way to this end does not arrive any more. Windows throws away what has arrived, too
 * ("reset_loses_input"). */
static void forget_input(ferp_sim_world *world, const ferp_sim_link *link, ferp_sim_pipe *in,
                         int writer, bool all)
{
    ferp_sim_cancel_direction(world, link->sequence, writer);
    in->flying = 0;
    in->arrived = all ? 0 : in->arrived;
    in->count = in->arrived;
}

void ferp_sim_send_reset(ferp_sim_world *world, ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(world, socket);
    if (link == NULL || socket->life == FERP_SIM_DEAD) {
        return;
    }
    int side = socket->side;
    forget_unsent(&link->pipes[side]);
    forget_input(world, link, &link->pipes[1 - side], 1 - side,
                 ferp_sim_acts_as_windows(world, socket));
    socket->life = FERP_SIM_DEAD;
    socket->stirs++;
    dispatch_reset(world, link, side);
}

/* Linux, tcp_reset: EPIPE where the end had been seen before, else ECONNRESET. */
void ferp_sim_meet_reset(ferp_sim_world *world, ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(world, socket);
    bool windows = ferp_sim_acts_as_windows(world, socket);
    bool ended = link != NULL && link->pipes[1 - socket->side].fin_arrived;
    if (link != NULL) {
        forget_unsent(&link->pipes[socket->side]);
        forget_input(world, link, &link->pipes[1 - socket->side], 1 - socket->side, windows);
    }
    socket->life = FERP_SIM_DEAD;
    socket->got_reset = true;
    socket->pending = ended && !windows && !socket->is_unix ? FERP_SIM_EPIPE : FERP_SIM_ECONNRESET;
    ferp_sim_happens(world, "is reset", socket);
    ferp_sim_news(world, socket, FERP_SIM_NEWS_RESET);
}

/* ---- Arrivals. The event's side is the sender's. */

static void arrive_at_nobody(ferp_sim_world *world, ferp_sim_link *link, int side, size_t bytes)
{
    ferp_sim_pipe *pipe = &link->pipes[side];
    pipe->arrived += bytes;
    drop_from(world, pipe, pipe->arrived);
    dispatch_reset(world, link, 1 - side);
}

/* Windows resets when bytes come after SD_RECEIVE; Linux only when both halves are shut
 * (tcp_rcv_state_process; RFC 1122, 4.2.2.13). */
static bool refuses_input(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    return socket->shut_read && (socket->shut_write || ferp_sim_acts_as_windows(world, socket));
}

void ferp_sim_on_data(ferp_sim_world *world, const ferp_sim_event *event)
{
    ferp_sim_link *link = &world->links[event->index];
    ferp_sim_pipe *pipe = &link->pipes[event->side];
    int reader = link->ends[1 - event->side];
    pipe->flying -= event->bytes;
    if (reader == FERP_SIM_NONE) {
        arrive_at_nobody(world, link, event->side, event->bytes);
        return;
    }
    ferp_sim_socket *socket = &world->sockets[reader];
    if (socket->life == FERP_SIM_DEAD) {
        pipe->count -= event->bytes; /* on the way while the reset went the other way */
        return;
    }
    if (refuses_input(world, socket)) {
        pipe->count -= event->bytes;
        ferp_sim_happens(world, "bytes come after the shutdown", socket);
        ferp_sim_send_reset(world, socket);
        socket->pending =
            ferp_sim_acts_as_windows(world, socket) ? FERP_SIM_ECONNABORTED : FERP_SIM_ECONNRESET;
        return;
    }
    pipe->arrived += event->bytes;
    ferp_sim_news(world, socket, FERP_SIM_NEWS_READABLE);
}

void ferp_sim_on_fin(ferp_sim_world *world, const ferp_sim_event *event)
{
    ferp_sim_link *link = &world->links[event->index];
    int reader = link->ends[1 - event->side];
    link->pipes[event->side].fin_arrived = true;
    if (reader != FERP_SIM_NONE) {
        ferp_sim_news(world, &world->sockets[reader], FERP_SIM_NEWS_ENDED);
    }
}

void ferp_sim_on_reset(ferp_sim_world *world, const ferp_sim_event *event)
{
    ferp_sim_link *link = &world->links[event->index];
    int end = link->ends[1 - event->side];
    if (end == FERP_SIM_NONE) {
        return;
    }
    ferp_sim_socket *socket = &world->sockets[end];
    if (socket->life == FERP_SIM_CONNECTING) {
        ferp_sim_fail_connect(world, socket, FERP_SIM_ECONNRESET);
    } else if (socket->life == FERP_SIM_CONNECTED) {
        ferp_sim_meet_reset(world, socket);
    }
}

/* ---- The end of an end */

static void detach(ferp_sim_world *world, ferp_sim_socket *socket)
{
    ferp_sim_link *link = link_of(world, socket);
    if (link == NULL) {
        return;
    }
    link->ends[socket->side] = FERP_SIM_NONE;
    if (link->ends[1 - socket->side] == FERP_SIM_NONE) {
        ferp_sim_cancel(world, link->sequence);
        link->used = false;
    } else {
        transmit(world, link, 1 - socket->side);
        world->sockets[link->ends[1 - socket->side]].stirs++;
    }
    socket->link = FERP_SIM_NONE;
}

/* In good order, or with a reset: RFC 1122, 4.2.2.13, where input was not read; and a linger time
 * of 0. Once both ends are done there is nothing left to reset (Linux, tcp_close: TCP_CLOSE), but
 * for a Unix socket's peer, who is told all the same (unix_release_sock). */
static void end_connection(ferp_sim_world *world, ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world, socket);
    bool at_once = socket->settings.linger.on && socket->settings.linger.seconds == 0;
    if ((at_once || in->arrived > 0) && (socket->is_unix || !ferp_sim_is_over(world, socket))) {
        ferp_sim_happens(world, "close, with a reset", socket);
        ferp_sim_send_reset(world, socket);
        return;
    }
    if (!in->fin_arrived && !socket->is_unix) {
        ferp_sim_remember_port(world, &socket->local);
    }
    ferp_sim_end_writing(world, socket);
}

static void reset_queue(ferp_sim_world *world, ferp_sim_socket *listener)
{
    ferp_sim_socket *child = ferp_sim_take_queued(world, listener);
    while (child != NULL) {
        ferp_sim_send_reset(world, child);
        detach(world, child);
        ferp_sim_socket_free(world, child);
        child = ferp_sim_take_queued(world, listener);
    }
}

void ferp_sim_close_socket(ferp_sim_world *world, ferp_sim_socket *socket)
{
    if (socket->kind == FERP_SIM_DATAGRAM) {
        ferp_sim_drop_datagrams(world, socket);
    } else if (socket->life == FERP_SIM_LISTENING) {
        reset_queue(world, socket);
    } else if (socket->life == FERP_SIM_CONNECTED) {
        end_connection(world, socket);
    } else if (socket->life == FERP_SIM_CONNECTING) {
        ferp_sim_send_reset(world, socket);
    }
    detach(world, socket);
    ferp_sim_forget_name(world, socket);
    ferp_sim_socket_free(world, socket);
}
