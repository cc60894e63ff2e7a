/* memory.h: the memory of a program: which stores a load can return, races between plain accesses,
 * and blocks that were freed. */
#ifndef INTERLEAVE_MEMORY_H
#define INTERLEAVE_MEMORY_H

#include "tests/interleave/checker.h"

/* Forgets everything, before a schedule. */
void inter_memory_begin(void);

/* ---- Clocks. A thread has two: `order` is the happens-before of C11; `system` also has the order
 * of the simulated system's calls. */

void inter_thread_begins(unsigned created, unsigned creator);
void inter_thread_joins(unsigned self, unsigned ended);

/* The object's clock and the thread's are joined, in both directions. A lock is happens-before. */
void inter_system_meets(unsigned self, const void *object);
void inter_lock_acquired(unsigned self, const void *lock);
void inter_lock_released(unsigned self, const void *lock);

/* ---- Accesses. order is a memory order of C11, as the compiler passes it. */

enum { INTER_RELAXED, INTER_CONSUME, INTER_ACQUIRE, INTER_RELEASE, INTER_ACQ_REL, INTER_SEQ_CST };

void inter_plain_read(uintptr_t address, size_t size);
void inter_plain_write(uintptr_t address, size_t size);

/* The stores of an atomic word, in their order: how many there are, and up to which one this thread
 * has read them. */
size_t inter_stores_made(uintptr_t address);
size_t inter_stores_read(unsigned thread, uintptr_t address);

/* The value is one of those that the load may return; the search tries all. size is 4 or 8. */
uint64_t inter_atomic_load(uintptr_t address, size_t size, int order, bool newest_only);
void inter_atomic_store(uintptr_t address, size_t size, uint64_t value, int order);
/* Returns the value before, which is expected if the exchange was made. */
uint64_t inter_atomic_exchange_if(uintptr_t address, size_t size, uint64_t expected,
                                  uint64_t desired, int order, int failure_order);
uint64_t inter_atomic_or(uintptr_t address, size_t size, uint64_t bits, int order);

/* ---- Blocks */

void *inter_block_new(size_t size);
void inter_block_free(void *block);
size_t inter_blocks_live(void);

#endif
