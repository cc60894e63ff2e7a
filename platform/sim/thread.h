/* thread.h: the resolver's threads, simulated on one thread: each step of a thread is an event,
 * which schedules the next step. */
#ifndef FERP_SIM_THREAD_H
#define FERP_SIM_THREAD_H

#include "platform/sim/network.h"

enum { FERP_SIM_THREADS_MAX = 256 };

void ferp_sim_on_thread(ferp_sim_network *network, const ferp_sim_event *event);

/* Lets the time of a lookup pass: now, or, inside a step of a thread, before the thread's next
 * step. DEADLOCK inside a function of the user. */
fer_error ferp_sim_spend(ferp_sim_network *network, uint64_t nanos);

/* Runs the remaining steps of all threads at the end of the simulation. No time passes. */
void ferp_sim_end_threads(ferp_sim_network *network);

#endif
