/* clock.c: virtual time and its events. Events of one time run in the order of their creation. */
#include "core/base/compiler.h"
#include "platform/sim/path.h"
#include "platform/sim/thread.h"

#define TICK_NANOS 1000u

/* The longest FER_SIM_FAULT_TIME_JUMP. */
enum { JUMP_MILLIS_MAX = 3600000 };

uint64_t ferp_now(void)
{
    const ferp_sim_network *network = ferp_sim_current();
    return network == NULL ? 0 : network->now;
}

uint64_t ferp_sim_time_after(const ferp_sim_network *network, uint64_t nanos)
{
    return nanos < UINT64_MAX - network->now ? network->now + nanos : UINT64_MAX - 1;
}

static void run_event(ferp_sim_network *network, const ferp_sim_event *event)
{
    switch (event->kind) {
    case FERP_SIM_EVENT_SYN: ferp_sim_on_syn(network, event); break;
    case FERP_SIM_EVENT_ANSWER: ferp_sim_on_answer(network, event); break;
    case FERP_SIM_EVENT_RETRY: ferp_sim_on_retry(network, event); break;
    case FERP_SIM_EVENT_DATA: ferp_sim_on_data(network, event); break;
    case FERP_SIM_EVENT_FIN: ferp_sim_on_fin(network, event); break;
    case FERP_SIM_EVENT_RST: ferp_sim_on_reset(network, event); break;
    case FERP_SIM_EVENT_RETRANSMIT: ferp_sim_on_retransmit(network, event); break;
    case FERP_SIM_EVENT_REPORT: ferp_sim_on_report(network, event); break;
    case FERP_SIM_EVENT_DATAGRAM: ferp_sim_on_datagram(network, event); break;
    case FERP_SIM_EVENT_REFUSAL: ferp_sim_on_refusal(network, event); break;
    case FERP_SIM_EVENT_PEER: ferp_sim_on_peer_events(network, event); break;
    case FERP_SIM_EVENT_SCRIPT: ferp_sim_on_script(network, event); break;
    case FERP_SIM_EVENT_THREAD: ferp_sim_on_thread(network, event); break;
    case FERP_SIM_EVENT_CALL: event->function(event->context); break;
    case FERP_SIM_EVENT_NONE:
    default: break;
    }
}

static bool is_network_event(ferp_sim_event_kind kind)
{
    return kind == FERP_SIM_EVENT_SYN || kind == FERP_SIM_EVENT_ANSWER ||
           kind == FERP_SIM_EVENT_DATA || kind == FERP_SIM_EVENT_FIN ||
           kind == FERP_SIM_EVENT_RST || kind == FERP_SIM_EVENT_DATAGRAM ||
           kind == FERP_SIM_EVENT_REFUSAL;
}

/* Whether the table has room for another event. It always has: start.c counts all possible
 * events. */
static bool has_room(const ferp_sim_network *network)
{
    FERI_ASSERT(network->event_count < network->event_max);
    return network->event_count < network->event_max;
}

/* Without latency an action of one end takes effect at the other end within the call. */
void ferp_sim_schedule(ferp_sim_network *network, ferp_sim_event event, uint64_t delay)
{
    event.time = ferp_sim_time_after(network, delay);
    event.sequence = network->next_sequence++;
    if (delay == 0 && is_network_event(event.kind)) {
        run_event(network, &event);
        return;
    }
    if (has_room(network)) {
        network->calls += event.kind == FERP_SIM_EVENT_CALL;
        network->arrivals += event.kind == FERP_SIM_EVENT_DATA;
        if (event.time < network->event_earliest) {
            network->event_earliest = event.time;
        }
        network->events[network->event_count++] = event;
    }
}

static void remove_event(ferp_sim_network *network, size_t at)
{
    network->calls -= network->events[at].kind == FERP_SIM_EVENT_CALL;
    network->arrivals -= network->events[at].kind == FERP_SIM_EVENT_DATA;
    network->events[at] = network->events[--network->event_count];
}

