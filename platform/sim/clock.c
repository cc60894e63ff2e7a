/* clock.c: virtual time, and what happens in it. Events of one time happen in the order in which
 * they were made. */
#include "platform/sim/thread.h"

#define TICK_NANOS 1000u

uint64_t ferp_now(void)
{
    const ferp_sim_world *world = ferp_sim_here();
    return world == NULL ? 0 : world->now;
}

static void happen(ferp_sim_world *world, const ferp_sim_event *event)
{
    switch (event->kind) {
    case FERP_SIM_EVENT_SYN: ferp_sim_on_syn(world, event); break;
    case FERP_SIM_EVENT_ANSWER: ferp_sim_on_answer(world, event); break;
    case FERP_SIM_EVENT_RETRY: ferp_sim_on_retry(world, event); break;
    case FERP_SIM_EVENT_DATA: ferp_sim_on_data(world, event); break;
    case FERP_SIM_EVENT_FIN: ferp_sim_on_fin(world, event); break;
    case FERP_SIM_EVENT_RST: ferp_sim_on_reset(world, event); break;
    case FERP_SIM_EVENT_DATAGRAM: ferp_sim_on_datagram(world, event); break;
    case FERP_SIM_EVENT_REFUSAL: ferp_sim_on_refusal(world, event); break;
    case FERP_SIM_EVENT_NEWS: ferp_sim_on_news(world, event); break;
    case FERP_SIM_EVENT_SCRIPT: ferp_sim_on_script(world, event); break;
    case FERP_SIM_EVENT_THREAD: ferp_sim_on_thread(world, event); break;
    case FERP_SIM_EVENT_CALL: event->function(event->context); break;
    case FERP_SIM_EVENT_NONE:
    default: break;
    }
}

static bool is_of_network(ferp_sim_event_kind kind)
{
    return kind == FERP_SIM_EVENT_SYN || kind == FERP_SIM_EVENT_ANSWER ||
           kind == FERP_SIM_EVENT_DATA || kind == FERP_SIM_EVENT_FIN ||
           kind == FERP_SIM_EVENT_RST || kind == FERP_SIM_EVENT_DATAGRAM ||
           kind == FERP_SIM_EVENT_REFUSAL;
}

/* Where nothing lies between two ends, what one does is done to the other within the call. There is
 * room for every event that can be: start.c counts them. */
void ferp_sim_schedule(ferp_sim_world *world, ferp_sim_event event, uint64_t delay)
{
    event.time = delay < UINT64_MAX - world->now ? world->now + delay : UINT64_MAX - 1;
    event.sequence = world->next_sequence++;
    if (delay == 0 && is_of_network(event.kind)) {
        happen(world, &event);
        return;
    }
    world->calls += event.kind == FERP_SIM_EVENT_CALL;
    world->arrivals += event.kind == FERP_SIM_EVENT_DATA;
    world->events[world->event_count++] = event;
}

static void remove_event(ferp_sim_world *world, size_t at)
{
    world->calls -= world->events[at].kind == FERP_SIM_EVENT_CALL;
    world->arrivals -= world->events[at].kind == FERP_SIM_EVENT_DATA;
    world->events[at] = world->events[--world->event_count];
}

void ferp_sim_cancel(ferp_sim_world *world, uint64_t of)
{
    for (size_t i = world->event_count; i > 0; i--) {
        ferp_sim_event_kind kind = world->events[i - 1].kind;
        if (kind != FERP_SIM_EVENT_CALL && kind != FERP_SIM_EVENT_THREAD &&
            world->events[i - 1].of == of) {
            remove_event(world, i - 1);
        }
    }
}

static bool is_in_direction(const ferp_sim_event *event, uint64_t of, int side)
{
    return (event->kind == FERP_SIM_EVENT_DATA || event->kind == FERP_SIM_EVENT_FIN) &&
           event->of == of && event->side == side;
}

void ferp_sim_cancel_direction(ferp_sim_world *world, uint64_t of, int side)
{
    for (size_t i = world->event_count; i > 0; i--) {
        if (is_in_direction(&world->events[i - 1], of, side)) {
            remove_event(world, i - 1);
        }
    }
}

ferp_sim_event *ferp_sim_last_arrival(ferp_sim_world *world, uint64_t of, int side)
{
    ferp_sim_event *last = NULL;
    for (size_t i = 0; i < world->event_count; i++) {
        ferp_sim_event *event = &world->events[i];
        if (event->kind == FERP_SIM_EVENT_DATA && is_in_direction(event, of, side) &&
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

/* Runs the first event, if it is due by then. */
static bool run_first(ferp_sim_world *world, uint64_t until)
{
    size_t first = 0;
    for (size_t i = 1; i < world->event_count; i++) {
        if (is_before(&world->events[i], &world->events[first])) {
            first = i;
        }
    }
    if (world->event_count == 0 || world->events[first].time > until) {
        return false;
    }
    ferp_sim_event event = world->events[first];
    remove_event(world, first);
    world->now = event.time > world->now ? event.time : world->now;
    world->rests = false;
    world->is_running_events = true;
    happen(world, &event);
    world->is_running_events = false;
    return true;
}

/* Inside an event, and so in each of the user's functions that it calls, nothing else happens. */
static bool stands_still(const ferp_sim_world *world)
{
    return world->is_running_events;
}

void ferp_sim_settle(ferp_sim_world *world)
{
    while (!stands_still(world) && run_first(world, world->now)) {
    }
}

fer_error ferp_sim_pass_time(ferp_sim_world *world, uint64_t deadline)
{
    if (world->now >= deadline) {
        return (fer_error){FER_TIMED_OUT, 0};
    }
    if (stands_still(world)) {
        return (fer_error){FER_DEADLOCK, 0};
    }
    if (run_first(world, deadline)) {
        ferp_sim_settle(
            /* who waits sees all of one moment, whether it looks by itself or is woken to look */
            world);
        return FERP_SIM_OK;
    }
    if (deadline == FERP_NO_DEADLINE) {
        ferp_sim_happens(world, "deadlock", NULL);
        return (fer_error){FER_DEADLOCK, 0};
    }
    world->now = deadline;
    world->rests = false;
    return (fer_error){FER_TIMED_OUT, 0};
}

void ferp_sim_pass_until(ferp_sim_world *world, uint64_t time)
{
    while (!stands_still(world) && run_first(world, time)) {
    }
    if (!stands_still(world) && world->now < time) {
        world->now = time;
    }
}

void ferp_sim_tick(ferp_sim_world *world)
{
    if (!stands_still(world)) {
        world->now += TICK_NANOS;
        world->rests = false;
    }
}
