/* races.c: two accesses of one byte, one of them a plain one and one of them a write, need an order
 * by happens-before (C11, 5.1.2.4: data race). */
#include "tests/interleave/races.h"

#include <string.h>

#include "tests/interleave/memory.h"

enum { GRANULE = 8, TABLE_SIZE = 1 << 14 };

typedef enum access_kind {
    PLAIN_READ,
    PLAIN_WRITE,
    ATOMIC_READ,
    ATOMIC_WRITE,
    KIND_COUNT
} access_kind;

static const char *const names[KIND_COUNT] = {"a read", "a write", "an atomic read",
                                              "an atomic write"};

/* The kinds with which each kind needs an order, as bits. */
static const unsigned conflicts[KIND_COUNT] = {
    [PLAIN_READ] = 1u << PLAIN_WRITE | 1u << ATOMIC_WRITE,
    [PLAIN_WRITE] = 1u << PLAIN_READ | 1u << PLAIN_WRITE | 1u << ATOMIC_READ | 1u << ATOMIC_WRITE,
    [ATOMIC_READ] = 1u << PLAIN_WRITE,
    [ATOMIC_WRITE] = 1u << PLAIN_READ | 1u << PLAIN_WRITE};

/* The last event of each thread that accessed each of some bytes; 0 is none. */
typedef struct granule {
    uintptr_t number;
    uint64_t run;                 /* the schedule in which it was used */
    unsigned threads[KIND_COUNT]; /* which have an event here, as bits */
    uint16_t events[KIND_COUNT][INTER_THREADS_MAX][GRANULE];
} granule;

static granule table[TABLE_SIZE];
static uint64_t run;
static size_t used;

void inter_races_begin(void)
{
    run++;
    used = 0;
}

static granule *granule_of(uintptr_t number)
{
    size_t at = (number * UINT64_C(0x9E3779B97F4A7C15) >> 40) % TABLE_SIZE;
    while (table[at].run == run && table[at].number != number) {
        at = (at + 1) % TABLE_SIZE;
    }
    granule *found = &table[at];
    if (found->run != run) {
        INTER_CHECK(++used <= TABLE_SIZE / 2);
        memset(found->threads, 0, sizeof found->threads);
        found->number = number;
        found->run = run;
    }
    return found;
}

/* A part of a granule. */
typedef struct part {
    granule *granule;
    size_t first, end;
} part;

static void check_order(const part *accessed, access_kind earlier, access_kind later)
{
    unsigned self = inter_self();
    const inter_clock *known = inter_order_of(self);
    unsigned others = accessed->granule->threads[earlier] & ~(1u << self);
    for (; others != 0; others &= others - 1) {
        unsigned other = (unsigned)__builtin_ctz(others);
        const uint16_t *events = accessed->granule->events[earlier][other];
        for (size_t i = accessed->first; i < accessed->end; i++) {
            if (events[i] > known->at[other]) {
                inter_fail("a race: %s by thread %u and %s by thread %u", names[earlier], other,
                           names[later], self);
            }
        }
    }
}

static void record(const part *accessed, access_kind kind)
{
    unsigned self = inter_self();
    granule *changed = accessed->granule;
    uint16_t *events = changed->events[kind][self];
    if ((changed->threads[kind] & 1u << self) == 0) {
        changed->threads[kind] |= 1u << self;
        memset(events, 0, sizeof changed->events[kind][self]);
    }
    for (size_t i = accessed->first; i < accessed->end; i++) {
        events[i] = inter_order_of(self)->at[self];
    }
}

/* Returns whether the memory was accessed atomically before. */
static bool access_memory(uintptr_t address, size_t size, access_kind kind)
{
    bool had_atomic = false;
    inter_check_block(address, size);
    for (uintptr_t at = address, end = address + size; at < end;) {
        size_t first = at % GRANULE;
        size_t count = GRANULE - first < end - at ? GRANULE - first : end - at;
        part accessed = {granule_of(at / GRANULE), first, first + count};
        for (unsigned other = 0; other < KIND_COUNT; other++) {
            if ((conflicts[kind] & 1u << other) != 0) {
                check_order(&accessed, (access_kind)other, kind);
            }
        }
        record(&accessed, kind);
        had_atomic = had_atomic || accessed.granule->threads[ATOMIC_READ] != 0 ||
                     accessed.granule->threads[ATOMIC_WRITE] != 0;
        at += count;
    }
    return had_atomic;
}

void inter_plain_read(uintptr_t address, size_t size)
{
    (void)access_memory(address, size, PLAIN_READ);
}

void inter_plain_write(uintptr_t address, size_t size)
{
    if (access_memory(address, size, PLAIN_WRITE)) {
        inter_forget_words(address, size);
    }
}

void inter_race_atomic(uintptr_t address, size_t size, bool writes)
{
    (void)access_memory(address, size, writes ? ATOMIC_WRITE : ATOMIC_READ);
}
