/* loads.c: loops that only load, until another thread stores. */
#include "tests/interleave/loads.h"

#include <stddef.h>

#include "tests/interleave/checker.h"
#include "tests/interleave/memory.h"

enum { PLACES_MAX = 128, REPEATS_MAX = 4 };

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

/* The words of the loop are those that were loaded twice. */
static bool is_in_loop(const place *at)
{
    return at->repeats >= 2;
}

static bool have_news(const void *argument)
{
    unsigned thread = *(const unsigned *)argument;
    for (size_t i = 0; i < place_counts[thread]; i++) {
        const place *at = &places[thread][i];
        if (is_in_loop(at) &&
            inter_stores_made(at->address) != inter_stores_read(thread, at->address)) {
            return true;
        }
    }
    return false;
}

static void touch(inter_operation *operation, const void *word)
{
    for (size_t i = 0; i < operation->touch_count; i++) {
        if (operation->touches[i].object == word) {
            return;
        }
    }
    inter_add_touch(operation, word, false);
}

bool inter_loads_wait(inter_operation *operation, uintptr_t address)
{
    static const unsigned numbers[INTER_THREADS_MAX] = {0, 1, 2, 3, 4, 5};
    unsigned self = inter_self();
    const place *found = find(address, operation->caller);
    if (self == INTER_MAIN || found == NULL || found->repeats < REPEATS_MAX ||
        found->store != inter_stores_read(self, address)) {
        return false;
    }
    for (size_t i = 0; i < place_counts[self]; i++) {
        if (is_in_loop(&places[self][i])) {
            touch(operation, (const void *)places[self][i].address);
        }
    }
    operation->is_ready = have_news;
    operation->argument = &numbers[self];
    return true;
}

void inter_loads_add(uintptr_t address, const void *caller)
{
    unsigned self = inter_self();
    size_t store = inter_stores_read(self, address);
    place *found = find(address, caller);
    if (found != NULL && found->store == store) {
        found->repeats++;
        return;
    }
    if (found != NULL) {
        place_counts[self] = 0; /* the loop has news and goes on */
    }
    INTER_CHECK(place_counts[self] < PLACES_MAX);
    places[self][place_counts[self]++] = (place){address, caller, store, 1};
}
