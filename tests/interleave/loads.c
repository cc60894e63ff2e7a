/* loads.c: loops that only load, until another thread stores. */
#include "tests/interleave/loads.h"

#include <stddef.h>

#include "tests/interleave/checker.h"
#include "tests/interleave/memory.h"

enum { PLACES_MAX = 64, REPEATS_MAX = 3 };

typedef struct place {
    uintptr_t address;
    const void *caller;
    size_t store;
    unsigned repeats;
} place;

static place places[INTER_THREADS_MAX][PLACES_MAX];
static size_t place_counts[INTER_THREADS_MAX];

void inter_loads_begin(unsigned thread)
{
    place_counts[thread] = 0;
}

static place *find(uintptr_t address, const void *caller)
{
    unsigned self = inter_self();
    for (size_t i = 0; i < place_counts[self]; i++) {
        if (places[self][i].address == address && places[self][i].caller == caller) {
            return &places[self][i];
        }
    }
    return NULL;
}

bool inter_loads_repeat(uintptr_t address, const void *caller)
{
    const place *found = find(address, caller);
    return found != NULL && found->repeats >= REPEATS_MAX;
}

void inter_loads_add(uintptr_t address, const void *caller)
{
    unsigned self = inter_self();
    size_t store = inter_stores_read(self, address);
    place *found = find(address, caller);
    if (found != NULL) {
        found->repeats = found->store == store ? found->repeats + 1 : 1;
        found->store = store;
        return;
    }
    if (place_counts[self] == PLACES_MAX) {
        inter_fail("more than %d loads in a row", PLACES_MAX);
    }
    places[self][place_counts[self]++] = (place){address, caller, store, 1};
}
