/* thread.c: the resolver's lock, condition and threads. Nobody is ever locked out, who waits lets
 * time pass, and a thread's step is an event. */
#include "platform/sim/thread.h"

/* ---- The lock and its condition */

fer_error ferp_monitor_begin(ferp_monitor *monitor)
{
    FERP_SIM_NEED(world)
    (void)world;
    (void)monitor;
    return FERP_SIM_OK;
}

void ferp_monitor_end(ferp_monitor *monitor)
{
    (void)monitor;
}
void ferp_monitor_enter(ferp_monitor *monitor)
{
    (void)monitor;
}
void ferp_monitor_leave(ferp_monitor *monitor)
{
    (void)monitor;
}
void ferp_monitor_notify_all(ferp_monitor *monitor)
{
    (void)monitor;
}

/* Who asks again and again gets somewhere too. */
fer_error ferp_monitor_wait(ferp_monitor *monitor, uint64_t deadline)
{
    FERP_SIM_NEED(world)
    (void)monitor;
    if (deadline <= world->now) {
        ferp_sim_tick(world);
        ferp_sim_settle(world);
    }
    return ferp_sim_pass_time(world, deadline);
}

/* ---- Threads */

static void schedule(ferp_sim_world *world, const ferp_thread *thread, uint64_t delay)
{
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_THREAD, .thread = thread};
    ferp_sim_schedule(world, event, delay);
}

fer_error ferp_thread_start(const ferp_thread *thread)
{
    FERP_SIM_NEED(world)
    if (world->threads.count == FERP_SIM_THREADS_MAX ||
        ferp_sim_strikes(world, NULL, FER_SIM_FAULT_NO_MEMORY)) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    world->threads.count++;
    schedule(world, thread, 0);
    return FERP_SIM_OK;
}

void ferp_sim_spend(ferp_sim_world *world, uint64_t nanos)
{
    if (world->threads.is_inside) {
        world->threads.spent += nanos;
    } else {
        ferp_sim_pass_until(world, world->now + nanos);
    }
}

/* Tells whether it goes on. *thread may be gone where it does not. */
static bool run_step(ferp_sim_world *world, const ferp_thread *thread)
{
    world->threads.is_inside = true;
    world->threads.spent = 0;
    bool goes_on = thread->step(thread->argument);
    world->threads.is_inside = false;
    world->threads.count -= !goes_on;
    return goes_on;
}

void ferp_sim_on_thread(ferp_sim_world *world, const ferp_sim_event *event)
{
    const ferp_thread *thread = event->thread;
    if (run_step(world, thread)) {
        schedule(world, thread, world->threads.spent);
    }
}

void ferp_sim_end_threads(ferp_sim_world *world)
{
    world->is_running_events = true;
    for (size_t i = 0; i < world->event_count; i++) {
        const ferp_thread *thread =
            world->events[i].kind == FERP_SIM_EVENT_THREAD ? world->events[i].thread : NULL;
        while (thread != NULL && run_step(world, thread)) {
        }
    }
    world->is_running_events = false;
}

uint32_t ferp_process(void)
{
    return 0;
}
