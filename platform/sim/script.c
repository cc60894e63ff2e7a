/* script.c: what a peer does by itself: handlers that are told, and scripts that are played. */
#include "platform/sim/network.h"

enum { PIECE = 4096 };

/* ---- News: noted at once, told by an event of its own, so that no handler runs inside what it is
 * told of. */

void ferp_sim_news(ferp_sim_world *world, ferp_sim_socket *socket, uint32_t news)
{
    socket->news |= news;
    socket->stirs++;
    bool is_played = socket->handler != NULL || socket->script.count > 0;
    if (!socket->is_peer || socket->poked || socket->handles == 0 || !is_played) {
        return;
    }
    socket->poked = true;
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_NEWS,
                            .index = ferp_sim_index_of(world, socket),
                            .of = socket->sequence};
    ferp_sim_schedule(world, event, 0);
}

/* A handler may close the peer, and a new one may then have its number: its birth tells. */
static bool is_still(const ferp_sim_socket *socket, uint64_t sequence)
{
    return socket->kind != FERP_SIM_FREE && socket->sequence == sequence;
}

static void tell_handler(ferp_sim_world *world, ferp_sim_socket *socket, uint32_t news)
{
    static const fer_sim_event order[] = {
        FER_SIM_CONNECTED, FER_SIM_CONNECT_FAILED, FER_SIM_ACCEPTABLE, FER_SIM_READABLE,
        FER_SIM_WRITABLE,  FER_SIM_ENDED,          FER_SIM_WAS_RESET};
    uint64_t sequence = socket->sequence;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if ((news & 1u << order[i]) != 0 && is_still(socket, sequence) && socket->handler != NULL) {
            socket->handler(ferp_sim_raw_of(world, socket), order[i], socket->context);
        }
    }
}

void ferp_sim_on_news(ferp_sim_world *world, const ferp_sim_event *event)
{
    ferp_sim_socket *socket = &world->sockets[event->index];
    uint64_t sequence = socket->sequence;
    uint32_t news = socket->news;
    socket->news = 0;
    socket->poked = false;
    if (socket->handler != NULL) {
        tell_handler(world, socket, news);
    }
    if (is_still(socket, sequence)) {
        ferp_sim_run_script(world, socket);
    }
}

fer_error fer_sim_peer_on(fer_sim_peer peer, fer_sim_handler handler, void *context)
{
    FERP_SIM_NEED(world)
    ferp_sim_socket *socket = ferp_sim_peer_of(world, peer);
    if (socket == NULL) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    socket->handler = handler;
    socket->context = context;
    ferp_sim_news(world, socket, 0);
    return FERP_SIM_OK;
}

/* ---- Scripts */

static bool is_valid_step(const fer_sim_step *step)
{
    return (unsigned)step->action <= FER_SIM_RESET && !fer_duration_is_none(step->delay) &&
           (step->action != FER_SIM_SEND || step->bytes != NULL || step->len == 0);
}

fer_error fer_sim_peer_play(fer_sim_peer peer, const fer_sim_step *steps, size_t count)
{
    FERP_SIM_NEED(world)
    ferp_sim_socket *socket = ferp_sim_peer_of(world, peer);
    if (socket == NULL || socket->kind != FERP_SIM_STREAM || (steps == NULL && count > 0)) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_valid_step(&steps[i])) {
            return (fer_error){FER_INVALID_INPUT, 0};
        }
    }
    socket->script = (ferp_sim_script){.steps = steps, .count = count};
    ferp_sim_news(world, socket, 0);
    return FERP_SIM_OK;
}

/* What a step came to: on with the next, or wait for news, or the script is at its end. */
typedef enum progress { NEXT, WAIT, OVER } progress;

static progress send_step(fer_sim_peer peer, ferp_sim_script *script, const fer_sim_step *step)
{
    while (script->done < step->len) {
        size_t n = 0;
        const unsigned char *bytes = step->bytes;
        fer_error error =
            fer_sim_peer_send(peer, bytes + script->done, step->len - script->done, &n);
        script->done += n;
        if (error.kind != FER_OK) {
            return error.kind == FER_WOULD_BLOCK ? WAIT : OVER;
        }
    }
    return NEXT;
}

