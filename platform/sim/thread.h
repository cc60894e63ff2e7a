/* thread.h: threads on a machine that has one: each is an event, and again after each of its
 * steps. */
#ifndef FERP_SIM_THREAD_H
#define FERP_SIM_THREAD_H

#include "platform/sim/network.h"

enum { FERP_SIM_THREADS_MAX = 256 };

void ferp_sim_on_thread(ferp_sim_network *network, const ferp_sim_event *event);

/* A lookup takes its time: it passes now, or where a thread looks up, before that thread's next
 * step. */
void ferp_sim_spend(ferp_sim_network *network, uint64_t nanos);

/* At the simulation's end: what all threads still have to do is done, without time. */
void ferp_sim_end_threads(ferp_sim_network *network);

#endif
