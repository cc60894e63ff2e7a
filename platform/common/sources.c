/* sources.c: the table from raw sockets to a poller's records. It grows when a socket is added and
 * never shrinks. */
#include "platform/common/sources.h"

#include <string.h>

#include "platform/platform.h"

enum { CAPACITY_MIN = 16 };

/* Fibonacci hashing, because file descriptors are consecutive and SOCKETs are multiples of four. */
static size_t home_slot(const ferp_sources *sources, fer_raw_socket raw)
{
    uint64_t mixed = (uint64_t)raw * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed >> 32) & (sources->capacity - 1);
}

static size_t next_slot(const ferp_sources *sources, size_t at)
{
    return (at + 1) & (sources->capacity - 1);
}

/* The slot of raw, or the empty slot for it. There is always an empty slot. */
static size_t find_slot(const ferp_sources *sources, fer_raw_socket raw)
{
    size_t at = home_slot(sources, raw);
    while (sources->slots[at].record != NULL && sources->slots[at].raw != raw) {
        at = next_slot(sources, at);
    }
    return at;
}

void *ferp_sources_find(const ferp_sources *sources, fer_raw_socket raw)
{
    return sources->capacity == 0 ? NULL : sources->slots[find_slot(sources, raw)].record;
}

static void put(ferp_sources *sources, fer_raw_socket raw, void *record)
{
    sources->slots[find_slot(sources, raw)] = (ferp_source_slot){raw, record};
    sources->count++;
}

static bool grow(ferp_sources *sources)
{
    ferp_sources larger = {NULL, sources->capacity == 0 ? CAPACITY_MIN : sources->capacity * 2, 0};
    if (larger.capacity > SIZE_MAX / sizeof *larger.slots) {
        return false;
    }
    larger.slots = ferp_alloc(larger.capacity * sizeof *larger.slots);
    if (larger.slots == NULL) {
        return false;
    }
    memset(larger.slots, 0, larger.capacity * sizeof *larger.slots);
    for (size_t i = 0; i < sources->capacity; i++) {
        if (sources->slots[i].record != NULL) {
            put(&larger, sources->slots[i].raw, sources->slots[i].record);
        }
    }
    ferp_free(sources->slots);
    *sources = larger;
    return true;
}

bool ferp_sources_insert(ferp_sources *sources, fer_raw_socket raw, void *record)
{
    if (sources->count >= sources->capacity / 4 * 3 && !grow(sources)) {
        return false;
    }
    put(sources, raw, record);
    return true;
}

/* Whether a record at `from` with the home slot `home` may move back to `hole`: home is not
 * cyclically in (hole, from]. */
static bool may_move(size_t hole, size_t home, size_t from)
{
    return hole <= from ? home <= hole || home > from : home <= hole && home > from;
}

/* The records that follow move back, so that no search stops at the hole. */
void ferp_sources_remove(ferp_sources *sources, fer_raw_socket raw)
{
    if (ferp_sources_find(sources, raw) == NULL) {
        return;
    }
    size_t hole = find_slot(sources, raw);
    for (size_t at = next_slot(sources, hole); sources->slots[at].record != NULL;
         at = next_slot(sources, at)) {
        if (may_move(hole, home_slot(sources, sources->slots[at].raw), at)) {
            sources->slots[hole] = sources->slots[at];
            hole = at;
        }
    }
    sources->slots[hole] = (ferp_source_slot){0, NULL};
    sources->count--;
}

void ferp_sources_end(ferp_sources *sources)
{
    ferp_free(sources->slots);
    *sources = (ferp_sources){NULL, 0, 0};
}
