/* overlap.h: calls that wait, each in a thread of its own, and an event that occurs while they
 * wait. On the simulated network the event occurs at a time of the virtual clock. */
#ifndef TEST_OVERLAP_H
#define TEST_OVERLAP_H

#include <stdatomic.h>
#include <stddef.h>

#include "support/thread.h"

enum { OVERLAP_PAUSE_MS = 20 };

/* A call, and the event of its argument. Both record their results there. */
typedef struct test_overlap {
    void (*call)(void *argument);
    void (*event)(void *argument);
    void *argument;
    test_thread thread;
    atomic_int started;
} test_overlap;

/* Runs each call, and its event on the calling thread OVERLAP_PAUSE_MS after all calls have begun.
 * On the simulated network one call and its event after the other. Returns after all of them. */
void test_overlap_run(test_overlap *overlaps, size_t count);

#endif