void ferp_sim_cancel(ferp_sim_network *network, uint64_t owner)
{
    for (size_t i = network->event_count; i > 0; i--) {
        ferp_sim_event_kind kind = network->events[i - 1].kind;
        if (kind != FERP_SIM_EVENT_CALL && kind != FERP_SIM_EVENT_THREAD &&
            network->events[i - 1].owner == owner) {
            remove_event(network, i - 1);
        }
    }
}

void ferp_sim_cancel_step(ferp_sim_network *network, uint64_t owner)
{
    for (size_t i = network->event_count; i > 0; i--) {
        const ferp_sim_event *event = &network->events[i - 1];
        if (event->kind == FERP_SIM_EVENT_SCRIPT && event->owner == owner) {
            remove_event(network, i - 1);
        }
    }
}

static bool is_in_direction(const ferp_sim_event *event, uint64_t owner, int side)
{
    return (event->kind == FERP_SIM_EVENT_DATA || event->kind == FERP_SIM_EVENT_FIN) &&
           event->owner == owner && event->side == side;
}

void ferp_sim_cancel_direction(ferp_sim_network *network, uint64_t owner, int side)
{
    for (size_t i = network->event_count; i > 0; i--) {
        if (is_in_direction(&network->events[i - 1], owner, side)) {
            remove_event(network, i - 1);
        }
    }
}

bool ferp_sim_has_reset_in_flight(const ferp_sim_network *network, uint64_t owner, int side)
{
    for (size_t i = 0; i < network->event_count; i++) {
        const ferp_sim_event *event = &network->events[i];
        if (event->kind == FERP_SIM_EVENT_RST && event->owner == owner && event->side == side) {
            return true;
        }
    }
    return false;
}

ferp_sim_event *ferp_sim_last_arrival(ferp_sim_network *network, uint64_t owner, int side)
{
    ferp_sim_event *last = NULL;
    for (size_t i = 0; i < network->event_count; i++) {
        ferp_sim_event *event = &network->events[i];
        if (event->kind == FERP_SIM_EVENT_DATA && is_in_direction(event, owner, side) &&
            (last == NULL || event->sequence > last->sequence)) {
            last = event;
        }
    }
    return last;
}

static bool is_before(const ferp_sim_event *one, const ferp_sim_event *other)
{
    return one->time != other->time ? one->time < other->time : one->sequence < other->sequence;
}

/* Returns the first event, or NULL if there is none. */
static const ferp_sim_event *first_event(const ferp_sim_network *network)
{
    const ferp_sim_event *first = network->event_count > 0 ? &network->events[0] : NULL;
    for (size_t i = 1; i < network->event_count; i++) {
        if (is_before(&network->events[i], first)) {
            first = &network->events[i];
        }
    }
    return first;
}

uint64_t ferp_sim_next_event_time(const ferp_sim_network *network)
{
    const ferp_sim_event *first = first_event(network);
    return first == NULL ? FERP_NO_DEADLINE : first->time;
}

/* The calls that a function of the user makes are no part of the call that waits. */
static void run_and_remove(ferp_sim_network *network, const ferp_sim_event *first)
{
    ferp_sim_event event = *first;
    ferp_sim_passing passing = network->passing;
    remove_event(network, (size_t)(first - network->events));
    network->now = event.time > network->now ? event.time : network->now;
    network->no_progress = false;
    network->passing = (ferp_sim_passing){.taken = FERP_SIM_NONE};
    network->is_running_events = true;
    run_event(network, &event);
    network->is_running_events = false;
    network->passing = passing;
}

/* Returns the first event if its time is not after `until`. */
static const ferp_sim_event *due_event(ferp_sim_network *network, uint64_t until)
{
    if (network->event_earliest > until) {
        return NULL;
    }
    const ferp_sim_event *first = first_event(network);
    network->event_earliest = first == NULL ? UINT64_MAX : first->time;
    return network->event_earliest > until ? NULL : first;
}

/* Runs the first event if its time is not after `until`. */
static bool run_first(ferp_sim_network *network, uint64_t until)
{
    const ferp_sim_event *first = due_event(network, until);
    if (first == NULL) {
        return false;
    }
    run_and_remove(network, first);
    return true;
}

