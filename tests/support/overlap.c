/* overlap.c: overlap.h with threads. */
#include "support/overlap.h"

#include "conformance/peer.h"
#include "support/process.h"

static void run_call(void *argument)
{
    test_overlap *overlap = argument;
    process_shield_thread();
    atomic_store(&overlap->started, 1);
    overlap->call(overlap->argument);
}

void test_overlap_run(test_overlap *overlaps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        atomic_init(&overlaps[i].started, 0);
        test_thread_start(&overlaps[i].thread, run_call, &overlaps[i]);
    }
    for (size_t i = 0; i < count; i++) {
        while (atomic_load(&overlaps[i].started) == 0) {
            test_thread_yield();
        }
    }
    peer_pause(OVERLAP_PAUSE_MS);
    for (size_t i = 0; i < count; i++) {
        overlaps[i].event(overlaps[i].argument);
    }
    for (size_t i = 0; i < count; i++) {
        test_thread_join(&overlaps[i].thread);
    }
}
