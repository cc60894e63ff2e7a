/* races.h: what memory.c and races.c share. */
#ifndef INTERLEAVE_RACES_H
#define INTERLEAVE_RACES_H

#include "tests/interleave/checker.h"

void inter_races_begin(void);

/* An atomic access: a race with plain accesses only. */
void inter_race_atomic(uintptr_t address, size_t size, bool writes);

/* The C11 clock of a thread. */
const inter_clock *inter_order_of(unsigned thread);

/* A plain write ends the history of the atomic words in this memory. */
void inter_forget_words(uintptr_t address, size_t size);

/* Fails if the memory is part of a freed block. */
void inter_check_block(uintptr_t address, size_t size);

#endif