static bool calls_user(const ferp_sim_network *network, const ferp_sim_event *event)
{
    return event->kind == FERP_SIM_EVENT_CALL ||
           (event->kind == FERP_SIM_EVENT_PEER && network->sockets[event->index].handler != NULL);
}

/* The same, but not for an event that calls a function of the user. */
static bool run_first_quiet(ferp_sim_network *network, uint64_t until)
{
    const ferp_sim_event *first = due_event(network, until);
    if (first == NULL || calls_user(network, first)) {
        return false;
    }
    run_and_remove(network, first);
    return true;
}

/* No event runs inside another one, and so none inside a function of the user that an event
 * calls. */
static bool is_inside_event(const ferp_sim_network *network)
{
    return network->is_running_events;
}

void ferp_sim_run_due_events(ferp_sim_network *network)
{
    ferp_sim_pay_tick(network);
    while (!is_inside_event(network) && run_first(network, network->now)) {
    }
}

void ferp_sim_run_quiet_events(ferp_sim_network *network)
{
    ferp_sim_pay_tick(network);
    while (!is_inside_event(network) && run_first_quiet(network, network->now)) {
    }
}

fer_error ferp_sim_pass_time(ferp_sim_network *network, uint64_t deadline)
{
    if (network->now >= deadline) {
        return (fer_error){FER_TIMED_OUT, 0};
    }
    if (is_inside_event(network)) {
        return (fer_error){FER_DEADLOCK, 0};
    }
    if (run_first(network, deadline)) {
        /* All events of one time precede the next check, for polling and for waiting calls
         * alike. */
        ferp_sim_run_due_events(network);
        return FERP_SIM_OK;
    }
    if (deadline == FERP_NO_DEADLINE) {
        ferp_sim_trace_event(network, "deadlock", NULL);
        return (fer_error){FER_DEADLOCK, 0};
    }
    network->now = deadline;
    network->no_progress = false;
    return (fer_error){FER_TIMED_OUT, 0};
}

/* The clock ends one nanosecond before FERP_NO_DEADLINE. */
void ferp_sim_advance_to(ferp_sim_network *network, uint64_t time)
{
    time = time < FERP_NO_DEADLINE ? time : FERP_NO_DEADLINE - 1;
    while (!is_inside_event(network) && run_first(network, time)) {
    }
    if (!is_inside_event(network) && network->now < time) {
        network->now = time;
    }
}

void ferp_sim_tick(ferp_sim_network *network)
{
    if (!is_inside_event(network)) {
        network->now = ferp_sim_time_after(network, TICK_NANOS);
        network->no_progress = false;
    }
}

void ferp_sim_tick_unless_waiting(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    if (ferp_sim_is_winsock(network) ? !socket->is_peer : socket->settings.nonblocking) {
        network->owes_tick = !is_inside_event(network);
    }
}

void ferp_sim_tick_for_shortage(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    if (network->shortage_time == network->now) {
        ferp_sim_tick_unless_waiting(network, socket);
    }
    network->shortage_time =
        network->owes_tick ? ferp_sim_time_after(network, TICK_NANOS) : network->now;
}

void ferp_sim_pay_tick(ferp_sim_network *network)
{
    if (network->owes_tick) {
        network->owes_tick = false;
        ferp_sim_tick(network);
    }
}

/* The end of the time jump, or now if none is injected. */
static uint64_t end_of_time_jump(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    if (!ferp_sim_injects(network, socket, FER_SIM_FAULT_TIME_JUMP)) {
        return network->now;
    }
    uint64_t length = 1 + ferp_sim_choose(network, JUMP_MILLIS_MAX);
    return ferp_sim_time_after(network, length * FERP_NANOS_PER_MILLI);
}

void ferp_sim_inject_time_jump(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    uint64_t end = end_of_time_jump(network, socket);
    if (end > network->now) {
        ferp_sim_advance_to(network, end);
    }
}

void ferp_sim_inject_quiet_time_jump(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    uint64_t end = end_of_time_jump(network, socket);
    while (!is_inside_event(network) && run_first_quiet(network, end)) {
    }
    network->now = is_inside_event(network) ? network->now : end;
}
