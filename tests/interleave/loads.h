/* loads.h: loops that only load, until another thread stores. */
#ifndef INTERLEAVE_LOADS_H
#define INTERLEAVE_LOADS_H

#include <stdbool.h>
#include <stdint.h>

/* The thread begins, or executes another operation than a load. */
void inter_loads_begin(unsigned thread);

/* Whether this thread's load, at this place of the code, has found the same store several times, with
 * only loads between. It then waits for a new store; without it the loop would have no end. */
bool inter_loads_repeat(uintptr_t address, const void *caller);

/* Records a load that was executed. */
void inter_loads_add(uintptr_t address, const void *caller);

#endif
