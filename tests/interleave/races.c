/* races.c: two accesses of one byte, one of them a plain one and one of them a write, need an order
 * by happens-before (C11, 5.1.2.4, "data race"). */
#include "tests/interleave/races.h"

#include <string.h>

#include "tests/interleave/memory.h"

enum { GRANULE = 8, TABLE_SIZE = 1 << 14 };

/* The last event of each thread that accessed one byte; 0 is none. */
typedef struct byte_accesses {
    uint16_t plain_reads[INTER_THREADS_MAX];
    uint16_t plain_writes[INTER_THREADS_MAX];
    uint16_t atomic_reads[INTER_THREADS_MAX];
    uint16_t atomic_writes[INTER_THREADS_MAX];
} byte_accesses;

typedef struct granule {
    uintptr_t number;
    uint64_t run; /* the schedule in which it was used */
    byte_accesses bytes[GRANULE];
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
        if (++used > TABLE_SIZE / 2) {
            inter_fail("too much memory is accessed");
        }
        memset(found, 0, sizeof *found);
        found->number = number;
        found->run = run;
    }
    return found;
}

static byte_accesses *accesses_of(uintptr_t address)
{
    return &granule_of(address / GRANULE)->bytes[address % GRANULE];
}

/* Fails if an access of another thread is not before this one. */
static void require_order(const uint16_t events[INTER_THREADS_MAX], const char *earlier,
                          const char *later, uintptr_t address)
{
    unsigned self = inter_self();
    const inter_clock *known = inter_order_of(self);
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        if (i != self && events[i] > known->at[i]) {
            inter_fail("a race: %s by thread %u and %s by thread %u, at %#lx", earlier, i, later,
                       self, (unsigned long)address);
        }
    }
}

static uint16_t event_now(void)
{
    unsigned self = inter_self();
    return inter_order_of(self)->at[self];
}

void inter_plain_read(uintptr_t address, size_t size, const void *caller)
{
    unsigned self = inter_self();
    (void)caller;
    inter_check_block(address, size);
    for (uintptr_t at = address; at < address + size; at++) {
        byte_accesses *accessed = accesses_of(at);
        require_order(accessed->plain_writes, "a write", "a read", at);
        require_order(accessed->atomic_writes, "an atomic write", "a read", at);
        accessed->plain_reads[self] = event_now();
    }
}

void inter_plain_write(uintptr_t address, size_t size, const void *caller)
{
    unsigned self = inter_self();
    (void)caller;
    inter_check_block(address, size);
    bool had_atomic = false;
    for (uintptr_t at = address; at < address + size; at++) {
        byte_accesses *accessed = accesses_of(at);
        require_order(accessed->plain_reads, "a read", "a write", at);
        require_order(accessed->plain_writes, "a write", "a write", at);
        require_order(accessed->atomic_reads, "an atomic read", "a write", at);
        require_order(accessed->atomic_writes, "an atomic write", "a write", at);
        accessed->plain_writes[self] = event_now();
        for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
            had_atomic = had_atomic || (accessed->atomic_reads[i] | accessed->atomic_writes[i]) != 0;
        }
    }
    if (had_atomic) {
        inter_forget_words(address, size);
    }
}

void inter_race_atomic(uintptr_t address, size_t size, bool writes)
{
    unsigned self = inter_self();
    inter_check_block(address, size);
    for (uintptr_t at = address; at < address + size; at++) {
        byte_accesses *accessed = accesses_of(at);
        if (writes) {
            require_order(accessed->plain_reads, "a read", "an atomic write", at);
            accessed->atomic_writes[self] = event_now();
        } else {
            accessed->atomic_reads[self] = event_now();
        }
        require_order(accessed->plain_writes, "a write", "an atomic access", at);
    }
}
