/* loads.h: loops that only load, until another thread stores. */
#ifndef INTERLEAVE_LOADS_H
#define INTERLEAVE_LOADS_H

#include "tests/interleave/checker.h"

/* The thread begins, or executes another operation than a load. */
void inter_loads_begin(unsigned thread);

/* If this place of the code has loaded the same store several times, with only loads between, it
 * is in a loop, which without a new store would have no end. The operation, a load, then waits
 * until one of the loop's words has a new store. Returns whether it does. */
bool inter_loads_wait(inter_operation *operation, uintptr_t address);

/* Records a load that was executed. */
void inter_loads_add(uintptr_t address, const void *caller);

#endif
