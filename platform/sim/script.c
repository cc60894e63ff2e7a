/* script.c: the handlers and the scripts of peers. */
#include "platform/sim/network.h"

enum { PIECE = 4096 };

/* ---- Peer events: recorded immediately, and reported by an event of their own, so that no handler
 * runs inside the event that it is called for. */

void ferp_sim_post_peer_events(ferp_sim_network *network, ferp_sim_socket *socket,
                               uint32_t peer_events)
{
    socket->peer_events |= peer_events;
    socket->changes++;
    bool has_consumer = socket->handler != NULL || socket->script.count > 0;
    if (!socket->is_peer || socket->is_peer_event_scheduled || socket->handles == 0 ||
        !has_consumer) {
        return;
    }
    socket->is_peer_event_scheduled = true;
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_PEER,
                            .index = ferp_sim_index_of(network, socket),
                            .owner = socket->sequence};
    ferp_sim_schedule(network, event, 0);
}

/* A handler may close the peer, and a new socket may then use its slot. The sequence number differs
 * in this case. */
static bool is_same_socket(const ferp_sim_socket *socket, uint64_t sequence)
{
    return socket->kind != FERP_SIM_FREE && socket->sequence == sequence;
}

static void call_handler(ferp_sim_network *network, ferp_sim_socket *socket, uint32_t peer_events)
{
    static const fer_sim_event order[] = {FER_SIM_EVENT_CONNECTED,  FER_SIM_EVENT_CONNECT_FAILED,
                                          FER_SIM_EVENT_ACCEPTABLE, FER_SIM_EVENT_READABLE,
                                          FER_SIM_EVENT_WRITABLE,   FER_SIM_EVENT_ENDED,
                                          FER_SIM_EVENT_WAS_RESET};
    uint64_t sequence = socket->sequence;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if ((peer_events & 1u << order[i]) != 0 && is_same_socket(socket, sequence) &&
            socket->handler != NULL) {
            socket->handler(ferp_sim_raw_of(network, socket), order[i], socket->context);
        }
    }
}

void ferp_sim_on_peer_events(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_socket *socket = &network->sockets[event->index];
    uint64_t sequence = socket->sequence;
    uint32_t peer_events = socket->peer_events;
    socket->peer_events = 0;
    socket->is_peer_event_scheduled = false;
    if (socket->handler != NULL) {
        call_handler(network, socket, peer_events);
    }
    if (is_same_socket(socket, sequence)) {
        ferp_sim_run_script(network, socket);
    }
}

fer_error fer_sim_peer_set_handler(fer_sim_peer peer, fer_sim_handler handler, void *context)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_socket *socket = ferp_sim_peer_of(network, peer);
    if (socket == NULL) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    socket->handler = handler;
    socket->context = context;
    ferp_sim_post_peer_events(network, socket, 0);
    return FERP_SIM_OK;
}

/* ---- Scripts */

static bool is_valid_step(const fer_sim_step *step)
{
    bool sends = step->action == FER_SIM_ACTION_SEND || step->action == FER_SIM_ACTION_SEND_URGENT;
    return (unsigned)step->action <= FER_SIM_ACTION_SEND_URGENT &&
           step->delay.nanos != FER_DURATION_NONE_NANOS &&
           (!sends || step->bytes != NULL || step->len == 0);
}

fer_error fer_sim_peer_play(fer_sim_peer peer, const fer_sim_step *steps, size_t count)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_socket *socket = ferp_sim_peer_of(network, peer);
    if (socket == NULL || socket->kind != FERP_SIM_STREAM || (steps == NULL && count > 0)) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_valid_step(&steps[i])) {
            return (fer_error){FER_INVALID_INPUT, 0};
        }
    }
    ferp_sim_cancel_step(network, socket->sequence);
    socket->script = (ferp_sim_script){.steps = steps, .count = count};
    ferp_sim_post_peer_events(network, socket, 0);
    return FERP_SIM_OK;
}

/* The result of a step: continue with the next step, wait for a peer event, or end the script. */
typedef enum progress { NEXT, WAIT, FINISHED } progress;

