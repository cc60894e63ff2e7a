/* process_fixture.h: skips of tests that need a signal to interrupt the kernel under test, or many
 * sockets. A kernel that runs inside the process may have neither. */
#ifndef TEST_PROCESS_FIXTURE_H
#define TEST_PROCESS_FIXTURE_H

#include "support/fixture.h"
#include "support/process.h"

/* Skips the test if no signal interrupts a call. Call it before process_signals_call. */
void skip_without_interrupting_signals(void);

/* Skips the test if the process cannot have so many sockets, at most 512. */
void skip_without_handles(size_t count);

#endif
