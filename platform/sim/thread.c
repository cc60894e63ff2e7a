/* thread.c: the resolver's lock, condition and threads. The lock is never contended, a wait lets
 * virtual time pass, and a thread's step is an event. */
#include "platform/sim/thread.h"

/* ---- The lock and its condition */

fer_error ferp_mutex_init(ferp_mutex *mutex)
{
    FERP_SIM_REQUIRE(network)
    (void)network;
    (void)mutex;
    return FERP_SIM_OK;
}

void ferp_mutex_destroy(ferp_mutex *mutex)
{
    (void)mutex;
}
void ferp_mutex_lock(ferp_mutex *mutex)
{
    (void)mutex;
}
void ferp_mutex_unlock(ferp_mutex *mutex)
{
    (void)mutex;
}
void ferp_cond_broadcast(ferp_mutex *mutex)
{
    (void)mutex;
}

/* A wait without time left advances the clock, so that a program that polls makes progress. */
fer_error ferp_cond_wait(ferp_mutex *mutex, uint64_t deadline)
{
    FERP_SIM_REQUIRE(network)
    (void)mutex;
    if (deadline <= network->now) {
        ferp_sim_tick(network);
        ferp_sim_run_due_events(network);
    }
    return ferp_sim_pass_time(network, deadline);
}

/* ---- Threads */

static void schedule(ferp_sim_network *network, const ferp_thread *thread, uint64_t delay)
{
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_THREAD, .thread = thread};
    ferp_sim_schedule(network, event, delay);
}

fer_error ferp_thread_start(ferp_thread *thread)
{
    FERP_SIM_REQUIRE(network)
    if (network->threads.count == FERP_SIM_THREADS_MAX ||
        ferp_sim_injects(network, NULL, FER_SIM_FAULT_NO_MEMORY)) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    network->threads.count++;
    schedule(network, thread, 0);
    return FERP_SIM_OK;
}

void ferp_thread_release(ferp_thread *thread, bool waits)
{
    (void)thread;
    (void)waits;
}

fer_error ferp_sim_spend(ferp_sim_network *network, uint64_t nanos)
{
    if (network->threads.is_inside) {
        network->threads.spent += nanos;
    } else if (network->is_running_events && nanos > 0) {
        return (fer_error){FER_DEADLOCK, 0};
    } else {
        ferp_sim_advance_to(network, ferp_sim_time_after(network, nanos));
    }
    return FERP_SIM_OK;
}

/* Returns whether the thread continues. If not, *thread may be freed already. */
static bool run_step(ferp_sim_network *network, const ferp_thread *thread)
{
    network->threads.is_inside = true;
    network->threads.spent = 0;
    bool continues = thread->step(thread->argument);
    network->threads.is_inside = false;
    network->threads.count -= !continues;
    return continues;
}

void ferp_sim_on_thread(ferp_sim_network *network, const ferp_sim_event *event)
{
    const ferp_thread *thread = event->thread;
    if (run_step(network, thread)) {
        schedule(network, thread, network->threads.spent);
    }
}

void ferp_sim_end_threads(ferp_sim_network *network)
{
    network->is_running_events = true;
    for (size_t i = 0; i < network->event_count; i++) {
        const ferp_thread *thread =
            network->events[i].kind == FERP_SIM_EVENT_THREAD ? network->events[i].thread : NULL;
        while (thread != NULL && run_step(network, thread)) {
        }
    }
    network->is_running_events = false;
}

uint64_t ferp_process(void)
{
    return 0;
}