static progress send_step(fer_sim_peer peer, ferp_sim_script *script, const fer_sim_step *step)
{
    while (script->done < step->len) {
        size_t n = 0;
        const unsigned char *bytes = (const unsigned char *)step->bytes + script->done;
        size_t left = step->len - script->done;
        fer_error error = step->action == FER_SIM_ACTION_SEND
                              ? fer_sim_peer_send(peer, bytes, left, &n)
                              : fer_sim_peer_send_urgent(peer, bytes, left, &n);
        script->done += n;
        if (error.kind != FER_OK) {
            return error.kind == FER_WOULD_BLOCK ? WAIT : FINISHED;
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
        fer_error error = fer_sim_peer_recv(peer, piece, wanted, &n);
        script->done += n;
        if (error.kind != FER_OK) {
            return error.kind == FER_WOULD_BLOCK ? WAIT : FINISHED;
        }
        if (n == 0) {
            return NEXT;
        }
    }
    return NEXT;
}

/* Receives no more bytes than there is room to send. */
static progress echo_step(ferp_sim_network *network, fer_sim_peer peer, ferp_sim_socket *socket)
{
    unsigned char piece[PIECE];
    for (;;) {
        size_t room = ferp_sim_space(network, socket);
        size_t n = 0;
        if (room == 0) {
            return WAIT;
        }
        fer_error error =
            fer_sim_peer_recv(peer, piece, room < sizeof piece ? room : sizeof piece, &n);
        if (error.kind != FER_OK) {
            return error.kind == FER_WOULD_BLOCK ? WAIT : FINISHED;
        }
        if (n == 0) {
            return NEXT;
        }
        if (fer_sim_peer_send(peer, piece, n, NULL).kind != FER_OK) {
            return FINISHED;
        }
    }
}

static progress play_step(ferp_sim_network *network, ferp_sim_socket *socket,
                          const fer_sim_step *step)
{
    fer_sim_peer peer = ferp_sim_raw_of(network, socket);
    switch (step->action) {
    case FER_SIM_ACTION_SEND:
    case FER_SIM_ACTION_SEND_URGENT: return send_step(peer, &socket->script, step);
    case FER_SIM_ACTION_RECEIVE: return receive_step(peer, &socket->script, step->len, false);
    case FER_SIM_ACTION_RECEIVE_TO_END: return receive_step(peer, &socket->script, 0, true);
    case FER_SIM_ACTION_ECHO: return echo_step(network, peer, socket);
    case FER_SIM_ACTION_SHUT_DOWN:
        return fer_sim_peer_shutdown(peer).kind == FER_OK ? NEXT : FINISHED;
    case FER_SIM_ACTION_CLOSE: fer_sim_peer_close(peer); return FINISHED;
    case FER_SIM_ACTION_RESET: fer_sim_peer_reset(peer); return FINISHED;
    case FER_SIM_ACTION_PAUSE:
    default: return NEXT;
    }
}

/* Returns true until the step's delay has expired. */
static bool is_delayed(ferp_sim_network *network, ferp_sim_socket *socket, const fer_sim_step *step)
{
    if (step->delay.nanos == 0 || socket->script.delayed) {
        return false;
    }
    if (!socket->script.waiting) {
        socket->script.waiting = true;
        ferp_sim_event event = {.kind = FERP_SIM_EVENT_SCRIPT,
                                .index = ferp_sim_index_of(network, socket),
                                .owner = socket->sequence};
        ferp_sim_schedule(network, event, step->delay.nanos);
    }
    return true;
}

static void accept_all(ferp_sim_network *network, ferp_sim_socket *listener)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    ferp_sim_socket *child = ferp_sim_peer_take(network, listener, &peer);
    while (child != NULL) {
        child->handler = listener->handler;
        child->context = listener->context;
        child->script =
            (ferp_sim_script){.steps = listener->script.steps, .count = listener->script.count};
        ferp_sim_post_peer_events(network, child, 0);
        child = ferp_sim_peer_take(network, listener, &peer);
    }
}

void ferp_sim_run_script(ferp_sim_network *network, ferp_sim_socket *socket)
{
    uint64_t sequence = socket->sequence;
    if (socket->state == FERP_SIM_LISTENING && socket->script.count > 0) {
        accept_all(network, socket);
        return;
    }
    while (is_same_socket(socket, sequence) && socket->script.at < socket->script.count &&
           socket->state != FERP_SIM_CONNECTING) {
        const fer_sim_step *step = &socket->script.steps[socket->script.at];
        if (is_delayed(network, socket, step)) {
            return;
        }
        progress result = play_step(network, socket, step);
        if (result == WAIT || !is_same_socket(socket, sequence)) {
            return;
        }
        socket->script.at = result == FINISHED ? socket->script.count : socket->script.at + 1;
        socket->script.done = 0;
        socket->script.delayed = false;
    }
}

void ferp_sim_on_script(ferp_sim_network *network, const ferp_sim_event *event)
{
    ferp_sim_socket *socket = &network->sockets[event->index];
    socket->script.delayed = true;
    socket->script.waiting = false;
    ferp_sim_run_script(network, socket);
}