static progress receive_step(fer_sim_peer peer, ferp_sim_script *script, size_t len, bool to_end)
{
    unsigned char piece[PIECE];
    while (to_end || script->done < len) {
        size_t n = 0;
        size_t wanted =
            !to_end && len - script->done < sizeof piece ? len - script->done : sizeof piece;
        fer_error error = fer_sim_peer_receive(peer, piece, wanted, &n);
        script->done += n;
        if (error.kind != FER_OK) {
            return error.kind == FER_WOULD_BLOCK ? WAIT : OVER;
        }
        if (n == 0) {
            return NEXT;
        }
    }
    return NEXT;
}

/* Takes no more than can be sent on. */
static progress echo_step(ferp_sim_world *world, fer_sim_peer peer, ferp_sim_socket *socket)
{
    unsigned char piece[PIECE];
    for (;;) {
        size_t room = ferp_sim_room(world, socket);
        size_t n = 0;
        if (room == 0) {
            return WAIT;
        }
        fer_error error =
            fer_sim_peer_receive(peer, piece, room < sizeof piece ? room : sizeof piece, &n);
        if (error.kind != FER_OK) {
            return error.kind == FER_WOULD_BLOCK ? WAIT : OVER;
        }
        if (n == 0) {
            return NEXT;
        }
        if (fer_sim_peer_send(peer, piece, n, NULL).kind != FER_OK) {
            return OVER;
        }
    }
}

static progress play_step(ferp_sim_world *world, ferp_sim_socket *socket, const fer_sim_step *step)
{
    fer_sim_peer peer = ferp_sim_raw_of(world, socket);
    switch (step->action) {
    case FER_SIM_SEND: return send_step(peer, &socket->script, step);
    case FER_SIM_RECEIVE: return receive_step(peer, &socket->script, step->len, false);
    case FER_SIM_RECEIVE_TO_END: return receive_step(peer, &socket->script, 0, true);
    case FER_SIM_ECHO: return echo_step(world, peer, socket);
    case FER_SIM_SHUT_DOWN: return fer_sim_peer_shutdown(peer).kind == FER_OK ? NEXT : OVER;
    case FER_SIM_CLOSE: fer_sim_peer_close(peer); return OVER;
    case FER_SIM_RESET: fer_sim_peer_reset(peer); return OVER;
    case FER_SIM_PAUSE:
    default: return NEXT;
    }
}

/* True while a step's delay is not over. */
static bool delays(ferp_sim_world *world, ferp_sim_socket *socket, const fer_sim_step *step)
{
    if (step->delay.nanos == 0 || socket->script.delayed) {
        return false;
    }
    if (!socket->script.waiting) {
        socket->script.waiting = true;
        ferp_sim_event event = {.kind = FERP_SIM_EVENT_SCRIPT,
                                .index = ferp_sim_index_of(world, socket),
                                .of = socket->sequence};
        ferp_sim_schedule(world, event, step->delay.nanos);
    }
    return true;
}

static void accept_all(ferp_sim_world *world, ferp_sim_socket *listener)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    ferp_sim_socket *child = ferp_sim_peer_take(world, listener, &peer);
    while (child != NULL) {
        child->handler = listener->handler;
        child->context = listener->context;
        child->script =
            (ferp_sim_script){.steps = listener->script.steps, .count = listener->script.count};
        ferp_sim_news(world, child, 0);
        child = ferp_sim_peer_take(world, listener, &peer);
    }
}

void ferp_sim_run_script(ferp_sim_world *world, ferp_sim_socket *socket)
{
    uint64_t sequence = socket->sequence;
    if (socket->life == FERP_SIM_LISTENING && socket->script.count > 0) {
        accept_all(world, socket);
        return;
    }
    while (is_still(socket, sequence) && socket->script.at < socket->script.count &&
           socket->life != FERP_SIM_CONNECTING) {
        const fer_sim_step *step = &socket->script.steps[socket->script.at];
        if (delays(world, socket, step)) {
            return;
        }
        progress came_to = play_step(world, socket, step);
        if (came_to == WAIT || !is_still(socket, sequence)) {
            return;
        }
        socket->script.at = came_to == OVER ? socket->script.count : socket->script.at + 1;
        socket->script.done = 0;
        socket->script.delayed = false;
    }
}

void ferp_sim_on_script(ferp_sim_world *world, const ferp_sim_event *event)
{
    ferp_sim_socket *socket = &world->sockets[event->index];
    socket->script.delayed = true;
    socket->script.waiting = false;
    ferp_sim_run_script(world, socket);
}
