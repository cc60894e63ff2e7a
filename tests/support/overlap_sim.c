/* overlap_sim.c: overlap.h on the simulated network, which has one thread. */
#include "support/overlap.h"

#include "ferrule/duration.h"
#include "ferrule/sim.h"

static void run_event(void *context)
{
    test_overlap *overlap = context;
    overlap->event(overlap->argument);
    atomic_store(&overlap->started, 1);
}

void test_overlap_run(test_overlap *overlaps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        atomic_init(&overlaps[i].started, 0);
        FER_IGNORE(
            fer_sim_after(fer_duration_from_millis(OVERLAP_PAUSE_MS), run_event, &overlaps[i]));
        overlaps[i].call(overlaps[i].argument);
        while (atomic_load(&overlaps[i].started) == 0) {
            FER_IGNORE(fer_sim_advance(fer_duration_from_millis(OVERLAP_PAUSE_MS)));
        }
    }
}
